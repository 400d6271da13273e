package account

import (
	"context"
	"errors"

	"console/internal/permission"
	"console/store"
)

// AddGroupTenants lets a group cover more tenants. It returns Invalid, Forbidden (rule "may grant") or store.ErrNotFound.
func (s *Service) AddGroupTenants(ctx context.Context, by Actor, id int64, tenants []int64) (store.Group, error) {
	return change(ctx, s, by, func(tx *Tx) (store.Group, error) { return tx.coverTenants(ctx, id, tenants) })
}

func (tx *Tx) coverTenants(ctx context.Context, id int64, tenants []int64) (store.Group, error) {
	return tx.changeTenants(ctx, id, func(group store.CoveringGroup) error {
		if len(tenants) == 0 {
			return invalid("tenant_ids", "Choose at least one tenant.")
		}
		if err := tx.requireTenants(ctx, tenants); err != nil {
			return err
		}
		grant := permission.Grant{Tenants: tenants, Set: group.Set()}
		if err := tx.requireAll(
			ctx,
			permission.Union(grant),
			Lack{object: groupObject(group.Group), needs: permission.GroupsUpdate},
		); err != nil {
			return err
		}
		if err := tx.reviewLinksOfMembers(ctx, id, covering(group, append(tenants, group.Tenants...))); err != nil {
			return err
		}
		return tx.db.AddGroupTenants(ctx, id, tenants...)
	})
}

// RemoveGroupTenant ends that a group covers a tenant; not covering it changes nothing. It returns Invalid, ChangedPreview,
// Forbidden or store.ErrNotFound.
func (s *Service) RemoveGroupTenant(ctx context.Context, by Actor, id, tenantID int64) (store.Group, error) {
	preview := func(v *View) (Preview, error) { return v.previewUncovered(ctx, id, tenantID) }
	return changeConfirmed(ctx, s, by, preview, func(tx *Tx) (store.Group, error) { return tx.uncoverTenant(ctx, id, tenantID) })
}

func (tx *Tx) uncoverTenant(ctx context.Context, id, tenantID int64) (store.Group, error) {
	return tx.changeTenants(ctx, id, func(group store.CoveringGroup) error {
		if err := tx.reviewLinksOfMembers(ctx, id, covering(group, without(group.Tenants, []int64{tenantID}))); err != nil {
			return err
		}
		return tx.db.RemoveGroupTenant(ctx, id, tenantID)
	})
}

// PreviewRemoveGroupTenant says what RemoveGroupTenant would take away. It returns what that returns.
func (s *Service) PreviewRemoveGroupTenant(ctx context.Context, by Actor, id, tenantID int64) (Preview, error) {
	return read(ctx, s, by, func(v *View) (Preview, error) { return v.previewUncovered(ctx, id, tenantID) })
}

func (v *View) previewUncovered(ctx context.Context, id, tenantID int64) (Preview, error) {
	group, err := v.editable(ctx, id, permission.GroupsUpdate)
	if err != nil {
		return Preview{}, err
	}
	return v.previewMembers(ctx, group, covering(group, without(group.Tenants, []int64{tenantID})))
}

// covering is what a group gives once it covers tenants.
func covering(group store.CoveringGroup, tenants []int64) permission.Grant {
	return permission.Grant{Tenants: tenants, Set: group.Set()}
}

// changeTenants applies edit to the tenants of a group that the actor may change. Where it changes nothing the version
// stays.
func (tx *Tx) changeTenants(ctx context.Context, id int64, edit func(store.CoveringGroup) error) (store.Group, error) {
	group, err := tx.editable(ctx, id, permission.GroupsUpdate)
	if err != nil {
		return store.Group{}, err
	}
	before, err := tx.groupObject(ctx, group.Group)
	if err != nil {
		return store.Group{}, err
	}
	if err := edit(group); err != nil {
		return store.Group{}, err
	}
	after, err := tx.groupObject(ctx, group.Group)
	if err != nil || before.fields["tenants"] == after.fields["tenants"] {
		return group.Group, err
	}
	if err := tx.db.RaiseGroupVersion(ctx, id); err != nil {
		return store.Group{}, err
	}
	group.Version++
	return group.Group, tx.recordChange(ctx, actChangeGroup, before, after)
}

// requireTenants refuses tenants that do not exist.
func (v *View) requireTenants(ctx context.Context, ids []int64) error {
	for _, id := range ids {
		if _, err := v.db.TenantByID(ctx, id); errors.Is(err, store.ErrNotFound) {
			return invalid("tenant_ids", "One of these tenants does not exist, or has been deleted. Choose again.")
		} else if err != nil {
			return err
		}
	}
	return nil
}
