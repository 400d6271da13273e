package e2e

import (
	"encoding/json"
	"net/http"
	"testing"
)

// slackText is the message of the specification, to the letter.
const slackText = `[Wallarm] Trigger: New user was added to the company account

Notification type: create_user

A new user John Smith <johnsmith@example.com> with the role Analyst was added to the company account by John Doe <johndoe@example.com>.
This notification was triggered by the "Added user" trigger.

Client: TestCompany
Cloud: EU`

func TestFirstPath(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	c.browser().get("/settings/users").wants(http.StatusSeeOther)
	c.browser().post("/setup", "code", "wrong", "company", company).wants(http.StatusUnprocessableEntity)
	c.setUp()
	c.browser().get("/setup").wants(http.StatusNotFound)

	admin := c.administrator()
	admin.post("/settings/integrations/new?type=slack", "name", "Chat with admins", "active", "1", "url", c.Receiver.URL+"/services/T0/B0/secret").wants(http.StatusSeeOther)
	admin.post("/settings/triggers/new", "name", "Added user", "condition", "user_added", "role_operator", "eq", "roles", "analyst",
		"integration_ids", "1", "enabled", "1").wants(http.StatusSeeOther)

	path := c.add(admin, "analyst", "John", "Smith", "johnsmith@example.com")
	admin.get("/settings/users").wants(http.StatusOK).contains("John Smith", "Invited", "Analyst")
	var message struct {
		Text     string `json:"text"`
		Username string `json:"username"`
	}
	if err := json.Unmarshal(c.Receiver.Wait(t, 1)[0].Body, &message); err != nil {
		t.Fatal(err)
	}
	if want := escapeSlack(slackText); message.Text != want || message.Username != "wallarm" {
		t.Errorf("Slack was told, as %q:\n%s\nnot\n%s", message.Username, message.Text, want)
	}

	smith := c.browser()
	smith.get(path).wants(http.StatusOK).contains("johnsmith@example.com", "Analyst", "John Doe", company)
	smith.post(path, "first_name", "John", "last_name", "Smith", "password", password("johnsmith")).wants(http.StatusSeeOther)
	if to := smith.get("/").wants(http.StatusSeeOther).Header.Get("Location"); to != "/settings/profile" {
		t.Errorf("an analyst lands on %s", to)
	}
	smith.get("/settings/users").wants(http.StatusForbidden)
	admin.get("/settings/users?tab=active").contains("John Smith")
	smith.post("/signout").wants(http.StatusSeeOther)
	smith.get("/settings/profile").wants(http.StatusSeeOther)
}
