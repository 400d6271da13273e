package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"console/internal/auth"
	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

// pendingAuthenticator is how long the secret of an authenticator that is being set up is kept, and shown again.
const pendingAuthenticator = 24 * time.Hour

// MaxPasskeyName is how long the name of a passkey may be, in characters.
const MaxPasskeyName = 100

// Security is what a person sees of their own credentials.
type Security struct {
	User          store.User
	Authenticator bool
	Passkeys      []store.Passkey
	CodesLeft     int  // unused recovery codes
	Enforced      bool // nobody signs in without a second factor
	PasskeysWork  bool // this console can use passkeys
}

// Security returns the actor's own credentials.
func (s *Service) Security(ctx context.Context, by Actor) (Security, error) {
	user, err := s.db.UserByID(ctx, by.UserID)
	if err != nil {
		return Security{}, err
	}
	account, err := s.db.Account(ctx)
	if err != nil {
		return Security{}, err
	}
	authenticator, err := s.db.Authenticator(ctx, user.ID)
	if err != nil {
		return Security{}, err
	}
	passkeys, err := s.db.Passkeys(ctx, user.ID)
	if err != nil {
		return Security{}, err
	}
	left, err := s.db.RecoveryCodesLeft(ctx, user.ID)
	return Security{User: user, Authenticator: authenticator.Secret != nil, Passkeys: passkeys, CodesLeft: left,
		Enforced: account.EnforceTwoFactor, PasskeysWork: s.passkeys.Usable()}, err
}

// Secured is what remains to be done after somebody has changed their own credentials: their browser goes on with
// another session, and they write down recovery codes that nothing shows again.
type Secured struct {
	Token    string
	Codes    []string // empty: those they have stay
	In       bool     // this was what they needed to be let in
	Replaced bool     // the authenticator app took the place of another
}

// Enrolment is what an authenticator app is fed with.
type Enrolment struct {
	Secret string // base32
	QR     string // data: URI of a PNG
}

// StartAuthenticator begins to set up an authenticator. One that is being set up in this session already goes on with
// its secret; one that is in use stays in use until the new one is confirmed.
func (s *Service) StartAuthenticator(ctx context.Context, by Actor) error {
	_, err := changeOwn(ctx, s, by, func(tx *Tx) (struct{}, error) {
		user, err := tx.db.UserByID(ctx, by.UserID)
		if err != nil {
			return struct{}{}, err
		}
		return struct{}{}, tx.startAuthenticator(user, by.SessionID)
	})
	return err
}

func (tx *Tx) startAuthenticator(user store.User, sessionID int64) error {
	authenticator, err := tx.db.Authenticator(tx.ctx, user.ID)
	if err != nil || pendingIn(authenticator, sessionID, tx.now) {
		return err
	}
	sealed := tx.service.key.Seal([]byte(auth.NewTOTPSecret()), authenticatorContext(user.ID))
	return tx.db.SavePendingAuthenticator(tx.ctx, user.ID, sessionID, sealed, tx.now)
}

// pendingIn says whether an authenticator is being set up in a session. What another one has begun is not gone on with:
// who began it has seen the secret, and may be somebody else.
func pendingIn(a store.Authenticator, sessionID int64, now store.Millis) bool {
	return a.Pending != nil && a.PendingIn == sessionID && now < a.PendingAt.Add(pendingAuthenticator)
}

// authenticatorContext is what the secrets of a person's authenticators are sealed for.
func authenticatorContext(userID int64) string { return fmt.Sprintf("authenticators/%d", userID) }

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
	secret, err := s.key.Open(authenticator.Pending, authenticatorContext(by.UserID))
	if err != nil {
		return Enrolment{}, err
	}
	picture, err := auth.QRCode(s.brand, by.Email, string(secret))
	return Enrolment{Secret: string(secret), QR: picture}, err
}

// ConfirmAuthenticator puts the pending authenticator into use, in place of the one before it, when code is one of its
// codes and password is the actor's own. Every other session of theirs ends. It returns Invalid, or store.ErrNotFound
// where no authenticator is being set up.
func (s *Service) ConfirmAuthenticator(ctx context.Context, by Actor, code, password string, from Client) (Secured, error) {
	if err := s.confirmPassword(ctx, by, password); err != nil {
		return Secured{}, err
	}
	return changeOwn(ctx, s, by, func(tx *Tx) (Secured, error) {
		authenticator, err := tx.db.Authenticator(ctx, by.UserID)
		if err != nil {
			return Secured{}, err
		}
		if !pendingIn(authenticator, by.SessionID, tx.now) {
			return Secured{}, store.ErrNotFound
		}
		step, err := tx.step(authenticator.Pending, by.UserID, code)
		if err != nil {
			return Secured{}, refusedCode(err)
		}
		if err := tx.db.ConfirmAuthenticator(ctx, by.UserID, step, tx.now); err != nil {
			return Secured{}, err
		}
		done, err := tx.factorAdded("an authenticator app", from)
		done.Replaced = authenticator.Secret != nil
		return done, err
	})
}

