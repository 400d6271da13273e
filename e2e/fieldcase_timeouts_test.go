package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"console/internal/fake"
	"console/static"
)

// version is the version of the account, as its forms carry it.
func (c *console) version() string {
	c.t.Helper()
	return c.cell(`SELECT version FROM account`)
}

// setTimeouts chooses the timeouts under Settings → General.
func (c *console) setTimeouts(by *browser, idle, absolute time.Duration) *answer {
	c.t.Helper()
	seconds := func(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) }
	return by.post("/settings/general/logout", "idle_timeout", seconds(idle), "absolute_timeout", seconds(absolute), "version", c.version())
}

// secondsLeft is what the console answers a page that asks how long the session lasts.
func (b *browser) secondsLeft(path string) (left struct {
	Seconds int
	Final   bool
}) {
	b.console.t.Helper()
	if err := json.Unmarshal([]byte(b.get(path).wants(http.StatusOK).Body), &left); err != nil {
		b.console.t.Fatal(err)
	}
	return left
}

// inEveryZone runs a test in the zone of this machine and in two others: limits are spans of time, whatever the clock
// on the wall says. The zone is of the whole process, so that the test is not parallel.
func inEveryZone(t *testing.T, test func(*testing.T, *console, *fake.Clock)) {
	here := time.Local
	t.Cleanup(func() {
		if !underRace {
			time.Local = here
		}
	})
	for _, name := range []string{"", "America/Chicago", "Asia/Tokyo"} {
		t.Run("in "+name, func(t *testing.T) {
			if name != "" && underRace {
				t.Skip("the zone is changed while connections of the servers before still end: run without the race detector")
			}
			location := here
			if name != "" {
				var err error
				if location, err = time.LoadLocation(name); err != nil {
					t.Fatal(err)
				}
			}
			if !underRace {
				time.Local = location
			}
			c, clock := startAt(t)
			test(t, c, clock)
			if err := c.Close(); err != nil { // nothing runs while the zone changes
				t.Fatal(err)
			}
		})
	}
}

func TestFC60_WhatPagesDoByThemselvesIsNoActivity(t *testing.T) {
	inEveryZone(t, func(t *testing.T, c *console, clock *fake.Clock) {
		admin := c.administrator()
		c.setTimeouts(admin, 5*time.Minute, time.Hour).to("/settings/general")
		job := admin.post("/settings/users/bulk", "action", "disable", "ids", c.cell(`SELECT id FROM users`)).wants(http.StatusSeeOther).Header.Get("Location")
		for range 4 { // minutes 1 to 4
			clock.Advance(time.Minute)
			admin.get(job + "?background").wants(http.StatusOK)
			admin.secondsLeft("/session?background")
			admin.Header.Set("Sec-Purpose", "prefetch;prerender") // a browser that guesses where the person will go
			admin.get("/settings/users").wants(http.StatusOK)
			admin.Header.Del("Sec-Purpose")
			admin.get(static.URL("favicon.svg")).wants(http.StatusOK) // browsers ask for it long after the page
		}
		clock.Advance(time.Minute)
		admin.get(job + "?background").to("/signin")
		if left := admin.secondsLeft("/session?background").Seconds; left != 0 {
			t.Errorf("a page that asks is told that %d seconds are left", left)
		}
		admin.get("/settings/users").to("/signin")
	})
}

func TestFC60_ABackgroundRequestChangesNothing(t *testing.T) {
	t.Parallel()
	c, clock := startAt(t)
	admin := c.administrator()
	seen := c.cell(`SELECT last_seen_at FROM sessions`)
	before := c.snapshot()
	clock.Advance(time.Minute)
	admin.get("/settings/users/export.csv?background").wants(http.StatusBadRequest).lacks("last auth")
	for _, r := range c.routes() {
		if r.Method == http.MethodGet && r.Path != "/signin" {
			admin.get(r.Path + "?background")
		}
	}
	c.wantUnchanged(before, "GETs in the background")
	if now := c.cell(`SELECT last_seen_at FROM sessions`); now != seen {
		t.Error("a background request counts as activity")
	}
	admin.post("/settings/profile?background", "first_name", "Jo", "version", "1").to("/settings/profile")
	if now := c.cell(`SELECT last_seen_at FROM sessions`); now == seen {
		t.Error("a form that somebody sends is no activity")
	}
}

func TestFC61_SettingATimeoutHoldsForOpenSessions(t *testing.T) {
	inEveryZone(t, func(t *testing.T, c *console, clock *fake.Clock) {
		admin := c.administrator()
		c.setTimeouts(admin, 8*time.Hour, 24*time.Hour).to("/settings/general")
		lowered, raised := c.administrator(), c.administrator()
		clock.Advance(6 * time.Minute)
		c.setTimeouts(admin, 5*time.Minute, 24*time.Hour).to("/settings/general")
		lowered.get("/settings/profile").to("/signin")

		// A session that is over the old limit is ended before the new one holds.
		c.setTimeouts(admin, 8*time.Hour, 24*time.Hour).to("/settings/general")
		raised.get("/settings/profile").to("/signin")

		raised = c.administrator()
		c.setTimeouts(admin, 5*time.Minute, 24*time.Hour).to("/settings/general")
		clock.Advance(4 * time.Minute)
		admin.get("/settings/general").wants(http.StatusOK)
		c.setTimeouts(admin, 24*time.Hour, 24*time.Hour).to("/settings/general")
		clock.Advance(4 * time.Hour)
		raised.get("/settings/profile").wants(http.StatusOK)
	})
}

