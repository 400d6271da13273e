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

// What the mode of the file of a secret must not grant to everybody. The group may read it: that is how secrets are mounted into
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
func LoadKey(path string) (*Key, error) { return keyFrom(path, ReadSecret) }

// LoadSharedKey is LoadKey whatever the mode of the file: some file systems know no modes and show one for all files.
func LoadSharedKey(path string) (*Key, error) { return keyFrom(path, ReadSharedSecret) }

func keyFrom(path string, read func(string) (string, error)) (*Key, error) {
	text, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := createKey(path); err != nil {
			return nil, fmt.Errorf("create key file: %w", err)
		}
		text, err = read(path)
	}
	if err != nil {
		return nil, err
	}
	raw, err := hex.DecodeString(strings.TrimSpace(text))
	if err != nil || len(raw) != KeyBytes { // err says which byte is wrong: part of the secret
		return nil, fmt.Errorf("key file %s does not hold a key: it must be %d hexadecimal digits", path, hex.EncodedLen(KeyBytes))
	}
	return NewKey(raw)
}

// ReadSecret returns the text of a file without a byte order mark and the line break at its end. It refuses a file that everybody
// may write, and one that everybody may read where this process could change that.
func ReadSecret(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("read secret: %w", err)
	}
	if err := refuseExposed(path, info); err != nil {
		return "", err
	}
	return ReadSharedSecret(path)
}

// ReadSharedSecret is ReadSecret whatever the mode of the file.
func ReadSharedSecret(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read secret: %w", err)
	}
	const byteOrderMark = "\ufeff" // which editors on Windows write
	return strings.TrimRight(strings.TrimPrefix(string(text), byteOrderMark), "\r\n"), nil
}

// refuseExposed refuses the file of a secret that everybody may access, where something can be done about it.
func refuseExposed(path string, info fs.FileInfo) error {
	mode := info.Mode().Perm()
	if mode&worldAccess == 0 || runtime.GOOS == "windows" {
		return nil
	}
	canMend := os.Chmod(path, info.Mode()) == nil // it asks whether the mode could be changed, and changes nothing
	if mode&worldWrites == 0 && !canMend {
		return nil
	}
	return fmt.Errorf("%s has mode %04o: everybody on this machine may access it; run: chmod 600 %s; "+
		"where modes cannot be changed, start with --allow-shared-files", path, mode, path)
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
