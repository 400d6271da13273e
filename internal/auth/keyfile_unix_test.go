//go:build unix

package auth

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestSecretsThatEverybodyMayReadAreRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	for mode, refused := range map[os.FileMode]bool{0o600: false, 0o640: false, 0o604: true, 0o602: true, 0o601: true} {
		if err := errors.Join(os.WriteFile(path, []byte("\ufeffword\r\n"), 0o600), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
		text, err := ReadSecret(path)
		if refused != (err != nil) || refused && !strings.Contains(err.Error(), "chmod 600") || !refused && text != "word" {
			t.Errorf("mode %04o: %q, %v", mode, text, err)
		}
		if text, err := ReadSharedSecret(path); text != "word" || err != nil {
			t.Errorf("mode %04o, shared: %q, %v", mode, text, err)
		}
	}
}

// A service runs as a user of its own, and an administrator rotates its key as root.
func TestARotatedKeyFileKeepsItsOwner(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root gives files away")
	}
	for _, owner := range [][2]int{{65534, 12}, {65534, 0}, {0, 12}} {
		path, key := keyIn(t)
		if err := os.Chown(path, owner[0], owner[1]); err != nil {
			t.Fatal(err)
		}
		if _, err := key.AddSealingKey(); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if is := info.Sys().(*syscall.Stat_t); int(is.Uid) != owner[0] || int(is.Gid) != owner[1] || info.Mode().Perm() != 0o600 {
			t.Errorf("the file belongs to %d:%d and not %v, mode %s", is.Uid, is.Gid, owner, info.Mode())
		}
	}
}

func TestAFileThatCannotTakeThePlaceOfAnotherIsAnError(t *testing.T) {
	t.Parallel()
	full := filepath.Join(t.TempDir(), "full")
	if err := os.MkdirAll(filepath.Join(full, "more"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := replaceFile(full, []byte("text")); err == nil {
		t.Error("a directory that is not empty was replaced")
	}
}
