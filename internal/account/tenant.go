package account

import (
	"context"
	"errors"
	"maps"

	"github.com/google/uuid"

	"console/internal/input"
	"console/internal/permission"
	"console/store"
)

// ErrMainTenant says that the main tenant cannot be disabled or deleted.
var ErrMainTenant = errors.New("the main tenant cannot be disabled or deleted; it is renamed under General → Company")

// Tenant returns a tenant for those who may change tenants: Global Administrators. It returns Forbidden or
// store.ErrNotFound.
func (s *Service) Tenant(ctx context.Context, by Actor, id int64) (store.Tenant, error) {
	if err := s.Require(ctx, by, permission.TenantsUpdate); err != nil {
		return store.Tenant{}, err
	}
	return s.db.TenantByID(ctx, id)
}

// CreateTenant adds a tenant and, where admin has an email address, invites its first Administrator by mail. It returns
// Invalid, Taken or Forbidden.
func (s *Service) CreateTenant(ctx context.Context, by Actor, name string, admin NewUser) (store.Tenant, error) {
	return change(ctx, s, by, func(tx *Tx) (store.Tenant, error) { return tx.createTenant(name, admin) })
}

func (tx *Tx) createTenant(name string, admin NewUser) (store.Tenant, error) {
	if err := tx.require(permission.TenantsCreate); err != nil {
		return store.Tenant{}, err
	}
	refused := Invalid{}
	name = input.ParseTitle(name, "name", "a name", refused)
	var user store.User
	if admin.Email != "" {
		admin.Role = permission.Admin
		var wrong Invalid
		user, wrong = admin.parse()
		maps.Copy(refused, wrong)
	}
	if len(refused) > 0 {
		return store.Tenant{}, refused
	}
	tenant := store.Tenant{UUID: uuid.NewString(), Name: name, CreatedAt: tx.now}
	if err := tx.requireFreeTenantName(tenant); err != nil {
		return store.Tenant{}, err
	}
	if err := tx.db.InsertTenant(tx.ctx, &tenant); err != nil {
		return store.Tenant{}, err
	}
	if err := tx.Record("create tenant", object{}, tenantObject(tenant)); err != nil || admin.Email == "" {
		return tenant, err
	}
	admin.TenantID = tenant.ID
	_, err := tx.addUser(admin, user, true)
	return tenant, err
}

// RenameTenant gives a tenant that still is as it was at version another name, and its automatic groups theirs. It returns
// Invalid, Forbidden, ErrMainTenant, store.ErrStale or store.ErrNotFound.
func (s *Service) RenameTenant(ctx context.Context, by Actor, id, version int64, name string) (store.Tenant, error) {
	return change(ctx, s, by, func(tx *Tx) (store.Tenant, error) { return tx.renameTenant(id, version, name) })
}

func (tx *Tx) renameTenant(id, version int64, name string) (store.Tenant, error) {
	tenant, err := tx.changeableTenant(id, permission.TenantsUpdate)
	if err != nil {
		return store.Tenant{}, err
	}
	refused := Invalid{}
	name = input.ParseTitle(name, "name", "a name", refused)
	if err := requireVersion(version); err != nil {
		return store.Tenant{}, err
	}
	if len(refused) > 0 {
		return store.Tenant{}, refused
	}
	before := tenant
	tenant.Name, tenant.Version = name, version
	if err := tx.requireFreeTenantName(tenant); err != nil {
		return store.Tenant{}, err
	}
	if err := tx.db.UpdateTenant(tx.ctx, &tenant); err != nil {
		return store.Tenant{}, err
	}
	groups, err := tx.db.AutomaticGroupsOf(tx.ctx, "", id)
	if err != nil {
		return store.Tenant{}, err
	}
	for _, g := range groups {
		if g.Name, err = tx.freeName(automaticName(g.Role, tenant), g.ID); err != nil {
			return store.Tenant{}, err
		}
		if err := tx.db.UpdateGroup(tx.ctx, &g); err != nil {
			return store.Tenant{}, err
		}
	}
	return tenant, tx.Record("rename tenant", tenantObject(before), tenantObject(tenant))
}

// DisableTenant takes away all access to a tenant until it is enabled again. Disabling a disabled one changes nothing. It
// returns Forbidden, ErrMainTenant or store.ErrNotFound.
func (s *Service) DisableTenant(ctx context.Context, by Actor, id int64) (store.Tenant, error) {
	return change(ctx, s, by, func(tx *Tx) (store.Tenant, error) { return tx.setTenantDisabled(id, "disable tenant", true) })
}

