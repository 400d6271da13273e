package notify

import (
	"bytes"
	"encoding/json"
)

// Preview is what a destination of a kind is told, as a page shows it: for webhooks the event as JSON, for all others the
// text. Nothing of the settings is in it.
func (m Message) Preview(kind string) string {
	if kind != KindWebhook {
		return m.Text
	}
	event, err := encode(m.event())
	if err != nil {
		return m.Text
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, event, "", "  "); err != nil {
		return m.Text
	}
	return indented.String()
}
