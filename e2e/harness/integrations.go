package harness

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// EscapeSlack escapes as Slack requires.
func EscapeSlack(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}

// Destination adds an integration through its form and returns its id.
func (c *Console) Destination(by *Browser, kind string, fields ...string) string {
	c.T.Helper()
	by.Post("/settings/integrations/new?type="+kind, append([]string{"name", kind, "active", "1"}, fields...)...).Wants(http.StatusSeeOther)
	return c.Cell(`SELECT max(id) FROM integrations`)
}

// Slack adds a Slack integration with the URL and returns its id.
func (c *Console) Slack(by *Browser, url string) string {
	c.T.Helper()
	by.Post("/settings/integrations/new?type=slack", "name", "Chat", "active", "1", "url", url).Wants(http.StatusSeeOther)
	return c.Cell(`SELECT max(id) FROM integrations`)
}

// Trigger makes a trigger for every new user that tells the integrations.
func (c *Console) Trigger(by *Browser, integrations ...string) {
	c.T.Helper()
	form := []string{"name", "Added user", "condition", "user_added", "role_operator", "eq", "enabled", "1"}
	for _, id := range integrations {
		form = append(form, "integration_ids", id)
	}
	by.Post("/settings/triggers/new", form...).Wants(http.StatusSeeOther)
}

// SlackText is the message of the specification, to the letter.
const SlackText = `[Wallarm] Trigger: New user was added to the company account

Notification type: create_user

A new user John Smith <johnsmith@example.com> with the role Analyst was added to the company account by John Doe <johndoe@example.com>.
This notification was triggered by the "Added user" trigger.

Client: TestCompany
Cloud: EU`

// Hook adds a webhook integration to the receiver and returns its id.
func (c *Console) Hook(by *Browser, path string) string {
	c.T.Helper()
	by.Post("/settings/integrations/new?type=webhook", "name", "Hook", "active", "1", "url", c.Receiver.URL+path).Wants(http.StatusSeeOther)
	return c.Cell(`SELECT max(id) FROM integrations`)
}

// SlackTrigger makes a trigger on added people that tells the receiver; roles may be empty.
func (c *Console) SlackTrigger(by *Browser, name string, roles ...string) {
	c.T.Helper()
	by.Post("/settings/integrations/new?type=slack", "name", name, "active", "1", "url", c.Receiver.URL+"/services/"+url.PathEscape(name)).
		Wants(http.StatusSeeOther)
	integration := c.Count("SELECT max(id) FROM integrations")
	pairs := []string{"name", name, "condition", "user_added", "integration_ids", strconv.Itoa(integration), "enabled", "1"}
	if len(roles) > 0 {
		pairs = append(pairs, "role_operator", "eq")
	}
	for _, role := range roles {
		pairs = append(pairs, "roles", role)
	}
	by.Post("/settings/triggers/new", pairs...).Wants(http.StatusSeeOther)
}

// Queued counts the messages that a trigger has queued so far, sent or not.
func (c *Console) Queued(trigger string) int {
	c.T.Helper()
	return c.Count("SELECT count(*) FROM deliveries d JOIN triggers t ON t.id = d.trigger_id WHERE t.name = ?", trigger)
}
