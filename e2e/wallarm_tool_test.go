package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"strings"
	"testing"

	client "github.com/wallarm/wallarm-go"

	"console/e2e/harness"
	"console/internal/notify"
)

// integrationSent is an integration as declarative tools create and change it, with what comes back.
type integrationSent struct {
	Type    string
	Body    map[string]any // of the request that creates it
	Update  map[string]any // what is changed of where it goes
	Shown   any            // its target as it comes back, without secrets
	Updated any            // the same after Update
}

func (i integrationSent) path() string {
	if i.Type == "telegram" {
		return "/v2/integration/telegram"
	}
	return "/v2/integration"
}

// webhook is what the client sends of a webhook: all of it, each time.
func webhook(path string) map[string]any {
	return map[string]any{"url": "https://example.com/SECRET" + path, "http_method": "PUT", "format": "jsonl", "ca_file": "", "ca_verify": false,
		"timeout": 15, "open_timeout": 20, "subtype": "web_hooks",
		"headers": map[string]any{"Authorization": "Basic SECRET", "Content-Type": "application/json"}}
}

// integrationsSent has every kind of integration.
func integrationsSent() []integrationSent {
	key := strings.Repeat("SECRET12", 4)
	of := func(kind string, target, update, shown, updated any) integrationSent {
		return integrationSent{Type: kind, Body: map[string]any{"type": kind, "target": target},
			Update: map[string]any{"target": update}, Shown: shown, Updated: updated}
	}
	shownWebhook := map[string]any{"http_method": "PUT", "format": "jsonl", "ca_file": "", "ca_verify": false, "timeout": 15.0,
		"open_timeout": 20.0, "subtype": "web_hooks"}
	two := []any{"a@example.com", "b@example.com"}
	return []integrationSent{
		of("email", two, []any{"c@example.com"}, two, []any{"c@example.com"}),
		of("slack", "https://hooks.slack.com/services/T0/B0/SECRET", "https://hooks.slack.com/services/T0/B0/SECRET2", nil, nil),
		of("ms_teams", "https://xxxxx.webhook.office.com/SECRET", "https://xxxxx.webhook.office.com/SECRET2", nil, nil),
		of("sumo_logic", "https://endpoint6.collection.us2.sumologic.com/receiver/v1/http/ZaVnC4dhaV123gN3o--SECRET==",
			"https://endpoint6.collection.us2.sumologic.com/SECRET", nil, nil),
		of("pager_duty", key, strings.ToLower(key), nil, nil),
		of("opsgenie", map[string]any{"token": key, "api": "https://api.opsgenie.com/v2/alerts"},
			map[string]any{"token": key, "api": "https://api.eu.opsgenie.com/v2/alerts"},
			map[string]any{"api": "https://api.opsgenie.com/v2/alerts"}, map[string]any{"api": "https://api.eu.opsgenie.com/v2/alerts"}),
		of("insight_connect", map[string]any{"token": key, "api": "https://example.com/SECRET"},
			map[string]any{"token": key, "api": "https://example.com/SECRET2"}, nil, nil),
		of("splunk", map[string]any{"token": key, "api": "https://httpbin.org:443"}, map[string]any{"token": key, "api": "https://api.wallarm.com"},
			map[string]any{"api": "https://httpbin.org:443"}, map[string]any{"api": "https://api.wallarm.com"}),
		of("data_dog", map[string]any{"token": key, "region": "US1"}, map[string]any{"token": key, "region": "EU1"},
			map[string]any{"region": "US1"}, map[string]any{"region": "EU1"}),
		of("web_hooks", webhook(""), webhook("2"), shownWebhook, shownWebhook),
		{Type: "telegram", Body: map[string]any{"name": "SomeBot", "chat_data": "+y86q0LOQ4QG3hK9QgSECRET=="},
			Update: map[string]any{}, Shown: map[string]any{}, Updated: map[string]any{}},
	}
}

func TestWallarm_EveryKindHasATarget(t *testing.T) {
	t.Parallel()
	if sent, kinds := len(integrationsSent()), len(notify.Kinds()); sent != kinds {
		t.Errorf("%d of %d kinds", sent, kinds)
	}
}

// object is the object in the answer to a request about an integration.
func object(t *testing.T, answered string) map[string]any {
	t.Helper()
	var sent struct {
		Body struct{ Object map[string]any }
	}
	if err := json.Unmarshal([]byte(answered), &sent); err != nil {
		t.Fatalf("%v: %s", err, answered)
	}
	return sent.Body.Object
}

