package account

import (
	"context"

	"console/internal/permission"
	"console/store"
)

// UsersPerPage is how many people a page of the list shows.
const UsersPerPage = 50

// Users returns a page of the user list and the numbers on its tabs. It returns Forbidden without users.view.
func (s *Service) Users(ctx context.Context, by Actor, query store.UserQuery) (store.UserPage, store.UserCounts, error) {
	if err := s.Require(ctx, by, permission.UsersView); err != nil {
		return store.UserPage{}, store.UserCounts{}, err
	}
	query.Limit = UsersPerPage
	page, err := s.db.ListUsers(ctx, query)
	if err != nil {
		return store.UserPage{}, store.UserCounts{}, err
	}
	counts, err := s.db.CountUsers(ctx, query.Search)
	return page, counts, err
}

// Account returns the company. Everybody who is signed in sees its name.
func (s *Service) Account(ctx context.Context) (store.Account, error) { return s.db.Account(ctx) }

// Tenants returns the tenants, the main one first.
func (s *Service) Tenants(ctx context.Context) ([]store.Tenant, error) { return s.db.Tenants(ctx) }

// Administrators returns the Global Administrators a person without access can ask, at most ten.
func (s *Service) Administrators(ctx context.Context) ([]store.User, error) {
	return s.db.UsersByRole(ctx, permission.GlobalAdmin, 10)
}

// HasNoAccess says whether the actor may do nothing at all: they are in no group that gives them anything.
func (a Actor) HasNoAccess() bool { return a.Can.Empty() }
