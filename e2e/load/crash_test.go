// Package load tests what happens under load and in crashes, and measures.
package load

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
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
	"console/internal/fake"
)

// usualCrashes is how often a test kills the server; CRASHES asks for another number.
const usualCrashes = 5

// TestCrash kills the console with SIGKILL while people work with it, and starts it again on the same data. What was
// acknowledged is there, nothing is half done, and every message goes out at least once.
func TestCrash(t *testing.T) {
	t.Parallel()
	crashes := crashesAsked(t)
	c := newCrashing(t)
	for n := range crashes {
		after := 50*time.Millisecond + rand.N(750*time.Millisecond)
		c.crash(n, after)
		c.checkDatabase()
		c.start()
		c.checkAcknowledged()
	}
	c.checkDeliveries()
	t.Logf("%d crashes: %d added, %d invited by link, %d signed up, %d mails, %d Slack messages", crashes,
		len(c.added), len(c.linked), len(c.joined), len(c.mail.Messages()), len(c.slack.Requests()))
}

// crashesAsked is how often the console is to be killed.
func crashesAsked(t *testing.T) int {
	text := os.Getenv("CRASHES")
	if text == "" {
		return usualCrashes
	}
	crashes, err := strconv.Atoi(text)
	if err != nil || crashes < 1 {
		t.Fatalf("CRASHES=%s is no number of crashes", text)
	}
	return crashes
}

// crashing is a console in a process of its own, and what it has acknowledged.
type crashing struct {
	t     *testing.T
	mail  *fake.MailServer
	slack *fake.Receiver
	data  string
	bin   string
	base  *url.URL

	process *exec.Cmd
	output  *harness.Logbook
	admin   *harness.Caller

	mu     sync.Mutex
	added  map[string]bool   // addresses added with Add new user
	linked map[string]string // address → path of the link that was shown
	mailed map[string]string // address → path of the link in the mail that arrived
	opened int               // mails looked at for mailed
	tried  map[string]bool   // addresses for which a sign-up was sent, whatever came back
	joined map[string]bool   // addresses that were told they have signed up
	fresh  []string          // addresses acknowledged since the last check
}

func newCrashing(t *testing.T) *crashing {
	c := &crashing{
		t:     t,
		mail:  fake.NewMailServer(t, fake.MailOptions{}),
		slack: fake.NewReceiver(t),
		data:  t.TempDir(),
		bin:   harness.Build(t),
		output: new(
			harness.Logbook,
		),
		added:  map[string]bool{},
		linked: map[string]string{},
		mailed: map[string]string{},
		tried:  map[string]bool{},
		joined: map[string]bool{},
	}
	c.base = &url.URL{Scheme: "http", Host: freeAddress(t)}
	c.setUp()
	c.start()
	t.Cleanup(func() { c.kill() })
	c.admin = c.client()
	c.admin.MustPost(t, http.StatusSeeOther, "/signin", "email", harness.AdminEmail, "password", harness.AdminPassword)
	c.admin.MustPost(
		t,
		http.StatusSeeOther,
		"/settings/integrations/new?type=slack",
		"name",
		"Chat",
		"active",
		"1",
		"url",
		c.slack.URL+"/services/T0/B0/secret",
	)
	c.admin.MustPost(t, http.StatusSeeOther, "/settings/triggers/new", "name", "Added user", "condition", "user_added", "role_operator", "eq",
		"integration_ids", "1", "enabled", "1")
	return c
}

// freeAddress is an address on this machine where nothing listens.
func freeAddress(t *testing.T) string {
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return fmt.Sprintf("localhost:%d", listener.Addr().(*net.TCPAddr).Port)
}

func (c *crashing) setUp() {
	command := exec.Command(
		c.bin,
		"setup",
		"--data",
		c.data,
		"--company",
		harness.Company,
		"--cloud",
		harness.Cloud,
		"--first-name",
		"John",
		"--last-name",
		"Doe",
		"--email",
		harness.AdminEmail,
		"--password-stdin",
	)
	command.Stdin = strings.NewReader(harness.AdminPassword + "\n")
	if out, err := command.CombinedOutput(); err != nil {
		c.t.Fatalf("console setup: %v\n%s", err, out)
	}
}

