package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"console/e2e/harness"
	"console/internal/permission"
)

func TestUserPage_ShowsAPersonWithEveryAction(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	c.Member(admin, "analyst", "ann@example.com")
	path := fmt.Sprintf("/settings/users/%d", c.User("ann@example.com").ID)
	admin.Get(path).
		Wants(http.StatusOK).
		Contains("Mem Ber", "ann@example.com", "Analyst", "Active", `>Analysts</a>`, "by John Doe &lt;johndoe@example.com&gt;", "just now",
			`href="`+path+`/edit"`, `href="`+path+`/groups"`, `href="`+path+`/disable"`, `href="`+path+`/delete"`, `action="`+path+`/password-reset"`, "Disable 2FA").
		Lacks("Enable access", "Invitation")
	for _, tab := range []string{"overview", "permissions", "sessions"} {
		admin.Get(path + "?tab=" + tab).Wants(http.StatusOK).Contains(`id="tab-` + tab + `"`)
	}
	admin.Post(path + "/disable").Wants(http.StatusSeeOther)
	admin.Get(path).Contains("Disabled", `action="`+path+`/enable"`).Lacks(path+"/disable\"", "password-reset")
	admin.Get("/settings/users/999999").Wants(http.StatusNotFound)
	admin.Get("/settings/users/ann").Wants(http.StatusNotFound)
	c.Browse(c.Person(permission.APIDeveloper, "Dev", "", "dev@example.com")).Get(path).Wants(http.StatusForbidden)
}

func TestUserPage_InvitedPeopleHaveOne(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	c.Add(admin, "analyst", "Ann", "Lee", "ann@example.com")
	path, invitation := fmt.Sprintf("/settings/users/%d", c.User("ann@example.com").ID), c.Invitation("ann@example.com")
	admin.Get(path).Wants(http.StatusOK).Contains("Invited", "By mail, from John Doe", "The mail ", "Never", `action="`+invitation+`/resend"`,
		`action="`+invitation+`/link"`, `href="`+invitation+`/role"`, `href="`+invitation+`/revoke"`, `href="`+path+`/groups"`).
		Lacks(path+"/disable", path+"/delete")
	c.InviteByLink(admin, "analyst", "bo@example.com")
	path, invitation = fmt.Sprintf("/settings/users/%d", c.User("bo@example.com").ID), c.Invitation("bo@example.com")
	admin.Get(path).
		Wants(http.StatusOK).
		Contains("By link, from John Doe", "before signing up", `href="`+invitation+`/revoke"`, "by John Doe").
		Lacks("/resend", path+"/groups", "The mail")
	admin.Get(path + "?tab=permissions").Wants(http.StatusOK).Contains("Invitation by link")
	admin.Get(path+"?tab=sessions").
		Wants(http.StatusOK).
		Contains("bo@example.com is not signed in anywhere.", "Nobody has tried to sign in as bo@example.com")
}

func TestUserPage_SessionsAreForThoseWhoMayManage(t *testing.T) {
	t.Parallel()
	c, _ := harness.StartAt(t)
	admin := c.SignedInByPassword()
	ann := c.Member(admin, "analyst", "ann@example.com")
	c.Browser().Post("/signin", "email", "ann@example.com", "password", "a wrong password").Wants(http.StatusUnprocessableEntity)
	path := fmt.Sprintf("/settings/users/%d", c.User("ann@example.com").ID)
	admin.Get(path+"?tab=sessions").Wants(http.StatusOK).Contains("Sign out everywhere", "Sign-in history", "Failed")
	lead := c.Browse(c.Person(permission.Admin, "Lea", "Der", "lead@example.com"))
	john := fmt.Sprintf("/settings/users/%d", c.User(harness.AdminEmail).ID)
	before := c.Count(`SELECT count(*) FROM activity`)
	lead.Get(john).
		Wants(http.StatusOK).
		Contains("you may not.", "These people can do it", harness.AdminEmail).
		Lacks(john+"/edit", john+"/delete", "password-reset")
	lead.Get(john+"?tab=sessions").Wants(http.StatusOK).Contains("you may not.").Lacks("Sign out everywhere", "Sign-in history")
	if after := c.Count(`SELECT count(*) FROM activity`); after != before {
		t.Error("looking at a page is recorded as a refusal")
	}
	if to := admin.Post(path + "/sessions/end").Header.Get("Location"); to != path+"?tab=sessions" {
		t.Errorf("ending sessions leads to %s", to)
	}
	ann.Get("/settings/profile").To("/signin")
	admin.Get(john+"?tab=sessions").Contains("This browser", "Signed in").Lacks("Sign out everywhere")
}

func TestUserPage_FormsLeadBackToIt(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	path := fmt.Sprintf("/settings/users/%d", c.Person(permission.Analyst, "Ann", "Lee", "ann@example.com").ID)
	admin.Header.Set("Referer", c.URL.String()+path)
	admin.Post(path + "/disable").To(path)
	admin.Post(path + "/enable").To(path)
	admin.Post(path + "/password-reset").To(path)
	admin.Post(path+"/delete", "confirm_email", "ann@example.com").To("/settings/users")
}

func TestUserPage_TheAddressOfPermissionsStays(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	path := fmt.Sprintf("/settings/users/%d", c.Person(permission.Analyst, "Ann", "Lee", "ann@example.com").ID)
	for _, address := range []string{path + "/permissions", path + "?tab=permissions"} {
		admin.Get(address).Wants(http.StatusOK).Contains("Analysts", "Overview", `id="explanation"`)
	}
}

func TestProfile_ChangesLeadToTheirTab(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	admin.Get("/settings/profile").Contains(`id="account-title"`).Lacks(`id="security-title"`, `id="sessions-title"`, `id="permissions-title"`)
	for tab, part := range map[string]string{"account": "account-title", "security": "security-title", "sessions": "sessions-title", "permissions": "permissions-title"} {
		admin.Get("/settings/profile?tab="+tab).Wants(http.StatusOK).Contains(`id="`+part+`"`, `id="tab-`+tab+`"`)
	}
	changed := admin.Post(
		"/settings/profile/password",
		"current_password",
		harness.AdminPassword,
		"password",
		"a new long password",
		"again",
		"a new long password",
	)
	if to := changed.Header.Get("Location"); to != "/settings/profile?tab=security" {
		t.Errorf("changing the password leads to %s", to)
	}
	if to := admin.Post("/settings/profile/sessions/end").Header.Get("Location"); to != "/settings/profile?tab=sessions" {
		t.Errorf("ending sessions leads to %s", to)
	}
}
