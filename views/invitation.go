package views

import (
	"strconv"
	"time"

	"console/internal/account"
	"console/internal/permission"
	"console/store"
)

// AddUserPage is the form for a person who is invited by mail. Fields: role, first_name, last_name, email, tenant_id,
// group_ids.
type AddUserPage struct {
	Form    Form
	Roles   []permission.Role // the person may grant
	Tenants []store.Tenant
	Groups  []store.Group // the person may put somebody into
	Taken   *store.User   // who has the address already; nil: nobody
}

// groupOptions are groups to choose from.
func groupOptions(groups []store.Group) []option {
	options := make([]option, len(groups))
	for i, g := range groups {
		options[i] = option{strconv.FormatInt(g.ID, 10), g.Name}
	}
	return options
}

// InviteLinkPage is the form for a signup link that is handed over by hand. Fields: role, duration, email, tenant_id.
type InviteLinkPage struct {
	Form    Form
	Roles   []permission.Role // the person may grant
	Tenants []store.Tenant
	Taken   *store.User // who has the address already; nil: nobody
}

// IssuedLinkPage shows a signup link, once.
type IssuedLinkPage struct {
	Link      string
	Email     string
	RoleLabel string
	ExpiresAt time.Time
	Replaced  bool // an older link has just died
}

// RevokePage asks whether to take an invitation back.
type RevokePage struct {
	Invitation store.Invitation
	User       store.User
}

var linkDurations = []option{
	{"1h", "1 hour"},
	{"1d", "Day"},
	{"3d", "3 days"},
	{"7d", "Week"},
	{"30d", "Month"},
}

// chosen is the form with a value for a field that is still empty.
func (f Form) chosen(name, usual string) Form {
	if f.Get(name) != "" {
		return f
	}
	values := map[string][]string{name: {usual}}
	for key, v := range f.Values {
		if key != name {
			values[key] = v
		}
	}
	return Form{Values: values, Errors: f.Errors}
}

func roleOptions(roles []permission.Role) []option {
	options := make([]option, len(roles))
	for i, role := range roles {
		options[i] = option{string(role), role.Label()}
	}
	return options
}

func tenantOptions(tenants []store.Tenant) []option {
	options := make([]option, len(tenants))
	for i, t := range tenants {
		options[i] = option{strconv.FormatInt(t.ID, 10), t.Name + " " + strconv.FormatInt(t.ID, 10)}
	}
	return options
}

// tenantHint says when the choice of a tenant does not mean what it seems to.
func tenantHint(roles []permission.Role) string {
	hint := "Administrators manage users only if they have the main tenant, which stands first."
	for _, role := range roles {
		if role.Global() {
			return "Global roles reach every tenant, whichever is chosen here. " + hint
		}
	}
	return hint
}

// takenQuery is the list in which a person stands alone.
func takenQuery(user store.User) account.UserQuery {
	query := account.UserQuery{Tab: store.TabAll, Search: user.Email}
	if user.JoinedAt == 0 {
		query.Tab = store.TabInvited
	}
	return query
}
