package account

import (
	"context"
	"crypto/rand"
	"errors"
	"time"
	"unicode/utf8"

	"console/internal/auth"
	"console/internal/input"
	"console/store"
)

// SignedIn is what a request needs to know of the session it belongs to.
type SignedIn struct {
	Actor
	User    store.User
	Stage   store.Stage // how far the sign-in has come
	Account store.Account
	FormKey []byte // what the CSRF tokens of its forms are made from
	Data    []byte // what the session remembers between requests

	began, lastSeen store.Millis
}

// Ends returns when the session ends unless the person goes on working. It is final where working would not help: the
// absolute timeout comes first.
func (s SignedIn) Ends() (at store.Millis, final bool) {
	idle, absolute := s.lastSeen.Add(s.Account.IdleTimeout), s.began.Add(s.Account.AbsoluteTimeout)
	if absolute <= idle {
		return absolute, true
	}
	return idle, false
}

// liveSession returns the session of a token hash, or store.ErrNotFound when it has ended.
func (s *Service) liveSession(ctx context.Context, tokenHash []byte, now store.Millis) (store.LiveSession, error) {
	live, err := s.db.LiveSession(ctx, tokenHash)
	if err != nil {
		return store.LiveSession{}, err
	}
	s.afterwards.lastUse(&live.Session)
	if live.HasEnded(live.Account, now) || !live.User.Role.SignsIn() {
		return store.LiveSession{}, store.ErrNotFound
	}
	return live, nil
}

// Session returns the session of a token hash and, unless the page asks by itself (background), notes the activity. It
// returns store.ErrNotFound when the session has ended: by signing out, by the idle or the absolute timeout as they are
// set now, or because the person may no longer sign in. Activity is never noted backwards, and a clock that is set back
// by more than store.ClockSlack ends the sessions that were used since.
func (s *Service) Session(ctx context.Context, tokenHash []byte, background bool) (SignedIn, error) {
	now := store.At(s.now())
	live, err := s.liveSession(ctx, tokenHash, now)
	if err != nil {
		return SignedIn{}, err
	}
	o, err := originsWith(ctx, s.db.Queries, live.User, live.Groups)
	if err != nil {
		return SignedIn{}, err
	}
	if !background && now >= live.LastSeenAt.Add(touchEvery(live.Account.IdleTimeout)) {
		s.afterwards.touch(live.ID, now)
		live.LastSeenAt = now
	}
	return SignedIn{
		Actor: Actor{UserID: live.User.ID, Name: live.User.Name(), Email: live.User.Email, Role: live.User.Role, SessionID: live.ID,
			Can: o.holdings(), noAccess: o.noAccess(), Main: live.Main, Source: UI, Background: background},
		User: live.User, Account: live.Account, Stage: live.Stage, FormKey: live.FormKey, Data: live.Data,
		began: live.CreatedAt, lastSeen: live.LastSeenAt,
	}, nil
}

// touchEvery is how exactly activity is noted: within one per cent of the idle timeout. What is missing ends a
// session early, never late.
func touchEvery(idle time.Duration) time.Duration { return max(time.Second, idle/100) }

// deleteEndedSessions forgets the sessions that have run out by now, those of people who work excepted whose last request waits
// for a writer to be noted.
func (s *Service) deleteEndedSessions(ctx context.Context, tx *store.Tx, now store.Millis) error {
	if err := tx.TouchSessions(ctx, s.afterwards.unwritten()); err != nil {
		return err
	}
	return tx.DeleteEndedSessions(ctx, now)
}

// SaveSessionData stores what the session remembers between requests. An ended session stays ended.
func (s *Service) SaveSessionData(ctx context.Context, tokenHash, data []byte) error {
	return s.db.SaveSessionData(ctx, tokenHash, data)
}

// SignOut ends the session of a token, however far its sign-in has come. It succeeds also when the session has ended
// already.
func (s *Service) SignOut(ctx context.Context, by Actor, tokenHash []byte) error {
	_, err := transaction(ctx, s, by, func(tx *Tx) (struct{}, error) {
		session, err := tx.db.SessionByToken(ctx, tokenHash)
		if errors.Is(err, store.ErrNotFound) {
			return struct{}{}, nil
		}
		if err != nil {
			return struct{}{}, err
		}
		user, err := tx.db.UserByID(ctx, session.UserID)
		if err != nil {
			return struct{}{}, err
		}
		if err := tx.db.DeleteSession(ctx, tokenHash); err != nil || session.Stage != store.Finished {
			return struct{}{}, err
		}
		return struct{}{}, tx.record(ctx, actSignOut, Done, userObject(user), changes{"session": {sessionWords(session), ""}})
	})
	return err
}

