package store

import (
	"context"

	"console/internal/permission"
)

// CoveringGroup is a group of a person with the tenants it covers.
type CoveringGroup struct {
	Group
	Tenants  []int64 // none where AllTenants
	Disabled []int64 // those of Tenants that are disabled
}

// Memberships returns the groups of a person, ordered by id.
func (q Queries) Memberships(ctx context.Context, userID int64) ([]CoveringGroup, error) {
	return q.coveringGroups(ctx, `group_users gu JOIN groups g ON g.id = gu.group_id`, `gu.user_id = $1`, userID)
}

// GroupGrants returns groups with the tenants they cover, ordered by id; unknown ids are left out.
func (q Queries) GroupGrants(ctx context.Context, ids ...int64) ([]CoveringGroup, error) {
	var all []CoveringGroup
	for places, args := range inLists(ids) {
		some, err := q.coveringGroups(ctx, `groups g`, `g.id IN (`+places+`)`, args...)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// covering is a group with one of the tenants that it covers.
type covering struct {
	Group
	tenant   int64 // 0: none
	disabled bool
}

func (q Queries) coveringGroups(ctx context.Context, from, where string, args ...any) ([]CoveringGroup, error) {
	rows, err := many(ctx, q.q, func(s scanner) (c covering, err error) {
		err = c.scanInto(s, &c.tenant, &c.disabled)
		return c, err
	}, `SELECT `+groupColumns+`, coalesce(t.id, 0), coalesce(t.disabled_at, 0) > 0
		FROM `+from+` LEFT JOIN group_tenants gt ON gt.group_id = g.id LEFT JOIN tenants t ON t.id = gt.tenant_id
		WHERE `+where+` ORDER BY g.id, t.id`, args...)
	return gathered(rows), err
}

// gathered puts together what is said of one group in rows ordered by group.
func gathered(rows []covering) []CoveringGroup {
	var list []CoveringGroup
	for _, r := range rows {
		if len(list) == 0 || list[len(list)-1].ID != r.ID {
			list = append(list, CoveringGroup{Group: r.Group})
		}
		m := &list[len(list)-1]
		if r.tenant != 0 {
			m.Tenants = append(m.Tenants, r.tenant)
		}
		if r.disabled {
			m.Disabled = append(m.Disabled, r.tenant)
		}
	}
	return list
}

// UserInGroups returns what the permissions of a person follow from, all of one moment: their id, role and the times of their status,
// and of each group, ordered by id, what it is called, gives and covers; which tenants are disabled it leaves out. It returns ErrNotFound
// for an unknown id. It is one statement, because two in a transaction take three times as long.
func (q Queries) UserInGroups(ctx context.Context, userID int64) (User, []CoveringGroup, error) {
	user := User{ID: userID}
	rows, err := many(ctx, q.q, func(s scanner) (c covering, err error) {
		var custom string
		err = s.Scan(&user.Role, &user.JoinedAt, &user.ActivatedAt, &user.DisabledAt, &c.ID, &c.Name, &c.Role, &custom, &c.Automatic,
			&c.AllTenants, &c.tenant)
		c.Custom = permission.ParseSet(custom)
		return c, err
	}, `SELECT u.role, u.joined_at, u.activated_at, u.disabled_at, coalesce(g.id, 0), coalesce(g.name, ''), coalesce(g.role, ''),
			coalesce(g.permissions, ''), coalesce(g.automatic, 0), coalesce(g.all_tenants, 0), coalesce(gt.tenant_id, 0)
		FROM users u LEFT JOIN group_users gu ON gu.user_id = u.id LEFT JOIN groups g ON g.id = gu.group_id
		LEFT JOIN group_tenants gt ON gt.group_id = g.id WHERE u.id = $1 ORDER BY g.id, gt.tenant_id`, userID)
	switch {
	case err == nil && len(rows) == 0:
		err = ErrNotFound
	case err == nil && rows[0].ID == 0: // in no group
		rows = nil
	}
	return user, gathered(rows), err
}
