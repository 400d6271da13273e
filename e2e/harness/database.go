package harness

import (
	"context"
	"database/sql"
	"encoding/hex"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"console/store"
	"console/store/storetest"
)

// User returns the row of a person.
func (c *Console) User(email string) store.User {
	c.T.Helper()
	user, err := c.DB.UserByEmailKey(c.T.Context(), email)
	if err != nil {
		c.T.Fatalf("%s: %v", email, err)
	}
	return user
}

// Entries counts the activity entries with an action and an outcome.
func (c *Console) Entries(action, outcome string) int {
	c.T.Helper()
	c.Account.Settle(c.T.Context())
	all, err := c.DB.Entries(c.T.Context(), 1000)
	if err != nil {
		c.T.Fatal(err)
	}
	n := 0
	for _, e := range all {
		if e.Action == action && e.Outcome == outcome {
			n++
		}
	}
	return n
}

// Refusals says how often people were refused for want of a permission. What is counted is written first.
func (c *Console) Refusals() int {
	c.T.Helper()
	c.Account.Settle(c.T.Context())
	return c.Count(
		`SELECT coalesce(sum(CAST(json_extract(changes, '$.count[1]') AS INTEGER)), 0) FROM activity WHERE action = 'refused' AND outcome = 'refused'`,
	)
}

// WantNoTrace fails the test where one of the secrets stands in the log or in a file of the data directory.
func (c *Console) WantNoTrace(secrets ...string) {
	c.T.Helper()
	places := map[string]string{"the log": c.Log.String()}
	err := filepath.Walk(c.Data, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		places[info.Name()] = string(content)
		return err
	})
	if err != nil {
		c.T.Fatal(err)
	}
	if store.IsURL(c.Database()) {
		places["the tables"] = strings.Join(slices.Collect(maps.Values(c.Snapshot())), "\n")
	}
	if len(places["console.db"])+len(places["console.db-wal"])+len(places["the tables"]) < 1024 || places["the log"] == "" {
		c.T.Error("there is nothing to search")
	}
	for place, content := range places {
		for _, secret := range secrets {
			if strings.Contains(content, secret) || place == "the tables" && strings.Contains(content, hex.EncodeToString([]byte(secret))) {
				c.T.Errorf("%q stands in %s", secret, place)
			}
		}
	}
}

// OnFile skips a test on PostgreSQL that is about the file of SQLite. why says what stands for it there, or why nothing has to.
func OnFile(t *testing.T, why string) {
	t.Helper()
	if storetest.OnPostgres() {
		t.Skip("about the file of SQLite: ", why)
	}
}

// Writer begins a transaction that writes beside the console.
func (c *Console) Writer() *sql.Conn {
	c.T.Helper()
	conn, err := c.Raw().Conn(c.T.Context())
	if err != nil {
		c.T.Fatal(err)
	}
	begin := []string{`BEGIN IMMEDIATE`}
	if store.IsURL(c.Database()) {
		begin = []string{`BEGIN`, takeLock}
	}
	for _, statement := range begin {
		if _, err := conn.ExecContext(c.T.Context(), statement); err != nil {
			c.T.Fatal(err)
		}
	}
	return conn
}

// HoldWriter begins a transaction that writes beside the console, and returns what ends it.
func (c *Console) HoldWriter() (release func()) {
	c.T.Helper()
	conn := c.Writer()
	return func() {
		conn.ExecContext(context.Background(), `ROLLBACK`)
		conn.Close()
	}
}

// opening guards Console.beside. A Console is copied where a tab reports to another test, so the lock is not in it.
var opening sync.Mutex

// Raw is a connection to the database beside the console. Several goroutines may ask for it at once.
func (c *Console) Raw() *sql.DB {
	c.T.Helper()
	opening.Lock()
	defer opening.Unlock()
	if c.beside == nil {
		c.beside = storetest.Raw(c.T, c.Database())
	}
	return c.beside
}

// statement is a query of a test for the engine of the database: each question mark stands for the next argument.
func (c *Console) statement(query string) string {
	if !store.IsURL(c.Database()) {
		return query
	}
	for i := 1; strings.Contains(query, "?"); i++ {
		query = strings.Replace(query, "?", "$"+strconv.Itoa(i), 1)
	}
	return query
}

// Exec changes the database behind the console's back, as another process would.
func (c *Console) Exec(query string, args ...any) {
	c.T.Helper()
	if err := c.tryExec(query, args...); err != nil {
		c.T.Fatalf("%s: %v", query, err)
	}
}

