package e2e

import (
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"console/internal/cli"
)

// hurry makes the timers of pages to come go ten times as fast.
func (b *tab) hurry() {
	b.console.t.Helper()
	must(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `{ const later = setTimeout; window.setTimeout = (what, time) => later(what, time / 10); }`,
	})
}

func TestBrowserToastPasses(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	c := ready(t, nil)
	b := c.browse(c.user(adminEmail)).tab()
	b.hurry()
	b.open("/settings/profile")
	b.click("Save")
	toast := b.find("Dismiss", "button")
	var at []float64
	b.until("see the message", func() error { return toast.apply(centre, &at) })
	b.do(chromedp.MouseEvent("mouseMoved", at[0], at[1]))
	b.is(`document.querySelector(".toast:hover") !== null`)
	time.Sleep(1500 * time.Millisecond)
	b.says("Your profile is saved.") // somebody reads it
	b.do(chromedp.MouseEvent("mouseMoved", 5, 5))
	left := time.Now()
	b.is(`document.querySelector(".toast") === null`)
	if took := time.Since(left); took < 700*time.Millisecond {
		t.Errorf("it was gone %s after it was read", took)
	}
}

func TestBrowserToastWithAnInstructionStays(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	c := ready(t, func(s *cli.Serve) { s.SMTP = "" })
	b := c.browse(c.user(adminEmail)).tab()
	b.hurry()
	b.open("/settings/users/new")
	b.fill("First name", "Ines")
	b.fill("Email", "ines@example.com")
	b.click("Add user")
	b.says("Choose “Read mail” in the menu of the row")
	time.Sleep(1500 * time.Millisecond)
	b.says("Choose “Read mail” in the menu of the row")
	b.click("Dismiss")
	b.is(`document.querySelector(".toast") === null`)
}

func TestBrowserToastOfAServerThatIsBack(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	c := ready(t, nil)
	b := c.browse(c.user(adminEmail)).tab()
	b.open("/settings/users")
	b.offline(true)
	b.click("Add new user")
	b.says("The server cannot be reached.")
	b.click("Dismiss")
	b.is(`document.querySelector(".toast") === null`)
	b.click("Actions for John Doe")
	b.says("The server cannot be reached.")
	b.is(`document.querySelector("td :popover-open") === null && document.activeElement.ariaLabel === "Actions for John Doe"`)
	b.offline(false)
	b.click("Add new user")
	b.heading("Add new user")
	b.is(`document.querySelector(".toast") === null`)
}
