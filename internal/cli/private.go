package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"console/store"
)

// others is what a mode must not grant: access for everybody on the machine. A group may be let in, because somebody chose it.
// Windows has no modes.
const others fs.FileMode = 0o007

func open(info fs.FileInfo) bool { return info.Mode().Perm()&others != 0 && runtime.GOOS != "windows" }

// keepPrivate takes away what everybody on the machine may do with the data directory, the mails and certificates in it and the file of
// the database, says so in the log, and returns where the database lies: a symbolic link is followed where what it leads to is private
// already. It refuses, with the command that helps, where a mode cannot be changed, unless the operator allows that.
func (i Installation) keepPrivate(database string, log *slog.Logger) (string, error) {
	if err := i.keepDirectoryPrivate(log); err != nil {
		return "", err
	}
	paths := []string{filepath.Join(i.Data, "mail"), filepath.Join(i.Data, acmeDirectory)}
	if !store.IsURL(database) {
		followed, err := follow(database)
		if err != nil {
			return "", err
		}
		database = followed
		if err := create(database); err != nil {
			return "", err
		}
		paths = append(paths, database, database+"-wal", database+"-shm", database+"-journal")
	}
	for _, path := range paths {
		if err := mend(path, log); err != nil && !i.AllowSharedFiles {
			return "", fmt.Errorf("%w; where modes cannot be changed, start with --allow-shared-files", err)
		}
	}
	return database, nil
}

// keepDirectoryPrivate mends the mode of the data directory. Where that is not possible others may list it, as the files in it are
// private themselves, but not write into it. A directory of more than the console's files is not touched.
func (i Installation) keepDirectoryPrivate(log *slog.Logger) error {
	info, err := os.Stat(i.Data)
	if err != nil || !open(info) {
		return err
	}
	entries, err := os.ReadDir(i.Data)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if name := e.Name(); !isOfConsole(name) && !strings.HasPrefix(name, beforePrefix) && name != "lost+found" {
			return fmt.Errorf("%w, or name a directory with --data that holds nothing but the console's files", exposed(i.Data, info))
		}
	}
	err = mend(i.Data, log)
	if err != nil && !i.AllowSharedFiles && info.Mode().Perm()&0o002 != 0 {
		return fmt.Errorf("%w; where modes cannot be changed, start with --allow-shared-files", err)
	}
	if err != nil {
		log.Warn("others on this machine may list the data directory", "problem", err)
	}
	return nil
}

// follow returns what a path leads to. The target of a symbolic link is somebody else's choice, so its mode is not changed.
func follow(path string) (string, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode()&fs.ModeSymlink == 0 {
		return path, nil
	}
	if err != nil {
		return "", err
	}
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", fmt.Errorf("the symbolic link %s cannot be followed: %w", path, err)
	}
	for _, part := range []string{target, filepath.Dir(target)} {
		info, err := os.Stat(part)
		if err != nil {
			return "", err
		}
		if open(info) {
			return "", fmt.Errorf("%s is a symbolic link: %w", path, exposed(part, info))
		}
	}
	return target, nil
}

// create makes a file that nobody else can read, unless it is there; SQLite gives its other files the same mode.
func create(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

// mend leaves access to the owner only where everybody has some.
func mend(path string, log *slog.Logger) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !open(info) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := os.Chmod(path, info.Mode().Perm()&^0o077); err != nil {
		return exposed(path, info)
	}
	now, err := os.Stat(path)
	if err != nil {
		return err
	}
	if open(now) { // some file systems take the change and forget it
		return exposed(path, now)
	}
	log.Warn("everybody on this machine had access to this; now the owner has",
		"path", path, "mode", fmt.Sprintf("%04o", now.Mode().Perm()), "before", fmt.Sprintf("%04o", info.Mode().Perm()))
	return nil
}

// exposed says who has access, and what to do about it.
func exposed(path string, info fs.FileInfo) error {
	mode := 600
	if info.IsDir() {
		mode = 700
	}
	return fmt.Errorf("%s has mode %04o: everybody on this machine may access it; run: chmod %d %s", path, info.Mode().Perm(), mode, path)
}
