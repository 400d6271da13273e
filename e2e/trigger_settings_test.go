package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"console/e2e/harness"
	"console/internal/fake"
	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

const (
	unopenable = "the settings of the integration cannot be opened with this key"
	deletedOne = "the integration was deleted"
)

// toldOfAll is a console with a chat and a mailbox that are told of everything, and their ids.
func toldOfAll(t *testing.T, emails string) (c *harness.Console, admin *harness.Browser, chat, mailbox string) {
	t.Helper()
	c, admin = harness.SignedIn(t, nil)
	chat = c.Slack(admin, c.Receiver.URL+"/services/T0/B0/secret")
	mailbox = c.Destination(admin, "email", "emails", emails)
	for _, condition := range notify.Conditions() {
		if condition.Settings { // what is counted below is what people are told of
			continue
		}
		admin.Post("/settings/triggers/new", "name", condition.Key, "condition", condition.Key, "enabled", "1", "integration_ids", chat,
			"integration_ids", mailbox).Wants(http.StatusSeeOther)
	}
	return c, admin, chat, mailbox
}

// spoilSettings changes one byte of the sealed settings of every integration.
func spoilSettings(c *harness.Console) {
	c.T.Helper()
	for _, id := range c.Column(`SELECT id FROM integrations`) {
		var sealed []byte
		if err := c.Raw().QueryRow(`SELECT settings FROM integrations WHERE id = $1`, id).Scan(&sealed); err != nil {
			c.T.Fatal(err)
		}
		sealed[len(sealed)/2] ^= 1
		c.Exec(`UPDATE integrations SET settings = $1 WHERE id = $2`, sealed, id)
	}
}

