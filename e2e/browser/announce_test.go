package browser

import (
	"fmt"
	"testing"

	"console/e2e/harness"
	"console/e2e/harness/chromium"
	"console/store"
)

func TestBrowserAnnouncesWhoWasFound(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Browse(c.User(harness.AdminEmail))
	path := c.NewGroup(admin, "Night shift", []string{"1"}, []string{"rules.view"})
	c.People(
		store.User{FirstName: "Ann", LastName: "Lee", Email: "ann@example.com"},
		store.User{FirstName: "Bob", LastName: "Ray", Email: "bob@example.com"},
	)
	b := chromium.TabOf(admin)
	hears := func(text string) {
		t.Helper()
		b.Is(fmt.Sprintf(`document.getElementById("announcer").textContent === %q`, text))
	}
	b.Open(path + "/users/add")
	b.Fill("Search users", "example.com")
	hears("3 users shown")
	b.Fill("Search users", "ann")
	hears("1 user shown")
	b.Click("Ann Lee ann@example.com · Analyst")
	b.Fill("Search users", "nobody")
	hears("Nobody matches “nobody”.")
	b.Click("Add users")
	b.Says("1 user was added.")

	b.Fill("Search users of the group", "bob")
	hears("0 users")
	b.Fill("Search users of the group", "lee")
	hears("1 user")
	b.Click("Permissions")
	hears("Night shift")
}
