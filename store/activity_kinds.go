package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// EntryKinds remembers which combinations of object type, action, outcome and source occur among the entries. There are a few
// hundred, and any entry may add one. The zero value knows none yet.
type EntryKinds struct {
	mu      sync.Mutex
	through Head // the newest entry that has been looked at
	known   []entryKind
}

// entryKind are the values of the columns entriesByKind.
type entryKind [4]string

// kindsAnew is how many new entries are as much work as to look for all kinds again.
const kindsAnew = 10_000

// current returns the kinds that occur as q sees the database. Some may have been removed. Nobody may change what it returns.
func (k *EntryKinds) current(ctx context.Context, q Queries) ([]entryKind, error) {
	last, err := q.ActivityHead(ctx)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if !last.is(k.through) {
		if err := k.learn(ctx, q, last); err != nil {
			return nil, err
		}
	}
	return k.known, nil
}

// learn looks at the entries after through, up to last. Where through is not among the entries, because it was removed, or a failover has
// lost it, it looks for all kinds again.
func (k *EntryKinds) learn(ctx context.Context, q Queries, last Head) error {
	there, err := q.ActivityHeadAt(ctx, k.through.ID)
	if err != nil {
		return err
	}
	statement, args := newKinds, []any{k.through.ID, kindsAnew}
	if last.ID-k.through.ID > kindsAnew || !there.is(k.through) {
		statement, args = allKinds, nil
	}
	found, err := many(ctx, q.q, func(row scanner) (kind entryKind, err error) {
		err = row.Scan(&kind[0], &kind[1], &kind[2], &kind[3])
		return kind, err
	}, statement, args...)
	if err != nil {
		return err
	}
	for _, kind := range found {
		if !slices.Contains(k.known, kind) {
			k.known = append(k.known, kind) // behind what others have been given
		}
	}
	k.through = last
	return nil
}

// newKinds reads the new entries in their order, so that it is not found cheaper to read all of an index.
const newKinds = `SELECT DISTINCT object_type, action, outcome, source
	FROM (SELECT object_type, action, outcome, source FROM activity WHERE id > $1 ORDER BY id LIMIT $2) AS new`

// allKinds finds them by a loose index scan: for each column one seek leads from a value to the next one, whatever lies
// between.
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
	return fmt.Sprintf("WITH RECURSIVE %s\nSELECT l.* FROM level%d l%s", strings.Join(levels, ",\n"), len(entriesByKind), occurring)
}()
