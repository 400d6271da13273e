package e2e

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"
)

// authenticator is an app that knows a secret, and what it was given for recovery.
type authenticator struct {
	console *console
	secret  string
	codes   []string
}

// at is the code that the app shows at a time.
func (a *authenticator) at(t time.Time) string {
	a.console.t.Helper()
	code, err := totp.GenerateCode(a.secret, t)
	if err != nil {
		a.console.t.Fatal(err)
	}
	return code
}

// now is the time of the console.
func (c *console) now() time.Time {
	if c.config.Now != nil {
		return c.config.Now()
	}
	return time.Now()
}

// code is the code of the step so many steps after now.
func (a *authenticator) code(steps int) string {
	a.console.t.Helper()
	return a.at(a.console.now().Add(time.Duration(steps) * 30 * time.Second))
}

var manualKey = regexp.MustCompile(`id="manual-key"[^>]* value="([A-Z2-7 ]+)"`)

// key is the secret that a page shows for an authenticator app.
func (a *answer) key() string {
	a.t.Helper()
	found := manualKey.FindStringSubmatch(a.Body)
	if found == nil {
		a.t.Fatalf("no key in:\n%s", a.Body)
	}
	return strings.ReplaceAll(found[1], " ", "")
}

var codesList = regexp.MustCompile(`(?s)<textarea id="recovery-codes-list"[^>]*>([^<]*)</textarea>`)

// recoveryCodes are those that a page shows.
func (a *answer) recoveryCodes() []string {
	a.t.Helper()
	found := codesList.FindStringSubmatch(a.wants(http.StatusOK).Body)
	if found == nil {
		a.t.Fatalf("no recovery codes in:\n%s", a.Body)
	}
	return strings.Fields(html.UnescapeString(found[1]))
}

const authenticatorPath = "/settings/profile/authenticator"

// scan begins to set up an authenticator app.
func (b *browser) scan() *authenticator {
	b.console.t.Helper()
	b.post(authenticatorPath + "/start").to(authenticatorPath)
	return &authenticator{console: b.console, secret: b.get(authenticatorPath).wants(http.StatusOK).key()}
}

// enrol sets up the first authenticator app. Its code of now is used up.
func (b *browser) enrol(password string) *authenticator {
	b.console.t.Helper()
	a := b.scan()
	a.codes = b.post(authenticatorPath, "code", a.code(0), "password", password).recoveryCodes()
	return a
}
