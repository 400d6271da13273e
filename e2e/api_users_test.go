package e2e

import (
	"crypto/rand"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"console/e2e/apiclient"
	"console/e2e/harness"
	"console/internal/account"
	"console/internal/permission"
	"console/store"
)

// wantAnswer ends the test where the API has answered with another status.
func wantAnswer(t *testing.T, status int, got interface{ StatusCode() int }, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if got.StatusCode() != status {
		t.Fatalf("answered %d, not %d: %s", got.StatusCode(), status, reflect.ValueOf(got).Elem().FieldByName("Body").Bytes())
	}
}

// narrowToken is a token of the administrator that was given permissions.
func narrowToken(c *harness.Console, permissions ...string) string {
	c.T.Helper()
	issued, err := c.Account.CreateToken(c.T.Context(), account.Actor{Source: account.CLI}, account.TokenInput{Name: rand.Text(),
		Kind: store.PersonalToken, Owner: harness.AdminEmail, Permissions: permissions, AllTenants: true})
	if err != nil {
		c.T.Fatal(err)
	}
	return issued.Value
}

func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

func TestAPI_Users(t *testing.T) {
	harness.OnBoth(t)
	c, api, token := startAPI(t)
	ctx := t.Context()
	made, err := api.CreateUserWithResponse(ctx, nil, apiclient.NewUser{Email: "ann@example.com", FirstName: new("Ann"), Role: "analyst",
		TenantId: new(int64(1))})
	wantAnswer(t, http.StatusCreated, made, err)
	ann := *made.JSON201
	if ann.Status != "invited" || ann.FirstName != "Ann" || !strings.HasSuffix(made.HTTPResponse.Header.Get("Location"), "/users/"+strconv.FormatInt(ann.Id, 10)) {
		t.Errorf("somebody is added as %s", made.Body)
	}
	c.SignupPath("ann@example.com") // the mail has gone out
	read, err := api.ReadUserWithResponse(ctx, ann.Id)
	wantAnswer(t, http.StatusOK, read, err)
	if len(read.JSON200.Groups) != 1 || !read.JSON200.Groups[0].Automatic || read.JSON200.InvitationId == 0 ||
		!strings.Contains(read.JSON200.AddedBy, harness.AdminEmail) {
		t.Errorf("they read as %s", read.Body)
	}
	renamed, err := api.RenameUserWithResponse(ctx, ann.Id, &apiclient.RenameUserParams{IfMatch: etag(read.JSON200.Version)},
		apiclient.UserNames{FirstName: "Anna", LastName: "Lee"})
	wantAnswer(t, http.StatusOK, renamed, err)
	stale, err := api.RenameUserWithResponse(ctx, ann.Id, &apiclient.RenameUserParams{IfMatch: etag(read.JSON200.Version)},
		apiclient.UserNames{FirstName: "Other", LastName: "Lee"})
	wantAnswer(t, http.StatusPreconditionFailed, stale, err)

	bob := c.Person(permission.Analyst, "Bob", "Roe", "bob@example.com")
	preview, err := api.PreviewDisableUserWithResponse(ctx, bob.ID)
	wantAnswer(t, http.StatusOK, preview, err)
	if p := preview.JSON200; len(p.Lost) != 1 || p.Lost[0].TenantId != 1 || len(p.Lost[0].Permissions) == 0 || len(p.Groups) != 1 ||
		!p.Groups[0].Automatic || p.Sessions != 0 || len(p.PersonalTokens) != 0 {
		t.Errorf("what is lost with his access is %s", preview.Body)
	}
	other, err := api.DisableUserWithResponse(ctx, bob.ID, &apiclient.DisableUserParams{Confirm: new("another outcome")})
	wantAnswer(t, http.StatusConflict, other, err)
	disabled, err := api.DisableUserWithResponse(ctx, bob.ID, &apiclient.DisableUserParams{Confirm: &preview.JSON200.Digest})
	wantAnswer(t, http.StatusOK, disabled, err)
	if disabled.JSON200.Status != "disabled" || disabled.JSON200.DisabledAt == nil {
		t.Errorf("somebody is disabled as %s", disabled.Body)
	}
	reset, err := api.SendPasswordResetWithResponse(ctx, bob.ID)
	wantAnswer(t, http.StatusUnprocessableEntity, reset, err)
	enabled, err := api.EnableUserWithResponse(ctx, bob.ID)
	wantAnswer(t, http.StatusOK, enabled, err)
	if reset, err = api.SendPasswordResetWithResponse(ctx, bob.ID); err != nil || reset.StatusCode() != http.StatusNoContent {
		t.Errorf("a link to set a password is answered %s, %v", reset.Body, err)
	}
	c.ResetPath("bob@example.com")
	ending, err := api.PreviewDeleteUserWithResponse(ctx, bob.ID)
	wantAnswer(t, http.StatusOK, ending, err)
	gone, err := api.DeleteUserWithResponse(ctx, bob.ID, &apiclient.DeleteUserParams{Confirm: &ending.JSON200.Digest, TakeOver: &[]int64{1}})
	wantAnswer(t, http.StatusNoContent, gone, err)
	missing, err := api.ReadUserWithResponse(ctx, bob.ID)
	wantAnswer(t, http.StatusNotFound, missing, err)
	self, body := c.AskAPI(token, http.MethodDelete, "/users/"+strconv.FormatInt(c.User(harness.AdminEmail).ID, 10), "")
	if self.StatusCode != http.StatusConflict || !strings.Contains(body, `"rule":"last administrator"`) {
		t.Errorf("somebody deletes themselves: %d %s", self.StatusCode, body)
	}
}

