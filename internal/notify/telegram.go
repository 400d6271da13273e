package notify

import (
	"encoding/json"
	"fmt"
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

// telegramAnswer is what every method answers. Telegram says in the body how long it wants to be left alone, and where a group
// has gone that became a supergroup.
type telegramAnswer struct {
	OK         bool `json:"ok"`
	Parameters struct {
		RetryAfter int   `json:"retry_after"` // seconds
		MovedTo    int64 `json:"migrate_to_chat_id"`
	} `json:"parameters"`
}

func acceptTelegram(a answer, now time.Time) (note string, err error) {
	var said telegramAnswer
	if err := json.Unmarshal(a.body, &said); err != nil {
		said = telegramAnswer{}
	}
	if said.Parameters.RetryAfter > 0 {
		a.retryAfter = strconv.Itoa(said.Parameters.RetryAfter)
	}
	if !a.succeeded() && said.Parameters.MovedTo != 0 {
		f := a.failure(now)
		f.Reason = fmt.Sprintf("the group has become a supergroup: its chat ID is %d", said.Parameters.MovedTo)
		return "", f
	}
	return a.accept(said.OK, `not "ok" as Telegram does`, now)
}
