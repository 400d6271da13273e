package account

import (
	"context"
	"fmt"

	"console/internal/permission"
	"console/store"
)

// How short and how long a minimum length may be demanded of passwords, in characters.
const (
	LeastMinPassword = 8 // ASVS 6.2.1
	MostMinPassword  = 64
)

// SetSignInManagement decides whether everybody needs a second factor, from their next sign-in on, and how long new
// passwords must be, while the account still is as it was at version. It returns Invalid, also when somebody without a
// second factor of their own demands one of others, store.ErrStale, or Forbidden without general.update.
func (s *Service) SetSignInManagement(ctx context.Context, by Actor, enforce bool, minLength int, version int64) (store.Account, error) {
	refused := Fields{}
	if minLength < LeastMinPassword || minLength > MostMinPassword {
		refused["password_min_length"] = fmt.Sprintf("Enter a number from %d to %d.", LeastMinPassword, MostMinPassword)
	}
	return s.setGeneral(ctx, by, version, actChangeSignIn, func(tx *Tx, a *store.Account) error {
		if len(refused) > 0 {
			return refused.Refusal()
		}
		if err := tx.mayEnforce(ctx, enforce && !a.EnforceSecondFactor); err != nil {
			return err
		}
		a.EnforceSecondFactor, a.PasswordMinLength = enforce, minLength
		if enforce {
			return nil
		}
		return tx.letIn(ctx)
	})
}

// mayEnforce refuses to demand a second factor of everybody from somebody who has none: nobody locks themselves out.
func (v *View) mayEnforce(ctx context.Context, begins bool) error {
	if !begins {
		return nil
	}
	actor, err := v.db.UserByID(ctx, v.by.UserID)
	if err == nil && !actor.SecondFactor {
		err = invalid("enforce_2fa", "You have no second factor yourself. Set up yours first, on the page Profile of the console.")
	}
	return err
}

// letIn finishes the sign-ins of those who were setting up a second factor that is no longer demanded.
func (tx *Tx) letIn(ctx context.Context) error {
	if err := tx.service.deleteEndedSessions(ctx, tx.db, tx.now); err != nil { // nobody comes in by a session that has run out
		return err
	}
	waiting, err := tx.db.SessionsAt(ctx, store.SetsUpSecondFactor)
	if err != nil {
		return err
	}
	for _, session := range waiting {
		user, err := tx.db.UserByID(ctx, session.UserID)
		if err != nil {
			return err
		}
		if err := tx.db.SetSessionStage(ctx, session.ID, store.Finished); err != nil {
			return err
		}
		theirs := tx.as(Actor{
			UserID:    user.ID,
			Name:      user.Name(),
			Email:     user.Email,
			Source:    UI,
			Address:   session.Address,
			RequestID: tx.by.RequestID,
			UserAgent: session.UserAgent,
		})
		if err := theirs.signedIn(ctx, user, "no longer demanded"); err != nil {
			return err
		}
	}
	return nil
}

// WithoutSecondFactor are the people whom SignOutWithoutSecondFactor signs out.
type WithoutSecondFactor struct{ store.People }

// Digest tells these people from others.
func (p WithoutSecondFactor) Digest() string { return digestOf(p.People) }

// PeopleWithoutSecondFactor counts the people whom SignOutWithoutSecondFactor would sign out. It returns Forbidden
// without general.update.
func (s *Service) PeopleWithoutSecondFactor(ctx context.Context, by Actor) (WithoutSecondFactor, error) {
	if err := s.Require(by, permission.GeneralUpdate); err != nil {
		return WithoutSecondFactor{}, err
	}
	people, err := s.db.SignedInWithoutSecondFactor(ctx, by.SessionID, store.At(s.now()))
	return WithoutSecondFactor{people}, err
}

// SignOutWithoutSecondFactor ends the sessions of everybody who has no second factor, but not the actor's own. It
// returns ChangedPreview, or Forbidden without general.update.
func (s *Service) SignOutWithoutSecondFactor(ctx context.Context, by Actor) error {
	_, err := change(ctx, s, by, func(tx *Tx) (struct{}, error) {
		if err := tx.requirePermission(permission.GeneralUpdate); err != nil {
			return struct{}{}, err
		}
		people, err := tx.db.SignedInWithoutSecondFactor(ctx, by.SessionID, tx.now)
		if err == nil {
			err = tx.requireConfirmed(WithoutSecondFactor{people})
		}
		if err != nil {
			return struct{}{}, err
		}
		return struct{}{}, tx.signOutAll(ctx, actSignOutWithoutFactor, tx.db.DeleteSessionsWithoutSecondFactor)
	})
	return err
}

// SignOutEverybody ends all sessions of everybody, half-finished sign-ins included, but not the actor's own. It returns
// Forbidden without general.update.
func (s *Service) SignOutEverybody(ctx context.Context, by Actor) error {
	_, err := change(ctx, s, by, func(tx *Tx) (struct{}, error) {
		return struct{}{}, tx.signOutAll(ctx, actSignOutAll, tx.db.DeleteSessionsBut)
	})
	return err
}

func (tx *Tx) signOutAll(ctx context.Context, action action, end func(ctx context.Context, except int64) (int64, error)) error {
	if err := tx.requirePermission(permission.GeneralUpdate); err != nil {
		return err
	}
	account, err := tx.db.Account(ctx)
	if err != nil {
		return err
	}
	ended, err := end(ctx, tx.by.SessionID)
	if err != nil {
		return err
	}
	return tx.record(ctx, action, Done, object{kind: objectAccount, id: 1, name: account.Name},
		changes{"sessions ended": {"", fmt.Sprint(ended)}})
}
