package e2e

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"console/e2e/harness"
	"console/internal/cli"
	"console/internal/fake"
	"console/internal/notify"
)

// webhookSecret is one that a person brings along.
const webhookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func TestFC133_SettingsOfAWebhookAreNotSentBack(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	const path = "/hook/pathSecretMarker/ending"
	id := c.Destination(
		admin,
		"webhook",
		"url",
		c.Receiver.URL+path,
		"secret",
		webhookSecret,
		"headers_name",
		"Authorization",
		"headers_value",
		"Bearer hunter2hunter2hunter2",
	)
	edit := "/settings/integrations/" + id + "/edit"
	secrets := []string{webhookSecret, "hunter2", "MfKQ9r8GKYqrTwjUPD8I", "pathSecret"}
	admin.Get(edit).Wants(http.StatusOK).Contains("Stored: " + c.Receiver.URL + "/…ding.").Lacks(secrets...)
	admin.Post(edit, "name", "", "url", c.Receiver.URL+"/other", "version", "2").Wants(http.StatusUnprocessableEntity).Lacks(secrets...)
	c.Trigger(admin, id)
	admin.Post(edit, "name", "Renamed", "active", "1", "verify_tls", "1", "version", "2").Wants(http.StatusSeeOther)
	admin.Invite("ann").Wants(http.StatusSeeOther)
	if got := c.Receiver.Wait(t, 1)[0]; got.Path != path || got.Header.Get("Authorization") != "Bearer hunter2hunter2hunter2" {
		t.Errorf("after renaming, the message went to %s with %v", got.Path, got.Header)
	}
	for _, page := range []string{"/settings/integrations", "/settings/deliveries", "/settings/triggers/1/edit"} {
		admin.Get(page).Wants(http.StatusOK).Lacks(secrets...)
	}
	c.WantNoTrace(secrets...)
}

func TestFC133_ASavedSecretIsNotShown(t *testing.T) {
	t.Parallel()
	const secret = "/services/T0AAAA/B0BBBB/xoxSecretMarker"
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	c.Trigger(admin, c.Slack(admin, c.Receiver.URL+secret))
	c.Receiver.Respond(fake.Response{Status: 500, Body: "failed at " + secret}, fake.Response{Status: 404})
	admin.Invite("ann").Wants(http.StatusSeeOther)
	harness.Eventually(t, "the delivery fails", func() bool { return c.Cell(`SELECT state FROM deliveries WHERE kind = 'slack'`) == "failed" })
	for _, path := range []string{"/settings/integrations", "/settings/integrations/1/edit", "/settings/integrations/1/delete", "/settings/triggers",
		"/settings/triggers/1/edit"} {
		admin.Get(path).Wants(http.StatusOK).Lacks("T0AAAA", "xoxSecret")
	}
	for _, typed := range []string{"", c.Receiver.URL + "/services/another"} { // a refused form keeps what was typed, and shows nothing that is saved
		admin.Post("/settings/integrations/1/edit", "name", "", "url", typed, "version", "1").
			Wants(http.StatusUnprocessableEntity).Contains(`value="`+typed+`"`).Lacks("T0AAAA", "xoxSecret")
	}
	c.WantNoTrace("T0AAAA", "B0BBBB", "xoxSecret")

	c.Receiver.Respond(fake.Response{Body: "ok"})
	version := c.Cell(`SELECT version FROM integrations`)
	admin.Post("/settings/integrations/1/edit", "name", "Renamed", "active", "1", "url", "", "version", version).Wants(http.StatusSeeOther)
	admin.Invite("bea").Wants(http.StatusSeeOther)
	if all := c.Receiver.Wait(t, 3); !slices.ContainsFunc(all[2:], func(r fake.Received) bool { return r.Path == secret }) {
		t.Errorf("after renaming, the message went to %s", all[2].Path)
	}
}

