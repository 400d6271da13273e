package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
)

// TestWallarm_NoBodyHoldsAnythingUp sends to every route what is hard to read: deep, long, of large numbers, of texts that take long to
// map. Each is answered within a few seconds, without a fault, and the next request is served.
func TestWallarm_NoBodyHoldsAnythingUp(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	const room = 200_000
	var unicode strings.Builder
	for r := rune(0x4e00); unicode.Len() < room; r++ {
		unicode.WriteRune(r)
	}
	list := func(value string) string { return "[" + strings.Repeat(value+",", room/(len(value)+1)) + value + "]" }
	numbers := make([]string, room/7)
	for i := range numbers {
		numbers[i] = fmt.Sprint(i)
	}
	nested := strings.Repeat("[", room/2) + strings.Repeat("]", room/2)
	var values []string
	for _, value := range []string{list("1"), "[" + strings.Join(numbers, ",") + "]", nested, strings.Repeat(`{"a":`, room/6) + "1" + strings.Repeat("}", room/6),
		`"` + unicode.String() + `"`, `"a@` + unicode.String() + `"`, `"https://` + unicode.String() + `/"`, list(`"a@b.co"`), list(`{"id":"x"}`),
		strings.Repeat("9", room), "1e" + strings.Repeat("9", room), `"` + strings.Repeat(`\u0301`, room/6) + `"`, `"` + strings.Repeat("(", room) + `"`} {
		values = append(values, value, `[`+value+`]`)
	}
	shapes := map[string]string{
		"/v1/objects/user":          `{"limit":1,"filter":{"%s":%s}}`,
		"/v1/objects/user/create":   `{"email":"x@example.com","permissions":["analytic"],"realname":"Ann Lee","%s":%s}`,
		"/v1/objects/user/update":   `{"filter":{"id":999},"fields":{"%s":%s}}`,
		"/v1/objects/user/delete":   `{"filter":{"%s":%s}}`,
		"/v1/objects/client/create": `{"%s":%s}`,
		"/v1/objects/client/update": `{"filter":{"id":999},"fields":{"%s":%s}}`,
		"/v2/integration":           `{"type":"web_hooks","name":"X","%s":%s}`,
		"/v2/integration/telegram":  `{"name":"X","%s":%s}`,
		"/v2/clients/1/triggers":    `{"trigger":{"name":"X","template_id":"user_created","%s":%s}}`,
	}
	fields := map[string][]string{
		"/v1/objects/user":          {"id", "email", "username", "uuid", "clientid"},
		"/v1/objects/user/create":   {"email", "permissions", "realname", "clientid", "password"},
		"/v1/objects/user/update":   {"realname", "permissions", "clientid", "timezone"},
		"/v1/objects/user/delete":   {"id", "email"},
		"/v1/objects/client/create": {"name", "partner_uuid"},
		"/v1/objects/client/update": {"name", "enabled"},
		"/v2/integration":           {"target", "events", "name", "clientid"},
		"/v2/integration/telegram":  {"chat_data", "token"},
		"/v2/clients/1/triggers":    {"filters", "actions", "threshold", "template_id"},
	}
	answers := []int{http.StatusOK, http.StatusBadRequest, http.StatusNotFound, http.StatusUnprocessableEntity}
	for path, shape := range shapes {
		for _, field := range fields[path] {
			token := tokenOf(c, harness.AdminEmail) // each may ask so often
			for i, value := range values {
				began := time.Now()
				status, answered := request(c, token, http.MethodPost, path, fmt.Sprintf(shape, field, value))
				if took := time.Since(began); took > 5*time.Second {
					t.Errorf("%s, %s, value %d takes %s", path, field, i, took)
				}
				if !slices.Contains(answers, status) {
					t.Errorf("%s, %s, value %d is answered %d: %.200s", path, field, i, status, answered)
				}
			}
		}
	}
	b := c.Browser()
	began := time.Now()
	b.Post("/signin", "email", "a@"+unicode.String()[:84_000], "password", "x")
	b.Get("/signin").Wants(http.StatusOK)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("signing in takes %s", took)
	}
}

