package e2e

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/account"
	"console/internal/cli"
)

// linesOf returns the ids of the entries in audit logs, read one after the other. A line that is none fails the test, unless a crash
// may have cut it.
func linesOf(t *testing.T, texts ...string) (ids []int) {
	t.Helper()
	for _, text := range texts {
		for line := range strings.Lines(text) {
			var entry struct {
				Time     int64
				Metadata struct{ UID string }
			}
			if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Time == 0 {
				t.Errorf("%v: %q", err, line)
				continue
			}
			id, err := strconv.Atoi(entry.Metadata.UID)
			if err != nil {
				t.Error(err)
			}
			ids = append(ids, id)
		}
	}
	return ids
}

// content is what is in a file, or nothing where there is none.
func content(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

// entryIDs are the ids of all entries.
func entryIDs(c *harness.Console) (ids []int) {
	if c.Account != nil { // else another process serves it
		c.Account.Settle(c.T.Context())
	}
	for _, text := range c.Column(`SELECT id FROM activity ORDER BY id`) {
		id, _ := strconv.Atoi(text)
		ids = append(ids, id)
	}
	return ids
}

// withoutRepetitions drops ids that were there before, as those of lines are which were written just before a file was moved.
func withoutRepetitions(ids []int) (once []int) {
	for _, id := range ids {
		if len(once) == 0 || id > once[len(once)-1] {
			once = append(once, id)
		}
	}
	return once
}

// awaitLines waits until all entries are lines of files, in their order, and each once where there is one file.
func awaitLines(t *testing.T, c *harness.Console, files ...string) {
	t.Helper()
	want := entryIDs(c)
	var texts []string
	harness.Eventually(t, "all entries are lines", func() bool {
		texts = nil
		for _, file := range files {
			texts = append(texts, content(t, file))
		}
		last := fmt.Sprintf(`"uid":"%d","event_code"`, want[len(want)-1])
		return strings.Contains(strings.Join(texts, ""), last) && strings.HasSuffix(strings.Join(texts, ""), "\n")
	})
	got := linesOf(t, texts...)
	if len(files) > 1 {
		got = withoutRepetitions(got)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the lines are of the entries %v, not %v", got, want)
	}
}

func TestEveryEntryIsALineOfTheAuditLog(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "audit.log")
	c, admin := harness.SignedIn(t, func(s *cli.Serve) { s.AuditLog = file })
	awaitLines(t, c, file) // the set-up, which another process has recorded
	admin.Invite("ann").Wants(http.StatusSeeOther)
	began := time.Now()
	awaitLines(t, c, file)
	if waited := time.Since(began); waited > 30*time.Second {
		t.Errorf("a line takes %v", waited)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the audit log has mode %v, %v", info.Mode(), err)
	}
	for _, want := range []string{`"class_name":"Account Change"`, `"activity_name":"Create"`, `"user":{"uid":"2","name":"ann","email_addr":"ann@example.com"}`,
		`"actor":{"user":{"uid":"1","name":"John Doe","email_addr":"` + harness.AdminEmail + `"`, `"version":"` + cli.Version + `"`} {
		if !strings.Contains(content(t, file), want) {
			t.Errorf("no line says %s:\n%s", want, content(t, file))
		}
	}

	c.Exec(`INSERT INTO activity (id, at, actor_id, actor, source, address, request_id, action, object_type, object_id, object, outcome, changes, mac)
		SELECT id + 1, at, 0, '', 'CLI', '', '', 'restore', 'database', 0, '', outcome, '{}', randomblob(32) FROM activity ORDER BY id DESC LIMIT 1`) // by another process
	awaitLines(t, c, file)

	c.Stop()
	before := content(t, file)
	c.Restart()
	c.Browse(c.User(harness.AdminEmail)).Invite("bea").Wants(http.StatusSeeOther)
	awaitLines(t, c, file)
	if !strings.HasPrefix(content(t, file), before) {
		t.Error("a restart has written the file anew")
	}
}

