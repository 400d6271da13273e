package notify

import (
	"bytes"
	"net/http"
	"strings"
	"time"
)

// slackEscape writes the three characters that begin markup in Slack, where <!channel> alerts everybody and <url|text>
// is a link in disguise.
var slackEscape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// slackMessage is the body of an incoming webhook. The user name is honoured by legacy webhooks.
type slackMessage struct {
	Text     string `json:"text"`
	Username string `json:"username"`
}

func writeSlack(l letter) (request, error) {
	body, err := encode(slackMessage{Text: slackEscape.Replace(l.onlyMessage().Text), Username: strings.ToLower(l.site.Brand)})
	return request{url: l.settings["url"], body: body}, err
}

// acceptSlack takes the status 200 with the body "ok" as success: other pages that answer 200 have not taken a message.
func acceptSlack(a answer, now time.Time) error {
	if a.status != http.StatusOK {
		return a.failure(now)
	}
	if string(bytes.TrimSpace(a.body)) != "ok" {
		return &Failure{Reason: `answered 200, but not "ok" as Slack does`, Status: a.status}
	}
	return nil
}
