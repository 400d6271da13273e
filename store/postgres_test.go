package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"console/store"
	"console/store/storetest"
)

// onPostgres leaves a test to PostgreSQL.
func onPostgres(t *testing.T) {
	t.Helper()
	t.Parallel()
	if !storetest.OnPostgres() {
		t.Skip("it is about PostgreSQL")
	}
}

func TestADatabaseInAnotherEncodingIsRefused(t *testing.T) {
	onPostgres(t)
	place := storetest.Bare(t, "TEMPLATE template0 ENCODING SQL_ASCII LOCALE 'C'")
	for what, open := range map[string]func() error{
		"Open":        func() error { _, err := store.Open(t.Context(), place); return err },
		"OpenReading": func() error { _, err := store.OpenReading(t.Context(), place); return err },
	} {
		if err := open(); err == nil || !strings.Contains(err.Error(), "the encoding SQL_ASCII") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if tables := column(t, storetest.Raw(t, place), `SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'`); len(tables) > 0 {
		t.Errorf("it was written: %v", tables)
	}
}

// Two consoles in two schemas of one database, as a role that may use no other schema.
func TestPG16_EverythingIsInTheSchemaOfTheConnection(t *testing.T) {
	onPostgres(t)
	place := storetest.Bare(t, "")
	raw := storetest.Raw(t, place)
	if _, err := raw.Exec(`REVOKE ALL ON SCHEMA public FROM PUBLIC; CREATE SCHEMA acme; CREATE SCHEMA other`); err != nil {
		t.Fatal(err)
	}
	acme, other := openAt(t, place+"&search_path=acme"), openAt(t, place+"&search_path=other")
	addPeople(t, acme, person(1))
	addPeople(t, other, person(1), person(2))
	update(t, acme, func(context.Context, *store.Tx) error {
		addPeople(t, other, person(3)) // has a lock of its own
		return nil
	})
	for schema, want := range map[string]int{"acme": 1, "other": 3} {
		var n int
		if err := raw.QueryRow(`SELECT count(*) FROM ` + schema + `.users`).Scan(&n); err != nil || n != want {
			t.Errorf("%d people in %s, %v", n, schema, err)
		}
	}
	if tables := column(t, raw, `SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'`); len(tables) > 0 {
		t.Errorf("in public are %v", tables)
	}
	if _, err := store.Open(t.Context(), place+"&search_path=nowhere"); err == nil || !strings.Contains(err.Error(), "has no schema") {
		t.Errorf("a schema that does not exist: %v", err)
	}
}

// Who follows the log of changes by its ids overlooks none, however many write: ids become visible in their order.
func TestPG09_NoChangeIsOverlooked(t *testing.T) {
	onPostgres(t)
	place := storetest.Place(t)
	writers := []*store.DB{openAt(t, place), openAt(t, place), openAt(t, place)} // as three programs would
	const each, at = 40, 6
	var group sync.WaitGroup
	for w := range at {
		group.Go(func() {
			for i := range each {
				p := person(w*1000 + i)
				if err := writers[w%len(writers)].Update(t.Context(), func(tx *store.Tx) error { return tx.InsertUser(t.Context(), &p) }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { group.Wait(); close(done) }()
	reader := openAt(t, place)
	seen, last := 0, int64(0)
	follow := func() {
		changes, err := reader.UserChanges(t.Context(), last, 1000)
		if err != nil {
			t.Error(err)
		}
		for _, c := range changes {
			seen, last = seen+1, c.ID
		}
	}
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		follow()
	}
	if seen != each*at {
		t.Errorf("%d of %d changes were seen", seen, each*at)
	}
}

func TestPG09_NobodyAppendsWithoutTheLock(t *testing.T) {
	onPostgres(t)
	place := storetest.Place(t)
	db, raw := openAt(t, place), storetest.Raw(t, place)
	for _, statement := range []string{
		`INSERT INTO user_changes (user_id) VALUES (1)`,
		`INSERT INTO activity (id, at, actor_id, actor, source, address, request_id, action, object_type, object_id, object, outcome, changes, mac)
			VALUES (1, 1, 0, '', '', '', '', 'test', '', 0, '', 'done', '{}', sha256('x'))`,
	} {
		if _, err := raw.Exec(statement); err == nil || !strings.Contains(err.Error(), "only who has the lock of the writers") {
			t.Errorf("%s: %v", statement, err)
		}
	}
	if last, err := db.LastUserChange(t.Context()); err != nil || last != (store.UserChange{}) {
		t.Errorf("a change was appended: %v, %v", last, err)
	}
	addPeople(t, db, person(1))
}

// What a session remembers and when it was used is written while somebody else has the lock.
func TestUsesDoNotWaitForTheLock(t *testing.T) {
	onPostgres(t)
	db := open(t)
	p := addPeople(t, db, person(1))[0]
	session := store.Session{TokenHash: []byte("x"), UserID: p.ID, FormKey: []byte{}, Data: []byte{}, LastSeenAt: 1}
	update(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.InsertSession(ctx, &session) })
	update(t, db, func(ctx context.Context, _ *store.Tx) error {
		if err := db.SaveSessionData(ctx, session.TokenHash, []byte("data")); err != nil {
			return err
		}
		return db.NoteUses(ctx, map[int64]store.Millis{session.ID: 7}, nil)
	})
	if got, err := db.SessionByID(t.Context(), session.ID); err != nil || string(got.Data) != "data" || got.LastSeenAt != 7 {
		t.Errorf("%+v, %v", got, err)
	}
}

// A parameter that PostgreSQL takes for a number of four bytes would fail for an id or a moment beyond them. Every test that ends looks at
// the statements of its connections; this one sees that the look finds any.
func TestNoParameterHasFourBytes(t *testing.T) {
	onPostgres(t)
	place := storetest.Place(t)
	db := openAt(t, place)
	if _, err := db.TriggeredDeliveries(t.Context(), store.DeliveryQuery{Before: 1 << 40, Limit: 1}); err != nil {
		t.Error(err)
	}
	if db.Statements(t) == 0 {
		t.Error("no statement is kept prepared")
	}
}

// The two schemas are one, but for what is said here.
func TestBothEnginesHaveTheSameSchema(t *testing.T) {
	onPostgres(t)
	sqlite := store.OpenAt(t, t.TempDir()+"/console.db", store.NewestMigration)
	defer sqlite.Close()
	postgres := storetest.Raw(t, storetest.Place(t))
	here, there := sqliteSchema(t, sqlite), postgresSchema(t, postgres)
	// SQLite counts commits by itself, and has one writer; statements that empty a table without looking at its rows are PostgreSQL's.
	for _, own := range []string{
		"table commits", "column commits.id number not null", "column commits.n number not null", "key commits (id)",
		"trigger user_changes_append on user_changes", "trigger activity_no_truncate on activity",
	} {
		if !slices.Contains(there, own) {
			t.Errorf("PostgreSQL does not have: %s", own)
		}
		there = slices.DeleteFunc(there, func(line string) bool { return line == own })
	}
	compare := func(engine string, has, lacks []string) {
		for _, line := range has {
			if !slices.Contains(lacks, line) {
				t.Errorf("only %s has: %s", engine, line)
			}
		}
	}
	compare("SQLite", here, there)
	compare("PostgreSQL", there, here)
	if len(here) < 300 {
		t.Errorf("only %d lines were compared", len(here))
	}
	if other := column(t, postgres, `SELECT c.table_name || '.' || c.column_name FROM information_schema.columns c WHERE table_schema = 'public'
		AND table_name NOT LIKE 'goose%' AND (data_type = 'text' AND collation_name IS DISTINCT FROM 'C'
			OR data_type NOT IN ('text', 'bigint', 'bytea'))`); len(other) > 0 {
		t.Errorf("of another type, or text that is not compared bytewise: %v", other)
	}
}

var spaces = regexp.MustCompile(`\s+`)

// indexLine says what an index is. Those of SQLite end with the id by themselves. One index of SQLite answers by itself with what may be too
// long for PostgreSQL's, and one folds ASCII letters in its own way.
func indexLine(name, table, columns, where string) string {
	columns = strings.NewReplacer(", refusal", "", "object COLLATE NOCASE", "lower(object)").Replace(spaces.ReplaceAllString(columns, " "))
	if columns != "id" {
		columns = strings.TrimSuffix(columns, ", id")
	}
	where = strings.NewReplacer("(", "", ")", "", "::text", "").Replace(spaces.ReplaceAllString(where, " "))
	return fmt.Sprintf("index %s on %s (%s) where %s", name, table, columns, where)
}

func sqliteSchema(t *testing.T, db *sql.DB) (lines []string) {
	t.Helper()
	lines = column(t, db, `SELECT 'table ' || name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'goose%'
		UNION ALL SELECT 'trigger ' || name || ' on ' || tbl_name FROM sqlite_master WHERE type = 'trigger'`)
	const tables = `FROM sqlite_master m, `
	const ours = ` WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE 'goose%'`
	lines = append(lines, column(t, db, `SELECT 'column ' || m.name || '.' || c.name || CASE c.type WHEN 'INTEGER' THEN ' number' WHEN 'TEXT' THEN ' text'
		ELSE ' bytes' END || CASE WHEN c."notnull" OR c.pk THEN ' not null' ELSE '' END || coalesce(' default ' || replace(c.dflt_value, 'x''''', ''''''), '')
		`+tables+`pragma_table_info(m.name) c`+ours)...)
	lines = append(lines, column(t, db, `SELECT 'key ' || m.name || ' (' || string_agg(c.name, ', ' ORDER BY c.pk) || ')'
		`+tables+`pragma_table_info(m.name) c`+ours+` AND c.pk > 0 GROUP BY m.name`)...)
	lines = append(lines, column(t, db, `SELECT 'reference ' || m.name || '.' || k."from" || ' to ' || k."table" || ' ' || lower(k.on_delete)
		`+tables+`pragma_foreign_key_list(m.name) k`+ours)...)
	lines = append(lines, column(t, db, `SELECT 'unique ' || m.name || ' (' || (SELECT string_agg(name, ', ') FROM pragma_index_info(i.name)) || ')'
		`+tables+`pragma_index_list(m.name) i`+ours+` AND i.origin = 'u'`)...)
	definition := regexp.MustCompile(`(?is)^CREATE (UNIQUE )?INDEX (\w+) ON (\w+) \((.*?)\)(?: WHERE (.*))?$`)
	for _, text := range column(t, db, `SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL`) {
		m := definition.FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("not understood: %s", text)
		}
		lines = append(lines, strings.ToLower(m[1])+indexLine(m[2], m[3], m[4], m[5]))
	}
	return slices.Sorted(maps.Keys(setOf(lines)))
}

func postgresSchema(t *testing.T, db *sql.DB) (lines []string) {
	t.Helper()
	lines = column(t, db, `SELECT 'table ' || tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'goose%'
		UNION ALL SELECT DISTINCT 'trigger ' || tgname || ' on ' || CAST(tgrelid AS regclass) FROM pg_trigger WHERE NOT tgisinternal`)
	lines = append(lines, column(t, db, `SELECT 'column ' || table_name || '.' || column_name || CASE data_type WHEN 'bigint' THEN ' number'
		WHEN 'text' THEN ' text' ELSE ' bytes' END || CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END
		|| coalesce(' default ' || replace(replace(replace(column_default, '::text', ''), '::bytea', ''), '\x', ''), '')
		FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE 'goose%'`)...)
	const columns = `(SELECT string_agg(a.attname, ', ' ORDER BY k.at) FROM unnest(c.conkey) WITH ORDINALITY AS k(n, at)
		JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.n)`
	lines = append(lines, column(t, db, `SELECT CASE contype WHEN 'p' THEN 'key ' || CAST(conrelid AS regclass) || ' (' || `+columns+` || ')'
		WHEN 'u' THEN 'unique ' || CAST(conrelid AS regclass) || ' (' || `+columns+` || ')'
		ELSE 'reference ' || CAST(conrelid AS regclass) || '.' || `+columns+` || ' to ' || CAST(confrelid AS regclass)
			|| CASE confdeltype WHEN 'c' THEN ' cascade' WHEN 'n' THEN ' set null' ELSE ' no action' END END
		FROM pg_constraint c WHERE contype IN ('p', 'u', 'f') AND CAST(conrelid AS regclass)::text NOT LIKE 'goose%'
			AND connamespace = CAST('public' AS regnamespace)`)...)
	definition := regexp.MustCompile(`^CREATE (UNIQUE )?INDEX (\w+) ON public\.(\w+) USING btree \((.*?)\)(?: WHERE (.*))?$`)
	for _, text := range column(t, db, `SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
		WHERE c.relnamespace = CAST('public' AS regnamespace)
		AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u'))`) {
		m := definition.FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("not understood: %s", text)
		}
		lines = append(lines, strings.ToLower(m[1])+indexLine(m[2], m[3], m[4], m[5]))
	}
	return slices.Sorted(maps.Keys(setOf(lines)))
}

func setOf(lines []string) map[string]bool {
	set := map[string]bool{}
	for _, line := range lines {
		set[line] = true
	}
	return set
}
