// Package e2e tests the whole program over HTTP, as a browser without script uses it: one file for each feature. Folders
// below it test in Chromium (browser), look at pages (look), and test under load (load).
package e2e

import (
	"encoding/json"
	"net/http"
	"testing"

	"console/e2e/harness"
)

func TestFirstPath(t *testing.T) {
	harness.OnBoth(t)
	t.Parallel()
	c := harness.Start(t, nil)
	c.Browser().Get("/settings/users").Wants(http.StatusSeeOther)
	c.Browser().Post("/setup", "code", "wrong", "company", harness.Company).Wants(http.StatusUnprocessableEntity)
	c.SetUp()
	c.Browser().Get("/setup").Wants(http.StatusNotFound)

	admin := c.Administrator()
	admin.Post("/settings/integrations/new?type=slack", "name", "Chat with admins", "active", "1", "url", c.Receiver.URL+"/services/T0/B0/secret").
		Wants(http.StatusSeeOther)
	admin.Post("/settings/triggers/new", "name", "Added user", "condition", "user_added", "role_operator", "eq", "roles", "analyst",
		"integration_ids", "1", "enabled", "1").Wants(http.StatusSeeOther)

	path := c.Add(admin, "analyst", "John", "Smith", "johnsmith@example.com")
	admin.Get("/settings/users").Wants(http.StatusOK).Contains("John Smith", "Invited", "Analyst")
	var message struct {
		Text     string `json:"text"`
		Username string `json:"username"`
	}
	if err := json.Unmarshal(c.Receiver.Wait(t, 1)[0].Body, &message); err != nil {
		t.Fatal(err)
	}
	if want := harness.EscapeSlack(harness.SlackText); message.Text != want || message.Username != "wallarm" {
		t.Errorf("Slack was told, as %q:\n%s\nnot\n%s", message.Username, message.Text, want)
	}

	smith := c.Browser()
	smith.Get(path).Wants(http.StatusOK).Contains("johnsmith@example.com", "Analyst", "John Doe", harness.Company)
	smith.Post(path, "first_name", "John", "last_name", "Smith", "password", harness.Password("johnsmith")).Wants(http.StatusSeeOther)
	if to := smith.Get("/").Wants(http.StatusSeeOther).Header.Get("Location"); to != "/settings/profile" {
		t.Errorf("an analyst lands on %s", to)
	}
	smith.Get("/settings/users").Wants(http.StatusForbidden)
	admin.Get("/settings/users?tab=active").Contains("John Smith")
	smith.Post("/signout").Wants(http.StatusSeeOther)
	smith.Get("/settings/profile").Wants(http.StatusSeeOther)
}
