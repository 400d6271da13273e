package handlers

import (
	"net/http"

	"console/views"
)

func (h *Console) deleteUserForm(c request, id int64) error {
	return h.renderDelete(c, http.StatusOK, id, views.Form{})
}

func (h *Console) deleteUser(c request, id int64) error {
	user, err := h.account.DeleteUser(c.Context(), c.Confirming(), id, c.FormValue("confirm_email"), along(c))
	if refused, status := formError(err); refused != nil {
		return h.renderDelete(c, status, id, form(c, refused))
	}
	if err != nil {
		return err
	}
	return h.done(c, h.backToUserList(c), user.DisplayName()+" was deleted.")
}

// renderDelete asks for confirmation, and says what goes with the person.
func (h *Console) renderDelete(c request, status int, id int64, f views.Form) error {
	preview, err := h.account.PreviewDelete(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	page := views.EndPreviewPage{EndPreview: preview, Form: f}
	return h.renderPart(c, status, views.DeleteUser(page), views.DeleteUserPart(page))
}
