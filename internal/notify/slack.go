package notify

import (
	"bytes"
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

// acceptSlack takes "ok" as success.
func acceptSlack(a answer, now time.Time) (note string, err error) {
	return a.accept(string(bytes.TrimSpace(a.body)) == "ok", `not "ok" as Slack does`, now)
}
