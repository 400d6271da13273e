package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/permission"
	"console/store"
)

// timed asks once and returns the status, or an error where no answer comes within a limit.
func timed(b *harness.Browser, method, path string, htmx bool, limit time.Duration) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, b.Console.URL.String()+path, nil)
	if err != nil {
		return 0, err
	}
	if htmx {
		request.Header.Set("HX-Request", "true")
	}
	response, err := b.HTTP.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

// writing are the GET routes that may wait for a writer: an export is in the activity log before its first byte.
var writing = map[string]bool{
	"/settings/users/export.csv": true, "/settings/activity/export.csv": true, "/settings/activity/export.ndjson": true,
	"/settings/invitations/:id/mail": true,
}

// waitsAtMost is how long an answer may take while the machine is busy. Whoever waits for the writer waits longer.
const waitsAtMost = 2 * time.Second

// populated is a console with one of everything that a path can name, and the addresses of each GET route.
func populated(t *testing.T) (c *harness.Console, admin *harness.Browser, addresses map[string][]string) {
	t.Helper()
	c, admin = harness.SignedIn(t, nil)
	return c, admin, populate(c, admin)
}

// populate adds one of everything that a path can name, and returns the addresses of each GET route.
func populate(c *harness.Console, admin *harness.Browser) (addresses map[string][]string) {
	t := c.T
	t.Helper()
	ann := c.Person(permission.Analyst, "Ann", "", "ann@example.com")
	group := c.NewGroup(admin, "Rule writers", []string{"1"}, []string{"rules.view"})
	admin.Post(group+"/users/add", "emails", ann.Email).Wants(http.StatusSeeOther)
	tenant := c.NewTenant(admin, "Staging")
	integration := c.Destination(admin, "webhook", "url", c.Receiver.URL+"/hook", "method", "post")
	c.Destination(admin, "email", "emails", "ann@example.com")
	c.Trigger(admin, integration)
	signup := c.Add(admin, "analyst", "New", "", "new@example.com")
	admin.Post("/settings/tokens/new", "name", "Sync", "kind", "shared", "permissions", "users.view", "tenant_ids", "1").Wants(http.StatusOK)
	job := c.Bulk(admin, append(harness.IDPairs(ann), "action", "enable")...)
	john := c.User(harness.AdminEmail)
	c.Exec(`INSERT INTO passkeys (user_id, credential_id, credential, name, created_at) VALUES ($1, randomblob(1), '{}', 'Key', 1)`, john.ID)
	c.Exec(`INSERT INTO authenticators (user_id, secret, confirmed_at) VALUES ($1, randomblob(1), 1)`, ann.ID)
	reset := c.ResetPath(harness.AdminEmail)
	c.Settled()
	ids := map[string]string{
		"passkeys": "1",
		"users":    fmt.Sprint(ann.ID),
		"groups":   strings.TrimPrefix(group, "/settings/groups/"),
		"tenants":  tenant,
		"jobs":     fmt.Sprint(job.ID),
		"invitations": strings.TrimPrefix(
			c.Invitation("new@example.com"),
			"/settings/invitations/",
		),
		"integrations": integration,
		"triggers":     "1",
		"tokens":       "1",
		"deliveries":   c.Cell(`SELECT max(id) FROM deliveries WHERE trigger_id IS NOT NULL`),
		"activity":     c.Cell(`SELECT max(id) FROM activity`),
	}
	queries := map[string][]string{
		"/settings/users":            {"", "?q=ann&tab=active", "?sort=last_auth&dir=desc", "?role=analyst&group=" + ids["groups"], "?twofa=on"},
		"/settings/users/bulk":       {"?action=disable&ids=" + ids["users"], "?action=delete&all=1&tab=active", "?action=enable&ids=" + ids["users"]},
		"/settings/users/:id/groups": {"", "?review=1&role=read_only&group_ids=&version=" + fmt.Sprint(ann.Version), "?find=1&q=rule"},
		"/settings/groups/:id": {
			"",
			"?tab=tenants",
			"?tab=users",
			"?tab=permissions",
		},
		"/settings/groups/:id/permissions":    {"", "?role=analyst", "?role=custom"},
		"/settings/groups/:id/tenants/remove": {"?tenant_id=1"},
		"/settings/groups/:id/users/remove":   {"?user_ids=" + ids["users"]},
		"/settings/groups/:id/users/add":      {"", "?q=ann"},
		"/settings/integrations/new":          {"?type=slack", "?type=email"},
		"/settings/activity": {
			"", "?q=ann", "?actor=1", "?actor=nobody", "?object_type=user", "?object_type=user&object=" + ids["users"], "?action=add+user",
			"?outcome=failed", "?source=UI&outcome=done", "?from=2020-01-01&to=2020-01-02", "?actor=1&object_type=user&object=1&source=UI",
			"?job=" + ids["jobs"], "?cursor=1000.1", "?cursor=-1000.1&outcome=done",
		},
		"/settings/tokens":    {"", "?tab=shared&q=sync", "?tab=others"},
		"/settings/users/:id": {"", "?tab=permissions", "?tab=sessions", "?tab=activity"},
		"/settings/profile":   {"", "?tab=security", "?tab=sessions", "?tab=permissions"},
	}
	addresses = map[string][]string{}
	for _, r := range c.Routes() {
		if r.Method != http.MethodGet {
			continue
		}
		path := r.Path
		for noun, id := range ids {
			path = strings.Replace(path, "/"+noun+"/:id", "/"+noun+"/"+id, 1)
		}
		path = strings.NewReplacer("/signup/:token", signup, "/reset/:token", reset).Replace(path)
		if strings.Contains(path, ":") {
			t.Fatalf("%s is a new route: say here what it is asked about", r.Path)
		}
		if queries[r.Path] == nil {
			addresses[r.Path] = []string{path}
		}
		for _, query := range queries[r.Path] {
			addresses[r.Path] = append(addresses[r.Path], path+query)
		}
	}
	return addresses
}

