package e2e

import (
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"console/e2e/harness"
)

// wantNamed looks at the forms of a page that ask for a password, of which there must be one at least: each must say whose.
func wantNamed(a *harness.Answer, email string) {
	a.T.Helper()
	page, err := html.Parse(strings.NewReader(a.Wants(http.StatusOK).Body))
	if err != nil {
		a.T.Fatal(err)
	}
	passwords, names := 0, 0
	for node := range page.Descendants() {
		if node.Type != html.ElementNode || node.Data != "input" {
			continue
		}
		has := map[string]string{}
		for _, attribute := range node.Attr {
			has[attribute.Key] = attribute.Val
		}
		switch fill := has["autocomplete"]; {
		case has["type"] == "password":
			passwords++
			if fill != "current-password" && fill != "new-password" {
				a.T.Errorf("%s: a password says %q to password managers", a.Request.URL.Path, fill)
			}
			if names != 1 {
				a.T.Errorf("%s: a password follows %d names", a.Request.URL.Path, names)
			}
		case fill == "username":
			names++
			if has["type"] == "hidden" || has["value"] != email {
				a.T.Errorf("%s: the name is %v", a.Request.URL.Path, has)
			}
		case has["name"] == "code" && a.Request.URL.Path == harness.AuthenticatorPath && fill != "one-time-code":
			a.T.Errorf("%s: the code says %q", a.Request.URL.Path, fill)
		}
	}
	if passwords == 0 {
		a.T.Errorf("%s asks for no password", a.Request.URL.Path)
	}
}

func TestFC177_FormsSayWhosePasswordTheyAskFor(t *testing.T) {
	t.Parallel()
	wantNamed(harness.Start(t, nil).Browser().Get("/setup"), "")
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	wantNamed(c.Browser().Get("/signin"), "")
	path := c.Add(admin, "analyst", "Ann", "", "ann@example.com")
	wantNamed(c.Browser().Get(path), "ann@example.com")
	wantNamed(c.Browser().Get(c.ResetPath(harness.AdminEmail)), harness.AdminEmail)
	member := c.Browser()
	member.Accept(path, "ann@example.com")
	member.Enrol(harness.Password("ann@example.com"))
	admin.Enrol(harness.AdminPassword)
	admin.Scan()
	for _, own := range []string{"/password", "/authenticator", "/authenticator/remove", "/passkeys/new", "/recovery-codes", "/disable-2fa"} {
		wantNamed(admin.Get("/settings/profile"+own), harness.AdminEmail)
	}
	wantNamed(admin.Get(harness.UserPath(c.User("ann@example.com"), "disable-2fa")), harness.AdminEmail)

	c.Enforce()
	signup := c.InviteByLink(admin, "analyst", "bo@example.com")
	bo := c.Browser()
	bo.Accept(signup, "bo@example.com").To(harness.AuthenticatorPath)
	wantNamed(bo.Get(harness.AuthenticatorPath), "bo@example.com")
	wantNamed(bo.Get("/settings/profile/passkeys/new"), "bo@example.com")
}
