package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"console/store"
)

// checkData looks who may access the data directory, and what is in it.
func checkData(_ context.Context, e *examination) finding {
	dir := e.serve.Data
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return finding{wrong, dir + " does not exist", "Name the data directory with --data, or start the console: the first start makes it."}
	case err != nil:
		return finding{wrong, err.Error(), "Run doctor as the account that runs the console."}
	case !info.IsDir():
		return finding{wrong, dir + " is no directory", "Name the data directory with --data."}
	}
	all := []finding{{right, fmt.Sprintf("%s, mode %04o", dir, info.Mode().Perm()), ""}, e.access(dir), e.access(filepath.Join(dir, "mail"))}
	if database := e.serve.database(); !store.IsURL(database) {
		followed, err := follow(database)
		switch {
		case errors.Is(err, fs.ErrPermission):
			return finding{wrong, err.Error(), giveBack}
		case err != nil:
			return finding{wrong, err.Error(), "Make what the link leads to private, or name the file itself with --database."}
		}
		for _, end := range []string{"", "-wal", "-shm", "-journal"} {
			all = append(all, e.access(followed+end), belongs(followed+end, info))
		}
	}
	all = append(all, ownership(dir, info))
	return worst(slices.DeleteFunc(all, func(f finding) bool { return f.State == "" })...)
}

// giveBack is what to do about data that the account of doctor, which should be the console's, may not read.
const giveBack = "Run doctor as the account that runs the console. If it is that one, " +
	"give it the data directory and all that is in it (chown -R)."

// access says that everybody on the machine may access a file or directory of the data. It says nothing of one that is private, or not
// there.
func (e *examination) access(path string) finding {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && !open(info):
		return finding{}
	case err != nil:
		return finding{wrong, err.Error(), giveBack}
	case e.serve.AllowSharedFiles:
		return finding{warning, fmt.Sprintf("%s has mode %04o, which --allow-shared-files allows", path, info.Mode().Perm()),
			"Make sure by other means that nobody else reads it."}
	}
	return finding{wrong, exposed(path, info).Error(), "The next start of the console makes it private where it can."}
}

// checkKeyFile looks whether the key can be read, by the console alone.
func checkKeyFile(_ context.Context, e *examination) finding {
	path := e.serve.keyFile()
	if _, err := os.Stat(path); errors.Is(err, fs.ErrPermission) {
		return finding{wrong, err.Error(), giveBack}
	}
	if !exists(path) {
		return finding{wrong, path + " is missing", "Put it back, copy it from where another console serves the database, or name it with " +
			"--key-file. Only the first start of a new installation makes one."}
	}
	if _, err := e.key(); err != nil {
		return finding{wrong, err.Error(),
			"Make it readable for the account that runs the console, and for nobody else, or put the right file back."}
	}
	return worst(finding{right, path, ""}, secretAccess(path))
}

// checkSecretFiles looks at the other files that hold secrets.
func checkSecretFiles(_ context.Context, e *examination) finding {
	all := []finding{{notAsked, "no other file of a secret is named", ""}}
	for _, file := range []struct{ flag, path string }{
		{"--smtp-password-file", e.serve.SMTPPasswordFile}, {"--tls-key", e.serve.TLSKey},
	} {
		if file.path == "" {
			continue
		}
		secret, err := e.serve.readSecret(file.path)
		if err == nil && secret == "" {
			err = fmt.Errorf("%s is empty", file.path)
		}
		if err != nil {
			all = append(all, finding{wrong, file.flag + ": " + err.Error(),
				"Write the secret into it, and make it readable for the account that runs the console, and for nobody else."})
			continue
		}
		all = append(all, worst(finding{right, file.flag + " " + file.path, ""}, secretAccess(file.path)))
	}
	return worst(all...)
}

// secretAccess warns where the file of a secret was taken though everybody may read it: its mode is somebody else's to change.
func secretAccess(path string) finding {
	info, err := os.Stat(path)
	if err != nil || !open(info) {
		return finding{State: notAsked}
	}
	return finding{warning, fmt.Sprintf("%s has mode %04o: everybody on this machine may access it", path, info.Mode().Perm()),
		"Mount it with the mode 0400 or 0440, where you can."}
}

// Below these a disk is about to be full. A database of 100,000 people takes less than the first.
const (
	littleRoom    = 1 << 30 // bytes
	fewFiles      = 1000    // inodes
	writtenToTest = 64 << 10
)

// checkDisk looks whether the directories of the data and of the database have room, and whether what is written there stays.
func checkDisk(_ context.Context, e *examination) finding {
	dirs := []string{e.serve.Data}
	if database := e.serve.database(); !store.IsURL(database) {
		if followed, err := follow(database); err == nil {
			dirs = append(dirs, filepath.Dir(followed))
		}
	}
	var all []finding
	for _, dir := range slices.Compact(dirs) {
		all = append(all, checkDirectory(dir))
	}
	return worst(all...)
}

func checkDirectory(dir string) finding {
	if err := tryWriting(dir); err != nil {
		return finding{wrong, "nothing can be written: " + err.Error(),
			"Make room, or see that the file system is mounted for writing and that the account that runs the console may write there."}
	}
	room, err := roomIn(dir)
	if err != nil {
		return finding{warning, "it is not known how much room there is: " + err.Error(), "See by other means that the disk does not fill up."}
	}
	found := fmt.Sprintf("%s: %d MB are free", dir, room.bytes>>20)
	switch {
	case room.bytes < littleRoom:
		return finding{warning, found, "Make room before the disk is full: nothing could be saved then."}
	case room.countsFiles && room.files < fewFiles:
		return finding{warning, fmt.Sprintf("%s: room for %d files more", dir, room.files),
			"Remove files: no new one could be made soon (inodes)."}
	}
	return finding{right, found + ", and what is written stays", ""}
}

// room is what a file system has left for the account that asks.
type room struct {
	bytes       uint64
	files       uint64
	countsFiles bool // it has a limit of them
}

// tryWriting writes a file, brings it to the disk and removes it.
func tryWriting(dir string) (err error) {
	file, err := os.CreateTemp(dir, "console.doctor-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(file.Name())) }()
	_, err = file.Write(make([]byte, writtenToTest))
	return errors.Join(err, file.Sync(), file.Close())
}
