package handlers

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"console/internal/permission"
	"console/views"
)

func (h *Console) disableForm(c echo.Context) error {
	return h.renderEndPreview(c, http.StatusOK, permission.UsersUpdate, views.Form{})
}

func (h *Console) disableUser(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	user, err := h.account.DisableAccess(c.Request().Context(), actor(c), id, formIDs(c, "remove_from")...)
	if err != nil {
		return err
	}
	return h.redirect(c, h.backToUsers(c), flash{Text: "The access of " + user.DisplayName() + " is disabled."})
}

func (h *Console) enableUser(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	user, err := h.account.EnableAccess(c.Request().Context(), actor(c), id)
	if err != nil {
		return err
	}
	return h.redirect(c, h.backToUsers(c), flash{Text: "The access of " + user.DisplayName() + " is enabled."})
}

func (h *Console) deleteUserForm(c echo.Context) error {
	return h.renderEndPreview(c, http.StatusOK, permission.UsersDelete, views.Form{})
}

func (h *Console) deleteUser(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	user, err := h.account.DeleteUser(c.Request().Context(), actor(c), id, c.FormValue("confirm_email"), formIDs(c, "remove_from")...)
	if refused := refusal(err); refused != nil {
		return h.renderEndPreview(c, http.StatusUnprocessableEntity, permission.UsersDelete, form(c, refused))
	}
	if err != nil {
		return err
	}
	return h.redirect(c, h.backToUserList(c), flash{Text: user.DisplayName() + " was deleted."})
}

// renderEndPreview asks for confirmation: to disable access or, where deleting is needed, to delete.
func (h *Console) renderEndPreview(c echo.Context, status int, needs permission.Permission, f views.Form) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	consequences, err := h.account.EndPreview(c.Request().Context(), actor(c), id, needs)
	if err != nil {
		return err
	}
	page := views.EndPreviewPage{EndPreview: consequences, Form: f}
	if needs == permission.UsersDelete {
		return h.renderPart(c, status, views.DeleteUser(page), views.DeleteUserPart(page))
	}
	return h.renderPart(c, status, views.DisableUser(page), views.DisableUserPart(page))
}

// backToUsers is where a form about a person was sent from: their page, or the user list.
func (h *Console) backToUsers(c echo.Context) string {
	if page := h.backToUser(c); page != "" {
		return page
	}
	return h.backToUserList(c)
}

// backToUserList is the user list, in the state in which htmx says the browser shows it.
func (h *Console) backToUserList(c echo.Context) string {
	current := strings.TrimPrefix(h.ownPath(c.Request().Header.Get("HX-Current-URL")), h.basePath)
	if path, _, _ := strings.Cut(current, "?"); path == "/settings/users" {
		return current
	}
	return "/settings/users"
}
