// Package store is the database: rows, queries and transactions. It knows SQL and nothing of who may do what.
//
// Reads run on a small pool of read-only connections ([DB]); whatever writes is a method of [Tx] and so cannot be
// called outside a transaction. There is one writing connection: transactions run one after the other, and a
// reader never waits for a writer (WAL).
package store

import (
	"cmp"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
)

//go:embed migrations/*.sql
var migrations embed.FS

var (
	// ErrNotFound says that no row has the id or key asked for.
	ErrNotFound = errors.New("not found")
	// ErrDuplicate says that a unique value (an email address) is taken.
	ErrDuplicate = errors.New("already exists")
	// ErrStale says that the row has changed since the version the caller read.
	ErrStale = errors.New("changed meanwhile")
	// ErrUnavailable says that the database did not do what it was asked: it cannot be reached, read or written.
	ErrUnavailable = errors.New("the database does not answer")
	// ErrNewerSchema says that a newer program has migrated the database; it is left untouched.
	ErrNewerSchema = errors.New("the database was written by a newer version of the program")
	// ErrOlderSchema says that an older program has written the database, and this one has not been started on it yet.
	ErrOlderSchema = errors.New("the database was written by an older version of the program; start this one on it first")
)

// readers is the size of the reading pool; with more, SQLite gets slower (measured).
const readers = 4

// writerCache is the page cache of the writing connection, in KiB when negative (SQLite's PRAGMA cache_size).
const writerCache = "-65536"

// Millis is a time in milliseconds since 1970, UTC. Zero means "not yet" or "never".
type Millis int64

// At converts t.
func At(t time.Time) Millis { return Millis(t.UnixMilli()) }

// Time converts back, in UTC.
func (m Millis) Time() time.Time { return time.UnixMilli(int64(m)).UTC() }

// Add returns m moved by d.
func (m Millis) Add(d time.Duration) Millis { return m + Millis(d.Milliseconds()) }

// querier is what a connection pool and a transaction have in common.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Queries reads. Its methods are found on DB (the latest committed state) and on Tx (the transaction's state).
type Queries struct{ q querier }

// DB is an open database.
type DB struct {
	Queries
	read, write *sql.DB
	commits     commits
	writing     writing
	committed   func() // nil: nobody wants to know
}

// Tx is a writing transaction.
type Tx struct {
	Queries
	tx   *sql.Tx
	head Head // of the activity log; without a MAC: not known
}

// Open opens the SQLite file at path, creates it when it does not exist, and migrates it to the newest schema. It
// returns ErrNewerSchema, without having changed anything, for a database that a newer program has migrated.
func Open(ctx context.Context, path string) (*DB, error) {
	write, err := openPool(dsn(path, url.Values{
		"_txlock": {"immediate"}, // a read-then-write transaction must hold the lock from its first statement
		// The cache holds the pages that a transaction changes, 12 indexes of users among them; what a statement would
		// undo is kept in memory, not in a file.
		"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "cache_size(" + writerCache + ")", "temp_store(memory)"},
	}))
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	write.SetMaxOpenConns(1)
	if err := migrate(ctx, write); err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read, err := openPool(dsn(path, url.Values{
		"_pragma": {"query_only(1)", "mmap_size(268435456)"},
	}))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", err), write.Close())
	}
	read.SetMaxOpenConns(readers + 1) // one asks for commits only
	read.SetMaxIdleConns(readers)
	return &DB{Queries: Queries{read}, read: read, write: write}, nil
}

// OpenReading opens the database at path for reading alone, while others may write it. It returns ErrNewerSchema or ErrOlderSchema for
// one that this program would have to migrate.
func OpenReading(ctx context.Context, path string) (*DB, error) {
	read, err := openPool(dsn(path, url.Values{"mode": {"ro"}, "_pragma": {"query_only(1)"}}))
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	current, newest, err := versions(ctx, read)
	if err == nil && current < newest {
		err = fmt.Errorf("%w: schema %d, this program knows %d", ErrOlderSchema, current, newest)
	}
	if err != nil {
		return nil, errors.Join(err, read.Close())
	}
	return &DB{Queries: Queries{read}, read: read, write: read}, nil // what is written fails
}

// Sealed is what a database holds that tells whether a key is its own.
type Sealed struct {
	Constant       []byte           // nil where an earlier version has left none
	Integrations   map[int64][]byte // settings, by integration
	Authenticators map[int64][]byte // secrets, by person
}

