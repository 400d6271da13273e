package account

import (
	"context"
	"time"

	"console/internal/permission"
	"console/internal/userlist"
	"console/store"
)

// What pages ask of the user list and get from it. Handlers and views know it by these names.
type (
	UserQuery  = userlist.Query
	UserList   = userlist.Page
	UserCounts = userlist.Counts
)

// Limits of the user list.
const (
	UsersPerPage = userlist.PerPage
	CountedTo    = userlist.CountedTo
)

// Users returns a page of the user list and the numbers on its tabs. It returns Forbidden without users.view.
func (s *Service) Users(ctx context.Context, by Actor, q UserQuery) (UserList, error) {
	if err := s.Require(by, permission.UsersView); err != nil {
		return UserList{}, err
	}
	return s.list.Page(ctx, q)
}

// ErrReading says that everybody is being read into memory: searches and filters of people wait for it, nothing else does.
var ErrReading = userlist.ErrReading

// Preload reads everybody into memory, or what has changed.
func (s *Service) Preload(ctx context.Context) {
	if err := s.list.Preload(ctx); err != nil && ctx.Err() == nil {
		s.log.ErrorContext(ctx, "read people", "error", err)
	}
}

// followEvery is how often it is looked whether the database has lost what this process knows, where no list asks.
const followEvery = 10 * time.Second

// FollowPeople keeps everybody in memory until ctx is done, so that searches do not have to wait for it: neither the first one, nor one
// after the database has lost its last commits.
func (s *Service) FollowPeople(ctx context.Context) {
	for {
		s.Preload(ctx)
		if !sleep(ctx, followEvery) {
			return
		}
	}
}

// Ready returns nil where every page can be answered at once. Otherwise it returns ErrReading, auth.ErrKeyMissing where the key was
// rotated and the key file here is an old one, or an error of the database.
func (s *Service) Ready(ctx context.Context) error {
	if _, err := s.useKeyInForce(ctx, s.db.Queries); err != nil {
		return err
	}
	return s.list.Ready(ctx)
}

// Followed says how many people are in memory, and with which change of them that ends; reading says that everybody is being read.
func (s *Service) Followed() (people int, change int64, reading bool) { return s.list.Followed() }

// StopReading ends what reads people into memory, before the database is closed.
func (s *Service) StopReading() { s.list.Stop() }

// followAnew is called when the log of changes to people does not go on from the one that was followed last.
func (s *Service) followAnew(seen, newest int64) {
	s.setUp.Store(false) // that may be lost, too
	s.log.Warn("the database has lost changes that this process knows, or no longer keeps them; everybody is read again",
		"change", seen, "newest", newest)
}

// ListedUser returns a person as the user list shows them; those invited by link, too. It refuses with Forbidden
// (users.view), or returns store.ErrNotFound.
func (s *Service) ListedUser(ctx context.Context, by Actor, id int64) (store.ListedUser, error) {
	return read(ctx, s, by, func(v *View) (store.ListedUser, error) {
		user, err := v.viewed(ctx, id)
		if err != nil {
			return store.ListedUser{}, err
		}
		return v.listed(ctx, user)
	})
}
