package browser

import (
	"slices"
	"strings"
	"testing"

	"console/e2e/harness"
	"console/e2e/harness/chromium"
	"console/internal/permission"
)

func TestBrowserTasksUsersByKeyboard(t *testing.T) {
	atLength(t)
	t.Parallel()
	workWithUsers(t, chromium.Keyboard)
}

func TestBrowserTasksUsersWithoutScript(t *testing.T) {
	t.Parallel()
	workWithUsers(t, chromium.ScriptOff)
}

func workWithUsers(t *testing.T, with chromium.Hands) {
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	c.NewTenant(admin, "Staging")
	c.NewGroup(admin, "Watchers", []string{"1", "2"}, []string{"triggers.view"})
	c.Insert(
		harness.Active(permission.Analyst, "Ann", "Lee", "ann@example.com"),
		harness.Active(permission.Analyst, "Bob", "Ray", "bob@example.com"),
		harness.Active(permission.ReadOnly, "Cyd", "Poe", "cyd@example.com"),
	)
	c.Member(admin, "analyst", "mem@example.com").Enrol(harness.Password("mem@example.com"))
	work(c, with, []task{
		{"add a user to a tenant and a group", addUserToGroup},
		{"resend an invitation", resendInvitation},
		{"change the role of an invitation", changeInvitedRole},
		{"make a new link for a mailed invitation", newLinkForMailed},
		{"revoke a mailed invitation", revokeMailed},
		{"change role and groups of a user", changeRoleAndGroups},
		{"end a session of a user", endOneSession},
		{"end all sessions of a user", endAllSessions},
		{"send a password reset", sendReset},
		{"see the permissions in another tenant", explainOtherTenant},
		{"disable 2FA of a user", disableSecondFactor},
		{"disable access of a user", disableOne},
		{"enable several", enableSeveral},
		{"delete several", deleteSeveral},
		{"import users", importFile},
		{"export users", exportList},
		{"filter by everything", filterByEverything},
		{"page through users", pageThrough},
		{"select all that match", selectAll},
	})
}

const invitedTab = "/settings/users?tab=invited"

func addUserToGroup(w worker) {
	w.Open("/settings/users")
	w.Click("Add new user")
	w.Choose("Role", "Read Only")
	w.Fill("First name", "Dora")
	w.Fill("Email", "dora@example.com")
	w.Choose("Access to", "Staging 2")
	w.Click("Groups (optional)")
	w.Click("Watchers")
	w.Click("Add user")
	w.Says("Dora was added.")
	if groups := w.Console.GroupsOf("dora@example.com"); !slices.Contains(groups, "Watchers") || len(groups) != 2 {
		w.Console.T.Errorf("Dora is in %q", groups)
	}
}

func resendInvitation(w worker) {
	first := w.Console.SignupPath("dora@example.com")
	w.Open(invitedTab)
	w.act("Dora", "Resend")
	w.Says("A new invitation is on its way to dora@example.com.")
	harness.Eventually(w.Console.T, "the first link has died", func() bool { return w.Console.Browser().Get(first).StatusCode == 410 })
}

func changeInvitedRole(w worker) {
	w.Open(invitedTab)
	w.act("Dora", "Change role")
	w.Choose("Role", "Analyst")
	w.Click("Change role")
	w.Says("Dora now has the role Analyst.")
}

func newLinkForMailed(w worker) {
	w.Open(invitedTab)
	w.act("Dora", "New link")
	w.Heading("Signup link")
	if link := w.Value("Link"); !strings.Contains(link, "/signup/") {
		w.Console.T.Errorf("the link is %q", link)
	}
	w.Click("Done") // leads back to where it began: the list, or without script their page
	w.Is(`document.readyState === "complete" && !document.body.innerText.includes("Signup link")`)
	w.Open(invitedTab)
	w.Row("Dora", "Analyst")
}

func revokeMailed(w worker) {
	w.Open(invitedTab)
	w.act("Dora", "Revoke")
	w.Heading("Revoke invitation")
	w.Click("Revoke")
	w.Says("The invitation of dora@example.com was revoked.")
}

func changeRoleAndGroups(w worker) {
	w.Open("/settings/users")
	w.act("Ann Lee", "Groups…")
	w.Heading("Groups of Ann Lee")
	w.Choose("Role", "Read Only")
	w.Fill("Find more groups", "watch")
	w.Click("Find")
	w.Click("Watchers")
	w.Click("Continue")
	w.Says("Ann Lee will be Read Only instead of Analyst.", "1 person loses access by this:")
	w.Click("Save")
	w.Says("The groups of Ann Lee were saved.")
	if groups := w.Console.GroupsOf("ann@example.com"); !slices.Contains(groups, "Watchers") {
		w.Console.T.Errorf("Ann is in %q", groups)
	}
}

func endOneSession(w worker) {
	ann := w.Console.User("ann@example.com")
	w.Console.Browse(ann)
	w.Open("/settings/users")
	w.act("Ann Lee", "Permissions")
	w.Heading("Ann Lee")
	w.Click("Sessions")
	w.Click("Sign out Unknown browser at 127.0.0.1")
	w.Says("They are signed out of that browser.")
	if n := w.Console.Sessions(ann); n != 0 {
		w.Console.T.Errorf("Ann has %d sessions", n)
	}
}

