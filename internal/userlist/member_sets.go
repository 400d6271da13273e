package userlist

import (
	"context"
	"errors"
	"sync"

	"console/store"
)

// memberSets remembers the members of the groups that lists were narrowed to of late, each as new as the database.
type memberSets struct {
	mu   sync.Mutex
	sets map[int64]memberSet // by group
}

// memberSet is a set of ids, one bit for each.
type memberSet struct {
	version int64 // store.Group.MembersVersion
	bits    []uint64
}

// maxMemberSets is how many groups are remembered: at most 125 kB each at a million people.
const maxMemberSets = 64

func (m memberSet) has(id int64) bool {
	word := id / 64
	return word < int64(len(m.bits)) && m.bits[word]&(1<<(id%64)) != 0
}

// of returns the members of a group; an unknown group has none.
func (m *memberSets) of(ctx context.Context, q store.Queries, groupID int64) (memberSet, error) {
	group, err := q.GroupByID(ctx, groupID)
	if errors.Is(err, store.ErrNotFound) {
		return memberSet{}, nil
	}
	if err != nil {
		return memberSet{}, err
	}
	m.mu.Lock()
	set, known := m.sets[groupID]
	m.mu.Unlock()
	if known && set.version == group.MembersVersion {
		return set, nil
	}
	ids, err := q.GroupMembers(ctx, groupID) // at least as new as the version read before
	if err != nil {
		return memberSet{}, err
	}
	set = memberSet{version: group.MembersVersion}
	if len(ids) > 0 {
		set.bits = make([]uint64, ids[len(ids)-1]/64+1)
	}
	for _, id := range ids {
		set.bits[id/64] |= 1 << (id % 64)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sets == nil || len(m.sets) >= maxMemberSets {
		m.sets = map[int64]memberSet{}
	}
	m.sets[groupID] = set
	return set, nil
}
