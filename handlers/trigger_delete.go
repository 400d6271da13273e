package handlers

import (
	"console/internal/account"
	"console/views"
)

func (h *Console) deleteTriggerForm(c request, id int64) error {
	return h.askToDeleteTrigger(c, id, nil)
}

// askToDeleteTrigger asks for confirmation; changed says that the last one was of something else.
func (h *Console) askToDeleteTrigger(c request, id int64, changed error) error {
	trigger, err := h.account.Trigger(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	f, status := confirmation(c, changed)
	page := views.DeleteTriggerPage{TriggerWithReactions: trigger, Form: f}
	return h.renderPart(c, status, views.DeleteTrigger(page), views.DeleteTriggerPart(page))
}

func (h *Console) deleteTrigger(c request, id int64) error {
	trigger, err := h.account.Trigger(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	err = h.account.DeleteTrigger(c.Context(), c.Confirming(), trigger.ID)
	if account.RefusedBy(err, account.ChangedPreview) {
		return h.askToDeleteTrigger(c, id, err)
	}
	if err != nil {
		return err
	}
	return h.done(c, "/settings/triggers", "The trigger “"+trigger.Name+"” was deleted.")
}
