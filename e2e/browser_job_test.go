package e2e

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"

	"console/store"
)

// offline cuts the tab off from the server, or connects it again.
func (b *tab) offline(cut bool) {
	b.console.t.Helper()
	must(b, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{Offline: cut, DownloadThroughput: -1, UploadThroughput: -1}},
	})
}

// TestBrowserJobGoesOn looks at a job that seems to run: its worker does not know of it.
func TestBrowserJobGoesOn(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	c := ready(t, nil)
	c.people(store.User{FirstName: "Ann", LastName: "Lee", Email: "ann@example.com"})
	admin := c.browse(c.user(adminEmail))
	path := admin.post("/settings/users/bulk", "action", "disable", "ids", strconv.FormatInt(c.user("ann@example.com").ID, 10)).wants(303).Header.Get("Location")
	c.exec(`UPDATE jobs SET ended_at = 0, total = 900, done = 10`)
	b := admin.tab()
	b.open(path)
	b.says("10 of 900 done")
	b.find("Refresh", "link")
	if _, err := evaluate[any](b, `{
		window.heard = [];
		new MutationObserver(() => heard.push([announcer.textContent, performance.now()])).observe(announcer, {childList: true});
	}; null`); err != nil {
		t.Fatal(err)
	}
	b.is(`document.querySelectorAll("main [role=status]:not(#toasts), main [role=alert], main [aria-live]").length === 0`) // one place announces

	b.offline(true)
	b.says("The server cannot be reached.")
	b.click("Dismiss")
	time.Sleep(2500 * time.Millisecond) // more questions that nobody answers
	b.is(`document.querySelector(".toast") === null`)
	b.offline(false)
	for _, done := range []int{20, 30, 40} {
		c.exec(`UPDATE jobs SET done = $1`, done)
		b.says(strconv.Itoa(done) + " of 900 done")
	}
	c.exec(`UPDATE jobs SET done = 900, ended_at = 1`)
	b.says("900 done", "Download report")
	b.is(`heard.at(-1)[0] === "900 done"`)
	pauses, err := evaluate[[]float64](b, `heard.slice(0, -1).map((h, i, all) => i ? h[1] - all[i - 1][1] : 5000)`)
	if err != nil || slices.ContainsFunc(pauses, func(pause float64) bool { return pause < 4900 }) {
		t.Errorf("between announcements were %v ms: %v", pauses, err)
	}
}
