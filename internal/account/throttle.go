package account

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"console/store"
)

// Limits of attempts (rule "nobody is locked out").
const (
	freePasswords    = 5                // failures per account and address without a pause
	longestPause     = 15 * time.Minute // the pause doubles up to this
	addressPasswords = 50               // failures per address over all accounts …
	addressWindow    = 15 * time.Minute // … in this time
	secondFactors    = 6                // wrong second factors of an account in a row …
	secondPause      = 15 * time.Minute // … before this pause
	prompts          = 6                // wrong passwords at prompts inside the console before the session ends
	resetRequests    = 20               // requests for links to reset a password from one address …
	resetWindow      = 15 * time.Minute // … in this time
	forgetFailures   = 24 * time.Hour   // without a further failure
	refusalLogEvery  = time.Minute
)

// The kinds of throttles.
const (
	throttleAccount = "password"         // subject: account and address
	throttleAddress = "password-address" // subject: address
	throttleFactor  = "second-factor"    // subject: account
	throttlePrompt  = "prompt"           // subject: account
	throttleReset   = "reset"            // subject: address
)

type throttleKey struct{ kind, subject string }

// networkOf is what counts as one client: an IPv4 address, or the /64 network of an IPv6 address, all of which
// belongs to one subscriber.
func networkOf(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	return netip.PrefixFrom(ip, 64).Masked().String()
}

// pauseAfter is how long somebody waits after this many wrong passwords for one account from one address.
func pauseAfter(failures int) time.Duration {
	switch doublings := failures - freePasswords; {
	case doublings < 0:
		return 0
	case doublings < 10: // more would reach the longest pause anyway
		return min(longestPause, time.Second<<doublings)
	}
	return longestPause
}

// locks says whether this failure is the one with which the pause first reaches 15 minutes.
func locks(t store.Throttle) bool {
	return t.Kind == throttleFactor && t.Failures == secondFactors ||
		t.Kind == throttleAccount && pauseAfter(t.Failures) == longestPause && pauseAfter(t.Failures-1) < longestPause
}

// misdated says that a counter was written while the clock was ahead. It does not hold until the clock gets there.
func misdated(t store.Throttle, now store.Millis) bool { return t.LastAt > now.Add(longestPause) }

// pausedUntil returns when the next attempt is possible; zero means now.
func pausedUntil(t store.Throttle, now store.Millis) store.Millis {
	switch {
	case misdated(t, now):
		return 0
	case t.Kind == throttleAddress && t.Failures >= addressPasswords:
		return t.FirstAt.Add(addressWindow)
	case t.Kind == throttleAccount && t.Failures >= freePasswords:
		return t.LastAt.Add(pauseAfter(t.Failures))
	case t.Kind == throttleFactor && t.Failures >= secondFactors:
		return t.LastAt.Add(secondPause)
	case t.Kind == throttleReset && t.Failures >= resetRequests:
		return t.FirstAt.Add(resetWindow)
	}
	return 0
}

// over says that a counter begins anew: its failures no longer matter.
func over(t store.Throttle, now store.Millis) bool {
	if misdated(t, now) {
		return true
	}
	switch t.Kind {
	case throttleAddress:
		return now >= t.FirstAt.Add(addressWindow)
	case throttleReset:
		return now >= t.FirstAt.Add(resetWindow)
	case throttleFactor:
		if t.Failures >= secondFactors { // the pause is over, or this would not be counted
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

// refuseAttempt notes an attempt made during a pause: one activity entry a minute, with the number of attempts since
// the last one.
func (tx *Tx) refuseAttempt(ctx context.Context, action string, t store.Throttle, about object) error {
	t.Refused++
	if tx.now >= t.RefusedLoggedAt.Add(refusalLogEvery) || t.RefusedLoggedAt > tx.now {
		attempts := map[string][2]string{"attempts": {"", fmt.Sprint(t.Refused)}}
		if err := tx.record(ctx, action, Refused, about, attempts); err != nil {
			return err
		}
		t.Refused, t.RefusedLoggedAt = 0, tx.now
	}
	return tx.db.SaveThrottle(ctx, t)
}
