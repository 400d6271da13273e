package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"

	"github.com/pressly/goose/v3"
)

// KeepBeforeMigration makes a copy of the file of SQLite at a path, beside it and named for the two schemas, where Open would migrate it
// and an account is in it: what a migration has changed cannot be taken back otherwise. The copy is checked and on the disk when
// KeepBeforeMigration returns its path; the path is empty where none is needed. One that an earlier start has left is not made again, as
// long as nothing was done since. After an error, or where the process is killed, nothing is changed, and no half copy bears that name.
//
// It returns ErrInUse where another process is making a copy, and ErrNewerSchema.
func KeepBeforeMigration(ctx context.Context, path string) (kept string, err error) {
	if info, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		return "", nil
	}
	if from, to, _, err := migrationAt(ctx, path); err != nil || from == to {
		return "", err
	}
	release, err := LockAt(ctx, path+".copying")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, release()) }()
	from, to, last, err := migrationAt(ctx, path) // another process may have migrated it meanwhile
	if err != nil || from == to {
		return "", err
	}
	kept, found, err := keptAt(ctx, fmt.Sprintf("%s.before-%d-to-%d", path, from, to), last)
	if err != nil || found {
		return kept, err
	}
	unfinished := path + ".copy"
	defer os.Remove(unfinished) // without effect after the rename
	if err := CopyFile(ctx, path, unfinished); err != nil {
		return "", fmt.Errorf("copy the database before it is migrated: %w", err)
	}
	if err := Check(ctx, unfinished); err != nil {
		return "", fmt.Errorf("the copy of the database before it is migrated: %w", err)
	}
	if err := os.Rename(unfinished, kept); err != nil {
		return "", err
	}
	return kept, SyncDirectory(filepath.Dir(kept))
}

// migrationAt returns the schema of a database and the one that it would be migrated to, the same where nothing is to be kept, and what
// was done last, as the activity log has it.
func migrationAt(ctx context.Context, path string) (from, to int64, last string, err error) {
	db, err := sqliteEngine{}.reader(ctx, path)
	if err != nil {
		return 0, 0, "", fmt.Errorf("open database: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	tables, err := many(ctx, db, value[string], sqliteEngine{}.tables())
	if err != nil || !slices.Contains(tables, goose.DefaultTablename) || !slices.Contains(tables, "account") {
		return 0, 0, "", err
	}
	accounts, err := one(ctx, db, value[int], `SELECT count(*) FROM account`)
	if err != nil || accounts == 0 {
		return 0, 0, "", err
	}
	if from, to, err = versions(ctx, sqliteEngine{}, db); err != nil {
		return 0, 0, "", err
	}
	last, err = newestEntry(ctx, db)
	return from, to, last, err
}

// newestEntry is the newest entry of the activity log, by columns that every schema has.
func newestEntry(ctx context.Context, db *sql.DB) (string, error) {
	last, err := one(ctx, db, value[string], `SELECT id || ' ' || at || ' ' || action FROM activity ORDER BY id DESC LIMIT 1`)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return last, err
}

// keptAt returns where a copy is to be kept: under a name, or that name with a number. found says that the copy is there already: made
// when the same was done last.
func keptAt(ctx context.Context, name, last string) (kept string, found bool, err error) {
	for n := 1; ; n++ {
		kept = name
		if n > 1 {
			kept += "-" + strconv.Itoa(n)
		}
		if _, err := os.Stat(kept); errors.Is(err, fs.ErrNotExist) {
			return kept, false, nil
		} else if err != nil {
			return "", false, err
		}
		db, err := openUnchanging(kept)
		if err != nil {
			return "", false, err
		}
		was, err := newestEntry(ctx, db)
		if err := errors.Join(err, db.Close()); err != nil {
			return "", false, fmt.Errorf("%s, a copy that an earlier start has left, cannot be read; move it aside: %w", kept, err)
		}
		if was == last {
			return kept, true, nil
		}
	}
}

// SyncDirectory makes the new name of a file survive a power cut. Windows does not flush directories.
func SyncDirectory(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
