package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"console/internal/cli"
	"console/internal/fake"
)

func TestFC117_NamesAreTextInEveryMessage(t *testing.T) {
	t.Parallel()
	const name = "A & B <!channel> <https://evil.example|ok> *x*"
	c, admin := signedIn(t, nil)
	ann := c.person("analyst", name, "", "ann@example.com")
	c.condition(admin, "access_disabled")
	admin.post(userPath(ann, "disable")).wants(http.StatusSeeOther)
	said := slackSaid(t, c.Receiver.Wait(t, 1)[0])
	if !strings.Contains(said, escapeSlack(name)) || strings.ContainsAny(said, "<>") || strings.Contains(said, "&amp;amp;") {
		t.Errorf("Slack was told\n%s", said)
	}
	eventually(t, "it is delivered", func() bool { return c.count(`SELECT count(*) FROM deliveries WHERE state = 'delivered'`) == 1 })
	admin.get("/settings/deliveries/1").wants(http.StatusOK).contains("A &amp; B &lt;!channel&gt;").lacks("<!channel>", "&amp;amp;")
}

func TestFC122_AFailedDeliveryCanBeSentAgain(t *testing.T) {
	t.Parallel()
	c, clock := startAt(t)
	admin := c.browseAt(c.user(adminEmail), clock.Now())
	c.trigger(admin, c.slack(admin, c.Receiver.URL+"/services/T0/B0/secret"))
	c.Receiver.Respond(fake.Response{Status: 500})
	admin.invite("ann").wants(http.StatusSeeOther)
	c.Receiver.Wait(t, 1)
	eventually(t, "the page says how far it is", func() bool {
		return strings.Contains(admin.get("/settings/deliveries?trigger=1").Body, "retrying (1/16), next at ")
	})
	c.advance(clock, 10*time.Minute, "the last try has failed", func() bool {
		return c.count(`SELECT count(*) FROM deliveries WHERE kind = 'slack' AND state = 'failed' AND attempts = 17`) == 1
	})
	admin = c.browseAt(c.user(adminEmail), clock.Now())
	page := admin.get("/settings/deliveries/" + c.cell(`SELECT id FROM deliveries WHERE kind = 'slack'`))
	page.contains("failed: answered 500", "Send again")
	if n := strings.Count(page.Body, `<td data-label="Attempt"`); n != 17 {
		t.Errorf("%d attempts are listed", n)
	}
	c.wantCount(0, `SELECT count(*) FROM deliveries WHERE kind = 'slack' AND state = 'delivered'`)
}

func TestFC124_InternalTargetsAreRefused(t *testing.T) {
	t.Parallel()
	c, admin := signedIn(t, func(s *cli.Serve) { s.AllowedTargets = nil })
	_, port, _ := strings.Cut(strings.TrimPrefix(c.Receiver.URL, "http://"), ":")
	for _, target := range []string{"http://127.0.0.1:" + port, "http://[::1]:" + port, "http://[::ffff:169.254.169.254]", "http://2130706433:" + port,
		"http://localhost:" + port, "file:///etc/passwd", "http://127.1:" + port, "http://0x7f.1:" + port} {
		for _, kind := range []string{"slack", "webhook", "teams", "sumo_logic"} {
			admin.post("/settings/integrations/new?type="+kind, "name", "Inside", "active", "1", "url", target).wants(http.StatusUnprocessableEntity)
			admin.post("/settings/integrations/test?type="+kind, "url", target).wants(http.StatusUnprocessableEntity).contains("Nothing was sent.")
		}
	}
	if n := len(c.Receiver.Requests()); n != 0 {
		t.Errorf("%d requests reached the listener", n)
	}
	c.wantCount(0, `SELECT count(*) FROM integrations`)
}

