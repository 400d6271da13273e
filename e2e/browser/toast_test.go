package browser

import (
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"console/e2e/harness"
	"console/e2e/harness/chromium"
	"console/internal/cli"
)

// hurry makes the timers of pages to come go four times as fast: a message then lasts for two seconds.
func hurry(b *chromium.Tab) {
	b.Console.T.Helper()
	chromium.Must(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `{ const later = setTimeout; window.setTimeout = (what, time) => later(what, time / 4); }`,
	})
}

func TestBrowserToastPasses(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	b := chromium.TabOf(c.Browse(c.User(harness.AdminEmail)))
	hurry(b)
	b.Open("/settings/profile")
	b.Click("Save")
	toast := b.Find("Dismiss", "button")
	var at []float64
	b.Until("see the message", func() error { return toast.Apply(chromium.Centre, &at) })
	b.Do(chromedp.MouseEvent("mouseMoved", at[0], at[1]))
	b.Is(`document.querySelector(".toast:hover") !== null`)
	time.Sleep(3 * time.Second)
	b.Says("Your profile is saved.") // somebody reads it
	b.Do(chromedp.MouseEvent("mouseMoved", 5, 5))
	left := time.Now()
	b.Is(`document.querySelector(".toast") === null`)
	if took := time.Since(left); took < 700*time.Millisecond {
		t.Errorf("it was gone %s after it was read", took)
	}
}

func TestBrowserToastWithAnInstructionStays(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, func(s *cli.Serve) { s.SMTP = "" })
	b := chromium.TabOf(c.Browse(c.User(harness.AdminEmail)))
	hurry(b)
	b.Open("/settings/users/new")
	b.Fill("First name", "Ines")
	b.Fill("Email", "ines@example.com")
	b.Click("Add user")
	b.Says("Choose “Read mail” in the menu of the row")
	time.Sleep(3 * time.Second)
	b.Says("Choose “Read mail” in the menu of the row")
	b.Click("Dismiss")
	b.Is(`document.querySelector(".toast") === null`)
}

func TestBrowserToastOfAServerThatIsBack(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	b := chromium.TabOf(c.Browse(c.User(harness.AdminEmail)))
	b.Open("/settings/users")
	offline(b, true)
	b.Click("Add new user")
	b.Says("The server cannot be reached.")
	b.Click("Dismiss")
	b.Is(`document.querySelector(".toast") === null`)
	b.Click("Actions for John Doe")
	b.Says("The server cannot be reached.")
	b.Is(`document.querySelector("td :popover-open") === null && document.activeElement.ariaLabel === "Actions for John Doe"`)
	offline(b, false)
	b.Click("Add new user")
	b.Heading("Add new user")
	b.Is(`document.querySelector(".toast") === null`)
}
