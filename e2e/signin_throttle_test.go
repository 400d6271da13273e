package e2e

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"console/internal/cli"
	"console/internal/fake"
)

// behindProxyAt is startAt behind a proxy: a test chooses time and addresses.
func behindProxyAt(t *testing.T) (*console, *fake.Clock) {
	t.Helper()
	clock := fake.NewClock(time.Now().Truncate(time.Second))
	return ready(t, func(s *cli.Serve) { behindProxy(s); s.Now = clock.Now }), clock
}

func TestSignInThrottle_PausesDoubleUpToFifteenMinutes(t *testing.T) {
	t.Parallel()
	c, clock := behindProxyAt(t)
	guesser, owner := c.browser().from("198.51.100.1"), c.browser().from("198.51.100.2")
	token := guesser.token()
	wants := func(want int) {
		t.Helper()
		if status := guesser.guess(adminEmail, token); status != want {
			t.Fatalf("a wrong password is answered %d, not %d", status, want)
		}
	}
	refused := func(seconds string) {
		t.Helper()
		a := guesser.postForm("/signin", "email", adminEmail, "password", adminPassword, "csrf_token", token).wants(http.StatusTooManyRequests)
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
	owner.signIn(adminEmail, adminPassword) // nobody locks others out

	noted := c.entries("sign in", "refused")
	for _, seconds := range []string{"900", "880", "860"} { // within a minute of the last one that was noted
		refused(seconds)
		clock.Advance(20 * time.Second)
	}
	refused("840")
	if n := c.entries("sign in", "refused") - noted; n != 1 {
		t.Errorf("%d entries are made of refusals in a minute", n)
	}
	if changes := c.cell(`SELECT changes FROM activity WHERE action = 'sign in' AND outcome = 'refused' ORDER BY id DESC LIMIT 1`); changes != `{"attempts":["","4"]}` {
		t.Errorf("the entry counts %s", changes)
	}
	clock.Advance(14 * time.Minute)
	guesser.signIn(adminEmail, adminPassword)
	for range 5 { // signing in has forgotten the failures
		guesser.post("/signin", "email", adminEmail, "password", "wrong").wants(http.StatusUnprocessableEntity)
	}
}

func TestSignInThrottle_AnAddressHasFiftyFailuresOverAllAccounts(t *testing.T) {
	t.Parallel()
	c, clock := behindProxyAt(t)
	b := c.browser()
	token := b.token()
	attempt := func(address, email, password string) *answer {
		return b.from(address).postForm("/signin", "email", email, "password", password, "csrf_token", token)
	}
	for i := range 50 { // an IPv6 network is one address
		attempt(fmt.Sprintf("2001:db8::%x", i+1), fmt.Sprintf("somebody-%d@example.com", i), "wrong").wants(http.StatusUnprocessableEntity)
		clock.Advance(time.Second)
	}
	a := attempt("2001:db8::ffff", adminEmail, adminPassword).wants(http.StatusTooManyRequests)
	if after := a.Header.Get("Retry-After"); after != "850" {
		t.Errorf("Retry-After is %q, not 850", after)
	}
	c.browser().from("2001:db8:0:1::1").signIn(adminEmail, adminPassword)
	clock.Advance(850*time.Second - time.Millisecond)
	attempt("2001:db8::ffff", adminEmail, adminPassword).wants(http.StatusTooManyRequests)
	clock.Advance(time.Millisecond)
	attempt("2001:db8::ffff", adminEmail, adminPassword).wants(http.StatusSeeOther)
}
