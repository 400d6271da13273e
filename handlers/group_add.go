package handlers

import (
	"net/http"
	"strconv"

	"console/internal/permission"
	"console/views"
)

func (h *Console) newGroupForm(c request) error {
	return h.renderNewGroup(c, http.StatusOK, values("role", string(permission.Analyst),
		"tenant_ids", strconv.FormatInt(h.chosenTenant(c), 10)))
}

func (h *Console) createGroup(c request) error {
	in := groupInput(c)
	in.Custom = nil // they are chosen on the page of the group
	if c.FormValue("role") == "" {
		in.Role = permission.Role("none") // nothing chosen is no set of one's own
	}
	group, err := h.account.CreateGroup(c.Context(), c.Actor(), in)
	if refused := refusal(err); refused != nil {
		return h.renderNewGroup(c, http.StatusUnprocessableEntity, form(c, refused))
	}
	if err != nil {
		return err
	}
	tab := "?tab=users"
	if group.Role == "" {
		tab = "?tab=permissions"
	}
	return h.done(c, views.GroupPath(group.ID, tab), "The group "+group.Name+" was created.")
}

func (h *Console) renderNewGroup(c request, status int, f views.Form) error {
	tenants, err := h.account.TenantsOf(c.Context(), c.Actor())
	if err != nil {
		return err
	}
	page := views.NewGroupPage{Form: f, Tenants: tenants}
	return h.renderPart(c, status, views.NewGroup(page), views.NewGroupPart(page))
}
