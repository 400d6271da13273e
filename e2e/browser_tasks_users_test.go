package e2e

import (
	"slices"
	"strings"
	"testing"

	"console/internal/permission"
)

func TestBrowserTasksUsersByKeyboard(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	workWithUsers(t, keyboard)
}

func TestBrowserTasksUsersWithoutScript(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	workWithUsers(t, scriptOff)
}

func workWithUsers(t *testing.T, with hands) {
	c := ready(t, nil)
	admin := c.administrator()
	c.newTenant(admin, "Staging")
	c.newGroup(admin, "Watchers", []string{"1", "2"}, []string{"triggers.view"})
	c.insert(active(permission.Analyst, "Ann", "Lee", "ann@example.com"), active(permission.Analyst, "Bob", "Ray", "bob@example.com"),
		active(permission.ReadOnly, "Cyd", "Poe", "cyd@example.com"))
	c.member(admin, "analyst", "mem@example.com").enrol(password("mem@example.com"))
	c.work(with, []task{
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
	w.open("/settings/users")
	w.click("Add new user")
	w.choose("Role", "Read Only")
	w.fill("First name", "Dora")
	w.fill("Email", "dora@example.com")
	w.choose("Access to", "Staging 2")
	w.click("Groups (optional)")
	w.click("Watchers")
	w.click("Add user")
	w.says("Dora was added.")
	if groups := w.console.groupsOf("dora@example.com"); !slices.Contains(groups, "Watchers") || len(groups) != 2 {
		w.console.t.Errorf("Dora is in %q", groups)
	}
}

func resendInvitation(w worker) {
	first := w.console.signupPath("dora@example.com")
	w.open(invitedTab)
	w.act("Dora", "Resend")
	w.says("A new invitation is on its way to dora@example.com.")
	eventually(w.console.t, "the first link has died", func() bool { return w.console.browser().get(first).StatusCode == 410 })
}

func changeInvitedRole(w worker) {
	w.open(invitedTab)
	w.act("Dora", "Change role")
	w.choose("Role", "Analyst")
	w.click("Change role")
	w.says("Dora now has the role Analyst.")
}

func newLinkForMailed(w worker) {
	w.open(invitedTab)
	w.act("Dora", "New link")
	w.heading("Signup link")
	if link := w.value("Link"); !strings.Contains(link, "/signup/") {
		w.console.t.Errorf("the link is %q", link)
	}
	w.click("Done")
	w.row("Dora", "Analyst")
}

func revokeMailed(w worker) {
	w.open(invitedTab)
	w.act("Dora", "Revoke")
	w.heading("Revoke invitation")
	w.click("Revoke")
	w.says("The invitation of dora@example.com was revoked.")
}

func changeRoleAndGroups(w worker) {
	w.open("/settings/users")
	w.act("Ann Lee", "Groups…")
	w.heading("Groups of Ann Lee")
	w.choose("Role", "Read Only")
	w.fill("Find more groups", "watch")
	w.click("Find")
	w.click("Watchers")
	w.click("Continue")
	w.says("Ann Lee will be Read Only instead of Analyst.", "1 person loses access by this:")
	w.click("Save")
	w.says("The groups of Ann Lee were saved.")
	if groups := w.console.groupsOf("ann@example.com"); !slices.Contains(groups, "Watchers") {
		w.console.t.Errorf("Ann is in %q", groups)
	}
}

func endOneSession(w worker) {
	ann := w.console.user("ann@example.com")
	w.console.browse(ann)
	w.open("/settings/users")
	w.act("Ann Lee", "Permissions")
	w.heading("Ann Lee")
	w.click("Sessions")
	w.click("Sign out Unknown browser at 127.0.0.1")
	w.says("They are signed out of that browser.")
	if n := w.console.sessions(ann); n != 0 {
		w.console.t.Errorf("Ann has %d sessions", n)
	}
}

func endAllSessions(w worker) {
	ann := w.console.user("ann@example.com")
	w.console.browse(ann)
	w.console.browse(ann)
	w.reload()
	w.click("Sign out everywhere")
	w.says("They are signed out everywhere.", "Ann Lee is not signed in anywhere.")
}

func sendReset(w worker) {
	w.click("Overview")
	w.click("Send password reset")
	w.says("A password reset is on its way to ann@example.com.")
	w.console.Mail.WaitFor(w.console.t, "ann@example.com")
}

func explainOtherTenant(w worker) {
	w.open("/settings/users")
	w.act("Ann Lee", "Permissions")
	w.choose("Tenant", "Staging 2")
	if !w.script {
		w.click("Show")
	}
	w.find("Permissions in Staging", "table")
}

func disableSecondFactor(w worker) {
	w.open("/settings/users")
	w.act("Mem Ber", "Disable 2FA")
	w.fill("Your own password", "wrong")
	w.click("Disable 2FA")
	w.says("This is not your password.")
	w.fill("Your own password", adminPassword)
	w.click("Disable 2FA")
	w.says("Two-factor authentication of Mem Ber is off.")
}

func disableOne(w worker) {
	w.act("Bob Ray", "Disable access")
	w.says("is signed out everywhere at once")
	w.click("Disable access")
	w.says("The access of Bob Ray is disabled.")
	w.row("Bob Ray", "(disabled)")
}

func enableSeveral(w worker) {
	w.console.disable("cyd@example.com")
	w.open("/settings/users?tab=disabled")
	w.click("Select Bob Ray")
	w.click("Select Cyd Poe")
	w.click("Enable access (selected users)")
	w.says("2 users")
	w.click("Enable access 2")
	w.says("2 done")
	w.click("Back to users")
	w.row("Bob Ray")
	w.is(`document.querySelectorAll("tr.disabled").length === 0`)
}

func deleteSeveral(w worker) {
	w.open("/settings/users")
	w.click("Select Bob Ray")
	w.click("Select John Doe")
	if w.script {
		w.click("Delete 2 (selected users)")
	} else {
		w.click("Delete (selected users)")
	}
	w.says("This cannot be undone.")
	w.click("Delete 2")
	w.heading("Delete users")
	w.says("1 done, 1 left as they were")
	w.find("Select "+adminEmail, "checkbox") // still selected, with the reason
	if report := w.download("Download report"); !strings.Contains(report, "bob@example.com") {
		w.console.t.Errorf("the report is %s", report)
	}
	w.click("Back to users")
	w.row("John Doe")
}

func importFile(w worker) {
	path := w.file("people.csv", "email,first name,last name,role", "eva@example.com,Eva,Orr,analyst", "ann@example.com,Ann,Lee,analyst", "nowhere,No,Body,analyst")
	w.open("/settings/users")
	w.click("Import")
	w.heading("Import users")
	w.click("Check the file")
	w.says("Choose a file")
	w.attach(path)
	w.choose("Access to", "Staging 2")
	w.click("Check the file")
	w.says("Invitations are sent at once.", "Already there", "Cannot be added")
	w.click("Add 1 user")
	w.says("1 done")
	w.click("Back to users")
	w.row("Eva Orr", "Analyst")
	w.console.signupPath("eva@example.com")
}

func exportList(w worker) {
	w.open("/settings/users")
	if list := w.download("Export"); !strings.Contains(list, "eva@example.com") {
		w.console.t.Errorf("the export is %s", list)
	}
}

func filterByEverything(w worker) {
	w.open("/settings/users")
	w.filter("Group", "Watchers", "Filter")
	w.rows("Ann", func(rows []string) bool { return len(rows) == 1 && strings.Contains(rows[0], "Ann Lee") })
	w.filter("2FA", "2FA on", "Filter")
	w.says("Nobody here matches these filters")
	w.filter("2FA", "2FA off", "Filter")
	w.filter("Last auth", "Never", "Filter")
	w.row("Ann Lee")
	w.click("Invited 0")
	w.says("Nobody here matches these filters")
	w.is(`location.search.includes("twofa=off") && location.search.includes("last_auth=never") && location.search.includes("group=")`)
	w.click("clear search and filters")
	w.row("Eva Orr")
}

func pageThrough(w worker) {
	w.console.insert(crowd(60, "Crowd")...)
	w.open("/settings/users")
	w.row("Ann Lee")
	w.fromTheEnd()
	w.click("Next")
	w.row("John Doe")
	w.is(`location.search.includes("cursor=")`)
	w.click("Previous")
	w.row("Ann Lee")
}

func selectAll(w worker) {
	w.open("/settings/users?q=crowd")
	if w.script {
		w.click("Select Crowd Number00049")
	}
	w.fromTheEnd()
	w.click("Select all 60 that match")
	w.click("Disable access (selected users)")
	w.says("60 users")
	w.click("Disable access 60")
	w.says("60 done")
	if n := w.console.count(`SELECT count(*) FROM users WHERE disabled_at > 0`); n != 60 {
		w.console.t.Errorf("%d are disabled", n)
	}
}
