package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/fake"
)

// eventID is the id of the event that a webhook was told of.
func eventID(t *testing.T, r fake.Received) string {
	t.Helper()
	var events []struct {
		Details struct {
			EventID string `json:"event_id"`
		} `json:"details"`
	}
	if err := json.Unmarshal(r.Body, &events); err != nil || len(events) != 1 {
		t.Fatalf("%v in %s", err, r.Body)
	}
	return events[0].Details.EventID
}

func TestTriggersSendAgain(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	c.Trigger(admin, c.Hook(admin, "/hook"))
	c.Receiver.Respond(fake.Response{Status: 500}) // webhooks are tried again whatever they answer
	admin.Invite("ann").Wants(http.StatusSeeOther)
	c.Receiver.Wait(t, 1)
	harness.Eventually(t, "the attempt is stored", func() bool { return c.Count(`SELECT count(*) FROM deliveries WHERE error = 'answered 500'`) == 1 })
	c.Exec(`UPDATE deliveries SET state = 'failed', ended_at = created_at WHERE kind = 'webhook'`)
	c.Receiver.Respond(fake.Response{Body: "ok"})
	path := "/settings/deliveries/" + c.Cell(`SELECT id FROM deliveries WHERE state = 'failed'`)
	admin.Get("/settings/deliveries").Wants(http.StatusOK).Contains("Added user", "Hook", "failed: ")
	admin.Get(path).Wants(http.StatusOK).Contains("failed: ", "500", "ann@example.com", "create_user", "Send again")
	again := admin.Post(path + "/resend").Wants(http.StatusSeeOther).Header.Get("Location")
	if again == path {
		t.Error("sending again is the same delivery")
	}
	harness.Eventually(t, "it arrives", func() bool {
		return c.Count(`SELECT count(*) FROM deliveries WHERE state = 'delivered' AND kind = 'webhook'`) == 1
	})
	admin.Get(again).Wants(http.StatusOK).Contains("delivered", "200")
	tries := c.Receiver.Wait(t, 2)
	first, second := tries[0], tries[len(tries)-1]
	if first.Header.Get("webhook-id") == second.Header.Get("webhook-id") || first.Header.Get("webhook-id") == "" {
		t.Errorf("the receiver cannot tell a message sent again from a repeated attempt: %s", second.Header.Get("webhook-id"))
	}
	if eventID(t, first) != eventID(t, second) || string(first.Body) != string(second.Body) {
		t.Errorf("the same event is told as\n%s\nand\n%s", first.Body, second.Body)
	}
	if c.Entries("send again", "done") != 1 {
		t.Error("sending again is not in the activity log")
	}
	admin.Post("/settings/integrations/1/delete").Wants(http.StatusSeeOther)
	admin.Get(path).Wants(http.StatusOK).Contains("An integration that has been deleted").Lacks("Send again</button>")
	admin.Post(path + "/resend").Wants(http.StatusConflict).Contains("was deleted")
}

func TestTriggersDeliveriesAreListed(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	admin.Get("/settings/deliveries").Wants(http.StatusOK).Contains("Nothing has been sent yet")
	c.Trigger(admin, c.Slack(admin, c.Receiver.URL))
	admin.Post("/settings/integrations/new?type=email", "name", "Mails", "active", "1", "emails", "chief@example.com").Wants(http.StatusSeeOther)
	admin.Post("/settings/triggers/new", "name", "By mail", "condition", "user_added", "integration_ids", integration(c, "Mails")).Wants(http.StatusSeeOther)
	for _, name := range []string{"ann", "bea", "cyd"} {
		admin.Invite(name).Wants(http.StatusSeeOther)
	}
	c.Settled()
	all := admin.Get("/settings/deliveries").Wants(http.StatusOK).Contains("Added user", "By mail", "Mails: chief@example.com", "delivered")
	all.Lacks("ann@example.com", "bea@example.com") // invitations are nobody's business here
	if n := strings.Count(all.Body, "<td data-label=\"Time\""); n != 6 {
		t.Errorf("%d deliveries are listed", n)
	}
	admin.Get("/settings/deliveries?trigger=2").Contains("By mail").Lacks("<td data-label=\"Trigger\">Added user")
	admin.Get("/settings/deliveries?integration=1").Lacks("chief@example.com")
	admin.Get("/settings/deliveries?state=failed").Contains("No delivery matches")
	admin.Get("/settings/triggers/2/edit").Contains("Recent deliveries", "chief@example.com")
	invitation := c.Cell(`SELECT id FROM deliveries WHERE recipient = 'ann@example.com'`)
	admin.Get("/settings/deliveries/" + invitation).Wants(http.StatusNotFound)
	admin.Post("/settings/deliveries/" + invitation + "/resend").Wants(http.StatusNotFound)
	mail := admin.Get("/settings/deliveries/" + c.Cell(`SELECT max(id) FROM deliveries WHERE trigger_id = 2`)).Wants(http.StatusOK)
	mail.Contains("A new user cyd &lt;cyd@example.com&gt; with the role Analyst", "Mails: chief@example.com")
}

