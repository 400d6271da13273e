package e2e

import (
	"net/http"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/fake"
	"console/internal/permission"
)

// TestFC159_AnImportIsInvitedThroughASlowServer imports more people than the mail server takes mails in some minutes.
func TestFC159_AnImportIsInvitedThroughASlowServer(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	john := c.BrowseAt(c.User(harness.AdminEmail), clock.Now())
	c.Mail.Limit(30, time.Minute, clock.Now)
	c.ImportOf(john, 300, "send_invitations", "1")
	harness.Eventually(t, "the server takes nothing", func() bool { return c.Count(`SELECT count(*) FROM delivery_holds`) == 1 })
	const reason = "the mail server refused the sender (450 4.7.1)"
	john.Get("/settings/general").Contains("The server has taken nothing since ", reason)
	john.Get("/settings/users?tab=invited").Contains("Mail not sent yet, trying again: " + reason)

	c.Advance(clock, 5*time.Second, "all are invited", func() bool {
		return c.Count(`SELECT count(*) FROM deliveries WHERE template = 'invitation' AND state = 'delivered'`) == 300
	})
	c.WantCount(300, `SELECT count(*) FROM deliveries WHERE attempts = 1 AND error = ''`)
	c.WantCount(0, `SELECT count(*) FROM delivery_holds`)
	if n := len(c.Mail.Messages()); n != 300 {
		t.Errorf("%d mails", n)
	}
	if n := len(c.Mail.Connections()); n > 2*300 { // without holds each is refused some ten times
		t.Errorf("%d connections for 300 mails", n)
	} else {
		t.Logf("%d connections for 300 mails", n)
	}
}

// TestFC159_ABusyReceiverIsSaid looks at the pages while a webhook takes nothing.
func TestFC159_ABusyReceiverIsSaid(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	admin := c.BrowseAt(c.User(harness.AdminEmail), clock.Now())
	c.Trigger(admin, c.Hook(admin, "/hook"))
	c.Receiver.Respond(fake.Response{Status: 503})
	admin.Invite("ann").Wants(http.StatusSeeOther)
	harness.Eventually(t, "it is held", func() bool { return c.Count(`SELECT count(*) FROM delivery_holds`) == 1 })
	const said = "server has taken nothing since "
	since := clock.Now().UTC().Format("2 Jan 2006, 15:04 UTC")
	path := "/settings/deliveries/" + c.Cell(`SELECT id FROM deliveries WHERE kind = 'webhook'`)
	for _, page := range []string{
		"/settings/deliveries", path, "/settings/integrations", "/settings/integrations/1/edit", "/settings/triggers/1/edit",
	} {
		admin.Get(page).Contains(said+since, "answered 503")
	}
	admin.Get("/settings/general").Lacks(said)
	admin.Get(path).Contains("No attempt has ended yet.")

	c.Receiver.Respond(fake.Response{Body: "ok"})
	admin.Post("/settings/integrations/1/disable").Wants(http.StatusSeeOther)
	admin.Post("/settings/integrations/1/enable").Wants(http.StatusSeeOther) // tried at once: somebody has looked after it
	harness.Eventually(t, "it is delivered", func() bool {
		return c.Count(`SELECT count(*) FROM deliveries WHERE kind = 'webhook' AND state = 'delivered'`) == 1
	})
	admin.Get("/settings/integrations").Lacks(said)
}

// TestAMailIsNotSentWhoseLinkHasEnded keeps mails waiting for longer than the links in them work.
func TestAMailIsNotSentWhoseLinkHasEnded(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	john := c.BrowseAt(c.User(harness.AdminEmail), clock.Now())
	ann := c.Person(permission.Analyst, "Ann", "", "ann@example.com")
	c.Mail.Refuse(450, "4.7.1 later")
	for range 3 {
		john.Post(harness.UserPath(ann, "password-reset")).Wants(http.StatusSeeOther)
	}
	harness.Eventually(t, "the server takes nothing, and is asked for nothing more", func() bool {
		return c.Count(`SELECT count(*) FROM delivery_holds`) == 1 && c.Count(`SELECT count(*) FROM deliveries WHERE attempts > 0`) == 0
	})
	clock.Advance(61 * time.Minute)
	john = c.BrowseAt(c.User(harness.AdminEmail), clock.Now())
	john.Invite("bob").Wants(http.StatusSeeOther)
	c.Mail.Accept()
	c.Worker.Wake() // what has ended is no probe: the first mail that can be sent is tried at once
	c.Mail.WaitFor(t, "bob@example.com")
	c.Settled()
	c.WantCount(3, `SELECT count(*) FROM deliveries WHERE template = 'password_reset' AND state = 'failed'
		AND error = 'the link in it had ended' AND secret IS NULL`)
	c.WantCount(0, `SELECT count(*) FROM delivery_holds`)
	if n := len(c.Mail.Messages()); n != 1 {
		t.Errorf("%d mails were sent", n)
	}
}
