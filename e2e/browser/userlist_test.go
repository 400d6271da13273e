package browser

import (
	"testing"

	"console/e2e/harness"
	"console/e2e/harness/chromium"
	"console/store"
)

func TestBrowserUserList(t *testing.T) {
	t.Parallel()
	walkUserList(t, chromium.Mouse, 1440)
}

func TestBrowserUserListWithoutScriptOnAPhone(t *testing.T) {
	t.Parallel()
	walkUserList(t, chromium.ScriptOff, 390)
}

func TestBrowserUserListByKeyboard(t *testing.T) {
	t.Parallel()
	walkUserList(t, chromium.Keyboard, 1440)
}

// walkUserList does to people all that the list offers.
func walkUserList(t *testing.T, with chromium.Hands, width int) {
	c := harness.Ready(t, nil)
	c.People(
		store.User{FirstName: "Ann", LastName: "Lee", Email: "ann@example.com"},
		store.User{FirstName: "Bob", LastName: "Ray", Email: "bob@example.com"},
		store.User{FirstName: "Cyd", LastName: "Poe", Email: "cyd@example.com"},
	)
	list := userListWalk{chromium.NewTabFor(c, with)}
	list.Resize(width)
	list.Open("/signin")
	list.Fill("Email", harness.AdminEmail)
	list.Fill("Password", harness.AdminPassword)
	list.Click("Sign in")
	list.Heading("Users")

	list.disableTwo()
	list.enableOne()
	list.editOne()
	list.deleteOne()
	list.filter(width)
	if noticed := list.Noticed(); len(noticed) > 0 {
		t.Errorf("the browser noticed %q", noticed)
	}
}

type userListWalk struct {
	*chromium.Tab
}

func (w userListWalk) disableTwo() {
	if w.Script {
		w.Click("Select everybody on this page")
		w.Says("3 users selected") // not oneself
		w.Click("Done")
		w.Is(`!document.querySelector(".bulk-bar.open")`)
	}
	w.Click("Select Ann Lee")
	w.Click("Select Bob Ray")
	if w.Script {
		w.Says("2 users selected")
	}
	w.Click("Disable access (selected users)")
	w.Says("2 users", "Ann Lee", "Bob Ray")
	w.Click("Disable access 2")
	w.Heading("Disable access")
	w.Says("2 done")
	w.Click("Back to users")
	w.Row("Ann Lee", "(disabled)")
	w.Row("Bob Ray", "(disabled)")
}

func (w userListWalk) enableOne() {
	if w.Script { // the bar offers what fits those ticked
		shown := func(action string) string {
			return `document.querySelector(".bulk-bar [value=` + action + `]").checkVisibility()`
		}
		w.Click("Select Ann Lee")
		w.Is(shown("enable") + " && !" + shown("disable"))
		w.Click("Select Cyd Poe")
		w.Is(shown("enable") + " && " + shown("disable"))
		w.Click("Select Ann Lee")
		w.Is("!" + shown("enable") + " && " + shown("disable"))
		w.Click("Done")
	}
	w.Click("Actions for Ann Lee")
	w.Click("Enable access")
	w.Says("The access of Ann Lee is enabled.")
	if !w.Script { // what the button leads to is the person's own page
		w.Open("/settings/users")
	}
	w.Is(`document.querySelectorAll("tr.disabled").length === 1`)
}

func (w userListWalk) editOne() {
	w.Click("Actions for Cyd Poe")
	w.Click("Edit user settings")
	w.Fill("First name", "Cydney")
	w.Click("Save")
	w.Says("The settings of Cydney Poe were saved.")
	if !w.Script { // back on the page from which it was edited
		w.Open("/settings/users")
	}
	w.Row("Cydney Poe")
}

func (w userListWalk) deleteOne() {
	w.Click("Actions for Cydney Poe")
	w.Click("Delete")
	w.Fill("Type cyd@example.com to confirm", "cyd")
	w.Click("Delete")
	w.Says("Type cyd@example.com to confirm.")
	w.Fill("Type cyd@example.com to confirm", "CYD@example.com")
	w.Click("Delete")
	w.Says("Cydney Poe was deleted.")
}

func (w userListWalk) filter(width int) {
	if width == chromium.Narrow {
		w.Click("Filters")
	}
	w.Choose("Role", "Read Only")
	if !w.Script {
		w.Click("Filter")
	}
	w.Says("Nobody here matches these filters")
	w.Is(`document.querySelector("[popovertarget=user-filters]").textContent.trim() === "Filters · 1"`)
	w.Is(`location.search.includes("role=read_only")`)
}
