package handlers

import (
	"net/http"
	"strconv"
	"strings"

	"console/internal/account"
	"console/store"
	"console/views"
)

// keyTenant is under what a session remembers the tenant that was chosen in the header.
const keyTenant = "tenant"

// chosenTenant is the tenant that forms begin with and that explanations show first: the one chosen in the header.
func (h *Console) chosenTenant(c request) int64 {
	if id := h.sessions.GetInt64(c.Context(), keyTenant); id != 0 {
		return id
	}
	return c.Actor().Main
}

// tenantAmong is the chosen one of the tenants, or the main one, which comes first.
func (h *Console) tenantAmong(c request, tenants []store.Tenant) store.Tenant {
	id := h.chosenTenant(c)
	for _, t := range tenants {
		if t.ID == id {
			return t
		}
	}
	return tenants[0]
}

// switchTenant remembers the tenant chosen in the header, and leads back to where the person was.
func (h *Console) switchTenant(c request) error {
	tenants, err := h.account.TenantsOf(c.Context(), c.Actor())
	if err != nil {
		return err
	}
	id := c.ID("tenant")
	for _, t := range tenants {
		if t.ID == id {
			h.sessions.Put(c.Context(), keyTenant, id)
			back := strings.TrimPrefix(h.ownPath(c.FormValue("next")), h.basePath)
			if back == "" {
				back = "/"
			}
			return h.redirect(c, back, flash{})
		}
	}
	return store.ErrNotFound
}

func (h *Console) tenants(c request) error {
	tenants, err := h.account.Tenants(c.Context())
	if err != nil {
		return err
	}
	return h.render(c, http.StatusOK, views.Tenants(views.TenantsPage{Tenants: tenants}))
}

func (h *Console) newTenantForm(c request) error {
	return h.renderNewTenant(c, http.StatusOK, views.Form{}, nil)
}

func (h *Console) createTenant(c request) error {
	admin := account.NewUser{FirstName: c.FormValue("first_name"), LastName: c.FormValue("last_name"), Email: c.FormValue("email")}
	tenant, err := h.account.CreateTenant(c.Context(), c.Actor(), c.FormValue("name"), admin)
	if refused := refusal(err); refused != nil {
		return h.renderNewTenant(c, http.StatusUnprocessableEntity, form(c, refused), takenBy(err))
	}
	if err != nil {
		return err
	}
	return h.done(c, views.TenantsPath, "The tenant "+tenant.Name+" was created.")
}

func (h *Console) renderNewTenant(c request, status int, f views.Form, taken *store.User) error {
	page := views.NewTenantPage{Form: f, Taken: taken}
	return h.renderPart(c, status, views.NewTenant(page), views.NewTenantPart(page))
}

func (h *Console) renameTenantForm(c request, id int64) error {
	tenant, err := h.account.Tenant(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	return h.renderTenant(c, http.StatusOK, tenant, values("name", tenant.Name, "version", strconv.FormatInt(tenant.Version, 10)))
}

func (h *Console) renameTenant(c request, id int64) error {
	tenant, err := h.account.RenameTenant(c.Context(), c.Actor(), id, c.ID("version"), c.FormValue("name"))
	if refused, status := formError(err); refused != nil {
		current, err := h.account.Tenant(c.Context(), c.Actor(), id)
		if err != nil {
			return err
		}
		return h.renderTenant(c, status, current, again(c, refused, status, current.Version))
	}
	if err != nil {
		return err
	}
	return h.done(c, views.TenantsPath, "The tenant is now called "+tenant.Name+".")
}

func (h *Console) renderTenant(c request, status int, tenant store.Tenant, f views.Form) error {
	page := views.TenantPage{Tenant: tenant, Form: f}
	return h.renderPart(c, status, views.RenameTenant(page), views.RenameTenantPart(page))
}

func (h *Console) disableTenantForm(c request, id int64) error {
	return h.askToDisableTenant(c, id, nil)
}

// askToDisableTenant asks for confirmation; changed says that the last one was of something else.
func (h *Console) askToDisableTenant(c request, id int64, changed error) error {
	tenant, err := h.account.EnabledTenant(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	preview, err := h.account.PreviewDisableTenant(c.Context(), c.Actor(), tenant.ID)
	if err != nil {
		return err
	}
	return h.renderPreview(c, changed, views.ConfirmPage{
		Title: "Disable tenant", Action: views.TenantPath(tenant.ID, "/disable"), Back: views.TenantsPath, Submit: "Disable tenant", Danger: true,
		Text:    "Nobody has access to " + tenant.Name + " until you enable it again. It stays in its groups, and nothing is deleted.",
		Preview: preview,
	})
}

func (h *Console) disableTenant(c request, id int64) error {
	tenant, err := h.account.DisableTenant(c.Context(), c.Confirming(), id)
	if account.RefusedBy(err, account.ChangedPreview) {
		return h.askToDisableTenant(c, id, err)
	}
	if err != nil {
		return err
	}
	return h.done(c, views.TenantsPath, tenant.Name+" is disabled.")
}

func (h *Console) enableTenant(c request, id int64) error {
	tenant, err := h.account.EnableTenant(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	return h.done(c, views.TenantsPath, tenant.Name+" is enabled.")
}

func (h *Console) deleteTenantForm(c request, id int64) error {
	return h.renderDeleteTenant(c, http.StatusOK, id, views.Form{})
}

func (h *Console) deleteTenant(c request, id int64) error {
	tenant, err := h.account.DeleteTenant(c.Context(), c.Confirming(), id, c.FormValue("confirm_name"))
	if refused, status := formError(err); refused != nil {
		return h.renderDeleteTenant(c, status, id, form(c, refused))
	}
	if err != nil {
		return err
	}
	return h.done(c, views.TenantsPath, "The tenant "+tenant.Name+" was deleted.")
}

// renderDeleteTenant asks for confirmation, and says what goes with the tenant.
func (h *Console) renderDeleteTenant(c request, status int, id int64, f views.Form) error {
	end, err := h.account.PreviewDeleteTenant(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	page := views.DeleteTenantPage{TenantEnd: end, Form: f}
	return h.renderPart(c, status, views.DeleteTenant(page), views.DeleteTenantPart(page))
}
