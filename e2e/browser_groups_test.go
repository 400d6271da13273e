package e2e

import (
	"testing"

	"console/store"
)

func TestBrowserGroups(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	walkGroups(t, mouse, 1440)
}

func TestBrowserGroupsWithoutScriptOnAPhone(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	walkGroups(t, scriptOff, 390)
}

func TestBrowserGroupsByKeyboard(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	walkGroups(t, keyboard, 1440)
}

// walkGroups makes a group with permissions of its own, fills it, looks at what that gives, and takes it away again.
func walkGroups(t *testing.T, with hands, width int) {
	c := ready(t, nil)
	c.people(store.User{FirstName: "Ann", LastName: "Lee", Email: "ann@example.com"}, store.User{FirstName: "Bob", LastName: "Ray", Email: "bob@example.com"})
	w := groupWalk{c.tabFor(with)}
	w.resize(width)
	w.open("/signin")
	w.fill("Email", adminEmail)
	w.fill("Password", adminPassword)
	w.click("Sign in")
	w.heading("Users")
	w.click("Groups")
	w.heading("Groups")

	w.create()
	w.permit()
	w.addPeople()
	w.explain()
	w.leave()
	w.remove()
	if noticed := w.noticed(); len(noticed) > 0 {
		t.Errorf("the browser noticed %q", noticed)
	}
}

type groupWalk struct {
	*tab
}

func (w groupWalk) create() {
	w.click("Add new group")
	w.click("Add group")
	w.says("Enter a name.")
	w.fill("Name", "Rule writers")
	w.choose("Source role", "Custom permissions")
	w.click("Add group")
	w.heading("Rule writers")
}

// permit ticks boxes: with a script nothing can be ticked without View; without one the server says so.
func (w groupWalk) permit() {
	if w.script {
		w.is(`document.querySelector('[value="rules.update"]').disabled`)
	} else {
		w.click("Update Rules")
		w.click("Save permissions…")
		w.says("tick View of Rules too")
		w.click("Update Rules")
	}
	w.click("View Rules")
	w.click("Update Rules")
	w.click("Save permissions…")
	w.says("Nobody loses access by this.")
	w.click("Save permissions")
	w.says("The permissions of Rule writers were saved.")
	w.is(`document.querySelector('[value="rules.update"]').checked`)
}

func (w groupWalk) addPeople() {
	w.click("Users 0")
	w.says("Nobody is in this group")
	w.click("Add users")
	w.heading("Add users to Rule writers")
	w.typeInto("Search users", "lee")
	w.click("Ann Lee ann@example.com · Analyst")
	w.fill("Or paste email addresses (optional)", "nobody@example.com")
	w.click("Add users")
	w.says("Nobody with these addresses is in the user list: nobody@example.com.")
	w.fill("Or paste email addresses (optional)", "bob@example.com")
	w.click("Add users")
	w.says("2 users were added.")
	w.row("Ann Lee", "ann@example.com")
	w.row("Bob Ray", "bob@example.com")
}

// typeInto searches: with a script while typing, without one by the button.
func (w groupWalk) typeInto(label, text string) {
	w.fill(label, text)
	if !w.script {
		w.click("Search")
	}
}

func (w groupWalk) explain() {
	w.open("/settings/users")
	w.click("Actions for Ann Lee")
	w.click("Permissions")
	w.heading("Ann Lee")
	w.says("Rule writers")
}

// leave takes somebody out through their own dialog, which says before what it does.
func (w groupWalk) leave() {
	w.open("/settings/users")
	w.click("Actions for Ann Lee")
	w.click("Groups…")
	w.heading("Groups of Ann Lee")
	w.click("Rule writers")
	w.click("Continue")
	w.says("1 person loses access by this:", "update Rules")
	w.click("Save")
	w.says("The groups of Ann Lee were saved.")
}

func (w groupWalk) remove() {
	w.open("/settings/groups")
	w.click("Actions for Rule writers")
	w.click("Delete")
	w.says("1 person loses access by this:", "Bob Ray")
	w.click("Delete")
	w.says("The group Rule writers was deleted.")
}
