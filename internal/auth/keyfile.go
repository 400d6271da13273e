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

// worldAccess is what the mode of a key file must not grant. The group may read it: that is how secrets are mounted
// into containers. Windows has no modes, only access lists that files inherit from their directory.
const worldAccess fs.FileMode = 0o007

// LoadKey reads the key file, 64 hexadecimal digits, and creates it with a random key and mode 0600 when it does not
// exist; the new file is on disk when LoadKey returns. Of several processes that start at once all get the same key.
// A key file that everybody may access, and one that holds anything else, is refused: nothing is overwritten.
func LoadKey(path string) (*Key, error) {
	key, err := readKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := createKey(path); err != nil {
		return nil, fmt.Errorf("create key file: %w", err)
	}
	return readKey(path)
}

func readKey(path string) (*Key, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	if mode := info.Mode().Perm(); mode&worldAccess != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("key file %s has mode %04o: everybody on this machine may access it; run: chmod 600 %s", path, mode, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	raw, err := hex.DecodeString(strings.TrimSpace(string(text)))
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
