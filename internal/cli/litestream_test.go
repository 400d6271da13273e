package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestLitestreamAsDocumented has Litestream copy a database that is served and changed, and goes back to the copy. Building it takes
// minutes at first, the rest five seconds.
func TestLitestreamAsDocumented(t *testing.T) {
	if os.Getenv("SERVING") != "all" {
		t.Skip("make test-long runs this")
	}
	t.Parallel()
	program := filepath.Join(t.TempDir(), "litestream")
	build := exec.Command("go", "build", "-o", program, "github.com/benbjohnson/litestream/cmd/litestream")
	build.Dir = "../../tools/litestream"
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	dir, replica := installed(t), t.TempDir()
	documented, err := os.ReadFile("../../docs/litestream.yml")
	if err != nil {
		t.Fatal(err)
	}
	paths := strings.NewReplacer("/var/lib/console", dir, "/backup/console", replica)
	config := keep(t, "litestream.yml", []byte(paths.Replace(string(documented))))
	served(t, dir, nil)
	log := new(written)
	replicate := exec.Command(program, "replicate", "-config", config)
	replicate.Stdout, replicate.Stderr = log, log
	if err := replicate.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = replicate.Process.Kill() // it may have ended
		if t.Failed() {
			t.Logf("Litestream says\n%s", log)
		}
	})
	restore := func() (string, error) {
		t.Helper()
		to := t.TempDir()
		output, err := exec.Command(program, "restore", "-config", config, "-o", filepath.Join(to, "console.db"), filepath.Join(dir, "console.db")).CombinedOutput()
		if err != nil {
			t.Logf("%v\n%s", err, output)
			return "", err
		}
		key, err := os.ReadFile(filepath.Join(dir, "console.key"))
		if err != nil {
			t.Fatal(err)
		}
		return to, os.WriteFile(filepath.Join(to, "console.key"), key, 0o600)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) { // it copies from now on
		if _, err := restore(); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing is copied")
		}
	}

	if status, _, problems := command(t, "admin", "recover", "--data", dir, "--email", "johndoe@example.com", "--base-url", "http://localhost"); status != 0 {
		t.Fatal(problems)
	}
	_, head, _ := command(t, "audit", "verify", "--data", dir)
	var to string
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		if to, err = restore(); err == nil {
			if _, copied, _ := command(t, "audit", "verify", "--data", to); copied == head {
				break
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("the copy does not get as far as %s", head)
		}
	}
	if err := replicate.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := replicate.Wait(); err != nil {
		t.Errorf("Litestream ends with %v", err)
	}

	status, ended, problems := command(t, "restored", "--data", to)
	if status != 0 || !strings.Contains(ended, "1 links or requests to reset a password") {
		t.Errorf("status %d: %s%s", status, ended, problems)
	}
	for _, check := range [][]string{{"audit", "verify"}, {"doctor"}} {
		if status, out, problems := command(t, append(check, "--data", to)...); status != 0 {
			t.Errorf("%s: status %d: %s%s", check[0], status, out, problems)
		}
	}
}
