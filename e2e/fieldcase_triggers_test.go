package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/cli"
	"console/internal/fake"
)

func TestFC117_NamesAreTextInEveryMessage(t *testing.T) {
	t.Parallel()
	const name = "A & B <!channel> <https://evil.example|ok> *x*"
	c, admin := harness.SignedIn(t, nil)
	ann := c.Person("analyst", name, "", "ann@example.com")
	triggerOn(c, admin, "access_disabled")
	admin.Post(harness.UserPath(ann, "disable")).Wants(http.StatusSeeOther)
	said := slackSaid(t, c.Receiver.Wait(t, 1)[0])
	if !strings.Contains(said, harness.EscapeSlack(name)) || strings.ContainsAny(said, "<>") || strings.Contains(said, "&amp;amp;") {
		t.Errorf("Slack was told\n%s", said)
	}
	harness.Eventually(t, "it is delivered", func() bool { return c.Count(`SELECT count(*) FROM deliveries WHERE state = 'delivered'`) == 1 })
	admin.Get("/settings/deliveries/1").Wants(http.StatusOK).Contains("A &amp; B &lt;!channel&gt;").Lacks("<!channel>", "&amp;amp;")
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

func TestFC124_InternalTargetsAreRefused(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, func(s *cli.Serve) { s.AllowedTargets = nil })
	_, port, _ := strings.Cut(strings.TrimPrefix(c.Receiver.URL, "http://"), ":")
	for _, target := range []string{"http://127.0.0.1:" + port, "http://[::1]:" + port, "http://[::ffff:169.254.169.254]", "http://2130706433:" + port,
		"http://localhost:" + port, "file:///etc/passwd", "http://127.1:" + port, "http://0x7f.1:" + port} {
		for _, kind := range []string{"slack", "webhook", "teams", "sumo_logic"} {
			admin.Post("/settings/integrations/new?type="+kind, "name", "Inside", "active", "1", "url", target).Wants(http.StatusUnprocessableEntity)
			admin.Post("/settings/integrations/test?type="+kind, "url", target).Wants(http.StatusUnprocessableEntity).Contains("Nothing was sent.")
		}
	}
	if n := len(c.Receiver.Requests()); n != 0 {
		t.Errorf("%d requests reached the listener", n)
	}
	c.WantCount(0, `SELECT count(*) FROM integrations`)
}

// A name may point elsewhere when the message is sent: what was allowed when it was saved no longer is.
func TestFC124_TheAddressIsCheckedWhenItIsUsed(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	c.Trigger(admin, c.Slack(admin, c.Receiver.URL))
	c.Config.AllowedTargets = nil
	c.Restart()
	admin.Post("/settings/integrations/1/test").Wants(http.StatusUnprocessableEntity)
	admin.Post("/settings/triggers/test", "name", "A", "condition", "user_added", "integration_ids", "1").Wants(http.StatusOK).Contains("not delivered: ")
	admin.Invite("ann").Wants(http.StatusSeeOther)
	harness.Eventually(t, "the delivery fails", func() bool {
		return c.Count(`SELECT count(*) FROM deliveries WHERE kind = 'slack' AND state = 'failed'`) == 1
	})
	if n := len(c.Receiver.Requests()); n != 0 {
		t.Errorf("%d requests reached the listener", n)
	}
}

func TestFC128_AFailedChangeTellsNobody(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	ann := c.Person("analyst", "Ann", "", "ann@example.com")
	triggerOn(c, admin, "access_disabled")
	triggerOn(c, admin, "user_deleted")
	c.Exec(`CREATE TRIGGER fault BEFORE INSERT ON deliveries BEGIN SELECT RAISE(ABORT, 'disk on fire'); END`)
	admin.Post(harness.UserPath(ann, "disable")).Wants(http.StatusInternalServerError)
	admin.Post(harness.UserPath(ann, "delete"), "confirm_email", ann.Email).Wants(http.StatusInternalServerError)
	c.Exec(`DROP TRIGGER fault`)
	if u := c.UserByID(ann.ID); u.DisabledAt != 0 {
		t.Error("a change whose message could not be queued was made")
	}
	c.WantCount(0, `SELECT count(*) FROM events`)
	admin.Post(harness.UserPath(c.User(harness.AdminEmail), "disable")).Wants(http.StatusConflict) // refused: nobody disables themselves
	c.WantCount(0, `SELECT count(*) FROM events`)
	admin.Post(harness.UserPath(ann, "disable")).Wants(http.StatusSeeOther)
	c.Receiver.Wait(t, 1)
	c.WantCount(1, `SELECT count(*) FROM events`)
}

func TestFC129_OnceThroughAnImport(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	c.SlackTrigger(john, "Everybody")
	c.ImportOf(john, 3)
	if n := c.Queued("Everybody"); n != 3 {
		t.Errorf("%d messages were queued for 3 people", n)
	}
}

func TestFC133_TestsAndDeliveriesHoldNoSecret(t *testing.T) {
	t.Parallel()
	const secret = "/services/T0AAAA/B0BBBB/xoxSecretMarker"
	c, admin := harness.SignedIn(t, nil)
	c.Trigger(admin, c.Slack(admin, c.Receiver.URL+secret))
	c.Receiver.Respond(fake.Response{Status: 404, Body: "no " + secret})
	admin.Post("/settings/integrations/1/test").Wants(http.StatusOK).Contains("not delivered").Lacks("xoxSecret", "T0AAAA")
	admin.Post("/settings/triggers/test", "name", "A", "condition", "user_added", "integration_ids", "1").Wants(http.StatusOK).Lacks("xoxSecret", "T0AAAA")
	admin.Post("/settings/integrations/test?type=slack", "url", c.Receiver.URL+secret).Wants(http.StatusOK).Contains("not delivered").Lacks("xoxSecret", "T0AAAA")
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