// start runs the console until it answers.
func (c *crashing) start() {
	c.t.Helper()
	c.launch()
	visitor := c.client()
	harness.Eventually(c.t, "the console answers", func() bool {
		status, _, err := visitor.Get("/readyz")
		return err == nil && status == http.StatusOK
	})
}

// launch runs the console.
func (c *crashing) launch() {
	c.t.Helper()
	c.process = exec.Command(c.bin, "serve", "--data", c.data, "--listen", c.base.Host, "--base-url", c.base.String(), "--smtp", c.mail.URL(),
		"--allow-private-targets", "127.0.0.0/8", "--log-format", "json")
	c.process.Stderr = c.output
	c.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := c.process.Start(); err != nil {
		c.t.Fatal(err)
	}
}

// kill ends the console as a power cut of the process would.
func (c *crashing) kill() {
	c.process.Process.Kill()
	c.process.Wait()
}

// crash lets people work for a while, and kills the console under them.
func (c *crashing) crash(n int, after time.Duration) {
	ctx, stop := context.WithCancel(c.t.Context())
	var people sync.WaitGroup
	for _, work := range []func(name string){c.addSomebody, c.linkSomebody, c.signSomebodyUp} {
		people.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				work(fmt.Sprintf("%d-%d", n, i))
				pause(ctx, 30*time.Millisecond)
			}
		})
	}
	pause(ctx, after)
	c.kill()
	stop()
	people.Wait()
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// addSomebody adds a person who is invited by mail.
func (c *crashing) addSomebody(name string) {
	email := "mail-" + name + "@example.com"
	status, _, err := c.admin.Post(
		"/settings/users/new",
		"role",
		"analyst",
		"first_name",
		"Mail",
		"last_name",
		name,
		"email",
		email,
		"tenant_id",
		"1",
	)
	if c.acknowledged(status, err, http.StatusSeeOther) {
		c.note(func() { c.added[email] = true; c.fresh = append(c.fresh, email) })
	}
}

// linkSomebody invites a person by link.
func (c *crashing) linkSomebody(name string) {
	email := "link-" + name + "@example.com"
	status, body, err := c.admin.Post("/settings/users/invite-link", "role", "read_only", "duration", "1d", "email", email, "tenant_id", "1")
	if !c.acknowledged(status, err, http.StatusOK) {
		return
	}
	path := harness.IssuedPath(body)
	if path == "" {
		c.t.Errorf("no link in:\n%s", body)
		return
	}
	c.note(func() { c.linked[email] = path; c.fresh = append(c.fresh, email) })
}

// signSomebodyUp lets somebody use their link, if there is one who has not tried yet.
func (c *crashing) signSomebodyUp(string) {
	if email, path := c.invited(); email != "" {
		c.signUp(email, path)
	}
}

// invited returns somebody who has not used their link yet, and notes that they do now.
func (c *crashing) invited() (email, path string) {
	c.openMails()
	c.mu.Lock()
	defer c.mu.Unlock()
	both := []map[string]string{c.mailed, c.linked}
	first := rand.N(2)
	for _, links := range []map[string]string{both[first], both[1-first]} {
		for email, path := range links {
			if !c.tried[email] && !c.joined[email] {
				c.tried[email] = true
				return email, path
			}
		}
	}
	return "", ""
}

// openMails takes the links from the invitations that have arrived since the last time.
func (c *crashing) openMails() {
	mails := c.mail.Messages()
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.Copy(c.mailed, harness.SignupPaths(mails[c.opened:]))
	c.opened = len(mails)
}

// link is the path of the link that somebody was given.
func (c *crashing) link(email string) string {
	if path := c.linked[email]; path != "" {
		return path
	}
	return c.mailed[email]
}

// signUp accepts an invitation and reports whether that was acknowledged.
func (c *crashing) signUp(email, path string) bool {
	status, _, err := c.client().Post(path, "first_name", "Sign", "last_name", "Up", "password", harness.Password(email))
	if !c.acknowledged(status, err, http.StatusSeeOther) {
		return false
	}
	c.note(func() { c.joined[email] = true; c.fresh = append(c.fresh, email) })
	return true
}

