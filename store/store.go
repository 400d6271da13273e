// Package store is the database: rows, queries and transactions. It knows SQL and nothing of who may do what.
//
// Reads run on a small pool of connections ([DB]); whatever writes is a method of [Tx] and so cannot be called outside a
// transaction. Transactions that write run one after the other, and a reader never waits for a writer.
//
// The database is a file of SQLite or a schema of PostgreSQL. One text of SQL serves both; what they do differently is an engine.
package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*/*.sql
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
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// Queries reads. Its methods are found on DB (the latest committed state) and on Tx (the transaction's state).
type Queries struct {
	q      querier
	engine engine
}

// queriesOn reads as an engine does, on a pool or in a transaction.
func queriesOn(e engine, on querier) Queries { return Queries{session{on: on, engine: e}, e} }

// DB is an open database.
type DB struct {
	Queries
	pools
	holder    string  // of leases: a random id
	commits   commits // of SQLite
	writing   writing
	committed func()                           // nil: nobody wants to know
	wrote     func(waited, took time.Duration) // likewise
}

// Tx is a writing transaction.
type Tx struct {
	Queries
	head   Head   // of the activity log; without a MAC: not known
	holder string // of leases
}

// Open opens a database and migrates it to the newest schema. A URL that begins with postgres:// or postgresql:// names one of
// PostgreSQL, which is there already; anything else is the path of a file of SQLite, which is created when it does not exist. Open
// returns ErrNewerSchema, without having changed anything, for a database that a newer program has migrated, unless the schema of
// PostgreSQL says that this program can work with it. No error holds a password.
func Open(ctx context.Context, place string) (*DB, error) {
	return openOn(ctx, engineOf(place), place)
}

func openOn(ctx context.Context, e engine, place string) (*DB, error) {
	p, err := e.dial(ctx, place)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, e, p.write); err != nil {
		return nil, errors.Join(err, p.end())
	}
	return &DB{Queries: Queries{session{p.read, e, p.readTurns}, e}, pools: p, holder: rand.Text()}, nil
}

// OpenReading opens a database for reading alone, while others may write it. It returns ErrNewerSchema or ErrOlderSchema for one that
// this program would have to migrate.
func OpenReading(ctx context.Context, place string) (*DB, error) {
	e := engineOf(place)
	read, err := e.reader(ctx, place)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	current, newest, err := versions(ctx, e, read)
	if err == nil && current < newest {
		err = fmt.Errorf("%w: schema %d, this program knows %d", ErrOlderSchema, current, newest)
	}
	if err != nil {
		return nil, errors.Join(err, read.Close())
	}
	return &DB{Queries: queriesOn(e, read), pools: pools{read: read, write: read}}, nil // what is written fails
}

// Exists says whether there is a database at a place, and of PostgreSQL whether a console has sealed anything in it.
func Exists(ctx context.Context, place string) (bool, error) {
	if !IsURL(place) {
		_, err := os.Stat(place)
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		return err == nil, err
	}
	sealed, err := SealedAt(ctx, place)
	return sealed.Constant != nil, err
}

// Sealed is what a database holds that tells whether a key is its own.
type Sealed struct {
	Constant       []byte           // nil where an earlier version has left none
	Integrations   map[int64][]byte // settings, by integration
	Authenticators map[int64][]byte // secrets, by person
}

// SealedAt returns what is sealed in the database at a place, which is neither migrated nor written: not even what a crash has
// left in the log of SQLite is moved. Where there is no database yet, nothing is sealed.
func SealedAt(ctx context.Context, place string) (sealed Sealed, err error) {
	if !IsURL(place) {
		if info, err := os.Stat(place); errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
			return Sealed{}, nil
		}
	}
	e := engineOf(place)
	db, err := e.reader(ctx, place)
	if err != nil {
		return Sealed{}, fmt.Errorf("open database: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return queriesOn(e, db).sealed(ctx)
}

// sealed reads the tables that the database has; earlier versions had fewer.
func (q Queries) sealed(ctx context.Context) (Sealed, error) {
	tables, err := many(ctx, q.q, value[string], q.engine.tables())
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

// migrationTries is how often it is tried to migrate, and migrationPause is in between, while others have what a migration is to change.
const (
	migrationTries = 120
	migrationPause = 500 * time.Millisecond
)

// migrate brings a database to the newest schema. A migration that fails leaves what it was to change as it was; the error names it. On
// SQLite nothing keeps two programs from migrating at once: one of them fails at what the other has done just then, and goes on after it.
func migrate(ctx context.Context, e engine, db *sql.DB) error {
	current, newest, err := versions(ctx, e, db)
	if err != nil || current >= newest {
		return err
	}
	for tried := 1; ; tried++ {
		provider, err := e.migrator(db) // a new one has not made up its mind what is to be done
		if err != nil {
			return err
		}
		_, err = provider.Up(ctx)
		if err == nil {
			return nil
		}
		if now, _, failed := versions(ctx, e, db); failed == nil && now > current {
			current = now
			continue
		}
		if tried == migrationTries || !isBlocked(err) || ctx.Err() != nil {
			return fmt.Errorf("migrate database: %w", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(migrationPause):
		}
	}
}

// NewestSchema is the number of the schema that this program knows: that of its newest migration, the same for both engines.
func NewestSchema() int64 {
	files, err := migrations.ReadDir("migrations/sqlite")
	if err != nil {
		panic(err) // they are part of the program
	}
	newest, _, _ := strings.Cut(files[len(files)-1].Name(), "_")
	number, err := strconv.ParseInt(newest, 10, 64)
	if err != nil {
		panic(err)
	}
	return number
}

// versions returns the schema that a database has, and the one that this program knows. It returns ErrNewerSchema where that is older,
// unless the schema says that it is enough. Where a migration is missing below others that were done, the schema is the one before it.
func versions(ctx context.Context, e engine, db *sql.DB) (current, newest int64, err error) {
	provider, err := e.migrator(db)
	if err != nil {
		return 0, 0, err
	}
	current, newest, err = provider.GetVersions(ctx)
	if err != nil {
		return 0, 0, fmt.Errorf("read schema version: %w", err)
	}
	if current <= newest {
		current, err = wholeUpTo(ctx, provider, current)
		return current, newest, err
	}
	oldest, err := e.oldestProgram(ctx, db, current)
	if err != nil {
		return 0, 0, fmt.Errorf("read which programs the schema is for: %w", err)
	}
	if newest < oldest {
		return 0, 0, fmt.Errorf("%w: schema %d is for programs that know %d or newer, this program knows %d",
			ErrNewerSchema, current, oldest, newest)
	}
	return current, newest, nil
}

// wholeUpTo returns the newest migration before which none is missing in a database, of which the newest of all is known.
func wholeUpTo(ctx context.Context, provider *goose.Provider, newest int64) (whole int64, err error) {
	missing, err := provider.HasPending(ctx)
	if err != nil {
		return 0, fmt.Errorf("read which migrations are missing: %w", err)
	}
	if !missing {
		return newest, nil
	}
	all, err := provider.Status(ctx) // asks for each by itself
	if err != nil {
		return 0, fmt.Errorf("read which migrations are missing: %w", err)
	}
	for _, m := range all {
		if m.State == goose.StatePending {
			break
		}
		whole = m.Source.Version
	}
	return whole, nil
}

// Close ends all connections.
func (db *DB) Close() error {
	return errors.Join(db.commits.stop(), db.pools.end())
}

// Update runs change in a transaction and commits it when change returns nil. What change wrote is on disk when
// Update returns nil, and none of it is when Update returns another error than ErrUndecided. The error is ErrUnwritable where the disk is
// to blame.
//
// While the database is away, Update waits up to ten seconds for it before it calls change, and returns ErrAway then. On PostgreSQL it
// returns ErrCrowded where it has not got a connection within twenty seconds, because others have all of them. It returns
// ErrUndecided where the connection is lost during the commit. change is called once at most.
func (db *DB) Update(ctx context.Context, change func(*Tx) error) error {
	asked := time.Now()
	tx, err := patiently(ctx, db.beginWriting)
	if err != nil {
		return db.writing.note(fmt.Errorf("begin: %w", unavailable(err)))
	}
	if began := time.Now(); db.wrote != nil {
		defer func() { db.wrote(began.Sub(asked), time.Since(began)) }()
	}
	defer tx.end()
	writing := &Tx{Queries: queriesOn(db.engine, tx.Tx), holder: db.holder}
	if err := change(writing); err != nil {
		return db.writing.note(err)
	}
	if err := db.engine.finish(ctx, writing.q); err != nil {
		return db.writing.note(fmt.Errorf("commit: %w", unavailable(err)))
	}
	if err := ctx.Err(); err != nil {
		return err // nobody waits for it, and it is known that nothing is saved
	}
	if err := tx.Commit(); err != nil {
		return db.writing.note(fmt.Errorf("commit: %w", db.afterCommit(err)))
	}
	if db.committed != nil {
		db.committed()
	}
	return nil
}

// beginWriting begins a transaction that is the only one that writes.
func (db *DB) beginWriting(ctx context.Context) (transaction, error) {
	return db.writeTurns.begin(ctx, func() (*sql.Tx, error) {
		tx, err := db.write.BeginTx(ctx, nil)
		if err != nil {
			return nil, err
		}
		if err := db.engine.begin(ctx, session{on: tx, engine: db.engine}); err != nil {
			return nil, errors.Join(err, tx.Rollback())
		}
		return tx, nil
	})
}

// TellCommitted has tell called after every commit by Update, in the goroutine that waits for it: tell must not block. It is set
// before others use db.
func (db *DB) TellCommitted(tell func()) { db.committed = tell }

// View runs look with queries that all see the same state of the database, on a reading connection: it never waits for a
// writer, and no writer waits for it. While the database is away, View waits as Update does.
func (db *DB) View(ctx context.Context, look func(Queries) error) error {
	tx, err := patiently(ctx, func(ctx context.Context) (transaction, error) {
		return db.readTurns.begin(ctx, func() (*sql.Tx, error) { return db.read.BeginTx(ctx, db.engine.snapshot()) })
	})
	if err != nil {
		return fmt.Errorf("begin reading: %w", unavailable(err))
	}
	defer tx.end()
	return look(queriesOn(db.engine, tx.Tx))
}

// Load is Update for hundreds of thousands of rows: with SQLite it may take 512 MB of memory until it returns, so that a page of an
// index which many rows change is written once.
func (db *DB) Load(ctx context.Context, change func(*Tx) error) error {
	return db.Update(ctx, func(tx *Tx) error { return db.engine.withMemory(ctx, tx, change) })
}

// scanner is a row that can be read.
type scanner interface{ Scan(dest ...any) error }

// one reads the single row of query, or returns ErrNotFound. Outside a transaction it asks once more where the connection was lost.
func one[T any](ctx context.Context, q querier, scan func(scanner) (T, error), query string, args ...any) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	done, err := takeTurn(ctx, q)
	if err != nil {
		return none, unavailable(err)
	}
	defer done()
	row, err := scan(q.QueryRowContext(ctx, query, args...))
	if mayAskAgain(ctx, q, err) {
		row, err = scan(q.QueryRowContext(again(ctx), query, args...))
	}
	if errors.Is(err, sql.ErrNoRows) {
		return row, ErrNotFound
	}
	return row, unavailable(err)
}

// unavailable marks an error as ErrUnavailable, unless the database did answer: what breaks a constraint is a fault of the
// program.
func unavailable(err error) error {
	if err == nil {
		return nil
	}
	f, is := failureOf(err)
	switch {
	case is && f.constraint:
		return err
	case is && f.crowded:
		return fmt.Errorf("%w: %w: %w: %w", ErrUnavailable, ErrAway, ErrCrowded, err)
	case is && f.away:
		return fmt.Errorf("%w: %w: %w", ErrUnavailable, ErrAway, err)
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// many reads all rows of query. Outside a transaction it asks once more where the connection was lost; scan may have had some of them then.
func many[T any](ctx context.Context, q querier, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	done, err := takeTurn(ctx, q)
	if err != nil {
		return nil, unavailable(err)
	}
	defer done()
	list, err := readAll(ctx, q, scan, query, args)
	if mayAskAgain(ctx, q, err) {
		list, err = readAll(again(ctx), q, scan, query, args)
	}
	return list, unavailable(err)
}

func readAll[T any](ctx context.Context, q querier, scan func(scanner) (T, error), query string, args []any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		row, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, row)
	}
	return list, rows.Err()
}

// value reads a column of one row.
func value[T any](s scanner) (v T, err error) {
	err = s.Scan(&v)
	return v, err
}

// exec runs a statement that may change any number of rows.
func (tx *Tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	done, err := takeTurn(ctx, tx.q)
	if err != nil {
		return 0, unavailable(err)
	}
	defer done()
	result, err := tx.q.ExecContext(ctx, query, args...)
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
	id, err := value[int64](tx.q.QueryRowContext(ctx, query+" RETURNING id", args...))
	return id, duplicate(err)
}

// duplicate turns the error of a broken unique constraint into ErrDuplicate.
func duplicate(err error) error {
	if f, is := failureOf(err); is && f.duplicate {
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
