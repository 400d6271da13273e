package store

import (
	"context"
	"slices"

	"console/internal/input"
	"console/internal/permission"
)

// Group gives its users the permissions of its source role, or a set of its own, in its tenants.
type Group struct {
	ID             int64
	Name           string
	Role           permission.Role // source role; empty: Custom is the set
	Custom         permission.Set
	Automatic      bool
	AllTenants     bool // present and future ones
	Members        int
	MembersVersion int64 // rises with every change of its members, by a random step
	CreatedAt      Millis
	Version        int64
}

// Set is what the group gives in each of its tenants.
func (g Group) Set() permission.Set {
	if g.Role == "" {
		return g.Custom
	}
	return g.Role.Set()
}

const groupColumns = `g.id, g.name, g.role, g.permissions, g.automatic, g.all_tenants, g.members, g.members_version,
	g.created_at, g.version`

// scanInto scans the columns of a group and those that follow them.
func (g *Group) scanInto(s scanner, more ...any) error {
	var custom string
	err := s.Scan(append([]any{&g.ID, &g.Name, &g.Role, &custom, &g.Automatic, &g.AllTenants, &g.Members, &g.MembersVersion,
		&g.CreatedAt, &g.Version}, more...)...)
	g.Custom = permission.ParseSet(custom)
	return err
}

func scanGroup(s scanner) (g Group, err error) {
	err = g.scanInto(s)
	return g, err
}

// GroupByID returns ErrNotFound for an unknown id.
func (q Queries) GroupByID(ctx context.Context, id int64) (Group, error) {
	return one(ctx, q.q, scanGroup, `SELECT `+groupColumns+` FROM groups g WHERE g.id = $1`, id)
}

// AutomaticGroup returns the automatic group of a role in a tenant (0: the one for all tenants), or ErrNotFound.
func (q Queries) AutomaticGroup(ctx context.Context, role permission.Role, tenantID int64) (Group, error) {
	return one(ctx, q.q, scanGroup, `SELECT `+groupColumns+` FROM groups g
		LEFT JOIN group_tenants gt ON gt.group_id = g.id
		WHERE g.automatic = 1 AND g.role = $1 AND coalesce(gt.tenant_id, 0) = $2`, role, tenantID)
}

// AutomaticGroupsOf returns the automatic groups of a role, or, with role "", those that cover a tenant.
func (q Queries) AutomaticGroupsOf(ctx context.Context, role permission.Role, tenantID int64) ([]Group, error) {
	return many(ctx, q.q, scanGroup, `SELECT `+groupColumns+` FROM groups g WHERE g.automatic = 1 AND (g.role = $1
		OR $1 = '' AND g.id IN (SELECT group_id FROM group_tenants WHERE tenant_id = $2)) ORDER BY g.name_key, g.id`, role, tenantID)
}

// GroupQuery chooses a page of the groups by name. A zero filter lets every group pass.
type GroupQuery struct {
	Search string          // part of the name, whatever the case and the accents
	Role   permission.Role // source role
	Custom bool            // only groups with permissions of their own
	Cursor Cursor
	Limit  int
}

// ListedGroup is a row of the list of groups.
type ListedGroup struct {
	Group
	Tenants int // how many it covers; meaningless where AllTenants
}

// ListGroups returns a page of the groups by name, and the cursors of the pages beside it.
func (q Queries) ListGroups(ctx context.Context, query GroupQuery) (groups []ListedGroup, next, prev Cursor, err error) {
	compare, order := ">", "ASC"
	if query.Cursor.Before {
		compare, order = "<", "DESC"
	}
	key, _ := query.Cursor.Key.(string)
	groups, err = many(ctx, q.q, func(s scanner) (g ListedGroup, err error) {
		err = g.scanInto(s, &g.Tenants)
		return g, err
	}, `SELECT `+groupColumns+`, (SELECT count(*) FROM group_tenants gt WHERE gt.group_id = g.id) FROM groups g
		WHERE ($1 = '' OR replace(g.name_key, $1, '') <> g.name_key) AND ($2 = '' OR g.role = $2) AND (CAST($3 AS BIGINT) = 0 OR g.role = '')
		AND (CAST($5 AS BIGINT) = 0 OR (g.name_key, g.id) `+compare+` ($4, $5))
		ORDER BY g.name_key `+order+`, g.id `+order+` LIMIT $6`,
		input.Fold(query.Search), query.Role, query.Custom, key, query.Cursor.ID, query.Limit+1)
	if err != nil {
		return nil, next, prev, err
	}
	more := len(groups) > query.Limit
	groups = groups[:min(len(groups), query.Limit)]
	if query.Cursor.Before {
		slices.Reverse(groups)
	}
	if len(groups) == 0 {
		return nil, next, prev, nil
	}
	onward, back := query.Cursor.leads(more)
	if onward {
		last := groups[len(groups)-1]
		next = Cursor{Key: last.nameKey(), ID: last.ID}
	}
	if back {
		prev = Cursor{Key: groups[0].nameKey(), ID: groups[0].ID, Before: true}
	}
	return groups, next, prev, nil
}

func (g Group) nameKey() string { return input.Fold(g.Name) }

// GroupNamed says whether there is a group of that name but for the one with the id given.
func (q Queries) GroupNamed(ctx context.Context, name string, except int64) (bool, error) {
	return one(ctx, q.q, value[bool], `SELECT EXISTS (SELECT 1 FROM groups WHERE name_key = $1 AND id <> $2)`, input.Fold(name), except)
}

