package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/permission"
	"console/store"
)

func TestInvitedWithoutMailAreSentOneLater(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	c.EndedJob(john.Upload("/settings/users/import", []byte("email,role\nann@example.com,Analyst\n"), "tenant_id", "1", "confirm", "1"))
	c.WantCount(0, "SELECT count(*) FROM deliveries")
	c.WantCount(0, "SELECT count(*) FROM signup_links")
	john.Get("/settings/users?tab=invited").Contains("ann@example.com", "No mail sent yet", "Resend")
	c.WantsCounts(john, "2 1 1 0")

	john.Post(c.Invitation("ann@example.com") + "/resend").To("/settings/users")
	first := c.SignupPath("ann@example.com")
	c.Settled()
	john.Get("/settings/users?tab=invited").Contains("ann@example.com").Lacks("No mail sent yet")
	fresh := john.Post(c.Invitation("ann@example.com") + "/link").Link()
	c.Browser().Get(first).Wants(http.StatusGone).Contains("replaced")
	c.Browser().Get(fresh).Wants(http.StatusOK)
	c.WantsCounts(john, "2 1 1 0")

	john.Get(c.Invitation("ann@example.com") + "/revoke").Wants(http.StatusOK).Contains("ann@example.com")
	revoke := c.Invitation("ann@example.com") + "/revoke"
	john.Post(revoke).To("/settings/users")
	john.Post(revoke).Wants(http.StatusNotFound)
	c.Browser().Get(fresh).Wants(http.StatusGone)
	c.WantsCounts(john, "1 1 0 0")
	c.WantCount(0, "SELECT count(*) FROM groups")
	c.Add(john, "read_only", "Ann", "Again", "ann@example.com")
	c.WantsCounts(john, "2 1 1 0")
}

// Who leaves the role Deploy is invited. While their access is disabled a link would lead nowhere.
func TestDisabledInvitedAreEnabledFirst(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	dan := c.Person(permission.Deploy, "Dan", "", "dan@example.com")
	path := fmt.Sprintf("/settings/users/%d", dan.ID)
	john.Post(path + "/disable").Wants(http.StatusSeeOther)
	john.Post(path+"/groups", "version", fmt.Sprint(c.User("dan@example.com").Version), "role", "analyst").Wants(http.StatusSeeOther)
	john.Get("/settings/users?tab=disabled").Contains("Enable access", path+"/delete").Lacks(`<span class="tag">Invited`, "Resend", "New link", "Revoke")
	for _, refused := range []string{"/resend", "/link"} {
		john.Post(c.Invitation("dan@example.com") + refused).Wants(http.StatusConflict).Contains("Enable access first")
	}
	c.WantCount(0, "SELECT count(*) FROM signup_links")

	john.Post(path + "/enable").Wants(http.StatusSeeOther)
	john.Get("/settings/users?tab=invited").Contains(`<span class="tag">Invited`, "No mail sent yet", "Resend", "New link", "Revoke")
	john.Post(c.Invitation("dan@example.com") + "/resend").To("/settings/users")
	c.Browser().Get(c.SignupPath("dan@example.com")).Wants(http.StatusOK)
}

func TestFC12_RoleChangedBeforeAcceptanceIsTheOneGranted(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	mailed := c.Add(john, "read_only", "Ann", "", "ann@example.com")
	linked := c.InviteByLink(john, "read_only", "bob@example.com")
	for email, path := range map[string]string{"ann@example.com": mailed, "bob@example.com": linked} {
		role := c.Invitation(email) + "/role"
		john.Get(role).Wants(http.StatusOK).Contains(`value="read_only" selected`)
		john.Post(role, "role", "analyst").To("/settings/users")
		john.Get("/settings/users?tab=invited&role=analyst").Contains(email)
		c.Browser().Get(path).Wants(http.StatusOK).Contains("Analyst").Lacks("Read Only")
		c.Browser().Accept(path, email).Wants(http.StatusSeeOther)
		if user, groups := c.User(email), c.GroupsOf(email); user.Role != permission.Analyst || !slices.Equal(groups, []string{"Analysts"}) {
			t.Errorf("%s has the role %s and is in %s", email, user.Role, groups)
		}
		john.Post(role, "role", "admin").Wants(http.StatusNotFound)
	}
	c.WantCount(0, "SELECT count(*) FROM groups WHERE name = 'Read Only'")
	c.WantCount(2, "SELECT count(*) FROM activity WHERE action = 'change role' AND changes = '{\"role\":[\"Read Only\",\"Analyst\"]}'")
}

