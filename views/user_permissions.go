package views

import (
	"slices"

	"console/internal/account"
	"console/store"
)

// explainedTenants are the tenants to choose from, and the one that is shown: it may be one in which they hold nothing.
func explainedTenants(e account.Explained) []store.Tenant {
	if slices.ContainsFunc(e.Tenants, func(t store.Tenant) bool { return t.ID == e.Tenant.ID }) {
		return e.Tenants
	}
	return append(slices.Clone(e.Tenants), e.Tenant)
}

// explainedFirst is how many groups a cell of an explanation names before the others are folded away.
const explainedFirst = 3
