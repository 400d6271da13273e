package account

import (
	"bytes"
	"context"
	"errors"
	"strconv"

	"console/internal/auth"
	"console/store"
)

// SignedInWith is a finished sign-in.
type SignedInWith struct {
	Token     string
	CodesLeft int // unused recovery codes, where one was used; otherwise -1
}

// SignInWithCode finishes the sign-in of a session that waits for the second factor, with a code of the authenticator
// or a recovery code. Each works once. It returns WrongSecondFactor or CodeUsed, which both count as
// failures of the account, Throttled after six of them, or SignedOut.
func (s *Service) SignInWithCode(ctx context.Context, by Actor, code string, from Client) (SignedInWith, error) {
	return s.finishSignIn(ctx, by, from, func(tx *Tx, user store.User) (string, error) { return tx.useCode(ctx, user, code) })
}

// SignInWithPasskey is SignInWithCode for the answer of a passkey to what SecondFactorAsked asks. A question can be
// answered once; after a failure there is a new one.
func (s *Service) SignInWithPasskey(ctx context.Context, by Actor, answer []byte, from Client) (SignedInWith, error) {
	return s.finishSignIn(ctx, by, from, func(tx *Tx, user store.User) (string, error) { return tx.usePasskey(ctx, user, answer) })
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

func (s *Service) finishSignIn(
	ctx context.Context,
	by Actor,
	from Client,
	prove func(*Tx, store.User) (string, error),
) (done SignedInWith, err error) {
	defer func() { s.tellSignIn("second_factor", signInResult(store.Finished, err)) }()
	var refusal error // to be returned when it is counted
	by.UserAgent = from.Browser()
	factors := counter{secondFactors, strconv.FormatInt(by.UserID, 10)}
	if err := s.look().awaitPause(ctx, factors); err != nil {
		return SignedInWith{}, s.answerPause(ctx, by, actSecondFactor, by.object(), err)
	}
	done, err = transaction(ctx, s, by, func(tx *Tx) (SignedInWith, error) {
		session, user, err := tx.waiting(ctx)
		if err != nil {
			return SignedInWith{}, err
		}
		if err := tx.awaitPause(ctx, factors); err != nil {
			return SignedInWith{}, err
		}
		t, err := tx.db.Throttle(ctx, factors.limit.Kind, factors.subject)
		if err != nil {
			return SignedInWith{}, err
		}
		with, err := prove(tx, user)
		if RefusedBy(err, WrongSecondFactor) || RefusedBy(err, CodeUsed) {
			refusal = err
			return SignedInWith{}, tx.failSecondFactor(ctx, t, session, user, changes{"tried": {"", with}, "reason": {"", wrongFactor(err)}})
		}
		if err != nil {
			return SignedInWith{}, err
		}
		if err := tx.db.DeleteThrottle(ctx, t.Kind, t.Subject); err != nil {
			return SignedInWith{}, err
		}
		return tx.finish(ctx, session, user, with, from)
	})
	if err == nil {
		err = refusal
	}
	return done, s.answerPause(ctx, by, actSecondFactor, by.object(), err)
}

// waiting returns the actor's session, which must wait for the second factor, and the person, who must still be allowed
// to sign in.
func (v *View) waiting(ctx context.Context) (store.Session, store.User, error) {
	session, err := v.db.SessionByID(ctx, v.by.SessionID)
	if errors.Is(err, store.ErrNotFound) ||
		err == nil && (session.Stage != store.AwaitsSecondFactor || session.CreatedAt.Over(store.SecondFactorPatience, v.now)) {
		return store.Session{}, store.User{}, Refuse(SignedOut)
	}
	if err != nil {
		return store.Session{}, store.User{}, err
	}
	user, err := v.db.UserByID(ctx, session.UserID)
	if err == nil && !signsIn(user) {
		err = Refuse(SignedOut)
	}
	return session, user, err
}

func (tx *Tx) failSecondFactor(ctx context.Context, t store.Throttle, session store.Session, user store.User, how changes) error {
	if err := tx.countFailure(ctx, t, user); err != nil {
		return err
	}
	if err := tx.askPasskey(ctx, session.ID, user); err != nil {
		return err
	}
	return tx.record(ctx, actSecondFactor, Failed, userObject(user), how)
}

// wrongFactor is what was wrong with a second factor, in words.
func wrongFactor(err error) string {
	if RefusedBy(err, CodeUsed) {
		return "used already"
	}
	return "wrong"
}

// finish lets the person in.
func (tx *Tx) finish(ctx context.Context, session store.Session, user store.User, with string, from Client) (SignedInWith, error) {
	done := SignedInWith{CodesLeft: -1}
	session.SecondFactorAt = tx.now
	token, err := tx.renewSession(ctx, session, from)
	if err != nil {
		return SignedInWith{}, err
	}
	done.Token = token
	if with == withRecoveryCode {
		if done.CodesLeft, err = tx.db.RecoveryCodesLeft(ctx, user.ID); err != nil {
			return SignedInWith{}, err
		}
	}
	return done, tx.signedIn(ctx, user, with)
}

// useCode uses up a code that the person typed.
func (tx *Tx) useCode(ctx context.Context, user store.User, code string) (with string, err error) {
	if auth.LooksLikeRecoveryCode(code) {
		err := tx.db.UseRecoveryCode(ctx, user.ID, auth.HashRecoveryCode(code), tx.now)
		if errors.Is(err, store.ErrNotFound) {
			err = Refuse(WrongSecondFactor)
		}
		return withRecoveryCode, err
	}
	authenticator, err := tx.db.Authenticator(ctx, user.ID)
	if err != nil {
		return "", err
	}
	if authenticator.Secret == nil {
		return withAuthenticator, Refuse(WrongSecondFactor)
	}
	step, err := tx.step(authenticator.Secret, user.ID, code)
	if errors.Is(err, auth.ErrCode) {
		return withAuthenticator, Refuse(WrongSecondFactor)
	}
	if err != nil {
		return "", err
	}
	if err = tx.db.UseStep(ctx, user.ID, step); errors.Is(err, store.ErrNotFound) {
		err = Refuse(CodeUsed)
	}
	return withAuthenticator, err
}

// askPasskey asks a question of the person's passkeys in a session, where they have any.
func (tx *Tx) askPasskey(ctx context.Context, sessionID int64, user store.User) error {
	owner, err := tx.passkeyOwner(ctx, user.ID)
	if err != nil || len(owner.Credentials) == 0 || !tx.service.passkeys.Usable() {
		return err
	}
	question, options, err := tx.service.passkeys.Ask(owner)
	if err != nil {
		return err
	}
	return tx.db.AskPasskey(ctx, store.PasskeyQuestion{SessionID: sessionID, Question: question, Options: options, CreatedAt: tx.now})
}

// usePasskey accepts the answer of one of the person's passkeys.
func (tx *Tx) usePasskey(ctx context.Context, user store.User, answer []byte) (with string, err error) {
	question, err := tx.db.TakePasskeyQuestion(ctx, tx.by.SessionID)
	if errors.Is(err, store.ErrNotFound) {
		return withPasskey, Refuse(WrongSecondFactor)
	}
	if err != nil {
		return "", err
	}
	owner, err := tx.passkeyOwner(ctx, user.ID)
	if err != nil {
		return "", err
	}
	id, credential, err := tx.service.passkeys.UsedPasskey(owner, question.Question, answer)
	if errors.Is(err, auth.ErrPasskey) {
		tx.service.log.WarnContext(ctx, "passkey refused", "error", err)
		return withPasskey, Refuse(WrongSecondFactor)
	}
	if err != nil {
		return "", err
	}
	passkeys, err := tx.db.Passkeys(ctx, user.ID)
	if err != nil {
		return "", err
	}
	for _, k := range passkeys {
		if bytes.Equal(k.CredentialID, id) {
			k.Credential, k.LastUsedAt = credential, tx.now
			return withPasskey, tx.db.UsePasskey(ctx, k)
		}
	}
	return withPasskey, Refuse(WrongSecondFactor)
}
