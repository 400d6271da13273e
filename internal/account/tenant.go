package account

import (
	"context"
	"fmt"
	"maps"

	"github.com/google/uuid"

	"console/internal/input"
	"console/internal/permission"
	"console/store"
)

// Tenant returns a tenant for those who may change tenants: Global Administrators. It returns Forbidden or
// store.ErrNotFound.
func (s *Service) Tenant(ctx context.Context, by Actor, id int64) (store.Tenant, error) {
	if err := s.Require(by, permission.TenantsUpdate); err != nil {
		return store.Tenant{}, err
	}
	return s.db.TenantByID(ctx, id)
}

// EnabledTenant is Tenant for a page that asks whether to disable one. It may also return DisabledAlready.
func (s *Service) EnabledTenant(ctx context.Context, by Actor, id int64) (store.Tenant, error) {
	tenant, err := s.Tenant(ctx, by, id)
	if err == nil && tenant.DisabledAt != 0 {
		err = disabledAlready(tenant.Name)
	}
	return tenant, err
}

// CreateTenant adds a tenant and, where admin has an email address, invites its first Administrator by mail. It returns
// Invalid, Taken or Forbidden.
func (s *Service) CreateTenant(ctx context.Context, by Actor, name string, admin NewUser) (store.Tenant, error) {
	return change(ctx, s, by, func(tx *Tx) (store.Tenant, error) { return tx.makeTenant(ctx, name, admin) })
}

func (tx *Tx) makeTenant(ctx context.Context, name string, admin NewUser) (store.Tenant, error) {
	if err := tx.requirePermission(permission.TenantsCreate); err != nil {
		return store.Tenant{}, err
	}
	refused := Fields{}
	name = input.ParseTitle(name, "name", "a name", refused)
	var user store.User
	if admin.Email != "" {
		admin.Role = permission.Admin
		var wrong Fields
		user, wrong = admin.parse()
		maps.Copy(refused, wrong)
	}
	if len(refused) > 0 {
		return store.Tenant{}, refused.Refusal()
	}
	tenant := store.Tenant{UUID: uuid.NewString(), Name: name, CreatedAt: tx.now}
	if err := tx.requireFreeTenantName(ctx, tenant); err != nil {
		return store.Tenant{}, err
	}
	if err := tx.db.InsertTenant(ctx, &tenant); err != nil {
		return store.Tenant{}, err
	}
	if err := tx.recordChange(ctx, actCreateTenant, object{}, tenantObject(tenant)); err != nil || admin.Email == "" {
		return tenant, err
	}
	admin.TenantID = tenant.ID
	added, err := tx.enlist(ctx, admin, user, byMailNow)
	if err != nil {
		return store.Tenant{}, err
	}
	return tenant, tx.announce(ctx, added)
}

// RenameTenant gives a tenant that still is as it was at version another name, and its automatic groups theirs. It returns
// Invalid, Forbidden, MainTenant, store.ErrStale or store.ErrNotFound.
func (s *Service) RenameTenant(ctx context.Context, by Actor, id, version int64, name string) (store.Tenant, error) {
	return change(ctx, s, by, func(tx *Tx) (store.Tenant, error) { return tx.nameTenant(ctx, id, version, name) })
}

func (tx *Tx) nameTenant(ctx context.Context, id, version int64, name string) (store.Tenant, error) {
	tenant, err := tx.changeableTenant(ctx, id, permission.TenantsUpdate)
	if err != nil {
		return store.Tenant{}, err
	}
	refused := Fields{}
	name = input.ParseTitle(name, "name", "a name", refused)
	if err := requireVersion(version); err != nil {
		return store.Tenant{}, err
	}
	if len(refused) > 0 {
		return store.Tenant{}, refused.Refusal()
	}
	before := tenant
	tenant.Name, tenant.Version = name, version
	if err := tx.requireFreeTenantName(ctx, tenant); err != nil {
		return store.Tenant{}, err
	}
	if err := tx.db.UpdateTenant(ctx, &tenant); err != nil {
		return store.Tenant{}, err
	}
	groups, err := tx.db.AutomaticGroupsOf(ctx, "", id)
	if err != nil {
		return store.Tenant{}, err
	}
	for _, g := range groups {
		if g.Name, err = tx.freeName(ctx, automaticName(g.Role, tenant), g.ID); err != nil {
			return store.Tenant{}, err
		}
		if err := tx.db.UpdateGroup(ctx, &g); err != nil {
			return store.Tenant{}, err
		}
	}
	return tenant, tx.recordChange(ctx, actRenameTenant, tenantObject(before), tenantObject(tenant))
}

