package e2e

import (
	"net/http"
	"testing"

	"console/e2e/harness"
)

func TestAPI_Settings(t *testing.T) {
	c, api, token := startAPI(t)
	as := caller{c, token}
	read, err := api.ReadSettingsWithResponse(t.Context())
	if err != nil || read.JSON200 == nil || read.JSON200.Name != harness.Company || read.JSON200.IdleTimeout != 1800 {
		t.Fatalf("the settings are %s, %v", read.Body, err)
	}
	first := []string{"If-Match", read.HTTPResponse.Header.Get("ETag")}
	company := as.ask(200, http.MethodPatch, "/settings/company", `{"cloud":"US"}`, first...)
	company.says(`"cloud":"US"`, `"name":"`+harness.Company+`"`)
	as.ask(412, http.MethodPatch, "/settings/company", `{"cloud":"EU"}`, first...)
	as.ask(428, http.MethodPatch, "/settings/company", `{"cloud":"EU"}`)
	as.ask(422, http.MethodPatch, "/settings/company", `{"name":""}`, company.etag()...).says(`"field":"name"`)
	as.ask(422, http.MethodPatch, "/settings/signin", `{"enforce_2fa":true}`, company.etag()...).says(`"field":"enforce_2fa"`)
	as.ask(422, http.MethodPatch, "/settings/signin", `{"password_min_length":4}`, company.etag()...).says(`"field":"password_min_length"`)
	signIn := as.ask(200, http.MethodPatch, "/settings/signin", `{"password_min_length":16}`, company.etag()...)
	signIn.says(`"password_min_length":16`, `"enforce_2fa":false`)
	as.ask(422, http.MethodPatch, "/settings/logout", `{"idle_timeout":61}`, signIn.etag()...).says(`"field":"idle_timeout"`)
	logout := as.ask(200, http.MethodPatch, "/settings/logout", `{"idle_timeout":3600}`, signIn.etag()...)
	logout.says(`"idle_timeout":3600`, `"absolute_timeout":43200`)

	preview := as.ask(200, http.MethodPost, "/settings/previews/activity", `{"retention":6}`)
	as.ask(422, http.MethodPatch, "/settings/activity", `{"retention":5}`, logout.etag()...).says(`"field":"retention"`)
	as.ask(409, http.MethodPatch, "/settings/activity?confirm=another", `{"retention":6}`, logout.etag()...)
	as.ask(200, http.MethodPatch, "/settings/activity?confirm="+preview.text("digest"), `{"retention":6}`, logout.etag()...).
		says(`"retention":6`)

	mail := as.ask(200, http.MethodPost, "/settings/test-mail", "")
	mail.says(`"recipient":"`+harness.AdminEmail+`"`, `"state":"delivered"`)

	c.Administrator()
	gone := as.ask(200, http.MethodPost, "/settings/previews/sign-out-without-2fa", "")
	gone.says(`"people":1`)
	as.ask(409, http.MethodPost, "/settings/sign-out-without-2fa?confirm=another", "")
	as.ask(204, http.MethodPost, "/settings/sign-out-without-2fa?confirm="+gone.text("digest"), "")
	c.WantCount(0, `SELECT count(*) FROM sessions`)
	c.Administrator()
	as.ask(204, http.MethodPost, "/settings/sign-out-everybody", "")
	c.WantCount(0, `SELECT count(*) FROM sessions`)

	version := as.ask(200, http.MethodGet, "/settings", "").etag()
	narrow := as.narrowed("general.update")
	narrow.ask(403, http.MethodGet, "/settings", "").says(`"permission":"general.view"`)
	narrow.ask(403, http.MethodPatch, "/settings/company", `{"cloud":"X"}`, version...).says(`"permission":"general.view"`)
	narrow.ask(200, http.MethodPatch, "/settings/company", `{"name":"New","cloud":"X"}`, version...).says(`"cloud":"X"`)
	viewer := as.narrowed("general.view")
	for _, path := range []string{"/settings/company", "/settings/signin", "/settings/logout"} {
		viewer.ask(403, http.MethodPatch, path, `{}`, version...).says(`"permission":"general.update"`)
	}
	viewer.ask(403, http.MethodPatch, "/settings/activity", `{"retention":0}`, version...).says(`"permission":"general.update"`)
	viewer.ask(403, http.MethodPost, "/settings/sign-out-everybody", "").says(`"permission":"general.update"`)
	viewer.ask(403, http.MethodPost, "/settings/test-mail", "").says(`"permission":"general.update"`)
}
