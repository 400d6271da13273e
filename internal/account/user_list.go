package account

import (
	"context"

	"console/internal/permission"
	"console/internal/userlist"
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
