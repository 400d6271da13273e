package handlers

import (
	"net/http"

	"console/internal/account"
	"console/internal/input"
	"console/store"
	"console/views"
)

func (h *Console) users(c request) error {
	query, err := userQuery(c)
	if err != nil {
		return err
	}
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

// userQuery reads the state of the list from the address or the form. It refuses filters that it does not understand; a tab or an order
// that it does not know is the usual one, which the list shows as chosen.
func userQuery(c request) (account.UserQuery, error) {
	f := filtersOf(c.FormValue)
	query := account.UserQuery{Tab: store.TabAll, Search: input.Line(c.FormValue("q")), Sort: store.SortName,
		Descending: c.FormValue("dir") == "desc", Cursor: c.FormValue("cursor"), Role: f.role(), Group: f.id("group"),
		SecondFactor: f.one("twofa", "on", "off"), LastAuth: f.one("last_auth", "90d", "never")}
	switch tab := store.Tab(c.FormValue("tab")); tab {
	case store.TabActive, store.TabInvited, store.TabDisabled:
		query.Tab = tab
	}
	switch sort := store.Sort(c.FormValue("sort")); sort {
	case store.SortRole, store.SortEmail, store.SortLastAuth:
		query.Sort = sort
	}
	return query, f.wrong.Refusal()
}

// chosenQuery is userQuery for a file or an action. Nobody sees there which tab is meant, so one that it does not know is refused, too.
func chosenQuery(c request) (account.UserQuery, error) {
	f := filtersOf(c.FormValue)
	f.one("tab", string(store.TabAll), string(store.TabActive), string(store.TabInvited), string(store.TabDisabled))
	if err := f.wrong.Refusal(); err != nil {
		return account.UserQuery{}, err
	}
	return userQuery(c)
}
