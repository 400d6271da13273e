package e2e

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"console/e2e/apiclient"
	"console/internal/account"
)

func TestAPI_Activity(t *testing.T) {
	c, api, token := startAPI(t)
	as := caller{c, token}
	began := time.Now().Add(-time.Second).UTC().Format(time.RFC3339)
	for _, name := range []string{"One", "Two", "Three"} {
		as.ask(201, http.MethodPost, "/groups", `{"name":"`+name+`","role":"read_only"}`)
	}
	as.ask(200, http.MethodPatch, "/groups/1", `{"name":"First"}`, "If-Match", `"1"`)
	listed, err := api.ListActivityWithResponse(t.Context(), &apiclient.ListActivityParams{Limit: new(1)})
	if err != nil || listed.JSON200 == nil || len(listed.JSON200.Items) != 1 || listed.JSON200.Next == "" {
		t.Fatalf("the activity log begins with %s, %v", listed.Body, err)
	}
	newest := listed.JSON200.Items[0]
	if newest.Action != "change group" || newest.Source != "API token" || newest.Token == "" || len(newest.Changes) != 1 ||
		newest.Changes[0].Previous != "One" || newest.Changes[0].New != "First" {
		t.Errorf("the newest entry is %+v", newest)
	}
	all := as.everyPage("/activity")
	if len(all) != c.Count(`SELECT count(*) FROM activity`) {
		t.Errorf("%d entries are read", len(all))
	}
	as.ask(200, http.MethodGet, "/activity/"+all[0], "").says(`"action":"change group"`, `"previous":"One"`)
	as.ask(404, http.MethodGet, "/activity/9999", "")
	for query, want := range map[string]int{
		"object_type=group":                                4,
		"object_type=group&object_id=1":                    2,
		"action=create+group":                              3,
		"action=create+group&outcome=failed":               0,
		"source=API+token&object_type=group":               4,
		"q=three":                                          1,
		"object_type=group&actor_id=1":                     4,
		"object_type=group&nobody=true":                    0,
		"object_type=group&from=" + url.QueryEscape(began): 4,
		"object_type=group&to=" + url.QueryEscape(began):   0,
		"object_type=group&user_id=1":                      4,
	} {
		if got := as.everyPage("/activity?" + query); len(got) != want {
			t.Errorf("%s finds %v", query, got)
		}
	}
	as.ask(422, http.MethodGet, "/activity?object_id=1", "").says(`"field":"object_id"`)
	as.ask(422, http.MethodGet, "/activity?action=nonsense", "").says(`"field":"action"`)
	as.ask(422, http.MethodGet, "/activity?from=yesterday", "").says(`"field":"from"`)
	as.ask(422, http.MethodGet, "/activity?object_type=thing", "").says(`"field":"object_type"`)
	as.narrowed("users.view").ask(403, http.MethodGet, "/activity", "").says(`"permission":"activity.view"`)
}

// Each type of object that entries can have can be asked for.
func TestAPI_ActivityOfEveryType(t *testing.T) {
	c, _, token := startAPI(t)
	as := caller{c, token}
	for _, kind := range account.ObjectTypes() {
		as.ask(200, http.MethodGet, "/activity?object_type="+url.QueryEscape(kind.Name), "")
	}
}

func TestAPI_ActivityExport(t *testing.T) {
	c, api, token := startAPI(t)
	as := caller{c, token}
	as.ask(201, http.MethodPost, "/groups", `{"name":"One","role":"read_only"}`)
	lines, err := api.ExportActivityLinesWithResponse(t.Context(), &apiclient.ExportActivityLinesParams{})
	if err != nil || lines.StatusCode() != 200 || lines.HTTPResponse.Header.Get("Content-Type") != "application/x-ndjson" {
		t.Fatalf("the export is answered %s, %v", lines.Body, err)
	}
	if got := strings.Count(string(lines.Body), "\n"); got != c.Count(`SELECT count(*) FROM activity`) {
		t.Errorf("%d lines are exported", got)
	}
	if c.Entries("export activity", account.Done) != 1 {
		t.Error("the export is no entry")
	}
	sheet := as.ask(200, http.MethodGet, "/activity/export.csv?object_type=group", "")
	sheet.says("time (UTC)", "One")
	if got := strings.Count(sheet.body, "\n"); got != 2 {
		t.Errorf("the sheet has %d lines", got)
	}
	narrow := as.narrowed("activity.view")
	narrow.ask(403, http.MethodGet, "/activity/export.csv", "").says(`"permission":"activity.export"`)
	narrow.ask(403, http.MethodGet, "/activity/export.ndjson", "").says(`"permission":"activity.export"`)
	as.ask(422, http.MethodGet, "/activity/export.ndjson?limit=1", "").says(`"field":"limit"`)
	if slices.Contains(c.Column(`SELECT outcome FROM activity WHERE action = 'export activity'`), "failed") {
		t.Error("an export failed")
	}
}
