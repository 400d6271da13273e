package handlers

import (
	"net/http"

	"console/internal/permission"
	"console/store"
	"console/views"
)

func (h *Console) changeRoleForm(c request, id int64) error {
	_, user, err := h.account.Invitation(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	return h.renderChangeRole(c, http.StatusOK, id, values("role", string(user.Role)))
}

func (h *Console) changeRole(c request, id int64) error {
	user, err := h.account.ChangeInvitedRole(c.Context(), c.Confirming(), id, permission.Role(c.FormValue("role")))
	if refused, status := formError(err); refused != nil {
		return h.renderChangeRole(c, status, id, form(c, refused))
	}
	if err != nil {
		return err
	}
	text := user.DisplayName() + " now has the role " + user.Role.Label() + "."
	invitation, _, err := h.account.Invitation(c.Context(), c.Actor(), id)
	if err == nil && invitation.ByLink && invitation.ExpiresAt <= store.At(h.Now()) {
		text += " Their link has ended: make a new one."
	}
	return h.done(c, h.backToUsers(c), text)
}

func (h *Console) renderChangeRole(c request, status int, id int64, f views.Form) error {
	invitation, user, err := h.account.Invitation(c.Context(), c.Actor(), id)
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
