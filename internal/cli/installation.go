package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"console/internal/account"
	"console/internal/auth"
	"console/internal/input"
	"console/internal/metrics"
	"console/internal/notify"
	"console/store"
)

// Installation is where a command finds the data.
type Installation struct {
	Data           string   `default:"data" help:"Directory of the database, the key and, without SMTP, the mails."`
	KeyFile        string   `help:"File of the key that seals secrets. Default: console.key in the data directory."`
	Database       string   `help:"SQLite file, or the URL of a PostgreSQL database, postgres://user@host/database. Default: console.db in the data directory."`
	Brand          string   `default:"Wallarm" help:"Name shown in page titles, mails and notifications."`
	AllowedTargets Networks `name:"allow-private-targets" help:"Private addresses or networks (CIDR) that integrations may send to."`

	AllowSharedFiles bool `help:"Start though others may read the data or the key, where file modes cannot be changed."`
}

// What the database and the key are called in the data directory.
const (
	databaseName = "console.db"
	keyName      = "console.key"
)

// database is where the database lies: a path, or a URL of PostgreSQL, which is shown to nobody as it is.
func (i Installation) database() string {
	switch {
	case i.Database == "":
		return filepath.Join(i.Data, databaseName)
	case store.IsURL(i.Database):
		return i.Database
	}
	return filepath.Clean(i.Database) // of two slashes at its beginning the first would begin the name of another machine
}

// mustExist refuses, with what to do, where there is no database.
func (i Installation) mustExist(ctx context.Context, help string) error {
	if _, err := os.Stat(i.database()); errors.Is(err, fs.ErrPermission) && !store.IsURL(i.database()) {
		return fmt.Errorf("%w: run this as the account that runs the console", err)
	}
	if exists(filepath.Join(i.Data, restoredDir)) {
		return fmt.Errorf("a restore into %s was interrupted in its last moment: start the console, which finishes it", i.Data)
	}
	there, err := store.Exists(ctx, i.database())
	if err == nil && !there {
		err = fmt.Errorf("there is no database %s: %s", store.ShownAs(i.database()), help)
	}
	return err
}

// opened is an installation in use.
type opened struct {
	db    *store.DB
	clock *store.Clock
	now   func() time.Time // what is decided by: clock, but in tests
	key   *auth.Key
	guard *notify.Guard
	brand string

	metrics *metrics.Metrics
}

// open creates the data directory, the key and the database where they do not exist, migrates the database, and seals in the
// activity log that is older than its chain. A database whose key is missing is refused: a new key could not open what the old one has
// sealed. What others may read is made private, or refused.
func (i Installation) open(ctx context.Context, log *slog.Logger) (*opened, error) {
	if refusal := input.RefuseName(i.Brand); refusal != "" {
		return nil, fmt.Errorf("--brand: %s", refusal)
	}
	if err := os.MkdirAll(i.Data, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	if err := i.settleRestore(ctx, log); err != nil {
		return nil, err
	}
	_, err := os.Stat(i.keyFile())
	makesKey := errors.Is(err, fs.ErrNotExist)
	key, err := i.findKey(ctx, log)
	if err != nil {
		return nil, err
	}
	there, _ := os.Stat(i.database()) // nil: a new one is made, or it is not a file
	o, err := i.openWith(ctx, key, log)
	if err == nil && there != nil {
		if err = i.refuseRestoredMeanwhile(there); err != nil {
			err = o.closeWith(err)
		}
	}
	if errors.Is(err, errOtherKey) && makesKey { // another console began at the same moment
		err = errors.Join(err, os.Remove(i.keyFile()))
	}
	return o, err
}

// openBeside is open for a command that a console may serve beside.
func (i Installation) openBeside(ctx context.Context, log *slog.Logger) (*opened, error) {
	if err := i.refuseMigrationInUse(ctx); err != nil {
		return nil, err
	}
	return i.open(ctx, log)
}

// refuseMigrationInUse refuses a file of SQLite that would be migrated while another process has it open: a console of an earlier version
// would go on with statements for its own schema, and could not start again.
func (i Installation) refuseMigrationInUse(ctx context.Context) error {
	database := i.database()
	if store.IsURL(database) || !exists(database) {
		return nil
	}
	if current, newest, err := store.SchemaAt(ctx, database); err == nil && current < newest { // open tells what cannot be read
		lock, err := store.Lock(ctx, database)
		if errors.Is(err, store.ErrInUse) {
			return fmt.Errorf("another process has %s open, which has the schema %d: use the program that serves it, "+
				"or restart the console with this one, which migrates it to %d, and run this again", database, current, newest)
		}
		if err != nil {
			return err
		}
		return lock.Close()
	}
	return nil
}

// openWith is open with a key, which is refused where it is not that of the database.
func (i Installation) openWith(ctx context.Context, key *auth.Key, log *slog.Logger) (*opened, error) {
	database, err := i.keepPrivate(i.database(), log)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	if err := checkKey(ctx, database, key); err != nil {
		return nil, err
	}
	if err := i.keepBeforeMigration(ctx, database, log); err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, database)
	if err != nil {
		return nil, err
	}
	db.TellUnwritable(func(err error) {
		log.Error("nothing can be saved; people are told so, and this is repeated once a minute", "error", err)
	})
	o := i.opened(db, key, log)
	if err := useKey(ctx, db, key); err != nil {
		return nil, o.closeWith(fmt.Errorf("%s: %w", store.ShownAs(database), err))
	}
	if err := o.clock.Measure(ctx); err != nil {
		return nil, o.closeWith(err)
	}
	if err := o.service(func() {}, nil, log, nil).SealIn(ctx); err != nil {
		return nil, o.closeWith(err)
	}
	return o, nil
}

