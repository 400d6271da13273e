package cli

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// modeOf is the mode of a file.
func modeOf(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

// chmod gives files their modes, whatever the umask.
func chmod(t *testing.T, modes map[string]fs.FileMode) {
	t.Helper()
	for path, mode := range modes {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
}

// seeded runs a command that opens the installation, and returns what it says.
func seeded(t *testing.T, arguments ...string) (said string, status int) {
	t.Helper()
	var problems bytes.Buffer
	status = Run(t.Context(), append([]string{"seed", "--users", "1", "--data"}, arguments...), strings.NewReader(""), io.Discard, &problems)
	return problems.String(), status
}

func TestFC200_WhatOthersCanReadIsMadePrivate(t *testing.T) {
	t.Parallel()
	dir := crashed(t, installed(t)) // with a -wal
	database, mails := filepath.Join(dir, "console.db"), filepath.Join(dir, "mail")
	if err := errors.Join(os.Mkdir(mails, 0o700), os.WriteFile(database+"-shm", nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	chmod(t, map[string]fs.FileMode{dir: 0o755, mails: 0o755, database: 0o644, database + "-wal": 0o644, database + "-shm": 0o666})
	said, status := seeded(t, dir)
	if status != 0 {
		t.Fatal(said)
	}
	for path, want := range map[string]fs.FileMode{dir: 0o700, mails: 0o700, database: 0o600} {
		if got := modeOf(t, path); got != want {
			t.Errorf("%s has mode %04o, want %04o", path, got, want)
		}
		if !strings.Contains(said, "path="+path+" ") {
			t.Errorf("the log does not say that %s was open:\n%s", path, said)
		}
	}
	for _, part := range []string{"-wal", "-shm"} {
		if !strings.Contains(said, "path="+database+part+" ") {
			t.Errorf("the log does not say that the file %s was open:\n%s", part, said)
		}
	}
	if db := raw(t, dir); db != nil {
		defer db.Close()
		var name string
		if err := db.QueryRow(`SELECT name FROM account`).Scan(&name); err != nil || name != "Renamed" {
			t.Errorf("the account is %q: %v", name, err)
		}
	}
}

func TestFC200_WhatOneGroupCanReadIsLeft(t *testing.T) {
	t.Parallel()
	dir := installed(t)
	chmod(t, map[string]fs.FileMode{dir: 0o750, filepath.Join(dir, "console.db"): 0o640})
	if said, status := seeded(t, dir); status != 0 || strings.Contains(said, "had access") {
		t.Error(said)
	}
	if got := modeOf(t, filepath.Join(dir, "console.db")); got != 0o640 {
		t.Errorf("the database has mode %04o", got)
	}
}

func TestFC200_ADirectoryOfOtherThingsIsNotTouched(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "letter.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	chmod(t, map[string]fs.FileMode{dir: 0o755})
	if said, status := seeded(t, dir); status == 0 || !strings.Contains(said, "chmod 700 "+dir) {
		t.Error(said)
	}
	if got := modeOf(t, dir); got != 0o755 {
		t.Errorf("the directory has mode %04o", got)
	}
}

func TestFC200_ASymbolicLinkIsFollowedToAPrivateTarget(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		directory, file fs.FileMode
		want            string // part of what is said; "" means that it is followed
	}{
		"private":            {0o700, 0o600, ""},
		"for a group":        {0o750, 0o640, ""},
		"readable by others": {0o700, 0o644, "chmod 600 "},
		"in the open":        {0o777, 0o600, "chmod 700 "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, elsewhere := installed(t), filepath.Join(t.TempDir(), "elsewhere")
			database, target := filepath.Join(dir, "console.db"), filepath.Join(elsewhere, "real.db")
			if err := errors.Join(os.Mkdir(elsewhere, 0o700), os.Rename(database, target), os.Symlink(target, database)); err != nil {
				t.Fatal(err)
			}
			chmod(t, map[string]fs.FileMode{target: c.file, elsewhere: c.directory})
			said, status := seeded(t, dir)
			if (status == 0) != (c.want == "") || !strings.Contains(said, c.want) {
				t.Error(said)
			}
			if got := modeOf(t, target); got != c.file {
				t.Errorf("the target has mode %04o", got)
			}
		})
	}
	dir := installed(t)
	database := filepath.Join(dir, "console.db")
	if err := errors.Join(os.Remove(database), os.Symlink(filepath.Join(dir, "nowhere"), database)); err != nil {
		t.Fatal(err)
	}
	if said, status := seeded(t, dir); status == 0 || !strings.Contains(said, "cannot be followed") {
		t.Error(said)
	}
}

func TestFC189_SharedFilesAreTakenWhereTheOperatorSaysSo(t *testing.T) {
	t.Parallel()
	dir := installed(t)
	key := filepath.Join(dir, "console.key")
	chmod(t, map[string]fs.FileMode{key: 0o777})
	if said, status := seeded(t, dir); status == 0 || !strings.Contains(said, "chmod 600 "+key) || !strings.Contains(said, "--allow-shared-files") {
		t.Error(said)
	}
	if said, status := seeded(t, dir, "--allow-shared-files"); status != 0 || !strings.Contains(said, "may access the key file") {
		t.Error(said)
	}
}

func TestFC189_APortThatIsTakenIsSaid(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	var problems bytes.Buffer
	arguments := []string{"serve", "--data", t.TempDir(), "--listen", listener.Addr().String()}
	status := Run(t.Context(), arguments, strings.NewReader(""), io.Discard, &problems)
	if said := problems.String(); status != 1 || !strings.Contains(said, "another program answers at "+listener.Addr().String()) {
		t.Errorf("status %d: %s", status, said)
	}
}