// EnableTenant ends what DisableTenant began. It returns Forbidden, ErrMainTenant or store.ErrNotFound.
func (s *Service) EnableTenant(ctx context.Context, by Actor, id int64) (store.Tenant, error) {
	return change(ctx, s, by, func(tx *Tx) (store.Tenant, error) { return tx.setTenantDisabled(id, "enable tenant", false) })
}

func (tx *Tx) setTenantDisabled(id int64, action string, disabled bool) (store.Tenant, error) {
	tenant, err := tx.changeableTenant(id, permission.TenantsUpdate)
	if err != nil || (tenant.DisabledAt != 0) == disabled {
		return tenant, err
	}
	before := tenant
	tenant.DisabledAt = 0
	if disabled {
		tenant.DisabledAt = tx.now
	}
	if err := tx.db.UpdateTenant(tx.ctx, &tenant); err != nil {
		return store.Tenant{}, err
	}
	return tenant, tx.Record(action, tenantObject(before), tenantObject(tenant))
}

// PreviewDisableTenant says what DisableTenant would take away. It returns what that returns.
func (s *Service) PreviewDisableTenant(ctx context.Context, by Actor, id int64) (Preview, error) {
	tenant, err := change(ctx, s, by, func(tx *Tx) (store.Tenant, error) { return tx.changeableTenant(id, permission.TenantsUpdate) })
	if err != nil || tenant.DisabledAt != 0 {
		return Preview{}, err
	}
	return previewTenantDisabled(ctx, s.db.Queries, tenant)
}

// DeleteTenant removes a tenant that is disabled, for good: out of every group, with its automatic groups and the
// invitations by link into it. typed is the name that confirms it. It returns Invalid, Forbidden, ErrMainTenant or
// store.ErrNotFound.
func (s *Service) DeleteTenant(ctx context.Context, by Actor, id int64, typed string) (store.Tenant, error) {
	return change(ctx, s, by, func(tx *Tx) (store.Tenant, error) { return tx.deleteTenant(id, typed) })
}

func (tx *Tx) deleteTenant(id int64, typed string) (store.Tenant, error) {
	tenant, err := tx.changeableTenant(id, permission.TenantsDelete)
	if err != nil {
		return store.Tenant{}, err
	}
	if tenant.DisabledAt == 0 {
		return store.Tenant{}, Invalid{"": "Disable the tenant first: then you see who loses access."}
	}
	if input.Line(typed) != tenant.Name {
		return store.Tenant{}, Invalid{"confirm_name": "Type " + tenant.Name + " to confirm."}
	}
	if err := tx.clearTenant(tenant); err != nil {
		return store.Tenant{}, err
	}
	if err := tx.db.DeleteTenant(tx.ctx, id); err != nil {
		return store.Tenant{}, err
	}
	return tenant, tx.record("delete tenant", Done, tenantObject(tenant), nil)
}

// clearTenant ends what exists only for a tenant: invitations by link into it and its automatic groups.
func (tx *Tx) clearTenant(tenant store.Tenant) error {
	invitations, err := tx.db.LinkInvitationsInto(tx.ctx, tenant.ID)
	if err != nil {
		return err
	}
	if err := tx.revokeThose(invitations, nil); err != nil {
		return err
	}
	groups, err := tx.db.AutomaticGroupsOf(tx.ctx, "", tenant.ID)
	if err != nil {
		return err
	}
	for _, g := range groups {
		if err := tx.db.DeleteAutomaticGroup(tx.ctx, g.ID); err != nil {
			return err
		}
	}
	return nil
}

// changeableTenant returns a tenant that the actor may change by p, never the main one.
func (tx *Tx) changeableTenant(id int64, p permission.Permission) (store.Tenant, error) {
	if err := tx.require(p); err != nil {
		return store.Tenant{}, err
	}
	tenant, err := tx.db.TenantByID(tx.ctx, id)
	if err == nil && tenant.Main {
		err = ErrMainTenant
	}
	return tenant, err
}

// requireFreeTenantName refuses a name that another tenant has, whatever the case.
func (tx *Tx) requireFreeTenantName(tenant store.Tenant) error {
	tenants, err := tx.db.Tenants(tx.ctx)
	for _, t := range tenants {
		if t.ID != tenant.ID && input.Fold(t.Name) == input.Fold(tenant.Name) {
			return Invalid{"name": "There is a tenant with this name already. Choose another name."}
		}
	}
	return err
}

func tenantObject(t store.Tenant) object {
	status := "enabled"
	if t.DisabledAt != 0 {
		status = "disabled"
	}
	return object{"tenant", t.ID, t.Name, map[string]string{"name": t.Name, "status": status}}
}
