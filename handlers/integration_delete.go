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
	end, err := h.account.PreviewDeleteIntegration(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	f, status := confirmation(c, changed)
	page := views.DeleteIntegrationPage{IntegrationEnd: end, Form: f}
	return h.renderPart(c, status, views.DeleteIntegration(page), views.DeleteIntegrationPart(page))
}

func (h *Console) deleteIntegration(c request, id int64) error {
	end, err := h.account.PreviewDeleteIntegration(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	err = h.account.DeleteIntegration(c.Context(), c.Confirming(), id)
	if account.RefusedBy(err, account.ChangedPreview) {
		return h.askToDeleteIntegration(c, id, err)
	}
	if err != nil {
		return err
	}
	return h.done(c, "/settings/integrations", "The integration “"+end.Integration.Name+"” was deleted.")
}
