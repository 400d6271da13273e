package e2e

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"console/internal/fake"
	"console/internal/notify"
)

func TestIntegrationsPage(t *testing.T) {
	t.Parallel()
	c, admin := signedIn(t, nil)
	page := admin.get("/settings/integrations").wants(http.StatusOK).contains("Email and messengers", "Universal integrations", "All 0")
	for _, k := range notify.Kinds() {
		page.contains("Add " + k.Label + " integration")
		admin.get("/settings/integrations/new?type="+k.Key).wants(http.StatusOK).contains("Add "+k.Label+" integration", "Test integration")
	}
	chat := c.slack(admin, c.Receiver.URL)
	c.hook(admin, "/hook")
	admin.post("/settings/integrations/" + chat + "/disable").to("/settings/integrations")
	admin.get("/settings/integrations").contains("All 2", "Enabled 1", "Disabled 1", "1 active", "0 active, 1 disabled", "is disabled. Messages for it wait")
	admin.get("/settings/integrations?tab=disabled").contains("Chat").lacks("Hook", "Add Slack integration")
	admin.get("/settings/integrations?q=hoo").contains("Hook", "Add Webhook integration").lacks("Chat", "Add Slack integration")
	admin.get("/settings/integrations?q=slack").contains("Chat", "Add Slack integration").lacks("Hook")
	admin.get("/settings/integrations?q=nothing").contains("No integration matches “nothing”")
	admin.post("/settings/integrations/" + chat + "/enable").to("/settings/integrations")
	c.wantCount(2, `SELECT count(*) FROM integrations WHERE active`)
	c.trigger(admin, chat)
	admin.get("/settings/integrations/"+chat+"/delete").contains("These triggers use it", "Added user")
}

var shownSecret = regexp.MustCompile(`id="issued-secret" type="text" value="(whsec_[^"]+)"`)

func TestIntegrationsSigningSecretIsShownOnce(t *testing.T) {
	t.Parallel()
	c, admin := signedIn(t, nil)
	made := admin.post("/settings/integrations/new?type=webhook", "name", "Hook", "active", "1", "url", c.Receiver.URL, "secret", "").wants(http.StatusOK)
	found := shownSecret.FindStringSubmatch(made.Body)
	if found == nil {
		t.Fatalf("no secret in:\n%s", made.Body)
	}
	c.trigger(admin, "1")
	admin.get("/settings/integrations/1/secret").wants(http.StatusOK).lacks(found[1])
	rotated := shownSecret.FindStringSubmatch(admin.post("/settings/integrations/1/secret").wants(http.StatusOK).Body)
	if rotated == nil || rotated[1] == found[1] {
		t.Fatal("the new secret is not shown, or is the old one")
	}
	admin.invite("ann").wants(http.StatusSeeOther)
	if signatures := c.Receiver.Wait(t, 1)[0].Header.Get("webhook-signature"); len(strings.Fields(signatures)) != 2 {
		t.Errorf("after the change requests are signed %q", signatures)
	}
	for _, path := range []string{"/settings/integrations", "/settings/integrations/1/edit", "/settings/integrations/1/secret", "/settings/deliveries"} {
		admin.get(path).wants(http.StatusOK).lacks(found[1], rotated[1])
	}
	c.wantNoTrace(found[1], rotated[1])
	admin.get("/settings/integrations/" + c.slack(admin, c.Receiver.URL) + "/secret").wants(http.StatusNotFound)
	own := notify.NewSigningSecret()
	admin.post("/settings/integrations/new?type=webhook", "name", "Own", "url", c.Receiver.URL, "secret", own).wants(http.StatusSeeOther)
}

func TestIntegrationsTest(t *testing.T) {
	t.Parallel()
	c, admin := signedIn(t, nil)
	page := admin.post("/settings/integrations/test?type=slack", "url", c.Receiver.URL+"/before").wants(http.StatusOK) // not saved, no name yet
	page.contains("the test message was delivered")
	chat := c.slack(admin, c.Receiver.URL+"/services/xoxSecret")
	admin.post("/settings/integrations/" + chat + "/test").wants(http.StatusOK).contains("<strong>Chat</strong>: the test message was delivered")
	admin.post("/settings/integrations/"+chat+"/test", "name", "Renamed", "url", "").wants(http.StatusOK).contains("<strong>Renamed</strong>: the test message")
	admin.post("/settings/integrations/"+chat+"/test", "name", "Chat", "url", c.Receiver.URL+"/other").wants(http.StatusOK)
	paths := []string{"/before", "/services/xoxSecret", "/services/xoxSecret", "/other"}
	for i, r := range c.Receiver.Wait(t, 4) {
		if said := slackSaid(t, r); r.Path != paths[i] || !strings.HasPrefix(said, "[Test message] ") || !strings.Contains(said, "This notification is a test of the integration.") {
			t.Errorf("test %d went to %s:\n%s", i, r.Path, said)
		}
	}
	admin.post("/settings/integrations/test?type=slack", "url", "http://192.168.0.1/hook").wants(http.StatusUnprocessableEntity).contains("Nothing was sent. Webhook URL: ")
	admin.post("/settings/integrations/test?type=email", "emails", "nobody").wants(http.StatusUnprocessableEntity).contains("Email addresses: ")
	c.Receiver.Respond(fake.Response{Status: 403, Body: "confidential"})
	admin.post("/settings/integrations/"+chat+"/test").wants(http.StatusOK).contains("not delivered: ", "403").lacks("confidential", "xoxSecret")
	c.wantCount(0, `SELECT count(*) FROM deliveries`)
	c.wantCount(2, `SELECT version FROM integrations`) // as it was added
	if done, failed := c.entries("test integration", "done"), c.entries("test integration", "failed"); done != 4 || failed != 1 {
		t.Errorf("%d and %d tests are in the activity log", done, failed)
	}
}

