package browser

import (
	"testing"

	"console/e2e/harness"
	"console/e2e/harness/chromium"
	"console/store"
)

// On a telephone the first person stands on the first screen: filters, export and import fold away.
func TestBrowserFirstPersonIsOnTheFirstScreenOfAPhone(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]bool{"with script": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := harness.Ready(t, nil)
			c.People(harness.Crowd(60, "Person")...)
			tab := chromium.NewTab(c, script)
			tab.Adopt(c.Administrator())
			tab.ResizeTo(chromium.Narrow, 844)
			tab.Open("/settings/users")
			tab.Heading("Users")
			tab.Is(`document.querySelector("tbody tr").getBoundingClientRect().bottom <= innerHeight`)
			tab.Is(`document.documentElement.scrollWidth <= innerWidth`)
			tab.Is(`(() => { // side by side
				const [search, filters, tools] = [".search", "[popovertarget=user-filters]", "[popovertarget=user-tools]"]
					.map((part) => document.querySelector(part).getBoundingClientRect());
				return search.right <= filters.left && filters.right <= tools.left && search.width > 150;
			})()`)

			tab.Click("Export and import")
			tab.Find("Export", "link")
			tab.Find("Import", "link")
			tab.Open("/settings/users?twofa=off")
			tab.Click("Filters · 1")
			tab.Choose("Role", "Read Only")
			if !script {
				tab.Click("Filter")
			}
			tab.Is(`document.querySelector("[popovertarget=user-filters]").textContent.trim() === "Filters · 2"`)
			tab.Is(`location.search.includes("role=read_only")`)
		})
	}
}

// The dialog says what the choice of a tenant means when it does mean something, and fits a small window then too.
func TestBrowserAddNewUserFitsAndSaysWhatMatters(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	john := c.Administrator()
	c.NewTenant(john, "Staging")
	c.NewGroup(john, "Ours", []string{"1"}, []string{"rules.view"})
	c.People(store.User{FirstName: "Ann", Email: "ann@example.com"})
	tab := chromium.NewTab(c, true)
	tab.Adopt(john)
	tab.ResizeTo(1280, 720)
	tab.Open("/settings/users")
	tab.Click("Add new user")
	tab.Heading("Add new user")
	shown := func(part string) string { return `document.querySelector("dialog ` + part + `").checkVisibility()` }
	fits := func() {
		t.Helper()
		tab.Is(`(() => {
			const dialog = document.querySelector("dialog[open]"), {top, bottom} = dialog.getBoundingClientRect();
			return dialog.scrollHeight <= dialog.clientHeight && top >= 0 && bottom <= innerHeight;
		})()`)
	}
	tab.Is(shown(".tenant-choice") + " && !" + shown(".of-global-role") + " && !" + shown(".of-outside"))
	fits()
	tab.Choose("Role", "Administrator")
	tab.Is("!" + shown(".of-outside"))
	tab.Choose("Access to", "Staging 2")
	tab.Is(shown(".of-outside") + " && !" + shown(".of-global-role"))
	fits()
	tab.Choose("Role", "Global Read Only")
	tab.Is("!" + shown(".tenant-choice") + " && !" + shown(".of-outside") + " && " + shown(".of-global-role"))
	fits()
}
