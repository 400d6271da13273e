package e2e

import (
	"net/http"
	"strings"
	"testing"

	"console/e2e/harness"
	"console/internal/permission"
	"console/store"
)

func TestFC93_StaleEditOfAPersonIsRefused(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	ann := c.Person(permission.Analyst, "Ann", "Lee", "ann@example.com")
	path := harness.UserPath(ann, "edit")
	first, second := john.Get(path).Wants(http.StatusOK).Version(), john.Get(path).Version()
	john.Post(path, "first_name", "Anna", "last_name", "Lee", "version", first).To("/settings/users")

	stale := john.Post(path, "first_name", "Annabel", "last_name", "Li", "version", second).Wants(http.StatusConflict)
	stale.Contains("the name is now “Anna Lee”", `value="Annabel"`, `value="Li"`)
	if name := c.User("ann@example.com").Name(); name != "Anna Lee" {
		t.Errorf("the stale form made the name %s", name)
	}
	john.Post(path, "first_name", "Annabel", "last_name", "Li", "version", stale.Version()).Wants(http.StatusSeeOther)
	if name := c.User("ann@example.com").Name(); name != "Annabel Li" {
		t.Errorf("saved again, the name is %s", name)
	}
	if n := c.Entries("edit user", "done"); n != 2 {
		t.Errorf("%d entries of 2 changes", n)
	}
}

func TestEditChangesTheNameAndNothingElse(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	ann := c.Person(permission.Analyst, "Ann", "Lee", "ann@example.com")
	path := harness.UserPath(ann, "edit")
	john.Post(path, "first_name", "Anna", "last_name", "Lee").Wants(http.StatusUnprocessableEntity).Contains("Reload the page", `value="Anna"`)
	version := john.Get(path).Version()
	for name, problem := range map[string]string{strings.Repeat("W", 256): "at most 255 characters", "": "Enter a first name", "A\u202eb": "writing direction", "A\x00b": "control characters"} {
		john.Post(path, "first_name", name, "version", version).Wants(http.StatusUnprocessableEntity).Contains(problem)
	}
	john.Post(path, "first_name", "מרים", "last_name", "", "version", version, "role", "global_admin", "email", "evil@example.com",
		"id", "1", "disabled_at", "1").Wants(http.StatusSeeOther)
	after := c.User("ann@example.com")
	if after.Name() != "מרים" || after.Role != permission.Analyst || after.Status() != store.Active {
		t.Errorf("the form changed more: %+v", after)
	}
	john.Get("/settings/users/999/edit").Wants(http.StatusNotFound)
	john.Get("/settings/users/x/edit").Wants(http.StatusNotFound)
}