// acknowledged says whether a change was. Nothing but its answer or a dead server is expected.
func (c *crashing) acknowledged(status int, err error, want int) bool {
	if err == nil && status != want {
		c.t.Errorf("answered %d, not %d", status, want)
	}
	return err == nil && status == want
}

func (c *crashing) note(what func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	what()
}

// checkAcknowledged looks for everything that was acknowledged since the last time, as its people would.
func (c *crashing) checkAcknowledged() {
	c.t.Helper()
	c.checkSignUps()
	for _, email := range c.fresh {
		tab := "all"
		if c.linked[email] != "" && !c.joined[email] {
			tab = "invited" // until they sign up
		}
		status, body, err := c.admin.Get("/settings/users?tab=" + tab + "&q=" + email)
		if err != nil || status != http.StatusOK || !strings.Contains(body, ">"+email+"<") {
			c.t.Errorf("%s was acknowledged and is not listed: %d %v", email, status, err)
		}
	}
	c.fresh = nil
}

// checkSignUps lets everybody who has tried to sign up since the last time sign in. Who did not get an answer may
// have to use their link again.
func (c *crashing) checkSignUps() {
	c.t.Helper()
	for email := range c.tried {
		status, _, err := c.client().Get(c.link(email))
		switch {
		case err == nil && status == http.StatusOK && !c.joined[email]:
			c.signUp(email, c.link(email))
		case err != nil || status != http.StatusGone:
			c.t.Errorf("the link of %s, acknowledged: %t, answers %d %v", email, c.joined[email], status, err)
		}
		if status, _, err := c.client().
			Post("/signin", "email", email, "password", harness.Password(email)); err != nil ||
			status != http.StatusSeeOther {
			c.t.Errorf("%s cannot sign in: %d %v", email, status, err)
		}
		c.joined[email] = true
	}
	clear(c.tried)
}

// broken are the rows that no crash may leave behind.
var broken = []struct{ what, query string }{
	{"violations of foreign keys", `SELECT "table" FROM pragma_foreign_key_check`},
	{
		"people neither invited with one open link nor active with a password",
		`SELECT u.email FROM users u LEFT JOIN invitations i ON i.user_id = u.id WHERE NOT (
		u.activated_at = 0 AND u.password_hash = '' AND i.id IS NOT NULL AND (u.joined_at = 0) = i.by_link
			AND 1 = (SELECT count(*) FROM signup_links l WHERE l.invitation_id = i.id AND l.ended = '')
		OR u.activated_at > 0 AND u.password_hash <> '' AND u.joined_at > 0 AND i.id IS NULL)`,
	},
	{"people on the list without a group, or the other way round", `SELECT email FROM users u
		WHERE role <> 'global_admin' AND (joined_at > 0) <> EXISTS (SELECT 1 FROM group_users g WHERE g.user_id = u.id)`},
	{"people whose coming the trigger does not tell once, or nobody's", `SELECT coalesce(email, told)
		FROM (SELECT email FROM users WHERE role <> 'global_admin' AND joined_at > 0)
		FULL JOIN (SELECT json_extract(params, '$.user.email') AS told, count(*) AS n FROM deliveries WHERE template = 'create_user' GROUP BY 1) ON told = email
		WHERE email IS NULL OR told IS NULL OR n <> 1`},
	{"people added without one invitation mail", `SELECT email FROM users u WHERE email LIKE 'mail-%' AND 1 <>
		(SELECT count(*) FROM deliveries d WHERE d.template = 'invitation' AND d.user_id = u.id)`},
	{"people whose adding the activity log does not hold once", `SELECT email FROM users u WHERE role <> 'global_admin' AND 1 <>
		(SELECT count(*) FROM activity a WHERE a.action IN ('add user', 'issue invitation link') AND a.object_type = 'user' AND a.object_id = u.id)`},
}

