package store

import (
	"context"
	"fmt"
)

// Entry is one line of the audit trail. It names people and things as text, so that it stays readable when they go.
type Entry struct {
	ID         int64
	At         Millis
	ActorID    int64
	Actor      string
	Source     string
	Address    string
	UserAgent  string // of the browser, where it came from one
	RequestID  string
	Action     string
	ObjectType string
	ObjectID   int64
	Object     string
	Outcome    string
	Changes    string // JSON: field → [previous, new]
	JobID      int64  // the job that did it; 0: none
	TokenID    int64  // the API token that did it; 0: none
	Token      string // its name
	MAC        []byte // over the entry and the one before; empty: it is older than the chain
}

const entryColumns = `id, at, actor_id, actor, source, address, request_id, action, object_type, object_id, object, outcome,
	changes, user_agent, job_id, mac, token_id, token`

func scanEntry(s scanner) (e Entry, err error) {
	err = s.Scan(&e.ID, &e.At, &e.ActorID, &e.Actor, &e.Source, &e.Address, &e.RequestID, &e.Action, &e.ObjectType, &e.ObjectID, &e.Object,
		&e.Outcome, &e.Changes, &e.UserAgent, &e.JobID, &e.MAC, &e.TokenID, &e.Token)
	return e, err
}

// Entries returns the newest entries first, at most limit.
func (q Queries) Entries(ctx context.Context, limit int) ([]Entry, error) {
	return many(ctx, q.q, scanEntry, `SELECT `+entryColumns+` FROM activity ORDER BY id DESC LIMIT $1`, limit)
}

// EntriesOfJob returns the entries with one of the actions that a job has made, the oldest first.
func (q Queries) EntriesOfJob(ctx context.Context, jobID int64, actions []string) ([]Entry, error) {
	places, args := inList(actions)
	return many(ctx, q.q, scanEntry, fmt.Sprintf(`SELECT `+entryColumns+` FROM activity WHERE job_id = $%d AND job_id <> 0
		AND action || '' IN (`+places+`) AND outcome = 'done' ORDER BY id`, len(args)+1), append(args, jobID)...)
}

// EntriesAfter returns the entries with ids above id in order of their ids, at most limit.
func (q Queries) EntriesAfter(ctx context.Context, id int64, limit int) ([]Entry, error) {
	return many(ctx, q.q, scanEntry, `SELECT `+entryColumns+` FROM activity WHERE id > $1 ORDER BY id LIMIT $2`, id, limit)
}

// LastEntry returns the id of the newest entry, or 0.
func (q Queries) LastEntry(ctx context.Context) (int64, error) {
	return one(ctx, q.q, value[int64], `SELECT coalesce(max(id), 0) FROM activity`)
}

// ChangedSince reports whether anything has been changed since an entry was the newest. Who signs in or out or gives a password
// changes nothing, nor does who is refused.
func (q Queries) ChangedSince(ctx context.Context, entry int64) (bool, error) {
	return one(ctx, q.q, value[bool], `SELECT EXISTS (SELECT 1 FROM activity WHERE id > $1 AND outcome = 'done'
		AND action NOT IN ('sign in', 'sign out', 'enter password', 'confirm password'))`, entry)
}

// EntryAt returns the first entry about a person or thing of a moment. It returns ErrNotFound where there is none.
func (q Queries) EntryAt(ctx context.Context, at Millis, objectType string, objectID int64) (Entry, error) {
	return one(ctx, q.q, scanEntry, entryAt, at, objectType, objectID)
}

// entryAt reads what happened at one moment, which is little, whatever else is known of the object.
const entryAt = `WITH moment AS MATERIALIZED (SELECT * FROM activity WHERE at = $1)
	SELECT ` + entryColumns + ` FROM moment WHERE object_type = $2 AND object_id = $3 ORDER BY id LIMIT 1`

// SignIns returns the attempts to sign in as a person since a moment, the newest first, at most limit; with before only
// those older than that entry. Attempts that failed may name only the address that was typed.
func (q Queries) SignIns(ctx context.Context, user User, since Millis, before int64, limit int) ([]Entry, error) {
	return many(ctx, q.q, scanEntry, q.signInsQuery(), user.ID, user.Email, since, before, limit)
}

// signInsQuery asks for the two kinds of attempts by themselves: with OR between them, SQLite reads the activity of everybody.
func (q Queries) signInsQuery() string {
	const ids = `SELECT id FROM activity WHERE action >= 'sign in' AND action < 'sign io' AND at >= $3
		AND (CAST($4 AS BIGINT) = 0 OR id < $4)`
	return `SELECT ` + entryColumns + ` FROM activity WHERE id IN (
		SELECT id FROM (` + ids + ` AND object_id = $1 ORDER BY id DESC LIMIT $5) AS named UNION ALL
		SELECT id FROM (` + ids + ` AND object_id = 0 AND ` + q.engine.sameLetters("object", "$2") + ` ORDER BY id DESC LIMIT $5) AS typed
	) ORDER BY id DESC LIMIT $5`
}
