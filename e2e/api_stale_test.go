package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"console/handlers/api"
	"console/internal/permission"
)

// Where a change is wrong in several ways, the answer is the first of 401, 403 or 404, 412 and 422, whatever is changed.
func TestAPI_StaleBeforeInvalid(t *testing.T) {
	c, _, token := startAPI(t)
	as := caller{c, token}
	ann := c.Person(permission.Analyst, "Ann", "Roe", "ann@example.com")
	ids := map[string]string{"users": fmt.Sprint(ann.ID)}
	for section, body := range map[string]string{
		"groups": `{"name":"G","role":"analyst","tenant_ids":[1]}`, "tenants": `{"name":"T"}`,
		"integrations": `{"kind":"webhook","name":"I","settings":{"url":"https://example.com/x"}}`,
	} {
		ids[section] = as.ask(201, http.MethodPost, "/"+section, body).text("id")
	}
	ids["triggers"] = as.ask(201, http.MethodPost, "/triggers", `{"name":"X","condition":"user_added","integration_ids":[`+ids["integrations"]+`]}`).text("id")
	few := as.narrowed("users.view", "users.update", "groups.view", "groups.update", "general.view", "activity.view")
	tried := 0
	for _, o := range api.Operations() {
		if !o.Versioned() {
			continue
		}
		tried++
		section := strings.Split(o.Path, "/")[1]
		path, read := strings.ReplaceAll(o.Path, "{id}", ids[section]), "/"+section+"/"+ids[section]
		if section == "settings" {
			read = "/settings"
		}
		current := as.ask(200, http.MethodGet, read, "").etag()
		stale := []string{"If-Match", `"77"`}
		for _, invalid := range []string{`{"nonsense":1}`, `{"name":7,"role":"boss","retention":"x","enforce_2fa":1,"idle_timeout":"x"}`, `{"name":"x","name":"y"}`} {
			as.ask(412, o.Method, path, invalid, stale...).says(`"code":"stale"`)
			as.ask(422, o.Method, path, invalid, current...).says(`"field":"`)
			if section != "settings" {
				nobody := strings.ReplaceAll(o.Path, "{id}", "999")
				as.ask(404, o.Method, nobody, invalid, stale...)
				as.ask(404, o.Method, nobody, invalid, current...)
			}
			caller{c, strings.Repeat("A", 64)}.ask(401, o.Method, path, invalid, stale...)
			if section != "users" && section != "groups" {
				few.ask(403, o.Method, path, invalid, stale...)
			}
		}
		as.ask(428, o.Method, path, `{"nonsense":1}`)
		as.ask(400, o.Method, path, `[`, stale...)
	}
	if tried < 11 {
		t.Errorf("%d operations change what has a version", tried)
	}
	// What only the operation itself can find to be wrong comes after the version, too.
	as.ask(412, http.MethodPatch, "/groups/"+ids["groups"], `{"name":""}`, "If-Match", `"77"`)
	as.ask(412, http.MethodPatch, "/tenants/"+ids["tenants"], `{"name":"see https://evil.example"}`, "If-Match", `"77"`)
	as.ask(412, http.MethodPatch, "/users/"+ids["users"], `{"first_name":"","last_name":""}`, "If-Match", `"77"`)
	as.ask(412, http.MethodPatch, "/integrations/"+ids["integrations"], `{"settings":{"url":"ftp://x"}}`, "If-Match", `"77"`)
	as.ask(412, http.MethodPatch, "/settings/logout", `{"idle_timeout":1}`, "If-Match", `"77"`)
	// Whom the token may not manage, it may not: whatever the ETag is.
	as.ask(201, http.MethodPost, "/tenants", `{"name":"Elsewhere"}`)
	for _, tag := range []string{`"77"`, etag(c.User("ann@example.com").Version)} {
		few.ask(403, http.MethodPatch, "/users/1", `{"nonsense":1}`, "If-Match", tag).says(`"rule":"may manage"`)
		few.ask(403, http.MethodPut, "/users/1/membership", `{"nonsense":1}`, "If-Match", tag).says(`"rule":"may manage"`)
	}
}

// Of several ETags one is enough, and a weak one counts as what a proxy that compresses has made of it.
func TestAPI_ETagsInLists(t *testing.T) {
	t.Parallel()
	c, _, token := startAPI(t)
	as := caller{c, token}
	ann := c.Person(permission.Analyst, "Ann", "Roe", "ann@example.com")
	ids := map[string]string{"users": fmt.Sprint(ann.ID)}
	for section, body := range map[string]string{
		"groups": `{"name":"G","role":"analyst","tenant_ids":[1]}`, "tenants": `{"name":"T"}`,
		"integrations": `{"kind":"webhook","name":"I","settings":{"url":"https://example.com/x"}}`,
	} {
		ids[section] = as.ask(201, http.MethodPost, "/"+section, body).text("id")
	}
	ids["triggers"] = as.ask(201, http.MethodPost, "/triggers", `{"name":"X","condition":"user_added","integration_ids":[`+ids["integrations"]+`]}`).text("id")
	one := "/groups/" + ids["groups"]
	tag := as.ask(200, http.MethodGet, one, "").header.Get("ETag")
	for condition, status := range map[string]int{
		tag: 304, "W/" + tag: 304, `"zz", ` + tag: 304, `"a,b",W/` + tag + ` ,"c"`: 304, "*": 304, `"zz"`: 200, `W/"zz", "77"`: 200, `"*"`: 200, `"`: 200, "": 200,
	} {
		answer := as.ask(status, http.MethodGet, one, "", "If-None-Match", condition)
		if answer.header.Get("ETag") != tag || (answer.body == "") != (status == 304) {
			t.Errorf("If-None-Match: %s is answered %v, %q", condition, answer.header, answer.body)
		}
	}
	rename := func(status int, condition string) {
		t.Helper()
		now := as.ask(200, http.MethodGet, one, "").header.Get("ETag")
		name := fmt.Sprintf(`{"name":"Named by %d"}`, c.Count(`SELECT count(*) FROM activity`))
		as.ask(status, http.MethodPatch, one, name, "If-Match", strings.ReplaceAll(condition, "NOW", now))
	}
	for _, condition := range []string{"NOW", `"zz", NOW`, `"77",NOW , W/"1"`, "*", `"77", "78", NOW`, "W/NOW", `W/NOW, "77"`} {
		rename(200, condition)
	}
	for _, condition := range []string{`W/"77"`, `"zz"`, `"zz", "77"`, `W/"77", "78"`, `"*"`} {
		rename(412, condition)
	}
	for _, condition := range []string{`"`, "*, NOW", "W/", "zz", ","} {
		rename(400, condition)
	}
	for _, o := range api.Operations() {
		if !o.Versioned() {
			continue
		}
		path := strings.ReplaceAll(o.Path, "{id}", ids[strings.Split(o.Path, "/")[1]])
		as.ask(422, o.Method, path, `{"nonsense":1}`, "If-Match", "*")
		as.ask(412, o.Method, path, `{"nonsense":1}`, "If-Match", `"77", "78"`)
		if path != o.Path {
			as.ask(404, o.Method, strings.ReplaceAll(o.Path, "{id}", "999"), `{}`, "If-Match", "*")
		}
	}
}
