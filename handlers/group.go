package handlers

import (
	"net/http"
	"strconv"
	"strings"

	"console/internal/account"
	"console/internal/permission"
	"console/store"
	"console/views"
)

// customPermissions is the value of the field role for permissions of a group's own.
const customPermissions = "custom"

// groupInput reads the source role or the set of a group's own.
func groupInput(c request) account.GroupInput {
	in := account.GroupInput{Name: c.FormValue("name"), Role: permission.Role(c.FormValue("role")), Tenants: c.IDs("tenant_ids")}
	if in.Role == customPermissions {
		in.Role, in.Custom = "", form(c, nil).Values["permissions"]
	}
	return in
}

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
		page.Query = account.UserQuery{Tab: store.TabAll, Sort: store.SortName, Group: id, Search: strings.TrimSpace(c.FormValue("q")),
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

func (h *Console) renameGroupForm(c request, id int64) error {
	page, err := h.groupPage(c, id)
	if err != nil {
		return err
	}
	return h.renderRename(c, http.StatusOK, page.Group.Group, values("name", page.Group.Name,
		"version", strconv.FormatInt(page.Group.Version, 10)))
}

func (h *Console) renameGroup(c request, id int64) error {
	group, err := h.account.RenameGroup(c.Context(), c.Actor(), id, c.ID("version"), c.FormValue("name"))
	if refused, status := formError(err); refused != nil {
		current, err := h.account.Group(c.Context(), c.Actor(), id)
		if err != nil {
			return err
		}
		return h.renderRename(c, status, current.Group, again(c, refused, status, current.Version))
	}
	if err != nil {
		return err
	}
	return h.done(c, views.GroupPath(id, ""), "The group is now called "+group.Name+".")
}

func (h *Console) renderRename(c request, status int, group store.Group, f views.Form) error {
	page := views.RenameGroupPage{Group: group, Form: f}
	return h.renderPart(c, status, views.RenameGroup(page), views.RenameGroupPart(page))
}

func (h *Console) deleteGroupForm(c request, id int64) error {
	return h.askToDeleteGroup(c, id, nil)
}

// askToDeleteGroup asks for confirmation; changed says that the last one was of something else.
func (h *Console) askToDeleteGroup(c request, id int64, changed error) error {
	page, err := h.groupPage(c, id)
	if err != nil {
		return err
	}
	preview, err := h.account.PreviewDeleteGroup(c.Context(), c.Actor(), page.Group.ID)
	if err != nil {
		return err
	}
	return h.renderPreview(c, changed, views.ConfirmPage{
		Title: "Delete group", Action: views.GroupPath(page.Group.ID, "/delete"), Back: views.GroupsPath, Submit: "Delete", Danger: true,
		Text: "The group " + page.Group.Name + " is deleted for good. Its users and tenants stay. This cannot be undone.", Preview: preview,
	})
}

func (h *Console) deleteGroup(c request, id int64) error {
	group, err := h.account.DeleteGroup(c.Context(), c.Confirming(), id)
	if account.RefusedBy(err, account.ChangedPreview) {
		return h.askToDeleteGroup(c, id, err)
	}
	if err != nil {
		return err
	}
	return h.done(c, views.GroupsPath, "The group "+group.Name+" was deleted.")
}

// renderPreview asks for confirmation; changed says that the last one was of something else.
func (h *Console) renderPreview(c request, changed error, page views.ConfirmPage) error {
	var status int
	page.Form, status = confirmation(c, changed)
	return h.renderPart(c, status, views.ConfirmPreview(page), views.ConfirmPreviewPart(page))
}
