package handlers

import (
	"net/http"
	"strings"

	"console/views"
)

func (h *Console) disableForm(c request, id int64) error {
	preview, err := h.account.PreviewDisable(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	page := views.EndPreviewPage{EndPreview: preview}
	return h.renderPart(c, http.StatusOK, views.DisableUser(page), views.DisableUserPart(page))
}

func (h *Console) disableUser(c request, id int64) error {
	user, err := h.account.DisableAccess(c.Context(), c.Actor(), id, c.IDs("remove_from")...)
	if err != nil {
		return err
	}
	return h.done(c, h.backToUsers(c), "The access of "+user.DisplayName()+" is disabled.")
}

func (h *Console) enableUser(c request, id int64) error {
	user, err := h.account.EnableAccess(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	return h.done(c, h.backToUsers(c), "The access of "+user.DisplayName()+" is enabled.")
}

func (h *Console) deleteUserForm(c request, id int64) error {
	return h.renderDelete(c, http.StatusOK, id, views.Form{})
}

func (h *Console) deleteUser(c request, id int64) error {
	user, err := h.account.DeleteUser(c.Context(), c.Actor(), id, c.FormValue("confirm_email"), c.IDs("remove_from")...)
	if refused := refusal(err); refused != nil {
		return h.renderDelete(c, http.StatusUnprocessableEntity, id, form(c, refused))
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

// backToUsers is where a form about a person was sent from: their page, or the user list.
func (h *Console) backToUsers(c request) string {
	if page := h.backToUser(c); page != "" {
		return page
	}
	return h.backToUserList(c)
}

// backToUserList is the user list, in the state in which htmx says the browser shows it.
func (h *Console) backToUserList(c request) string {
	current := strings.TrimPrefix(h.ownPath(c.Request().Header.Get("HX-Current-URL")), h.basePath)
	if path, _, _ := strings.Cut(current, "?"); path == "/settings/users" {
		return current
	}
	return "/settings/users"
}
