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

// LoadKey reads the key file, and creates it with a random key (64 hexadecimal digits) and mode 0600 when it does not
// exist; the new file is on disk when LoadKey returns. Of several processes that start at once all get the same key.
// A key file that everybody may write is refused, and one that everybody may read where this process could change that: a
// secret that is mounted read-only, or belongs to somebody else, is taken as it is. One that holds anything but a key is
// refused: nothing is overwritten. Of two sealing keys the older one seals until Use says otherwise.
func LoadKey(path string) (*Key, error) { return keyFile{path, ReadSecret}.key() }

// LoadSharedKey is LoadKey whatever the mode of the file: some file systems know no modes and show one for all files.
func LoadSharedKey(path string) (*Key, error) { return keyFile{path, ReadSharedSecret}.key() }

// keyFile is where a key comes from, and how that is read.
type keyFile struct {
	path string
	read func(path string) (string, error)
}

func (f keyFile) key() (*Key, error) {
	ring, err := f.ring()
	if errors.Is(err, fs.ErrNotExist) {
		if err := createKey(f.path); err != nil {
			return nil, fmt.Errorf("create key file: %w", err)
		}
		ring, err = f.ring()
	}
	if err != nil {
		return nil, err
	}
	key, err := keyFrom(ring)
	if err == nil {
		key.file = f
	}
	return key, err
}

// ring returns what the file holds now.
func (f keyFile) ring() (keyRing, error) {
	if f.path == "" {
		return keyRing{}, errors.New("the key comes from no file")
	}
	text, err := f.read(f.path)
	if err != nil {
		return keyRing{}, err
	}
	ring, err := parseRing(text)
	if err != nil {
		return keyRing{}, fmt.Errorf("key file %s %w", f.path, err)
	}
	return ring, nil
}

// change writes the file anew as edit changes it, and returns once that is on the disk.
func (f keyFile) change(edit func(*keyRing) error) error {
	ring, err := f.ring()
	if err == nil {
		err = edit(&ring)
	}
	if err != nil {
		return err
	}
	text, err := ring.text()
	if err == nil {
		err = replaceFile(f.path, text)
	}
	if err != nil {
		return fmt.Errorf("key file %s cannot be replaced: %w", f.path, err)
	}
	return nil
}

// replaceFile puts another content into a file that keeps its mode and its owner. It writes a new file beside it that takes its place
// by one rename: readers, and whoever finds the file after a crash, have the old content or the new one. Where the path is a link, the
// file that it leads to is replaced.
func replaceFile(path string, content []byte) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	beside := path + ".new" // always the same name: what a crash has left of it is removed by the next one
	if err := os.Remove(beside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	draft, err := os.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(beside) // without effect after the rename
	_, err = draft.Write(content)
	if err := errors.Join(err, keepOwner(draft, info), draft.Chmod(info.Mode().Perm()), draft.Sync(), draft.Close()); err != nil {
		return err
	}
	if err := os.Rename(beside, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
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
