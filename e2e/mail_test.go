package e2e

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"console/e2e/harness"
	"console/internal/cli"
	"console/internal/fake"
)

func TestFC29_EveryLinkInEveryMailOpens(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	admin.Post("/settings/integrations/new?type=email", "name", "Mails", "active", "1", "emails", harness.AdminEmail+", outside@example.net").
		Wants(http.StatusSeeOther)
	c.Trigger(admin, "1")
	c.Add(admin, "analyst", "Ann", "", "ann@example.com")                                              // invitation, and two of the trigger
	c.Browser().Accept(c.InviteByLink(admin, "analyst", "bea@example.com"), "bea@example.com").To("/") // confirmation, and two of the trigger
	for _, m := range c.Mail.Wait(t, 6) {
		if m.Text == "" || m.HTML == "" {
			t.Errorf("the mail %q lacks a part", m.Subject)
		}
		for _, link := range harness.LinksIn(m) {
			if !strings.HasPrefix(link, c.URL.String()) {
				t.Errorf("the mail %q links to %s", m.Subject, link)
				continue
			}
			opened := c.Browser().Get(strings.TrimPrefix(link, c.URL.String()))
			if opened.StatusCode == http.StatusSeeOther {
				opened.To("/signin")
			} else {
				opened.Wants(http.StatusOK)
			}
		}
	}
}

func TestFC115_NamesAreTextInMails(t *testing.T) {
	t.Parallel()
	const hostile = `</b><a href=evil>Click</a>`
	c := harness.Ready(t, nil)
	john := c.Administrator()
	john.Post("/settings/integrations/new?type=email", "name", "Mails", "active", "1", "emails", "chief@example.com").
		Wants(http.StatusSeeOther)
	c.Trigger(john, "1")
	admin := c.Browser()
	admin.Post(c.InviteByLink(john, "admin", "eve@example.com"), "first_name", hostile, "password", harness.Password("eve")).To("/")
	c.Add(admin, "analyst", hostile+" {{.}} %s", "", "ann@example.com")
	for _, m := range c.Mail.Wait(t, 4) { // a confirmation, an invitation, two of the trigger
		if !strings.Contains(m.HTML, "&lt;/b&gt;&lt;a href=evil&gt;Click&lt;/a&gt;") || strings.Contains(m.HTML, "&amp;lt;") {
			t.Errorf("the mail %q does not show the name as it is:\n%s", m.Subject, m.HTML)
		}
		for _, found := range harness.Hrefs.FindAllStringSubmatch(m.HTML, -1) {
			if !strings.HasPrefix(found[1], c.URL.String()) {
				t.Errorf("the mail %q links to %s", m.Subject, found[1])
			}
		}
		if !strings.Contains(m.Text, hostile) {
			t.Errorf("the text of %q does not name %s", m.Subject, hostile)
		}
	}
	john.Get("/settings/users").Contains("&lt;/b&gt;&lt;a href=evil&gt;").Lacks(hostile, "&amp;lt;")
}

func TestFC118_LinksUnderABasePath(t *testing.T) {
	t.Parallel()
	odd := cli.Serve{Installation: cli.Installation{Data: t.TempDir()}, Listen: "localhost:0", BaseURL: "http://localhost/our%20team%3E"}
	if _, err := odd.Start(t.Context(), io.Discard); err == nil {
		t.Error("a path is served that needs escaping")
	}
	c := harness.Ready(t, func(s *cli.Serve) { s.BaseURL += "/team" })
	admin := c.Administrator()
	path := c.Add(admin, "analyst", "Ann", "", "ann@example.com")
	link := c.Mail.WaitFor(t, "ann@example.com").Link(t, "/team/signup/")
	if !strings.HasPrefix(link, c.URL.String()+"/signup/") {
		t.Errorf("the mail links to %s", link)
	}
	c.Browser().Get(path).Wants(http.StatusOK).Contains("ann@example.com")
	c.Browser().Accept(path, "ann").To("/team/")
}

// talker is a mail server that says what it is told to and offers no TLS. It keeps what it hears.
func talker(t *testing.T) (address string, heard func() string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var all strings.Builder
	var running sync.WaitGroup
	running.Go(func() {
		for conn, err := listener.Accept(); err == nil; conn, err = listener.Accept() {
			fmt.Fprint(conn, "220 here\r\n")
			for lines := bufio.NewScanner(conn); lines.Scan(); {
				mu.Lock()
				fmt.Fprintln(&all, lines.Text())
				mu.Unlock()
				answer := "250-here\r\n250 AUTH PLAIN LOGIN\r\n"
				if !strings.HasPrefix(lines.Text(), "EHLO") {
					answer = "502 no\r\n"
				}
				fmt.Fprint(conn, answer)
			}
			conn.Close()
		}
	})
	t.Cleanup(func() {
		listener.Close()
		running.Wait()
	})
	return listener.Addr().String(), func() string {
		mu.Lock()
		defer mu.Unlock()
		return all.String()
	}
}

func TestFC132_EncryptionOfMailIsNotOptional(t *testing.T) {
	harness.SkipUnmarked(t) // before it listens
	t.Parallel()
	address, heard := talker(t)
	for reason, server := range map[string]string{
		"the mail server offers no TLS":           "smtp://user:hunter2@" + address + "?tls=starttls",
		"timed out after 10 s":                    fake.NewMailServer(t, fake.MailOptions{Silent: true}).URL(),
		"the server's certificate is not trusted": fake.NewMailServer(t, fake.MailOptions{TLS: fake.ImplicitTLS}).URL(),
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			c := harness.Ready(t, func(s *cli.Serve) { s.SMTP = server })
			admin := c.Administrator()
			admin.Invite("ann").Wants(http.StatusSeeOther)
			harness.Eventually(t, reason, func() bool {
				return strings.Contains(html.UnescapeString(admin.Get("/settings/users?tab=invited").Body), "trying again: "+reason)
			})
			if strings.Contains(c.Log.String(), "hunter2") {
				t.Error("the log holds the password of the mail server")
			}
		})
	}
	t.Cleanup(func() {
		if said := heard(); !strings.Contains(said, "EHLO") || strings.Contains(said, "AUTH") {
			t.Errorf("the mail server without TLS heard %q", said)
		}
	})
}

func TestFC204_ThePasswordOfTheMailServerComesFromAFile(t *testing.T) {
	t.Parallel()
	const secret = "hunter2:@/%"
	server := fake.NewMailServer(t, fake.MailOptions{Username: "console", Password: secret})
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("\ufeff"+secret+"\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := harness.Ready(t, func(s *cli.Serve) {
		s.SMTP, s.SMTPPasswordFile = "smtp://console@"+server.Addr()+"?tls=none", file
	})
	admin := c.Administrator()
	admin.Invite("ann").Wants(http.StatusSeeOther)
	server.WaitFor(t, "ann@example.com")
	for _, page := range []string{"/settings/general", "/settings/users?tab=invited", "/settings/deliveries"} {
		admin.Get(page).Lacks("hunter2")
	}
	c.WantNoTrace("hunter2")
}
