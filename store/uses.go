package store

import "context"

// Use is one of those times that a limit counts: a mail to an address, a test of a person.
type Use struct {
	Kind, Subject string
	At            Millis
}

// InsertUse notes a use.
func (tx *Tx) InsertUse(ctx context.Context, u Use) error {
	_, err := tx.exec(ctx, `INSERT INTO uses (kind, subject, at) VALUES ($1, $2, $3)`, u.Kind, u.Subject, u.At)
	return err
}

// Uses returns when a subject used something after one time and up to another, the earliest first.
func (q Queries) Uses(ctx context.Context, kind, subject string, after, until Millis) ([]Millis, error) {
	return many(ctx, q.q, value[Millis], `SELECT at FROM uses WHERE kind = $1 AND subject = $2 AND at > $3 AND at <= $4 ORDER BY at`,
		kind, subject, after, until)
}

// DeleteUses forgets what was used before a time.
func (tx *Tx) DeleteUses(ctx context.Context, before Millis) error {
	_, err := tx.exec(ctx, `DELETE FROM uses WHERE at < $1`, before)
	return err
}