// SealedAt returns what is sealed in the database at path, which is neither migrated nor written: not even what a crash has
// left in its log is moved. Where there is no database yet, nothing is sealed.
func SealedAt(ctx context.Context, path string) (sealed Sealed, err error) {
	if info, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		return Sealed{}, nil
	}
	db, err := openPool(dsn(path, url.Values{"mode": {"ro"}}))
	if err != nil {
		return Sealed{}, fmt.Errorf("open database: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return Queries{db}.sealed(ctx)
}

// sealed reads the tables that the database has; earlier versions had fewer.
func (q Queries) sealed(ctx context.Context) (Sealed, error) {
	tables, err := many(ctx, q.q, value[string], `SELECT name FROM sqlite_master WHERE type = 'table'`)
	if err != nil {
		return Sealed{}, err
	}
	var sealed Sealed
	if slices.Contains(tables, "sealed_constant") {
		if sealed.Constant, err = q.SealedConstant(ctx); err != nil && !errors.Is(err, ErrNotFound) {
			return Sealed{}, err
		}
	}
	if slices.Contains(tables, "integrations") {
		if sealed.Integrations, err = q.blobs(ctx, `SELECT id, settings FROM integrations`); err != nil {
			return Sealed{}, err
		}
	}
	if slices.Contains(tables, "authenticators") {
		sealed.Authenticators, err = q.blobs(ctx, `SELECT user_id, coalesce(secret, pending) FROM authenticators`)
	}
	return sealed, err
}

// blobs reads an id and a blob from each row.
func (q Queries) blobs(ctx context.Context, query string) (map[int64][]byte, error) {
	found := map[int64][]byte{}
	_, err := many(ctx, q.q, func(s scanner) (struct{}, error) {
		var id int64
		var blob []byte
		err := s.Scan(&id, &blob)
		found[id] = blob
		return struct{}{}, err
	}, query)
	return found, err
}

// dsn carries every setting, because a PRAGMA statement would reach only one connection of a pool.
func dsn(path string, more url.Values) string {
	more["_pragma"] = append([]string{"busy_timeout(10000)", "foreign_keys(1)"}, more["_pragma"]...)
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: more.Encode()}).String()
}

func migrate(ctx context.Context, db *sql.DB) error {
	if _, _, err := versions(ctx, db); err != nil {
		return err
	}
	provider, err := migrator(db)
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate database: %w", err)
	}
	return nil
}

// versions returns the schema that a database has, and the one that this program knows. It returns ErrNewerSchema where that is older.
func versions(ctx context.Context, db *sql.DB) (current, newest int64, err error) {
	provider, err := migrator(db)
	if err != nil {
		return 0, 0, err
	}
	current, newest, err = provider.GetVersions(ctx)
	if err != nil {
		return 0, 0, fmt.Errorf("read schema version: %w", err)
	}
	if current > newest {
		return 0, 0, fmt.Errorf("%w: schema %d, this program knows %d", ErrNewerSchema, current, newest)
	}
	return current, newest, nil
}

func migrator(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithGoMigrations(goMigrations()...))
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return provider, nil
}

// Close ends all connections.
func (db *DB) Close() error {
	return errors.Join(db.commits.stop(), db.read.Close(), db.write.Close())
}

// Update runs change in a transaction and commits it when change returns nil. What change wrote is on disk when
// Update returns nil, and none of it is when Update returns an error. The error is ErrUnwritable where the disk is to blame.
func (db *DB) Update(ctx context.Context, change func(*Tx) error) error {
	tx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return db.writing.note(fmt.Errorf("begin: %w", unavailable(err)))
	}
	defer tx.Rollback() // without effect after Commit
	if err := change(&Tx{Queries: Queries{tx}, tx: tx}); err != nil {
		return db.writing.note(err)
	}
	if err := tx.Commit(); err != nil {
		return db.writing.note(fmt.Errorf("commit: %w", unavailable(err)))
	}
	if db.committed != nil {
		db.committed()
	}
	return nil
}

// TellCommitted has tell called after every commit by Update, in the goroutine that waits for it: tell must not block. It is set
// before others use db.
func (db *DB) TellCommitted(tell func()) { db.committed = tell }

// View runs look with queries that all see the same state of the database, on a reading connection: it never waits for a
// writer, and no writer waits for it.
func (db *DB) View(ctx context.Context, look func(Queries) error) error {
	tx, err := db.read.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin reading: %w", unavailable(err))
	}
	defer tx.Rollback() // it has written nothing
	return look(Queries{tx})
}

