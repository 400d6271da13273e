package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"console/e2e/harness"
	"console/internal/cli"
)

// smallDisk mounts a file system of some size, such as 16m, at dir.
func smallDisk(t *testing.T, dir, size string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can mount a small file system")
	}
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skip("no small file system can be mounted here: ", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
}

// fillUp leaves no room on the file system of a new file.
func fillUp(t *testing.T, filler string) {
	t.Helper()
	file, err := os.Create(filler)
	for size := 1 << 20; size > 0 && err == nil; size /= 2 {
		for err == nil {
			_, err = file.Write(make([]byte, size))
		}
		if errors.Is(err, syscall.ENOSPC) {
			err = nil
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	file.Close()
}

// onSmallDisk is harness.SignedIn with the data on a file system of 16 MB. full leaves no room on it, free makes room again.
func onSmallDisk(t *testing.T) (c *harness.Console, admin *harness.Browser, full, free func()) {
	t.Helper()
	harness.OnFile(t, "the disk of PostgreSQL is that of another machine")
	c, admin = harness.SignedIn(t, func(s *cli.Serve) {
		files := map[string][]byte{"console.db": nil, "console.key": nil}
		for name := range files {
			files[name], _ = os.ReadFile(filepath.Join(s.Data, name))
		}
		smallDisk(t, s.Data, "16m")
		for name, content := range files {
			if err := os.WriteFile(filepath.Join(s.Data, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	})
	filler := filepath.Join(c.Data, "console.filler")
	full = func() {
		c.Account.Settle(t.Context())
		c.Exec(`PRAGMA wal_checkpoint(TRUNCATE)`)
		fillUp(t, filler)
	}
	free = func() {
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
	}
	return c, admin, full, free
}

// wantsUnsaved checks what is answered while nothing can be saved.
func wantsUnsaved(t *testing.T, a *harness.Answer) {
	t.Helper()
	if a.StatusCode != http.StatusServiceUnavailable || !strings.Contains(a.Body, "cannot save anything at present. Tell whoever runs it.") ||
		requestNumber.FindString(a.Body) == "" {
		t.Errorf("%s %s (htmx: %q) is answered %d:\n%s", a.Request.Method, a.Request.URL.Path, a.Request.Header.Get("HX-Request"), a.StatusCode, a.Body)
	}
	for _, cookie := range a.Cookies() {
		if cookie.MaxAge < 0 || cookie.Value == "" {
			t.Errorf("%s takes the cookie %s away", a.Request.URL.Path, cookie.Name)
		}
	}
}

func TestFC187_AFullDiskIsSaidAndSignsNobodyOut(t *testing.T) {
	t.Parallel()
	c, admin, full, free := onSmallDisk(t)
	addresses := populate(c, admin)
	visitor := c.Browser()
	own, foreign := admin.Token(), visitor.Token()
	group := addresses["/settings/groups/:id"][0]
	person := addresses["/settings/users/:id/groups"][0]
	person = strings.TrimSuffix(person, "/groups")
	before := map[string]int{}
	for route, paths := range addresses {
		for _, path := range paths {
			if !writing[route] && route != "/readyz" {
				before[path] = admin.Get(path).StatusCode
			}
		}
	}
	full()

	for _, htmx := range []bool{false, true} {
		for _, b := range []*harness.Browser{admin, visitor} {
			if b.Header.Del("HX-Request"); htmx {
				b.Header.Set("HX-Request", "true")
			}
		}
		wantsUnsaved(t, visitor.PostForm("/signin", "csrf_token", foreign, "email", harness.AdminEmail, "password", harness.AdminPassword))
		wantsUnsaved(t, visitor.PostForm("/signin", "csrf_token", foreign, "email", harness.AdminEmail, "password", "a wrong password"))
		for path, form := range map[string][]string{
			"/settings/users/new":             {"role", "analyst", "email", "bea@example.com", "tenant_id", "1", "csrf_token", own},
			"/settings/groups/new":            {"name", "New", "tenant_ids", "1", "role", "custom", "csrf_token", own},
			"/settings/integrations/new":      {"type", "slack", "name", "Chat", "active", "1", "url", c.Receiver.URL, "csrf_token", own},
			person + "/disable":               {"csrf_token", own},
			"/settings/tenants/new":           {"name", "Testing", "csrf_token", own},
			group + "/delete":                 {"csrf_token", own},
			"/settings/integrations/1/delete": {"csrf_token", own},
			"/settings/triggers/1/delete":     {"csrf_token", own},
		} {
			if path == "/settings/integrations/new" {
				path += "?type=slack"
			}
			wantsUnsaved(t, admin.PostForm(path, form...))
		}
		for _, r := range c.Routes() { // whatever comes of a form that is not filled in, it is said in words
			if r.Method != http.MethodPost || r.Path == "/signout" {
				continue
			}
			path := strings.NewReplacer(":id", "1", ":token", "unknown").Replace(r.Path)
			a := admin.PostForm(path, "csrf_token", own, "email", harness.AdminEmail, "password", harness.AdminPassword, "version", "1")
			if a.StatusCode >= http.StatusInternalServerError {
				wantsUnsaved(t, a)
			}
		}
	}
	admin.Header.Del("HX-Request")
	for path, status := range before {
		if a := admin.Get(path); a.StatusCode != status {
			t.Errorf("%s is answered %d with a full disk, else %d", path, a.StatusCode, status)
		}
	}
	for range 2 {
		if a := visitor.Get("/readyz"); a.StatusCode != http.StatusServiceUnavailable || a.Body != "unavailable" {
			t.Errorf("/readyz is answered %d %q", a.StatusCode, a.Body)
		}
		visitor.Get("/healthz").Wants(http.StatusOK)
	}
	if n := strings.Count(c.Log.String(), "nothing can be saved; "); n != 1 {
		t.Errorf("the log says %d times that nothing can be saved", n)
	}
	if strings.Contains(c.Log.String(), "request failed") {
		t.Errorf("the log repeats it for each request:\n%s", c.Log)
	}

	free()
	visitor.Get("/readyz").Wants(http.StatusOK)
	admin.Invite("cleo").Wants(http.StatusSeeOther)
	c.Mail.WaitFor(t, "cleo@example.com")
}

// TestTheAuditLogWaitsForRoom fills the disk of the audit log, which is another one than that of the data.
func TestTheAuditLogWaitsForRoom(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	smallDisk(t, dir, "256k")
	file := filepath.Join(dir, "audit.log")
	c, admin := harness.SignedIn(t, func(s *cli.Serve) { s.AuditLog = file })
	admin.Invite("before").Wants(http.StatusSeeOther)
	awaitLines(t, c, file)
	fillUp(t, filepath.Join(dir, "filler"))
	for i := range 20 {
		admin.Invite(fmt.Sprint("during", i)).Wants(http.StatusSeeOther)
	}
	harness.Eventually(t, "the log says that the audit log cannot be written", func() bool {
		return strings.Contains(c.Log.String(), "the audit log cannot be written")
	})
	admin.Get("/readyz").Wants(http.StatusOK)
	if err := os.Remove(filepath.Join(dir, "filler")); err != nil {
		t.Fatal(err)
	}
	awaitLines(t, c, file)
	if n := strings.Count(c.Log.String(), "the audit log cannot be written"); n != 1 {
		t.Errorf("the log says %d times that the audit log cannot be written", n)
	}
	harness.Eventually(t, "the log says that it is written again", func() bool {
		return strings.Contains(c.Log.String(), "the audit log is written again")
	})
}
