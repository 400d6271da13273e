package look

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"

	"console/e2e/harness"
	"console/e2e/harness/chromium"
	"console/internal/fake"
)

// mailKinds are the mails that people get, by a part of their subject.
var mailKinds = map[string]string{
	"invitation": "invites you to", "signup-confirmation": "You have signed up", "trigger": "New user was added", "test": "Test mail",
	"password-reset": "Reset your password", "password-changed": "was changed", "2fa-enabled": "was enabled", "2fa-disabled": "was disabled",
	"integration-off": "was switched off", "token-expires": "is about to expire",
}

// TestLook_Mails looks at every kind of mail as it arrived, in the window of a telephone, light and dark, with names
// as long as they can be: none scrolls sideways, and none loads anything, so that nothing is missing where images are off.
// With SCREENSHOTS=directory it also takes pictures of mails with usual names.
func TestLook_Mails(t *testing.T) {
	t.Parallel()
	lookAtMails(t, longNames, "")
	if dir := os.Getenv("SCREENSHOTS"); dir != "" {
		lookAtMails(t, usualNames, dir)
	}
}

func lookAtMails(t *testing.T, n names, dir string) {
	c := harness.Start(t, nil)
	c.SetUp()
	causeMails(c, n)
	b := chromium.NewTab(c, true) // axe needs scripts; mails have none
	for kind, subject := range mailKinds {
		mail := mailAbout(c, subject)
		if loads := loaded.FindString(mail.HTML); loads != "" {
			t.Errorf("%s loads something: %s", kind, loads)
		}
		read(b, mail)
		for _, colours := range []string{"light", "dark"} {
			p := shown{t: t, tab: b}.in(colours)
			p.at(320).wants("fitting", fitting)
			p.at(chromium.Narrow).wants("fitting", fitting)
			p.wants("contrasting", contrasting)
			if dir != "" {
				photograph(b, filepath.Join(dir, "mail-"+kind+"-"+colours+".png"), true)
			}
		}
	}
}

// loaded matches what a mail program would have to fetch.
var loaded = regexp.MustCompile(`(?i)<(img|link|script|iframe|object)\b|url\(|@import|\ssrc=`)

// causeMails does what every kind of mail is sent for.
func causeMails(c *harness.Console, n names) {
	admin := c.Administrator()
	person, old := c.Browser(), "an old password of mine"
	person.Post(c.Add(admin, "analyst", n.first, n.last, n.email), "first_name", n.first, "last_name", n.last, "password", old).
		Wants(http.StatusSeeOther)
	mails, broken := c.Destination(admin, "email", "emails", harness.AdminEmail), fake.NewReceiver(c.T)
	broken.Respond(fake.Response{Status: http.StatusNotFound})
	chat := c.Slack(admin, broken.URL)
	admin.Post("/settings/triggers/new", "name", n.title, "condition", "user_added", "role_operator", "eq", "enabled", "1",
		"integration_ids", mails, "integration_ids", chat).Wants(http.StatusSeeOther)
	for _, guest := range strings.Fields("a b c d e f g h i j") { // so many failures switch an integration off
		c.Add(admin, "read_only", n.first, n.last, guest+"@example.com")
	}
	guest := c.Browser()
	guest.Post(c.InviteByLink(admin, "analyst", "by.link@example.com"), "first_name", n.first, "last_name", n.last, "password", harness.AdminPassword).
		Wants(http.StatusSeeOther)
	person.Post("/settings/profile/password", "current_password", old, "password", harness.AdminPassword, "again", harness.AdminPassword).
		Wants(http.StatusSeeOther)
	person.Enrol(harness.AdminPassword)
	admin.Post("/settings/users/"+c.Cell(`SELECT id FROM users WHERE email = $1`, n.email)+"/disable-2fa", "password", harness.AdminPassword).
		Wants(http.StatusSeeOther)
	c.ResetPath(n.email)
	admin.Post("/settings/general/test-mail").Wants(http.StatusSeeOther)
	admin.Post("/settings/tokens/new", "name", n.title, "kind", "shared", "permissions", "rules.view", "tenant_ids", "1", "expires", "2d").
		Wants(http.StatusOK)
	c.Exec(`UPDATE tokens SET expiry_told = 0`)
	c.Restart() // what is done once an hour is done at the start
}

// mailAbout waits for a mail whose subject says this.
func mailAbout(c *harness.Console, subject string) (mail fake.Mail) {
	c.T.Helper()
	harness.Eventually(c.T, "a mail says "+subject, func() bool {
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
func read(b *chromium.Tab, mail fake.Mail) {
	b.Console.T.Helper()
	tree := chromium.Must(b, page.GetFrameTree, cdp.Empty{})
	chromium.Must(b, page.SetDocumentContent, page.SetDocumentContentParams{FrameID: tree.FrameTree.Frame.ID, HTML: mail.HTML})
}
