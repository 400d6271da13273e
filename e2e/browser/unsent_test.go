package browser

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"console/e2e/harness"
	"console/e2e/harness/chromium"
	"console/store"
)

// What the browser asks before entries are lost.
const (
	asksToLeave   = "beforeunload"
	asksToDiscard = "confirm Discard what you have entered?"
	asksToClose   = "confirm Close this? It is not shown again."
)

// wasAsked waits for questions that the browser asked since it was called last, and answers those to come.
func wasAsked(b *chromium.Tab, t *testing.T, answer bool, want ...string) {
	t.Helper()
	var got []string
	harness.Eventually(t, fmt.Sprintf("the browser has asked %q", want), func() bool {
		got = append(got, b.Answering(answer)...)
		return len(got) >= len(want)
	})
	if !slices.Equal(got, want) {
		t.Errorf("the browser asked %q, want %q", got, want)
	}
}

func TestBrowser_WhatWasEnteredIsNotLostByAStrayClick(t *testing.T) {
	t.Parallel()
	c := harness.Start(t, nil)
	c.SetUp()
	b := chromium.TabOf(c.Administrator())
	asked := func(want ...string) {
		t.Helper()
		wasAsked(b, t, false, want...)
	}
	asked()

	b.Open("/settings/users")
	b.Click("Add new user")
	b.Heading("Add new user")
	b.Press(kb.Escape)
	b.Is(`document.querySelector("dialog[open]") === null`)
	asked() // nothing was entered

	b.Click("Add new user")
	b.Fill("First name", "Ana")
	b.Press(kb.Escape)
	asked(asksToDiscard)
	if kept := b.Value("First name"); kept != "Ana" {
		t.Errorf("Escape has left %q", kept)
	}
	b.Click("Close")
	asked(asksToDiscard)
	b.Click("Add user") // refused: the address is missing
	b.Says("Enter an email address.")
	asked()
	b.Press(kb.Escape)
	asked(asksToDiscard) // a refused form holds entries, too
	b.Click("Cancel")
	b.Is(`document.querySelector("dialog[open]") === null`)
	asked() // Cancel says what it does

	b.Click("Triggers")
	b.Heading("Triggers")
	b.Click("Create trigger")
	b.Fill("Name", "Security team")
	b.Click("Users")
	asked(asksToLeave)
	if kept := b.Value("Name"); kept != "Security team" {
		t.Errorf("a link has left %q", kept)
	}
	b.Click("Cancel")
	b.Heading("Triggers")
	asked()

	b.Click("Profile")
	b.Heading("Profile")
	b.Fill("Phone (optional)", "+49 30 1234567")
	b.Click("Save")
	b.Says("Your profile is saved.")
	asked() // what is sent is not lost
}

func TestBrowserUnsentPermissions(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Browse(c.User(harness.AdminEmail))
	path := c.NewGroup(admin, "Night shift", []string{"1"}, []string{"rules.view"}) + "?tab=permissions"
	b := chromium.TabOf(admin)
	asked := func(want ...string) {
		t.Helper()
		wasAsked(b, t, false, want...)
	}
	sourceRole := func(want string) {
		t.Helper()
		b.Is(fmt.Sprintf(`document.querySelector("#field-role").selectedOptions[0].text === %q`, want))
	}
	chooseAnother := func() { // with keys: what a script chooses asks nobody
		t.Helper()
		if err := b.Field("Source role").Apply(`function() { this.focus(); }`, nil); err != nil {
			t.Fatal(err)
		}
		b.Press("a") // Administrator
	}
	asked()

	b.Open(path)
	chooseAnother()
	b.Is(`document.querySelector('[name="permissions"]') === null`)
	asked() // nothing was ticked
	b.Click("Users 0")
	asked(asksToDiscard) // another source role was chosen
	b.Click("Reset")
	b.Is(`document.querySelector('[value="rules.view"]') !== null`)
	asked() // Reset says what it does

	b.Click("Update Rules")
	b.Click("Users 0")
	asked(asksToDiscard)
	b.Click("Profile")
	asked(asksToLeave)
	chooseAnother()
	asked(asksToDiscard)
	sourceRole("Custom permissions")
	b.Is(`document.querySelector('[value="rules.update"]').checked`)

	b.Click("Save permissions…")
	b.Heading("Save permissions")
	b.Press(kb.Escape)
	b.Is(`document.querySelector("dialog[open]") === null`)
	asked()
	b.Click("Users 0")
	asked(asksToDiscard) // the question was not answered
	b.Click("Save permissions…")
	b.Click("Save permissions")
	b.Says("The permissions of Night shift were saved.")
	asked()
}

