package handlers

import (
	"net/http"

	"console/views"
)

// userMenu answers with what can be done to a person of the user list: the menu of their row asks for it when it opens.
func (h *Console) userMenu(c request, id int64) error {
	user, err := h.account.ListedUser(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	return h.render(c, http.StatusOK, views.UserMenu(views.UserMenuPage{User: user, TrialMail: h.Mailbox != nil}))
}
