package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// A mount cannot be renamed, which only shows when it is tried: by then the database has been moved already.
func TestFC147_WhatCannotBeMovedIsLeftAsItWas(t *testing.T) {
	t.Parallel()
	onFile(t)
	if os.Getuid() != 0 {
		t.Skip("only root can mount a file system")
	}
	dir := installed(t)
	file := backedUp(t, dir, "--without-key")
	key := keep(t, "key", files(t, dir)["console.key"])
	change(t, dir, `UPDATE account SET name = 'Renamed'`)
	mails := filepath.Join(dir, "mail")
	if err := os.Mkdir(mails, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("none", mails, "tmpfs", 0, "size=1m,mode=0700"); err != nil {
		t.Skip("no file system can be mounted here: ", err)
	}
	unmount := func() { _ = syscall.Unmount(mails, syscall.MNT_DETACH) }
	t.Cleanup(unmount)
	before := listed(t, dir)
	status, _, problems := command(t, "restore", file, "--data", dir, "--key-file", key)
	if status != 1 || !strings.Contains(problems, "nothing was restored") || !strings.Contains(problems, mails) {
		t.Errorf("it ends with %d and says %s", status, problems)
	}
	if got := listed(t, dir); !slices.Equal(got, before) {
		t.Errorf("there are %v, and were %v", got, before)
	}
	if err := start(t, dir, ""); err != nil {
		t.Error(err)
	}
	if got := company(t, dir); got != "Renamed" {
		t.Errorf("it is the data of %q", got)
	}
	unmount()
	if status, _, problems := command(t, "restore", file, "--data", dir, "--key-file", key); status != 0 || company(t, dir) != "Company" {
		t.Errorf("without the mount it ends with %d: %s", status, problems)
	}
}

// A restore that was killed after it had decided is taken back by the next start where it cannot be finished.
func TestFC147_ARestoreThatCannotBeFinishedIsTakenBack(t *testing.T) {
	t.Parallel()
	onFile(t)
	if os.Getuid() != 0 {
		t.Skip("only root can mount a file system")
	}
	dir := installed(t)
	old, restored := files(t, dir), filepath.Join(dir, "console.restored")
	for _, made := range []string{filepath.Join(restored, "before"), filepath.Join(dir, "mail")} {
		if err := os.MkdirAll(made, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mount("none", filepath.Join(dir, "mail"), "tmpfs", 0, "size=1m,mode=0700"); err != nil {
		t.Skip("no file system can be mounted here: ", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(filepath.Join(dir, "mail"), syscall.MNT_DETACH) })
	for name, content := range files(t, installed(t)) {
		path := filepath.Join(restored, name)
		if name == "console.key" { // killed after the old key was moved aside and the new one into its place
			if err := os.Rename(filepath.Join(dir, name), filepath.Join(restored, "before", name)); err != nil {
				t.Fatal(err)
			}
			path = filepath.Join(dir, name)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := start(t, dir, ""); err == nil || !strings.Contains(err.Error(), "nothing was restored") {
		t.Errorf("the first start: %v", err)
	}
	for name, content := range old {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != string(content) {
			t.Errorf("%s is not what it was: %v", name, err)
		}
	}
	if err := start(t, dir, ""); err != nil {
		t.Errorf("the next start: %v", err)
	}
	if left := listed(t, dir); !slices.Equal(left, []string{"console.db", "console.key", "mail"}) {
		t.Errorf("there are %v", left)
	}
}
