package account

import (
	"context"
	"slices"

	"console/internal/permission"
	"console/store"
)

// Denial is one word for why somebody may not do what was asked about. Programs read it, so the words stay.
type Denial string

// The denials. But for the first, somebody's groups would give what was asked about.
const (
	NotGranted         Denial = "not_granted"          // no group of theirs gives it there
	AccessDisabled     Denial = "access_disabled"      // the access of the person is disabled
	InvitedOnly        Denial = "invited_only"         // they have not signed up yet
	RoleWithoutConsole Denial = "role_without_console" // API Developers and Deploy people may nothing with the console's own resources
	MainTenantDecides  Denial = "main_tenant_decides"  // given in the tenant asked about, where it does not count
	TenantDisabled     Denial = "tenant_disabled"      // the tenant asked about gives no access at present
)

// PermissionCheck says whether somebody may do something, and through what.
type PermissionCheck struct {
	Allowed bool
	Denied  Denial // "" where Allowed

	// Through are the groups that give it, by id, or would but for what Denied says. Group 0 is no group: the role Global
	// Administrator, or an invitation by link that is not accepted yet. They are shared: nobody may change them.
	Through []permission.Source
}

// entitlement is what decides about the permissions of a person. It is shared, and never changed.
type entitlement struct {
	role   permission.Role
	status store.Status
	origins
	held permission.Holdings
}

func newEntitlement(user store.User, o origins) entitlement {
	status := user.Status()
	if status == store.Active && user.JoinedAt == 0 {
		status = store.Invited
	}
	return entitlement{role: user.Role, status: status, origins: o, held: o.holdings()}
}

// decide says whether the person may do p in a tenant. It is what operations enforce: of the console's own resources what Actor.May
// says, which the main tenant decides about; of the others what is held in the tenant, unless that is disabled.
func (s *entitlement) decide(p permission.Permission, tenant store.Tenant, main int64) PermissionCheck {
	decides, allowed := tenant.ID, false
	if p.Resource.Console() {
		decides = main
		allowed = Actor{Role: s.role, Can: s.held, Main: main}.May(p)
	} else {
		allowed = tenant.DisabledAt == 0 && s.held.In(tenant.ID).Has(p)
	}
	check := PermissionCheck{Allowed: allowed && s.status == store.Active, Through: permission.Giving(s.sources, decides, p)}
	if check.Allowed {
		return check
	}
	check.Denied = TenantDisabled
	switch {
	case len(check.Through) == 0:
		check.Through, check.Denied = permission.Giving(s.sources, tenant.ID, p), MainTenantDecides
		if len(check.Through) == 0 {
			check.Denied = NotGranted
		}
	case s.status == store.Disabled:
		check.Denied = AccessDisabled
	case s.status == store.Invited:
		check.Denied = InvitedOnly
	case p.Resource.Console():
		check.Denied = RoleWithoutConsole
	}
	return check
}

// CheckPermission answers whether a person may do p in a tenant, and through which groups. Of the console's own resources only
// permissions held in the main tenant count, whichever tenant is asked about (rule "main tenant decides"). It answers as of every
// commit before the call (of a request: before Reading), writes nothing, and costs microseconds while nothing is committed. It returns
// Forbidden without users.view, but for oneself, or store.ErrNotFound for an unknown person or tenant.
func (s *Service) CheckPermission(ctx context.Context, by Actor, userID, tenantID int64, p permission.Permission) (PermissionCheck, error) {
	if userID != by.UserID {
		if err := s.Require(by, permission.UsersView); err != nil {
			return PermissionCheck{}, err
		}
	}
	ctx, err := s.Reading(ctx)
	if err != nil {
		return PermissionCheck{}, err
	}
	tenant, main, err := s.knownTenant(ctx, tenantID)
	if err != nil {
		return PermissionCheck{}, err
	}
	person, err := s.held.Get(ctx, s.db, userID, func() (entitlement, error) { return s.entitlementOf(ctx, userID) })
	if err != nil {
		return PermissionCheck{}, err
	}
	return person.decide(p, tenant, main), nil
}

// knownTenant returns a tenant, and the id of the main one. It returns store.ErrNotFound.
func (s *Service) knownTenant(ctx context.Context, id int64) (store.Tenant, int64, error) {
	tenants, err := s.allTenants(ctx)
	if err != nil {
		return store.Tenant{}, 0, err
	}
	i := slices.IndexFunc(tenants, func(t store.Tenant) bool { return t.ID == id })
	if i < 0 {
		return store.Tenant{}, 0, store.ErrNotFound
	}
	return tenants[i], tenants[0].ID, nil
}

// entitlementOf reads what decides about a person, all of one moment.
func (s *Service) entitlementOf(ctx context.Context, userID int64) (entitlement, error) {
	user, memberships, err := s.db.UserInGroups(ctx, userID)
	if err != nil {
		return entitlement{}, err
	}
	if user.JoinedAt != 0 {
		return newEntitlement(user, originsIn(user, memberships)), nil
	}
	var person entitlement // there may be an invitation by link
	err = s.db.View(ctx, func(q store.Queries) error {
		user, err := q.UserByID(ctx, userID)
		if err != nil {
			return err
		}
		o, err := originsOf(ctx, q, user)
		person = newEntitlement(user, o)
		return err
	})
	return person, err
}
