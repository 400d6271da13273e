package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"console/e2e/harness"
	"console/internal/cli"
)

// copied are the files of a stopped console.
func copied(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{"console.db": nil, "console.key": nil}
	for name := range files {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = content
	}
	return files
}

// putBack is a data directory with files.
func putBack(t *testing.T, files map[string][]byte) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// serveFrom serves what a data directory holds.
func serveFrom(t *testing.T, dir string) *harness.Console {
	t.Helper()
	return harness.Start(t, func(s *cli.Serve) {
		for name, content := range copied(t, dir) {
			if err := os.WriteFile(filepath.Join(s.Data, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// runRestored runs console restored.
func runRestored(t *testing.T, dir string, more ...string) string {
	t.Helper()
	var out, problems strings.Builder
	if status := cli.Run(t.Context(), append([]string{"restored", "--data", dir}, more...), strings.NewReader(""), &out, &problems); status != 0 {
		t.Fatalf("status %d: %s", status, problems.String())
	}
	return out.String()
}

func TestFC201_WhatACopyBringsBackIsEnded(t *testing.T) {
	harness.OnFile(t, "pg_dump and the like make copies of PostgreSQL")
	t.Parallel()
	first := harness.Ready(t, nil)
	admin := first.Administrator()
	ann := first.Person("read_only", "Ann", "", "ann@example.com")
	open, half := first.Browse(ann), first.Browse(first.User(harness.AdminEmail))
	first.Exec(`UPDATE sessions SET stage = 'second factor' WHERE id = (SELECT max(id) FROM sessions)`)
	link := first.InviteByLink(admin, "analyst", "bea@example.com")
	reset := first.ResetPath(harness.AdminEmail)
	first.Settled()
	first.Mail.Refuse(451, "later")
	admin.Invite("cleo").Wants(http.StatusSeeOther)
	harness.Eventually(t, "an attempt fails", func() bool {
		return first.Count(`SELECT count(*) FROM deliveries WHERE state = 'waiting' AND error <> ''`) == 1
	})
	first.JobUnderWay(first.User(harness.AdminEmail), 2, 5)
	first.Exec(`UPDATE deliveries SET next_at = 0`) // due as soon as it is served
	first.Exec(`PRAGMA wal_checkpoint(TRUNCATE)`)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	files := copied(t, first.Data)

	alive := serveFrom(t, putBack(t, files)) // without the command, all of it lives
	cookie := open.Cookie("console")
	visit := func(c *harness.Console, cookie *http.Cookie) *harness.Browser {
		b := c.Browser()
		b.HTTP.Jar.SetCookies(c.URL, []*http.Cookie{{Name: harness.CookieName(c.URL, "console"), Value: cookie.Value, Path: "/"}})
		return b
	}
	visit(alive, cookie).Get("/settings/profile").Wants(http.StatusOK)
	alive.Mail.WaitFor(t, "cleo@example.com")

	dir := putBack(t, files)
	said := runRestored(t, dir)
	for _, want := range []string{"2 sessions and 1 sign-ins under way", "2 signup links and 1 links", "1 messages", "1 jobs", "need a new link"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is missing in:\n%s", want, said)
		}
	}
	c := serveFrom(t, dir)
	visit(c, cookie).Get("/settings/profile").To("/signin")
	visit(c, half.Cookie("console")).Get("/signin/2fa").To("/signin")
	visitor := c.Browser()
	visitor.Get(link).Wants(http.StatusGone)
	visitor.Get(reset).Wants(http.StatusGone)
	again := c.Administrator()
	again.Invite("dora").Wants(http.StatusSeeOther)
	c.Mail.WaitFor(t, "dora@example.com")
	c.Settled()
	for _, m := range c.Mail.Messages() {
		if strings.Contains(strings.Join(m.To, " "), "cleo") {
			t.Error("a mail that waited in the copy was sent")
		}
	}
	again.Get("/settings/users?tab=invited").Contains("Mail not sent: restored, not sent")
	c.WantCount(1, `SELECT count(*) FROM jobs WHERE ended_at > 0 AND done = total AND refused = 3`)
	again.Get("/settings/jobs/" + c.Cell(`SELECT max(id) FROM jobs`)).Contains("restored from a copy")
	if c.Entries("restore", "done") != 1 {
		t.Error("it is not in the activity log")
	}
	c.WantCount(1, `SELECT count(*) FROM activity WHERE action = 'restore' AND source = 'CLI' AND json_extract(changes, '$.sessions[1]') = '2'`)
}

func TestFC201_AConsoleThatRunsGoesOnWithNoneOfIt(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	job := c.JobUnderWay(c.User(harness.AdminEmail), 0, 5000)
	runRestored(t, c.Data, "--database", c.Database())
	admin.Get("/settings/users").To("/signin")
	ended, err := c.DB.JobByID(t.Context(), job.ID)
	if err != nil || ended.Running() || ended.Done != ended.Total {
		t.Errorf("the job goes on: %+v, %v", ended, err)
	}
}

func TestFC201_WhereNothingIsRestoredItSaysSo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var problems strings.Builder
	arguments := []string{"restored", "--data", dir}
	if status := cli.Run(t.Context(), arguments, strings.NewReader(""), &problems, &problems); status != 1 ||
		!strings.Contains(problems.String(), "there is no database") {
		t.Errorf("status %d: %s", status, problems.String())
	}
}
