package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"console/e2e/harness"
	"console/internal/permission"
)

func TestFC135_EveryActionIsRecordedOnce(t *testing.T) {
	t.Parallel()
	c := harness.Start(t, nil)
	last := 0
	recorded := func(what string, want ...string) {
		t.Helper()
		c.Account.Settle(t.Context())
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
	admin := c.SignedInByPassword()
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
	c.Account.Settle(t.Context())
	recorded("a page they may not see", "refused refused")
	ann.Post("/settings/users/new", "role", "analyst", "email", "x@example.com", "tenant_id", "1").Wants(http.StatusForbidden)
	c.Account.Settle(t.Context())
	recorded("an action they may not do", "refused refused")
	c.InviteByLink(admin, "analyst", "bea@example.com")
	recorded("inviting by link", "issue invitation link done")
	admin.Post("/settings/users/new", "role", "global_admin", "email", "bea@example.com", "tenant_id", "1").
		Wants(http.StatusUnprocessableEntity)
	recorded("a refused form")
	admin.Post(c.Invitation("bea@example.com") + "/revoke").Wants(http.StatusSeeOther)
	recorded("revoking", "revoke invitation done")
	admin.Post("/settings/integrations/1/edit", "name", "Chat 2", "version", c.Cell(`SELECT version FROM integrations`)).
		Wants(http.StatusSeeOther)
	recorded("changing an integration", "change integration done")
	admin.Post("/settings/triggers/1/edit", "name", "New", "condition", "user_added", "integration_ids", "1", "version", "1").
		Wants(http.StatusSeeOther)
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

func TestASVS_16_2_5_SecretsAreNotKept(t *testing.T) {
	t.Parallel()
	const slackPath = "/services/T0MARKER/B0MARKER/markerOfSlack"
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	c.Trigger(admin, c.Slack(admin, c.Receiver.URL+slackPath))
	link := c.Add(admin, "analyst", "Ann", "", "ann@example.com")
	ann := c.Browser()
	ann.Accept(link, "ann").To("/")
	c.Browser().
		Post("/signin", "email", "a password typed as email", "password", "marker of a wrong password").
		Wants(http.StatusUnprocessableEntity)
	ann.Get("/signup/" + strings.Repeat("markerlink", 4)).Wants(http.StatusNotFound)
	c.Receiver.Wait(t, 1)
	secrets := []string{
		harness.AdminPassword,
		harness.Password("ann"),
		"marker of a wrong password",
		strings.TrimPrefix(link, "/signup/"),
		"markerlink",
		admin.Cookie("console").Value,
		ann.Cookie("console").Value,
		admin.Token(),
		"markerOfSlack",
		"T0MARKER",
	}
	if err := c.Close(); err != nil { // so that the log is complete
		t.Fatal(err)
	}
	c.WantNoTrace(secrets...)
	for _, line := range bytes.Split([]byte(strings.TrimSpace(c.Log.String())), []byte("\n")) { // 16.2.4
		if !json.Valid(line) {
			t.Errorf("the log line is not JSON: %s", line)
		}
	}
}

func TestASVS_16_4_1_NamesDoNotWriteTheLog(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	b := c.Browser()
	b.Post("/signin", "email", "x\n{\"level\":\"forged\"}\x1b[31m", "password", "x").Wants(http.StatusUnprocessableEntity)
	b.Get("/nothing/%0a%7b%22level%22:%22forged%22%7d").Wants(http.StatusNotFound)
	if log := c.Log.String(); strings.Contains(log, "\n{\"level\":\"forged") || strings.Contains(log, "\x1b") {
		t.Errorf("the log is forged:\n%s", log)
	}
}

func TestFC136_ChangesOfAccessAreRecordedInWords(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	c.NewGroup(admin, "Support", []string{"1"}, []string{"rules.view"})
	group := c.Cell(`SELECT id FROM groups WHERE name = 'Support'`)
	ann := c.Person(permission.ReadOnly, "Ann", "Lee", "ann@example.com")
	path := fmt.Sprintf("/settings/users/%d/groups", ann.ID)
	version := func() string { return c.Cell(`SELECT version FROM users WHERE id = $1`, ann.ID) }
	admin.Post(path, "version", version(), "role", "admin").Wants(http.StatusSeeOther)
	admin.Post(path, "version", version(), "role", "admin", "group_ids", c.Cell(`SELECT id FROM groups WHERE automatic = 1 AND role = 'admin'`), "group_ids", group).
		Wants(http.StatusSeeOther)
	want := []string{
		`change role|Ann Lee <ann@example.com>|John Doe <` + harness.AdminEmail + `>|{"groups":["Read Only","Administrators"],"role":["Read Only","Administrator"]}`,
		`change groups|Ann Lee <ann@example.com>|John Doe <` + harness.AdminEmail + `>|{"groups":["Administrators","Administrators, Support"]}`,
	}
	got := c.Column(
		`SELECT action || '|' || object || '|' || actor || '|' || changes FROM activity WHERE action IN ('change role', 'change groups') AND address <> '' ORDER BY id`,
	)
	if !slices.Equal(got, want) {
		t.Errorf("the activity log says\n%q\nnot\n%q", got, want)
	}
}
