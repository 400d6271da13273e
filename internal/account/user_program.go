package account

import (
	"context"
	"slices"

	"console/internal/input"
	"console/internal/permission"
	"console/store"
)

// FindUsers returns people of the user list as programs ask for them. It returns Forbidden without users.view.
func (s *Service) FindUsers(ctx context.Context, by Actor, q store.PlacedQuery) ([]store.PlacedUser, error) {
	return read(ctx, s, by, func(v *View) ([]store.PlacedUser, error) {
		if err := v.requirePermission(permission.UsersView); err != nil {
			return nil, err
		}
		return v.db.PlacedUsers(ctx, q)
	})
}

// PlacedSelf returns the actor, with the tenant of their automatic group. It returns store.ErrNotFound once they are deleted.
func (s *Service) PlacedSelf(ctx context.Context, by Actor) (store.PlacedUser, error) {
	return read(ctx, s, by, func(v *View) (store.PlacedUser, error) {
		return v.placedUser(ctx, store.PlacedQuery{IDs: []int64{v.by.UserID}})
	})
}

// placedUser returns the only person whom a query means, or store.ErrNotFound.
func (v *View) placedUser(ctx context.Context, q store.PlacedQuery) (store.PlacedUser, error) {
	q.Order, q.Limit = store.ByID, 1
	found, err := v.db.PlacedUsers(ctx, q)
	if err == nil && len(found) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return store.PlacedUser{}, err
	}
	return found[0], nil
}

// named is placedUser for what takes p, which shows the person, too. It returns Forbidden or store.ErrNotFound.
func (v *View) named(ctx context.Context, q store.PlacedQuery, p permission.Permission) (store.PlacedUser, error) {
	for _, needed := range []permission.Permission{p, permission.UsersView} {
		if err := v.requirePermission(needed); err != nil {
			return store.PlacedUser{}, err
		}
	}
	return v.placedUser(ctx, q)
}

// UserChange is what a program changes of a person at once. What is nil stays as it is.
type UserChange struct {
	Names    *Names
	Role     permission.Role // empty: stays
	TenantID int64           // the tenant of their automatic group; 0: stays
	Enabled  *bool
	Phone    *string
	TimeZone *string
}

// ChangeUser changes the person whom a query means, all of it or nothing, as the operations of the pages do it. It returns Invalid,
// Self, Invited, LastAdministrator, Forbidden (rules "may grant" and "may manage", or without users.view) or store.ErrNotFound.
func (s *Service) ChangeUser(ctx context.Context, by Actor, whom store.PlacedQuery, in UserChange) (store.PlacedUser, error) {
	return change(ctx, s, by, func(tx *Tx) (store.PlacedUser, error) {
		found, err := tx.named(ctx, whom, permission.UsersUpdate)
		if err != nil {
			return store.PlacedUser{}, err
		}
		if in.Names != nil && (store.User{FirstName: in.Names.First, LastName: in.Names.Last}).Name() != found.Name() {
			if _, err := tx.nameUser(ctx, found.ID, found.Version, *in.Names); err != nil {
				return store.PlacedUser{}, err
			}
		}
		if err := tx.changePreferences(ctx, found.ID, in); err != nil {
			return store.PlacedUser{}, err
		}
		if err := tx.changePlace(ctx, found.ID, in); err != nil {
			return store.PlacedUser{}, err
		}
		if err := tx.changeAccess(ctx, found.ID, in.Enabled); err != nil {
			return store.PlacedUser{}, err
		}
		return tx.placedUser(ctx, store.PlacedQuery{IDs: []int64{found.ID}})
	})
}

// changePreferences changes what a program says of a person's preferences.
func (tx *Tx) changePreferences(ctx context.Context, id int64, in UserChange) error {
	if in.Phone == nil && in.TimeZone == nil {
		return nil
	}
	user, err := tx.manageable(ctx, id, permission.UsersUpdate)
	if err != nil {
		return err
	}
	before, profile, refused := user, Profile{Preferences: user.Preferences}, Fields{}
	if in.Phone != nil {
		profile.Phone = *in.Phone
	}
	if in.TimeZone != nil {
		profile.TimeZone = *in.TimeZone
	}
	profile.parsePreferences(refused)
	if len(refused) > 0 {
		return refused.Refusal()
	}
	if user.Preferences = profile.Preferences; user == before {
		return nil
	}
	if err := tx.saveUser(ctx, &user); err != nil {
		return err
	}
	return tx.recordChange(ctx, actEditProfile, profileObject(before), profileObject(user))
}

// changePlace gives a person another role, and then puts them into the automatic group of another tenant in place of those they are
// in.
func (tx *Tx) changePlace(ctx context.Context, id int64, in UserChange) error {
	found, err := tx.placedUser(ctx, store.PlacedQuery{IDs: []int64{id}})
	if err != nil {
		return err
	}
	if in.Role != "" && in.Role != found.Role {
		if err := tx.changeGroups(ctx, id, Membership{Version: found.Version, Role: in.Role, KeepGroups: true}); err != nil {
			return err
		}
		if found, err = tx.placedUser(ctx, store.PlacedQuery{IDs: []int64{id}}); err != nil {
			return err
		}
	}
	if in.TenantID == 0 || in.TenantID == found.TenantID || found.Role.Global() {
		return nil
	}
	tenants, err := tx.db.Tenants(ctx)
	if err == nil {
		err = requireEnabled(tenants, in.TenantID)
	}
	if err != nil {
		return err
	}
	memberships, err := tx.db.Memberships(ctx, id)
	if err != nil {
		return err
	}
	moved := Membership{Version: found.Version, Automatic: in.TenantID}
	for _, m := range memberships {
		if !m.Automatic {
			moved.Groups = append(moved.Groups, m.ID)
		}
	}
	return tx.changeGroups(ctx, id, moved)
}

