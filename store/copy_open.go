package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"modernc.org/sqlite"
)

// openAlone opens a database of SQLite that has the newest schema, and that no other process has open: each connection holds a lock on
// the file for as long as it is open, also one that does nothing, and the system releases those of a process that was killed.
func openAlone(ctx context.Context, path string) (*sql.DB, error) {
	db, err := openPool(dsn(path, url.Values{
		"mode":    {"rw"}, // not created
		"_txlock": {"exclusive"},
		"_pragma": {"busy_timeout(2000)", "locking_mode(EXCLUSIVE)"},
	}))
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	db.SetMaxOpenConns(1)
	if err := isNewest(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// isNewest refuses a database of SQLite that this version of the program has not been started on, or that another process uses.
func isNewest(ctx context.Context, db *sql.DB) error {
	q := queriesOn(sqliteEngine{}, db)
	const busy = 5
	_, err := one(ctx, q.q, value[int], `SELECT count(*) FROM sqlite_master`)
	if e, is := errors.AsType[*sqlite.Error](err); is && e.Code()&0xff == busy {
		return ErrInUse
	}
	if err != nil {
		return err
	}
	current, newest, err := versions(ctx, sqliteEngine{}, db)
	if err != nil {
		return err
	}
	if current < newest {
		return fmt.Errorf("%w: schema %d, this program knows %d", ErrOlderSchema, current, newest)
	}
	// The first start after an update does two things beside the migrations.
	if _, err := q.SealedConstant(ctx); errors.Is(err, ErrNotFound) {
		return ErrOlderSchema
	} else if err != nil {
		return err
	}
	_, err = q.FirstWithoutMAC(ctx)
	switch {
	case err == nil:
		return ErrOlderSchema
	case errors.Is(err, ErrNotFound):
		return nil
	}
	return err
}

// openEmpty opens a database of PostgreSQL that is empty, and migrates it. One that is not empty is left as it is.
func openEmpty(ctx context.Context, place string) (pools, error) {
	e := postgresEngine{}
	read, err := e.reader(ctx, place)
	if err != nil {
		return pools{}, err
	}
	q := queriesOn(e, read)
	tables, err := many(ctx, q.q, value[string], e.tables())
	if err == nil && len(tables) > 0 && !slices.Contains(tables, goose.DefaultTablename) {
		err = fmt.Errorf("%w (it has a table %s)", ErrNotEmpty, slices.Min(tables))
	}
	if err == nil {
		err = q.refuseRows(ctx, tables)
	}
	if err := errors.Join(err, read.Close()); err != nil {
		return pools{}, err
	}
	opened, err := e.dial(ctx, place)
	if err != nil {
		return pools{}, err
	}
	if err := migrate(ctx, e, opened.write); err != nil {
		return pools{}, errors.Join(err, opened.end())
	}
	return opened, nil
}

// filledByMigrations are the tables that have rows in an empty database, and are not copied. SQLite counts commits by itself.
var filledByMigrations = []string{goose.DefaultTablename, lock.DefaultLockTableName, "commits", "programs"}

// refuseRows returns ErrNotEmpty where a table has a row that no migration has made.
func (q Queries) refuseRows(ctx context.Context, tables []string) error {
	for _, table := range tables {
		if slices.Contains(filledByMigrations, table) {
			continue
		}
		rows, err := one(ctx, q.q, value[int], `SELECT count(*) FROM (SELECT 1 FROM `+quoted(table)+` LIMIT 1) AS first`)
		if err != nil {
			return err
		}
		if rows > 0 {
			return fmt.Errorf("%w (the table %s has rows)", ErrNotEmpty, table)
		}
	}
	return nil
}
