package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"console/e2e/harness"
	"console/handlers/api"
	"console/internal/permission"
)

// twoOfEverything makes at least two of everything that the API lists, and returns the parameters that lists of one thing's own need.
func twoOfEverything(as caller) map[string]string {
	c := as.c
	admin := c.Administrator()
	c.Administrator() // another session
	c.Trigger(admin, c.Slack(admin, c.Receiver.URL+"/services/x"))
	c.Slack(admin, c.Receiver.URL+"/services/y")
	for _, name := range []string{"Second", "Third"} {
		as.ask(201, http.MethodPost, "/tenants", `{"name":"`+name+`"}`)
		as.ask(201, http.MethodPost, "/groups", `{"name":"`+name+`","role":"analyst","tenant_ids":[1]}`)
		as.ask(201, http.MethodPost, "/tokens", `{"name":"`+name+`","kind":"personal","permissions":["users.view"],"all_tenants":true}`)
		as.ask(201, http.MethodPost, "/triggers", `{"name":"`+name+`","condition":"user_deleted","integration_ids":[1]}`)
		c.Add(admin, "analyst", name, "", strings.ToLower(name)+"@example.com")
	}
	c.Person(permission.Admin, "Cleo", "", "cleo@example.com")
	ann := c.Person(permission.Analyst, "Ann", "Roe", "ann@example.com")
	bob := c.Person(permission.Analyst, "Bob", "Roe", "bob@example.com")
	group := as.ask(201, http.MethodPost, "/groups", `{"name":"People","role":"analyst","tenant_ids":[1]}`).text("id")
	as.ask(200, http.MethodPost, "/groups/"+group+"/members", fmt.Sprintf(`{"user_ids":[%d,%d]}`, ann.ID, bob.ID))
	job := as.ask(201, http.MethodPost, "/users/bulk", fmt.Sprintf(`{"action":"disable","ids":[%d,%d]}`, ann.ID, bob.ID)).text("id")
	harness.Eventually(c.T, "the job and two deliveries are done", func() bool {
		return c.Count(`SELECT count(*) FROM jobs WHERE ended_at > 0`) == 1 && c.Count(`SELECT count(*) FROM deliveries WHERE kind = 'slack'`) > 1
	})
	return map[string]string{
		"/groups/{id}/members": "/groups/" + group + "/members?", "/jobs/{id}/outcomes": "/jobs/" + job + "/outcomes?",
		"/sessions": "/sessions?user=1&", "/permissions/who": "/permissions/who?tenant=1&resource=users&action=view&",
	}
}

// A cursor that is none of the list answers 422: taken for the beginning, it would be read for ever.
func TestAPI_CursorsAreOfTheirList(t *testing.T) {
	c, _, token := startAPI(t)
	as := caller{c, token}
	needs := twoOfEverything(as)
	lists, cursors := map[string]string{}, map[string]string{}
	for _, o := range api.Operations() {
		if !o.Lists() {
			continue
		}
		lists[o.ID] = o.Path + "?"
		if path, has := needs[o.Path]; has {
			lists[o.ID] = path
		}
		if cursors[o.ID] = as.ask(200, http.MethodGet, lists[o.ID]+"limit=1", "").text("next"); cursors[o.ID] == "" {
			t.Fatalf("%s has no second page", o.ID)
		}
	}
	if len(lists) < 12 {
		t.Errorf("there are %d lists", len(lists))
	}
	asking := token // another one for each list: a token asks so often at most
	refused := func(what, path, cursor string) {
		t.Helper()
		answer, body := c.AskAPI(asking, http.MethodGet, path+"cursor="+url.QueryEscape(cursor), "")
		if answer.StatusCode != 422 || !strings.Contains(body, `"field":"cursor"`) {
			t.Errorf("%s: %s with %s is answered %d %s", what, path, cursor, answer.StatusCode, body)
		}
	}
	for id, path := range lists {
		cursor := cursors[id]
		asking = tokenOf(c, harness.AdminEmail)
		for limit := range 3 { // another limit is the same list
			as.ask(200, http.MethodGet, fmt.Sprintf("%slimit=%d&cursor=%s", path, limit+1, url.QueryEscape(cursor)), "")
		}
		for _, garbage := range []string{"x", "1", "-1", " ", "bogus", "\x00", strings.Repeat("A", 11), strings.Repeat("A", 12), strings.Repeat("é", 5000)} {
			refused("garbage", path, garbage)
		}
		for i := range cursor {
			changed := []byte(cursor)
			changed[i] ^= 1
			refused("changed", path, string(changed))
		}
		refused("cut", path, cursor[:len(cursor)-1])
		refused("with more behind it", path, cursor+"0")
		for other := range cursors {
			if other != id {
				refused("of "+other, path, cursors[other])
			}
		}
	}
	refused("of another search", "/users?q=roe&", cursors["listUsers"])
	refused("of another order", "/users?sort=email&", cursors["listUsers"])
	refused("of another group", "/groups/1/members?", cursors["listGroupMembers"])
	refused("of another day", "/activity?from=2020-01-01T00:00:00Z&", cursors["listActivity"])
	as.ask(200, http.MethodGet, "/users?sort=name&cursor="+url.QueryEscape(cursors["listUsers"]), "") // as it is without being said
}
