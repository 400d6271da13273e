package account

import (
	"context"

	"console/internal/permission"
	"console/store"
)

// Explained says what a person may do and why: in one tenant with the resources of the products, and for the account with
// those of this console.
type Explained struct {
	User     store.User
	Tenant   store.Tenant
	Tenants  []store.Tenant // to choose from: those in which they hold anything, and the main one
	Account  permission.Explanation
	Products permission.Explanation
}

// Permissions explains what a person may do in a tenant. It returns Forbidden without users.view, but for oneself, or
// store.ErrNotFound.
func (s *Service) Permissions(ctx context.Context, by Actor, userID, tenantID int64) (Explained, error) {
	return read(ctx, s, by, func(v *View) (Explained, error) {
		if userID != by.UserID {
			if err := v.requirePermission(permission.UsersView); err != nil {
				return Explained{}, err
			}
		}
		return v.explain(ctx, userID, tenantID)
	})
}

func (v *View) explain(ctx context.Context, userID, tenantID int64) (Explained, error) {
	user, err := v.db.UserByID(ctx, userID)
	if err != nil {
		return Explained{}, err
	}
	o, err := originsOf(ctx, v.db, user)
	if err != nil {
		return Explained{}, err
	}
	tenants, err := v.db.Tenants(ctx)
	if err != nil {
		return Explained{}, err
	}
	e := Explained{User: user}
	held := o.holdings()
	for _, t := range tenants {
		if t.Main || !held.In(t.ID).Empty() {
			e.Tenants = append(e.Tenants, t)
		}
		if t.Main && (tenantID == 0 || e.Tenant.ID == 0) || t.ID == tenantID {
			e.Tenant = t
		}
		if t.Main {
			e.Account = about(permission.Explain(o.sources, t.ID), true)
		}
	}
	if e.Tenant.DisabledAt == 0 {
		e.Products = about(permission.Explain(o.sources, e.Tenant.ID), false)
	}
	return e, nil
}

// about keeps the part of an explanation that is about the console's own resources, or about the others.
func about(explanation permission.Explanation, console bool) permission.Explanation {
	part := permission.Explanation{}
	for p, from := range explanation {
		if p.Resource.Console() == console {
			part[p] = from
		}
	}
	return part
}

// TenantsOf returns the tenants in which the actor holds anything, disabled ones included, the main one first.
func (s *Service) TenantsOf(ctx context.Context, by Actor) ([]store.Tenant, error) {
	tenants, err := s.allTenants(ctx)
	if err != nil {
		return nil, err
	}
	var theirs []store.Tenant
	for _, t := range tenants {
		if t.Main || !by.Can.In(t.ID).Empty() {
			theirs = append(theirs, t)
		}
	}
	return theirs, nil
}

// allTenants are the tenants as of now, remembered until anything is committed; the main one first.
func (s *Service) allTenants(ctx context.Context) ([]store.Tenant, error) {
	return s.tenants.Get(ctx, s.db, struct{}{}, func() ([]store.Tenant, error) { return s.db.Tenants(ctx) })
}

// WhoCan returns active people who could do what was forbidden: they hold what the operation asks for and all that it
// takes besides. At most ten, those who need not be Global Administrators first.
func (s *Service) WhoCan(ctx context.Context, lack Lack) ([]store.User, error) {
	tenants, err := s.db.Tenants(ctx)
	if err != nil {
		return nil, err
	}
	if len(tenants) == 0 {
		return nil, store.ErrNotFound
	}
	covering, err := s.db.GroupsCovering(ctx, tenants[0].ID) // the main one
	if err != nil {
		return nil, err
	}
	var able []store.User
	seen := map[int64]bool{}
	for _, g := range covering {
		if len(able) >= namedWhoCan {
			break
		}
		if !g.Set().Has(lack.needs) {
			continue
		}
		members, err := s.db.ActiveMembers(ctx, g.ID, 2*namedWhoCan)
		if err != nil {
			return nil, err
		}
		for _, user := range members {
			held, err := holdings(ctx, s.db.Queries, user)
			if err != nil {
				return nil, err
			}
			_, lacks := held.Lacks(lack.wanted, tenantIDs(tenants))
			if !lacks && user.Role.SeesConsole() && !seen[user.ID] && len(able) < namedWhoCan {
				able, seen[user.ID] = append(able, user), true
			}
		}
	}
	administrators, err := s.db.UsersByRole(ctx, permission.GlobalAdmin, namedWhoCan-len(able))
	return append(able, administrators...), err
}

// namedWhoCan is how many people a refusal names.
const namedWhoCan = 10
