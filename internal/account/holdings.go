package account

import (
	"context"
	"errors"

	"console/internal/permission"
	"console/store"
)

// everything is what a Global Administrator holds.
var everything = permission.Union(permission.Grant{AllTenants: true, Set: permission.GlobalAdmin.Set()})

// grantOf is what a role gives when it is granted in a tenant.
func grantOf(role permission.Role, tenant int64) permission.Holdings {
	if role.Global() {
		return permission.Union(permission.Grant{AllTenants: true, Set: role.Set()})
	}
	return permission.Union(permission.Grant{Tenants: []int64{tenant}, Set: role.Set()})
}

// holdings is what a person may do, or will be able to do once they accept the link they were given: the union over
// their groups (SPEC §5.3 rule 1). Global Administrators hold everything and are in no group.
func holdings(ctx context.Context, q store.Queries, user store.User) (permission.Holdings, error) {
	if user.Role == permission.GlobalAdmin {
		return everything, nil
	}
	memberships, err := q.Memberships(ctx, user.ID)
	if err != nil {
		return permission.Holdings{}, err
	}
	grants := make([]permission.Grant, len(memberships))
	for i, m := range memberships {
		grants[i] = permission.Grant{AllTenants: m.AllTenants, Set: m.Role.Set()}
		if m.Tenant != 0 {
			grants[i].Tenants = []int64{m.Tenant}
		}
	}
	held := permission.Union(grants...)
	if user.JoinedAt != 0 {
		return held, nil
	}
	invitation, err := q.InvitationOfUser(ctx, user.ID)
	if errors.Is(err, store.ErrNotFound) {
		return held, nil
	}
	return held.Plus(grantOf(user.Role, invitation.TenantID)), err
}

// GrantableRoles returns the roles that the actor may give somebody in a tenant, in the order they are listed.
func (s *Service) GrantableRoles(ctx context.Context, by Actor, tenant int64) ([]permission.Role, error) {
	tenants, err := s.db.Tenants(ctx)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(tenants))
	for i, t := range tenants {
		ids[i] = t.ID
	}
	var roles []permission.Role
	for _, role := range permission.Roles() {
		if _, lacks := by.Can.Lacks(grantOf(role, tenant), ids); !lacks {
			roles = append(roles, role)
		}
	}
	return roles, nil
}
