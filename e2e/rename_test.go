package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"console/e2e/harness"
	"console/internal/permission"
)

// Names stand in titles, in the switcher, on pages of permissions and in the names of automatic groups: all follow at once.
func TestRename_ATenantIsCalledTheSameEverywhere(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	staging := c.NewTenant(admin, "Staging")
	admin.Post("/settings/users/new", "role", "analyst", "first_name", "Ann", "email", "ann@example.com", "tenant_id", staging).
		Wants(http.StatusSeeOther)
	c.Exec(`UPDATE users SET activated_at = 1 WHERE email = 'ann@example.com'`)
	ann := c.User("ann@example.com")
	own := c.Browse(ann)
	own.Post("/settings/tenant", "tenant", staging, "next", "/settings/profile").Wants(http.StatusSeeOther)
	c.NewGroup(admin, "Analysts (Production)", []string{"1"}, nil) // the name that the automatic group would get
	person := strings.TrimSuffix(harness.UserPath(ann, ""), "/")
	automatic := "/settings/groups/" + c.Cell(`SELECT id FROM groups WHERE automatic = 1`)
	tenant := "/settings/tenants/" + staging
	pages := map[string]*harness.Browser{
		automatic: admin, automatic + "?tab=users": admin, "/settings/groups": admin, "/settings/users": admin,
		person: admin, harness.UserPath(ann, "permissions?tenant_id="+staging): admin,
		harness.UserPath(ann, "groups"): admin, "/settings/users?group=" + c.Cell(`SELECT id FROM groups WHERE automatic = 1`): admin,
		"/settings/profile": own, "/settings/profile?tab=permissions": own,
	}
	for page, by := range pages {
		by.Get(page).Wants(http.StatusOK).Contains("Staging").Lacks("Production (")
	}

	admin.Post(tenant+"/edit", "version", c.Cell(`SELECT version FROM tenants WHERE id = $1`, staging), "name", "Production").
		Wants(http.StatusSeeOther)
	for page, by := range pages {
		by.Get(page).Wants(http.StatusOK).Contains("Production").Lacks("Staging")
	}
	admin.Get(automatic).Contains(`<h1 id="title">Analysts (Production) 2</h1>`, `<title>Analysts (Production) 2 ·`)
	admin.Get(harness.UserPath(ann, "permissions?tenant_id="+staging)).Contains("Analysts (Production) 2", "(Auto)")
	own.Get("/settings/profile").Contains("In Analysts (Production) 2", `<span class="tenant-name">Production</span>`)
}

func TestRename_ACompanyIsCalledTheSameEverywhere(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	ann := c.Person(permission.Analyst, "Ann", "", "ann@example.com")
	outside := c.NewGroup(admin, "Outside", []string{c.NewTenant(admin, "Staging")}, []string{"users.view"})
	main := "/settings/groups/" + c.Cell(`SELECT id FROM groups WHERE automatic = 1`)
	pages := []string{
		outside + "?tab=permissions", main, "/settings/general", "/settings/tenants", "/settings/users/new",
		harness.UserPath(ann, "permissions"), harness.UserPath(ann, "permissions?tenant_id=1"),
	}
	admin.Get(pages[0]).Contains("These count only in " + harness.Company + ", which this group does not cover.")
	admin.Get(main + "?tab=permissions").Lacks("These count only in")

	admin.Post("/settings/general/company", "version", c.Cell(`SELECT version FROM account`), "name", "Another Name", "cloud", "EU").
		Wants(http.StatusSeeOther)
	for _, page := range pages {
		admin.Get(page).Wants(http.StatusOK).Contains("Another Name").Lacks(harness.Company)
	}
	admin.Get(pages[0]).Contains("These count only in Another Name, which this group does not cover.")
	c.WantCount(1, `SELECT count(*) FROM groups WHERE automatic = 1 AND name = 'Analysts'`) // in the main tenant it bears no tenant's name
}

func TestRename_AGroupIsCalledTheSameEverywhere(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	ann := c.Person(permission.Analyst, "Ann", "", "ann@example.com")
	person := strings.TrimSuffix(harness.UserPath(ann, ""), "/")
	path := c.NewGroup(admin, "Early birds", []string{"1"}, []string{"rules.view"})
	id := c.Cell(`SELECT id FROM groups WHERE name = 'Early birds'`)
	admin.Post(path+"/users/add", "emails", "ann@example.com").Wants(http.StatusSeeOther)
	admin.Post(path+"/edit", "version", c.Cell(`SELECT version FROM groups WHERE id = $1`, id), "name", "Night owls").
		Wants(http.StatusSeeOther)
	admin.Get(path).Contains(`<h1 id="title">Night owls</h1>`, `<title>Night owls ·`)
	for _, page := range []string{
		path, path + "?tab=users", path + "?tab=permissions", path + "/edit", path + "/delete", "/settings/groups", "/settings/users?group=" + id,
		person, harness.UserPath(ann, "permissions"), harness.UserPath(ann, "groups"),
		fmt.Sprintf("%s/users/remove?user_ids=%d", path, ann.ID),
	} {
		admin.Get(page).Wants(http.StatusOK).Contains("Night owls").Lacks("Early birds")
	}
	c.Browse(ann).Get("/settings/profile").Contains("Night owls").Lacks("Early birds")
}
