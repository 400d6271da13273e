package e2e

import (
	"net/http"
	"testing"

	"console/e2e/harness"
)

func TestFC176_WhoHasJustJoinedIsLedOn(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	path := c.Add(admin, "analyst", "Ann", "", "ann@example.com")
	ann := c.Browser()
	ann.Accept(path, "ann@example.com").To("/")
	ann.Accept(path, "ann@example.com").To("/")
	ann.Get(path).To("/")
	admin.Get(path).Wants(http.StatusGone)
	c.Browser().Accept(path, "ann@example.com").Wants(http.StatusGone)

	c.Enforce()
	path = c.Add(admin, "analyst", "Bo", "", "bo@example.com")
	bo := c.Browser()
	bo.Accept(path, "bo@example.com").To(harness.AuthenticatorPath)
	bo.Accept(path, "bo@example.com").To(harness.AuthenticatorPath)
}

func TestFC31_NobodyAcceptsForSomebodyElse(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	path := c.Add(admin, "analyst", "Ann", "", "ann@example.com")
	c.Settled()
	before := c.Snapshot()
	admin.Get(path).Wants(http.StatusConflict).
		Contains("You are signed in as John Doe", harness.AdminEmail, "ann@example.com", "Sign out and go on", `value="`+path+`"`).
		Lacks(`name="password"`)
	admin.Accept(path, "ann@example.com").Wants(http.StatusConflict).Contains("You are signed in as John Doe")
	c.WantUnchanged(before, "signing up as somebody else")
	admin.Get("/settings/users").Wants(http.StatusOK)
	admin.Post("/signout", "next", path).To(path)
	admin.Get(path).Wants(http.StatusOK)
	admin.Accept(path, "ann@example.com").To("/")
	admin.Get("/settings/profile").Wants(http.StatusOK).Contains("ann@example.com")
	for _, next := range []string{"//evil.example", "https://evil.example/", ""} {
		b := c.Administrator()
		b.Post("/signout", "next", next).To("/signin")
	}
}

func TestFC15_AnAcceptedInvitationIsLeftAlone(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	signup := c.Add(admin, "analyst", "Mem", "Ber", "ann@example.com")
	byLink := c.InviteByLink(admin, "analyst", "bo@example.com")
	for email, path := range map[string]string{"ann@example.com": signup, "bo@example.com": byLink} {
		invitation := c.Invitation(email)
		member := c.Browser()
		member.Accept(path, email).To("/")
		c.Settled()
		before := c.Snapshot()
		for _, action := range []string{"/revoke", "/resend", "/link", "/role"} {
			admin.Post(invitation+action, "role", "admin").Wants(http.StatusConflict).Contains("Mem Ber has already joined")
		}
		for _, page := range []string{"/revoke", "/role"} {
			admin.Get(invitation + page).Wants(http.StatusConflict).Contains("Mem Ber has already joined")
		}
		admin.Header.Set("HX-Request", "true")
		if a := admin.Post(invitation + "/revoke").Wants(http.StatusConflict); a.Header.Get("HX-Trigger") != "users-changed" {
			t.Error("the list does not draw itself again")
		}
		admin.Header.Del("HX-Request")
		c.WantUnchanged(before, "acting on an invitation that was accepted")
		admin.Get("/settings/users?tab=active").Wants(http.StatusOK).Contains(email)
		member.Get("/settings/profile").Wants(http.StatusOK)
	}
}
