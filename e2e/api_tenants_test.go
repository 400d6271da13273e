package e2e

import (
	"net/http"
	"testing"

	"console/e2e/apiclient"
	"console/internal/permission"
)

func TestAPI_Tenants(t *testing.T) {
	c, api, token := startAPI(t)
	as := caller{c, token}
	key := "one"
	made, err := api.CreateTenantWithResponse(t.Context(), &apiclient.CreateTenantParams{IdempotencyKey: &key}, apiclient.NewTenant{
		Name: "Staging", Administrator: &apiclient.FirstAdministrator{Email: "ann@example.com", FirstName: new("Ann")}})
	if err != nil || made.JSON201 == nil || made.JSON201.Name != "Staging" || !made.JSON201.Enabled {
		t.Fatalf("a tenant is made: %s, %v", made.Body, err)
	}
	again, err := api.CreateTenantWithResponse(t.Context(), &apiclient.CreateTenantParams{IdempotencyKey: &key}, apiclient.NewTenant{
		Name: "Staging", Administrator: &apiclient.FirstAdministrator{Email: "ann@example.com", FirstName: new("Ann")}})
	if err != nil || again.JSON201 == nil || again.JSON201.Id != made.JSON201.Id {
		t.Fatalf("sent again, it is answered %s, %v", again.Body, err)
	}
	if c.User("ann@example.com").Role != permission.Admin {
		t.Error("its Administrator is not invited")
	}
	as.ask(422, http.MethodPost, "/tenants", `{"name":"Other","administrator":{"email":"nobody"}}`).says(`"field":"administrator.email"`)
	as.ask(422, http.MethodPost, "/tenants", `{"name":"Other","administrator":{"email":""}}`).says(`"field":"administrator.email"`)
	as.ask(422, http.MethodPost, "/tenants", `{"name":"staging"}`).says(`"field":"name"`)
	named := as.ask(201, http.MethodPost, "/tenants", `{"name":"Developing"}`)
	as.ask(200, http.MethodPatch, "/tenants/3", `{"name":"Development"}`, named.etag()...)
	if ids := as.everyPage("/tenants"); len(ids) != 3 {
		t.Errorf("the tenants are %v", ids)
	}
	one := "/tenants/" + as.ask(200, http.MethodGet, "/tenants?name=STAGING", "").fields["items"].([]any)[0].(map[string]any)["uuid"].(string)
	as.ask(404, http.MethodGet, one, "")

	one = "/tenants/2"
	read := as.ask(200, http.MethodGet, one, "")
	read.says(`"name":"Staging"`)
	as.ask(428, http.MethodPatch, one, `{"name":"Stage"}`)
	as.ask(200, http.MethodPatch, one, `{"name":"Stage"}`, read.etag()...).says(`"name":"Stage"`)
	as.ask(412, http.MethodPatch, one, `{"name":"Other"}`, read.etag()...)
	as.ask(409, http.MethodPatch, "/tenants/1", `{"name":"Main"}`, "If-Match", `"1"`).says(`"code":"main_tenant"`)

	preview := as.ask(200, http.MethodPost, one+"/previews/disable", "")
	as.ask(409, http.MethodPost, one+"/disable?confirm=another", "")
	as.ask(200, http.MethodPost, one+"/disable?confirm="+preview.text("digest"), "").says(`"enabled":false`)
	as.ask(200, http.MethodPost, one+"/enable", "").says(`"enabled":true`)
	as.ask(422, http.MethodDelete, one, "")
	as.ask(200, http.MethodPost, one+"/disable", "")
	if ids := as.everyPage("/tenants?enabled=true"); len(ids) != 2 {
		t.Errorf("the enabled tenants are %v", ids)
	}
	preview = as.ask(200, http.MethodPost, one+"/previews/delete", "")
	preview.says("Administrators")
	as.ask(409, http.MethodDelete, one+"?confirm=another", "")
	as.ask(204, http.MethodDelete, one+"?confirm="+preview.text("digest"), "")
	as.ask(404, http.MethodGet, one, "")
	as.ask(404, http.MethodDelete, one, "")

	as.narrowed("users.view").ask(403, http.MethodGet, "/tenants", "").says(`"permission":"tenants.view"`, `"rule":"main tenant decides"`)
	narrow := as.narrowed("tenants.create")
	narrow.ask(201, http.MethodPost, "/tenants", `{"name":"Narrow"}`).says(`"name":"Narrow"`)
	narrow.ask(403, http.MethodPost, "/tenants/1/disable", "").says(`"permission":"tenants.update"`)
	narrow.ask(403, http.MethodDelete, "/tenants/1", "").says(`"permission":"tenants.delete"`)
}
