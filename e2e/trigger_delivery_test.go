package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/cli"
	"console/internal/fake"
)

// carriesSignature says whether a request carries the signature that a receiver with the secret computes.
func carriesSignature(t *testing.T, r fake.Received, secret string) bool {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp"), r.Body)
	return slices.Contains(strings.Fields(r.Header.Get("webhook-signature")), "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

func TestFC120_AWebhookRepeatsItself(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	admin := c.Administrator()
	c.Trigger(
		admin,
		c.Destination(
			admin,
			"webhook",
			"url",
			c.Receiver.URL+"/hook",
			"secret",
			webhookSecret,
			"verify_tls",
			"1",
			"method",
			"put",
			"headers_name",
			"X-Team",
			"headers_value",
			"Security",
		),
	)
	c.Receiver.Respond(fake.Response{Status: 500}, fake.Response{Status: 404}, fake.Response{Status: 202})
	admin.Invite("ann").Wants(http.StatusSeeOther)
	c.Receiver.Wait(t, 1)
	c.Advance(clock, time.Second, "the event is delivered", func() bool {
		return c.Count(`SELECT count(*) FROM deliveries WHERE kind = 'webhook' AND state = 'delivered'`) == 1
	})
	tries := c.Receiver.Requests()
	if len(tries) != 3 {
		t.Fatalf("%d requests", len(tries))
	}
	delivery, event := c.Cell(`SELECT uuid FROM deliveries WHERE kind = 'webhook'`), c.Cell(`SELECT uuid FROM events`)
	for n, r := range tries {
		if r.Method != http.MethodPut || r.Path != "/hook" || r.Header.Get("X-Team") != "Security" || r.Header.Get("webhook-id") != delivery ||
			r.Header.Get("webhook-attempt") != fmt.Sprint(n+1) || string(r.Body) != string(tries[0].Body) || !carriesSignature(t, r, webhookSecret) {
			t.Errorf("attempt %d: %s %s %v %s", n+1, r.Method, r.Path, r.Header, r.Body)
		}
	}
	var events []struct {
		Summary, Description string
		Details              struct {
			ClientName       string `json:"client_name"`
			NotificationType string `json:"notification_type"`
			TriggerName      string `json:"trigger_name"`
			User, Actor      struct{ Email string }
			EventID          string `json:"event_id"`
			Number           int64
			OccurredAt       time.Time `json:"occurred_at"`
		}
	}
	if err := json.Unmarshal(tries[0].Body, &events); err != nil || len(events) != 1 {
		t.Fatalf("%s: %v", tries[0].Body, err)
	}
	e := events[0]
	if e.Summary != "[Wallarm] Trigger: New user was added to the company account" ||
		!strings.HasPrefix(e.Description, "Notification type: create_user\n\n") {
		t.Errorf("%q, %q", e.Summary, e.Description)
	}
	if d := e.Details; d.ClientName != harness.Company || d.NotificationType != "create_user" || d.TriggerName != "Added user" || d.User.Email != "ann@example.com" ||
		d.Actor.Email != harness.AdminEmail || d.EventID != event ||
		d.Number != 1 ||
		d.OccurredAt.IsZero() {
		t.Errorf("%+v", d)
	}
	c.WantCount(3, `SELECT count(*) FROM delivery_attempts a JOIN deliveries d ON d.id = a.delivery_id WHERE d.kind = 'webhook'`)
}

func TestEachVendorIsReached(t *testing.T) {
	t.Parallel()
	vendors := fake.NewReceiver(t)
	vendors.Respond(fake.Response{Body: `{"ok":true}`})
	c := harness.Ready(t, func(s *cli.Serve) { s.Vendors = vendors.URL })
	admin := c.Administrator()
	c.Trigger(admin,
		c.Destination(admin, "telegram", "token", "123456789:AbCdEfGhIjKlMnOp", "chat_id", "-1001234567890"),
		c.Destination(admin, "pagerduty", "integration_key", "0123456789abcdef0123456789abcdef"),
		c.Destination(admin, "opsgenie", "api_key", "01234567-89ab-cdef"),
		c.Destination(admin, "datadog", "api_key", "0123456789abcdef"),
		c.Destination(admin, "teams", "url", c.Receiver.URL+"/teams"),
		c.Destination(admin, "splunk", "url", c.Receiver.URL, "token", "0123456789abcdef"),
		c.Destination(admin, "sumo_logic", "url", c.Receiver.URL+"/sumo"),
		c.Destination(admin, "insightconnect", "url", c.Receiver.URL+"/insight", "api_key", "0123456789abcdef"),
	)
	admin.Invite("ann").Wants(http.StatusSeeOther)
	harness.Eventually(t, "all eight are delivered", func() bool {
		return c.Count(`SELECT count(*) FROM deliveries WHERE integration_id IS NOT NULL AND state = 'delivered'`) == 8
	})
	var paths []string
	for _, r := range append(vendors.Requests(), c.Receiver.Requests()...) {
		paths = append(paths, r.Path)
	}
	slices.Sort(paths)
	want := []string{
		"/api/v2/logs",
		"/bot123456789:AbCdEfGhIjKlMnOp/sendMessage",
		"/insight",
		"/services/collector/event",
		"/sumo",
		"/teams",
		"/v2/alerts",
		"/v2/enqueue",
	}
	if !slices.Equal(paths, want) {
		t.Errorf("requests to %v", paths)
	}
}

func TestFC120_RetriesSayTheSame(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	admin := c.Administrator()
	c.Trigger(admin, c.Slack(admin, c.Receiver.URL+"/services/T0/B0/secret"))
	c.Receiver.Respond(fake.Response{Status: 500}, fake.Response{Status: 500}, fake.Response{Body: "ok"})
	admin.Invite("ann").Wants(http.StatusSeeOther)
	c.Receiver.Wait(t, 1)
	c.Advance(clock, time.Second, "the message is delivered", func() bool {
		return c.Count(`SELECT count(*) FROM deliveries WHERE kind = 'slack' AND state = 'delivered'`) == 1
	})
	tries := c.Receiver.Requests()
	if len(tries) != 3 || string(tries[0].Body) != string(tries[1].Body) || string(tries[0].Body) != string(tries[2].Body) {
		t.Errorf("the message was sent as %q", tries)
	}
	c.WantCount(3, `SELECT attempts FROM deliveries WHERE kind = 'slack'`)
}

func TestFC120_ARepeatedMailHasTheSameID(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	c.Mail.Refuse(451, "try again later")
	c.Administrator().Invite("ann").Wants(http.StatusSeeOther)
	harness.Eventually(t, "the first attempt fails", func() bool { return c.Cell(`SELECT error FROM deliveries`) != "" })
	c.Mail.Accept()
	uuid := c.Cell(`SELECT uuid FROM deliveries`)
	if id := c.Mail.WaitFor(t, "ann@example.com").MessageID; id != uuid+"@localhost" {
		t.Errorf("the mail's id is %s", id)
	}
}

func TestFC121_NothingQueuedIsLostInARestart(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	c.Trigger(admin, c.Slack(admin, c.Receiver.URL+"/services/T0/B0/secret"))
	c.Receiver.Respond(fake.Response{Status: 503})
	c.Mail.Close()
	admin.Invite("ann").Wants(http.StatusSeeOther)
	c.Receiver.Wait(t, 1)
	c.Restart()
	admin.Get("/settings/profile").Wants(http.StatusOK)
	before := len(c.Receiver.Requests())
	c.Receiver.Respond(fake.Response{Body: "ok"})
	c.Mail.Restart(t)
	link := c.SignupPath("ann@example.com") // the mail is there before it is noted: who signed up at once would end it as needless
	harness.Eventually(t, "all is delivered", func() bool { return c.Count(`SELECT count(*) FROM deliveries WHERE state = 'delivered'`) == 2 })
	c.Browser().Accept(link, "ann").To("/")
	if n := len(c.Receiver.Requests()) - before; n < 1 || n > 2 || len(c.Mail.Messages()) != 1 { // one 503 may have been under way
		t.Errorf("the message was sent %d times, the mail %d times", n, len(c.Mail.Messages()))
	}
}

func TestFC122_DeliveredMeansDelivered(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	admin := c.Administrator()
	c.Trigger(admin, c.Slack(admin, c.Receiver.URL+"/services/T0/B0/secret"))
	c.Receiver.Respond(fake.Response{Status: 500, Body: "the secret of the receiver"})
	admin.Invite("ann").Wants(http.StatusSeeOther)
	harness.Eventually(t, "the first attempt fails", func() bool { return c.Cell(`SELECT error FROM deliveries WHERE kind = 'slack'`) != "" })
	next := clock.Now().Add(time.Second).UTC().Format("2 Jan 2006, 15:04 UTC")
	admin.Get("/settings/triggers/1/edit").Contains("retrying (1/16), next at " + next)
	c.Advance(clock, 30*time.Minute, "the delivery fails for good", func() bool {
		return c.Cell(`SELECT state FROM deliveries WHERE kind = 'slack'`) == "failed"
	})
	c.Administrator().Get("/settings/triggers/1/edit").Contains("failed: answered 500").Lacks("secret of the receiver")
	c.WantCount(17, `SELECT attempts FROM deliveries WHERE kind = 'slack'`)
	if n := len(c.Receiver.Requests()); n != 17 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestFC123_ASlowTargetDelaysNobody(t *testing.T) {
	t.Parallel()
	slow, endless := fake.NewReceiver(t), fake.NewReceiver(t)
	slow.Respond(fake.Response{Delay: time.Minute})
	endless.Respond(fake.Response{Endless: true})
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	c.Trigger(admin, c.Slack(admin, slow.URL+"/a"), c.Slack(admin, endless.URL+"/b"), c.Slack(admin, c.Receiver.URL+"/c"))
	began := time.Now()
	for i := range 5 {
		admin.Invite(fmt.Sprint("person", i)).Wants(http.StatusSeeOther)
	}
	c.Receiver.Wait(t, 5)
	if took := time.Since(began); took > 9*time.Second { // less than one attempt at the slow target
		t.Errorf("the fast target waited %s", took)
	}
	problem := func(integration int, text string) func() bool {
		return func() bool {
			return c.Count(`SELECT count(*) FROM deliveries WHERE integration_id = $1 AND error = $2`, integration, text) > 0
		}
	}
	harness.Eventually(t, "the slow target is given up", problem(1, "timed out after 10 s"))
	harness.Eventually(t, "the endless answer is cut off", problem(2, `answered 200, but not "ok" as Slack does`))
}

func TestFC128_MessagesLeaveAfterTheCommit(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	c.Trigger(admin, c.Slack(admin, c.Receiver.URL+"/services/T0/B0/secret"))
	before := c.Snapshot()
	mend := c.Break("activity", "NEW.action = 'add user'", "disk on fire")
	admin.Invite("ann").
		Wants(http.StatusInternalServerError).
		Contains("Nothing was changed").
		Lacks("disk on fire", "SELECT", "INSERT", "goroutine")
	c.WantUnchanged(before, "a failure")
	if log := c.Log.String(); !strings.Contains(log, "disk on fire") {
		t.Error("the log does not say what failed")
	}
	mend()
	admin.Invite("bea").Wants(http.StatusSeeOther)
	said := slackSaid(t, c.Receiver.Wait(t, 1)[0])
	admin.Get("/settings/users").Contains("bea@example.com")
	if !strings.Contains(said, "bea@example.com") || len(c.Receiver.Requests()) != 1 {
		t.Errorf("Slack was told %s", said)
	}
	c.Mail.WaitFor(t, "bea@example.com")
	if n := len(c.Mail.Messages()); n != 1 {
		t.Errorf("%d mails were sent", n)
	}
}

func TestFC122_AFailedDeliveryCanBeSentAgain(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	admin := c.BrowseAt(c.User(harness.AdminEmail), clock.Now())
	c.Trigger(admin, c.Slack(admin, c.Receiver.URL+"/services/T0/B0/secret"))
	c.Receiver.Respond(fake.Response{Status: 500})
	admin.Invite("ann").Wants(http.StatusSeeOther)
	c.Receiver.Wait(t, 1)
	harness.Eventually(t, "the page says how far it is", func() bool {
		return strings.Contains(admin.Get("/settings/deliveries?trigger=1").Body, "retrying (1/16), next at ")
	})
	c.Advance(clock, 10*time.Minute, "the last try has failed", func() bool {
		return c.Count(`SELECT count(*) FROM deliveries WHERE kind = 'slack' AND state = 'failed' AND attempts = 17`) == 1
	})
	admin = c.BrowseAt(c.User(harness.AdminEmail), clock.Now())
	page := admin.Get("/settings/deliveries/" + c.Cell(`SELECT id FROM deliveries WHERE kind = 'slack'`))
	page.Contains("failed: answered 500", "Send again")
	if n := strings.Count(page.Body, `<td data-label="Attempt"`); n != 17 {
		t.Errorf("%d attempts are listed", n)
	}
	c.WantCount(0, `SELECT count(*) FROM deliveries WHERE kind = 'slack' AND state = 'delivered'`)
}

func TestFC133_TestsAndDeliveriesHoldNoSecret(t *testing.T) {
	t.Parallel()
	const secret = "/services/T0AAAA/B0BBBB/xoxSecretMarker"
	c, admin := harness.SignedIn(t, nil)
	c.Trigger(admin, c.Slack(admin, c.Receiver.URL+secret))
	c.Receiver.Respond(fake.Response{Status: 404, Body: "no " + secret})
	admin.Post("/settings/integrations/1/test").Wants(http.StatusOK).Contains("not delivered").Lacks("xoxSecret", "T0AAAA")
	admin.Post("/settings/triggers/test", "name", "A", "condition", "user_added", "integration_ids", "1").
		Wants(http.StatusOK).
		Lacks("xoxSecret", "T0AAAA")
	admin.Post("/settings/integrations/test?type=slack", "url", c.Receiver.URL+secret).
		Wants(http.StatusOK).
		Contains("not delivered").
		Lacks("xoxSecret", "T0AAAA")
	admin.Invite("ann").Wants(http.StatusSeeOther)
	harness.Eventually(t, "the delivery fails", func() bool {
		return c.Count(`SELECT count(*) FROM deliveries WHERE kind = 'slack' AND state = 'failed'`) == 1
	})
	for _, path := range []string{"/settings/deliveries", "/settings/deliveries/" + c.Cell(`SELECT id FROM deliveries WHERE kind = 'slack'`),
		"/settings/triggers/1/edit", "/settings/integrations?q=slack", "/settings/users/export.csv"} {
		admin.Get(path).Wants(http.StatusOK).Lacks("xoxSecret", "T0AAAA", "B0BBBB")
	}
	c.WantNoTrace("T0AAAA", "B0BBBB", "xoxSecret")
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
	c, admin := harness.SignedIn(t, nil)
	c.Trigger(admin, c.Hook(admin, "/hook"))
	c.Receiver.Respond(fake.Response{Status: 500}) // webhooks are tried again whatever they answer
	admin.Invite("ann").Wants(http.StatusSeeOther)
	c.Receiver.Wait(t, 1)
	harness.Eventually(
		t,
		"the attempt is stored",
		func() bool { return c.Count(`SELECT count(*) FROM deliveries WHERE error = 'answered 500'`) == 1 },
	)
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
	admin.Post("/settings/integrations/new?type=email", "name", "Mails", "active", "1", "emails", "chief@example.com").
		Wants(http.StatusSeeOther)
	admin.Post("/settings/triggers/new", "name", "By mail", "condition", "user_added", "integration_ids", integration(c, "Mails")).
		Wants(http.StatusSeeOther)
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
	c.Exec(
		`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120) INSERT INTO deliveries (uuid, target, kind, recipient, template, params,
		event_id, trigger_id, integration_id, state, next_at, created_at, ended_at) SELECT 'd' || i, 'integration:1', 'webhook', '', 'create_user', '{}', 1, 1, 1, 'delivered', i, i, i FROM n`,
	)
	seen := 0
	for path := "/settings/deliveries?state=delivered"; path != ""; {
		page := admin.Get(path).Wants(http.StatusOK)
		seen += strings.Count(page.Body, "<td data-label=\"Time\"")
		path = page.Leads("older")
	}
	if seen != 120 {
		t.Errorf("the pages hold %d deliveries", seen)
	}
	admin.Get("/settings/deliveries?before=-3").Wants(http.StatusOK)
}

func TestTriggersWaitingDeliveriesSayWhy(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	admin := c.BrowseAt(c.User(harness.AdminEmail), clock.Now())
	c.Trigger(admin, c.Hook(admin, "/hook"))
	c.Receiver.Respond(fake.Response{Status: 502})
	admin.Invite("ann").Wants(http.StatusSeeOther)
	c.Receiver.Wait(t, 1)
	harness.Eventually(t, "the attempt is stored", func() bool {
		return c.Count(`SELECT count(*) FROM delivery_attempts a JOIN deliveries d ON d.id = a.delivery_id WHERE d.kind = 'webhook'`) == 1
	})
	path := "/settings/deliveries/" + c.Cell(`SELECT id FROM deliveries WHERE kind = 'webhook'`)
	next := clock.Now().Add(time.Second).UTC().Format("2 Jan 2006, 15:04 UTC")
	admin.Get("/settings/deliveries?state=waiting").Contains("retrying (1/16), next at "+next+": ", "502")
	admin.Get(path).Contains("retrying (1/16)", "502").Lacks("Send again</button>")
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
	admin.Post("/settings/integrations/new?type=email", "name", "Mails", "active", "1", "emails", "chief@example.com, johndoe@example.com").
		Wants(http.StatusSeeOther)
	before := c.Count(`SELECT count(*) FROM deliveries`)
	page := admin.Post("/settings/triggers/test", "name", "Not saved", "condition", "access_changed", "integration_ids", chat, "integration_ids", wrong,
		"integration_ids", integration(c, "Mails")).
		Wants(http.StatusOK)
	page.Contains("<strong>Chat</strong>: the test message was delivered", "<strong>Broken</strong>: not delivered: ", "500", "Mails: chief@example.com").
		Lacks("confidential", "xoxSecret")
	said := slackSaid(t, c.Receiver.Wait(t, 1)[0])
	for _, text := range []string{"[Test message] [Wallarm] Trigger: Role or groups of a user were changed", "Role: Read Only → Analyst", `the "Not saved" trigger`} {
		if !strings.Contains(said, text) {
			t.Errorf("%q is missing in\n%s", text, said)
		}
	}
	if mail := c.Mail.WaitFor(
		t,
		harness.AdminEmail,
	); !strings.HasPrefix(mail.Subject, "[Test message] ") ||
		!strings.Contains(mail.Text, "Hello John Doe,") && !strings.Contains(mail.HTML, "Hello John Doe,") {
		t.Errorf("the mail is %q:\n%s", mail.Subject, mail.Text)
	}
	c.WantCount(before, `SELECT count(*) FROM deliveries`)
	c.WantCount(0, `SELECT count(*) FROM triggers`)
	admin.Post("/settings/triggers/test", "name", "A", "condition", "user_added").
		Wants(http.StatusUnprocessableEntity).
		Contains("Choose at least one integration.")
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

// TestFC127_EachPressOfSendAgainSends presses twice on one delivery that has arrived.
func TestFC127_EachPressOfSendAgainSends(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	c.Trigger(admin, c.Hook(admin, "/hook"))
	admin.Invite("ann").Wants(http.StatusSeeOther)
	c.Receiver.Wait(t, 1)
	arrived := func(n int) {
		t.Helper()
		harness.Eventually(t, "it is delivered", func() bool {
			return c.Count(`SELECT count(*) FROM deliveries WHERE kind = 'webhook' AND state = 'delivered'`) == n
		})
	}
	arrived(1)
	path := "/settings/deliveries/" + c.Cell(`SELECT id FROM deliveries WHERE kind = 'webhook'`)
	var again []string
	for n := range 2 {
		again = append(again, admin.Post(path+"/resend").Wants(http.StatusSeeOther).Header.Get("Location"))
		arrived(n + 2)
	}
	ids := map[string]bool{}
	for _, r := range c.Receiver.Requests() {
		ids[r.Header.Get("webhook-id")] = true
	}
	if len(ids) != 3 || again[0] == again[1] {
		t.Errorf("%d ids of requests; sent again as %v", len(ids), again)
	}
	list := admin.Get("/settings/deliveries").Contains("sent again by John Doe")
	for _, own := range again {
		list.Contains(`href="` + own + `"`)
		admin.Get(own).Contains("Sent again by John Doe from", `<a href="`+path+`">the delivery of `)
	}
	admin.Get(path).Lacks("Sent again by")
	c.Exec(`DELETE FROM deliveries WHERE id = $1`, strings.TrimPrefix(path, "/settings/deliveries/"))
	admin.Get(again[0]).Contains("Sent again by John Doe from a delivery that is no longer kept")
}

func TestFC184_AMessageThatWasTakenIsNotPostedAgain(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	admin := c.BrowseAt(c.User(harness.AdminEmail), clock.Now())
	c.Trigger(admin, c.Slack(admin, c.Receiver.URL))
	c.Receiver.Respond(fake.Response{Body: `{"success":true}`})
	admin.Invite("ann").Wants(http.StatusSeeOther)
	harness.Eventually(t, "it is delivered", func() bool {
		return c.Count(`SELECT count(*) FROM deliveries WHERE kind = 'slack' AND state = 'delivered'`) == 1
	})
	clock.Advance(10 * time.Minute)
	c.Worker.Wake()
	admin.Invite("bob").Wants(http.StatusSeeOther)
	if n := len(c.Receiver.Wait(t, 2)); n != 2 {
		t.Errorf("%d requests for two people", n)
	}
	admin.Get("/settings/deliveries/" + c.Cell(`SELECT min(id) FROM deliveries WHERE kind = 'slack'`)).
		Contains(`delivered: answered 200, but not &#34;ok&#34; as Slack does`)
}

func TestFC186_TheNewNumberOfAGroupIsShown(t *testing.T) {
	t.Parallel()
	vendors := fake.NewReceiver(t)
	vendors.Respond(fake.Response{Status: 400, Body: `{"ok":false,"error_code":400,"parameters":{"migrate_to_chat_id":-1001234567890}}`})
	c := harness.Ready(t, func(s *cli.Serve) { s.Vendors = vendors.URL })
	admin := c.Administrator()
	c.Trigger(admin, c.Destination(admin, "telegram", "token", "123456789:AbCdEfGhIjKlMnOp", "chat_id", "-42"))
	admin.Invite("ann").Wants(http.StatusSeeOther)
	harness.Eventually(t, "it fails", func() bool {
		return c.Count(`SELECT count(*) FROM deliveries WHERE kind = 'telegram' AND state = 'failed'`) == 1
	})
	const words = "the group has become a supergroup: its chat ID is -1001234567890"
	path := "/settings/deliveries/" + c.Cell(`SELECT id FROM deliveries WHERE kind = 'telegram'`)
	for _, page := range []string{path, "/settings/deliveries", "/settings/integrations", "/settings/integrations/1/edit"} {
		admin.Get(page).Contains(words)
	}
	if attempt := c.Cell(`SELECT error FROM delivery_attempts WHERE status = 400`); attempt != words {
		t.Errorf("the attempt says %q", attempt)
	}
}
