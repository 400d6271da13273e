package api

import (
	"net/http"
	"strconv"

	"console/handlers"
	"console/internal/account"
	"console/internal/permission"
)

// permissionOperations are the questions who may do what.
func permissionOperations() []Operation {
	return []Operation{
		{http.MethodGet, "/permissions/check", "checkPermission", "May a person do something in a tenant, and through which groups?",
			http.StatusOK,
			handlers.SignedIn, by((*API).checkPermission)},
		{http.MethodGet, "/permissions/who", "listPermitted", "Who may do something in a tenant, and through which groups?",
			http.StatusOK,
			handlers.Holding(permission.UsersView), by((*API).listPermitted)},
	}
}

// permissionAsked is what is asked about: doing something with a resource in a tenant.
type permissionAsked struct {
	Tenant   int64  `query:"tenant" json:"-" required:"true" minimum:"1" description:"The id of the tenant. Of users, groups and what else belongs to the account as a whole, the main tenant decides, whichever is asked about."`
	Resource string `query:"resource" json:"-" required:"true" description:"Such as users or attacks: the part of a permission before the dot."`
	Action   string `query:"action" json:"-" required:"true" enum:"view,update,create,delete,export"`
}

// permission is the one that is asked about.
func (in permissionAsked) permission() (permission.Permission, error) {
	p, known := permission.Parse(in.Resource + "." + in.Action)
	if !known {
		return p, account.Fields{"resource": "There is no permission " + in.Resource + "." + in.Action + "."}.Refusal()
	}
	return p, nil
}

// source is what gives somebody a permission.
type source struct {
	ID   int64  `json:"id" description:"Of the group; 0 where none gives it: a Global Administrator holds everything by their role."`
	Name string `json:"name"`
}

func sourcesOf(through []permission.Source) []source {
	sources := make([]source, len(through))
	for i, s := range through {
		sources[i] = source{s.Group, s.Name}
	}
	return sources
}

// permissionQuestion asks about one person.
type permissionQuestion struct {
	permissionAsked
	User int64 `query:"user" json:"-" required:"true" minimum:"1" description:"The id of the person."`
}

// permissionAnswer says whether they may.
type permissionAnswer struct {
	Allowed bool     `json:"allowed"`
	Denied  string   `json:"denied" enum:",not_granted,access_disabled,invited_only,role_without_console,main_tenant_decides,tenant_disabled" description:"Why not; empty where it is allowed."`
	Groups  []source `json:"groups" description:"Through which groups; where it is denied, those that would give it otherwise."`
}

func (a *API) checkPermission(c handlers.Request, in permissionQuestion) (permissionAnswer, error) {
	p, err := in.permission()
	if err != nil {
		return permissionAnswer{}, err
	}
	check, err := a.account.CheckPermission(c.Context(), c.Actor(), in.User, in.Tenant, p)
	return permissionAnswer{check.Allowed, string(check.Denied), sourcesOf(check.Through)}, err
}

// permittedQuestion asks about everybody.
type permittedQuestion struct {
	paging
	permissionAsked
}

// permitted is somebody who may.
type permitted struct {
	ID     int64    `json:"id"`
	Email  string   `json:"email"`
	Name   string   `json:"name"`
	Role   string   `json:"role"`
	Groups []source `json:"groups" description:"Through which groups."`
}

func (a *API) listPermitted(c handlers.Request, in permittedQuestion) (page[permitted], error) {
	p, err := in.permission()
	if err != nil {
		return page[permitted]{}, err
	}
	found, err := a.account.WhoMay(c.Context(), c.Actor(), account.WhoMayQuery{Permission: p, TenantID: in.Tenant,
		After: positive(in.Cursor), Limit: in.Limit})
	next := ""
	if found.Next != 0 {
		next = strconv.FormatInt(found.Next, 10)
	}
	return pageOf(found.People, func(who account.Permitted) permitted {
		return permitted{ID: who.User.ID, Email: who.User.Email, Name: who.User.Name(), Role: string(who.User.Role),
			Groups: sourcesOf(who.Through)}
	}, next), err
}
