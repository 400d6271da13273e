package account

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"time"

	"console/internal/auth"
	"console/store"
)

var (
	// ErrSecondFactor says that a code or a passkey is not one of the person's.
	ErrSecondFactor = errors.New("the second factor is wrong")
	// ErrCodeUsed says that a code was right, but has been used already.
	ErrCodeUsed = errors.New("the code has been used already")
)

// SignedInWith is a finished sign-in.
type SignedInWith struct {
	Token     string
	CodesLeft int // unused recovery codes, where one was used; otherwise -1
}

// SignInWithCode finishes the sign-in of a session that waits for the second factor, with a code of the authenticator
// or a recovery code. Each works once. It returns ErrSecondFactor or ErrCodeUsed, which both count as
// failures of the account, Throttled after six of them, or ErrSignedOut.
func (s *Service) SignInWithCode(ctx context.Context, by Actor, code string, from Client) (SignedInWith, error) {
	return s.finishSignIn(ctx, by, from, func(tx *Tx, user store.User) (string, error) { return tx.useCode(user, code) })
}

// SignInWithPasskey is SignInWithCode for the answer of a passkey to what SecondFactorAsked asks. A question can be
// answered once; after a failure there is a new one.
func (s *Service) SignInWithPasskey(ctx context.Context, by Actor, answer []byte, from Client) (SignedInWith, error) {
	return s.finishSignIn(ctx, by, from, func(tx *Tx, user store.User) (string, error) { return tx.usePasskey(user, answer) })
}

// Asked is what somebody whose session waits for the second factor can answer with, besides a recovery code.
type Asked struct {
	Authenticator bool
	Passkey       []byte // what the browser asks a passkey; empty where they have none
}

// SecondFactorAsked returns what the actor's session waits for.
func (s *Service) SecondFactorAsked(ctx context.Context, by Actor) (Asked, error) {
	authenticator, err := s.db.Authenticator(ctx, by.UserID)
	if err != nil {
		return Asked{}, err
	}
	question, err := s.db.PasskeyQuestion(ctx, by.SessionID)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return Asked{authenticator.Secret != nil, question.Options}, err
}

// How an activity entry names a second factor.
const (
	withAuthenticator = "authenticator app"
	withRecoveryCode  = "recovery code"
	withPasskey       = "passkey"
)

func (s *Service) finishSignIn(ctx context.Context, by Actor, from Client, prove func(*Tx, store.User) (string, error)) (SignedInWith, error) {
	var refusal error // to be returned when it is counted
	by.UserAgent = from.browser()
	done, err := transaction(ctx, s, by, func(tx *Tx) (SignedInWith, error) {
		session, user, err := tx.waiting()
		if err != nil {
			return SignedInWith{}, err
		}
		t, err := tx.db.Throttle(ctx, throttleFactor, strconv.FormatInt(user.ID, 10))
		if err != nil {
			return SignedInWith{}, err
		}
		if until := pausedUntil(t, tx.now); tx.now < until {
			refusal = &Throttled{RetryAfter: time.Duration(until-tx.now) * time.Millisecond}
			return SignedInWith{}, tx.refuseAttempt("sign in second factor", t, userObject(user))
		}
		with, err := prove(tx, user)
		if errors.Is(err, ErrSecondFactor) || errors.Is(err, ErrCodeUsed) {
			refusal = err
			return SignedInWith{}, tx.failSecondFactor(t, session, user)
		}
		if err != nil {
			return SignedInWith{}, err
		}
		if err := tx.db.DeleteThrottle(ctx, t.Kind, t.Subject); err != nil {
			return SignedInWith{}, err
		}
		return tx.finish(session, user, with, from)
	})
	if err == nil {
		err = refusal
	}
	return done, err
}

// waiting returns the actor's session, which must wait for the second factor, and the person, who must still be allowed
// to sign in.
func (tx *Tx) waiting() (store.Session, store.User, error) {
	session, err := tx.db.SessionByID(tx.ctx, tx.by.SessionID)
	if errors.Is(err, store.ErrNotFound) || err == nil && (session.Stage != store.AwaitsSecondFactor || tx.now >= session.CreatedAt.Add(store.SecondFactorPatience)) {
		return store.Session{}, store.User{}, ErrSignedOut
	}
	if err != nil {
		return store.Session{}, store.User{}, err
	}
	user, err := tx.db.UserByID(tx.ctx, session.UserID)
	if err == nil && !signsIn(user) {
		err = ErrSignedOut
	}
	return session, user, err
}