// TestWallarm_ToolReplaysIntegrations does with every kind what a declarative tool does: create, read twice, change each part by itself,
// import and delete.
func TestWallarm_ToolReplaysIntegrations(t *testing.T) {
	t.Parallel()
	c, api := startProgram(t)
	token := tokenOf(c, harness.AdminEmail)
	events := []any{map[string]any{"event": "siem", "active": true, "with_headers": true}, map[string]any{"event": "system", "active": false}}
	for _, sent := range integrationsSent() {
		t.Run(sent.Type, func(t *testing.T) {
			body := maps.Clone(sent.Body)
			body["clientid"] = 1
			if sent.Type != "telegram" {
				body["name"], body["active"], body["events"] = "Made by a tool", false, events
			}
			encoded, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			made := object(t, asks(c, token, sent.path(), string(encoded), http.StatusOK))
			id := int(made["id"].(float64))
			change := func(fields map[string]any) {
				t.Helper()
				if _, err := api.IntegrationPartialUpdate(id, fields); err != nil {
					t.Fatalf("%v: %v", fields, err)
				}
			}
			if sent.Type == "telegram" { // as the tool does
				change(map[string]any{"name": "Made by a tool", "active": false, "events": events})
			}
			want := &client.IntegrationObject{ID: id, Name: "Made by a tool", Type: sent.Type, CreatedAt: int(made["created_at"].(float64)),
				CreatedBy: "John Doe <johndoe@example.com>", Target: sent.Shown}
			wants := func(what string) {
				t.Helper()
				for range 2 { // read again there is no difference
					got, err := api.IntegrationRead(1, id)
					if err != nil {
						t.Fatalf("%s: %v", what, err)
					}
					if len(got.Events) > 0 {
						want.Events = got.Events
					}
					if !reflect.DeepEqual(got, want) {
						t.Errorf("%s:\n%+v, not\n%+v", what, got, want)
					}
				}
			}
			wants("created")
			read, err := api.IntegrationRead(1, id)
			if err != nil || len(read.Events) != 2 || read.Events[0].Event != "siem" || !read.Events[0].Active || !*read.Events[0].WithHeaders ||
				read.Events[1].Event != "system" || read.Events[1].Active || read.Events[1].WithHeaders != nil {
				t.Errorf("events: %+v, %v", read, err)
			}
			settings := c.Cell(`SELECT hex(settings) FROM integrations WHERE id = $1`, id)
			change(map[string]any{"name": "Renamed"})
			want.Name = "Renamed"
			wants("renamed")
			change(map[string]any{"active": true})
			want.Active = true
			wants("switched on")
			if c.Cell(`SELECT hex(settings) FROM integrations WHERE id = $1`, id) != settings {
				t.Error("what was not said has changed the settings")
			}
			change(sent.Update)
			want.Target = sent.Updated
			wants("sent elsewhere")
			change(map[string]any{"type": sent.Type, "events": []any{}})
			want.Events = nil
			if read, err = api.IntegrationRead(1, id); err != nil || len(read.Events) != 0 {
				t.Errorf("without events: %+v, %v", read, err)
			}
			if status, _ := request(c, token, http.MethodPut, fmt.Sprint("/v2/integration/", id), `{"type":"king"}`); status != http.StatusUnprocessableEntity {
				t.Errorf("another type: %d", status)
			}
			if _, err := api.IntegrationRead(2, id); err == nil {
				t.Error("it is listed by another tenant")
			}
			if err := api.IntegrationDelete(id); err != nil {
				t.Fatal(err)
			}
			_, err = api.IntegrationRead(1, id)
			wantStatus(t, "read when deleted", err, http.StatusNotFound)
			wantStatus(t, "deleted twice", api.IntegrationDelete(id), http.StatusNotFound)
			_, err = api.IntegrationPartialUpdate(id, map[string]any{"name": "X"})
			wantStatus(t, "changed when deleted", err, http.StatusNotFound)
		})
	}
	for body, want := range map[string]int{
		`{"type":"king","name":"X"}`: 422, `{"type":"slack","name":"X","target":["x"]}`: 400, `{"type":"slack","name":"X"}`: 422,
		`{"type":"slack","name":"X","target":"http://127.0.0.1@evil/"}`: 422, `{"type":"slack","name":"X","target":"https://a.example/x","events":1}`: 400,
		`{"type":"slack","name":"X","target":"https://a.example/x","clientid":999}`:                  404,
		`{"type":"opsgenie","name":"X","target":{"token":"12345678","api":"https://evil.example/"}}`: 422,
		`{"type":"data_dog","name":"X","target":{"token":"12345678","region":"Mars"}}`:               422,
		`{"type":"web_hooks","name":"X","target":{"url":"https://a.example/x","format":"xml"}}`:      422,
	} {
		asks(c, token, "/v2/integration", body, want)
	}
	c.WantCount(0, `SELECT count(*) FROM integrations`)
}

