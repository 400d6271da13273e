package e2e

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"console/e2e/apiclient"
	"console/e2e/harness"
	"console/internal/permission"
)

func TestAPI_BulkJobs(t *testing.T) {
	c, api, token := startAPI(t)
	ctx := t.Context()
	var ids []int64
	for i := range 5 {
		ids = append(ids, c.Person(permission.Analyst, "Ann", strconv.Itoa(i), "ann"+strconv.Itoa(i)+"@example.com").ID)
	}
	filter := &apiclient.UserFilter{Role: new(apiclient.UserFilterRole("analyst"))}
	preview, err := api.PreviewBulkWithResponse(ctx, apiclient.Bulk{Action: "disable", Filter: filter})
	wantAnswer(t, http.StatusOK, preview, err)
	if p := preview.JSON200; p.Total != 5 || len(p.First) != 5 || p.First[0].Id != ids[0] {
		t.Fatalf("the preview is %s", preview.Body)
	}
	other, err := api.StartBulkWithResponse(ctx, nil, apiclient.BulkOrder{Action: "disable", Filter: filter, Total: new(4)})
	wantAnswer(t, http.StatusConflict, other, err)
	another, err := api.StartBulkWithResponse(ctx, &apiclient.StartBulkParams{Confirm: new("another")}, apiclient.BulkOrder{Action: "disable", Ids: &ids})
	wantAnswer(t, http.StatusConflict, another, err)
	order := apiclient.BulkOrder{Action: "disable", Filter: filter, Total: new(5)}
	params := &apiclient.StartBulkParams{Confirm: &preview.JSON200.Digest, IdempotencyKey: new("one")}
	begun, err := api.StartBulkWithResponse(ctx, params, order)
	wantAnswer(t, http.StatusCreated, begun, err)
	c.WaitForJob(begun.JSON201.Id)
	again, err := api.StartBulkWithResponse(ctx, params, order)
	wantAnswer(t, http.StatusCreated, again, err)
	if again.JSON201.Id != begun.JSON201.Id {
		t.Errorf("sent again, another job begins: %s", again.Body)
	}
	read, err := api.ReadJobWithResponse(ctx, begun.JSON201.Id)
	wantAnswer(t, http.StatusOK, read, err)
	if j := read.JSON200; j.Done != 5 || j.Refused != 0 || j.EndedAt == nil || j.Kind != "disable" {
		t.Errorf("the job reads as %s", read.Body)
	}
	var got []int64
	for params := (apiclient.ListJobOutcomesParams{Limit: new(2)}); ; {
		page, err := api.ListJobOutcomesWithResponse(ctx, begun.JSON201.Id, &params)
		wantAnswer(t, http.StatusOK, page, err)
		for _, o := range page.JSON200.Items {
			if got = append(got, o.UserId); !o.Done {
				t.Errorf("somebody was refused: %+v", o)
			}
		}
		if params.Cursor = &page.JSON200.Next; page.JSON200.Next == "" {
			break
		}
	}
	if len(got) != 5 || got[0] != ids[0] || got[4] != ids[4] {
		t.Errorf("outcomes are of %v, want %v", got, ids)
	}
	path := "/jobs/" + strconv.FormatInt(begun.JSON201.Id, 10)
	for _, address := range []string{path, path + "/outcomes"} {
		if answer, body := c.AskAPI(tokenOf(c, harness.AdminEmail), http.MethodGet, address, ""); answer.StatusCode != http.StatusNotFound {
			t.Errorf("to another token %s is answered %d %s", address, answer.StatusCode, body)
		}
	}
	for body, said := range map[string]string{
		`{"action":"disable"}`:                                         `"field":"ids"`,
		`{"action":"promote","ids":[1]}`:                               `"field":"action"`,
		`{"action":"enable","filter":{"status":"enabled"},"total":5}`:  `"field":"filter.status"`,
		`{"action":"enable","filter":{"nonsense":1},"total":5}`:        `"field":"filter`,
		`{"action":"enable","ids":[1],"filter":{"q":"ann"},"total":5}`: `"field":"ids"`,
	} {
		if answer, got := c.AskAPI(token, http.MethodPost, "/users/bulk", body); answer.StatusCode != http.StatusUnprocessableEntity ||
			!strings.Contains(got, said) {
			t.Errorf("%s is answered %d %s", body, answer.StatusCode, got)
		}
	}
}

