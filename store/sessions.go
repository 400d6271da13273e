package store

import (
	"context"
	"time"
)

// Stage is how far a sign-in has come.
type Stage string

// A session opens the console when it is finished. Before that it opens one page: the one that asks for the second
// factor, the one on which a person chooses a password in place of an initial one, or the one on which they set up the factor
// that the account demands.
const (
	Finished             Stage = ""
	AwaitsSecondFactor   Stage = "second factor"
	ChoosesPassword      Stage = "password"
	SetsUpSecondFactor   Stage = "set up"
	SecondFactorPatience       = 10 * time.Minute // how long a session waits for the second factor, or for another password
)

// ClockSlack is how far a clock may be set back without consequence.
const ClockSlack = time.Minute

// Over says that what began at m and lasts for a time has ended by now, also where it began later than ClockSlack from now: how
// much of its time has passed is not known, and it shall not outlive it.
func (m Millis) Over(lasts time.Duration, now Millis) bool {
	return now >= m.Add(lasts) || m > now.Add(ClockSlack)
}

// Session is one browser that is signed in or on its way. The token itself is never stored, only its SHA-256.
type Session struct {
	ID             int64
	TokenHash      []byte
	UserID         int64
	Stage          Stage
	FormKey        []byte // what the CSRF tokens of its forms are made from
	Data           []byte
	Address        string
	UserAgent      string
	CreatedAt      Millis // of the first factor; the absolute timeout counts from here
	SecondFactorAt Millis // zero: none was asked for
	LastSeenAt     Millis // the idle timeout counts from here
}

const sessionColumns = `s.id, s.token_hash, s.user_id, s.stage, s.form_key, s.data, s.address, s.user_agent, s.created_at,
	s.second_factor_at, s.last_seen_at`

func (s *Session) fields() []any {
	return []any{
		&s.ID,
		&s.TokenHash,
		&s.UserID,
		&s.Stage,
		&s.FormKey,
		&s.Data,
		&s.Address,
		&s.UserAgent,
		&s.CreatedAt,
		&s.SecondFactorAt,
		&s.LastSeenAt,
	}
}

func scanSession(row scanner) (s Session, err error) {
	err = row.Scan(s.fields()...)
	return s, err
}

// HasEnded says that one of the account's timeouts has passed by now, that the session has waited too long for the second
// factor or another password, or that the clock was set back (Millis.Over). The timeouts are those in force now, whatever they were
// when the session began.
func (s Session) HasEnded(limits Account, now Millis) bool {
	return s.CreatedAt.Over(limits.AbsoluteTimeout, now) || s.LastSeenAt.Over(limits.IdleTimeout, now) ||
		(s.Stage == AwaitsSecondFactor || s.Stage == ChoosesPassword) && s.CreatedAt.Over(SecondFactorPatience, now)
}

// SessionByID returns ErrNotFound for a session that no longer exists. Whether a timeout has passed it does not look
// at: the request that asks was let in.
func (q Queries) SessionByID(ctx context.Context, id int64) (Session, error) {
	return one(ctx, q.q, scanSession, `SELECT `+sessionColumns+` FROM sessions s WHERE s.id = $1`, id)
}

// SessionByToken is SessionByID for a token.
func (q Queries) SessionByToken(ctx context.Context, tokenHash []byte) (Session, error) {
	return one(ctx, q.q, scanSession, `SELECT `+sessionColumns+` FROM sessions s WHERE s.token_hash = $1`, tokenHash)
}

// SessionsAt returns the sessions at a stage, oldest first.
func (q Queries) SessionsAt(ctx context.Context, stage Stage) ([]Session, error) {
	return many(ctx, q.q, scanSession, `SELECT `+sessionColumns+` FROM sessions s WHERE s.stage = $1 ORDER BY s.id`, stage)
}

