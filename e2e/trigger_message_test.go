package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/fake"
)

// slackSaid is the text of a message that a receiver got in Slack's place.
func slackSaid(t *testing.T, r fake.Received) string {
	t.Helper()
	var message struct{ Text string }
	if err := json.Unmarshal(r.Body, &message); err != nil {
		t.Fatal(err)
	}
	return message.Text
}

func TestFC117_NamesAreTextInSlack(t *testing.T) {
	t.Parallel()
	const name = "A & B <!channel> <@U1|ok> *x* {{.}} %s"
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	c.Trigger(admin, c.Slack(admin, c.Receiver.URL+"/services/T0/B0/secret"))
	c.Add(admin, "analyst", name, "", "ann@example.com")
	said := slackSaid(t, c.Receiver.Wait(t, 1)[0])
	if !strings.Contains(said, harness.EscapeSlack(name)) || strings.ContainsAny(said, "<>") || strings.Contains(said, "&amp;amp;") {
		t.Errorf("Slack was told\n%s", said)
	}
}

func TestFC125_SlackSaysWhen(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	admin := c.Administrator()
	c.Trigger(admin, c.Slack(admin, c.Receiver.URL+"/services/T0/B0/secret"))
	const latest = ` FROM deliveries WHERE id = (SELECT max(id) FROM deliveries WHERE kind = 'slack')`
	for i, wait := range []struct {
		header string
		least  time.Duration
	}{{"3", 3 * time.Second}, {clock.Now().Add(20 * time.Second).UTC().Format(http.TimeFormat), 20 * time.Second}} {
		now := clock.Now()
		if i == 1 {
			wait.least -= now.Sub(now.Truncate(time.Second)) + 3*time.Second // the clock has moved since
		}
		c.Receiver.Respond(fake.Response{Status: 429, Header: map[string]string{"Retry-After": wait.header}}, fake.Response{Body: "ok"})
		admin.Invite(fmt.Sprint("person", i)).Wants(http.StatusSeeOther)
		c.Receiver.Wait(t, 2*i+1)
		harness.Eventually(t, "the refusal is noted", func() bool { return c.Cell(`SELECT error`+latest) == "answered 429" })
		if next := time.UnixMilli(int64(c.Count(`SELECT until FROM delivery_holds`))); next.Before(now.Add(wait.least)) {
			t.Errorf("after Retry-After: %s the next attempt comes %s later", wait.header, next.Sub(now))
		}
		clock.Advance(wait.least)
		c.Worker.Wake()
		c.Receiver.Wait(t, 2*i+2)
		harness.Eventually(t, "the message is delivered", func() bool { return c.Cell(`SELECT state`+latest) == "delivered" })
		c.WantCount(1, `SELECT attempts`+latest)
	}
	c.Receiver.Respond(fake.Response{Status: 404, Body: "no_service"})
	admin.Invite("last").Wants(http.StatusSeeOther)
	harness.Eventually(t, "the delivery fails", func() bool { return c.Cell(`SELECT state`+latest) == "failed" })
	c.WantCount(1, `SELECT attempts`+latest)
	admin.Get("/settings/triggers/1/edit").Contains("failed: answered 404").Lacks("no_service")
	pages := []string{"/settings/integrations", "/settings/integrations/1/edit"}
	for _, page := range pages {
		admin.Get(page).Contains("Last message failed: answered 404 · ").Lacks("no_service")
	}
	c.Receiver.Respond(fake.Response{Body: "ok"})
	admin.Invite("later").Wants(http.StatusSeeOther)
	harness.Eventually(t, "the message is delivered", func() bool { return c.Cell(`SELECT state`+latest) == "delivered" })
	for _, page := range pages {
		admin.Get(page).Lacks("Last message failed")
	}
}

func TestFC117_NamesAreTextInEveryMessage(t *testing.T) {
	t.Parallel()
	const name = "A & B <!channel> <@U1|ok> *x*"
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
