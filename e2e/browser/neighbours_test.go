package browser

import (
	"strings"
	"testing"

	"console/e2e/harness"
	"console/e2e/harness/chromium"
	"console/internal/cli"
)

func TestFC174_BrowserWithTwoConsolesOnOneHost(t *testing.T) {
	t.Parallel()
	production, staging := harness.Ready(t, nil), harness.Ready(t, nil)
	b := chromium.NewTab(production, true)
	signIn(b, harness.AdminEmail, harness.AdminPassword)
	b.Heading("Users")
	b.Console = staging
	signIn(b, harness.AdminEmail, harness.AdminPassword)
	b.Heading("Users")
	b.Console = production
	b.Open("/settings/users")
	b.Heading("Users")
	b.Console = staging
	b.Open("/settings/users")
	b.Heading("Users")
	signOut(b, "John Doe")
	b.Console = production
	b.Open("/settings/users")
	b.Heading("Users")
}

func TestFC173_BrowserKeepsWhatNeighboursStore(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, func(s *cli.Serve) { s.BaseURL += "/console" })
	b := chromium.NewTab(c, true)
	signIn(b, harness.AdminEmail, harness.AdminPassword)
	b.Heading("Users")
	b.Is(`localStorage.setItem("draft", "of another application") === undefined`) // what is stored belongs to the origin, not to a path
	signOut(b, "John Doe")
	b.Is(`localStorage.getItem("draft") === "of another application"`)
}

func TestFC170_BrowserAddsAPasskeyHoweverTheBaseURLIsWritten(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, func(s *cli.Serve) { s.BaseURL = strings.Replace(s.BaseURL, "localhost", "LocalHost.", 1) + "//" })
	b := chromium.NewTab(c, true)
	passkeys(b)
	signIn(b, harness.AdminEmail, harness.AdminPassword)
	b.Heading("Users")
	b.Open("/settings/profile/passkeys/new")
	b.Fill("Name", "My laptop")
	b.Fill("Your password", harness.AdminPassword)
	b.Click("Continue")
	b.Click("Create passkey")
	b.Says("Your recovery codes")
}
