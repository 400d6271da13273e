package account

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"

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
	return Actor{Source: UI, Address: c.Address, RequestID: c.RequestID, UserAgent: c.Browser()}
}

// Browser is how the browser calls itself, cut to what is kept.
func (c Client) Browser() string { return shorten(c.UserAgent, 500) }

// SignIn checks email and password and begins a session: a finished one, or one that waits for the second factor.
// WrongSignIn is the answer to whatever is wrong, after the same time: unknown address, wrong password, invited or
// disabled person. Throttled says that too many attempts have failed; auth.ErrBusy that too many people sign
// in at once.
func (s *Service) SignIn(ctx context.Context, email, password string, from Client) (begun Begun, err error) {
	defer func() { s.tellSignIn("password", signInResult(begun.Stage, err)) }()
	email, key := input.StoredEmail(email)
	begun, err = s.tryPassword(ctx, attempt{email, key, password, signInCounters(key, from.Address)}, from)
	return begun, s.answerPause(ctx, from.actor(), actSignIn, object{kind: objectUser, name: email}, err)
}

// signInResult is what came of a step of a sign-in, for metrics: signed_in, next_step, the code of a refusal, left where the browser has
// hung up, or error.
func signInResult(stage store.Stage, err error) string {
	refusal := AsRefusal(err)
	switch {
	case refusal != nil:
		return string(refusal.Code)
	case errors.Is(err, context.Canceled):
		return "left"
	case err != nil:
		return "error"
	case stage == store.Finished:
		return "signed_in"
	}
	return "next_step"
}

// attempt is what somebody signs in with, and the counters it is held against.
type attempt struct {
	email, key, password string
	counters             []counter
}

// tryPassword is SignIn, and returns a pause where that says Throttled. Who is paused takes no place in the queue for hashing; who
// stood there while others failed is asked again, before the hash and in the transaction after it.
func (s *Service) tryPassword(ctx context.Context, a attempt, from Client) (Begun, error) {
	if err := s.look().awaitPause(ctx, a.counters...); err != nil {
		return Begun{}, err
	}
	release, err := s.hasher.Acquire(ctx, auth.Caller{Party: neighboursOf(from.Address), Subject: a.counters[0].subject})
	if err != nil {
		return Begun{}, err
	}
	defer release() // only then: attempts that wait must see the failures of those before them
	if err := s.look().awaitPause(ctx, a.counters...); err != nil {
		return Begun{}, err
	}
	user, err := s.db.UserByEmailKey(ctx, a.key)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return Begun{}, err
	}
	right, rehash := verify(user, a.password)
	if !right {
		return Begun{}, s.failSignIn(ctx, a, user, from, refusedSignIn(user))
	}
	hash := user.PasswordHash
	if rehash {
		hash = auth.HashPassword(a.password)
	}
	begun, err := transaction(ctx, s, from.actor(), func(tx *Tx) (Begun, error) {
		if err := tx.awaitPause(ctx, a.counters...); err != nil {
			return Begun{}, err
		}
		// While the password was being checked the person may have been disabled, or been given another one.
		current, err := tx.db.UserByID(ctx, user.ID)
		gone := errors.Is(err, store.ErrNotFound)
		if err != nil && !gone {
			return Begun{}, err
		}
		if gone || !signsIn(current) || current.PasswordChangedAt != user.PasswordChangedAt {
			return Begun{}, errMeanwhile
		}
		if hash != user.PasswordHash && current.PasswordHash == user.PasswordHash {
			if err := tx.db.SetPasswordHash(ctx, current.ID, hash); err != nil {
				return Begun{}, err
			}
			current.PasswordHash = hash
		}
		if err := tx.db.DeleteThrottle(ctx, accountPasswords.Kind, a.counters[0].subject); err != nil {
			return Begun{}, err
		}
		return tx.beginSession(ctx, current, from)
	})
	if errors.Is(err, errMeanwhile) {
		return Begun{}, s.failSignIn(ctx, a, user, from, "access or password was changed meanwhile")
	}
	return begun, err
}

// errMeanwhile takes back a sign-in with a password that was right when it was looked at.
var errMeanwhile = errors.New("the person was changed while the password was looked at")

// refusedSignIn says why somebody who gave the address of user is not let in. Only the activity log tells it.
func refusedSignIn(user store.User) string {
	switch {
	case user.ID == 0:
		return "nobody has this address"
	case user.Status() == store.Disabled:
		return "access is disabled"
	case user.Status() == store.Invited:
		return "not signed up yet"
	case !signsIn(user):
		return "the role " + user.Role.Label() + " never signs in"
	}
	return "wrong password"
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

// failSignIn counts and records a failed attempt, and returns WrongSignIn. user is whose address it was, if anybody's.
func (s *Service) failSignIn(ctx context.Context, a attempt, user store.User, from Client, why string) error {
	_, err := transaction(ctx, s, from.actor(), func(tx *Tx) (struct{}, error) {
		if err := tx.awaitPause(ctx, a.counters...); err != nil {
			return struct{}{}, err
		}
		for _, c := range a.counters {
			t, err := tx.db.Throttle(ctx, c.limit.Kind, c.subject)
			if err != nil {
				return struct{}{}, err
			}
			if err := tx.countFailure(ctx, t, user); err != nil {
				return struct{}{}, err
			}
		}
		about := object{kind: objectUser, name: a.email}
		if user.ID != 0 {
			about = userObject(user)
		}
		return struct{}{}, tx.record(ctx, actSignIn, Failed, about, changes{"reason": {"", why}})
	})
	if err != nil {
		return err
	}
	return Refuse(WrongSignIn)
}

// signInCounters are the two counters that a sign-in for an email from an address is held against, that of both first. The
// email stays out of the table: people type passwords into the wrong field.
func signInCounters(emailKey, address string) []counter {
	client := clientOf(address)
	sum := sha256.Sum256([]byte(emailKey + "\n" + client))
	return []counter{{accountPasswords, hex.EncodeToString(sum[:])}, {addressPasswords, client}}
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
	system := tx.as(Actor{Source: System, Address: tx.by.Address, RequestID: tx.by.RequestID, UserAgent: tx.by.UserAgent})
	locked := changes{"sign-in": {"open", "paused for " + lasting(accountPasswords.Time)}, "failures": {"", strconv.Itoa(after.Failures)}}
	if err := system.record(ctx, actLockSignIn, Done, userObject(user), locked); err != nil {
		return err
	}
	return tx.announce(ctx, fact{condition: notify.ConditionSignInLocked, user: user}) // nobody is known to have typed it
}
