//go:build unix

package auth

import (
	"io/fs"
	"os"
	"syscall"
)

// keepOwner gives a file the owner and the group that another one has.
func keepOwner(file *os.File, as fs.FileInfo) error {
	own, err := file.Stat()
	if err != nil {
		return err
	}
	has, wanted := own.Sys().(*syscall.Stat_t), as.Sys().(*syscall.Stat_t) //nolint:forcetypeassert // what os.Stat returns on Unix
	if has.Uid == wanted.Uid && has.Gid == wanted.Gid {
		return nil
	}
	return file.Chown(int(wanted.Uid), int(wanted.Gid))
}
