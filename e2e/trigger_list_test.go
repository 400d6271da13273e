package e2e

import (
	"net/http"
	"strings"
	"testing"

	"console/e2e/harness"
)

func TestTriggersListSearchAndTabs(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	admin.Get("/settings/triggers").Wants(http.StatusOK).Contains("There are no triggers yet", "All triggers 0")
	chat := c.Slack(admin, c.Receiver.URL)
	for name, description := range map[string]string{"Émile joins": "for the door", "100% sure": "", "Leavers": "tells the DOOR keeper"} {
		admin.Post("/settings/triggers/new", "name", name, "description", description, "condition", "user_deleted", "role_operator", "ne", "roles", "admin",
			"roles", "analyst", "integration_ids", chat).
			Wants(http.StatusSeeOther)
	}
	leavers := c.Cell(`SELECT id FROM triggers WHERE name = 'Leavers'`)
	admin.Get("/settings/triggers").
		Contains("All triggers 3", "Enabled 3", "Disabled 0", "User deleted", "role is not Administrator or Analyst", "Chat", "for the door")
	admin.Post("/settings/triggers/" + leavers + "/disable").To("/settings/triggers")
	admin.Get("/settings/triggers?tab=disabled").Contains("Enabled 2", "Disabled 1", "Leavers").Lacks("100% sure")
	admin.Get("/settings/triggers?tab=enabled").Lacks("Leavers").Contains("100% sure")
	admin.Get("/settings/triggers?q=door").Contains("All triggers 2", "Émile joins", "Leavers").Lacks("100% sure")
	admin.Get("/settings/triggers?q=emile").Contains("All triggers 1", "Émile joins")
	admin.Get("/settings/triggers?q=%25").Contains("All triggers 1", "100% sure")
	admin.Get("/settings/triggers?q=nothing").Contains("No trigger matches “nothing”", "clear the search")
	admin.Post("/settings/triggers/" + leavers + "/enable").To("/settings/triggers")
	admin.Get("/settings/triggers").Contains("The trigger “Leavers” is enabled.", "Enabled 3")
	if c.Entries("disable trigger", "done") != 1 || c.Entries("enable trigger", "done") != 1 {
		t.Error("switching is not in the activity log")
	}
}

func TestTriggersADisabledOneTellsNobody(t *testing.T) {
	harness.OnBoth(t)
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	name := triggerOn(c, admin, "user_added")
	admin.Post("/settings/triggers/1/disable").Wants(http.StatusSeeOther)
	admin.Invite("ann").Wants(http.StatusSeeOther)
	admin.Post("/settings/triggers/1/enable").Wants(http.StatusSeeOther)
	admin.Invite("bea").Wants(http.StatusSeeOther)
	if n := c.Queued(name); n != 1 {
		t.Errorf("%d messages were queued", n)
	}
}

func TestTriggersDuplicate(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	long := strings.Repeat("é", 255)
	admin.Post("/settings/triggers/new", "name", long, "description", "all of it", "condition", "access_changed", "role_operator", "eq", "roles", "admin",
		"integration_ids", c.Slack(admin, c.Receiver.URL), "integration_ids", c.Slack(admin, c.Receiver.URL)).
		Wants(http.StatusSeeOther)
	admin.Post("/settings/triggers/1/duplicate").To("/settings/triggers")
	c.WantCount(
		1,
		`SELECT count(*) FROM triggers a JOIN triggers b ON a.description = b.description AND a.condition = b.condition AND a.roles = b.roles AND
		a.role_operator = b.role_operator WHERE a.id = 1 AND b.id = 2 AND a.enabled = 1 AND b.enabled = 0`,
	)
	c.WantCount(2, `SELECT count(*) FROM trigger_integrations WHERE trigger_id = 2`)
	if name := c.Cell(`SELECT name FROM triggers WHERE id = 2`); name != "Copy of "+strings.Repeat("é", 247) {
		t.Errorf("the copy is called %q", name)
	}
}

