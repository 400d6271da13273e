package e2e

import (
	"net/http"
	"strings"
	"testing"

	"console/e2e/apiclient"
	"console/e2e/harness"
	"console/internal/permission"
)

func TestAPI_MayPeopleDoThings(t *testing.T) {
	c, api, token := startAPI(t)
	ctx := t.Context()
	ann := c.Person(permission.ReadOnly, "Ann", "Reader", "ann@example.com").ID
	asked := func(user int64, resource string, action apiclient.CheckPermissionParamsAction) *apiclient.PermissionAnswer {
		t.Helper()
		answer, err := api.CheckPermissionWithResponse(ctx, &apiclient.CheckPermissionParams{User: user, Tenant: 1, Resource: resource, Action: action})
		if err != nil || answer.JSON200 == nil {
			t.Fatalf("%s.%s of %d: %s, %v", resource, action, user, answer.Body, err)
		}
		return answer.JSON200
	}
	if may := asked(ann, "attacks", "view"); !may.Allowed || len(may.Groups) != 1 || !strings.HasPrefix(may.Groups[0].Name, "Read Only") {
		t.Errorf("a reader reads attacks: %+v", may)
	}
	if may := asked(ann, "attacks", "update"); may.Allowed || may.Denied != "not_granted" || len(may.Groups) != 0 {
		t.Errorf("a reader changes attacks: %+v", may)
	}
	who, err := api.ListPermittedWithResponse(ctx, &apiclient.ListPermittedParams{Tenant: 1, Resource: "attacks", Action: "view"})
	if err != nil || who.JSON200 == nil || len(who.JSON200.Items) != 2 {
		t.Fatalf("attacks are read by %s, %v", who.Body, err)
	}
	if who, err = api.ListPermittedWithResponse(ctx, &apiclient.ListPermittedParams{Tenant: 1, Resource: "attacks", Action: "update"}); //
	err != nil || who.JSON200 == nil || len(who.JSON200.Items) != 1 || who.JSON200.Items[0].Email != harness.AdminEmail {
		t.Errorf("attacks are changed by %s, %v", who.Body, err)
	}
	for _, query := range []string{"user=1&tenant=1&resource=attacks", "user=1&tenant=1&resource=nonsense&action=view", "user=0&tenant=1&resource=attacks&action=view",
		"user=1&tenant=1&resource=attacks&action=fly"} {
		if answer, body := c.AskAPI(token, http.MethodGet, "/permissions/check?"+query, ""); answer.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s is answered %d: %s", query, answer.StatusCode, body)
		}
	}
	for _, query := range []string{"user=99&tenant=1&resource=attacks&action=view", "user=1&tenant=99&resource=attacks&action=view"} {
		if answer, body := c.AskAPI(token, http.MethodGet, "/permissions/check?"+query, ""); answer.StatusCode != http.StatusNotFound {
			t.Errorf("%s is answered %d: %s", query, answer.StatusCode, body)
		}
	}
}
