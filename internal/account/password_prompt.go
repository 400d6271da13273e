package account

import (
	"context"
	"errors"
	"strconv"

	"console/internal/auth"
	"console/store"
)

// confirmPassword returns nil when password is the actor's own. Otherwise it returns Invalid and records the attempt;
// the sixth in a row ends the actor's session, and SignedOut is returned. Whoever was being looked at then, in whichever process, gets
// SignedOut too, right or wrong: what follows a right one begins with a look whether the session still is. It may also return auth.ErrBusy.
func (s *Service) confirmPassword(ctx context.Context, by Actor, password string) error {
	if password == "" {
		return invalid("password", "Enter your password.")
	}
	release, err := s.hasher.Acquire(ctx, known("user", by.UserID))
	if err != nil {
		return err
	}
	defer release() // only then: attempts that wait must see the failures of those before them
	asked := s.look()
	asked.by = by
	if _, err := asked.promptedSession(ctx); err != nil {
		return err
	}
	user, err := s.db.UserByID(ctx, by.UserID)
	if err != nil {
		return err
	}
	if right, _ := auth.VerifyPassword(user.PasswordHash, password); !right {
		return s.failPrompt(ctx, by, user)
	}
	t, err := s.db.Throttle(ctx, prompts.Kind, promptSubject(user.ID))
	if err != nil || t.Failures == 0 {
		return err
	}
	_, err = transaction(ctx, s, by, func(tx *Tx) (struct{}, error) {
		if _, err := tx.promptedSession(ctx); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, tx.db.DeleteThrottle(ctx, t.Kind, t.Subject)
	})
	return err
}

func promptSubject(userID int64) string { return strconv.FormatInt(userID, 10) }

// promptedSession is the session in which the actor was asked for their password. It refuses with SignedOut where that has ended.
func (v *View) promptedSession(ctx context.Context) (store.Session, error) {
	session, err := v.db.SessionByID(ctx, v.by.SessionID)
	if errors.Is(err, store.ErrNotFound) || err == nil && session.UserID != v.by.UserID {
		err = Refuse(SignedOut)
	}
	return session, err
}

// failPrompt counts and records a wrong password.
func (s *Service) failPrompt(ctx context.Context, by Actor, user store.User) error {
	ended, err := transaction(ctx, s, by, func(tx *Tx) (bool, error) {
		session, err := tx.promptedSession(ctx)
		if err != nil {
			return false, err
		}
		t, err := tx.db.Throttle(ctx, prompts.Kind, promptSubject(user.ID))
		if err != nil {
			return false, err
		}
		before := t.Failures
		t = failed(t, tx.now)
		ends := t.Failures >= prompts.Number
		how := changes{"wrong passwords in a row": {strconv.Itoa(before), strconv.Itoa(t.Failures)}}
		if ends {
			how["session"] = [2]string{sessionWords(session), ""}
		}
		if err := tx.record(ctx, actConfirmPassword, Failed, userObject(user), how); err != nil {
			return false, err
		}
		if !ends {
			return false, tx.db.SaveThrottle(ctx, t)
		}
		if err := tx.db.DeleteThrottle(ctx, t.Kind, t.Subject); err != nil {
			return false, err
		}
		return true, tx.db.DeleteSession(ctx, session.TokenHash)
	})
	switch {
	case err != nil:
		return err
	case ended:
		return Refuse(SignedOut)
	}
	return invalid("password", "This is not your password.")
}
