package browser

import (
	"testing"

	"console/e2e/harness"
	"console/e2e/harness/chromium"
)

// boxes are the rectangles of what is headed by the elements with these ids, in a window that nobody has scrolled.
const boxes = `const boxes = (...ids) => ids.map((id) => document.getElementById(id).closest("section").getBoundingClientRect());`

// TestBrowserSettingsFitTheWindow holds General and Profile to showing what is asked for most without scrolling, in two columns
// where there is room and in one, in the order of reading, where there is none.
func TestBrowserSettingsFitTheWindow(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	b := chromium.TabOf(c.Administrator())

	b.Resize(chromium.Wide)
	b.Open("/settings/general")
	b.Is(`(() => { ` + boxes + `
		const [company, signIn, logout] = boxes("settings-company", "settings-signin", "settings-logout");
		return logout.left >= company.right && logout.top === company.top && signIn.top >= company.bottom &&
			Math.max(signIn.bottom, logout.bottom) <= innerHeight && logout.right <= innerWidth; })()`)
	b.Resize(chromium.Narrow)
	b.Is(`(() => { ` + boxes + `
		const all = boxes("settings-company", "settings-signin", "settings-logout", "sign-out", "settings-mail");
		return all.every((box, i) => box.right <= innerWidth && (i === 0 || box.top >= all[i - 1].bottom)); })()`)

	b.Resize(chromium.Wide)
	b.Open("/settings/profile")
	b.Says("Two-factor authentication", "Disabled")
	b.Is(`(() => { ` + boxes + `
		const [account, factors] = boxes("account-title", "factors-title");
		return factors.left >= account.right && factors.top === account.top && factors.bottom <= innerHeight; })()`)
	b.Resize(chromium.Narrow)
	b.Is(`(() => { ` + boxes + `
		const [account, factors] = boxes("account-title", "factors-title");
		return factors.top >= account.bottom && factors.right <= innerWidth; })()`)
	b.Click("Enable in Security")
	b.Find("Security", "heading")
}
