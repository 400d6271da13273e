package handlers

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"console/store"
	"console/views"
)

func (h *Console) addGroupTenants(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	if _, err := h.account.AddGroupTenants(c.Request().Context(), actor(c), id, formIDs(c, "tenant_ids")); err != nil {
		refused := refusal(err)
		if refused == nil {
			return err
		}
		page, err := h.groupPage(c)
		if err != nil {
			return err
		}
		page.Form = form(c, refused)
		return h.renderPart(c, http.StatusUnprocessableEntity, views.Group(page), views.GroupSection(page))
	}
	return h.redirect(c, views.GroupPath(id, "?tab=tenants"), flash{Text: "The tenants were added to the group."})
}

func (h *Console) removeGroupTenantForm(c echo.Context) error {
	page, err := h.groupPage(c)
	if err != nil {
		return err
	}
	tenantID := formID(c, "tenant_id")
	preview, err := h.account.PreviewRemoveGroupTenant(c.Request().Context(), actor(c), page.Group.ID, tenantID)
	if err != nil {
		return err
	}
	for _, t := range page.Group.Tenants {
		if t.ID == tenantID {
			return h.renderPreview(c, http.StatusOK, views.ConfirmPage{
				Title: "Remove tenant", Action: views.GroupPath(page.Group.ID, "/tenants/remove"), Back: views.GroupPath(page.Group.ID, "?tab=tenants"),
				Submit: "Remove tenant", Danger: true, Text: "The group " + page.Group.Name + " no longer gives its users anything in " + t.Name + ".", Preview: preview,
				Fields: [][2]string{{"tenant_id", strconv.FormatInt(tenantID, 10)}},
			})
		}
	}
	return store.ErrNotFound
}

func (h *Console) removeGroupTenant(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	group, err := h.account.RemoveGroupTenant(c.Request().Context(), actor(c), id, formID(c, "tenant_id"))
	if err != nil {
		return err
	}
	return h.redirect(c, views.GroupPath(id, "?tab=tenants"), flash{Text: "The tenant was removed from the group " + group.Name + "."})
}