// A name may point elsewhere when the message is sent: what was allowed when it was saved no longer is.
func TestFC124_TheAddressIsCheckedWhenItIsUsed(t *testing.T) {
	t.Parallel()
	c, admin := signedIn(t, nil)
	c.trigger(admin, c.slack(admin, c.Receiver.URL))
	c.config.AllowedTargets = nil
	c.restart()
	admin.post("/settings/integrations/1/test").wants(http.StatusUnprocessableEntity)
	admin.post("/settings/triggers/test", "name", "A", "condition", "user_added", "integration_ids", "1").wants(http.StatusOK).contains("not delivered: ")
	admin.invite("ann").wants(http.StatusSeeOther)
	eventually(t, "the delivery fails", func() bool {
		return c.count(`SELECT count(*) FROM deliveries WHERE kind = 'slack' AND state = 'failed'`) == 1
	})
	if n := len(c.Receiver.Requests()); n != 0 {
		t.Errorf("%d requests reached the listener", n)
	}
}

func TestFC128_AFailedChangeTellsNobody(t *testing.T) {
	t.Parallel()
	c, admin := signedIn(t, nil)
	ann := c.person("analyst", "Ann", "", "ann@example.com")
	c.condition(admin, "access_disabled")
	c.condition(admin, "user_deleted")
	c.exec(`CREATE TRIGGER fault BEFORE INSERT ON deliveries BEGIN SELECT RAISE(ABORT, 'disk on fire'); END`)
	admin.post(userPath(ann, "disable")).wants(http.StatusInternalServerError)
	admin.post(userPath(ann, "delete"), "confirm_email", ann.Email).wants(http.StatusInternalServerError)
	c.exec(`DROP TRIGGER fault`)
	if u := c.userByID(ann.ID); u.DisabledAt != 0 {
		t.Error("a change whose message could not be queued was made")
	}
	c.wantCount(0, `SELECT count(*) FROM events`)
	admin.post(userPath(c.user(adminEmail), "disable")).wants(http.StatusConflict) // refused: nobody disables themselves
	c.wantCount(0, `SELECT count(*) FROM events`)
	admin.post(userPath(ann, "disable")).wants(http.StatusSeeOther)
	c.Receiver.Wait(t, 1)
	c.wantCount(1, `SELECT count(*) FROM events`)
}

func TestFC129_OnceThroughAnImport(t *testing.T) {
	t.Parallel()
	c, john := signedIn(t, nil)
	c.slackTrigger(john, "Everybody")
	c.importOf(john, 3)
	if n := c.queued("Everybody"); n != 3 {
		t.Errorf("%d messages were queued for 3 people", n)
	}
}

func TestFC133_TestsAndDeliveriesHoldNoSecret(t *testing.T) {
	t.Parallel()
	const secret = "/services/T0AAAA/B0BBBB/xoxSecretMarker"
	c, admin := signedIn(t, nil)
	c.trigger(admin, c.slack(admin, c.Receiver.URL+secret))
	c.Receiver.Respond(fake.Response{Status: 404, Body: "no " + secret})
	admin.post("/settings/integrations/1/test").wants(http.StatusOK).contains("not delivered").lacks("xoxSecret", "T0AAAA")
	admin.post("/settings/triggers/test", "name", "A", "condition", "user_added", "integration_ids", "1").wants(http.StatusOK).lacks("xoxSecret", "T0AAAA")
	admin.post("/settings/integrations/test?type=slack", "url", c.Receiver.URL+secret).wants(http.StatusOK).contains("not delivered").lacks("xoxSecret", "T0AAAA")
	admin.invite("ann").wants(http.StatusSeeOther)
	eventually(t, "the delivery fails", func() bool {
		return c.count(`SELECT count(*) FROM deliveries WHERE kind = 'slack' AND state = 'failed'`) == 1
	})
	for _, path := range []string{"/settings/deliveries", "/settings/deliveries/" + c.cell(`SELECT id FROM deliveries WHERE kind = 'slack'`),
		"/settings/triggers/1/edit", "/settings/integrations?q=slack", "/settings/users/export.csv"} {
		admin.get(path).wants(http.StatusOK).lacks("xoxSecret", "T0AAAA", "B0BBBB")
	}
	c.wantNoTrace("T0AAAA", "B0BBBB", "xoxSecret")
}
