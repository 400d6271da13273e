package handlers

import (
	"console/internal/account"

	"console/views"
)

func (h *Console) deleteIntegrationForm(c request, id int64) error {
	return h.askToDeleteIntegration(c, id, nil)
}

// askToDeleteIntegration asks for confirmation; changed says that the last one was of something else.
func (h *Console) askToDeleteIntegration(c request, id int64, changed error) error {
	integration, _, err := h.account.Integration(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	triggers, err := h.account.TriggersUsing(c.Context(), c.Actor(), integration.ID)
	if err != nil {
		return err
	}
	f, status := confirmation(c, changed)
	page := views.DeleteIntegrationPage{IntegrationEnd: account.IntegrationEnd{Integration: integration, Triggers: triggers}, Form: f}
	return h.renderPart(c, status, views.DeleteIntegration(page), views.DeleteIntegrationPart(page))
}

func (h *Console) deleteIntegration(c request, id int64) error {
	integration, _, err := h.account.Integration(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	err = h.account.DeleteIntegration(c.Context(), c.Confirming(), integration.ID)
	if account.RefusedBy(err, account.ChangedPreview) {
		return h.askToDeleteIntegration(c, id, err)
	}
	if err != nil {
		return err
	}
	return h.done(c, "/settings/integrations", "The integration “"+integration.Name+"” was deleted.")
}
