package store

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"net"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// DSN is how every connection to the database at path is opened.
func DSN(path string) string { return dsn(path, url.Values{}) }

// SignInsQuery is the query of SignIns, for SQLite.
func SignInsQuery() string { return Queries{engine: sqliteEngine{}}.signInsQuery() }

// RefusalsQuery is the query of Refusals.
const RefusalsQuery = refusals

// UsableGlobalAdministratorsQuery is the query of UsableGlobalAdministrators.
const UsableGlobalAdministratorsQuery = usableGlobalAdministrators

// OpenAt opens the database at a place, and makes of an empty one what the program left that knew migrations up to version.
func OpenAt(t *testing.T, place string, version int64) *sql.DB {
	t.Helper()
	e := engineOf(place)
	pool, err := e.dial(t.Context(), place)
	if err != nil {
		t.Fatal(err)
	}
	if err := pool.read.Close(); err != nil {
		t.Fatal(err)
	}
	provider, err := e.migrator(pool.write)
	if err == nil {
		_, err = provider.UpTo(t.Context(), version)
	}
	if err != nil {
		t.Fatal(err)
	}
	return pool.write
}

// Schemas are the numbers of the migrations of an engine, from the first one on.
func Schemas(t *testing.T, place string) (numbers []int64) {
	t.Helper()
	e := engineOf(place)
	pool, err := e.dial(t.Context(), place)
	if err != nil {
		t.Fatal(err)
	}
	provider, err := e.migrator(pool.write)
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range provider.ListSources() {
		numbers = append(numbers, source.Version)
	}
	if err := pool.end(); err != nil {
		t.Fatal(err)
	}
	return numbers
}

// MigrateBy makes of a file of SQLite what the program left that had these migrations, and that of folded keys.
func MigrateBy(t *testing.T, path string, files fs.FS, folded bool) *sql.DB {
	t.Helper()
	pool, err := sqliteEngine{}.dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	var options []goose.ProviderOption
	if folded {
		options = append(options, goose.WithGoMigrations(goMigrations()...))
	}
	provider, err := migratorFor(goose.DialectSQLite3, pool.write, files, options...)
	if err == nil {
		_, err = provider.Up(t.Context())
	}
	if err := errors.Join(err, pool.read.Close()); err != nil {
		t.Fatal(err)
	}
	return pool.write
}

// Migrations are those of the program, for a database.
func Migrations(t *testing.T, db *sql.DB) *goose.Provider {
	t.Helper()
	provider, err := sqliteEngine{}.migrator(db)
	if err != nil {
		t.Fatal(err)
	}
	return provider
}

// UserColumns returns the columns that refer to a person, by table.
func (db *DB) UserColumns(t *testing.T) map[string]string {
	t.Helper()
	columns := map[string]string{}
	query := `SELECT m.name, k."from" FROM sqlite_master m, pragma_foreign_key_list(m.name) k WHERE m.type = 'table' AND k."table" = 'users'`
	if _, is := db.engine.(postgresEngine); is {
		query = `SELECT CAST(c.conrelid AS regclass)::text, a.attname::text FROM pg_constraint c
			JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
			WHERE c.contype = 'f' AND c.confrelid = CAST('users' AS regclass)`
	}
	_, err := many(t.Context(), db.q, func(s scanner) (struct{}, error) {
		var table, column string
		err := s.Scan(&table, &column)
		columns[table] = column
		return struct{}{}, err
	}, query)
	if err != nil {
		t.Fatal(err)
	}
	if len(columns) < 4 {
		t.Fatalf("only %d tables refer to people", len(columns))
	}
	return columns
}

