package store_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"console/internal/permission"
	"console/store"
	"console/store/storetest"
)

// filled is the content of a file that filledFile makes.
var filled struct {
	once    sync.Once
	content []byte
}

// filledFile is the file of a database of SQLite with a row in every table, which nobody has open.
func filledFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "console.db")
	filled.once.Do(func() { filled.content = fill(t) })
	if err := os.WriteFile(path, filled.content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func fill(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "console.db")
	db := store.OpenAt(t, path, 1)
	fillEmptyTables(t, db)
	migrations := store.Migrations(t, db)
	for _, source := range migrations.ListSources()[1:] {
		if _, err := migrations.UpTo(t.Context(), source.Version); err != nil {
			t.Fatal(err)
		}
		fillEmptyTables(t, db)
	}
	run(t, db, `UPDATE activity SET mac = randomblob(32)`)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// at runs statements on the database at a place, and leaves it.
func at(t *testing.T, place string, statements ...string) {
	t.Helper()
	db := storetest.Raw(t, place)
	run(t, db, statements...)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// copyTo copies a file and returns what was told of each table.
func copyTo(t *testing.T, path, place string) (store.Copied, []store.CopyStep, error) {
	t.Helper()
	var steps []store.CopyStep
	copied, err := store.Copy(t.Context(), path, place, func(s store.CopyStep) { steps = append(steps, s) })
	return copied, steps, err
}

// isEmpty says that a database has no rows but those of its migrations.
func isEmpty(t *testing.T, place string) bool {
	t.Helper()
	db := storetest.Raw(t, place)
	defer db.Close()
	for _, table := range column(t, db, `SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'goose%'
		AND tablename NOT IN ('commits', 'programs')`) {
		if rows := column(t, db, `SELECT '' FROM "`+table+`"`); len(rows) > 0 {
			return false
		}
	}
	return true
}

// What a later version adds is copied without a word about it here or in Copy: a column, and a table that refers to another.
func TestPG04_EveryTableAndColumnIsCopied(t *testing.T) {
	onPostgres(t)
	path, place := filledFile(t), storetest.Place(t)
	const more = `CREATE TABLE a_badge (user_id BIGINT NOT NULL REFERENCES users (id), label TEXT NOT NULL, PRIMARY KEY (label, user_id))`
	at(t, path, `ALTER TABLE users ADD COLUMN nickname TEXT NOT NULL DEFAULT ''`, strings.Replace(more, "BIGINT", "INTEGER", 1)+` STRICT`,
		`UPDATE users SET nickname = 'Jo "J" Ø 李', password_hash = char(10) || '\N' || char(9)`,
		`INSERT INTO a_badge VALUES (1, 'b'), (1, 'B'), (1, ''), (1, 'é')`,
		`INSERT INTO uses VALUES ('k', 's', 1), ('k', 's', 1)`, // it has no key
		`UPDATE jobs SET work = x'00ff5c', created_at = 9223372036854775807`,
		`UPDATE sessions SET data = x''`) // what is empty is not missing
	at(t, place, `ALTER TABLE users ADD COLUMN nickname TEXT COLLATE "C" NOT NULL DEFAULT ''`,
		strings.Replace(more, "TEXT", `TEXT COLLATE "C"`, 1))
	there := storetest.Raw(t, place)
	indexes := func() []string {
		return column(t, there, `SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() ORDER BY indexname`)
	}
	made := indexes()
	before := fileHash(t, path)
	copied, steps, err := copyTo(t, path, place)
	if err != nil {
		t.Fatal(err)
	}
	if fileHash(t, path) != before {
		t.Error("the file of SQLite has changed")
	}
	here := storetest.Raw(t, path)
	if now := indexes(); len(made) < 40 || !slices.Equal(now, made) {
		t.Errorf("the indexes are %q, not %q", now, made)
	}
	rows, tables := 0, 0
	for table, n := range rowCounts(t, here) {
		if table == "programs" {
			continue // both have it by their migrations
		}
		tables++
		rows += n
		for _, compared := range []bool{false, true} {
			if !slices.Contains(steps, store.CopyStep{Compared: compared, Table: table, Rows: int64(n)}) {
				t.Errorf("the %d rows of %s were not told of (compared: %t)", n, table, compared)
			}
		}
		var found int
		if err := there.QueryRow(`SELECT count(*) FROM "` + table + `"`).Scan(&found); err != nil || found != n {
			t.Errorf("%d of %d rows of %s, %v", found, n, table, err)
		}
	}
	if copied.Rows != int64(rows) || copied.Tables != tables || copied.Tables < 30 || copied.Mended != 0 {
		t.Errorf("%+v, of %d rows", copied, rows)
	}
	if got := column(t, there, `SELECT nickname || password_hash FROM users`); !slices.Equal(got, []string{"Jo \"J\" Ø 李\n\\N\t"}) {
		t.Errorf("texts arrive as %q", got)
	}
	if got := column(t, there, `SELECT encode(work, 'hex') || created_at FROM jobs`); !slices.Equal(got, []string{"00ff5c9223372036854775807"}) {
		t.Errorf("bytes and numbers arrive as %q", got)
	}
}

func fileHash(t *testing.T, path string) [sha256.Size]byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return sha256.Sum256(content)
}

// A column or a table that only one of them has is never left out in silence.
func TestPG04_DatabasesThatDifferAreRefused(t *testing.T) {
	onPostgres(t)
	for words, change := range map[string]struct{ here, there string }{
		"only the file of SQLite has users.nickname":          {here: `ALTER TABLE users ADD COLUMN nickname TEXT`},
		"only the file of SQLite has badges.id, badges.label": {here: `CREATE TABLE badges (id INTEGER PRIMARY KEY, label TEXT)`},
		"only the database of PostgreSQL has tenants.colour":  {there: `ALTER TABLE tenants ADD COLUMN colour TEXT`},
		"only the database of PostgreSQL has badges.id":       {there: `CREATE TABLE badges (id BIGINT)`},
		"the table first refers to itself through others":     {here: `CREATE TABLE first (id INTEGER PRIMARY KEY, s INTEGER REFERENCES second (id)); CREATE TABLE second (id INTEGER PRIMARY KEY, f INTEGER REFERENCES first (id))`, there: `CREATE TABLE first (id BIGINT, s BIGINT); CREATE TABLE second (id BIGINT, f BIGINT)`},
	} {
		path, place := filledFile(t), storetest.Place(t)
		at(t, path, change.here)
		at(t, place, change.there)
		if _, _, err := copyTo(t, path, place); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("want %s: %v", words, err)
		}
		if !isEmpty(t, place) {
			t.Errorf("%s: something was copied", words)
		}
	}
}

