package store_test

import (
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"console/store"
)

// TestFC148_MigrationsLoseNothing goes through all versions of the schema, with a row in every table that there is by then.
// SQLite deletes what refers to a table when that table is dropped, so a migration that builds one anew would show here.
func TestFC148_MigrationsLoseNothing(t *testing.T) {
	t.Parallel()
	path := onSQLite(t, "earlier versions had SQLite alone")
	db := store.OpenAt(t, path, 1)
	defer db.Close()
	fillEmptyTables(t, db)
	migrations := store.Migrations(t, db)
	for _, source := range migrations.ListSources()[1:] {
		before := rowCounts(t, db)
		if _, err := migrations.UpTo(t.Context(), source.Version); err != nil {
			t.Fatal(err)
		}
		after := rowCounts(t, db)
		for table, rows := range before {
			if after[table] < rows {
				t.Errorf("migration %d leaves %d of %d rows of %s", source.Version, after[table], rows, table)
			}
		}
		if broken := column(t, db, `SELECT "table" || ' to ' || parent FROM pragma_foreign_key_check`); len(broken) > 0 {
			t.Errorf("migration %d leaves references to nothing: %v", source.Version, broken)
		}
		fillEmptyTables(t, db)
	}
	if filled := len(rowCounts(t, db)); filled < 25 {
		t.Errorf("only %d tables were filled", filled)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	openAt(t, path)
}

// Tokens of before know who has disabled them, and for how long they were made.
func TestTokensOfBeforeKnowTheirLengthAndWhoDisabledThem(t *testing.T) {
	t.Parallel()
	db := store.OpenAt(t, onSQLite(t, "written for SQLite"), 29)
	defer db.Close()
	for _, insert := range []string{
		`INSERT INTO tokens (id, hash, kind, name, name_key, permissions, created_at, expires_at, disabled_at, disabled_why)
			VALUES (1, x'01', 'personal', 'a', 'a', '', 1000, 5000, 3000, 'by hand'), (2, x'02', 'personal', 'b', 'b', '', 1000, 0, 3000, 'by hand'),
				(3, x'03', 'personal', 'c', 'c', '', 1000, 0, 0, ''), (4, x'04', 'shared', 'd', 'd', '', 1000, 0, 3000, 'owner disabled')`,
		`INSERT INTO activity (at, actor_id, actor, source, address, request_id, action, object_type, object_id, object, outcome, changes, mac)
			VALUES (2000, 6, '', 'UI', '', '', 'disable token', 'token', 1, '', 'done', '{}', zeroblob(32)),
				(3000, 7, '', 'UI', '', '', 'disable token', 'token', 1, '', 'done', '{}', zeroblob(32)),
				(3000, 0, '', 'CLI', '', '', 'disable token', 'token', 2, '', 'done', '{}', zeroblob(32)),
				(3000, 7, '', 'UI', '', '', 'disable token', 'token', 4, '', 'done', '{}', zeroblob(32))`,
	} {
		if _, err := db.Exec(insert); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := store.Migrations(t, db).UpTo(t.Context(), 31); err != nil {
		t.Fatal(err)
	}
	got := column(t, db, `SELECT disabled_by || ' ' || lasts FROM tokens ORDER BY id`)
	if want := []string{"7 4000", "0 0", "0 0", "0 0"}; !slices.Equal(got, want) {
		t.Errorf("who has disabled them, and how long they last, is %q, want %q", got, want)
	}
}

// rowCounts counts the rows of every table.
func rowCounts(t *testing.T, db *sql.DB) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, table := range column(t, db,
		`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'goose%'`) {
		var n int
		if err := db.QueryRow(`SELECT count(*) FROM "` + table + `"`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		counts[table] = n
	}
	return counts
}

// fillEmptyTables puts one row into each empty table. Numbers are 1, which is also the id of every row referred to; texts
// are an empty JSON object, which is text to those who want no JSON, and bytes are as many as a MAC has.
func fillEmptyTables(t *testing.T, db *sql.DB) {
	t.Helper()
	empty := rowCounts(t, db)
	maps.DeleteFunc(empty, func(_ string, n int) bool { return n > 0 })
	for len(empty) > 0 {
		left := len(empty)
		var last error
		for _, table := range slices.Sorted(maps.Keys(empty)) { // one that refers to an empty one waits for the next round
			columns := column(t, db, `SELECT '"' || name || '"' FROM pragma_table_info($1)`, table)
			values := column(t, db,
				`SELECT CASE type WHEN 'INTEGER' THEN '1' WHEN 'BLOB' THEN 'zeroblob(32)' ELSE '''{}''' END FROM pragma_table_info($1)`, table)
			_, err := db.Exec(fmt.Sprintf(`INSERT INTO "%s" (%s) VALUES (%s)`, table, strings.Join(columns, ", "), strings.Join(values, ", ")))
			if err != nil {
				last = err
				continue
			}
			delete(empty, table)
		}
		if len(empty) == left {
			t.Fatalf("%v cannot be filled: %v", slices.Sorted(maps.Keys(empty)), last)
		}
	}
}

// column reads one column of texts.
func column(t *testing.T, db *sql.DB, query string, args ...any) (values []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var value string
		if err := rows.Scan(&value); err != nil {
			t.Fatal(err)
		}
		values = append(values, value)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return values
}
