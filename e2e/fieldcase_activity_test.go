package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
)

func TestFC135_EveryActionIsRecordedOnce(t *testing.T) {
	t.Parallel()
	c := harness.Start(t, nil)
	last := 0
	recorded := func(what string, want ...string) {
		t.Helper()
		entries, err := c.DB.Entries(t.Context(), 1000)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range entries[:len(entries)-last] {
			got = append([]string{e.Action + " " + e.Outcome}, got...)
			if e.At == 0 || e.Source != "UI" || e.Address == "" || e.RequestID == "" || e.Object == "" && e.Outcome == "done" {
				t.Errorf("%s: the entry is incomplete: %+v", what, e)
			}
			if e.Actor == "" && e.Action+e.Outcome != "sign infailed" {
				t.Errorf("%s: the entry names nobody: %+v", what, e)
			}
		}
		last = len(entries)
		if strings.Join(got, "; ") != strings.Join(want, "; ") {
			t.Errorf("%s is recorded as %q", what, got)
		}
	}
	c.SetUp()
	recorded("set-up", "set up done")
	admin := c.Administrator()
	recorded("signing in", "sign in done")
	c.Browser().Post("/signin", "email", harness.AdminEmail, "password", "wrong").Wants(http.StatusUnprocessableEntity)
	recorded("a wrong password", "sign in failed")
	c.Slack(admin, c.Receiver.URL+"/services/T0/B0/secret")
	recorded("an integration", "create integration done")
	c.Trigger(admin, "1")
	recorded("a trigger", "create trigger done")
	c.Add(admin, "read_only", "Ann", "", "ann@example.com")
	recorded("adding", "add user done")
	admin.Post(c.Invitation("ann@example.com") + "/resend").Wants(http.StatusSeeOther)
	recorded("resending", "resend invitation done")
	path := admin.Post(c.Invitation("ann@example.com") + "/link").Link()
	recorded("a new link", "issue invitation link done")
	ann := c.Browser()
	ann.Accept(path, "ann").To("/")
	recorded("signing up", "accept invitation done", "sign in done")
	ann.Get("/settings/triggers").Wants(http.StatusForbidden)
	recorded("a page they may not see", "refused refused")
	ann.Post("/settings/users/new", "role", "analyst", "email", "x@example.com", "tenant_id", "1").Wants(http.StatusForbidden)
	recorded("an action they may not do", "refused refused")
	c.InviteByLink(admin, "analyst", "bea@example.com")
	recorded("inviting by link", "issue invitation link done")
	admin.Post("/settings/users/new", "role", "global_admin", "email", "bea@example.com", "tenant_id", "1").Wants(http.StatusUnprocessableEntity)
	recorded("a refused form")
	admin.Post(c.Invitation("bea@example.com") + "/revoke").Wants(http.StatusSeeOther)
	recorded("revoking", "revoke invitation done")
	admin.Post("/settings/integrations/1/edit", "name", "Chat 2", "version", c.Cell(`SELECT version FROM integrations`)).Wants(http.StatusSeeOther)
	recorded("changing an integration", "change integration done")
	admin.Post("/settings/triggers/1/edit", "name", "New", "condition", "user_added", "integration_ids", "1", "version", "1").Wants(http.StatusSeeOther)
	recorded("changing a trigger", "change trigger done")
	admin.Post("/settings/triggers/1/delete").Wants(http.StatusSeeOther)
	recorded("deleting a trigger", "delete trigger done")
	admin.Post("/settings/integrations/1/delete").Wants(http.StatusSeeOther)
	recorded("deleting an integration", "delete integration done")
	admin.Get("/settings/users").Wants(http.StatusOK)
	recorded("looking at the list")
	admin.Post("/signout").To("/signin")
	recorded("signing out", "sign out done")
}

func TestFC138_SignedInMeansSignedIn(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	c.Member(c.Administrator(), "analyst", "ann@example.com")
	c.Disable("ann@example.com")
	before, done := c.User("ann@example.com").LastAuthAt, c.Entries("sign in", "done")
	for _, typed := range []string{harness.Password("ann@example.com"), "wrong"} {
		c.Browser().Post("/signin", "email", "ann@example.com", "password", typed).Wants(http.StatusUnprocessableEntity)
	}
	if c.Entries("sign in", "done") != done || c.Entries("sign in", "failed") != 2 || c.User("ann@example.com").LastAuthAt != before {
		t.Error("a refused sign-in counts as one")
	}
}

func TestFC145_TimeZonesDoNotMoveExpiry(t *testing.T) {
	t.Parallel()
	if elsewhere(t) {
		linkLastsAnHour(t)
	}
}

func linkLastsAnHour(t *testing.T) {
	c, clock := harness.StartAt(t)
	admin := c.Administrator()
	page := admin.Post("/settings/users/invite-link", "role", "analyst", "duration", "1h", "email", "ann@example.com", "tenant_id", "1")
	page.Contains(clock.Now().Add(time.Hour).UTC().Format("2 Jan 2006, 15:04 UTC"))
	path := page.Link()
	clock.Advance(time.Hour - time.Second)
	c.Browser().Get(path).Wants(http.StatusOK)
	clock.Advance(time.Second)
	c.Browser().Accept(path, "ann").Wants(http.StatusGone).Contains("expired")
	for _, line := range strings.Split(strings.TrimSpace(c.Log.String()), "\n") {
		if strings.HasPrefix(line, "{") && !strings.Contains(line, `Z","level"`) {
			t.Errorf("the log line is not in UTC: %s", line)
		}
	}
}
