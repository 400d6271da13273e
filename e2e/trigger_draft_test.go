package e2e

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"console/e2e/harness"
	"console/internal/permission"
)

var draftInForm = regexp.MustCompile(`name="draft" value="([^"]*)"`)

// draftOf is the draft of a trigger that a page carries.
func draftOf(t *testing.T, a *harness.Answer) string {
	t.Helper()
	found := draftInForm.FindStringSubmatch(a.Body)
	if found == nil {
		t.Fatalf("no draft in:\n%s", a.Body)
	}
	return html.UnescapeString(found[1])
}

func TestTriggersAreNamedUntilSomebodyDoes(t *testing.T) {
	t.Parallel()
	_, admin := harness.SignedIn(t, nil)
	admin.Get("/settings/triggers/new").Contains(`value="New trigger by `, `, `)
}

// wantsEntered looks for what the tests of drafts have entered.
func wantsEntered(a *harness.Answer) {
	a.Wants(http.StatusOK).Contains(`value="Half &amp; done"`, `value="é = 1&amp;2"`, `<option value="user_deleted" selected`,
		`<option value="ne" selected`, `value="analyst" checked`, `value="1" checked`, "data-unsent")
}

func TestTriggersKeepADraftWhileAReactionIsAdded(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	c.Slack(admin, c.Receiver.URL)
	entered := []string{"name", "Half & done", "description", "é = 1&2", "condition", "user_deleted", "role_operator", "ne",
		"roles", "analyst",
		"integration_ids", "1"}
	added := admin.Post("/settings/triggers/add?type=teams", entered...).Wants(http.StatusOK).
		Contains("Add Microsoft Teams integration", "Back to the trigger").Lacks("data-hx-target=\"closest .sheet-host\"")
	draft := draftOf(t, added)
	wantsEntered(admin.Post("/settings/triggers/draft", "draft", draft).Contains("Create a trigger"))

	refused := admin.Post("/settings/integrations/new?type=teams", "name", "", "url", "", "draft", draft).
		Wants(http.StatusUnprocessableEntity)
	if again := draftOf(t, refused); again != draft {
		t.Errorf("the refused form carries %q, not %q", again, draft)
	}
	back := admin.Post("/settings/integrations/new?type=teams", "name", "Team", "active", "1", "url", c.Receiver.URL+"/t", "draft", draft)
	wantsEntered(back.Contains("The integration “Team” was added.", `value="2" checked autofocus`))

	made := admin.Post("/settings/integrations/new?type=webhook", "name", "Hook", "active", "1", "url", c.Receiver.URL,
		"secret", "", "draft", draft).
		Wants(http.StatusOK).Contains("Signing secret", "Back to the trigger")
	wantsEntered(admin.Post("/settings/triggers/draft", "draft", draftOf(t, made)).Contains(`value="3" checked`))
}

// TestTriggersShowTheEditorAgainOnAReload sends the forms of integrations again, as a browser does that reloads their answers.
func TestTriggersShowTheEditorAgainOnAReload(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	c.Slack(admin, c.Receiver.URL)
	entered := []string{"name", "Half & done", "description", "é = 1&2", "condition", "user_deleted", "role_operator", "ne",
		"roles", "analyst", "integration_ids", "1"}
	once := regexp.MustCompile(`name="once" value="([^"]+)"`)
	for kind, typed := range map[string][]string{
		"teams": {"name", "Team", "url", c.Receiver.URL}, "webhook": {"name", "Hook", "url", c.Receiver.URL, "secret", ""},
	} {
		form := admin.Post("/settings/triggers/add?type="+kind, entered...)
		fields := append([]string{"active", "1", "draft", draftOf(t, form), "once", once.FindStringSubmatch(form.Body)[1]}, typed...)
		path := "/settings/integrations/new?type=" + kind
		admin.Post(path, fields...).Wants(http.StatusOK)
		id := c.Cell(`SELECT max(id) FROM integrations`)
		for range 2 {
			again := admin.Post(path, fields...)
			wantsEntered(again.Contains("Create a trigger", "” was added.", `value="`+id+`" checked autofocus`).Lacks("whsec_"))
		}
		if again := c.Cell(`SELECT max(id) FROM integrations`); again != id {
			t.Errorf("another integration was added: %s", again)
		}
		admin.Post("/settings/integrations/" + id + "/delete").Wants(http.StatusSeeOther)
		wantsEntered(admin.Post(path, fields...).Contains("Create a trigger").Lacks(`value="` + id + `" checked`))
	}
}