func TestAPI_UsersAreAddedOnce(t *testing.T) {
	c, _, token := startAPI(t)
	const ann = `{"email":"ann@example.com","first_name":"Ann","role":"analyst","tenant_id":1,"password":"initial 4711 of Ann"}`
	first, body := c.AskAPI(token, http.MethodPost, "/users", ann, "Idempotency-Key", "one")
	if first.StatusCode != http.StatusCreated || !strings.Contains(body, `"status":"active"`) || strings.Contains(body, "4711") {
		t.Fatalf("somebody with a password is added as %d %s", first.StatusCode, body)
	}
	again, same := c.AskAPI(token, http.MethodPost, "/users", ann, "Idempotency-Key", "one")
	if again.StatusCode != http.StatusCreated || same != body {
		t.Errorf("sent again, it is answered %d %s", again.StatusCode, same)
	}
	for _, test := range []struct {
		body   string
		status int
		says   string
	}{
		{ann, http.StatusConflict, `"code":"taken"`},
		{`{"email":"new","role":"analyst","tenant_id":1}`, http.StatusUnprocessableEntity, `"field":"email"`},
		{`{"email":"new@example.com","role":"boss"}`, http.StatusUnprocessableEntity, `"field":"role"`},
		{`{"email":"new@example.com","role":"analyst"}`, http.StatusUnprocessableEntity, `"field":"tenant_id"`},
		{`{"email":"new@example.com","role":"analyst","tenant_id":1,"password":"short"}`, http.StatusUnprocessableEntity, `"field":"password"`},
	} {
		if answer, body := c.AskAPI(token, http.MethodPost, "/users", test.body); answer.StatusCode != test.status || !strings.Contains(body, test.says) {
			t.Errorf("%s is answered %d %s", test.body, answer.StatusCode, body)
		}
	}
}

