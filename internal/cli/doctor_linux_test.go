package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// mounted is a file system of a megabyte.
func mounted(t *testing.T) (dir string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can mount a small file system")
	}
	dir = t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=1m,mode=0700"); err != nil {
		t.Skip("no small file system can be mounted here: ", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

func TestDoctorFindsADiskThatIsFull(t *testing.T) {
	t.Parallel()
	onFile(t)
	dir, listen := mounted(t), elsewhere(t)
	key := keep(t, "key", []byte("0a"))
	diagnosed(t, "--data", dir, "--listen", listen, "--key-file", key).wants(t, warning, "disk", "Make room before the disk is full")
	file, err := os.Create(filepath.Join(dir, "console.filler"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for err == nil {
		_, err = file.Write(make([]byte, 4096))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	diagnosed(t, "--data", dir, "--listen", listen, "--key-file", key).wants(t, wrong, "disk", "no space left on device", "Make room")
	if left, err := filepath.Glob(filepath.Join(dir, "console.doctor-*")); len(left) > 0 || err != nil {
		t.Errorf("%v is left behind: %v", left, err)
	}
}

func TestDoctorTellsOfAnotherAccount(t *testing.T) {
	t.Parallel()
	onFile(t)
	dir := reachable(t)
	chmod(t, map[string]fs.FileMode{dir: 0o700})
	if err := os.Chown(dir, 65534, 65534); err != nil {
		t.Skip("only root can give a directory away")
	}
	diagnosed(t, "--data", dir, "--listen", elsewhere(t)).wants(t, warning, "data", "belongs to the account 65534")
}