func TestBrowserUnsentWhatIsDrawnAgain(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Browse(c.User(harness.AdminEmail))
	path := c.NewGroup(admin, "Night shift", []string{"1"}, []string{"rules.view"})
	c.People(store.User{FirstName: "Ann", LastName: "Lee", Email: "ann@example.com"})
	b := chromium.TabOf(admin)
	wasAsked(b, t, false)

	b.Open("/settings/users")
	b.Click("Actions for Ann Lee")
	b.Click("Groups…")
	b.Fill("Find more groups", "night")
	b.Click("Find")
	b.Click("Night shift")
	b.Fill("Find more groups", "n")
	b.Click("Find")
	b.Is(`document.querySelector("#group-find").defaultValue === "n"`)
	b.Press(kb.Escape)
	wasAsked(b, t, false, asksToDiscard)
	b.Click("Continue")
	b.Heading("Save groups")
	b.Press(kb.Escape)
	wasAsked(b, t, false, asksToDiscard)
	b.Heading("Save groups")
	asks, err := chromium.Evaluate[bool](b, `(() => {
		document.querySelector("dialog a[data-close]").click();
		return !dispatchEvent(new Event("beforeunload", {cancelable: true}));
	})()`)
	if err != nil || asks {
		t.Errorf("what was given up is asked about: %v", err)
	}

	b.Open(path + "/users/add")
	b.Fill("Search users", "ann")
	b.Click("Ann Lee ann@example.com · Analyst")
	b.Fill("Search users", "")
	b.Is(`document.querySelector("#people").children.length === 1 && document.querySelector("#people input").defaultChecked`)
	b.Click("Profile")
	wasAsked(b, t, false, asksToLeave)
}

func TestBrowserUnsentWhatIsEnteredMeanwhile(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Browse(c.User(harness.AdminEmail))
	path := c.NewGroup(admin, "Night shift", []string{"1"}, []string{"rules.view"})
	c.NewGroup(admin, "Day shift", []string{"1"}, []string{"rules.view"})
	c.People(
		store.User{FirstName: "Ann", LastName: "Lee", Email: "ann@example.com"},
		store.User{FirstName: "Bob", LastName: "Ray", Email: "bob@example.com"},
	)
	b := chromium.TabOf(admin)
	ticked := func(name string) {
		t.Helper()
		var is bool
		if err := b.Find(name, "checkbox").Apply(`function() { return this.checked; }`, &is); err != nil || !is {
			t.Errorf("%q is not ticked: %v", name, err)
		}
	}

	b.Open("/settings/users")
	b.Click("Actions for Ann Lee")
	b.Click("Groups…")
	b.Fill("Find more groups", "shift")
	b.Click("Find")
	b.Find("Night shift", "checkbox")
	b.Fill("Find more groups", "day")
	letGo := holdRequests(b, "/groups")
	b.Click("Find")
	b.Click("Day shift")
	b.Click("Night shift") // it is not among what is found then
	b.Fill("Find more groups", "night")
	letGo()
	b.Is(`document.querySelector("#group-find").defaultValue === "day"`)
	ticked("Day shift")
	ticked("Night shift")
	if text := b.Value("Find more groups"); text != "night" {
		t.Errorf("what was typed is %q now", text)
	}
	b.Click("Cancel")
	b.Is(`document.querySelector("dialog[open]") === null`)

	b.Click("Add new user")
	b.Heading("Add new user")
	b.Fill("Email", "dan")
	letGo = holdRequests(b, "/users/new")
	b.Click("Add user")
	b.Fill("First name", "Dan")
	b.Choose("Role", "Analyst")
	letGo()
	b.Says("Enter an email address like name@example.com.")
	if first, role := b.Value("First name"), b.Value("Role"); first != "Dan" || role != "analyst" {
		t.Errorf("the refused form has the first name %q and the role %q", first, role)
	}
	b.Click("Cancel")

	b.Open(path + "/users/add")
	b.Fill("Search users", "lee")
	b.Find("Ann Lee ann@example.com · Analyst", "checkbox")
	letGo = holdRequests(b, "/users/add")
	b.Fill("Search users", "ray")
	b.Click("Ann Lee ann@example.com · Analyst") // nor is she among who is found then
	letGo()
	b.Find("Bob Ray bob@example.com · Analyst", "checkbox")
	ticked("Ann Lee ann@example.com · Analyst")
	b.Click("Add users")
	b.Says("Ann Lee")
}

