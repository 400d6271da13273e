package browser

import (
	"testing"

	"console/e2e/harness"
	"console/e2e/harness/chromium"
)

// clickTwice clicks on a button two times, 120 ms apart, in the page that is open.
func clickTwice(b *chromium.Tab, button string) {
	b.Console.T.Helper()
	b.Is(`(() => {
		const button = [...document.querySelectorAll("button")].find((button) => button.textContent.trim() === "` + button + `");
		button.click();
		setTimeout(() => button.click(), 120);
		return true;
	})()`)
}

func TestFC176_BrowserJoinsWithTwoClicks(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	path := c.Add(c.Administrator(), "analyst", "Ann", "", "ann@example.com")
	b := chromium.NewTab(c, true)
	b.Open(path)
	b.Fill("Choose a password", harness.Password("ann@example.com"))
	clickTwice(b, "Join")
	b.Says("Welcome. Your account is ready.")
	before := c.Entries("sign in", "done")
	signOut(b, "Ann")
	b.Fill("Email", "ann@example.com")
	b.Fill("Password", harness.Password("ann@example.com"))
	clickTwice(b, "Sign in")
	b.Is(`document.querySelector("h1") !== null && !location.pathname.endsWith("/signin")`)
	if n := c.Entries("sign in", "done") - before; n != 1 {
		t.Errorf("two clicks sign in %d times", n)
	}
}
