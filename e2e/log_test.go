package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"console/e2e/harness"
	"console/handlers/api"
	"console/internal/cli"
)

// pathParameter is a part of a route's path for which something is put in.
var pathParameter = regexp.MustCompile(`:[a-z_]+|\{[a-z_]+\}`)

// everyRoute are method and path of all routes, of pages and of the API, with a text for each parameter.
func everyRoute(t *testing.T, c *harness.Console, text string) [][2]string {
	t.Helper()
	var all [][2]string
	for _, r := range c.Routes() {
		all = append(all, [2]string{r.Method, pathParameter.ReplaceAllString(r.Path, text)})
	}
	document, err := openapi3.NewLoader().LoadFromData(api.Document())
	if err != nil {
		t.Fatal(err)
	}
	for path, item := range document.Paths.Map() {
		for method := range item.Operations() {
			all = append(all, [2]string{method, "/api/v1" + pathParameter.ReplaceAllString(path, text)})
		}
	}
	for _, path := range []string{"/v1/objects/user", "/v2/user/", "/nothing/at/all", "/static/"} {
		all = append(all, [2]string{http.MethodGet, path + text}, [2]string{http.MethodPost, path})
	}
	if len(all) < 200 {
		t.Fatalf("only %d routes", len(all))
	}
	return all
}

// mark stands for a secret, wherever a request can hold one.
const mark = "S3CR3T"

// sendMarks sends a request with marks everywhere to each of these routes, each from another address: one would soon be answered
// later and later.
func sendMarks(b *harness.Browser, routes [][2]string) {
	site := b.Console.URL.String()
	for name, value := range map[string]string{"Authorization": "Bearer " + mark, "X-Wallarmapi-Token": mark, "Idempotency-Key": mark,
		"X-Csrf-Token": mark, "Referer": site + mark, "If-Match": mark, "Hx-Current-Url": site + mark, "Traceparent": mark,
		"Cookie": "console=" + mark + "; other=" + mark, "Origin": strings.TrimSuffix(site, "/")} {
		b.Header.Set(name, value)
	}
	form := url.Values{"csrf_token": {mark}, "password": {mark}, "code": {mark}, "email": {mark + "@example.com"}, "ids": {mark}}.Encode()
	for i, r := range routes {
		b.Header.Set("X-Forwarded-For", fmt.Sprintf("198.51.%d.7", i%250))
		b.Do(r[0], r[1]+"?token="+mark+"&q="+mark+"&next=%2F"+mark+"&code="+mark, strings.NewReader(form), "application/x-www-form-urlencoded")
	}
}

// usedSecrets has secrets made, and uses each once.
func usedSecrets(c *harness.Console, admin *harness.Browser) []string {
	c.T.Helper()
	secrets := []string{harness.AdminPassword, "hunter2hunter2"}
	c.Browser().Post("/signin", "email", harness.AdminEmail, "password", "hunter2hunter2")
	for _, path := range []string{c.InviteByLink(admin, "analyst", "ann@example.com"), c.ResetPath(harness.AdminEmail)} {
		c.Browser().Get(path).Wants(http.StatusOK)
		secrets = append(secrets, path[strings.LastIndex(path, "/")+1:])
	}
	for _, cookie := range admin.HTTP.Jar.Cookies(c.URL) {
		secrets = append(secrets, cookie.Value)
	}
	token := issued(admin.Post("/settings/tokens/new", "name", "script", "kind", "personal", "permissions", "users.view", "tenant_ids", "1"))
	if answer, text := c.AskAPI(token, http.MethodGet, "/users", ""); answer.StatusCode != http.StatusOK {
		c.T.Errorf("the token is answered %d: %s", answer.StatusCode, text)
	}
	return append(secrets, token)
}

// TestASVS_16_2_5_NoSecretIsLogged looks for secrets in the log after every route was sent them, by visitors and by an administrator, and
// again without a database.
func TestASVS_16_2_5_NoSecretIsLogged(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "json"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			c := harness.Ready(t, func(s *cli.Serve) {
				harness.BehindProxy(s)
				s.LogFormat = format
			})
			admin := c.Administrator()
			secrets := append(usedSecrets(c, admin), mark)
			routes := everyRoute(t, c, mark)
			sendMarks(c.Browser(), routes)
			for _, r := range routes {
				if r[0] == http.MethodGet {
					admin.Get(r[1] + "?token=" + mark + "&q=" + mark + "&cursor=" + mark)
				}
			}
			if err := c.DB.Close(); err != nil {
				t.Fatal(err)
			}
			sendMarks(c.Browser(), routes)
			log := c.Log.String()
			if n := strings.Count(log, "request failed"); n < 50 {
				t.Errorf("only %d requests have failed", n)
			}
			for _, secret := range secrets {
				if at := strings.Index(log, secret); at >= 0 {
					t.Errorf("the log holds a secret: %s", log[max(0, at-300):min(len(log), at+len(secret)+100)])
				}
			}
			for line := range strings.Lines(log) {
				if strings.Contains(line, "route") && !strings.Contains(line, "request_id") {
					t.Errorf("no request id in %s", line)
				}
			}
		})
	}
}
