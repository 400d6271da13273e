package store

import "context"

// EntriesAfter returns the entries with ids above id in order of their ids, at most limit.
func (q Queries) EntriesAfter(ctx context.Context, id int64, limit int) ([]Entry, error) {
	return many(ctx, q.q, scanEntry, `SELECT `+entryColumns+` FROM activity WHERE id > $1 ORDER BY id LIMIT $2`, id, limit)
}
