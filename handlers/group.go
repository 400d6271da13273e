package handlers

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"console/internal/account"
	"console/internal/permission"
	"console/store"
	"console/views"
)

// offeredGroups is how many groups a select or a form offers; beyond it, people search.
const offeredGroups = 100

// customPermissions is the value of the field role for permissions of a group's own.
const customPermissions = "custom"

// groupChoices are the groups that the user list can be narrowed to: the first by name, and the chosen one.
func (h *Console) groupChoices(c echo.Context, chosen int64) ([]store.Group, error) {
	groups, err := h.account.GroupChoices(c.Request().Context(), actor(c), offeredGroups)
	if err != nil || chosen == 0 {
		return groups, err
	}
	for _, g := range groups {
		if g.ID == chosen {
			return groups, nil
		}
	}
	return h.account.WithGroup(c.Request().Context(), groups, chosen)
}

func (h *Console) groups(c echo.Context) error {
	query := account.GroupQuery{Search: strings.TrimSpace(c.QueryParam("q")), Cursor: c.QueryParam("cursor"), Custom: c.QueryParam("role") == customPermissions}
	if role, known := permission.ParseRole(c.QueryParam("role")); known {
		query.Role = role
	}
	list, err := h.account.Groups(c.Request().Context(), actor(c), query)
	if err != nil {
		return err
	}
	page := views.GroupsPage{Query: query, List: list}
	return h.renderPart(c, http.StatusOK, views.Groups(page), views.GroupsSection(page))
}

// groupInput reads the source role or the set of a group's own.
func groupInput(c echo.Context) account.GroupInput {
	in := account.GroupInput{Name: c.FormValue("name"), Role: permission.Role(c.FormValue("role")), Tenants: formIDs(c, "tenant_ids")}
	if in.Role == customPermissions {
		in.Role, in.Custom = "", form(c, nil).Values["permissions"]
	}
	return in
}

func (h *Console) newGroupForm(c echo.Context) error {
	return h.renderNewGroup(c, http.StatusOK, values("role", string(permission.Analyst), "tenant_ids", strconv.FormatInt(h.chosenTenant(c), 10)))
}

func (h *Console) createGroup(c echo.Context) error {
	in := groupInput(c)
	in.Custom = nil // they are chosen on the page of the group
	if c.FormValue("role") == "" {
		in.Role = permission.Role("none") // nothing chosen is no set of one's own
	}
	group, err := h.account.CreateGroup(c.Request().Context(), actor(c), in)
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
	return h.redirect(c, views.GroupPath(group.ID, tab), flash{Text: "The group " + group.Name + " was created."})
}

func (h *Console) renderNewGroup(c echo.Context, status int, f views.Form) error {
	tenants, err := h.account.TenantsOf(c.Request().Context(), actor(c))
	if err != nil {
		return err
	}
	page := views.NewGroupPage{Form: f, Tenants: tenants}
	return h.renderPart(c, status, views.NewGroup(page), views.NewGroupPart(page))
}

