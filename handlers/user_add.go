package handlers

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"

	"console/internal/account"
	"console/internal/permission"
	"console/store"
	"console/views"
)

func (h *Console) addUserForm(c request) error {
	return h.renderAddUser(c, http.StatusOK, values("role", string(permission.Analyst),
		"tenant_id", strconv.FormatInt(h.chosenTenant(c), 10)), nil)
}

func (h *Console) addUser(c request) error {
	user, err := h.account.AddUser(c.Context(), c.Actor(), newUser(c))
	if refused := refusal(err); refused != nil {
		return h.renderAddUser(c, http.StatusUnprocessableEntity, form(c, refused), takenBy(err))
	}
	if account.RefusedBy(err, account.Throttled) { // the address gets no more mails for now: what was typed stays
		limited := account.AsRefusal(err)
		setRetryAfter(c, limited)
		return h.renderAddUser(c, statuses[limited.Code], form(c, account.Fields{"email": limited.Words}), nil)
	}
	if err != nil {
		return err
	}
	done := user.DisplayName() + " was added."
	if user.Status() == store.Invited { // the mail names the address
		done = cmp.Or(user.Name(), "The user") + " was added. " + h.mailed("An invitation", user)
	}
	// The list may not show them: it stays as it was. A link that passes by itself could be missed.
	return h.redirect(c, h.backToUsers(c), flash{Text: done, Stays: true, Path: views.UserPath(user.ID, ""), Link: "Open their page"})
}

// mailed says what becomes of a mail to a person.
func (h *Console) mailed(mail string, to store.User) string {
	if h.Mailbox != nil {
		return mail + " is kept here, because no mail server is set up. Choose “Read mail” in the menu of the row, and hand over the link in it."
	}
	return mail + " is on its way to " + to.Email + "."
}

// newUser reads the person that a form describes.
func newUser(c request) account.NewUser {
	return account.NewUser{Role: permission.Role(c.FormValue("role")), FirstName: c.FormValue("first_name"),
		LastName: c.FormValue("last_name"), Email: c.FormValue("email"), TenantID: c.ID("tenant_id"),
		Groups: c.IDs("group_ids"), Duration: c.FormValue("duration")}
}

// takenBy is the person who has the address that err refuses, or nil.
func takenBy(err error) *store.User {
	if refused := account.AsRefusal(err); refused != nil {
		return refused.Taken
	}
	return nil
}

func (h *Console) renderAddUser(c request, status int, f views.Form, taken *store.User) error {
	roles, tenants, err := h.choices(c)
	if err != nil {
		return err
	}
	page := views.AddUserPage{Form: f, Roles: roles, Tenants: tenants, Taken: taken}
	if c.Actor().May(permission.GroupsUpdate) {
		if page.Groups, err = h.account.GrantableGroups(c.Context(), c.Actor(), offeredGroups); err != nil {
			return err
		}
	}
	return h.renderPart(c, status, views.AddUser(page), views.AddUserForm(page))
}

// choices are the roles and tenants that the actor may choose from: the tenants that give access, and the roles that the
// actor may give in one of them.
func (h *Console) choices(c request) ([]permission.Role, []store.Tenant, error) {
	tenants, err := h.account.TenantsOf(c.Context(), c.Actor())
	if err != nil {
		return nil, nil, err
	}
	tenants = slices.DeleteFunc(tenants, func(t store.Tenant) bool { return t.DisabledAt != 0 })
	roles, err := h.account.GrantableRoles(c.Context(), c.Actor(), tenants)
	return roles, tenants, err
}