func TestIntegrationsFormsKeepWhatIsNotTyped(t *testing.T) {
	t.Parallel()
	c, admin := signedIn(t, nil)
	admin.post("/settings/integrations/new?type=webhook", "name", "Hook", "active", "1", "url", c.Receiver.URL+"/hook", "headers", "X-Key: hunter2hunter2hunter2",
		"method", "put", "verify_tls", "0", "request_timeout", "99").wants(http.StatusUnprocessableEntity).contains("seconds from 1 to", "<details class=\"advanced\" open", "X-Key: hunter2")
	admin.post("/settings/integrations/new?type=webhook", "name", "Hook", "active", "1", "url", c.Receiver.URL+"/hook", "headers", "X-Key: hunter2hunter2hunter2",
		"method", "put").wants(http.StatusSeeOther)
	edit := admin.get("/settings/integrations/1/edit").lacks("hunter2hunter2hunter2").contains("X-Key: …", `name="verify_tls" value="1" checked`)
	admin.post("/settings/integrations/1/edit", "name", "Renamed", "active", "1", "url", c.Receiver.URL+"/hook", "method", "put", "headers", "", "verify_tls", "0",
		"version", edit.version()).wants(http.StatusSeeOther)
	admin.get("/settings/integrations/1/edit").lacks(`name="verify_tls" value="1" checked`)
	admin.post("/settings/integrations/1/edit", "name", "", "active", "1", "url", c.Receiver.URL+"/hook", "headers", "X-Key: typed just now", "version", edit.version()).
		wants(http.StatusUnprocessableEntity).contains("X-Key: typed just now").lacks("hunter2hunter2hunter2") // what is stored is not shown
	admin.post("/settings/integrations/1/edit", "name", "Again", "url", c.Receiver.URL, "version", edit.version()).wants(http.StatusConflict).contains("Again")
	c.trigger(admin, "1")
	admin.invite("ann").wants(http.StatusSeeOther)
	if r := c.Receiver.Wait(t, 1)[0]; r.Method != http.MethodPut || r.Header.Get("X-Key") != "hunter2hunter2hunter2" {
		t.Errorf("the webhook got a %s with %v", r.Method, r.Header)
	}
	c.wantNoTrace("hunter2hunter2hunter2")
}

func TestIntegrationsAChangeIsNoticedAfterARefusalToo(t *testing.T) {
	t.Parallel()
	c, admin := signedIn(t, nil)
	path := "/settings/integrations/" + c.slack(admin, c.Receiver.URL)
	opened := admin.get(path + "/edit").version()
	admin.post(path + "/disable").wants(http.StatusSeeOther)
	refused := admin.post(path+"/edit", "name", "", "active", "1", "url", "", "version", opened).wants(http.StatusUnprocessableEntity)
	stale := admin.post(path+"/edit", "name", "Team", "active", "1", "url", "", "version", refused.version()).wants(http.StatusConflict).contains("Somebody else")
	c.wantCount(0, `SELECT count(*) FROM integrations WHERE active`)
	admin.post(path+"/edit", "name", "Team", "active", "1", "url", "", "version", stale.version()).wants(http.StatusSeeOther)
	c.wantCount(1, `SELECT count(*) FROM integrations WHERE active AND name = 'Team'`)
}

func TestIntegrationsAreSwitchedOffWhenTooMuchFails(t *testing.T) {
	t.Parallel()
	c, admin := signedIn(t, nil)
	c.person("admin", "Ada", "", "ada@example.com")
	c.person("read_only", "Rob", "", "rob@example.com")
	c.trigger(admin, c.slack(admin, c.Receiver.URL+"/services/xoxSecret"))
	c.Receiver.Respond(fake.Response{Status: 404})
	for _, u := range crowd(12, "Guest") {
		admin.post("/settings/users/new", "role", "analyst", "first_name", u.FirstName, "email", u.Email, "tenant_id", "1").wants(http.StatusSeeOther)
	}
	eventually(t, "it is switched off", func() bool {
		return c.count(`SELECT count(*) FROM integrations WHERE NOT active AND switched_off_at > 0`) == 1
	})
	for _, to := range []string{adminEmail, "ada@example.com"} {
		mail := c.Mail.WaitFor(t, to)
		for _, text := range []string{"The integration Chat (Slack) of TestCompany was switched off", "/settings/integrations/1/edit"} {
			if !strings.Contains(mail.Text, text) {
				t.Errorf("%q is missing in the mail to %s:\n%s", text, to, mail.Text)
			}
		}
	}
	c.wantCount(2, `SELECT count(*) FROM deliveries WHERE template = 'integration_off'`)
	admin.get("/settings/integrations").contains("Switched off on ", "too many of its messages failed")
	admin.get("/settings/triggers").contains("Switched off")
	admin.get("/settings/integrations/1/edit").contains("The console switched this integration off", "Added user")
	if c.entries("switch off integration", "done") != 1 {
		t.Error("switching off is not in the activity log")
	}
	c.Receiver.Respond(fake.Response{Body: "ok"})
	admin.post("/settings/integrations/1/enable").wants(http.StatusSeeOther)
	admin.get("/settings/integrations").lacks("too many of its messages failed")
	admin.invite("late").wants(http.StatusSeeOther)
	eventually(t, "the next message arrives", func() bool {
		return slices.ContainsFunc(c.Receiver.Requests(), func(r fake.Received) bool { return strings.Contains(slackSaid(t, r), "late@example.com") })
	})
	c.wantCount(1, `SELECT count(*) FROM integrations WHERE active AND switched_off_at = 0`)
}
