package browser

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
	"console/e2e/harness/chromium"
	"console/internal/permission"
)

func TestBrowserActivityLogIsReadAndFiltered(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]bool{"with script": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := harness.Ready(t, nil)
			admin := c.Administrator()
			ann := c.Person(permission.Analyst, strings.Repeat("Annabelle", 9), "Roe", "ann@example.com")
			admin.Post(harness.UserPath(ann, "edit"), "first_name", "Ann", "last_name", "Roe", "version", fmt.Sprint(ann.Version))
			c.NewGroup(admin, strings.Repeat("W", 100), []string{"1"}, []string{"rules.view"})
			tab := chromium.NewTab(c, script)
			tab.Adopt(admin)
			for _, width := range []int{1440, chromium.Narrow} {
				tab.ResizeTo(width, 844)
				tab.Open("/settings/activity")
				tab.Heading("Activity log")
				tab.Is(`document.querySelectorAll(".activity tbody tr").length > 2`)
				tab.Is(`document.documentElement.scrollWidth <= innerWidth`)
				if width == chromium.Narrow {
					tab.Click("Filters")
				}
				tab.Choose("Action", "Edit user")
				if !script {
					tab.Click("Filter")
				}
				tab.Is(`document.querySelectorAll(".activity tbody tr").length === 1 && new URLSearchParams(location.search).get("action") === "edit user"`)
				if width == chromium.Narrow {
					tab.Press("\x1b") // the filters lie over the list
					tab.Open("/settings/activity?action=edit+user")
				}
				// The script listens by then: a list that it has just drawn has links that lead to pages for a moment.
				tab.Is(`document.readyState === "complete" && document.querySelector(".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added") === null`)
				time.Sleep(100 * time.Millisecond)
				tab.Is(`document.querySelector(".entry-link").click() === undefined`)
				tab.Find("User · Edit user", "heading")
				tab.Says("Annabelle", "Link to this entry")
				tab.Is(`document.documentElement.scrollWidth <= innerWidth`)
				tab.Is(fmt.Sprintf(`document.querySelector("dialog[open]") !== null === %v`, script))
				tab.Is(`[...document.querySelectorAll("a.button")].find((a) => a.innerText.trim() === "Close").click() === undefined`)
				tab.Is(`document.readyState === "complete" && !document.body.innerText.includes("Link to this entry")`)
				tab.Open("/settings/activity")
				tab.Is(`document.readyState === "complete" && document.querySelector(".activity .name").click() === undefined`)
				tab.Find("By John Doe : remove this filter", "link")
				tab.Is(`location.search === "?actor=1"`)
				tab.Click("By John Doe : remove this filter")
				tab.Is(`location.search === ""`)
			}
		})
	}
}
