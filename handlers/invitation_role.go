package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"console/internal/permission"
	"console/store"
	"console/views"
)

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
