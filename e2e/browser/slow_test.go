package browser

import (
	"testing"
	"time"

	"console/e2e/harness"
	"console/e2e/harness/chromium"
	"console/internal/fake"
)

func TestBrowserSlowTestSaysThatItGoesOn(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	b := chromium.TabOf(c.Browse(c.User(harness.AdminEmail)))
	b.Resize(chromium.Wide)
	c.Receiver.Respond(fake.Response{Delay: 3 * time.Second, Body: "ok"})
	b.Open("/settings/integrations")
	b.Click("Slack")
	b.Fill("Webhook URL", c.Receiver.URL+"/services/T0/B0/secret")
	b.Click("Test integration")
	b.Is(`document.querySelector("#test-output").innerText === "Sending the test message…"`)
	b.Click("Test integration")
	b.Is(`getComputedStyle(document.querySelector("dialog .sheet-head"), "::after").visibility === "visible"`)
	b.Says("the test message was delivered.")
	b.Is(`getComputedStyle(document.querySelector("dialog .sheet-head"), "::after").content === "none"`)
	if sent := len(c.Receiver.Requests()); sent != 1 {
		t.Errorf("%d messages were sent", sent)
	}

	offline(b, true)
	b.Click("Test integration")
	b.Is(`document.querySelector("#test-output").innerText === ""`)
	b.Says("The server cannot be reached.")
}
