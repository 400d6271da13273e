package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"modernc.org/sqlite"
)

// copiedPages are copied at once, 8 MB, and are on the disk before the next ones are: what a copy of gigabytes leaves for the disk to
// write would else hold up everybody who commits.
const copiedPages = 2048

// ErrInconsistent says that a check of a database of SQLite has found something wrong.
var ErrInconsistent = errors.New("the database is not consistent")

// CopyFile writes the database of SQLite at a path, as it is at one moment after the call, to the file to, which is made anew and is on the
// disk when CopyFile returns. Others read and write meanwhile; nobody waits for it. After an error the file is not to be used.
//
// The pages are copied as they are. VACUUM INTO would build every table and index anew, which takes two to three times as long
// (measured), and all that is written meanwhile must stay in the log of SQLite, for the next commit to put it into the file.
func CopyFile(ctx context.Context, path, to string) (err error) {
	file, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	db, err := sqliteEngine{}.reader(ctx, path)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return unavailable(err)
	}
	defer conn.Close()
	// One transaction from the first page to the last: else a commit by another process would begin the copy again.
	if _, err := conn.ExecContext(ctx, `BEGIN`); err != nil {
		return unavailable(err)
	}
	if _, err := one(ctx, conn, value[int], `SELECT count(*) FROM sqlite_master`); err != nil {
		return err
	}
	err = conn.Raw(func(c any) error { return copyPages(ctx, c.(*keepingConn).sqliteConn, file) })
	if _, ended := conn.ExecContext(context.WithoutCancel(ctx), `ROLLBACK`); ended != nil {
		err = errors.Join(err, ended)
	}
	return err
}

// backupConn is a connection of the driver that can copy its database.
type backupConn interface {
	NewBackup(to string) (*sqlite.Backup, error)
}

// copyPages copies the database that a connection reads.
func copyPages(ctx context.Context, from driver.Conn, to *os.File) (err error) {
	copying, err := from.(backupConn).NewBackup(dsn(to.Name(), url.Values{
		"_pragma": {"journal_mode(OFF)", "synchronous(OFF)", "locking_mode(EXCLUSIVE)"}, // nobody else has it, and it is synced here
	}))
	if err != nil {
		return fmt.Errorf("copy database: %w", unwritable(unavailable(err)))
	}
	for more := true; more; {
		if more, err = copying.Step(copiedPages); err == nil {
			err = errors.Join(to.Sync(), ctx.Err())
		}
		if err != nil {
			return errors.Join(fmt.Errorf("copy database: %w", unwritable(unavailable(err))), copying.Finish())
		}
	}
	if err := copying.Finish(); err != nil {
		return fmt.Errorf("copy database: %w", err)
	}
	return to.Sync()
}

// Check looks through a file of SQLite that nobody writes: whether its structure, its indexes and its constraints hold, and whether
// every reference leads to a row. It returns ErrInconsistent with the first findings. The file is not changed.
func Check(ctx context.Context, path string) (err error) {
	db, err := openUnchanging(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	found, err := many(ctx, db, value[string], `PRAGMA integrity_check(10)`)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInconsistent, err)
	}
	if len(found) != 1 || found[0] != "ok" {
		return fmt.Errorf("%w: %s", ErrInconsistent, strings.Join(found, "; "))
	}
	tables, err := many(ctx, db, value[string], `SELECT DISTINCT "table" FROM pragma_foreign_key_check`)
	if err == nil && len(tables) > 0 {
		err = fmt.Errorf("%w: rows of %s refer to what is not there", ErrInconsistent, strings.Join(tables, ", "))
	}
	return err
}

// Description says what a file of SQLite is.
type Description struct {
	Schema  int64
	Account string // name of the company; empty: there is none yet
	Head    Head   // of the activity log
}

// Describe describes a file of SQLite that nobody writes and that has the schema of this program.
func Describe(ctx context.Context, path string) (d Description, err error) {
	db, err := openUnchanging(path)
	if err != nil {
		return Description{}, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if d.Schema, _, err = versions(ctx, sqliteEngine{}, db); err != nil {
		return Description{}, err
	}
	q := queriesOn(sqliteEngine{}, db)
	account, err := q.Account(ctx)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Description{}, err
	}
	d.Account = account.Name
	d.Head, err = q.ActivityHead(ctx)
	return d, err
}

// openUnchanging opens a file of SQLite that nobody writes, and beside which nothing is made.
func openUnchanging(path string) (*sql.DB, error) {
	db, err := openPool(dsn(path, url.Values{
		"mode": {"ro"}, "immutable": {"1"},
		"_pragma": {"query_only(1)", "mmap_size(2147418112)"}, // the most that SQLite maps: a check looks all over the file
	}))
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return db, nil
}

// Lock opens a file of SQLite so that no other process can, until the lock is closed. It returns ErrInUse where one has it open.
func Lock(ctx context.Context, path string) (io.Closer, error) {
	return lockWith(ctx, path)
}

func lockWith(ctx context.Context, path string, pragmas ...string) (io.Closer, error) {
	db, err := openLocked(path, pragmas...)
	if err != nil {
		return nil, err
	}
	if _, err := db.ExecContext(ctx, `BEGIN EXCLUSIVE`); err != nil {
		return nil, errors.Join(inUse(err), db.Close())
	}
	return db, nil
}

// openLocked opens a file of SQLite by one connection, which keeps every lock that it takes: each connection holds one on the file for
// as long as it is open, also one that does nothing, and the system releases those of a process that was killed.
func openLocked(path string, pragmas ...string) (*sql.DB, error) {
	db, err := openPool(dsn(path, url.Values{
		"mode":    {"rw"}, // not created
		"_txlock": {"exclusive"},
		"_pragma": append(pragmas, "busy_timeout(2000)", "locking_mode(EXCLUSIVE)"),
	}))
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// inUse turns the error of a file that another process has open into ErrInUse.
func inUse(err error) error {
	const busy = 5
	if e, is := errors.AsType[*sqlite.Error](err); is && e.Code()&0xff == busy {
		return ErrInUse
	}
	return err
}

// lockTries is how often it is tried to lock a file that whoever had it locked removes in that moment.
const lockTries = 10

// LockAt makes an empty file at a path and locks it, so that one process at a time does what the path stands for, until it calls
// release; a process that is killed gives it back. It returns ErrInUse where another process has it. release removes the file.
func LockAt(ctx context.Context, path string) (release func() error, err error) {
	for range lockTries {
		file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return nil, err
		}
		made, err := file.Stat()
		if err := errors.Join(err, file.Close()); err != nil { // before it is locked: closing a file gives back the locks of the process
			return nil, err
		}
		lock, err := lockWith(ctx, path, "journal_mode(MEMORY)") // no other file is made beside it
		if err != nil {
			return nil, err
		}
		if now, err := os.Stat(path); err == nil && os.SameFile(made, now) {
			return func() error {
				_ = os.Remove(path) // one that stays is locked again by the next one
				return lock.Close()
			}, nil
		}
		if err := lock.Close(); err != nil { // it locks a file that nobody else finds any more
			return nil, err
		}
	}
	return nil, ErrInUse
}
