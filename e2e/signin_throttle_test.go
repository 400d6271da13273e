package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/cli"
	"console/internal/fake"
	"console/store"
)

// behindProxyAt is startAt behind a proxy: a test chooses time and addresses.
func behindProxyAt(t *testing.T) (*harness.Console, *fake.Clock) {
	t.Helper()
	clock := fake.NewClock(time.Now().Truncate(time.Second))
	return harness.Ready(t, func(s *cli.Serve) { harness.BehindProxy(s); s.Now = clock.Now }), clock
}

func TestSignInThrottle_PausesDoubleUpToFifteenMinutes(t *testing.T) {
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
		a := guesser.PostForm("/signin", "email", harness.AdminEmail, "password", harness.AdminPassword, "csrf_token", token).
			Wants(http.StatusTooManyRequests)
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

	c.Account.Settle(t.Context())
	counted := `SELECT coalesce(sum(CAST(json_extract(changes, '$.count[1]') AS INTEGER)), 0) FROM activity WHERE action = 'sign in' AND outcome = 'refused'`
	noted, before := c.Entries("sign in", "refused"), c.Count(counted)
	for _, seconds := range []string{"900", "880", "860"} {
		refused(seconds)
		clock.Advance(20 * time.Second)
	}
	refused("840")
	c.Account.Settle(t.Context())
	if n := c.Entries("sign in", "refused") - noted; n > 2 { // two where a minute ended in between
		t.Errorf("%d entries are made of refusals in a minute", n)
	}
	c.WantCount(before+4, counted)
	clock.Advance(14 * time.Minute)
	guesser.SignIn(harness.AdminEmail, harness.AdminPassword)
	for range 5 { // signing in has forgotten the failures
		guesser.Post("/signin", "email", harness.AdminEmail, "password", "wrong").Wants(http.StatusUnprocessableEntity)
	}
}

func TestSignInThrottle_AnAddressHasFiftyFailuresOverAllAccounts(t *testing.T) {
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

func TestARefusedAttemptForgetsNoFailures(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	b := c.Browser()
	for range 5 {
		b.Post("/signin", "email", harness.AdminEmail, "password", "wrong").Wants(http.StatusUnprocessableEntity)
	}
	b.Token()
	meanwhile(c, func(ctx context.Context, tx *store.Tx) error {
		kind, subject, _ := strings.Cut(c.Cell(`SELECT kind || ' ' || subject FROM throttles WHERE kind = 'password'`), " ")
		t, err := tx.Throttle(ctx, kind, subject)
		if err != nil {
			return err
		}
		t.Failures, t.LastAt = 9, store.At(time.Now())
		return tx.SaveThrottle(ctx, t)
	}, func() *harness.Answer { return b.Post("/signin", "email", harness.AdminEmail, "password", "wrong") })
	c.WantCount(9, `SELECT failures FROM throttles WHERE kind = 'password'`)
}

func TestAClockThatWasAheadLocksNobodyOut(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	app := c.SignedInByPassword().Enrol(harness.AdminPassword)
	clock.Advance(365 * 24 * time.Hour)
	half := c.Halfway()
	for range 6 {
		half.Post("/signin/2fa", "code", "000000").Wants(http.StatusUnprocessableEntity)
	}
	for range 5 {
		c.Browser().Post("/signin", "email", harness.AdminEmail, "password", "wrong").Wants(http.StatusUnprocessableEntity)
	}
	c.Browser().Post("/signin", "email", harness.AdminEmail, "password", harness.AdminPassword).Wants(http.StatusTooManyRequests)
	for range 3 {
		c.Browser().Post("/forgot", "email", harness.AdminEmail).To("/signin")
	}
	links := func() int { return c.Count(`SELECT count(*) FROM reset_links`) }
	harness.Eventually(t, "the links are sent", func() bool { return links() == 3 })
	clock.Advance(-365 * 24 * time.Hour)
	clock.Advance(time.Minute)
	c.Halfway().Post("/signin/2fa", "code", app.Code(0)).To("/")
	c.Browser().Post("/forgot", "email", harness.AdminEmail).To("/signin")
	harness.Eventually(t, "another link is sent", func() bool { return links() == 4 })
}

// guess signs in with a wrong password and returns the status of the answer.
func guess(b *harness.Browser, email, token string) int {
	return b.PostForm("/signin", "email", email, "password", "wrong", "csrf_token", token).StatusCode
}

func TestFC98_AForgedAddressDoesNotCount(t *testing.T) {
	t.Parallel()
	c, _ := harness.StartAt(t)
	b := c.Browser()
	token := b.Token()
	for i := range 6 {
		b.From(fmt.Sprintf("1.2.3.%d", i))
		if status, want := guess(
			b,
			harness.AdminEmail,
			token,
		), map[bool]int{true: http.StatusTooManyRequests, false: http.StatusUnprocessableEntity}[i == 5]; status != want {
			t.Errorf("guess %d was answered %d, not %d", i+1, status, want)
		}
	}
	if log := c.Log.String(); strings.Contains(log, "1.2.3.") || !strings.Contains(log, `"address":"127.0.0.1"`) {
		t.Error("the log holds forged addresses")
	}
	c.WantCount(0, `SELECT count(*) FROM activity WHERE address LIKE '1.2.3.%'`)
}

func TestFC98_ClientsBehindAProxyAreApart(t *testing.T) {
	t.Parallel()
	clock := fake.NewClock(time.Now())
	c := harness.Ready(t, func(s *cli.Serve) {
		harness.BehindProxy(s)
		s.Now = clock.Now
	})
	attacker, victim := c.Browser().From("198.51.100.9, 203.0.113.7"), c.Browser().From("198.51.100.9")
	token := attacker.Token()
	for range 5 {
		guess(attacker, harness.AdminEmail, token)
	}
	if status := guess(attacker, harness.AdminEmail, token); status != http.StatusTooManyRequests {
		t.Errorf("the sixth guess was answered %d", status)
	}
	victim.SignIn(harness.AdminEmail, harness.AdminPassword)
	if address := c.Cell(`SELECT address FROM activity WHERE action = 'sign in' AND outcome = 'failed'`); address != "203.0.113.7" {
		t.Errorf("the activity log names %s", address)
	}
}
