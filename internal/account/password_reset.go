package account

import (
	"context"
	"crypto/rand"
	"errors"
	"math/big"
	"strconv"
	"time"

	"console/internal/auth"
	"console/internal/input"
	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

const (
	resetLinkLasts = time.Hour
)

// RequestPasswordReset notes that a visitor wants a link to reset the password of an address. It answers the same, and
// after the same time, whoever has the address: the mail is made beside the requests, by AnswerResetRequests. It returns
// Throttled after too many requests from one address.
func (s *Service) RequestPasswordReset(ctx context.Context, email string, from Client) error {
	if input.EmailKey(email) == "" {
		_, _, reason := input.ParseEmail(email)
		return invalid("email", reason)
	}
	requests := counter{resetRequests, clientOf(from.Address)}
	err := s.look().awaitPause(ctx, requests)
	if err == nil {
		_, err = transaction(ctx, s, from.actor(), func(tx *Tx) (struct{}, error) {
			if err := tx.awaitPause(ctx, requests); err != nil {
				return struct{}{}, err
			}
			t, err := tx.db.Throttle(ctx, requests.limit.Kind, requests.subject)
			if err != nil {
				return struct{}{}, err
			}
			if err := tx.db.SaveThrottle(ctx, failed(t, tx.now)); err != nil {
				return struct{}{}, err
			}
			asked := store.ResetRequest{Email: email, Address: from.Address, RequestID: from.RequestID, UserAgent: from.Browser()}
			return struct{}{}, tx.db.InsertResetRequest(ctx, &asked)
		})
	}
	if err != nil {
		return s.answerPause(ctx, from.actor(), actRequestReset, object{kind: objectUser}, err)
	}
	select {
	case s.resetAsked <- struct{}{}:
	default:
	}
	return nil
}

// What follows a request for a link starts between these times after it, at a moment that nobody can foretell: a writer that is
// busy at once would be felt by whoever asked, in their next request.
const (
	answersAfter  = time.Second
	answersWithin = 4 * time.Second
)

// AnswerResetRequests sends the links that visitors have asked for, also those that another process was asked for, until ctx is done.
func (s *Service) AnswerResetRequests(ctx context.Context) {
	for {
		pause := lookEvery
		if err := s.answerRequests(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("password reset", "error", err)
			pause = jobPause
		}
		select {
		case <-ctx.Done():
			return
		case <-s.resetAsked:
		case <-time.After(pause):
		}
	}
}

// answerRequests answers the requests that wait, if any, after some moment.
func (s *Service) answerRequests(ctx context.Context) error {
	more, err := s.db.ResetRequestWaits(ctx)
	if err != nil || !more || !sleep(ctx, someMoment()) {
		return err
	}
	for more && err == nil {
		more, err = s.answerNextRequest(ctx)
	}
	return err
}

// someMoment is how long to wait before requests are answered.
func someMoment() time.Duration {
	n, err := rand.Int(rand.Reader, big.NewInt(int64(answersWithin-answersAfter)))
	if err != nil { // never: crypto/rand ends the program rather than fail
		return answersWithin
	}
	return answersAfter + time.Duration(n.Int64())
}

// sleep waits, and returns false where ctx ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// answerNextRequest answers one request, and says whether there was one.
func (s *Service) answerNextRequest(ctx context.Context) (bool, error) {
	return transaction(ctx, s, Actor{Source: UI}, func(tx *Tx) (bool, error) {
		request, err := tx.db.TakeResetRequest(ctx)
		if errors.Is(err, store.ErrNotFound) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		tx.by.Address, tx.by.RequestID, tx.by.UserAgent = request.Address, request.RequestID, request.UserAgent
		return true, tx.answerResetRequest(ctx, request.Email)
	})
}

// answerResetRequest sends a link to whom an address belongs, and nobody else. There is none for people who cannot sign
// in, and no more than a few an hour.
func (tx *Tx) answerResetRequest(ctx context.Context, email string) error {
	key := input.EmailKey(email)
	user, err := tx.db.UserByEmailKey(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return tx.pretend(ctx, object{kind: objectUser, name: email}, "nobody has this address")
	}
	if err == nil && !mayHavePassword(user) {
		return tx.pretend(ctx, userObject(user), refusedSignIn(user))
	}
	if err != nil {
		return err
	}
	sent, err := tx.db.ResetLinksBetween(ctx, user.ID, tx.now.Add(-resetLinks.Time), tx.now)
	if err != nil {
		return err
	}
	if sent >= resetLinks.Number {
		return tx.pretend(ctx, userObject(user), counted(sent, "link")+" sent already within "+lasting(resetLinks.Time))
	}
	return tx.answerWithLink(ctx, user)
}

func (tx *Tx) answerWithLink(ctx context.Context, user store.User) error {
	if err := tx.sendResetLink(ctx, user); err != nil {
		return err
	}
	return tx.record(ctx, actRequestReset, Done, userObject(user), changes{"link lasts": {"", lasting(resetLinkLasts)}})
}

// pretend does for an administrator what would be done for somebody who gets a link, and takes it back: the writer is
// busy for as long, so that nobody can tell from it who has an account. The entry says about whom it was and why there is no link.
func (tx *Tx) pretend(ctx context.Context, about object, why string) error {
	administrators, err := tx.db.Administrators(ctx, 1)
	if err != nil || len(administrators) == 0 {
		return err // nobody could be told of it
	}
	err = tx.db.Savepoint(ctx, func() error {
		if err := tx.answerWithLink(ctx, administrators[0]); err != nil {
			return err
		}
		return errRehearsed
	})
	if errors.Is(err, errRehearsed) {
		return tx.record(ctx, actRequestReset, Failed, about, changes{"reason": {"", why}})
	}
	return err
}

// mayHavePassword says whether a person can have a password to sign in with.
func mayHavePassword(user store.User) bool {
	return user.Status() == store.Active && user.Role.SignsIn()
}

// sendResetLink queues the mail with a new link to the person's own address.
func (tx *Tx) sendResetLink(ctx context.Context, user store.User) error {
	token, expires, err := tx.newResetLink(ctx, user)
	if err != nil {
		return err
	}
	account, err := tx.db.Account(ctx)
	if err != nil {
		return err
	}
	_, err = tx.mail(ctx, user, notify.TemplatePasswordReset, notify.PasswordReset{
		Company: account.Name, Name: user.Name(), Email: user.Email, ExpiresAt: int64(expires)}, token)
	return err
}

// newResetLink makes a link by which the person sets a new password, once.
func (tx *Tx) newResetLink(ctx context.Context, user store.User) (token string, expires store.Millis, err error) {
	token, expires = auth.NewToken(), tx.now.Add(resetLinkLasts)
	return token, expires, tx.db.InsertResetLink(
		ctx,
		store.ResetLink{TokenHash: auth.HashToken(token), UserID: user.ID, CreatedAt: tx.now, ExpiresAt: expires},
	)
}

// SendPasswordReset sends a person a link to reset their password. It returns Invalid for somebody who cannot sign in,
// Forbidden (rule "may manage") or store.ErrNotFound.
func (s *Service) SendPasswordReset(ctx context.Context, by Actor, userID int64) (store.User, error) {
	return change(ctx, s, by, func(tx *Tx) (store.User, error) {
		user, err := tx.manageable(ctx, userID, permission.UsersUpdate)
		if err != nil {
			return store.User{}, err
		}
		if !mayHavePassword(user) {
			return store.User{}, invalid("", user.DisplayName()+" cannot sign in, so there is no password to reset.")
		}
		if err := tx.use(ctx, trial{actSendReset, userObject(user), strconv.FormatInt(user.ID, 10)}, resetMails); err != nil {
			return store.User{}, err
		}
		if err := tx.sendResetLink(ctx, user); err != nil {
			return store.User{}, err
		}
		return user, tx.record(ctx, actSendReset, Done, userObject(user), changes{"link lasts": {"", lasting(resetLinkLasts)}})
	})
}

// ResetLink returns whose password a link resets, or a Link… code. It changes nothing: mail scanners open every link.
func (s *Service) ResetLink(ctx context.Context, token string) (store.User, error) {
	return readResetLink(ctx, s.db.Queries, token, store.At(s.now()))
}

func readResetLink(ctx context.Context, q store.Queries, token string, now store.Millis) (store.User, error) {
	link, err := q.ResetLink(ctx, auth.HashToken(token))
	if errors.Is(err, store.ErrNotFound) {
		return store.User{}, Refuse(LinkUnknown)
	}
	if err != nil {
		return store.User{}, err
	}
	switch {
	case link.Ended != store.LinkOpen:
		return store.User{}, deadLink(link.Ended)
	case link.Expired(now):
		return store.User{}, Refuse(LinkExpired)
	}
	user, err := q.UserByID(ctx, link.UserID)
	if err == nil && !mayHavePassword(user) {
		return store.User{}, Refuse(LinkRevoked)
	}
	return user, err
}

// ResetPassword sets the password that the person behind a link has chosen, once. All their sessions and other links end;
// they sign in with the new password and, where they have one, the second factor. It returns Invalid, a Link… code or
// auth.ErrBusy.
func (s *Service) ResetPassword(ctx context.Context, token, password string, from Client) error {
	err := s.setByLink(ctx, token, password, from)
	s.countDeadLink(from, actResetPassword, err)
	return err
}

// setByLink is ResetPassword, and counts no links that were refused.
func (s *Service) setByLink(ctx context.Context, token, password string, from Client) error {
	user, err := s.ResetLink(ctx, token)
	if err != nil {
		return err
	}
	reason, err := s.refuseNewPassword(ctx, password, user)
	if err != nil {
		return err
	}
	if reason != "" {
		return invalid("password", reason)
	}
	hash, err := s.hashPassword(ctx, password, known("user", user.ID), func() error {
		_, err := s.ResetLink(ctx, token) // as above: it may have been used meanwhile
		return err
	})
	if err != nil {
		return err
	}
	_, err = transaction(ctx, s, from.actor(), func(tx *Tx) (struct{}, error) {
		user, err := readResetLink(ctx, tx.View.db, token, tx.now)
		if err != nil {
			return struct{}{}, err
		}
		tx.by.UserID, tx.by.Name, tx.by.Email = user.ID, user.Name(), user.Email
		if err := tx.db.UseResetLink(ctx, auth.HashToken(token)); err != nil {
			return struct{}{}, err
		}
		if err := tx.db.DeleteSessionsOfUser(ctx, user.ID); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, tx.setPassword(ctx, user, hash, actResetPassword)
	})
	return err
}
