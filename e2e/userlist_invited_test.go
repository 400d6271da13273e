package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"console/internal/permission"
	"console/store"
)

func TestInvitedWithoutMailAreSentOneLater(t *testing.T) {
	t.Parallel()
	c, john := signedIn(t, nil)
	c.endedJob(john.upload("/settings/users/import", []byte("email,role\nann@example.com,Analyst\n"), "tenant_id", "1", "confirm", "1"))
	c.wantCount(0, "SELECT count(*) FROM deliveries")
	c.wantCount(0, "SELECT count(*) FROM signup_links")
	john.get("/settings/users?tab=invited").contains("ann@example.com", "No mail sent yet", "Resend")
	c.wantsCounts(john, "2 1 1 0")

	john.post(c.invitation("ann@example.com") + "/resend").to("/settings/users")
	first := c.signupPath("ann@example.com")
	c.settled()
	john.get("/settings/users?tab=invited").contains("ann@example.com").lacks("No mail sent yet")
	fresh := john.post(c.invitation("ann@example.com") + "/link").link()
	c.browser().get(first).wants(http.StatusGone).contains("replaced")
	c.browser().get(fresh).wants(http.StatusOK)
	c.wantsCounts(john, "2 1 1 0")

	john.get(c.invitation("ann@example.com") + "/revoke").wants(http.StatusOK).contains("ann@example.com")
	revoke := c.invitation("ann@example.com") + "/revoke"
	john.post(revoke).to("/settings/users")
	john.post(revoke).wants(http.StatusNotFound)
	c.browser().get(fresh).wants(http.StatusGone)
	c.wantsCounts(john, "1 1 0 0")
	c.wantCount(0, "SELECT count(*) FROM groups")
	c.add(john, "read_only", "Ann", "Again", "ann@example.com")
	c.wantsCounts(john, "2 1 1 0")
}

// Who leaves the role Deploy is invited. While their access is disabled a link would lead nowhere.
func TestDisabledInvitedAreEnabledFirst(t *testing.T) {
	t.Parallel()
	c, john := signedIn(t, nil)
	dan := c.person(permission.Deploy, "Dan", "", "dan@example.com")
	path := fmt.Sprintf("/settings/users/%d", dan.ID)
	john.post(path + "/disable").wants(http.StatusSeeOther)
	john.post(path+"/groups", "version", fmt.Sprint(c.user("dan@example.com").Version), "role", "analyst").wants(http.StatusSeeOther)
	john.get("/settings/users?tab=disabled").contains("Enable access", path+"/delete").lacks(`<span class="tag">Invited`, "Resend", "New link", "Revoke")
	for _, refused := range []string{"/resend", "/link"} {
		john.post(c.invitation("dan@example.com") + refused).wants(http.StatusConflict).contains("Enable access first")
	}
	c.wantCount(0, "SELECT count(*) FROM signup_links")

	john.post(path + "/enable").wants(http.StatusSeeOther)
	john.get("/settings/users?tab=invited").contains(`<span class="tag">Invited`, "No mail sent yet", "Resend", "New link", "Revoke")
	john.post(c.invitation("dan@example.com") + "/resend").to("/settings/users")
	c.browser().get(c.signupPath("dan@example.com")).wants(http.StatusOK)
}

func TestFC12_RoleChangedBeforeAcceptanceIsTheOneGranted(t *testing.T) {
	t.Parallel()
	c, john := signedIn(t, nil)
	mailed := c.add(john, "read_only", "Ann", "", "ann@example.com")
	linked := c.inviteByLink(john, "read_only", "bob@example.com")
	for email, path := range map[string]string{"ann@example.com": mailed, "bob@example.com": linked} {
		role := c.invitation(email) + "/role"
		john.get(role).wants(http.StatusOK).contains(`value="read_only" selected`)
		john.post(role, "role", "analyst").to("/settings/users")
		john.get("/settings/users?tab=invited&role=analyst").contains(email)
		c.browser().get(path).wants(http.StatusOK).contains("Analyst").lacks("Read Only")
		c.browser().accept(path, email).wants(http.StatusSeeOther)
		if user, groups := c.user(email), c.groupsOf(email); user.Role != permission.Analyst || !slices.Equal(groups, []string{"Analysts"}) {
			t.Errorf("%s has the role %s and is in %s", email, user.Role, groups)
		}
		john.post(role, "role", "admin").wants(http.StatusNotFound)
	}
	c.wantCount(0, "SELECT count(*) FROM groups WHERE name = 'Read Only'")
	c.wantCount(2, "SELECT count(*) FROM activity WHERE action = 'change role' AND changes = '{\"role\":[\"Read Only\",\"Analyst\"]}'")
}

