package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"console/internal/permission"
)

func TestUserPage_ShowsAPersonWithEveryAction(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	c.member(admin, "analyst", "ann@example.com")
	path := fmt.Sprintf("/settings/users/%d", c.user("ann@example.com").ID)
	admin.get(path).wants(http.StatusOK).contains("Mem Ber", "ann@example.com", "Analyst", "Active", `>Analysts</a>`, "by John Doe &lt;johndoe@example.com&gt;", "just now",
		`href="`+path+`/edit"`, `href="`+path+`/groups"`, `href="`+path+`/disable"`, `href="`+path+`/delete"`, `action="`+path+`/password-reset"`, "Disable 2FA").
		lacks("Enable access", "Invitation")
	for _, tab := range []string{"overview", "permissions", "sessions"} {
		admin.get(path + "?tab=" + tab).wants(http.StatusOK).contains(`id="tab-` + tab + `"`)
	}
	admin.post(path + "/disable").wants(http.StatusSeeOther)
	admin.get(path).contains("Disabled", `action="`+path+`/enable"`).lacks(path+"/disable\"", "password-reset")
	admin.get("/settings/users/999999").wants(http.StatusNotFound)
	admin.get("/settings/users/ann").wants(http.StatusNotFound)
	c.browse(c.person(permission.APIDeveloper, "Dev", "", "dev@example.com")).get(path).wants(http.StatusForbidden)
}

func TestUserPage_InvitedPeopleHaveOne(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	c.add(admin, "analyst", "Ann", "Lee", "ann@example.com")
	path, invitation := fmt.Sprintf("/settings/users/%d", c.user("ann@example.com").ID), c.invitation("ann@example.com")
	admin.get(path).wants(http.StatusOK).contains("Invited", "By mail, from John Doe", "The mail ", "Never", `action="`+invitation+`/resend"`,
		`action="`+invitation+`/link"`, `href="`+invitation+`/role"`, `href="`+invitation+`/revoke"`, `href="`+path+`/groups"`).lacks(path+"/disable", path+"/delete")
	c.inviteByLink(admin, "analyst", "bo@example.com")
	path, invitation = fmt.Sprintf("/settings/users/%d", c.user("bo@example.com").ID), c.invitation("bo@example.com")
	admin.get(path).wants(http.StatusOK).contains("By link, from John Doe", "before signing up", `href="`+invitation+`/revoke"`, "by John Doe").
		lacks("/resend", path+"/groups", "The mail")
	admin.get(path + "?tab=permissions").wants(http.StatusOK).contains("Invitation by link")
	admin.get(path+"?tab=sessions").wants(http.StatusOK).contains("bo@example.com is not signed in anywhere.", "Nobody has tried to sign in as bo@example.com")
}

func TestUserPage_SessionsAreForThoseWhoMayManage(t *testing.T) {
	t.Parallel()
	c, _ := startAt(t)
	admin := c.administrator()
	ann := c.member(admin, "analyst", "ann@example.com")
	c.browser().post("/signin", "email", "ann@example.com", "password", "a wrong password").wants(http.StatusUnprocessableEntity)
	path := fmt.Sprintf("/settings/users/%d", c.user("ann@example.com").ID)
	admin.get(path+"?tab=sessions").wants(http.StatusOK).contains("Sign out everywhere", "Sign-in history", "Failed")
	lead := c.browse(c.person(permission.Admin, "Lea", "Der", "lead@example.com"))
	john := fmt.Sprintf("/settings/users/%d", c.user(adminEmail).ID)
	before := c.count(`SELECT count(*) FROM activity`)
	lead.get(john).wants(http.StatusOK).contains("you may not.", "These people can do it", adminEmail).lacks(john+"/edit", john+"/delete", "password-reset")
	lead.get(john+"?tab=sessions").wants(http.StatusOK).contains("you may not.").lacks("Sign out everywhere", "Sign-in history")
	if after := c.count(`SELECT count(*) FROM activity`); after != before {
		t.Error("looking at a page is recorded as a refusal")
	}
	if to := admin.post(path + "/sessions/end").Header.Get("Location"); to != path+"?tab=sessions" {
		t.Errorf("ending sessions leads to %s", to)
	}
	ann.get("/settings/profile").to("/signin")
	admin.get(john+"?tab=sessions").contains("This browser", "Signed in").lacks("Sign out everywhere")
}

func TestUserPage_FormsLeadBackToIt(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	path := fmt.Sprintf("/settings/users/%d", c.person(permission.Analyst, "Ann", "Lee", "ann@example.com").ID)
	admin.Header.Set("Referer", c.URL.String()+path)
	admin.post(path + "/disable").to(path)
	admin.post(path + "/enable").to(path)
	admin.post(path + "/password-reset").to(path)
	admin.post(path+"/delete", "confirm_email", "ann@example.com").to("/settings/users")
}

func TestUserPage_TheAddressOfPermissionsStays(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	path := fmt.Sprintf("/settings/users/%d", c.person(permission.Analyst, "Ann", "Lee", "ann@example.com").ID)
	for _, address := range []string{path + "/permissions", path + "?tab=permissions"} {
		admin.get(address).wants(http.StatusOK).contains("Analysts", "Overview", `id="explanation"`)
	}
}

func TestProfile_ChangesLeadToTheirTab(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	admin.get("/settings/profile").contains(`id="account-title"`).lacks(`id="security-title"`, `id="sessions-title"`, `id="permissions-title"`)
	for tab, part := range map[string]string{"account": "account-title", "security": "security-title", "sessions": "sessions-title", "permissions": "permissions-title"} {
		admin.get("/settings/profile?tab="+tab).wants(http.StatusOK).contains(`id="`+part+`"`, `id="tab-`+tab+`"`)
	}
	changed := admin.post("/settings/profile/password", "current_password", adminPassword, "password", "a new long password", "again", "a new long password")
	if to := changed.Header.Get("Location"); to != "/settings/profile?tab=security" {
		t.Errorf("changing the password leads to %s", to)
	}
	if to := admin.post("/settings/profile/sessions/end").Header.Get("Location"); to != "/settings/profile?tab=sessions" {
		t.Errorf("ending sessions leads to %s", to)
	}
}
