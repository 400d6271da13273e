package account

import (
	"context"
	"strconv"
	"strings"

	"console/internal/auth"
	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

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
func (s *Service) Security(ctx context.Context, by Actor) (own Security, err error) {
	err = s.db.View(ctx, func(q store.Queries) error { // and not read: people who are setting up a second factor see it, too
		own, err = s.securityOf(ctx, q, by.UserID)
		return err
	})
	return own, err
}

func (s *Service) securityOf(ctx context.Context, q store.Queries, userID int64) (Security, error) {
	user, err := q.UserByID(ctx, userID)
	if err != nil {
		return Security{}, err
	}
	account, err := q.Account(ctx)
	if err != nil {
		return Security{}, err
	}
	authenticator, err := q.Authenticator(ctx, user.ID)
	if err != nil {
		return Security{}, err
	}
	passkeys, err := q.Passkeys(ctx, user.ID)
	if err != nil {
		return Security{}, err
	}
	left, err := q.RecoveryCodesLeft(ctx, user.ID)
	return Security{User: user, Authenticator: authenticator.Secret != nil, Passkeys: passkeys, CodesLeft: left,
		Enforced: account.EnforceSecondFactor, PasskeysWork: s.passkeys.Usable()}, err
}

// Secured is what remains to be done after somebody has changed their own credentials: their browser goes on with
// another session, and they write down recovery codes that nothing shows again.
type Secured struct {
	Token    string
	Codes    []string // empty: those they have stay
	In       bool     // this was what they needed to be let in
	Replaced bool     // the authenticator app took the place of another
}

// factorAdded does what goes with a new second factor of the actor: other sessions end, a mail tells them, the first
// one brings recovery codes, and who waited for it is in.
func (tx *Tx) factorAdded(ctx context.Context, session store.Session, method string, from Client) (Secured, error) {
	user, err := tx.db.UserByID(ctx, tx.by.UserID)
	if err != nil {
		return Secured{}, err
	}
	var done Secured
	if !user.SecondFactor {
		user.SecondFactor = true
		if err := tx.saveUser(ctx, &user); err != nil {
			return Secured{}, err
		}
	}
	left, err := tx.db.RecoveryCodesLeft(ctx, user.ID)
	if err != nil {
		return Secured{}, err
	}
	if left == 0 {
		if done.Codes, err = tx.replaceRecoveryCodes(ctx, user); err != nil {
			return Secured{}, err
		}
	}
	added := changes{"second factor": {"", method}}
	if len(done.Codes) > 0 {
		added["recovery codes"] = [2]string{"", strconv.Itoa(len(done.Codes)) + " new"}
	}
	if err := tx.record(ctx, actAddFactor, Done, userObject(user), added); err != nil {
		return Secured{}, err
	}
	company, err := tx.db.Account(ctx)
	if err != nil {
		return Secured{}, err
	}
	_, err = tx.mail(ctx, user, notify.TemplateSecondFactorEnabled, notify.SecondFactorEnabled{
		Company: company.Name, Name: user.Name(), Email: user.Email, Method: method, At: int64(tx.now), Address: from.Address}, "")
	if err != nil {
		return Secured{}, err
	}
	if done.In = session.Stage == store.SetsUpSecondFactor; done.In {
		tx.by.UserAgent = from.Browser()
		if err := tx.signedIn(ctx, user, "set up just now: "+method); err != nil {
			return Secured{}, err
		}
	}
	session.SecondFactorAt = tx.now
	done.Token, err = tx.onlySession(ctx, session, from)
	return done, err
}

// onlySession ends all other sessions of the actor and renews their own.
func (tx *Tx) onlySession(ctx context.Context, session store.Session, from Client) (token string, err error) {
	if err := tx.db.DeleteSessionsOfUserBut(ctx, tx.by.UserID, session.ID); err != nil {
		return "", err
	}
	return tx.renewSession(ctx, session, from)
}

func (tx *Tx) replaceRecoveryCodes(ctx context.Context, user store.User) ([]string, error) {
	codes, hashes := auth.NewRecoveryCodes()
	return codes, tx.db.ReplaceRecoveryCodes(ctx, user.ID, hashes)
}

// RequireSecondFactor returns NoSecondFactor unless the actor has a second factor: nobody is asked for a password for nothing.
func (s *Service) RequireSecondFactor(ctx context.Context, by Actor) error {
	user, err := s.db.UserByID(ctx, by.UserID)
	if err == nil && !user.SecondFactor {
		err = Refuse(NoSecondFactor)
	}
	return err
}

// NewRecoveryCodes replaces the actor's recovery codes, when password is their own. The codes are returned this once.
// It returns Invalid or NoSecondFactor.
func (s *Service) NewRecoveryCodes(ctx context.Context, by Actor, password string) ([]string, error) {
	if err := s.RequireSecondFactor(ctx, by); err != nil {
		return nil, err
	}
	if err := s.confirmPassword(ctx, by, password); err != nil {
		return nil, err
	}
	return change(ctx, s, by, func(tx *Tx) ([]string, error) {
		user, err := tx.db.UserByID(ctx, by.UserID)
		if err != nil {
			return nil, err
		}
		if !user.SecondFactor {
			return nil, Refuse(NoSecondFactor)
		}
		left, err := tx.db.RecoveryCodesLeft(ctx, user.ID)
		if err != nil {
			return nil, err
		}
		codes, err := tx.replaceRecoveryCodes(ctx, user)
		if err != nil {
			return nil, err
		}
		if err := tx.tellOfChange(ctx, user, "new recovery codes were made"); err != nil {
			return nil, err
		}
		return codes, tx.record(ctx, actMakeCodes, Done, userObject(user), changes{
			"recovery codes": {strconv.Itoa(left) + " unused", strconv.Itoa(len(codes)) + " new"}})
	})
}

// DisableSecondFactor removes all second factors of the actor and their recovery codes, when password is their own. Every
// other session of theirs ends. It returns NoSecondFactor or Invalid, also where a second factor is demanded.
func (s *Service) DisableSecondFactor(ctx context.Context, by Actor, password string, from Client) (Secured, error) {
	if err := s.RequireSecondFactor(ctx, by); err != nil {
		return Secured{}, err
	}
	return s.removeFactor(ctx, by, password, from, removal{"all", func(tx *Tx) error { return tx.deleteFactors(ctx, by.UserID) }})
}

// removal is what is removed, in the words of the mail about it, and how.
type removal struct {
	what   string
	remove func(*Tx) error
}

func (s *Service) removeFactor(ctx context.Context, by Actor, password string, from Client, r removal) (Secured, error) {
	if err := s.confirmPassword(ctx, by, password); err != nil {
		return Secured{}, err
	}
	return changeOwn(ctx, s, by, store.Finished, func(tx *Tx, session store.Session) (Secured, error) {
		user, err := tx.db.UserByID(ctx, by.UserID)
		if err != nil {
			return Secured{}, err
		}
		had, err := tx.factors(ctx, user)
		if err != nil {
			return Secured{}, err
		}
		if err := r.remove(tx); err != nil {
			return Secured{}, err
		}
		if err := tx.factorRemoved(ctx, user, r.what, had); err != nil {
			return Secured{}, err
		}
		token, err := tx.onlySession(ctx, session, from)
		return Secured{Token: token}, err
	})
}

// factorRemoved does what goes with a removed second factor of the actor. With the last one the recovery codes go.
func (tx *Tx) factorRemoved(ctx context.Context, user store.User, what string, had object) error {
	authenticator, err := tx.db.Authenticator(ctx, user.ID)
	if err != nil {
		return err
	}
	passkeys, err := tx.db.Passkeys(ctx, user.ID)
	if err != nil {
		return err
	}
	if authenticator.Secret != nil || len(passkeys) > 0 || !user.SecondFactor {
		if user.SecondFactor {
			if err := tx.tellOfChange(ctx, user, what+" was removed"); err != nil {
				return err
			}
		}
		left, err := tx.factors(ctx, user)
		if err != nil {
			return err
		}
		return tx.recordChange(ctx, actRemoveFactor, had, left)
	}
	account, err := tx.db.Account(ctx)
	if err != nil {
		return err
	}
	if account.EnforceSecondFactor {
		return invalid("", account.Name+" requires two-factor authentication. Set up another second factor before you remove the last one.")
	}
	return tx.endSecondFactor(ctx, user, had)
}

// tellOfChange tells a person by mail how the second factors they have were changed (ASVS 6.3.7).
func (tx *Tx) tellOfChange(ctx context.Context, user store.User, how string) error {
	account, err := tx.db.Account(ctx)
	if err != nil {
		return err
	}
	_, err = tx.mail(ctx, user, notify.TemplateSecondFactorsChanged, notify.SecondFactorsChanged{
		Company: account.Name, Name: user.Name(), Email: user.Email, Change: how, At: int64(tx.now), Address: tx.by.Address}, "")
	return err
}

// deleteFactors removes all second factors of a person.
func (tx *Tx) deleteFactors(ctx context.Context, userID int64) error {
	if err := tx.db.DeleteAuthenticator(ctx, userID); err != nil {
		return err
	}
	return tx.db.DeletePasskeys(ctx, userID)
}

// endSecondFactor ends two-factor authentication for a person whose last second factor is gone, and tells them.
func (tx *Tx) endSecondFactor(ctx context.Context, user store.User, had object) error {
	if err := tx.db.ReplaceRecoveryCodes(ctx, user.ID, nil); err != nil {
		return err
	}
	user.SecondFactor = false
	if err := tx.saveUser(ctx, &user); err != nil {
		return err
	}
	if err := tx.mailSecondFactorDisabled(ctx, user); err != nil {
		return err
	}
	if err := tx.recordEnd(ctx, actDisableFactors, had); err != nil {
		return err
	}
	return tx.announce(ctx, tx.happened(notify.ConditionSecondFactorDisabled, user))
}

// mailSecondFactorDisabled tells a person that signing in takes no second factor any more.
func (tx *Tx) mailSecondFactorDisabled(ctx context.Context, user store.User) error {
	account, err := tx.db.Account(ctx)
	if err != nil {
		return err
	}
	_, err = tx.mail(ctx, user, notify.TemplateSecondFactorDisabledNotice, notify.SecondFactorDisabled{
		Company: account.Name, Name: user.Name(), Email: user.Email, At: int64(tx.now), Actor: tx.by.person()}, "")
	return err
}

// factors are the second factors of a person, as the entry of their end shows them.
func (v *View) factors(ctx context.Context, user store.User) (object, error) {
	had := userObject(user)
	had.fields = map[string]string{"two-factor authentication": yesOrNo(user.SecondFactor)}
	authenticator, err := v.db.Authenticator(ctx, user.ID)
	if err != nil {
		return had, err
	}
	if authenticator.Secret != nil {
		had.fields["authenticator app"] = "set up " + moment(authenticator.ConfirmedAt)
	}
	passkeys, err := v.db.Passkeys(ctx, user.ID)
	if err != nil {
		return had, err
	}
	var names []string
	for _, k := range passkeys {
		names = append(names, k.Name)
	}
	had.fields["passkeys"] = strings.Join(names, ", ")
	left, err := v.db.RecoveryCodesLeft(ctx, user.ID)
	had.fields["recovery codes"] = strconv.Itoa(left) + " unused"
	return had, err
}

// ResetPreview is a person whose second factors ResetSecondFactor would remove, where they have any.
type ResetPreview struct{ User store.User }

// Digest tells the preview from one of something else.
func (p ResetPreview) Digest() string { return digestOf(saidOf(p.User), p.User.SecondFactor) }

// ResetSecondFactor removes the second factors and recovery codes of another person and ends their sessions, when password
// is the actor's own. It returns Invalid, NoSecondFactor, ChangedPreview, Forbidden (rule "may manage") or store.ErrNotFound.
func (s *Service) ResetSecondFactor(ctx context.Context, by Actor, userID int64, password string) (store.User, error) {
	if _, err := s.WithSecondFactor(ctx, by, userID); err != nil { // before anybody can guess at the prompt for nothing
		return store.User{}, err
	}
	if err := s.confirmPassword(ctx, by, password); err != nil {
		return store.User{}, err
	}
	return change(ctx, s, by, func(tx *Tx) (store.User, error) {
		user, err := tx.manageable(ctx, userID, permission.UsersUpdate)
		if err != nil {
			return store.User{}, err
		}
		if err := refuseReset(by, user); err != nil {
			return store.User{}, err
		}
		if err := tx.requireConfirmed(ResetPreview{user}); err != nil {
			return store.User{}, err
		}
		had, err := tx.factors(ctx, user)
		if err != nil {
			return store.User{}, err
		}
		if err := tx.db.DeleteSessionsOfUser(ctx, user.ID); err != nil {
			return store.User{}, err
		}
		if err := tx.deleteFactors(ctx, user.ID); err != nil {
			return store.User{}, err
		}
		return user, tx.endSecondFactor(ctx, user, had)
	})
}

// WithSecondFactor returns another person who has a second factor. It returns Invalid for the actor, NoSecondFactor, Forbidden or
// store.ErrNotFound.
func (s *Service) WithSecondFactor(ctx context.Context, by Actor, userID int64) (store.User, error) {
	user, err := s.User(ctx, by, userID)
	if err == nil {
		err = refuseReset(by, user)
	}
	return user, err
}

// refuseReset refuses to remove the second factors of the actor, and of those who have none.
func refuseReset(by Actor, user store.User) error {
	if user.ID == by.UserID {
		return invalid("", "Your own two-factor authentication is switched off under Profile.")
	}
	if !user.SecondFactor {
		none := Refuse(NoSecondFactor)
		none.Words = user.DisplayName() + " has no second factor: there is nothing to disable."
		return none
	}
	return nil
}
