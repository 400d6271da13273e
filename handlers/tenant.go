package handlers

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"console/internal/account"
	"console/store"
	"console/views"
)

// keyTenant is under what a session remembers the tenant that was chosen in the header.
const keyTenant = "tenant"

// chosenTenant is the tenant that forms begin with and that explanations show first: the one chosen in the header.
func (h *Console) chosenTenant(c echo.Context) int64 {
	if id := h.sessions.GetInt64(c.Request().Context(), keyTenant); id != 0 {
		return id
	}
	return actor(c).Main
}

// tenantAmong is the chosen one of the tenants, or the main one, which comes first.
func (h *Console) tenantAmong(c echo.Context, tenants []store.Tenant) store.Tenant {
	id := h.chosenTenant(c)
	for _, t := range tenants {
		if t.ID == id {
			return t
		}
	}
	return tenants[0]
}

// switchTenant remembers the tenant chosen in the header, and leads back to where the person was.
func (h *Console) switchTenant(c echo.Context) error {
	tenants, err := h.account.TenantsOf(c.Request().Context(), actor(c))
	if err != nil {
		return err
	}
	id := formID(c, "tenant")
	for _, t := range tenants {
		if t.ID == id {
			h.sessions.Put(c.Request().Context(), keyTenant, id)
			back := strings.TrimPrefix(h.ownPath(c.FormValue("next")), h.basePath)
			if back == "" {
				back = "/"
			}
			return h.redirect(c, back, flash{})
		}
	}
	return store.ErrNotFound
}

func (h *Console) tenants(c echo.Context) error {
	tenants, err := h.account.Tenants(c.Request().Context())
	if err != nil {
		return err
	}
	return h.render(c, http.StatusOK, views.Tenants(views.TenantsPage{Tenants: tenants}))
}

func (h *Console) newTenantForm(c echo.Context) error {
	return h.renderNewTenant(c, http.StatusOK, views.Form{}, nil)
}

func (h *Console) createTenant(c echo.Context) error {
	admin := account.NewUser{FirstName: c.FormValue("first_name"), LastName: c.FormValue("last_name"), Email: c.FormValue("email")}
	tenant, err := h.account.CreateTenant(c.Request().Context(), actor(c), c.FormValue("name"), admin)
	if refused := refusal(err); refused != nil {
		return h.renderNewTenant(c, http.StatusUnprocessableEntity, form(c, refused), takenBy(err))
	}
	if err != nil {
		return err
	}
	return h.redirect(c, views.TenantsPath, flash{Text: "The tenant " + tenant.Name + " was created."})
}

func (h *Console) renderNewTenant(c echo.Context, status int, f views.Form, taken *store.User) error {
	page := views.NewTenantPage{Form: f, Taken: taken}
	return h.renderPart(c, status, views.NewTenant(page), views.NewTenantPart(page))
}

func (h *Console) renameTenantForm(c echo.Context) error {
	tenant, err := h.tenantOf(c)
	if err != nil {
		return err
	}
	return h.renderTenant(c, http.StatusOK, tenant, values("name", tenant.Name, "version", strconv.FormatInt(tenant.Version, 10)))
}

func (h *Console) renameTenant(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	tenant, err := h.account.RenameTenant(c.Request().Context(), actor(c), id, formID(c, "version"), c.FormValue("name"))
	if refused, status := formError(err); refused != nil {
		current, err := h.tenantOf(c)
		if err != nil {
			return err
		}
		return h.renderTenant(c, status, current, again(c, refused, status, current.Version))
	}
	if err != nil {
		return err
	}
	return h.redirect(c, views.TenantsPath, flash{Text: "The tenant is now called " + tenant.Name + "."})
}

func (h *Console) renderTenant(c echo.Context, status int, tenant store.Tenant, f views.Form) error {
	page := views.TenantPage{Tenant: tenant, Form: f}
	return h.renderPart(c, status, views.RenameTenant(page), views.RenameTenantPart(page))
}

// tenantOf returns the tenant of a path.
func (h *Console) tenantOf(c echo.Context) (store.Tenant, error) {
	id, err := pathID(c)
	if err != nil {
		return store.Tenant{}, err
	}
	return h.account.Tenant(c.Request().Context(), actor(c), id)
}

func (h *Console) disableTenantForm(c echo.Context) error {
	tenant, err := h.tenantOf(c)
	if err != nil {
		return err
	}
	preview, err := h.account.PreviewDisableTenant(c.Request().Context(), actor(c), tenant.ID)
	if err != nil {
		return err
	}
	return h.renderPreview(c, http.StatusOK, views.ConfirmPage{
		Title: "Disable tenant", Action: views.TenantPath(tenant.ID, "/disable"), Back: views.TenantsPath, Submit: "Disable tenant", Danger: true,
		Text: "Nobody has access to " + tenant.Name + " until you enable it again. It stays in its groups, and nothing is deleted.", Preview: preview,
	})
}

func (h *Console) disableTenant(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	tenant, err := h.account.DisableTenant(c.Request().Context(), actor(c), id)
	if err != nil {
		return err
	}
	return h.redirect(c, views.TenantsPath, flash{Text: tenant.Name + " is disabled."})
}

func (h *Console) enableTenant(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	tenant, err := h.account.EnableTenant(c.Request().Context(), actor(c), id)
	if err != nil {
		return err
	}
	return h.redirect(c, views.TenantsPath, flash{Text: tenant.Name + " is enabled."})
}

func (h *Console) deleteTenantForm(c echo.Context) error {
	tenant, err := h.tenantOf(c)
	if err != nil {
		return err
	}
	return h.renderDeleteTenant(c, http.StatusOK, tenant, views.Form{})
}

func (h *Console) deleteTenant(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	tenant, err := h.account.DeleteTenant(c.Request().Context(), actor(c), id, c.FormValue("confirm_name"))
	if refused := refusal(err); refused != nil {
		current, err := h.tenantOf(c)
		if err != nil {
			return err
		}
		return h.renderDeleteTenant(c, http.StatusUnprocessableEntity, current, form(c, refused))
	}
	if err != nil {
		return err
	}
	return h.redirect(c, views.TenantsPath, flash{Text: "The tenant " + tenant.Name + " was deleted."})
}

func (h *Console) renderDeleteTenant(c echo.Context, status int, tenant store.Tenant, f views.Form) error {
	page := views.TenantPage{Tenant: tenant, Form: f}
	return h.renderPart(c, status, views.DeleteTenant(page), views.DeleteTenantPart(page))
}
