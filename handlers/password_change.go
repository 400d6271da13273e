package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"console/views"
)

func (h *Console) changePasswordForm(c echo.Context) error {
	return h.renderChangePassword(c, http.StatusOK, views.Form{})
}

func (h *Console) changePassword(c echo.Context) error {
	done, err := h.account.ChangePassword(c.Request().Context(), actor(c), c.FormValue("current_password"), c.FormValue("password"), c.FormValue("again"), h.client(c))
	if refused := refusal(err); refused != nil {
		return h.renderChangePassword(c, http.StatusUnprocessableEntity, form(c, refused))
	}
	if err != nil {
		return err
	}
	h.begin(c, done.Token)
	return h.redirect(c, views.ProfilePath(views.ProfileTabSecurity), flash{Text: "Your password is changed. You are signed out everywhere else."})
}

func (h *Console) renderChangePassword(c echo.Context, status int, f views.Form) error {
	return h.renderPart(c, status, views.ChangePassword(f), views.ChangePasswordPart(f))
}