// step returns the time step of a code of a sealed authenticator.
func (tx *Tx) step(sealed []byte, userID int64, code string) (int64, error) {
	secret, err := tx.service.key.Open(sealed, authenticatorContext(userID))
	if err != nil {
		return 0, err
	}
	return auth.TOTPStep(string(secret), code, tx.now.Time())
}

// refusedCode says next to the field what is wrong with a code; other errors it returns.
func refusedCode(err error) error {
	if errors.Is(err, auth.ErrCode) {
		return Invalid{"code": "This is not the code. Enter the six digits that the app shows now. If they are refused, too, set the clock of your phone to automatic."}
	}
	return err
}

// StartPasskey asks for a new passkey with a name, in the actor's session, when password is their own. It returns
// Invalid.
func (s *Service) StartPasskey(ctx context.Context, by Actor, name, password string) (options []byte, err error) {
	refused := Invalid{}
	name = parseTitle(name, "name", "a name to tell it from others, for example the device", refused)
	if len([]rune(name)) > MaxPasskeyName {
		refused["name"] = fmt.Sprintf("At most %d characters.", MaxPasskeyName)
	}
	if !s.passkeys.Usable() {
		refused[""] = "Passkeys do not work while the console is opened by a number, such as 192.0.2.1, instead of a name. Set up an authenticator app instead."
	}
	if len(refused) > 0 {
		return nil, refused
	}
	if err := s.confirmPassword(ctx, by, password); err != nil {
		return nil, err
	}
	return changeOwn(ctx, s, by, func(tx *Tx) ([]byte, error) {
		owner, err := tx.passkeyOwner(by.UserID)
		if err != nil {
			return nil, err
		}
		question, options, err := s.passkeys.AskNew(owner)
		if err != nil {
			return nil, err
		}
		return options, tx.db.AskPasskey(ctx, store.PasskeyQuestion{SessionID: by.SessionID, Question: question, Options: options, Name: name, CreatedAt: tx.now})
	})
}

// AddPasskey adds the passkey that answers what StartPasskey asked in this session. Every other session of the actor
// ends. It returns Invalid.
func (s *Service) AddPasskey(ctx context.Context, by Actor, answer []byte, from Client) (Secured, error) {
	refused := Invalid{"": "The passkey was not added. Start again."}
	return changeOwn(ctx, s, by, func(tx *Tx) (Secured, error) {
		question, err := tx.db.TakePasskeyQuestion(ctx, by.SessionID)
		if errors.Is(err, store.ErrNotFound) || err == nil && (question.Name == "" || tx.now >= question.CreatedAt.Add(store.SecondFactorPatience)) {
			return Secured{}, refused
		}
		if err != nil {
			return Secured{}, err
		}
		owner, err := tx.passkeyOwner(by.UserID)
		if err != nil {
			return Secured{}, err
		}
		id, credential, err := s.passkeys.AddedPasskey(owner, question.Question, answer)
		if errors.Is(err, auth.ErrPasskey) {
			s.log.Warn("passkey refused", "request_id", by.RequestID, "error", err)
			return Secured{}, refused
		}
		if err != nil {
			return Secured{}, err
		}
		err = tx.db.InsertPasskey(ctx, &store.Passkey{UserID: by.UserID, CredentialID: id, Credential: credential, Name: question.Name, CreatedAt: tx.now})
		if errors.Is(err, store.ErrDuplicate) {
			return Secured{}, Invalid{"": "This passkey has been added already. Choose another one."}
		}
		if err != nil {
			return Secured{}, err
		}
		return tx.factorAdded("a passkey", from)
	})
}

// passkeyOwner is a person as passkeys know them.
func (tx *Tx) passkeyOwner(userID int64) (auth.PasskeyOwner, error) {
	user, err := tx.db.UserByID(tx.ctx, userID)
	if err != nil {
		return auth.PasskeyOwner{}, err
	}
	passkeys, err := tx.db.Passkeys(tx.ctx, userID)
	owner := auth.PasskeyOwner{Handle: []byte(user.UUID), Email: user.Email, Name: user.DisplayName()}
	for _, k := range passkeys {
		owner.Credentials = append(owner.Credentials, k.Credential)
	}
	return owner, err
}

