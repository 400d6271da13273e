package notify

import "strings"

// teamsMessage is what the workflow "Post to a channel when a webhook request is received" takes: a message with an
// Adaptive Card.
type teamsMessage struct {
	Type        string            `json:"type"`
	Attachments []teamsAttachment `json:"attachments"`
}

type teamsAttachment struct {
	ContentType string    `json:"contentType"`
	Content     teamsCard `json:"content"`
}

type teamsCard struct {
	Schema  string      `json:"$schema"`
	Type    string      `json:"type"`
	Version string      `json:"version"`
	Body    []teamsText `json:"body"`
}

// teamsText is a paragraph. A TextBlock would read Markdown into names; a TextRun is plain text.
type teamsText struct {
	Type    string     `json:"type"`
	Spacing string     `json:"spacing,omitempty"`
	Inlines []teamsRun `json:"inlines"`
}

type teamsRun struct {
	Type   string `json:"type"`
	Text   string `json:"text"`
	Weight string `json:"weight,omitempty"`
}

func writeTeams(l letter) (request, error) {
	card := teamsCard{Schema: "http://adaptivecards.io/schemas/adaptive-card.json", Type: "AdaptiveCard", Version: "1.4"}
	card.Body = append(
		card.Body,
		teamsText{Type: "RichTextBlock", Inlines: []teamsRun{{Type: "TextRun", Text: l.onlyMessage().Subject, Weight: "Bolder"}}},
	)
	spacing := "Default"
	for _, text := range strings.Split(l.onlyMessage().body(), "\n") {
		if text == "" {
			spacing = "Default"
			continue
		}
		card.Body = append(card.Body, teamsText{Type: "RichTextBlock", Spacing: spacing, Inlines: []teamsRun{{Type: "TextRun", Text: text}}})
		spacing = "None"
	}
	body, err := encode(
		teamsMessage{Type: "message", Attachments: []teamsAttachment{{ContentType: "application/vnd.microsoft.card.adaptive", Content: card}}},
	)
	return request{url: l.settings["url"], body: body}, err
}
