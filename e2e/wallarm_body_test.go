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
