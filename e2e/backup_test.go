package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"console/e2e/harness"
	"console/internal/cli"
	"console/store/storetest"
)

// succeeds runs a command of the program and returns what it prints.
func succeeds(t *testing.T, arguments ...string) string {
	t.Helper()
	var out, problems strings.Builder
	if status := cli.Run(t.Context(), arguments, strings.NewReader(""), &out, &problems); status != 0 {
		t.Fatalf("%v: status %d: %s", arguments, status, problems.String())
	}
	return out.String()
}

// drill is a console with what a copy of it must not bring back.
type drill struct {
	*harness.Console
	cookie *http.Cookie // of an open session
	link   string       // to sign up
	token  string       // of the API
}

func beginDrill(t *testing.T) drill {
	t.Helper()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	d := drill{Console: c, cookie: admin.Cookie("console"), link: c.InviteByLink(admin, "analyst", "bea@example.com")}
	arguments := []string{"token", "create", "--data", c.Data, "--database", c.Database(), "--email", harness.AdminEmail, "--name", "Program"}
	d.token = strings.TrimSpace(succeeds(t, arguments...))
	c.Settled()
	c.Mail.Refuse(451, "later")
	admin.Invite("cleo").Wants(http.StatusSeeOther)
	harness.Eventually(t, "an attempt fails", func() bool {
		return c.Count(`SELECT count(*) FROM deliveries WHERE state = 'waiting' AND error <> ''`) == 1
	})
	return d
}

// wantQuiet fails the test where a console that serves a copy of d lets in what was in it, or mails anybody. It must let in who signs in.
func (d drill) wantQuiet(c *harness.Console) {
	c.T.Helper()
	visitor := c.Browser()
	visitor.HTTP.Jar.SetCookies(c.URL, []*http.Cookie{{Name: harness.CookieName(c.URL, "console"), Value: d.cookie.Value, Path: "/"}})
	visitor.Get("/settings/profile").To("/signin")
	c.Browser().Get(d.link).Wants(http.StatusGone)
	program := c.Browser()
	program.Header = http.Header{"Authorization": {"Bearer " + d.token}}
	program.Get("/api/v1/users").Wants(http.StatusUnauthorized)
	c.Administrator().Get("/settings/users?tab=invited").Contains("Mail not sent: restored, not sent")
	c.WantCount(0, `SELECT count(*) FROM deliveries WHERE state = 'waiting'`)
	if mails := c.Mail.Messages(); len(mails) > 0 {
		c.T.Errorf("it mails %v", mails[0].To)
	}
}

// A copy is made while the console serves, restored to a new directory, and served there: nobody notices but who looks at it.
func TestFC201_ACopyIsTriedBesideTheConsole(t *testing.T) {
	harness.OnFile(t, "there, dumps are restored: see TestFC201_ADumpIsRestored")
	t.Parallel()
	d := beginDrill(t)
	dir := t.TempDir()
	passphrase, file, to := filepath.Join(dir, "passphrase"), filepath.Join(dir, "copy"), filepath.Join(dir, "new")
	if err := os.WriteFile(passphrase, []byte("correct horse battery staple\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	succeeds(t, "backup", file, "--data", d.Data, "--passphrase-file", passphrase)
	succeeds(t, "restore", file, "--to", to, "--passphrase-file", passphrase)
	c := harness.Start(t, func(s *cli.Serve) { s.Data = to })
	c.Data = to
	d.wantQuiet(c)
}

// On PostgreSQL a dump is restored to another database, with the same key.
func TestFC201_ADumpIsRestored(t *testing.T) {
	harness.OnBoth(t)
	if !storetest.OnPostgres() {
		t.Skip("about PostgreSQL; of SQLite see TestFC201_ACopyIsTriedBesideTheConsole")
	}
	t.Parallel()
	d := beginDrill(t)
	dump, to := filepath.Join(t.TempDir(), "dump"), storetest.Bare(t, "")
	for _, arguments := range [][]string{
		{"pg_dump", "--format=custom", "--file=" + dump, d.Database()},
		{"pg_restore", "--no-owner", "--exit-on-error", "--dbname=" + to, dump},
	} {
		program, err := storetest.Program(arguments[0])
		if err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(program, arguments[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", arguments, err, out)
		}
	}
	runRestored(t, d.Data, "--database", to)
	c := harness.Start(t, func(s *cli.Serve) {
		key, err := os.ReadFile(filepath.Join(d.Data, "console.key"))
		if err == nil {
			err = os.WriteFile(filepath.Join(s.Data, "console.key"), key, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		s.Database = to
	})
	d.wantQuiet(c)
}