// What arrives otherwise than it was sent is found before it is committed.
func TestPG04_ADamagedCopyIsNotCommitted(t *testing.T) {
	onPostgres(t)
	path, place := filledFile(t), storetest.Place(t)
	for words, damage := range map[string]struct{ table, when, by string }{
		"table users: column first_name of the row with id 1 is not the same": {"users", "BEFORE", "NEW.first_name := NEW.first_name || ' '"},
		"table users: column last_auth_at of the row with id 1 is":            {"users", "BEFORE", "NEW.last_auth_at := NEW.last_auth_at + 1"},
		"table jobs: column work of the row with id 1 is":                     {"jobs", "BEFORE", `NEW.work := '\x00'`},
		"column trigger_id of the row with id 1 is":                           {"deliveries", "BEFORE", "NEW.trigger_id := NULL"},
		`column failures of the row with kind "{}", subject "{}" is`:          {"throttles", "BEFORE", "NEW.failures := 0"},
		"table passkeys: the copy lacks the row with id":                      {"passkeys", "BEFORE", "RETURN NULL"},
		"table uses: the copy has a row too many, with kind": {"uses", "AFTER",
			"IF NEW.kind <> '~' THEN INSERT INTO uses VALUES ('~', 's', 1); END IF"},
		`table group_users: column user_id of the row with group_id 1, user_id 1 is`: {"account", "AFTER", // a table that is copied before
			`CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.user_id := 2; RETURN NEW; END';
			ALTER TABLE group_users DROP CONSTRAINT group_users_user_id_fkey;
			CREATE TRIGGER other BEFORE INSERT ON group_users FOR EACH ROW EXECUTE FUNCTION other()`},
	} {
		at(t, place, `CREATE FUNCTION damage() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN `+damage.by+`; RETURN NEW; END $$;
			CREATE TRIGGER damage `+damage.when+` INSERT ON `+damage.table+` FOR EACH ROW EXECUTE FUNCTION damage()`)
		if _, _, err := copyTo(t, path, place); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("want %s: %v", words, err)
		}
		if !isEmpty(t, place) {
			t.Errorf("%s: something was committed", words)
		}
		at(t, place, `DROP FUNCTION damage CASCADE`)
	}
	if _, _, err := copyTo(t, path, place); err != nil {
		t.Errorf("without damage: %v", err)
	}
}

// Ids go on after the highest that SQLite ever gave, and nobody gets that of somebody who was deleted.
func TestPG03_NoIDIsGivenTwice(t *testing.T) {
	onPostgres(t)
	path, place := filepath.Join(t.TempDir(), "console.db"), storetest.Bare(t, "")
	db := openAt(t, path)
	people := addPeople(t, db, person(1), person(2), person(3))
	group := store.Group{Name: "Group", Role: permission.Analyst}
	update(t, db, func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(tx.DeleteUser(ctx, people[2].ID), tx.DeleteUser(ctx, people[1].ID), tx.InsertGroup(ctx, &group),
			tx.DeleteGroup(ctx, group.ID), tx.SaveSealedConstant(ctx, []byte("x")))
	})
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	raw := storetest.Raw(t, path)
	run(t, raw, `UPDATE sqlite_sequence SET seq = seq + 1000 WHERE name <> 'users'`)
	counters := column(t, raw, `SELECT name || ' ' || seq FROM sqlite_sequence WHERE name <> 'goose_db_version' ORDER BY name`)
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := copyTo(t, path, place); err != nil {
		t.Fatal(err)
	}
	moved := openAt(t, place)
	if added := addPeople(t, moved, person(4))[0]; added.ID != people[2].ID+1 {
		t.Errorf("after person %d comes %d", people[2].ID, added.ID)
	}
	update(t, moved, func(ctx context.Context, tx *store.Tx) error {
		next := store.Group{Name: "Group", Role: permission.Analyst}
		if err := tx.InsertGroup(ctx, &next); err != nil || next.ID != group.ID+1001 {
			t.Errorf("after group %d, and 1000 more, comes %d, %v", group.ID, next.ID, err)
		}
		return nil
	})
	if len(counters) < 3 {
		t.Errorf("SQLite has counted %v", counters)
	}
	there := storetest.Raw(t, place)
	for _, counter := range counters {
		table, highest, _ := strings.Cut(counter, " ")
		var above bool
		if err := there.QueryRow(`SELECT coalesce(nextval(CAST(pg_get_serial_sequence($1, 'id') AS regclass)) > CAST($2 AS BIGINT), true)`, table, highest).
			Scan(&above); err != nil || !above {
			t.Errorf("an id up to %s is given again in %s, %v", highest, table, err)
		}
	}
}