// TestWallarm_EachFieldStandsThereOnceByItsName sends bodies that two programs may read differently: nobody is changed whom one of them
// does not name.
func TestWallarm_EachFieldStandsThereOnceByItsName(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	token := tokenOf(c, harness.AdminEmail)
	const first, second = "first@example.com", "second@example.com"
	for _, email := range []string{first, second} {
		asks(c, token, "/v1/objects/user/create", `{"email":"`+email+`","permissions":["analytic"],"realname":"Ann Lee"}`, http.StatusOK)
	}
	ids := []any{c.Cell(`SELECT id FROM users WHERE email = $1`, first), c.Cell(`SELECT id FROM users WHERE email = $1`, second)}
	people, tenants := c.Cell(`SELECT count(*) FROM users`), c.Cell(`SELECT count(*) FROM tenants`)
	twice := []struct{ field, body string }{
		{"filter.id", `{"filter":{"id":%s,"id":%s}}`},
		{"filter.id", `{"filter":{"id":%s,"\u0069d":%s},"fields":{}}`},
		{"filter", `{"filter":{"id":%s},"filter":{"id":%s}}`},
		{"fields.name", `{"fields":{"name":"A","name":"B"},"filter":{"id":[%s,%s]}}`},
		{"a.b.c", `{"a":[1e999,{"b":{"c":1,"c":2}}],"filter":{"id":[%s,%s]}}`},
	}
	for _, path := range []string{"/v1/objects/user", "/v1/objects/user/create", "/v1/objects/user/update", "/v1/objects/user/delete",
		"/v1/objects/client/create", "/v1/objects/client/update", "/v1/objects/client/delete", "/v2/integration", "/v2/integration/telegram",
		"/v2/clients/1/triggers"} {
		for _, sent := range twice {
			status, answered := request(c, token, http.MethodPost, path, fmt.Sprintf(sent.body, ids...))
			if status != http.StatusBadRequest || answered != `{"status":400,"body":"The field `+sent.field+` stands there twice."}` {
				t.Errorf("%s with %s twice is answered %d: %s", path, sent.field, status, answered)
			}
		}
	}
	for _, path := range []string{"/v1/objects/user/update", "/v1/objects/user/delete", "/v1/objects/client/update", "/v1/objects/client/delete"} {
		asks(c, token, path, fmt.Sprintf(`{"Filter":{"id":%s}}`, ids[1]), http.StatusBadRequest)
		asks(c, token, path, fmt.Sprintf(`{"filter":{"ID":%s}}`, ids[1]), http.StatusBadRequest)
	}
	for _, filter := range []string{`{"email":""}`, `{"email":[" "]}`, `{"username":""}`, `{"uuid":""}`, `{"id":2,"email":""}`} {
		for _, path := range []string{"/v1/objects/user/update", "/v1/objects/user/delete"} {
			asks(c, token, path, `{"filter":`+filter+`}`, http.StatusBadRequest)
		}
	}
	if c.Cell(`SELECT count(*) FROM users`) != people || c.Cell(`SELECT count(*) FROM tenants`) != tenants {
		t.Error("a refused request has changed something")
	}
	asks(c, token, "/v1/objects/user/update", fmt.Sprintf(`{"filter":{"id":%s,"ID":%s},"fields":{"phone":"+1 555 0100","Phone":"+1 555 0199"}}`, ids...),
		http.StatusOK)
	c.WantCount(1, `SELECT count(*) FROM users WHERE email = $1 AND phone = '+1 555 0100'`, first)
	asks(c, token, "/v1/objects/user/delete", fmt.Sprintf(`{"filter":{"id":%s},"Filter":{"id":%s}}`, ids...), http.StatusOK)
	c.WantCount(1, `SELECT count(*) FROM users WHERE email = $1`, second)
	c.WantCount(0, `SELECT count(*) FROM users WHERE email = $1`, first)

	asks(c, token, "/v2/integration", `{"type":"web_hooks","name":"X","target":{"URL":"https://93.184.216.34/x"}}`, http.StatusUnprocessableEntity)
	asks(c, token, "/v2/integration", `{"type":"slack","name":"X","target":"https://93.184.216.34/x","events":[{"Event":"siem"}]}`, http.StatusOK)
	c.WantCount(0, `SELECT count(*) FROM integrations WHERE events LIKE '%siem%'`)
	for _, path := range []string{"/v1/objects/user/delete", "/v1/objects/client/delete"} {
		if answered := asks(c, token, path, `{"filter":{"id":999}}`, http.StatusNotFound); strings.Contains(answered, "page") {
			t.Errorf("%s tells a program of pages: %s", path, answered)
		}
	}
}
