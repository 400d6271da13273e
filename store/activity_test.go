package store_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"console/store"
)

// The history of one person must not be looked for in everybody's: a profile took ten times as long at 100,000 people.
func TestSignInsAreFoundByTheirIndex(t *testing.T) {
	path := filepath.Join(t.TempDir(), "console.db")
	openAt(t, path)
	db, err := sql.Open("sqlite", store.DSN(path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(`EXPLAIN QUERY PLAN `+store.SignInsQuery, 1, "johndoe@example.com", 0, 0, 20)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	byIndex := 0
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		switch {
		case strings.Contains(step, "activity USING INDEX activity_sign_ins"):
			byIndex++
		case strings.Contains(step, " activity") && !strings.Contains(step, "SEARCH activity USING INTEGER PRIMARY KEY"):
			t.Errorf("the plan says %q", step)
		}
	}
	if err := rows.Err(); err != nil || byIndex != 2 {
		t.Errorf("%d of the two kinds are found by their index: %v", byIndex, err)
	}
}
