package cli

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"console/internal/auth"
	"console/internal/backup"
	"console/store"
)

// backups makes copies of an installation and verifies them.
type backups struct {
	Make   makeBackup   `cmd:"" default:"withargs" help:"Copy the database and the key into one file, while the console serves or not (what happens without another command)."`
	Verify verifyBackup `cmd:""                    help:"Find out whether a file made by console backup is as it was written. Exit status 0: it is."`
}

// errBackupOnPostgres says what stands for the commands on PostgreSQL.
var errBackupOnPostgres = errors.New("this command copies a file of SQLite. On PostgreSQL make copies with pg_dump or by archiving " +
	"the log of the server (point-in-time recovery, PITR), keep the key file beside them, and run console restored after one was put back")

// passphraseFile names the file of a passphrase.
type passphraseFile struct {
	PassphraseFile string `help:"File of the passphrase that the key is encrypted under."`
}

// read returns the passphrase; empty: none is named.
func (p passphraseFile) read(i Installation) (string, error) {
	if p.PassphraseFile == "" {
		return "", nil
	}
	passphrase, err := i.readSecret(p.PassphraseFile)
	if err == nil && passphrase == "" {
		err = fmt.Errorf("%s is empty", p.PassphraseFile)
	}
	if err != nil {
		return "", fmt.Errorf("--passphrase-file: %w", err)
	}
	return passphrase, nil
}

// makeBackup copies an installation into a file.
type makeBackup struct {
	Installation
	passphraseFile
	File       string `arg:"" help:"File to make. One that is there is never overwritten."`
	WithoutKey bool   `help:"Leave the key out, which is kept elsewhere. Without it no copy is of use."`
}

