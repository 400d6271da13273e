package account

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"sync"
	"time"

	"console/internal/auth"
	"console/store"
)

// forgetFailures is after how long without a further one failures no longer matter.
const forgetFailures = 24 * time.Hour

// counter is who has failed, or asked, how often; limit says how often they may.
type counter struct {
	limit   Limit
	subject string
}

// clientOf is what counts as one client: an IPv4 address, or the /64 network of an IPv6 address, all of which
// belongs to one subscriber.
func clientOf(address string) string { return networkOf(address, 32, 64) }

// neighboursOf is what shares places in queues: whoever has one address of a network has many of it.
func neighboursOf(address string) string { return networkOf(address, 24, 48) }

// networkOf is the network of an address, of so many bits for IPv4 and IPv6.
func networkOf(address string, bits4, bits6 int) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	ip = ip.Unmap().WithZone("")
	bits := bits6
	if ip.Is4() {
		bits = bits4
	}
	if bits == ip.BitLen() {
		return ip.String()
	}
	return netip.PrefixFrom(ip, bits).Masked().String()
}

// pauseAfter is how long somebody waits after this many wrong passwords for one account from one address.
func pauseAfter(failures int) time.Duration {
	switch doublings := failures - accountPasswords.Number; {
	case doublings < 0:
		return 0
	case doublings < 10: // more would reach the longest pause anyway
		return min(accountPasswords.Time, time.Second<<doublings)
	}
	return accountPasswords.Time
}

// locks says whether this failure is the one with which the pause first reaches 15 minutes.
func locks(t store.Throttle) bool {
	return t.Kind == secondFactors.Kind && t.Failures == secondFactors.Number ||
		t.Kind == accountPasswords.Kind && pauseAfter(t.Failures) == accountPasswords.Time && pauseAfter(t.Failures-1) < accountPasswords.Time
}

// misdated says that a counter was written while the clock was ahead. It does not hold until the clock gets there.
func misdated(t store.Throttle, now store.Millis) bool {
	return t.LastAt > now.Add(accountPasswords.Time)
}

// pausedUntil returns when the next attempt is possible; zero means now.
func pausedUntil(t store.Throttle, now store.Millis) store.Millis {
	switch {
	case misdated(t, now):
		return 0
	case t.Kind == addressPasswords.Kind && t.Failures >= addressPasswords.Number:
		return t.FirstAt.Add(addressPasswords.Time)
	case t.Kind == accountPasswords.Kind && t.Failures >= accountPasswords.Number:
		return t.LastAt.Add(pauseAfter(t.Failures))
	case t.Kind == secondFactors.Kind && t.Failures >= secondFactors.Number:
		return t.LastAt.Add(secondFactors.Time)
	case t.Kind == resetRequests.Kind && t.Failures >= resetRequests.Number:
		return t.FirstAt.Add(resetRequests.Time)
	case t.Kind == unknownTokens.Kind && t.Failures >= unknownTokens.Number:
		return t.FirstAt.Add(unknownTokens.Time)
	}
	return 0
}

// over says that a counter begins anew: its failures no longer matter.
func over(t store.Throttle, now store.Millis) bool {
	if misdated(t, now) {
		return true
	}
	switch t.Kind {
	case addressPasswords.Kind:
		return now >= t.FirstAt.Add(addressPasswords.Time)
	case resetRequests.Kind:
		return now >= t.FirstAt.Add(resetRequests.Time)
	case unknownTokens.Kind:
		return now >= t.FirstAt.Add(unknownTokens.Time)
	case secondFactors.Kind:
		if t.Failures >= secondFactors.Number { // the pause is over, or this would not be counted
			return true
		}
	}
	return now >= t.LastAt.Add(forgetFailures)
}

// failed counts one more failure; failures that no longer matter are forgotten first.
func failed(t store.Throttle, now store.Millis) store.Throttle {
	if t.Failures == 0 || over(t, now) {
		t.Failures, t.FirstAt = 0, now
	}
	t.Failures++
	t.LastAt = now
	return t
}

// pause is the error of an attempt during a pause, before it is counted and answered.
type pause struct {
	limit Limit
	wait  time.Duration
}

func (p pause) Error() string { return "an attempt during a pause" }

// awaitPause returns a pause while one of the counters has one.
func (v *View) awaitPause(ctx context.Context, counters ...counter) error {
	for _, c := range counters {
		t, err := v.db.Throttle(ctx, c.limit.Kind, c.subject)
		if err != nil {
			return err
		}
		if until := pausedUntil(t, v.now); v.now < until {
			return pause{c.limit, time.Duration(until-v.now) * time.Millisecond}
		}
	}
	return nil
}

// look is a view outside any operation, for a glance at counters before something scarce is taken.
func (s *Service) look() *View { return &View{service: s, db: s.db.Queries, now: store.At(s.now())} }

// answerPause turns a pause into a Throttled, and returns any other error as it is; a queue that is full is counted too. The
// refusal is counted in memory, and
// whoever goes on trying is answered later and later: nothing is written for them, and they take no time of others.
func (s *Service) answerPause(ctx context.Context, by Actor, action action, about object, err error) error {
	if errors.Is(err, auth.ErrBusy) {
		s.afterwards.count(refused{by: by, action: action, about: object{kind: about.kind}, why: "limit: " + hashing.What,
			limit: hashing.Name})
	}
	p, paused := errors.AsType[pause](err)
	if !paused {
		return err
	}
	if p.limit.Kind == addressPasswords.Kind {
		about = object{kind: about.kind} // one entry, whatever emails are tried
	}
	s.afterwards.count(refused{by: by, action: action, about: about, why: "pause: " + p.limit.What, limit: p.limit.Name})
	select {
	case <-ctx.Done():
	case <-time.After(s.pace.turn(neighboursOf(by.Address), time.Now())):
	}
	return p.limit.exceeded(p.wait)
}

// pace is when networks whose attempts are refused get their next answer.
type pace struct {
	mu   sync.Mutex
	next map[string]time.Time
}

// turn returns how long the next answer to a network has to wait.
func (p *pace) turn(network string, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.next) >= maxRefused {
		maps.DeleteFunc(p.next, func(_ string, next time.Time) bool { return next.Before(now) })
	}
	next := p.next[network]
	if next.Before(now) {
		next = now
	}
	wait := next.Sub(now) - time.Duration(pausedAnswers.Number)*pausedAnswers.Time
	if wait >= hashing.Time {
		return hashing.Time
	}
	p.next[network] = next.Add(pausedAnswers.Time)
	return max(wait, 0)
}