func TestAPI_Import(t *testing.T) {
	c, api, token := startAPI(t)
	ctx := t.Context()
	file := apiclient.ImportFile{Csv: "email,first name,role,shoe size\nann@example.com,Ann,Analyst,38\nnobody,,Analyst,\n" + harness.AdminEmail + ",,Analyst,\n",
		TenantId: 1}
	preview, err := api.PreviewImportWithResponse(ctx, file)
	wantAnswer(t, http.StatusOK, preview, err)
	p := preview.JSON200
	if p.New != 1 || p.Existing != 1 || p.Problems != 1 || len(p.Lines) != 3 || p.Lines[1].Problem == "" || p.UnknownColumns[0] != "shoe size" {
		t.Errorf("the preview is %s", preview.Body)
	}
	in := apiclient.ImportConfirmed{Csv: file.Csv, TenantId: 1}
	other, err := api.StartImportWithResponse(ctx, &apiclient.StartImportParams{Confirm: new("another")}, in)
	wantAnswer(t, http.StatusConflict, other, err)
	params := &apiclient.StartImportParams{Confirm: &p.Digest, IdempotencyKey: new("one")}
	begun, err := api.StartImportWithResponse(ctx, params, in)
	wantAnswer(t, http.StatusCreated, begun, err)
	if job := c.WaitForJob(begun.JSON201.Id); job.Total != 1 || c.User("ann@example.com").Role != permission.Analyst {
		t.Errorf("the job is %+v", job)
	}
	again, err := api.StartImportWithResponse(ctx, params, in)
	wantAnswer(t, http.StatusCreated, again, err)
	nobody, err := api.StartImportWithResponse(ctx, nil, in) // without a preview; they are all there now
	wantAnswer(t, http.StatusUnprocessableEntity, nobody, err)
	if !strings.Contains(string(nobody.Body), `"field":"csv"`) {
		t.Errorf("a file of nobody is answered %s", nobody.Body)
	}
	blind, err := api.StartImportWithResponse(ctx, nil, apiclient.ImportConfirmed{Csv: "email,role\nbea@example.com,Analyst\n", TenantId: 1})
	wantAnswer(t, http.StatusCreated, blind, err)
	c.WaitForJob(blind.JSON201.Id)
	if c.User("bea@example.com").ID == 0 {
		t.Error("without a preview nobody is imported")
	}
	large := `{"tenant_id":1,"csv":"email,role` + strings.Repeat(" ", 400<<10) + `\nbob@example.com,Analyst"}` // as no other request may be
	if answer, body := c.AskAPI(token, http.MethodPost, "/users/previews/import", large); answer.StatusCode != http.StatusOK {
		t.Errorf("a large file is answered %d %.200s", answer.StatusCode, body)
	}
}

