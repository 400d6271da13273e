package e2e

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

func TestBrowser_EnterDoesWhatTheFormIsFor(t *testing.T) {
	t.Parallel()
	for _, with := range []hands{keyboard, scriptOff} {
		c := ready(t, nil)
		b := c.tabFor(with)
		b.adopt(c.administrator())
		enter := func(label, text, says string) {
			t.Helper()
			b.fill(label, text)
			b.press(kb.Enter)
			b.says(says)
		}

		b.open("/settings/integrations")
		b.click("Slack")
		b.fill("Webhook URL", c.Receiver.URL)
		enter("Integration name", "Chat", "The integration “Chat” was added.")
		b.click("Chat")
		enter("Integration name", "Team", "The integration “Team” was saved.")

		b.open("/settings/triggers/new")
		b.click("Team")
		enter("Name", "Colleagues", "The trigger “Colleagues” was created.")
		b.open("/settings/triggers/1/edit")
		enter("Name", "Newcomers", "The trigger “Newcomers” was saved.")
		if sent := len(c.Receiver.Requests()); sent != 0 {
			t.Errorf("Enter has sent %d messages", sent)
		}

		c.administrator().post("/settings/groups/new", "name", "Helpers", "role", "custom")
		b.open(fmt.Sprintf("/settings/groups/%s?tab=permissions", c.cell(`SELECT max(id) FROM groups`)))
		b.until("Enter in a box", func() error {
			box, err := b.look("View Rules", "checkbox")
			if err != nil {
				return err
			}
			return box.apply(`function() { this.focus(); this.checked = true; }`, nil)
		})
		b.press(kb.Enter)
		b.heading("Save permissions")
	}
}
