package browser

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"

	"console/e2e/harness"
	"console/e2e/harness/chromium"
)

// offline cuts the tab off from the server, or connects it again.
func offline(b *chromium.Tab, cut bool) {
	b.Console.T.Helper()
	chromium.Must(b, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{Offline: cut, DownloadThroughput: -1, UploadThroughput: -1}},
	})
}

func TestBrowserJobGoesOn(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	path := fmt.Sprintf("/settings/jobs/%d", c.JobUnderWay(c.User(harness.AdminEmail), 10, 900).ID)
	b := chromium.TabOf(admin)
	b.Open(path)
	b.Says("10 of 900 done")
	b.Find("Refresh", "link")
	if _, err := chromium.Evaluate[any](b, `{
		window.heard = [];
		new MutationObserver(() => heard.push([announcer.textContent, performance.now()])).observe(announcer, {childList: true});
	}; null`); err != nil {
		t.Fatal(err)
	}
	b.Is(
		`document.querySelectorAll("main [role=status]:not(#toasts), main [role=alert], main [aria-live]").length === 0`,
	) // one place announces

	offline(b, true)
	b.Says("The server cannot be reached.")
	b.Click("Dismiss")
	time.Sleep(2500 * time.Millisecond) // more questions that nobody answers
	b.Is(`document.querySelector(".toast") === null`)
	offline(b, false)
	for _, done := range []int{20, 30, 40} {
		c.Exec(`UPDATE jobs SET done = $1`, done)
		b.Says(strconv.Itoa(done) + " of 900 done")
	}
	c.Exec(`UPDATE jobs SET done = 900, ended_at = 1`)
	b.Says("900 done", "Download report")
	b.Is(`heard.at(-1)[0] === "900 done"`)
	pauses, err := chromium.Evaluate[[]float64](b, `heard.slice(0, -1).map((h, i, all) => i ? h[1] - all[i - 1][1] : 5000)`)
	if err != nil || slices.ContainsFunc(pauses, func(pause float64) bool { return pause < 4900 }) {
		t.Errorf("between announcements were %v ms: %v", pauses, err)
	}
}
