package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"console/internal/account"
	"console/internal/permission"
	"console/store"
	"console/views"
)

func (h *Console) users(c echo.Context) error {
	query := userQuery(c)
	page, counts, err := h.account.Users(c.Request().Context(), actor(c), query)
	if err != nil {
		return err
	}
	shown := views.UsersPage{Query: query, Counts: counts, Rows: page.Rows, Next: pageQuery(query, page.Next), Prev: pageQuery(query, page.Prev),
		TrialMail: h.Mailbox != nil, Now: h.Now()}
	return h.renderPart(c, http.StatusOK, views.Users(shown), views.UsersSection(shown))
}

// userQuery reads the state of the list from the address. What it does not know is the default.
func userQuery(c echo.Context) store.UserQuery {
	query := store.UserQuery{Tab: store.TabAll, Search: c.QueryParam("q"), Sort: store.SortName, Descending: c.QueryParam("dir") == "desc"}
	switch tab := store.Tab(c.QueryParam("tab")); tab {
	case store.TabActive, store.TabInvited, store.TabDisabled:
		query.Tab = tab
	}
	switch sort := store.Sort(c.QueryParam("sort")); sort {
	case store.SortRole, store.SortEmail, store.SortLastAuth:
		query.Sort = sort
	}
	query.Cursor = store.ParseCursor(c.QueryParam("cursor"), query.Sort)
	return query
}

// pageQuery is the address of the page of the list that begins at cursor, as a query; "" where there is none.
func pageQuery(query store.UserQuery, cursor store.Cursor) string {
	if cursor.ID == 0 {
		return ""
	}
	v := url.Values{"tab": {string(query.Tab)}, "sort": {string(query.Sort)}, "cursor": {cursor.String()}}
	if query.Descending {
		v.Set("dir", "desc")
	}
	if query.Search != "" {
		v.Set("q", query.Search)
	}
	return v.Encode()
}

func (h *Console) addUserForm(c echo.Context) error {
	return h.renderAddUser(c, http.StatusOK, values("role", string(permission.Analyst)))
}

func (h *Console) addUser(c echo.Context) error {
	user, err := h.account.AddUser(c.Request().Context(), actor(c), newUser(c))
	if refused := refusal(err); refused != nil {
		return h.renderAddUser(c, http.StatusUnprocessableEntity, form(c, refused))
	}
	if err != nil {
		return err
	}
	done := user.DisplayName() + " was added. An invitation is on its way to " + user.Email + "."
	if user.Status() == store.Active {
		done = user.DisplayName() + " was added."
	}
	return h.redirect(c, "/settings/users", flash{Text: done})
}

func (h *Console) inviteLinkForm(c echo.Context) error {
	return h.renderInviteLink(c, http.StatusOK, values("role", string(permission.Analyst), "duration", "1d"))
}

func (h *Console) inviteByLink(c echo.Context) error {
	issued, err := h.account.InviteByLink(c.Request().Context(), actor(c), newUser(c))
	if refused := refusal(err); refused != nil {
		return h.renderInviteLink(c, http.StatusUnprocessableEntity, form(c, refused))
	}
	if err != nil {
		return err
	}
	return h.renderIssued(c, issued, false)
}

// newUser reads the person that a form describes.
func newUser(c echo.Context) account.NewUser {
	return account.NewUser{Role: permission.Role(c.FormValue("role")), FirstName: c.FormValue("first_name"), LastName: c.FormValue("last_name"),
		Email: c.FormValue("email"), TenantID: formID(c, "tenant_id"), Duration: c.FormValue("duration")}
}

// refusal is what a form has to say about err, or nil where err is no matter of the form.
func refusal(err error) account.Invalid {
	var refused account.Invalid
	var taken *account.Taken
	switch {
	case errors.As(err, &refused):
		return refused
	case errors.As(err, &taken):
		return account.Invalid{"email": taken.Error()}
	}
	return nil
}

func (h *Console) renderAddUser(c echo.Context, status int, f views.Form) error {
	roles, tenants, err := h.choices(c)
	if err != nil {
		return err
	}
	page := views.AddUserPage{Form: f, Roles: roles, Tenants: tenants}
	return h.renderPart(c, status, views.AddUser(page), views.AddUserForm(page))
}

func (h *Console) renderInviteLink(c echo.Context, status int, f views.Form) error {
	roles, tenants, err := h.choices(c)
	if err != nil {
		return err
	}
	roles = slices.DeleteFunc(roles, func(r permission.Role) bool { return !r.SignsIn() }) // who never signs in needs no link
	page := views.InviteLinkPage{Form: f, Roles: roles, Tenants: tenants}
	return h.renderPart(c, status, views.InviteLink(page), views.InviteLinkForm(page))
}

func (h *Console) renderIssued(c echo.Context, issued account.Issued, replaced bool) error {
	page := views.IssuedLinkPage{Link: h.BaseURL.JoinPath("signup", issued.Token).String(), Email: issued.User.Email,
		RoleLabel: issued.User.Role.Label(), ExpiresAt: issued.Invitation.ExpiresAt.Time(), Replaced: replaced}
	c.Response().Header().Set("HX-Trigger", "users-changed") // the list behind the dialog draws itself again
	var whole, part templ.Component = views.IssuedLink(page), views.IssuedLinkPart(page)
	return h.renderPart(c, http.StatusOK, whole, part)
}

// choices are the roles and tenants that the actor may choose from.
func (h *Console) choices(c echo.Context) ([]permission.Role, []store.Tenant, error) {
	tenants, err := h.account.Tenants(c.Request().Context())
	if err != nil {
		return nil, nil, err
	}
	roles, err := h.account.GrantableRoles(c.Request().Context(), actor(c), actor(c).Main)
	return roles, tenants, err
}
