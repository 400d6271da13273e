package e2e

import (
	"net/http"
	"testing"
	"time"

	"console/e2e/apiclient"
	"console/e2e/harness"
	"console/internal/permission"
)

func TestAPI_Tokens(t *testing.T) {
	c, api, token := startAPI(t)
	as := caller{c, token}
	key := "token"
	ends := time.Now().Add(48 * time.Hour).UTC().Truncate(time.Millisecond)
	wanted := apiclient.NewToken{Name: "Sync", Kind: apiclient.NewTokenKind("shared"), Permissions: []string{"users.view"},
		TenantIds: &[]int64{1}, ExpiresAt: &ends}
	made, err := api.CreateTokenWithResponse(t.Context(), &apiclient.CreateTokenParams{IdempotencyKey: &key}, wanted)
	if err != nil || made.JSON201 == nil || made.JSON201.Value == nil || len(*made.JSON201.Value) != 64 ||
		made.JSON201.ExpiresAt == nil || !made.JSON201.ExpiresAt.Equal(ends) {
		t.Fatalf("a token is made: %s, %v", made.Body, err)
	}
	again, err := api.CreateTokenWithResponse(t.Context(), &apiclient.CreateTokenParams{IdempotencyKey: &key}, wanted)
	if err != nil || again.JSON201 == nil || again.JSON201.Id != made.JSON201.Id || again.JSON201.Value != nil {
		t.Errorf("sent again, it is answered %s, %v", again.Body, err)
	}
	value := *made.JSON201.Value
	who, err := c.API(value).ReadMeWithResponse(t.Context())
	if err != nil || who.JSON200 == nil || who.JSON200.Owner.Email != harness.AdminEmail || who.JSON200.Token.Name != "Sync" ||
		len(who.JSON200.Permissions) != 1 || who.JSON200.Permissions[0].Permissions[0] != "users.view" || who.JSON200.Limits.Burst != 200 ||
		who.JSON200.Limits.RequestsPerSecond != 50 {
		t.Fatalf("the token is %s, %v", who.Body, err)
	}
	as.ask(422, http.MethodPost, "/tokens", `{"name":"","kind":"personal","permissions":["nonsense"],"tenant_ids":[9],"expires_at":"2020-01-01T00:00:00Z"}`).
		says(`"field":"name"`, `"field":"permissions"`, `"field":"expires_at"`)
	as.ask(422, http.MethodPost, "/tokens", `{"name":"X","kind":"other","permissions":["users.view"]}`).says(`"field":"kind"`)
	one := "/tokens/" + as.ask(200, http.MethodGet, "/tokens?part=shared", "").fields["items"].([]any)[0].(map[string]any)["name"].(string)
	as.ask(404, http.MethodGet, one, "")
	one = "/tokens/2" // the first is the one that asks
	read := as.ask(200, http.MethodGet, one, "")
	read.says(`"name":"Sync"`, `"works":true`, `"effect":[{"tenant_id":1`)
	read.hides(value)
	as.ask(200, http.MethodPost, one+"/disable", "").says(`"disabled_why":"by hand"`)
	caller{c, value}.ask(401, http.MethodGet, "/me", "")
	as.ask(200, http.MethodPost, one+"/enable", "").says(`"disabled_at":null`)
	renewed := as.ask(200, http.MethodPost, one+"/renew", "")
	if at, err := time.Parse(time.RFC3339, renewed.text("expires_at")); err != nil || !at.After(ends) || at.After(time.Now().Add(48*time.Hour)) {
		t.Errorf("renewed without saying until when, it works until %v, %v", at, err)
	}
	caller{c, value}.ask(401, http.MethodGet, "/me", "")
	caller{c, renewed.text("value")}.ask(200, http.MethodGet, "/me", "")
	as.ask(422, http.MethodPost, one+"/take-over", "") // it is theirs
	for _, name := range []string{"A", "B", "C"} {
		as.ask(201, http.MethodPost, "/tokens", `{"name":"`+name+`","kind":"shared","permissions":["users.view"],"all_tenants":true}`)
	}
	if ids := as.everyPage("/tokens?part=shared"); len(ids) != 4 {
		t.Errorf("the shared tokens are %v", ids)
	}
	c.Exec(`UPDATE tokens SET owner_id = NULL, former_owner = 'Ann', disabled_at = 1, disabled_why = 'owner deleted' WHERE id = 2`)
	as.ask(200, http.MethodGet, one, "").says(`"former_owner":"Ann"`, `"works":false`)
	taken := as.ask(200, http.MethodPost, one+"/take-over", `{"keep_value":false}`)
	caller{c, taken.text("value")}.ask(200, http.MethodGet, "/me", "")
	as.ask(204, http.MethodDelete, one, "")
	as.ask(404, http.MethodGet, one, "")
	as.ask(404, http.MethodPost, one+"/renew", "")
}

