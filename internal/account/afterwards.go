package account

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"console/store"
)

// afterwards is what requests leave behind to be written once they are answered: when sessions and tokens were last used, and what
// was refused. No answer waits for it, and a crash loses at most a minute of it: a session then ends early, never late.
type afterwards struct {
	mu      sync.Mutex
	touched map[int64]store.Millis // when sessions were last used, by id
	tokens  map[int64]tokenUse     // the last noted uses of tokens, by id; for a minute also when they are written
	refused map[refusedKey]*refused
	due     chan struct{} // a session was touched
	limited func(limit string)
}

// tokenUse is a noted use of a token.
type tokenUse struct {
	store.TokenUse
	written bool
}

// refusedKey is what refusals have in common that are one entry of the activity log.
type refusedKey struct {
	user           int64
	address        string // of visitors; those of people who are signed in may change
	route, missing string
	why            string
	action         action
	object         string
}

// refused are refusals that are not in the activity log yet: for want of a permission, during a pause, or beyond a limit.
type refused struct {
	by     Actor
	action action
	about  object
	needs  string // the permission, where one is missing
	why    string // otherwise: which limit, or what was wrong
	limit  string // name of the limit; empty: none refuses
	count  int
}

const (
	// refusalsEvery is how often refusals are written: one entry for each person (or address), route and kind.
	refusalsEvery = time.Minute
	// maxRefused is how many kinds of refusals are told apart in that time; further ones are not counted.
	maxRefused = 10_000
	// tokenUsesEvery is how often noted uses of tokens are written, all in one commit: many may be in use.
	tokenUsesEvery = 5 * time.Second
)

func newAfterwards(limited func(limit string)) afterwards {
	return afterwards{
		touched: map[int64]store.Millis{}, tokens: map[int64]tokenUse{}, refused: map[refusedKey]*refused{}, due: make(chan struct{}, 1),
		limited: limited,
	}
}

// touch notes that a session was used.
func (a *afterwards) touch(sessionID int64, at store.Millis) {
	a.mu.Lock()
	a.touched[sessionID] = max(at, a.touched[sessionID])
	a.mu.Unlock()
	select {
	case a.due <- struct{}{}:
	default:
	}
}

// touchToken notes that a token was used, unless that was noted less than a minute ago, whether it is written or not: what is remembered
// of the token does not know of it.
func (a *afterwards) touchToken(token store.Token, use store.TokenUse) {
	a.mu.Lock()
	defer a.mu.Unlock()
	last := token.LastUsedAt
	if noted, is := a.tokens[token.ID]; is {
		last = noted.At
	}
	if tokenUseDue(last, use.At) {
		a.tokens[token.ID] = tokenUse{TokenUse: use}
	}
}

// tokenUseDue says whether a use of a token by now is to be noted after the last one. After one from the future, because the clock was
// ahead, it is.
func tokenUseDue(last, now store.Millis) bool {
	return now >= last.Add(tokenUseEvery) || last > now.Add(store.ClockSlack)
}

// lastUse brings a session up to the moment that is noted and not written yet: while others write for long, nobody who works is
// judged by an earlier one.
func (a *afterwards) lastUse(session *store.Session) {
	a.mu.Lock()
	session.LastSeenAt = max(session.LastSeenAt, a.touched[session.ID])
	a.mu.Unlock()
}

// countRefusal notes a refusal for want of a permission or beyond a limit; err may be any other error, which is not noted.
func (s *Service) countRefusal(by Actor, err error) {
	if r := AsRefusal(err); r != nil && !by.Background {
		if attempt, counts := r.attempt(); counts {
			attempt.by = by
			s.afterwards.count(attempt)
		}
	}
}

// countDeadLink notes that a visitor presented a link that is refused; err may be any other error. Links cannot be guessed, so
// these are counted, and nobody can make the console write by sending many.
func (s *Service) countDeadLink(from Client, action action, err error) {
	if r := AsRefusal(err); r != nil && r.IsDeadLink() {
		s.afterwards.count(refused{by: from.actor(), action: action, about: object{kind: objectUser}, why: r.Title})
	}
}

// CountSetupCode notes that a visitor gave a wrong set-up code.
func (s *Service) CountSetupCode(by Actor) {
	s.afterwards.count(refused{by: by, action: actSetUp, about: object{kind: objectAccount}, why: "wrong set-up code"})
}

// CountTooLarge notes that a visitor sent more than is read of those who have not signed in.
func (s *Service) CountTooLarge(by Actor) {
	s.afterwards.count(refused{by: by, action: actRefused, why: "limit: " + visitorForm.What, limit: visitorForm.Name})
}

// CountNoAccess notes that somebody was refused who may do nothing at all.
func (s *Service) CountNoAccess(by Actor) {
	if !by.Background {
		s.afterwards.count(refused{by: by, action: actRefused, why: "in no group that gives access"})
	}
}

