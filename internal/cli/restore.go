package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"console/internal/account"
	"console/internal/backup"
	"console/store"
)

// restore puts a copy made by console backup back.
type restore struct {
	Installation
	passphraseFile
	File string `arg:"" help:"File made by console backup."`
	To   string `help:"New directory to restore to, which does not exist or is empty. Default: the data directory; what lay there is moved to before-restore-<time> in it."`
}

// Run restores the copy: a directory of data that is complete, has the newest schema, and in which what the copy would bring back has
// ended. Until that is so, nothing in the data directory is changed. What was ended is printed.
func (r restore) Run(ctx context.Context, io stdio) error {
	if store.IsURL(r.database()) {
		return errBackupOnPostgres
	}
	if err := r.checkTarget(); err != nil {
		return err
	}
	passphrase, err := r.read(r.Installation)
	if err != nil {
		return err
	}
	file, copied, err := openBackup(r.File, passphrase)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	if newest := store.NewestSchema(); copied.Manifest.Schema > newest {
		return fmt.Errorf("%s: %w: schema %d, this program knows %d", r.File, store.ErrNewerSchema, copied.Manifest.Schema, newest)
	}
	log := newLogger("text", io.err)
	key, err := r.keyFor(copied, log)
	if err != nil {
		return err
	}
	done, err := r.into(ctx, copied, key, log)
	if ctx.Err() != nil && done.dir == "" {
		return errors.New("it was interrupted: nothing was restored") // to who asks for the exit status, that is a failure
	}
	if err != nil {
		return err
	}
	return done.tell(io.out)
}

// target is the directory that is restored to.
func (r restore) target() string { return cmp.Or(r.To, r.Data) }

// checkTarget refuses a place that nothing is restored to.
func (r restore) checkTarget() error {
	if r.To == "" {
		if r.Database != "" && filepath.Clean(r.Database) != filepath.Join(r.Data, databaseName) {
			return fmt.Errorf("--database: a copy is restored to %s. Restore it to a new directory with --to, and move the %s from there",
				filepath.Join(r.Data, databaseName), databaseName)
		}
		return nil
	}
	entries, err := os.ReadDir(r.To)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	for _, e := range entries {
		if name := e.Name(); name != restoringDir && name != restoreLock { // which an interrupted one has left
			return fmt.Errorf("--to: %s is not empty (it holds %s): name a new directory", r.To, name)
		}
	}
	return nil
}

// keyFor returns the content of the key file to restore: of the file that --key-file names, where there is one, else of the copy.
func (r restore) keyFor(copied *backup.File, log *slog.Logger) ([]byte, error) {
	if r.KeyFile != "" && exists(r.KeyFile) {
		if _, err := r.loadKey(r.KeyFile, log); err != nil {
			return nil, fmt.Errorf("--key-file: %w", err)
		}
		return os.ReadFile(r.KeyFile)
	}
	key, err := copied.Key()
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", r.File, err)
	case key != nil:
		return key, nil
	case copied.Manifest.HasKey:
		return nil, fmt.Errorf("%s: name the file of the passphrase that its key is encrypted under with --passphrase-file, "+
			"or that of the key with --key-file", r.File)
	case r.KeyFile != "":
		return nil, fmt.Errorf("there is no key file %s, and the copy is without the key", r.KeyFile)
	}
	return nil, fmt.Errorf("%s is without the key: name the key file with --key-file", r.File)
}

// restoration is what a restore has done.
type restoration struct {
	dir    string // what is to be served
	before string // where what lay there is; empty: nothing did
	ended  store.Ended
	jobs   int
	setUp  bool // there is an account in it

	otherKey bool   // the key is not the one that lay there
	keyFile  string // where the key is now, where that is not the file that --key-file names
}

