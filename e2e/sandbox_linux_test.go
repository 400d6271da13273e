package e2e

import (
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"console/e2e/harness"
	"console/internal/cli"
)

// TestServesFromAnEmptyReadOnlyRoot runs the program as the container does: nothing but it and a directory for its data, which is all that
// can be written; no shell, no /tmp, no time zones, no names of users. It takes three seconds.
func TestServesFromAnEmptyReadOnlyRoot(t *testing.T) {
	harness.SkipUnmarked(t)
	inServingTests(t)
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can change the root of a process")
	}
	world, err := os.MkdirTemp("", "") // which the account of nobody can enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(world) })
	root, data := filepath.Join(world, "root"), filepath.Join(world, "data")
	for path, mode := range map[string]os.FileMode{world: 0o755, root: 0o755, filepath.Join(root, "data"): 0o755, data: 0o700} {
		if err := os.MkdirAll(path, mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	const nobody = 65534
	if err := os.Chown(data, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-buildvcs=false", "-o", filepath.Join(root, "console"), "console")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as it is shipped: there are no libraries here
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}

	log := new(harness.Logbook)
	command := exec.Command("unshare", "--mount", "sh", "-ec", `mount --bind "$1" "$1"; mount --bind "$2" "$1/data"
		mount -o remount,bind,ro "$1"; exec env -i /usr/sbin/chroot --userspec=65534:65534 "$1" /console serve --data /data --listen 127.0.0.1:0`,
		"sh", root, data)
	command.Stderr = log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
	})
	var address, code []string
	harness.Eventually(t, "the program serves", func() bool {
		address = regexp.MustCompile(`listen=(\S+)`).FindStringSubmatch(log.String())
		code = regexp.MustCompile(`Set-up link: \S+code=(\S+)`).FindStringSubmatch(log.String())
		return address != nil && code != nil || strings.Contains(log.String(), "console: ") || strings.Contains(log.String(), "sh: ")
	})
	if code == nil {
		t.Fatalf("it does not start:\n%s", log)
	}
	c := &harness.Console{T: t, Server: &cli.Server{URL: &url.URL{Scheme: "http", Host: address[1], Path: "/"}, SetupCode: code[1]}, Log: log}
	c.SetUp()
	admin := c.SignedInByPassword()
	admin.Get("/settings/users").Wants(http.StatusOK).Contains(harness.AdminEmail)
	admin.Post("/settings/profile", "first_name", "John", "last_name", "Doe", "time_zone", "Asia/Tokyo",
		"version", admin.Get("/settings/profile").Version()).Wants(http.StatusSeeOther)
	admin.Import("email,role\nann@example.com,Analyst\n").Wants(http.StatusSeeOther)
	harness.Eventually(t, "the import adds the person", func() bool {
		return strings.Contains(admin.Get("/settings/users").Body, "ann@example.com")
	})
	admin.Get("/settings/users/export.csv").Wants(http.StatusOK).Contains(harness.AdminEmail)
	entries, err := os.ReadDir(data)
	if err != nil || len(entries) < 2 {
		t.Errorf("the data directory has %v: %v", entries, err)
	}
	if strings.Contains(log.String(), "level=ERROR") {
		t.Errorf("the log is\n%s", log)
	}
	if err := command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err != nil || !strings.Contains(log.String(), "stopping") {
		t.Errorf("it does not end well: %v\n%s", err, log)
	}
}
