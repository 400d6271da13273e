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

func (h *Console) profile(c request) error {
	u := c.SignedIn().User
	if c.IsHTMX() { // another tenant is to be explained
		explained, err := h.explained(c, u.ID)
		if err != nil {
			return err
		}
		return h.render(c, http.StatusOK, views.Explanation(explained, "/settings/profile"))
	}
	f := values("first_name", u.FirstName, "last_name", u.LastName, "phone", u.Phone, "date_format", u.DateFormat, "time_zone", u.TimeZone,
		"theme", u.Theme, "version", strconv.FormatInt(u.Version, 10))
	if u.Clock24h {
		f.Values.Set("clock_24h", "1")
	}
	return h.renderProfile(c, http.StatusOK, f)
}

// editProfile saves what people change about themselves; whatever else a form holds is ignored (FC-45).
func (h *Console) editProfile(c request) error {
	session := c.SignedIn()
	_, err := h.account.EditProfile(c.Context(), session.Actor, c.ID("version"), profileInput(c, session.User))
	if refused, status := formError(err); refused != nil {
		return h.renderProfile(c, status, again(c, refused, status, session.User.Version))
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

func (h *Console) renderProfile(c request, status int, f views.Form) error {
	ctx, by := c.Context(), c.Actor()
	memberships, err := h.account.Memberships(ctx, by)
	if err != nil {
		return err
	}
	page := views.ProfilePage{User: c.SignedIn().User, Memberships: memberships, Form: f}
	for _, section := range []func(request) (templ.Component, error){h.profileSecurity, h.profileSessions, h.profileSignIns,
		h.profilePermissions} {
		component, err := section(c)
		if err != nil {
			return err
		}
		page.Sections = append(page.Sections, component)
	}
	return h.render(c, status, views.Profile(page))
}

// profileSecurity is the section of the password and the second factors.
func (h *Console) profileSecurity(c request) (templ.Component, error) {
	security, err := h.account.Security(c.Context(), c.Actor())
	return views.Security(views.SecurityPage{Security: security, Now: h.Now()}), err
}

// profileSessions is the section of the browsers in which the person is signed in.
func (h *Console) profileSessions(c request) (templ.Component, error) {
	by := c.Actor()
	sessions, err := h.account.SessionsOf(c.Context(), by, by.UserID)
	return views.ProfileSessions(views.SessionsSection{Sessions: sessions, Current: by.SessionID}), err
}

// profileSignIns is the section of the sign-in history, a page of it.
func (h *Console) profileSignIns(c request) (templ.Component, error) {
	before, _ := strconv.ParseInt(c.QueryParam("before"), 10, 64)
	entries, err := h.account.OwnSignIns(c.Context(), c.Actor(), before, signInsTogether+1)
	section := views.SignInsSection{Entries: entries, Earlier: before > 0}
	if len(entries) > signInsTogether {
		section.Entries = entries[:signInsTogether]
		section.Next = entries[signInsTogether-1].ID
	}
	return views.ProfileSignIns(section), err
}

// profilePermissions is the section that explains what the person may do.
func (h *Console) profilePermissions(c request) (templ.Component, error) {
	explained, err := h.explained(c, c.Actor().UserID)
	return views.ProfilePermissions(explained), err
}

func (h *Console) endOwnSessions(c request) error {
	return h.endSessionsOf(c, c.Actor().UserID, "/settings/profile", "That browser is signed out.", "All other browsers are signed out.")
}

// noAccess tells somebody whom no group gives anything whom to ask.
func (h *Console) noAccess(c request) error {
	administrators, err := h.account.Administrators(c.Context())
	if err != nil {
		return err
	}
	return h.render(c, http.StatusForbidden, views.NoAccess(views.NoAccessPage{Administrators: administrators}))
}
