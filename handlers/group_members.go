package handlers

import (
	"net/http"
	"strconv"

	"console/internal/account"
	"console/internal/input"
	"console/store"
	"console/views"
)

func (h *Console) addMembersForm(c request, id int64) error {
	return h.renderAddMembers(c, http.StatusOK, id, form(c, nil))
}

// addMembers adds people; asked by the button of the search, it looks for them first.
func (h *Console) addMembers(c request, id int64) error {
	if c.FormValue("find") != "" {
		return h.renderAddMembers(c, http.StatusOK, id, form(c, nil))
	}
	n, err := h.account.AddMembers(c.Context(), c.Actor(), id, c.IDs("user_ids"), c.FormValue("emails"))
	if refused := refusal(err); refused != nil {
		return h.renderAddMembers(c, http.StatusUnprocessableEntity, id, form(c, refused))
	}
	if err != nil {
		return err
	}
	return h.done(c, views.GroupPath(id, "?tab=users"), people(n)+" added.")
}

// people is a number of people with the verb that follows it.
func people(n int) string {
	if n == 1 {
		return "1 user was"
	}
	return strconv.Itoa(n) + " users were"
}

// renderAddMembers offers those whom the search finds; those ticked before stay ticked, unless they are too many.
func (h *Console) renderAddMembers(c request, status int, id int64, f views.Form) error {
	ctx := c.Context()
	group, err := h.account.Group(ctx, c.Actor(), id)
	if err != nil {
		return err
	}
	page := views.AddMembersPage{Group: group.Group, Form: f, Search: input.Line(c.FormValue("q"))}
	page.Chosen, err = h.account.People(ctx, c.Actor(), c.IDs("user_ids"))
	if refused := refusal(err); refused != nil {
		status, page.Form.Errors = http.StatusUnprocessableEntity, refused
	} else if err != nil {
		return err
	}
	if page.Search != "" {
		list, err := h.account.Users(ctx, c.Actor(), account.UserQuery{Tab: store.TabAll, Sort: store.SortName, Search: page.Search})
		if err != nil {
			return err
		}
		page.Found = list.Rows
	}
	return h.renderPart(c, status, views.AddMembers(page), views.AddMembersPart(page))
}

func (h *Console) removeMembersForm(c request, id int64) error {
	return h.askToRemoveMembers(c, id, nil)
}

// askToRemoveMembers asks for confirmation; changed says that the last one was of something else.
func (h *Console) askToRemoveMembers(c request, id int64, changed error) error {
	page, err := h.groupPage(c, id)
	if err != nil {
		return err
	}
	ids := c.IDs("user_ids")
	preview, err := h.account.PreviewRemoveMembers(c.Context(), c.Actor(), page.Group.ID, ids)
	if err != nil {
		return err
	}
	var fields [][2]string
	for _, id := range ids {
		fields = append(fields, [2]string{"user_ids", strconv.FormatInt(id, 10)})
	}
	return h.renderPreview(c, changed, views.ConfirmPage{
		Title: "Remove users", Action: views.GroupPath(page.Group.ID, "/users/remove"), Back: views.GroupPath(page.Group.ID, "?tab=users"),
		Submit: "Remove " + strconv.Itoa(len(ids)), Danger: true,
		Text:    "They are removed from the group " + page.Group.Name + ". The users themselves stay.",
		Preview: preview, Fields: fields,
	})
}

func (h *Console) removeMembers(c request, id int64) error {
	n, err := h.account.RemoveMembers(c.Context(), c.Confirming(), id, c.IDs("user_ids"))
	if account.RefusedBy(err, account.ChangedPreview) {
		return h.askToRemoveMembers(c, id, err)
	}
	if err != nil {
		return err
	}
	return h.done(c, views.GroupPath(id, "?tab=users"), people(n)+" removed from the group.")
}