func TestTriggersDeliveriesByPages(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	c.Trigger(admin, c.Hook(admin, "/hook"))
	admin.Post("/settings/triggers/1/disable").Wants(http.StatusSeeOther)
	c.Exec(`INSERT INTO events (uuid, type, occurred_at) VALUES ('event', 'create_user', 1)`)
	c.Exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120) INSERT INTO deliveries (uuid, target, kind, recipient, template, params,
		event_id, trigger_id, integration_id, state, next_at, created_at, ended_at) SELECT 'd' || i, 'integration:1', 'webhook', '', 'create_user', '{}', 1, 1, 1, 'delivered', i, i, i FROM n`)
	seen := 0
	for path := "/settings/deliveries?state=delivered"; path != ""; {
		page := admin.Get(path).Wants(http.StatusOK)
		seen += strings.Count(page.Body, "<td data-label=\"Time\"")
		path = page.Leads("older")
	}
	if seen != 120 {
		t.Errorf("the pages hold %d deliveries", seen)
	}
	admin.Get("/settings/deliveries?before=-3&trigger=x&state=odd").Wants(http.StatusOK)
}

func TestTriggersWaitingDeliveriesSayWhy(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	admin := c.BrowseAt(c.User(harness.AdminEmail), clock.Now())
	c.Trigger(admin, c.Hook(admin, "/hook"))
	c.Receiver.Respond(fake.Response{Status: 503})
	admin.Invite("ann").Wants(http.StatusSeeOther)
	c.Receiver.Wait(t, 1)
	harness.Eventually(t, "the attempt is stored", func() bool {
		return c.Count(`SELECT count(*) FROM delivery_attempts a JOIN deliveries d ON d.id = a.delivery_id WHERE d.kind = 'webhook'`) == 1
	})
	path := "/settings/deliveries/" + c.Cell(`SELECT id FROM deliveries WHERE kind = 'webhook'`)
	next := clock.Now().Add(time.Second).UTC().Format("2 Jan 2006, 15:04 UTC")
	admin.Get("/settings/deliveries?state=waiting").Contains("retrying (1/16), next at "+next+": ", "503")
	admin.Get(path).Contains("retrying (1/16)", "503").Lacks("Send again</button>")
	admin.Post(path + "/resend").Wants(http.StatusConflict).Contains("still waiting to be delivered")
	admin.Post("/settings/integrations/1/disable").Wants(http.StatusSeeOther)
	admin.Get(path).Contains("waiting: the integration is disabled")
	c.Receiver.Respond(fake.Response{Body: "ok"})
	admin.Post("/settings/integrations/1/enable").Wants(http.StatusSeeOther)
	c.Advance(clock, time.Second, "it is delivered", func() bool {
		return c.Count(`SELECT count(*) FROM deliveries WHERE state = 'delivered' AND kind = 'webhook'`) == 1
	})
	admin.Get(path).Contains("delivered")
}

func TestTriggersTest(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	broken := fake.NewReceiver(t)
	broken.Respond(fake.Response{Status: 500, Body: "the answer is confidential"})
	chat, wrong := c.Slack(admin, c.Receiver.URL), c.Slack(admin, broken.URL+"/services/T0/B0/xoxSecret")
	c.Exec(`UPDATE integrations SET name = 'Broken' WHERE id = $1`, wrong)
	admin.Post("/settings/integrations/new?type=email", "name", "Mails", "active", "1", "emails", "chief@example.com, johndoe@example.com").Wants(http.StatusSeeOther)
	before := c.Count(`SELECT count(*) FROM deliveries`)
	page := admin.Post("/settings/triggers/test", "name", "Not saved", "condition", "access_changed", "integration_ids", chat, "integration_ids", wrong,
		"integration_ids", integration(c, "Mails")).Wants(http.StatusOK)
	page.Contains("<strong>Chat</strong>: the test message was delivered", "<strong>Broken</strong>: not delivered: ", "500", "Mails: chief@example.com").
		Lacks("confidential", "xoxSecret")
	said := slackSaid(t, c.Receiver.Wait(t, 1)[0])
	for _, text := range []string{"[Test message] [Wallarm] Trigger: Role or groups of a user were changed", "Role: Read Only → Analyst", `the "Not saved" trigger`} {
		if !strings.Contains(said, text) {
			t.Errorf("%q is missing in\n%s", text, said)
		}
	}
	if mail := c.Mail.WaitFor(t, harness.AdminEmail); !strings.HasPrefix(mail.Subject, "[Test message] ") || !strings.Contains(mail.Text, "Hello John Doe,") && !strings.Contains(mail.HTML, "Hello John Doe,") {
		t.Errorf("the mail is %q:\n%s", mail.Subject, mail.Text)
	}
	c.WantCount(before, `SELECT count(*) FROM deliveries`)
	c.WantCount(0, `SELECT count(*) FROM triggers`)
	admin.Post("/settings/triggers/test", "name", "A", "condition", "user_added").Wants(http.StatusUnprocessableEntity).Contains("Choose at least one integration.")
	if c.Entries("test trigger", "failed") != 1 {
		t.Error("the test is not in the activity log")
	}
}

func TestTriggersDeliveriesAreForgottenAfterAMonth(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	c.Trigger(admin, c.Slack(admin, c.Receiver.URL))
	admin.Invite("ann").Wants(http.StatusSeeOther)
	admin.Invite("bea").Wants(http.StatusSeeOther)
	c.Settled()
	old := time.Now().Add(-31 * 24 * time.Hour).UnixMilli()
	c.Exec(`UPDATE deliveries SET created_at = $1, ended_at = $1 WHERE kind = 'slack' AND event_id = 1`, old)
	c.Exec(`UPDATE events SET occurred_at = $1 WHERE id = 1`, old)
	c.Restart()
	harness.Eventually(t, "the old delivery is gone", func() bool { return c.Count(`SELECT count(*) FROM events`) == 1 })
	c.WantCount(1, `SELECT count(*) FROM deliveries WHERE kind = 'slack'`)
	c.WantCount(2, `SELECT count(*) FROM deliveries WHERE kind = 'email'`)
	c.WantCount(3, `SELECT count(*) FROM delivery_attempts`)
}
