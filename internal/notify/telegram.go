package notify

import (
	"encoding/json"
	"strconv"
	"time"
)

// telegramLimit is how many characters a message may have.
const telegramLimit = 4096

// telegramMessage is the body of sendMessage. Without parse_mode the text is shown as it is.
type telegramMessage struct {
	ChatID  string              `json:"chat_id"`
	Text    string              `json:"text"`
	Preview telegramLinkPreview `json:"link_preview_options"`
}

type telegramLinkPreview struct {
	Disabled bool `json:"is_disabled"`
}

func writeTelegram(l letter) (request, error) {
	body, err := encode(
		telegramMessage{ChatID: l.settings["chat_id"], Text: shorten(l.onlyMessage().Text, telegramLimit), Preview: telegramLinkPreview{true}},
	)
	return request{url: l.vendor("api.telegram.org", "/bot"+l.settings["token"]+"/sendMessage"), body: body}, err
}

// telegramAnswer is what every method answers. Telegram says in the body how long it wants to be left alone.
type telegramAnswer struct {
	OK         bool `json:"ok"`
	Parameters struct {
		RetryAfter int `json:"retry_after"` // seconds
	} `json:"parameters"`
}

func acceptTelegram(a answer, now time.Time) error {
	var said telegramAnswer
	if err := json.Unmarshal(a.body, &said); err != nil {
		said = telegramAnswer{}
	}
	if a.succeeded() {
		if said.OK {
			return nil
		}
		return &Failure{Reason: "answered " + strconv.Itoa(a.status) + `, but not "ok" as Telegram does`, Status: a.status}
	}
	if said.Parameters.RetryAfter > 0 {
		a.retryAfter = strconv.Itoa(said.Parameters.RetryAfter)
	}
	return a.failure(now)
}
