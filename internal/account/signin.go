package account

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"console/internal/auth"
	"console/store"
)

// Client is the browser that signs in.
type Client struct {
	Address, UserAgent, RequestID string
	Session                       []byte // token hash of the session it had, which the new one replaces (ASVS 7.2.4); may be nil
}

func (c Client) actor() Actor {
	return Actor{Source: UI, Address: c.Address, RequestID: c.RequestID}
}

// SignIn checks email and password and begins a session; it returns the session's token. ErrSignIn is the answer to
// whatever is wrong, after the same time: unknown address, wrong password, invited or disabled person. Throttled
// says that too many attempts have failed (SPEC §4); auth.ErrBusy that too many people sign in at once.
func (s *Service) SignIn(ctx context.Context, email, password string, from Client) (string, error) {
	release, err := s.hasher.Acquire(ctx)
	if err != nil {
		return "", err
	}
	defer release() // only then: attempts that wait must see the failures of those before them
	email, key, _ := parseEmail(email)
	account, address := signInThrottles(key, from.Address)
	if err := s.awaitPause(ctx, from, email, account, address); err != nil {
		return "", err
	}
	user, err := s.db.UserByEmailKey(ctx, key)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return "", err
	}
	right, rehash := verify(user, password)
	if !right {
		return "", s.failSignIn(ctx, from, email, user, account, address)
	}
	if rehash {
		rehashed := auth.HashPassword(password)
		err := s.db.Update(ctx, func(tx *store.Tx) error { return tx.SetPasswordHash(ctx, user.ID, rehashed) })
		if err != nil {
			return "", err
		}
	}
	return transaction(ctx, s, from.actor(), func(tx *Tx) (string, error) {
		if err := tx.db.DeleteThrottle(ctx, account.kind, account.subject); err != nil {
			return "", err
		}
		// The person may have been disabled while the password was being checked.
		current, err := tx.db.UserByID(ctx, user.ID)
		if err != nil || !signsIn(current) {
			return "", ErrSignIn
		}
		return tx.beginSession(current, from, "sign in")
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
		until := pausedUntil(t)
		if now >= until {
			continue
		}
		_, err = transaction(ctx, s, from.actor(), func(tx *Tx) (struct{}, error) { return struct{}{}, tx.refuseAttempt(t, email) })
		if err != nil {
			return err
		}
		return &Throttled{RetryAfter: time.Duration(until-now) * time.Millisecond}
	}
	return nil
}

// failSignIn counts and records a failed attempt, and returns ErrSignIn. user is whose address it is, if anybody's.
func (s *Service) failSignIn(ctx context.Context, from Client, email string, user store.User, keys ...throttleKey) error {
	_, err := transaction(ctx, s, from.actor(), func(tx *Tx) (struct{}, error) {
		for _, key := range keys {
			t, err := tx.db.Throttle(ctx, key.kind, key.subject)
			if err != nil {
				return struct{}{}, err
			}
			t = failed(t, tx.now)
			if err := tx.db.SaveThrottle(ctx, t); err != nil {
				return struct{}{}, err
			}
			if locks(t) && user.ID != 0 {
				if err := tx.signInLocked(user); err != nil {
					return struct{}{}, err
				}
			}
		}
		return struct{}{}, tx.record("sign in", Failed, object{kind: "user", name: email}, nil)
	})
	if err != nil {
		return err
	}
	return ErrSignIn
}

// beginSession signs the person in with this transaction and returns the token of the new session.
func (tx *Tx) beginSession(user store.User, from Client, action string) (string, error) {
	token := auth.NewToken()
	formKey := make([]byte, 32)
	rand.Read(formKey) // never fails (Go 1.24)
	session := store.Session{TokenHash: auth.HashToken(token), UserID: user.ID, FormKey: formKey, Data: []byte{}, Address: from.Address,
		UserAgent: shorten(from.UserAgent, 500), CreatedAt: tx.now, LastSeenAt: tx.now}
	if err := tx.db.DeleteSession(tx.ctx, from.Session); err != nil {
		return "", err
	}
	if err := tx.db.InsertSession(tx.ctx, &session); err != nil {
		return "", err
	}
	if err := tx.db.SetLastAuth(tx.ctx, user.ID, tx.now); err != nil {
		return "", err
	}
	tx.by.UserID, tx.by.Name, tx.by.Email = user.ID, user.Name(), user.Email
	return token, tx.record(action, Done, userObject(user), nil)
}

// shorten cuts text that nobody typed to at most n bytes.
func shorten(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return text[:n]
}
