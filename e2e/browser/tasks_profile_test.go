package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"

	"console/e2e/harness"
	"console/e2e/harness/chromium"
)

func TestBrowserTasksProfileByKeyboard(t *testing.T) {
	atLength(t)
	t.Parallel()
	workWithProfile(t, chromium.Keyboard)
}

func TestBrowserTasksProfileWithoutScript(t *testing.T) {
	atLength(t)
	t.Parallel()
	workWithProfile(t, chromium.ScriptOff)
}

func workWithProfile(t *testing.T, with chromium.Hands) {
	c := harness.Ready(t, nil)
	c.NewTenant(c.Administrator(), "Staging")
	work(c, with, []task{
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
		{"sign out", func(w worker) { signOut(w.Tab, "Johanna Doe") }},
		{"choose a new password by mail", resetByMail},
	})
}

func changeProfile(w worker) {
	w.Open("/settings/profile")
	w.Fill("First name", "")
	w.save("Account")
	w.Is(`document.querySelector('[name="first_name"]').getAttribute("aria-invalid") === "true"`)
	w.Fill("First name", "Johanna")
	w.Fill("Phone (optional)", "+49 30 1234567")
	w.Choose("Time zone", "Europe/Berlin")
	w.Choose("Date & time format", "YMD — 2024-02-16")
	w.Click("24-hour time format")
	w.Choose("Colours", "Dark")
	w.save("Account")
	w.Says("Your profile is saved.", "Johanna Doe")
	w.Is(`document.documentElement.dataset.theme === "dark"`)
	if john := w.Console.User(harness.AdminEmail); john.TimeZone != "Europe/Berlin" || john.DateFormat != "YMD" || john.Phone == "" {
		w.Console.T.Errorf("the profile is %+v", john)
	}
}

// newPassword is what John Doe chooses.
const newPassword = "seventeen green bicycles"

func changePassword(w worker) {
	w.Click("Security")
	w.Click("Change password")
	w.Fill("Current password", "wrong")
	w.Fill("New password", newPassword)
	w.Fill("New password again", "something else")
	w.Click("Change password")
	w.Is(`document.querySelector('[aria-invalid="true"]') !== null`)
	w.Fill("Current password", harness.AdminPassword)
	w.Fill("New password", newPassword)
	w.Fill("New password again", newPassword)
	w.Click("Change password")
	w.Says("Your password is changed.")
}

func signOutOne(w worker) {
	w.Console.Browse(w.Console.User(harness.AdminEmail))
	w.Open("/settings/profile?tab=sessions")
	w.Click("Sign out Unknown browser at 127.0.0.1")
	w.onlyHere()
}

func signOutOthers(w worker) {
	john := w.Console.User(harness.AdminEmail)
	w.Console.Browse(john)
	w.Console.Browse(john)
	w.Reload()
	w.Click("Sign out all other browsers")
	w.onlyHere()
}

// onlyHere waits until John Doe is signed in in this browser only, and the page says so.
func (w worker) onlyHere() {
	w.Console.T.Helper()
	w.Is(`document.querySelector('button[aria-label^="Sign out"]') === null`)
	if n := w.Console.Sessions(w.Console.User(harness.AdminEmail)); n != 1 {
		w.Console.T.Errorf("there are %d sessions", n)
	}
}

func seeOwnPermissions(w worker) {
	w.Click("My permissions")
	w.Choose("Tenant", "Staging 2")
	if !w.Script {
		w.Click("Show")
	}
	w.Find("Permissions in Staging", "table")
}

func enrolApp(w worker) {
	w.Open("/settings/profile?tab=security")
	w.Click("Enable")
	w.Heading("Enable two-factor authentication")
	scan(w.Tab, newPassword)
	w.Heading("Profile")
	w.Says("10 codes left")
}

func makeNewCodes(w worker) {
	w.Click("Make new codes")
	w.Fill("Your own password", newPassword)
	w.Click("Make new codes")
	w.Heading("Recovery codes")
	if codes := strings.Fields(w.Value("Your recovery codes")); len(codes) != 10 {
		w.Console.T.Errorf("the codes are %q", codes)
	}
	w.Click("I have kept them")
	w.Heading("Profile")
}

func replaceApp(w worker) {
	w.Click("Replace")
	w.Heading("Replace the authenticator app")
	app := app(w.Tab)
	w.Fill(codeLabel, app.Code(1)) // of the next half minute: the first app may have used this one's
	w.Fill(passwordLabel, newPassword)
	w.Click("Replace")
	w.Says("Your new authenticator app is in use.")
}

func disableOwnSecondFactor(w worker) {
	w.Click("Disable")
	w.Fill("Your own password", newPassword)
	w.Click("Disable 2FA")
	w.Says("Disabled")
	if w.Console.User(harness.AdminEmail).SecondFactor {
		w.Console.T.Error("two-factor authentication is on")
	}
}

func seeOlderSignIns(w worker) {
	for range 21 { // one more than a page shows
		w.Console.Browser().SignIn(harness.AdminEmail, newPassword)
	}
	w.Open("/settings/profile?tab=sessions")
	w.Click("Older")
	w.Click("Newest")
	w.Find("Older", "link")
}

// resetByMail follows the link of the mail as the person does, and signs in with the new password.
func resetByMail(w worker) {
	chromium.Must(w.Tab, network.ClearBrowserCookies, cdp.Empty{})
	w.Open("/signin")
	w.Click("Forgot your password?")
	w.Fill("Email", harness.AdminEmail)
	w.Click("Send the link")
	w.Heading("Sign in")
	var link string
	harness.Eventually(w.Console.T, "the link arrives", func() bool {
		for _, m := range w.Console.Mail.Messages() {
			for _, to := range harness.LinksIn(m) {
				if strings.Contains(to, "/reset/") {
					link = to
				}
			}
		}
		return link != ""
	})
	w.Open(link)
	w.Fill("New password", "short")
	w.Click("Save the password")
	w.Is(`document.querySelector('[aria-invalid="true"]') !== null`)
	w.Fill("New password", "another set of four words")
	w.Click("Save the password")
	w.Heading("Sign in")
	w.Fill("Email", harness.AdminEmail)
	w.Fill("Password", "another set of four words")
	w.Click("Sign in")
	w.Heading("Users")
}
