package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"console/e2e/harness"
)

// A trigger that waits for changed settings tells Slack, a webhook and a mailbox of them, and of nothing secret.
func TestSettingsChanged_IsToldEverywhere(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	chat := c.Slack(admin, c.Receiver.URL+"/services/T0/B0/markerOfSlack")
	admin.Post("/settings/integrations/new?type=webhook", "name", "Hook", "active", "1", "url", c.Receiver.URL+"/hook/markerOfHook",
		"method", "post", "format", "json").Wants(http.StatusSeeOther)
	hook := c.Cell(`SELECT max(id) FROM integrations`)
	admin.Post("/settings/integrations/new?type=email", "name", "Mail", "active", "1", "emails", harness.AdminEmail).Wants(http.StatusSeeOther)
	mail := c.Cell(`SELECT max(id) FROM integrations`)
	admin.Post("/settings/triggers/new", "name", "Watch", "condition", "settings_changed", "role_operator", "eq", "roles", "analyst",
		"object_types", "integration", "object_types", "group", "integration_ids", chat, "integration_ids", hook, "integration_ids", mail).
		Wants(http.StatusSeeOther)
	admin.Get("/settings/triggers").Contains("Settings changed").Contains("Groups or Integrations")
	admin.Get("/settings/triggers/1/edit").Contains(`value="integration" checked`).Lacks(`value="account" checked`).Lacks(`value="analyst" checked`)
	admin.Post("/settings/general/company", "name", "Firm", "cloud", "EU", "version", c.Cell(`SELECT version FROM account`)).
		Wants(http.StatusSeeOther) // not among the types
	admin.Post("/settings/integrations/"+chat+"/edit", "name", "Chat 2", "active", "1", "url", c.Receiver.URL+"/services/T0/B0/markerOfOther",
		"version", c.Cell(`SELECT version FROM integrations WHERE id = `+chat)).Wants(http.StatusSeeOther)
	var said, sent string
	for _, r := range c.Receiver.Wait(t, 2) {
		if strings.HasPrefix(r.Path, "/services/") {
			said = slackSaid(t, r)
		} else {
			sent = string(r.Body)
		}
	}
	for _, want := range []string{"Settings of the company account were changed", "changed the integration Chat 2:", "name: Chat → Chat 2",
		"webhook url: set → changed", `the "Watch" trigger`} {
		if !strings.Contains(said, want) {
			t.Errorf("Slack was told\n%s\nwithout %q", said, want)
		}
	}
	var events []struct {
		Details struct {
			Action  string `json:"action"`
			Object  struct{ Type, Name string }
			Changes []string
			User    any
		}
	}
	if err := json.Unmarshal([]byte(sent), &events); err != nil || len(events) != 1 || events[0].Details.Action != "change integration" ||
		events[0].Details.Object.Type != "integration" || events[0].Details.Object.Name != "Chat 2" || events[0].Details.User != nil {
		t.Errorf("the webhook got %s: %v", sent, err)
	}
	harness.Eventually(t, "the mail is sent", func() bool {
		return c.Count(`SELECT count(*) FROM deliveries WHERE template = 'change_settings' AND kind = 'email' AND state = 'delivered'`) == 1
	})
	c.WantCount(0, `SELECT count(*) FROM deliveries WHERE params LIKE '%markerOf%'`)
	c.WantCount(0, `SELECT count(*) FROM activity WHERE changes LIKE '%markerOf%'`)
	admin.Post("/settings/triggers/test", "condition", "settings_changed", "integration_ids", hook).Wants(http.StatusOK)
	if body := string(c.Receiver.Wait(t, 3)[2].Body); !strings.Contains(body, "[Test message]") || !strings.Contains(body, "changed the group Support") {
		t.Errorf("the test sent %s", body)
	}
}
