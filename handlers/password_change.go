package handlers

import (
	"net/http"

	"console/internal/account"
	"console/views"
)

func (h *Console) changePasswordForm(c request) error {
	return h.renderChangePassword(c, http.StatusOK, views.Form{})
}

func (h *Console) changePassword(c request) error {
	done, err := h.account.ChangePassword(c.Context(), c.Actor(), account.PasswordChange{
		Current: c.FormValue("current_password"), New: c.FormValue("password"), Again: c.FormValue("again"),
	}, h.client(c))
	if refused := refusal(err); refused != nil {
		return h.renderChangePassword(c, http.StatusUnprocessableEntity, form(c, refused))
	}
	if err != nil {
		return err
	}
	h.begin(c, done.Token)
	return h.done(c, views.ProfilePath(views.ProfileTabSecurity), "Your password is changed. You are signed out everywhere else.")
}

func (h *Console) renderChangePassword(c request, status int, f views.Form) error {
	return h.renderPart(c, status, views.ChangePassword(f), views.ChangePasswordPart(f))
}
