package store

import (
	"context"
	"errors"
)

// UserChange is an entry of the log: somebody was added, changed or deleted. Its tag is random and tells it from the entry that has the
// same id in another history of the database: a failover may lose the last commits, and a copy may be put back.
type UserChange struct{ ID, UserID, Tag int64 }

const userChangeColumns = `id, user_id, tag`

func scanUserChange(s scanner) (c UserChange, err error) {
	err = s.Scan(&c.ID, &c.UserID, &c.Tag)
	return c, err
}

// LastUserChange returns the newest entry of the log of changes to people. Where there is none, it is the zero value.
func (q Queries) LastUserChange(ctx context.Context) (UserChange, error) {
	last, err := one(ctx, q.q, scanUserChange, `SELECT `+userChangeColumns+` FROM user_changes WHERE id = (SELECT max(id) FROM user_changes)`)
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return last, err
}

// UserChange returns the entry with an id, or ErrNotFound where it is no longer kept, or lost.
func (q Queries) UserChange(ctx context.Context, id int64) (UserChange, error) {
	return one(ctx, q.q, scanUserChange, `SELECT `+userChangeColumns+` FROM user_changes WHERE id = $1`, id)
}

// UserChanges returns the entries after one, at most limit, in order.
func (q Queries) UserChanges(ctx context.Context, after int64, limit int) ([]UserChange, error) {
	return many(ctx, q.q, scanUserChange, `SELECT `+userChangeColumns+` FROM user_changes WHERE id > $1 ORDER BY id LIMIT $2`, after, limit)
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
	_, err := tx.exec(ctx, `INSERT INTO user_changes (user_id, tag) VALUES ($1, $2)`, userID, newTag())
	return err
}
