package cli

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"console/internal/backup"
	"console/store"
)

const testPassphrase = "correct horse battery staple"

// secretFile is a file with a secret that nobody else reads.
func secretFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// backedUp is a copy of a data directory.
func backedUp(t *testing.T, dir string, more ...string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "console.backup")
	status, out, problems := command(t, append([]string{"backup", file, "--data", dir}, more...)...)
	if status != 0 || !strings.Contains(out, file) {
		t.Fatalf("%s%s", out, problems)
	}
	return file
}

// otherKey is the file of a key that no database has.
func otherKey(t *testing.T) string { return secretFile(t, strings.Repeat("0f", 32)) }

// unpacked is the database of a copy.
func unpacked(t *testing.T, file string) (path string) {
	t.Helper()
	opened, copied, err := openBackup(file, "")
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	path = filepath.Join(t.TempDir(), "unpacked.db")
	if err := writeSynced(path, copied.CopyDatabase); err != nil {
		t.Fatal(err)
	}
	return path
}

// While somebody writes without a pause, each of twenty copies is consistent and holds every row that was committed before it began; and
// no commit waits for the end of a copy.
func TestFC146_ACopyHoldsWhatWasCommittedBeforeIt(t *testing.T) {
	t.Parallel()
	dir := installed(t)
	change(t, dir, `CREATE TABLE written (n INTEGER PRIMARY KEY, text TEXT)`)
	db := raw(t, dir)
	defer db.Close()
	var committed, copies, meanwhile atomic.Int64
	var stopped atomic.Bool
	var writing sync.WaitGroup
	writing.Go(func() {
		for n := int64(1); !stopped.Load(); n++ {
			during := copies.Load()
			if _, err := db.Exec(`INSERT INTO written VALUES (?, ?)`, n, strings.Repeat("row ", 100)); err != nil {
				t.Error(err)
				return
			}
			committed.Store(n)
			if during%2 == 1 && copies.Load() == during {
				meanwhile.Add(1)
			}
		}
	})
	defer writing.Wait()
	defer stopped.Store(true)
	for range 20 {
		before := committed.Load()
		copies.Add(1) // odd: one is made
		file := backedUp(t, dir, "--without-key")
		copies.Add(1)
		path := unpacked(t, file)
		if err := store.Check(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		copied, err := sql.Open("sqlite", "file:"+path)
		if err != nil {
			t.Fatal(err)
		}
		var rows, last int64
		err = copied.QueryRow(`SELECT count(*), coalesce(max(n), 0) FROM written`).Scan(&rows, &last)
		if err := errors.Join(err, copied.Close()); err != nil {
			t.Fatal(err)
		}
		if rows != last || last < before {
			t.Fatalf("it has %d rows up to %d, and %d were committed before", rows, last, before)
		}
	}
	if meanwhile.Load() == 0 {
		t.Error("nothing was committed while a copy was made")
	}
}

func TestFC146_AFailedCheckMakesNoCopy(t *testing.T) {
	t.Parallel()
	dir := installed(t)
	change(t, dir, `PRAGMA foreign_keys = 0`, `INSERT INTO group_tenants (group_id, tenant_id) VALUES (99, 99)`)
	to := t.TempDir()
	status, _, problems := command(t, "backup", filepath.Join(to, "copy"), "--data", dir, "--without-key")
	if status != 1 || !strings.Contains(problems, "no copy was made: the database is not consistent: rows of group_tenants refer") {
		t.Errorf("%d: %s", status, problems)
	}
	if left := listed(t, to); len(left) > 0 {
		t.Errorf("it leaves %v", left)
	}
}

// listed are the names of the entries of a directory.
func listed(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func TestACopyIsPrivateAndVerified(t *testing.T) {
	t.Parallel()
	dir := installed(t)
	secret := secretFile(t, testPassphrase)
	file := backedUp(t, dir, "--passphrase-file", secret)
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if left := listed(t, filepath.Dir(file)); len(left) != 1 {
		t.Errorf("beside it there are %v", left)
	}
	content, err := os.ReadFile(file)
	if err != nil || bytes.Contains(content, files(t, dir)["console.key"][:64]) {
		t.Error("the key stands in it", err)
	}
	_, whole, _ := command(t, "audit", "verify", "--data", dir)
	_, head, _ := strings.Cut(strings.TrimSpace(whole), "head=")
	for _, arguments := range [][]string{{}, {"--passphrase-file", secret}} {
		status, out, problems := command(t, append([]string{"backup", "verify", file}, arguments...)...)
		if status != 0 || !strings.Contains(out, "is whole: the database of Company of ") || !strings.Contains(out, head) {
			t.Errorf("%v: %s%s", arguments, out, problems)
		}
	}
	for words, arguments := range map[string][]string{
		"not the one that it was made with": {file, "--passphrase-file", secretFile(t, "another passphrase")},
		"is no backup of the console":       {filepath.Join(dir, "console.db")},
		"no such file":                      {filepath.Join(dir, "none")},
	} {
		status, _, problems := command(t, append([]string{"backup", "verify"}, arguments...)...)
		if status != 1 || !strings.Contains(problems, words) {
			t.Errorf("%q is missing: %d, %s", words, status, problems)
		}
	}
}

func TestBackupSaysWhatItLacks(t *testing.T) {
	t.Parallel()
	dir := installed(t)
	there := secretFile(t, testPassphrase)
	for words, arguments := range map[string][]string{
		"name the file of a passphrase":       {filepath.Join(dir, "copy")},
		"is empty":                            {filepath.Join(dir, "copy"), "--passphrase-file", secretFile(t, "")},
		"too short: it needs 12 characters":   {filepath.Join(dir, "copy"), "--passphrase-file", secretFile(t, "eleven char")},
		"is there already":                    {there, "--without-key"},
		"there is no database":                {filepath.Join(dir, "copy"), "--without-key", "--database", filepath.Join(dir, "none.db")},
		"the key is not that of the database": {filepath.Join(dir, "copy"), "--without-key", "--key-file", otherKey(t)},
		"pg_dump":                             {filepath.Join(dir, "copy"), "--without-key", "--database", "postgres://localhost/none"},
	} {
		status, _, problems := command(t, append([]string{"backup", "--data", dir}, arguments...)...)
		if status != 1 || !strings.Contains(problems, words) {
			t.Errorf("%q is missing: %d, %s", words, status, problems)
		}
	}
	if left := listed(t, dir); slices.Contains(left, "copy") {
		t.Errorf("it leaves %v", left)
	}
	if content, err := os.ReadFile(there); err != nil || string(content) != testPassphrase+"\n" {
		t.Errorf("a file that was there is %q, %v", content, err)
	}
}

// ofSchema is a copy that claims a schema.
func ofSchema(t *testing.T, database string, schema int64) (file string) {
	t.Helper()
	content, err := os.ReadFile(database)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "copy")
	err = writeSynced(file, func(to io.Writer) error {
		return backup.Write(to, backup.Contents{
			Manifest: backup.Manifest{Schema: schema}, Database: bytes.NewReader(content), Size: int64(len(content)),
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// What is refused leaves every byte of the data as it was, what a crash has left in the log of the database included.
func TestFC147_WhatIsRefusedTouchesNothing(t *testing.T) {
	t.Parallel()
	source := installed(t)
	sealed := backedUp(t, source, "--passphrase-file", secretFile(t, testPassphrase))
	bare := backedUp(t, source, "--without-key")
	damaged := filepath.Join(t.TempDir(), "damaged")
	content, err := os.ReadFile(sealed)
	if err == nil {
		content[len(content)/2] ^= 1
		err = os.WriteFile(damaged, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	newer := ofSchema(t, filepath.Join(source, "console.db"), 99999)
	other := otherKey(t)
	target := crashed(t, installed(t))
	filled, unmade := t.TempDir(), filepath.Join(t.TempDir(), "new")
	if err := os.WriteFile(filepath.Join(filled, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	before := files(t, target)
	for _, c := range []struct {
		words     string
		arguments []string
	}{
		{"it is damaged", []string{damaged, "--passphrase-file", secretFile(t, testPassphrase)}},
		{"the passphrase is not the one", []string{sealed, "--passphrase-file", secretFile(t, "another passphrase")}},
		{"nobody vouches for it", []string{bare, "--passphrase-file", secretFile(t, testPassphrase)}},
		{"name the file of the passphrase", []string{sealed}},
		{"name the key file with --key-file", []string{bare}},
		{"there is no key file", []string{bare, "--key-file", filepath.Join(target, "none")}},
		{"is not sealed with the key", []string{bare, "--key-file", other}},
		{"is not sealed with the key", []string{bare, "--key-file", other, "--to", unmade}},
		{"does not hold a key", []string{bare, "--key-file", secretFile(t, "no key")}},
		{fmt.Sprintf("schema 99999, this program knows %d", store.NewestSchema()), []string{newer, "--key-file", other}},
		{"is not empty (it holds file)", []string{bare, "--to", filled}},
		{"pg_dump", []string{sealed, "--database", "postgres://localhost/none"}},
		{"move the console.db from there", []string{sealed, "--database", filepath.Join(source, "console.db")}},
	} {
		status, _, problems := command(t, append([]string{"restore", "--data", target}, c.arguments...)...)
		if status != 1 || !strings.Contains(problems, c.words) {
			t.Errorf("%q is missing: %d, %s", c.words, status, problems)
		}
		if after := files(t, target); !maps.EqualFunc(before, after, bytes.Equal) {
			t.Fatalf("%s: it has touched %v", c.words, slices.Sorted(maps.Keys(after)))
		}
	}
	if _, err := os.Stat(unmade); err == nil {
		t.Error("a directory is left")
	}
}

func TestFC147_WhatIsServedIsNotReplaced(t *testing.T) {
	t.Parallel()
	dir := installed(t)
	bare := backedUp(t, dir, "--without-key")
	for name, open := range map[string]func() (*store.DB, error){
		"a console":      func() (*store.DB, error) { return store.Open(t.Context(), filepath.Join(dir, "console.db")) },
		"who only reads": func() (*store.DB, error) { return store.OpenReading(t.Context(), filepath.Join(dir, "console.db")) },
	} {
		db, err := open()
		if err != nil {
			t.Fatal(err)
		}
		before := listed(t, dir)
		status, _, problems := command(t, "restore", bare, "--data", dir, "--key-file", filepath.Join(dir, "console.key"))
		if status != 1 || !strings.Contains(problems, "another process has the database open: stop the console first") {
			t.Errorf("%s: %d, %s", name, status, problems)
		}
		if after := listed(t, dir); !slices.Equal(before, after) {
			t.Errorf("%s: there were %v, and are %v", name, before, after)
		}
		if _, err := db.Account(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	db := filepath.Join(dir, "console.db")
	if err := os.WriteFile(db, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	status, _, problems := command(t, "restore", bare, "--data", dir, "--key-file", filepath.Join(dir, "console.key"))
	if status != 1 || !strings.Contains(problems, "move the file aside") {
		t.Errorf("where it cannot be read: %d, %s", status, problems)
	}
}

// company is what the account in a data directory is called.
func company(t *testing.T, dir string) (name string) {
	t.Helper()
	db := raw(t, dir)
	defer db.Close()
	if err := db.QueryRow(`SELECT name FROM account`).Scan(&name); err != nil {
		t.Fatal(err)
	}
	return name
}

// replacedIn is the directory in which a restore has put what lay in a data directory.
func replacedIn(t *testing.T, dir string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "before-restore-*"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%v, %v", found, err)
	}
	return found[0]
}

func TestFC147_ARestoreReplacesAllAndLosesNothing(t *testing.T) {
	t.Parallel()
	dir := installed(t)
	secret := secretFile(t, testPassphrase)
	file := backedUp(t, dir, "--passphrase-file", secret)
	target := crashed(t, dir) // renamed since, which stands in a log that is left
	if err := os.Chmod(target, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"console.db-shm", "notes", filepath.Join("mail", "mail.eml")} {
		path := filepath.Join(target, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("left"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	status, out, problems := command(t, "restore", file, "--data", target, "--passphrase-file", secret)
	if status != 0 || !strings.Contains(out, target+" is restored.\nWhat lay there is in "+replacedIn(t, target)+".\nEnded, ") {
		t.Fatalf("%s%s", out, problems)
	}
	if got := listed(t, target); !slices.Equal(got, []string{filepath.Base(replacedIn(t, target)), "console.db", "console.key", "notes"}) {
		t.Errorf("there are %v", got)
	}
	if got := company(t, target); got != "Company" {
		t.Errorf("it is the data of %q", got)
	}
	if got := listed(t, replacedIn(t, target)); !slices.Equal(got, []string{"console.db", "console.db-shm", "console.key", "mail"}) {
		t.Errorf("moved are %v", got)
	}
	if got := company(t, replacedIn(t, target)); got != "Renamed" {
		t.Errorf("moved is the data of %q", got)
	}
	for _, path := range []string{filepath.Join(target, "console.db"), filepath.Join(target, "console.key"), replacedIn(t, target)} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if err := start(t, target, ""); err != nil {
		t.Error(err)
	}
	db := raw(t, target)
	defer db.Close()
	var entries int
	err := db.QueryRow(`SELECT count(*) FROM activity WHERE action = 'restore' AND source = 'CLI'`).Scan(&entries)
	if err != nil || entries != 1 {
		t.Errorf("the activity log has %d entries of it, %v", entries, err)
	}
}

// A copy without the key, of an earlier version, is restored to a new directory with a key file.
func TestARestoreMigratesWhatIsOlder(t *testing.T) {
	t.Parallel()
	dir := installed(t)
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, files(t, dir)["console.key"], 0o600); err != nil {
		t.Fatal(err)
	}
	downgrade(t, dir, withoutConstant)
	file := ofSchema(t, filepath.Join(dir, "console.db"), withoutConstant)
	to := filepath.Join(t.TempDir(), "new")
	if status, _, problems := command(t, "restore", file, "--to", to, "--key-file", key); status != 0 {
		t.Fatal(problems)
	}
	if got := listed(t, to); !slices.Equal(got, []string{"console.db", "console.key"}) {
		t.Errorf("there are %v", got)
	}
	if err := start(t, to, ""); err != nil {
		t.Error(err)
	}
	if got := company(t, to); got != "Company" {
		t.Errorf("it is the data of %q", got)
	}
}

// Wherever a restore is killed after it has decided, the next start finishes it.
func TestFC147_AKilledRestoreIsFinished(t *testing.T) {
	t.Parallel()
	dir := installed(t)
	bare := backedUp(t, dir, "--without-key")
	fresh := filepath.Join(t.TempDir(), "new")
	if status, _, problems := command(t, "restore", bare, "--to", fresh, "--key-file", filepath.Join(dir, "console.key")); status != 0 {
		t.Fatal(problems)
	}
	restored, old := files(t, fresh), files(t, crashed(t, dir))
	moves := [][2]string{
		{"console.db", "console.restored/before/console.db"},
		{"console.db-wal", "console.restored/before/console.db-wal"},
		{"console.key", "console.restored/before/console.key"},
		{"console.restored/console.key", "console.key"},
		{"console.restored/console.db", "console.db"},
		{"console.restored/before", "before-restore-20260102T030405.678Z"},
	}
	for killed := range len(moves) + 1 {
		target := t.TempDir()
		for path, content := range map[string]map[string][]byte{target: old, filepath.Join(target, "console.restored"): restored} {
			if err := os.MkdirAll(filepath.Join(target, "console.restored", "before"), 0o700); err != nil {
				t.Fatal(err)
			}
			for name, bytes := range content {
				if err := os.WriteFile(filepath.Join(path, name), bytes, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, move := range moves[:killed] {
			if err := os.Rename(filepath.Join(target, move[0]), filepath.Join(target, move[1])); err != nil {
				t.Fatal(err)
			}
		}
		status, _, problems := command(t, "audit", "verify", "--data", target)
		if status != 1 || !strings.Contains(problems, "start the console, which finishes it") {
			t.Errorf("killed after %d moves: before the start: %d, %s", killed, status, problems)
		}
		if err := start(t, target, ""); err != nil {
			t.Errorf("killed after %d moves: %v", killed, err)
		}
		if now, before := company(t, target), company(t, replacedIn(t, target)); now != "Company" || before != "Renamed" {
			t.Errorf("killed after %d moves: served is %q, moved is %q", killed, now, before)
		}
		if left := listed(t, target); !slices.Equal(left, []string{filepath.Base(replacedIn(t, target)), "console.db", "console.key"}) {
			t.Errorf("killed after %d moves: there are %v", killed, left)
		}
	}
}

// What a restore leaves that was killed before it has decided counts for nothing.
func TestFC147_AHalfRestoreCountsForNothing(t *testing.T) {
	t.Parallel()
	dir, empty := installed(t), t.TempDir()
	bare, key := backedUp(t, dir, "--without-key"), secretFile(t, strings.TrimSpace(string(files(t, dir)["console.key"])))
	for _, target := range []string{dir, empty} {
		if err := os.Mkdir(filepath.Join(target, "console.restoring"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(target, "console.restoring", "console.db"), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := start(t, dir, ""); err != nil {
		t.Error(err)
	}
	if left := listed(t, dir); !slices.Equal(left, []string{"console.db", "console.key"}) { // the half copy, and the key with it, are gone
		t.Errorf("there are %v", left)
	}
	if err := start(t, empty, ""); err == nil || !strings.Contains(err.Error(), "run console restore again") {
		t.Errorf("beside nothing: %v", err)
	}
	for _, target := range []string{dir, empty} {
		if status, _, problems := command(t, "restore", bare, "--data", target, "--key-file", key); status != 0 {
			t.Error(problems)
		}
		if err := start(t, target, ""); err != nil {
			t.Error(err)
		}
	}
}

// kept are the copies that were made before migrations.
func kept(t *testing.T, dir string) (found []string) {
	t.Helper()
	for _, name := range listed(t, dir) {
		if strings.Contains(name, ".before-") {
			found = append(found, name)
		}
	}
	return found
}

func TestFC148_ACopyIsKeptBeforeAMigration(t *testing.T) {
	t.Parallel()
	dir := installed(t)
	downgrade(t, dir, withoutConstant)
	if err := os.WriteFile(filepath.Join(dir, "console.db.copy"), []byte("half a copy"), 0o600); err != nil { // left by one that was killed
		t.Fatal(err)
	}
	i := Installation{Data: dir, Brand: "Wallarm"}
	var log bytes.Buffer
	o, err := i.open(t.Context(), newLogger("text", &log))
	if err != nil {
		t.Fatal(err)
	}
	if err := o.db.Close(); err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("console.db.before-%d-to-%d", withoutConstant, store.NewestSchema())
	if got := kept(t, dir); !slices.Equal(got, []string{name}) || !strings.Contains(log.String(), name) {
		t.Fatalf("kept are %v; the log says %s", got, &log)
	}
	if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode() != fs.FileMode(0o600) {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if err := store.Check(t.Context(), filepath.Join(dir, name)); err != nil {
		t.Error(err)
	}
	// The version before goes on with the copy, and the next start of this one does not overwrite what it finds.
	content := files(t, dir)[name]
	for round, want := range [][]string{{name}, {name, name + "-2"}, {name, name + "-2"}} {
		if err := os.WriteFile(filepath.Join(dir, "console.db"), content, 0o600); err != nil {
			t.Fatal(err)
		}
		if round > 0 {
			change(t, dir, `INSERT INTO activity
				(at, actor_id, actor, source, address, request_id, action, object_type, object_id, object, outcome, changes)
				VALUES (1, 0, '', '', '', '', 'since', '', 0, '', '', '')`)
		}
		if err := start(t, dir, ""); err != nil {
			t.Fatal(err)
		}
		if got := kept(t, dir); !slices.Equal(got, want) {
			t.Errorf("round %d: kept are %v", round, got)
		}
	}
}

func TestFC148_NoCopyIsMadeOfNothing(t *testing.T) {
	t.Parallel()
	dir := installed(t)
	if got := kept(t, dir); len(got) > 0 {
		t.Errorf("of a new database: %v", got)
	}
	downgrade(t, dir, withoutConstant)
	change(t, dir, `DELETE FROM account`)
	if err := start(t, dir, ""); err != nil {
		t.Fatal(err)
	}
	if got := kept(t, dir); len(got) > 0 {
		t.Errorf("without an account: %v", got)
	}
}

// A console of an earlier version that serves goes on with statements for its own schema, and could not start again: no command of this
// one migrates the file under it.
func TestFC148_NoDatabaseIsMigratedThatAnotherProcessHasOpen(t *testing.T) {
	t.Parallel()
	onFile(t)
	dir := installed(t)
	downgrade(t, dir, withoutConstant)
	served := raw(t, dir)
	defer served.Close()
	var company string
	if err := served.QueryRow(`SELECT name FROM account`).Scan(&company); err != nil {
		t.Fatal(err)
	}
	for _, arguments := range [][]string{
		{"token", "create", "--email", "johndoe@example.com", "--name", "x"}, {"admin", "recover", "--email", "johndoe@example.com"},
		{"restored"}, {"key", "rotate"}, {"seed", "--users", "1"},
	} {
		status, _, problems := command(t, append(arguments, "--data", dir)...)
		if status != 1 || !strings.Contains(problems, "another process has "+dir) {
			t.Errorf("%v ends with %d and says %q", arguments, status, problems)
		}
	}
	var schema int
	if err := served.QueryRow(`SELECT max(version_id) FROM goose_db_version`).Scan(&schema); err != nil || schema != withoutConstant {
		t.Errorf("the schema is %d, %v", schema, err)
	}
	if err := served.Close(); err != nil {
		t.Fatal(err)
	}
	if got := kept(t, dir); len(got) > 0 {
		t.Errorf("a copy was made: %v", got)
	}
	if err := start(t, dir, ""); err != nil {
		t.Error(err)
	}
}
