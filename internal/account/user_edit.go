package account

import (
	"context"

	"console/internal/input"
	"console/internal/permission"
	"console/store"
)

// User returns a person that the actor may edit. It returns Forbidden (rule "may manage") or store.ErrNotFound.
func (s *Service) User(ctx context.Context, by Actor, id int64) (store.User, error) {
	return read(ctx, s, by, func(v *View) (store.User, error) { return v.manageable(ctx, id, permission.UsersUpdate) })
}

// Names are what people are called, as typed: any spaces, not yet checked.
type Names struct{ First, Last string }

// parse checks the names and says in refused, by field, what is wrong with them.
func (n Names) parse(refused Fields) Names {
	n.First, n.Last = input.ParseNames(n.First, n.Last, refused)
	return n
}

// EditUser changes the name of a person who still is as they were at version. It returns Invalid, Forbidden (rule "may manage"),
// store.ErrStale or store.ErrNotFound.
func (s *Service) EditUser(ctx context.Context, by Actor, id, version int64, in Names) (store.User, error) {
	return change(ctx, s, by, func(tx *Tx) (store.User, error) { return tx.nameUser(ctx, id, version, in) })
}

func (tx *Tx) nameUser(ctx context.Context, id, version int64, in Names) (store.User, error) {
	refused := Fields{}
	in = in.parse(refused)
	if err := requireVersion(version); err != nil {
		return store.User{}, err
	}
	user, err := tx.manageable(ctx, id, permission.UsersUpdate)
	if err != nil {
		return store.User{}, err
	}
	if user.Status() == store.Active && user.Role.SignsIn() && in.First == "" && refused["first_name"] == "" {
		refused["first_name"] = "Enter a first name."
	}
	if len(refused) > 0 {
		return store.User{}, refused.Refusal()
	}
	before := user
	user.FirstName, user.LastName, user.Version = in.First, in.Last, version
	if err := tx.saveUser(ctx, &user); err != nil {
		return store.User{}, err
	}
	return user, tx.recordChange(ctx, actEditUser, userObject(before), userObject(user))
}

// People returns the people with the ids, each once and in their order; those that are gone are left out. It returns
// Forbidden without users.view, and Invalid for more than MaxPasted ids.
func (s *Service) People(ctx context.Context, by Actor, ids []int64) ([]store.User, error) {
	if err := s.Require(by, permission.UsersView); err != nil {
		return nil, err
	}
	if err := requireFew(ids); err != nil {
		return nil, err
	}
	return s.db.UsersByIDs(ctx, ids)
}

// Account returns the company. Everybody who is signed in sees its name.
func (s *Service) Account(ctx context.Context) (store.Account, error) { return s.db.Account(ctx) }

// Tenants returns the tenants, the main one first.
func (s *Service) Tenants(ctx context.Context) ([]store.Tenant, error) { return s.db.Tenants(ctx) }

// Administrators returns the Global Administrators a person without access can ask, at most ten.
func (s *Service) Administrators(ctx context.Context) ([]store.User, error) {
	return s.db.UsersByRole(ctx, permission.GlobalAdmin, 10)
}

// HasNoAccess says whether the actor may do nothing at all: they are in no group that gives them anything in a tenant
// that is enabled.
func (a Actor) HasNoAccess() bool { return a.noAccess }