func TestBrowserUnsentIsNotForAnotherForm(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	c.People(
		store.User{FirstName: "Ann", LastName: "Lee", Email: "ann@example.com"},
		store.User{FirstName: "Bob", LastName: "Ray", Email: "bob@example.com"},
	)
	b := chromium.TabOf(c.Browse(c.User(harness.AdminEmail)))
	b.Open("/settings/users")
	b.Click("Actions for Ann Lee")
	b.Click("Groups…")
	b.Heading("Groups of Ann Lee")
	path := fmt.Sprintf("/settings/users/%d/groups", c.User("bob@example.com").ID)
	letGo := holdRequests(b, path)
	b.Is(fmt.Sprintf(`(htmx.ajax("GET", %q, "#dialog"), true)`, path))
	b.Choose("Role", "Administrator")
	letGo()
	b.Heading("Groups of Bob Ray")
	if role := b.Value("Role"); role != "analyst" {
		t.Errorf("what was chosen for Ann is chosen for Bob: %s", role)
	}
}

// holdRequests keeps what the page asks for under such an address from being sent, until one of them is let go. The others follow it.
func holdRequests(b *chromium.Tab, path string) (letGo func()) {
	b.Console.T.Helper()
	ctx, stop := context.WithCancel(b.Context)
	held := make(chan fetch.RequestID, 100)
	err := chromedp.Listen(ctx, func(event any) {
		if paused, is := event.(*fetch.EventRequestPaused); is {
			held <- paused.RequestID
		}
	})
	if err != nil {
		b.Console.T.Fatal(err)
	}
	chromium.Must(b, fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{{URLPattern: "*" + path + "*"}}})
	return func() {
		b.Console.T.Helper()
		defer stop()
		harness.Eventually(b.Console.T, "something is asked for under "+path, func() bool { return len(held) > 0 })
		chromium.Must(b, fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: <-held})
		chromium.Must(b, fetch.Disable, cdp.Empty{})
	}
}

func TestBrowserUnsentFormWithALinkInIt(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Browse(c.User(harness.AdminEmail))
	admin.Post("/settings/integrations/new?type=email", "name", "Mail to admins", "emails", harness.AdminEmail).Wants(303)
	b := chromium.TabOf(admin)
	b.Resize(chromium.Wide)
	wasAsked(b, t, false)

	b.Open("/settings/integrations")
	b.Click("Mail to admins")
	b.Fill("Integration name", "Mail to everybody")
	b.Click("Delete this integration")
	wasAsked(b, t, false, asksToDiscard)
	if kept := b.Value("Integration name"); kept != "Mail to everybody" {
		t.Errorf("the link has left %q", kept)
	}
	b.Click("Cancel")

	b.Open("/settings/triggers/new")
	b.Fill("Name", "Security team")
	cancel := b.Find("Cancel", "link")
	var at []float64
	b.Until("see Cancel", func() error {
		if err := cancel.Apply(chromium.Centre, &at); err != nil || len(at) != 2 {
			return fmt.Errorf("it is out of sight: %w", err)
		}
		return nil
	})
	b.Do(chromedp.MouseClickXY(at[0], at[1], chromedp.ButtonModifiers(chromedp.ModifierCtrl))) // into another tab
	b.Click("Users")
	wasAsked(b, t, false, asksToLeave)
}

func TestBrowserUnsentSecretsShownOnce(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	b := chromium.TabOf(c.Browse(c.User(harness.AdminEmail)))
	b.Resize(chromium.Wide)
	closed := `document.querySelector("dialog[open]") === null`
	wasAsked(b, t, false)

	b.Open("/settings/users")
	b.Click("Invite by link")
	b.Fill("Email", "ines@example.com")
	b.Click("Create link")
	b.Heading("Signup link")
	b.Click("Close")
	wasAsked(b, t, true, asksToClose)
	b.Heading("Signup link")
	b.Press(kb.Escape)
	b.Is(closed)
	b.Is(`document.readyState === "complete" && location.search === "?tab=invited"`) // where the invited person is
	wasAsked(b, t, false, asksToClose)

	b.Open("/settings/integrations")
	b.Click("Webhook")
	b.Fill("Integration name", "Inventory")
	b.Fill("Webhook URL", c.Receiver.URL+"/hook")
	b.Click("Add integration")
	b.Heading("Signing secret")
	b.Press(kb.Escape)
	wasAsked(b, t, true, asksToClose)
	b.Heading("Signing secret")
	b.Click("Close")
	b.Is(closed)
	b.Says("Inventory")
	wasAsked(b, t, true, asksToClose)

	b.Open("/settings/profile?tab=security")
	b.Click("Enable")
	b.Heading("Enable two-factor authentication")
	app := app(b)
	b.Fill(codeLabel, app.At(time.Now()))
	b.Fill(passwordLabel, harness.AdminPassword)
	b.Click("Enable")
	b.Heading("Recovery codes")
	b.Click("Close")
	b.Is(closed)
	b.Says("10 codes left")
	wasAsked(b, t, false, asksToClose)
}
