package store

import (
	"cmp"
	"context"

	"console/internal/permission"
)

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
