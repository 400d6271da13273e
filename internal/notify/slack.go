package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
)

// slackEscape writes the three characters that begin markup in Slack, where <!channel> alerts everybody and <url|text>
// is a link in disguise.
var slackEscape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// slackMessage is the body of an incoming webhook. The user name is honoured by legacy webhooks.
type slackMessage struct {
	Text     string `json:"text"`
	Username string `json:"username"`
}

func slackBody(brand, text string) ([]byte, error) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false) // the text is escaped already, as Slack asks
	err := encoder.Encode(slackMessage{Text: slackEscape.Replace(text), Username: strings.ToLower(brand)})
	return body.Bytes(), err
}

// sendSlack posts the message to an incoming webhook. Success is the status 200 with the body "ok": other pages that
// answer 200 have not taken a message.
func (w *Worker) sendSlack(ctx context.Context, o outgoing) error {
	body, err := slackBody(w.Brand, o.message.Text)
	if err != nil {
		return &Failure{Reason: ErrTemplate.Error(), Permanent: true}
	}
	a, err := w.post(ctx, o.settings["url"], body)
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		return a.failure(w.Now())
	}
	if string(bytes.TrimSpace(a.body)) != "ok" {
		return &Failure{Reason: `answered 200, but not "ok" as Slack does`}
	}
	return nil
}
