package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"console/handlers"
	"console/internal/account"
	"console/internal/permission"
	"console/store"
)

func userOperations() []Operation {
	const get, post, patch, put, del = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete
	const ok, created, empty = http.StatusOK, http.StatusCreated, http.StatusNoContent
	return []Operation{
		{get, "/users", "listUsers", "The people of the user list.", ok,
			handlers.Holding(permission.UsersView), by((*API).listUsers)},
		{post, "/users", "createUser", "Adds somebody and invites them by mail, unless they are given a password or never sign in.", created,
			handlers.Holding(permission.UsersCreate), by((*API).createUser)},
		{get, "/users/{id}", "readUser", "Somebody, and the groups they are in.", ok,
			handlers.Holding(permission.UsersView), by((*API).readUser)},
		{patch, "/users/{id}", "renameUser", "Gives somebody another name.", ok,
			handlers.Holding(permission.UsersUpdate), by((*API).renameUser)},
		{del, "/users/{id}", "deleteUser", "Deletes somebody, for good.", empty,
			handlers.Holding(permission.UsersDelete), by((*API).deleteUser)},
		{post, "/users/{id}/previews/delete", "previewDeleteUser", "What would go with somebody who is deleted.", ok,
			handlers.Holding(permission.UsersDelete), by((*API).previewDeleteUser)},
		{post, "/users/{id}/disable", "disableUser", "Takes away somebody's access, until it is enabled again.", ok,
			handlers.Holding(permission.UsersUpdate), by((*API).disableUser)},
		{post, "/users/{id}/previews/disable", "previewDisableUser", "What would go with somebody's access.", ok,
			handlers.Holding(permission.UsersUpdate), by((*API).previewDisableUser)},
		{post, "/users/{id}/enable", "enableUser", "Gives somebody access again.", ok,
			handlers.Holding(permission.UsersUpdate), by((*API).enableUser)},
		{post, "/users/{id}/password-reset", "sendPasswordReset", "Mails somebody a link by which they set a new password.", empty,
			handlers.Holding(permission.UsersUpdate), by((*API).sendPasswordReset)},
		{get, "/users/{id}/membership", "readMembership", "The role of somebody, and the groups they are in.", ok,
			handlers.Holding(permission.UsersView), by((*API).readMembership)},
		{put, "/users/{id}/membership", "setMembership", "Gives somebody another role, or puts them into other groups.", ok,
			handlers.Holding(permission.UsersUpdate), by((*API).setMembership)},
		{post, "/users/{id}/previews/membership", "previewMembership", "What another role and other groups would take away.", ok,
			handlers.Holding(permission.UsersUpdate), by((*API).previewMembership)},
		{get, "/users/{id}/permissions", "explainPermissions", "What somebody may do in a tenant, and through which groups.", ok,
			handlers.SignedIn, by((*API).explainPermissions)},
	}
}

// user is somebody as lists show them.
type user struct {
	ID           int64      `json:"id"`
	UUID         string     `json:"uuid"`
	Email        string     `json:"email"`
	FirstName    string     `json:"first_name"`
	LastName     string     `json:"last_name"`
	Role         string     `json:"role"`
	RoleIsLabel  bool       `json:"role_is_label" description:"They are in no automatic group of their role: what they may do comes from other groups."`
	Status       string     `json:"status" enum:"active,invited,disabled"`
	SecondFactor bool       `json:"second_factor" description:"They sign in with a second factor."`
	CreatedAt    time.Time  `json:"created_at"`
	DisabledAt   *time.Time `json:"disabled_at"`
	LastSignInAt *time.Time `json:"last_sign_in_at"`
	Version      int64      `json:"version" description:"The ETag of the user."`
}

func (u user) version() int64   { return u.Version }
func (u user) location() string { return fmt.Sprint("/users/", u.ID) }

func userOf(u store.User) user {
	return user{ID: u.ID, UUID: u.UUID, Email: u.Email, FirstName: u.FirstName, LastName: u.LastName, Role: string(u.Role),
		RoleIsLabel: u.ByGroups, Status: strings.ToLower(string(u.Status())), SecondFactor: u.SecondFactor, CreatedAt: u.CreatedAt.Time(),
		DisabledAt: timeOrNone(u.DisabledAt), LastSignInAt: timeOrNone(u.LastAuthAt), Version: u.Version}
}

// userList is how lists of people are asked for.
type userList struct {
	paging
	Search       string `query:"q" json:"-" description:"A part of the name or of the address."`
	Status       string `query:"status" json:"-" enum:"active,invited,disabled" description:"Only people of this status. Who is invited by link is listed under invited only."`
	Role         string `query:"role" json:"-" enum:"admin,analyst,read_only,api_developer,deploy,global_admin,global_analyst,global_read_only"`
	Group        int64  `query:"group" json:"-" minimum:"1" description:"Only members of the group with this id."`
	SecondFactor string `query:"second_factor" json:"-" enum:"on,off"`
	LastSignIn   string `query:"last_sign_in" json:"-" enum:"90d,never" description:"Only people who have not signed in for 90 days, or never."`
	Sort         string `query:"sort" json:"-" enum:"name,role,email,last_auth" default:"name"`
	Descending   bool   `query:"descending" json:"-"`
}

