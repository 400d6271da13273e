package e2e

import (
	"net/http"
	"strings"
	"testing"

	"console/e2e/harness"
)

// TestFiltersThatAreNotUnderstood asks lists, files and actions for what there is not: none of them is for everything then.
func TestFiltersThatAreNotUnderstood(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	c.Member(admin, "analyst", "ann@example.com")
	admin.Get("/settings/users").Contains("ann@example.com") // and the message that she was added
	for list, filters := range map[string][]string{
		"/settings/users":                  {"role=zzz", "role=custom", "group=x", "group=-1", "twofa=maybe", "last_auth=1d"},
		"/settings/users/export.csv":       {"role=zzz", "group=x", "twofa=maybe", "last_auth=1d", "tab=deleted"},
		"/settings/groups":                 {"role=zzz"},
		"/settings/triggers":               {"creator=theirs"},
		"/settings/deliveries":             {"state=lost", "trigger=x", "integration=-1"},
		"/settings/activity":               {"object_type=zzz", "action=zzz", "outcome=zzz", "source=zzz", "job=x", "actor=x", "object_type=user&object=x", "object=7"},
		"/settings/activity/export.csv":    {"from=garbage", "to=2026-13-45", "action=zzz", "actor=-1"},
		"/settings/activity/export.ndjson": {"from=garbage", "to=2026-02-30", "outcome=zzz"},
	} {
		for _, filter := range filters {
			answer := admin.Get(list + "?" + filter).Wants(http.StatusUnprocessableEntity)
			if strings.Contains(answer.Body, "ann@example.com") || answer.Header.Get("Content-Disposition") != "" {
				t.Errorf("%s?%s lists people", list, filter)
			}
		}
	}
	for _, path := range []string{
		"/settings/users?role=&group=&twofa=&last_auth=&tab=all", "/settings/users/export.csv?role=admin&tab=active", "/settings/groups?role=custom",
		"/settings/triggers?tab=all&creator=", "/settings/deliveries?state=failed", "/settings/activity?from=&to=&actor=nobody&object_type=group&object=user:7",
	} {
		admin.Get(path).Wants(http.StatusOK)
	}
	admin.Post("/settings/users/bulk", "action", "disable", "all", "1", "total", "2", "role", "zzz").Wants(http.StatusUnprocessableEntity)
	if n := c.Cell(`SELECT COUNT(*) FROM users WHERE disabled_at <> 0`); n != "0" {
		t.Errorf("%s people were disabled", n)
	}
}

func TestDaysThatAreNotUnderstood(t *testing.T) {
	t.Parallel()
	_, admin := harness.SignedIn(t, nil)
	page := admin.Get("/settings/activity?from=garbage&to=2026-13-45").Wants(http.StatusUnprocessableEntity)
	page.Contains("This is no date.", `aria-describedby="filter-from-error"`, `id="filter-to-error"`, "nothing is listed", "from, to", "show the whole log")
	if len(entriesOn(page)) > 0 || strings.Contains(page.Body, "Export CSV") {
		t.Error("entries are listed, or exported, as if they were of these days")
	}
	page = admin.Get("/settings/activity?from=garbage&to=2026-01-31").Wants(http.StatusUnprocessableEntity)
	page.Contains(`value="2026-01-31"`, "Not understood: from.")
}
