package browser

import (
	"slices"
	"strings"
	"testing"

	"console/e2e/harness"
	"console/e2e/harness/chromium"
	"console/internal/permission"
)

func TestBrowserTasksGroupsByKeyboard(t *testing.T) {
	atLength(t)
	t.Parallel()
	workWithGroups(t, chromium.Keyboard)
}

func TestBrowserTasksGroupsWithoutScript(t *testing.T) {
	t.Parallel()
	workWithGroups(t, chromium.ScriptOff)
}

func workWithGroups(t *testing.T, with chromium.Hands) {
	c := harness.Ready(t, nil)
	c.NewTenant(c.Administrator(), "Staging")
	c.Insert(
		harness.Active(permission.Analyst, "Ann", "Lee", "ann@example.com"),
		harness.Active(permission.ReadOnly, "Bob", "Ray", "bob@example.com"),
	)
	work(c, with, []task{
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
	w.Open("/settings/groups")
	w.Click("Add new group")
	w.Fill("Name", "Helpers")
	w.Choose("Source role", "Administrator")
	w.Click("Add group")
	w.Says("The group Helpers was created.")
	w.Heading("Helpers")
}

func findGroup(w worker) {
	w.Open("/settings/groups")
	w.Row("Analysts")
	w.search("Search groups", "help")
	w.Rows("Helpers alone", func(rows []string) bool { return len(rows) == 1 && strings.Contains(rows[0], "Helpers") })
	w.search("Search groups", "")
	w.Row("Analysts")
	w.filter("Role", "Read Only", "Filter")
	w.Rows("the automatic group alone", func(rows []string) bool { return len(rows) == 1 && strings.Contains(rows[0], "Auto") })
}

func renameGroup(w worker) {
	w.Open("/settings/groups")
	w.act("Helpers", "Rename")
	w.Fill("Name", "Support")
	w.Click("Save")
	w.Says("The group is now called Support.")
	w.Heading("Support")
}

func addTenantToGroup(w worker) {
	w.Open("/settings/groups")
	w.Click("Support")
	w.Click("Tenants 1")
	w.Click("Staging 2")
	w.Click("Add tenants")
	w.Row("Staging", "Enabled")
}

func removeTenantFromGroup(w worker) {
	w.Click("Remove Staging")
	w.Click("Remove tenant")
	w.Find("Tenants 1", "link")
}

func addUsersToGroup(w worker) {
	w.Click("Users 0")
	w.Click("Add users")
	w.Fill("Or paste email addresses (optional)", "ann@example.com, bob@example.com")
	w.Click("Add users")
	w.Says("2 users were added.")
}

func findUserOfGroup(w worker) {
	w.search("Search users of the group", "bob")
	w.Rows("Bob alone", func(rows []string) bool { return len(rows) == 1 && strings.Contains(rows[0], "Bob Ray") })
	w.search("Search users of the group", "")
	w.Row("Ann Lee")
}

// narrowGroup takes the role of a group down. The confirmation says who loses what.
func narrowGroup(w worker) {
	w.Click("Permissions")
	w.Choose("Source role", "Read Only")
	if !w.Script {
		w.Click("Show its permissions")
	}
	w.Is(`document.querySelectorAll(".matrix .allowed").length < 20`)
	w.Click("Save permissions…")
	w.Says("2 people lose access by this:", "Ann Lee")
	w.Click("Save permissions")
	w.Says("The permissions of Support were saved.")
}

func removeUsersFromGroup(w worker) {
	w.Click("Users 2")
	w.Click("Select Ann Lee")
	w.Click("Remove selected users")
	w.Click("Remove 1")
	w.Says("1 user was removed from the group.")
	if groups := w.Console.GroupsOf("ann@example.com"); slices.Contains(groups, "Support") {
		w.Console.T.Errorf("Ann is in %q", groups)
	}
}

func deleteGroup(w worker) {
	w.Click("Delete")
	w.Says("Support is deleted for good.")
	w.Click("Delete")
	w.Says("The group Support was deleted.")
}

func createTenant(w worker) {
	w.Open("/settings/tenants")
	w.Click("Add new tenant")
	w.Click("Add tenant")
	w.Says("Enter a name.")
	w.Fill("Name", "Testing")
	w.Fill("Email (optional)", "tess@example.com")
	w.Fill("First name (optional)", "Tess")
	w.Click("Add tenant")
	w.Says("The tenant Testing was created.")
	w.Console.SignupPath("tess@example.com")
}

func switchTenant(w worker) {
	w.Click("TestCompany 1: choose another tenant")
	w.Click("Testing 3")
	w.Find("Testing 3: choose another tenant", "button")
	w.Heading("Tenants")
}

func renameTenant(w worker) {
	w.act("Testing", "Rename")
	w.Fill("Name", "Trials")
	w.Click("Save")
	w.Says("The tenant is now called Trials.")
	w.Row("Trials", "Enabled")
}

func disableTenant(w worker) {
	w.act("Trials", "Disable")
	w.Says("Nobody has access to Trials until you enable it again.")
	w.Click("Disable tenant")
	w.Says("Trials is disabled.")
	w.Row("Trials", "Disabled")
}

func enableTenant(w worker) {
	w.act("Trials", "Enable")
	w.Says("Trials is enabled.")
	w.Row("Trials", "Enabled")
}

func deleteTenant(w worker) {
	disableTenant(w)
	w.act("Trials", "Delete")
	w.Fill("Type Trials to confirm", "Trial")
	w.Click("Delete")
	w.Is(`document.querySelector('[aria-invalid="true"]') !== null`)
	w.Fill("Type Trials to confirm", "Trials")
	w.Click("Delete")
	w.Says("The tenant Trials was deleted.")
}