// InsertSession adds a session and sets its id.
func (tx *Tx) InsertSession(ctx context.Context, s *Session) (err error) {
	s.ID, err = tx.insert(
		ctx,
		`INSERT INTO sessions (token_hash, user_id, stage, form_key, data, address, user_agent, created_at, second_factor_at, last_seen_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		s.TokenHash,
		s.UserID,
		s.Stage,
		s.FormKey,
		s.Data,
		s.Address,
		s.UserAgent,
		s.CreatedAt,
		s.SecondFactorAt,
		s.LastSeenAt,
	)
	return err
}

// SetSessionStage moves a session on.
func (tx *Tx) SetSessionStage(ctx context.Context, id int64, stage Stage) error {
	return tx.execOne(ctx, ErrNotFound, `UPDATE sessions SET stage = $2 WHERE id = $1`, id, stage)
}

// SaveSessionData stores what a session remembers between requests. A session that has ended stays ended: there
// is no row to update, and that is no error. On PostgreSQL it does not wait for other writers.
func (db *DB) SaveSessionData(ctx context.Context, tokenHash, data []byte) error {
	return db.engine.beside(ctx, db, func(tx *Tx) error {
		_, err := tx.exec(ctx, `UPDATE sessions SET data = $2 WHERE token_hash = $1`, tokenHash, data)
		return err
	})
}

// TouchSessions notes when sessions, by id, were last used, never backwards.
func (tx *Tx) TouchSessions(ctx context.Context, at map[int64]Millis) error {
	for id, moment := range at {
		if _, err := tx.exec(ctx, `UPDATE sessions SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $2`, id, moment); err != nil {
			return err
		}
	}
	return nil
}

// DeleteSession ends one session; ending an ended one is no error.
func (tx *Tx) DeleteSession(ctx context.Context, tokenHash []byte) error {
	_, err := tx.exec(ctx, `DELETE FROM sessions WHERE token_hash = $1`, tokenHash)
	return err
}

// DeleteSessionsOfUser ends all sessions of a person.
func (tx *Tx) DeleteSessionsOfUser(ctx context.Context, userID int64) error {
	return tx.DeleteSessionsOfUserBut(ctx, userID, 0)
}

// DeleteSessionsOfUserBut ends all sessions of a person but one.
func (tx *Tx) DeleteSessionsOfUserBut(ctx context.Context, userID, keep int64) error {
	_, err := tx.exec(ctx, `DELETE FROM sessions WHERE user_id = $1 AND id <> $2`, userID, keep)
	return err
}

// DeleteSessionsBut ends all sessions of everybody but one, and says how many that were.
func (tx *Tx) DeleteSessionsBut(ctx context.Context, keep int64) (int64, error) {
	return tx.exec(ctx, `DELETE FROM sessions WHERE id <> $1`, keep)
}

// withoutSecondFactor are the finished sessions of people without a second factor, except one session. Each is looked up by
// itself: those who are signed in are few, those without a second factor may be everybody.
const withoutSecondFactor = `stage = '' AND id <> $1 AND EXISTS (SELECT 1 FROM users WHERE users.id = sessions.user_id AND two_factor = 0)`

// SignedInWithoutSecondFactor counts the people without a second factor who are signed in by now, in other sessions
// than the one given.
func (q Queries) SignedInWithoutSecondFactor(ctx context.Context, except int64, now Millis) (People, error) {
	return one(ctx, q.q, scanPeople, `SELECT `+countPeople+` FROM (SELECT DISTINCT user_id FROM sessions WHERE `+withoutSecondFactor+`
		AND created_at + (SELECT absolute_timeout FROM account) * 1000 > $2
		AND last_seen_at + (SELECT idle_timeout FROM account) * 1000 > $2
		AND created_at <= $3 AND last_seen_at <= $3) AS people`, except, now, now.Add(ClockSlack))
}

// DeleteSessionsWithoutSecondFactor ends the sessions of people without a second factor, but one, and says how many
// that were.
func (tx *Tx) DeleteSessionsWithoutSecondFactor(ctx context.Context, except int64) (int64, error) {
	return tx.exec(ctx, `DELETE FROM sessions WHERE `+withoutSecondFactor, except)
}

// DeleteEndedSessions removes the rows of the sessions of which HasEnded says so.
func (tx *Tx) DeleteEndedSessions(ctx context.Context, now Millis) error {
	_, err := tx.exec(ctx, `DELETE FROM sessions WHERE created_at + (SELECT absolute_timeout FROM account) * 1000 <= $1
		OR last_seen_at + (SELECT idle_timeout FROM account) * 1000 <= $1 OR stage IN ('second factor', 'password') AND created_at <= $2
		OR created_at > $3 OR last_seen_at > $3`,
		now, now.Add(-SecondFactorPatience), now.Add(ClockSlack))
	return err
}