func TestTheAuditLogIsWrittenAtACleanStop(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "audit.log")
	c, admin := harness.SignedIn(t, func(s *cli.Serve) { s.AuditLog = file })
	reader := c.Member(c.Administrator(), "read_only", "reader@example.com")
	for range 5 {
		reader.Get("/settings/triggers").Wants(http.StatusForbidden) // counted, and written at the stop
	}
	admin.Invite("ann").Wants(http.StatusSeeOther)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if text := content(t, file); !strings.Contains(text, `"status_detail":"refused"`) || !strings.Contains(text, `"ann@example.com"`) {
		t.Errorf("the last lines are missing:\n%s", text)
	}
}

func TestTheAuditLogFollowsRotation(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, moved := filepath.Join(dir, "audit.log"), filepath.Join(dir, "audit.log.1")
	c, admin := harness.SignedIn(t, func(s *cli.Serve) { s.AuditLog = file })
	admin.Invite("ann").Wants(http.StatusSeeOther)
	awaitLines(t, c, file)

	if err := os.Rename(file, moved); err != nil {
		t.Fatal(err)
	}
	admin.Invite("bea").Wants(http.StatusSeeOther)
	awaitLines(t, c, moved, file)
	if !strings.Contains(content(t, file), "bea@example.com") {
		t.Error("the file was not opened anew")
	}

	if err := os.Rename(file, moved); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, "a moved file is opened anew, whether anything is written or not", func() bool {
		_, err := os.Stat(file)
		return err == nil
	})
	older := content(t, moved)

	// As copytruncate does, when nothing is being written.
	admin.Invite("cleo").Wants(http.StatusSeeOther)
	harness.Eventually(t, "it is written", func() bool { return strings.Contains(content(t, file), "cleo@example.com") })
	older += content(t, file)
	if err := os.Truncate(file, 0); err != nil {
		t.Fatal(err)
	}
	admin.Invite("dora").Wants(http.StatusSeeOther)
	harness.Eventually(t, "it is written", func() bool { return strings.Contains(content(t, file), "dora@example.com") })
	if got := content(t, file); strings.HasPrefix(got, "\x00") || got[0] != '{' {
		t.Errorf("the cut file begins with %q", got[:10])
	}
	older += content(t, file)

	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	admin.Invite("emma").Wants(http.StatusSeeOther)
	harness.Eventually(t, "it is written", func() bool { return strings.Contains(content(t, file), "emma@example.com") })
	ids := withoutRepetitions(linesOf(t, older, content(t, file)))
	if all := entryIDs(c); !slices.Equal(ids, all[len(all)-len(ids):]) {
		t.Errorf("the lines are of %v of the entries %v", ids, all)
	}
}

// TestTheAuditLogGoesOnBehindATornLine begins with what a crash leaves.
func TestTheAuditLogGoesOnBehindATornLine(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "audit.log")
	const torn = `{"time":17000000`
	if err := os.WriteFile(file, []byte(torn), 0o640); err != nil {
		t.Fatal(err)
	}
	c, admin := harness.SignedIn(t, func(s *cli.Serve) { s.AuditLog = file })
	admin.Invite("ann").Wants(http.StatusSeeOther)
	harness.Eventually(t, "it is written", func() bool { return strings.Contains(content(t, file), "ann@example.com") })
	rest, found := strings.CutPrefix(content(t, file), torn+"\n")
	if ids := linesOf(t, rest); !found || !slices.Equal(ids, entryIDs(c)) {
		t.Errorf("the lines are of %v of the entries %v", ids, entryIDs(c))
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the mode that somebody chose is %v now, %v", info.Mode(), err)
	}
}

func TestTheAuditLogBeginsAnewInAnotherDatabase(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "audit.log")
	c, admin := harness.SignedIn(t, func(s *cli.Serve) { s.AuditLog = file })
	admin.Invite("ann").Wants(http.StatusSeeOther)
	awaitLines(t, c, file)
	marks, err := filepath.Glob(filepath.Join(c.Data, "console.audit-log-????????"))
	if err != nil || len(marks) != 1 {
		t.Fatalf("the marks are %v, %v", marks, err)
	}
	for _, mark := range []string{"999999 00\n", "1 00ff\n", "", "nonsense"} {
		c.Stop()
		if err := os.WriteFile(marks[0], []byte(mark), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(file, 0); err != nil {
			t.Fatal(err)
		}
		c.Restart()
		awaitLines(t, c, file)
	}
}

