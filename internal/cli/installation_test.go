package cli

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pressly/goose/v3"

	"console/internal/account"
	"console/internal/auth"
	"console/internal/notify"
	"console/store"
	"console/store/storetest"
)

// installed is a data directory with an account and a sealed integration, as a stopped program leaves it. It is made once and copied.
func installed(t *testing.T) string {
	t.Helper()
	made, err := installation()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range made {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// installation is what installed copies.
var installation = sync.OnceValues(func() (made map[string][]byte, err error) {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var problems bytes.Buffer
	arguments := []string{"setup", "--data", dir, "--company", "Company", "--cloud", "EU", "--first-name", "John", "--last-name", "Doe",
		"--email", "johndoe@example.com", "--password-stdin"}
	if Run(context.Background(), arguments, strings.NewReader("correct horse battery staple\n"), io.Discard, &problems) != 0 {
		return nil, errors.New(problems.String())
	}
	if err := integrate(dir); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	made = map[string][]byte{}
	for _, entry := range entries {
		content, readError := os.ReadFile(filepath.Join(dir, entry.Name()))
		made[entry.Name()], err = content, errors.Join(err, readError)
	}
	return made, err
})

// integrate adds an integration, whose settings are sealed, to the account in a data directory.
func integrate(dir string) error {
	ctx := context.Background()
	key, err := auth.LoadKey(filepath.Join(dir, "console.key"))
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, filepath.Join(dir, "console.db"))
	if err != nil {
		return err
	}
	err = db.Update(ctx, func(tx *store.Tx) error {
		i := store.Integration{Kind: notify.KindEmail, Name: "Mail", Active: true}
		if err := tx.InsertIntegration(ctx, &i); err != nil {
			return err
		}
		if i.Settings, err = notify.SealSettings(key, i.ID, notify.Settings{"emails": "chief@example.com"}); err != nil {
			return err
		}
		return tx.UpdateIntegration(ctx, &i)
	})
	return errors.Join(err, db.Close())
}

// raw is a connection to the database of a data directory.
func raw(t *testing.T, dir string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "console.db")+"?_pragma=foreign_keys(1)")
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// change runs statements on the database of a data directory.
func change(t *testing.T, dir string, statements ...string) {
	t.Helper()
	db := raw(t, dir)
	defer db.Close()
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// crashed is a copy of a data directory in which the newest change is in the log of the database only.
func crashed(t *testing.T, dir string) string {
	t.Helper()
	db := raw(t, dir)
	defer db.Close()
	for _, statement := range []string{`PRAGMA wal_autocheckpoint = 0`, `UPDATE account SET name = 'Renamed'`} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	to := t.TempDir()
	for name, content := range files(t, dir) {
		if name != "console.db-shm" {
			if err := os.WriteFile(filepath.Join(to, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if info, err := os.Stat(filepath.Join(to, "console.db-wal")); err != nil || info.Size() == 0 {
		t.Fatalf("no change is in the log: %v", err)
	}
	return to
}

// files is what a data directory holds.
func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	content := map[string][]byte{}
	for _, e := range entries {
		if content[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return content
}

// start serves a data directory for a moment.
func start(t *testing.T, dir, key string) error {
	t.Helper()
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	s := Serve{Installation: Installation{Data: dir, KeyFile: key}, Listener: listener, Listen: listener.Addr().String(), LogFormat: "text",
		BaseURL: "http://" + listener.Addr().String()}
	server, err := s.Start(t.Context(), io.Discard)
	if err != nil {
		return err
	}
	return server.Close()
}

// withoutConstant is the last version of the schema that had no sealed constant.
const withoutConstant = 12

// downgrade puts a database as an earlier version of the program left it in the place of the one in dir, with what it held of the
// same rows.
func downgrade(t *testing.T, dir string, version int64) {
	t.Helper()
	current, earlier := filepath.Join(dir, "console.db"), filepath.Join(t.TempDir(), "earlier.db")
	db, err := sql.Open("sqlite", "file:"+earlier+"?_pragma=journal_mode(WAL)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)                                                                                              // what is attached belongs to a connection
	folded := goose.NewGoMigration(16, &goose.GoFunc{RunTx: func(context.Context, *sql.Tx) error { return nil }}, nil) // keys are folded here
	migrations, err := goose.NewProvider(goose.DialectSQLite3, db, os.DirFS("../../store/migrations/sqlite"), goose.WithGoMigrations(folded))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migrations.UpTo(t.Context(), version); err != nil {
		t.Fatal(err)
	}
	exec := func(statement string) {
		t.Helper()
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	exec(`PRAGMA foreign_keys = OFF`)
	exec(`ATTACH '` + current + `' AS current`)
	for table, columns := range sharedColumns(t, db) {
		exec(`DELETE FROM main."` + table + `"`)
		exec(`INSERT INTO main."` + table + `" (` + columns + `) SELECT ` + columns + ` FROM current."` + table + `"`)
	}
	exec(`DETACH current`)
	if err := errors.Join(db.Close(), os.Remove(current), os.Rename(earlier, current)); err != nil {
		t.Fatal(err)
	}
	for _, rest := range []string{"-wal", "-shm"} {
		if err := os.Remove(current + rest); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
}

// sharedColumns are the columns that a table has in both databases, by table.
func sharedColumns(t *testing.T, db *sql.DB) map[string]string {
	t.Helper()
	rows, err := db.Query(`SELECT m.name, group_concat('"' || a.name || '"') FROM main.sqlite_master m, pragma_table_info(m.name, 'main') a
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE 'goose%'
		AND EXISTS (SELECT 1 FROM pragma_table_info(m.name, 'current') b WHERE b.name = a.name) GROUP BY m.name`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	shared := map[string]string{}
	for rows.Next() {
		var table, columns string
		if err := rows.Scan(&table, &columns); err != nil {
			t.Fatal(err)
		}
		shared[table] = columns
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return shared
}

func TestFC205_AnotherKeyIsRefusedAndNothingIsWritten(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(*testing.T, string) string{
		"as it was left": func(_ *testing.T, dir string) string { return dir },
		"after a crash":  crashed,
		"of an earlier version": func(t *testing.T, dir string) string {
			downgrade(t, dir, withoutConstant)
			return dir
		},
		"of an earlier version after a crash": func(t *testing.T, dir string) string {
			downgrade(t, dir, withoutConstant)
			return crashed(t, dir)
		},
		"with a constant yet to be sealed": func(t *testing.T, dir string) string {
			change(t, dir, `DELETE FROM sealed_constant`)
			return dir
		},
		"of an earlier version with an authenticator only": func(t *testing.T, dir string) string {
			key, err := auth.LoadKey(filepath.Join(dir, "console.key"))
			if err != nil {
				t.Fatal(err)
			}
			change(t, dir, `DELETE FROM integrations`)
			downgrade(t, dir, withoutConstant)
			db := raw(t, dir)
			defer db.Close()
			if _, err := db.Exec(`INSERT INTO authenticators (user_id, secret) VALUES (1, $1)`, key.Seal([]byte("secret"), "authenticators/1")); err != nil {
				t.Fatal(err)
			}
			return dir
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := prepare(t, installed(t))
			other := filepath.Join(t.TempDir(), "other.key")
			if _, err := auth.LoadKey(other); err != nil {
				t.Fatal(err)
			}
			before := files(t, dir)
			if err := start(
				t,
				dir,
				other,
			); err == nil || !strings.Contains(err.Error(), "--key-file") ||
				!strings.Contains(err.Error(), "console.db") {
				t.Fatalf("with another key: %v", err)
			}
			after := files(t, dir)
			for _, name := range []string{"console.db", "console.db-wal", "console.key"} {
				if !bytes.Equal(before[name], after[name]) {
					t.Errorf("%s was written: %d bytes, before %d", name, len(after[name]), len(before[name]))
				}
			}

			for range 2 { // the second time with a constant
				if err := start(t, dir, ""); err != nil {
					t.Errorf("with its own key: %v", err)
				}
			}
			if err := start(t, dir, other); err == nil {
				t.Error("another key is taken once the constant is there")
			}
		})
	}
}

func TestFC156_AddressesOnTheCommandLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		base, from, brand, refusal string
		host                       string
	}{
		{base: "https://Konsole.Bücher.example:8443/a", host: "konsole.xn--bcher-kva.example:8443"},
		{base: "http://localhost:8080", host: "localhost:8080"},
		{base: "http://[::1]:8080", host: "[::1]:8080"},
		{base: "https://exa—mple.com", refusal: "— is not part of an address"},
		{base: "https://a..example", refusal: "A domain"},
		{base: "http://localhost", from: "“console@example.com”", refusal: "give one address"},
		{base: "http://localhost", brand: "www.evil.example", refusal: "web address"},
		{base: "http://localhost", brand: "\u200b", refusal: "can be seen"},
	} {
		s := Serve{Installation: Installation{Data: t.TempDir(), Brand: cmp.Or(c.brand, "Wallarm")}, BaseURL: c.base, MailFrom: c.from,
			TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}
		base, err := s.baseURL()
		if err == nil {
			_, _, _, err = s.mailer(base)
		}
		if err == nil && c.brand != "" {
			_, err = s.open(t.Context(), slog.New(slog.DiscardHandler))
		}
		switch {
		case c.refusal != "" && (err == nil || !strings.Contains(err.Error(), c.refusal)):
			t.Errorf("%+v: %v", c, err)
		case c.refusal == "" && (err != nil || base.Host != c.host):
			t.Errorf("%+v: %v, %v", c, base, err)
		}
	}
}

// unused is the place of a database that no console has been started on.
func unused(t *testing.T) string {
	t.Helper()
	if !storetest.OnPostgres() {
		return filepath.Join(t.TempDir(), "console.db")
	}
	return storetest.Place(t)
}

// A second console of a database starts with the key of the first one only, and leaves no file where it has none, or another one.
func TestPG15_OnlyTheKeyOfTheDatabaseStarts(t *testing.T) {
	t.Parallel()
	place := unused(t)
	log := slog.New(slog.DiscardHandler)
	first := Installation{Data: t.TempDir(), Database: place, Brand: "Wallarm", AllowSharedFiles: true}
	open := func(i Installation) error {
		o, err := i.open(t.Context(), log)
		if err == nil {
			err = o.db.Close()
		}
		return err
	}
	if err := open(first); err != nil {
		t.Fatal(err)
	}
	second := first
	second.Data = t.TempDir()
	if err := open(second); err == nil || !strings.Contains(err.Error(), "is missing; put it back, copy it from where another console serves") {
		t.Errorf("without a key: %v", err)
	}
	if left := files(t, second.Data); len(left) > 0 {
		t.Errorf("made: %v", slices.Collect(maps.Keys(left)))
	}
	other := filepath.Join(t.TempDir(), "other.key")
	if _, err := auth.LoadKey(other); err != nil {
		t.Fatal(err)
	}
	second.KeyFile = other
	if err := open(second); !errors.Is(err, errOtherKey) {
		t.Errorf("with another key: %v", err)
	}
	if left := files(t, second.Data); len(left) > 0 {
		t.Errorf("made: %v", slices.Collect(maps.Keys(left)))
	}
	second.KeyFile = first.keyFile()
	if err := open(second); err != nil {
		t.Errorf("with the key of the database: %v", err)
	}
}

// Of consoles that begin on a new database at the same moment, each without a key, one makes the key of the database. The others are refused
// and leave none.
func TestPG15_OfConsolesThatBeginAtOnceOneMakesTheKey(t *testing.T) {
	t.Parallel()
	place := unused(t)
	var all sync.WaitGroup
	var dirs [3]string
	var failed [3]error
	for n := range dirs {
		dirs[n] = t.TempDir()
		all.Go(func() {
			i := Installation{Data: dirs[n], Database: place, Brand: "Wallarm", AllowSharedFiles: true}
			o, err := i.open(t.Context(), slog.New(slog.DiscardHandler))
			if failed[n] = err; err == nil {
				failed[n] = o.db.Close()
			}
		})
	}
	all.Wait()
	began := 0
	for n, dir := range dirs {
		left := files(t, dir)
		switch err := failed[n]; {
		case err == nil && left["console.key"] != nil:
			began++
		case err == nil || len(left) > 0 || !errors.Is(err, errOtherKey) && !strings.Contains(err.Error(), "is missing"):
			t.Errorf("%v, and there are %v", err, slices.Collect(maps.Keys(left)))
		}
	}
	if began != 1 {
		t.Errorf("%d consoles have begun", began)
	}
}

// The set-up code is that of the database: each console says the same one, also the next time, and none once there is an account.
func TestPG15_TheSetUpCodeIsOneForAllConsoles(t *testing.T) {
	t.Parallel()
	i := Installation{Data: t.TempDir(), Database: unused(t), Brand: "Wallarm", AllowSharedFiles: true}
	var codes []string
	var last *opened
	for range 3 {
		o, err := i.open(t.Context(), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		defer o.db.Close()
		code, err := o.service(func() {}, nil, slog.New(slog.DiscardHandler), nil).SetupCode(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		codes, last = append(codes, code), o
	}
	if len(slices.Compact(codes)) != 1 || len(codes[0]) != len("7KQ2M-9XWTB-4H0DZ-PR8VA") {
		t.Errorf("the codes are %v", codes)
	}
	service := last.service(func() {}, nil, slog.New(slog.DiscardHandler), nil)
	_, err := service.SetUp(t.Context(), account.Actor{Source: account.CLI}, account.Setup{Company: "Company", Cloud: "EU", FirstName: "John",
		Email: "johndoe@example.com", Password: "correct horse battery staple"})
	if err != nil {
		t.Fatal(err)
	}
	if code, err := service.SetupCode(t.Context()); !account.RefusedBy(err, account.AlreadySetUp) {
		t.Errorf("after the set-up it is %q, %v", code, err)
	}
}

func TestADatabaseMayBeNamedWithTwoSlashes(t *testing.T) {
	t.Parallel()
	onFile(t)
	dir := installed(t)
	if status, out, problems := command(t, "audit", "verify", "--data", dir, "--database", "/"+filepath.Join(dir, "console.db")); status != 0 {
		t.Errorf("%d: %s%s", status, out, problems)
	}
}
