package handlers

import (
	"net/http"

	"console/internal/account"
	"console/store"
	"console/views"
)

// user is the page of a person: the tab that the address names, or the first.
func (h *Console) user(c request, id int64) error {
	switch tab := views.UserTab(c.QueryParam("tab")); tab {
	case views.UserTabPermissions:
		return h.userPermissions(c, id)
	case views.UserTabSessions:
		return h.userSessions(c, id)
	case views.UserTabActivity:
		return h.userActivity(c, id)
	}
	return h.userOverview(c, id)
}

func (h *Console) userOverview(c request, id int64) error {
	overview, err := h.account.UserOverview(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	tab := views.UserOverviewTab{UserOverview: overview, TrialMail: h.Mailbox != nil, Now: h.Now()}
	if tab.Ask, err = h.whoCan(c, overview.Barred); err != nil {
		return err
	}
	return h.renderUser(c, views.UserPage{User: overview.User, Tab: views.UserTabOverview, Part: views.UserOverview(tab)})
}

// userPermissions is the tab that explains what a person may do. It has had an address of its own.
func (h *Console) userPermissions(c request, id int64) error {
	explained, err := h.explained(c, id)
	if err != nil {
		return err
	}
	return h.renderUser(c, views.UserPage{User: explained.User, Tab: views.UserTabPermissions, Part: views.UserPermissions(explained)})
}

// userSessions is the tab of where a person is signed in, and of their sign-in history.
func (h *Console) userSessions(c request, id int64) error {
	before := c.QueryID("before")
	sessions, err := h.account.UserSessions(c.Context(), c.Actor(), id, before, signInsTogether+1)
	if err != nil {
		return err
	}
	tab := views.UserSessionsTab{UserSessions: sessions, SignIns: signIns(sessions.SignIns, before)}
	tab.SignIns.Whose, tab.SignIns.Path = sessions.User.DisplayName(), views.UserTabPath(id, views.UserTabSessions)
	if id == c.Actor().UserID {
		tab.SignIns.Whose, tab.Current = "you", c.Actor().SessionID
	}
	if tab.Ask, err = h.whoCan(c, sessions.Barred); err != nil {
		return err
	}
	return h.renderUser(c, views.UserPage{User: sessions.User, Tab: views.UserTabSessions, Part: views.UserSessions(tab)})
}

func (h *Console) renderUser(c request, page views.UserPage) error {
	return h.renderPart(c, http.StatusOK, views.User(page), views.UserSection(page))
}

// whoCan are people who could do what the actor is barred from, if they are.
func (h *Console) whoCan(c request, barred *account.Lack) ([]store.User, error) {
	if barred == nil {
		return nil, nil
	}
	return h.account.WhoCan(c.Context(), *barred)
}

// signIns is a part of a sign-in history, of which one entry more was read than a page shows.
func signIns(entries []store.Entry, before int64) views.SignIns {
	part := views.SignIns{Entries: entries, Earlier: before > 0}
	if len(entries) > signInsTogether {
		part.Entries, part.Next = entries[:signInsTogether], entries[signInsTogether-1].ID
	}
	return part
}
