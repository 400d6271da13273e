package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"console/e2e/harness"
	"console/internal/permission"
	"console/store"
)

// recovered runs console admin recover, and returns the path of the link.
func recovered(c *harness.Console, email string) (path string) {
	c.T.Helper()
	status, out, problems := runOn(c, "admin", "recover", "--email", email, "--base-url", c.URL.String())
	link, found := strings.CutPrefix(strings.TrimSpace(out), c.URL.String())
	if status != 0 || !found {
		c.T.Fatalf("status %d: %s%s", status, out, problems)
	}
	to, err := url.Parse(link)
	if err != nil {
		c.T.Fatal(err)
	}
	return to.Path
}

func TestAnAdministratorWithoutTheirSecondFactorIsLetInAgain(t *testing.T) {
	harness.OnBoth(t)
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	admin.Enrol(harness.AdminPassword)
	c.Exec(`UPDATE account SET enforce_two_factor = 1`)
	c.Settled()
	path := recovered(c, strings.ToUpper(harness.AdminEmail))
	admin.Get("/settings/users").To("/signin")
	harness.Eventually(t, "a mail tells them", func() bool {
		for _, m := range c.Mail.Messages() {
			if strings.Contains(m.Text, "by the command line of the server") {
				return true
			}
		}
		return false
	})

	const changed = "a password after recovery"
	b := c.Browser()
	b.Get(path).Wants(http.StatusOK).Contains(harness.AdminEmail, `name="password"`)
	b.Post(path, "password", changed).To("/signin")
	c.Browser().Get(path).Wants(http.StatusGone)
	b.Post("/signin", "email", harness.AdminEmail, "password", changed).Wants(http.StatusSeeOther)
	b.Enrol(changed)
	b.Get("/settings/activity").Wants(http.StatusOK).Contains("The command line", "an administrator again and removed their second factors")
	if status, out, problems := runOn(c, "audit", "verify"); status != 0 {
		t.Errorf("status %d: %s%s", status, out, problems)
	}
}

func TestWhoeverIsThereCanBeRecovered(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	c.Person(permission.Analyst, "Dis", "Abled", "disabled@example.com")
	c.Disable("disabled@example.com")
	c.Add(admin, "analyst", "In", "Vited", "invited@example.com")
	c.InviteByLink(admin, "read_only", "link@example.com")
	c.Person(permission.Deploy, "De", "Ploy", "deploy@example.com")
	for _, email := range []string{"disabled@example.com", "invited@example.com", "link@example.com", "deploy@example.com"} {
		path := recovered(c, email)
		b := c.Browser()
		b.Post(path, "password", harness.Password(email)).To("/signin")
		b.SignIn(email, harness.Password(email))
		b.Get("/settings/general").Wants(http.StatusOK)
		if user := c.User(email); user.Role != permission.GlobalAdmin || user.Status() != store.Active || len(c.GroupsOf(email)) > 0 {
			t.Errorf("%s: %+v in %v", email, user, c.GroupsOf(email))
		}
	}
	c.Settled()
	before := c.Snapshot()
	status, out, problems := runOn(c, "admin", "recover", "--email", "nobody@example.com")
	if status != 1 || out != "" || !strings.Contains(problems, "--email: Nobody has this address. Nothing was changed.") {
		t.Errorf("status %d: %s%s", status, out, problems)
	}
	c.WantUnchanged(before, "an address that nobody has")
}

func TestTheLastAdministratorCanBeRecoveredFromNothing(t *testing.T) {
	t.Parallel()
	c, _ := harness.SignedIn(t, nil)
	c.Exec(`UPDATE users SET disabled_at = 1, password_hash = ''`)
	path := recovered(c, harness.AdminEmail)
	c.Browser().Post(path, "password", "a password after recovery").To("/signin")
}
