package replicas

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
)

// The migrations of versions that do not exist: one adds something, and the next one takes something away.
const (
	wider = "-- +goose Up\nALTER TABLE tenants ADD COLUMN note TEXT COLLATE \"C\" NOT NULL DEFAULT '';\n" +
		"CREATE TABLE notes (id BIGINT PRIMARY KEY);\n"
	narrower = "-- +goose Up\nUPDATE programs SET oldest = 90001;\nDROP TABLE notes;\n"
)

// Two programs, built with and without one more migration, serve a database side by side under load: the one before goes on while the other
// migrates, and can be started again. Once a version takes something away, the one before is refused, and changes nothing.
func TestPG22_TwoProgramsServeOneDatabase(t *testing.T) {
	s := newSite(t)
	before := s.program
	after := buildWith(t, map[string]string{"90001_wider.sql": wider})
	c := newCrowd(s)
	c.during(func() {
		for _, step := range []struct {
			at      int
			program string
		}{{0, after}, {1, before}, {1, after}, {0, before}, {0, after}} {
			time.Sleep(time.Second)
			r := s.replicas[step.at]
			c.trouble(r.stop)
			r.program = step.program
			r.start()
		}
		time.Sleep(time.Second)
	})
	if n := s.count(`SELECT count(*) FROM notes`); n != 0 {
		t.Errorf("the migration has made %d rows", n)
	}
	s.settle()
	s.wantWhole()
	c.wantAcknowledged()
	s.wantNoFaults()
	t.Logf("asked %v, broken off %v", c.asked, c.excused)

	for _, r := range s.replicas {
		r.stop()
	}
	last := s.replicas[0]
	last.program = buildWith(t, map[string]string{"90001_wider.sql": wider, "90002_narrower.sql": narrower})
	last.start()
	const schema = `SELECT string_agg(table_name || '.' || column_name, ' ' ORDER BY table_name, ordinal_position) || ' ' ||
		(SELECT string_agg(version_id::text, ',') FROM goose_db_version) FROM information_schema.columns WHERE table_schema = 'public'`
	found := s.column(schema)[0]
	old := s.replicas[1]
	said, err := exec.Command(before, "serve", "--data", old.data, "--database", s.place, "--listen", old.address).CombinedOutput()
	if err == nil || !strings.Contains(string(said), "schema 90002 is for programs that know 90001") {
		t.Errorf("the version before ends with %v\n%s", err, said)
	}
	if now := s.column(schema)[0]; now != found {
		t.Error("it has changed the schema")
	}
}

// buildWith builds the program as it is with more migrations for PostgreSQL, by name of the file.
func buildWith(t *testing.T, migrations map[string]string) (program string) {
	t.Helper()
	dir := t.TempDir()
	folder, err := filepath.Abs("../../store/migrations/postgres")
	if err != nil {
		t.Fatal(err)
	}
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for name, text := range migrations {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		overlay.Replace[filepath.Join(folder, name)] = file
	}
	content, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return harness.Build(t, "-overlay", file)
}
