package browser

import (
	"fmt"
	"testing"

	"console/e2e/harness"
	"console/e2e/harness/chromium"
	"console/internal/account"
)

func TestBrowserTasksTokens(t *testing.T) {
	t.Parallel()
	workWithTokens(t, chromium.Mouse)
}

func TestBrowserTasksTokensByKeyboard(t *testing.T) {
	atLength(t)
	t.Parallel()
	workWithTokens(t, chromium.Keyboard)
}

func TestBrowserTasksTokensWithoutScript(t *testing.T) {
	atLength(t)
	t.Parallel()
	workWithTokens(t, chromium.ScriptOff)
}

// workWithTokens takes a token through its life, with the mouse in a window as narrow as a telephone.
func workWithTokens(t *testing.T, with chromium.Hands) {
	life := &tokenLife{narrow: with == chromium.Mouse}
	work(harness.Ready(t, nil), with, []task{
		{"create a token", life.create},
		{"leave its value behind", life.leave},
		{"disable it", life.disable},
		{"enable it", life.enable},
		{"renew it", life.renew},
		{"delete it", life.delete},
	})
}

// tokenLife is what is known of a token while it is worked with.
type tokenLife struct {
	narrow bool
	value  string
}

// works wants the value to be accepted, or refused.
func (l *tokenLife) works(w worker, want bool) {
	w.Console.T.Helper()
	_, err := w.Console.Account.TokenActor(w.Console.T.Context(), l.value, "203.0.113.7")
	if accepted := err == nil; accepted != want || !accepted && !account.RefusedBy(err, account.TokenRefused) {
		w.Console.T.Errorf("the token is answered with %v", err)
	}
}

// fits wants the page not to scroll sideways.
func (l *tokenLife) fits(w worker) {
	w.Console.T.Helper()
	w.Is(`document.scrollingElement.scrollWidth <= screen.width`)
}

// reads the value that is shown, and copies it.
func (l *tokenLife) read(w worker) {
	w.Console.T.Helper()
	w.Says("will not be shown again")
	l.fits(w)
	l.value = w.Value("Value")
	if len(l.value) != 64 {
		w.Console.T.Errorf("the value is %q", l.value)
	}
	if w.Script {
		w.Is(`document.activeElement.id === "issued-token"`)
		w.Click("Copy value")
		w.Says("Copied")
	} else {
		w.Says("Select all 64 characters and copy them.")
	}
}

// gone wants the value to stand nowhere on the page.
func (l *tokenLife) gone(w worker) {
	w.Console.T.Helper()
	w.Is(fmt.Sprintf(`document.readyState === "complete" && !document.documentElement.outerHTML.includes(%q) &&
		[...document.querySelectorAll("input")].every((field) => field.value !== %[1]q)`, l.value))
}

func (l *tokenLife) create(w worker) {
	if l.narrow {
		w.Resize(chromium.Narrow)
	}
	w.Open("/settings/tokens")
	w.Click("Create your first token")
	w.Heading("Create token")
	l.fits(w)
	w.Fill("Name", "Nightly sync")
	w.Click("Create token")
	w.Says("Choose at least one permission.")
	if name := w.Value("Name"); name != "Nightly sync" {
		w.Console.T.Errorf("after an error the name is %q", name)
	}
	w.Click("View Users")
	w.Click("Create token")
	l.read(w)
	l.works(w, true)
}

func (l *tokenLife) leave(w worker) {
	w.Click("Done")
	w.Row("Nightly sync", "1 permission in TestCompany")
	l.gone(w)
	w.Back()
	l.gone(w)
	w.Open("/settings/tokens")
	w.Click("Nightly sync")
	w.Heading("Nightly sync")
	w.Reload()
	w.Says("view Users", "Works")
	l.gone(w)
	l.fits(w)
}

func (l *tokenLife) disable(w worker) {
	w.Click("Disable…")
	w.Says("until somebody enables it again")
	w.Click("Disable token")
	w.Says("The token “Nightly sync” is disabled.", "Somebody disabled it.")
	l.works(w, false)
}

func (l *tokenLife) enable(w worker) {
	w.Click("Enable")
	w.Says("The token “Nightly sync” is enabled.")
	l.works(w, true)
}

func (l *tokenLife) renew(w worker) {
	before := *l
	w.Open("/settings/tokens")
	w.act("Nightly sync", "Renew…")
	w.Says("The old one stops working at once.")
	w.Click("Renew")
	l.read(w)
	before.works(w, false)
	l.works(w, true)
	w.Click("Done")
	w.Row("Nightly sync")
	l.gone(w)
}

func (l *tokenLife) delete(w worker) {
	w.act("Nightly sync", "Delete…")
	w.Says("This cannot be undone.")
	w.Click("Cancel")
	w.Row("Nightly sync")
	l.works(w, true)
	w.act("Nightly sync", "Delete…")
	w.Click("Delete")
	w.Says("The token “Nightly sync” was deleted.", "You have no API token")
	l.works(w, false)
}
