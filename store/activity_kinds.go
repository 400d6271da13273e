package store

import (
	"context"
	"maps"
	"sync"
)

// EntryKinds remembers which combinations of object type, action, outcome and source occur among the entries, and when each did
// last. There are a few hundred, and any entry may add one. The zero value knows none yet.
type EntryKinds struct {
	mu      sync.Mutex
	through int64 // the id of the newest entry that has been looked at
	newest  map[entryKind]Millis
}

type entryKind struct{ objectType, action, outcome, source string }

// kindsAnew is how many new entries are as much work as to look for all kinds again.
const kindsAnew = 10_000

// current returns the kinds that occur as q sees the database, with a moment after which there is none. Some may have been
// removed.
func (k *EntryKinds) current(ctx context.Context, q Queries) (map[entryKind]Millis, error) {
	last, err := q.LastEntry(ctx)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if last > k.through {
		if err := k.learn(ctx, q, last); err != nil {
			return nil, err
		}
	}
	return maps.Clone(k.newest), nil
}

// learn looks at the entries after through, up to last.
func (k *EntryKinds) learn(ctx context.Context, q Queries, last int64) error {
	statement, args := newKinds, []any{k.through}
	if last-k.through > kindsAnew {
		statement, args = allKinds(), nil
	}
	type moment struct {
		kind entryKind
		at   Millis
	}
	found, err := many(ctx, q.q, func(row scanner) (m moment, err error) {
		err = row.Scan(&m.at, &m.kind.objectType, &m.kind.action, &m.kind.outcome, &m.kind.source)
		return m, err
	}, statement, args...)
	if err != nil {
		return err
	}
	if k.newest == nil {
		k.newest = map[entryKind]Millis{}
	}
	for _, m := range found {
		k.newest[m.kind] = max(k.newest[m.kind], m.at)
	}
	k.through = last
	return nil
}

const newKinds = `SELECT max(at), object_type, action, outcome, source FROM activity WHERE id > $1
	GROUP BY object_type, action, outcome, source`

// allKinds asks for all kinds, whichever the entries are.
func allKinds() string {
	all, _ := looseScan(entryPath{columns: entriesByKind})
	return "SELECT (SELECT a.at FROM activity a" + agreeing(entriesByKind) + " ORDER BY a.at DESC LIMIT 1), l.* FROM (" + all + ") l"
}
