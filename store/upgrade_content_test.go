package store_test

import (
	"archive/tar"
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"console/store"
	"console/store/storetest"
)

// rows are those of a table, by column.
type rows []map[string]string

// contentOf is everything that stands in a database, by table, without the numbers of migrations.
func contentOf(t *testing.T, db *sql.DB, place string) map[string]rows {
	t.Helper()
	content := map[string]rows{}
	for _, table := range tablesOf(t, db, place) {
		found, err := db.QueryContext(t.Context(), `SELECT * FROM "`+table+`"`)
		if err != nil {
			t.Fatal(err)
		}
		content[table] = read(t, found)
	}
	return content
}

func tablesOf(t *testing.T, db *sql.DB, place string) []string {
	t.Helper()
	if store.IsURL(place) {
		return column(t, db, `SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'goose%' ORDER BY 1`)
	}
	return slices.Sorted(maps.Keys(rowCounts(t, db)))
}

func read(t *testing.T, found *sql.Rows) (all rows) {
	t.Helper()
	defer found.Close()
	names, err := found.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for found.Next() {
		values, places := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			places[i] = &values[i]
		}
		if err := found.Scan(places...); err != nil {
			t.Fatal(err)
		}
		row := map[string]string{}
		for i, name := range names {
			row[name] = fmt.Sprintf("%v", values[i])
		}
		all = append(all, row)
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// What migrations have done to what was there: columns that they give other values, and those that they remove.
var (
	transformed = []string{
		"deliveries.params", "deliveries.priority", "deliveries.template", "events.type", "groups.members", "groups.name_key",
		"invitations.tenant_id", "signup_links.made_by", "tokens.disabled_by", "tokens.lasts", "triggers.creator", "triggers.creator_id",
		"users.name_key", "users.role_key",
	}
	removed = []string{"throttles.refused", "throttles.refused_logged_at", "users.search"}
)

// wantContent fails the test unless everything is there that was before, in all columns but those named above.
func wantContent(t *testing.T, before, after map[string]rows) {
	t.Helper()
	for table, was := range before {
		is := after[table]
		if len(is) != len(was) {
			t.Errorf("%s has %d rows, before %d", table, len(is), len(was))
			continue
		}
		if len(was) == 0 {
			t.Errorf("%s was not filled", table)
			continue
		}
		var kept []string
		for name := range was[0] {
			if _, there := is[0][name]; !there && !slices.Contains(removed, table+"."+name) {
				t.Errorf("the column %s of %s is gone", name, table)
			} else if there && !slices.Contains(transformed, table+"."+name) {
				kept = append(kept, name)
			}
		}
		if a, b := in(was, kept), in(is, kept); !slices.Equal(a, b) {
			t.Errorf("%s held\n%v, and holds\n%v", table, a, b)
		}
	}
}

// in are the rows in some columns, in any order.
func in(all rows, columns []string) (texts []string) {
	slices.Sort(columns)
	for _, row := range all {
		var b strings.Builder
		for _, name := range columns {
			fmt.Fprintf(&b, "%s=%s ", name, row[name])
		}
		texts = append(texts, b.String())
	}
	slices.Sort(texts)
	return texts
}

// people are added to the one whom fillTables makes: a Global Administrator who can sign in, and others who cannot.
var people = []map[string]string{
	{"id": "2", "role": "'global_admin'", "activated_at": "5", "password_hash": "'hash'", "disabled_at": "0"},
	{"id": "3", "role": "'analyst'", "activated_at": "5", "password_hash": "'hash'", "disabled_at": "7"},
	{"id": "4", "role": "'read_only'", "activated_at": "0", "password_hash": "''", "disabled_at": "0"},
}

// fillTables puts a row into each table of an empty database, and people of each kind. What refers to a row refers to the first one.
func fillTables(t *testing.T, db *sql.DB, place string) {
	t.Helper()
	exec := func(statement string) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	if store.IsURL(place) {
		exec(`SET session_replication_role = replica`) // rows come in any order, and the log is appended to without its lock
		for _, table := range tablesOf(t, db, place) {
			if insert := insertion(t, db, place, table, nil); insert != "" {
				exec(insert)
			}
		}
	} else {
		fillEmptyTables(t, db)
	}
	for _, p := range people {
		values := map[string]string{"uuid": "'u" + p["id"] + "'", "email_key": "'e" + p["id"] + "'", "email": "'e" + p["id"] + "@example.com'"}
		maps.Copy(values, p)
		exec(insertion(t, db, place, "users", values))
		exec(insertion(t, db, place, "group_users", map[string]string{"user_id": p["id"]}))
	}
	if store.IsURL(place) {
		exec(`SET session_replication_role = origin`)
	}
}

// insertion is a statement that adds a row with these values, and others like those of fillEmptyTables. It is empty for a table of
// PostgreSQL that has its row by its migration.
func insertion(t *testing.T, db *sql.DB, place, table string, values map[string]string) string {
	t.Helper()
	described := `SELECT name || ' ' || CASE type WHEN 'INTEGER' THEN '1' WHEN 'BLOB' THEN 'zeroblob(32)' ELSE '''{}''' END FROM pragma_table_info($1)`
	if store.IsURL(place) {
		described = `SELECT column_name::text || ' ' || CASE data_type WHEN 'bigint' THEN '1' WHEN 'bytea' THEN 'decode(repeat(''00'', 32), ''hex'')' ELSE '''{}''' END
			FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1`
		if values == nil && len(column(t, db, `SELECT 'x' FROM "`+table+`" LIMIT 1`)) > 0 {
			return ""
		}
	}
	var names, all []string
	for _, text := range column(t, db, described, table) {
		name, value, _ := strings.Cut(text, " ")
		if given, is := values[name]; is {
			value = given
		}
		names, all = append(names, `"`+name+`"`), append(all, value)
	}
	return fmt.Sprintf(`INSERT INTO "%s" (%s) VALUES (%s)`, table, strings.Join(names, ", "), strings.Join(all, ", "))
}

// upgrade opens a database of an earlier schema as the program does, and compares what it holds then with what it held.
func upgrade(t *testing.T, old *sql.DB, place string) {
	t.Helper()
	fillTables(t, old, place)
	before := contentOf(t, old, place)
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), place)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := db.UsableGlobalAdministrators(t.Context()); err != nil || n != 1 {
		t.Errorf("%d Global Administrators can sign in: %v", n, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	wantContent(t, before, contentOf(t, storetest.Raw(t, place), place))
	if damage, err := store.DamageAt(t.Context(), place, true); err != nil || len(damage) > 0 {
		t.Errorf("it is damaged: %v, %v", damage, err)
	}
	if current, newest, err := store.SchemaAt(t.Context(), place); err != nil || current != newest {
		t.Errorf("the schema is %d of %d: %v", current, newest, err)
	}
}

// nowhere is the place of a database that is not there, or without a table.
func nowhere(t *testing.T) string {
	t.Helper()
	if storetest.OnPostgres() {
		return storetest.Bare(t, "")
	}
	return filepath.Join(t.TempDir(), "console.db")
}

// allSchemas says that databases of every earlier schema are upgraded, not only of some.
func allSchemas() bool { return os.Getenv("UPGRADES") == "all" }

// TestFC148_EverySchemaGoesToTheNewestAtOnce upgrades filled databases of earlier schemas, each directly to the newest.
func TestFC148_EverySchemaGoesToTheNewestAtOnce(t *testing.T) {
	t.Parallel()
	schemas := store.Schemas(t, nowhere(t))
	const someOfThem = 8 // of SQLite
	for i, schema := range schemas[:len(schemas)-1] {
		if !storetest.OnPostgres() && !allSchemas() && i%someOfThem > 0 {
			continue
		}
		t.Run(fmt.Sprint(schema), func(t *testing.T) {
			t.Parallel()
			place := nowhere(t)
			upgrade(t, store.OpenAt(t, place, schema), place)
		})
	}
}

// Migrations that were written side by side have come in another order than that of their numbers.
func TestFC148_AMigrationThatIsMissingBelowOthersIsMadeUpFor(t *testing.T) {
	t.Parallel()
	place := nowhere(t)
	schemas := store.Schemas(t, place)
	missing := schemas[len(schemas)-2]
	old := store.OpenAt(t, place, schemas[len(schemas)-3])
	files := os.DirFS("migrations/" + map[bool]string{true: "postgres", false: "sqlite"}[storetest.OnPostgres()])
	names, err := fs.Glob(files, fmt.Sprintf("%05d_*.sql", schemas[len(schemas)-1]))
	if err != nil || len(names) != 1 {
		t.Fatalf("%v, %v", names, err)
	}
	text, err := fs.ReadFile(files, names[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		string(text), fmt.Sprintf(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (%d, %s)`, schemas[len(schemas)-1],
			map[bool]string{true: "true", false: "1"}[storetest.OnPostgres()]),
	} {
		if _, err := old.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if current, _, err := store.SchemaAt(t.Context(), place); err != nil || current >= missing {
		t.Errorf("the schema is said to be %d, though %d is missing: %v", current, missing, err)
	}
	if _, err := store.OpenReading(t.Context(), place); !errors.Is(err, store.ErrOlderSchema) {
		t.Errorf("it is opened for reading: %v", err)
	}
	upgrade(t, old, place)
}

// migrationsAt are the migrations for SQLite that a commit has, and whether that of folded keys is among them.
func migrationsAt(t *testing.T, commit string) (files fstest.MapFS, folded bool) {
	t.Helper()
	archive, err := exec.CommandContext(t.Context(), "git", "-C", "..", "archive", "--format=tar", commit, "store").Output()
	if err != nil {
		t.Fatal(err)
	}
	files = fstest.MapFS{}
	for each := tar.NewReader(bytes.NewReader(archive)); ; {
		header, err := each.Next()
		if errors.Is(err, io.EOF) {
			return files, folded
		}
		if err != nil {
			t.Fatal(err)
		}
		folded = folded || header.Name == "store/folded_keys.go"
		dir, name := path.Split(header.Name)
		if path.Ext(name) != ".sql" || dir != "store/migrations/" && dir != "store/migrations/sqlite/" {
			continue
		}
		content, err := io.ReadAll(each)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: content}
	}
}

// rewritten is what migrations were given in the minutes after they had come, long before a version was released with them: a database of
// those minutes lacks it, and nobody can have one.
var rewritten = []string{"trigger activity_append", "triggers object_types TEXT 1", "triggers rules TEXT 1"}

// TestFC148_EverySchemaThatWasOnMain takes the migrations from the history of this repository, as they were: some came in another order
// than that of their numbers.
func TestFC148_EverySchemaThatWasOnMain(t *testing.T) {
	t.Parallel()
	if !allSchemas() {
		t.Skip("it takes longer than the other tests: UPGRADES=all, as make test-long says")
	}
	onSQLite(t, "the history is that of its migrations")
	log, err := exec.CommandContext(t.Context(), "git", "-C", "..", "log", "--first-parent", "--reverse", "--format=%h", "--", "store/migrations",
		"store/folded_keys.go").Output()
	commits := strings.Fields(string(log))
	if err != nil || len(commits) < 20 {
		t.Skipf("the history of this repository is not here: %d commits, %v", len(commits), err)
	}
	newest := schemaOf(t, store.OpenAt(t, nowhere(t), store.NewestMigration))
	for _, commit := range commits {
		t.Run(commit, func(t *testing.T) {
			t.Parallel()
			files, folded := migrationsAt(t, commit)
			place := nowhere(t)
			upgrade(t, store.MigrateBy(t, place, files, folded), place)
			schema := schemaOf(t, storetest.Raw(t, place))
			for _, part := range newest {
				if !slices.Contains(schema, part) && !slices.Contains(rewritten, part) {
					t.Errorf("it lacks %s", part)
				}
			}
		})
	}
}

// schemaOf are the columns of all tables, and the names of all else, of a file of SQLite.
func schemaOf(t *testing.T, db *sql.DB) []string {
	t.Helper()
	return column(t, db, `SELECT m.name || ' ' || c.name || ' ' || c.type || ' ' || c."notnull" FROM sqlite_master m, pragma_table_info(m.name) c
		WHERE m.type = 'table' UNION SELECT type || ' ' || name FROM sqlite_master WHERE type <> 'table' ORDER BY 1`)
}
