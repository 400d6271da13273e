package store

import (
	"context"
	"errors"
)

// Authenticator is a person's authenticator app. A new one is pending beside the old one until it is confirmed.
type Authenticator struct {
	Secret      []byte // sealed; nil: none is confirmed
	LastStep    int64  // the newest time step that a code was accepted for
	ConfirmedAt Millis
	Pending     []byte // sealed; nil: none is being set up
	PendingAt   Millis
	PendingIn   int64 // session in which it is being set up
}

// Authenticator returns a person's authenticator, or the zero value where they have none.
func (q Queries) Authenticator(ctx context.Context, userID int64) (Authenticator, error) {
	a, err := one(ctx, q.q, func(s scanner) (a Authenticator, err error) {
		err = s.Scan(&a.Secret, &a.LastStep, &a.ConfirmedAt, &a.Pending, &a.PendingAt, &a.PendingIn)
		return a, err
	}, `SELECT secret, last_step, confirmed_at, pending, pending_at, pending_in FROM authenticators WHERE user_id = $1`, userID)
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return a, err
}

// SavePendingAuthenticator stores the sealed secret of an authenticator that is being set up in a session. It returns ErrOtherKey.
func (tx *Tx) SavePendingAuthenticator(ctx context.Context, userID, sessionID int64, sealed []byte, at Millis) error {
	from, to := sealedAlike(sealed)
	return tx.execOne(ctx, ErrOtherKey, `INSERT INTO authenticators (user_id, pending, pending_at, pending_in)
		SELECT $1, $2, $3, $4 WHERE `+keyInForce(5)+`
		ON CONFLICT (user_id) DO UPDATE SET pending = excluded.pending, pending_at = excluded.pending_at, pending_in = excluded.pending_in`,
		userID, sealed, at, sessionID, from, to)
}

// MovePendingAuthenticator lets an authenticator that is being set up in one session be set up in another.
func (tx *Tx) MovePendingAuthenticator(ctx context.Context, userID, from, to int64) error {
	_, err := tx.exec(
		ctx,
		`UPDATE authenticators SET pending_in = $3 WHERE user_id = $1 AND pending_in = $2 AND pending IS NOT NULL`,
		userID,
		from,
		to,
	)
	return err
}

// ConfirmAuthenticator makes the pending authenticator the person's only one. The step of the code that confirmed it
// counts as used. It returns ErrNotFound where none is pending.
func (tx *Tx) ConfirmAuthenticator(ctx context.Context, userID, step int64, at Millis) error {
	return tx.execOne(
		ctx,
		ErrNotFound,
		`UPDATE authenticators SET secret = pending, last_step = $2, confirmed_at = $3, pending = NULL, pending_at = 0, pending_in = 0
		WHERE user_id = $1 AND pending IS NOT NULL`,
		userID,
		step,
		at,
	)
}

// UseStep accepts a time step, once and forward only (RFC 6238 §5.2). It returns ErrNotFound for one that is used up.
func (tx *Tx) UseStep(ctx context.Context, userID, step int64) error {
	return tx.execOne(ctx, ErrNotFound, `UPDATE authenticators SET last_step = $2 WHERE user_id = $1 AND last_step < $2`, userID, step)
}

// DeleteAuthenticator removes a person's authenticator, confirmed and pending.
func (tx *Tx) DeleteAuthenticator(ctx context.Context, userID int64) error {
	_, err := tx.exec(ctx, `DELETE FROM authenticators WHERE user_id = $1`, userID)
	return err
}

// Passkey is a passkey of a person.
type Passkey struct {
	ID           int64
	UserID       int64
	CredentialID []byte
	Credential   []byte // JSON; public
	Name         string
	CreatedAt    Millis
	LastUsedAt   Millis
}

// Passkeys returns a person's passkeys, oldest first.
func (q Queries) Passkeys(ctx context.Context, userID int64) ([]Passkey, error) {
	return many(ctx, q.q, func(s scanner) (k Passkey, err error) {
		err = s.Scan(&k.ID, &k.UserID, &k.CredentialID, &k.Credential, &k.Name, &k.CreatedAt, &k.LastUsedAt)
		return k, err
	}, `SELECT id, user_id, credential_id, credential, name, created_at, last_used_at FROM passkeys WHERE user_id = $1 ORDER BY id`, userID)
}