func (a *API) listUsers(c handlers.Request, in userList) (page[user], error) {
	query := userFilter{Search: in.Search, Status: in.Status, Role: in.Role, Group: in.Group, SecondFactor: in.SecondFactor,
		LastSignIn: in.LastSignIn}.query()
	query.Sort, query.Descending, query.Cursor, query.Limit = store.Sort(in.Sort), in.Descending, in.Cursor, in.Limit
	found, err := a.account.Users(c.Context(), c.Actor(), query)
	return pageOf(found.Rows, func(u store.ListedUser) user { return userOf(u.User) }, found.Next), err
}

// newUser is somebody to be added.
type newUser struct {
	Email     string  `json:"email" required:"true"`
	FirstName string  `json:"first_name,omitempty"`
	LastName  string  `json:"last_name,omitempty"`
	Role      string  `json:"role" required:"true" enum:"admin,analyst,read_only,api_developer,deploy,global_admin,global_analyst,global_read_only"`
	TenantID  int64   `json:"tenant_id,omitempty" description:"Where the role holds. Global roles hold everywhere."`
	GroupIDs  []int64 `json:"group_ids,omitempty" description:"Groups to be in besides the automatic one."`
	Password  string  `json:"password,omitempty" description:"An initial password: they are active at once, get no mail, and choose another one when they first sign in."`
}

func (a *API) createUser(c handlers.Request, in newUser) (user, error) {
	added, err := a.account.AddUser(c.Context(), creating(c, "user"), account.NewUser{Email: in.Email, FirstName: in.FirstName,
		LastName: in.LastName, Role: permission.Role(in.Role), TenantID: in.TenantID, Groups: in.GroupIDs, Password: in.Password})
	if id, before := doneBefore(c, err); before {
		again, err := a.readUser(c, object{ID: id})
		return again.user, err
	}
	return userOf(added), err
}

// membershipGroup is a group that somebody is in.
type membershipGroup struct {
	ID         int64   `json:"id"`
	Name       string  `json:"name"`
	Automatic  bool    `json:"automatic"`
	AllTenants bool    `json:"all_tenants"`
	TenantIDs  []int64 `json:"tenant_ids" description:"The tenants that it covers; empty where it covers all."`
}

func membershipGroups(groups []store.CoveringGroup) []membershipGroup {
	all := []membershipGroup{}
	for _, g := range groups {
		all = append(all, membershipGroup{ID: g.ID, Name: g.Name, Automatic: g.Automatic, AllTenants: g.AllTenants,
			TenantIDs: append([]int64{}, g.Tenants...)})
	}
	return all
}

// groupedUser is somebody with the groups they are in.
type groupedUser struct {
	user
	Groups       []membershipGroup `json:"groups"`
	AddedBy      string            `json:"added_by" description:"Who added or invited them, as the activity log has it; empty where it does not know."`
	InvitationID int64             `json:"invitation_id" description:"Of the invitation that they have not accepted yet; otherwise 0."`
}

func (a *API) readUser(c handlers.Request, in object) (groupedUser, error) {
	found, err := a.account.UserOverview(c.Context(), c.Actor(), in.ID)
	return groupedUser{user: userOf(found.User), Groups: membershipGroups(found.Groups), AddedBy: found.AddedBy,
		InvitationID: found.Invitation.ID}, err
}

// userNames is another name for somebody.
type userNames struct {
	change
	FirstName string `json:"first_name" required:"true"`
	LastName  string `json:"last_name" required:"true"`
}

func (a *API) renameUser(c handlers.Request, in userNames) (user, error) {
	u, err := a.account.EditUser(c.Context(), c.Actor(), in.ID, in.changes(), account.Names{First: in.FirstName, Last: in.LastName})
	return userOf(u), err
}

// userEnd takes away somebody's access, and says what becomes of what they leave behind.
type userEnd struct {
	end
	TakeOver   []int64 `query:"take_over" json:"-" description:"Shared API tokens of theirs that become yours, with the values they have. Others are disabled."`
	RemoveFrom []int64 `query:"remove_from" json:"-" description:"Email integrations out of which their address is taken."`
}

func (in userEnd) along() account.Along {
	return account.Along{TakeOver: in.TakeOver, RemoveFrom: in.RemoveFrom}
}

func (a *API) disableUser(c handlers.Request, in userEnd) (user, error) {
	u, err := a.account.DisableAccess(c.Context(), in.confirming(c), in.ID, in.along())
	return userOf(u), err
}

func (a *API) enableUser(c handlers.Request, in object) (user, error) {
	u, err := a.account.EnableAccess(c.Context(), c.Actor(), in.ID)
	return userOf(u), err
}

func (a *API) deleteUser(c handlers.Request, in userEnd) (none, error) {
	_, err := a.account.DeleteUserByID(c.Context(), in.confirming(c), in.ID, in.along())
	return none{}, err
}