// TestWallarm_ToolReplaysUsers does with a person what a declarative tool does.
func TestWallarm_ToolReplaysUsers(t *testing.T) {
	t.Parallel()
	_, api := startProgram(t)
	for _, role := range []string{"deploy", "analytic", "admin", "auditor"} {
		email := role + "ab@cdefgh.ijk"
		made, err := api.UserCreate(&client.UserCreate{Email: email, Username: email, Password: "3~Qwk_tR4z", Realname: "abcdefgh ijklmn",
			Permissions: []string{role}, Clientid: 1, Enabled: true})
		if err != nil {
			t.Fatal(err)
		}
		id := made.Body.ID
		read := func() client.UserParams {
			t.Helper()
			found, err := api.UserRead(&client.UserGet{Limit: 1000, OrderBy: "realname", Filter: &client.UserFilter{ID: id}})
			if err != nil || len(found.Body) != 1 {
				t.Fatalf("%+v, %v", found, err)
			}
			return found.Body[0]
		}
		first := read()
		if !reflect.DeepEqual(first, *made.Body) || !reflect.DeepEqual(first, read()) {
			t.Errorf("%s: created %+v, read %+v", role, made.Body, first)
		}
		want := client.UserCreate{Email: email, Username: email, Realname: "abcdefgh ijklmn", Permissions: []string{role}, Clientid: 1, Enabled: true}
		if !reflect.DeepEqual(*first.UserCreate, want) {
			t.Errorf("%s: %+v", role, first.UserCreate)
		}
		update := &client.UserUpdate{UserFilter: &client.UserFilter{ID: id}, UserFields: &client.UserFields{Realname: "Other Name"}}
		if err := api.UserUpdate(update); err != nil {
			t.Fatal(err)
		}
		renamed := read()
		if want.Realname = "Other Name"; !reflect.DeepEqual(*renamed.UserCreate, want) {
			t.Errorf("%s: %+v", role, renamed.UserCreate)
		}
		update.UserFields = &client.UserFields{Permissions: []string{"api_developer"}}
		if err := api.UserUpdate(update); err != nil {
			t.Fatal(err)
		}
		if want.Permissions = update.Permissions; !reflect.DeepEqual(*read().UserCreate, want) {
			t.Errorf("%s: %+v", role, read().UserCreate)
		}
		if err := api.UserDelete(&client.UserDelete{Filter: &client.UserFilter{ID: id, Clientid: []int{1}}}); err != nil {
			t.Fatal(err)
		}
		if found, err := api.UserRead(&client.UserGet{Limit: 1, Filter: &client.UserFilter{ID: id}}); err != nil || len(found.Body) != 0 {
			t.Errorf("deleted: %+v, %v", found, err)
		}
		wantStatus(t, "deleted twice", api.UserDelete(&client.UserDelete{Filter: &client.UserFilter{ID: id}}), http.StatusNotFound)
	}
}

// TestWallarm_ToolReplaysTenants does with a tenant what a declarative tool does; it only disables it where deleting is not allowed.
func TestWallarm_ToolReplaysTenants(t *testing.T) {
	t.Parallel()
	_, api := startProgram(t)
	one := func(id int) client.ClientInfoBody {
		t.Helper()
		found, err := api.ClientRead(&client.ClientRead{Limit: 1, Filter: &client.ClientReadFilter{ClientFilter: client.ClientFilter{ID: id}}})
		if err != nil || len(found.Body) != 1 {
			t.Fatalf("%+v, %v", found, err)
		}
		return found.Body[0]
	}
	partner := one(1).PartnerUUID
	made, err := api.ClientCreate(&client.ClientCreate{Name: "tf-test-abc", PartnerUUID: partner})
	if err != nil {
		t.Fatal(err)
	}
	id := made.Body.ID
	first := one(id)
	if !reflect.DeepEqual(first, made.Body) || !reflect.DeepEqual(first, one(id)) || first.Name != "tf-test-abc" || first.PartnerUUID != partner ||
		first.UUID == "" || !first.Enabled {
		t.Errorf("created %+v, read %+v", made.Body, first)
	}
	for range 2 { // the same change again changes nothing
		changed, err := api.ClientUpdate(&client.ClientUpdate{Filter: &client.ClientFilter{ID: id}, Fields: &client.ClientFields{Name: "tf-test-b"}})
		if first.Name = "tf-test-b"; err != nil || !reflect.DeepEqual(changed.Body[0], first) || !reflect.DeepEqual(one(id), first) {
			t.Errorf("renamed: %+v, %v", changed, err)
		}
	}
	off := false
	for range 2 {
		if _, err := api.ClientUpdate(&client.ClientUpdate{Filter: &client.ClientFilter{ID: id}, Fields: &client.ClientFields{Enabled: &off}}); err != nil {
			t.Fatal(err)
		}
		if first.Enabled = false; !reflect.DeepEqual(one(id), first) {
			t.Errorf("disabled: %+v", one(id))
		}
	}
}

