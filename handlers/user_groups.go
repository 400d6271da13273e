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

func (h *Console) userGroupsForm(c request, id int64) error {
	current, err := h.account.UserGroups(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	f := values("role", string(current.User.Role), "version", strconv.FormatInt(current.User.Version, 10))
	for _, g := range current.Groups {
		f.Values.Add("group_ids", strconv.FormatInt(g.ID, 10))
	}
	return h.renderUserGroups(c, http.StatusOK, current, f)
}

// postUserGroups looks for more groups, says what the choice would do, or does it. The first two are POSTed as well: they
// keep what is ticked, and saying what it would do means doing it and taking it back, which waits for other writers.
func (h *Console) postUserGroups(c request, id int64) error {
	switch {
	case c.FormValue("find") != "":
		current, err := h.account.UserGroups(c.Context(), c.Actor(), id)
		if err != nil {
			return err
		}
		return h.renderUserGroups(c, http.StatusOK, current, form(c, nil))
	case c.FormValue("review") != "":
		return h.reviewUserGroups(c, id, nil)
	default:
		return h.setUserGroups(c, id)
	}
}

// reviewUserGroups says what another role and other groups would do, and asks for confirmation; changed says that the last one
// was of something else.
func (h *Console) reviewUserGroups(c request, id int64, changed error) error {
	current, err := h.account.UserGroups(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	in := membershipInput(c)
	preview, err := h.account.PreviewMembership(c.Context(), c.Actor(), id, in)
	if refused, status := formError(err); refused != nil {
		return h.renderUserGroups(c, status, current, again(c, refused, status, current.User.Version))
	}
	if err != nil {
		return err
	}
	page, err := h.membershipPage(c, current, in, preview)
	if err != nil {
		return err
	}
	return h.renderPreview(c, changed, page)
}

// membershipPage says what another role and other groups would do.
func (h *Console) membershipPage(c request, current account.UserGroups, in account.Membership,
	preview account.Preview) (page views.ConfirmPage, err error) {
	fields := [][2]string{{"role", string(in.Role)}, {"version", strconv.FormatInt(in.Version, 10)}, {"group_ids", ""}}
	for _, id := range in.Groups {
		fields = append(fields, [2]string{"group_ids", strconv.FormatInt(id, 10)})
	}
	if in.Automatic != 0 {
		fields = append(fields, [2]string{"automatic", strconv.FormatInt(in.Automatic, 10)})
	}
	text := current.User.DisplayName() + " will be in the groups you have ticked."
	if in.Role != current.User.Role {
		text = current.User.DisplayName() + " will be " + in.Role.Label() + " instead of " + current.User.Role.Label() + "."
		switch {
		case !in.Role.SignsIn():
			text += " People with this role never sign in: sessions and open links end, and the password is deleted."
		case !current.User.Role.SignsIn():
			text += " They get a mail with a link to choose a password."
		case in.Role == permission.GlobalAdmin:
			text += " Global Administrators may do everything and are in no group: they leave all of theirs."
		}
	}
	page = views.ConfirmPage{
		Title: "Save groups", Action: views.UserPath(current.User.ID, "/groups"), Back: views.UserPath(current.User.ID, "/groups"),
		Submit: "Save", Text: text, Preview: preview, Fields: fields, Edited: true,
	}
	if in.Role == current.User.Role {
		return page, nil
	}
	tenants, err := h.tenantsToGive(c, in.Role)
	if err != nil {
		return page, err
	}
	for _, t := range tenants {
		if t.ID == in.Automatic {
			page.Text += " They come into the automatic group of the role in " + t.Name + "."
		}
	}
	if preview.LabelOnly {
		page.Offer = views.OfferAutomatic(views.AutomaticOffer{User: current.User, Role: in.Role, Tenants: tenants})
	}
	return page, nil
}

// tenantsToGive are the tenants in which the actor may give a role.
func (h *Console) tenantsToGive(c request, role permission.Role) ([]store.Tenant, error) {
	_, tenants, err := h.choices(c)
	if err != nil {
		return nil, err
	}
	var able []store.Tenant
	for _, t := range tenants {
		roles, err := h.account.GrantableRoles(c.Context(), c.Actor(), []store.Tenant{t})
		if err != nil {
			return nil, err
		}
		if slices.Contains(roles, role) {
			able = append(able, t)
		}
	}
	return able, nil
}

func (h *Console) setUserGroups(c request, id int64) error {
	user, err := h.account.SetMembership(c.Context(), c.Confirming(), id, membershipInput(c))
	if account.RefusedBy(err, account.ChangedPreview) {
		return h.reviewUserGroups(c, id, err)
	}
	if refused, status := formError(err); refused != nil {
		current, err := h.account.UserGroups(c.Context(), c.Actor(), id)
		if err != nil {
			return err
		}
		return h.renderUserGroups(c, status, current, again(c, refused, status, current.User.Version))
	}
	if err != nil {
		return err
	}
	return h.done(c, h.backToUsers(c), "The groups of "+user.DisplayName()+" were saved.")
}

// membershipInput reads the Groups… dialog, or its preview, where an automatic group can be chosen besides. Without the field
// group_ids the groups stay; the form of the page always has it.
func membershipInput(c request) account.Membership {
	f := form(c, nil)
	automatic := "automatic"
	if f.Get("review") == "automatic" {
		automatic = "automatic_tenant"
	}
	return account.Membership{Version: c.ID("version"), Role: permission.Role(f.Get("role")), Groups: c.IDs("group_ids"),
		KeepGroups: !f.Values.Has("group_ids"), Automatic: c.ID(automatic)}
}

func (h *Console) renderUserGroups(c request, status int, current account.UserGroups, f views.Form) error {
	roles, _, err := h.choices(c)
	if err != nil {
		return err
	}
	page := views.UserGroupsPage{UserGroups: current, Form: f, Roles: roles, Search: c.FormValue("q")}
	if page.Search != "" {
		list, err := h.account.Groups(c.Context(), c.Actor(), account.GroupQuery{Search: page.Search})
		if err != nil {
			return err
		}
		for _, g := range list.Rows {
			if !g.Automatic {
				page.Found = append(page.Found, g.Group)
			}
		}
	}
	if page.Chosen, err = h.chosenGroups(c, current); err != nil {
		return err
	}
	return h.renderPart(c, status, views.UserGroups(page), views.UserGroupsPart(page))
}

// chosenGroups are the groups ticked in a form that the person is not in yet.
func (h *Console) chosenGroups(c request, current account.UserGroups) ([]store.Group, error) {
	var chosen []store.Group
	for _, id := range c.IDs("group_ids") {
		if current.Has(id) {
			continue
		}
		var err error
		if chosen, err = h.account.WithGroup(c.Context(), chosen, id); err != nil {
			return nil, err
		}
	}
	return chosen, nil
}
