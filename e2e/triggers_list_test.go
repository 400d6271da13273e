package e2e

import (
	"net/http"
	"strings"
	"testing"
)

func TestTriggersListSearchAndTabs(t *testing.T) {
	t.Parallel()
	c, admin := signedIn(t, nil)
	admin.get("/settings/triggers").wants(http.StatusOK).contains("There are no triggers yet", "All triggers 0")
	chat := c.slack(admin, c.Receiver.URL)
	for name, description := range map[string]string{"Émile joins": "for the door", "100% sure": "", "Leavers": "tells the DOOR keeper"} {
		admin.post("/settings/triggers/new", "name", name, "description", description, "condition", "user_deleted", "role_operator", "ne", "roles", "admin",
			"roles", "analyst", "integration_ids", chat).wants(http.StatusSeeOther)
	}
	leavers := c.cell(`SELECT id FROM triggers WHERE name = 'Leavers'`)
	admin.get("/settings/triggers").contains("All triggers 3", "Enabled 3", "Disabled 0", "User deleted", "role is not Administrator or Analyst", "Chat", "for the door")
	admin.post("/settings/triggers/" + leavers + "/disable").to("/settings/triggers")
	admin.get("/settings/triggers?tab=disabled").contains("Enabled 2", "Disabled 1", "Leavers").lacks("100% sure")
	admin.get("/settings/triggers?tab=enabled").lacks("Leavers").contains("100% sure")
	admin.get("/settings/triggers?q=door").contains("All triggers 2", "Émile joins", "Leavers").lacks("100% sure")
	admin.get("/settings/triggers?q=emile").contains("All triggers 1", "Émile joins")
	admin.get("/settings/triggers?q=%25").contains("All triggers 1", "100% sure")
	admin.get("/settings/triggers?q=nothing").contains("No trigger matches “nothing”", "clear the search")
	admin.post("/settings/triggers/" + leavers + "/enable").to("/settings/triggers")
	admin.get("/settings/triggers").contains("The trigger “Leavers” is enabled.", "Enabled 3")
	if c.entries("disable trigger", "done") != 1 || c.entries("enable trigger", "done") != 1 {
		t.Error("switching is not in the activity log")
	}
}

func TestTriggersADisabledOneTellsNobody(t *testing.T) {
	t.Parallel()
	c, admin := signedIn(t, nil)
	name := c.condition(admin, "user_added")
	admin.post("/settings/triggers/1/disable").wants(http.StatusSeeOther)
	admin.invite("ann").wants(http.StatusSeeOther)
	admin.post("/settings/triggers/1/enable").wants(http.StatusSeeOther)
	admin.invite("bea").wants(http.StatusSeeOther)
	if n := c.queued(name); n != 1 {
		t.Errorf("%d messages were queued", n)
	}
}

func TestTriggersDuplicate(t *testing.T) {
	t.Parallel()
	c, admin := signedIn(t, nil)
	long := strings.Repeat("é", 255)
	admin.post("/settings/triggers/new", "name", long, "description", "all of it", "condition", "access_changed", "role_operator", "eq", "roles", "admin",
		"integration_ids", c.slack(admin, c.Receiver.URL), "integration_ids", c.slack(admin, c.Receiver.URL)).wants(http.StatusSeeOther)
	admin.post("/settings/triggers/1/duplicate").to("/settings/triggers")
	c.wantCount(1, `SELECT count(*) FROM triggers a JOIN triggers b ON a.description = b.description AND a.condition = b.condition AND a.roles = b.roles AND
		a.role_operator = b.role_operator WHERE a.id = 1 AND b.id = 2 AND a.enabled AND NOT b.enabled`)
	c.wantCount(2, `SELECT count(*) FROM trigger_integrations WHERE trigger_id = 2`)
	if name := c.cell(`SELECT name FROM triggers WHERE id = 2`); name != "Copy of "+strings.Repeat("é", 247) {
		t.Errorf("the copy is called %q", name)
	}
}

func TestTriggersEditor(t *testing.T) {
	t.Parallel()
	c, admin := signedIn(t, nil)
	admin.get("/settings/triggers/new").contains("Set up in Integrations", "There is no integration yet that could get a message")
	admin.post("/settings/triggers/new").wants(http.StatusUnprocessableEntity).contains("Enter a name.", "Choose a condition.", "Choose at least one integration.")
	chat := c.slack(admin, c.Receiver.URL)
	editor := admin.get("/settings/triggers/new").contains("Send Slack notification", "Send event to PagerDuty", `data-none="Any role">`)
	for _, condition := range []string{"user_added", "user_deleted", "access_disabled", "access_enabled", "access_changed", "second_factor_disabled", "sign_in_locked"} {
		editor.contains(`<option value="` + condition + `"`)
		admin.post("/settings/triggers/new", "name", condition, "condition", condition, "integration_ids", chat).wants(http.StatusSeeOther)
		id := c.cell(`SELECT id FROM triggers WHERE condition = $1`, condition)
		admin.get("/settings/triggers/" + id + "/edit").contains(`<option value="` + condition + `" selected`)
	}
	refused := admin.post("/settings/triggers/new", "name", "Typed name", "description", "Typed too", "condition", "user_deleted", "role_operator", "xx", "roles", "analyst",
		"roles", "emperor", "integration_ids", "999").wants(http.StatusUnprocessableEntity)
	refused.contains("Typed name", "Typed too", "Choose = or ≠.", "Choose roles from the list.", `<option value="user_deleted" selected`, `data-none="Any role" open`)
	admin.post("/settings/triggers/new", "name", "A", "condition", "user_added", "integration_ids", "999").wants(http.StatusUnprocessableEntity).
		contains("has been deleted. Choose again.")

	edit := admin.get("/settings/triggers/1/edit")
	admin.post("/settings/triggers/1/disable").wants(http.StatusSeeOther)
	stale := admin.post("/settings/triggers/1/edit", "name", "Mine", "condition", "user_added", "integration_ids", chat, "version", edit.version()).wants(http.StatusConflict)
	stale.contains("Mine")
	admin.post("/settings/triggers/1/edit", "name", "Mine", "condition", "user_added", "integration_ids", chat, "version", stale.version()).wants(http.StatusSeeOther)
	c.wantCount(1, `SELECT count(*) FROM triggers WHERE name = 'Mine' AND NOT enabled`)
	admin.get("/settings/triggers/1/edit?restart=1").wants(http.StatusOK).lacks(`value="Mine"`).contains(`name="version"`)
}

func TestTriggersAreForThoseWhoMay(t *testing.T) {
	t.Parallel()
	c, admin := signedIn(t, nil)
	c.condition(admin, "user_added")
	admin.invite("ann").wants(http.StatusSeeOther)
	c.settled()
	auditor := c.browse(c.person("read_only", "Rob", "", "rob@example.com"))
	for _, path := range []string{"/settings/triggers", "/settings/deliveries", "/settings/deliveries/1"} {
		auditor.get(path).wants(http.StatusForbidden)
	}
	for _, path := range []string{"/settings/triggers/1/disable", "/settings/triggers/1/duplicate", "/settings/triggers/test", "/settings/deliveries/1/resend",
		"/settings/integrations/1/test", "/settings/integrations/1/disable"} {
		auditor.post(path).wants(http.StatusForbidden)
	}
	c.wantCount(1, `SELECT count(*) FROM triggers WHERE enabled`)
}
