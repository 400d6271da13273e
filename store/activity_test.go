package store_test

import (
	"database/sql"
	"strings"
	"testing"

	"console/store"
)

// planOf returns the steps by which SQLite answers a query of the database at path.
func planOf(t *testing.T, path, query string, args ...any) (steps []string) {
	t.Helper()
	db, err := sql.Open("sqlite", store.DSN(path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(`EXPLAIN QUERY PLAN `+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return steps
}

// The history of one person must not be looked for in everybody's: a profile took ten times as long at 100,000 people.
func TestSignInsAreFoundByTheirIndex(t *testing.T) {
	path := onSQLite(t, "the plans are SQLite's")
	openAt(t, path)
	byIndex := 0
	for _, step := range planOf(t, path, store.SignInsQuery(), 1, "johndoe@example.com", 0, 0, 20) {
		switch {
		case strings.Contains(step, "activity USING INDEX activity_sign_ins"):
			byIndex++
		case strings.Contains(step, " activity") && !strings.Contains(step, "SEARCH activity USING INTEGER PRIMARY KEY"):
			t.Errorf("the plan says %q", step)
		}
	}
	if byIndex != 2 {
		t.Errorf("%d of the two kinds are found by their index", byIndex)
	}
}

// The log of a large company is long, and the page of a person asks for one line of it.
func TestTheEntryOfAMomentIsFoundByItsIndex(t *testing.T) {
	path := onSQLite(t, "the plans are SQLite's")
	openAt(t, path)
	found := false
	for _, step := range planOf(t, path, store.EntryAtQuery, 1, "user", 1) {
		found = found || strings.HasPrefix(step, "SEARCH activity USING INDEX activity_at (at=?)")
		if strings.Contains(step, "SCAN activity") {
			t.Errorf("the plan says %q", step)
		}
	}
	if !found {
		t.Error("the index is not used")
	}
}