// TestWallarm_ToolReplaysTriggers does with triggers what a declarative tool does: of people, of which the console tells, and of the
// products around it, of which it only keeps them.
func TestWallarm_ToolReplaysTriggers(t *testing.T) {
	t.Parallel()
	c, api := startProgram(t)
	admin := c.Administrator()
	made, err := api.EmailIntegrationCreate(&client.EmailIntegrationCreate{Name: "New Terraform Integration", Target: []string{"abc@wallarm.com"},
		Type: "email", Clientid: 1, Active: true})
	if err != nil {
		t.Fatal(err)
	}
	notified := client.TriggerActions{ID: "send_notification"}
	notified.Params.IntegrationIds = []int{made.Body.ID}
	blocked := client.TriggerActions{ID: "block_ips"}
	blocked.Params.LockTime = 2592000
	is := func(id string, values ...any) client.TriggerFilters {
		return client.TriggerFilters{ID: id, Operator: "eq", Values: values}
	}
	threshold := &client.TriggerThreshold{Period: 86400, Operator: "gt", Count: 10000, AllowedOperators: []string{"gt"}}
	for what, sent := range map[string]client.TriggerParam{
		"everybody who is added": {TemplateID: "user_created", Actions: &[]client.TriggerActions{notified}, Filters: &[]client.TriggerFilters{}},
		"Analysts who are added": {TemplateID: "user_created", Actions: &[]client.TriggerActions{notified},
			Filters: &[]client.TriggerFilters{is("user_role", "analytic", "partner_analytic")}},
		"another filter": {TemplateID: "user_created", Actions: &[]client.TriggerActions{notified},
			Filters: &[]client.TriggerFilters{is("ip_address", "1.1.1.1")}},
		"attacks": {TemplateID: "attacks_exceeded", Threshold: threshold, Actions: &[]client.TriggerActions{notified}, Filters: &[]client.TriggerFilters{
			is("ip_address", "1.1.1.1", "2.2.2.2"), is("pool", -1.0), is("attack_type", "sqli"), is("domain", "example.com"),
			is("target", "server", "database"), is("response_status", 504.0, "5xx")}},
		"brute force": {TemplateID: "bruteforce_started", Threshold: threshold, Filters: &[]client.TriggerFilters{is("hint_tag", "b:abc")},
			Actions: &[]client.TriggerActions{{ID: "mark_as_brute"}, blocked}},
	} {
		sent.Name, sent.Comment, sent.Enabled = "Terraform managed trigger", "This trigger set by Terraform", true
		created, err := api.TriggerCreate(&client.TriggerCreate{Trigger: &sent}, 1)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		id := created.ID
		wants := func(when string) {
			t.Helper()
			for range 2 {
				all, err := api.TriggerRead(1)
				if err != nil || len(all.Triggers) != 1 {
					t.Fatalf("%s, %s: %+v, %v", what, when, all, err)
				}
				wantTrigger(t, what+", "+when, all.Triggers[0], sent, id)
			}
		}
		wantTrigger(t, what, *created.TriggerResp, sent, id)
		wants("read")
		known := sent.TemplateID == "user_created" && what != "another filter"
		page := admin.Get("/settings/triggers")
		if marked := strings.Contains(page.Body, "no events from this installation"); marked == known {
			t.Errorf("%s: the page marks it: %v", what, marked)
		}
		edit := fmt.Sprintf("/settings/triggers/%d/edit", id)
		if form := admin.Get(edit).Wants(http.StatusOK); !known {
			condition := c.Cell(`SELECT condition FROM triggers WHERE id = $1`, id)
			admin.Post(edit, "version", form.Version(), "name", "Named on the page", "description", sent.Comment, "condition", condition,
				"integration_ids", fmt.Sprint(made.Body.ID)).Wants(http.StatusSeeOther)
			sent.Name = "Named on the page"
			wants("renamed on the page")
		}
		sent.Name, sent.Enabled = "Renamed", false
		if _, err := api.TriggerUpdate(&client.TriggerCreate{Trigger: &sent}, 1, id); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		wants("changed")
		if status, body := request(c, tokenOf(c, harness.AdminEmail), http.MethodPut, fmt.Sprintf("/v2/clients/1/triggers/%d", id),
			`{"trigger":{"enabled":true}}`); status != http.StatusOK {
			t.Errorf("%s, partly changed: %d %s", what, status, body)
		}
		sent.Enabled = true
		wants("partly changed")
		wantStatus(t, "of another tenant", api.TriggerDelete(2, id), http.StatusNotFound)
		before := c.Queued("Renamed")
		if _, err := api.UserCreate(newUser(fmt.Sprint(id, "@example.com"), "analytic")); err != nil {
			t.Fatal(err)
		}
		if told := c.Queued("Renamed") > before; told != known {
			t.Errorf("%s: it tells of people: %v", what, told)
		}
		if err := api.TriggerDelete(1, id); err != nil {
			t.Fatal(err)
		}
		wantStatus(t, "deleted twice", api.TriggerDelete(1, id), http.StatusNotFound)
	}
	all, err := api.TriggerRead(999)
	if err != nil || len(all.Triggers) != 0 {
		t.Errorf("of an unknown tenant: %+v, %v", all, err)
	}
	token := tokenOf(c, harness.AdminEmail)
	for path, want := range map[string]int{"/v2/clients/999/triggers": http.StatusNotFound, "/v2/clients/1/triggers": http.StatusUnprocessableEntity} {
		asks(c, token, path, `{"trigger":{"name":"X","template_id":"user_created"}}`, want)
	}
	for _, trigger := range []string{`{"name":"X"}`, `{"name":"X","template_id":"no name"}`, `{"name":"X","template_id":"user_deleted","filters":[{"id":"ip"}]}`,
		`{"name":"X","template_id":"user_created","filters":[{"id":"user_role","operator":"eq","values":["king"]}],"actions":[]}`} {
		asks(c, token, "/v2/clients/1/triggers", `{"trigger":`+trigger+`}`, http.StatusUnprocessableEntity)
	}
}

