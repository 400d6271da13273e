package store

import (
	"context"

	"console/internal/permission"
)

// PeopleHolding counts the people in groups, each once, and those who need none: the Global Administrators. Who was invited
// by link holds nothing before they sign up.
func (q Queries) PeopleHolding(ctx context.Context, groups []int64) (People, error) {
	listed, err := list(groups)
	if err != nil {
		return People{}, err
	}
	return one(ctx, q.q, scanPeople, q.withHolding()+` SELECT `+countPeople+` FROM holding`, listed)
}

// FirstHolding returns the first of the people that PeopleHolding counts, by id.
func (q Queries) FirstHolding(ctx context.Context, groups []int64, limit int) ([]int64, error) {
	listed, err := list(groups)
	if err != nil {
		return nil, err
	}
	return many(ctx, q.q, value[int64], q.withHolding()+` SELECT user_id FROM holding ORDER BY user_id LIMIT $2`, listed, limit)
}

func (q Queries) withHolding() string {
	return `WITH holding AS (SELECT user_id FROM group_users WHERE group_id IN
			(SELECT CAST(value AS BIGINT) FROM ` + q.engine.elements("$1", "wanted") + `)
		UNION SELECT id FROM users WHERE role = 'global_admin' AND joined_at > 0)`
}

// Giving are the groups with members that give a permission in a tenant.
type Giving struct {
	Groups  int
	Members int // of all of them together; who is in several counts for each

	ids   string // of the groups, in JSON: there may be thousands
	roles string // those that give it, in JSON
	key   string // of the permission, as it stands between others
	in    int64  // the tenant
}

// giving is the condition that a group gives what the first three arguments say: Giving.roles, key and in.
func (q Queries) giving() string {
	return `(g.role IN (SELECT value FROM ` + q.engine.elements("$1", "roles") + `)
			OR g.role = '' AND replace(' ' || g.permissions || ' ', $2, '') <> ' ' || g.permissions || ' ')
		AND (g.all_tenants = 1 OR EXISTS (SELECT 1 FROM group_tenants gt WHERE gt.group_id = g.id AND gt.tenant_id = $3))`
}

// GroupsGiving returns the groups that give p in a tenant.
func (q Queries) GroupsGiving(ctx context.Context, p permission.Permission, tenantID int64) (Giving, error) {
	var roles []permission.Role
	for _, role := range permission.Roles() {
		if role.Set().Has(p) {
			roles = append(roles, role)
		}
	}
	listed, err := list(roles)
	if err != nil {
		return Giving{}, err
	}
	g := Giving{roles: listed, key: " " + p.String() + " ", in: tenantID}
	return one(ctx, q.q, func(s scanner) (Giving, error) {
		err := s.Scan(&g.ids, &g.Groups, &g.Members)
		return g, err
	}, `SELECT '[' || coalesce(string_agg(CAST(g.id AS TEXT), ','), '') || ']', count(*), coalesce(sum(g.members), 0)
		FROM groups g WHERE g.members > 0 AND `+q.giving(),
		g.roles, g.key, g.in)
}

// NextGiven returns the first id after one of somebody in any of the groups, or of a Global Administrator, who needs none; 0: there is
// nobody. It looks once into each group.
func (q Queries) NextGiven(ctx context.Context, g Giving, after int64) (int64, error) {
	return one(ctx, q.q, value[int64], `SELECT coalesce(min(id), 0) FROM (SELECT (SELECT user_id FROM group_users
			WHERE group_id = CAST(wanted.value AS BIGINT) AND user_id > $2 ORDER BY user_id LIMIT 1) AS id
			FROM `+q.engine.elements("$1", "wanted")+`
		UNION ALL SELECT min(id) FROM users WHERE role = 'global_admin' AND id > $2) AS firsts`, g.ids, after)
}

// PeopleGiven returns the ids after one, up to another, of the people in any of the groups and of the Global Administrators, in
// ascending order. It looks once into each group, and reads all its memberships between the two.
func (q Queries) PeopleGiven(ctx context.Context, g Giving, after, last int64) ([]int64, error) {
	return many(ctx, q.q, value[int64], `SELECT user_id FROM group_users WHERE group_id IN
			(SELECT CAST(value AS BIGINT) FROM `+q.engine.elements("$1", "wanted")+`)
			AND user_id > $2 AND user_id <= $3
		UNION SELECT id FROM users WHERE role = 'global_admin' AND id > $2 AND id <= $3 ORDER BY user_id`, g.ids, after, last)
}

// MembershipsGiven returns which of the groups people are in, by person; without what else the groups cover than the tenant. It does
// not matter how many groups there are.
func (q Queries) MembershipsGiven(ctx context.Context, g Giving, users []int64) (map[int64][]CoveringGroup, error) {
	memberships := make(map[int64][]CoveringGroup, len(users))
	type membership struct {
		user  int64
		group Group
	}
	listed, err := list(users)
	if err != nil {
		return nil, err
	}
	rows, err := many(ctx, q.q, func(s scanner) (m membership, err error) {
		err = m.group.scanInto(s, &m.user)
		return m, err
	}, `SELECT `+groupColumns+`, gu.user_id FROM `+q.engine.elements("$4", "wanted")+`
		CROSS JOIN group_users gu CROSS JOIN groups g
		WHERE gu.user_id = CAST(wanted.value AS BIGINT) AND g.id = gu.group_id AND `+q.giving()+` ORDER BY gu.user_id, g.id`,
		g.roles, g.key, g.in, listed)
	for _, m := range rows {
		c := CoveringGroup{Group: m.group}
		if !c.AllTenants {
			c.Tenants = []int64{g.in}
		}
		memberships[m.user] = append(memberships[m.user], c)
	}
	return memberships, err
}
