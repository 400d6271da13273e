package e2e

import (
	"net/http"
	"strings"
	"testing"

	"console/e2e/apiclient"
	"console/e2e/harness"
)

// secretSettings are settings of each kind of integration, whose secrets have marked in them.
var secretSettings = map[string]string{
	"email":          `"emails":["ann@example.com","bob@example.com"]`,
	"slack":          `"url":"URL/marked"`,
	"teams":          `"url":"URL/marked"`,
	"telegram":       `"token":"123456789:marked_marked_marked","chat_id":"-1001234567890"`,
	"pagerduty":      `"integration_key":"marked0123456789","region":"eu"`,
	"opsgenie":       `"api_key":"marked0123456789","region":"eu"`,
	"insightconnect": `"url":"URL/marked","api_key":"marked0123456789"`,
	"splunk":         `"url":"URL/collector","token":"marked0123456789"`,
	"sumo_logic":     `"url":"URL/marked"`,
	"datadog":        `"api_key":"marked0123456789","site":"datadoghq.eu"`,
	"webhook": `"url":"URL/marked","method":"put","format":"ndjson","verify_tls":false,"request_timeout":7,` +
		`"headers":[{"name":"X-Key","value":"marked one"},{"name":"X-Other","value":"marked two"}]`,
}

func TestAPI_IntegrationsOfEveryKind(t *testing.T) {
	c, api, token := startAPI(t)
	as := caller{c, token}
	kinds, err := api.ListIntegrationKindsWithResponse(t.Context())
	if err != nil || kinds.JSON200 == nil || len(kinds.JSON200.Items) != len(secretSettings) {
		t.Fatalf("the kinds are %s, %v", kinds.Body, err)
	}
	for _, kind := range kinds.JSON200.Items {
		settings := strings.ReplaceAll(secretSettings[kind.Kind], "URL", c.Receiver.URL)
		made := as.ask(201, http.MethodPost, "/integrations", `{"kind":"`+kind.Kind+`","name":"`+kind.Label+`","settings":{`+settings+`}}`)
		one := "/integrations/" + made.text("id")
		if kind.Kind == "webhook" != strings.Contains(made.body, `"signing_secret":"whsec_`) {
			t.Errorf("%s: %s", kind.Kind, made.body)
		}
		made.hides("marked")
		read := as.ask(200, http.MethodGet, one, "")
		read.hides("marked", "whsec_")
		for _, setting := range kind.Settings {
			if setting.Required && setting.Secret && !strings.Contains(read.text("secrets_set"), setting.Name) {
				t.Errorf("%s does not say that %s is set: %s", kind.Kind, setting.Name, read.body)
			}
		}
		before := c.Cell(`SELECT hex(settings) FROM integrations WHERE id = ` + made.text("id"))
		changed := as.ask(200, http.MethodPatch, one, `{"name":"Another","active":false}`, read.etag()...)
		changed.says(`"name":"Another"`, `"active":false`)
		if changed.text("settings") != read.text("settings") || c.Cell(`SELECT hex(settings) FROM integrations WHERE id = `+made.text("id")) != before {
			t.Errorf("%s: with its name, its settings have changed: %s", kind.Kind, changed.body)
		}
		as.ask(412, http.MethodPatch, one, `{"name":"Third"}`, read.etag()...)
		as.ask(200, http.MethodPost, one+"/enable", "").says(`"active":true`)
		as.ask(200, http.MethodPost, one+"/disable", "").says(`"active":false`)
	}
	if ids := as.everyPage("/integrations"); len(ids) != len(secretSettings) {
		t.Errorf("the integrations are %v", ids)
	}
	as.ask(422, http.MethodPost, "/integrations", `{"kind":"slack","name":"S","settings":{"url":"nonsense","chat_id":"1"}}`).
		says(`"field":"settings.chat_id"`)
	as.ask(422, http.MethodPost, "/integrations", `{"kind":"slack","name":"","settings":{"url":"nonsense"}}`).
		says(`"field":"settings.url"`, `"field":"name"`)
	as.ask(422, http.MethodPost, "/integrations", `{"kind":"fax","name":"F","settings":{}}`).says(`"field":"kind"`)
	as.ask(422, http.MethodPost, "/integrations", `{"kind":"datadog","name":"D","settings":{"site":"example.com"}}`).
		says(`"field":"settings.site"`)
	as.ask(422, http.MethodPost, "/integrations", `{"kind":"slack","name":"S","settings":{"url":"https://a.example","url":"https://b.example"}}`).
		says(`"field":"settings"`, `The field \"url\" stands in it twice.`)
	as.ask(422, http.MethodPost, "/integrations", `{"kind":"slack","name":"S","settings":{"URL":"https://a.example"}}`).
		says(`"field":"settings"`, `There is no field \"URL\" in it.`)
	as.ask(404, http.MethodGet, "/integrations/99", "")
}

