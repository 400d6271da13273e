package handlers

import (
	"console/internal/account"
	"net/http"
	"slices"
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

// once keeps a form whose answer shows a secret from doing its work twice: who reloads that page sends the form again,
// and would make a second secret in place of the one just written down. A form sent by htmx has no page of its own to
// reload.
func (h *Console) once(next handler) handler {
	return func(c request) error {
		form := c.FormValue("once")
		if form == "" || len(form) > 64 || c.IsHTMX() {
			return next(c)
		}
		ctx := c.Context()
		sent := strings.Fields(h.sessions.GetString(ctx, keySent))
		if slices.Contains(sent, form) {
			return errSent
		}
		if err := next(c); err != nil {
			return err
		}
		if c.Response().Status == http.StatusOK {
			sent = append(sent, form)
			h.sessions.Put(ctx, keySent, strings.Join(sent[max(0, len(sent)-sentKept):], " "))
		}
		return nil
	}
}
