package e2e

import (
	"testing"

	"console/store"
)

func TestBrowserUserList(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	walkUserList(t, mouse, 1440)
}

func TestBrowserUserListWithoutScriptOnAPhone(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	walkUserList(t, scriptOff, 390)
}

func TestBrowserUserListByKeyboard(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	walkUserList(t, keyboard, 1440)
}

// walkUserList does to people all that the list offers.
func walkUserList(t *testing.T, with hands, width int) {
	c := ready(t, nil)
	c.people(store.User{FirstName: "Ann", LastName: "Lee", Email: "ann@example.com"}, store.User{FirstName: "Bob", LastName: "Ray", Email: "bob@example.com"},
		store.User{FirstName: "Cyd", LastName: "Poe", Email: "cyd@example.com"})
	list := userListWalk{c.tabFor(with)}
	list.resize(width)
	list.open("/signin")
	list.fill("Email", adminEmail)
	list.fill("Password", adminPassword)
	list.click("Sign in")
	list.heading("Users")

	list.disableTwo()
	list.enableOne()
	list.editOne()
	list.deleteOne()
	list.filter()
	if noticed := list.noticed(); len(noticed) > 0 {
		t.Errorf("the browser noticed %q", noticed)
	}
}

type userListWalk struct {
	*tab
}

func (w userListWalk) disableTwo() {
	if w.script {
		w.click("Select everybody on this page")
		w.says("4 users selected")
		w.click("Done")
		w.is(`!document.querySelector(".bulk-bar.open")`)
	}
	w.click("Select Ann Lee")
	w.click("Select Bob Ray")
	if w.script {
		w.says("2 users selected")
	}
	w.click("Disable access (selected users)")
	w.says("2 users", "Ann Lee", "Bob Ray")
	w.click("Disable access 2")
	w.heading("Disable access")
	w.says("2 done")
	w.click("Back to users")
	w.row("Ann Lee", "(disabled)")
	w.row("Bob Ray", "(disabled)")
}

func (w userListWalk) enableOne() {
	w.click("Actions for Ann Lee")
	w.click("Enable access")
	w.says("The access of Ann Lee is enabled.")
	w.is(`document.querySelectorAll("tr.disabled").length === 1`)
}

func (w userListWalk) editOne() {
	w.click("Actions for Cyd Poe")
	w.click("Edit user settings")
	w.fill("First name", "Cydney")
	w.click("Save")
	w.says("The settings of Cydney Poe were saved.")
	w.row("Cydney Poe")
}

func (w userListWalk) deleteOne() {
	w.click("Actions for Cydney Poe")
	w.click("Delete")
	w.fill("Type cyd@example.com to confirm", "cyd")
	w.click("Delete")
	w.says("Type cyd@example.com to confirm.")
	w.fill("Type cyd@example.com to confirm", "CYD@example.com")
	w.click("Delete")
	w.says("Cydney Poe was deleted.")
}

func (w userListWalk) filter() {
	w.choose("Role", "Read Only")
	if !w.script {
		w.click("Filter")
	}
	w.says("Nobody here matches these filters")
	w.is(`location.search.includes("role=read_only")`)
}
