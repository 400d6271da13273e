package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the zones of FC-145, wherever this runs
)

// wantNoTrace fails the test where one of the secrets stands in the log or in a file of the data directory.
func (c *console) wantNoTrace(secrets ...string) {
	c.t.Helper()
	places := map[string]string{"the log": c.Log.String()}
	err := filepath.Walk(c.Data, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		places[info.Name()] = string(content)
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
	for place, content := range places {
		for _, secret := range secrets {
			if strings.Contains(content, secret) {
				c.t.Errorf("%q stands in %s", secret, place)
			}
		}
	}
	if len(places["console.db"])+len(places["console.db-wal"]) < 4096 || places["the log"] == "" {
		c.t.Error("there is nothing to search")
	}
}

func TestFC135_EveryActionIsRecordedOnce(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
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
	c.setUp()
	recorded("set-up", "set up done")
	admin := c.administrator()
	recorded("signing in", "sign in done")
	c.browser().post("/signin", "email", adminEmail, "password", "wrong").wants(http.StatusUnprocessableEntity)
	recorded("a wrong password", "sign in failed")
	c.slack(admin, c.Receiver.URL+"/services/T0/B0/secret")
	recorded("an integration", "create integration done")
	c.trigger(admin, "1")
	recorded("a trigger", "create trigger done")
	c.add(admin, "read_only", "Ann", "", "ann@example.com")
	recorded("adding", "add user done")
	admin.post(c.invitation("ann@example.com") + "/resend").wants(http.StatusSeeOther)
	recorded("resending", "resend invitation done")
	path := admin.post(c.invitation("ann@example.com") + "/link").link()
	recorded("a new link", "issue invitation link done")
	ann := c.browser()
	ann.accept(path, "ann").to("/")
	recorded("signing up", "accept invitation done", "sign in done")
	ann.get("/settings/triggers").wants(http.StatusForbidden)
	recorded("a page they may not see", "refused refused")
	ann.post("/settings/users/new", "role", "analyst", "email", "x@example.com", "tenant_id", "1").wants(http.StatusForbidden)
	recorded("an action they may not do", "refused refused")
	c.inviteByLink(admin, "analyst", "bea@example.com")
	recorded("inviting by link", "issue invitation link done")
	admin.post("/settings/users/new", "role", "global_admin", "email", "bea@example.com", "tenant_id", "1").wants(http.StatusUnprocessableEntity)
	recorded("a refused form")
	admin.post(c.invitation("bea@example.com") + "/revoke").wants(http.StatusSeeOther)
	recorded("revoking", "revoke invitation done")
	admin.post("/settings/integrations/1/edit", "name", "Chat 2", "version", c.cell(`SELECT version FROM integrations`)).wants(http.StatusSeeOther)
	recorded("changing an integration", "change integration done")
	admin.post("/settings/triggers/1/edit", "name", "New", "condition", "user_added", "integration_ids", "1", "version", "1").wants(http.StatusSeeOther)
	recorded("changing a trigger", "change trigger done")
	admin.post("/settings/triggers/1/delete").wants(http.StatusSeeOther)
	recorded("deleting a trigger", "delete trigger done")
	admin.post("/settings/integrations/1/delete").wants(http.StatusSeeOther)
	recorded("deleting an integration", "delete integration done")
	admin.get("/settings/users").wants(http.StatusOK)
	recorded("looking at the list")
	admin.post("/signout").to("/signin")
	recorded("signing out", "sign out done")
}

func TestFC138_SignedInMeansSignedIn(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	c.member(c.administrator(), "analyst", "ann@example.com")
	c.disable("ann@example.com")
	before, done := c.user("ann@example.com").LastAuthAt, c.entries("sign in", "done")
	for _, typed := range []string{password("ann@example.com"), "wrong"} {
		c.browser().post("/signin", "email", "ann@example.com", "password", typed).wants(http.StatusUnprocessableEntity)
	}
	if c.entries("sign in", "done") != done || c.entries("sign in", "failed") != 2 || c.user("ann@example.com").LastAuthAt != before {
		t.Error("a refused sign-in counts as one")
	}
}

// TestFC145 runs itself in other time zones: the zone of a process is fixed when it starts.
func TestFC145_TimeZonesDoNotMoveExpiry(t *testing.T) {
	t.Parallel()
	if os.Getenv("FC145_CHILD") != "" {
		linkLastsAnHour(t)
		return
	}
	for _, zone := range []string{"America/Chicago", "Asia/Tokyo"} {
		t.Run(zone, func(t *testing.T) {
			t.Parallel()
			child := exec.Command(os.Args[0], "-test.run=^TestFC145_", "-test.count=1")
			child.Env = append(os.Environ(), "TZ="+zone, "FC145_CHILD=1")
			if out, err := child.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func linkLastsAnHour(t *testing.T) {
	if _, offset := time.Now().Zone(); offset == 0 {
		t.Fatal("this is still UTC")
	}
	c, clock := startAt(t)
	admin := c.administrator()
	page := admin.post("/settings/users/invite-link", "role", "analyst", "duration", "1h", "email", "ann@example.com", "tenant_id", "1")
	page.contains(clock.Now().Add(time.Hour).UTC().Format("2 Jan 2006, 15:04 UTC"))
	path := page.link()
	clock.Advance(time.Hour - time.Second)
	c.browser().get(path).wants(http.StatusOK)
	clock.Advance(time.Second)
	c.browser().accept(path, "ann").wants(http.StatusGone).contains("expired")
	for _, line := range strings.Split(strings.TrimSpace(c.Log.String()), "\n") {
		if strings.HasPrefix(line, "{") && !strings.Contains(line, `Z","level"`) {
			t.Errorf("the log line is not in UTC: %s", line)
		}
	}
}