// beginSession begins the session of somebody who has given the right password, in place of the one the browser had.
// How far it opens the console follows from what else the person has to show.
func (tx *Tx) beginSession(ctx context.Context, user store.User, from Client) (Begun, error) {
	stage, err := tx.stageFor(ctx, user)
	if err != nil {
		return Begun{}, err
	}
	session := store.Session{UserID: user.ID, Stage: stage, FormKey: newFormKey(), Data: []byte{}, CreatedAt: tx.now}
	before, err := tx.db.SessionByToken(ctx, from.Session)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return Begun{}, err
	}
	if err == nil && before.UserID == user.ID { // forms in their other tabs go on working
		session.FormKey = before.FormKey
	}
	if err := tx.db.DeleteSession(ctx, from.Session); err != nil {
		return Begun{}, err
	}
	token, err := tx.insertSession(ctx, &session, from)
	if err != nil {
		return Begun{}, err
	}
	tx.by.UserID, tx.by.Name, tx.by.Email = user.ID, user.Name(), user.Email
	switch stage {
	case store.AwaitsSecondFactor:
		err = tx.askPasskey(ctx, session.ID, user)
	case store.SetsUpSecondFactor:
		err = tx.beginAuthenticator(ctx, user, session.ID)
	case store.ChoosesPassword: // nothing is to be prepared
	default:
		return Begun{token, stage}, tx.signedIn(ctx, user, "none")
	}
	if err != nil {
		return Begun{}, err
	}
	return Begun{token, stage}, tx.record(ctx, actEnterPassword, Done, userObject(user), changes{"next": {"", nextWords[stage]}})
}

// Begun is a session that has begun, and how far it opens the console.
type Begun struct {
	Token string
	Stage store.Stage
}

// stageFor is how far the right password alone lets somebody in. Who has a second factor has chosen a password before.
func (v *View) stageFor(ctx context.Context, user store.User) (store.Stage, error) {
	switch {
	case user.SecondFactor:
		return store.AwaitsSecondFactor, nil
	case user.PasswordInitial:
		return store.ChoosesPassword, nil
	}
	account, err := v.db.Account(ctx)
	if err == nil && account.EnforceSecondFactor {
		return store.SetsUpSecondFactor, nil
	}
	return store.Finished, err
}

func newFormKey() []byte {
	key := make([]byte, 32)
	rand.Read(key) // never fails (Go 1.24)
	return key
}

// insertSession stores a session under a new token, for the browser that asks.
func (tx *Tx) insertSession(ctx context.Context, session *store.Session, from Client) (token string, err error) {
	token = auth.NewToken()
	if session.Data == nil { // how the driver reads an empty one
		session.Data = []byte{}
	}
	session.TokenHash, session.Address, session.UserAgent, session.LastSeenAt = auth.HashToken(token), from.Address, from.Browser(), tx.now
	return token, tx.db.InsertSession(ctx, session)
}

// renewSession continues a session as a finished one under a new id (ASVS 7.2.4). The absolute timeout goes on from the
// first factor, and what the session remembers stays.
func (tx *Tx) renewSession(ctx context.Context, session store.Session, from Client) (token string, err error) {
	if err := tx.db.DeleteSession(ctx, session.TokenHash); err != nil {
		return "", err
	}
	before := session.ID
	session.Stage = store.Finished
	if token, err = tx.insertSession(ctx, &session, from); err != nil {
		return "", err
	}
	return token, tx.db.MovePendingAuthenticator(ctx, session.UserID, before, session.ID)
}

// nextWords say what somebody still has to do who has given the right password.
var nextWords = map[store.Stage]string{
	store.AwaitsSecondFactor: "the second factor is asked for",
	store.SetsUpSecondFactor: "a second factor is to be set up",
}

// signedIn notes that somebody has shown all that is asked of them, and by which second factor.
func (tx *Tx) signedIn(ctx context.Context, user store.User, factor string) error {
	if err := tx.db.SetLastAuth(ctx, user.ID, tx.now); err != nil {
		return err
	}
	return tx.record(ctx, actSignIn, Done, userObject(user), changes{"second factor": {"", factor}})
}

// sessionWords say which session an entry means.
func sessionWords(s store.Session) string {
	words := "since " + moment(s.CreatedAt)
	if s.Address != "" {
		words += " from " + s.Address
	}
	if s.UserAgent != "" {
		words += " with " + s.UserAgent
	}
	return words
}

// shorten cuts text that nobody typed to at most n bytes, between two characters, as it can be stored.
func shorten(text string, n int) string {
	text = input.Storable(text)
	if len(text) <= n {
		return text
	}
	for !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}
