package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"console/internal/notify"
	"console/views"
)

func (h *Console) signingSecretForm(c request, id int64) error {
	integration, _, err := h.account.Integration(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	if integration.Kind != notify.KindWebhook {
		return echo.ErrNotFound
	}
	return h.renderPart(c, http.StatusOK, views.NewSigningSecret(integration), views.NewSigningSecretPart(integration))
}

func (h *Console) newSigningSecret(c request, id int64) error {
	integration, secret, err := h.account.NewSigningSecret(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	return h.renderSecret(c, views.SigningSecretPage{Integration: integration, Secret: secret, Rotated: true})
}

func (h *Console) renderSecret(c request, page views.SigningSecretPage) error {
	return h.renderPart(c, http.StatusOK, views.SigningSecret(page), views.SigningSecretPart(page))
}
