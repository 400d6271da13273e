package handlers

import (
	"net/http"
	"strconv"

	"github.com/a-h/templ"

	"console/internal/account"
	"console/store"
	"console/views"
)

// signInsTogether is how many lines of the sign-in history a page shows.
const signInsTogether = 20

// profile is the page of the person who is signed in: the tab that the address names, or the first.
func (h *Console) profile(c request) error {
	switch views.ProfileTab(c.QueryParam("tab")) {
	case views.ProfileTabSecurity:
		return h.profileSecurity(c)
	case views.ProfileTabSessions:
		return h.profileSessions(c)
	case views.ProfileTabPermissions:
		return h.profilePermissions(c)
	}
	return h.renderProfileAccount(c, http.StatusOK, profileForm(c.SignedIn().User))
}

// profileForm is the form of what people change about themselves, as it is now.
func profileForm(u store.User) views.Form {
	f := values("first_name", u.FirstName, "last_name", u.LastName, "phone", u.Phone, "date_format", u.DateFormat, "time_zone", u.TimeZone,
		"theme", u.Theme, "version", strconv.FormatInt(u.Version, 10))
	if u.Clock24h {
		f.Values.Set("clock_24h", "1")
	}
	return f
}

// editProfile saves what people change about themselves; whatever else a form holds is ignored (FC-45).
func (h *Console) editProfile(c request) error {
	session := c.SignedIn()
	_, err := h.account.EditProfile(c.Context(), session.Actor, c.ID("version"), profileInput(c, session.User))
	if refused, status := formError(err); refused != nil {
		return h.renderProfileAccount(c, status, again(c, refused, status, session.User.Version))
	}
	if err != nil {
		return err
	}
	return h.done(c, "/settings/profile", "Your profile is saved.")
}

// profileInput reads the form. Preferences that it does not hold stay as they are; a box that is not ticked is not
// sent, so the date format beside it says whether the form has the box.
func profileInput(c request, now store.User) account.Profile {
	in := account.Profile{FirstName: c.FormValue("first_name"), LastName: c.FormValue("last_name"), Preferences: now.Preferences}
	sent := form(c, nil).Values
	for field, target := range map[string]*string{"phone": &in.Phone, "date_format": &in.DateFormat, "time_zone": &in.TimeZone,
		"theme": &in.Theme} {
		if sent.Has(field) {
			*target = sent.Get(field)
		}
	}
	if sent.Has("date_format") || sent.Has("clock_24h") {
		in.Clock24h = sent.Get("clock_24h") == "1"
	}
	return in
}

func (h *Console) renderProfileAccount(c request, status int, f views.Form) error {
	memberships, err := h.account.Memberships(c.Context(), c.Actor())
	if err != nil {
		return err
	}
	tab := views.ProfileAccountTab{User: c.SignedIn().User, Memberships: memberships, Form: f}
	return h.renderProfile(c, status, views.ProfileTabAccount, views.ProfileAccount(tab))
}

// profileSecurity is the tab of the password and the second factors.
func (h *Console) profileSecurity(c request) error {
	security, err := h.account.Security(c.Context(), c.Actor())
	if err != nil {
		return err
	}
	part := views.ProfileSecurity(views.SecurityPage{Security: security, Now: h.Now()})
	return h.renderProfile(c, http.StatusOK, views.ProfileTabSecurity, part)
}

// profileSessions is the tab of the browsers in which the person is signed in, and of their sign-in history.
func (h *Console) profileSessions(c request) error {
	ctx, by, before := c.Context(), c.Actor(), c.QueryID("before")
	sessions, err := h.account.SessionsOf(ctx, by, by.UserID)
	if err != nil {
		return err
	}
	entries, err := h.account.OwnSignIns(ctx, by, before, signInsTogether+1)
	if err != nil {
		return err
	}
	tab := views.ProfileSessionsTab{Sessions: sessions, Current: by.SessionID, SignIns: signIns(entries, before)}
	tab.SignIns.Whose, tab.SignIns.Path = "you", views.ProfilePath(views.ProfileTabSessions)
	return h.renderProfile(c, http.StatusOK, views.ProfileTabSessions, views.ProfileSessions(tab))
}

// profilePermissions is the tab that explains what the person may do.
func (h *Console) profilePermissions(c request) error {
	explained, err := h.explained(c, c.Actor().UserID)
	if err != nil {
		return err
	}
	return h.renderProfile(c, http.StatusOK, views.ProfileTabPermissions, views.ProfilePermissions(explained))
}

func (h *Console) renderProfile(c request, status int, tab views.ProfileTab, part templ.Component) error {
	page := views.ProfilePage{Tab: tab, Part: part}
	return h.renderPart(c, status, views.Profile(page), views.ProfileSection(page))
}

func (h *Console) endOwnSessions(c request) error {
	return h.endSessionsOf(
		c,
		c.Actor().UserID,
		views.ProfilePath(views.ProfileTabSessions),
		"That browser is signed out.",
		"All other browsers are signed out.",
	)
}

// noAccess tells somebody whom no group gives anything whom to ask.
func (h *Console) noAccess(c request) error {
	administrators, err := h.account.Administrators(c.Context())
	if err != nil {
		return err
	}
	return h.render(c, http.StatusForbidden, views.NoAccess(views.NoAccessPage{Administrators: administrators}))
}
