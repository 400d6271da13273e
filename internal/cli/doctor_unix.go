//go:build unix

package cli

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// roomIn returns how much room the file system of a directory has.
func roomIn(dir string) (room, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return room{}, fmt.Errorf("%s: %w", dir, err)
	}
	//nolint:gosec,unconvert // types differ between systems; blocks have a size above 0
	return room{bytes: uint64(s.Bavail) * uint64(s.Bsize), files: uint64(s.Ffree), countsFiles: s.Files > 0}, nil
}

// belongs says that a file of the database belongs to another account than the data directory, and cannot be read and written by it.
func belongs(path string, dir fs.FileInfo) finding {
	info, err := os.Stat(path)
	if err != nil {
		return finding{}
	}
	file, known := info.Sys().(*syscall.Stat_t)
	owner, alsoKnown := dir.Sys().(*syscall.Stat_t)
	if !known || !alsoKnown || file.Uid == owner.Uid || file.Gid == owner.Gid && info.Mode().Perm()&0o060 == 0o060 {
		return finding{}
	}
	return finding{wrong, fmt.Sprintf("%s belongs to the account %d, and the data directory to %d", path, file.Uid, owner.Uid),
		fmt.Sprintf("Give it to the account that runs the console: chown %d %s", owner.Uid, path)}
}

// ownership warns where doctor runs as another account than the console, and so finds out what that one may do.
func ownership(dir string, info fs.FileInfo) finding {
	owner, known := info.Sys().(*syscall.Stat_t)
	if !known || int64(owner.Uid) == int64(os.Getuid()) {
		return finding{}
	}
	return finding{warning, fmt.Sprintf("%s belongs to the account %d, and doctor runs as %d", dir, owner.Uid, os.Getuid()),
		"Run doctor as the account that runs the console: it finds out what the account may do that it runs as."}
}
