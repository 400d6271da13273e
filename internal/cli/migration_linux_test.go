package cli

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// fullBut leaves some bytes free on the file system of a new file.
func fullBut(t *testing.T, filler string, free int64) {
	t.Helper()
	file, err := os.Create(filler)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for err == nil {
		_, err = file.Write(make([]byte, 64<<10))
	}
	info, statErr := file.Stat()
	if !errors.Is(err, syscall.ENOSPC) || statErr != nil {
		t.Fatal(err, statErr)
	}
	if err := file.Truncate(info.Size() - free); err != nil {
		t.Fatal(err)
	}
}

// Where there is no room for a copy, the database is left as it is, until there is.
func TestFC148_WithoutRoomForACopyNothingIsMigrated(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can mount a small file system")
	}
	source, dir := installed(t), t.TempDir()
	downgrade(t, source, withoutConstant)
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=8m,mode=700"); err != nil {
		t.Skip("no small file system can be mounted here: ", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	before := files(t, source)
	for name, content := range before {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	filler := filepath.Join(dir, "console.filler")
	fullBut(t, filler, 128<<10) // for what SQLite makes to read a file
	if err := start(t, dir, ""); err == nil || !strings.Contains(err.Error(), "make room, or use the version before; nothing was changed") {
		t.Errorf("%v", err)
	}
	if !bytes.Equal(files(t, dir)["console.db"], before["console.db"]) {
		t.Error("the database is another one")
	}
	if left := listed(t, dir); slices.ContainsFunc(left, func(name string) bool { return strings.Contains(name, ".before-") || strings.Contains(name, ".cop") }) {
		t.Errorf("there are %v", left)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if err := start(t, dir, ""); err != nil {
		t.Error(err)
	}
	if got := kept(t, dir); len(got) != 1 {
		t.Errorf("kept are %v", got)
	}
}
