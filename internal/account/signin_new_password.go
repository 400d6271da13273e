package account

import (
	"context"
	"errors"

	"console/internal/auth"
	"console/store"
)

// ReplaceInitialPassword is the step of a sign-in after the right password, where that is an initial one: the actor, whose session
// waits for it, chooses another. The session goes on to the next step, or opens the console; all others of theirs end. It returns
// Invalid, SignedOut or auth.ErrBusy.
func (s *Service) ReplaceInitialPassword(ctx context.Context, by Actor, password string, from Client) (begun Begun, err error) {
	defer func() { s.tellSignIn("new_password", signInResult(begun.Stage, err)) }()
	user, err := s.look().choosing(ctx, by.SessionID)
	if err != nil {
		return Begun{}, err
	}
	reason, err := s.refuseNewPassword(ctx, password, user)
	if err != nil {
		return Begun{}, err
	}
	if reason != "" {
		return Begun{}, invalid("password", reason)
	}
	hash, err := s.hashPassword(ctx, password, known("user", user.ID), func() error {
		if same, _ := auth.VerifyPassword(user.PasswordHash, password); same {
			return invalid("password", "This is the password you were given. Choose one that nobody else knows.")
		}
		return nil
	})
	if err != nil {
		return Begun{}, err
	}
	by.UserAgent = from.Browser()
	return transaction(ctx, s, by, func(tx *Tx) (Begun, error) {
		user, err := tx.choosing(ctx, by.SessionID)
		if err != nil {
			return Begun{}, err
		}
		if err := tx.setPassword(ctx, user, hash, actReplacePassword); err != nil {
			return Begun{}, err
		}
		if err := tx.db.DeleteSessionsOfUserBut(ctx, user.ID, by.SessionID); err != nil {
			return Begun{}, err
		}
		if user, err = tx.db.UserByID(ctx, user.ID); err != nil {
			return Begun{}, err
		}
		return tx.beginSession(ctx, user, from)
	})
}

// choosing returns whose session waits for another password. They must still be allowed to sign in.
func (v *View) choosing(ctx context.Context, sessionID int64) (store.User, error) {
	session, err := v.db.SessionByID(ctx, sessionID)
	if errors.Is(err, store.ErrNotFound) || err == nil &&
		(session.Stage != store.ChoosesPassword || session.CreatedAt.Over(store.SecondFactorPatience, v.now)) {
		return store.User{}, Refuse(SignedOut)
	}
	if err != nil {
		return store.User{}, err
	}
	user, err := v.db.UserByID(ctx, session.UserID)
	if err == nil && !signsIn(user) {
		err = Refuse(SignedOut)
	}
	return user, err
}