// wantTrigger compares every field of a trigger that comes back with what was sent.
func wantTrigger(t *testing.T, what string, got client.TriggerResp, sent client.TriggerParam, id int) {
	t.Helper()
	if got.ID != id || got.Name != sent.Name || got.Comment != sent.Comment || got.Enabled != sent.Enabled || got.ClientID != 1 ||
		got.Template.ID != sent.TemplateID || len(got.Actions) != len(*sent.Actions) || len(got.Template.Actions) != len(*sent.Actions) {
		t.Errorf("%s: %+v", what, got)
	}
	for i, a := range *sent.Actions {
		if got.Actions[i].ID != a.ID || got.Template.Actions[i].Params.LockTime != a.Params.LockTime {
			t.Errorf("%s: action %d is %+v", what, i, got.Template.Actions[i])
		}
	}
	wantFilters, err := json.Marshal(sent.Filters)
	if err != nil {
		t.Fatal(err)
	}
	gotFilters, err := json.Marshal(got.Filters)
	if err != nil {
		t.Fatal(err)
	}
	var a, b any
	if json.Unmarshal(wantFilters, &a) != nil || json.Unmarshal(gotFilters, &b) != nil || !reflect.DeepEqual(a, b) {
		t.Errorf("%s: the filters are %s, not %s", what, gotFilters, wantFilters)
	}
	if sent.Threshold == nil {
		if got.Threshold.Count != 0 || len(got.Thresholds) != 0 {
			t.Errorf("%s: a threshold: %+v", what, got.Threshold)
		}
		return
	}
	if got.Threshold.Count != sent.Threshold.Count || got.Threshold.Period != sent.Threshold.Period || got.Threshold.Operator != "gt" ||
		got.Template.Threshold.Count != sent.Threshold.Count || len(got.Thresholds) != 1 {
		t.Errorf("%s: the threshold is %+v", what, got.Threshold)
	}
}
