package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"console/e2e/harness"
	"console/internal/permission"
	"console/store"
)

func TestFC40_DeletedPersonsOpenPageDoesNothing(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	ann := c.Person(permission.Admin, "Ann", "Lee", "ann@example.com")
	open := c.Browse(ann)
	token := open.Token()
	john.Post(harness.UserPath(ann, "delete"), "confirm_email", "ANN@example.com").To("/settings/users")
	open.PostForm("/settings/users/new", "csrf_token", token, "role", "analyst", "email", "late@example.com", "tenant_id", "1").To("/signin")
	open.Get("/settings/users").Wants(http.StatusSeeOther)
	if n := c.Count("SELECT count(*) FROM users WHERE email_key = 'late@example.com'") + c.Sessions(ann); n != 0 {
		t.Error("a deleted person has acted, or is signed in")
	}
}

func TestFC58_DeleteOfAPersonWithAPast(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	ann := c.Person(permission.Admin, "Ann", "Lee", "ann@example.com")
	by := c.Browse(ann)
	c.SlackTrigger(by, "Told")
	by.Post("/settings/users/new", "role", "analyst", "first_name", "Bob", "email", "bob@example.com", "tenant_id", "1").
		Wants(http.StatusSeeOther)
	link := by.Post("/settings/users/invite-link", "role", "read_only", "duration", "1d", "email", "eve@example.com", "tenant_id", "1").
		Wants(http.StatusOK).
		Link()
	c.Receiver.Wait(t, 1)

	john.Get(harness.UserPath(ann, "delete")).
		Wants(http.StatusOK).
		Contains("Type ann@example.com to confirm", "eve@example.com</a> (Read Only)").
		Lacks("bob@example.com")
	for _, typed := range []string{"", "ann", "bob@example.com"} {
		john.Post(harness.UserPath(ann, "delete"), "confirm_email", typed).
			Wants(http.StatusUnprocessableEntity).
			Contains("Type ann@example.com to confirm.")
	}
	john.Post(harness.UserPath(ann, "delete"), "confirm_email", " Ann@Example.com ").To("/settings/users")
	john.Get("/settings/users").Lacks("ann@example.com").Contains("bob@example.com")
	c.Browser().Get(link).Wants(http.StatusGone)
	if n := c.Count("SELECT count(*) FROM users WHERE email_key IN ('ann@example.com', 'eve@example.com')"); n != 0 {
		t.Errorf("%d of those who should be gone are there", n)
	}
	if n := c.Count("SELECT count(*) FROM groups WHERE name = 'Administrators'"); n != 0 {
		t.Error("an automatic group without members is left")
	}
	john.Post(harness.UserPath(ann, "delete"), "confirm_email", "ann@example.com").Wants(http.StatusNotFound)

	c.Add(john, "analyst", "Ann", "Again", "ann@example.com")
	if again := c.User("ann@example.com"); again.ID <= ann.ID || again.Status() != store.Invited {
		t.Errorf("Ann came back as %+v, having been %d", again, ann.ID)
	}
}

func TestFC137_HistoryOutlivesThePerson(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	ann := c.Person(permission.Admin, "Ann", "Lee", "ann@example.com")
	by := c.Browse(ann)
	for i := range 3 {
		by.Post("/settings/users/new", "role", "analyst", "email", fmt.Sprintf("n%d@example.com", i), "tenant_id", "1").Wants(http.StatusSeeOther)
	}
	entries := "SELECT at || actor || action || object || outcome || changes FROM activity ORDER BY id"
	before := c.Column(entries)
	john.Post(harness.UserPath(ann, "delete"), "confirm_email", ann.Email).Wants(http.StatusSeeOther)
	after := c.Column(entries)
	if len(after) != len(before)+1 || !slices.Equal(after[:len(before)], before) {
		t.Errorf("the log was\n%s\nand is\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
	}
	c.WantCount(
		1,
		"SELECT count(*) FROM activity WHERE action = 'delete user' AND object_id = $1 AND object = 'Ann Lee <ann@example.com>'",
		ann.ID,
	)
	c.WantCount(3, "SELECT count(*) FROM activity WHERE actor_id = $1 AND actor = 'Ann Lee <ann@example.com>'", ann.ID)
}