func (h *Console) group(c echo.Context) error {
	page, err := h.groupPage(c)
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

// permissionsForm is the form of a group's permissions with what set says of them. One that is only drawn again, with
// another source role, stays as old as it was: nobody has looked at what others have saved since.
func permissionsForm(c echo.Context, group store.Group, set account.GroupInput) views.Form {
	version := strconv.FormatInt(group.Version, 10)
	if c.QueryParams().Has("version") { // of the page on which the role was chosen: changes since then have not been seen
		version = c.QueryParam("version")
	}
	f := values("version", version, "role", string(set.Role))
	if set.Role != "" {
		return f
	}
	f.Values.Set("role", customPermissions)
	f.Values["permissions"] = set.Custom
	if !c.QueryParams().Has("role") {
		f.Values["permissions"] = strings.Fields(group.Custom.String())
	}
	return f
}

// groupPage reads the group of a path with what its tab shows.
func (h *Console) groupPage(c echo.Context) (views.GroupPage, error) {
	id, err := pathID(c)
	if err != nil {
		return views.GroupPage{}, err
	}
	ctx := c.Request().Context()
	group, err := h.account.Group(ctx, actor(c), id)
	if err != nil {
		return views.GroupPage{}, err
	}
	page := views.GroupPage{Group: group, Tab: views.GroupTab(c.FormValue("tab")), Can: actor(c).Can}
	switch page.Tab {
	case views.GroupUsers:
		page.Query = account.UserQuery{Tab: store.TabAll, Sort: store.SortName, Group: id, Search: strings.TrimSpace(c.FormValue("q")), Cursor: c.FormValue("cursor")}
		if actor(c).May(permission.UsersView) {
			page.Users, err = h.account.Users(ctx, actor(c), page.Query)
		}
	case views.GroupPermissions:
	default:
		page.Tab = views.GroupTenants
		page.Offer, err = h.account.TenantsOf(ctx, actor(c))
	}
	return page, err
}

func (h *Console) renameGroupForm(c echo.Context) error {
	page, err := h.groupPage(c)
	if err != nil {
		return err
	}
	return h.renderRename(c, http.StatusOK, page.Group.Group, values("name", page.Group.Name, "version", strconv.FormatInt(page.Group.Version, 10)))
}

func (h *Console) renameGroup(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	group, err := h.account.RenameGroup(c.Request().Context(), actor(c), id, formID(c, "version"), c.FormValue("name"))
	if refused, status := formError(err); refused != nil {
		current, err := h.account.Group(c.Request().Context(), actor(c), id)
		if err != nil {
			return err
		}
		return h.renderRename(c, status, current.Group, again(c, refused, status, current.Version))
	}
	if err != nil {
		return err
	}
	return h.redirect(c, views.GroupPath(id, ""), flash{Text: "The group is now called " + group.Name + "."})
}

func (h *Console) renderRename(c echo.Context, status int, group store.Group, f views.Form) error {
	page := views.RenameGroupPage{Group: group, Form: f}
	return h.renderPart(c, status, views.RenameGroup(page), views.RenameGroupPart(page))
}

// reviewPermissions says what other permissions of a group would take away, and asks for confirmation.
func (h *Console) reviewPermissions(c echo.Context) error {
	page, err := h.groupPage(c)
	if err != nil {
		return err
	}
	in := groupInput(c)
	preview, err := h.account.PreviewGroupPermissions(c.Request().Context(), actor(c), page.Group.ID, formID(c, "version"), in)
	if refused, status := formError(err); refused != nil {
		return h.renderPermissions(c, status, page, refused)
	}
	if err != nil {
		return err
	}
	fields := [][2]string{{"role", c.FormValue("role")}, {"version", c.FormValue("version")}}
	for _, key := range in.Custom {
		fields = append(fields, [2]string{"permissions", key})
	}
	return h.renderPreview(c, http.StatusOK, views.ConfirmPage{
		Title: "Save permissions", Action: views.GroupPath(page.Group.ID, "/permissions"), Back: views.GroupPath(page.Group.ID, "?tab=permissions"),
		Submit: "Save permissions", Text: "From now on, the users of " + page.Group.Name + " may do what its new permissions say.",
		Preview: preview, Fields: fields,
	})
}

func (h *Console) setPermissions(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	in := groupInput(c)
	if c.FormValue("role") == "" {
		in.Role = permission.Role("none") // nothing chosen is no set of one's own
	}
	group, err := h.account.SetGroupPermissions(c.Request().Context(), actor(c), id, formID(c, "version"), in)
	if refused, status := formError(err); refused != nil {
		page, err := h.groupPage(c)
		if err != nil {
			return err
		}
		return h.renderPermissions(c, status, page, refused)
	}
	if err != nil {
		return err
	}
	return h.redirect(c, views.GroupPath(id, "?tab=permissions"), flash{Text: "The permissions of " + group.Name + " were saved."})
}

// renderPermissions shows the form of a group's permissions again, as it was sent.
func (h *Console) renderPermissions(c echo.Context, status int, page views.GroupPage, refused account.Invalid) error {
	page.Tab, page.Form = views.GroupPermissions, again(c, refused, status, page.Group.Version)
	c.Response().Header().Set("HX-Retarget", "#group") // the question was asked in a dialog
	c.Response().Header().Set("HX-Reswap", "outerHTML")
	return h.renderPart(c, status, views.Group(page), views.GroupSection(page))
}

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

func (h *Console) addMembersForm(c echo.Context) error {
	return h.renderAddMembers(c, http.StatusOK, form(c, nil))
}

// addMembers adds people; asked by the button of the search, it looks for them first.
func (h *Console) addMembers(c echo.Context) error {
	if c.FormValue("find") != "" {
		return h.renderAddMembers(c, http.StatusOK, form(c, nil))
	}
	id, err := pathID(c)
	if err != nil {
		return err
	}
	n, err := h.account.AddMembers(c.Request().Context(), actor(c), id, formIDs(c, "user_ids"), c.FormValue("emails"))
	if refused := refusal(err); refused != nil {
		return h.renderAddMembers(c, http.StatusUnprocessableEntity, form(c, refused))
	}
	if err != nil {
		return err
	}
	return h.redirect(c, views.GroupPath(id, "?tab=users"), flash{Text: people(n) + " added."})
}

// people is a number of people with the verb that follows it.
func people(n int) string {
	if n == 1 {
		return "1 user was"
	}
	return strconv.Itoa(n) + " users were"
}

// renderAddMembers offers those whom the search finds; those ticked before stay ticked, unless they are too many.
func (h *Console) renderAddMembers(c echo.Context, status int, f views.Form) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	group, err := h.account.Group(ctx, actor(c), id)
	if err != nil {
		return err
	}
	page := views.AddMembersPage{Group: group.Group, Form: f, Search: strings.TrimSpace(c.FormValue("q"))}
	page.Chosen, err = h.account.People(ctx, actor(c), formIDs(c, "user_ids"))
	if refused := refusal(err); refused != nil {
		status, page.Form.Errors = http.StatusUnprocessableEntity, refused
	} else if err != nil {
		return err
	}
	if page.Search != "" {
		list, err := h.account.Users(ctx, actor(c), account.UserQuery{Tab: store.TabAll, Sort: store.SortName, Search: page.Search})
		if err != nil {
			return err
		}
		page.Found = list.Rows
	}
	return h.renderPart(c, status, views.AddMembers(page), views.AddMembersPart(page))
}