// checkDatabase looks at what a dead console has left on the disk. It works on a copy: opening the database repairs it.
func (c *crashing) checkDatabase() {
	c.t.Helper()
	db := c.copy()
	defer db.Close()
	if verdict := column(c.t, db, `PRAGMA integrity_check`); len(verdict) != 1 || verdict[0] != "ok" {
		c.t.Errorf("integrity check: %q", verdict)
	}
	for _, b := range broken {
		if rows := column(c.t, db, b.query); len(rows) > 0 {
			c.t.Errorf("%s: %q", b.what, rows)
		}
	}
}

// copy opens a copy of the database.
func (c *crashing) copy() *sql.DB {
	c.t.Helper()
	dir := c.t.TempDir()
	for _, file := range []string{"console.db", "console.db-wal"} {
		content, err := os.ReadFile(filepath.Join(c.data, file))
		if errors.Is(err, os.ErrNotExist) && file != "console.db" {
			continue
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, file), content, 0o600)
		}
		if err != nil {
			c.t.Fatal(err)
		}
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "console.db"))
	if err != nil {
		c.t.Fatal(err)
	}
	return db
}

// column returns what a query with one column gives.
func column(t *testing.T, db *sql.DB, query string) (values []string) {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	for rows.Next() {
		var value string
		if err := rows.Scan(&value); err != nil {
			t.Fatal(err)
		}
		values = append(values, value)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return values
}

// outstanding is how long messages may take whose sending a crash has cut off: the lease of their target, which is half a minute, and
// all that waits then, which is much where crashes follow one another.
const outstanding = 2 * time.Minute

// checkDeliveries waits until everybody who was added has their mail and the trigger has told of everybody, then ends
// the console properly. A repeated mail must be recognisable.
func (c *crashing) checkDeliveries() {
	c.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(c.data, "console.db")+"?mode=ro&_pragma=busy_timeout(10000)")
	if err != nil {
		c.t.Fatal(err)
	}
	listed := column(c.t, db, `SELECT email FROM users WHERE role <> 'global_admin' AND joined_at > 0`)
	db.Close()
	harness.Within(
		c.t,
		outstanding,
		"everybody has their invitation, or the confirmation of their sign-up",
		func() bool { return containsAll(c.written(), listed) },
	)
	harness.Within(c.t, outstanding, "Slack was told of everybody", func() bool { return containsAll(c.told(), listed) })
	for email := range c.told() {
		if !slices.Contains(listed, email) {
			c.t.Errorf("Slack was told of %s, whom nobody has added", email)
		}
	}
	c.checkMessageIDs()
	c.process.Process.Signal(syscall.SIGTERM)
	if err := c.process.Wait(); err != nil {
		c.t.Errorf("the console did not end well: %v", err)
	}
	c.checkDatabase()
}

// containsAll says whether all values are in the set.
func containsAll(set map[string]bool, values []string) bool {
	return !slices.ContainsFunc(values, func(value string) bool { return !set[value] })
}

// written are the addresses that mails arrived for.
func (c *crashing) written() map[string]bool {
	addresses := map[string]bool{}
	for _, m := range c.mail.Messages() {
		addresses[m.To[0]] = true
	}
	return addresses
}

var newUser = regexp.MustCompile(`A new user .* &lt;(\S+)&gt; with the role`)

// told are the addresses of the people that Slack was told of.
func (c *crashing) told() map[string]bool {
	addresses := map[string]bool{}
	for _, request := range c.slack.Requests() {
		var message struct{ Text string }
		if err := json.Unmarshal(request.Body, &message); err != nil {
			c.t.Fatal(err)
		}
		if found := newUser.FindStringSubmatch(message.Text); found != nil {
			addresses[found[1]] = true
		}
	}
	return addresses
}

// checkMessageIDs compares the mails that arrived more than once.
func (c *crashing) checkMessageIDs() {
	c.t.Helper()
	ids := map[string]string{}
	for _, m := range c.mail.Messages() {
		mail := m.To[0] + ": " + m.Subject
		if first, repeated := ids[mail]; repeated && first != m.MessageID {
			c.t.Errorf("%s was sent as %s and as %s", mail, first, m.MessageID)
		}
		ids[mail] = m.MessageID
	}
}

func (c *crashing) client() *harness.Caller { return harness.NewCaller(c.t, c.base, nil) }