// keepBeforeMigration keeps a copy of a file of SQLite that is about to be migrated, and says in the log where.
func (i Installation) keepBeforeMigration(ctx context.Context, database string, log *slog.Logger) error {
	if store.IsURL(database) {
		return nil
	}
	kept, err := store.KeepBeforeMigration(ctx, database)
	switch {
	case errors.Is(err, store.ErrInUse):
		return fmt.Errorf("%s: another process is copying the database, to migrate it then: wait until it is ready", database)
	case errors.Is(err, store.ErrUnwritable) || errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("there is no room beside %s for a copy of it as it is, without which it is not migrated: make room, "+
			"or use the version before; nothing was changed: %w", database, err)
	case err == nil && kept != "":
		log.Info("the database is migrated to a newer schema; a copy of it as it was is kept", "path", kept)
	}
	return err
}

func (i Installation) opened(db *store.DB, key *auth.Key, log *slog.Logger) *opened {
	clock := store.NewClock(time.Now, db.Time(), log)
	return &opened{db: db, clock: clock, now: clock.Now, key: key, guard: notify.NewGuard(i.AllowedTargets), brand: i.Brand,
		metrics: metrics.New()}
}

// openReading opens the installation without writing anything: another process may serve it. What does not exist is not created.
func (i Installation) openReading(ctx context.Context, log *slog.Logger) (*opened, error) {
	database := i.database()
	if err := i.mustExist(ctx, "name its directory with --data"); err != nil {
		return nil, err
	}
	key, err := i.findKey(ctx, log)
	if err != nil {
		return nil, err
	}
	if err := checkKey(ctx, database, key); err != nil {
		return nil, err
	}
	db, err := store.OpenReading(ctx, database)
	if err != nil {
		return nil, err
	}
	return i.opened(db, key, log), nil
}

// keyFile is where the key lies.
func (i Installation) keyFile() string {
	return cmp.Or(i.KeyFile, filepath.Join(i.Data, keyName))
}

// findKey reads the key, and makes it where there is no database yet.
func (i Installation) findKey(ctx context.Context, log *slog.Logger) (*auth.Key, error) {
	keyFile := i.keyFile()
	inUse, err := store.Exists(ctx, i.database())
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(keyFile); errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("key file: %w: run this as the account that runs the console", err)
	}
	if inUse && !exists(keyFile) {
		return nil, fmt.Errorf("the key file %s of the database %s is missing; put it back, copy it from where another console serves "+
			"the database, or name it with --key-file", keyFile, store.ShownAs(i.database()))
	}
	key, err := i.loadKey(keyFile, log)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	return key, nil
}

