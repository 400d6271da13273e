package store

import (
	"cmp"
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
	_, err := tx.exec(ctx, `INSERT INTO user_changes (user_id, tag) SELECT id, CAST($2 AS BIGINT) FROM (`+nowhereElse+`) AS people`, id, newTag())
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

// AddMember puts a person into a group; being in it already is no error. It says whether they were not.
func (tx *Tx) AddMember(ctx context.Context, groupID, userID int64) (bool, error) {
	n, err := tx.exec(ctx, `INSERT INTO group_users (group_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`, groupID, userID)
	if err != nil || n == 0 {
		return false, err
	}
	return true, tx.countMembers(ctx, groupID, 1)
}

// RemoveMember takes a person out of a group; not being in it is no error. It says whether they were.
func (tx *Tx) RemoveMember(ctx context.Context, groupID, userID int64) (bool, error) {
	n, err := tx.exec(ctx, `DELETE FROM group_users WHERE group_id = $1 AND user_id = $2`, groupID, userID)
	if err != nil || n == 0 {
		return false, err
	}
	return true, tx.countMembers(ctx, groupID, -1)
}

func (tx *Tx) countMembers(ctx context.Context, groupID int64, more int) error {
	return tx.execOne(
		ctx,
		ErrNotFound,
		`UPDATE groups SET members = members + $2, members_version = members_version + $3 WHERE id = $1`,
		groupID,
		more,
		membersStep(),
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

// GroupMembers returns the ids of the people in a group, in ascending order.
func (q Queries) GroupMembers(ctx context.Context, groupID int64) ([]int64, error) {
	return many(ctx, q.q, value[int64], `SELECT user_id FROM group_users WHERE group_id = $1 ORDER BY user_id`, groupID)
}

// InGroup says whether a person is in a group.
func (q Queries) InGroup(ctx context.Context, groupID, userID int64) (bool, error) {
	return one(ctx, q.q, value[bool], `SELECT EXISTS (SELECT 1 FROM group_users WHERE group_id = $1 AND user_id = $2)`, groupID, userID)
}

// MemberKind is what members of a group have in common that decides what it means to them.
type MemberKind struct {
	Role   permission.Role
	Others string // ids of the other groups they are in, separated by commas
}

// Compare orders kinds; which comes first means nothing.
func (k MemberKind) Compare(other MemberKind) int {
	return cmp.Or(cmp.Compare(k.Role, other.Role), cmp.Compare(k.Others, other.Others))
}

// Member is a person in a group.
type Member struct {
	UserID int64
	MemberKind
}

// memberKinds lists the members of a group with their kinds. The other groups stand in the order of their index.
const memberKinds = `SELECT m.user_id, u.role, coalesce((SELECT string_agg(CAST(o.group_id AS TEXT), ',')
		FROM (SELECT group_id FROM group_users WHERE user_id = m.user_id AND group_id <> $1 ORDER BY group_id) AS o), '') AS others
	FROM group_users m JOIN users u ON u.id = m.user_id WHERE m.group_id = $1`

// People are several people, by their number and a checksum of who they are: others have, but for a freak of chance, another.
type People struct {
	Count    int
	Checksum int64
}

// countPeople are the columns of People. The numbers of people are scattered before they are added, so that two people do
// not add up to two others; a million of them stay within an integer.
const countPeople = `count(*), coalesce(sum(user_id * 2654435761 % 4294967291), 0)`

func scanPeople(s scanner) (p People, err error) {
	err = s.Scan(&p.Count, &p.Checksum)
	return p, err
}

// MemberKinds counts the members of a group of each kind.
func (q Queries) MemberKinds(ctx context.Context, groupID int64) (map[MemberKind]People, error) {
	type row struct {
		kind   MemberKind
		people People
	}
	rows, err := many(ctx, q.q, func(s scanner) (r row, err error) {
		err = s.Scan(&r.kind.Role, &r.kind.Others, &r.people.Count, &r.people.Checksum)
		return r, err
	}, `SELECT role, others, `+countPeople+` FROM (`+memberKinds+`) AS kinds GROUP BY role, others`, groupID)
	kinds := make(map[MemberKind]People, len(rows))
	for _, r := range rows {
		kinds[r.kind] = r.people
	}
	return kinds, err
}

// MembersOfKinds returns the first members of a group, by id, who are of one of the kinds.
func (q Queries) MembersOfKinds(ctx context.Context, groupID int64, kinds []MemberKind, limit int) ([]Member, error) {
	listed, err := list(kinds)
	if err != nil {
		return nil, err
	}
	return many(ctx, q.q, func(s scanner) (m Member, err error) {
		err = s.Scan(&m.UserID, &m.Role, &m.Others)
		return m, err
	}, `SELECT user_id, role, others FROM (`+memberKinds+`) AS kinds WHERE (role, others) IN
		(SELECT value ->> 'Role', value ->> 'Others' FROM `+q.engine.objects("$2")+`)
		ORDER BY user_id LIMIT $3`, groupID, listed, limit)
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

// ActiveMembers returns active people of a group, by id, at most limit.
func (q Queries) ActiveMembers(ctx context.Context, groupID int64, limit int) ([]User, error) {
	return many(ctx, q.q, scanUser, `SELECT `+userColumns+` FROM group_users gu JOIN users u ON u.id = gu.user_id
		WHERE gu.group_id = $1 AND u.activated_at > 0 AND u.disabled_at = 0 ORDER BY gu.user_id LIMIT $2`, groupID, limit)
}

// GroupsOf returns the groups of a person, by name.
func (q Queries) GroupsOf(ctx context.Context, userID int64) ([]Group, error) {
	return many(ctx, q.q, scanGroup, `SELECT `+groupColumns+` FROM group_users gu JOIN groups g ON g.id = gu.group_id
		WHERE gu.user_id = $1 ORDER BY g.name_key, g.id`, userID)
}

// GroupNames returns the names of the groups of people, by name.
func (q Queries) GroupNames(ctx context.Context, users []int64) (map[int64][]string, error) {
	names := make(map[int64][]string, len(users))
	type membership struct {
		user int64
		name string
	}
	for places, args := range inLists(users) {
		rows, err := many(ctx, q.q, func(s scanner) (m membership, err error) {
			err = s.Scan(&m.user, &m.name)
			return m, err
		}, `SELECT gu.user_id, g.name FROM group_users gu JOIN groups g ON g.id = gu.group_id
			WHERE gu.user_id IN (`+places+`) ORDER BY g.name_key, g.id`, args...)
		if err != nil {
			return nil, err
		}
		for _, m := range rows {
			names[m.user] = append(names[m.user], m.name)
		}
	}
	return names, nil
}

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
