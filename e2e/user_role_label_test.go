package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"console/e2e/harness"
	"console/internal/permission"
)

// Who is in no automatic group of their role gets nothing by another one: the preview says so, and offers the group.
func TestARoleFromWhichNothingFollowsOffersItsGroup(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	staging := c.NewTenant(john, "Staging")
	ann := c.Person(permission.Analyst, "Ann", "Lee", "ann@example.com")
	path := harness.UserPath(ann, "groups")
	version := func() string { return fmt.Sprint(c.User(ann.Email).Version) }
	const nothing = "Nothing follows from the role Read Only: Ann Lee is in no group of it."

	analysts := c.Cell(`SELECT id FROM groups WHERE automatic = 1 AND role = 'analyst'`)
	john.Post(path, "role", "read_only", "group_ids", "", "group_ids", analysts, "version", version(), "review", "1").
		Wants(http.StatusOK).Lacks("Nothing follows")
	john.Post(path, "role", "analyst", "group_ids", "", "version", version()).Wants(http.StatusSeeOther)

	john.Post(path, "role", "read_only", "group_ids", "", "version", version(), "review", "1").
		Wants(http.StatusOK).
		Contains(nothing, `name="automatic_tenant"`, `value="`+staging+`"`, `name="review" value="automatic"`).
		Lacks(`name="automatic" `)
	offered := john.Post(path, "role", "read_only", "group_ids", "", "version", version(), "review", "automatic", "automatic_tenant", staging)
	offered.Wants(http.StatusOK).Contains(`name="automatic" value="`+staging+`"`, "automatic group of the role in Staging", "New permissions are given").Lacks("Nothing follows")
	c.WantCount(0, `SELECT count(*) FROM groups WHERE automatic = 1 AND role = 'read_only'`)

	// The choice that stands in the preview and was not taken changes nothing.
	john.Post(path, "role", "read_only", "group_ids", "", "version", version(), "automatic_tenant", staging).Wants(http.StatusSeeOther)
	if groups := c.GroupsOf(ann.Email); len(groups) != 0 || !c.User(ann.Email).ByGroups {
		t.Errorf("Ann is in %q", groups)
	}
	john.Post(path, "role", "api_developer", "group_ids", "", "version", version(), "automatic", staging).Wants(http.StatusSeeOther)
	if groups := c.GroupsOf(ann.Email); len(groups) != 1 || c.User(ann.Email).ByGroups {
		t.Errorf("Ann is in %q", groups)
	}
	john.Post(path, "role", "read_only", "group_ids", "", "version", version(), "automatic", "999").Wants(http.StatusUnprocessableEntity)

	// Who may not give the role in a tenant is offered no group there, and refused (rule "may grant").
	outside := c.Person(permission.Analyst, "Out", "", "out@example.com")
	c.Exec(`DELETE FROM group_users WHERE user_id = $1`, outside.ID)
	c.Exec(`UPDATE users SET by_groups = 1 WHERE id = $1`, outside.ID)
	admin := c.Browse(c.Person(permission.Admin, "Ad", "Min", "admin@example.com"))
	fields := []string{"role", "read_only", "group_ids", "", "version", fmt.Sprint(outside.Version)}
	admin.Post(harness.UserPath(outside, "groups"), append(fields, "review", "1")...).
		Contains("Nothing follows", `value="1"`).Lacks(`<option value="` + staging + `"`)
	admin.Post(harness.UserPath(outside, "groups"), append(fields, "automatic", staging)...).Wants(http.StatusForbidden)
}