func TestRoleOfInvitedPeople(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	admin := c.Browse(c.Person(permission.Admin, "Ad", "Min", "admin@example.com"))
	path := c.Add(john, "read_only", "Ann", "", "ann@example.com")
	c.InviteByLink(john, "read_only", "bob@example.com")
	ann, bob := c.Invitation("ann@example.com")+"/role", c.Invitation("bob@example.com")+"/role"

	admin.Get(ann).Lacks("Global")
	admin.Post(ann, "role", "global_read_only").Wants(http.StatusForbidden)
	admin.Post(bob, "role", "global_admin").Wants(http.StatusForbidden)
	john.Post(ann, "role", "emperor").Wants(http.StatusUnprocessableEntity)
	john.Get(bob).Lacks("Deploy")
	john.Post(bob, "role", "deploy").Wants(http.StatusUnprocessableEntity).Contains("never sign in")
	if a, b := c.User("ann@example.com").Role, c.User("bob@example.com").Role; a != permission.ReadOnly || b != permission.ReadOnly {
		t.Errorf("a refused change made the roles %s and %s", a, b)
	}
	for role, groups := range map[string]string{"global_admin": "", "global_analyst": "Global Analysts", "api_developer": "API Developers"} {
		john.Post(ann, "role", role).Wants(http.StatusSeeOther)
		if got := strings.Join(c.GroupsOf("ann@example.com"), ", "); got != groups {
			t.Errorf("as %s Ann is in %q", role, got)
		}
		john.Post(bob, "role", role).Wants(http.StatusSeeOther)
		if got := c.GroupsOf("bob@example.com"); len(got) != 0 {
			t.Errorf("before Bob signs up he is in %q", got)
		}
	}
	john.Post(ann, "role", "deploy").Wants(http.StatusSeeOther)
	c.Browser().Get(path).Wants(http.StatusGone)
	c.WantCount(0, "SELECT count(*) FROM invitations i JOIN users u ON u.id = i.user_id WHERE u.email_key = 'ann@example.com'")
	if user := c.User("ann@example.com"); user.Status() != store.Active || !slices.Equal(c.GroupsOf(user.Email), []string{"Deploy"}) {
		t.Errorf("with the role Deploy Ann is %+v in %s", user, c.GroupsOf(user.Email))
	}
	c.WantsCounts(john, "3 3 1 0")
}

func TestExpiredInvitationsSaySo(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	john := c.BrowseAt(c.User(harness.AdminEmail), clock.Now())
	path := c.InviteByLink(john, "analyst", "ann@example.com") // for an hour
	john.Get("/settings/users?tab=invited").Contains("By link", "until "+clock.Now().Add(time.Hour).UTC().Format("2 Jan 2006, 15:04 UTC")).Lacks("Expired")
	clock.Advance(time.Hour)
	john = c.BrowseAt(c.User(harness.AdminEmail), clock.Now())
	john.Get("/settings/users?tab=invited").Contains("Expired", "since ")
	c.Browser().Get(path).Wants(http.StatusGone).Contains("expired")
	fresh := john.Post(c.Invitation("ann@example.com") + "/link").Link()
	c.Browser().Get(fresh).Wants(http.StatusOK)
	john.Get("/settings/users?tab=invited").Lacks("Expired")
}

func TestFC129_OnlyJoiningTheListIsToldAbout(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	c.SlackTrigger(john, "Administrators", "admin")
	file := "email,role\none@example.com,Administrator\ntwo@example.com,Administrator\nthree@example.com,Analyst\n"
	c.EndedJob(john.Upload("/settings/users/import", []byte(file), "tenant_id", "1", "send_invitations", "1", "confirm", "1"))
	if n := c.Queued("Administrators"); n != 2 {
		t.Errorf("an import of two administrators and an analyst queued %d messages", n)
	}
	one := c.User("one@example.com")
	path := c.SignupPath("one@example.com")
	john.Post(c.Invitation("two@example.com") + "/resend").Wants(http.StatusSeeOther)
	john.Post(c.Invitation("two@example.com") + "/link").Wants(http.StatusOK)
	john.Post(c.Invitation("three@example.com")+"/role", "role", "admin").Wants(http.StatusSeeOther)
	c.Browser().Accept(path, one.Email).Wants(http.StatusSeeOther)
	john.Post(harness.UserPath(one, "disable")).Wants(http.StatusSeeOther)
	john.Post(harness.UserPath(one, "enable")).Wants(http.StatusSeeOther)
	john.Post(harness.UserPath(one, "edit"), "first_name", "X", "version", fmt.Sprint(c.User(one.Email).Version)).Wants(http.StatusSeeOther)
	c.Bulk(john, append(harness.IDPairs(one), "action", "disable")...)
	if n := c.Queued("Administrators"); n != 2 {
		t.Errorf("what came after their joining queued %d more messages", n-2)
	}
}

// TestInviterWithoutMail keeps the links that people were sent by mail when their inviter goes: only links made by
// hand speak for whoever made them.
func TestMailInvitationsOutliveTheirInviter(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	ann := c.Person(permission.Admin, "Ann", "Lee", "ann@example.com")
	path := c.Add(c.Browse(ann), "analyst", "Bob", "", "bob@example.com")
	john.Post(harness.UserPath(ann, "delete"), "confirm_email", ann.Email).Wants(http.StatusSeeOther)
	c.Browser().Get(path).Wants(http.StatusOK).Contains("Ann Lee")
	john.Post(c.Invitation("bob@example.com") + "/resend").Wants(http.StatusSeeOther)
	c.Browser().Get(path).Wants(http.StatusGone)
}
