package api

import (
	"fmt"
	"net/http"
	"time"

	"console/handlers"
	"console/internal/account"
	"console/internal/permission"
	"console/store"
)

// groupOperations are those on groups.
func groupOperations() []Operation {
	const get, post, patch, put, del = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete
	const ok, created, empty = http.StatusOK, http.StatusCreated, http.StatusNoContent
	return []Operation{
		{get, "/groups", "listGroups", "The groups, by name.", ok,
			handlers.Holding(permission.GroupsView), by((*API).listGroups)},
		{post, "/groups", "createGroup", "Makes a group, whose permissions are those of a role or its own.", created,
			handlers.Holding(permission.GroupsCreate), by((*API).createGroup)},
		{get, "/groups/{id}", "readGroup", "A group and the tenants it covers.", ok,
			handlers.Holding(permission.GroupsView), by((*API).readGroup)},
		{patch, "/groups/{id}", "renameGroup", "Gives a group another name.", ok,
			handlers.Holding(permission.GroupsUpdate), by((*API).renameGroup)},
		{put, "/groups/{id}/permissions", "setGroupPermissions", "Gives a group another role, or other permissions of its own.", ok,
			handlers.Holding(permission.GroupsUpdate), by((*API).setGroupPermissions)},
		{del, "/groups/{id}", "deleteGroup", "Deletes a group. Its members lose what only it gave them.", empty,
			handlers.Holding(permission.GroupsDelete), by((*API).deleteGroup)},
	}
}

// group is a group as lists show it.
type group struct {
	ID          int64     `json:"id"`
	Name        string    `json:"name"`
	Role        string    `json:"role" description:"The role whose permissions it gives; empty where it has its own."`
	Permissions []string  `json:"permissions" description:"What it gives, such as users.view."`
	Automatic   bool      `json:"automatic" description:"Made by adding people; nobody edits it."`
	AllTenants  bool      `json:"all_tenants" description:"It covers all tenants, also those not yet made."`
	Members     int       `json:"members" description:"How many people are in it."`
	CreatedAt   time.Time `json:"created_at"`
	Version     int64     `json:"version" description:"The ETag of the group."`
}

func (g group) version() int64   { return g.Version }
func (g group) location() string { return fmt.Sprint("/groups/", g.ID) }

func groupOf(g store.Group) group {
	return group{ID: g.ID, Name: g.Name, Role: string(g.Role), Permissions: keysOf(g.Set()), Automatic: g.Automatic,
		AllTenants: g.AllTenants, Members: g.Members, CreatedAt: g.CreatedAt.Time().UTC(), Version: g.Version}
}

// keysOf are the keys of the permissions of a set.
func keysOf(set permission.Set) []string {
	keys := []string{}
	for p := range set.All() {
		keys = append(keys, p.String())
	}
	return keys
}

// coveringGroup is a group with the tenants it covers.
type coveringGroup struct {
	group
	TenantIDs []int64 `json:"tenant_ids" description:"The tenants that it covers; empty where it covers all."`
}

// groupList is how lists of groups are asked for.
type groupList struct {
	paging
	Search string `query:"q" json:"-" description:"A part of the name."`
	Role   string `query:"role" json:"-" enum:"admin,analyst,read_only,api_developer,deploy" description:"Only groups of this role."`
	Custom bool   `query:"custom" json:"-" description:"Only groups with permissions of their own."`
}

func (a *API) listGroups(c handlers.Request, in groupList) (page[group], error) {
	found, err := a.account.Groups(c.Context(), c.Actor(), account.GroupQuery{Search: in.Search, Role: permission.Role(in.Role),
		Custom: in.Custom, Cursor: in.Cursor, Limit: in.Limit})
	return pageOf(found.Rows, func(g store.ListedGroup) group { return groupOf(g.Group) }, found.Next), err
}

// groupPermissions is what a group gives: what a role does, or permissions of its own.
type groupPermissions struct {
	Role        string   `json:"role,omitempty" enum:"admin,analyst,read_only,api_developer,deploy" description:"A role whose permissions it gives."`
	Permissions []string `json:"permissions,omitempty" description:"Permissions of its own, such as users.view, where it has no role."`
}

// newGroup is a group to be made.
type newGroup struct {
	groupPermissions
	Name      string  `json:"name" required:"true"`
	TenantIDs []int64 `json:"tenant_ids,omitempty" description:"The tenants that it covers."`
}

func (a *API) createGroup(c handlers.Request, in newGroup) (group, error) {
	g, err := a.account.CreateGroup(c.Context(), creating(c, "group"), account.GroupInput{Name: in.Name, Role: permission.Role(in.Role),
		Custom: in.Permissions, Tenants: in.TenantIDs})
	if id, before := doneBefore(c, err); before {
		again, err := a.readGroup(c, object{ID: id})
		return again.group, err
	}
	return groupOf(g), err
}

func (a *API) readGroup(c handlers.Request, in object) (coveringGroup, error) {
	g, err := a.account.Group(c.Context(), c.Actor(), in.ID)
	covering := coveringGroup{groupOf(g.Group), []int64{}}
	for _, t := range g.Tenants {
		covering.TenantIDs = append(covering.TenantIDs, t.ID)
	}
	return covering, err
}

// groupName is another name for a group.
type groupName struct {
	change
	Name string `json:"name" required:"true"`
}

func (a *API) renameGroup(c handlers.Request, in groupName) (group, error) {
	g, err := a.account.RenameGroup(c.Context(), c.Actor(), in.ID, in.changes(), in.Name)
	return groupOf(g), err
}

// groupPermissionsChange is what a group is to give from now on.
type groupPermissionsChange struct {
	change
	confirmed
	groupPermissions
}

func (a *API) setGroupPermissions(c handlers.Request, in groupPermissionsChange) (group, error) {
	g, err := a.account.SetGroupPermissions(c.Context(), in.confirming(c), in.ID, in.changes(),
		account.GroupInput{Role: permission.Role(in.Role), Custom: in.Permissions})
	return groupOf(g), err
}

func (a *API) deleteGroup(c handlers.Request, in end) (none, error) {
	_, err := a.account.DeleteGroup(c.Context(), in.confirming(c), in.ID)
	return none{}, err
}
