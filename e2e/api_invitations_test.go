package e2e

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"console/e2e/apiclient"
	"console/e2e/harness"
	"console/internal/permission"
)

func TestAPI_Invitations(t *testing.T) {
	c, api, token := startAPI(t)
	ctx := t.Context()
	made, err := api.InviteByLinkWithResponse(ctx, &apiclient.InviteByLinkParams{IdempotencyKey: new("one")}, apiclient.NewInvitation{
		Email: "ann@example.com", Role: "analyst", TenantId: new(int64(1)), Duration: "1d"})
	wantAnswer(t, http.StatusCreated, made, err)
	ann := *made.JSON201
	if !strings.HasPrefix(ann.Link, strings.TrimSuffix(c.URL.String(), "/")+"/signup/") || !ann.ByLink ||
		ann.InvitedBy.Email != harness.AdminEmail || !ann.ExpiresAt.After(ann.CreatedAt) {
		t.Errorf("somebody is invited as %s", made.Body)
	}
	again, err := api.InviteByLinkWithResponse(ctx, &apiclient.InviteByLinkParams{IdempotencyKey: new("one")}, apiclient.NewInvitation{
		Email: "ann@example.com", Role: "analyst", TenantId: new(int64(1)), Duration: "1d"})
	wantAnswer(t, http.StatusCreated, again, err)
	if again.JSON201.Id != ann.Id || again.JSON201.Link != "" {
		t.Errorf("sent again, it is answered %s", again.Body)
	}
	renewed, err := api.RenewInvitationLinkWithResponse(ctx, ann.Id)
	wantAnswer(t, http.StatusOK, renewed, err)
	if renewed.JSON200.Link == ann.Link || renewed.JSON200.Link == "" {
		t.Errorf("a new link is answered %s", renewed.Body)
	}
	resent, err := api.ResendInvitationWithResponse(ctx, ann.Id)
	wantAnswer(t, http.StatusConflict, resent, err) // there is no mail
	before, err := api.ReadInvitationWithResponse(ctx, ann.Id)
	wantAnswer(t, http.StatusOK, before, err)
	changed, err := api.ChangeInvitedRoleWithResponse(ctx, ann.Id, &apiclient.ChangeInvitedRoleParams{Confirm: &before.JSON200.Digest},
		apiclient.InvitedRole{Role: "read_only"})
	wantAnswer(t, http.StatusOK, changed, err)
	if changed.JSON200.Role != "read_only" {
		t.Errorf("their role is %s", changed.Body)
	}
	read, err := api.ReadInvitationWithResponse(ctx, ann.Id)
	wantAnswer(t, http.StatusOK, read, err)
	if read.JSON200.Role != "read_only" || strings.Contains(string(read.Body), "signup") {
		t.Errorf("the invitation reads as %s", read.Body)
	}

	var want, got []int64
	want = append(want, ann.Id)
	for i := range 4 {
		added, err := api.CreateUserWithResponse(ctx, nil, apiclient.NewUser{Email: "new" + strconv.Itoa(i) + "@example.com", Role: "analyst",
			TenantId: new(int64(1))})
		wantAnswer(t, http.StatusCreated, added, err)
		whole, err := api.ReadUserWithResponse(ctx, added.JSON201.Id)
		wantAnswer(t, http.StatusOK, whole, err)
		want = append(want, whole.JSON200.InvitationId)
	}
	for params := (apiclient.ListInvitationsParams{Limit: new(2)}); ; {
		page, err := api.ListInvitationsWithResponse(ctx, &params)
		wantAnswer(t, http.StatusOK, page, err)
		for _, i := range page.JSON200.Items {
			got = append(got, i.Id)
		}
		if params.Cursor = &page.JSON200.Next; page.JSON200.Next == "" {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("open are %v, want %v", got, want)
	}
	mailed, err := api.ResendInvitationWithResponse(ctx, want[1])
	wantAnswer(t, http.StatusNoContent, mailed, err)
	other, err := api.RevokeInvitationWithResponse(ctx, ann.Id, &apiclient.RevokeInvitationParams{Confirm: &before.JSON200.Digest})
	wantAnswer(t, http.StatusConflict, other, err) // they have another role by now
	revoked, err := api.RevokeInvitationWithResponse(ctx, ann.Id, nil)
	wantAnswer(t, http.StatusNoContent, revoked, err)
	gone, err := api.ReadInvitationWithResponse(ctx, ann.Id)
	wantAnswer(t, http.StatusNotFound, gone, err)
	for body, field := range map[string]string{
		`{"email":"a@example.com","role":"deploy","tenant_id":1,"duration":"1d"}`:  "role",
		`{"email":"a@example.com","role":"analyst","tenant_id":1,"duration":"2d"}`: "duration",
		`{"email":"a@example.com","role":"analyst","tenant_id":1}`:                 "duration",
	} {
		if answer, said := c.AskAPI(token, http.MethodPost, "/invitations", body); answer.StatusCode != http.StatusUnprocessableEntity ||
			!strings.Contains(said, `"field":"`+field+`"`) {
			t.Errorf("%s is answered %d %s", body, answer.StatusCode, said)
		}
	}
}

func TestAPI_Sessions(t *testing.T) {
	c, api, token := startAPI(t)
	ctx := t.Context()
	bob := c.Person(permission.Analyst, "Bob", "Roe", "bob@example.com")
	for range 3 {
		c.Browse(bob)
	}
	var ids []int64
	for params := (apiclient.ListSessionsParams{User: bob.ID, Limit: new(2)}); ; {
		page, err := api.ListSessionsWithResponse(ctx, &params)
		wantAnswer(t, http.StatusOK, page, err)
		for _, s := range page.JSON200.Items {
			ids = append(ids, s.Id)
		}
		if params.Cursor = &page.JSON200.Next; page.JSON200.Next == "" {
			break
		}
	}
	if len(ids) != 3 || !slices.IsSorted(ids) {
		t.Fatalf("the sessions are %v", ids)
	}
	ended, err := api.EndSessionWithResponse(ctx, ids[0], &apiclient.EndSessionParams{User: bob.ID})
	wantAnswer(t, http.StatusNoContent, ended, err)
	again, err := api.EndSessionWithResponse(ctx, ids[0], &apiclient.EndSessionParams{User: bob.ID})
	wantAnswer(t, http.StatusNotFound, again, err)
	if n := c.Sessions(bob); n != 2 {
		t.Errorf("%d sessions are left", n)
	}
	all, err := api.EndSessionsWithResponse(ctx, &apiclient.EndSessionsParams{User: bob.ID})
	wantAnswer(t, http.StatusNoContent, all, err)
	if n := c.Sessions(bob); n != 0 {
		t.Errorf("%d sessions are left", n)
	}
	if answer, body := c.AskAPI(token, http.MethodDelete, "/sessions", ""); answer.StatusCode != http.StatusUnprocessableEntity ||
		!strings.Contains(body, `"field":"user"`) {
		t.Errorf("sessions of nobody are ended: %d %s", answer.StatusCode, body)
	}
}
