package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"console/views"
)

func (h *Console) profile(c echo.Context) error {
	user := signedIn(c).User
	explained, err := h.explained(c, user.ID)
	if err != nil {
		return err
	}
	page := views.ProfilePage{User: user, RoleLabel: user.Role.Label(), Permissions: explained}
	return h.renderPart(c, http.StatusOK, views.Profile(page), views.Explanation(explained, "/settings/profile"))
}

// noAccess tells somebody whom no group gives anything whom to ask.
func (h *Console) noAccess(c echo.Context) error {
	administrators, err := h.account.Administrators(c.Request().Context())
	if err != nil {
		return err
	}
	return h.render(c, http.StatusForbidden, views.NoAccess(views.NoAccessPage{Administrators: administrators}))
}