func (tx *Tx) changeGroups(ctx context.Context, id int64, in Membership) error {
	changed, err := tx.changeMembership(ctx, id, in)
	if err != nil {
		return err
	}
	return tx.announce(ctx, changed.fact)
}

// changeAccess disables or enables the access of a person.
func (tx *Tx) changeAccess(ctx context.Context, id int64, enabled *bool) error {
	if enabled == nil {
		return nil
	}
	turn := tx.disable
	if *enabled {
		turn = tx.enable
	}
	done, err := turn(ctx, id)
	if err != nil {
		return err
	}
	return tx.announce(ctx, done)
}

// DeleteFoundUser deletes the person whom a query means, and returns them as they were. It returns Self, LastAdministrator, Forbidden (rule
// "may manage", or without users.view) or store.ErrNotFound.
func (s *Service) DeleteFoundUser(ctx context.Context, by Actor, whom store.PlacedQuery) (store.PlacedUser, error) {
	return change(ctx, s, by, func(tx *Tx) (store.PlacedUser, error) {
		found, err := tx.named(ctx, whom, permission.UsersDelete)
		if err != nil {
			return store.PlacedUser{}, err
		}
		done, err := tx.delete(ctx, found.ID)
		if err != nil {
			return store.PlacedUser{}, err
		}
		return found, tx.announce(ctx, done)
	})
}

// TenantQuery chooses tenants as programs ask for them. What is zero asks for nothing.
type TenantQuery struct {
	ID      int64
	UUID    string
	Name    string
	Enabled bool // only those that are
	Limit   int
	Offset  int
}

// FindTenants returns tenants, the main one first. It returns Forbidden without tenants.view.
func (s *Service) FindTenants(ctx context.Context, by Actor, q TenantQuery) ([]store.Tenant, error) {
	if err := s.Require(by, permission.TenantsView); err != nil {
		return nil, err
	}
	tenants, err := s.db.Tenants(ctx)
	if err != nil {
		return nil, err
	}
	tenants = slices.DeleteFunc(tenants, func(t store.Tenant) bool {
		return q.ID != 0 && q.ID != t.ID || q.UUID != "" && q.UUID != t.UUID || q.Enabled && t.DisabledAt != 0 ||
			q.Name != "" && input.Fold(q.Name) != input.Fold(t.Name)
	})
	tenants = tenants[min(q.Offset, len(tenants)):]
	return tenants[:min(q.Limit, len(tenants))], nil
}

// TenantChange is what a program changes of a tenant at once. What is nil stays as it is.
type TenantChange struct {
	Name    *string
	Enabled *bool
}

// ChangeTenant changes a tenant, all of it or nothing. It returns Invalid, MainTenant, Forbidden or store.ErrNotFound.
func (s *Service) ChangeTenant(ctx context.Context, by Actor, id int64, in TenantChange) (store.Tenant, error) {
	return change(ctx, s, by, func(tx *Tx) (store.Tenant, error) {
		tenant, err := tx.changeableTenant(ctx, id, permission.TenantsUpdate)
		if err != nil {
			return store.Tenant{}, err
		}
		if in.Name != nil && *in.Name != tenant.Name {
			if tenant, err = tx.nameTenant(ctx, id, tenant.Version, *in.Name); err != nil {
				return store.Tenant{}, err
			}
		}
		if in.Enabled == nil {
			return tenant, nil
		}
		act := actEnableTenant
		if !*in.Enabled {
			act = actDisableTenant
		}
		return tx.setTenantDisabled(ctx, id, act, !*in.Enabled)
	})
}

// DeleteTenantByID is DeleteTenant for programs, which type no name to confirm. It returns what that returns.
func (s *Service) DeleteTenantByID(ctx context.Context, by Actor, id int64) (store.Tenant, error) {
	preview := func(v *View) (TenantEnd, error) { return v.previewTenantEnd(ctx, id) }
	return changeConfirmed(ctx, s, by, preview, func(tx *Tx) (store.Tenant, error) {
		tenant, err := tx.changeableTenant(ctx, id, permission.TenantsDelete)
		if err != nil {
			return store.Tenant{}, err
		}
		return tx.removeTenant(ctx, id, tenant.Name)
	})
}

// labelled is the tenant by whose label programs list something: 0 for the main one. It returns store.ErrNotFound for an unknown one.
func (v *View) labelled(ctx context.Context, tenantID int64) (int64, error) {
	if tenantID == 0 {
		return 0, nil
	}
	tenant, err := v.db.TenantByID(ctx, tenantID)
	if err == nil && tenant.Main {
		return 0, nil
	}
	return tenant.ID, err
}

// EmailKeys returns the addresses that are in each of the lists that are not nil, as they are compared; nil where all are nil.
func EmailKeys(lists ...[]string) []string {
	var keys []string
	for _, list := range lists {
		if list == nil {
			continue
		}
		these := make([]string, len(list))
		for i, email := range list {
			these[i] = input.EmailKey(email)
		}
		if keys == nil {
			keys = these
			continue
		}
		keys = slices.DeleteFunc(keys, func(key string) bool { return !slices.Contains(these, key) })
	}
	return keys
}