// DisableTenant takes away all access to a tenant until it is enabled again. Disabling a disabled one changes nothing. It
// returns ChangedPreview, Forbidden, MainTenant or store.ErrNotFound.
func (s *Service) DisableTenant(ctx context.Context, by Actor, id int64) (store.Tenant, error) {
	preview := func(v *View) (Preview, error) { return v.previewTenantDisabled(ctx, id) }
	return changeConfirmed(ctx, s, by, preview, func(tx *Tx) (store.Tenant, error) {
		return tx.setTenantDisabled(ctx, id, actDisableTenant, true)
	})
}

// EnableTenant ends what DisableTenant began. It returns Forbidden, MainTenant or store.ErrNotFound.
func (s *Service) EnableTenant(ctx context.Context, by Actor, id int64) (store.Tenant, error) {
	return change(ctx, s, by, func(tx *Tx) (store.Tenant, error) { return tx.setTenantDisabled(ctx, id, actEnableTenant, false) })
}

func (tx *Tx) setTenantDisabled(ctx context.Context, id int64, action action, disabled bool) (store.Tenant, error) {
	tenant, err := tx.changeableTenant(ctx, id, permission.TenantsUpdate)
	if err != nil || (tenant.DisabledAt != 0) == disabled {
		return tenant, err
	}
	before := tenant
	tenant.DisabledAt = 0
	if disabled {
		tenant.DisabledAt = tx.now
	}
	if err := tx.db.UpdateTenant(ctx, &tenant); err != nil {
		return store.Tenant{}, err
	}
	return tenant, tx.recordChange(ctx, action, tenantObject(before), tenantObject(tenant))
}

// PreviewDisableTenant says what DisableTenant would take away. It returns what that returns.
func (s *Service) PreviewDisableTenant(ctx context.Context, by Actor, id int64) (Preview, error) {
	return read(ctx, s, by, func(v *View) (Preview, error) { return v.previewTenantDisabled(ctx, id) })
}

func (v *View) previewTenantDisabled(ctx context.Context, id int64) (Preview, error) {
	tenant, err := v.changeableTenant(ctx, id, permission.TenantsUpdate)
	if err != nil || tenant.DisabledAt != 0 {
		return Preview{}, err
	}
	return previewWithout(ctx, v.db, tenant)
}

// TenantEnd is a tenant with what goes with it for good.
type TenantEnd struct {
	Tenant store.Tenant
	Groups []store.Group // its automatic ones
	Links  []store.User  // invited into it by links, which are revoked
}

// Digest tells the preview from one of something else.
func (e TenantEnd) Digest() string {
	groups := make([]string, len(e.Groups))
	for i, g := range e.Groups {
		groups[i] = fmt.Sprint(g.ID, " ", g.Name)
	}
	return digestOf(e.Tenant.ID, e.Tenant.Name, e.Tenant.DisabledAt != 0, groups, saidOf(e.Links...))
}

// PreviewDeleteTenant says what DeleteTenant would take along; of one that is not disabled yet, nothing. It returns Forbidden,
// MainTenant or store.ErrNotFound.
func (s *Service) PreviewDeleteTenant(ctx context.Context, by Actor, id int64) (TenantEnd, error) {
	return read(ctx, s, by, func(v *View) (TenantEnd, error) { return v.previewTenantEnd(ctx, id) })
}

