package store

import (
	"context"
	"errors"
)

// Throttle counts the failures of one subject, for example of one account from one address.
type Throttle struct {
	Kind, Subject   string
	Failures        int
	FirstAt, LastAt Millis // of these failures
}

// Throttle returns the counter of a subject, or a fresh one.
func (q Queries) Throttle(ctx context.Context, kind, subject string) (Throttle, error) {
	t, err := one(ctx, q.q, func(s scanner) (t Throttle, err error) {
		err = s.Scan(&t.Failures, &t.FirstAt, &t.LastAt)
		return t, err
	}, `SELECT failures, first_at, last_at FROM throttles WHERE kind = $1 AND subject = $2`, kind, subject)
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	t.Kind, t.Subject = kind, subject
	return t, err
}

// SaveThrottle stores a counter.
func (tx *Tx) SaveThrottle(ctx context.Context, t Throttle) error {
	_, err := tx.exec(
		ctx,
		`INSERT INTO throttles (kind, subject, failures, first_at, last_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (kind, subject) DO UPDATE SET failures = excluded.failures, first_at = excluded.first_at, last_at = excluded.last_at`,
		t.Kind,
		t.Subject,
		t.Failures,
		t.FirstAt,
		t.LastAt,
	)
	return err
}

// DeleteThrottle forgets a subject's failures.
func (tx *Tx) DeleteThrottle(ctx context.Context, kind, subject string) error {
	_, err := tx.exec(ctx, `DELETE FROM throttles WHERE kind = $1 AND subject = $2`, kind, subject)
	return err
}

// DeleteThrottles forgets the subjects whose last failure was before the time given.
func (tx *Tx) DeleteThrottles(ctx context.Context, before Millis) error {
	_, err := tx.exec(ctx, `DELETE FROM throttles WHERE last_at < $1`, before)
	return err
}
