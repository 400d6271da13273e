package account

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"time"

	"console/store"
)

// Limits of SPEC §4 for wrong passwords.
const (
	freePasswords    = 5                // failures per account and address without a pause
	longestPause     = 15 * time.Minute // the pause doubles up to this
	addressPasswords = 50               // failures per address over all accounts …
	addressWindow    = 15 * time.Minute // … in this time
	forgetFailures   = 24 * time.Hour   // without a further failure
	refusalLogEvery  = time.Minute
)

// The kinds of throttles.
const (
	throttleAccount = "password"         // subject: account and address
	throttleAddress = "password-address" // subject: address
)

// signInThrottles are the two counters that a sign-in for an address from a network address is held against. The
// email stays out of the table: people type passwords into the wrong field.
func signInThrottles(emailKey, address string) (account, from throttleKey) {
	network := networkOf(address)
	sum := sha256.Sum256([]byte(emailKey + "\n" + network))
	return throttleKey{throttleAccount, hex.EncodeToString(sum[:])}, throttleKey{throttleAddress, network}
}

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

// locks says whether this failure is the one with which the pause first reaches its longest.
func locks(t store.Throttle) bool {
	return t.Kind == throttleAccount && pauseAfter(t.Failures) == longestPause && pauseAfter(t.Failures-1) < longestPause
}

// pausedUntil returns when the next attempt is possible; zero means now.
func pausedUntil(t store.Throttle) store.Millis {
	switch {
	case t.Kind == throttleAddress && t.Failures >= addressPasswords:
		return t.FirstAt.Add(addressWindow)
	case t.Kind == throttleAccount && t.Failures >= freePasswords:
		return t.LastAt.Add(pauseAfter(t.Failures))
	}
	return 0
}

// failed counts one more failure; failures that no longer matter are forgotten first.
func failed(t store.Throttle, now store.Millis) store.Throttle {
	over := t.Kind == throttleAddress && now >= t.FirstAt.Add(addressWindow) || now >= t.LastAt.Add(forgetFailures)
	if t.Failures == 0 || over {
		t.Failures, t.FirstAt = 0, now
	}
	t.Failures++
	t.LastAt = now
	return t
}

// refuseAttempt notes an attempt made during a pause: one activity entry a minute, with the number of attempts since
// the last one.
func (tx *Tx) refuseAttempt(t store.Throttle, email string) error {
	t.Refused++
	if tx.now >= t.RefusedLoggedAt.Add(refusalLogEvery) {
		attempts := map[string][2]string{"attempts": {"", fmt.Sprint(t.Refused)}}
		if err := tx.record("sign in", Refused, object{kind: "user", name: email}, attempts); err != nil {
			return err
		}
		t.Refused, t.RefusedLoggedAt = 0, tx.now
	}
	return tx.db.SaveThrottle(tx.ctx, t)
}
