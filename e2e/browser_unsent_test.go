package e2e

import (
	"slices"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// What the browser asks before entries are lost.
const (
	asksToLeave   = "beforeunload"
	asksToDiscard = "confirm Discard what you have entered?"
)

func TestBrowser_WhatWasEnteredIsNotLostByAStrayClick(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	c.setUp()
	b := c.administrator().tab()
	asked := func(want ...string) {
		t.Helper()
		var got []string
		eventually(t, "the browser has asked", func() bool {
			got = append(got, b.answering(false)...)
			return len(got) >= len(want)
		})
		if !slices.Equal(got, want) {
			t.Errorf("the browser asked %q, want %q", got, want)
		}
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