// A token makes and renews no token with more than it holds itself, whatever its owner holds, and does nothing with the other tokens of
// its owner that it was not given.
func TestAPI_TokensDoNotEscalate(t *testing.T) {
	c, _, token := startAPI(t)
	as := caller{c, token}
	as.ask(201, http.MethodPost, "/tenants", `{"name":"Staging"}`)
	wide := "/tokens/" + as.ask(201, http.MethodPost, "/tokens", `{"name":"Wide","kind":"shared","permissions":["users.update"],"all_tenants":true}`).text("id")
	maker := caller{c, as.ask(201, http.MethodPost, "/tokens",
		`{"name":"Maker","kind":"personal","permissions":["tokens.create","tokens.update","users.view"],"tenant_ids":[1]}`).text("value")}
	for _, body := range []string{
		`{"name":"X","kind":"personal","permissions":["users.update"],"tenant_ids":[1]}`,
		`{"name":"X","kind":"shared","permissions":["users.view","users.delete"],"tenant_ids":[1]}`,
		`{"name":"X","kind":"personal","permissions":["rules.view"],"tenant_ids":[2]}`,
		`{"name":"X","kind":"personal","permissions":["users.view"],"all_tenants":true}`,
	} {
		maker.ask(403, http.MethodPost, "/tokens", body).says(`"rule":"may grant"`)
	}
	for _, act := range []string{"/renew", "/enable"} {
		if act == "/enable" {
			as.ask(200, http.MethodPost, wide+"/disable", "")
		}
		maker.ask(403, http.MethodPost, wide+act, "").says(`"rule":"may grant"`)
	}
	maker.ask(403, http.MethodDelete, wide, "").says(`"permission":"tokens.delete"`)
	maker.ask(403, http.MethodGet, "/tokens", "").says(`"permission":"tokens.view"`)
	maker.ask(201, http.MethodPost, "/tokens", `{"name":"Twin","kind":"personal","permissions":["users.view"],"tenant_ids":[1]}`)

	reader := as.narrowed("users.view")
	for _, kind := range []string{"personal", "shared"} {
		reader.ask(403, http.MethodPost, "/tokens", `{"name":"Own","kind":"`+kind+`","permissions":["users.view"],"tenant_ids":[1]}`).
			says(`"permission":"tokens.create"`)
	}
	for _, part := range []string{"personal", "shared", "others"} {
		reader.ask(403, http.MethodGet, "/tokens?part="+part, "").says(`"permission":"tokens.view"`)
	}
	reader.ask(403, http.MethodGet, wide, "")
	reader.ask(403, http.MethodPost, wide+"/disable", "")
	reader.ask(200, http.MethodGet, "/me", "").says(`"users.view"`)
	if c.Count(`SELECT count(*) FROM tokens WHERE name IN ('X', 'Own')`) != 0 {
		t.Error("a token was made")
	}
}

// What a token that expires may make and renew, and who enables what was disabled, is the same by the API, on pages and by the command line.
func TestAPI_TokensEndByTheirRules(t *testing.T) {
	c, _, token := startAPI(t)
	as, admin := caller{c, token}, c.Administrator()
	in := func(days int) string { return time.Now().AddDate(0, 0, days).UTC().Format(time.RFC3339) }
	const may = `"permissions":["tokens.create","tokens.update","tokens.view","users.view"],"all_tenants":true`
	made := as.ask(201, http.MethodPost, "/tokens", `{"name":"Rotating","kind":"personal",`+may+`,"expires_at":"`+in(10)+`"}`)
	own, rotating := "/tokens/"+made.text("id"), caller{c, made.text("value")}
	for _, until := range []string{"", `,"expires_at":"` + in(11) + `"`} {
		rotating.ask(422, http.MethodPost, "/tokens", `{"name":"Longer","kind":"shared","permissions":["users.view"],"all_tenants":true`+until+`}`).
			says(`"field":"expires_at"`, "expires no later")
	}
	rotating.ask(201, http.MethodPost, "/tokens", `{"name":"Shorter","kind":"shared","permissions":["users.view"],"all_tenants":true,"expires_at":"`+in(9)+`"}`)
	rotating.ask(422, http.MethodPost, own+"/renew", `{"expires_at":"`+in(11)+`"}`).says(`"field":"expires_at"`, "as long again")
	again := rotating.ask(200, http.MethodPost, own+"/renew", "")
	rotating.ask(401, http.MethodGet, "/me", "")
	rotating = caller{c, again.text("value")}
	endless := as.ask(201, http.MethodPost, "/tokens", `{"name":"Endless","kind":"shared","permissions":["users.view"],"all_tenants":true}`)
	rotating.ask(422, http.MethodPost, "/tokens/"+endless.text("id")+"/renew", "").says(`"field":"expires_at"`)
	rotating.ask(200, http.MethodPost, "/tokens/"+endless.text("id")+"/renew", `{"expires_at":"`+in(8)+`"}`)

	ann := c.Person(permission.Analyst, "Ann", "Roe", "ann@example.com")
	hers := c.Browse(ann)
	value := issued(hers.Post("/settings/tokens/new", "name", "Hers", "kind", "personal", "permissions", "rules.view", "tenant_ids", "1"))
	id := c.Cell(`SELECT max(id) FROM tokens`)
	page := "/settings/tokens/" + id
	for _, disable := range []func(){
		func() { as.ask(200, http.MethodPost, "/tokens/"+id+"/disable", "") },
		func() { admin.Post(page + "/disable").Wants(http.StatusSeeOther) },
	} {
		disable()
		hers.Get(page).Contains("Somebody disabled it.").Lacks(page+"/enable", page+"/renew")
		hers.Post(page + "/enable").Wants(http.StatusForbidden).Contains("Somebody else has disabled this token")
		hers.Post(page+"/renew", "expires", "").Wants(http.StatusForbidden)
		caller{c, value}.ask(401, http.MethodGet, "/me", "")
		asks(c, value, "/v1/user", ``, http.StatusUnauthorized)
		as.ask(200, http.MethodPost, "/tokens/"+id+"/enable", "")
		caller{c, value}.ask(200, http.MethodGet, "/me", "")
		asks(c, value, "/v1/user", ``, http.StatusOK)
	}
	hers.Post(page + "/disable").Wants(http.StatusSeeOther)
	hers.Get(page).Contains(page + "/enable")
	hers.Post(page + "/enable").Wants(http.StatusSeeOther)
	asks(c, value, "/v1/user", ``, http.StatusOK)
}
