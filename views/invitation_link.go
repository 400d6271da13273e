package views

import (
	"context"
	"time"

	"console/internal/permission"
	"console/store"
)

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

// back is where Done leads: to the list in which the invited person has appeared, or back to where their row or page was.
func (p IssuedLinkPage) back(ctx context.Context) string {
	invited := usersPath + "?tab=" + string(store.TabInvited)
	if p.Replaced {
		return backOr(ctx, invited)
	}
	return invited
}

// ends is where the browser goes when the dialog is closed, or "" where it stays: the row is there already.
func (p IssuedLinkPage) ends(ctx context.Context) string {
	if p.Replaced {
		return ""
	}
	return URL(ctx, p.back(ctx))
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