// InsertGroup creates g with its tenants and sets its id and version.
func (tx *Tx) InsertGroup(ctx context.Context, g *Group, tenants ...int64) (err error) {
	g.Version = 1
	g.ID, err = tx.insert(ctx, `INSERT INTO groups (name, name_key, role, permissions, automatic, all_tenants, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, g.Name, g.nameKey(), g.Role, g.Custom.String(), g.Automatic, g.AllTenants, g.CreatedAt)
	if err != nil {
		return err
	}
	return tx.AddGroupTenants(ctx, g.ID, tenants...)
}

// UpdateGroup stores the name, the source role and the set of g when nobody has changed the group since g.Version was
// read, and raises the version; otherwise it returns ErrStale.
func (tx *Tx) UpdateGroup(ctx context.Context, g *Group) error {
	err := tx.execOne(ctx, ErrStale, `UPDATE groups SET name = $3, name_key = $4, role = $5, permissions = $6, version = version + 1
		WHERE id = $1 AND version = $2`, g.ID, g.Version, g.Name, g.nameKey(), g.Role, g.Custom.String())
	if err == nil {
		g.Version++
	}
	return err
}

// DeleteGroup removes a group, neither its users nor its tenants.
func (tx *Tx) DeleteGroup(ctx context.Context, id int64) error {
	return tx.execOne(ctx, ErrNotFound, `DELETE FROM groups WHERE id = $1`, id)
}

// DeleteAutomaticGroup removes an automatic group, however many people are in it. The role of those whom no other automatic
// group of it holds is a label from then on; see User.ByGroups. That is no change of a person: the version stays. It returns
// ErrNotFound for an unknown id.
func (tx *Tx) DeleteAutomaticGroup(ctx context.Context, id int64) error {
	const nowhereElse = `SELECT u.id FROM groups g JOIN group_users gu ON gu.group_id = g.id JOIN users u ON u.id = gu.user_id
		WHERE g.id = $1 AND u.role = g.role AND u.by_groups = 0 AND NOT EXISTS (SELECT 1 FROM group_users o
		JOIN groups other ON other.id = o.group_id
			WHERE o.user_id = u.id AND o.group_id <> g.id AND other.automatic = 1 AND other.role = u.role)`
	_, err := tx.exec(ctx, `INSERT INTO user_changes (user_id, tag)
		SELECT id, CAST($2 AS BIGINT) FROM (`+nowhereElse+`) AS people`, id, newTag())
	if err != nil {
		return err
	}
	if _, err := tx.exec(ctx, `UPDATE users SET by_groups = 1 WHERE id IN (`+nowhereElse+`)`, id); err != nil {
		return err
	}
	return tx.DeleteGroup(ctx, id)
}

// AddGroupTenants lets a group cover tenants; covering one already is no error.
func (tx *Tx) AddGroupTenants(ctx context.Context, groupID int64, tenants ...int64) error {
	for _, tenant := range tenants {
		if _, err := tx.exec(
			ctx,
			`INSERT INTO group_tenants (group_id, tenant_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
			groupID,
			tenant,
		); err != nil {
			return err
		}
	}
	return nil
}

// RemoveGroupTenant ends that a group covers a tenant; not covering it is no error.
func (tx *Tx) RemoveGroupTenant(ctx context.Context, groupID, tenantID int64) error {
	_, err := tx.exec(ctx, `DELETE FROM group_tenants WHERE group_id = $1 AND tenant_id = $2`, groupID, tenantID)
	return err
}

// RaiseGroupVersion notes a change of what a group covers, so that a form read before it is stale.
func (tx *Tx) RaiseGroupVersion(ctx context.Context, groupID int64) error {
	return tx.execOne(ctx, ErrNotFound, `UPDATE groups SET version = version + 1 WHERE id = $1`, groupID)
}

// GroupTenants returns the tenants that a group covers, the main one first.
func (q Queries) GroupTenants(ctx context.Context, groupID int64) ([]Tenant, error) {
	return many(
		ctx,
		q.q,
		scanTenant,
		`SELECT `+tenantColumns+` FROM tenants WHERE id IN (SELECT tenant_id FROM group_tenants WHERE group_id = $1)
		ORDER BY main DESC, id`,
		groupID,
	)
}

// DeleteEmptyAutomaticGroups removes the automatic groups among ids whose last member has left.
func (tx *Tx) DeleteEmptyAutomaticGroups(ctx context.Context, ids ...int64) error {
	for _, id := range ids {
		if _, err := tx.exec(ctx, `DELETE FROM groups WHERE id = $1 AND automatic = 1 AND members = 0`, id); err != nil {
			return err
		}
	}
	return nil
}

// Groups returns groups by name, at most limit.
func (q Queries) Groups(ctx context.Context, limit int) ([]Group, error) {
	return many(ctx, q.q, scanGroup, `SELECT `+groupColumns+` FROM groups g ORDER BY g.name_key, g.id LIMIT $1`, limit)
}

// EditableGroups returns the groups that are not automatic, by name, after a group (the zero Group: from the first on), at
// most limit.
func (q Queries) EditableGroups(ctx context.Context, after Group, limit int) ([]Group, error) {
	return many(ctx, q.q, scanGroup, `SELECT `+groupColumns+` FROM groups g WHERE g.automatic = 0 AND (g.name_key, g.id) > ($1, $2)
		ORDER BY g.name_key, g.id LIMIT $3`, after.nameKey(), after.ID, limit)
}

// GroupsCovering returns the groups that reach a tenant, by id.
func (q Queries) GroupsCovering(ctx context.Context, tenantID int64) ([]Group, error) {
	return many(ctx, q.q, scanGroup, `SELECT `+groupColumns+` FROM groups g WHERE g.all_tenants = 1
		OR g.id IN (SELECT group_id FROM group_tenants WHERE tenant_id = $1) ORDER BY g.id`, tenantID)
}
