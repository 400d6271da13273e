package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"console/internal/fake"
)

// hook adds a webhook integration to the receiver and returns its id.
func (c *console) hook(by *browser, path string) string {
	c.t.Helper()
	by.post("/settings/integrations/new?type=webhook", "name", "Hook", "active", "1", "url", c.Receiver.URL+path).wants(http.StatusSeeOther)
	return c.cell(`SELECT max(id) FROM integrations`)
}

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
	c, admin := signedIn(t, nil)
	c.trigger(admin, c.hook(admin, "/hook"))
	c.Receiver.Respond(fake.Response{Status: 500}) // webhooks are tried again whatever they answer
	admin.invite("ann").wants(http.StatusSeeOther)
	c.Receiver.Wait(t, 1)
	eventually(t, "the attempt is stored", func() bool { return c.count(`SELECT count(*) FROM deliveries WHERE error = 'answered 500'`) == 1 })
	c.exec(`UPDATE deliveries SET state = 'failed', ended_at = created_at WHERE kind = 'webhook'`)
	c.Receiver.Respond(fake.Response{Body: "ok"})
	path := "/settings/deliveries/" + c.cell(`SELECT id FROM deliveries WHERE state = 'failed'`)
	admin.get("/settings/deliveries").wants(http.StatusOK).contains("Added user", "Hook", "failed: ")
	admin.get(path).wants(http.StatusOK).contains("failed: ", "500", "ann@example.com", "create_user", "Send again")
	again := admin.post(path + "/resend").wants(http.StatusSeeOther).Header.Get("Location")
	if again == path {
		t.Error("sending again is the same delivery")
	}
	eventually(t, "it arrives", func() bool {
		return c.count(`SELECT count(*) FROM deliveries WHERE state = 'delivered' AND kind = 'webhook'`) == 1
	})
	admin.get(again).wants(http.StatusOK).contains("delivered", "200")
	tries := c.Receiver.Wait(t, 2)
	first, second := tries[0], tries[len(tries)-1]
	if first.Header.Get("webhook-id") == second.Header.Get("webhook-id") || first.Header.Get("webhook-id") == "" {
		t.Errorf("the receiver cannot tell a message sent again from a repeated attempt: %s", second.Header.Get("webhook-id"))
	}
	if eventID(t, first) != eventID(t, second) || string(first.Body) != string(second.Body) {
		t.Errorf("the same event is told as\n%s\nand\n%s", first.Body, second.Body)
	}
	if c.entries("send again", "done") != 1 {
		t.Error("sending again is not in the activity log")
	}
	admin.post("/settings/integrations/1/delete").wants(http.StatusSeeOther)
	admin.get(path).wants(http.StatusOK).contains("An integration that has been deleted").lacks("Send again</button>")
	admin.post(path + "/resend").wants(http.StatusConflict).contains("was deleted")
}

func TestTriggersDeliveriesAreListed(t *testing.T) {
	t.Parallel()
	c, admin := signedIn(t, nil)
	admin.get("/settings/deliveries").wants(http.StatusOK).contains("Nothing has been sent yet")
	c.trigger(admin, c.slack(admin, c.Receiver.URL))
	admin.post("/settings/integrations/new?type=email", "name", "Mails", "active", "1", "emails", "chief@example.com").wants(http.StatusSeeOther)
	admin.post("/settings/triggers/new", "name", "By mail", "condition", "user_added", "integration_ids", c.integration("Mails")).wants(http.StatusSeeOther)
	for _, name := range []string{"ann", "bea", "cyd"} {
		admin.invite(name).wants(http.StatusSeeOther)
	}
	c.settled()
	all := admin.get("/settings/deliveries").wants(http.StatusOK).contains("Added user", "By mail", "Mails: chief@example.com", "delivered")
	all.lacks("ann@example.com", "bea@example.com") // invitations are nobody's business here
	if n := strings.Count(all.Body, "<td data-label=\"Time\""); n != 6 {
		t.Errorf("%d deliveries are listed", n)
	}
	admin.get("/settings/deliveries?trigger=2").contains("By mail").lacks("<td data-label=\"Trigger\">Added user")
	admin.get("/settings/deliveries?integration=1").lacks("chief@example.com")
	admin.get("/settings/deliveries?state=failed").contains("No delivery matches")
	admin.get("/settings/triggers/2/edit").contains("Recent deliveries", "chief@example.com")
	invitation := c.cell(`SELECT id FROM deliveries WHERE recipient = 'ann@example.com'`)
	admin.get("/settings/deliveries/" + invitation).wants(http.StatusNotFound)
	admin.post("/settings/deliveries/" + invitation + "/resend").wants(http.StatusNotFound)
	mail := admin.get("/settings/deliveries/" + c.cell(`SELECT max(id) FROM deliveries WHERE trigger_id = 2`)).wants(http.StatusOK)
	mail.contains("A new user cyd &lt;cyd@example.com&gt; with the role Analyst", "Mails: chief@example.com")
}

