package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

var (
	// ErrInUse says that a console, or another program, has the file of a database open.
	ErrInUse = errors.New("another process has the database open: stop the console first")
	// ErrNotEmpty says that a database has rows or tables already.
	ErrNotEmpty = errors.New("the database to copy to is not empty: name a new one, or a new schema")
)

// CopyStep says that a table was copied or, later on, compared.
type CopyStep struct {
	Compared bool
	Table    string
	Rows     int64
}

// Copied says what Copy has done.
type Copied struct {
	Tables int
	Rows   int64
	Mended int64 // texts that PostgreSQL would not take as they were, see input.Storable
}

// Copy copies the database of SQLite at a path to an empty one of PostgreSQL at a URL, which it migrates first: every row of every table,
// as the two catalogues have them, and the counters of ids. It compares every row before it commits; until then the target stays
// empty, and after any error too, unless it is that of the commit. Nobody else can open the file meanwhile, and what it holds is not
// changed. tell is called after each table.
//
// Copy returns ErrInUse, ErrNotEmpty, ErrOlderSchema or ErrNewerSchema where the databases are not fit for it.
func Copy(ctx context.Context, path, target string, tell func(CopyStep)) (copied Copied, err error) {
	from, err := openAlone(ctx, path)
	if err != nil {
		return Copied{}, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := openEmpty(ctx, target)
	if err != nil {
		return Copied{}, err
	}
	defer func() { err = errors.Join(err, to.end()) }()
	connection, err := to.write.Conn(ctx) // COPY is not known to database/sql
	if err != nil {
		return Copied{}, unavailable(err)
	}
	defer connection.Close()
	there, err := connection.BeginTx(ctx, nil)
	if err != nil {
		return Copied{}, unavailable(err)
	}
	defer there.Rollback() // without effect after Commit
	here, err := from.BeginTx(ctx, nil)
	if err != nil {
		return Copied{}, unavailable(err)
	}
	defer here.Rollback() // it has written nothing
	c := copying{from: here, to: there, connection: connection, tell: tell}
	if err := c.all(ctx); err != nil {
		return Copied{}, fmt.Errorf("nothing was copied: %w", err)
	}
	if err := there.Commit(); err != nil {
		return Copied{}, fmt.Errorf("nobody knows whether the copy was saved; look whether the database is empty: %w", unavailable(err))
	}
	return c.done, nil
}

// copying is a copy under way.
type copying struct {
	from, to   *sql.Tx
	connection *sql.Conn // of to
	tables     []copiedTable
	tell       func(CopyStep)
	done       Copied
}

func (c *copying) all(ctx context.Context) error {
	e := postgresEngine{}
	to := queriesOn(e, c.to)
	if err := e.begin(ctx, to.q); err != nil {
		return unavailable(err)
	}
	// One statement copies or reads a whole table, while SQLite is read.
	if _, err := to.q.ExecContext(ctx, `SELECT set_config('statement_timeout', '0', true),
		set_config('idle_in_transaction_session_timeout', '0', true)`); err != nil {
		return unavailable(err)
	}
	tables, err := many(ctx, to.q, value[string], e.tables())
	if err != nil {
		return err
	}
	if err := to.refuseRows(ctx, tables); err != nil {
		return err
	}
	if err := c.readCatalogues(ctx); err != nil {
		return err
	}
	for _, step := range []func(context.Context, copiedTable) error{c.copyRows, c.compareRows} {
		for _, t := range c.tables {
			if err := step(ctx, t); err != nil {
				return fmt.Errorf("table %s: %w", t.name, err)
			}
		}
	}
	if err := c.setCounters(ctx); err != nil {
		return err
	}
	return e.finish(ctx, to.q)
}
