package account

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"console/internal/permission"
	"console/store"
)

// keepSignIns is how far back a sign-in history reaches.
const keepSignIns = 365 * day

// SessionsOf returns the browsers in which a person is signed in, the most recently used first. Everybody sees their
// own; of others it returns Forbidden (users.update, rule "may manage") or store.ErrNotFound.
func (s *Service) SessionsOf(ctx context.Context, by Actor, userID int64) ([]store.Session, error) {
	return read(ctx, s, by, func(v *View) ([]store.Session, error) {
		user, err := v.ownerOfSessions(ctx, userID)
		if err != nil {
			return nil, err
		}
		return v.liveSessionsOf(ctx, user.ID)
	})
}

// liveSessionsOf is SessionsOf for somebody who may see them.
func (v *View) liveSessionsOf(ctx context.Context, userID int64) ([]store.Session, error) {
	limits, err := v.db.Account(ctx)
	if err != nil {
		return nil, err
	}
	sessions, err := v.db.SessionsOfUser(ctx, userID)
	for i := range sessions {
		v.service.afterwards.lastUse(&sessions[i])
	}
	sessions = slices.DeleteFunc(sessions, func(s store.Session) bool { return s.HasEnded(limits, v.now) })
	slices.SortFunc(sessions, func(a, b store.Session) int {
		return cmp.Or(cmp.Compare(b.LastSeenAt, a.LastSeenAt), cmp.Compare(b.ID, a.ID))
	})
	return sessions, err
}

// EndSession signs a person out of one browser. It returns Forbidden (users.update, rule "may manage") for others, and
// store.ErrNotFound for a session that has ended or is not theirs.
func (s *Service) EndSession(ctx context.Context, by Actor, userID, sessionID int64) error {
	_, err := change(ctx, s, by, func(tx *Tx) (struct{}, error) {
		user, err := tx.ownerOfSessions(ctx, userID)
		if err != nil {
			return struct{}{}, err
		}
		session, err := tx.db.SessionByID(ctx, sessionID)
		if err != nil {
			return struct{}{}, err
		}
		if err := tx.db.DeleteSessionOfUser(ctx, user.ID, sessionID); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, tx.record(ctx, actEndSession, Done, userObject(user), changes{"session": {sessionWords(session), ""}})
	})
	return err
}

// EndSessions signs a person out of all browsers, but for the one in which the actor works. It returns Forbidden
// (users.update, rule "may manage") for others, or store.ErrNotFound.
func (s *Service) EndSessions(ctx context.Context, by Actor, userID int64) error {
	_, err := change(ctx, s, by, func(tx *Tx) (struct{}, error) {
		user, err := tx.ownerOfSessions(ctx, userID)
		if err != nil {
			return struct{}{}, err
		}
		ended, err := tx.db.SessionsOfUser(ctx, user.ID)
		if err != nil {
			return struct{}{}, err
		}
		if err := tx.db.DeleteSessionsOfUserBut(ctx, user.ID, by.SessionID); err != nil {
			return struct{}{}, err
		}
		n := len(slices.DeleteFunc(ended, func(s store.Session) bool { return s.ID == by.SessionID }))
		return struct{}{}, tx.record(ctx, actEndSessions, Done, userObject(user), changes{"sessions ended": {"", strconv.Itoa(n)}})
	})
	return err
}

// ownerOfSessions returns the person when the actor may see and end their sessions: oneself, or whom one may manage. To a token its
// owner is somebody like others: it may have been given less than they hold.
func (v *View) ownerOfSessions(ctx context.Context, userID int64) (store.User, error) {
	if userID == v.by.UserID && userID != 0 && v.by.TokenID == 0 {
		return v.db.UserByID(ctx, userID)
	}
	return v.manageable(ctx, userID, permission.UsersUpdate)
}

// OwnSignIns is SignInsOf for the actor.
func (s *Service) OwnSignIns(ctx context.Context, by Actor, before int64, limit int) ([]store.Entry, error) {
	return s.SignInsOf(ctx, by, by.UserID, before, limit)
}

// SignInsOf returns the attempts to sign in as a person of the last year, the newest first, at most limit; with before only
// those older than that entry. Everybody sees their own; of others it returns Forbidden (users.update, rule "may manage") or
// store.ErrNotFound.
func (s *Service) SignInsOf(ctx context.Context, by Actor, userID, before int64, limit int) ([]store.Entry, error) {
	return read(ctx, s, by, func(v *View) ([]store.Entry, error) {
		user, err := v.ownerOfSessions(ctx, userID)
		if err != nil {
			return nil, err
		}
		return v.signIns(ctx, user, before, limit)
	})
}

// signIns reads a part of the sign-in history of a person. It does not reach back before they were added: the address may
// have been somebody else's.
func (v *View) signIns(ctx context.Context, user store.User, before int64, limit int) ([]store.Entry, error) {
	since := max(v.now.Add(-keepSignIns), user.CreatedAt)
	return v.db.SignIns(ctx, user, since, before, limit)
}
