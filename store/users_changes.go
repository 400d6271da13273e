package store

import "context"

// LastUserChange returns the newest entry of the log of changes to people, or 0.
func (q Queries) LastUserChange(ctx context.Context) (int64, error) {
	return one(ctx, q.q, value[int64], `SELECT coalesce(max(id), 0) FROM user_changes`)
}

// OldestUserChange returns the oldest entry still kept, or 0.
func (q Queries) OldestUserChange(ctx context.Context) (int64, error) {
	return one(ctx, q.q, value[int64], `SELECT coalesce(min(id), 0) FROM user_changes`)
}

// UserChange is an entry of the log: somebody was added, changed or deleted.
type UserChange struct{ ID, UserID int64 }

// UserChanges returns the entries after one, at most limit, in order.
func (q Queries) UserChanges(ctx context.Context, after int64, limit int) ([]UserChange, error) {
	return many(ctx, q.q, func(s scanner) (c UserChange, err error) {
		err = s.Scan(&c.ID, &c.UserID)
		return c, err
	}, `SELECT id, user_id FROM user_changes WHERE id > $1 ORDER BY id LIMIT $2`, after, limit)
}

// keptUserChanges is how many entries the log keeps. Who has fallen further behind reads the people again.
const keptUserChanges = 100_000

// DeleteOldUserChanges forgets all but the newest entries.
func (tx *Tx) DeleteOldUserChanges(ctx context.Context) error {
	_, err := tx.exec(ctx, `DELETE FROM user_changes WHERE id <= (SELECT max(id) FROM user_changes) - $1`, keptUserChanges)
	return err
}

// noteUserChange appends to the log; whatever changes a row of users calls it.
func (tx *Tx) noteUserChange(ctx context.Context, userID int64) error {
	_, err := tx.exec(ctx, `INSERT INTO user_changes (user_id) VALUES ($1)`, userID)
	return err
}
