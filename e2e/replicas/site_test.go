// Package replicas tests several consoles on one database of PostgreSQL behind nginx, while people work with them and some of them die.
package replicas

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/fake"
	"console/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// many is how many replicas there are.
const many = 3

// site is an installation with several replicas, and the world around it.
type site struct {
	t       *testing.T
	program string
	place   string // of the database, as the consoles know it
	direct  string // the same for the test
	db      *sql.DB
	mail    *fake.MailServer
	slack   *fake.Receiver
	base    *url.URL // where nginx answers

	replicas [many]*replica
	admin    *harness.Caller // John Doe, by nginx
	members  int             // whom insert has stored
}

// newSite starts everything, with John Doe as Global Administrator, whose Slack is told of everybody who is added.
func newSite(t *testing.T) *site {
	t.Helper()
	onPostgres(t)
	place := storetest.Place(t)
	return newSiteAt(t, place, place)
}

func onPostgres(t *testing.T) {
	t.Helper()
	if !storetest.OnPostgres() {
		t.Skip("SQLite has one process")
	}
}

// newSiteAt is newSite for consoles that know the database by one place, which the test itself reaches at another.
func newSiteAt(t *testing.T, place, direct string) *site {
	t.Helper()
	s := &site{t: t, program: harness.Build(t), place: place, direct: direct, db: storetest.Raw(t, direct),
		mail: fake.NewMailServer(t, fake.MailOptions{}), slack: fake.NewReceiver(t), base: &url.URL{Scheme: "http", Host: freeAddress(t)}}
	key := s.setUp()
	for i := range s.replicas {
		r := &replica{site: s, number: i, program: s.program, data: t.TempDir(), address: freeAddress(t), log: new(harness.Logbook)}
		if err := os.WriteFile(filepath.Join(r.data, "console.key"), key, 0o600); err != nil {
			t.Fatal(err)
		}
		s.replicas[i] = r
		r.start()
		t.Cleanup(r.kill)
	}
	s.balance()
	s.admin = s.caller()
	s.admin.MustPost(t, http.StatusSeeOther, "/signin", "email", harness.AdminEmail, "password", harness.AdminPassword)
	s.admin.MustPost(t, http.StatusSeeOther, "/settings/integrations/new?type=slack", "name", "Chat", "active", "1",
		"url", s.slack.URL+"/services/T0/B0/secret")
	s.admin.MustPost(t, http.StatusSeeOther, "/settings/triggers/new", "name", "Added user", "condition", "user_added", "role_operator", "eq",
		"integration_ids", "1", "enabled", "1")
	return s
}

// setUp makes the account and returns the key that all replicas need.
func (s *site) setUp() []byte {
	s.t.Helper()
	dir := s.t.TempDir()
	command := exec.Command(s.program, "setup", "--data", dir, "--database", s.place, "--company", harness.Company, "--cloud", harness.Cloud,
		"--first-name", "John", "--last-name", "Doe", "--email", harness.AdminEmail, "--password-stdin")
	command.Stdin = strings.NewReader(harness.AdminPassword + "\n")
	if out, err := command.CombinedOutput(); err != nil {
		s.t.Fatalf("console setup: %v\n%s", err, out)
	}
	key, err := os.ReadFile(filepath.Join(dir, "console.key"))
	if err != nil {
		s.t.Fatal(err)
	}
	return key
}

// caller is a browser that reaches the site as people do.
func (s *site) caller() *harness.Caller {
	s.t.Helper()
	return harness.NewCaller(s.t, s.base, &http.Transport{})
}

// freeAddress is an address on this machine where nothing listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return fmt.Sprintf("localhost:%d", listener.Addr().(*net.TCPAddr).Port)
}

// count is the number that a query gives.
func (s *site) count(query string, args ...any) (n int) {
	s.t.Helper()
	if err := s.db.QueryRow(query, args...).Scan(&n); err != nil {
		s.t.Fatalf("%s: %v", query, err)
	}
	return n
}

// column is the first column of what a query gives.
func (s *site) column(query string, args ...any) (values []string) {
	s.t.Helper()
	rows, err := s.db.Query(query, args...)
	if err != nil {
		s.t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	for rows.Next() {
		var value string
		if err := rows.Scan(&value); err != nil {
			s.t.Fatal(err)
		}
		values = append(values, value)
	}
	if err := rows.Err(); err != nil {
		s.t.Fatal(err)
	}
	return values
}

// exec changes the database behind the consoles' backs.
func (s *site) exec(query string, args ...any) {
	s.t.Helper()
	tx, err := s.db.Begin()
	if err != nil {
		s.t.Fatal(err)
	}
	defer tx.Rollback() // without effect after Commit
	_, err = tx.Exec(`SELECT set_config('console.writing', 'on', true), pg_advisory_xact_lock(1668248435, hashtext(current_schema()))`)
	if err == nil {
		_, err = tx.Exec(query, args...)
	}
	if err == nil {
		_, err = tx.Exec(`UPDATE commits SET n = n + 1`)
	}
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		s.t.Fatalf("%s: %v", query, err)
	}
}

// replica is one of the consoles.
type replica struct {
	*site
	number  int
	program string
	data    string
	address string
	log     *harness.Logbook

	mu      sync.Mutex // of process
	process *exec.Cmd
}

// start runs the console until it answers.
func (r *replica) start() {
	r.t.Helper()
	place := r.place + "&application_name=" + r.name()
	process := exec.Command(r.program, "serve", "--data", r.data, "--database", place, "--listen", r.address, "--base-url", r.base.String(),
		"--smtp", r.mail.URL(), "--allow-private-targets", "127.0.0.0/8", "--trusted-proxies", "127.0.0.1", "--trusted-proxies", "::1",
		"--log-format", "json")
	process.Stderr = r.log
	process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := process.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.mu.Lock()
	r.process = process
	r.mu.Unlock()
	harness.Eventually(r.t, r.name()+" is ready", r.ready)
}

// name is what the server of the database knows its connections by.
func (r *replica) name() string { return fmt.Sprintf("console-%d", r.number) }

// ready says whether it is.
func (r *replica) ready() bool {
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.address+"/readyz", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	return response.Body.Close() == nil && response.StatusCode == http.StatusOK
}

// stop ends it as an operator does: what is under way is finished.
func (r *replica) stop() {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.process.Process.Signal(syscall.SIGTERM); err != nil {
		r.t.Fatal(err)
	}
	if err := r.process.Wait(); err != nil {
		r.t.Errorf("%s did not end well: %v", r.name(), err)
	}
}

// kill ends it as a power cut does.
func (r *replica) kill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.process.Process.Kill()
	r.process.Wait()
}

// signal sends it a signal.
func (r *replica) signal(what os.Signal) {
	r.t.Helper()
	if err := r.process.Process.Signal(what); err != nil {
		r.t.Fatal(err)
	}
}

// caller is a browser that reaches this replica and no other, with the cookies of another browser.
func (r *replica) caller(like *harness.Caller) *harness.Caller {
	r.t.Helper()
	dialer := new(net.Dialer)
	c := harness.NewCaller(r.t, r.base, &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, r.address)
	}})
	if like != nil {
		c.HTTP.Jar, c.FormToken = like.HTTP.Jar, like.FormToken
	}
	return c
}

// faults are the lines of its log that say that something went wrong.
func (r *replica) faults() (lines []string) {
	for line := range strings.Lines(r.log.String()) {
		var said struct{ Level string }
		if json.Unmarshal([]byte(line), &said) == nil && said.Level == "ERROR" {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}
