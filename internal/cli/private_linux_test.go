package cli

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// asNobody does something as a user who owns nothing here. The thread that has become that user ends with it.
func asNobody(t *testing.T, do func()) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can become somebody else")
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if err := syscall.Setfsuid(65534); err != nil {
			t.Error(err)
			return
		}
		do()
	}()
	<-done
}

// reachable is a directory that everybody can enter.
func reachable(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	chmod(t, map[string]fs.FileMode{filepath.Dir(dir): 0o755, dir: 0o755})
	return dir
}

func TestFC189_AMountedSecretIsTakenWhereItsModeIsSomebodyElses(t *testing.T) {
	t.Parallel()
	path := filepath.Join(reachable(t), "key")
	if err := os.WriteFile(path, []byte(strings.Repeat("0a", 32)), 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, taken := range map[fs.FileMode]bool{0o444: true, 0o644: true, 0o666: false, 0o777: false} {
		chmod(t, map[string]fs.FileMode{path: mode})
		asNobody(t, func() {
			log := new(strings.Builder)
			_, err := (Installation{}).loadKey(path, newLogger("text", log))
			if (err == nil) != taken || taken && !strings.Contains(log.String(), "may access the key file") {
				t.Errorf("mode %04o: %v\n%s", mode, err, log)
			}
			if _, err := (Installation{AllowSharedFiles: true}).loadKey(path, newLogger("text", log)); err != nil {
				t.Errorf("mode %04o, allowed: %v", mode, err)
			}
		})
		if got := modeOf(t, path); got != mode {
			t.Errorf("the mode %04o has become %04o", mode, got)
		}
	}
}

func TestFC200_WhatCannotBeMendedIsRefused(t *testing.T) {
	t.Parallel()
	dir := reachable(t)
	database := filepath.Join(dir, "console.db")
	if err := os.WriteFile(database, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		dir, database fs.FileMode
		allowed       bool
		want          string // part of the error; "" means that it is taken
	}{
		{0o755, 0o666, false, "chmod 600 " + database},
		{0o755, 0o666, true, ""},
		{0o777, 0o666, false, "chmod 700 " + dir},
	} {
		chmod(t, map[string]fs.FileMode{dir: c.dir, database: c.database})
		asNobody(t, func() {
			log := new(strings.Builder)
			_, err := Installation{Data: dir, AllowSharedFiles: c.allowed}.keepPrivate(database, newLogger("text", log))
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("directory %04o, database %04o: %v", c.dir, c.database, err)
			}
			if c.dir == 0o755 && !strings.Contains(log.String(), "may list the data directory") {
				t.Errorf("the log says %q", log)
			}
		})
	}
}
