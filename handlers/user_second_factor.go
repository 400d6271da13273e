package handlers

import (
	"net/http"

	"console/views"
)

func (h *Console) disableSecondFactorForm(c request, id int64) error {
	return h.renderDisableSecondFactor(c, http.StatusOK, id, views.Form{})
}

func (h *Console) disableSecondFactor(c request, id int64) error {
	user, err := h.account.ResetSecondFactor(c.Context(), c.Confirming(), id, c.FormValue("password"))
	if refused, status := formError(err); refused != nil {
		return h.renderDisableSecondFactor(c, status, id, form(c, refused))
	}
	if err != nil {
		return err
	}
	return h.done(c, h.backToUsers(c), "Two-factor authentication of "+user.DisplayName()+" is off. They are signed out everywhere.")
}

func (h *Console) renderDisableSecondFactor(c request, status int, id int64, f views.Form) error {
	user, err := h.account.WithSecondFactor(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	return h.renderConfirm(c, status, views.DisableSecondFactor(user), f)
}
