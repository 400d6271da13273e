package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"strings"

	"github.com/pressly/goose/v3"

	"console/internal/input"
)

// engine is what SQLite and PostgreSQL do differently. All else is one text that both understand: flags are the numbers 0 and 1, a
// parameter that stands beside a number and no column is cast to BIGINT (PostgreSQL would take it for one of four bytes), no
// statement follows one that failed but for the end of its savepoint, and names are compared bytewise.
type engine interface {
	// dial opens the pools for the database at a place and sees that the engine is one that the program can work with.
	dial(ctx context.Context, place string) (pools, error)
	// reader opens a pool for reading alone.
	reader(ctx context.Context, place string) (*sql.DB, error)
	// migrator brings a database to the newest schema.
	migrator(db *sql.DB) (*goose.Provider, error)
	// oldestProgram is the number of the schema that a program must know to work with the one that a database has.
	oldestProgram(ctx context.Context, db *sql.DB, current int64) (int64, error)
	// watch is the context that a statement runs under.
	watch(ctx context.Context) context.Context
	// tables asks for the names of all tables.
	tables() string
	// damage asks for what is damaged, in words, a row each.
	damage(whole bool) []string

	// begin makes of a transaction that has just begun the only one that writes.
	begin(ctx context.Context, tx querier) error
	// finish counts the commit that follows, if anything was written.
	finish(ctx context.Context, tx querier) error
	// savedNothing says of the error of a commit that nothing was saved for certain.
	savedNothing(err error) bool
	// snapshot are the options of a transaction that reads, and sees the same state in all of its statements.
	snapshot() *sql.TxOptions
	// beside runs change beside other writers where the engine can: for what may neither append to the logs nor change what a Memo keeps.
	beside(ctx context.Context, db *DB, change func(*Tx) error) error
	// withMemory runs change in tx with more memory than usual, where that is chosen by who connects.
	withMemory(ctx context.Context, tx *Tx, change func(*Tx) error) error
	// countCommits is Version, for a context in which it is not known.
	countCommits(ctx context.Context, db *DB) (int64, error)
	// onDisk is DB.Size.
	onDisk(ctx context.Context, q Queries) (int64, error)
	// clock asks for the time of the database, in microseconds since 1970; empty: it is the machine's.
	clock() string
	// noting is NoteUses.
	noting(ctx context.Context, db *DB, note func(*Tx) error) error

	// elements is a table, called name, with the column value: the elements of the JSON list that a parameter is. Numbers are cast.
	elements(parameter, name string) string
	// objects is elements for objects, of which value ->> 'Key' reads a text.
	objects(parameter string) string
	// objectsOf is the JSON list of an object for each row, of the fields given as names and values; of no row an empty list.
	objectsOf(fields string) string
	// bytes are the bytes of a text.
	bytes(text string) string
	// sameLetters compares a text with a parameter, whatever the case of their ASCII letters, by the index activity_sign_ins.
	sameLetters(column, parameter string) string
	// numbered is a statement whose parameters are question marks, in their order. A plus sign before one is for SQLite.
	numbered(query string) string
	// merge makes the statement that meets the entries of several kinds in their order.
	merge(s *entrySearch, b *entryStatement, path entryPath, kinds []entryKind, limit int)
}

// pools are the connections to a database.
type pools struct {
	read, write           *sql.DB
	readTurns, writeTurns *turns
}

func (p pools) end() error { return errors.Join(p.read.Close(), p.write.Close()) }

// engineOf tells by the name of a database which engine it is of: a URL is PostgreSQL's, anything else the path of a file.
func engineOf(place string) engine {
	if IsURL(place) {
		return postgresEngine{}
	}
	return sqliteEngine{}
}

// IsURL says that a database is named by a URL and is PostgreSQL's; anything else is the path of a file of SQLite.
func IsURL(place string) bool {
	return strings.HasPrefix(place, "postgres://") || strings.HasPrefix(place, "postgresql://")
}

// migrationsOf are the migrations of an engine.
func migrationsOf(folder string) fs.FS {
	files, err := fs.Sub(migrations, "migrations/"+folder)
	if err != nil {
		panic(err) // the folder has no valid name
	}
	return files
}

// migratorFor is the migrator that carries out what the files say. Migrations that were written side by side came in whichever order, so
// one may be missing below others that were done.
func migratorFor(dialect goose.Dialect, db *sql.DB, files fs.FS, options ...goose.ProviderOption) (*goose.Provider, error) {
	provider, err := goose.NewProvider(dialect, db, files, append(options, goose.WithAllowOutofOrder(true))...)
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return provider, nil
}

// session runs statements on a pool or in a transaction: with the numbers 0 and 1 for flags, and texts that both engines can store.
type session struct {
	on     querier
	engine engine
	turns  *turns // of the pool; in a transaction nil
}

func (s session) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return s.on.QueryContext(s.engine.watch(ctx), query, storable(args)...)
}

func (s session) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return s.on.QueryRowContext(s.engine.watch(ctx), query, storable(args)...)
}

func (s session) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return s.on.ExecContext(s.engine.watch(ctx), query, storable(args)...)
}

// storable puts into args what is stored instead of a flag, and of a text that input.Storable changes.
func storable(args []any) []any {
	for i, arg := range args {
		switch arg := arg.(type) {
		case bool:
			args[i] = 0
			if arg {
				args[i] = 1
			}
		case string:
			if text := input.Storable(arg); text != arg {
				args[i] = text
			}
		default:
			if v := reflect.ValueOf(arg); v.Kind() == reflect.String { // of a type of its own
				args[i] = input.Storable(v.String())
			}
		}
	}
	return args
}

// failure is what an engine says of an error.
type failure struct {
	duplicate  bool // a unique value is taken
	constraint bool // some other constraint is broken: a fault of the program
	disk       bool // nothing can be saved
	away       bool // it is about the connection, which is lost or cannot be made
	crowded    bool // as away, because there are too many
}

// failureOf returns what the engines say of an error, and false where it is not theirs.
func failureOf(err error) (failure, bool) {
	for _, known := range []func(error) (failure, bool){sqliteFailure, postgresFailure} {
		if f, is := known(err); is {
			return f, true
		}
	}
	return failure{}, false
}
