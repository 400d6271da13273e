package browser

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"console/e2e/harness"
	"console/e2e/harness/chromium"
)

// inside says whether a menu is open and within the window, and so is the entry that has the focus, within the menu.
const inside = `((id) => {
	const menu = document.getElementById(id), [outer, inner] = [menu, document.activeElement].map((e) => e.getBoundingClientRect());
	return menu.matches(":popover-open") && menu.contains(document.activeElement) && outer.top >= 0 && outer.bottom <= innerHeight &&
		outer.left >= 0 && outer.right <= innerWidth && inner.top >= outer.top && inner.bottom <= outer.bottom; })`

// TestBrowserLongMenusAreScrolled opens menus that are higher than the window, or than what is left of it beside their button.
func TestBrowserLongMenusAreScrolled(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	for i := range 40 {
		c.NewTenant(admin, fmt.Sprintf("Branch %02d", i))
	}
	b := chromium.TabOf(admin)
	first := `document.activeElement === document.querySelector("#tenant-menu button")`
	last := `document.activeElement === [...document.querySelectorAll("#tenant-menu button")].at(-1) && ` + inside + `("tenant-menu")`
	for _, window := range [][2]int{{chromium.Narrow, 844}, {1280, 720}, {1280, 240}} {
		b.ResizeTo(window[0], window[1])
		b.Open("/settings/tenants/new")
		b.Is(`document.readyState === "complete" && (document.querySelector(".tenant-button").focus(), true)`)
		b.Press(kb.ArrowDown)
		b.Is(first)
		b.Press(kb.ArrowUp)
		b.Is(last)
		b.Press(kb.ArrowDown)
		b.Is(first + ` && ` + inside + `("tenant-menu")`)
		b.Press(kb.End)
		b.Is(last)
		b.Press(kb.Home)
		b.Is(first + ` && ` + inside + `("tenant-menu")`)
		b.Is(`(() => { // by the wheel or a finger
			const menu = document.getElementById("tenant-menu");
			menu.scrollTop = menu.scrollHeight;
			const [box, entry] = [menu, menu.querySelector("button:last-of-type")].map((e) => e.getBoundingClientRect());
			return entry.bottom <= box.bottom && box.bottom <= innerHeight && document.documentElement.scrollTop === 0; })()`)
		b.Press(kb.Escape)
		b.Is(`document.activeElement.matches(".tenant-button")`)
		b.Press(kb.ArrowUp)
		b.Is(`!document.getElementById("tenant-menu").matches(":popover-open")`)
	}

	b.ResizeTo(1280, 240) // the menu of a row has no room on either side of its button
	b.Open("/settings/users")
	b.Is(`document.readyState === "complete" && (document.querySelector(".users .more > button").focus(), true)`)
	b.Press(kb.ArrowDown)
	b.Is(`document.activeElement.closest(".menu") !== null`)
	b.Press(kb.End)
	b.Is(inside + `(document.activeElement.closest(".menu").id)`)
}