// CountWhere counts the rows of table whose column is id.
func (db *DB) CountWhere(t *testing.T, table, column string, id int64) int {
	t.Helper()
	if strings.ContainsAny(table+column, `"; `) {
		t.Fatalf("odd names %s, %s", table, column)
	}
	n, err := one(t.Context(), db.q, value[int], `SELECT count(*) FROM "`+table+`" WHERE "`+column+`" = $1`, id)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// EntryAtQuery is the query of EntryAt.
const EntryAtQuery = entryAt

// EntryStatement is a query of EntryPage.
type EntryStatement struct {
	Text string
	Args []any
}

// EntryStatements are the queries that find the entries of a filter, in both directions.
func EntryStatements(t *testing.T, db *DB, f EntryFilter) (statements []EntryStatement) {
	t.Helper()
	kinds := &EntryKinds{known: []entryKind{{"user", "a", "done", "UI"}, {"user", "a", "failed", "UI"}}}
	for _, newer := range []bool{false, true} {
		s := newEntrySearch(db.Queries, kinds, EntryQuery{EntryFilter: f, Newer: newer})
		for _, path := range s.paths {
			b, err := s.statement(t.Context(), path, 50)
			if err != nil {
				t.Fatal(err)
			}
			statements = append(statements, EntryStatement{b.text.String(), b.args})
			if len(path.columns) == len(entriesByKind) {
				statements = append(statements, EntryStatement{Text: allKinds})
			}
		}
	}
	return statements
}

// NewestMigration is the version of the schema that the program knows.
var NewestMigration = func() int64 {
	files, err := migrations.ReadDir("migrations/postgres")
	if err != nil {
		panic(err)
	}
	newest, err := strconv.ParseInt(files[len(files)-1].Name()[:5], 10, 64)
	if err != nil {
		panic(err)
	}
	return newest
}()

// Statements returns how many statements the connections of db keep prepared, and finds fault with parameters of four bytes: ids and
// moments have eight.
func (db *DB) Statements(t *testing.T) (n int) {
	t.Helper()
	if _, is := db.engine.(postgresEngine); !is {
		return 0
	}
	for _, pool := range []*sql.DB{db.read, db.write} {
		var connections []*sql.Conn
		for range pool.Stats().OpenConnections {
			conn, err := pool.Conn(again(context.Background())) // a test may have cut those that the pool has
			if err != nil {
				t.Fatal(err)
			}
			connections = append(connections, conn)
		}
		for _, conn := range connections {
			narrow, err := many(context.Background(), conn, value[string], `SELECT statement FROM pg_prepared_statements
				WHERE CAST(parameter_types AS TEXT) LIKE '%integer%'`)
			if err != nil {
				t.Fatal(err)
			}
			for _, statement := range narrow {
				t.Errorf("a parameter has four bytes: %s", statement)
			}
			prepared, err := one(context.Background(), conn, value[int], `SELECT count(*) FROM pg_prepared_statements`)
			if err != nil {
				t.Fatal(err)
			}
			n += prepared
			if err := conn.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	return n
}

// migrated is PostgreSQL as another version of the program knows it.
type migrated struct {
	postgresEngine
	files fs.FS
}

func (m migrated) migrator(db *sql.DB) (*goose.Provider, error) {
	return migratorOfPostgres(db, m.files)
}

// OpenWith opens a database of PostgreSQL as a program that knows more migrations than this one, by name of the file.
func OpenWith(ctx context.Context, place string, more map[string]string) (*DB, error) {
	files := fstest.MapFS{}
	known := migrationsOf("postgres")
	names, err := fs.Glob(known, "*.sql")
	for _, name := range names {
		content, readErr := fs.ReadFile(known, name)
		err = errors.Join(err, readErr)
		files[name] = &fstest.MapFile{Data: content}
	}
	for name, text := range more {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	if err != nil {
		return nil, err
	}
	return openOn(ctx, migrated{files: files}, place)
}

// SetPatience is how long one waits for a connection from now on.
func (db *DB) SetPatience(patience time.Duration) {
	db.readTurns.patience, db.writeTurns.patience = patience, patience
}

// Writing is how many have a connection to write with.
func (db *DB) Writing() int { return len(db.writeTurns.taken) }

// Peer returns the connection to the server that a query of db would have.
func (db *DB) Peer(t *testing.T) net.Conn {
	t.Helper()
	connection, err := db.read.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	var peer net.Conn
	if err := connection.Raw(func(driver any) error {
		peer = driver.(*stdlib.Conn).Conn().PgConn().Conn()
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return peer
}