func TestAPI_GroupMembersAndTenants(t *testing.T) {
	c, api, token := startAPI(t)
	ctx := t.Context()
	made, err := api.CreateGroupWithResponse(ctx, nil, apiclient.NewGroup{Name: "Admins", Role: new(apiclient.NewGroupRoleAdmin),
		TenantIds: &[]int64{1}})
	wantAnswer(t, http.StatusCreated, made, err)
	group := *made.JSON201
	ann := c.Person(permission.Analyst, "Ann", "Lee", "ann@example.com")
	bob := c.Person(permission.Analyst, "Bob", "Roe", "bob@example.com")
	added, err := api.AddGroupMembersWithResponse(ctx, group.Id, apiclient.NewMembers{UserIds: &[]int64{ann.ID}, Emails: &[]string{"bob@example.com"}})
	wantAnswer(t, http.StatusOK, added, err)
	if added.JSON200.Changed != 2 {
		t.Errorf("added are %s", added.Body)
	}
	var got []int64
	for params := (apiclient.ListGroupMembersParams{Limit: new(1)}); ; {
		page, err := api.ListGroupMembersWithResponse(ctx, group.Id, &params)
		wantAnswer(t, http.StatusOK, page, err)
		for _, u := range page.JSON200.Items {
			got = append(got, u.Id)
		}
		if params.Cursor = &page.JSON200.Next; page.JSON200.Next == "" {
			break
		}
	}
	if len(got) != 2 || got[0] != ann.ID || got[1] != bob.ID {
		t.Errorf("in the group are %v", got)
	}
	nowhere, err := api.ListGroupMembersWithResponse(ctx, 99, nil)
	wantAnswer(t, http.StatusNotFound, nowhere, err)
	unknown, err := api.AddGroupMembersWithResponse(ctx, group.Id, apiclient.NewMembers{Emails: &[]string{"nobody@example.com"}})
	wantAnswer(t, http.StatusUnprocessableEntity, unknown, err)

	weaker, err := api.PreviewGroupPermissionsWithResponse(ctx, group.Id, &apiclient.PreviewGroupPermissionsParams{IfMatch: etag(group.Version)},
		apiclient.GroupPermissionsWanted{Role: new(apiclient.GroupPermissionsWantedRole("read_only"))})
	wantAnswer(t, http.StatusOK, weaker, err)
	gone, err := api.PreviewDeleteGroupWithResponse(ctx, group.Id)
	wantAnswer(t, http.StatusOK, gone, err)
	left, err := api.PreviewRemoveGroupMembersWithResponse(ctx, group.Id, apiclient.FormerMembers{UserIds: []int64{ann.ID}})
	wantAnswer(t, http.StatusOK, left, err)
	if weaker.JSON200.Losing != 2 || gone.JSON200.Losing != 2 || left.JSON200.Losing != 1 {
		t.Errorf("%d lose by another role, %d by its end, %d by leaving", weaker.JSON200.Losing, gone.JSON200.Losing, left.JSON200.Losing)
	}
	other, err := api.RemoveGroupMembersWithResponse(ctx, group.Id, &apiclient.RemoveGroupMembersParams{Confirm: &left.JSON200.Digest},
		apiclient.FormerMembersConfirmed{UserIds: []int64{bob.ID}})
	wantAnswer(t, http.StatusConflict, other, err)
	removed, err := api.RemoveGroupMembersWithResponse(ctx, group.Id, &apiclient.RemoveGroupMembersParams{Confirm: &left.JSON200.Digest},
		apiclient.FormerMembersConfirmed{UserIds: []int64{ann.ID}})
	wantAnswer(t, http.StatusOK, removed, err)

	staging := c.NewTenant(c.Administrator(), "Staging")
	tenant, err := strconv.ParseInt(staging, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	wider, err := api.AddGroupTenantsWithResponse(ctx, group.Id, apiclient.NewGroupTenants{TenantIds: []int64{tenant}})
	wantAnswer(t, http.StatusOK, wider, err)
	uncovered, err := api.PreviewRemoveGroupTenantWithResponse(ctx, group.Id, tenant)
	wantAnswer(t, http.StatusOK, uncovered, err)
	if p := uncovered.JSON200; p.Losing != 1 || p.First[0].Lost[0].TenantId != tenant {
		t.Errorf("the preview is %s", uncovered.Body)
	}
	wrong, err := api.RemoveGroupTenantWithResponse(ctx, group.Id, tenant, &apiclient.RemoveGroupTenantParams{Confirm: &gone.JSON200.Digest})
	wantAnswer(t, http.StatusConflict, wrong, err)
	narrower, err := api.RemoveGroupTenantWithResponse(ctx, group.Id, tenant, &apiclient.RemoveGroupTenantParams{Confirm: &uncovered.JSON200.Digest})
	wantAnswer(t, http.StatusOK, narrower, err)
	if answer, body := c.AskAPI(token, http.MethodPost, "/groups/"+strconv.FormatInt(group.Id, 10)+"/tenants", `{"tenant_ids":[99]}`); //
	answer.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, `"field":"tenant_ids"`) {
		t.Errorf("a tenant that there is not is answered %d %s", answer.StatusCode, body)
	}
}
