package e2e

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"console/internal/cli"
	"console/internal/fake"
	"console/store"
)

// installation is the database and the key of an account with John Doe as its Global Administrator.
var installation = sync.OnceValues(func() (files map[string][]byte, err error) {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var problems strings.Builder
	status := cli.Run(context.Background(), []string{"setup", "--data", dir, "--company", company, "--cloud", cloud, "--first-name", "John",
		"--last-name", "Doe", "--email", adminEmail, "--password-stdin"}, strings.NewReader(adminPassword+"\n"), io.Discard, &problems)
	if status != 0 {
		return nil, errors.New(problems.String())
	}
	files = map[string][]byte{"console.db": nil, "console.key": nil}
	for name := range files {
		if files[name], err = os.ReadFile(filepath.Join(dir, name)); err != nil {
			return nil, err
		}
	}
	return files, nil
})

// ready is start and setUp, in less time. configure may be nil.
func ready(t *testing.T, configure func(*cli.Serve)) *console {
	t.Helper()
	files, err := installation()
	if err != nil {
		t.Fatal(err)
	}
	return start(t, func(s *cli.Serve) {
		for name, content := range files {
			if err := os.WriteFile(filepath.Join(s.Data, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if configure != nil {
			configure(s)
		}
	})
}

// startAt is ready with a clock that stands still, after the set-up, until the test moves it.
func startAt(t *testing.T) (*console, *fake.Clock) {
	t.Helper()
	if _, err := installation(); err != nil {
		t.Fatal(err)
	}
	clock := fake.NewClock(time.Now().Truncate(time.Second).Add(time.Second))
	return ready(t, func(s *cli.Serve) { s.Now = clock.Now }), clock
}

// behindProxy makes this machine a trusted proxy, so that a test chooses the address it comes from.
func behindProxy(s *cli.Serve) {
	s.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
}

// from makes the requests of a browser come from an address. It needs behindProxy.
func (b *browser) from(address string) *browser {
	b.Header.Set("X-Forwarded-For", address)
	return b
}

// raw is a connection to the database beside the console.
func (c *console) raw() *sql.DB {
	c.t.Helper()
	if c.beside == nil {
		db, err := sql.Open("sqlite", "file:"+c.database()+"?_pragma=busy_timeout(10000)")
		if err != nil {
			c.t.Fatal(err)
		}
		c.t.Cleanup(func() { db.Close() })
		c.beside = db
	}
	return c.beside
}

// exec changes the database behind the console's back.
func (c *console) exec(query string, args ...any) {
	c.t.Helper()
	if _, err := c.raw().Exec(query, args...); err != nil {
		c.t.Fatalf("%s: %v", query, err)
	}
}

// cell is the single value that a query gives, as text.
func (c *console) cell(query string, args ...any) string {
	c.t.Helper()
	var value string
	if err := c.raw().QueryRow(query, args...).Scan(&value); err != nil {
		c.t.Fatalf("%s: %v", query, err)
	}
	return value
}

// count is the single number that a query gives.
func (c *console) count(query string, args ...any) int {
	c.t.Helper()
	n, err := strconv.Atoi(c.cell(query, args...))
	if err != nil {
		c.t.Fatalf("%s: %v", query, err)
	}
	return n
}

// wantCount fails the test unless a query gives n.
func (c *console) wantCount(n int, query string, args ...any) {
	c.t.Helper()
	if got := c.count(query, args...); got != n {
		c.t.Errorf("%s %v gives %d, not %d", query, args, got, n)
	}
}

// moving are the columns that change with every visit.
var moving = []string{"last_seen_at", "last_auth_at"}

// snapshot is what every table holds, but for the columns of moving.
func (c *console) snapshot() map[string]string {
	c.t.Helper()
	tables := map[string]string{}
	for _, name := range c.column(`SELECT name FROM sqlite_master WHERE type = 'table'`) {
		columns := c.column(`SELECT name FROM pragma_table_info($1)`, name)
		columns = slices.DeleteFunc(columns, func(column string) bool { return slices.Contains(moving, column) })
		row := "quote(" + strings.Join(columns, ") || ',' || quote(") + ")"
		tables[name] = strings.Join(c.column(`SELECT `+row+` FROM "`+name+`" ORDER BY 1`), "\n")
	}
	return tables
}

func (c *console) column(query string, args ...any) (values []string) {
	c.t.Helper()
	rows, err := c.raw().Query(query, args...)
	if err != nil {
		c.t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	for rows.Next() {
		var value string
		if err := rows.Scan(&value); err != nil {
			c.t.Fatal(err)
		}
		values = append(values, value)
	}
	if err := rows.Err(); err != nil {
		c.t.Fatal(err)
	}
	return values
}

// wantUnchanged fails the test where a table differs from what it was.
func (c *console) wantUnchanged(before map[string]string, after string) {
	c.t.Helper()
	now := c.snapshot()
	for _, table := range slices.Sorted(maps.Keys(now)) {
		if now[table] != before[table] {
			c.t.Errorf("after %s the table %s is\n%s\nand was\n%s", after, table, now[table], before[table])
		}
	}
}

// disable switches off a person's access, as no page does yet.
func (c *console) disable(email string) {
	c.t.Helper()
	user := c.user(email)
	user.DisabledAt = store.At(time.Now())
	err := c.DB.Update(c.t.Context(), func(tx *store.Tx) error { return tx.UpdateUser(c.t.Context(), &user) })
	if err != nil {
		c.t.Fatal(err)
	}
}

// settled waits until nothing waits to be delivered.
func (c *console) settled() {
	c.t.Helper()
	eventually(c.t, "all is delivered", func() bool { return c.count(`SELECT count(*) FROM deliveries WHERE state = 'waiting'`) == 0 })
}

// invitation is the path of the pending invitation of a person.
func (c *console) invitation(email string) string {
	c.t.Helper()
	invitation, err := c.DB.InvitationOfUser(c.t.Context(), c.user(email).ID)
	if err != nil {
		c.t.Fatalf("invitation of %s: %v", email, err)
	}
	return fmt.Sprintf("/settings/invitations/%d", invitation.ID)
}

var issuedLink = regexp.MustCompile(`value="[^"]*(/signup/[^"]+)"`)

// link is the path of the signup link that a page shows.
func (a *answer) link() string {
	a.t.Helper()
	found := issuedLink.FindStringSubmatch(a.wants(http.StatusOK).Body)
	if found == nil {
		a.t.Fatalf("no signup link in:\n%s", a.Body)
	}
	return found[1]
}

// to fails the test unless the answer leads to a path, and ignores the query there.
func (a *answer) to(path string) *answer {
	a.t.Helper()
	a.wants(http.StatusSeeOther)
	if to, _, _ := strings.Cut(a.Header.Get("Location"), "?"); to != path {
		a.t.Errorf("%s %s leads to %s, not to %s", a.Request.Method, a.Request.URL.Path, a.Header.Get("Location"), path)
	}
	return a
}

// inviteByLink makes a signup link and returns its path.
func (c *console) inviteByLink(by *browser, role, email string) string {
	c.t.Helper()
	return by.post("/settings/users/invite-link", "role", role, "duration", "1h", "email", email, "tenant_id", "1").link()
}

// accept posts the form behind a signup link with valid values.
func (b *browser) accept(path, email string) *answer {
	b.console.t.Helper()
	return b.post(path, "first_name", "Mem", "last_name", "Ber", "password", password(email))
}

// slack adds a Slack integration with the URL and returns its id.
func (c *console) slack(by *browser, url string) string {
	c.t.Helper()
	by.post("/settings/integrations/new?type=slack", "name", "Chat", "active", "1", "url", url).wants(http.StatusSeeOther)
	return c.cell(`SELECT max(id) FROM integrations`)
}

// trigger makes a trigger for every new user that tells the integrations.
func (c *console) trigger(by *browser, integrations ...string) {
	c.t.Helper()
	form := []string{"name", "Added user", "condition", "user_added", "role_operator", "eq", "enabled", "1"}
	for _, id := range integrations {
		form = append(form, "integration_ids", id)
	}
	by.post("/settings/triggers/new", form...).wants(http.StatusSeeOther)
}

// people puts people into the database, all Active Analysts without a password.
func (c *console) people(people ...store.User) {
	c.t.Helper()
	now := store.At(time.Now())
	err := c.DB.Update(c.t.Context(), func(tx *store.Tx) error {
		for i, p := range people {
			p.UUID, p.EmailKey, p.Role = fmt.Sprintf("person-%d", i), strings.ToLower(p.Email), "analyst"
			p.CreatedAt, p.JoinedAt, p.ActivatedAt = now, now, now
			if err := tx.InsertUser(context.Background(), &p); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		c.t.Fatal(err)
	}
}

var emailCell = regexp.MustCompile(`<td class="col-email"[^>]*>([^<]*)<`)

// emails are those in the rows of the user list, in order.
func (a *answer) emails() (list []string) {
	a.t.Helper()
	for _, found := range emailCell.FindAllStringSubmatch(a.wants(http.StatusOK).Body, -1) {
		list = append(list, found[1])
	}
	return list
}

// within waits up to a limit for a condition that another goroutine brings about.
func within(t *testing.T, limit time.Duration, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never happened: ", what)
		}
	}
}

// advance moves the clock step by step, and wakes the worker, until a condition holds.
func (c *console) advance(clock *fake.Clock, step time.Duration, what string, holds func() bool) {
	c.t.Helper()
	within(c.t, 15*time.Second, what, func() bool {
		if holds() {
			return true
		}
		clock.Advance(step)
		c.Worker.Wake()
		return false
	})
}
