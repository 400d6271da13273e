package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"console/internal/auth"
	"console/store"
)

// pendingAuthenticator is how long the secret of an authenticator that is being set up is kept, and shown again.
const pendingAuthenticator = 24 * time.Hour

// Enrolment is what an authenticator app is fed with.
type Enrolment struct {
	Secret string // base32
	QR     string // data: URI of a PNG
}

// StartAuthenticator begins to set up an authenticator. One that is being set up in this session already goes on with
// its secret; one that is in use stays in use until the new one is confirmed.
func (s *Service) StartAuthenticator(ctx context.Context, by Actor) error {
	_, err := changeOwn(ctx, s, by, store.SetsUpSecondFactor, func(tx *Tx, session store.Session) (struct{}, error) {
		user, err := tx.db.UserByID(ctx, by.UserID)
		if err != nil {
			return struct{}{}, err
		}
		return struct{}{}, tx.beginAuthenticator(ctx, user, by.SessionID)
	})
	return err
}

func (tx *Tx) beginAuthenticator(ctx context.Context, user store.User, sessionID int64) error {
	authenticator, err := tx.db.Authenticator(ctx, user.ID)
	if err != nil || pendingIn(authenticator, sessionID, tx.now) {
		return err
	}
	sealed := tx.service.key.Seal([]byte(auth.NewTOTPSecret()), AuthenticatorContext(user.ID))
	return tx.db.SavePendingAuthenticator(ctx, user.ID, sessionID, sealed, tx.now)
}

// pendingIn says whether an authenticator is being set up in a session. What another one has begun is not gone on with:
// who began it has seen the secret, and may be somebody else.
func pendingIn(a store.Authenticator, sessionID int64, now store.Millis) bool {
	return a.Pending != nil && a.PendingIn == sessionID && !a.PendingAt.Over(pendingAuthenticator, now)
}

// AuthenticatorContext is what the secrets of a person's authenticators are sealed for.
func AuthenticatorContext(userID int64) string { return fmt.Sprintf("authenticators/%d", userID) }

// Enrolment returns the authenticator that the actor is setting up in this session, the same until it is confirmed, or
// store.ErrNotFound where none is.
func (s *Service) Enrolment(ctx context.Context, by Actor) (Enrolment, error) {
	authenticator, err := s.db.Authenticator(ctx, by.UserID)
	if err != nil {
		return Enrolment{}, err
	}
	if !pendingIn(authenticator, by.SessionID, store.At(s.now())) {
		return Enrolment{}, store.ErrNotFound
	}
	secret, err := s.key.Open(authenticator.Pending, AuthenticatorContext(by.UserID))
	if err != nil {
		return Enrolment{}, err
	}
	account, err := s.db.Account(ctx)
	if err != nil {
		return Enrolment{}, err
	}
	picture, err := auth.QRCode(shorten(s.brand, maxInLabel), s.labelOf(authenticator, by.Email, account.Name), string(secret))
	return Enrolment{Secret: string(secret), QR: picture}, err
}

// maxInLabel is how many bytes of a name a label has: the picture has no room for long ones, of which each byte takes three.
const maxInLabel = 60

// labelOf names an authenticator that is being set up in the app. Some apps replace an entry of the same label without asking, so it
// tells whose it is, of which company and where; one that is to replace another also tells when it was begun (UTC), as both are
// needed until it is confirmed.
func (s *Service) labelOf(a store.Authenticator, email, company string) string {
	label := email + " (" + shorten(company, maxInLabel) + ", " + shorten(s.site, maxInLabel)
	if a.Secret != nil {
		label += ", " + a.PendingAt.Time().UTC().Format("2006-01-02 15.04.05")
	}
	return label + ")"
}

// ConfirmAuthenticator puts the pending authenticator into use, in place of the one before it, when code is one of its
// codes and password is the actor's own. Every other session of theirs ends. It returns Invalid, or store.ErrNotFound
// where no authenticator is being set up.
func (s *Service) ConfirmAuthenticator(ctx context.Context, by Actor, code, password string, from Client) (Secured, error) {
	if err := s.confirmPassword(ctx, by, password); err != nil {
		return Secured{}, err
	}
	var refusal error // to be returned when it is recorded
	done, err := changeOwn(ctx, s, by, store.SetsUpSecondFactor, func(tx *Tx, session store.Session) (Secured, error) {
		authenticator, err := tx.db.Authenticator(ctx, by.UserID)
		if err != nil {
			return Secured{}, err
		}
		if !pendingIn(authenticator, by.SessionID, tx.now) {
			return Secured{}, store.ErrNotFound
		}
		step, err := tx.step(authenticator.Pending, by.UserID, code)
		if refusal = refusedCode(err); errors.Is(err, auth.ErrCode) {
			return Secured{}, tx.record(ctx, actAddFactor, Failed, by.object(), changes{"reason": {"", "wrong code of the authenticator app"}})
		}
		if err != nil {
			return Secured{}, err
		}
		if err := tx.db.ConfirmAuthenticator(ctx, by.UserID, step, tx.now); err != nil {
			return Secured{}, err
		}
		done, err := tx.factorAdded(ctx, session, "an authenticator app", from)
		done.Replaced = authenticator.Secret != nil
		return done, err
	})
	if err == nil {
		err = refusal
	}
	return done, err
}

// step returns the time step of a code of a sealed authenticator.
func (v *View) step(sealed []byte, userID int64, code string) (int64, error) {
	secret, err := v.service.key.Open(sealed, AuthenticatorContext(userID))
	if err != nil {
		return 0, err
	}
	return auth.TOTPStep(string(secret), code, v.now.Time())
}

// refusedCode says next to the field what is wrong with a code; other errors it returns.
func refusedCode(err error) error {
	if errors.Is(err, auth.ErrCode) {
		return invalid(
			"code",
			"This is not the code. Enter the six digits that the app shows now. If they are refused, too, set the clock of your phone to automatic.",
		)
	}
	return err
}

// RequireAuthenticator returns NoSecondFactor unless the actor has an authenticator app in use.
func (s *Service) RequireAuthenticator(ctx context.Context, by Actor) error {
	authenticator, err := s.db.Authenticator(ctx, by.UserID)
	if err != nil || authenticator.Secret != nil {
		return err
	}
	none := Refuse(NoSecondFactor)
	none.Title, none.Words = "No authenticator app", "You have no authenticator app here: there is nothing to remove."
	return none
}

// RemoveAuthenticator is RemovePasskey for the authenticator app. It may also return NoSecondFactor.
func (s *Service) RemoveAuthenticator(ctx context.Context, by Actor, password string, from Client) (Secured, error) {
	if err := s.RequireAuthenticator(ctx, by); err != nil {
		return Secured{}, err
	}
	return s.removeFactor(ctx, by, password, from, removal{"an authenticator app", func(tx *Tx) error {
		authenticator, err := tx.db.Authenticator(ctx, by.UserID)
		if err == nil && authenticator.Secret == nil {
			err = store.ErrNotFound
		}
		if err != nil {
			return err
		}
		return tx.db.DeleteAuthenticator(ctx, by.UserID)
	}})
}
