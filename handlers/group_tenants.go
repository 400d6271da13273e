package handlers

import (
	"net/http"
	"strconv"

	"console/internal/account"
	"console/store"
	"console/views"
)

func (h *Console) addGroupTenants(c request, id int64) error {
	if _, err := h.account.AddGroupTenants(c.Context(), c.Actor(), id, c.IDs("tenant_ids")); err != nil {
		refused := refusal(err)
		if refused == nil {
			return err
		}
		page, err := h.groupPage(c, id)
		if err != nil {
			return err
		}
		page.Form = form(c, refused)
		return h.renderPart(c, http.StatusUnprocessableEntity, views.Group(page), views.GroupSection(page))
	}
	return h.done(c, views.GroupPath(id, "?tab=tenants"), "The tenants were added to the group.")
}

func (h *Console) removeGroupTenantForm(c request, id int64) error {
	return h.askToRemoveTenant(c, id, nil)
}

// askToRemoveTenant asks for confirmation; changed says that the last one was of something else.
func (h *Console) askToRemoveTenant(c request, id int64, changed error) error {
	page, err := h.groupPage(c, id)
	if err != nil {
		return err
	}
	tenantID := c.ID("tenant_id")
	preview, err := h.account.PreviewRemoveGroupTenant(c.Context(), c.Actor(), page.Group.ID, tenantID)
	if err != nil {
		return err
	}
	for _, t := range page.Group.Tenants {
		if t.ID == tenantID {
			return h.renderPreview(c, changed, views.ConfirmPage{
				Title: "Remove tenant", Action: views.GroupPath(page.Group.ID, "/tenants/remove"), Back: views.GroupPath(page.Group.ID, "?tab=tenants"),
				Submit: "Remove tenant", Danger: true,
				Text:    "The group " + page.Group.Name + " no longer gives its users anything in " + t.Name + ".",
				Preview: preview, Fields: [][2]string{{"tenant_id", strconv.FormatInt(tenantID, 10)}},
			})
		}
	}
	return store.ErrNotFound
}

func (h *Console) removeGroupTenant(c request, id int64) error {
	group, err := h.account.RemoveGroupTenant(c.Context(), c.Confirming(), id, c.ID("tenant_id"))
	if account.RefusedBy(err, account.ChangedPreview) {
		return h.askToRemoveTenant(c, id, err)
	}
	if err != nil {
		return err
	}
	return h.done(c, views.GroupPath(id, "?tab=tenants"), "The tenant was removed from the group "+group.Name+".")
}
