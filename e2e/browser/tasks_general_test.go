package browser

import (
	"testing"

	"console/e2e/harness"
	"console/e2e/harness/chromium"
)

func TestBrowserTasksGeneralByKeyboard(t *testing.T) {
	atLength(t)
	t.Parallel()
	workWithSettings(t, chromium.Keyboard)
}

func TestBrowserTasksGeneralWithoutScript(t *testing.T) {
	atLength(t)
	t.Parallel()
	workWithSettings(t, chromium.ScriptOff)
}

func workWithSettings(t *testing.T, with chromium.Hands) {
	c := harness.Ready(t, nil)
	c.Member(c.Administrator(), "analyst", "mem@example.com")
	work(c, with, []task{
		{"skip to the content", skipToContent},
		{"read what the page is for", readHelp},
		{"name the company", nameCompany},
		{"set the password length", setPasswordLength},
		{"set the timeouts", setTimeouts},
		{"send a test mail", sendTestMail},
		{"enforce two-factor authentication", enforceSecondFactor},
		{"sign out those without a second factor", signOutUnprotected},
		{"sign out everybody", signOutEverybody},
		{"set up the second factor that is demanded", func(w worker) { setUpDemanded(w, with) }},
	})
}

func skipToContent(w worker) {
	w.Open("/settings/general")
	if w.Keys { // it shows itself to those who have the focus on it
		w.Click("Skip to content")
		w.Is(`document.activeElement.id === "main"`)
	}
}

func readHelp(w worker) {
	w.Open("/settings/general")
	w.Click("About this page")
	w.Is(`document.getElementById("help").matches(":popover-open")`)
}

func nameCompany(w worker) {
	w.Open("/settings/general")
	w.Fill("Company name", "")
	w.save("Company")
	w.Is(`document.querySelector('[name="name"]').getAttribute("aria-invalid") === "true"`)
	w.Fill("Company name", "Example Works")
	w.Fill("Cloud label", "US")
	w.save("Company")
	w.Says("The company is saved as “Example Works”.")
	if w.Script {
		w.Click("Dismiss")
		w.Is(`document.querySelector(".toast") === null`)
	}
}

func setPasswordLength(w worker) {
	w.Fill("Minimum password length", "2")
	w.save("Sign-in management")
	w.Is(`document.querySelector('[name="password_min_length"]').getAttribute("aria-invalid") === "true"`)
	w.Fill("Minimum password length", "14")
	w.save("Sign-in management")
	w.Says("Sign-in management is saved.")
	w.Is(`document.querySelector('[name="password_min_length"]').value === "14"`)
}

func setTimeouts(w worker) {
	w.Choose("Idle timeout", "2 hours")
	w.Choose("Absolute timeout", "1 hour")
	w.save("Logout management")
	w.Says("The timeouts are saved.", "The absolute timeout comes first")
}

func sendTestMail(w worker) {
	w.Click("Send a test mail to me")
	w.Says("The mail server has taken the test mail for " + harness.AdminEmail + ".")
}

// enforceSecondFactor needs a second factor of one's own.
func enforceSecondFactor(w worker) {
	const box = "Enforce two-factor authentication for all company users"
	w.Click(box)
	w.save("Sign-in management")
	w.Says("no second factor yourself")
	w.Open("/settings/profile?tab=security")
	w.Click("Enable")
	scan(w.Tab, harness.AdminPassword)
	w.Heading("Profile")
	w.Open("/settings/general")
	w.Click(box)
	w.save("Sign-in management")
	w.Says("Sign-in management is saved.")
}

func signOutUnprotected(w worker) {
	w.Click("Sign out 1 person without a second factor now")
	w.Click("Sign out 1 person")
	w.Says("Everybody without a second factor is signed out.")
	if n := w.Console.Sessions(w.Console.User("mem@example.com")); n != 0 {
		w.Console.T.Errorf("they have %d sessions", n)
	}
}

func signOutEverybody(w worker) {
	w.Click("Sign out everybody")
	w.Heading("Sign out everybody")
	w.Click("Sign out everybody")
	w.Says("Everybody else is signed out.")
}

// setUpDemanded signs in as somebody who is not let in without a second factor.
func setUpDemanded(w worker, with chromium.Hands) {
	b := chromium.NewTabFor(w.Console, with)
	signIn(b, "mem@example.com", harness.Password("mem@example.com"))
	b.Heading("Enable two-factor authentication")
	scan(b, harness.Password("mem@example.com"))
	b.Heading("Profile")
}
