package store

import (
	"context"
	"time"
)

// ResetLink is a link by which a person sets a new password.
type ResetLink struct {
	TokenHash []byte
	UserID    int64
	CreatedAt Millis
	ExpiresAt Millis
	Ended     LinkEnd // empty: open
}

// Expired says that the link has run out by now, or that the clock was set back since it was issued (Millis.Over).
func (l ResetLink) Expired(now Millis) bool {
	return l.CreatedAt.Over(time.Duration(l.ExpiresAt-l.CreatedAt)*time.Millisecond, now)
}

// InsertResetLink adds a link.
func (tx *Tx) InsertResetLink(ctx context.Context, l ResetLink) error {
	_, err := tx.exec(ctx, `INSERT INTO reset_links (token_hash, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)`,
		l.TokenHash, l.UserID, l.CreatedAt, l.ExpiresAt)
	return err
}

// ResetLink returns the link of a token, ended ones included, or ErrNotFound.
func (q Queries) ResetLink(ctx context.Context, tokenHash []byte) (ResetLink, error) {
	return one(ctx, q.q, func(s scanner) (l ResetLink, err error) {
		err = s.Scan(&l.TokenHash, &l.UserID, &l.CreatedAt, &l.ExpiresAt, &l.Ended)
		return l, err
	}, `SELECT token_hash, user_id, created_at, expires_at, ended FROM reset_links WHERE token_hash = $1`, tokenHash)
}

// ResetLinksBetween counts the links a person was sent after one time and up to another.
func (q Queries) ResetLinksBetween(ctx context.Context, userID int64, after, until Millis) (int, error) {
	return one(
		ctx,
		q.q,
		value[int],
		`SELECT count(*) FROM reset_links WHERE user_id = $1 AND created_at > $2 AND created_at <= $3`,
		userID,
		after,
		until,
	)
}

// UseResetLink uses up an open link, or returns ErrNotFound.
func (tx *Tx) UseResetLink(ctx context.Context, tokenHash []byte) error {
	return tx.execOne(ctx, ErrNotFound, `UPDATE reset_links SET ended = 'used' WHERE token_hash = $1 AND ended = ''`, tokenHash)
}

// EndResetLinks ends the open links of a person.
func (tx *Tx) EndResetLinks(ctx context.Context, userID int64, how LinkEnd) error {
	_, err := tx.exec(ctx, `UPDATE reset_links SET ended = $2 WHERE user_id = $1 AND ended = ''`, userID, how)
	return err
}

// DeleteResetLinks forgets the links that ran out before a time.
func (tx *Tx) DeleteResetLinks(ctx context.Context, before Millis) error {
	_, err := tx.exec(ctx, `DELETE FROM reset_links WHERE expires_at < $1`, before)
	return err
}

// ResetRequest is a visitor's request for a link, for an address as they typed it.
type ResetRequest struct {
	ID                                   int64
	Email, Address, RequestID, UserAgent string
}

// InsertResetRequest queues a request.
func (tx *Tx) InsertResetRequest(ctx context.Context, r *ResetRequest) (err error) {
	r.ID, err = tx.insert(ctx, `INSERT INTO reset_requests (email, address, request_id, user_agent) VALUES ($1, $2, $3, $4)`,
		r.Email, r.Address, r.RequestID, r.UserAgent)
	return err
}

// ResetRequestWaits says whether a request has not been answered yet.
func (q Queries) ResetRequestWaits(ctx context.Context) (bool, error) {
	return one(ctx, q.q, value[bool], `SELECT EXISTS (SELECT 1 FROM reset_requests)`)
}

// TakeResetRequest returns the oldest request and forgets it, or ErrNotFound.
func (tx *Tx) TakeResetRequest(ctx context.Context) (ResetRequest, error) {
	return one(ctx, tx.q, func(s scanner) (r ResetRequest, err error) {
		err = s.Scan(&r.ID, &r.Email, &r.Address, &r.RequestID, &r.UserAgent)
		return r, err
	}, `DELETE FROM reset_requests WHERE id = (SELECT min(id) FROM reset_requests) 
		RETURNING id, email, address, request_id, user_agent`)
}
