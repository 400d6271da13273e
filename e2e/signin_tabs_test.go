package e2e

import (
	"net/http"
	"strings"
	"testing"

	"console/e2e/harness"
)

// tab opens a page and returns the token of its form.
func tab(b *harness.Browser, path string) string {
	b.Console.T.Helper()
	return harness.CSRFInput.FindStringSubmatch(b.Get(path).Wants(http.StatusOK).Body)[1]
}

func TestFC175_TwoSignInTabs(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	b := c.Browser()
	first, second := tab(b, "/signin?next=/settings/users"), tab(b, "/signin?next=/settings/groups")
	signIn := func(token, next string) *harness.Answer {
		return b.PostForm("/signin", "email", harness.AdminEmail, "password", harness.AdminPassword, "next", next, "csrf_token", token)
	}
	signIn(first, "/settings/users").To("/settings/users")
	open := tab(b, "/settings/users/new")
	signIn(second, "/settings/groups").To("/settings/groups")
	signIn(second, "/settings/groups").To("/settings/groups")
	b.PostForm("/settings/users/new", "role", "analyst", "email", "ann@example.com", "tenant_id", "1", "csrf_token", open).To("/settings/users")
	b.PostForm("/signout", "csrf_token", open).To("/signin")
	signIn(second, "/settings/groups").To("/settings/groups")
}

func TestFC175_FormsOfVisitorsAreDrawnAgain(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.SignedInByPassword()
	signup, reset := c.Add(admin, "analyst", "Ann", "", "ann@example.com"), c.ResetPath(harness.AdminEmail)
	const typed = "typed@example.com"
	before := c.Snapshot()
	for _, path := range []string{"/signin", "/forgot", signup, reset} {
		b := c.Browser()
		b.Get(path).Wants(http.StatusOK)
		a := b.PostForm(path, "email", typed, "first_name", "Typed", "password", "a secret that was typed", "csrf_token", "x").
			Wants(http.StatusForbidden).Contains("This form was out of date").Lacks("a secret that was typed")
		if path == "/signin" || path == "/forgot" {
			a.Contains(typed)
		}
		if path == signup {
			a.Contains(`value="Typed"`)
		}
		token := harness.CSRFInput.FindStringSubmatch(a.Body)[1]
		if a := b.PostForm(path, "csrf_token", token); strings.Contains(a.Body, "out of date") {
			t.Errorf("%s is still out of date:\n%s", path, a.Body)
		}
		b.Header.Set("Sec-Fetch-Site", "cross-site")
		b.PostForm(path, "csrf_token", "x").Wants(http.StatusForbidden).Contains("another site")
	}
	c.WantCount(2, `SELECT count(*) FROM users`)
	if now := c.Snapshot(); now["users"] != before["users"] || now["signup_links"] != before["signup_links"] {
		t.Error("a form that was out of date has changed something")
	}
}

func TestFC175_WhoIsInAlreadyIsLedOn(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.SignedInByPassword()
	stale := func(email string) *harness.Answer {
		return admin.PostForm("/signin", "email", email, "password", "x", "next", "/settings/groups", "csrf_token", "x")
	}
	stale(harness.AdminEmail).To("/settings/groups")
	stale("").To("/settings/groups")
	stale("somebody@example.com").Wants(http.StatusConflict).
		Contains("You are signed in as John Doe", "somebody@example.com", "Sign out and go on", "/signin?next=%2Fsettings%2Fgroups")
	admin.PostForm("/signin/2fa", "csrf_token", "x", "next", "/settings/groups").To("/signin")
	admin.PostForm("/setup", "csrf_token", "x").Wants(http.StatusNotFound)
	admin.Post("/signout", "next", "/signin?next=%2Fsettings%2Fgroups").To("/signin")
	admin.Get("/settings/users").To("/signin")
}

func TestFC175_TwoTabsAtTheSecondFactor(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	app := c.SignedInByPassword().Enrol(harness.AdminPassword)
	b := c.Halfway()
	first := tab(b, "/signin/2fa")
	again := b.PostForm("/signin/2fa", "code", app.Code(1), "csrf_token", "x").Wants(http.StatusForbidden).Contains("out of date")
	b.Post("/signin", "email", harness.AdminEmail, "password", harness.AdminPassword).To("/signin/2fa") // in another tab
	b.PostForm("/signin/2fa", "code", "000000", "csrf_token", harness.CSRFInput.FindStringSubmatch(again.Body)[1]).
		Wants(http.StatusUnprocessableEntity)
	b.PostForm("/signin/2fa", "code", app.Code(1), "csrf_token", first).To("/")
	b.PostForm("/signin/2fa", "code", app.Code(1), "next", "/settings/users", "csrf_token", first).To("/signin")
	b.Get("/signin?next=/settings/users").To("/settings/users")
}

func TestFC175_SetUpIsDrawnAgain(t *testing.T) {
	t.Parallel()
	c := harness.Start(t, nil)
	c.Browser().PostForm("/setup", "company", "Acme & Co", "csrf_token", "x").
		Wants(http.StatusForbidden).Contains("out of date", "Acme &amp; Co")
}
