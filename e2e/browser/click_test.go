package browser

import (
	"testing"

	"console/e2e/harness"
	"console/e2e/harness/chromium"
	"console/store"
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

// TestBrowserClickAtOnce clicks on what an answer has brought as soon as it stands there.
func TestBrowserClickAtOnce(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Browse(c.User(harness.AdminEmail))
	c.NewGroup(admin, "Night shift", []string{"1"}, []string{"rules.view"})
	c.People(store.User{FirstName: "Ann", LastName: "Lee", Email: "ann@example.com"})
	b := chromium.TabOf(admin)
	b.Open("/settings/users")
	b.Click("Actions for Ann Lee")
	b.Is(`(new MutationObserver((_, observer) => {
		const find = document.querySelector('dialog[open] [name="find"]');
		if (find) {
			observer.disconnect();
			document.querySelector("#group-find").value = "night";
			find.click();
		}
	}).observe(document.querySelector("dialog"), {attributes: true, childList: true}), true)`)
	b.Click("Groups…")
	b.Find("Night shift", "checkbox")
	b.Is(`document.querySelector("dialog[open]") !== null`)
}