// into restores a copy and its key.
func (r restore) into(ctx context.Context, copied *backup.File, key []byte, log *slog.Logger) (done restoration, err error) {
	dir := r.target()
	made := !exists(dir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return done, err
	}
	if made {
		defer func() {
			if done.dir == "" {
				err = errors.Join(err, os.Remove(dir))
			}
		}()
	}
	release, err := lockRestore(ctx, dir)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, release()) }()
	if _, err := finishRestore(dir); err != nil { // one that was interrupted
		return done, err
	}
	stage := filepath.Join(dir, restoringDir)
	if err := os.RemoveAll(stage); err != nil { // of one that was interrupted: nobody else has the lock
		return done, err
	}
	defer func() { _ = os.RemoveAll(stage) }() // without effect once it has its name
	if err := unpack(copied, key, stage); err != nil {
		return done, err
	}
	if done, err = r.prepare(ctx, stage, log); err != nil {
		return done, err
	}
	if was, err := os.ReadFile(filepath.Join(dir, keyName)); err == nil {
		done.otherKey = !bytes.Equal(bytes.TrimSpace(was), bytes.TrimSpace(key))
	}
	if is := filepath.Join(dir, keyName); r.KeyFile != "" && filepath.Clean(r.KeyFile) != is {
		done.keyFile = is
	}
	done.before, err = replaceWith(ctx, dir, stage)
	if err == nil {
		done.dir = dir
	}
	return done, err
}

// unpack writes the database and the key into a new directory.
func unpack(copied *backup.File, key []byte, dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	if err := writeSynced(filepath.Join(dir, databaseName), copied.CopyDatabase); err != nil {
		return err
	}
	err := writeSynced(filepath.Join(dir, keyName), func(to io.Writer) error {
		_, err := to.Write(key)
		return err
	})
	if err != nil {
		return err
	}
	return store.SyncDirectory(dir)
}

// writeSynced makes a file that nobody else can read, and has it on the disk.
func writeSynced(path string, write func(io.Writer) error) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Sync(), file.Close())
}

// prepare makes of an unpacked copy what can be served: it migrates it and ends what it would bring back.
func (r restore) prepare(ctx context.Context, stage string, log *slog.Logger) (done restoration, err error) {
	staged := Installation{Data: stage, Brand: r.Brand, AllowSharedFiles: r.AllowSharedFiles}
	key, err := staged.loadKey(staged.keyFile(), log)
	if err != nil {
		return done, fmt.Errorf("the key: %w", err)
	}
	if err := checkKey(ctx, staged.database(), key); errors.Is(err, errOtherKey) {
		return done, fmt.Errorf("%s is not sealed with the key %s: name the key file that was in use when the copy was made with --key-file, "+
			"or leave --key-file out where the copy holds the key", r.File, r.KeyFile)
	} else if err != nil {
		return done, err
	}
	if err := migrated(ctx, staged.database()); err != nil {
		return done, err
	}
	o, err := staged.openWith(ctx, key, log)
	if err != nil {
		return done, err
	}
	defer func() { err = o.closeWith(err) }()
	done.ended, done.jobs, err = o.service(func() {}, nil, log, nil).Restored(ctx, account.Actor{Source: account.CLI})
	if account.RefusedBy(err, account.NotSetUp) {
		return done, nil
	}
	done.setUp = true
	return done, err
}

// migrated migrates a database without keeping a copy as it was: that is the file which is being restored.
func migrated(ctx context.Context, database string) error {
	db, err := store.Open(ctx, database)
	if err != nil {
		return err
	}
	return db.Close()
}

// tell prints what was done.
func (d restoration) tell(to io.Writer) error {
	_, err := fmt.Fprintf(to, "%s is restored.\n", d.dir)
	if err == nil && d.before != "" {
		_, err = fmt.Fprintf(to, "What lay there is in %s.\n", d.before)
	}
	if err == nil && d.keyFile != "" {
		_, err = fmt.Fprintf(to, "Its key is %s: serve it without --key-file, or with that one.\n", d.keyFile)
	}
	if err == nil && d.otherKey {
		_, err = fmt.Fprintln(to, "The key is not the one that was in use: if that was rotated because somebody may have seen this one, "+
			"run console key rotate.")
	}
	if err == nil && d.setUp {
		err = tellEnded(to, d.ended, d.jobs)
	}
	return err
}
