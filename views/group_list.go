package views

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"

	"console/internal/account"
	"console/internal/permission"
	"console/store"
)

// GroupsPath is the address of the list of groups.
const GroupsPath = "/settings/groups"

// GroupPath is the address of a group with what follows it: "/edit", "?tab=users".
func GroupPath(id int64, rest string) string {
	return GroupsPath + "/" + strconv.FormatInt(id, 10) + rest
}

// UserPath is the address of a page about a person.
func UserPath(id int64, action string) string {
	return usersPath + "/" + strconv.FormatInt(id, 10) + action
}

// GroupsPage is the list of groups.
type GroupsPage struct {
	Query account.GroupQuery
	List  account.GroupList
}

// role is the value of the role filter.
func (p GroupsPage) role() string {
	if p.Query.Custom {
		return "custom"
	}
	return string(p.Query.Role)
}

func (p GroupsPage) filtered() bool { return p.Query.Search != "" || p.role() != "" }

func (p GroupsPage) at(cursor string) string {
	v := url.Values{}
	for name, value := range map[string]string{"q": p.Query.Search, "role": p.role(), "cursor": cursor} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if len(v) == 0 {
		return ""
	}
	return "?" + v.Encode()
}

func (p GroupsPage) filter() filter {
	inGroups := slices.DeleteFunc(permission.Roles(), func(r permission.Role) bool { return r.GroupName() == "" })
	f := filter{name: "role", label: "Role", chosen: p.role(), options: roleOptions(inGroups)}
	f.options = append(f.options, option{"custom", customLabel})
	return f
}

// announcement is what a screen reader says when the list has been drawn again.
func (p GroupsPage) announcement() string {
	n := len(p.List.Rows)
	if n == 1 {
		return "1 group"
	}
	return strconv.Itoa(n) + " groups on this page"
}

const customLabel = "Custom permissions"

// groupRole is the source role of a group in words.
func groupRole(g store.Group) string { return cmp.Or(g.Role.Label(), customLabel) }

// groupRoleOptions are the source roles to choose from.
func groupRoleOptions() []option {
	return append(roleOptions(account.GroupRoles), option{"custom", customLabel})
}

// NewGroupPage is the form of a new group. Fields: name, role, tenant_ids.
type NewGroupPage struct {
	Form    Form
	Tenants []store.Tenant
}

// RenameGroupPage gives a group another name. Fields: name, version.
type RenameGroupPage struct {
	Group store.Group
	Form  Form
}

// GroupTab is a part of a group's page.
type GroupTab string

// The tabs of a group.
const (
	GroupTenants     GroupTab = "tenants"
	GroupUsers       GroupTab = "users"
	GroupPermissions GroupTab = "permissions"
)

// GroupPage is a group with what one of its tabs shows.
type GroupPage struct {
	Group account.GroupDetail
	Tab   GroupTab
	Can   permission.Holdings // what the person who looks may grant

	Offer []store.Tenant // tab tenants: to choose from

	Query account.UserQuery // tab users
	Users account.UserList

	Form Form // tab permissions: role, permissions, version
}

// tenantsLabel is what the tab of the tenants is called.
func (p GroupPage) tenantsLabel() string {
	if p.Group.AllTenants {
		return "Tenants"
	}
	return "Tenants " + strconv.Itoa(len(p.Group.Tenants))
}

// more are the tenants that the group does not cover yet.
func (p GroupPage) more() []store.Tenant {
	var more []store.Tenant
	for _, t := range p.Offer {
		if !p.covers(t.ID) {
			more = append(more, t)
		}
	}
	return more
}

func (p GroupPage) covers(tenant int64) bool {
	for _, t := range p.Group.Tenants {
		if t.ID == tenant {
			return true
		}
	}
	return false
}

// inMain says that the group covers the main tenant, where the console's own resources count.
func (p GroupPage) inMain() bool {
	for _, t := range p.Group.Tenants {
		if t.Main {
			return true
		}
	}
	return p.Group.AllTenants
}

// usersAt is the tab of the users from a cursor on.
func (p GroupPage) usersAt(cursor string) string {
	v := url.Values{"tab": {string(GroupUsers)}}
	if p.Query.Search != "" {
		v.Set("q", p.Query.Search)
	}
	if cursor != "" {
		v.Set("cursor", cursor)
	}
	return GroupPath(p.Group.ID, "?"+v.Encode())
}

// usersFound is what a screen reader says when the users have been searched.
func (p GroupPage) usersFound() string {
	return UsersPage{Query: p.Query, List: p.Users}.announcement()
}

// savedRole is the source role that the group has, as the form says it.
func (p GroupPage) savedRole() string { return cmp.Or(string(p.Group.Role), "custom") }

// custom says that the form shows a set of the group's own.
func (p GroupPage) custom() bool { return p.Form.Get("role") == "custom" }

