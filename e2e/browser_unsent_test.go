package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"console/store"
)

// What the browser asks before entries are lost.
const (
	asksToLeave   = "beforeunload"
	asksToDiscard = "confirm Discard what you have entered?"
	asksToClose   = "confirm Close this? It is not shown again."
)

// wasAsked waits for questions that the browser asked since it was called last, and answers those to come.
func (b *tab) wasAsked(t *testing.T, answer bool, want ...string) {
	t.Helper()
	var got []string
	eventually(t, fmt.Sprintf("the browser has asked %q", want), func() bool {
		got = append(got, b.answering(answer)...)
		return len(got) >= len(want)
	})
	if !slices.Equal(got, want) {
		t.Errorf("the browser asked %q, want %q", got, want)
	}
}

func TestBrowser_WhatWasEnteredIsNotLostByAStrayClick(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	c.setUp()
	b := c.administrator().tab()
	asked := func(want ...string) {
		t.Helper()
		b.wasAsked(t, false, want...)
	}
	asked()

	b.open("/settings/users")
	b.click("Add new user")
	b.heading("Add new user")
	b.press(kb.Escape)
	b.is(`document.querySelector("dialog[open]") === null`)
	asked() // nothing was entered

	b.click("Add new user")
	b.fill("First name", "Ana")
	b.press(kb.Escape)
	asked(asksToDiscard)
	if kept := b.value("First name"); kept != "Ana" {
		t.Errorf("Escape has left %q", kept)
	}
	b.click("Close")
	asked(asksToDiscard)
	b.click("Add user") // refused: the address is missing
	b.says("Enter an email address.")
	asked()
	b.press(kb.Escape)
	asked(asksToDiscard) // a refused form holds entries, too
	b.click("Cancel")
	b.is(`document.querySelector("dialog[open]") === null`)
	asked() // Cancel says what it does

	b.click("Triggers")
	b.heading("Triggers")
	b.click("Create trigger")
	b.fill("Name", "Security team")
	b.click("Users")
	asked(asksToLeave)
	if kept := b.value("Name"); kept != "Security team" {
		t.Errorf("a link has left %q", kept)
	}
	b.click("Cancel")
	b.heading("Triggers")
	asked()

	b.click("Profile")
	b.heading("Profile")
	b.fill("Phone (optional)", "+49 30 1234567")
	b.click("Save")
	b.says("Your profile is saved.")
	asked() // what is sent is not lost
}

func TestBrowserUnsentPermissions(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	c := ready(t, nil)
	admin := c.browse(c.user(adminEmail))
	path := c.newGroup(admin, "Night shift", []string{"1"}, []string{"rules.view"}) + "?tab=permissions"
	b := admin.tab()
	asked := func(want ...string) {
		t.Helper()
		b.wasAsked(t, false, want...)
	}
	sourceRole := func(want string) {
		t.Helper()
		b.is(fmt.Sprintf(`document.querySelector("#field-role").selectedOptions[0].text === %q`, want))
	}
	chooseAnother := func() { // with keys: what a script chooses asks nobody
		t.Helper()
		if err := b.field("Source role").apply(`function() { this.focus(); }`, nil); err != nil {
			t.Fatal(err)
		}
		b.press("a") // Administrator
	}
	asked()

	b.open(path)
	chooseAnother()
	b.is(`document.querySelector('[name="permissions"]') === null`)
	asked() // nothing was ticked
	b.click("Users 0")
	asked(asksToDiscard) // another source role was chosen
	b.click("Reset")
	b.is(`document.querySelector('[value="rules.view"]') !== null`)
	asked() // Reset says what it does

	b.click("Update Rules")
	b.click("Users 0")
	asked(asksToDiscard)
	b.click("Profile")
	asked(asksToLeave)
	chooseAnother()
	asked(asksToDiscard)
	sourceRole("Custom permissions")
	b.is(`document.querySelector('[value="rules.update"]').checked`)

	b.click("Save permissions…")
	b.heading("Save permissions")
	b.press(kb.Escape)
	b.is(`document.querySelector("dialog[open]") === null`)
	asked()
	b.click("Users 0")
	asked(asksToDiscard) // the question was not answered
	b.click("Save permissions…")
	b.click("Save permissions")
	b.says("The permissions of Night shift were saved.")
	asked()
}