func TestAPI_Webhook(t *testing.T) {
	c, api, token := startAPI(t)
	as := caller{c, token}
	key := "hook"
	url := c.Receiver.URL + "/hook"
	hook := apiclient.NewIntegration{Kind: apiclient.NewIntegrationKind("webhook"), Name: new("Hook"), Settings: apiclient.IntegrationSettings{
		Url: &url, Headers: &[]apiclient.Header{{Name: "X-Key", Value: new("marked one")}, {Name: "X-Other", Value: new("marked two")}}}}
	made, err := api.CreateIntegrationWithResponse(t.Context(), &apiclient.CreateIntegrationParams{IdempotencyKey: &key}, hook)
	if err != nil || made.JSON201 == nil || made.JSON201.SigningSecret == nil {
		t.Fatalf("a webhook is made: %s, %v", made.Body, err)
	}
	again, err := api.CreateIntegrationWithResponse(t.Context(), &apiclient.CreateIntegrationParams{IdempotencyKey: &key}, hook)
	if err != nil || again.JSON201 == nil || again.JSON201.Id != made.JSON201.Id || again.JSON201.SigningSecret != nil {
		t.Errorf("sent again, it is answered %s, %v", again.Body, err)
	}
	read := as.ask(200, http.MethodGet, "/integrations/1", "")
	read.says("X-Key", "X-Other")
	changed := as.ask(200, http.MethodPatch, "/integrations/1", `{"settings":{"headers":[{"name":"X-Key"}],"method":"put"}}`, read.etag()...)
	changed.says("X-Key", `"method":"put"`)
	changed.hides("X-Other")
	as.ask(200, http.MethodPost, "/integrations/1/test", "").says(`"delivered":true`)
	got := c.Receiver.Requests()
	if len(got) != 1 || got[0].Method != http.MethodPut || got[0].Header.Get("X-Key") != "marked one" || got[0].Header.Get("X-Other") != "" {
		t.Errorf("the receiver got %+v", got)
	}
	as.ask(422, http.MethodPatch, "/integrations/1", `{"settings":{"url":"`+url+`/other"}}`, changed.etag()...).says(`"field":"settings.headers"`)
	emptied := as.ask(200, http.MethodPatch, "/integrations/1", `{"settings":{"url":"`+url+`/other","headers":[]}}`, changed.etag()...)
	emptied.hides("X-Key")

	preview := as.ask(200, http.MethodPost, "/integrations/1/previews/signing-secret", "")
	secret := as.ask(200, http.MethodPost, "/integrations/1/signing-secret?confirm="+preview.text("digest"), "")
	if value := secret.text("signing_secret"); !strings.HasPrefix(value, "whsec_") || value == *made.JSON201.SigningSecret {
		t.Errorf("the new secret is %q", value)
	}
	as.ask(409, http.MethodPost, "/integrations/1/signing-secret?confirm="+preview.text("digest"), "")
	as.ask(200, http.MethodPost, "/integrations/test", `{"kind":"webhook","settings":{"url":"`+c.Receiver.URL+`/unsaved"}}`).says(`"delivered":true`)
	own := as.ask(200, http.MethodPost, "/integrations/own-mailbox", "")
	own.says(harness.AdminEmail, `"kind":"email"`)
	if again := as.ask(200, http.MethodPost, "/integrations/own-mailbox", ""); again.text("id") != own.text("id") {
		t.Error("there is a second mailbox of one's own")
	}
	as.ask(404, http.MethodPost, "/integrations/"+own.text("id")+"/signing-secret", "")

	preview = as.ask(200, http.MethodPost, "/integrations/1/previews/delete", "")
	as.ask(201, http.MethodPost, "/triggers", `{"name":"T","condition":"user_added","integration_ids":[1]}`)
	as.ask(409, http.MethodDelete, "/integrations/1?confirm="+preview.text("digest"), "")
	as.ask(204, http.MethodDelete, "/integrations/1", "")
	as.ask(404, http.MethodGet, "/integrations/1", "")

	narrow := as.narrowed("integrations.create")
	narrow.ask(201, http.MethodPost, "/integrations", `{"kind":"slack","name":"S","settings":{"url":"`+url+`"}}`).hides("/hook")
	narrow.ask(403, http.MethodGet, "/integrations", "").says(`"permission":"integrations.view"`)
	narrow.ask(403, http.MethodPost, "/integrations/2/enable", "").says(`"permission":"integrations.update"`)
	narrow.ask(403, http.MethodDelete, "/integrations/2", "").says(`"permission":"integrations.delete"`)
}
