package auth

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// What the mode of a key file must not grant to everybody. The group may read it: that is how secrets are mounted into
// containers. Windows has no modes, only access lists that files inherit from their directory.
const (
	worldAccess fs.FileMode = 0o007
	worldWrites fs.FileMode = 0o002
)

// LoadKey reads the key file, 64 hexadecimal digits, and creates it with a random key and mode 0600 when it does not
// exist; the new file is on disk when LoadKey returns. Of several processes that start at once all get the same key.
// A key file that everybody may write is refused, and one that everybody may read where this process could change that: a
// secret that is mounted read-only, or belongs to somebody else, is taken as it is. One that holds anything but a key is
// refused: nothing is overwritten.
func LoadKey(path string) (*Key, error) { return loadKey(path, refuseExposed) }

// LoadSharedKey is LoadKey whatever the mode of the file: some file systems know no modes and show one for all files.
func LoadSharedKey(path string) (*Key, error) {
	return loadKey(path, func(string, fs.FileInfo) error { return nil })
}

func loadKey(path string, check func(string, fs.FileInfo) error) (*Key, error) {
	key, err := readKey(path, check)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := createKey(path); err != nil {
		return nil, fmt.Errorf("create key file: %w", err)
	}
	return readKey(path, check)
}

// refuseExposed refuses a key file that everybody may access, where something can be done about it.
func refuseExposed(path string, info fs.FileInfo) error {
	mode := info.Mode().Perm()
	if mode&worldAccess == 0 || runtime.GOOS == "windows" {
		return nil
	}
	if mode&worldWrites == 0 && os.Chmod(path, info.Mode()) != nil { // it asks whether the mode could be changed, and changes nothing
		return nil
	}
	return fmt.Errorf("key file %s has mode %04o: everybody on this machine may access it; run: chmod 600 %s; "+
		"where modes cannot be changed, start with --allow-shared-files", path, mode, path)
}

// byteOrderMark is what editors on Windows write at the beginning of a text.
const byteOrderMark = "\ufeff"

func readKey(path string, check func(string, fs.FileInfo) error) (*Key, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	if err := check(path, info); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	raw, err := hex.DecodeString(strings.TrimSpace(strings.TrimPrefix(string(text), byteOrderMark)))
	if err != nil || len(raw) != KeyBytes { // err says which byte is wrong: part of the secret
		return nil, fmt.Errorf("key file %s does not hold a key: it must be %d hexadecimal digits", path, hex.EncodedLen(KeyBytes))
	}
	return NewKey(raw)
}

// createKey writes a file aside and links it into place: no reader sees half a key, and a file that somebody else made
// in the meantime stays.
func createKey(path string) error {
	dir := filepath.Dir(path)
	draft, err := os.CreateTemp(dir, ".key-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name())
	_, err = draft.WriteString(hex.EncodeToString(randomBytes(KeyBytes)) + "\n")
	if err := errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return err
	}
	if err := os.Link(draft.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(dir)
}

// syncDir makes the entry of a new file survive a power cut. Windows does not flush directories.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
