package views

import (
	"net/url"
	"strconv"

	"console/internal/account"
	"console/internal/permission"
	"console/store"
)

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