func TestFC124_InternalTargetsAreRefused(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, func(s *cli.Serve) { s.AllowedTargets = nil })
	_, port, _ := strings.Cut(strings.TrimPrefix(c.Receiver.URL, "http://"), ":")
	for _, target := range []string{"http://127.0.0.1:" + port, "http://[::1]:" + port, "http://[::ffff:169.254.169.254]", "http://2130706433:" + port,
		"http://localhost:" + port, "file:///etc/passwd", "http://127.1:" + port, "http://0x7f.1:" + port,
		"http://127。0。0。1:" + port, "http://①②⑦.⓪.⓪.①:" + port, "http://ⓛocalhost:" + port} {
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

func TestIntegrationsPortsAreThoseThereAre(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	as := caller{c, tokenOf(c, harness.AdminEmail)}
	const refusal = "The port of the URL must be a number from 1 to 65535."
	for kind, other := range map[string][2]string{"slack": {}, "webhook": {}, "teams": {}, "sumo_logic": {}, "splunk": {"token", "12345678"},
		"insightconnect": {"api_key", "12345678"}} {
		for _, port := range []string{"0", "65536", "99999", "000"} {
			target := "http://93.184.215.14:" + port + "/x"
			pairs := []string{"name", "X", "active", "1", "url", target}
			settings := `"url":"` + target + `"`
			if other[0] != "" {
				pairs = append(pairs, other[:]...)
				settings += `,"` + other[0] + `":"` + other[1] + `"`
			}
			admin.Post("/settings/integrations/new?type="+kind, pairs...).Wants(http.StatusUnprocessableEntity).Contains(refusal)
			admin.Post("/settings/integrations/test?type="+kind, pairs...).Wants(http.StatusUnprocessableEntity).Contains("Nothing was sent.")
			as.ask(http.StatusUnprocessableEntity, http.MethodPost, "/integrations", `{"kind":"`+kind+`","name":"X","settings":{`+settings+`}}`).
				says(`"field":"settings.url"`, refusal)
		}
	}
	c.WantCount(0, `SELECT count(*) FROM integrations`)
}

func TestFC197_StoredHeadersAreNotSentToAnotherPath(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	id := c.Destination(admin, "webhook", "url", c.Receiver.URL+"/tenant-a", "headers_name", "Authorization", "headers_value", "Bearer hunter2hunter2hunter2")
	edit, test := "/settings/integrations/"+id+"/edit", "/settings/integrations/"+id+"/test"
	for _, path := range []string{"/tenant-b", "/tenant-a?to=b", "/tenant-a/"} {
		for _, post := range []string{edit, test} {
			admin.Post(post, "name", "Hook", "active", "1", "url", c.Receiver.URL+path, "version", "2").
				Wants(http.StatusUnprocessableEntity).
				Contains("Enter this again").
				Lacks("hunter2")
		}
	}
	if n := len(c.Receiver.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
	admin.Post(test, "name", "Hook", "url", c.Receiver.URL+"/tenant-b", "headers_name", "Authorization",
		"headers_value", "another").Wants(http.StatusOK)
	admin.Post(test, "name", "Hook", "url", strings.Replace(c.Receiver.URL, "localhost", "LOCALHOST", 1)+"/tenant-a#top").Wants(http.StatusOK)
	got := c.Receiver.Wait(t, 2)
	if got[0].Header.Get("Authorization") != "another" || got[1].Header.Get("Authorization") != "Bearer hunter2hunter2hunter2" {
		t.Errorf("the receiver was sent %v and %v", got[0].Header, got[1].Header)
	}
}

func TestFC202_AHostInWideLettersIsStoredInASCII(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	wide := strings.NewReplacer("127.0.0.1", "１２７。０。０。１", "localhost", "ｌｏｃａｌｈｏｓｔ").Replace(c.Receiver.URL)
	c.Trigger(admin, c.Slack(admin, wide+"/services/a"))
	admin.Get("/settings/integrations/1/edit").Wants(http.StatusOK).Contains("Stored: "+c.Receiver.URL+"/…").Lacks("１", "ｌ")
	admin.Invite("ann").Wants(http.StatusSeeOther)
	if got := c.Receiver.Wait(t, 1)[0]; got.Path != "/services/a" {
		t.Errorf("the message went to %s", got.Path)
	}
}

// A name may point elsewhere when the message is sent: what was allowed when it was saved no longer is.
func TestFC124_TheAddressIsCheckedWhenItIsUsed(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	c.Trigger(admin, c.Slack(admin, c.Receiver.URL))
	c.Config.AllowedTargets = nil
	c.Restart()
	admin.Post("/settings/integrations/1/test").Wants(http.StatusUnprocessableEntity)
	admin.Post("/settings/triggers/test", "name", "A", "condition", "user_added", "integration_ids", "1").
		Wants(http.StatusOK).
		Contains("not delivered: ")
	admin.Invite("ann").Wants(http.StatusSeeOther)
	harness.Eventually(t, "the delivery fails", func() bool {
		return c.Count(`SELECT count(*) FROM deliveries WHERE kind = 'slack' AND state = 'failed'`) == 1
	})
	if n := len(c.Receiver.Requests()); n != 0 {
		t.Errorf("%d requests reached the listener", n)
	}
}

func TestIntegrationsPage(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	page := admin.Get("/settings/integrations").Wants(http.StatusOK).Contains("Email and messengers", "Universal integrations", "All 0")
	for _, k := range notify.Kinds() {
		page.Contains("Add " + k.Label + " integration")
		admin.Get("/settings/integrations/new?type="+k.Key).Wants(http.StatusOK).Contains("Add "+k.Label+" integration", "Test integration")
	}
	chat := c.Slack(admin, c.Receiver.URL)
	c.Hook(admin, "/hook")
	admin.Post("/settings/integrations/" + chat + "/disable").To("/settings/integrations")
	admin.Get("/settings/integrations").
		Contains("All 2", "Enabled 1", "Disabled 1", "1 active", "0 active, 1 disabled", "is disabled. Messages for it wait")
	admin.Get("/settings/integrations?tab=disabled").Contains("Chat").Lacks("Hook", "Add Slack integration")
	admin.Get("/settings/integrations?q=hoo").Contains("Hook", "Add Webhook integration").Lacks("Chat", "Add Slack integration")
	admin.Get("/settings/integrations?q=slack").Contains("Chat", "Add Slack integration").Lacks("Hook")
	admin.Get("/settings/integrations?q=nothing").Contains("No integration matches “nothing”")
	admin.Post("/settings/integrations/" + chat + "/enable").To("/settings/integrations")
	c.WantCount(2, `SELECT count(*) FROM integrations WHERE active = 1`)
	c.Trigger(admin, chat)
	admin.Get("/settings/integrations/"+chat+"/delete").Contains("These triggers use it", "Added user")
}

var shownSecret = regexp.MustCompile(`id="issued-secret" type="text" value="(whsec_[^"]+)"`)

func TestIntegrationsSigningSecretIsShownOnce(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	made := admin.Post("/settings/integrations/new?type=webhook", "name", "Hook", "active", "1", "url", c.Receiver.URL, "secret", "").
		Wants(http.StatusOK)
	found := shownSecret.FindStringSubmatch(made.Body)
	if found == nil {
		t.Fatalf("no secret in:\n%s", made.Body)
	}
	c.Trigger(admin, "1")
	admin.Get("/settings/integrations/1/secret").Wants(http.StatusOK).Lacks(found[1])
	rotated := shownSecret.FindStringSubmatch(admin.Post("/settings/integrations/1/secret").Wants(http.StatusOK).Body)
	if rotated == nil || rotated[1] == found[1] {
		t.Fatal("the new secret is not shown, or is the old one")
	}
	admin.Invite("ann").Wants(http.StatusSeeOther)
	if signatures := c.Receiver.Wait(t, 1)[0].Header.Get("webhook-signature"); len(strings.Fields(signatures)) != 2 {
		t.Errorf("after the change requests are signed %q", signatures)
	}
	for _, path := range []string{"/settings/integrations", "/settings/integrations/1/edit", "/settings/integrations/1/secret", "/settings/deliveries"} {
		admin.Get(path).Wants(http.StatusOK).Lacks(found[1], rotated[1])
	}
	c.WantNoTrace(found[1], rotated[1])
	admin.Get("/settings/integrations/" + c.Slack(admin, c.Receiver.URL) + "/secret").Wants(http.StatusNotFound)
	own := notify.NewSigningSecret()
	admin.Post("/settings/integrations/new?type=webhook", "name", "Own", "url", c.Receiver.URL, "secret", own).Wants(http.StatusSeeOther)
}

func TestIntegrationsTest(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	page := admin.Post("/settings/integrations/test?type=slack", "url", c.Receiver.URL+"/before").
		Wants(http.StatusOK)
		// not saved, no name yet
	page.Contains("the test message was delivered")
	chat := c.Slack(admin, c.Receiver.URL+"/services/xoxSecret")
	admin.Post("/settings/integrations/" + chat + "/test").
		Wants(http.StatusOK).
		Contains("<strong>Chat</strong>: the test message was delivered")
	admin.Post("/settings/integrations/"+chat+"/test", "name", "Renamed", "url", "").
		Wants(http.StatusOK).
		Contains("<strong>Renamed</strong>: the test message")
	admin.Post("/settings/integrations/"+chat+"/test", "name", "Chat", "url", c.Receiver.URL+"/other").Wants(http.StatusOK)
	paths := []string{"/before", "/services/xoxSecret", "/services/xoxSecret", "/other"}
	for i, r := range c.Receiver.Wait(t, 4) {
		if said := slackSaid(
			t,
			r,
		); r.Path != paths[i] || !strings.HasPrefix(said, "[Test message] ") ||
			!strings.Contains(said, "This notification is a test of the integration.") {
			t.Errorf("test %d went to %s:\n%s", i, r.Path, said)
		}
	}
	admin.Post("/settings/integrations/test?type=slack", "url", "http://192.168.0.1/hook").
		Wants(http.StatusUnprocessableEntity).
		Contains("Nothing was sent. Webhook URL: ")
	admin.Post("/settings/integrations/test?type=email", "emails", "nobody").
		Wants(http.StatusUnprocessableEntity).
		Contains("Email addresses: ")
	c.Receiver.Respond(fake.Response{Status: 403, Body: "confidential"})
	admin.Post("/settings/integrations/"+chat+"/test").
		Wants(http.StatusOK).
		Contains("not delivered: ", "403").
		Lacks("confidential", "xoxSecret")
	c.WantCount(0, `SELECT count(*) FROM deliveries`)
	c.WantCount(2, `SELECT version FROM integrations`) // as it was added
	if done, failed := c.Entries("test integration", "done"), c.Entries("test integration", "failed"); done != 4 || failed != 1 {
		t.Errorf("%d and %d tests are in the activity log", done, failed)
	}
}

func TestIntegrationsFormsKeepWhatIsNotTyped(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	admin.Post("/settings/integrations/new?type=webhook", "name", "Hook", "active", "1", "url", c.Receiver.URL+"/hook", "headers_name", "X-Key", "headers_value", "hunter2hunter2hunter2",
		"method", "put", "verify_tls", "0", "request_timeout", "99").
		Wants(http.StatusUnprocessableEntity).
		Contains("seconds from 1 to", "<details class=\"advanced\" open", `value="X-Key"`, `value="hunter2hunter2hunter2"`)
	admin.Post("/settings/integrations/new?type=webhook", "name", "Hook", "active", "1", "url", c.Receiver.URL+"/hook", "headers_name", "X-Key", "headers_value", "hunter2hunter2hunter2",
		"method", "put").
		Wants(http.StatusSeeOther)
	edit := admin.Get("/settings/integrations/1/edit").
		Lacks("hunter2hunter2hunter2").
		Contains(`value="X-Key"`, "Stored: …", `name="verify_tls" value="1" checked`)
	admin.Post("/settings/integrations/1/edit", "name", "Renamed", "active", "1", "url", c.Receiver.URL+"/hook", "method", "put", "headers_name", "X-Key", "headers_value", "", "verify_tls", "0",
		"version", edit.Version()).
		Wants(http.StatusSeeOther)
	admin.Get("/settings/integrations/1/edit").Lacks(`name="verify_tls" value="1" checked`)
	admin.Post("/settings/integrations/1/edit", "name", "", "active", "1", "url", c.Receiver.URL+"/hook", "headers_name", "X-Key", "headers_value", "typed just now", "version", edit.Version()).
		Wants(http.StatusUnprocessableEntity).
		Contains(`value="X-Key"`, `value="typed just now"`).
		Lacks("hunter2hunter2hunter2")
		// what is stored is not shown
	admin.Post("/settings/integrations/1/edit", "name", "Again", "url", c.Receiver.URL+"/hook", "version", edit.Version()).
		Wants(http.StatusConflict).
		Contains("Again")
	c.Trigger(admin, "1")
	admin.Invite("ann").Wants(http.StatusSeeOther)
	if r := c.Receiver.Wait(t, 1)[0]; r.Method != http.MethodPut || r.Header.Get("X-Key") != "hunter2hunter2hunter2" {
		t.Errorf("the webhook got a %s with %v", r.Method, r.Header)
	}
	c.WantNoTrace("hunter2hunter2hunter2")
}

func TestIntegrationsAChangeIsNoticedAfterARefusalToo(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	path := "/settings/integrations/" + c.Slack(admin, c.Receiver.URL)
	opened := admin.Get(path + "/edit").Version()
	admin.Post(path + "/disable").Wants(http.StatusSeeOther)
	refused := admin.Post(path+"/edit", "name", "", "active", "1", "url", "", "version", opened).Wants(http.StatusUnprocessableEntity)
	stale := admin.Post(path+"/edit", "name", "Team", "active", "1", "url", "", "version", refused.Version()).
		Wants(http.StatusConflict).
		Contains("Somebody else")
	c.WantCount(0, `SELECT count(*) FROM integrations WHERE active = 1`)
	admin.Post(path+"/edit", "name", "Team", "active", "1", "url", "", "version", stale.Version()).Wants(http.StatusSeeOther)
	c.WantCount(1, `SELECT count(*) FROM integrations WHERE active = 1 AND name = 'Team'`)
}

func TestIntegrationsAreSwitchedOffWhenTooMuchFails(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	c.Person("admin", "Ada", "", "ada@example.com")
	c.Person("read_only", "Rob", "", "rob@example.com")
	c.Trigger(admin, c.Slack(admin, c.Receiver.URL+"/services/xoxSecret"))
	c.Receiver.Respond(fake.Response{Status: 404})
	for _, u := range harness.Crowd(12, "Guest") {
		admin.Post("/settings/users/new", "role", "analyst", "first_name", u.FirstName, "email", u.Email, "tenant_id", "1").
			Wants(http.StatusSeeOther)
	}
	harness.Eventually(t, "it is switched off", func() bool {
		return c.Count(`SELECT count(*) FROM integrations WHERE active = 0 AND switched_off_at > 0`) == 1
	})
	for _, to := range []string{harness.AdminEmail, "ada@example.com"} {
		mail := c.Mail.WaitFor(t, to)
		for _, text := range []string{"The integration Chat (Slack) of TestCompany was switched off", "/settings/integrations/1/edit"} {
			if !strings.Contains(mail.Text, text) {
				t.Errorf("%q is missing in the mail to %s:\n%s", text, to, mail.Text)
			}
		}
	}
	c.WantCount(2, `SELECT count(*) FROM deliveries WHERE template = 'integration_off'`)
	admin.Get("/settings/integrations").Contains("Switched off on ", "too many of its messages failed")
	admin.Get("/settings/triggers").Contains("Switched off")
	admin.Get("/settings/integrations/1/edit").Contains("The console switched this integration off", "Added user")
	if c.Entries("switch off integration", "done") != 1 {
		t.Error("switching off is not in the activity log")
	}
	c.Receiver.Respond(fake.Response{Body: "ok"})
	admin.Post("/settings/integrations/1/enable").Wants(http.StatusSeeOther)
	admin.Get("/settings/integrations").Lacks("too many of its messages failed")
	admin.Invite("late").Wants(http.StatusSeeOther)
	harness.Eventually(t, "the next message arrives", func() bool {
		return slices.ContainsFunc(
			c.Receiver.Requests(),
			func(r fake.Received) bool { return strings.Contains(slackSaid(t, r), "late@example.com") },
		)
	})
	c.WantCount(1, `SELECT count(*) FROM integrations WHERE active = 1 AND switched_off_at = 0`)
}
