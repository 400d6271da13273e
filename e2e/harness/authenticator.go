package harness

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"
)

// Authenticator is an app that knows a secret, and what it was given for recovery.
type Authenticator struct {
	Console *Console
	Secret  string
	Codes   []string
}

// At is the code that the app shows at a time.
func (a *Authenticator) At(t time.Time) string {
	a.Console.T.Helper()
	code, err := totp.GenerateCode(a.Secret, t)
	if err != nil {
		a.Console.T.Fatal(err)
	}
	return code
}

// Code is the code of the step so many steps after now.
func (a *Authenticator) Code(steps int) string {
	a.Console.T.Helper()
	return a.At(a.Console.now().Add(time.Duration(steps) * 30 * time.Second))
}

var manualKey = regexp.MustCompile(`id="manual-key"[^>]* value="([A-Z2-7 ]+)"`)

// Key is the secret that a page shows for an authenticator app.
func (a *Answer) Key() string {
	a.T.Helper()
	found := manualKey.FindStringSubmatch(a.Body)
	if found == nil {
		a.T.Fatalf("no key in:\n%s", a.Body)
	}
	return strings.ReplaceAll(found[1], " ", "")
}

var codesList = regexp.MustCompile(`(?s)<textarea id="recovery-codes-list"[^>]*>([^<]*)</textarea>`)

// RecoveryCodes are those that a page shows.
func (a *Answer) RecoveryCodes() []string {
	a.T.Helper()
	found := codesList.FindStringSubmatch(a.Wants(http.StatusOK).Body)
	if found == nil {
		a.T.Fatalf("no recovery codes in:\n%s", a.Body)
	}
	return strings.Fields(html.UnescapeString(found[1]))
}

// AuthenticatorPath is where authenticator apps are set up.
const AuthenticatorPath = "/settings/profile/authenticator"

// Scan begins to set up an authenticator app.
func (b *Browser) Scan() *Authenticator {
	b.Console.T.Helper()
	b.Post(AuthenticatorPath + "/start").To(AuthenticatorPath)
	return &Authenticator{Console: b.Console, Secret: b.Get(AuthenticatorPath).Wants(http.StatusOK).Key()}
}

// Enrol sets up the first authenticator app. Its code of now is used up.
func (b *Browser) Enrol(password string) *Authenticator {
	b.Console.T.Helper()
	a := b.Scan()
	a.Codes = b.Post(AuthenticatorPath, "code", a.Code(0), "password", password).RecoveryCodes()
	return a
}

// Halfway returns a browser in which John Doe has given the right password.
func (c *Console) Halfway() *Browser {
	c.T.Helper()
	b := c.Browser()
	b.Post("/signin", "email", AdminEmail, "password", AdminPassword).To("/signin/2fa")
	return b
}
