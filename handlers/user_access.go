package handlers

import (
	"net/http"
	"strings"

	"console/internal/permission"
	"console/views"
)

func (h *Console) disableForm(c request, id int64) error {
	return h.renderEndPreview(c, http.StatusOK, id, permission.UsersUpdate, views.Form{})
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
	return h.renderEndPreview(c, http.StatusOK, id, permission.UsersDelete, views.Form{})
}

func (h *Console) deleteUser(c request, id int64) error {
	user, err := h.account.DeleteUser(c.Context(), c.Actor(), id, c.FormValue("confirm_email"), c.IDs("remove_from")...)
	if refused := refusal(err); refused != nil {
		return h.renderEndPreview(c, http.StatusUnprocessableEntity, id, permission.UsersDelete, form(c, refused))
	}
	if err != nil {
		return err
	}
	return h.done(c, h.backToUsers(c), user.DisplayName()+" was deleted.")
}

// renderEndPreview asks for confirmation: to disable access or, where deleting is needed, to delete.
func (h *Console) renderEndPreview(c request, status int, id int64, needs permission.Permission, f views.Form) error {
	consequences, err := h.account.EndPreview(c.Context(), c.Actor(), id, needs)
	if err != nil {
		return err
	}
	page := views.EndPreviewPage{EndPreview: consequences, Form: f}
	if needs == permission.UsersDelete {
		return h.renderPart(c, status, views.DeleteUser(page), views.DeleteUserPart(page))
	}
	return h.renderPart(c, status, views.DisableUser(page), views.DisableUserPart(page))
}

// backToUsers is the user list, in the state in which htmx says the browser shows it.
func (h *Console) backToUsers(c request) string {
	current := strings.TrimPrefix(h.ownPath(c.Request().Header.Get("HX-Current-URL")), h.basePath)
	if path, _, _ := strings.Cut(current, "?"); path == "/settings/users" {
		return current
	}
	return "/settings/users"
}
