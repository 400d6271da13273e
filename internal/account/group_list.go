package account

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"console/internal/permission"
	"console/store"
)

// GroupsPerPage is how many groups a page of the list shows.
const GroupsPerPage = 50

// GroupQuery is the state of the list of groups.
type GroupQuery struct {
	Search string
	Role   permission.Role
	Custom bool
	Cursor string
	Limit  int // 0: as many as a page of the console shows
}

// GroupList is a page of the groups.
type GroupList struct {
	Rows       []store.ListedGroup
	Next, Prev string // cursors; empty: the list goes no further
}

// Groups returns a page of the groups by name. It returns Forbidden without groups.view.
func (s *Service) Groups(ctx context.Context, by Actor, q GroupQuery) (GroupList, error) {
	if err := s.Require(by, permission.GroupsView); err != nil {
		return GroupList{}, err
	}
	query := store.GroupQuery{
		Search: q.Search,
		Role:   q.Role,
		Custom: q.Custom,
		Limit:  cmp.Or(q.Limit, GroupsPerPage),
		Cursor: store.ParseCursor(q.Cursor, store.SortName),
	}
	rows, next, prev, err := s.db.ListGroups(ctx, query)
	if err == nil && len(rows) == 0 && query.Cursor.ID != 0 && q.Limit == 0 { // the groups beyond the cursor are gone
		query.Cursor = query.Cursor.Remaining()
		rows, next, prev, err = s.db.ListGroups(ctx, query)
	}
	return GroupList{rows, next.String(), prev.String()}, err
}

// GroupChoices returns the first groups by name, for choosing one, at most limit. It returns Forbidden without users.view.
func (s *Service) GroupChoices(ctx context.Context, by Actor, limit int) ([]store.Group, error) {
	if err := s.Require(by, permission.UsersView); err != nil {
		return nil, err
	}
	groups, err := s.groups.Get(ctx, s.db, limit, func() ([]store.Group, error) { return s.db.Groups(ctx, limit) })
	return slices.Clip(groups), err // whoever appends to it has an own one
}

// groupsTogether is how many groups are looked at together for those that can be offered.
const groupsTogether = 500

// GrantableGroups returns the first groups by name whose permissions the actor may give to others, automatic ones left
// out, at most limit. It returns Forbidden without groups.update.
func (s *Service) GrantableGroups(ctx context.Context, by Actor, limit int) ([]store.Group, error) {
	if err := s.Require(by, permission.GroupsUpdate); err != nil {
		return nil, err
	}
	tenants, err := s.db.Tenants(ctx)
	if err != nil {
		return nil, err
	}
	var offered []store.Group
	for last := (store.Group{}); len(offered) < limit; {
		next, err := s.db.EditableGroups(ctx, last, groupsTogether)
		if err != nil || len(next) == 0 {
			return offered, err
		}
		last = next[len(next)-1]
		grantable, err := s.grantableAmong(ctx, by, next, tenantIDs(tenants))
		if err != nil {
			return nil, err
		}
		offered = append(offered, grantable[:min(len(grantable), limit-len(offered))]...)
	}
	return offered, nil
}

// grantableAmong returns those of groups whose permissions the actor may give to others.
func (s *Service) grantableAmong(ctx context.Context, by Actor, groups []store.Group, tenants []int64) ([]store.Group, error) {
	ids := make([]int64, len(groups))
	for i, g := range groups {
		ids[i] = g.ID
	}
	grants, err := s.db.GroupGrants(ctx, ids...)
	lacking := map[int64]bool{}
	for _, g := range grants {
		_, lacking[g.ID] = by.Can.Lacks(permission.Union(sourceOf(g).Grant), tenants)
	}
	return slices.DeleteFunc(groups, func(g store.Group) bool { return lacking[g.ID] }), err
}

// WithGroup returns groups with the one that has the id besides, if there is one.
func (s *Service) WithGroup(ctx context.Context, groups []store.Group, id int64) ([]store.Group, error) {
	group, err := s.db.GroupByID(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return groups, nil
	}
	return append(groups, group), err
}
