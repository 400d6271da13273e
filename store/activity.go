package store

import "context"

// Entry is one line of the audit trail. It names people and things as text, so that it stays readable when they go.
type Entry struct {
	ID         int64
	At         Millis
	ActorID    int64
	Actor      string
	Source     string
	Address    string
	RequestID  string
	Action     string
	ObjectType string
	ObjectID   int64
	Object     string
	Outcome    string
	Changes    string // JSON: field → [previous, new]
}

// InsertEntry appends e. Entries cannot be changed or removed.
func (tx *Tx) InsertEntry(ctx context.Context, e *Entry) (err error) {
	e.ID, err = tx.insert(ctx, `INSERT INTO activity (at, actor_id, actor, source, address, request_id, action, object_type, object_id, object, outcome, changes)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		e.At, e.ActorID, e.Actor, e.Source, e.Address, e.RequestID, e.Action, e.ObjectType, e.ObjectID, e.Object, e.Outcome, e.Changes)
	return err
}

// Entries returns the newest entries first, at most limit.
func (q Queries) Entries(ctx context.Context, limit int) ([]Entry, error) {
	return many(ctx, q.q, func(s scanner) (e Entry, err error) {
		err = s.Scan(&e.ID, &e.At, &e.ActorID, &e.Actor, &e.Source, &e.Address, &e.RequestID, &e.Action, &e.ObjectType, &e.ObjectID, &e.Object,
			&e.Outcome, &e.Changes)
		return e, err
	}, `SELECT id, at, actor_id, actor, source, address, request_id, action, object_type, object_id, object, outcome, changes
		FROM activity ORDER BY id DESC LIMIT $1`, limit)
}
