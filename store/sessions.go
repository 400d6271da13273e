package store

import "context"

// Session is one signed-in browser. The token itself is never stored, only its SHA-256.
type Session struct {
	ID         int64
	TokenHash  []byte
	UserID     int64
	FormKey    []byte // what the CSRF tokens of its forms are made from
	Data       []byte
	Address    string
	UserAgent  string
	CreatedAt  Millis // the absolute timeout counts from here
	LastSeenAt Millis // the idle timeout counts from here
}

// LiveSession is a session that has not ended, with its person and the account whose timeouts it obeys.
type LiveSession struct {
	Session
	User        User
	IdleTimeout int64 // seconds
}

// LiveSession returns the session of a token, or ErrNotFound when there is none, when one of the account's timeouts
// has passed by now, or when the person may not sign in. The timeouts are those in force now, whatever they were
// when the session began.
func (q Queries) LiveSession(ctx context.Context, tokenHash []byte, now Millis) (LiveSession, error) {
	return one(ctx, q.q, func(s scanner) (l LiveSession, err error) {
		err = s.Scan(append([]any{&l.ID, &l.UserID, &l.FormKey, &l.Data, &l.CreatedAt, &l.LastSeenAt, &l.IdleTimeout}, l.User.fields()...)...)
		return l, err
	}, `SELECT s.id, s.user_id, s.form_key, s.data, s.created_at, s.last_seen_at, a.idle_timeout, `+userColumns+`
		FROM sessions s JOIN users u ON u.id = s.user_id CROSS JOIN account a
		WHERE s.token_hash = $1 AND s.created_at + a.absolute_timeout * 1000 > $2 AND s.last_seen_at + a.idle_timeout * 1000 > $2
		AND u.disabled_at = 0 AND u.activated_at > 0`, tokenHash, now)
}

// SessionAlive says whether a session still exists; the transaction of a change asks it, so that a request which
// began before the session ended changes nothing.
func (q Queries) SessionAlive(ctx context.Context, id int64) (bool, error) {
	return one(ctx, q.q, value[bool], `SELECT EXISTS (SELECT 1 FROM sessions WHERE id = $1)`, id)
}

// InsertSession adds a session.
func (tx *Tx) InsertSession(ctx context.Context, s *Session) (err error) {
	s.ID, err = tx.insert(ctx, `INSERT INTO sessions (token_hash, user_id, form_key, data, address, user_agent, created_at, last_seen_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, s.TokenHash, s.UserID, s.FormKey, s.Data, s.Address, s.UserAgent, s.CreatedAt, s.LastSeenAt)
	return err
}

// SaveSessionData stores what the session remembers between requests. A session that has ended stays ended: there
// is no row to update, and that is no error.
func (tx *Tx) SaveSessionData(ctx context.Context, tokenHash, data []byte) error {
	_, err := tx.exec(ctx, `UPDATE sessions SET data = $2 WHERE token_hash = $1`, tokenHash, data)
	return err
}

// TouchSession notes activity, never backwards.
func (tx *Tx) TouchSession(ctx context.Context, id int64, at Millis) error {
	_, err := tx.exec(ctx, `UPDATE sessions SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $2`, id, at)
	return err
}

// DeleteSession ends one session; ending an ended one is no error.
func (tx *Tx) DeleteSession(ctx context.Context, tokenHash []byte) error {
	_, err := tx.exec(ctx, `DELETE FROM sessions WHERE token_hash = $1`, tokenHash)
	return err
}

// DeleteSessionsOfUser ends all sessions of a person.
func (tx *Tx) DeleteSessionsOfUser(ctx context.Context, userID int64) error {
	_, err := tx.exec(ctx, `DELETE FROM sessions WHERE user_id = $1`, userID)
	return err
}

// DeleteEndedSessions removes the rows of sessions that a timeout has ended by now.
func (tx *Tx) DeleteEndedSessions(ctx context.Context, now Millis) error {
	_, err := tx.exec(ctx, `DELETE FROM sessions WHERE created_at + (SELECT absolute_timeout FROM account) * 1000 <= $1
		OR last_seen_at + (SELECT idle_timeout FROM account) * 1000 <= $1`, now)
	return err
}
