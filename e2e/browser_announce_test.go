package e2e

import (
	"fmt"
	"testing"

	"console/store"
)

func TestBrowserAnnouncesWhoWasFound(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	c := ready(t, nil)
	admin := c.browse(c.user(adminEmail))
	path := c.newGroup(admin, "Night shift", []string{"1"}, []string{"rules.view"})
	c.people(store.User{FirstName: "Ann", LastName: "Lee", Email: "ann@example.com"}, store.User{FirstName: "Bob", LastName: "Ray", Email: "bob@example.com"})
	b := admin.tab()
	hears := func(text string) {
		t.Helper()
		b.is(fmt.Sprintf(`document.getElementById("announcer").textContent === %q`, text))
	}
	b.open(path + "/users/add")
	b.fill("Search users", "example.com")
	hears("3 users shown")
	b.fill("Search users", "ann")
	hears("1 user shown")
	b.click("Ann Lee ann@example.com · Analyst")
	b.fill("Search users", "nobody")
	hears("Nobody matches “nobody”.")
	b.click("Add users")
	b.says("1 user was added.")

	b.fill("Search users of the group", "bob")
	hears("0 users")
	b.fill("Search users of the group", "lee")
	hears("1 user")
	b.click("Permissions")
	hears("Night shift")
}