// TestTheAuditLogSaysWhatWasRemovedBeforeItHadIt stops writing the file for longer than entries are kept.
func TestTheAuditLogSaysWhatWasRemovedBeforeItHadIt(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "audit.log")
	c, clock := harness.StartAt(t)
	c.Config.AuditLog = file
	c.Restart()
	awaitLines(t, c, file)
	written := entryIDs(c)
	c.Config.AuditLog = ""
	c.Restart()
	admin := c.BrowseAt(c.User(harness.AdminEmail), clock.Now())
	admin.Invite("ann").Wants(http.StatusSeeOther)
	admin.Invite("bob").Wants(http.StatusSeeOther)
	old := entryIDs(c)
	clock.Advance(200 * 24 * time.Hour)
	admin = c.BrowseAt(c.User(harness.AdminEmail), clock.Now())
	admin.Invite("late").Wants(http.StatusSeeOther) // only what somebody has done tells how late it is
	keep := func(confirm string) *harness.Answer {
		return admin.Post("/settings/general/activity", "retention", "6", "version", version(c), "confirm", confirm)
	}
	asked := keep(account.Removal{}.Digest()).Wants(http.StatusOK)
	keep(regexp.MustCompile(`name="confirm" value="([^"]+)"`).FindStringSubmatch(asked.Body)[1]).To("/settings/general")
	harness.Eventually(t, "old entries are removed", func() bool { return c.Count(`SELECT min(id) FROM activity`) > old[len(old)-1] })
	c.Config.AuditLog = file
	c.Restart()
	missing := fmt.Sprintf(`"first":%d,"last":%d`, written[len(written)-1]+1, old[len(old)-1])
	harness.Eventually(t, "the log says what is missing", func() bool {
		return strings.Contains(c.Log.String(), "entries were removed before the audit log had them") && strings.Contains(c.Log.String(), missing)
	})
	want := append(written, entryIDs(c)...)
	harness.Eventually(t, "what is left is written", func() bool { return slices.Equal(linesOf(t, content(t, file)), want) })
}

func TestAnAuditLogThatIsNoFileIsRefused(t *testing.T) {
	t.Parallel()
	serve := cli.Serve{Installation: cli.Installation{Data: t.TempDir(), Brand: "Wallarm"}, Listen: "localhost:0", LogFormat: "text",
		AuditLog: t.TempDir()}
	server, err := serve.Start(t.Context(), new(harness.Logbook))
	if err == nil {
		server.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "--audit-log") || !strings.Contains(err.Error(), "is no file") {
		t.Errorf("a directory is answered with %v", err)
	}
}

// flood invites people from several sides at once, until the console is killed.
func flood(p *harness.Process, name string) *sync.WaitGroup {
	token, ended := p.Token(), new(sync.WaitGroup)
	address := p.Console.URL.JoinPath("settings/users/new").String()
	for who := range 4 {
		ended.Go(func() {
			for i := 0; ; i++ {
				answer, err := p.HTTP.PostForm(address, url.Values{"csrf_token": {token}, "role": {"analyst"}, "tenant_id": {"1"},
					"email": {fmt.Sprintf("%s-%d-%d@example.com", name, who, i)}})
				if err != nil {
					return
				}
				answer.Body.Close()
			}
		})
	}
	return ended
}

// wantNoGap looks for every entry in the lines of an audit log that crashes may have cut and repeated, but in which none comes before an
// older one was there.
func wantNoGap(t *testing.T, c *harness.Console, text string) {
	t.Helper()
	whole, torn := strings.Builder{}, 0
	for line := range strings.Lines(text) {
		if json.Valid([]byte(line)) {
			whole.WriteString(line)
		} else {
			torn++
		}
	}
	all, highest, repeated := entryIDs(c), 0, 0
	for _, id := range linesOf(t, whole.String()) {
		if id > highest+1 {
			t.Errorf("the line of entry %d follows that of %d", id, highest)
		}
		if id <= highest {
			repeated++
		}
		highest = max(highest, id)
	}
	if highest != all[len(all)-1] || len(all) != highest {
		t.Errorf("the last line is of entry %d, the last entry of %d is %d", highest, len(all), all[len(all)-1])
	}
	t.Logf("%d entries, %d lines repeated, %d torn", len(all), repeated, torn)
}

