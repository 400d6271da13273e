package handlers

import (
	"net/http"

	"console/views"
)

func (h *Console) recoveryCodesForm(c request) error {
	if err := h.account.RequireSecondFactor(c.Context(), c.Actor()); err != nil {
		return err
	}
	return h.renderConfirm(c, http.StatusOK, views.NewRecoveryCodes, views.Form{})
}

func (h *Console) newRecoveryCodes(c request) error {
	codes, err := h.account.NewRecoveryCodes(c.Context(), c.Actor(), c.FormValue("password"))
	if refused := refusal(err); refused != nil {
		return h.renderConfirm(c, http.StatusUnprocessableEntity, views.NewRecoveryCodes, form(c, refused))
	}
	if err != nil {
		return err
	}
	return h.renderCodes(c, views.RecoveryCodesPage{Codes: codes, Next: views.ProfilePath(views.ProfileTabSecurity)})
}

func (h *Console) renderCodes(c request, page views.RecoveryCodesPage) error {
	return h.renderPart(c, http.StatusOK, views.RecoveryCodes(page), views.RecoveryCodesPart(page))
}