func (tx *Tx) failSecondFactor(t store.Throttle, session store.Session, user store.User) error {
	if err := tx.countFailure(t, user); err != nil {
		return err
	}
	if err := tx.askPasskey(session.ID, user); err != nil {
		return err
	}
	return tx.record("sign in second factor", Failed, userObject(user), nil)
}

// finish lets the person in.
func (tx *Tx) finish(session store.Session, user store.User, with string, from Client) (SignedInWith, error) {
	done := SignedInWith{CodesLeft: -1}
	session.SecondFactorAt = tx.now
	token, err := tx.renewSession(session, from)
	if err != nil {
		return SignedInWith{}, err
	}
	done.Token = token
	if err := tx.db.SetLastAuth(tx.ctx, user.ID, tx.now); err != nil {
		return SignedInWith{}, err
	}
	if with == withRecoveryCode {
		if done.CodesLeft, err = tx.db.RecoveryCodesLeft(tx.ctx, user.ID); err != nil {
			return SignedInWith{}, err
		}
	}
	return done, tx.record("sign in", Done, userObject(user), map[string][2]string{"second factor": {"", with}})
}

// useCode uses up a code that the person typed.
func (tx *Tx) useCode(user store.User, code string) (with string, err error) {
	if auth.LooksLikeRecoveryCode(code) {
		err := tx.db.UseRecoveryCode(tx.ctx, user.ID, auth.HashRecoveryCode(code), tx.now)
		if errors.Is(err, store.ErrNotFound) {
			err = ErrSecondFactor
		}
		return withRecoveryCode, err
	}
	authenticator, err := tx.db.Authenticator(tx.ctx, user.ID)
	if err != nil {
		return "", err
	}
	if authenticator.Secret == nil {
		return "", ErrSecondFactor
	}
	step, err := tx.step(authenticator.Secret, user.ID, code)
	if errors.Is(err, auth.ErrCode) {
		return "", ErrSecondFactor
	}
	if err != nil {
		return "", err
	}
	if err = tx.db.UseStep(tx.ctx, user.ID, step); errors.Is(err, store.ErrNotFound) {
		err = ErrCodeUsed
	}
	return withAuthenticator, err
}

// askPasskey asks a question of the person's passkeys in a session, where they have any.
func (tx *Tx) askPasskey(sessionID int64, user store.User) error {
	owner, err := tx.passkeyOwner(user.ID)
	if err != nil || len(owner.Credentials) == 0 || !tx.service.passkeys.Usable() {
		return err
	}
	question, options, err := tx.service.passkeys.Ask(owner)
	if err != nil {
		return err
	}
	return tx.db.AskPasskey(tx.ctx, store.PasskeyQuestion{SessionID: sessionID, Question: question, Options: options, CreatedAt: tx.now})
}

// usePasskey accepts the answer of one of the person's passkeys.
func (tx *Tx) usePasskey(user store.User, answer []byte) (with string, err error) {
	question, err := tx.db.TakePasskeyQuestion(tx.ctx, tx.by.SessionID)
	if errors.Is(err, store.ErrNotFound) {
		return "", ErrSecondFactor
	}
	if err != nil {
		return "", err
	}
	owner, err := tx.passkeyOwner(user.ID)
	if err != nil {
		return "", err
	}
	id, credential, err := tx.service.passkeys.UsedPasskey(owner, question.Question, answer)
	if errors.Is(err, auth.ErrPasskey) {
		tx.service.log.Warn("passkey refused", "request_id", tx.by.RequestID, "error", err)
		return "", ErrSecondFactor
	}
	if err != nil {
		return "", err
	}
	passkeys, err := tx.db.Passkeys(tx.ctx, user.ID)
	if err != nil {
		return "", err
	}
	for _, k := range passkeys {
		if bytes.Equal(k.CredentialID, id) {
			k.Credential, k.LastUsedAt = credential, tx.now
			return withPasskey, tx.db.UsePasskey(tx.ctx, k)
		}
	}
	return "", ErrSecondFactor
}