func TestCopyRefusesWhatDoesNotSuit(t *testing.T) {
	onPostgres(t)
	place := func(statements ...string) string {
		place := storetest.Place(t)
		at(t, place, statements...)
		return place
	}
	path := func(statements ...string) string {
		path := filledFile(t)
		at(t, path, statements...)
		return path
	}
	unread := storetest.Place(t) // of most files nothing is sent anywhere
	inUse := filledFile(t)
	reader, err := store.OpenReading(t.Context(), inUse)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if _, err := reader.CountEntries(t.Context()); err != nil {
		t.Fatal(err)
	}
	served := filledFile(t)
	openAt(t, served)
	older := filepath.Join(t.TempDir(), "older.db")
	if err := store.OpenAt(t, older, store.NewestMigration-1).Close(); err != nil {
		t.Fatal(err)
	}
	foreign := storetest.Bare(t, "")
	at(t, foreign, `CREATE TABLE theirs (id BIGINT)`)
	for _, c := range []struct {
		what, path, place string
		want              error
		words             string
	}{
		{"a file that a console serves", served, unread, store.ErrInUse, ""},
		{"a file that somebody reads", inUse, unread, store.ErrInUse, ""},
		{"an older schema", older, unread, store.ErrOlderSchema, ""},
		{"a newer schema", path(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)`), unread, store.ErrNewerSchema, ""},
		{"no constant", path(`DELETE FROM sealed_constant`), unread, store.ErrOlderSchema, ""},
		{"no file", filepath.Join(t.TempDir(), "none.db"), unread, store.ErrUnavailable, ""},
		{"a target of a newer version", path(), place(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true);
			UPDATE programs SET oldest = 99999`), store.ErrNewerSchema, ""},
		{"a target with a row", path(), place(`INSERT INTO throttles VALUES ('a', 'b', 1, 1, 1)`), store.ErrNotEmpty, "throttles"},
		{"a target that a console was started on", path(), place(`INSERT INTO sealed_constant VALUES (1, '')`), store.ErrNotEmpty, "sealed_constant"},
		{"a target of another program", path(), foreign, store.ErrNotEmpty, "theirs"},
	} {
		_, steps, err := copyTo(t, c.path, c.place)
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.words) || len(steps) > 0 {
			t.Errorf("%s: %v, after %v", c.what, err, steps)
		}
	}
	if tables := column(t, storetest.Raw(t, foreign), `SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'`); len(tables) != 1 {
		t.Errorf("beside tables of another program are now %v", tables)
	}
}

// Earlier versions stored what PostgreSQL does not take.
func TestPG06_OldTextsAreMendedOrNamed(t *testing.T) {
	onPostgres(t)
	const broken = `CAST(x'41ff00c3' AS TEXT)`
	path, place := filledFile(t), storetest.Place(t)
	at(t, path, `UPDATE sessions SET user_agent = `+broken, `UPDATE reset_requests SET user_agent = `+broken)
	if copied, _, err := copyTo(t, path, place); err != nil || copied.Mended != 2 {
		t.Fatalf("%+v, %v", copied, err)
	}
	if got := column(t, storetest.Raw(t, place), `SELECT user_agent FROM sessions`); !slices.Equal(got, []string{"A\uFFFD\uFFFD\uFFFD"}) {
		t.Errorf("it is now %q", got)
	}
	empty := storetest.Place(t)
	for words, statement := range map[string]string{
		"table activity: column user_agent of the row with id 2 holds": `INSERT INTO activity
			SELECT 2, at, actor_id, actor, source, address, request_id, action, object_type, object_id, object, outcome, changes, ` + broken + `,
			randomblob(32), job_id, token_id, token FROM activity WHERE id = 1`,
		"table throttles: column subject of the row with kind": `UPDATE throttles SET subject = ` + broken,
	} {
		path := filledFile(t)
		at(t, path, statement)
		if _, _, err := copyTo(t, path, empty); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("want %s: %v", words, err)
		}
		if !isEmpty(t, empty) {
			t.Errorf("%s: something was copied", words)
		}
	}
}
