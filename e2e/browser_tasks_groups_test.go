package e2e

import (
	"slices"
	"strings"
	"testing"

	"console/internal/permission"
)

func TestBrowserTasksGroupsByKeyboard(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	workWithGroups(t, keyboard)
}

func TestBrowserTasksGroupsWithoutScript(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	workWithGroups(t, scriptOff)
}

func workWithGroups(t *testing.T, with hands) {
	c := ready(t, nil)
	c.newTenant(c.administrator(), "Staging")
	c.insert(active(permission.Analyst, "Ann", "Lee", "ann@example.com"), active(permission.ReadOnly, "Bob", "Ray", "bob@example.com"))
	c.work(with, []task{
		{"create a group with the permissions of a role", createGroupOfRole},
		{"find a group", findGroup},
		{"rename a group", renameGroup},
		{"add a tenant to a group", addTenantToGroup},
		{"remove a tenant from a group", removeTenantFromGroup},
		{"add users to a group", addUsersToGroup},
		{"find a user of a group", findUserOfGroup},
		{"take permissions away from a group", narrowGroup},
		{"remove users from a group", removeUsersFromGroup},
		{"delete a group from its page", deleteGroup},
		{"create a tenant with its first administrator", createTenant},
		{"switch to another tenant", switchTenant},
		{"rename a tenant", renameTenant},
		{"disable a tenant", disableTenant},
		{"enable a tenant", enableTenant},
		{"delete a tenant", deleteTenant},
	})
}

func createGroupOfRole(w worker) {
	w.open("/settings/groups")
	w.click("Add new group")
	w.fill("Name", "Helpers")
	w.choose("Source role", "Administrator")
	w.click("Add group")
	w.says("The group Helpers was created.")
	w.heading("Helpers")
}

func findGroup(w worker) {
	w.open("/settings/groups")
	w.row("Analysts")
	w.search("Search groups", "help")
	w.rows("Helpers alone", func(rows []string) bool { return len(rows) == 1 && strings.Contains(rows[0], "Helpers") })
	w.search("Search groups", "")
	w.row("Analysts")
	w.filter("Role", "Read Only", "Filter")
	w.rows("the automatic group alone", func(rows []string) bool { return len(rows) == 1 && strings.Contains(rows[0], "Auto") })
}

func renameGroup(w worker) {
	w.open("/settings/groups")
	w.act("Helpers", "Rename")
	w.fill("Name", "Support")
	w.click("Save")
	w.says("The group is now called Support.")
	w.heading("Support")
}

func addTenantToGroup(w worker) {
	w.open("/settings/groups")
	w.click("Support")
	w.click("Tenants 1")
	w.click("Staging 2")
	w.click("Add tenants")
	w.row("Staging", "Enabled")
}

func removeTenantFromGroup(w worker) {
	w.click("Remove Staging")
	w.click("Remove tenant")
	w.find("Tenants 1", "link")
}

func addUsersToGroup(w worker) {
	w.click("Users 0")
	w.click("Add users")
	w.fill("Or paste email addresses (optional)", "ann@example.com, bob@example.com")
	w.click("Add users")
	w.says("2 users were added.")
}

func findUserOfGroup(w worker) {
	w.search("Search users of the group", "bob")
	w.rows("Bob alone", func(rows []string) bool { return len(rows) == 1 && strings.Contains(rows[0], "Bob Ray") })
	w.search("Search users of the group", "")
	w.row("Ann Lee")
}

// narrowGroup takes the role of a group down. The confirmation says who loses what.
func narrowGroup(w worker) {
	w.click("Permissions")
	w.choose("Source role", "Read Only")
	if !w.script {
		w.click("Show its permissions")
	}
	w.is(`document.querySelectorAll(".matrix .allowed").length < 20`)
	w.click("Save permissions…")
	w.says("2 people lose access by this:", "Ann Lee")
	w.click("Save permissions")
	w.says("The permissions of Support were saved.")
}

func removeUsersFromGroup(w worker) {
	w.click("Users 2")
	w.click("Select Ann Lee")
	w.click("Remove selected users")
	w.click("Remove 1")
	w.says("1 user was removed from the group.")
	if groups := w.console.groupsOf("ann@example.com"); slices.Contains(groups, "Support") {
		w.console.t.Errorf("Ann is in %q", groups)
	}
}

func deleteGroup(w worker) {
	w.click("Delete")
	w.says("Support is deleted for good.")
	w.click("Delete")
	w.says("The group Support was deleted.")
}

func createTenant(w worker) {
	w.open("/settings/tenants")
	w.click("Add new tenant")
	w.click("Add tenant")
	w.says("Enter a name.")
	w.fill("Name", "Testing")
	w.fill("Email (optional)", "tess@example.com")
	w.fill("First name (optional)", "Tess")
	w.click("Add tenant")
	w.says("The tenant Testing was created.")
	w.console.signupPath("tess@example.com")
}

func switchTenant(w worker) {
	w.click("TestCompany 1: choose another tenant")
	w.click("Testing 3")
	w.find("Testing 3: choose another tenant", "button")
	w.heading("Tenants")
}

func renameTenant(w worker) {
	w.act("Testing", "Rename")
	w.fill("Name", "Trials")
	w.click("Save")
	w.says("The tenant is now called Trials.")
	w.row("Trials", "Enabled")
}

func disableTenant(w worker) {
	w.act("Trials", "Disable")
	w.says("Nobody has access to Trials until you enable it again.")
	w.click("Disable tenant")
	w.says("Trials is disabled.")
	w.row("Trials", "Disabled")
}

func enableTenant(w worker) {
	w.act("Trials", "Enable")
	w.says("Trials is enabled.")
	w.row("Trials", "Enabled")
}

func deleteTenant(w worker) {
	disableTenant(w)
	w.act("Trials", "Delete")
	w.fill("Type Trials to confirm", "Trial")
	w.click("Delete")
	w.is(`document.querySelector('[aria-invalid="true"]') !== null`)
	w.fill("Type Trials to confirm", "Trials")
	w.click("Delete")
	w.says("The tenant Trials was deleted.")
}