func endAllSessions(w worker) {
	ann := w.Console.User("ann@example.com")
	w.Console.Browse(ann)
	w.Console.Browse(ann)
	w.Reload()
	w.Click("Sign out everywhere")
	w.Says("They are signed out everywhere.", "Ann Lee is not signed in anywhere.")
}

func sendReset(w worker) {
	w.Click("Overview")
	w.Click("Send password reset")
	w.Says("A password reset is on its way to ann@example.com.")
	w.Console.Mail.WaitFor(w.Console.T, "ann@example.com")
}

func explainOtherTenant(w worker) {
	w.Open("/settings/users")
	w.act("Ann Lee", "Permissions")
	w.Choose("Tenant", "Staging 2")
	if !w.Script {
		w.Click("Show")
	}
	w.Find("Permissions in Staging", "table")
}

func disableSecondFactor(w worker) {
	w.Open("/settings/users")
	w.act("Mem Ber", "Disable 2FA")
	w.Fill("Your own password", "wrong")
	w.Click("Disable 2FA")
	w.Says("This is not your password.")
	w.Fill("Your own password", harness.AdminPassword)
	w.Click("Disable 2FA")
	w.Says("Two-factor authentication of Mem Ber is off.")
}

func disableOne(w worker) {
	w.Open("/settings/users")
	w.act("Bob Ray", "Disable access")
	w.Says("is signed out everywhere at once")
	w.Click("Disable access")
	w.Says("The access of Bob Ray is disabled.")
	w.Open("/settings/users")
	w.Row("Bob Ray", "(disabled)")
}

func enableSeveral(w worker) {
	w.Console.Disable("cyd@example.com")
	w.Open("/settings/users?tab=disabled")
	w.Click("Select Bob Ray")
	w.Click("Select Cyd Poe")
	w.Click("Enable access (selected users)")
	w.Says("2 users")
	w.Click("Enable access 2")
	w.Says("2 done")
	w.Click("Back to users") // as they were left: under Disabled, where nobody is now
	w.Says("Nobody")
	w.Open("/settings/users")
	w.Row("Bob Ray")
	w.Is(`document.querySelectorAll("tr.disabled").length === 0`)
}

func deleteSeveral(w worker) {
	w.Open("/settings/users")
	w.Click("Select Bob Ray")
	if w.Script {
		w.Click("Delete 1 (selected users)")
	} else {
		w.Click("Delete (selected users)")
	}
	w.Says("This cannot be undone.")
	w.Click("Delete 1")
	w.Heading("Delete users")
	w.Says("1 done")
	if report := w.download("Download report"); !strings.Contains(report, "bob@example.com") {
		w.Console.T.Errorf("the report is %s", report)
	}
	w.Click("Back to users")
	w.Row("John Doe")
}

func importFile(w worker) {
	path := w.file(
		"people.csv",
		"email,first name,last name,role",
		"eva@example.com,Eva,Orr,analyst",
		"ann@example.com,Ann,Lee,analyst",
		"nowhere,No,Body,analyst",
	)
	w.Open("/settings/users")
	w.Click("Import")
	w.Heading("Import users")
	w.Click("Check the file")
	w.Says("Choose a file")
	w.Attach(path)
	w.Choose("Access to", "Staging 2")
	w.Click("Check the file")
	w.Says("Invitations are sent at once.", "Already there", "Cannot be added")
	w.Click("Add 1 user")
	w.Says("1 done")
	w.Click("Back to users")
	w.Row("Eva Orr", "Analyst")
	w.Console.SignupPath("eva@example.com")
}

func exportList(w worker) {
	w.Open("/settings/users")
	if list := w.download("Export"); !strings.Contains(list, "eva@example.com") {
		w.Console.T.Errorf("the export is %s", list)
	}
}

func filterByEverything(w worker) {
	w.Open("/settings/users")
	w.filter("Group", "Watchers", "Filter")
	w.Rows("Ann", func(rows []string) bool { return len(rows) == 1 && strings.Contains(rows[0], "Ann Lee") })
	w.filter("2FA", "2FA on", "Filter")
	w.Says("Nobody here matches these filters")
	w.filter("2FA", "2FA off", "Filter")
	w.filter("Last auth", "Never", "Filter")
	w.Row("Ann Lee")
	w.Click("Invited 0")
	w.Says("Nobody here matches these filters")
	w.Is(`location.search.includes("twofa=off") && location.search.includes("last_auth=never") && location.search.includes("group=")`)
	w.Click("clear search and filters")
	w.Row("Eva Orr")
}

func pageThrough(w worker) {
	w.Console.Insert(harness.Crowd(60, "Crowd")...)
	w.Open("/settings/users")
	w.Row("Ann Lee")
	w.fromTheEnd()
	w.Click("Next")
	w.Row("John Doe")
	w.Is(`location.search.includes("cursor=")`)
	w.Click("Previous")
	w.Row("Ann Lee")
}

func selectAll(w worker) {
	w.Open("/settings/users?q=crowd")
	if w.Script {
		w.Click("Select Crowd Number00049")
	}
	w.fromTheEnd()
	w.Click("Select all 60 that match")
	w.Click("Disable access (selected users)")
	w.Says("60 users")
	w.Click("Disable access 60")
	w.Says("60 done")
	if n := w.Console.Count(`SELECT count(*) FROM users WHERE disabled_at > 0`); n != 60 {
		w.Console.T.Errorf("%d are disabled", n)
	}
}
