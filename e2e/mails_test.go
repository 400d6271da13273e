package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"

	"console/internal/fake"
)

// mailKinds are the mails that people get, by a part of their subject.
var mailKinds = map[string]string{
	"invitation": "invites you to", "signup-confirmation": "You have signed up", "trigger": "New user was added", "test": "Test mail",
	"password-reset": "Reset your password", "password-changed": "was changed", "2fa-enabled": "was enabled", "2fa-disabled": "was disabled",
	"integration-off": "was switched off",
}

// TestLook_Mails looks at every kind of mail as it arrived, in the window of a telephone, light and dark, with names
// as long as they can be: none scrolls sideways, and none loads anything, so that nothing is missing where images are off.
// With SCREENSHOTS=directory it also takes pictures of mails with usual names.
func TestLook_Mails(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	lookAtMails(t, longNames, "")
	if dir := os.Getenv("SCREENSHOTS"); dir != "" {
		lookAtMails(t, usualNames, dir)
	}
}

func lookAtMails(t *testing.T, n names, dir string) {
	c := start(t, nil)
	c.setUp()
	c.causeMails(n)
	b := c.tab(true) // axe needs scripts; mails have none
	for kind, subject := range mailKinds {
		mail := c.mail(subject)
		if loads := loaded.FindString(mail.HTML); loads != "" {
			t.Errorf("%s loads something: %s", kind, loads)
		}
		b.read(mail)
		for _, colours := range []string{"light", "dark"} {
			p := shown{t: t, tab: b}.in(colours)
			p.at(320).wants("fitting", fitting)
			p.at(narrow).wants("fitting", fitting)
			p.wants("contrasting", contrasting)
			if dir != "" {
				b.photograph(filepath.Join(dir, "mail-"+kind+"-"+colours+".png"), true)
			}
		}
	}
}

// loaded matches what a mail program would have to fetch.
var loaded = regexp.MustCompile(`(?i)<(img|link|script|iframe|object)\b|url\(|@import|\ssrc=`)

// causeMails does what every kind of mail is sent for.
func (c *console) causeMails(n names) {
	admin := c.administrator()
	person, old := c.browser(), "an old password of mine"
	person.post(c.add(admin, "analyst", n.first, n.last, n.email), "first_name", n.first, "last_name", n.last, "password", old).wants(http.StatusSeeOther)
	mails, broken := c.destination(admin, "email", "emails", adminEmail), fake.NewReceiver(c.t)
	broken.Respond(fake.Response{Status: http.StatusNotFound})
	chat := c.slack(admin, broken.URL)
	admin.post("/settings/triggers/new", "name", n.title, "condition", "user_added", "role_operator", "eq", "enabled", "1",
		"integration_ids", mails, "integration_ids", chat).wants(http.StatusSeeOther)
	for _, guest := range strings.Fields("a b c d e f g h i j") { // so many failures switch an integration off
		c.add(admin, "read_only", n.first, n.last, guest+"@example.com")
	}
	guest := c.browser()
	guest.post(c.inviteByLink(admin, "analyst", "by.link@example.com"), "first_name", n.first, "last_name", n.last, "password", adminPassword).wants(http.StatusSeeOther)
	person.post("/settings/profile/password", "current_password", old, "password", adminPassword, "again", adminPassword).wants(http.StatusSeeOther)
	person.enrol(adminPassword)
	admin.post("/settings/users/"+c.cell(`SELECT id FROM users WHERE email = $1`, n.email)+"/disable-2fa", "password", adminPassword).wants(http.StatusSeeOther)
	c.resetPath(n.email)
	admin.post("/settings/general/test-mail").wants(http.StatusSeeOther)
}

// mail waits for a mail whose subject says this.
func (c *console) mail(subject string) (mail fake.Mail) {
	c.t.Helper()
	eventually(c.t, "a mail says "+subject, func() bool {
		for _, m := range c.Mail.Messages() {
			if strings.Contains(m.Subject, subject) {
				mail = m
			}
		}
		return mail.HTML != ""
	})
	return mail
}

// read opens the HTML part of a mail, as a mail program does.
func (b *tab) read(mail fake.Mail) {
	b.console.t.Helper()
	tree := must(b, page.GetFrameTree, cdp.Empty{})
	must(b, page.SetDocumentContent, page.SetDocumentContentParams{FrameID: tree.FrameTree.Frame.ID, HTML: mail.HTML})
}
