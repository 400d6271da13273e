package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"console/views"
)

func (h *Console) profile(c echo.Context) error {
	user := signedIn(c).User
	security, err := h.account.Security(c.Request().Context(), actor(c))
	if err != nil {
		return err
	}
	return h.render(c, http.StatusOK, views.Profile(views.ProfilePage{User: user, RoleLabel: user.Role.Label(), Security: views.SecurityPage{Security: security, Now: h.Now()}}))
}

// noAccess tells somebody whom no group gives anything whom to ask.
func (h *Console) noAccess(c echo.Context) error {
	administrators, err := h.account.Administrators(c.Request().Context())
	if err != nil {
		return err
	}
	return h.render(c, http.StatusForbidden, views.NoAccess(views.NoAccessPage{Administrators: administrators}))
}
