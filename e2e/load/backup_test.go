package load

import (
	"database/sql"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"console/e2e/harness"
)

// copying is a console whose copies are killed while they are made, and while they are put back.
type copying struct {
	*crashing
	file string // a copy of before the account was renamed
}

// run runs a command of the program and returns how long it took.
func (c copying) run(arguments ...string) time.Duration {
	c.t.Helper()
	began := time.Now()
	if out, err := exec.Command(c.bin, append(arguments, "--data", c.data)...).CombinedOutput(); err != nil {
		c.t.Fatalf("%v: %v\n%s", arguments, err, out)
	}
	return time.Since(began)
}

// killed runs a command and kills it at any moment of the time that it takes.
func (c copying) killed(takes time.Duration, arguments ...string) {
	c.t.Helper()
	command := exec.Command(c.bin, append(arguments, "--data", c.data)...)
	if err := command.Start(); err != nil {
		c.t.Fatal(err)
	}
	time.Sleep(rand.N(takes))
	_ = command.Process.Kill() // it may have ended
	_ = command.Wait()         // as it was killed
}

// TestKillsOfBackupAndRestore kills both with SIGKILL again and again. A copy is whole or not there, and the console goes on meanwhile; the
// data are what they were or what was restored, and served at the next start.
func TestKillsOfBackupAndRestore(t *testing.T) {
	t.Parallel()
	rounds := min((crashesAsked(t)+1)/2, 10)
	c := copying{newCrashing(t), filepath.Join(t.TempDir(), "copy")}
	c.kill()
	c.run("seed", "--users", "1000")
	c.start()
	takes := c.run("backup", c.file, "--without-key")
	whole := 0
	for range rounds {
		file := filepath.Join(t.TempDir(), "copy")
		c.killed(takes, "backup", file, "--without-key")
		if _, err := os.Stat(file); err == nil {
			c.run("backup", "verify", file)
			whole++
		}
		if status, _, err := c.client().Get("/signin"); err != nil || status != http.StatusOK {
			t.Errorf("the console answers %d, %v", status, err)
		}
	}
	c.kill()
	key := filepath.Join(t.TempDir(), "key")
	content, err := os.ReadFile(filepath.Join(c.data, "console.key"))
	if err == nil {
		err = os.WriteFile(key, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	takes = c.run("restore", c.file, "--key-file", key)
	restored := 0
	for range rounds {
		c.withDatabase(func(db *sql.DB) { c.exec(db, `UPDATE account SET name = 'Renamed'`) })
		before := c.replaced()
		c.killed(takes+takes/10, "restore", c.file, "--key-file", key)
		c.start()
		c.kill()
		var name string
		c.withDatabase(func(db *sql.DB) {
			if err := db.QueryRow(`SELECT name FROM account`).Scan(&name); err != nil {
				t.Error(err)
			}
			if verdict := column(t, db, `PRAGMA integrity_check`); !slices.Equal(verdict, []string{"ok"}) {
				t.Errorf("integrity check: %q", verdict)
			}
		})
		switch moved := c.replaced() - before; {
		case name == harness.Company && moved == 1:
			restored++
		case name != "Renamed" || moved != 0:
			t.Errorf("it is the data of %q, and %d were moved", name, moved)
		}
	}
	c.run("restore", c.file, "--key-file", key)
	c.start()
	t.Logf("%d rounds: %d copies were whole, %d restores were finished", rounds, whole, restored)
}

// replaced is how often data were replaced.
func (c copying) replaced() int {
	c.t.Helper()
	found, err := filepath.Glob(filepath.Join(c.data, "before-restore-*"))
	if err != nil {
		c.t.Fatal(err)
	}
	return len(found)
}
