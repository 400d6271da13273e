package e2e

import "testing"

func TestBrowserTasksGeneralByKeyboard(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	workWithSettings(t, keyboard)
}

func TestBrowserTasksGeneralWithoutScript(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	workWithSettings(t, scriptOff)
}

func workWithSettings(t *testing.T, with hands) {
	c := ready(t, nil)
	c.member(c.administrator(), "analyst", "mem@example.com")
	c.work(with, []task{
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
	w.open("/settings/general")
	if w.keys { // it shows itself to those who have the focus on it
		w.click("Skip to content")
		w.is(`document.activeElement.id === "main"`)
	}
}

func readHelp(w worker) {
	w.open("/settings/general")
	w.click("About this page")
	w.is(`document.getElementById("help").matches(":popover-open")`)
}

func nameCompany(w worker) {
	w.open("/settings/general")
	w.fill("Company name", "")
	w.save("Company")
	w.is(`document.querySelector('[name="name"]').getAttribute("aria-invalid") === "true"`)
	w.fill("Company name", "Example Works")
	w.fill("Cloud label", "US")
	w.save("Company")
	w.says("The company is saved as “Example Works”.")
	if w.script {
		w.click("Dismiss")
		w.is(`document.querySelector(".toast") === null`)
	}
}

func setPasswordLength(w worker) {
	w.fill("Minimum password length", "2")
	w.save("Sign-in management")
	w.is(`document.querySelector('[name="password_min_length"]').getAttribute("aria-invalid") === "true"`)
	w.fill("Minimum password length", "14")
	w.save("Sign-in management")
	w.says("Sign-in management is saved.")
	w.is(`document.querySelector('[name="password_min_length"]').value === "14"`)
}

func setTimeouts(w worker) {
	w.choose("Idle timeout", "2 hours")
	w.choose("Absolute timeout", "1 hour")
	w.save("Logout management")
	w.says("The timeouts are saved.", "The absolute timeout comes first")
}

func sendTestMail(w worker) {
	w.click("Send a test mail to me")
	w.says("The mail server has taken the test mail for " + adminEmail + ".")
}

// enforceSecondFactor needs a second factor of one's own.
func enforceSecondFactor(w worker) {
	const box = "Enforce two-factor authentication for all company users"
	w.click(box)
	w.save("Sign-in management")
	w.says("no second factor yourself")
	w.open("/settings/profile?tab=security")
	w.click("Enable")
	w.scan(adminPassword)
	w.heading("Profile")
	w.open("/settings/general")
	w.click(box)
	w.save("Sign-in management")
	w.says("Sign-in management is saved.")
}

func signOutUnprotected(w worker) {
	w.click("Sign out 1 person without a second factor now")
	w.click("Sign out 1 person")
	w.says("Everybody without a second factor is signed out.")
	if n := w.console.sessions(w.console.user("mem@example.com")); n != 0 {
		w.console.t.Errorf("they have %d sessions", n)
	}
}

func signOutEverybody(w worker) {
	w.click("Sign out everybody")
	w.heading("Sign out everybody")
	w.click("Sign out everybody")
	w.says("Everybody else is signed out.")
}

// setUpDemanded signs in as somebody who is not let in without a second factor.
func setUpDemanded(w worker, with hands) {
	b := w.console.tabFor(with)
	b.signIn("mem@example.com", password("mem@example.com"))
	b.heading("Enable two-factor authentication")
	b.scan(password("mem@example.com"))
	b.heading("Profile")
}
