package account

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"console/internal/auth"
	"console/internal/input"
	"console/internal/notify"
	"console/store"
)

// Client is the browser that signs in.
type Client struct {
	Address, UserAgent, RequestID string
	Session                       []byte // token hash of the session it had, which the new one replaces (ASVS 7.2.4); may be nil
}

func (c Client) actor() Actor {
	return Actor{Source: UI, Address: c.Address, RequestID: c.RequestID, UserAgent: c.browser()}
}

// browser is how the browser calls itself, cut to what is kept.
func (c Client) browser() string { return shorten(c.UserAgent, 500) }

// SignIn checks email and password and begins a session: a finished one, or one that waits for the second factor.
// WrongSignIn is the answer to whatever is wrong, after the same time: unknown address, wrong password, invited or
// disabled person. Throttled says that too many attempts have failed; auth.ErrBusy that too many people sign
// in at once.
func (s *Service) SignIn(ctx context.Context, email, password string, from Client) (Begun, error) {
	email, key, _ := input.ParseEmail(email)
	account, address := signInThrottles(key, from.Address)
	release, err := s.hasher.AcquireFor(ctx, account.subject)
	if err != nil {
		return Begun{}, err
	}
	defer release() // only then: attempts that wait must see the failures of those before them
	if err := s.awaitPause(ctx, from, email, account, address); err != nil {
		return Begun{}, err
	}
	user, err := s.db.UserByEmailKey(ctx, key)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return Begun{}, err
	}
	right, rehash := verify(user, password)
	if !right {
		return Begun{}, s.failSignIn(ctx, from, user, email, account, address)
	}
	hash := user.PasswordHash
	if rehash {
		hash = auth.HashPassword(password)
	}
	return transaction(ctx, s, from.actor(), func(tx *Tx) (Begun, error) {
		// While the password was being checked the person may have been disabled, or been given another one.
		current, err := tx.db.UserByID(ctx, user.ID)
		gone := errors.Is(err, store.ErrNotFound)
		if err != nil && !gone {
			return Begun{}, err
		}
		if gone || !signsIn(current) || current.PasswordChangedAt != user.PasswordChangedAt {
			return Begun{}, Refuse(WrongSignIn)
		}
		if hash != user.PasswordHash && current.PasswordHash == user.PasswordHash {
			if err := tx.db.SetPasswordHash(ctx, current.ID, hash); err != nil {
				return Begun{}, err
			}
			current.PasswordHash = hash
		}
		if err := tx.db.DeleteThrottle(ctx, account.kind, account.subject); err != nil {
			return Begun{}, err
		}
		return tx.beginSession(ctx, current, from, "sign in")
	})
}

// verify compares the password in the same time for everybody, also for those who do not exist.
func verify(user store.User, password string) (right, rehash bool) {
	if !signsIn(user) {
		auth.VerifyPassword(auth.DummyHash, password)
		return false, false
	}
	return auth.VerifyPassword(user.PasswordHash, password)
}

// signsIn says whether a person can sign in with a password at all.
func signsIn(user store.User) bool {
	return user.Status() == store.Active && user.PasswordHash != "" && user.Role.SignsIn()
}

// awaitPause returns Throttled while a pause lasts.
func (s *Service) awaitPause(ctx context.Context, from Client, email string, keys ...throttleKey) error {
	now := store.At(s.now())
	for _, key := range keys {
		t, err := s.db.Throttle(ctx, key.kind, key.subject)
		if err != nil {
			return err
		}
		until := pausedUntil(t, now)
		if now >= until {
			continue
		}
		_, err = transaction(ctx, s, from.actor(), func(tx *Tx) (struct{}, error) {
			t, err := tx.db.Throttle(ctx, key.kind, key.subject) // others may have failed, and been counted, meanwhile
			if err != nil {
				return struct{}{}, err
			}
			return struct{}{}, tx.refuseAttempt(ctx, "sign in", t, object{kind: "user", name: email})
		})
		if err != nil {
			return err
		}
		return throttled(time.Duration(until-now) * time.Millisecond)
	}
	return nil
}

// failSignIn counts and records a failed attempt, and returns WrongSignIn. user is whose address it was, if anybody's.
func (s *Service) failSignIn(ctx context.Context, from Client, user store.User, email string, keys ...throttleKey) error {
	_, err := transaction(ctx, s, from.actor(), func(tx *Tx) (struct{}, error) {
		for _, key := range keys {
			t, err := tx.db.Throttle(ctx, key.kind, key.subject)
			if err != nil {
				return struct{}{}, err
			}
			if err := tx.countFailure(ctx, t, user); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, tx.record(ctx, "sign in", Failed, object{kind: "user", name: email}, nil)
	})
	if err != nil {
		return err
	}
	return Refuse(WrongSignIn)
}

// signInThrottles are the two counters that a sign-in for an address from a network address is held against. The
// email stays out of the table: people type passwords into the wrong field.
func signInThrottles(emailKey, address string) (account, from throttleKey) {
	network := networkOf(address)
	sum := sha256.Sum256([]byte(emailKey + "\n" + network))
	return throttleKey{throttleAccount, hex.EncodeToString(sum[:])}, throttleKey{throttleAddress, network}
}

// countFailure counts one more failure of somebody who wants to sign in, and tells the triggers when it locks the sign-in. user is the zero
// value where nobody has the address.
func (tx *Tx) countFailure(ctx context.Context, before store.Throttle, user store.User) error {
	after := failed(before, tx.now)
	if err := tx.db.SaveThrottle(ctx, after); err != nil {
		return err
	}
	if user.ID == 0 || !locks(after) {
		return nil
	}
	return tx.announce(ctx, fact{condition: notify.ConditionSignInLocked, user: user}) // nobody is known to have typed it
}
