package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"console/store"
)

// A restore goes through these names in the data directory. It prepares the copy in restoringDir, where it means nothing to anybody. One
// rename to restoredDir decides: from then on the copy is what is to be served, and whoever comes next finishes where the restore was
// killed. Only a few renames are left then.
const (
	restoringDir = "console.restoring"
	restoredDir  = "console.restored"
	restoreLock  = "console.restore.lock"
	beforePrefix = "before-restore-"
	movedDir     = "before" // in restoredDir: what lay in the data directory
)

// errRestoring says that somebody else has the lock of a restore.
var errRestoring = errors.New("another process is restoring into this directory: wait until it has ended")

// lockRestore has one process restore into a directory at a time, and finish it.
func lockRestore(ctx context.Context, dir string) (release func() error, err error) {
	release, err = store.LockAt(ctx, filepath.Join(dir, restoreLock))
	if errors.Is(err, store.ErrInUse) {
		return nil, fmt.Errorf("%s: %w", dir, errRestoring)
	}
	return release, err
}

// replaceWith makes a prepared directory what is to be served from dir, and returns where it has moved what lay there. It refuses, before
// anything is moved, where a console serves that.
func replaceWith(ctx context.Context, dir, stage string) (before string, err error) {
	lock, err := lockServed(ctx, filepath.Join(dir, databaseName))
	if err != nil {
		return "", err
	}
	// It is unlocked once the other one has its name: a console that has waited for the lock looks for that name.
	if err := errors.Join(decide(dir, stage), lock.Close()); err != nil {
		return "", err
	}
	return finishRestore(dir)
}

// lockServed keeps everybody from opening a database, where there is one.
func lockServed(ctx context.Context, database string) (io.Closer, error) {
	if !exists(database) {
		return io.NopCloser(nil), nil
	}
	lock, err := store.Lock(ctx, database)
	switch {
	case errors.Is(err, store.ErrInUse):
		return nil, fmt.Errorf("%s: %w", database, err)
	case err != nil:
		return nil, fmt.Errorf("whether a console serves %s cannot be found out, as it cannot be read: "+
			"stop the console, move the file aside, and run this again: %w", database, err)
	}
	return lock, nil
}

// decide gives a prepared directory the name from which on it is the one that counts.
func decide(dir, stage string) error {
	if err := os.Rename(stage, filepath.Join(dir, restoredDir)); err != nil {
		return err
	}
	return store.SyncDirectory(dir)
}

// finishRestore moves what lies in a data directory aside and what was restored into its place, and returns where the former is; empty:
// nothing lay there, or no restore is to be finished. It may be killed anywhere, and goes on when it is called again.
func finishRestore(dir string) (before string, err error) {
	restored := filepath.Join(dir, restoredDir)
	if !exists(restored) {
		return "", nil
	}
	moved := filepath.Join(restored, movedDir)
	if exists(filepath.Join(restored, databaseName)) { // the last thing that is moved into its place
		if err := moveAside(dir, moved); err != nil {
			return "", errors.Join(fmt.Errorf("nothing was restored, as what lies in %s cannot be moved aside: move it yourself, or unmount it, "+
				"and run console restore again: %w", dir, err), takeBack(dir, moved))
		}
		for _, name := range []string{keyName, databaseName} {
			if err := os.Rename(filepath.Join(restored, name), filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return "", err
			}
		}
		if err := store.SyncDirectory(dir); err != nil {
			return "", err
		}
	}
	if exists(moved) {
		before = filepath.Join(dir, beforePrefix+time.Now().UTC().Format("20060102T150405.000Z"))
		if err := os.Rename(moved, before); err != nil {
			return "", err
		}
	}
	return before, errors.Join(os.RemoveAll(restored), store.SyncDirectory(dir))
}

// moveAside moves the files of a console out of a data directory. The key may be the restored one already.
func moveAside(dir, to string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := e.Name()
		restored := name == keyName && !exists(filepath.Join(dir, restoredDir, keyName))
		if restored || name == restoredDir || name == restoreLock || !isOfConsole(name) {
			continue
		}
		if err := os.MkdirAll(to, 0o700); err != nil {
			return err
		}
		if err := os.Rename(filepath.Join(dir, name), filepath.Join(to, name)); err != nil {
			return err
		}
	}
	if !exists(to) {
		return nil
	}
	return store.SyncDirectory(to)
}

// takeBack undoes what moveAside has done so far, and the decision: the data are what they were. Like finishRestore it may be killed
// anywhere; who comes next tries to move what lies there aside once more.
func takeBack(dir, moved string) error {
	restored := filepath.Join(dir, restoredDir)
	if key := filepath.Join(restored, keyName); !exists(key) && exists(filepath.Join(dir, keyName)) { // of an earlier try
		if err := os.Rename(filepath.Join(dir, keyName), key); err != nil {
			return err
		}
	}
	entries, err := os.ReadDir(moved)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if err := os.Rename(filepath.Join(moved, e.Name()), filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	if err := os.Remove(moved); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return errors.Join(os.Rename(restored, filepath.Join(dir, restoringDir)), store.SyncDirectory(dir))
}

// isOfConsole says whether a name in the data directory is one that the console has given: of the database with its logs and the copies
// before migrations, of the key, and of what other parts of the program keep there. Files that options name, such as certificates, stay.
func isOfConsole(name string) bool {
	if name == "mail" || name == acmeDirectory || name == restoringDir {
		return true
	}
	return strings.HasPrefix(name, databaseName) || strings.HasPrefix(name, keyName) || strings.HasPrefix(name, auditMarkPrefix)
}

// settleRestore finishes a restore into the data directory that was killed after it had decided. Where one was killed before that, what
// it has left is removed, a copy of the data and of the key; but where nothing else is there, no new installation is begun beside it.
func (i Installation) settleRestore(ctx context.Context, log *slog.Logger) (err error) {
	if exists(filepath.Join(i.Data, restoringDir)) && !store.IsURL(i.database()) && !exists(i.database()) {
		return fmt.Errorf("a restore into %s is under way, or was interrupted: run console restore again", i.Data)
	}
	decided, half := exists(filepath.Join(i.Data, restoredDir)), exists(filepath.Join(i.Data, restoringDir))
	if !decided && !half {
		return nil
	}
	release, err := lockRestore(ctx, i.Data)
	if errors.Is(err, errRestoring) && !decided {
		return nil // it goes on, and will find that the data are in use
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	if !decided {
		return os.RemoveAll(filepath.Join(i.Data, restoringDir))
	}
	before, err := finishRestore(i.Data)
	if err == nil {
		log.Info("a restore that was interrupted is finished", "before", before)
	}
	return err
}

// refuseRestoredMeanwhile refuses a database that was replaced by a restore while it was being opened: there was another file in its place.
func (i Installation) refuseRestoredMeanwhile(opened fs.FileInfo) error {
	now, err := os.Stat(i.database())
	if err != nil || !os.SameFile(opened, now) || exists(filepath.Join(i.Data, restoredDir)) {
		return fmt.Errorf("%s was restored from a copy while it was being opened: start again", i.database())
	}
	return nil
}