func TestTriggersKeepTheDraftOfASavedOne(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	c.Trigger(admin, c.Slack(admin, c.Receiver.URL))
	draft := draftOf(t, admin.Post("/settings/triggers/add?type=email", "trigger_id", "1", "version", "1", "name", "Renamed",
		"condition", "user_added",
		"integration_ids", "1"))
	back := admin.Post("/settings/integrations/new?type=email", "name", "Mails", "active", "1", "emails", "ann@example.com", "draft", draft).
		Wants(http.StatusOK).Contains("Edit trigger", `action="/settings/triggers/1/edit"`, `value="Renamed"`)
	admin.Post("/settings/triggers/1/edit", "name", "Renamed", "condition", "user_added", "integration_ids", "1", "integration_ids", "2",
		"version", back.Version()).Wants(http.StatusSeeOther)
	c.WantCount(2, `SELECT count(*) FROM trigger_integrations WHERE trigger_id = 1`)
}

func TestTriggersSendToMe(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	c.Destination(admin, "email", "emails", harness.AdminEmail+", other@example.com")
	entered := []string{"name", "Mine", "condition", "user_deleted"}
	first := admin.Post("/settings/triggers/to-me", entered...).Wants(http.StatusOK).
		Contains("The trigger will send to you", `value="2" checked autofocus`, `value="Mine"`, "user_deleted\" selected").Body
	if strings.Contains(first, `value="1" checked`) {
		t.Error("the integration of several people was taken")
	}
	admin.Post("/settings/triggers/to-me", entered...).Contains(`value="2" checked`)
	c.WantCount(2, `SELECT count(*) FROM integrations`)
	if n := c.Entries("create integration", "done"); n != 2 {
		t.Errorf("%d integrations were recorded", n)
	}
	admin.Post("/settings/triggers/new", append(entered, "integration_ids", "2")...).Wants(http.StatusSeeOther)
	admin.Post("/settings/triggers/test", append(entered, "integration_ids", "2")...).Wants(http.StatusOK).
		Contains("<strong>"+harness.AdminEmail, "the test message was delivered")
}

func TestTriggersSendToMeIsForThoseWhoMayCreateIntegrations(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	group := c.NewGroup(admin, "Trigger writers", []string{"1"}, []string{"triggers.view", "triggers.create", "integrations.view"})
	bob := c.Person(permission.Analyst, "Bob", "", "bob@example.com")
	admin.Post(group+"/users/add", "emails", bob.Email).Wants(http.StatusSeeOther)
	writer := c.Browse(bob)
	writer.Get("/settings/triggers/new").Wants(http.StatusOK).Lacks("Add a reaction</h2>")
	writer.Post("/settings/triggers/to-me", "name", "Mine", "condition", "user_deleted").Wants(http.StatusUnprocessableEntity).
		Contains("you may not create one", `value="Mine"`)
	writer.Post("/settings/triggers/add?type=slack").Wants(http.StatusForbidden)
	c.WantCount(0, `SELECT count(*) FROM integrations`)
	c.Destination(admin, "email", "emails", strings.ToUpper(bob.Email))
	writer.Post("/settings/triggers/to-me", "name", "Mine", "condition", "user_deleted").Wants(http.StatusOK).Contains(`value="1" checked`)
	reader := c.Browse(c.Person(permission.ReadOnly, "Rob", "", "rob@example.com"))
	for _, path := range []string{"/settings/triggers/to-me", "/settings/triggers/draft", "/settings/triggers/add?type=slack"} {
		reader.Post(path).Wants(http.StatusForbidden)
	}
}

func TestSlackFormSaysHowToGetTheURL(t *testing.T) {
	t.Parallel()
	_, admin := harness.SignedIn(t, nil)
	admin.Get("/settings/integrations/new?type=slack").Contains("https://api.slack.com/apps", "<strong>wallarm</strong>")
}
