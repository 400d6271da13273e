package harness

import (
	"net/http"
)

// NewGroup makes a group with permissions of its own in tenants and returns its path.
func (c *Console) NewGroup(by *Browser, name string, tenants, permissions []string) string {
	c.T.Helper()
	pairs := []string{"name", name, "role", "custom"}
	for _, t := range tenants {
		pairs = append(pairs, "tenant_ids", t)
	}
	by.Post("/settings/groups/new", pairs...).Wants(http.StatusSeeOther)
	path := "/settings/groups/" + c.Cell(`SELECT id FROM groups WHERE name = $1`, name)
	pairs = []string{"version", c.Cell(`SELECT version FROM groups WHERE name = $1`, name), "role", "custom"}
	for _, p := range permissions {
		pairs = append(pairs, "permissions", p)
	}
	by.Post(path+"/permissions", pairs...).Wants(http.StatusSeeOther)
	return path
}

// NewTenant makes a tenant and returns its id.
func (c *Console) NewTenant(by *Browser, name string) string {
	c.T.Helper()
	by.Post("/settings/tenants/new", "name", name).Wants(http.StatusSeeOther)
	return c.Cell(`SELECT id FROM tenants WHERE name = $1`, name)
}
