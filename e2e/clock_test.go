package e2e

import (
	"net/http"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/account"
)

func TestFC65_AClockThatJumpsLengthensNoSession(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	john := c.User(harness.AdminEmail)
	enter := func() *harness.Browser {
		clock.Advance(time.Second) // each session has a token of its own
		return c.BrowseAt(john, clock.Now())
	}
	addresses := []string{"/settings/users", "/settings/profile?tab=sessions", "/session?background", "/settings/integrations", "/settings/deliveries"}

	b := enter()
	clock.Advance(2 * time.Hour) // more than the idle timeout
	b.Get("/settings/users").To("/signin")

	b = enter()
	clock.Advance(-30 * time.Second) // as time servers do
	b.Get("/settings/users").Wants(http.StatusOK)
	clock.Advance(-2 * time.Hour)
	b.Get("/settings/users").To("/signin")
	c.WantCount(1, `SELECT count(*) FROM sessions WHERE created_at > $1`, clock.Now().Add(time.Hour).UnixMilli())
	other := enter()
	for _, path := range addresses {
		if a := other.Get(path); a.StatusCode >= http.StatusInternalServerError {
			t.Errorf("%s is answered %d", path, a.StatusCode)
		}
	}
	other.Get("/settings/profile?tab=sessions").Wants(http.StatusOK)

	// Kept busy until it would nearly have ended, and set back: it ends, rather than begin the last two hours again.
	b = enter()
	for range 47 {
		clock.Advance(account.DefaultAbsoluteTimeout / 48)
		b.Get("/settings/users").Wants(http.StatusOK)
		c.Account.Settle(t.Context())
	}
	clock.Advance(-2 * time.Hour)
	b.Get("/settings/users").To("/signin")
	clock.Advance(2 * time.Hour)
	clock.Advance(account.DefaultAbsoluteTimeout / 24)
	b.Get("/settings/users").To("/signin")
}

func TestFC65_WhatWasQueuedAheadIsSentOnceTheClockIsSetBack(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	clock.Advance(2 * time.Hour)
	admin := c.BrowseAt(c.User(harness.AdminEmail), clock.Now())
	c.Mail.Refuse(451, "later")
	admin.Post("/settings/integrations/new?type=email", "name", "Mail", "active", "1", "emails", "told@example.com").Wants(http.StatusSeeOther)
	c.Trigger(admin, "1")
	admin.Invite("ann").Wants(http.StatusSeeOther)
	harness.Eventually(t, "attempts fail", func() bool {
		return c.Count(`SELECT count(*) FROM deliveries WHERE state = 'waiting' AND error <> ''`) == 2
	})
	job := c.JobUnderWay(c.User(harness.AdminEmail), 0, 1)
	c.Exec(`UPDATE jobs SET failures = 1 WHERE id = $1`, job.ID)
	enable := append(harness.IDPairs(c.User("ann@example.com")), "action", "enable")
	c.Bulk(admin, enable...) // what looks after jobs has seen the clock ahead by then
	clock.Advance(-2 * time.Hour)
	c.Mail.Accept()
	c.Worker.Wake()
	c.Mail.WaitFor(t, "told@example.com")
	c.Settled()
	c.WantCount(1, `SELECT count(*) FROM deliveries WHERE template = 'invitation' AND error = 'the link in it had ended'`)
	c.WantCount(0, `SELECT count(*) FROM delivery_attempts WHERE ms < 0`)
	c.Bulk(c.BrowseAt(c.User(harness.AdminEmail), clock.Now()), enable...)
	harness.Eventually(t, "the job goes on", func() bool {
		return c.Count(`SELECT count(*) FROM jobs WHERE id = $1 AND next_at < $2`, job.ID, clock.Now().Add(time.Hour).UnixMilli()) == 1
	})
}

// TestFC65_LinksIssuedAheadHaveEnded sets the clock back after links were issued: how much of their time has passed is not known.
func TestFC65_LinksIssuedAheadHaveEnded(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	admin := c.BrowseAt(c.User(harness.AdminEmail), clock.Now())
	byMail, byHand := c.Add(admin, "analyst", "Ann", "", "ann@example.com"), c.InviteByLink(admin, "analyst", "bob@example.com")
	reset := c.ResetPath(harness.AdminEmail)
	links := []string{byMail, byHand, reset}
	open := func(status int) {
		t.Helper()
		for _, link := range links {
			c.Browser().Get(link).Wants(status)
		}
	}
	open(http.StatusOK)
	clock.Advance(-30 * time.Second) // as time servers do
	open(http.StatusOK)
	clock.Advance(-2 * time.Hour)
	open(http.StatusGone)
	before := c.Snapshot()
	c.Browser().Accept(byHand, "bob@example.com").Wants(http.StatusGone)
	c.Browser().Post(reset, "password", "another long password").Wants(http.StatusGone)
	c.WantUnchanged(before, "sending the forms behind them")
	admin = c.BrowseAt(c.User(harness.AdminEmail), clock.Now())
	admin.Get("/settings/users?tab=invited").Contains("Expired")
	admin.Get("/settings/users/" + c.Cell(`SELECT id FROM users WHERE email = 'ann@example.com'`)).Contains("Expired")

	c.Browser().Get(admin.Post(c.Invitation("bob@example.com") + "/link").Link()).Wants(http.StatusOK)
	clock.Advance(2*time.Hour + 30*time.Second) // where it was: they have not run out
	links = []string{byMail, reset}
	open(http.StatusOK)
}
