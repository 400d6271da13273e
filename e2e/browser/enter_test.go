package browser

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"console/e2e/harness"
	"console/e2e/harness/chromium"
)

func TestBrowser_EnterDoesWhatTheFormIsFor(t *testing.T) {
	t.Parallel()
	for _, with := range []chromium.Hands{chromium.Keyboard, chromium.ScriptOff} {
		c := harness.Ready(t, nil)
		b := chromium.NewTabFor(c, with)
		b.Adopt(c.Administrator())
		enter := func(label, text, says string) {
			t.Helper()
			b.Fill(label, text)
			b.Press(kb.Enter)
			b.Says(says)
		}

		b.Open("/settings/integrations")
		b.Click("Slack")
		b.Fill("Webhook URL", c.Receiver.URL)
		enter("Integration name", "Chat", "The integration “Chat” was added.")
		b.Click("Chat")
		enter("Integration name", "Team", "The integration “Team” was saved.")

		b.Open("/settings/triggers/new")
		b.Click("Team")
		enter("Name", "Colleagues", "The trigger “Colleagues” was created.")
		b.Open("/settings/triggers/1/edit")
		enter("Name", "Newcomers", "The trigger “Newcomers” was saved.")
		if sent := len(c.Receiver.Requests()); sent != 0 {
			t.Errorf("Enter has sent %d messages", sent)
		}

		c.Administrator().Post("/settings/groups/new", "name", "Helpers", "role", "custom")
		b.Open(fmt.Sprintf("/settings/groups/%s?tab=permissions", c.Cell(`SELECT max(id) FROM groups`)))
		b.Until("Enter in a box", func() error {
			box, err := b.Look("View Rules", "checkbox")
			if err != nil {
				return err
			}
			return box.Apply(`function() { this.focus(); this.checked = true; }`, nil)
		})
		b.Press(kb.Enter)
		b.Heading("Save permissions")
	}
}
