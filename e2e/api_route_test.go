package e2e

import (
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"console/e2e/harness"
	"console/handlers"
	"console/handlers/api"
	"console/internal/permission"
	"console/static"
)

// wantOperations asks for every operation with a token and says which answers are not those that what it holds in the main tenant calls
// for. Ids are nobody's and bodies empty: what is let in comes to nothing.
func wantOperations(c *harness.Console, what, token string, holds func(permission.Permission) bool) {
	c.T.Helper()
	for _, o := range api.Operations() {
		path := strings.NewReplacer("{id}", "999", "{tenant_id}", "999").Replace(o.Path)
		answer, body := c.AskAPI(token, o.Method, path, "", "If-Match", `"1"`)
		p, takes := o.Needs.Permission()
		refused := answer.StatusCode == http.StatusForbidden && strings.Contains(body, fmt.Sprintf(`"permission":"%s"`, p))
		switch {
		case answer.StatusCode == http.StatusUnauthorized, answer.StatusCode >= http.StatusInternalServerError && o.ID != "sendTestMail":
			c.T.Errorf("%s: %s is answered %d: %s", what, o.ID, answer.StatusCode, body)
		case takes && !holds(p) && !refused:
			c.T.Errorf("%s: %s, which takes %s, is answered %d: %s", what, o.ID, p, answer.StatusCode, body)
		case takes && holds(p) && refused:
			c.T.Errorf("%s: %s is refused: %s", what, o.ID, body)
		}
	}
}

func TestAPI_RoutesByRole(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	for _, role := range permission.Roles() {
		person := c.Person(role, "Ann", "", string(role)+"@example.com")
		token := tokenOf(c, person.Email)
		wantOperations(c, string(role), token, func(p permission.Permission) bool { return role.SeesConsole() && role.Set().Has(p) })
		if role == permission.GlobalAdmin {
			continue // who is in no group
		}
		c.Exec(`DELETE FROM group_users WHERE user_id = $1`, person.ID)
		wantOperations(c, string(role)+" in no group", token, func(permission.Permission) bool { return false })
	}
}

func TestAPI_RoutesByScope(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	taken := map[permission.Permission]bool{}
	for _, o := range api.Operations() {
		if p, takes := o.Needs.Permission(); takes {
			taken[p] = true
		}
	}
	if len(taken) < 20 {
		t.Fatalf("the operations take %d permissions", len(taken))
	}
	for p := range taken {
		token := narrowed(c, harness.AdminEmail, []permission.Permission{p})
		wantOperations(c, fmt.Sprint("only ", p), token, func(asked permission.Permission) bool { return asked == p })
	}
}

func TestAPI_RoutesRefuseWhatIsNoWorkingToken(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	disabled := tokenOf(c, harness.AdminEmail)
	c.Exec(`UPDATE tokens SET disabled_at = 1, disabled_why = 'by hand'`)
	for _, o := range api.Operations() {
		path := strings.NewReplacer("{id}", "1", "{tenant_id}", "1").Replace(o.Path)
		for what, token := range map[string]string{"no token": "", "a disabled token": disabled} {
			if answer, body := c.AskAPI(token, o.Method, path, "{}"); answer.StatusCode != http.StatusUnauthorized ||
				answer.Header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s %s with %s is answered %d: %s", o.Method, o.Path, what, answer.StatusCode, body)
			}
		}
		if o.Method == http.MethodGet {
			if page := admin.Get("/api/v1" + path); page.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s with the cookie of a session is answered %d", o.Path, page.StatusCode)
			}
		}
	}
	for _, path := range []string{"/settings/users", "/settings/tokens", "/settings/profile"} {
		working := tokenOf(c, harness.AdminEmail)
		asked, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.TrimSuffix(c.URL.String(), "/")+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		asked.Header.Set("Authorization", "Bearer "+working)
		answer, err := (&http.Transport{}).RoundTrip(asked)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusSeeOther {
			t.Errorf("the page %s with a token is answered %d", path, answer.StatusCode)
		}
	}
}

