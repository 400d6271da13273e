package handlers

import (
	"net/http"

	"console/views"
)

func (h *Console) deleteIntegrationForm(c request, id int64) error {
	integration, _, err := h.account.Integration(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	triggers, err := h.account.TriggersUsing(c.Context(), c.Actor(), integration.ID)
	if err != nil {
		return err
	}
	page := views.DeleteIntegrationPage{Integration: integration, Triggers: triggers}
	return h.renderPart(c, http.StatusOK, views.DeleteIntegration(page), views.DeleteIntegrationPart(page))
}

func (h *Console) deleteIntegration(c request, id int64) error {
	integration, _, err := h.account.Integration(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	if err := h.account.DeleteIntegration(c.Context(), c.Actor(), integration.ID); err != nil {
		return err
	}
	return h.done(c, "/settings/integrations", "The integration “"+integration.Name+"” was deleted.")
}
