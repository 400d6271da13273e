package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/account"
	"console/internal/fake"
	"console/static"
	"console/store"
)

func TestFC63_RenewalDoesNotRestartTheAbsoluteTimeout(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	c.Timeouts(time.Hour, time.Hour)
	b := c.SignedInByPassword()
	clock.Advance(30 * time.Minute)
	app := b.Enrol(harness.AdminPassword)
	clock.Advance(29 * time.Minute)
	b.Get("/settings/profile").Wants(http.StatusOK)
	half := c.Halfway()
	clock.Advance(time.Minute)
	b.Get("/settings/profile").To("/signin")
	half.Post("/signin/2fa", "code", app.Code(0)).To("/")
	clock.Advance(59*time.Minute - time.Second) // counts from the password
	half.Get("/settings/profile").Wants(http.StatusOK)
	clock.Advance(time.Second)
	half.Get("/settings/profile").To("/signin")
}

func TestFC61_AChangedTimeoutHoldsForOpenSessions(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	c.Timeouts(8*time.Hour, 24*time.Hour)
	lowered := c.SignedInByPassword()
	clock.Advance(2 * time.Minute)
	c.Timeouts(time.Minute, 24*time.Hour)
	lowered.Get("/settings/profile").To("/signin")

	c.Timeouts(5*time.Minute, 24*time.Hour)
	raised := c.SignedInByPassword()
	clock.Advance(4 * time.Minute)
	c.Timeouts(8*time.Hour, 24*time.Hour)
	clock.Advance(4 * time.Hour)
	raised.Get("/settings/profile").Wants(http.StatusOK)
	c.Timeouts(8*time.Hour, 5*time.Hour)
	clock.Advance(time.Hour)
	raised.Get("/settings/profile").To("/signin")
}

func TestFC62_BothTimeoutsHold(t *testing.T) {
	harness.OnBoth(t)
	t.Parallel()
	c, clock := harness.StartAt(t)
	c.Timeouts(10*time.Minute, time.Hour)
	active, idle := c.SignedInByPassword(), c.Administrator()
	clock.Advance(5 * time.Minute)
	active.Get("/settings/profile").Wants(http.StatusOK)
	c.Account.Settle(t.Context()) // activity is written after the answer
	clock.Advance(5 * time.Minute)
	idle.Get("/settings/profile").To("/signin")
	for range 9 { // minutes 10 to 50
		active.Get("/settings/profile").Wants(http.StatusOK)
		c.Account.Settle(t.Context())
		clock.Advance(5 * time.Minute)
	}
	active.Get("/settings/profile").Wants(http.StatusOK)
	clock.Advance(5*time.Minute - time.Second)
	active.Get("/settings/profile").Wants(http.StatusOK)
	clock.Advance(time.Second)
	active.Get("/settings/profile").To("/signin")
}

func TestFC62_WhoWorksWhileAnotherWritesForLongStaysSignedIn(t *testing.T) {
	c, clock := harness.StartAt(t)
	c.Timeouts(10*time.Minute, time.Hour)
	active, idle := c.SignedInByPassword(), c.Administrator()
	release := sync.OnceFunc(c.HoldWriter())
	defer release()
	answers := func(b *harness.Browser, path string) int {
		t.Helper()
		status, err := timed(b, http.MethodGet, path, false, 5*time.Second)
		if err != nil {
			t.Error(err)
		}
		return status
	}
	for range 3 { // minutes 6, 12 and 18; none of them can be written
		clock.Advance(6 * time.Minute)
		if status := answers(active, "/settings/profile"); status != http.StatusOK {
			t.Errorf("who works is answered %d", status)
		}
	}
	if status := answers(idle, "/settings/profile"); status != http.StatusSeeOther {
		t.Errorf("who does not is answered %d", status)
	}
	var id int64
	fmt.Sscan(c.Cell(`SELECT min(id) FROM sessions`), &id)
	user := c.User(harness.AdminEmail)
	listed, err := c.Account.SessionsOf(t.Context(), account.Actor{UserID: user.ID, SessionID: id, Source: account.UI}, user.ID)
	if err != nil || len(listed) != 1 || listed[0].ID != id || listed[0].LastSeenAt != store.At(clock.Now()) {
		t.Errorf("listed: %+v, %v", listed, err)
	}
	release()
	setTimeouts(c, active, 5*time.Minute, time.Hour).To("/settings/general") // forgets sessions that have ended
	active.Get("/settings/profile").Wants(http.StatusOK)
	c.Account.Settle(t.Context())
	if n := c.Cell(`SELECT count(*) FROM sessions`); n != "1" {
		t.Errorf("%s sessions are left", n)
	}
}

