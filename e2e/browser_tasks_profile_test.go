package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
)

func TestBrowserTasksProfileByKeyboard(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	workWithProfile(t, keyboard)
}

func TestBrowserTasksProfileWithoutScript(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	workWithProfile(t, scriptOff)
}

func workWithProfile(t *testing.T, with hands) {
	c := ready(t, nil)
	c.newTenant(c.administrator(), "Staging")
	c.work(with, []task{
		{"change name, phone, formats and colours", changeProfile},
		{"change the password", changePassword},
		{"sign out one other browser", signOutOne},
		{"sign out all other browsers", signOutOthers},
		{"see the permissions in another tenant", seeOwnPermissions},
		{"set up an authenticator app", enrolApp},
		{"make new recovery codes", makeNewCodes},
		{"replace the authenticator app", replaceApp},
		{"disable two-factor authentication", disableOwnSecondFactor},
		{"see older sign-ins", seeOlderSignIns},
		{"sign out", func(w worker) { w.signOut("Johanna Doe") }},
		{"choose a new password by mail", resetByMail},
	})
}

func changeProfile(w worker) {
	w.open("/settings/profile")
	w.fill("First name", "")
	w.save("Account")
	w.is(`document.querySelector('[name="first_name"]').getAttribute("aria-invalid") === "true"`)
	w.fill("First name", "Johanna")
	w.fill("Phone (optional)", "+49 30 1234567")
	w.choose("Time zone", "Europe/Berlin")
	w.choose("Date & time format", "YMD — 2024-02-16")
	w.click("24-hour time format")
	w.choose("Colours", "Dark")
	w.save("Account")
	w.says("Your profile is saved.", "Johanna Doe")
	w.is(`document.documentElement.dataset.theme === "dark"`)
	if john := w.console.user(adminEmail); john.TimeZone != "Europe/Berlin" || john.DateFormat != "YMD" || john.Phone == "" {
		w.console.t.Errorf("the profile is %+v", john)
	}
}

// newPassword is what John Doe chooses.
const newPassword = "seventeen green bicycles"

func changePassword(w worker) {
	w.click("Security")
	w.click("Change password")
	w.fill("Current password", "wrong")
	w.fill("New password", newPassword)
	w.fill("New password again", "something else")
	w.click("Change password")
	w.is(`document.querySelector('[aria-invalid="true"]') !== null`)
	w.fill("Current password", adminPassword)
	w.fill("New password", newPassword)
	w.fill("New password again", newPassword)
	w.click("Change password")
	w.says("Your password is changed.")
}

func signOutOne(w worker) {
	w.console.browse(w.console.user(adminEmail))
	w.open("/settings/profile?tab=sessions")
	w.click("Sign out Unknown browser at 127.0.0.1")
	w.onlyHere()
}

func signOutOthers(w worker) {
	john := w.console.user(adminEmail)
	w.console.browse(john)
	w.console.browse(john)
	w.reload()
	w.click("Sign out all other browsers")
	w.onlyHere()
}

// onlyHere waits until John Doe is signed in in this browser only, and the page says so.
func (w worker) onlyHere() {
	w.console.t.Helper()
	w.is(`document.querySelector('button[aria-label^="Sign out"]') === null`)
	if n := w.console.sessions(w.console.user(adminEmail)); n != 1 {
		w.console.t.Errorf("there are %d sessions", n)
	}
}

func seeOwnPermissions(w worker) {
	w.click("My permissions")
	w.choose("Tenant", "Staging 2")
	if !w.script {
		w.click("Show")
	}
	w.find("Permissions in Staging", "table")
}

func enrolApp(w worker) {
	w.open("/settings/profile?tab=security")
	w.click("Enable")
	w.heading("Enable two-factor authentication")
	w.scan(newPassword)
	w.heading("Profile")
	w.says("10 codes left")
}

func makeNewCodes(w worker) {
	w.click("Make new codes")
	w.fill("Your own password", newPassword)
	w.click("Make new codes")
	w.heading("Recovery codes")
	if codes := strings.Fields(w.value("Your recovery codes")); len(codes) != 10 {
		w.console.t.Errorf("the codes are %q", codes)
	}
	w.click("I have kept them")
	w.heading("Profile")
}

func replaceApp(w worker) {
	w.click("Replace")
	w.heading("Replace the authenticator app")
	app := w.app()
	w.fill(codeLabel, app.code(1)) // of the next half minute: the first app may have used this one's
	w.fill(passwordLabel, newPassword)
	w.click("Replace")
	w.says("Your new authenticator app is in use.")
}

func disableOwnSecondFactor(w worker) {
	w.click("Disable")
	w.fill("Your own password", newPassword)
	w.click("Disable 2FA")
	w.says("Disabled")
	if w.console.user(adminEmail).SecondFactor {
		w.console.t.Error("two-factor authentication is on")
	}
}

func seeOlderSignIns(w worker) {
	for range 20 { // as many as a page shows
		w.console.browser().signIn(adminEmail, newPassword)
	}
	w.open("/settings/profile?tab=sessions")
	w.click("Older")
	w.click("Newest")
	w.find("Older", "link")
}

// resetByMail follows the link of the mail as the person does, and signs in with the new password.
func resetByMail(w worker) {
	must(w.tab, network.ClearBrowserCookies, cdp.Empty{})
	w.open("/signin")
	w.click("Forgot your password?")
	w.fill("Email", adminEmail)
	w.click("Send the link")
	w.heading("Sign in")
	var link string
	eventually(w.console.t, "the link arrives", func() bool {
		for _, m := range w.console.Mail.Messages() {
			for _, to := range linksIn(m) {
				if strings.Contains(to, "/reset/") {
					link = to
				}
			}
		}
		return link != ""
	})
	w.open(link)
	w.fill("New password", "short")
	w.click("Save the password")
	w.is(`document.querySelector('[aria-invalid="true"]') !== null`)
	w.fill("New password", "another set of four words")
	w.click("Save the password")
	w.heading("Sign in")
	w.fill("Email", adminEmail)
	w.fill("Password", "another set of four words")
	w.click("Sign in")
	w.heading("Users")
}