func TestFC62_WhicheverTimeoutComesFirst(t *testing.T) {
	inEveryZone(t, func(t *testing.T, c *console, clock *fake.Clock) {
		admin := c.administrator()
		c.setTimeouts(admin, 10*time.Minute, time.Hour).to("/settings/general")
		active, idle := c.administrator(), c.administrator()
		if left := active.secondsLeft("/session"); left.Seconds != 600 || left.Final {
			t.Errorf("after signing in: %+v", left)
		}
		for range 10 { // minutes 5 to 50
			clock.Advance(5 * time.Minute)
			active.get("/settings/profile").wants(http.StatusOK)
		}
		idle.get("/settings/profile").to("/signin")
		clock.Advance(9 * time.Minute)
		if left := active.secondsLeft("/session"); left.Seconds != 60 || !left.Final {
			t.Errorf("after 59 minutes: %+v", left)
		}
		clock.Advance(time.Minute)
		active.get("/settings/profile").to("/signin")
	})
}

func TestFC62_AClockThatJumps(t *testing.T) {
	inEveryZone(t, func(t *testing.T, c *console, clock *fake.Clock) {
		admin := c.administrator()
		c.setTimeouts(admin, 10*time.Minute, time.Hour).to("/settings/general")

		b := c.administrator()
		seen := c.cell(`SELECT max(last_seen_at) FROM sessions`)
		clock.Advance(-30 * time.Minute) // set back
		b.get("/settings/profile").wants(http.StatusOK)
		if now := c.cell(`SELECT max(last_seen_at) FROM sessions`); now != seen {
			t.Errorf("the session was last seen at %s, then at %s", seen, now)
		}
		c.administrator().get("/settings/profile").wants(http.StatusOK) // nobody is locked out
		clock.Advance(30*time.Minute + 10*time.Minute - time.Second)    // as much longer as the clock was set back, and no more
		if left := b.secondsLeft("/session?background").Seconds; left != 1 {
			t.Errorf("%d seconds are left", left)
		}
		clock.Advance(time.Second)
		b.get("/settings/profile").to("/signin")

		b = c.administrator()
		clock.Advance(365 * 24 * time.Hour) // set forward
		b.get("/settings/profile").to("/signin")
		clock.Advance(-365 * 24 * time.Hour)
		c.administrator().get("/settings/profile").wants(http.StatusOK)
	})
}

func TestFC66_ALostSaveIsNotReportedAsDone(t *testing.T) {
	t.Parallel()
	c, clock := startAt(t)
	admin := c.administrator()
	c.setTimeouts(admin, 5*time.Minute, time.Hour).to("/settings/general")
	token := admin.token()
	clock.Advance(6 * time.Minute)
	before := c.cell(`SELECT name FROM account`)
	for path, fields := range map[string][]string{
		"/settings/general/company": {"name", "Lost", "cloud", "EU"}, "/settings/profile": {"first_name", "Lost"},
	} {
		fields = append(fields, "version", "2", "csrf_token", token)
		const page = "/settings/general?from=form"
		admin.Header.Set("Referer", c.URL.String()+page)
		signIn := admin.postForm(path, fields...).to("/signin").Header.Get("Location")
		admin.get(signIn).contains("so nothing was changed", `value="`+page+`"`)
		admin.Header.Set("HX-Request", "true")
		admin.Header.Set("HX-Current-URL", c.URL.String()+page)
		if to := admin.postForm(path, fields...).wants(http.StatusUnauthorized).lacks(`type="password"`).Header.Get("HX-Redirect"); to != signIn {
			t.Errorf("%s: htmx is led to %s instead of %s", path, to, signIn)
		}
		for _, name := range []string{"Referer", "HX-Request", "HX-Current-URL"} {
			admin.Header.Del(name)
		}
	}
	if now := c.cell(`SELECT name FROM account`); now != before {
		t.Errorf("the company is now %q", now)
	}
	for address, page := range map[string]string{"/settings/general/company": "/settings/general", "/settings/groups/7/tenants": "/settings/groups", "/settings/users/new": "/settings/users/new"} {
		admin.Header.Set("Referer", c.URL.String()+address) // of a page that answered a refused form
		to := admin.postForm("/settings/profile", "csrf_token", token).to("/signin").Header.Get("Location")
		if next, err := url.Parse(to); err != nil || next.Query().Get("next") != page {
			t.Errorf("from %s signing in leads back to %s", address, to)
		}
	}
	admin.Header.Del("Referer")
	admin.postForm("/signout", "csrf_token", token).to("/signin")
	admin.postForm("/signin/2fa", "code", "123456", "csrf_token", token).to("/signin")
}
