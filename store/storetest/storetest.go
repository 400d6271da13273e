// Package storetest gives tests an empty database each, of the engine on which they are to run.
//
// They run on SQLite unless the environment variable CONSOLE_TEST_ENGINE is postgres. Then each package starts a cluster of PostgreSQL of
// its own, which is thrown away afterwards; see [Main].
package storetest

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"console/store"
)

// OnPostgres says that the tests run on PostgreSQL. It asks each time, so that results of one engine are not taken for those of another.
func OnPostgres() bool { return os.Getenv("CONSOLE_TEST_ENGINE") == "postgres" }

// template is the database that every test gets a copy of: an empty one of the newest schema.
const template = "console_template"

// running is the cluster, while tests run on PostgreSQL.
var running cluster

// cluster is a server of PostgreSQL that listens on a socket in its own directory.
type cluster struct {
	dir       string
	databases databases

	ender *exec.Cmd // ends it once lives is closed, or the tests are killed
	lives io.Closer
}

// Main is what TestMain of a package calls, whose result is the exit status.
func Main(m *testing.M) int {
	if !OnPostgres() {
		return m.Run()
	}
	if err := running.start(); err != nil {
		fmt.Fprintln(os.Stderr, "PostgreSQL for tests:", errors.Join(err, running.stop()))
		return 1
	}
	status := m.Run()
	if err := errors.Join(running.requireNoFault(), running.stop()); err != nil {
		fmt.Fprintln(os.Stderr, "PostgreSQL for tests:", err)
		return 1
	}
	return status
}

// Throwaway starts a cluster for a program that measures, and returns the URL of an empty database. stop ends it.
func Throwaway() (url string, stop func() error, err error) {
	if err := running.start(); err != nil {
		return "", nil, errors.Join(err, running.stop())
	}
	url, err = running.url("console_measured"), running.exec("CREATE DATABASE console_measured TEMPLATE template0")
	if err != nil {
		return "", nil, errors.Join(err, running.stop())
	}
	return url, running.stop, nil
}