func TestFC207_NoGETWaitsForAWriter(t *testing.T) {
	c, admin, addresses := populated(t)
	visitor := c.Browser()
	statuses := map[string]int{}
	for route, paths := range addresses {
		for _, path := range paths {
			statuses[path] = admin.Get(path).StatusCode
			if statuses[path] == http.StatusNotFound && route != "/setup" && !writing[route] { // without trial mode there is no mail to show
				t.Errorf("%s is not found: nothing is proved about it", path)
			}
		}
	}
	release := c.HoldWriter()
	defer release()
	for route, paths := range addresses {
		if writing[route] {
			continue
		}
		for _, path := range paths {
			for _, by := range []*harness.Browser{admin, visitor} {
				for _, method := range []string{http.MethodGet, http.MethodHead} {
					for _, htmx := range []bool{false, true} {
						began := time.Now()
						status, err := timed(by, method, path, htmx, waitsAtMost)
						if err != nil || status >= http.StatusInternalServerError {
							t.Errorf(
								"%s %s (htmx: %v, visitor: %v) waits behind a writer: %d, %v, %s",
								method,
								path,
								htmx,
								by == visitor,
								status,
								err,
								time.Since(began),
							)
						}
						if by == admin && method == http.MethodGet && !htmx && status != statuses[path] {
							t.Errorf("%s is answered %d behind a writer, else %d", path, status, statuses[path])
						}
					}
				}
			}
		}
	}
	for route := range writing {
		if addresses[route] == nil {
			t.Errorf("there is no %s any more", route)
		}
	}
}

func TestFC207_ARefusedGETDoesNotWait(t *testing.T) {
	c, _ := harness.SignedIn(t, nil)
	reader := c.Browse(c.Person(permission.ReadOnly, "Ray", "", "ray@example.com"))
	release := c.HoldWriter()
	for range 3 {
		if status, err := timed(
			reader,
			http.MethodGet,
			"/settings/groups/new",
			false,
			waitsAtMost,
		); err != nil ||
			status != http.StatusForbidden {
			t.Errorf("answered %d, %v", status, err)
		}
	}
	release()
	if err := c.Close(); err != nil { // what was counted is written at the latest now
		t.Fatal(err)
	}
	c.WantCount(1, `SELECT count(*) FROM activity WHERE action = 'refused' AND outcome = 'refused' AND actor LIKE '%ray@example.com%'
		AND changes LIKE '%"count":["","3"]%'`)
}

func TestFC207_WhenASessionWasUsedIsWrittenAfterwards(t *testing.T) {
	c, clock := harness.StartAt(t)
	john := c.BrowseAt(c.User(harness.AdminEmail), clock.Now())
	clock.Advance(10 * time.Minute)
	release := c.HoldWriter()
	if status, err := timed(john, http.MethodGet, "/settings/users", false, waitsAtMost); err != nil || status != http.StatusOK {
		t.Errorf("answered %d, %v", status, err)
	}
	if !store.IsURL(c.Database()) { // PostgreSQL writes it beside the other writer
		c.WantCount(0, `SELECT count(*) FROM sessions WHERE last_seen_at > created_at`)
	}
	release()
	harness.Eventually(t, "the activity is written", func() bool {
		return c.Count(`SELECT count(*) FROM sessions WHERE last_seen_at = $1`, store.At(clock.Now())) == 1
	})
}
