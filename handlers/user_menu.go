package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"console/views"
)

// userMenu answers with what can be done to a person of the user list: the menu of their row asks for it when it opens.
func (h *Console) userMenu(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	user, err := h.account.ListedUser(c.Request().Context(), actor(c), id)
	if err != nil {
		return err
	}
	return h.render(c, http.StatusOK, views.UserMenu(views.UserMenuPage{User: user, TrialMail: h.Mailbox != nil}))
}