// tryExec is Exec that may fail.
func (c *Console) tryExec(query string, args ...any) error {
	c.T.Helper()
	if !store.IsURL(c.Database()) {
		_, err := c.Raw().Exec(query, args...)
		return err
	}
	tx, err := c.Raw().Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback() // without effect after Commit
	for _, around := range []struct {
		query string
		args  []any
	}{
		{query: takeLock}, {c.statement(query), args}, {query: `UPDATE commits SET n = n + 1`},
	} {
		if _, err := tx.Exec(around.query, around.args...); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// Break has the database refuse new rows of a table for which a condition on the row "NEW" holds, with words of its own. It returns
// what mends it.
func (c *Console) Break(table, condition, words string) (mend func()) {
	c.T.Helper()
	if !store.IsURL(c.Database()) {
		c.Exec(`CREATE TRIGGER fault BEFORE INSERT ON ` + table + ` WHEN ` + condition + ` BEGIN SELECT RAISE(ABORT, '` + words + `'); END`)
		return func() { c.Exec(`DROP TRIGGER fault`) }
	}
	c.Exec(`CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE integrity_constraint_violation USING MESSAGE = ''` + words + `''; END'`)
	c.Exec(`CREATE TRIGGER fault BEFORE INSERT ON ` + table + ` FOR EACH ROW WHEN (` + condition + `) EXECUTE FUNCTION fault()`)
	return func() { c.Exec(`DROP TRIGGER fault ON ` + table) }
}

// takeLock makes of a transaction the one that writes to PostgreSQL.
const takeLock = `SELECT set_config('console.writing', 'on', true), pg_advisory_xact_lock(1668248435, hashtext('public'))`

// Cell is the single value that a query gives, as text.
func (c *Console) Cell(query string, args ...any) string {
	c.T.Helper()
	var value string
	if err := c.Raw().QueryRow(c.statement(query), args...).Scan(&value); err != nil {
		c.T.Fatalf("%s: %v", query, err)
	}
	return value
}

// Count is the single number that a query gives.
func (c *Console) Count(query string, args ...any) int {
	c.T.Helper()
	value := c.Cell(query, args...)
	if of, is := map[string]int{"true": 1, "false": 0}[value]; is { // what PostgreSQL calls the result of a comparison
		return of
	}
	n, err := strconv.Atoi(value)
	if err != nil {
		c.T.Fatalf("%s: %v", query, err)
	}
	return n
}

// WantCount fails the test unless a query gives n.
func (c *Console) WantCount(n int, query string, args ...any) {
	c.T.Helper()
	if got := c.Count(query, args...); got != n {
		c.T.Errorf("%s %v gives %d, not %d", query, args, got, n)
	}
}

// moving are the columns that change with every visit.
var moving = []string{"last_seen_at", "last_auth_at"}

// Snapshot is what every table holds, but for the columns of moving.
func (c *Console) Snapshot() map[string]string {
	c.T.Helper()
	tables := map[string]string{}
	names, columnsOf := `SELECT name FROM sqlite_master WHERE type = 'table'`, `SELECT name FROM pragma_table_info($1)`
	shown := func(column string) string { return "quote(" + column + ")" }
	if store.IsURL(c.Database()) {
		names = `SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'commits'` // which counts what tests do, too
		columnsOf = `SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1`
		shown = func(column string) string { return "coalesce(" + column + "::text, 'NULL')" }
	}
	for _, name := range c.Column(names) {
		columns := c.Column(columnsOf, name)
		columns = slices.DeleteFunc(columns, func(column string) bool { return slices.Contains(moving, column) })
		for i, column := range columns {
			columns[i] = shown(column)
		}
		tables[name] = strings.Join(c.Column(`SELECT `+strings.Join(columns, " || ',' || ")+` FROM "`+name+`" ORDER BY 1`), "\n")
	}
	return tables
}

// Column is the first column of what a query gives, as texts.
func (c *Console) Column(query string, args ...any) (values []string) {
	c.T.Helper()
	rows, err := c.Raw().Query(c.statement(query), args...)
	if err != nil {
		c.T.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	for rows.Next() {
		var value string
		if err := rows.Scan(&value); err != nil {
			c.T.Fatal(err)
		}
		values = append(values, value)
	}
	if err := rows.Err(); err != nil {
		c.T.Fatal(err)
	}
	return values
}

// WantUnchanged fails the test where a table differs from what it was.
func (c *Console) WantUnchanged(before map[string]string, after string) {
	c.T.Helper()
	now := c.Snapshot()
	for _, table := range slices.Sorted(maps.Keys(now)) {
		if now[table] != before[table] {
			c.T.Errorf("after %s the table %s is\n%s\nand was\n%s", after, table, now[table], before[table])
		}
	}
}

// Update changes the database directly.
func (c *Console) Update(change func(context.Context, *store.Tx) error) {
	c.T.Helper()
	ctx := c.T.Context()
	if err := c.DB.Update(ctx, func(tx *store.Tx) error { return change(ctx, tx) }); err != nil {
		c.T.Fatal(err)
	}
}

// Sessions counts the session rows of a person.
func (c *Console) Sessions(user store.User) int {
	c.T.Helper()
	return c.Count("SELECT count(*) FROM sessions WHERE user_id = ?", user.ID)
}

// UserByID returns the row of a person.
func (c *Console) UserByID(id int64) store.User {
	c.T.Helper()
	user, err := c.DB.UserByID(c.T.Context(), id)
	if err != nil {
		c.T.Fatal(err)
	}
	return user
}

// GroupsOf returns the names of the groups of a person.
func (c *Console) GroupsOf(email string) []string {
	c.T.Helper()
	id := c.User(email).ID
	names, err := c.DB.GroupNames(c.T.Context(), []int64{id})
	if err != nil {
		c.T.Fatal(err)
	}
	return names[id]
}
