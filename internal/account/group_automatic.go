package account

import (
	"console/internal/permission"
	"console/store"
	"context"
	"errors"
	"fmt"
)

// join puts a person into the automatic group of their role and tenant, and creates it if needed.
// Global Administrators are in no group.
func (tx *Tx) join(ctx context.Context, user store.User, tenantID int64) error {
	if user.Role == permission.GlobalAdmin {
		return nil
	}
	if user.Role.Global() {
		tenantID = 0
	}
	group, err := tx.db.AutomaticGroup(ctx, user.Role, tenantID)
	if errors.Is(err, store.ErrNotFound) {
		group, err = tx.createAutomaticGroup(ctx, user.Role, tenantID)
	}
	if err != nil {
		return fmt.Errorf("automatic group: %w", err)
	}
	_, err = tx.db.AddMember(ctx, group.ID, user.ID)
	return err
}

func (tx *Tx) createAutomaticGroup(ctx context.Context, role permission.Role, tenantID int64) (store.Group, error) {
	name, tenants := role.GroupName(), []int64(nil)
	if !role.Global() {
		tenant, err := tx.db.TenantByID(ctx, tenantID)
		if err != nil {
			return store.Group{}, err
		}
		name, tenants = automaticName(role, tenant), []int64{tenantID}
	}
	name, err := tx.freeName(ctx, name, 0)
	if err != nil {
		return store.Group{}, err
	}
	group := store.Group{Name: name, Role: role, Automatic: true, AllTenants: role.Global(), CreatedAt: tx.now}
	err = tx.db.InsertGroup(ctx, &group, tenants...)
	return group, err
}

// automaticName is what the automatic group of a role in a tenant is called, if that name is free.
func automaticName(role permission.Role, tenant store.Tenant) string {
	if tenant.Main {
		return role.GroupName()
	}
	return role.GroupName() + " (" + tenant.Name + ")"
}
