package account

import (
	"context"
	"fmt"

	"console/internal/permission"
	"console/store"
)

// RequireCurrent returns store.ErrStale where something that has a version is not as it was at version any more. objectType is what the
// activity log calls it; the account itself has no id. The actor is known to hold the permission that changing it takes. It returns
// Forbidden for a person whom they may not manage (rule "may manage"), or store.ErrNotFound.
func (s *Service) RequireCurrent(ctx context.Context, by Actor, objectType string, id, version int64) error {
	present, err := s.PresentVersion(ctx, by, objectType, id)
	if err == nil && present != version {
		err = store.ErrStale
	}
	return err
}

// PresentVersion returns the version of an object. It returns store.ErrNotFound for one that is not there, and refuses those who may
// not change a person or see a group.
func (s *Service) PresentVersion(ctx context.Context, by Actor, objectType string, id int64) (int64, error) {
	return read(ctx, s, by, func(v *View) (int64, error) { return v.versionOf(ctx, objectType, id) })
}

func (v *View) versionOf(ctx context.Context, objectType string, id int64) (int64, error) {
	switch objectType {
	case objectUser:
		user, err := v.managed(ctx, id, permission.UsersUpdate)
		return user.Version, err
	case "group":
		group, err := v.coveringGroup(ctx, id)
		return group.Version, err
	case "tenant":
		tenant, err := v.db.TenantByID(ctx, id)
		return tenant.Version, err
	case "trigger":
		trigger, err := v.db.TriggerByID(ctx, id)
		return trigger.Version, err
	case "integration":
		integration, err := v.db.IntegrationByID(ctx, id)
		return integration.Version, err
	case objectAccount:
		account, err := v.db.Account(ctx)
		return account.Version, err
	}
	return 0, fmt.Errorf("of %q there are no versions", objectType)
}
