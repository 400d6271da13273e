package handlers

import (
	"net/http"
	"slices"
	"strconv"

	"console/internal/account"
	"console/internal/permission"
	"console/store"
	"console/views"
)

func (h *Console) inviteLinkForm(c request) error {
	return h.renderInviteLink(c, http.StatusOK, values("role", string(permission.Analyst), "duration", "1d",
		"tenant_id", strconv.FormatInt(h.chosenTenant(c), 10)), nil)
}

func (h *Console) inviteByLink(c request) error {
	issued, err := h.account.InviteByLink(c.Context(), c.Actor(), newUser(c))
	if refused := refusal(err); refused != nil {
		return h.renderInviteLink(c, http.StatusUnprocessableEntity, form(c, refused), takenBy(err))
	}
	if err != nil {
		return err
	}
	return h.renderIssued(c, h.issuedPage(issued))
}

// withLink are the roles that can be given by link: who never signs in needs none.
func withLink(roles []permission.Role) []permission.Role {
	return slices.DeleteFunc(roles, func(r permission.Role) bool { return !r.SignsIn() })
}

func (h *Console) renderInviteLink(c request, status int, f views.Form, taken *store.User) error {
	roles, tenants, err := h.choices(c)
	if err != nil {
		return err
	}
	page := views.InviteLinkPage{Form: f, Roles: withLink(roles), Tenants: tenants, Taken: taken}
	return h.renderPart(c, status, views.InviteLink(page), views.InviteLinkForm(page))
}

// issuedPage is the page with a link that was just made: it is shown this once.
func (h *Console) issuedPage(issued account.Issued) views.IssuedLinkPage {
	return views.IssuedLinkPage{Link: h.BaseURL.JoinPath("signup", issued.Token).String(), Email: issued.User.Email,
		RoleLabel: issued.User.Role.Label(), ExpiresAt: issued.Invitation.ExpiresAt.Time()}
}

func (h *Console) renderIssued(c request, page views.IssuedLinkPage) error {
	c.Response().Header().Set("HX-Trigger", usersChanged) // the list behind the dialog draws itself again
	return h.renderPart(c, http.StatusOK, views.IssuedLink(page), views.IssuedLinkPart(page))
}
