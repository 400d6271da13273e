package handlers

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"console/internal/permission"
	"console/store"
	"console/views"
)

func (h *Console) editUserForm(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	user, err := h.account.User(c.Request().Context(), actor(c), id)
	if err != nil {
		return err
	}
	fields := values("first_name", user.FirstName, "last_name", user.LastName, "version", strconv.FormatInt(user.Version, 10))
	return h.renderEditUser(c, http.StatusOK, user, fields)
}

func (h *Console) editUser(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	user, err := h.account.EditUser(c.Request().Context(), actor(c), id, formID(c, "version"), c.FormValue("first_name"), c.FormValue("last_name"))
	if refused, status := formError(err); refused != nil {
		current, err := h.account.User(c.Request().Context(), actor(c), id)
		if err != nil {
			return err
		}
		if status == http.StatusConflict {
			refused[""] = fmt.Sprintf("Somebody else has changed this meanwhile: the name is now “%s”. What you typed is kept: save again to replace it.", current.Name())
		}
		return h.renderEditUser(c, status, current, again(c, refused, status, current.Version))
	}
	if err != nil {
		return err
	}
	return h.redirect(c, h.backToUsers(c), flash{Text: "The settings of " + user.DisplayName() + " were saved."})
}

func (h *Console) renderEditUser(c echo.Context, status int, user store.User, f views.Form) error {
	page := views.EditUserPage{User: user, Form: f}
	return h.renderPart(c, status, views.EditUser(page), views.EditUserPart(page))
}

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
	return h.redirect(c, h.backToUsers(c), flash{Text: user.DisplayName() + " was deleted."})
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

// backToUsers is the user list, in the state in which htmx says the browser shows it.
func (h *Console) backToUsers(c echo.Context) string {
	current := strings.TrimPrefix(h.ownPath(c.Request().Header.Get("HX-Current-URL")), h.basePath)
	if path, _, _ := strings.Cut(current, "?"); path == "/settings/users" {
		return current
	}
	return "/settings/users"
}

// formIDs returns the numbers of a repeated field.
func formIDs(c echo.Context, field string) []int64 {
	var ids []int64
	for _, text := range form(c, nil).Values[field] {
		if id, err := strconv.ParseInt(text, 10, 64); err == nil && id > 0 {
			ids = append(ids, id)
		}
	}
	return ids
}

func (h *Console) changeRoleForm(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	_, user, err := h.account.Invitation(c.Request().Context(), actor(c), id)
	if err != nil {
		return err
	}
	return h.renderChangeRole(c, http.StatusOK, id, values("role", string(user.Role)))
}

func (h *Console) changeRole(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	user, err := h.account.ChangeInvitedRole(c.Request().Context(), actor(c), id, permission.Role(c.FormValue("role")))
	if refused := refusal(err); refused != nil {
		return h.renderChangeRole(c, http.StatusUnprocessableEntity, id, form(c, refused))
	}
	if err != nil {
		return err
	}
	text := user.DisplayName() + " now has the role " + user.Role.Label() + "."
	invitation, _, err := h.account.Invitation(c.Request().Context(), actor(c), id)
	if err == nil && invitation.ByLink && invitation.ExpiresAt <= store.At(h.Now()) {
		text += " Their link has ended: make a new one."
	}
	return h.redirect(c, h.backToUsers(c), flash{Text: text})
}

func (h *Console) renderChangeRole(c echo.Context, status int, id int64, f views.Form) error {
	invitation, user, err := h.account.Invitation(c.Request().Context(), actor(c), id)
	if err != nil {
		return err
	}
	roles, _, err := h.choices(c)
	if err != nil {
		return err
	}
	if invitation.ByLink {
		roles = withLink(roles)
	}
	page := views.ChangeRolePage{Invitation: invitation, User: user, Roles: roles, Form: f}
	return h.renderPart(c, status, views.ChangeRole(page), views.ChangeRolePart(page))
}
