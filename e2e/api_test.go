package e2e

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"console/e2e/apiclient"
	"console/e2e/harness"
)

// startAPI serves a console, and returns it with the client made from the API's document, which works with a token of the
// administrator, and that token.
func startAPI(t *testing.T) (*harness.Console, *apiclient.ClientWithResponses, string) {
	t.Helper()
	c := harness.Start(t, nil)
	c.SetUp()
	token := tokenOf(c, harness.AdminEmail)
	return c, c.API(token), token
}

func TestAPI_Groups(t *testing.T) {
	c, api, token := startAPI(t)
	ctx := t.Context()
	main := int64(1) // the main tenant is the first
	made, err := api.CreateGroupWithResponse(ctx, nil, apiclient.NewGroup{Name: "Auditors", Role: new(apiclient.NewGroupRoleReadOnly),
		TenantIds: &[]int64{main}})
	if err != nil {
		t.Fatal(err)
	}
	if made.JSON201 == nil {
		t.Fatalf("a group is not made: %s", made.Body)
	}
	group := *made.JSON201
	if at := made.HTTPResponse.Header.Get("Location"); !strings.HasSuffix(at, "/api/v1/groups/"+strconv.FormatInt(group.Id, 10)) {
		t.Errorf("it is said to be at %q", at)
	}
	read, err := api.ReadGroupWithResponse(ctx, group.Id)
	if err != nil || read.JSON200 == nil || read.JSON200.Name != "Auditors" || len(read.JSON200.TenantIds) != 1 {
		t.Fatalf("it reads as %s, %v", read.Body, err)
	}
	if answer, _ := c.AskAPI(token, http.MethodGet, "/groups/"+strconv.FormatInt(group.Id, 10), "", "If-None-Match",
		read.HTTPResponse.Header.Get("ETag")); answer.StatusCode != http.StatusNotModified {
		t.Errorf("what is known already is answered %d", answer.StatusCode)
	}
	renamed, err := api.RenameGroupWithResponse(ctx, group.Id, &apiclient.RenameGroupParams{IfMatch: read.HTTPResponse.Header.Get("ETag")},
		apiclient.GroupName{Name: "Inspectors"})
	if err != nil || renamed.JSON200 == nil {
		t.Fatalf("it is not renamed: %s, %v", renamed.Body, err)
	}
	again, err := api.RenameGroupWithResponse(ctx, group.Id, &apiclient.RenameGroupParams{IfMatch: read.HTTPResponse.Header.Get("ETag")},
		apiclient.GroupName{Name: "Others"})
	if err != nil || again.StatusCode() != http.StatusPreconditionFailed {
		t.Errorf("with the ETag of before, a change is answered %s, %v", again.Body, err)
	}
	gone, err := api.DeleteGroupWithResponse(ctx, group.Id, nil)
	if err != nil || gone.StatusCode() != http.StatusNoContent {
		t.Errorf("it is not deleted: %s, %v", gone.Body, err)
	}
}

func TestAPI_WhatIsSentAgainIsDoneOnce(t *testing.T) {
	c, _, token := startAPI(t)
	first, body := c.AskAPI(token, http.MethodPost, "/groups", `{"name":"Once","role":"admin"}`, "Idempotency-Key", "one")
	if first.StatusCode != http.StatusCreated {
		t.Fatalf("a group is not made: %s", body)
	}
	second, again := c.AskAPI(token, http.MethodPost, "/groups", `{"name":"Once","role":"admin"}`, "Idempotency-Key", "one")
	if second.StatusCode != http.StatusCreated || again != body || second.Header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("sent again, it is answered %d %s", second.StatusCode, again)
	}
	if other, body := c.AskAPI(token, http.MethodPost, "/groups", `{"name":"Other","role":"admin"}`, "Idempotency-Key", "one"); //
	other.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, "key_reused") {
		t.Errorf("another request with that key is answered %d %s", other.StatusCode, body)
	}
	if other, body := c.AskAPI(tokenOf(c, harness.AdminEmail), http.MethodPost, "/groups", `{"name":"Other","role":"admin"}`,
		"Idempotency-Key", "one"); other.StatusCode != http.StatusCreated {
		t.Errorf("with that key of another token, it is answered %d %s", other.StatusCode, body)
	}
}

func TestAPI_ProblemsNameFieldAndRule(t *testing.T) {
	c, _, token := startAPI(t)
	for _, test := range []struct {
		method, path, body string
		status             int
		says               []string
	}{
		{http.MethodPost, "/groups", `{"name":"","nonsense":1}`, 422, []string{`"field":"nonsense"`, `"code":"invalid"`}},
		{http.MethodPost, "/groups", `{"name":""}`, 422, []string{`"field":"name"`}},
		{http.MethodPost, "/groups", `{"name":1}`, 422, []string{`"field":"name"`, "text"}},
		{http.MethodPost, "/groups", `{"Name":"x"}`, 422, []string{`"field":"Name"`, `"field":"name"`}},
		{http.MethodPost, "/groups", `{"name":"x","name":"y"}`, 422, []string{"twice"}},
		{http.MethodPost, "/groups", `[1]`, 400, []string{`"code":"unreadable"`}},
		{http.MethodPost, "/groups", `{"name":`, 400, []string{`"code":"unreadable"`}},
		{http.MethodGet, "/groups?limit=0", "", 422, []string{`"field":"limit"`}},
		{http.MethodGet, "/groups?limt=1", "", 422, []string{`"field":"limt"`}},
		{http.MethodGet, "/groups/nonsense", "", 404, []string{`"code":"not_found"`, "Look for it in its list"}},
		{http.MethodPost, "/tenants/1/disable", "", 409, []string{"PATCH /api/v1/settings/company"}},
		{http.MethodPost, "/groups", `{"name":"x","role":"admin","tenant_ids":[99]}`, 422, []string{`"detail":"tenant_ids: One of these`}},
		{http.MethodPost, "/triggers", `{"name":"x","condition":"y","integration_ids":[]}`, 422, []string{"condition: There is no condition “y”"}},
		{http.MethodGet, "/nonsense", "", 404, []string{`"code":"no_such_address"`}},
		{http.MethodPost, "/groups/1", "{}", 405, []string{`"code":"no_such_method"`}},
		{http.MethodPatch, "/groups/1", `{"name":"x"}`, 428, []string{`"code":"version_missing"`}},
	} {
		answer, body := c.AskAPI(token, test.method, test.path, test.body)
		if answer.StatusCode != test.status || answer.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s %s is answered %d: %s", test.method, test.path, test.body, answer.StatusCode, body)
		}
		if strings.Contains(strings.ToLower(body), "reload the page") {
			t.Errorf("%s %s %s speaks of pages: %s", test.method, test.path, test.body, body)
		}
		for _, said := range test.says {
			if !strings.Contains(body, said) {
				t.Errorf("%s %s %s: %q is not in %s", test.method, test.path, test.body, said, body)
			}
		}
		if test.status == 422 && answer.Header.Get("RateLimit") == "" {
			t.Errorf("%s %s says nothing of the limit", test.method, test.path)
		}
	}
}