// Load is Update for hundreds of thousands of rows: it may take 512 MB of memory until it returns, so that a page of an
// index which many rows change is written once.
func (db *DB) Load(ctx context.Context, change func(*Tx) error) error {
	return db.Update(ctx, func(tx *Tx) error {
		if _, err := tx.exec(ctx, `PRAGMA cache_size = -524288`); err != nil {
			return err
		}
		err := change(tx)
		_, restored := tx.exec(context.WithoutCancel(ctx), `PRAGMA cache_size = `+writerCache)
		return errors.Join(err, restored)
	})
}

// scanner is a row that can be read.
type scanner interface{ Scan(dest ...any) error }

// unwatched is the context that a statement runs under. To watch for the end of a request takes two goroutines for each
// statement, more than most statements take; that a request has ended is noticed between them.
func unwatched(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

// one reads the single row of query, or returns ErrNotFound.
func one[T any](ctx context.Context, q querier, scan func(scanner) (T, error), query string, args ...any) (T, error) {
	if err := ctx.Err(); err != nil {
		var none T
		return none, err
	}
	row, err := scan(q.QueryRowContext(unwatched(ctx), query, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return row, ErrNotFound
	}
	return row, unavailable(err)
}

// unavailable marks an error as ErrUnavailable, unless the database did answer: what breaks a constraint is a fault of the
// program.
func unavailable(err error) error {
	const constraint = 19 // the primary code, without what extends it
	if err == nil {
		return nil
	}
	if e, is := errors.AsType[*sqlite.Error](err); is && e.Code()&0xff == constraint {
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// many reads all rows of query.
func many[T any](ctx context.Context, q querier, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	rows, err := q.QueryContext(unwatched(ctx), query, args...)
	if err != nil {
		return nil, unavailable(err)
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		row, err := scan(rows)
		if err != nil {
			return nil, unavailable(err)
		}
		list = append(list, row)
	}
	return list, unavailable(rows.Err())
}

// value reads a column of one row.
func value[T any](s scanner) (v T, err error) {
	err = s.Scan(&v)
	return v, err
}

// exec runs a statement that may change any number of rows.
func (tx *Tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	result, err := tx.tx.ExecContext(unwatched(ctx), query, args...)
	if err != nil {
		return 0, duplicate(err)
	}
	return result.RowsAffected()
}

// execOne runs a statement that must change a row, and returns missing where it changed none.
func (tx *Tx) execOne(ctx context.Context, missing error, query string, args ...any) error {
	n, err := tx.exec(ctx, query, args...)
	if err == nil && n == 0 {
		return missing
	}
	return err
}

// insert runs an INSERT and returns the new id.
func (tx *Tx) insert(ctx context.Context, query string, args ...any) (int64, error) {
	id, err := value[int64](tx.tx.QueryRowContext(unwatched(ctx), query+" RETURNING id", args...))
	return id, duplicate(err)
}

// duplicate turns SQLite's extended codes for a broken unique constraint into ErrDuplicate.
func duplicate(err error) error {
	const primaryKey, unique = 1555, 2067
	var e *sqlite.Error
	if errors.As(err, &e) && (e.Code() == primaryKey || e.Code() == unique) {
		return ErrDuplicate
	}
	return unwritable(unavailable(err))
}

// inListLength is how many places an IN (…) has at most: a power of two, and far from the 32,766 arguments that a statement
// of SQLite can have.
const inListLength = 512

// inLists returns the insides of as many IN (…) as values need, with the arguments of each. A value is in one of them only,
// however often it is given, and in ascending order.
func inLists[T cmp.Ordered](values []T) iter.Seq2[string, []any] {
	return func(yield func(string, []any) bool) {
		for part := range slices.Chunk(slices.Compact(slices.Sorted(slices.Values(values))), inListLength) {
			if !yield(inList(part)) {
				return
			}
		}
	}
}

// inList returns the inside of one IN (…). The last value is repeated until there are 1, 2, 4, 8 … places: of few texts each
// can be kept prepared.
func inList[T any](values []T) (places string, args []any) {
	n := 1
	for n < len(values) {
		n *= 2
	}
	var b strings.Builder
	args = make([]any, n)
	for i := range args {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(i + 1))
		args[i] = values[min(i, len(values)-1)]
	}
	return b.String(), args
}
