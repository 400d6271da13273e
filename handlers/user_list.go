package handlers

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"console/internal/account"
	"console/internal/permission"
	"console/store"
	"console/views"
)

func (h *Console) users(c echo.Context) error {
	query := userQuery(c)
	list, err := h.account.Users(c.Request().Context(), actor(c), query)
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
func userQuery(c echo.Context) account.UserQuery {
	query := account.UserQuery{Tab: store.TabAll, Search: strings.TrimSpace(c.FormValue("q")), Sort: store.SortName, Descending: c.FormValue("dir") == "desc",
		Cursor: c.FormValue("cursor"), Group: formID(c, "group")}
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

func (h *Console) addUserForm(c echo.Context) error {
	return h.renderAddUser(c, http.StatusOK, values("role", string(permission.Analyst), "tenant_id", strconv.FormatInt(h.chosenTenant(c), 10)), nil)
}

func (h *Console) addUser(c echo.Context) error {
	user, err := h.account.AddUser(c.Request().Context(), actor(c), newUser(c))
	if refused := refusal(err); refused != nil {
		return h.renderAddUser(c, http.StatusUnprocessableEntity, form(c, refused), takenBy(err))
	}
	if err != nil {
		return err
	}
	done := user.DisplayName() + " was added."
	if user.Status() == store.Invited {
		done += " " + h.mailed("An invitation", user)
	}
	return h.redirect(c, "/settings/users", flash{Text: done, Stays: h.Mailbox != nil})
}

// mailed says what becomes of a mail to a person.
func (h *Console) mailed(mail string, to store.User) string {
	if h.Mailbox != nil {
		return mail + " is kept here, because no mail server is set up. Choose “Read mail” in the menu of the row, and hand over the link in it."
	}
	return mail + " is on its way to " + to.Email + "."
}

func (h *Console) inviteLinkForm(c echo.Context) error {
	return h.renderInviteLink(c, http.StatusOK, values("role", string(permission.Analyst), "duration", "1d", "tenant_id", strconv.FormatInt(h.chosenTenant(c), 10)), nil)
}

func (h *Console) inviteByLink(c echo.Context) error {
	issued, err := h.account.InviteByLink(c.Request().Context(), actor(c), newUser(c))
	if refused := refusal(err); refused != nil {
		return h.renderInviteLink(c, http.StatusUnprocessableEntity, form(c, refused), takenBy(err))
	}
	if err != nil {
		return err
	}
	return h.renderIssued(c, issued, false)
}

// newUser reads the person that a form describes.
func newUser(c echo.Context) account.NewUser {
	return account.NewUser{Role: permission.Role(c.FormValue("role")), FirstName: c.FormValue("first_name"), LastName: c.FormValue("last_name"),
		Email: c.FormValue("email"), TenantID: formID(c, "tenant_id"), Groups: formIDs(c, "group_ids"), Duration: c.FormValue("duration")}
}

// takenBy is the person who has the address that err refuses, or nil.
func takenBy(err error) *store.User {
	var taken *account.Taken
	if errors.As(err, &taken) {
		return &taken.User
	}
	return nil
}

// withLink are the roles that can be given by link: who never signs in needs none.
func withLink(roles []permission.Role) []permission.Role {
	return slices.DeleteFunc(roles, func(r permission.Role) bool { return !r.SignsIn() })
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

// formError is what an edit form has to say about err, and with which status: 422 for what was typed, 409 for a form
// that is out of date. It is nil where err is no matter of the form.
func formError(err error) (account.Invalid, int) {
	if errors.Is(err, store.ErrStale) {
		return account.Invalid{"": "Somebody else has changed this meanwhile. What you typed is kept: save again to replace their change."}, http.StatusConflict
	}
	return refusal(err), http.StatusUnprocessableEntity
}

func (h *Console) renderAddUser(c echo.Context, status int, f views.Form, taken *store.User) error {
	roles, tenants, err := h.choices(c)
	if err != nil {
		return err
	}
	page := views.AddUserPage{Form: f, Roles: roles, Tenants: tenants, Taken: taken}
	if actor(c).May(permission.GroupsUpdate) {
		if page.Groups, err = h.account.GrantableGroups(c.Request().Context(), actor(c), offeredGroups); err != nil {
			return err
		}
	}
	return h.renderPart(c, status, views.AddUser(page), views.AddUserForm(page))
}

func (h *Console) renderInviteLink(c echo.Context, status int, f views.Form, taken *store.User) error {
	roles, tenants, err := h.choices(c)
	if err != nil {
		return err
	}
	page := views.InviteLinkPage{Form: f, Roles: withLink(roles), Tenants: tenants, Taken: taken}
	return h.renderPart(c, status, views.InviteLink(page), views.InviteLinkForm(page))
}

func (h *Console) renderIssued(c echo.Context, issued account.Issued, replaced bool) error {
	page := views.IssuedLinkPage{Link: h.BaseURL.JoinPath("signup", issued.Token).String(), Email: issued.User.Email,
		RoleLabel: issued.User.Role.Label(), ExpiresAt: issued.Invitation.ExpiresAt.Time(), Replaced: replaced}
	c.Response().Header().Set("HX-Trigger", "users-changed") // the list behind the dialog draws itself again
	var whole, part templ.Component = views.IssuedLink(page), views.IssuedLinkPart(page)
	return h.renderPart(c, http.StatusOK, whole, part)
}

// choices are the roles and tenants that the actor may choose from: the tenants that give access, and the roles that the
// actor may give in one of them.
func (h *Console) choices(c echo.Context) ([]permission.Role, []store.Tenant, error) {
	tenants, err := h.account.TenantsOf(c.Request().Context(), actor(c))
	if err != nil {
		return nil, nil, err
	}
	tenants = slices.DeleteFunc(tenants, func(t store.Tenant) bool { return t.DisabledAt != 0 })
	roles, err := h.account.GrantableRoles(c.Request().Context(), actor(c), tenants)
	return roles, tenants, err
}
