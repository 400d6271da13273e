package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
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

// Whoever puts a copy back loses what was done since: that is no advice where the file is whole.
func TestDoctorDoesNotGiveUpAFileThatIsWhole(t *testing.T) {
	t.Parallel()
	onFile(t)
	for name, spoil := range map[string]func(t *testing.T, dir string){
		"the disk is full": func(t *testing.T, dir string) {
			file, err := os.Create(filepath.Join(dir, "filler"))
			for err == nil {
				_, err = file.Write(make([]byte, 4096))
			}
			if !errors.Is(err, syscall.ENOSPC) {
				t.Fatal(err)
			}
		},
		"it is mounted for reading": func(t *testing.T, dir string) {
			if err := syscall.Mount("none", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := mounted(t)
			for name, content := range files(t, installed(t)) {
				if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			spoil(t, dir)
			d := diagnosed(t, "--data", dir, "--listen", elsewhere(t))
			d.wants(t, wrong, "disk")
			for id, f := range d {
				if f.Advice == putCopyBack {
					t.Errorf("%s: %s: %s", id, f.Found, f.Advice)
				}
			}
		})
	}
}

func TestDoctorTellsOfAFileOfAnotherAccount(t *testing.T) {
	t.Parallel()
	onFile(t)
	dir := installed(t)
	database := filepath.Join(dir, "console.db")
	if err := os.Chown(database, 65534, 65534); err != nil {
		t.Skip("only root can give a file away")
	}
	diagnosed(t, "--data", dir, "--listen", elsewhere(t)).wants(t, wrong, "data", database+" belongs to the account 65534", "chown 0 "+database)
}

// An account that may not look into the data directory is not told that what lies there is missing.
func TestDoctorTellsOfDataThatItMayNotRead(t *testing.T) {
	t.Parallel()
	onFile(t)
	if os.Getuid() != 0 {
		t.Skip("only root can run it as another account")
	}
	dir := reachable(t)
	chmod(t, map[string]fs.FileMode{dir: 0o700})
	p := program(t, []string{"doctor", "--data", dir, "--listen", elsewhere(t)}, nil)
	p.Path, p.Dir = filepath.Join(reachable(t), "console"), "/"
	if err := errors.Join(os.Link(os.Args[0], p.Path), os.Chmod(p.Path, 0o755)); err != nil {
		t.Skip("the other account cannot be given the program: ", err)
	}
	p.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := p.Output()
	if err == nil {
		t.Error("nothing is wrong")
	}
	for _, word := range []string{"is missing", "there is no database", "what the link leads to"} {
		if strings.Contains(string(out), word) {
			t.Errorf("it says %q:\n%s", word, out)
		}
	}
	if strings.Count(string(out), "permission denied") < 3 || !strings.Contains(string(out), "chown -R") {
		t.Errorf("it says:\n%s", out)
	}
}
