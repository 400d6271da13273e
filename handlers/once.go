package handlers

import (
	"console/internal/account"
	"net/http"
	"strconv"
	"strings"
)

// keySent is under what a session remembers the forms that were answered with a secret.
const keySent = "sent"

// sentKept is how many of them it remembers: more than anybody reloads.
const sentKept = 20

// sentBefore is the code of errSent.
const sentBefore account.Code = "sent_before"

// errSent says that a form was sent before.
var errSent = &account.Refusal{
	Code:  sentBefore,
	Title: "Done already",
	Words: "This form was sent before, and nothing more was done now. " +
		"What it made was shown that once. If you have not kept it, go back and make another one.",
}

// keyMade is under what a request remembers the id of what it has made, for when its form is sent again.
const keyMade = "made"

// once keeps a form whose answer shows a secret, or a draft, from doing its work twice: who reloads that page sends the form again,
// and would make a second secret in place of the one just written down. Where the form carries the draft of a trigger, its editor
// is shown again. A form sent by htmx has no page of its own to reload.
func (h *Console) once(next handler) handler {
	return func(c request) error {
		form := c.FormValue("once")
		if form == "" || len(form) > 64 || strings.ContainsAny(form, ": ") || c.IsHTMX() {
			return next(c)
		}
		ctx := c.Context()
		sent := strings.Fields(h.sessions.GetString(ctx, keySent))
		for _, entry := range sent {
			before, made, _ := strings.Cut(entry, ":")
			switch {
			case before != form:
			case draft(c) == "":
				return errSent
			default:
				return h.resumeSent(c, made)
			}
		}
		if err := next(c); err != nil {
			return err
		}
		if c.Response().Status == http.StatusOK {
			if made, is := c.Get(keyMade).(int64); is {
				form += ":" + strconv.FormatInt(made, 10)
			}
			sent = append(sent, form)
			h.sessions.Put(ctx, keySent, strings.Join(sent[max(0, len(sent)-sentKept):], " "))
		}
		return nil
	}
}
