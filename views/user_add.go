package views

import (
	"strconv"

	"console/internal/account"
	"console/internal/permission"
	"console/store"
)

// AddUserPage is the form for a person who is invited by mail. Fields: role, first_name, last_name, email, tenant_id,
// group_ids.
type AddUserPage struct {
	Form    Form
	Roles   []permission.Role // the person may grant
	Tenants []store.Tenant
	Groups  []store.Group // the person may put somebody into
	Taken   *store.User   // who has the address already; nil: nobody
}

// groupOptions are groups to choose from.
func groupOptions(groups []store.Group) []option {
	options := make([]option, len(groups))
	for i, g := range groups {
		options[i] = option{strconv.FormatInt(g.ID, 10), g.Name}
	}
	return options
}

func roleOptions(roles []permission.Role) []option {
	options := make([]option, len(roles))
	for i, role := range roles {
		options[i] = option{string(role), role.Label()}
	}
	return options
}

func tenantOptions(tenants []store.Tenant) []option {
	options := make([]option, len(tenants))
	for i, t := range tenants {
		options[i] = option{strconv.FormatInt(t.ID, 10), t.Name + " " + strconv.FormatInt(t.ID, 10)}
	}
	return options
}

// tenantHint is what a form says about tenants that does not know the roles: those of an import stand in its file.
func tenantHint(roles []permission.Role) string {
	if len(roles) > 0 {
		return ""
	}
	return "Global roles reach every tenant. Administrators manage users only with the main tenant, which stands first."
}

// takenQuery is the list in which a person stands alone.
func takenQuery(user store.User) account.UserQuery {
	query := account.UserQuery{Tab: store.TabAll, Search: user.Email}
	if user.JoinedAt == 0 {
		query.Tab = store.TabInvited
	}
	return query
}
