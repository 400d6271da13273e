package handlers

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"console/internal/account"
	"console/store"
	"console/views"
)

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