// factorAdded does what goes with a new second factor of the actor: other sessions end, a mail tells them, the first
// one brings recovery codes, and who waited for it is in.
func (tx *Tx) factorAdded(method string, from Client) (Secured, error) {
	user, err := tx.db.UserByID(tx.ctx, tx.by.UserID)
	if err != nil {
		return Secured{}, err
	}
	var done Secured
	if !user.TwoFactor {
		user.TwoFactor = true
		if err := tx.UpdateUser(&user); err != nil {
			return Secured{}, err
		}
	}
	left, err := tx.db.RecoveryCodesLeft(tx.ctx, user.ID)
	if err != nil {
		return Secured{}, err
	}
	if left == 0 {
		if done.Codes, err = tx.newRecoveryCodes(user); err != nil {
			return Secured{}, err
		}
	}
	if err := tx.record("add second factor", Done, userObject(user), map[string][2]string{"second factor": {"", method}}); err != nil {
		return Secured{}, err
	}
	company, err := tx.db.Account(tx.ctx)
	if err != nil {
		return Secured{}, err
	}
	_, err = tx.mail(user, notify.TemplateSecondFactorEnabled, notify.SecondFactorEnabled{
		Company: company.Name, Name: user.Name(), Email: user.Email, Method: method, At: int64(tx.now), Address: from.Address}, "")
	if err != nil {
		return Secured{}, err
	}
	if done.In = tx.session.Stage == store.SetsUpSecondFactor; done.In {
		tx.by.UserAgent = from.browser()
		if err := tx.signedIn(user, "sign in"); err != nil {
			return Secured{}, err
		}
	}
	tx.session.SecondFactorAt = tx.now
	done.Token, err = tx.onlySession(from)
	return done, err
}

// onlySession ends all other sessions of the actor and renews their own.
func (tx *Tx) onlySession(from Client) (token string, err error) {
	if err := tx.db.DeleteSessionsOfUserBut(tx.ctx, tx.by.UserID, tx.session.ID); err != nil {
		return "", err
	}
	return tx.renewSession(tx.session, from)
}

func (tx *Tx) newRecoveryCodes(user store.User) ([]string, error) {
	codes, hashes := auth.NewRecoveryCodes()
	return codes, tx.db.ReplaceRecoveryCodes(tx.ctx, user.ID, hashes)
}

// NewRecoveryCodes replaces the actor's recovery codes, when password is their own. The codes are returned this once.
// It returns Invalid, also for somebody without a second factor.
func (s *Service) NewRecoveryCodes(ctx context.Context, by Actor, password string) ([]string, error) {
	if err := s.confirmPassword(ctx, by, password); err != nil {
		return nil, err
	}
	return change(ctx, s, by, func(tx *Tx) ([]string, error) {
		user, err := tx.db.UserByID(ctx, by.UserID)
		if err != nil {
			return nil, err
		}
		if !user.TwoFactor {
			return nil, Invalid{"": "Recovery codes stand in for a lost second factor. Set up a second factor first."}
		}
		codes, err := tx.newRecoveryCodes(user)
		if err != nil {
			return nil, err
		}
		if err := tx.tellOfChange(user, "new recovery codes were made"); err != nil {
			return nil, err
		}
		return codes, tx.record("make recovery codes", Done, userObject(user), nil)
	})
}

// RemovePasskey removes one of the actor's passkeys when password is their own, and every other session of theirs. It
// returns Invalid, also for the last second factor where one is demanded, or store.ErrNotFound.
func (s *Service) RemovePasskey(ctx context.Context, by Actor, id int64, password string, from Client) (Secured, error) {
	return s.removeFactor(ctx, by, password, from, "a passkey", func(tx *Tx) error { return tx.db.DeletePasskey(ctx, by.UserID, id) })
}

// RemoveAuthenticator is RemovePasskey for the authenticator app.
func (s *Service) RemoveAuthenticator(ctx context.Context, by Actor, password string, from Client) (Secured, error) {
	return s.removeFactor(ctx, by, password, from, "an authenticator app", func(tx *Tx) error {
		authenticator, err := tx.db.Authenticator(ctx, by.UserID)
		if err == nil && authenticator.Secret == nil {
			err = store.ErrNotFound
		}
		if err != nil {
			return err
		}
		return tx.db.DeleteAuthenticator(ctx, by.UserID)
	})
}

// DisableTwoFactor removes all second factors of the actor and their recovery codes, when password is their own. Every
// other session of theirs ends. It returns Invalid, also where a second factor is demanded.
func (s *Service) DisableTwoFactor(ctx context.Context, by Actor, password string, from Client) (Secured, error) {
	return s.removeFactor(ctx, by, password, from, "all", func(tx *Tx) error { return tx.deleteFactors(by.UserID) })
}

