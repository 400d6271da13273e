package handlers

import (
	"net/http"

	"console/internal/account"
	"console/internal/input"
	"console/internal/permission"
	"console/store"
	"console/views"
)

func (h *Console) group(c request, id int64) error {
	page, err := h.groupPage(c, id)
	if err != nil {
		return err
	}
	if page.Tab == views.GroupPermissions {
		set := account.GroupInput{Role: page.Group.Role}
		if c.QueryParams().Has("role") { // another source role is being looked at
			set = groupInput(c)
		}
		page.Form = permissionsForm(c, page.Group.Group, set)
	}
	return h.renderPart(c, http.StatusOK, views.Group(page), views.GroupSection(page))
}

// groupPage reads a group with what its tab shows.
func (h *Console) groupPage(c request, id int64) (views.GroupPage, error) {
	ctx := c.Context()
	group, err := h.account.Group(ctx, c.Actor(), id)
	if err != nil {
		return views.GroupPage{}, err
	}
	page := views.GroupPage{Group: group, Tab: views.GroupTab(c.FormValue("tab")), Can: c.Actor().Can}
	switch page.Tab {
	case views.GroupUsers:
		page.Query = account.UserQuery{Tab: store.TabAll, Sort: store.SortName, Group: id, Search: input.Line(c.FormValue("q")),
			Cursor: c.FormValue("cursor")}
		if c.Actor().May(permission.UsersView) {
			page.Users, err = h.account.Users(ctx, c.Actor(), page.Query)
		}
	case views.GroupPermissions:
	default:
		page.Tab = views.GroupTenants
		page.Offer, err = h.account.TenantsOf(ctx, c.Actor())
	}
	return page, err
}
