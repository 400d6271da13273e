package handlers

import (
	"net/http"

	"console/views"
)

func (h *Console) deleteTriggerForm(c request, id int64) error {
	trigger, err := h.account.Trigger(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	return h.renderPart(c, http.StatusOK, views.DeleteTrigger(trigger.Trigger), views.DeleteTriggerPart(trigger.Trigger))
}

func (h *Console) deleteTrigger(c request, id int64) error {
	trigger, err := h.account.Trigger(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	if err := h.account.DeleteTrigger(c.Context(), c.Actor(), trigger.ID); err != nil {
		return err
	}
	return h.done(c, "/settings/triggers", "The trigger “"+trigger.Name+"” was deleted.")
}
