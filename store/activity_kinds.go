package store

import (
	"context"
	"fmt"
	"maps"
	"strings"
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

// columns are the values by the names of the columns.
func (k entryKind) columns() map[string]any {
	return map[string]any{"object_type": k.objectType, "action": k.action, "outcome": k.outcome, "source": k.source}
}

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
	statement, args := newKinds, []any{k.through, kindsAnew}
	if last-k.through > kindsAnew {
		statement, args = allKinds, nil
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

// newKinds reads the new entries in their order, so that it is not found cheaper to read all of an index.
const newKinds = `SELECT max(at), object_type, action, outcome, source
	FROM (SELECT at, object_type, action, outcome, source FROM activity WHERE id > $1 ORDER BY id LIMIT $2) AS new
	GROUP BY object_type, action, outcome, source`

// allKinds finds them by a loose index scan: for each column one seek leads from a value to the next one, whatever lies
// between. A last seek for each kind finds its newest entry.
var allKinds = func() string {
	levels := []string{"level0 AS (SELECT 1)"}
	agreeing, kept, occurring := " WHERE 1 = 1", "", ""
	for i, column := range entriesByKind {
		seek := "SELECT " + kept + "(SELECT a." + column + " FROM activity a" + agreeing + "%s ORDER BY a." + column +
			" LIMIT 1) FROM level%d l%s"
		first := fmt.Sprintf(seek, "", i, occurring)
		occurring = " WHERE l." + column + " IS NOT NULL"
		next := fmt.Sprintf(seek, " AND a."+column+" > l."+column, i+1, occurring)
		levels = append(levels, fmt.Sprintf("level%d(%s) AS (%s UNION ALL %s)", i+1, strings.Join(entriesByKind[:i+1], ", "), first, next))
		kept += "l." + column + ", "
		agreeing += " AND a." + column + " = l." + column
	}
	return fmt.Sprintf("WITH RECURSIVE %s\nSELECT (SELECT a.at FROM activity a%s ORDER BY a.at DESC LIMIT 1), l.* FROM level%d l%s",
		strings.Join(levels, ",\n"), agreeing, len(entriesByKind), occurring)
}()
