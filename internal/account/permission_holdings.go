package account

import (
	"context"
	"errors"
	"slices"

	"console/internal/permission"
	"console/store"
)

// byRole is the one origin of what a Global Administrator holds: they are in no group.
var byRole = permission.Source{
	Name:  permission.GlobalAdmin.Label(),
	Grant: permission.Grant{AllTenants: true, Set: permission.GlobalAdmin.Set()},
}

// everything is what a Global Administrator holds.
var everything = permission.Union(byRole.Grant)

// toGrant is what it takes to give a role in a tenant: all that the role gives. A Global role reaches tenants not yet made,
// and takes a Global Administrator (rule "may grant").
func toGrant(role permission.Role, tenant int64) permission.Holdings {
	if role.Global() {
		return everything
	}
	return permission.Union(roleGrant(role, tenant))
}

// roleGrant is what a role gives in a tenant.
func roleGrant(role permission.Role, tenant int64) permission.Grant {
	if role.Global() {
		return permission.Grant{AllTenants: true, Set: role.Set()}
	}
	return permission.Grant{Tenants: []int64{tenant}, Set: role.Set()}
}

// sourceOf is a group as an origin of permissions.
func sourceOf(m store.CoveringGroup) permission.Source {
	return permission.Source{Group: m.ID, Name: m.Name, Automatic: m.Automatic,
		Grant: permission.Grant{Tenants: m.Tenants, AllTenants: m.AllTenants, Set: m.Set()}}
}

// origins are where the permissions of a person come from.
type origins struct {
	sources  []permission.Source
	disabled []int64 // tenants among theirs that give no access at present
}

// holdings is the union, disabled tenants included: rules "may grant" and "may manage" count them.
func (o origins) holdings() permission.Holdings { return permission.UnionOf(o.sources) }

// noAccess says that the person may do nothing at present: in no tenant that gives access, and not everywhere.
func (o origins) noAccess() bool { return o.holdings().Without(o.disabled...).Empty() }

// originsIn returns where the permissions of a person come from who is in these groups, but for an invitation by link.
func originsIn(user store.User, memberships []store.CoveringGroup) (o origins) {
	if user.Role == permission.GlobalAdmin {
		return origins{sources: []permission.Source{byRole}}
	}
	for _, m := range memberships {
		o.sources = append(o.sources, sourceOf(m))
		o.disabled = append(o.disabled, m.Disabled...)
	}
	return o
}

// originsOf returns where the permissions of a person come from: their groups (rule "union"), in the order of their
// ids, and the link they were given but have not accepted yet.
func originsOf(ctx context.Context, q store.Queries, user store.User) (origins, error) {
	if user.Role == permission.GlobalAdmin {
		return originsIn(user, nil), nil
	}
	memberships, err := q.Memberships(ctx, user.ID)
	if err != nil {
		return origins{}, err
	}
	return originsWith(ctx, q, user, memberships)
}

// originsWith is originsOf for somebody whose groups are known.
func originsWith(ctx context.Context, q store.Queries, user store.User, memberships []store.CoveringGroup) (origins, error) {
	o := originsIn(user, memberships)
	if user.Role == permission.GlobalAdmin || user.JoinedAt != 0 {
		return o, nil
	}
	invitation, err := q.InvitationOfUser(ctx, user.ID)
	if errors.Is(err, store.ErrNotFound) {
		return o, nil
	}
	o.sources = append(o.sources, permission.Source{Name: "Invitation by link", Grant: roleGrant(user.Role, invitation.TenantID)})
	return o, err
}

// holdings is what a person may do, or will be able to do once they accept the link they were given, disabled tenants
// included.
func holdings(ctx context.Context, q store.Queries, user store.User) (permission.Holdings, error) {
	o, err := originsOf(ctx, q, user)
	return o.holdings(), err
}

// tenantIDs returns the ids of all tenants, disabled ones included.
func tenantIDs(tenants []store.Tenant) []int64 {
	ids := make([]int64, len(tenants))
	for i, t := range tenants {
		ids[i] = t.ID
	}
	return ids
}

// GrantableRoles returns the roles that the actor may give somebody in one of the tenants, in the order they are listed.
func (s *Service) GrantableRoles(ctx context.Context, by Actor, in []store.Tenant) ([]permission.Role, error) {
	tenants, err := s.db.Tenants(ctx)
	if err != nil {
		return nil, err
	}
	var roles []permission.Role
	for _, role := range permission.Roles() {
		grantable := slices.ContainsFunc(in, func(t store.Tenant) bool {
			_, lacks := by.Can.Lacks(toGrant(role, t.ID), tenantIDs(tenants))
			return !lacks
		})
		if grantable {
			roles = append(roles, role)
		}
	}
	return roles, nil
}