func (a *API) sendPasswordReset(c handlers.Request, in object) (none, error) {
	_, err := a.account.SendPasswordReset(c.Context(), c.Actor(), in.ID)
	return none{}, err
}

// membership is the role of somebody and the groups they are in.
type membership struct {
	Role     string  `json:"role"`
	GroupIDs []int64 `json:"group_ids"`
	Version  int64   `json:"version" description:"The ETag of the user."`
}

func (m membership) version() int64 { return m.Version }

func (a *API) readMembership(c handlers.Request, in object) (membership, error) {
	found, err := a.account.UserOverview(c.Context(), c.Actor(), in.ID)
	m := membership{Role: string(found.Role), GroupIDs: []int64{}, Version: found.Version}
	for _, g := range found.Groups {
		m.GroupIDs = append(m.GroupIDs, g.ID)
	}
	return m, err
}

// membershipChange is what somebody's role and groups are to be.
type membershipChange struct {
	change
	Role            string   `json:"role,omitempty" enum:"admin,analyst,read_only,api_developer,deploy,global_admin,global_analyst,global_read_only" description:"Without it the role stays."`
	GroupIDs        *[]int64 `json:"group_ids,omitempty" description:"All groups that they are to be in; without it they stay where they are. With another role they move from the automatic groups of the old one to those of the new one."`
	AutomaticTenant int64    `json:"automatic_tenant_id,omitempty" description:"A tenant in whose automatic group of their role they are to be, too."`
}

func (in membershipChange) input() account.Membership {
	m := account.Membership{Version: in.changes(), Role: permission.Role(in.Role), KeepGroups: in.GroupIDs == nil,
		Automatic: in.AutomaticTenant}
	if in.GroupIDs != nil {
		m.Groups = *in.GroupIDs
	}
	return m
}

// membershipConfirmed is membershipChange once a preview was seen.
type membershipConfirmed struct {
	membershipChange
	confirmed
}

func (a *API) setMembership(c handlers.Request, in membershipConfirmed) (user, error) {
	u, err := a.account.SetMembership(c.Context(), in.confirming(c), in.ID, in.input())
	return userOf(u), err
}

// permissionsIn chooses the tenant in which somebody's permissions are explained.
type permissionsIn struct {
	object
	Tenant int64 `query:"tenant" json:"-" minimum:"1" description:"The id of a tenant; without it the main one."`
}

// explained is what somebody may do, and why.
type explained struct {
	TenantID  int64          `json:"tenant_id"`
	TenantIDs []int64        `json:"tenant_ids" description:"The tenants in which they hold anything, and the main one."`
	Products  []explainedMay `json:"products" description:"What they may do with the products in the tenant; nothing while it is disabled."`
	Console   []explainedMay `json:"console" description:"What they may do with the console's own resources, which the main tenant decides."`
}

// explainedMay is a permission and what gives it.
type explainedMay struct {
	Permission string   `json:"permission"`
	Groups     []source `json:"groups"`
}

func explainedOf(explanation permission.Explanation) []explainedMay {
	may := []explainedMay{}
	for p, sources := range explanation {
		may = append(may, explainedMay{p.String(), sourcesOf(sources)})
	}
	slices.SortFunc(may, func(a, b explainedMay) int { return strings.Compare(a.Permission, b.Permission) })
	return may
}

func (a *API) explainPermissions(c handlers.Request, in permissionsIn) (explained, error) {
	e, err := a.account.Permissions(c.Context(), c.Actor(), in.ID, in.Tenant)
	if err == nil && in.Tenant != 0 && e.Tenant.ID != in.Tenant {
		err = account.Fields{"tenant": "There is no such tenant."}.Refusal()
	}
	told := explained{TenantID: e.Tenant.ID, TenantIDs: []int64{}, Products: explainedOf(e.Products), Console: explainedOf(e.Account)}
	for _, t := range e.Tenants {
		told.TenantIDs = append(told.TenantIDs, t.ID)
	}
	return told, err
}

// userFilter narrows the user list.
type userFilter struct {
	Search       string `json:"q,omitempty" description:"A part of the name or of the address."`
	Status       string `json:"status,omitempty" enum:"active,invited,disabled"`
	Role         string `json:"role,omitempty" enum:"admin,analyst,read_only,api_developer,deploy,global_admin,global_analyst,global_read_only"`
	Group        int64  `json:"group,omitempty" description:"The id of a group whose members they are."`
	SecondFactor string `json:"second_factor,omitempty" enum:"on,off"`
	LastSignIn   string `json:"last_sign_in,omitempty" enum:"90d,never"`
}

func (f userFilter) query() account.UserQuery {
	query := account.UserQuery{Tab: store.TabAll, Search: strings.TrimSpace(f.Search), Role: permission.Role(f.Role), Group: f.Group,
		SecondFactor: f.SecondFactor, LastAuth: f.LastSignIn, Sort: store.SortName}
	if f.Status != "" {
		query.Tab = store.Tab(f.Status)
	}
	return query
}
