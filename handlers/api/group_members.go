package api

import (
	"net/http"
	"strings"

	"console/handlers"
	"console/internal/account"
	"console/internal/permission"
	"console/store"
)

func groupMemberOperations() []Operation {
	const get, post, del, ok = http.MethodGet, http.MethodPost, http.MethodDelete, http.StatusOK
	return []Operation{
		{post, "/groups/{id}/previews/permissions", "previewGroupPermissions", "What another role, or other permissions, would take away.", ok,
			handlers.Holding(permission.GroupsUpdate), by((*API).previewGroupPermissions)},
		{post, "/groups/{id}/previews/delete", "previewDeleteGroup", "What the members of a group would lose if it were deleted.", ok,
			handlers.Holding(permission.GroupsDelete), by((*API).previewDeleteGroup)},
		{get, "/groups/{id}/members", "listGroupMembers", "The people in a group, by name.", ok,
			handlers.Holding(permission.GroupsView), by((*API).listGroupMembers)},
		{post, "/groups/{id}/members", "addGroupMembers", "Puts people into a group: all of them or nobody.", ok,
			handlers.Holding(permission.GroupsUpdate), by((*API).addGroupMembers)},
		{post, "/groups/{id}/members/remove", "removeGroupMembers", "Takes people out of a group.", ok,
			handlers.Holding(permission.GroupsUpdate), by((*API).removeGroupMembers)},
		{post, "/groups/{id}/previews/remove-members", "previewRemoveGroupMembers", "What people would lose who are taken out of a group.", ok,
			handlers.Holding(permission.GroupsUpdate), by((*API).previewRemoveGroupMembers)},
		{post, "/groups/{id}/tenants", "addGroupTenants", "Lets a group cover more tenants.", ok,
			handlers.Holding(permission.GroupsUpdate), by((*API).addGroupTenants)},
		{del, "/groups/{id}/tenants/{tenant_id}", "removeGroupTenant", "Ends that a group covers a tenant.", ok,
			handlers.Holding(permission.GroupsUpdate), by((*API).removeGroupTenant)},
		{post, "/groups/{id}/tenants/{tenant_id}/previews/remove", "previewRemoveGroupTenant",
			"What the members of a group would lose if it did not cover a tenant any more.", ok,
			handlers.Holding(permission.GroupsUpdate), by((*API).previewRemoveGroupTenant)},
	}
}

// groupPermissionsWanted is what a group might give.
type groupPermissionsWanted struct {
	change
	groupPermissions
}

func (a *API) previewGroupPermissions(c handlers.Request, in groupPermissionsWanted) (preview, error) {
	p, err := a.account.PreviewGroupPermissions(c.Context(), c.Actor(), in.ID, in.changes(),
		account.GroupInput{Role: permission.Role(in.Role), Custom: in.Permissions})
	return previewOf(p), err
}

func (a *API) previewDeleteGroup(c handlers.Request, in object) (preview, error) {
	p, err := a.account.PreviewDeleteGroup(c.Context(), c.Actor(), in.ID)
	return previewOf(p), err
}

// groupMemberList is how the people in a group are asked for.
type groupMemberList struct {
	object
	paging
	Search string `query:"q" json:"-" description:"A part of the name or of the address."`
}

func (a *API) listGroupMembers(c handlers.Request, in groupMemberList) (page[user], error) {
	if _, err := a.account.Group(c.Context(), c.Actor(), in.ID); err != nil {
		return page[user]{}, err
	}
	query := userFilter{Search: in.Search, Group: in.ID}.query()
	query.Cursor, query.Limit = in.Cursor, in.Limit
	found, err := a.account.Users(c.Context(), c.Actor(), query)
	return pageOf(found.Rows, func(u store.ListedUser) user { return userOf(u.User) }, found.Next), err
}

// newMembers are people who are to come into a group.
type newMembers struct {
	object
	UserIDs []int64  `json:"user_ids,omitempty" description:"At most 1,000."`
	Emails  []string `json:"emails,omitempty" description:"Addresses of people in the user list, at most 1,000."`
}

// membersChanged is how many people have come into a group or left it.
type membersChanged struct {
	Changed int `json:"changed" description:"How many people this has changed anything for."`
}

func (a *API) addGroupMembers(c handlers.Request, in newMembers) (membersChanged, error) {
	n, err := a.account.AddMembers(c.Context(), c.Actor(), in.ID, in.UserIDs, strings.Join(in.Emails, "\n"))
	return membersChanged{n}, err
}

// formerMembers are people who are to leave a group.
type formerMembers struct {
	object
	UserIDs []int64 `json:"user_ids" required:"true" description:"At most 1,000. Who is not in the group is left out."`
}

// formerMembersConfirmed is formerMembers once a preview was seen.
type formerMembersConfirmed struct {
	formerMembers
	confirmed
}

func (a *API) removeGroupMembers(c handlers.Request, in formerMembersConfirmed) (membersChanged, error) {
	n, err := a.account.RemoveMembers(c.Context(), in.confirming(c), in.ID, in.UserIDs)
	return membersChanged{n}, err
}

func (a *API) previewRemoveGroupMembers(c handlers.Request, in formerMembers) (preview, error) {
	p, err := a.account.PreviewRemoveMembers(c.Context(), c.Actor(), in.ID, in.UserIDs)
	return previewOf(p), err
}

// newGroupTenants are tenants that a group is to cover.
type newGroupTenants struct {
	object
	TenantIDs []int64 `json:"tenant_ids" required:"true"`
}

func (a *API) addGroupTenants(c handlers.Request, in newGroupTenants) (group, error) {
	g, err := a.account.AddGroupTenants(c.Context(), c.Actor(), in.ID, in.TenantIDs)
	return groupOf(g), err
}

// groupTenant is a tenant that a group covers.
type groupTenant struct {
	object
	TenantID int64 `path:"tenant_id" json:"-"`
}

// groupTenantConfirmed is groupTenant once a preview was seen.
type groupTenantConfirmed struct {
	groupTenant
	confirmed
}

func (a *API) removeGroupTenant(c handlers.Request, in groupTenantConfirmed) (group, error) {
	g, err := a.account.RemoveGroupTenant(c.Context(), in.confirming(c), in.ID, in.TenantID)
	return groupOf(g), err
}

func (a *API) previewRemoveGroupTenant(c handlers.Request, in groupTenant) (preview, error) {
	p, err := a.account.PreviewRemoveGroupTenant(c.Context(), c.Actor(), in.ID, in.TenantID)
	return previewOf(p), err
}
