package e2e

import (
	"testing"
	"time"

	"console/internal/fake"
)

func TestBrowserSlowTestSaysThatItGoesOn(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	c := ready(t, nil)
	b := c.browse(c.user(adminEmail)).tab()
	b.resize(wide)
	c.Receiver.Respond(fake.Response{Delay: 3 * time.Second, Body: "ok"})
	b.open("/settings/integrations")
	b.click("Slack")
	b.fill("Webhook URL", c.Receiver.URL+"/services/T0/B0/secret")
	b.click("Test integration")
	b.is(`document.querySelector("#test-output").innerText === "Sending the test message…"`)
	b.click("Test integration")
	b.is(`getComputedStyle(document.querySelector("dialog .sheet-head"), "::after").visibility === "visible"`)
	b.says("the test message was delivered.")
	b.is(`getComputedStyle(document.querySelector("dialog .sheet-head"), "::after").content === "none"`)
	if sent := len(c.Receiver.Requests()); sent != 1 {
		t.Errorf("%d messages were sent", sent)
	}

	b.offline(true)
	b.click("Test integration")
	b.is(`document.querySelector("#test-output").innerText === ""`)
	b.says("The server cannot be reached.")
}