// A parameter without a value is one that was left out, as forms send it: where there is a default, that counts.
func TestAPI_EmptyParameters(t *testing.T) {
	t.Parallel()
	c, _, token := startAPI(t)
	as := caller{c, token}
	for _, o := range api.Operations() {
		for _, f := range reflect.VisibleFields(o.In) {
			if f.Tag.Get("query") == "" || f.Tag.Get("enum") == "" {
				continue
			}
			bare := strings.ReplaceAll(o.Path, "{id}", "1")
			path := bare + "?" + f.Tag.Get("query") + "="
			if f.Tag.Get("required") == "true" {
				as.ask(http.StatusUnprocessableEntity, o.Method, path, "")
				continue
			}
			empty, absent := as.ask(o.Status, o.Method, path, ""), as.ask(o.Status, o.Method, bare, "")
			if o.Lists() && o.ID != "listActivity" && empty.text("items") != absent.text("items") { // the log has the requests themselves
				t.Errorf("%s is answered %s, and without it %s", path, empty.body, absent.body)
			}
		}
	}
	as.ask(http.StatusUnprocessableEntity, http.MethodGet, "/users?sort=&sort=name", "").says("twice")
	as.ask(http.StatusUnprocessableEntity, http.MethodPost, "/integrations", `{"kind":"","name":"X","settings":{}}`)
	as.ask(http.StatusUnprocessableEntity, http.MethodPost, "/tokens", `{"kind":"","name":"X","permissions":["users.view"]}`)
	as.ask(http.StatusUnprocessableEntity, http.MethodPost, "/users/bulk", `{"action":"","ids":[1]}`)
	as.ask(http.StatusUnprocessableEntity, http.MethodPost, "/users/previews/bulk", `{"action":"","ids":[1]}`)
}

// TestHEADIsAnsweredAsGET asks for what every address of the APIs, and of files, would answer.
func TestHEADIsAnsweredAsGET(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	token := tokenOf(c, harness.AdminEmail)
	ask := func(method, path, known string) (*http.Response, int) {
		t.Helper()
		asked, err := http.NewRequestWithContext(t.Context(), method, strings.TrimSuffix(c.URL.String(), "/")+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		asked.Header.Set("X-WallarmApi-Token", token)
		asked.Header.Set("Accept-Encoding", "identity")
		if known != "" {
			asked.Header.Set("If-None-Match", known)
		}
		answer, err := http.DefaultClient.Do(asked)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer, len(body)
	}
	paths := []string{static.URL("app.css"), "/static/nothing", "/api/v1/nothing"}
	for _, routes := range [][]handlers.Route{programs(), api.New(c.URL, "", handlers.ActivityExport{}).Routes()} {
		for _, r := range routes {
			if r.Method == http.MethodGet {
				paths = append(paths, strings.NewReplacer(":client", "1", ":id", "1", ":tenant_id", "1").Replace(r.Path))
			}
		}
	}
	for _, path := range paths {
		get, _ := ask(http.MethodGet, path, "")
		head, length := ask(http.MethodHead, path, "")
		if head.StatusCode != get.StatusCode || length > 0 {
			t.Errorf("HEAD %s is answered %d with %d bytes, GET %d", path, head.StatusCode, length, get.StatusCode)
		}
		for _, name := range []string{"Content-Type", "ETag", "Cache-Control"} {
			if head.Header.Get(name) != get.Header.Get(name) {
				t.Errorf("HEAD %s is answered with %s: %q, GET with %q", path, name, head.Header.Get(name), get.Header.Get(name))
			}
		}
		if tag := get.Header.Get("ETag"); tag != "" {
			if known, _ := ask(http.MethodHead, path, tag); known.StatusCode != http.StatusNotModified {
				t.Errorf("HEAD %s, known already, is answered %d", path, known.StatusCode)
			}
		}
	}
}