func TestBrowserUnsentWhatIsDrawnAgain(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	c := ready(t, nil)
	admin := c.browse(c.user(adminEmail))
	path := c.newGroup(admin, "Night shift", []string{"1"}, []string{"rules.view"})
	c.people(store.User{FirstName: "Ann", LastName: "Lee", Email: "ann@example.com"})
	b := admin.tab()
	b.wasAsked(t, false)

	b.open("/settings/users")
	b.click("Actions for Ann Lee")
	b.click("Groups…")
	b.fill("Find more groups", "night")
	b.click("Find")
	b.click("Night shift")
	b.fill("Find more groups", "n")
	b.click("Find")
	b.is(`document.querySelector("#group-find").defaultValue === "n"`)
	b.press(kb.Escape)
	b.wasAsked(t, false, asksToDiscard)
	b.click("Continue")
	b.heading("Save groups")
	b.press(kb.Escape)
	b.wasAsked(t, false, asksToDiscard)
	b.heading("Save groups")
	b.click("Cancel")

	b.open(path + "/users/add")
	b.fill("Search users", "ann")
	b.click("Ann Lee ann@example.com · Analyst")
	b.fill("Search users", "")
	b.is(`document.querySelector("#people").children.length === 1 && document.querySelector("#people input").defaultChecked`)
	b.click("Profile")
	b.wasAsked(t, false, asksToLeave)
}

func TestBrowserUnsentFormWithALinkInIt(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	c := ready(t, nil)
	admin := c.browse(c.user(adminEmail))
	admin.post("/settings/integrations/new?type=email", "name", "Mail to admins", "emails", adminEmail).wants(303)
	b := admin.tab()
	b.resize(wide)
	b.wasAsked(t, false)

	b.open("/settings/integrations")
	b.click("Mail to admins")
	b.fill("Integration name", "Mail to everybody")
	b.click("Delete this integration")
	b.wasAsked(t, false, asksToDiscard)
	if kept := b.value("Integration name"); kept != "Mail to everybody" {
		t.Errorf("the link has left %q", kept)
	}
	b.click("Cancel")

	b.open("/settings/triggers/new")
	b.fill("Name", "Security team")
	cancel := b.find("Cancel", "link")
	var at []float64
	b.until("see Cancel", func() error {
		if err := cancel.apply(centre, &at); err != nil || len(at) != 2 {
			return fmt.Errorf("it is out of sight: %v", err)
		}
		return nil
	})
	b.do(chromedp.MouseClickXY(at[0], at[1], chromedp.ButtonModifiers(chromedp.ModifierCtrl))) // into another tab
	b.click("Users")
	b.wasAsked(t, false, asksToLeave)
}

func TestBrowserUnsentSecretsShownOnce(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	c := ready(t, nil)
	b := c.browse(c.user(adminEmail)).tab()
	b.resize(wide)
	closed := `document.querySelector("dialog[open]") === null`
	b.wasAsked(t, false)

	b.open("/settings/users")
	b.click("Invite by link")
	b.fill("Email", "ines@example.com")
	b.click("Create link")
	b.heading("Signup link")
	b.click("Close")
	b.wasAsked(t, true, asksToClose)
	b.heading("Signup link")
	b.press(kb.Escape)
	b.is(closed)
	b.wasAsked(t, false, asksToClose)

	b.open("/settings/integrations")
	b.click("Webhook")
	b.fill("Integration name", "Inventory")
	b.fill("Webhook URL", c.Receiver.URL+"/hook")
	b.click("Add integration")
	b.heading("Signing secret")
	b.press(kb.Escape)
	b.wasAsked(t, true, asksToClose)
	b.heading("Signing secret")
	b.click("Close")
	b.is(closed)
	b.says("Inventory")
	b.wasAsked(t, true, asksToClose)

	b.open("/settings/profile?tab=security")
	b.click("Enable")
	b.heading("Enable two-factor authentication")
	app := b.app()
	b.fill(codeLabel, app.at(time.Now()))
	b.fill(passwordLabel, adminPassword)
	b.click("Enable")
	b.heading("Recovery codes")
	b.click("Close")
	b.is(closed)
	b.says("10 codes left")
	b.wasAsked(t, false, asksToClose)
}