func TestTriggersDeliveriesByPages(t *testing.T) {
	t.Parallel()
	c, admin := signedIn(t, nil)
	c.trigger(admin, c.hook(admin, "/hook"))
	admin.post("/settings/triggers/1/disable").wants(http.StatusSeeOther)
	c.exec(`INSERT INTO events (uuid, type, occurred_at) VALUES ('event', 'create_user', 1)`)
	c.exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120) INSERT INTO deliveries (uuid, target, kind, recipient, template, params,
		event_id, trigger_id, integration_id, state, next_at, created_at, ended_at) SELECT 'd' || i, 'integration:1', 'webhook', '', 'create_user', '{}', 1, 1, 1, 'delivered', i, i, i FROM n`)
	seen := 0
	for path := "/settings/deliveries?state=delivered"; path != ""; {
		page := admin.get(path).wants(http.StatusOK)
		seen += strings.Count(page.Body, "<td data-label=\"Time\"")
		path = page.leads("older")
	}
	if seen != 120 {
		t.Errorf("the pages hold %d deliveries", seen)
	}
	admin.get("/settings/deliveries?before=-3&trigger=x&state=odd").wants(http.StatusOK)
}

func TestTriggersWaitingDeliveriesSayWhy(t *testing.T) {
	t.Parallel()
	c, clock := startAt(t)
	admin := c.browseAt(c.user(adminEmail), clock.Now())
	c.trigger(admin, c.hook(admin, "/hook"))
	c.Receiver.Respond(fake.Response{Status: 503})
	admin.invite("ann").wants(http.StatusSeeOther)
	c.Receiver.Wait(t, 1)
	eventually(t, "the attempt is stored", func() bool {
		return c.count(`SELECT count(*) FROM delivery_attempts a JOIN deliveries d ON d.id = a.delivery_id WHERE d.kind = 'webhook'`) == 1
	})
	path := "/settings/deliveries/" + c.cell(`SELECT id FROM deliveries WHERE kind = 'webhook'`)
	next := clock.Now().Add(time.Second).UTC().Format("2 Jan 2006, 15:04 UTC")
	admin.get("/settings/deliveries?state=waiting").contains("retrying (1/16), next at "+next+": ", "503")
	admin.get(path).contains("retrying (1/16)", "503").lacks("Send again</button>")
	admin.post(path + "/resend").wants(http.StatusConflict).contains("still waiting to be delivered")
	admin.post("/settings/integrations/1/disable").wants(http.StatusSeeOther)
	admin.get(path).contains("waiting: the integration is disabled")
	c.Receiver.Respond(fake.Response{Body: "ok"})
	admin.post("/settings/integrations/1/enable").wants(http.StatusSeeOther)
	c.advance(clock, time.Second, "it is delivered", func() bool {
		return c.count(`SELECT count(*) FROM deliveries WHERE state = 'delivered' AND kind = 'webhook'`) == 1
	})
	admin.get(path).contains("delivered")
}

func TestTriggersTest(t *testing.T) {
	t.Parallel()
	c, admin := signedIn(t, nil)
	broken := fake.NewReceiver(t)
	broken.Respond(fake.Response{Status: 500, Body: "the answer is confidential"})
	chat, wrong := c.slack(admin, c.Receiver.URL), c.slack(admin, broken.URL+"/services/T0/B0/xoxSecret")
	c.exec(`UPDATE integrations SET name = 'Broken' WHERE id = $1`, wrong)
	admin.post("/settings/integrations/new?type=email", "name", "Mails", "active", "1", "emails", "chief@example.com, johndoe@example.com").wants(http.StatusSeeOther)
	before := c.count(`SELECT count(*) FROM deliveries`)
	page := admin.post("/settings/triggers/test", "name", "Not saved", "condition", "access_changed", "integration_ids", chat, "integration_ids", wrong,
		"integration_ids", c.integration("Mails")).wants(http.StatusOK)
	page.contains("<strong>Chat</strong>: the test message was delivered", "<strong>Broken</strong>: not delivered: ", "500", "Mails: chief@example.com").
		lacks("confidential", "xoxSecret")
	said := slackSaid(t, c.Receiver.Wait(t, 1)[0])
	for _, text := range []string{"[Test message] [Wallarm] Trigger: Role or groups of a user were changed", "Role: Read Only → Analyst", `the "Not saved" trigger`} {
		if !strings.Contains(said, text) {
			t.Errorf("%q is missing in\n%s", text, said)
		}
	}
	if mail := c.Mail.WaitFor(t, adminEmail); !strings.HasPrefix(mail.Subject, "[Test message] ") || !strings.Contains(mail.Text, "Hello John Doe,") && !strings.Contains(mail.HTML, "Hello John Doe,") {
		t.Errorf("the mail is %q:\n%s", mail.Subject, mail.Text)
	}
	c.wantCount(before, `SELECT count(*) FROM deliveries`)
	c.wantCount(0, `SELECT count(*) FROM triggers`)
	admin.post("/settings/triggers/test", "name", "A", "condition", "user_added").wants(http.StatusUnprocessableEntity).contains("Choose at least one integration.")
	if c.entries("test trigger", "failed") != 1 {
		t.Error("the test is not in the activity log")
	}
}

func TestTriggersDeliveriesAreForgottenAfterAMonth(t *testing.T) {
	t.Parallel()
	c, admin := signedIn(t, nil)
	c.trigger(admin, c.slack(admin, c.Receiver.URL))
	admin.invite("ann").wants(http.StatusSeeOther)
	admin.invite("bea").wants(http.StatusSeeOther)
	c.settled()
	old := time.Now().Add(-31 * 24 * time.Hour).UnixMilli()
	c.exec(`UPDATE deliveries SET created_at = $1, ended_at = $1 WHERE kind = 'slack' AND event_id = 1`, old)
	c.exec(`UPDATE events SET occurred_at = $1 WHERE id = 1`, old)
	c.restart()
	eventually(t, "the old delivery is gone", func() bool { return c.count(`SELECT count(*) FROM events`) == 1 })
	c.wantCount(1, `SELECT count(*) FROM deliveries WHERE kind = 'slack'`)
	c.wantCount(2, `SELECT count(*) FROM deliveries WHERE kind = 'email'`)
	c.wantCount(3, `SELECT count(*) FROM delivery_attempts`)
}
