package account

import (
	"context"
	"errors"
	"time"

	"console/store"
)

// SignedIn is what a request needs to know of the session it belongs to.
type SignedIn struct {
	Actor
	User    store.User
	FormKey []byte // what the CSRF tokens of its forms are made from
	Data    []byte // what the session remembers between requests

	began, lastSeen store.Millis
}

// Ends returns when the session ends unless the person goes on working. It is final where working would not help: the
// absolute timeout comes first.
func (s SignedIn) Ends(limits store.Account) (at store.Millis, final bool) {
	idle, absolute := s.lastSeen.Add(limits.IdleTimeout), s.began.Add(limits.AbsoluteTimeout)
	if absolute <= idle {
		return absolute, true
	}
	return idle, false
}

// Session returns the session of a token hash and, unless the page asks by itself (background), notes the activity. It
// returns store.ErrNotFound when the session has ended: by signing out, by the idle or the absolute timeout as they are
// set now, or because the person may no longer sign in. Activity is never noted backwards: a clock that is set back
// prolongs a session by as much as it was set back, and ends none.
func (s *Service) Session(ctx context.Context, tokenHash []byte, background bool) (SignedIn, error) {
	now := store.At(s.now())
	live, err := s.db.LiveSession(ctx, tokenHash, now)
	if err != nil {
		return SignedIn{}, err
	}
	if !live.User.Role.SignsIn() {
		return SignedIn{}, store.ErrNotFound
	}
	main, err := s.mainTenant(ctx)
	if err != nil {
		return SignedIn{}, err
	}
	can, err := holdings(ctx, s.db.Queries, live.User)
	if err != nil {
		return SignedIn{}, err
	}
	if !background && now >= live.LastSeenAt.Add(touchEvery(live.IdleTimeout)) {
		if err := s.db.Update(ctx, func(tx *store.Tx) error { return tx.TouchSession(ctx, live.ID, now) }); err != nil {
			return SignedIn{}, err
		}
		live.LastSeenAt = now
	}
	return SignedIn{
		Actor: Actor{UserID: live.User.ID, Name: live.User.Name(), Email: live.User.Email, SessionID: live.ID, Can: can, Main: main, Source: UI, Background: background},
		User:  live.User, FormKey: live.FormKey, Data: live.Data, began: live.CreatedAt, lastSeen: live.LastSeenAt,
	}, nil
}

// touchEvery is how exactly activity is noted: within one per cent of the idle timeout. What is missing ends a
// session early, never late.
func touchEvery(idleSeconds int64) time.Duration {
	return max(time.Second, time.Duration(idleSeconds)*time.Second/100)
}

// SaveSessionData stores what the session remembers between requests. An ended session stays ended.
func (s *Service) SaveSessionData(ctx context.Context, tokenHash, data []byte) error {
	return s.db.Update(ctx, func(tx *store.Tx) error { return tx.SaveSessionData(ctx, tokenHash, data) })
}

// SignOut ends the actor's session. It succeeds also when the session has ended already.
func (s *Service) SignOut(ctx context.Context, by Actor, tokenHash []byte) error {
	_, err := change(ctx, s, by, func(tx *Tx) (struct{}, error) {
		if err := tx.db.DeleteSession(ctx, tokenHash); err != nil {
			return struct{}{}, err
		}
		user, err := tx.db.UserByID(ctx, by.UserID)
		if err != nil {
			return struct{}{}, err
		}
		return struct{}{}, tx.record("sign out", Done, userObject(user), nil)
	})
	if errors.Is(err, ErrSignedOut) {
		return nil
	}
	return err
}