// InsertPasskey adds k and sets its id. It returns ErrDuplicate for a credential that somebody has already.
func (tx *Tx) InsertPasskey(ctx context.Context, k *Passkey) (err error) {
	k.ID, err = tx.insert(ctx, `INSERT INTO passkeys (user_id, credential_id, credential, name, created_at) VALUES ($1, $2, $3, $4, $5)`,
		k.UserID, k.CredentialID, string(k.Credential), k.Name, k.CreatedAt)
	return err
}

// UsePasskey notes a use, with what the passkey said of itself.
func (tx *Tx) UsePasskey(ctx context.Context, k Passkey) error {
	return tx.execOne(
		ctx,
		ErrNotFound,
		`UPDATE passkeys SET credential = $2, last_used_at = $3 WHERE id = $1`,
		k.ID,
		string(k.Credential),
		k.LastUsedAt,
	)
}

// DeletePasskey removes a passkey of a person, or returns ErrNotFound.
func (tx *Tx) DeletePasskey(ctx context.Context, userID, id int64) error {
	return tx.execOne(ctx, ErrNotFound, `DELETE FROM passkeys WHERE id = $1 AND user_id = $2`, id, userID)
}

// DeletePasskeys removes all passkeys of a person.
func (tx *Tx) DeletePasskeys(ctx context.Context, userID int64) error {
	_, err := tx.exec(ctx, `DELETE FROM passkeys WHERE user_id = $1`, userID)
	return err
}

// PasskeyQuestion is what the console has asked a passkey in a session and what the browser needs to answer.
type PasskeyQuestion struct {
	SessionID int64
	Question  []byte // JSON
	Options   []byte // JSON, for the browser
	Name      string // of the passkey to be added; empty at sign-in
	CreatedAt Millis
}

func scanQuestion(s scanner) (p PasskeyQuestion, err error) {
	err = s.Scan(&p.SessionID, &p.Question, &p.Options, &p.Name, &p.CreatedAt)
	return p, err
}

// AskPasskey stores a question in place of the one before it.
func (tx *Tx) AskPasskey(ctx context.Context, p PasskeyQuestion) error {
	_, err := tx.exec(ctx, `INSERT INTO passkey_questions (session_id, question, options, name, created_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (session_id) DO UPDATE SET question = excluded.question, options = excluded.options,
			name = excluded.name, created_at = excluded.created_at`,
		p.SessionID, string(p.Question), string(p.Options), p.Name, p.CreatedAt)
	return err
}

// PasskeyQuestion returns the question of a session, or ErrNotFound.
func (q Queries) PasskeyQuestion(ctx context.Context, sessionID int64) (PasskeyQuestion, error) {
	return one(
		ctx,
		q.q,
		scanQuestion,
		`SELECT session_id, question, options, name, created_at FROM passkey_questions WHERE session_id = $1`,
		sessionID,
	)
}

// TakePasskeyQuestion returns the question of a session and forgets it: it is answered once. It returns ErrNotFound.
func (tx *Tx) TakePasskeyQuestion(ctx context.Context, sessionID int64) (PasskeyQuestion, error) {
	return one(
		ctx,
		tx.q,
		scanQuestion,
		`DELETE FROM passkey_questions WHERE session_id = $1 RETURNING session_id, question, options, name, created_at`,
		sessionID,
	)
}

// ReplaceRecoveryCodes makes these the recovery codes of a person, all unused.
func (tx *Tx) ReplaceRecoveryCodes(ctx context.Context, userID int64, hashes [][]byte) error {
	if _, err := tx.exec(ctx, `DELETE FROM recovery_codes WHERE user_id = $1`, userID); err != nil {
		return err
	}
	for _, hash := range hashes {
		if _, err := tx.exec(ctx, `INSERT INTO recovery_codes (user_id, hash) VALUES ($1, $2)`, userID, hash); err != nil {
			return err
		}
	}
	return nil
}

// UseRecoveryCode uses up a code, or returns ErrNotFound for one that is unknown or used up.
func (tx *Tx) UseRecoveryCode(ctx context.Context, userID int64, hash []byte, at Millis) error {
	return tx.execOne(
		ctx,
		ErrNotFound,
		`UPDATE recovery_codes SET used_at = $3 WHERE user_id = $1 AND hash = $2 AND used_at = 0`,
		userID,
		hash,
		at,
	)
}

// RecoveryCodesLeft counts the unused codes of a person.
func (q Queries) RecoveryCodesLeft(ctx context.Context, userID int64) (int, error) {
	return one(ctx, q.q, value[int], `SELECT count(*) FROM recovery_codes WHERE user_id = $1 AND used_at = 0`, userID)
}
