package views

import (
	"slices"
	"strconv"

	"console/internal/account"
	"console/internal/permission"
	"console/store"
)

// UserGroupsPage is the dialog of a person's role and groups. Fields: role, group_ids, version, q.
type UserGroupsPage struct {
	account.UserGroups
	Form   Form
	Roles  []permission.Role // the person who looks may grant
	Search string
	Found  []store.Group
	Chosen []store.Group // ticked, and the person is not in them yet
}

// AutomaticOffer offers the automatic group of a role to a person who is in none. Fields: review, automatic_tenant.
type AutomaticOffer struct {
	User    store.User
	Role    permission.Role
	Tenants []store.Tenant // in which the person who looks may give the role
}

// roleOptions are the roles to choose from; the present one stays a choice.
func (p UserGroupsPage) roleOptions() []option {
	options := roleOptions(p.Roles)
	for _, o := range options {
		if o.Value == string(p.User.Role) {
			return options
		}
	}
	return append(options, option{string(p.User.Role), p.User.Role.Label()})
}

// unsaved says that the form shows another role or other groups than the person has.
func (p UserGroupsPage) unsaved() bool {
	for _, g := range p.Groups {
		if !p.Form.Has("group_ids", strconv.FormatInt(g.ID, 10)) {
			return true
		}
	}
	back := slices.ContainsFunc(p.Offer, func(g store.Group) bool { return p.Form.Has("group_ids", strconv.FormatInt(g.ID, 10)) })
	return back || len(p.Chosen) > 0 || p.Form.Get("role") != string(p.User.Role)
}

// fresh are the groups found that are not in the list already.
func (p UserGroupsPage) fresh() []store.Group {
	var fresh []store.Group
	for _, g := range p.Found {
		if !p.Has(g.ID) && !slices.ContainsFunc(p.Chosen, func(c store.Group) bool { return c.ID == g.ID }) {
			fresh = append(fresh, g)
		}
	}
	return fresh
}
