package e2e

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"
)

// comeBack makes the page ask how long the session lasts, as it does when a person comes back to it.
func (b *tab) comeBack() {
	b.console.t.Helper()
	b.is(`document.dispatchEvent(new Event("visibilitychange"))`)
}

// warned says whether the dialog that warns of the end is open.
const warned = `document.getElementById("timeout").open`

func TestBrowser_OneMinuteBeforeTheEnd(t *testing.T) {
	t.Parallel()
	c, clock := startAt(t)
	c.timeouts(5*time.Minute, time.Hour)
	b := c.administrator().tab()
	b.open("/settings/users")
	b.fill("Search users", "john")
	b.is(`location.search.includes("john")`) // the search has been answered: it is the last activity
	clock.Advance(3 * time.Minute)
	b.comeBack()
	b.is(`!` + warned)
	clock.Advance(2*time.Minute - 40*time.Second)
	seen := c.cell(`SELECT last_seen_at FROM sessions`)
	b.comeBack()
	b.is(warned)
	b.says("Your session is about to end", "seconds left")
	b.find("Your session is about to end", "alertdialog")
	b.is(`document.activeElement.id === "timeout-stay"`)
	b.is(`/^You will be signed out in \d+ seconds\.$/.test(document.querySelector('#timeout [role="status"]').textContent)`)
	if now := c.cell(`SELECT last_seen_at FROM sessions`); now != seen {
		t.Error("warning counts as activity")
	}
	b.click("Stay signed in")
	b.is(`!` + warned)
	b.is(`document.activeElement.type === "search"`)
	clock.Advance(4 * time.Minute) // the session would have ended long ago
	c.timeouts(10*time.Minute, time.Hour)
	b.comeBack()
	b.is(`!` + warned) // longer limits hold at once

	clock.Advance(6*time.Minute - 3*time.Second)
	b.comeBack()
	b.is(warned)
	clock.Advance(3 * time.Second)
	b.is(`location.pathname === "/signin"`)
	b.back()
	b.is(`location.pathname === "/signin"`) // nothing of the console is shown again
	b.open("/settings/users?tab=active")
	b.fill("Email", adminEmail)
	b.fill("Password", adminPassword)
	b.click("Sign in")
	b.is(`location.pathname + location.search === "/settings/users?tab=active"`)
	if troubles := b.noticed(); len(troubles) > 0 {
		t.Errorf("the browser noticed %q", troubles)
	}
}

func TestBrowser_AnotherTabStays(t *testing.T) {
	t.Parallel()
	c, clock := startAt(t)
	c.timeouts(5*time.Minute, time.Hour)
	person := c.administrator()
	b := person.tab()
	b.open("/settings/users?tab=active")
	clock.Advance(5*time.Minute - 12*time.Second)
	b.comeBack()
	b.is(warned)
	person.get("/settings/profile").wants(200)
	b.is(`!` + warned)
	b.is(`location.pathname === "/settings/users"`)
}

func TestBrowser_StayingIsNotPossibleForever(t *testing.T) {
	t.Parallel()
	c, clock := startAt(t)
	c.timeouts(time.Hour, 5*time.Minute)
	b := c.administrator().tab()
	b.open("/settings/triggers")
	clock.Advance(5*time.Minute - 4*time.Second)
	b.comeBack()
	b.is(warned)
	b.says("so you cannot stay")
	b.click("Close")
	b.is(`!` + warned)
	clock.Advance(4 * time.Second)
	b.is(`location.pathname + location.search === "/signin?next=%2Fsettings%2Ftriggers"`)
}

func TestBrowser_TheWarningOverADialogGivesTheFocusBack(t *testing.T) {
	t.Parallel()
	c, clock := startAt(t)
	c.timeouts(5*time.Minute, time.Hour)
	b := c.administrator().tab()
	b.keys = true
	b.open("/settings/users")
	b.click("Add new user")
	b.fill("First name", "Ana")
	for how, answer := range map[string]func(){
		"Escape": func() { b.press(kb.Escape) },
		"Enter":  func() { b.press(kb.Enter) },
	} {
		clock.Advance(5*time.Minute - 40*time.Second)
		b.comeBack()
		b.is(warned)
		b.is(`document.activeElement.id === "timeout-stay"`)
		b.tabKey(true)
		b.is(`document.getElementById("timeout").contains(document.activeElement)`)
		b.tabKey(false)
		b.is(`document.activeElement.id === "timeout-stay"`)
		answer()
		b.is(`!` + warned)
		b.holds(how+" leaves the form open, and gives the focus back to its field", `document.getElementById("dialog").open && document.activeElement.name === "first_name"`)
		if kept := b.value("First name"); kept != "Ana" {
			t.Errorf("after %s the field holds %q", how, kept)
		}
	}
	b.fill("Email", "ana@example.com") // the session has gone on
	b.click("Add user")
	b.says("Ana was added.")
}

func TestBrowser_WithoutScriptThePageSaysWhenItEnds(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	person := c.administrator()
	b := c.tab(false)
	b.adopt(person)
	b.open("/settings/profile")
	b.says("You will be signed out at", "unless you go on working.")
	b.choose("Colours", "Dark")
	b.click("Save")
	b.says("Your profile is saved.")
	b.is(`getComputedStyle(document.body).backgroundColor === "rgb(23, 24, 28)"`)
}

func TestBrowser_NothingIsLeftAfterSigningOut(t *testing.T) { // FC-68
	t.Parallel()
	c := ready(t, nil)
	b := c.administrator().tab()
	b.open("/settings/users")
	b.open("/settings/profile")
	b.click("Account of John Doe")
	b.click("Sign out")
	b.is(`location.pathname === "/signin"`)
	b.back()
	b.is(`location.pathname === "/signin"`)
	b.is(`!/<|John/.test(JSON.stringify(localStorage) + JSON.stringify(sessionStorage))`)
}

func TestBrowserBackToWhereOneWas(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	c, clock := startAt(t)
	person := c.administrator()
	staging := c.newTenant(person, "Staging")
	b := person.tab()
	choose := func(from, to string) {
		t.Helper()
		b.click(from + ": choose another tenant")
		b.click(to)
		b.find(to+": choose another tenant", "button")
	}
	b.open("/settings/users")
	b.click("Invited 0")
	b.is(`location.search.includes("invited")`)
	choose("TestCompany 1", "Staging "+staging)
	b.is(`location.pathname + location.search === "/settings/users?tab=invited"`)

	b.open("/settings/general")
	b.fill("Company name", "")
	b.press(kb.Enter)
	b.is(`location.pathname === "/settings/general/company"`)
	choose("Staging "+staging, "TestCompany 1")
	b.is(`location.pathname === "/settings/general"`)

	b.fill("Company name", "")
	b.press(kb.Enter)
	b.is(`location.pathname === "/settings/general/company"`)
	clock.Advance(24 * time.Hour)
	b.comeBack()
	b.is(`location.pathname + location.search === "/signin?next=%2Fsettings%2Fgeneral"`)
	if troubles := b.noticed(); len(troubles) > 0 {
		t.Errorf("the browser noticed %q", troubles)
	}
}