// set is what the form shows as allowed.
func (p GroupPage) set() permission.Set {
	if !p.custom() {
		return permission.Role(p.Form.Get("role")).Set()
	}
	var set permission.Set
	for _, key := range p.Form.Values["permissions"] {
		if permission, known := permission.Parse(key); known {
			set = set.With(permission)
		}
	}
	return set
}

// may says that the person who looks could grant a permission to the members of the group.
func (p GroupPage) may(perm permission.Permission) bool {
	for _, t := range p.Group.Tenants {
		if !p.Can.In(t.ID).Has(perm) {
			return false
		}
	}
	return true
}

// cell is one box of the table of permissions.
type cell struct {
	permission.Permission
	exists, on, offered bool
}

// cells are the boxes of a resource, in the order of the actions.
func (p GroupPage) cells(r permission.Resource, set permission.Set, had permission.Set) []cell {
	row := make([]cell, 0, len(permission.Actions()))
	for _, a := range permission.Actions() {
		perm := permission.Permission{Resource: r, Action: a}
		row = append(row, cell{perm, perm.Exists(), set.Has(perm), perm.Custom() && (had.Has(perm) || p.may(perm))})
	}
	return row
}

// ConfirmPage asks before something is done, and says who loses what by it.
type ConfirmPage struct {
	Title   string
	Text    string
	Action  string
	Back    string
	Submit  string
	Danger  bool
	Preview account.Preview
	Fields  [][2]string // hidden: name and value
	Edited  bool        // they were entered in the dialog in whose place this stands
	Form    Form        // why the last answer was refused
}

func (p ConfirmPage) form() sheetForm {
	return sheetForm{Title: p.Title, Action: p.Action, Back: p.Back, Submit: p.Submit, Danger: p.Danger, Form: p.Form,
		Confirm: p.Preview.Digest()}
}

// losing is how many people lose something, in words.
func losing(n int) string {
	switch n {
	case 0:
		return "Nobody loses access by this."
	case 1:
		return "1 person loses access by this:"
	}
	return strconv.Itoa(n) + " people lose access by this:"
}

// lostWords is what somebody loses in a tenant, in words: a few permissions by name, many by their number.
func lostWords(lost account.TenantSet) string {
	where := "in " + lost.Tenant.Name
	if lost.Tenant.ID == 0 {
		where = "in tenants made later"
	}
	words := ""
	n := 0
	for p := range lost.Set.All() {
		if n++; n > 4 {
			continue
		}
		if n > 1 {
			words += ", "
		}
		words += p.Label()
	}
	if n > 4 {
		words += " and " + strconv.Itoa(n-4) + " more"
	}
	return words + " " + where
}

// AddMembersPage finds people for a group. Fields: q, user_ids, emails.
type AddMembersPage struct {
	Group  store.Group
	Form   Form
	Search string
	Found  []store.ListedUser
	Chosen []store.User // ticked before
}

// announcement is what a screen reader says when the search has been answered.
func (p AddMembersPage) announcement() string {
	switch {
	case p.Search == "":
		return ""
	case len(p.Found) == 0:
		return "Nobody matches “" + p.Search + "”."
	}
	return quantity(len(p.Found), "user") + " shown" // the first of them
}

// fresh are those found who are not ticked already.
func (p AddMembersPage) fresh() []store.User {
	var fresh []store.User
	for _, u := range p.Found {
		if !slices.ContainsFunc(p.Chosen, func(c store.User) bool { return c.ID == u.ID }) {
			fresh = append(fresh, u.User)
		}
	}
	return fresh
}

// UserGroupsPage is the dialog of a person's role and groups. Fields: role, group_ids, version, q.
type UserGroupsPage struct {
	account.UserGroups
	Form   Form
	Roles  []permission.Role // the person who looks may grant
	Search string
	Found  []store.Group
	Chosen []store.Group // ticked, and the person is not in them yet
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

// explainedTenants are the tenants to choose from, and the one that is shown: it may be one in which they hold nothing.
func explainedTenants(e account.Explained) []store.Tenant {
	if slices.ContainsFunc(e.Tenants, func(t store.Tenant) bool { return t.ID == e.Tenant.ID }) {
		return e.Tenants
	}
	return append(slices.Clone(e.Tenants), e.Tenant)
}

// explainedFirst is how many groups a cell of an explanation names before the others are folded away.
const explainedFirst = 3

// TenantsPath is the address of the tenants.
const TenantsPath = "/settings/tenants"

// TenantPath is the address of a page about a tenant.
func TenantPath(id int64, action string) string {
	return TenantsPath + "/" + strconv.FormatInt(id, 10) + action
}

// TenantsPage lists the tenants.
type TenantsPage struct{ Tenants []store.Tenant }

// NewTenantPage is the form of a new tenant. Fields: name, and of its first Administrator first_name, last_name, email.
type NewTenantPage struct {
	Form  Form
	Taken *store.User // who has the address already; nil: nobody
}

// TenantPage is about one tenant. Fields: name, version.
type TenantPage struct {
	Tenant store.Tenant
	Form   Form
}
