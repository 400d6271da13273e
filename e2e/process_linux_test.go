package e2e

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"console/e2e/harness"
)

// TestFC189_StopsAsProcessOne: as the first process of a container, a program gets no signal that it has not asked for. Here it is
// also started without a umask: what it makes is private all the same.
func TestFC189_StopsAsProcessOne(t *testing.T) {
	harness.SkipUnmarked(t)
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can begin a namespace of processes")
	}
	data, log := filepath.Join(t.TempDir(), "data"), new(harness.Logbook)
	command := exec.Command("sh", "-c", `umask 0; exec "$@"`, "sh", harness.Build(t), "serve", "--data", data, "--listen", "localhost:0")
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}
	command.Stderr = log
	if err := command.Start(); err != nil {
		t.Skip("no namespace of processes can be begun here: ", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	t.Cleanup(func() { _ = command.Process.Kill() })
	harness.Eventually(t, "the program serves", func() bool { return strings.Contains(log.String(), "Set-up link") })
	err := filepath.WalkDir(data, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %04o", path, info.Mode().Perm())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err != nil || !strings.Contains(log.String(), "stopping") {
			t.Errorf("%v\n%s", err, log)
		}
	case <-time.After(time.Minute):
		t.Errorf("it does not stop:\n%s", log)
	}
}