func TestRoleOfInvitedPeople(t *testing.T) {
	t.Parallel()
	c, john := signedIn(t, nil)
	admin := c.browse(c.person(permission.Admin, "Ad", "Min", "admin@example.com"))
	path := c.add(john, "read_only", "Ann", "", "ann@example.com")
	c.inviteByLink(john, "read_only", "bob@example.com")
	ann, bob := c.invitation("ann@example.com")+"/role", c.invitation("bob@example.com")+"/role"

	admin.get(ann).lacks("Global")
	admin.post(ann, "role", "global_read_only").wants(http.StatusForbidden)
	admin.post(bob, "role", "global_admin").wants(http.StatusForbidden)
	john.post(ann, "role", "emperor").wants(http.StatusUnprocessableEntity)
	john.get(bob).lacks("Deploy")
	john.post(bob, "role", "deploy").wants(http.StatusUnprocessableEntity).contains("never sign in")
	if a, b := c.user("ann@example.com").Role, c.user("bob@example.com").Role; a != permission.ReadOnly || b != permission.ReadOnly {
		t.Errorf("a refused change made the roles %s and %s", a, b)
	}
	for role, groups := range map[string]string{"global_admin": "", "global_analyst": "Global Analysts", "api_developer": "API Developers"} {
		john.post(ann, "role", role).wants(http.StatusSeeOther)
		if got := strings.Join(c.groupsOf("ann@example.com"), ", "); got != groups {
			t.Errorf("as %s Ann is in %q", role, got)
		}
		john.post(bob, "role", role).wants(http.StatusSeeOther)
		if got := c.groupsOf("bob@example.com"); len(got) != 0 {
			t.Errorf("before Bob signs up he is in %q", got)
		}
	}
	john.post(ann, "role", "deploy").wants(http.StatusSeeOther)
	c.browser().get(path).wants(http.StatusGone)
	c.wantCount(0, "SELECT count(*) FROM invitations i JOIN users u ON u.id = i.user_id WHERE u.email_key = 'ann@example.com'")
	if user := c.user("ann@example.com"); user.Status() != store.Active || !slices.Equal(c.groupsOf(user.Email), []string{"Deploy"}) {
		t.Errorf("with the role Deploy Ann is %+v in %s", user, c.groupsOf(user.Email))
	}
	c.wantsCounts(john, "3 3 1 0")
}

func TestExpiredInvitationsSaySo(t *testing.T) {
	t.Parallel()
	c, clock := startAt(t)
	john := c.browseAt(c.user(adminEmail), clock.Now())
	path := c.inviteByLink(john, "analyst", "ann@example.com") // for an hour
	john.get("/settings/users?tab=invited").contains("By link", "until "+clock.Now().Add(time.Hour).UTC().Format("2 Jan 2006, 15:04 UTC")).lacks("Expired")
	clock.Advance(time.Hour)
	john = c.browseAt(c.user(adminEmail), clock.Now())
	john.get("/settings/users?tab=invited").contains("Expired", "since ")
	c.browser().get(path).wants(http.StatusGone).contains("expired")
	fresh := john.post(c.invitation("ann@example.com") + "/link").link()
	c.browser().get(fresh).wants(http.StatusOK)
	john.get("/settings/users?tab=invited").lacks("Expired")
}

func TestFC129_OnlyJoiningTheListIsToldAbout(t *testing.T) {
	t.Parallel()
	c, john := signedIn(t, nil)
	c.slackTrigger(john, "Administrators", "admin")
	file := "email,role\none@example.com,Administrator\ntwo@example.com,Administrator\nthree@example.com,Analyst\n"
	c.endedJob(john.upload("/settings/users/import", []byte(file), "tenant_id", "1", "send_invitations", "1", "confirm", "1"))
	if n := c.queued("Administrators"); n != 2 {
		t.Errorf("an import of two administrators and an analyst queued %d messages", n)
	}
	one := c.user("one@example.com")
	path := c.signupPath("one@example.com")
	john.post(c.invitation("two@example.com") + "/resend").wants(http.StatusSeeOther)
	john.post(c.invitation("two@example.com") + "/link").wants(http.StatusOK)
	john.post(c.invitation("three@example.com")+"/role", "role", "admin").wants(http.StatusSeeOther)
	c.browser().accept(path, one.Email).wants(http.StatusSeeOther)
	john.post(userPath(one, "disable")).wants(http.StatusSeeOther)
	john.post(userPath(one, "enable")).wants(http.StatusSeeOther)
	john.post(userPath(one, "edit"), "first_name", "X", "version", fmt.Sprint(c.user(one.Email).Version)).wants(http.StatusSeeOther)
	c.bulk(john, append(idPairs(one), "action", "disable")...)
	if n := c.queued("Administrators"); n != 2 {
		t.Errorf("what came after their joining queued %d more messages", n-2)
	}
}

// TestInviterWithoutMail keeps the links that people were sent by mail when their inviter goes: only links made by
// hand speak for whoever made them.
func TestMailInvitationsOutliveTheirInviter(t *testing.T) {
	t.Parallel()
	c, john := signedIn(t, nil)
	ann := c.person(permission.Admin, "Ann", "Lee", "ann@example.com")
	path := c.add(c.browse(ann), "analyst", "Bob", "", "bob@example.com")
	john.post(userPath(ann, "delete"), "confirm_email", ann.Email).wants(http.StatusSeeOther)
	c.browser().get(path).wants(http.StatusOK).contains("Ann Lee")
	john.post(c.invitation("bob@example.com") + "/resend").wants(http.StatusSeeOther)
	c.browser().get(path).wants(http.StatusGone)
}
