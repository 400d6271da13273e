package e2e

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/cli"
	"console/internal/fake"
)

// behindProxyAt is startAt behind a proxy: a test chooses time and addresses.
func behindProxyAt(t *testing.T) (*harness.Console, *fake.Clock) {
	t.Helper()
	clock := fake.NewClock(time.Now().Truncate(time.Second))
	return harness.Ready(t, func(s *cli.Serve) { harness.BehindProxy(s); s.Now = clock.Now }), clock
}

func TestSignInThrottle_PausesDoubleUpToFifteenMinutes(t *testing.T) { // SPEC §4
	t.Parallel()
	c, clock := behindProxyAt(t)
	guesser, owner := c.Browser().From("198.51.100.1"), c.Browser().From("198.51.100.2")
	token := guesser.Token()
	wants := func(want int) {
		t.Helper()
		if status := guess(guesser, harness.AdminEmail, token); status != want {
			t.Fatalf("a wrong password is answered %d, not %d", status, want)
		}
	}
	refused := func(seconds string) {
		t.Helper()
		a := guesser.PostForm("/signin", "email", harness.AdminEmail, "password", harness.AdminPassword, "csrf_token", token).Wants(http.StatusTooManyRequests)
		if after := a.Header.Get("Retry-After"); after != seconds {
			t.Errorf("Retry-After is %q, not %q", after, seconds)
		}
	}
	for range 5 {
		wants(http.StatusUnprocessableEntity)
	}
	for _, pause := range []int{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900} {
		refused(fmt.Sprint(pause))
		clock.Advance(time.Duration(pause)*time.Second - time.Millisecond)
		refused("1")
		clock.Advance(time.Millisecond)
		wants(http.StatusUnprocessableEntity)
	}
	owner.SignIn(harness.AdminEmail, harness.AdminPassword) // nobody locks others out

	noted := c.Entries("sign in", "refused")
	for _, seconds := range []string{"900", "880", "860"} { // within a minute of the last one that was noted
		refused(seconds)
		clock.Advance(20 * time.Second)
	}
	refused("840")
	if n := c.Entries("sign in", "refused") - noted; n != 1 {
		t.Errorf("%d entries are made of refusals in a minute", n)
	}
	if changes := c.Cell(`SELECT changes FROM activity WHERE action = 'sign in' AND outcome = 'refused' ORDER BY id DESC LIMIT 1`); changes != `{"attempts":["","4"]}` {
		t.Errorf("the entry counts %s", changes)
	}
	clock.Advance(14 * time.Minute)
	guesser.SignIn(harness.AdminEmail, harness.AdminPassword)
	for range 5 { // signing in has forgotten the failures
		guesser.Post("/signin", "email", harness.AdminEmail, "password", "wrong").Wants(http.StatusUnprocessableEntity)
	}
}

func TestSignInThrottle_AnAddressHasFiftyFailuresOverAllAccounts(t *testing.T) { // SPEC §4
	t.Parallel()
	c, clock := behindProxyAt(t)
	b := c.Browser()
	token := b.Token()
	attempt := func(address, email, password string) *harness.Answer {
		return b.From(address).PostForm("/signin", "email", email, "password", password, "csrf_token", token)
	}
	for i := range 50 { // an IPv6 network is one address
		attempt(fmt.Sprintf("2001:db8::%x", i+1), fmt.Sprintf("somebody-%d@example.com", i), "wrong").Wants(http.StatusUnprocessableEntity)
		clock.Advance(time.Second)
	}
	a := attempt("2001:db8::ffff", harness.AdminEmail, harness.AdminPassword).Wants(http.StatusTooManyRequests)
	if after := a.Header.Get("Retry-After"); after != "850" {
		t.Errorf("Retry-After is %q, not 850", after)
	}
	c.Browser().From("2001:db8:0:1::1").SignIn(harness.AdminEmail, harness.AdminPassword)
	clock.Advance(850*time.Second - time.Millisecond)
	attempt("2001:db8::ffff", harness.AdminEmail, harness.AdminPassword).Wants(http.StatusTooManyRequests)
	clock.Advance(time.Millisecond)
	attempt("2001:db8::ffff", harness.AdminEmail, harness.AdminPassword).Wants(http.StatusSeeOther)
}
