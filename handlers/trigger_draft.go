package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/labstack/echo/v4"

	"console/internal/notify"
	"console/store"
	"console/views"
)

// draftFields are the fields of the editor of triggers. While somebody adds an integration for a trigger, what they hold stands in the
// field draft of the integration's form: the browser keeps the draft, and nothing is stored that nobody has saved.
var draftFields = []string{"trigger_id", "version", "name", "description", "condition", "role_operator", "roles", "object_types",
	"integration_ids"}

// addReaction leads from the editor to the form of an integration, which takes the draft along.
func (h *Console) addReaction(c request) error {
	kind, known := notify.KindByKey(c.QueryParam("type"))
	if !known {
		return echo.ErrNotFound
	}
	draft := url.Values{}
	for _, name := range draftFields {
		if sent := form(c, nil).Values[name]; len(sent) > 0 {
			draft[name] = sent
		}
	}
	page := views.IntegrationFormPage{Kind: kind, Form: h.newIntegrationFields(c, kind), Draft: draft.Encode()}
	return h.render(c, http.StatusOK, views.IntegrationForm(page))
}

// draft is the draft that the form of an integration holds, or "".
func draft(c request) string { return c.Request().PostFormValue("draft") }

// resumeTrigger leads back to the editor.
func (h *Console) resumeTrigger(c request) error {
	return h.renderEditor(c, http.StatusOK, resumed(draft(c)))
}

// resumeWith leads back to the editor, where an integration that was added is chosen.
func (h *Console) resumeWith(c request, added store.Integration) error {
	page := resumed(choose(draft(c), added))
	page.Chosen, page.Said = added.ID, "The integration “"+added.Name+"” was added."
	return h.renderEditor(c, http.StatusOK, page)
}

// resumeSent leads back to the editor where the form of an integration is sent a second time; made is the id of what it has added.
func (h *Console) resumeSent(c request, made string) error {
	id, err := strconv.ParseInt(made, 10, 64)
	if err != nil {
		return h.resumeTrigger(c)
	}
	added, _, err := h.account.Integration(c.Context(), c.Actor(), id)
	if errors.Is(err, store.ErrNotFound) { // deleted since
		return h.resumeTrigger(c)
	}
	if err != nil {
		return err
	}
	return h.resumeWith(c, added)
}

// sendToMe chooses the integration that sends to the address of who edits the trigger.
func (h *Console) sendToMe(c request) error {
	own, err := h.account.OwnMailbox(c.Context(), c.Actor())
	page := views.TriggerFormPage{ID: c.ID("trigger_id"), Form: form(c, refusal(err)), Draft: true}
	if page.Form.Errors != nil {
		return h.renderEditor(c, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return err
	}
	page.Form.Values.Add("integration_ids", strconv.FormatInt(own.ID, 10))
	page.Chosen, page.Said = own.ID, "The trigger will send to you: the integration “"+own.Name+"” is chosen."
	return h.renderEditor(c, http.StatusOK, page)
}

// choose is a draft in which an integration is chosen, too.
func choose(draft string, integration store.Integration) string {
	fields, _ := url.ParseQuery(draft) // it is as good as what is left of it
	fields.Add("integration_ids", strconv.FormatInt(integration.ID, 10))
	return fields.Encode()
}

// resumed is the editor with a draft in its form.
func resumed(draft string) views.TriggerFormPage {
	fields, _ := url.ParseQuery(draft)
	id, _ := strconv.ParseInt(fields.Get("trigger_id"), 10, 64)
	return views.TriggerFormPage{ID: id, Form: views.Form{Values: fields}, Draft: true}
}
