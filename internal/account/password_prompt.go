package account

import (
	"context"
	"errors"
	"strconv"

	"console/internal/auth"
	"console/store"
)

// confirmPassword returns nil when password is the actor's own. Otherwise it returns Invalid and records the attempt;
// the sixth in a row ends the actor's session, and SignedOut is returned. It may also return auth.ErrBusy.
func (s *Service) confirmPassword(ctx context.Context, by Actor, password string) error {
	if password == "" {
		return invalid("password", "Enter your password.")
	}
	release, err := s.hasher.Acquire(ctx, known("user", by.UserID))
	if err != nil {
		return err
	}
	defer release() // only then: attempts that wait must see the failures of those before them
	session, err := s.db.SessionByID(ctx, by.SessionID)
	if errors.Is(err, store.ErrNotFound) || err == nil && session.UserID != by.UserID {
		return Refuse(SignedOut)
	}
	if err != nil {
		return err
	}
	user, err := s.db.UserByID(ctx, by.UserID)
	if err != nil {
		return err
	}
	if right, _ := auth.VerifyPassword(user.PasswordHash, password); !right {
		return s.failPrompt(ctx, by, user, session)
	}
	t, err := s.db.Throttle(ctx, prompts.Kind, promptSubject(user.ID))
	if err != nil || t.Failures == 0 {
		return err
	}
	return s.db.Update(ctx, func(tx *store.Tx) error { return tx.DeleteThrottle(ctx, t.Kind, t.Subject) })
}

func promptSubject(userID int64) string { return strconv.FormatInt(userID, 10) }

// failPrompt counts and records a wrong password.
func (s *Service) failPrompt(ctx context.Context, by Actor, user store.User, session store.Session) error {
	ended, err := transaction(ctx, s, by, func(tx *Tx) (bool, error) {
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