func (v *View) previewTenantEnd(ctx context.Context, id int64) (TenantEnd, error) {
	tenant, err := v.changeableTenant(ctx, id, permission.TenantsDelete)
	end := TenantEnd{Tenant: tenant}
	if err != nil || tenant.DisabledAt == 0 {
		return end, err
	}
	if end.Groups, err = v.db.AutomaticGroupsOf(ctx, "", id); err != nil {
		return TenantEnd{}, err
	}
	invitations, err := v.db.LinkInvitationsInto(ctx, id)
	if err != nil {
		return TenantEnd{}, err
	}
	end.Links, err = v.invitedBy(ctx, invitations)
	return end, err
}

// DeleteTenant removes a tenant that is disabled, for good: out of every group, with its automatic groups and the
// invitations by link into it. typed is the name that confirms it. It returns Invalid, ChangedPreview, Forbidden, MainTenant
// or store.ErrNotFound.
func (s *Service) DeleteTenant(ctx context.Context, by Actor, id int64, typed string) (store.Tenant, error) {
	preview := func(v *View) (TenantEnd, error) { return v.previewTenantEnd(ctx, id) }
	return changeConfirmed(ctx, s, by, preview, func(tx *Tx) (store.Tenant, error) { return tx.removeTenant(ctx, id, typed) })
}

func (tx *Tx) removeTenant(ctx context.Context, id int64, typed string) (store.Tenant, error) {
	tenant, err := tx.changeableTenant(ctx, id, permission.TenantsDelete)
	if err != nil {
		return store.Tenant{}, err
	}
	if tenant.DisabledAt == 0 {
		return store.Tenant{}, invalid("", "Disable the tenant first: then you see who loses access.")
	}
	if input.Line(typed) != input.Line(tenant.Name) {
		return store.Tenant{}, invalid("confirm_name", "Type "+tenant.Name+" to confirm.")
	}
	if err := tx.clearTenant(ctx, tenant); err != nil {
		return store.Tenant{}, err
	}
	if err := tx.db.DeleteTenant(ctx, id); err != nil {
		return store.Tenant{}, err
	}
	return tenant, tx.recordEnd(ctx, actDeleteTenant, tenantObject(tenant))
}

// clearTenant ends what exists only for a tenant: invitations by link into it and its automatic groups.
func (tx *Tx) clearTenant(ctx context.Context, tenant store.Tenant) error {
	invitations, err := tx.db.LinkInvitationsInto(ctx, tenant.ID)
	if err != nil {
		return err
	}
	if _, err := tx.eachInvited(ctx, invitations, nil, tx.revoke); err != nil {
		return err
	}
	groups, err := tx.db.AutomaticGroupsOf(ctx, "", tenant.ID)
	if err != nil {
		return err
	}
	for _, g := range groups {
		if err := tx.db.DeleteAutomaticGroup(ctx, g.ID); err != nil {
			return err
		}
	}
	return nil
}

// changeableTenant returns a tenant that the actor may change by p, never the main one.
func (v *View) changeableTenant(ctx context.Context, id int64, p permission.Permission) (store.Tenant, error) {
	if err := v.requirePermission(p); err != nil {
		return store.Tenant{}, err
	}
	tenant, err := v.db.TenantByID(ctx, id)
	if err == nil && tenant.Main {
		err = Refuse(MainTenant)
	}
	return tenant, err
}

// requireFreeTenantName refuses a name that another tenant has, whatever the case.
func (v *View) requireFreeTenantName(ctx context.Context, tenant store.Tenant) error {
	tenants, err := v.db.Tenants(ctx)
	for _, t := range tenants {
		if t.ID != tenant.ID && input.Fold(t.Name) == input.Fold(tenant.Name) {
			return invalid("name", "There is a tenant with this name already. Choose another name.")
		}
	}
	return err
}

func tenantObject(t store.Tenant) object {
	status := "enabled"
	if t.DisabledAt != 0 {
		status = "disabled"
	}
	return object{kind: objectTenant, id: t.ID, name: t.Name, fields: map[string]string{"name": t.Name, "status": status}}
}
