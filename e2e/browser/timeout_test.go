package browser

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"console/e2e/harness"
	"console/e2e/harness/chromium"
)

// comeBack makes the page ask how long the session lasts, as it does when a person comes back to it.
func comeBack(b *chromium.Tab) {
	b.Console.T.Helper()
	b.Is(`document.readyState === "complete"`) // the script listens by then
	b.Is(`document.dispatchEvent(new Event("visibilitychange"))`)
}

// warned says whether the dialog that warns of the end is open.
const warned = `document.getElementById("timeout").open`

func TestBrowser_OneMinuteBeforeTheEnd(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	c.Timeouts(5*time.Minute, time.Hour)
	b := chromium.TabOf(c.Administrator())
	b.Open("/settings/users")
	b.Fill("Search users", "john")
	b.Is(`location.search.includes("john")`) // the search has been answered: it is the last activity
	clock.Advance(3 * time.Minute)
	comeBack(b)
	b.Is(`!` + warned)
	clock.Advance(2*time.Minute - 40*time.Second)
	seen := c.Cell(`SELECT last_seen_at FROM sessions`)
	comeBack(b)
	b.Is(warned)
	b.Says("Your session is about to end", "seconds left")
	b.Find("Your session is about to end", "alertdialog")
	b.Is(`document.activeElement.id === "timeout-stay"`)
	b.Is(`/^You will be signed out in \d+ seconds\.$/.test(document.querySelector('#timeout [role="status"]').textContent)`)
	if now := c.Cell(`SELECT last_seen_at FROM sessions`); now != seen {
		t.Error("warning counts as activity")
	}
	b.Click("Stay signed in")
	b.Is(`!` + warned)
	b.Is(`document.activeElement.type === "search"`)
	clock.Advance(4 * time.Minute) // the session would have ended long ago
	c.Timeouts(10*time.Minute, time.Hour)
	comeBack(b)
	b.Is(`!` + warned) // longer limits hold at once

	clock.Advance(6*time.Minute - 3*time.Second)
	comeBack(b)
	b.Is(warned)
	clock.Advance(3 * time.Second)
	b.Is(`location.pathname === "/signin"`)
	b.Back()
	b.Is(`location.pathname === "/signin"`) // nothing of the console is shown again
	b.Open("/settings/users?tab=active")
	b.Fill("Email", harness.AdminEmail)
	b.Fill("Password", harness.AdminPassword)
	b.Click("Sign in")
	b.Is(`location.pathname + location.search === "/settings/users?tab=active"`)
	if troubles := b.Noticed(); len(troubles) > 0 {
		t.Errorf("the browser noticed %q", troubles)
	}
}

func TestBrowser_AnotherTabStays(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	c.Timeouts(5*time.Minute, time.Hour)
	person := c.Administrator()
	b := chromium.TabOf(person)
	b.Open("/settings/users?tab=active")
	clock.Advance(5*time.Minute - 12*time.Second)
	comeBack(b)
	b.Is(warned)
	person.Get("/settings/profile").Wants(200)
	b.Is(`!` + warned)
	b.Is(`location.pathname === "/settings/users"`)
}

func TestBrowser_StayingIsNotPossibleForever(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	c.Timeouts(time.Hour, 5*time.Minute)
	b := chromium.TabOf(c.Administrator())
	b.Open("/settings/triggers")
	clock.Advance(5*time.Minute - 4*time.Second)
	comeBack(b)
	b.Is(warned)
	b.Says("so you cannot stay")
	b.Click("Close")
	b.Is(`!` + warned)
	clock.Advance(4 * time.Second)
	b.Is(`location.pathname + location.search === "/signin?next=%2Fsettings%2Ftriggers"`)
}

func TestBrowser_TheWarningOverADialogGivesTheFocusBack(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	c.Timeouts(5*time.Minute, time.Hour)
	b := chromium.TabOf(c.Administrator())
	b.Keys = true
	b.Open("/settings/users")
	b.Click("Add new user")
	b.Fill("First name", "Ana")
	for how, answer := range map[string]func(){
		"Escape": func() { b.Press(kb.Escape) },
		"Enter":  func() { b.Press(kb.Enter) },
	} {
		clock.Advance(5*time.Minute - 40*time.Second)
		comeBack(b)
		b.Is(warned)
		b.Is(`document.activeElement.id === "timeout-stay"`)
		b.TabKey(true)
		b.Is(`document.getElementById("timeout").contains(document.activeElement)`)
		b.TabKey(false)
		b.Is(`document.activeElement.id === "timeout-stay"`)
		answer()
		b.Is(`!` + warned)
		b.Holds(
			how+" leaves the form open, and gives the focus back to its field",
			`document.getElementById("dialog").open && document.activeElement.name === "first_name"`,
		)
		if kept := b.Value("First name"); kept != "Ana" {
			t.Errorf("after %s the field holds %q", how, kept)
		}
	}
	b.Fill("Email", "ana@example.com") // the session has gone on
	b.Click("Add user")
	b.Says("Ana was added.")
}

func TestBrowser_WithoutScriptThePageSaysWhenItEnds(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	person := c.Administrator()
	b := chromium.NewTab(c, false)
	b.Adopt(person)
	b.Open("/settings/profile")
	b.Says("You will be signed out at", "unless you go on working.")
	b.Choose("Colours", "Dark")
	b.Click("Save")
	b.Says("Your profile is saved.")
	b.Is(`getComputedStyle(document.body).backgroundColor === "rgb(23, 24, 28)"`)
}

func TestBrowser_NothingIsLeftAfterSigningOut(t *testing.T) { // FC-68
	t.Parallel()
	c := harness.Ready(t, nil)
	b := chromium.TabOf(c.Administrator())
	b.Open("/settings/users")
	b.Open("/settings/profile")
	b.Click("Account of John Doe")
	b.Click("Sign out")
	b.Is(`location.pathname === "/signin"`)
	b.Back()
	b.Is(`location.pathname === "/signin"`)
	b.Is(`!/<|John/.test(JSON.stringify(localStorage) + JSON.stringify(sessionStorage))`)
}

func TestBrowserBackToWhereOneWas(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	person := c.Administrator()
	staging := c.NewTenant(person, "Staging")
	b := chromium.TabOf(person)
	choose := func(from, to string) {
		t.Helper()
		b.Click(from + ": choose another tenant")
		b.Click(to)
		b.Find(to+": choose another tenant", "button")
	}
	b.Open("/settings/users")
	b.Click("Invited 0")
	b.Is(`location.search.includes("invited")`)
	choose("TestCompany 1", "Staging "+staging)
	b.Is(`location.pathname + location.search === "/settings/users?tab=invited"`)

	b.Open("/settings/general")
	b.Fill("Company name", "")
	b.Press(kb.Enter)
	b.Is(`location.pathname === "/settings/general/company"`)
	choose("Staging "+staging, "TestCompany 1")
	b.Is(`location.pathname === "/settings/general"`)

	b.Fill("Company name", "")
	b.Press(kb.Enter)
	b.Is(`location.pathname === "/settings/general/company"`)
	clock.Advance(24 * time.Hour)
	comeBack(b)
	b.Is(`location.pathname + location.search === "/signin?next=%2Fsettings%2Fgeneral"`)
	if troubles := b.Noticed(); len(troubles) > 0 {
		t.Errorf("the browser noticed %q", troubles)
	}
}
