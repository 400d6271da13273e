package cli

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"

	"console/store"
	"console/store/storetest"
)

// rulesIn is what each person may do, and is: their role, groups and the roles of these, whether they can sign in, and by which password.
func rulesIn(t *testing.T, db *sql.DB) (people []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT u.id, u.email, u.role, u.joined_at, u.activated_at, u.disabled_at, u.password_hash,
		coalesce(g.id, 0), coalesce(g.role, ''), coalesce(g.automatic, 0), coalesce(g.all_tenants, 0), coalesce(gt.tenant_id, 0)
		FROM users u LEFT JOIN group_users gu ON gu.user_id = u.id LEFT JOIN groups g ON g.id = gu.group_id
		LEFT JOIN group_tenants gt ON gt.group_id = g.id ORDER BY u.id, g.id, gt.tenant_id`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var values [12]any
		places := make([]any, len(values))
		for i := range values {
			places[i] = &values[i]
		}
		if err := rows.Scan(places...); err != nil {
			t.Fatal(err)
		}
		people = append(people, fmt.Sprint(values[:]...))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return people
}

// old is an installation of an earlier schema.
type old struct {
	dir, place string
	rules      []string
}

// oldOf makes the installation in dir that of an earlier schema.
func oldOf(t *testing.T, dir string, schema int64) old {
	t.Helper()
	downgrade(t, dir, schema)
	o := old{dir: dir, place: filepath.Join(dir, "console.db")}
	o.rules = rulesIn(t, storetest.Raw(t, o.place))
	return o
}

// wantsUpgraded starts this version on the installation, and fails the test unless everybody is and may do what they were and might, and
// nothing is wrong.
func (o old) wantsUpgraded(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	s := Serve{Installation: Installation{Data: o.dir, Database: o.place, Brand: "Wallarm"}, Listener: listener, Listen: listener.Addr().String(),
		LogFormat: "text"}
	server, err := s.Start(t.Context(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if rules := rulesIn(t, storetest.Raw(t, o.place)); !slices.Equal(rules, o.rules) {
		t.Errorf("%d people and groups are others than the %d before", len(rules), len(o.rules))
	}
	d := diagnosed(t, "--data", o.dir, "--database", o.place, "--listen", elsewhere(t), "--whole")
	d.wants(t, right, "database schema key integrity administrators activity integrations deliveries")
}

// TestFC148_PeopleMayDoTheSameAfterAnUpgrade upgrades what operations have left, from earlier schemas.
func TestFC148_PeopleMayDoTheSameAfterAnUpgrade(t *testing.T) {
	t.Parallel()
	onFile(t)
	schemas := []int64{2, 19}
	if os.Getenv("UPGRADES") == "all" {
		schemas = earlierSchemas(t)
	}
	seeded := installed(t)
	if status, _, problems := command(t, "seed", "--data", seeded, "--users", "200"); status != 0 {
		t.Fatal(problems)
	}
	for _, schema := range schemas {
		t.Run(fmt.Sprint(schema), func(t *testing.T) {
			t.Parallel()
			oldOf(t, copied(t, seeded), schema).wantsUpgraded(t)
		})
	}
}

// earlierSchemas are the numbers of all migrations for SQLite but the newest, and the first: its users had a column of which nothing is left.
func earlierSchemas(t *testing.T) (schemas []int64) {
	t.Helper()
	names, err := filepath.Glob("../../store/migrations/sqlite/*.sql")
	if err != nil || len(names) < 30 {
		t.Fatalf("%d migrations, %v", len(names), err)
	}
	for _, name := range names[1 : len(names)-1] {
		number, err := strconv.ParseInt(filepath.Base(name)[:5], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		schemas = append(schemas, number)
	}
	return schemas
}

// copied is a copy of a data directory that nobody has open.
func copied(t *testing.T, dir string) (to string) {
	t.Helper()
	to = t.TempDir()
	for name, content := range files(t, dir) {
		if err := os.WriteFile(filepath.Join(to, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// migrationKills is how often a program is killed while it migrates: three times, or as often as MIGRATION_KILLS says.
func migrationKills() int {
	if kills, err := strconv.Atoi(os.Getenv("MIGRATION_KILLS")); err == nil {
		return kills
	}
	return 3
}

// TestFC148_AProgramThatIsKilledWhileItMigratesLosesNothing kills a process at any moment while it migrates an old database. The next start
// goes on.
func TestFC148_AProgramThatIsKilledWhileItMigratesLosesNothing(t *testing.T) {
	t.Parallel()
	dir := installed(t)
	if status, _, problems := command(t, "seed", "--data", dir, "--users", "2000"); status != 0 {
		t.Fatal(problems)
	}
	var another func(*testing.T) old
	if storetest.OnPostgres() {
		const oldest = 29 // that PostgreSQL has
		template := onPostgresAt(t, dir, oldest)
		rules := rulesIn(t, storetest.Raw(t, template))
		another = func(t *testing.T) old {
			return old{copied(t, dir), storetest.Bare(t, "TEMPLATE "+nameOf(t, template)), rules}
		}
	} else {
		model := oldOf(t, dir, withoutConstant)
		another = func(t *testing.T) old {
			to := copied(t, model.dir)
			return old{to, filepath.Join(to, "console.db"), model.rules}
		}
	}
	within := 0
	for range migrationKills() {
		o := another(t)
		before, newest, err := store.SchemaAt(t.Context(), o.place)
		if err != nil {
			t.Fatal(err)
		}
		killed(t, o, before+rand.Int64N(newest-before))
		at, _, err := store.SchemaAt(t.Context(), o.place)
		if err != nil {
			t.Fatal(err)
		}
		if before < at && at < newest {
			within++
		}
		o.wantsUpgraded(t)
	}
	t.Logf("of %d kills %d left a schema in between", migrationKills(), within)
}

// killed serves an installation by a process of its own, and kills it in the moment after it has come to a schema.
func killed(t *testing.T, o old, schema int64) {
	t.Helper()
	p := program(t, []string{"serve", "--data", o.dir, "--database", o.place, "--listen", "localhost:0"}, nil)
	log := new(written)
	p.Stderr = log
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	defer p.Wait()
	defer p.Process.Kill()
	for deadline := time.Now().Add(2 * time.Minute); ; {
		at, _, err := store.SchemaAt(t.Context(), o.place)
		if err != nil {
			t.Fatal(err)
		}
		if at >= schema {
			const longestMigration = 20 * time.Millisecond
			time.Sleep(rand.N(longestMigration)) // so that it is anywhere within
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("it does not migrate:\n%s", log)
		}
	}
}

// nameOf is the name of the database that a URL names.
func nameOf(t *testing.T, place string) string {
	t.Helper()
	config, err := pgx.ParseConfig(place)
	if err != nil {
		t.Fatal(err)
	}
	return config.Database
}

// onPostgresAt is what stands in a data directory as the program left it on PostgreSQL that knew the migrations up to one.
func onPostgresAt(t *testing.T, dir string, schema int64) (place string) {
	t.Helper()
	newest, place := storetest.Bare(t, ""), storetest.Bare(t, "")
	if status, _, problems := command(t, "migrate-database", "--data", dir, "--to", newest); status != 0 {
		t.Fatal(problems)
	}
	db, err := sql.Open("pgx", place)
	if err != nil {
		t.Fatal(err)
	}
	migrations, err := goose.NewProvider(goose.DialectPostgres, db, os.DirFS("../../store/migrations/postgres"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migrations.UpTo(t.Context(), schema); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	copyRows(t, newest, place)
	return place
}

// copyRows copies the rows of each table, in the columns that there are in both databases.
func copyRows(t *testing.T, from, to string) {
	t.Helper()
	ctx := t.Context()
	connect := func(place string) *pgx.Conn {
		conn, err := pgx.Connect(ctx, place)
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	source, target := connect(from), connect(to)
	defer source.Close(context.WithoutCancel(ctx))
	defer target.Close(context.WithoutCancel(ctx))
	described := func(conn *pgx.Conn) map[string][]string {
		rows, err := conn.Query(ctx, `SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = 'public'
			AND table_name NOT LIKE 'goose%' ORDER BY 1, 2`)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string][]string{}
		var table, column string
		if _, err := pgx.ForEachRow(rows, []any{&table, &column}, func() error {
			found[table] = append(found[table], column)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return found
	}
	known := described(source)
	if _, err := target.Exec(ctx, `SET session_replication_role = replica`); err != nil {
		t.Fatal(err)
	}
	for table, columns := range described(target) {
		shared := slices.DeleteFunc(columns, func(c string) bool { return !slices.Contains(known[table], c) })
		list := `"` + strings.Join(shared, `", "`) + `"`
		var rows bytes.Buffer
		_, err := source.PgConn().CopyTo(ctx, &rows, `COPY (SELECT `+list+` FROM "`+table+`") TO STDOUT`)
		if err == nil {
			_, err = target.Exec(ctx, `DELETE FROM "`+table+`"`)
		}
		if err == nil {
			_, err = target.PgConn().CopyFrom(ctx, &rows, `COPY "`+table+`" (`+list+`) FROM STDIN`)
		}
		if err != nil {
			t.Fatalf("%s: %v", table, err)
		}
	}
}

func TestANewerSchemaIsRefusedByEveryCommandAndNotTouched(t *testing.T) {
	t.Parallel()
	onFile(t)
	dir := installed(t)
	change(t, dir, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)`, `PRAGMA wal_checkpoint(TRUNCATE)`)
	before := files(t, dir)["console.db"]
	for _, arguments := range [][]string{
		{"serve", "--listen", "localhost:0"},
		{"setup", "--company", "C", "--cloud", "EU", "--first-name", "J", "--last-name", "D", "--email", "j@example.com", "--password-stdin"},
		{"token", "create", "--email", "johndoe@example.com", "--name", "T"},
		{"restored"},
		{"audit", "verify"},
		{"seed", "--users", "1"},
		{"migrate-database", "--to", "postgres://127.0.0.1:1/none"},
		{"doctor", "--listen", elsewhere(t)},
	} {
		status, out, problems := command(t, append(arguments, "--data", dir)...)
		said := out + problems
		if status != 1 || !strings.Contains(said, "schema 99") || !strings.Contains(said, "this program knows") {
			t.Errorf("%s: status %d, %s", arguments[0], status, said)
		}
		if !bytes.Equal(before, files(t, dir)["console.db"]) {
			t.Fatalf("%s has touched it", arguments[0])
		}
	}
}
