package e2e

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"console/e2e/harness"
	"console/internal/cli"
	"console/internal/fake"
)

func TestFC161_TheSenderIsNamedOrRefusedAtTheStart(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, func(s *cli.Serve) { s.MailFrom = "Acme Console <no-reply@bücher.example>" })
	john.Invite("ann").Wants(http.StatusSeeOther)
	mail := c.Mail.WaitFor(t, "ann@example.com")
	if from := mail.Header.Get("From"); mail.From != "no-reply@xn--bcher-kva.example" || from != `"Acme Console" <no-reply@xn--bcher-kva.example>` {
		t.Errorf("from %s: %s", mail.From, from)
	}
	for _, wrong := range []string{"no-reply", "a@b.example, c@d.example", "no-reply@example.com\r\nBcc: evil@evil.example"} {
		config := c.Config
		config.Data, config.MailFrom = t.TempDir(), wrong
		if server, err := config.Start(t.Context(), io.Discard); err == nil {
			server.Close()
			t.Errorf("it starts with %q", wrong)
		} else if !strings.Contains(err.Error(), "--mail-from") || !strings.Contains(err.Error(), "Acme Console <no-reply@example.com>") {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

func TestFC162_TheRowSaysThatTheServerTakesNoSuchAddress(t *testing.T) {
	t.Parallel()
	server := fake.NewMailServer(t, fake.MailOptions{NoUTF8: true})
	c, john := harness.SignedIn(t, func(s *cli.Serve) { s.SMTP = server.URL() })
	john.Post("/settings/users/new", "role", "analyst", "first_name", "Anna", "email", "аnn@example.com", "tenant_id", "1").
		Wants(http.StatusSeeOther)
	harness.Eventually(t, "the mail fails", func() bool { return c.Count(`SELECT count(*) FROM deliveries WHERE state = 'failed'`) == 1 })
	john.Get("/settings/users?tab=invited").Contains("Mail not sent: the mail server takes no addresses with letters beyond ASCII before the @")
	c.WantCount(1, `SELECT attempts FROM deliveries`)
}

// TestFC163_WhatProgramsAddToALinkDoesNotUseItUp has a tracker add a query, and a mail program take in what stands behind.
func TestFC163_WhatProgramsAddToALinkDoesNotUseItUp(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	john.Invite("ann").Wants(http.StatusSeeOther)
	link := pathOf(t, c.Mail.WaitFor(t, "ann@example.com"))
	for _, added := range []string{"/", ".", "%20", ">"} {
		if answer := c.Browser().Get(link + added); answer.StatusCode >= http.StatusInternalServerError {
			t.Errorf("with %q behind it: %d", added, answer.StatusCode)
		}
	}
	for _, added := range []string{"?utm_source=x", ""} {
		c.Browser().Get(link + added).Wants(http.StatusOK).Contains("ann@example.com")
	}
}
