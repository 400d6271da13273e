package e2e

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/cli"
	"console/store/storetest"
)

// behindProxy is a console that reaches its database through a proxy, with John Doe as its Global Administrator.
func behindProxy(t *testing.T) (c *harness.Console, proxy *storetest.Proxy, direct string) {
	t.Helper()
	t.Parallel()
	if !storetest.OnPostgres() {
		t.Skip("a file of SQLite cannot be away")
	}
	direct = storetest.Place(t)
	proxy = storetest.NewProxy(t, direct)
	c = harness.Start(t, func(s *cli.Serve) { s.Database = proxy.Place() })
	c.SetUp()
	return c, proxy, direct
}

// wantsAway fails the test unless an answer says that the database is away, and when to ask again.
func wantsAway(t *testing.T, what string, answer *http.Response, body string) {
	t.Helper()
	if answer.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "The database does not answer") &&
		!strings.Contains(body, "cannot read or save anything") || answer.Header.Get("Retry-After") == "" {
		t.Errorf("%s is answered %d, Retry-After %q:\n%s", what, answer.StatusCode, answer.Header.Get("Retry-After"), body)
	}
	for _, cookie := range answer.Cookies() {
		if cookie.MaxAge < 0 || cookie.Value == "" {
			t.Errorf("%s takes the cookie %s away", what, cookie.Name)
		}
	}
}

// People who work while the database goes away read that, and go on where they were once it is back.
func TestPG19_ADatabaseThatGoesAwaySignsNobodyOut(t *testing.T) {
	c, proxy, _ := behindProxy(t)
	token := tokenOf(c, harness.AdminEmail)
	const people, rounds = 4, 3
	browsers := make([]*harness.Browser, people)
	for i := range browsers {
		browsers[i] = c.Administrator()
	}
	for range rounds {
		proxy.Away()
		var group sync.WaitGroup
		for i, b := range browsers {
			group.Go(func() {
				for range 3 {
					page := b.Get("/settings/users")
					wantsAway(t, "a page", page.Response, page.Body)
					part := b.Do(http.MethodGet, "/settings/groups?background", nil, "")
					wantsAway(t, "another page", part.Response, part.Body)
					form := b.PostForm("/settings/tenants/new", "csrf_token", "any", "name", "Tenant")
					wantsAway(t, "a form", form.Response, form.Body)
				}
				if i == 0 {
					answer, body := c.AskAPI(token, http.MethodGet, "/users", "")
					wantsAway(t, "the API", answer, body)
					if !strings.HasPrefix(answer.Header.Get("Content-Type"), "application/problem+json") || !strings.Contains(body, `"unavailable"`) {
						t.Errorf("the API answers %s", body)
					}
				}
			})
		}
		group.Wait()
		if ready := c.Browser().Get("/readyz"); ready.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("/readyz is answered %d", ready.StatusCode)
		}
		proxy.Back(t)
		began := time.Now()
		for _, b := range browsers {
			b.Get("/settings/users").Wants(http.StatusOK)
		}
		if ready := c.Browser().Get("/readyz"); ready.StatusCode != http.StatusOK {
			t.Errorf("afterwards /readyz is answered %d", ready.StatusCode)
		}
		t.Logf("all went on within %v", time.Since(began))
	}
}

// A commit whose answer was lost has happened or not; nothing says that it has not, and nothing is done twice.
func TestPG20_ACommitWithoutAnswerIsSaidToBeUndecided(t *testing.T) {
	c, proxy, direct := behindProxy(t)
	raw := storetest.Raw(t, direct)
	admin, token := c.Administrator(), tokenOf(c, harness.AdminEmail)
	admin.Post("/settings/integrations/new?type=slack", "name", "Chat", "active", "1", "url", c.Receiver.URL+"/services/T0/B0/secret").
		Wants(http.StatusSeeOther)
	made := func(table, name string) (n int) {
		t.Helper()
		column := "name"
		if table == "users" {
			column = "first_name"
		}
		if err := raw.QueryRow(`SELECT count(*) FROM `+table+` WHERE `+column+` = $1`, name).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for table, send := range map[string]func(name string) (*http.Response, string){
		"users": func(name string) (*http.Response, string) {
			a := admin.Post("/settings/users/new", "role", "analyst", "first_name", name, "email", name+"@example.com", "tenant_id", "1")
			return a.Response, a.Body
		},
		"triggers": func(name string) (*http.Response, string) {
			a := admin.Post("/settings/triggers/new", "name", name, "condition", "user_added", "role_operator", "eq", "roles", "admin",
				"integration_ids", "1", "enabled", "1")
			return a.Response, a.Body
		},
		"groups": func(name string) (*http.Response, string) {
			return c.AskAPI(token, http.MethodPost, "/groups", `{"name":"`+name+`","role":"admin"}`, "Idempotency-Key", name)
		},
	} {
		for moment, rows := range map[storetest.Cut]int{storetest.BeforeCommit: 0, storetest.AfterCommit: 1} {
			name := map[storetest.Cut]string{storetest.BeforeCommit: "before", storetest.AfterCommit: "after"}[moment] + table
			proxy.CutAt(moment, name)
			answer, body := send(name)
			if answer.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "may have been done") ||
				strings.Contains(body, "Nothing was") || answer.Header.Get("Retry-After") != "" {
				t.Errorf("%s, cut %s the commit: %d, Retry-After %q\n%s", table, name, answer.StatusCode, answer.Header.Get("Retry-After"), body)
			}
			if rows == 1 {
				harness.Eventually(t, "what the server got is there", func() bool { return made(table, name) > 0 })
			}
			if n := made(table, name); n != rows {
				t.Errorf("%s, cut %s the commit: %d rows", table, name, n)
			}
			if table != "groups" {
				continue
			}
			// A program repeats it with its key.
			if answer, body := send(name); answer.StatusCode != http.StatusCreated || made(table, name) != 1 {
				t.Errorf("repeated with its key: %d, %d rows\n%s", answer.StatusCode, made(table, name), body)
			}
		}
	}
	if proxy.Cuts() != 6 {
		t.Errorf("%d commits were cut", proxy.Cuts())
	}
}

// A stop does not wait for a database that does not come back, also where something is left to be written.
func TestPG19_AStopDoesNotWaitForTheDatabase(t *testing.T) {
	c, proxy, _ := behindProxy(t)
	noted := begin(t, c.Browser(), "/signin", 64<<10+1, "") // which is written within a minute
	if status := noted.StatusCode; status != http.StatusRequestEntityTooLarge {
		t.Fatalf("it is answered %d", status)
	}
	proxy.Away()
	began := time.Now()
	err := c.Close()
	took := time.Since(began)
	t.Logf("it took %v: %v", took, err)
	if took > stopLimit {
		t.Errorf("the stop took %v: %v", took, err)
	}
}
