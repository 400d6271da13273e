package account

import (
	"context"

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

// Preload reads everybody into memory, so that the first list does not have to wait for it.
func (s *Service) Preload(ctx context.Context) {
	if err := s.list.Preload(ctx); err != nil && ctx.Err() == nil {
		s.log.Error("preload people", "error", err)
	}
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
