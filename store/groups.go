package store

import (
	"context"

	"console/internal/permission"
)

// Group gives its users the permissions of its role in its tenants.
type Group struct {
	ID         int64
	Name       string
	Role       permission.Role
	Automatic  bool
	AllTenants bool // present and future ones
	CreatedAt  Millis
}

// Membership is one group of a person with one tenant it covers; Tenant is 0 where the group covers all or none.
type Membership struct {
	Group
	Tenant int64
}

// Memberships returns the groups of a person, one row for each tenant they cover, ordered by group.
func (q Queries) Memberships(ctx context.Context, userID int64) ([]Membership, error) {
	return many(ctx, q.q, func(s scanner) (m Membership, err error) {
		err = s.Scan(&m.ID, &m.Name, &m.Role, &m.Automatic, &m.AllTenants, &m.CreatedAt, &m.Tenant)
		return m, err
	}, `SELECT g.id, g.name, g.role, g.automatic, g.all_tenants, g.created_at, coalesce(gt.tenant_id, 0)
		FROM group_users gu JOIN groups g ON g.id = gu.group_id LEFT JOIN group_tenants gt ON gt.group_id = g.id
		WHERE gu.user_id = $1 ORDER BY g.id, gt.tenant_id`, userID)
}

// AutomaticGroup returns the automatic group of a role in a tenant (0: the one for all tenants), or ErrNotFound.
func (q Queries) AutomaticGroup(ctx context.Context, role permission.Role, tenantID int64) (Group, error) {
	return one(ctx, q.q, func(s scanner) (g Group, err error) {
		err = s.Scan(&g.ID, &g.Name, &g.Role, &g.Automatic, &g.AllTenants, &g.CreatedAt)
		return g, err
	}, `SELECT g.id, g.name, g.role, g.automatic, g.all_tenants, g.created_at FROM groups g
		LEFT JOIN group_tenants gt ON gt.group_id = g.id
		WHERE g.automatic = 1 AND g.role = $1 AND coalesce(gt.tenant_id, 0) = $2`, role, tenantID)
}

// InsertGroup creates g with its tenants and sets its id.
func (tx *Tx) InsertGroup(ctx context.Context, g *Group, tenants ...int64) (err error) {
	g.ID, err = tx.insert(ctx, `INSERT INTO groups (name, role, automatic, all_tenants, created_at) VALUES ($1, $2, $3, $4, $5)`,
		g.Name, g.Role, g.Automatic, g.AllTenants, g.CreatedAt)
	for _, tenant := range tenants {
		if err != nil {
			break
		}
		_, err = tx.exec(ctx, `INSERT INTO group_tenants (group_id, tenant_id) VALUES ($1, $2)`, g.ID, tenant)
	}
	return err
}

// AddMember puts a person into a group; being in it already is no error.
func (tx *Tx) AddMember(ctx context.Context, groupID, userID int64) error {
	_, err := tx.exec(ctx, `INSERT INTO group_users (group_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`, groupID, userID)
	return err
}

// DeleteEmptyAutomaticGroups removes the automatic groups among ids whose last member has left.
func (tx *Tx) DeleteEmptyAutomaticGroups(ctx context.Context, ids ...int64) error {
	for _, id := range ids {
		_, err := tx.exec(ctx, `DELETE FROM groups WHERE id = $1 AND automatic = 1
			AND NOT EXISTS (SELECT 1 FROM group_users WHERE group_id = groups.id)`, id)
		if err != nil {
			return err
		}
	}
	return nil
}

// GroupMembers returns the ids of the people in a group.
func (q Queries) GroupMembers(ctx context.Context, groupID int64) ([]int64, error) {
	return many(ctx, q.q, value[int64], `SELECT user_id FROM group_users WHERE group_id = $1`, groupID)
}

// Groups returns all groups, by name.
func (q Queries) Groups(ctx context.Context) ([]Group, error) {
	return many(ctx, q.q, func(s scanner) (g Group, err error) {
		err = s.Scan(&g.ID, &g.Name, &g.Role, &g.Automatic, &g.AllTenants, &g.CreatedAt)
		return g, err
	}, `SELECT id, name, role, automatic, all_tenants, created_at FROM groups ORDER BY name, id`)
}

// RemoveMember takes a person out of a group; not being in it is no error.
func (tx *Tx) RemoveMember(ctx context.Context, groupID, userID int64) error {
	_, err := tx.exec(ctx, `DELETE FROM group_users WHERE group_id = $1 AND user_id = $2`, groupID, userID)
	return err
}

// GroupNames returns the names of the groups of people, by name.
func (q Queries) GroupNames(ctx context.Context, users []int64) (map[int64][]string, error) {
	names := make(map[int64][]string, len(users))
	if len(users) == 0 {
		return names, nil
	}
	places, args := inList(users)
	type membership struct {
		user int64
		name string
	}
	rows, err := many(ctx, q.q, func(s scanner) (m membership, err error) {
		err = s.Scan(&m.user, &m.name)
		return m, err
	}, `SELECT gu.user_id, g.name FROM group_users gu JOIN groups g ON g.id = gu.group_id WHERE gu.user_id IN (`+places+`) ORDER BY g.name`, args...)
	for _, m := range rows {
		names[m.user] = append(names[m.user], m.name)
	}
	return names, err
}