// attempt is what a refusal is in the activity log, where it was refused before anything was looked at.
func (r *Refusal) attempt() (refused, bool) {
	switch {
	case r.Lack != nil:
		return refused{action: actRefused, about: r.Lack.object, needs: r.Lack.Missing.Permission.String(), count: 1}, true
	case r.limited.action != "":
		return r.limited, true
	}
	return refused{}, false
}

// count notes a refusal, and tells of it where a limit refuses.
func (a *afterwards) count(r refused) {
	if r.limit != "" {
		a.limited(r.limit)
	}
	key := refusedKey{user: r.by.UserID, route: r.by.Route, missing: r.needs, why: r.why, action: r.action,
		object: fmt.Sprint(r.about.kind, r.about.id, r.about.name)}
	if r.by.UserID == 0 {
		key.address = r.by.Address
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if known := a.refused[key]; known != nil {
		known.count++
	} else if len(a.refused) < maxRefused {
		r.count = 1
		a.refused[key] = &r
	}
}

// WriteAfterwards writes what requests leave behind, until ctx is done: when sessions were used at once, when tokens were every few
// seconds, refusals once a minute. What is left is written before it returns.
func (s *Service) WriteAfterwards(ctx context.Context) {
	minute, tokens := time.NewTicker(refusalsEvery), time.NewTicker(tokenUsesEvery)
	defer minute.Stop()
	defer tokens.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			s.Settle(context.WithoutCancel(ctx))
			return
		case <-s.afterwards.due:
			err = s.WriteTouched(ctx)
		case <-tokens.C:
			err = s.WriteTouched(ctx)
		case <-minute.C:
			err = s.writeRefused(ctx)
		}
		if err != nil && ctx.Err() == nil && !errors.Is(err, store.ErrUnwritable) { // the log says that by itself, once a minute
			s.log.Error("write what requests left behind", "error", err)
		}
	}
}

// Settle writes at once what requests have left behind.
func (s *Service) Settle(ctx context.Context) {
	for _, write := range []func(context.Context) error{s.WriteTouched, s.writeRefused} {
		if err := write(ctx); err != nil {
			s.log.Error("write what requests left behind", "error", err)
		}
	}
}

// unwritten is when sessions were last used, as far as it is not known to be written.
func (a *afterwards) unwritten() map[int64]store.Millis {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.touched)
}

// unwrittenTokens are the uses of tokens that are not known to be written. Written ones are forgotten once the next one is to be noted.
func (a *afterwards) unwrittenTokens(now store.Millis) map[int64]store.TokenUse {
	a.mu.Lock()
	defer a.mu.Unlock()
	unwritten := map[int64]store.TokenUse{}
	for id, use := range a.tokens {
		switch {
		case !use.written:
			unwritten[id] = use.TokenUse
		case tokenUseDue(use.At, now):
			delete(a.tokens, id)
		}
	}
	return unwritten
}

// WriteTouched writes at once when sessions and tokens were last used, all in one commit, which nothing that is remembered is read again
// for.
func (s *Service) WriteTouched(ctx context.Context) error {
	touched, tokens := s.afterwards.unwritten(), s.afterwards.unwrittenTokens(store.At(s.now()))
	if len(touched)+len(tokens) == 0 {
		return nil
	}
	if err := s.db.NoteUses(ctx, touched, tokens); err != nil {
		return err
	}
	s.afterwards.mu.Lock()
	defer s.afterwards.mu.Unlock()
	for id, use := range tokens {
		if s.afterwards.tokens[id].TokenUse == use {
			s.afterwards.tokens[id] = tokenUse{use, true}
		}
	}
	maps.DeleteFunc(s.afterwards.touched, func(id int64, at store.Millis) bool { return at <= touched[id] })
	return nil
}

func (s *Service) writeRefused(ctx context.Context) error {
	s.afterwards.mu.Lock()
	all := s.afterwards.refused
	s.afterwards.refused = map[refusedKey]*refused{}
	s.afterwards.mu.Unlock()
	if len(all) == 0 {
		return nil
	}
	_, err := transaction(ctx, s, Actor{Source: System}, func(tx *Tx) (struct{}, error) {
		for _, r := range all {
			if err := tx.as(r.by).recordRefusals(ctx, *r); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	if err != nil && !errors.Is(err, store.ErrUndecided) { // rather lost than counted twice
		s.afterwards.putBack(all)
	}
	return err
}

// putBack keeps refusals that could not be written for the next time.
func (a *afterwards) putBack(all map[refusedKey]*refused) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for key, r := range all {
		if known := a.refused[key]; known != nil {
			r.count += known.count
		}
		a.refused[key] = r
	}
}
