package api

import (
	"fmt"
	"math"
	"net/http"
	"time"

	"console/handlers"
	"console/internal/account"
	"console/internal/permission"
	"console/store"
)

func tenantOperations() []Operation {
	return []Operation{
		{http.MethodGet, "/tenants", "listTenants", "The tenants, the oldest first, which is the main one.", http.StatusOK,
			handlers.Holding(permission.TenantsView), by((*API).listTenants)},
		{http.MethodPost, "/tenants", "createTenant", "Makes a tenant and, where one is named, invites its first Administrator by mail.",
			http.StatusCreated,
			handlers.Holding(permission.TenantsCreate), by((*API).createTenant)},
		{http.MethodGet, "/tenants/{id}", "readTenant", "A tenant.", http.StatusOK,
			handlers.Holding(permission.TenantsView), by((*API).readTenant)},
		{http.MethodPatch, "/tenants/{id}", "renameTenant", "Gives a tenant another name. The main one is called as the company is.",
			http.StatusOK,
			handlers.Holding(permission.TenantsUpdate), by((*API).renameTenant)},
		{http.MethodPost, "/tenants/{id}/previews/disable", "previewDisableTenant", "What it would take away to disable a tenant.",
			http.StatusOK,
			handlers.Holding(permission.TenantsUpdate), by((*API).previewDisableTenant)},
		{http.MethodPost, "/tenants/{id}/disable", "disableTenant", "Takes away all access to a tenant until it is enabled again.",
			http.StatusOK,
			handlers.Holding(permission.TenantsUpdate), by((*API).disableTenant)},
		{http.MethodPost, "/tenants/{id}/enable", "enableTenant", "Gives access to a tenant again.", http.StatusOK,
			handlers.Holding(permission.TenantsUpdate), by((*API).enableTenant)},
		{http.MethodPost, "/tenants/{id}/previews/delete", "previewDeleteTenant", "What would go with a tenant that is disabled.",
			http.StatusOK,
			handlers.Holding(permission.TenantsDelete), by((*API).previewDeleteTenant)},
		{http.MethodDelete, "/tenants/{id}", "deleteTenant", "Deletes a tenant that is disabled, for good.", http.StatusNoContent,
			handlers.Holding(permission.TenantsDelete), by((*API).deleteTenant)},
	}
}

// tenant is an isolated environment of the account.
type tenant struct {
	ID         int64      `json:"id"`
	UUID       string     `json:"uuid"`
	Name       string     `json:"name"`
	Main       bool       `json:"main" description:"It decides about the console's own resources, and is called as the company is."`
	Enabled    bool       `json:"enabled" description:"A disabled tenant gives no access."`
	CreatedAt  time.Time  `json:"created_at"`
	DisabledAt *time.Time `json:"disabled_at"`
	Version    int64      `json:"version" description:"The ETag of the tenant."`
}

func (t tenant) version() int64   { return t.Version }
func (t tenant) location() string { return fmt.Sprint("/tenants/", t.ID) }

func tenantOf(t store.Tenant) tenant {
	return tenant{ID: t.ID, UUID: t.UUID, Name: t.Name, Main: t.Main, Enabled: t.DisabledAt == 0, CreatedAt: t.CreatedAt.Time(),
		DisabledAt: timeOrNone(t.DisabledAt), Version: t.Version}
}

// tenantList is how lists of tenants are asked for.
type tenantList struct {
	paging
	Name    string `query:"name" json:"-" description:"Only the tenant of this name, whatever the case."`
	UUID    string `query:"uuid" json:"-" description:"Only the tenant of this UUID."`
	Enabled bool   `query:"enabled" json:"-" description:"Only tenants that are enabled."`
}

func (a *API) listTenants(c handlers.Request, in tenantList) (page[tenant], error) {
	found, err := a.account.FindTenants(c.Context(), c.Actor(), account.TenantQuery{UUID: in.UUID, Name: in.Name, Enabled: in.Enabled,
		Limit: math.MaxInt})
	return pageByID(found, in.paging, tenantOf, func(t tenant) int64 { return t.ID }), err
}

// newTenant is a tenant to be made.
type newTenant struct {
	Name          string              `json:"name" required:"true"`
	Administrator *firstAdministrator `json:"administrator,omitempty" description:"Who is invited as its first Administrator."`
}

// firstAdministrator is whom a new tenant begins with.
type firstAdministrator struct {
	Email     string `json:"email" required:"true"`
	FirstName string `json:"first_name,omitempty"`
	LastName  string `json:"last_name,omitempty"`
}

func (a *API) createTenant(c handlers.Request, in newTenant) (tenant, error) {
	var admin account.NewUser
	if in.Administrator != nil {
		admin = account.NewUser{Email: in.Administrator.Email, FirstName: in.Administrator.FirstName, LastName: in.Administrator.LastName}
		if admin.Email == "" {
			return tenant{}, account.Fields{"administrator.email": "This field is missing."}.Refusal()
		}
	}
	t, err := a.account.CreateTenant(c.Context(), creating(c, "tenant"), in.Name, admin)
	if id, before := doneBefore(c, err); before {
		return a.readTenant(c, object{ID: id})
	}
	return tenantOf(t), renamed(err, map[string]string{"email": "administrator.email", "first_name": "administrator.first_name",
		"last_name": "administrator.last_name"})
}

func (a *API) readTenant(c handlers.Request, in object) (tenant, error) {
	found, err := a.account.FindTenants(c.Context(), c.Actor(), account.TenantQuery{ID: in.ID, Limit: 1})
	if err != nil {
		return tenant{}, err
	}
	if len(found) == 0 {
		return tenant{}, store.ErrNotFound
	}
	return tenantOf(found[0]), nil
}

// tenantName is another name for a tenant.
type tenantName struct {
	change
	Name string `json:"name" required:"true"`
}

func (a *API) renameTenant(c handlers.Request, in tenantName) (tenant, error) {
	t, err := a.account.RenameTenant(c.Context(), c.Actor(), in.ID, in.changes(), in.Name)
	return tenantOf(t), err
}

func (a *API) previewDisableTenant(c handlers.Request, in object) (preview, error) {
	p, err := a.account.PreviewDisableTenant(c.Context(), c.Actor(), in.ID)
	return previewOf(p), err
}

func (a *API) disableTenant(c handlers.Request, in end) (tenant, error) {
	t, err := a.account.DisableTenant(c.Context(), in.confirming(c), in.ID)
	return tenantOf(t), err
}

func (a *API) enableTenant(c handlers.Request, in object) (tenant, error) {
	t, err := a.account.EnableTenant(c.Context(), c.Actor(), in.ID)
	return tenantOf(t), err
}

// tenantDeleted is what goes for good with a tenant.
type tenantDeleted struct {
	digest
	Groups []named  `json:"groups" description:"The automatic groups that go with it."`
	Links  []person `json:"links_revoked" description:"Who is invited into it by a link, which is revoked."`
}

func (a *API) previewDeleteTenant(c handlers.Request, in object) (tenantDeleted, error) {
	p, err := a.account.PreviewDeleteTenant(c.Context(), c.Actor(), in.ID)
	preview := tenantDeleted{digest: digestOf(p), Groups: []named{}, Links: peopleOf(p.Links)}
	for _, g := range p.Groups {
		preview.Groups = append(preview.Groups, named{g.ID, g.Name})
	}
	return preview, err
}

func (a *API) deleteTenant(c handlers.Request, in end) (none, error) {
	_, err := a.account.DeleteTenantByID(c.Context(), in.confirming(c), in.ID)
	return none{}, err
}
