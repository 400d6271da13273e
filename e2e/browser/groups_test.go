package browser

import (
	"testing"

	"console/e2e/harness"
	"console/e2e/harness/chromium"
	"console/store"
)

func TestBrowserGroups(t *testing.T) {
	t.Parallel()
	walkGroups(t, chromium.Mouse, 1440)
}

func TestBrowserGroupsWithoutScriptOnAPhone(t *testing.T) {
	t.Parallel()
	walkGroups(t, chromium.ScriptOff, 390)
}

func TestBrowserGroupsByKeyboard(t *testing.T) {
	t.Parallel()
	walkGroups(t, chromium.Keyboard, 1440)
}

// walkGroups makes a group with permissions of its own, fills it, looks at what that gives, and takes it away again.
func walkGroups(t *testing.T, with chromium.Hands, width int) {
	c := harness.Ready(t, nil)
	c.People(
		store.User{FirstName: "Ann", LastName: "Lee", Email: "ann@example.com"},
		store.User{FirstName: "Bob", LastName: "Ray", Email: "bob@example.com"},
	)
	w := groupWalk{chromium.NewTabFor(c, with)}
	w.Resize(width)
	w.Open("/signin")
	w.Fill("Email", harness.AdminEmail)
	w.Fill("Password", harness.AdminPassword)
	w.Click("Sign in")
	w.Heading("Users")
	w.Click("Groups")
	w.Heading("Groups")

	w.create()
	w.permit()
	w.addPeople()
	w.explain()
	w.leave()
	w.remove()
	if noticed := w.Noticed(); len(noticed) > 0 {
		t.Errorf("the browser noticed %q", noticed)
	}
}

type groupWalk struct {
	*chromium.Tab
}

func (w groupWalk) create() {
	w.Click("Add new group")
	w.Click("Add group")
	w.Says("Enter a name.")
	w.Fill("Name", "Rule writers")
	w.Choose("Source role", "Custom permissions")
	w.Click("Add group")
	w.Heading("Rule writers")
}

// permit ticks boxes: with a script nothing can be ticked without View; without one the server says so.
func (w groupWalk) permit() {
	if w.Script {
		w.Is(`getComputedStyle(document.querySelector('[value="rules.update"]:disabled')).visibility === "hidden"`) // an empty cell
	} else {
		w.Click("Update Rules")
		w.Click("Save permissions…")
		w.Says("choose View of Rules too")
		w.Click("Update Rules")
	}
	w.Click("View Rules")
	w.Is(`getComputedStyle(document.querySelector('[value="rules.update"]')).visibility === "visible"`)
	w.Click("Update Rules")
	w.Click("Save permissions…")
	w.Says("Nobody loses access by this.")
	w.Click("Save permissions")
	w.Says("The permissions of Rule writers were saved.")
	w.Is(`document.querySelector('[value="rules.update"]').checked`)
}

func (w groupWalk) addPeople() {
	w.Click("Users 0")
	w.Says("Nobody is in this group")
	w.Click("Add users")
	w.Heading("Add users to Rule writers")
	w.typeInto("Search users", "lee")
	w.Click("Ann Lee ann@example.com · Analyst")
	w.Fill("Or paste email addresses (optional)", "nobody@example.com")
	w.Click("Add users")
	w.Says("Nobody with these addresses is in the user list: nobody@example.com.")
	w.Fill("Or paste email addresses (optional)", "bob@example.com")
	w.Click("Add users")
	w.Says("2 users were added.")
	w.Row("Ann Lee", "ann@example.com")
	w.Row("Bob Ray", "bob@example.com")
}

// typeInto searches: with a script while typing, without one by the button.
func (w groupWalk) typeInto(label, text string) {
	w.Fill(label, text)
	if !w.Script {
		w.Click("Search")
	}
}

func (w groupWalk) explain() {
	w.Open("/settings/users")
	w.Click("Actions for Ann Lee")
	w.Click("Permissions")
	w.Heading("Ann Lee")
	w.Says("Rule writers")
}

// leave takes somebody out through their own dialog, which says before what it does.
func (w groupWalk) leave() {
	w.Open("/settings/users")
	w.Click("Actions for Ann Lee")
	w.Click("Groups…")
	w.Heading("Groups of Ann Lee")
	w.Click("Rule writers")
	w.Click("Continue")
	w.Says("1 person loses access by this:", "update Rules")
	w.Click("Save")
	w.Says("The groups of Ann Lee were saved.")
}

func (w groupWalk) remove() {
	w.Open("/settings/groups")
	w.Click("Actions for Rule writers")
	w.Click("Delete")
	w.Says("1 person loses access by this:", "Bob Ray")
	w.Click("Delete")
	w.Says("The group Rule writers was deleted.")
}
