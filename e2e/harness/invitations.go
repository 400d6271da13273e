package harness

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"console/internal/fake"
)

// Add adds a person with Add new user and returns the path of the signup link in their mail.
func (c *Console) Add(by *Browser, role, first, last, email string) string {
	c.T.Helper()
	by.Post("/settings/users/new", "role", role, "first_name", first, "last_name", last, "email", email, "tenant_id", "1").
		Wants(http.StatusSeeOther)
	return c.SignupPath(email)
}

// SignupPath waits for the invitation mail to email and returns the path of its link.
func (c *Console) SignupPath(email string) string {
	c.T.Helper()
	link, err := url.Parse(c.Mail.WaitFor(c.T, email).Link(c.T, c.URL.Path+"/signup/"))
	if err != nil {
		c.T.Fatal(err)
	}
	return link.Path
}

var mailedLink = regexp.MustCompile(`/signup/\S+`)

// SignupPaths are the paths of the signup links in mails, by the address that each went to.
func SignupPaths(mails []fake.Mail) map[string]string {
	paths := map[string]string{}
	for _, m := range mails {
		if link := mailedLink.FindString(m.Text); link != "" {
			paths[m.To[0]] = link
		}
	}
	return paths
}

// Member adds a person, signs them up, and returns their browser.
func (c *Console) Member(by *Browser, role, email string) *Browser {
	c.T.Helper()
	path := c.Add(by, role, "Mem", "Ber", email)
	b := c.Browser()
	b.Post(path, "first_name", "Mem", "last_name", "Ber", "password", Password(email)).Wants(http.StatusSeeOther)
	return b
}

// Password is the password of a member.
func Password(email string) string { return "a long password of " + email }

// ResetPath asks for a link to reset a password and waits for it.
func (c *Console) ResetPath(email string) string {
	c.T.Helper()
	c.Browser().Post("/forgot", "email", email).To("/signin")
	var path string
	Eventually(c.T, "the link arrives", func() bool {
		for _, m := range c.Mail.Messages() {
			for _, l := range LinksIn(m) {
				if to, err := url.Parse(l); err == nil && strings.Contains(to.Path, "/reset/") && strings.Contains(strings.Join(m.To, " "), email) {
					path = to.Path
				}
			}
		}
		return path != ""
	})
	return path
}

var (
	Hrefs    = regexp.MustCompile(`(?:href|src|action)="([^"]*)"`)
	httpURLs = regexp.MustCompile(`https?://[^\s<>"]+`)
)

// LinksIn are the links of both parts of a mail.
func LinksIn(m fake.Mail) []string {
	links := httpURLs.FindAllString(m.Text, -1)
	for _, found := range Hrefs.FindAllStringSubmatch(m.HTML, -1) {
		links = append(links, found[1])
	}
	return links
}

// Invite adds an analyst and waits for nothing.
func (b *Browser) Invite(name string) *Answer {
	b.Console.T.Helper()
	return b.Post("/settings/users/new", "role", "analyst", "first_name", name, "email", name+"@example.com", "tenant_id", "1")
}

// Invitation is the path of the pending invitation of a person.
func (c *Console) Invitation(email string) string {
	c.T.Helper()
	invitation, err := c.DB.InvitationOfUser(c.T.Context(), c.User(email).ID)
	if err != nil {
		c.T.Fatalf("invitation of %s: %v", email, err)
	}
	return fmt.Sprintf("/settings/invitations/%d", invitation.ID)
}

// InviteByLink makes a signup link and returns its path.
func (c *Console) InviteByLink(by *Browser, role, email string) string {
	c.T.Helper()
	return by.Post("/settings/users/invite-link", "role", role, "duration", "1h", "email", email, "tenant_id", "1").Link()
}

// Accept posts the form behind a signup link with valid values.
func (b *Browser) Accept(path, email string) *Answer {
	b.Console.T.Helper()
	return b.Post(path, "first_name", "Mem", "last_name", "Ber", "password", Password(email))
}