func TestAPI_UserListIsReadToItsEnd(t *testing.T) {
	c, api, _ := startAPI(t)
	var want []int64
	for i := range 9 {
		want = append(want, c.Person(permission.ReadOnly, "Ann", strconv.Itoa(i), "ann"+strconv.Itoa(i)+"@example.com").ID)
	}
	for name, params := range map[string]apiclient.ListUsersParams{
		"all of a role":    {Role: new(apiclient.ListUsersParamsRole("read_only"))},
		"search":           {Q: new("ann")},
		"active, never in": {Q: new("ann"), LastSignIn: new(apiclient.ListUsersParamsLastSignIn("never")), Sort: new(apiclient.ListUsersParamsSort("email"))},
		"everybody, back":  {Descending: new(true)},
	} {
		var got []int64
		for params.Limit = new(2); ; {
			page, err := api.ListUsersWithResponse(t.Context(), &params)
			wantAnswer(t, http.StatusOK, page, err)
			for _, u := range page.JSON200.Items {
				if u.Role == "read_only" {
					got = append(got, u.Id)
				}
			}
			if params.Cursor = &page.JSON200.Next; page.JSON200.Next == "" {
				break
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: read are %v, want %v", name, got, want)
		}
	}
}

func TestAPI_Membership(t *testing.T) {
	c, api, token := startAPI(t)
	ctx := t.Context()
	bob := c.Person(permission.Analyst, "Bob", "Roe", "bob@example.com")
	made, err := api.CreateGroupWithResponse(ctx, nil, apiclient.NewGroup{Name: "Auditors", Role: new(apiclient.NewGroupRoleReadOnly),
		TenantIds: &[]int64{1}})
	wantAnswer(t, http.StatusCreated, made, err)
	read, err := api.ReadMembershipWithResponse(ctx, bob.ID)
	wantAnswer(t, http.StatusOK, read, err)
	if read.JSON200.Role != "analyst" || len(read.JSON200.GroupIds) != 1 {
		t.Fatalf("their membership is %s", read.Body)
	}
	only := &[]int64{made.JSON201.Id}
	version := etag(read.JSON200.Version)
	preview, err := api.PreviewMembershipWithResponse(ctx, bob.ID, &apiclient.PreviewMembershipParams{IfMatch: version},
		apiclient.MembershipChange{GroupIds: only})
	wantAnswer(t, http.StatusOK, preview, err)
	if p := preview.JSON200; p.Losing != 1 || len(p.First) != 1 || p.First[0].Id != bob.ID || len(p.First[0].Lost) == 0 {
		t.Errorf("the preview is %s", preview.Body)
	}
	other, err := api.SetMembershipWithResponse(ctx, bob.ID, &apiclient.SetMembershipParams{IfMatch: version, Confirm: &preview.JSON200.Digest},
		apiclient.MembershipConfirmed{GroupIds: &[]int64{}})
	wantAnswer(t, http.StatusConflict, other, err)
	set, err := api.SetMembershipWithResponse(ctx, bob.ID, &apiclient.SetMembershipParams{IfMatch: version, Confirm: &preview.JSON200.Digest},
		apiclient.MembershipConfirmed{GroupIds: only})
	wantAnswer(t, http.StatusOK, set, err)
	if got := c.GroupsOf("bob@example.com"); !slices.Equal(got, []string{"Auditors"}) || !set.JSON200.RoleIsLabel {
		t.Errorf("they are in %v: %s", got, set.Body)
	}
	stale, err := api.SetMembershipWithResponse(ctx, bob.ID, &apiclient.SetMembershipParams{IfMatch: version}, apiclient.MembershipConfirmed{})
	wantAnswer(t, http.StatusPreconditionFailed, stale, err)
	raised, err := api.SetMembershipWithResponse(ctx, bob.ID, &apiclient.SetMembershipParams{IfMatch: etag(set.JSON200.Version)},
		apiclient.MembershipConfirmed{Role: new(apiclient.MembershipConfirmedRole("admin"))})
	wantAnswer(t, http.StatusOK, raised, err)
	if raised.JSON200.Role != "admin" {
		t.Errorf("their role is %s", raised.Body)
	}

	explained, err := api.ExplainPermissionsWithResponse(ctx, bob.ID, &apiclient.ExplainPermissionsParams{Tenant: new(int64(1))})
	wantAnswer(t, http.StatusOK, explained, err)
	if e := explained.JSON200; e.TenantId != 1 || len(e.Products) == 0 || e.Products[0].Groups[0].Id != made.JSON201.Id {
		t.Errorf("what they may do is %s", explained.Body)
	}
	if answer, body := c.AskAPI(token, http.MethodGet, "/users/"+strconv.FormatInt(bob.ID, 10)+"/permissions?tenant=99", ""); //
	answer.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, `"field":"tenant"`) {
		t.Errorf("a tenant that there is not is answered %d %s", answer.StatusCode, body)
	}
}

func TestAPI_NarrowTokensMayOnlyWhatTheyWereGiven(t *testing.T) {
	c, _, _ := startAPI(t)
	admin := strconv.FormatInt(c.User(harness.AdminEmail).ID, 10)
	c.Administrator() // signed in
	token := narrowToken(c, "users.view", "groups.view")
	for _, allowed := range []string{"/users", "/users/" + admin, "/invitations", "/users/" + admin + "/permissions"} {
		if answer, body := c.AskAPI(token, http.MethodGet, allowed, ""); answer.StatusCode != http.StatusOK {
			t.Errorf("GET %s is answered %d %s", allowed, answer.StatusCode, body)
		}
	}
	for _, test := range []struct{ method, path, body, permission string }{
		{http.MethodPost, "/users", `{"email":"ann@example.com","role":"analyst","tenant_id":1}`, "users.create"},
		{http.MethodPost, "/invitations", `{"email":"ann@example.com","role":"analyst","tenant_id":1,"duration":"1d"}`, "users.create"},
		{http.MethodPost, "/users/bulk", `{"action":"delete","ids":[` + admin + `]}`, "users.delete"},
		{http.MethodPost, "/users/import", `{"csv":"email,role\nann@example.com,Analyst","tenant_id":1}`, "users.create"},
		{http.MethodPost, "/users/" + admin + "/disable", "", "users.update"},
		{http.MethodGet, "/sessions?user=" + admin, "", "users.update"},
		{http.MethodDelete, "/sessions?user=" + admin, "", "users.update"},
		{http.MethodPost, "/groups/1/members", `{"user_ids":[` + admin + `]}`, "groups.update"},
	} {
		answer, body := c.AskAPI(token, test.method, test.path, test.body)
		if answer.StatusCode != http.StatusForbidden || !strings.Contains(body, `"permission":"`+test.permission+`"`) ||
			!strings.Contains(body, `"rule":"main tenant decides"`) {
			t.Errorf("%s %s is answered %d %s", test.method, test.path, answer.StatusCode, body)
		}
	}
	manager := narrowToken(c, "users.view", "users.update")
	if answer, body := c.AskAPI(manager, http.MethodGet, "/sessions?user="+admin, ""); answer.StatusCode != http.StatusForbidden ||
		!strings.Contains(body, `"rule":"may manage"`) {
		t.Errorf("with less than its owner holds, a token sees their sessions: %d %s", answer.StatusCode, body)
	}
}
