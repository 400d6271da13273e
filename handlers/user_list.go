package handlers

import (
	"net/http"

	"console/internal/account"
	"console/internal/input"
	"console/internal/permission"
	"console/store"
	"console/views"
)

func (h *Console) users(c request) error {
	query := userQuery(c)
	list, err := h.account.Users(c.Context(), c.Actor(), query)
	if err != nil {
		return err
	}
	groups, err := h.groupChoices(c, query.Group)
	if err != nil {
		return err
	}
	page := views.UsersPage{Query: query, List: list, Groups: groups, TrialMail: h.Mailbox != nil, Now: h.Now()}
	return h.renderPart(c, http.StatusOK, views.Users(page), views.UsersSection(page))
}

// userQuery reads the state of the list from the address or the form. What it does not know is the default.
func userQuery(c request) account.UserQuery {
	query := account.UserQuery{Tab: store.TabAll, Search: input.Line(c.FormValue("q")), Sort: store.SortName,
		Descending: c.FormValue("dir") == "desc", Cursor: c.FormValue("cursor"), Group: c.ID("group")}
	switch tab := store.Tab(c.FormValue("tab")); tab {
	case store.TabActive, store.TabInvited, store.TabDisabled:
		query.Tab = tab
	}
	switch sort := store.Sort(c.FormValue("sort")); sort {
	case store.SortRole, store.SortEmail, store.SortLastAuth:
		query.Sort = sort
	}
	if role, known := permission.ParseRole(c.FormValue("role")); known {
		query.Role = role
	}
	if v := c.FormValue("twofa"); v == "on" || v == "off" {
		query.SecondFactor = v
	}
	if v := c.FormValue("last_auth"); v == "90d" || v == "never" {
		query.LastAuth = v
	}
	return query
}
