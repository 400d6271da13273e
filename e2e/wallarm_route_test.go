package e2e

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"console/e2e/harness"
	"console/handlers"
	"console/handlers/wallarm"
	"console/internal/account"
	"console/internal/permission"
	"console/store"
)

// programRoute is what a route for programs takes, and what it answers to those who hold that: about id 999, which nobody has, or to
// a request that says too little.
type programRoute struct {
	body  string
	takes []permission.Permission // in the main tenant; none: any token that works
	want  int
}

// programRoutes say by the rules what each route takes. What an answer shows takes the permission to view it, too.
func programRoutes() map[string]programRoute {
	takes := func(p ...permission.Permission) []permission.Permission { return p }
	aUser := func(does permission.Permission) []permission.Permission { return takes(does, permission.UsersView) }
	anIntegration := func(does permission.Permission) []permission.Permission {
		return takes(does, permission.IntegrationsView)
	}
	aTrigger := func(does permission.Permission) []permission.Permission { return takes(does, permission.TriggersView) }
	const nobody = `{"filter":{"id":999},"fields":{"name":"X","realname":"Ann Lee"}}`
	return map[string]programRoute{
		"POST /v1/user":                {"", nil, http.StatusOK},
		"POST /v1/objects/user":        {`{"limit":1}`, takes(permission.UsersView), http.StatusOK},
		"POST /v1/objects/user/create": {`{"permissions":["analytic"]}`, takes(permission.UsersCreate), http.StatusUnprocessableEntity},
		"POST /v1/objects/user/update": {nobody, aUser(permission.UsersUpdate), http.StatusNotFound},
		"POST /v1/objects/user/delete": {nobody, aUser(permission.UsersDelete), http.StatusNotFound},

		"GET /v1/objects/client":         {"", takes(permission.TenantsView), http.StatusOK},
		"POST /v1/objects/client/create": {`{}`, takes(permission.TenantsCreate, permission.TenantsView), http.StatusUnprocessableEntity},
		"POST /v1/objects/client/update": {nobody, takes(permission.TenantsUpdate), http.StatusNotFound},
		"POST /v1/objects/client/delete": {nobody, takes(permission.TenantsDelete), http.StatusNotFound},

		"GET /v2/integration":           {"", takes(permission.IntegrationsView), http.StatusOK},
		"POST /v2/integration":          {`{"type":"slack"}`, anIntegration(permission.IntegrationsCreate), http.StatusUnprocessableEntity},
		"POST /v2/integration/telegram": {`{}`, anIntegration(permission.IntegrationsCreate), http.StatusUnprocessableEntity},
		"PUT /v2/integration/:id":       {`{}`, anIntegration(permission.IntegrationsUpdate), http.StatusNotFound},
		"DELETE /v2/integration/:id":    {"", takes(permission.IntegrationsDelete), http.StatusNotFound},

		"GET /v2/clients/:client/triggers": {"", takes(permission.TriggersView), http.StatusOK},
		"POST /v2/clients/:client/triggers": {`{"trigger":{"template_id":"user_created"}}`, aTrigger(permission.TriggersCreate),
			http.StatusUnprocessableEntity},
		"PUT /v2/clients/:client/triggers/:id":    {`{}`, aTrigger(permission.TriggersUpdate), http.StatusNotFound},
		"DELETE /v2/clients/:client/triggers/:id": {"", aTrigger(permission.TriggersDelete), http.StatusNotFound},
	}
}

// programs are the routes for programs.
func programs() []handlers.Route { return wallarm.New(nil, "").Routes() }

// programRouteOf is what the table says of a route.
func programRouteOf(t *testing.T, r handlers.Route) programRoute {
	t.Helper()
	rule, known := programRoutes()[r.Method+" "+r.Path]
	if !known {
		t.Fatalf("%s %s is a new route: say in the table what it takes and answers", r.Method, r.Path)
	}
	return rule
}

// answersRoute sends what the table says to a route, with a token or without, and returns the status.
func answersRoute(c *harness.Console, token string, r handlers.Route) int {
	c.T.Helper()
	path := strings.NewReplacer(":client", "1", ":id", "999").Replace(r.Path)
	status, _ := request(c, token, r.Method, path, programRouteOf(c.T, r).body)
	return status
}

// narrowed makes a token of somebody with permissions in tenants; without tenants in all of them.
func narrowed(c *harness.Console, email string, permissions []permission.Permission, tenants ...int64) string {
	c.T.Helper()
	in := account.TokenInput{Name: rand.Text(), Kind: store.PersonalToken, Owner: email, Tenants: tenants, AllTenants: len(tenants) == 0}
	for _, p := range permissions {
		in.Permissions = append(in.Permissions, p.String())
	}
	issued, err := c.Account.CreateToken(c.T.Context(), account.Actor{Source: account.CLI}, in)
	if err != nil {
		c.T.Fatal(err)
	}
	return issued.Value
}