// sealedConstant is the constant that tells whether a key is that of a database.
const sealedConstant = "console"

// errOtherKey says that a key is not that of a database.
var errOtherKey = errors.New("the key is not that of the database: what was sealed with another key cannot be opened; " +
	"put the right key file back, copy it from where another console serves the database, or name it with --key-file")

// checkKey refuses a key that is not that of a database, before anything is written there.
func checkKey(ctx context.Context, database string, key *auth.Key) error {
	sealed, err := store.SealedAt(ctx, database)
	if err != nil || opens(key, sealed) {
		return err
	}
	return fmt.Errorf("%s: %w", store.ShownAs(database), errOtherKey)
}

// opens says whether a key is the one with which a database is sealed. One of an earlier version has no constant: there,
// the key must open something, where anything is sealed.
func opens(key *auth.Key, sealed store.Sealed) bool {
	if sealed.Constant != nil {
		_, err := key.Open(sealed.Constant, account.ConstantContext)
		return err == nil
	}
	for id, settings := range sealed.Integrations {
		if _, err := notify.OpenSettings(key, id, settings); err == nil {
			return true
		}
	}
	for id, secret := range sealed.Authenticators {
		if _, err := key.Open(secret, account.AuthenticatorContext(id)); err == nil {
			return true
		}
	}
	return len(sealed.Integrations)+len(sealed.Authenticators) == 0
}

// useKey makes the key seal with what is in force, which the constant tells. It stores that of a database that has none yet: a new one,
// or one of an earlier version. Of consoles that begin on a new one at the same moment, each with a key of its own, one seals it, and the
// others are refused.
func useKey(ctx context.Context, db *store.DB, key *auth.Key) error {
	sealed, err := db.SealedConstant(ctx)
	if errors.Is(err, store.ErrNotFound) {
		err = db.Update(ctx, func(tx *store.Tx) (err error) {
			if sealed, err = tx.SealedConstant(ctx); !errors.Is(err, store.ErrNotFound) {
				return err
			}
			sealed = key.Seal([]byte(sealedConstant), account.ConstantContext)
			return tx.SaveSealedConstant(ctx, sealed)
		})
	}
	if err == nil && !opens(key, store.Sealed{Constant: sealed}) {
		err = errOtherKey
	}
	if err != nil {
		return err
	}
	return key.Use(auth.KeyOf(sealed))
}

// loadKey reads the key file, and warns where others may read it too.
func (i Installation) loadKey(path string, log *slog.Logger) (*auth.Key, error) {
	load := auth.LoadKey
	if i.AllowSharedFiles {
		load = auth.LoadSharedKey
	}
	key, err := load(path)
	if err != nil {
		return nil, err
	}
	warnIfOpen("the key file", path, log)
	return key, nil
}

// readSecret reads the file of a secret. One that everybody may access is refused as a key file is, unless the operator allows that.
func (i Installation) readSecret(path string) (string, error) {
	if i.AllowSharedFiles {
		return auth.ReadSharedSecret(path)
	}
	return auth.ReadSecret(path)
}

// warnIfOpen says in the log that others may read the file of a secret, too.
func warnIfOpen(what, path string, log *slog.Logger) {
	if info, err := os.Stat(path); err == nil && open(info) {
		log.Warn("everybody on this machine may access "+what, "path", path, "mode", fmt.Sprintf("%04o", info.Mode().Perm()))
	}
}

// service returns the account operations on the installation. wake is called when messages are queued, send for tests of
// integrations; it may be nil where nobody tests. base, where people reach the console, matters to those who sign in.
func (o *opened) service(wake func(), send account.Send, log *slog.Logger, base *url.URL) *account.Service {
	slots := max(1, runtime.NumCPU()/2)
	return account.New(account.Options{
		DB: o.db, Key: o.key, Guard: o.guard, Now: o.now, Wake: wake, Send: send, Log: log, Version: Version, Brand: o.brand, BaseURL: base,
		Hasher: auth.NewHasher(account.Queue(slots)), TellSignIn: o.metrics.SignIn, TellLimited: o.metrics.Limited,
	})
}

func (o *opened) closeWith(err error) error { return errors.Join(err, o.db.Close()) }
