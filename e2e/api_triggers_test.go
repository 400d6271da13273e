package e2e

import (
	"net/http"
	"testing"

	"console/e2e/apiclient"
)

func TestAPI_TriggersAndDeliveries(t *testing.T) {
	c, api, token := startAPI(t)
	as := caller{c, token}
	as.ask(201, http.MethodPost, "/integrations", `{"kind":"webhook","name":"Hook","settings":{"url":"`+c.Receiver.URL+`/hook"}}`)
	key := "trigger"
	made, err := api.CreateTriggerWithResponse(t.Context(), &apiclient.CreateTriggerParams{IdempotencyKey: &key}, apiclient.NewTrigger{
		Name: "Newcomers", Condition: "user_added", RoleOperator: new(apiclient.NewTriggerRoleOperator("eq")), Roles: &[]string{"analyst"},
		IntegrationIds: []int64{1}})
	if err != nil || made.JSON201 == nil || !made.JSON201.Enabled || len(made.JSON201.Roles) != 1 || len(made.JSON201.IntegrationIds) != 1 {
		t.Fatalf("a trigger is made: %s, %v", made.Body, err)
	}
	again, err := api.CreateTriggerWithResponse(t.Context(), &apiclient.CreateTriggerParams{IdempotencyKey: &key}, apiclient.NewTrigger{
		Name: "Newcomers", Condition: "user_added", RoleOperator: new(apiclient.NewTriggerRoleOperator("eq")), Roles: &[]string{"analyst"},
		IntegrationIds: []int64{1}})
	if err != nil || again.JSON201 == nil || again.JSON201.Id != made.JSON201.Id {
		t.Errorf("sent again, it is answered %s, %v", again.Body, err)
	}
	as.ask(422, http.MethodPost, "/triggers", `{"name":"","condition":"nonsense","integration_ids":[]}`).
		says(`"field":"name"`, `"field":"condition"`, `"field":"integration_ids"`)
	as.ask(422, http.MethodPost, "/triggers", `{"name":"T","condition":"user_added","integration_ids":[9]}`).says(`"field":"integration_ids"`)
	read := as.ask(200, http.MethodGet, "/triggers/1", "")
	changed := as.ask(200, http.MethodPut, "/triggers/1",
		`{"name":"All","description":"Everybody","condition":"user_added","integration_ids":[1]}`, read.etag()...)
	changed.says(`"name":"All"`, `"roles":[]`, `"integration_ids":[1]`, `"enabled":true`)
	as.ask(412, http.MethodPut, "/triggers/1", `{"name":"T","condition":"user_added","integration_ids":[1]}`, read.etag()...)
	as.ask(428, http.MethodPut, "/triggers/1", `{"name":"T","condition":"user_added","integration_ids":[1]}`)
	as.ask(200, http.MethodPost, "/triggers/1/disable", "").says(`"enabled":false`, `"integration_ids":[1]`)
	as.ask(200, http.MethodPost, "/triggers/1/enable", "").says(`"enabled":true`)
	as.ask(201, http.MethodPost, "/triggers/1/duplicate", "").says(`"name":"Copy of All"`, `"enabled":false`, `"integration_ids":[1]`)
	as.ask(201, http.MethodPost, "/triggers", `{"name":"Third","condition":"settings_changed","object_types":["group"],"integration_ids":[1],"enabled":false}`)
	if ids := as.everyPage("/triggers"); len(ids) != 3 {
		t.Errorf("the triggers are %v", ids)
	}
	if ids := as.everyPage("/triggers?state=disabled&mine=true&q=COPY"); len(ids) != 1 {
		t.Errorf("the disabled triggers with copy in their names are %v", ids)
	}
	as.ask(200, http.MethodPost, "/triggers/1/test", "").says(`"delivered":true`)
	as.ask(200, http.MethodPost, "/triggers/test", `{"condition":"user_deleted","integration_ids":[1]}`).says(`"delivered":true`)
	as.ask(422, http.MethodPost, "/triggers/test", `{"condition":"nonsense","integration_ids":[1]}`).says(`"field":"condition"`)

	admin := c.Administrator()
	for _, email := range []string{"a@example.com", "b@example.com", "c@example.com"} {
		c.Add(admin, "read_only", "A", "B", email)
	}
	c.Settled()
	ids := as.everyPage("/deliveries?trigger_id=1&state=delivered")
	if len(ids) != 3 {
		t.Fatalf("the deliveries are %v", ids)
	}
	if none := as.everyPage("/deliveries?integration_id=7"); len(none) != 0 {
		t.Errorf("the deliveries to none are %v", none)
	}
	as.ask(422, http.MethodGet, "/deliveries?state=lost", "").says(`"field":"state"`)
	delivery := as.ask(200, http.MethodGet, "/deliveries/"+ids[0], "")
	delivery.says("c@example.com", `"number":1`, `"state":"delivered"`)
	sent := as.ask(201, http.MethodPost, "/deliveries/"+ids[0]+"/send-again", "", "Idempotency-Key", "again")
	if sent.text("again_of") != ids[0] {
		t.Errorf("it is sent again as %s", sent.body)
	}
	if twice := as.ask(201, http.MethodPost, "/deliveries/"+ids[0]+"/send-again", "", "Idempotency-Key", "again"); twice.text("id") != sent.text("id") {
		t.Errorf("the same request has sent it twice: %s", twice.body)
	}
	as.ask(404, http.MethodPost, "/deliveries/999/send-again", "")

	preview := as.ask(200, http.MethodPost, "/triggers/1/previews/delete", "")
	as.ask(409, http.MethodDelete, "/triggers/1?confirm=another", "")
	as.ask(204, http.MethodDelete, "/triggers/1?confirm="+preview.text("digest"), "")
	as.ask(404, http.MethodGet, "/triggers/1", "")

	narrow := as.narrowed("triggers.create")
	narrow.ask(201, http.MethodPost, "/triggers", `{"name":"N","condition":"user_added","integration_ids":[1]}`).says(`"integration_ids":[1]`)
	narrow.ask(403, http.MethodGet, "/triggers", "").says(`"permission":"triggers.view"`)
	narrow.ask(403, http.MethodGet, "/deliveries", "").says(`"permission":"triggers.view"`)
	narrow.ask(403, http.MethodPost, "/triggers/2/enable", "").says(`"permission":"triggers.update"`)
	narrow.ask(403, http.MethodPost, "/deliveries/"+ids[0]+"/send-again", "").says(`"permission":"triggers.update"`)
	narrow.ask(403, http.MethodDelete, "/triggers/2", "").says(`"permission":"triggers.delete"`)
}