// TestTheAuditLogOfTheProgram runs the program as operators do: with SIGHUP, kill -9 in the middle of a flood, and standard output.
func TestTheAuditLogOfTheProgram(t *testing.T) {
	harness.OnFile(t, "its database lies in the data directory; the replicas' tests run the program on PostgreSQL")
	t.Parallel()
	const token = "session of John"
	program, data, dir := harness.Build(t), harness.Stored(t, token, nil), t.TempDir()
	file, moved := filepath.Join(dir, "audit.log"), filepath.Join(dir, "audit.log.1")
	p := harness.Launch(t, program, data, token, "--audit-log", file)
	stored := harness.Reopen(t, data)
	p.Invite("first").Wants(http.StatusSeeOther)
	awaitLines(t, stored, file)
	if err := os.Rename(file, moved); err != nil {
		t.Fatal(err)
	}
	p.Signal(syscall.SIGHUP)
	p.Invite("second").Wants(http.StatusSeeOther)
	awaitLines(t, stored, moved, file)

	for crash := range 3 {
		ended := flood(p, fmt.Sprint("crash", crash))
		lines := content(t, file)
		harness.Eventually(t, "lines are written", func() bool { return len(content(t, file)) > len(lines)+20_000 })
		p.Kill()
		ended.Wait()
		p = harness.Launch(t, program, data, token, "--audit-log", file)
	}
	p.Invite("last").Wants(http.StatusSeeOther)
	harness.Eventually(t, "all is written", func() bool { return strings.Contains(content(t, file), "last@example.com") })
	wantNoGap(t, stored, content(t, moved)+content(t, file))
	p.Stop()

	p = harness.Launch(t, program, data, token, "--audit-log", "stdout")
	p.Invite("spoken").Wants(http.StatusSeeOther)
	p.Stop()
	if ids, all := linesOf(t, p.Output.String()), entryIDs(stored); !slices.Equal(ids, all) {
		t.Errorf("standard output has lines of %v of the entries %v", ids, all)
	}
	if strings.Contains(p.Console.Log.String(), `"class_uid"`) {
		t.Error("lines stand in the log")
	}
}

// TestTheAuditLogIsRotatedAsDocumented tries the configuration of docs/operations.md as it is written there, but for the path.
func TestTheAuditLogIsRotatedAsDocumented(t *testing.T) {
	t.Parallel()
	logrotate, err := exec.LookPath("logrotate")
	if err != nil {
		t.Skip("logrotate is not installed")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	file, configuration := filepath.Join(dir, "audit.log"), filepath.Join(dir, "logrotate.conf")
	_, documented, _ := strings.Cut(content(t, "../docs/operations.md"), "```\n/var/log/console/audit.log {")
	documented, _, found := strings.Cut(documented, "```")
	if !found {
		t.Fatal("docs/operations.md has no configuration of logrotate")
	}
	if err := os.WriteFile(configuration, []byte(file+" {"+documented), 0o600); err != nil {
		t.Fatal(err)
	}
	c, admin := harness.SignedIn(t, func(s *cli.Serve) { s.AuditLog = file })
	for i := range 3 {
		admin.Invite(fmt.Sprint("guest", i)).Wants(http.StatusSeeOther)
		harness.Eventually(t, "it is written", func() bool { return strings.Contains(content(t, file), fmt.Sprintf("guest%d@example.com", i)) })
		if output, err := exec.Command(logrotate, "--force", "--state", filepath.Join(dir, "state"), configuration).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, output)
		}
	}
	admin.Invite("last").Wants(http.StatusSeeOther)
	harness.Eventually(t, "it is written", func() bool { return strings.Contains(content(t, file), "last@example.com") })
	oldest := unzipped(t, file+".3.gz") + unzipped(t, file+".2.gz") + content(t, file+".1") + content(t, file)
	if got, want := withoutRepetitions(linesOf(t, oldest)), entryIDs(c); !slices.Equal(got, want) {
		t.Errorf("the rotated lines are of %v, the entries are %v", got, want)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the new file has mode %v, %v", info.Mode(), err)
	}
}

func unzipped(t *testing.T, path string) string {
	t.Helper()
	zipped, err := gzip.NewReader(strings.NewReader(content(t, path)))
	if err != nil {
		t.Fatal(path, err)
	}
	text, err := io.ReadAll(zipped)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