func (h *Console) removeMembersForm(c echo.Context) error {
	page, err := h.groupPage(c)
	if err != nil {
		return err
	}
	ids := formIDs(c, "user_ids")
	preview, err := h.account.PreviewRemoveMembers(c.Request().Context(), actor(c), page.Group.ID, ids)
	if err != nil {
		return err
	}
	var fields [][2]string
	for _, id := range ids {
		fields = append(fields, [2]string{"user_ids", strconv.FormatInt(id, 10)})
	}
	return h.renderPreview(c, http.StatusOK, views.ConfirmPage{
		Title: "Remove users", Action: views.GroupPath(page.Group.ID, "/users/remove"), Back: views.GroupPath(page.Group.ID, "?tab=users"),
		Submit: "Remove " + strconv.Itoa(len(ids)), Danger: true, Text: "They are removed from the group " + page.Group.Name + ". The users themselves stay.",
		Preview: preview, Fields: fields,
	})
}

func (h *Console) removeMembers(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	n, err := h.account.RemoveMembers(c.Request().Context(), actor(c), id, formIDs(c, "user_ids"))
	if err != nil {
		return err
	}
	return h.redirect(c, views.GroupPath(id, "?tab=users"), flash{Text: people(n) + " removed from the group."})
}

func (h *Console) deleteGroupForm(c echo.Context) error {
	page, err := h.groupPage(c)
	if err != nil {
		return err
	}
	preview, err := h.account.PreviewDeleteGroup(c.Request().Context(), actor(c), page.Group.ID)
	if err != nil {
		return err
	}
	return h.renderPreview(c, http.StatusOK, views.ConfirmPage{
		Title: "Delete group", Action: views.GroupPath(page.Group.ID, "/delete"), Back: views.GroupsPath, Submit: "Delete", Danger: true,
		Text: "The group " + page.Group.Name + " is deleted for good. Its users and tenants stay. This cannot be undone.", Preview: preview,
	})
}

func (h *Console) deleteGroup(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	group, err := h.account.DeleteGroup(c.Request().Context(), actor(c), id)
	if err != nil {
		return err
	}
	return h.redirect(c, views.GroupsPath, flash{Text: "The group " + group.Name + " was deleted."})
}

func (h *Console) renderPreview(c echo.Context, status int, page views.ConfirmPage) error {
	return h.renderPart(c, status, views.ConfirmPreview(page), views.ConfirmPreviewPart(page))
}