// Place returns the name of an empty database as [store.Open] takes it. It goes with the test.
func Place(t testing.TB) string {
	t.Helper()
	if OnPostgres() {
		return running.placeWith(t, running.databases.empty)
	}
	empty, err := emptyFile()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "console.db")
	if err := os.WriteFile(path, empty, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// emptyFile is the content of an empty SQLite database of the newest schema: copying it takes a hundredth of the migrations' time.
var emptyFile = sync.OnceValues(func() (content []byte, err error) {
	dir, err := os.MkdirTemp("", "console-empty-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "console.db")
	db, err := store.Open(context.Background(), path)
	if err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path) //nolint:gosec // the file that was just made
})

// Bare is Place for PostgreSQL alone: a database without any table, made with options of CREATE DATABASE.
func Bare(t testing.TB, options string) string {
	t.Helper()
	name := running.databases.newName()
	if err := running.exec("CREATE DATABASE " + name + " " + options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return running.url(name)
}

// Raw opens the database at a place for statements of a test's own. On PostgreSQL they also find the functions of SQLite that tests use
// most; statements of the program do not.
func Raw(t testing.TB, place string) *sql.DB {
	t.Helper()
	driver, source := "sqlite", "file:"+place+"?_pragma=busy_timeout(10000)"
	if store.IsURL(place) {
		driver, source = "pgx", place+"&search_path=public,storetest"
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// asSQLite are functions that SQLite has.
const asSQLite = `CREATE FUNCTION storetest.json_extract(TEXT, TEXT) RETURNS TEXT IMMUTABLE LANGUAGE sql AS
		$$ SELECT jsonb_path_query_first(CAST($1 AS JSONB), CAST($2 AS JSONPATH)) #>> '{}' $$;
	CREATE FUNCTION storetest.hex(BYTEA) RETURNS TEXT IMMUTABLE LANGUAGE sql AS $$ SELECT upper(encode($1, 'hex')) $$;
	CREATE FUNCTION storetest.randomblob(INTEGER) RETURNS BYTEA LANGUAGE sql AS
		$$ SELECT decode(string_agg(lpad(to_hex(CAST(floor(random() * 256) AS INTEGER)), 2, '0'), ''), 'hex') FROM generate_series(1, $1) $$`

func (c *cluster) url(database string) string {
	return "postgres:///" + database + "?" + url.Values{"host": {c.dir}, "user": {"console"}}.Encode()
}

func (c *cluster) exec(statement string) error {
	db, err := sql.Open("pgx", c.url("postgres"))
	if err != nil {
		return err
	}
	_, err = db.Exec(statement)
	return errors.Join(err, db.Close())
}

// start makes the cluster with its template and starts it.
func (c *cluster) start(settings ...string) error {
	if err := c.prepare(); err != nil {
		return err
	}
	err := c.run("initdb", "--no-sync", "--auth=trust", "--username=console", "--encoding=UTF8", "--locale="+locale(), "-D", c.data())
	if err != nil {
		return err
	}
	if err := c.control("start", settings...); err != nil {
		return err
	}
	if err := c.exec("CREATE DATABASE " + template); err != nil {
		return err
	}
	return c.fillTemplate(context.Background())
}

// prepare makes the directory of the cluster, and what ends it.
func (c *cluster) prepare() (err error) {
	if c.dir, err = os.MkdirTemp("", "console-postgres-"); err != nil {
		return err
	}
	if err := c.give(); err != nil {
		return err
	}
	return c.endLater()
}

// control starts or restarts the server, with settings that a later one of the same name overrides. Nothing is switched off that a real
// one has: what is committed is on the disk.
func (c *cluster) control(how string, settings ...string) error {
	options := "-c listen_addresses= -c max_connections=300 -c log_line_prefix=%a: -c unix_socket_directories=" + c.dir
	for _, setting := range settings {
		options += " -c " + setting
	}
	return c.run("pg_ctl", "-w", "-m", "fast", "-D", c.data(), "-l", filepath.Join(c.dir, "log"), "-o", options, how)
}

// fillTemplate makes the newest schema in the template.
func (c *cluster) fillTemplate(ctx context.Context) error {
	db, err := store.Open(ctx, c.url(template))
	if err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, c.url(template))
	if err != nil {
		return err
	}
	err = execute(ctx, conn.PgConn(), "CREATE SCHEMA storetest; "+asSQLite+"; "+noteSchemaChanges)
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		return err
	}
	c.databases.filled = map[string]content{}
	c.databases.empty, err = contentOf(ctx, c.url(template))
	return err
}

// Restart stops the cluster, which ends all connections, and starts it again. No other test may run meanwhile.
func Restart(t testing.TB) {
	t.Helper()
	if err := running.control("restart"); err != nil {
		t.Fatal(err)
	}
}

// endLater starts what ends the cluster and removes its directory when its input ends: that happens however the tests end.
func (c *cluster) endLater() error {
	stop, err := find("pg_ctl")
	if err != nil {
		return err
	}
	const ends = `trap "" INT TERM HUP; read -r _; "$1" -m immediate -D "$2/data" stop; rm -rf "$2"`
	c.ender = c.command("setsid", "sh", "-c", ends, "sh", stop, c.dir)
	if c.lives, err = c.ender.StdinPipe(); err != nil {
		return err
	}
	return c.ender.Start()
}

func (c *cluster) stop() error {
	if c.ender == nil || c.ender.Process == nil {
		return os.RemoveAll(c.dir)
	}
	return errors.Join(c.lives.Close(), c.ender.Wait())
}

func (c *cluster) data() string { return filepath.Join(c.dir, "data") }

// unprivileged is who PostgreSQL is run as by root, whom it refuses: the user whom its package makes.
const unprivileged = "postgres"

// give makes the directory that of whoever runs PostgreSQL.
func (c *cluster) give() error {
	if os.Getuid() != 0 {
		return nil
	}
	owner, err := user.Lookup(unprivileged)
	if err != nil {
		return err
	}
	uid, uidErr := strconv.Atoi(owner.Uid)
	gid, gidErr := strconv.Atoi(owner.Gid)
	return cmp.Or(uidErr, gidErr, os.Chown(c.dir, uid, gid))
}

// run runs a program of PostgreSQL, the newest that is installed.
func (c *cluster) run(program string, arguments ...string) error {
	path, err := find(program)
	if err != nil {
		return err
	}
	if said, err := c.command(path, arguments...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", program, err, said)
	}
	return nil
}

// command is a program that runs as PostgreSQL is to.
func (c *cluster) command(program string, arguments ...string) *exec.Cmd {
	if os.Getuid() == 0 {
		program, arguments = "runuser", append([]string{"-u", unprivileged, "--", program}, arguments...)
	}
	command := exec.Command(program, arguments...) //nolint:gosec // programs of PostgreSQL, with arguments of our own
	command.Dir = c.dir
	return command
}

// find returns the path of a program of PostgreSQL, which Debian keeps out of the way.
func find(program string) (string, error) {
	installed, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + program)
	if err == nil && len(installed) > 0 {
		return slices.MaxFunc(installed, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) }), nil
	}
	return exec.LookPath(program)
}

// locale is one in which words are not ordered bytewise, where the machine has it.
func locale() string {
	const wanted = "en_US.UTF-8"
	known, err := exec.Command("locale", "-a").Output()
	if err == nil && slices.Contains(strings.Fields(strings.ToLower(string(known))), "en_us.utf8") {
		return wanted
	}
	return "C.UTF-8"
}