func TestFC205_SettingsThatCannotBeOpenedStopNothing(t *testing.T) {
	t.Parallel()
	c, admin, _, mailbox := toldOfAll(t, "ann@example.com chief@example.com")
	ann, bob := c.Person(permission.Analyst, "Ann", "", "ann@example.com"), c.Person(permission.Analyst, "Bob", "", "bob@example.com")
	group := c.NewGroup(admin, "Rule writers", []string{"1"}, []string{"rules.view"})
	c.Settled()
	spoilSettings(c)

	form := func(user store.User, action string, pairs ...string) func() {
		return func() { admin.Post(harness.UserPath(user, action), pairs...).Wants(http.StatusSeeOther) }
	}
	job := func(start func() *harness.Answer) func() {
		return func() {
			if job := c.EndedJob(start()); job.Refused != 0 {
				t.Errorf("the job %+v came to %+v", job, c.Outcomes(job))
			}
		}
	}
	bulk := func(action string) func() {
		return job(func() *harness.Answer {
			return admin.Post("/settings/users/bulk", append(harness.IDPairs(ann), "action", action, "remove_from", mailbox)...)
		})
	}
	for _, operation := range []struct {
		name string
		do   func()
		done string // a query that is 1 once it is done
	}{
		{"adding", func() { admin.Invite("new").Wants(http.StatusSeeOther) }, `SELECT count(*) FROM users WHERE email = 'new@example.com'`},
		{"a group", func() { admin.Post(group+"/users/add", "emails", ann.Email).Wants(http.StatusSeeOther) },
			`SELECT count(*) FROM group_users gu JOIN groups g ON g.id = gu.group_id WHERE g.name = 'Rule writers'`},
		{"disabling", form(ann, "disable", "remove_from", mailbox), `SELECT disabled_at > 0 FROM users WHERE email = 'ann@example.com'`},
		{"enabling", form(ann, "enable"), `SELECT disabled_at = 0 FROM users WHERE email = 'ann@example.com'`},
		{"disabling several", bulk("disable"), `SELECT disabled_at > 0 FROM users WHERE email = 'ann@example.com'`},
		{"an import", job(func() *harness.Answer {
			return admin.Import("email,role\nline@example.com,Analyst\n")
		}), `SELECT count(*) FROM users WHERE email = 'line@example.com'`},
		{"deleting", form(bob, "delete", "confirm_email", bob.Email, "remove_from", mailbox), `SELECT count(*) = 0 FROM users WHERE email = 'bob@example.com'`},
		{"deleting several", bulk("delete"), `SELECT count(*) = 0 FROM users WHERE email = 'ann@example.com'`},
	} {
		before := c.Count(`SELECT count(*) FROM deliveries WHERE integration_id IS NOT NULL`)
		operation.do()
		c.WantCount(1, operation.done)
		if after := c.Count(`SELECT count(*) FROM deliveries WHERE integration_id IS NOT NULL`); after != before+2 {
			t.Errorf("%s: %d messages were queued, not one for each integration", operation.name, after-before)
		}
		c.Settled()
	}
	c.WantCount(0, `SELECT count(*) FROM deliveries WHERE integration_id IS NOT NULL AND (state <> 'failed' OR error <> $1)`, unopenable)
	if n := len(c.Receiver.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
	admin.Get("/settings/deliveries").Wants(http.StatusOK).Contains(unopenable)
}

func TestFC205_ConfirmationsOpenWithoutTheSettings(t *testing.T) {
	t.Parallel()
	c, admin, _, _ := toldOfAll(t, "ann@example.com")
	ann := c.Person(permission.Analyst, "Ann", "", "ann@example.com")
	group := c.NewGroup(admin, "Rule writers", []string{"1"}, []string{"rules.view"})
	pages := []string{harness.UserPath(ann, "disable"), harness.UserPath(ann, "delete"), harness.UserPath(ann, "groups"), group + "/delete",
		fmt.Sprintf("/settings/users/bulk?action=disable&ids=%d", ann.ID), fmt.Sprintf("/settings/users/bulk?action=delete&ids=%d", ann.ID),
		"/settings/integrations", "/settings/triggers"}
	for _, page := range pages[:2] {
		admin.Get(page).Wants(http.StatusOK).Contains(`name="remove_from"`)
	}
	spoilSettings(c)
	for _, page := range pages {
		admin.Get(page).Wants(http.StatusOK).Lacks(`name="remove_from"`)
	}
}

// TestFC205_SettingsThatCannotBeOpenedAreEnteredAnew asks every page and every program of integrations whose settings are spoilt.
func TestFC205_SettingsThatCannotBeOpenedAreEnteredAnew(t *testing.T) {
	t.Parallel()
	c, admin, chat, mailbox := toldOfAll(t, "ann@example.com")
	hook := c.Hook(admin, "/hook")
	spoilSettings(c)
	edit := func(id string) string { return "/settings/integrations/" + id + "/edit" }
	const damaged = "The stored settings of this integration cannot be opened"
	for _, id := range []string{chat, mailbox, hook} {
		admin.Get(edit(id)).Wants(http.StatusOK).Contains(damaged).Lacks("Stored: ")
		admin.Get("/settings/integrations/" + id + "/delete").Wants(http.StatusOK)
		admin.Post("/settings/integrations/" + id + "/test").Wants(http.StatusUnprocessableEntity).Contains(damaged)
		for _, do := range []string{"disable", "enable"} {
			admin.Post("/settings/integrations/" + id + "/" + do).Wants(http.StatusSeeOther)
		}
	}
	admin.Get("/settings/integrations").Wants(http.StatusOK).Contains("Cannot send", "Its stored settings cannot be opened")
	admin.Get("/settings/triggers/1/edit").Wants(http.StatusOK)
	admin.Post("/settings/triggers/test", "name", "All", "condition", "user_added", "integration_ids", chat, "integration_ids", mailbox).
		Wants(http.StatusOK).Contains(damaged)
	admin.Post("/settings/integrations/" + hook + "/secret").Wants(http.StatusUnprocessableEntity).Contains(damaged)

	token := tokenOf(c, harness.AdminEmail)
	if status, body := request(c, token, http.MethodGet, "/v2/integration", ""); status != http.StatusOK || strings.Count(body, `"target"`) != 3 {
		t.Errorf("the list for programs is answered %d: %s", status, body)
	}
	if status, body := request(c, token, http.MethodPut, "/v2/integration/"+mailbox, `{"name": "Renamed"}`); status != http.StatusUnprocessableEntity {
		t.Errorf("renaming by a program without the settings is answered %d: %s", status, body)
	}
	if status, body := request(c, token, http.MethodPut, "/v2/integration/"+mailbox, `{"target": ["new@example.com"]}`); status != http.StatusOK {
		t.Errorf("a program that enters the settings is answered %d: %s", status, body)
	}

	version := func(id string) string { return c.Cell(`SELECT version FROM integrations WHERE id = $1`, id) }
	admin.Post(edit(chat), "name", "Chat", "active", "1", "url", "", "version", version(chat)).
		Wants(http.StatusUnprocessableEntity).Contains(damaged, "Enter the webhook URL.")
	admin.Post(edit(chat), "name", "Chat", "active", "1", "url", c.Receiver.URL+"/anew", "version", version(chat)).Wants(http.StatusSeeOther)
	admin.Post(edit(hook), "name", "Hook", "active", "1", "url", c.Receiver.URL+"/hook", "version", version(hook)).
		Wants(http.StatusOK).Contains("whsec_") // it has no secret that the receiver knows
	for _, id := range []string{chat, mailbox, hook} {
		admin.Get(edit(id)).Wants(http.StatusOK).Lacks(damaged)
	}
	admin.Invite("bob").Wants(http.StatusSeeOther)
	c.Mail.WaitFor(t, "new@example.com")
	harness.Eventually(t, "the chat is told", func() bool {
		return slices.ContainsFunc(c.Receiver.Requests(), func(r fake.Received) bool { return r.Path == "/anew" })
	})
	c.Settled()
	spoilSettings(c)
	admin.Post("/settings/integrations/" + chat + "/delete").Wants(http.StatusSeeOther)
	if status, body := request(c, token, http.MethodDelete, "/v2/integration/"+hook, ""); status != http.StatusOK {
		t.Errorf("deleting by a program is answered %d: %s", status, body)
	}
	c.WantCount(1, `SELECT count(*) FROM integrations`)
}

func TestFC205_AnIntegrationDeletedSinceEndsItsMessages(t *testing.T) {
	harness.OnFile(t, "PostgreSQL lets nobody delete one without what refers to it")
	t.Parallel()
	c, admin, chat, mailbox := toldOfAll(t, "chief@example.com")
	for _, id := range []string{chat, mailbox} { // what is switched off lets its messages wait
		admin.Post("/settings/integrations/" + id + "/disable").Wants(http.StatusSeeOther)
	}
	admin.Invite("new").Wants(http.StatusSeeOther)
	c.WantCount(2, `SELECT count(*) FROM deliveries WHERE integration_id IS NOT NULL AND state = 'waiting'`)
	admin.Post("/settings/integrations/" + chat + "/delete").Wants(http.StatusSeeOther)
	c.WantCount(1, `SELECT count(*) FROM deliveries WHERE kind = 'slack' AND state = 'failed' AND error = $1`, deletedOne)
	// The other goes behind the console's back, as if while the worker claimed its message.
	c.Exec(`DELETE FROM integrations WHERE id = $1`, mailbox)
	c.Exec(`UPDATE deliveries SET next_at = 0 WHERE state = 'waiting'`)
	c.Worker.Wake()
	harness.Eventually(t, "the mail fails", func() bool {
		return c.Count(`SELECT count(*) FROM deliveries WHERE event_id IS NOT NULL AND state = 'failed'`) == 2
	})
	for _, reason := range c.Column(`SELECT error FROM deliveries WHERE event_id IS NOT NULL`) {
		if !strings.Contains(reason, deletedOne) {
			t.Errorf("a message failed with %q", reason)
		}
	}
}