func TestTriggersEditor(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	admin.Get("/settings/triggers/new").Contains("Add a reaction", "There is no integration yet that could get a message")
	admin.Post("/settings/triggers/new").
		Wants(http.StatusUnprocessableEntity).
		Contains("Enter a name.", "Choose a condition.", "Choose at least one integration.")
	chat := c.Slack(admin, c.Receiver.URL)
	editor := admin.Get("/settings/triggers/new").Contains("Send Slack notification", "Send event to PagerDuty", `data-none="Any role">`)
	for _, condition := range []string{"user_added", "user_deleted", "access_disabled", "access_enabled", "access_changed", "second_factor_disabled", "sign_in_locked"} {
		editor.Contains(`<option value="` + condition + `"`)
		admin.Post("/settings/triggers/new", "name", condition, "condition", condition, "integration_ids", chat).Wants(http.StatusSeeOther)
		id := c.Cell(`SELECT id FROM triggers WHERE condition = $1`, condition)
		admin.Get("/settings/triggers/" + id + "/edit").Contains(`<option value="` + condition + `" selected`)
	}
	refused := admin.Post("/settings/triggers/new", "name", "Typed name", "description", "Typed too", "condition", "user_deleted", "role_operator", "xx", "roles", "analyst",
		"roles", "emperor", "integration_ids", "999").
		Wants(http.StatusUnprocessableEntity)
	refused.Contains(
		"Typed name",
		"Typed too",
		"one of these (eq) or none of them (ne)",
		"There is no role “emperor”",
		`<option value="user_deleted" selected`,
		`data-none="Any role" open`,
	)
	admin.Post("/settings/triggers/new", "name", "A", "condition", "user_added", "integration_ids", "999").
		Wants(http.StatusUnprocessableEntity).
		Contains("has been deleted. Choose again.")

	edit := admin.Get("/settings/triggers/1/edit")
	admin.Post("/settings/triggers/1/disable").Wants(http.StatusSeeOther)
	stale := admin.Post("/settings/triggers/1/edit", "name", "Mine", "condition", "user_added", "integration_ids", chat, "version", edit.Version()).
		Wants(http.StatusConflict)
	stale.Contains("Mine")
	admin.Post("/settings/triggers/1/edit", "name", "Mine", "condition", "user_added", "integration_ids", chat, "version", stale.Version()).
		Wants(http.StatusSeeOther)
	c.WantCount(1, `SELECT count(*) FROM triggers WHERE name = 'Mine' AND enabled = 0`)
	admin.Get("/settings/triggers/1/edit?restart=1").Wants(http.StatusOK).Lacks(`value="Mine"`).Contains(`name="version"`)
}

func TestTriggersAreForThoseWhoMay(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	triggerOn(c, admin, "user_added")
	admin.Invite("ann").Wants(http.StatusSeeOther)
	c.Settled()
	auditor := c.Browse(c.Person("read_only", "Rob", "", "rob@example.com"))
	for _, path := range []string{"/settings/triggers", "/settings/deliveries", "/settings/deliveries/1"} {
		auditor.Get(path).Wants(http.StatusForbidden)
	}
	for _, path := range []string{"/settings/triggers/1/disable", "/settings/triggers/1/duplicate", "/settings/triggers/test", "/settings/deliveries/1/resend",
		"/settings/integrations/1/test", "/settings/integrations/1/disable"} {
		auditor.Post(path).Wants(http.StatusForbidden)
	}
	c.WantCount(1, `SELECT count(*) FROM triggers WHERE enabled = 1`)
}

func TestTriggersSayWhoMadeThem(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	chat := c.Slack(admin, c.Receiver.URL)
	bob := c.Browse(c.Person("admin", "Bob", "", "bob@example.com"))
	for browser, name := range map[*harness.Browser]string{admin: "Of the first", bob: "Of Bob"} {
		browser.Post("/settings/triggers/new", "name", name, "condition", "user_added", "integration_ids", chat).Wants(http.StatusSeeOther)
	}
	bob.Get("/settings/triggers").Contains("Of the first", "Of Bob", "Bob &lt;bob@example.com&gt;", harness.AdminEmail)
	bob.Get("/settings/triggers?creator=me").Contains("All triggers 1", "Of Bob", "creator=me&amp;tab=enabled").Lacks("Of the first")
	bob.Get("/settings/triggers?creator=me&tab=disabled").Contains("You have made no trigger")
	first := c.Cell(`SELECT id FROM triggers WHERE name = 'Of the first'`)
	edit := bob.Get("/settings/triggers/" + first + "/edit")
	bob.Post("/settings/triggers/"+first+"/edit", "name", "Changed", "condition", "user_added", "integration_ids", chat, "version", edit.Version()).
		Wants(http.StatusSeeOther)
	admin.Get("/settings/triggers?creator=me").Contains("Changed").Lacks("Of Bob")
	bob.Post("/settings/triggers/" + first + "/duplicate").Wants(http.StatusSeeOther)
	bob.Get("/settings/triggers?creator=me").Contains("Copy of Changed", "All triggers 2")
	c.Exec(`DELETE FROM users WHERE email = 'bob@example.com'`)
	admin.Get("/settings/triggers").Contains("Of Bob", "Bob &lt;bob@example.com&gt;")
}