func TestWallarm_RoutesRefuseWhatIsNoWorkingToken(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	tokens := map[string]string{"none": "", "unknown": strings.Repeat("A", 64), "a password": harness.AdminPassword}
	for _, what := range []string{"disabled", "expired", "deleted", "renewed", "with a space", "cut"} {
		tokens[what] = tokenOf(c, harness.AdminEmail)
	}
	for what, change := range map[string]string{
		"disabled": `UPDATE tokens SET disabled_at = 1 WHERE id = $1`, "expired": `UPDATE tokens SET expires_at = 1 WHERE id = $1`,
		"deleted": `DELETE FROM tokens WHERE id = $1`, "renewed": `UPDATE tokens SET hash = randomblob(1) WHERE id = $1`,
	} {
		by, err := c.Account.TokenActor(t.Context(), tokens[what], "192.0.2.1")
		if err != nil {
			t.Fatal(err)
		}
		c.Exec(change, by.TokenID)
	}
	tokens["with a space"] = tokens["with a space"][:32] + " " + tokens["with a space"][32:]
	tokens["cut"] = tokens["cut"][:63]
	for _, status := range []string{"invited", "disabled"} {
		person := c.Person(permission.Admin, "Ann", "", status+"@example.com")
		tokens["of somebody "+status] = tokenOf(c, person.Email)
		column := map[string]string{"invited": "activated_at = 0", "disabled": "disabled_at = 1"}[status]
		c.Exec(`UPDATE users SET `+column+` WHERE id = $1`, person.ID)
	}
	signedIn := c.Administrator()
	for _, r := range programs() {
		for what, token := range tokens {
			c.Exec(`DELETE FROM throttles`) // unknown ones are counted: TestUnknownTokensAreSlowedAndRightOnesServed
			if status := answersRoute(c, token, r); status != http.StatusUnauthorized {
				t.Errorf("a token %s: %s %s is answered %d", what, r.Method, r.Path, status)
			}
		}
		path := strings.NewReplacer(":client", "1", ":id", "999").Replace(r.Path)
		if r.Method == http.MethodGet {
			signedIn.Get(path).Wants(http.StatusUnauthorized)
		} else if r.Method == http.MethodPost {
			signedIn.Post(path).Wants(http.StatusUnauthorized)
		}
	}
}

// wantRoutes asks every route with a token that may do what holds says, in the main tenant.
func wantRoutes(c *harness.Console, what, token string, holds func(permission.Permission) bool) {
	c.T.Helper()
	for _, r := range programs() {
		rule := programRouteOf(c.T, r)
		want := rule.want
		for _, p := range rule.takes {
			if !holds(p) {
				want = http.StatusForbidden
			}
		}
		if status := answersRoute(c, token, r); status != want {
			c.T.Errorf("%s: %s %s is answered %d, not %d", what, r.Method, r.Path, status, want)
		}
	}
}

func TestWallarm_RoutesByRole(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	for _, role := range permission.Roles() {
		person := c.Person(role, "Ann", "", string(role)+"@example.com")
		token := tokenOf(c, person.Email)
		wantRoutes(c, string(role), token, func(p permission.Permission) bool { return role.SeesConsole() && role.Set().Has(p) })
		if role == permission.GlobalAdmin {
			continue // who is in no group
		}
		c.Exec(`DELETE FROM group_users WHERE user_id = $1`, person.ID)
		wantRoutes(c, string(role)+" in no group", token, func(permission.Permission) bool { return false })
	}
}

func TestWallarm_RoutesByScope(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	staging, err := strconv.ParseInt(c.NewTenant(c.Administrator(), "Staging"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	admin := c.Person(permission.Admin, "Ann", "", "ann@example.com")
	taken := map[permission.Permission]bool{{Resource: permission.Rules, Action: permission.View}: true} // and one that no route takes
	for _, rule := range programRoutes() {
		for _, p := range rule.takes {
			taken[p] = true
		}
	}
	for p := range taken {
		view := permission.Permission{Resource: p.Resource, Action: permission.View}
		nothing := func(permission.Permission) bool { return false }
		only := func(asked permission.Permission) bool { return asked == p }
		for what, scope := range map[string]struct {
			grants  []permission.Permission
			tenants []int64
			holds   func(permission.Permission) bool
		}{
			"everywhere": {[]permission.Permission{p}, nil, only},
			"here":       {[]permission.Permission{p}, []int64{1}, only},
			"here, and view": {[]permission.Permission{p, view}, []int64{1},
				func(asked permission.Permission) bool { return asked == p || asked == view }},
			"elsewhere": {[]permission.Permission{p, view}, []int64{staging}, nothing},
		} {
			token := narrowed(c, harness.AdminEmail, scope.grants, scope.tenants...)
			wantRoutes(c, fmt.Sprint(p, " ", what), token, scope.holds)
		}
		if permission.Admin.Set().Has(p) { // what the owner loses, the token loses
			token := narrowed(c, admin.Email, []permission.Permission{p}, 1)
			wantRoutes(c, fmt.Sprint(p, " of an Administrator"), token, only)
			c.Exec(`UPDATE users SET role = $1 WHERE id = $2`, permission.APIDeveloper, admin.ID)
			wantRoutes(c, fmt.Sprint(p, " of who was an Administrator"), token, nothing)
			c.Exec(`UPDATE users SET role = $1 WHERE id = $2`, permission.Admin, admin.ID)
		}
	}
	all := make([]permission.Permission, 0, len(taken))
	for p := range taken {
		all = append(all, p)
	}
	wantRoutes(c, "all of it elsewhere", narrowed(c, harness.AdminEmail, all, staging), func(permission.Permission) bool { return false })
	wantRoutes(c, "all of it here", narrowed(c, harness.AdminEmail, all, 1), func(permission.Permission) bool { return true })
}