// Run makes the file and says what is in it. After an error there is no such file.
func (b makeBackup) Run(ctx context.Context, io stdio) error {
	if store.IsURL(b.database()) {
		return errBackupOnPostgres
	}
	passphrase, err := b.passphrase()
	if err != nil {
		return err
	}
	if err := refuseExisting(b.File); err != nil {
		return err
	}
	// The name says what it is to who finds what a killed process has left.
	dir, err := os.MkdirTemp(filepath.Dir(b.File), "."+filepath.Base(b.File)+".unfinished-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // what stays says by its name what it is
	contents, err := b.collect(ctx, filepath.Join(dir, "console.db"), io.err)
	if err == nil {
		contents.Passphrase = passphrase
		err = writeBackup(filepath.Join(dir, "backup"), contents)
	}
	if ctx.Err() != nil {
		return errors.New("it was interrupted: no copy was made") // to who asks for the exit status, that is a failure
	}
	if err == nil {
		err = place(filepath.Join(dir, "backup"), b.File)
	}
	if err != nil {
		return fmt.Errorf("no copy was made: %w", err)
	}
	m := contents.Manifest
	_, err = fmt.Fprintf(io.out, "%s holds the database of %s (schema %d, activity log up to %d head=%s)%s.\n",
		b.File, shownCompany(m), m.Schema, m.LastEntry, m.Head, keyWords(!b.WithoutKey))
	return err
}

func shownCompany(m backup.Manifest) string {
	if m.Company == "" {
		return "no account"
	}
	return m.Company
}

func keyWords(hasKey bool) string {
	if hasKey {
		return " and the key, encrypted under the passphrase"
	}
	return " without the key: keep a copy of the key file elsewhere"
}

// passphrase derives the key that the copy is made with; nil: without one.
func (b makeBackup) passphrase() (*auth.PassphraseKey, error) {
	passphrase, err := b.read(b.Installation)
	if err != nil {
		return nil, err
	}
	if passphrase == "" && !b.WithoutKey {
		return nil, errors.New("name the file of a passphrase, under which the key is encrypted, with --passphrase-file; " +
			"or leave the key out with --without-key")
	}
	if passphrase == "" {
		return nil, nil
	}
	key, err := auth.NewPassphraseKey(passphrase)
	if err != nil {
		return nil, fmt.Errorf("--passphrase-file %s: %w", b.PassphraseFile, err)
	}
	return key, nil
}

// backupContents are what a file is made of, with the database in a file of its own.
type backupContents struct {
	backup.Contents
	database string
}

// collect copies the database to a path and checks the copy, and reads the key that belongs to it.
func (b makeBackup) collect(ctx context.Context, to string, problems io.Writer) (c backupContents, err error) {
	o, err := b.openReading(ctx, newLogger("text", problems))
	if err != nil {
		return c, err
	}
	if err := o.db.Close(); err != nil {
		return c, err
	}
	key, err := os.ReadFile(b.keyFile())
	if err != nil {
		return c, err
	}
	madeAt := time.Now()
	if err := store.CopyFile(ctx, b.database(), to); err != nil {
		return c, err
	}
	if err := store.Check(ctx, to); err != nil {
		return c, err
	}
	after, err := os.ReadFile(b.keyFile())
	if err != nil {
		return c, err
	}
	if !bytes.Equal(key, after) { // the copy may be sealed with the one or with the other
		return c, errors.New("the key file has changed meanwhile: run it again")
	}
	if err := checkKey(ctx, to, o.key); err != nil {
		return c, err
	}
	c.database = to
	if !b.WithoutKey {
		c.Key = key
	}
	c.Manifest, err = manifestOf(ctx, to)
	c.Manifest.MadeAt = madeAt.UTC().Truncate(time.Second)
	return c, err
}

// manifestOf describes the copy of a database.
func manifestOf(ctx context.Context, copied string) (m backup.Manifest, err error) {
	found, err := store.Describe(ctx, copied)
	return backup.Manifest{
		Program: Version, Schema: found.Schema, Company: found.Account, LastEntry: found.Head.ID, Head: hex.EncodeToString(found.Head.MAC),
	}, err
}

// writeBackup writes a file with what was collected, and reads it again from the first byte to the last.
func writeBackup(path string, c backupContents) (err error) {
	database, err := os.Open(c.database)
	if err != nil {
		return err
	}
	defer func() { _ = database.Close() }() // it was only read
	info, err := database.Stat()
	if err != nil {
		return err
	}
	c.Database, c.Size = database, info.Size()
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := backup.Write(&backup.SteadyFile{File: file}, c.Contents); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	if info, err = file.Stat(); err != nil {
		return err
	}
	_, err = backup.Read(file, info.Size(), "")
	return err
}

// refuseExisting refuses a path at which there is something.
func refuseExisting(path string) error {
	_, err := os.Lstat(path)
	if err == nil {
		return fmt.Errorf("%s is there already, and is not overwritten: name another file", path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// place gives a finished file its name, which it does not take away from another one.
func place(finished, path string) error {
	err := os.Link(finished, path)
	if errors.Is(err, fs.ErrExist) {
		return refuseExisting(path)
	}
	if err != nil { // some file systems have no links
		if err := refuseExisting(path); err != nil {
			return err
		}
		if err := os.Rename(finished, path); err != nil {
			return err
		}
	}
	return store.SyncDirectory(filepath.Dir(path))
}

// verifyBackup reads a copy from the first byte to the last.
type verifyBackup struct {
	Installation
	passphraseFile
	File string `arg:"" help:"File to verify."`
}

// Run says what the copy is of, or what is wrong with it.
func (v verifyBackup) Run(io stdio) error {
	passphrase, err := v.read(v.Installation)
	if err != nil {
		return err
	}
	file, copied, err := openBackup(v.File, passphrase)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	m := copied.Manifest
	if _, err := copied.Key(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(io.out, "%s is whole: the database of %s of %s (schema %d, console %s, activity log up to %d head=%s)%s.\n",
		v.File, shownCompany(m), m.MadeAt.Format("2 January 2006 15:04 UTC"), m.Schema, m.Program, m.LastEntry, m.Head, keyWords(m.HasKey))
	if err == nil && passphrase == "" && m.Derivation != "" {
		_, err = fmt.Fprintln(io.out, "Whether somebody has put another copy in its place shows with --passphrase-file only.")
	}
	return err
}

// openBackup opens a copy and verifies every byte of it.
func openBackup(path, passphrase string) (*os.File, *backup.File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	copied, err := backup.Read(file, info.Size(), passphrase)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s: %w", path, err), file.Close())
	}
	return file, copied, nil
}
