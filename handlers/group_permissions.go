package handlers

import (
	"strconv"
	"strings"

	"console/internal/account"
	"console/internal/permission"
	"console/store"
	"console/views"
)

// permissionsForm is the form of a group's permissions with what set says of them. One that is only drawn again, with
// another source role, stays as old as it was: nobody has looked at what others have saved since.
func permissionsForm(c request, group store.Group, set account.GroupInput) views.Form {
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

func (h *Console) reviewPermissions(c request, id int64) error {
	return h.askToSetPermissions(c, id, nil)
}

// askToSetPermissions says what other permissions of a group would take away, and asks for confirmation; changed says that the
// last one was of something else.
func (h *Console) askToSetPermissions(c request, id int64, changed error) error {
	page, err := h.groupPage(c, id)
	if err != nil {
		return err
	}
	in := groupInput(c)
	preview, err := h.account.PreviewGroupPermissions(c.Context(), c.Actor(), page.Group.ID, c.ID("version"), in)
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
	return h.renderPreview(c, changed, views.ConfirmPage{
		Title: "Save permissions", Action: views.GroupPath(page.Group.ID, "/permissions"),
		Back:   views.GroupPath(page.Group.ID, "?tab=permissions"),
		Submit: "Save permissions", Text: "From now on, the users of " + page.Group.Name + " may do what its new permissions say.",
		Preview: preview, Fields: fields,
	})
}

func (h *Console) setPermissions(c request, id int64) error {
	in := groupInput(c)
	if c.FormValue("role") == "" {
		in.Role = permission.Role("none") // nothing chosen is no set of one's own
	}
	group, err := h.account.SetGroupPermissions(c.Context(), c.Confirming(), id, c.ID("version"), in)
	if account.RefusedBy(err, account.ChangedPreview) {
		return h.askToSetPermissions(c, id, err)
	}
	if refused, status := formError(err); refused != nil {
		page, err := h.groupPage(c, id)
		if err != nil {
			return err
		}
		return h.renderPermissions(c, status, page, refused)
	}
	if err != nil {
		return err
	}
	return h.done(c, views.GroupPath(id, "?tab=permissions"), "The permissions of "+group.Name+" were saved.")
}

// renderPermissions shows the form of a group's permissions again, as it was sent.
func (h *Console) renderPermissions(c request, status int, page views.GroupPage, refused account.Fields) error {
	page.Tab, page.Form = views.GroupPermissions, again(c, refused, status, page.Group.Version)
	c.Response().Header().Set("HX-Retarget", "#group") // the question was asked in a dialog
	c.Response().Header().Set("HX-Reswap", "outerHTML")
	return h.renderPart(c, status, views.Group(page), views.GroupSection(page))
}

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