// version is the version of the account, as its forms carry it.
func version(c *harness.Console) string {
	c.T.Helper()
	return c.Cell(`SELECT version FROM account`)
}

// setTimeouts chooses the timeouts under Settings → General.
func setTimeouts(c *harness.Console, by *harness.Browser, idle, absolute time.Duration) *harness.Answer {
	c.T.Helper()
	seconds := func(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) }
	return by.Post("/settings/general/logout", "idle_timeout", seconds(idle), "absolute_timeout", seconds(absolute), "version", version(c))
}

// secondsLeft is what the console answers a page that asks how long the session lasts.
func secondsLeft(b *harness.Browser, path string) (left struct {
	Seconds int
	Final   bool
}) {
	b.Console.T.Helper()
	if err := json.Unmarshal([]byte(b.Get(path).Wants(http.StatusOK).Body), &left); err != nil {
		b.Console.T.Fatal(err)
	}
	return left
}

// inEveryZone runs a test in the zone of this machine and in two others: limits are spans of time, whatever the clock on
// the wall says.
func inEveryZone(t *testing.T, test func(*testing.T, *harness.Console, *fake.Clock)) {
	t.Parallel()
	elsewhere(t)
	c, clock := harness.StartAt(t)
	test(t, c, clock)
}

func TestFC60_WhatPagesDoByThemselvesIsNoActivity(t *testing.T) {
	inEveryZone(t, func(t *testing.T, c *harness.Console, clock *fake.Clock) {
		admin := c.SignedInByPassword()
		setTimeouts(c, admin, 5*time.Minute, time.Hour).To("/settings/general")
		job := admin.Post("/settings/users/bulk", "action", "disable", "ids", c.Cell(`SELECT id FROM users`)).
			Wants(http.StatusSeeOther).
			Header.Get(
			"Location",
		)
		for range 4 { // minutes 1 to 4
			clock.Advance(time.Minute)
			admin.Get(job + "?background").Wants(http.StatusOK)
			secondsLeft(admin, "/session?background")
			admin.Header.Set("Sec-Purpose", "prefetch;prerender") // a browser that guesses where the person will go
			admin.Get("/settings/users").Wants(http.StatusOK)
			admin.Header.Del("Sec-Purpose")
			admin.Get(static.URL("favicon.svg")).Wants(http.StatusOK) // browsers ask for it long after the page
		}
		clock.Advance(time.Minute)
		admin.Get(job + "?background").To("/signin")
		if left := secondsLeft(admin, "/session?background").Seconds; left != 0 {
			t.Errorf("a page that asks is told that %d seconds are left", left)
		}
		admin.Get("/settings/users").To("/signin")
	})
}

func TestFC60_ABackgroundRequestChangesNothing(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	admin := c.SignedInByPassword()
	seen := c.Cell(`SELECT last_seen_at FROM sessions`)
	before := c.Snapshot()
	clock.Advance(time.Minute)
	admin.Get("/settings/users/export.csv?background").Wants(http.StatusBadRequest).Lacks("last auth")
	for _, r := range c.Routes() {
		if r.Method == http.MethodGet && r.Path != "/signin" {
			admin.Get(r.Path + "?background")
		}
	}
	c.WantUnchanged(before, "GETs in the background")
	if now := c.Cell(`SELECT last_seen_at FROM sessions`); now != seen {
		t.Error("a background request counts as activity")
	}
	admin.Post("/settings/profile?background", "first_name", "Jo", "version", "1").To("/settings/profile")
	if now := c.Cell(`SELECT last_seen_at FROM sessions`); now == seen {
		t.Error("a form that somebody sends is no activity")
	}
}

func TestFC61_SettingATimeoutHoldsForOpenSessions(t *testing.T) {
	inEveryZone(t, func(t *testing.T, c *harness.Console, clock *fake.Clock) {
		admin := c.SignedInByPassword()
		setTimeouts(c, admin, 8*time.Hour, 24*time.Hour).To("/settings/general")
		lowered, raised := c.SignedInByPassword(), c.Administrator()
		clock.Advance(6 * time.Minute)
		setTimeouts(c, admin, 5*time.Minute, 24*time.Hour).To("/settings/general")
		lowered.Get("/settings/profile").To("/signin")

		// A session that is over the old limit is ended before the new one holds.
		setTimeouts(c, admin, 8*time.Hour, 24*time.Hour).To("/settings/general")
		raised.Get("/settings/profile").To("/signin")

		raised = c.SignedInByPassword()
		setTimeouts(c, admin, 5*time.Minute, 24*time.Hour).To("/settings/general")
		clock.Advance(4 * time.Minute)
		admin.Get("/settings/general").Wants(http.StatusOK)
		setTimeouts(c, admin, 24*time.Hour, 24*time.Hour).To("/settings/general")
		clock.Advance(4 * time.Hour)
		raised.Get("/settings/profile").Wants(http.StatusOK)
	})
}

