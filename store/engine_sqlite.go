package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
)

// readers is the size of the reading pool; with more, SQLite gets slower (measured).
const readers = 4

// writerCache is the page cache of the writing connection, in KiB when negative (SQLite's PRAGMA cache_size).
const writerCache = "-65536"

// sqliteEngine keeps the database in a file. There is one writing connection, so that transactions run one after the other.
type sqliteEngine struct{}

func (sqliteEngine) dial(_ context.Context, path string) (pools, error) {
	write, err := openPool(dsn(path, url.Values{
		"_txlock": {"immediate"}, // a read-then-write transaction must hold the lock from its first statement
		// The cache holds the pages that a transaction changes, 12 indexes of users among them; what a statement would
		// undo is kept in memory, not in a file.
		"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "cache_size(" + writerCache + ")", "temp_store(memory)"},
	}))
	if err != nil {
		return pools{}, fmt.Errorf("open database: %w", err)
	}
	write.SetMaxOpenConns(1)
	read, err := openPool(dsn(path, url.Values{
		"_pragma": {"query_only(1)", "mmap_size(268435456)"},
	}))
	if err != nil {
		return pools{}, errors.Join(fmt.Errorf("open database: %w", err), write.Close())
	}
	read.SetMaxOpenConns(readers + 1) // one asks for commits only
	read.SetMaxIdleConns(readers)
	return pools{read: read, write: write}, nil
}

func (sqliteEngine) reader(_ context.Context, path string) (*sql.DB, error) {
	return openPool(dsn(path, url.Values{"mode": {"ro"}, "_pragma": {"query_only(1)"}}))
}

// dsn carries every setting, because a PRAGMA statement would reach only one connection of a pool.
func dsn(path string, more url.Values) string {
	if !slices.ContainsFunc(more["_pragma"], func(p string) bool { return strings.HasPrefix(p, "busy_timeout(") }) {
		more["_pragma"] = append([]string{"busy_timeout(10000)"}, more["_pragma"]...) // of two the first one counts
	}
	more["_pragma"] = append([]string{"foreign_keys(1)"}, more["_pragma"]...)
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: more.Encode()}).String()
}

func (sqliteEngine) migrator(db *sql.DB) (*goose.Provider, error) {
	return migratorFor(goose.DialectSQLite3, db, migrationsOf("sqlite"), goose.WithGoMigrations(goMigrations()...))
}

// oldestProgram is of the same schema: a file is served by one program.
func (sqliteEngine) oldestProgram(_ context.Context, _ *sql.DB, current int64) (int64, error) {
	return current, nil
}

func (sqliteEngine) tables() string { return `SELECT name FROM sqlite_master WHERE type = 'table'` }

// watch does not: to watch for the end of a request takes two goroutines for each statement, more than most of them take. That a request
// has ended is noticed between them.
func (sqliteEngine) watch(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

func (sqliteEngine) begin(context.Context, querier) error { return nil } // there is one connection

func (sqliteEngine) finish(context.Context, querier) error { return nil } // it counts by itself

// savedNothing is true: a commit that fails is taken back.
func (sqliteEngine) savedNothing(error) bool { return true }

func (sqliteEngine) snapshot() *sql.TxOptions { return nil }

func (sqliteEngine) beside(ctx context.Context, db *DB, change func(*Tx) error) error {
	return db.Update(ctx, change)
}

func (sqliteEngine) withMemory(ctx context.Context, tx *Tx, change func(*Tx) error) error {
	if _, err := tx.exec(ctx, `PRAGMA cache_size = -524288`); err != nil {
		return err
	}
	err := change(tx)
	_, restored := tx.exec(context.WithoutCancel(ctx), `PRAGMA cache_size = `+writerCache)
	return errors.Join(err, restored)
}

func (sqliteEngine) countCommits(ctx context.Context, db *DB) (int64, error) {
	return db.commits.current(ctx, db)
}

func (sqliteEngine) onDisk(ctx context.Context, q Queries) (int64, error) {
	path, err := one(ctx, q.q, value[string], `SELECT file FROM pragma_database_list WHERE name = 'main'`)
	if err != nil {
		return 0, err
	}
	file, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	size := file.Size()
	if log, err := os.Stat(path + "-wal"); err == nil { // it may be gone by now
		size += log.Size()
	}
	return size, nil
}

func (sqliteEngine) clock() string { return "" }

func (sqliteEngine) noting(ctx context.Context, db *DB, note func(*Tx) error) error {
	return db.commitUses(ctx, note)
}

func (sqliteEngine) elements(parameter, name string) string {
	return `json_each(` + parameter + `) AS ` + name
}

func (sqliteEngine) objects(parameter string) string { return `json_each(` + parameter + `)` }

func (sqliteEngine) objectsOf(fields string) string {
	return `json_group_array(json_object(` + fields + `))`
}

func (sqliteEngine) bytes(text string) string { return `CAST(` + text + ` AS BLOB)` }

func (sqliteEngine) sameLetters(column, parameter string) string {
	return column + ` = ` + parameter + ` COLLATE NOCASE`
}

// numbered leaves the question marks: SQLite would look a name up among all of them. A plus sign before one keeps it from planning anew
// whenever its value is another one.
func (sqliteEngine) numbered(query string) string { return query }

func (sqliteEngine) merge(s *entrySearch, b *entryStatement, path entryPath, kinds []entryKind, limit int) {
	s.mergeByRecursion(b, path, kinds, limit)
}

// unwritableCodes are SQLite's primary codes for what nothing can be saved for.
var unwritableCodes = map[int]bool{8: true /* read-only */, 10: true /* I/O error */, 13: true /* full */, 14: true /* cannot open */}

// IsDamaged says of an error that a file of SQLite is not whole, or no database at all: a copy has to be put back. What else keeps a file
// from being read, such as a full disk or the mode of a file, is mended where it is.
func IsDamaged(err error) bool {
	const corrupt, notADatabase = 11, 26 // primary codes
	e, is := errors.AsType[*sqlite.Error](err)
	return is && (e.Code()&0xff == corrupt || e.Code()&0xff == notADatabase)
}

func sqliteFailure(err error) (failure, bool) {
	const constraint, primaryKey, unique = 19, 1555, 2067 // the first is a primary code, which the others extend
	e, is := errors.AsType[*sqlite.Error](err)
	if !is {
		return failure{}, false
	}
	return failure{
		duplicate:  e.Code() == primaryKey || e.Code() == unique,
		constraint: e.Code()&0xff == constraint,
		disk:       unwritableCodes[e.Code()&0xff],
	}, true
}