func (s *Service) removeFactor(ctx context.Context, by Actor, password string, from Client, what string, remove func(*Tx) error) (Secured, error) {
	if err := s.confirmPassword(ctx, by, password); err != nil {
		return Secured{}, err
	}
	return change(ctx, s, by, func(tx *Tx) (Secured, error) {
		if err := remove(tx); err != nil {
			return Secured{}, err
		}
		user, err := tx.db.UserByID(ctx, by.UserID)
		if err != nil {
			return Secured{}, err
		}
		if err := tx.factorRemoved(user, what); err != nil {
			return Secured{}, err
		}
		token, err := tx.onlySession(from)
		return Secured{Token: token}, err
	})
}

// factorRemoved does what goes with a removed second factor of the actor. With the last one the recovery codes go.
func (tx *Tx) factorRemoved(user store.User, what string) error {
	authenticator, err := tx.db.Authenticator(tx.ctx, user.ID)
	if err != nil {
		return err
	}
	passkeys, err := tx.db.Passkeys(tx.ctx, user.ID)
	if err != nil {
		return err
	}
	if authenticator.Secret != nil || len(passkeys) > 0 || !user.TwoFactor {
		if user.TwoFactor {
			if err := tx.tellOfChange(user, what+" was removed"); err != nil {
				return err
			}
		}
		return tx.record("remove second factor", Done, userObject(user), map[string][2]string{"second factor": {what, ""}})
	}
	account, err := tx.db.Account(tx.ctx)
	if err != nil {
		return err
	}
	if account.EnforceTwoFactor {
		return Invalid{"": account.Name + " requires two-factor authentication. Set up another second factor before you remove the last one."}
	}
	return tx.disableTwoFactor(user)
}

// tellOfChange tells a person by mail how the second factors they have were changed (ASVS 6.3.7).
func (tx *Tx) tellOfChange(user store.User, how string) error {
	account, err := tx.db.Account(tx.ctx)
	if err != nil {
		return err
	}
	_, err = tx.mail(user, notify.TemplateSecondFactorsChanged, notify.SecondFactorsChanged{
		Company: account.Name, Name: user.Name(), Email: user.Email, Change: how, At: int64(tx.now), Address: tx.by.Address}, "")
	return err
}

// deleteFactors removes all second factors of a person.
func (tx *Tx) deleteFactors(userID int64) error {
	if err := tx.db.DeleteAuthenticator(tx.ctx, userID); err != nil {
		return err
	}
	return tx.db.DeletePasskeys(tx.ctx, userID)
}

// disableTwoFactor ends two-factor authentication for a person whose last second factor is gone, and tells them.
func (tx *Tx) disableTwoFactor(user store.User) error {
	if err := tx.db.ReplaceRecoveryCodes(tx.ctx, user.ID, nil); err != nil {
		return err
	}
	user.TwoFactor = false
	if err := tx.UpdateUser(&user); err != nil {
		return err
	}
	account, err := tx.db.Account(tx.ctx)
	if err != nil {
		return err
	}
	_, err = tx.mail(user, notify.TemplateSecondFactorDisabledNotice, notify.SecondFactorDisabled{
		Company: account.Name, Name: user.Name(), Email: user.Email, At: int64(tx.now), Actor: tx.by.person()}, "")
	if err != nil {
		return err
	}
	if err := tx.record("disable 2FA", Done, userObject(user), nil); err != nil {
		return err
	}
	return tx.secondFactorDisabled(user)
}

// ResetTwoFactor removes the second factors and recovery codes of another person and ends their sessions, when password
// is the actor's own. Without a second factor to remove it changes nothing. It returns Invalid, Forbidden (SPEC §5.3
// rule 4) or store.ErrNotFound.
func (s *Service) ResetTwoFactor(ctx context.Context, by Actor, userID int64, password string) (store.User, error) {
	if _, err := s.User(ctx, by, userID); err != nil { // before anybody can guess at the prompt for nothing
		return store.User{}, err
	}
	if err := s.confirmPassword(ctx, by, password); err != nil {
		return store.User{}, err
	}
	return change(ctx, s, by, func(tx *Tx) (store.User, error) {
		user, err := tx.Manageable(userID, permission.UsersUpdate)
		if err != nil {
			return store.User{}, err
		}
		if user.ID == by.UserID {
			return store.User{}, Invalid{"": "Your own two-factor authentication is switched off under Profile."}
		}
		if !user.TwoFactor {
			return user, nil
		}
		if err := tx.db.DeleteSessionsOfUser(ctx, user.ID); err != nil {
			return store.User{}, err
		}
		if err := tx.deleteFactors(user.ID); err != nil {
			return store.User{}, err
		}
		return user, tx.disableTwoFactor(user)
	})
}