func TestFC62_WhicheverTimeoutComesFirst(t *testing.T) {
	inEveryZone(t, func(t *testing.T, c *harness.Console, clock *fake.Clock) {
		admin := c.SignedInByPassword()
		setTimeouts(c, admin, 10*time.Minute, time.Hour).To("/settings/general")
		active, idle := c.SignedInByPassword(), c.Administrator()
		if left := secondsLeft(active, "/session"); left.Seconds != 600 || left.Final {
			t.Errorf("after signing in: %+v", left)
		}
		for range 10 { // minutes 5 to 50
			clock.Advance(5 * time.Minute)
			active.Get("/settings/profile").Wants(http.StatusOK)
			c.Account.Settle(t.Context()) // activity is written after the answer
		}
		idle.Get("/settings/profile").To("/signin")
		clock.Advance(9 * time.Minute)
		if left := secondsLeft(active, "/session"); left.Seconds != 60 || !left.Final {
			t.Errorf("after 59 minutes: %+v", left)
		}
		clock.Advance(time.Minute)
		active.Get("/settings/profile").To("/signin")
	})
}

func TestFC62_AClockThatJumps(t *testing.T) {
	inEveryZone(t, func(t *testing.T, c *harness.Console, clock *fake.Clock) {
		admin := c.SignedInByPassword()
		setTimeouts(c, admin, 10*time.Minute, time.Hour).To("/settings/general")

		b := c.SignedInByPassword()
		clock.Advance(-30 * time.Minute) // set back: it would last longer than its timeouts
		b.Get("/settings/profile").To("/signin")
		c.SignedInByPassword().Get("/settings/profile").Wants(http.StatusOK) // nobody is locked out

		b = c.SignedInByPassword()
		clock.Advance(365 * 24 * time.Hour) // set forward
		b.Get("/settings/profile").To("/signin")
		clock.Advance(-365 * 24 * time.Hour)
		c.SignedInByPassword().Get("/settings/profile").Wants(http.StatusOK)
	})
}

func TestFC66_ALostSaveIsNotReportedAsDone(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	admin := c.SignedInByPassword()
	setTimeouts(c, admin, 5*time.Minute, time.Hour).To("/settings/general")
	token := admin.Token()
	clock.Advance(6 * time.Minute)
	before := c.Cell(`SELECT name FROM account`)
	for path, fields := range map[string][]string{
		"/settings/general/company": {"name", "Lost", "cloud", "EU"}, "/settings/profile": {"first_name", "Lost"},
	} {
		fields = append(fields, "version", "2", "csrf_token", token)
		const page = "/settings/general?from=form"
		admin.Header.Set("Referer", c.URL.String()+page)
		signIn := admin.PostForm(path, fields...).To("/signin").Header.Get("Location")
		admin.Get(signIn).Contains("so nothing was changed", `value="`+page+`"`)
		admin.Header.Set("HX-Request", "true")
		admin.Header.Set("HX-Current-URL", c.URL.String()+page)
		if to := admin.PostForm(path, fields...).Wants(http.StatusUnauthorized).Lacks(`type="password"`).Header.Get("HX-Redirect"); to != signIn {
			t.Errorf("%s: htmx is led to %s instead of %s", path, to, signIn)
		}
		for _, name := range []string{"Referer", "HX-Request", "HX-Current-URL"} {
			admin.Header.Del(name)
		}
	}
	if now := c.Cell(`SELECT name FROM account`); now != before {
		t.Errorf("the company is now %q", now)
	}
	for address, page := range map[string]string{"/settings/general/company": "/settings/general", "/settings/groups/7/tenants": "/settings/groups", "/settings/users/new": "/settings/users/new"} {
		admin.Header.Set("Referer", c.URL.String()+address) // of a page that answered a refused form
		to := admin.PostForm("/settings/profile", "csrf_token", token).To("/signin").Header.Get("Location")
		if next, err := url.Parse(to); err != nil || next.Query().Get("next") != page {
			t.Errorf("from %s signing in leads back to %s", address, to)
		}
	}
	admin.Header.Del("Referer")
	admin.PostForm("/signout", "csrf_token", token).To("/signin")
	admin.PostForm("/signin/2fa", "code", "123456", "csrf_token", token).To("/signin")
}
