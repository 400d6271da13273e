package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"console/internal/account"
	"console/internal/notify"
	"console/views"
)

func (h *Console) signingSecretForm(c request, id int64) error {
	return h.askForSigningSecret(c, id, nil)
}

// askForSigningSecret asks for confirmation; changed says that the last one was of something else.
func (h *Console) askForSigningSecret(c request, id int64, changed error) error {
	integration, _, err := h.account.Integration(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	if integration.Kind != notify.KindWebhook {
		return echo.ErrNotFound
	}
	f, status := confirmation(c, changed)
	page := views.NewSigningSecretPage{Resigned: account.Resigned{Integration: integration}, Form: f}
	return h.renderPart(c, status, views.NewSigningSecret(page), views.NewSigningSecretPart(page))
}

func (h *Console) newSigningSecret(c request, id int64) error {
	integration, secret, err := h.account.NewSigningSecret(c.Context(), c.Confirming(), id)
	if account.RefusedBy(err, account.ChangedPreview) {
		return h.askForSigningSecret(c, id, err)
	}
	if err != nil {
		return err
	}
	return h.renderSecret(c, views.SigningSecretPage{Integration: integration, Secret: secret, Rotated: true})
}

func (h *Console) renderSecret(c request, page views.SigningSecretPage) error {
	return h.renderPart(c, http.StatusOK, views.SigningSecret(page), views.SigningSecretPart(page))
}
