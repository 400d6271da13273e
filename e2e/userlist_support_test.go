package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"console/internal/auth"
	"console/internal/cli"
	"console/internal/permission"
	"console/store"
)

// signedIn is ready with a browser of John Doe. Browsers made by browse have a session row and need no password: that
// costs no hashing.
func signedIn(t *testing.T, configure func(*cli.Serve)) (*console, *browser) {
	t.Helper()
	c := ready(t, configure)
	return c, c.browse(c.user(adminEmail))
}

// update changes the database directly.
func (c *console) update(change func(context.Context, *store.Tx) error) {
	c.t.Helper()
	ctx := c.t.Context()
	if err := c.DB.Update(ctx, func(tx *store.Tx) error { return change(ctx, tx) }); err != nil {
		c.t.Fatal(err)
	}
}

// active is a person who has joined and could sign in, not yet stored.
func active(role permission.Role, first, last, email string) store.User {
	now := store.At(time.Now())
	return store.User{UUID: uuid.NewString(), Email: email, EmailKey: email, FirstName: first, LastName: last, Role: role,
		PasswordHash: "none", CreatedAt: now, JoinedAt: now, ActivatedAt: now}
}

// person stores an active person, in the automatic group of their role in the main tenant.
func (c *console) person(role permission.Role, first, last, email string) store.User {
	c.t.Helper()
	return c.insert(active(role, first, last, email))[0]
}

// insert stores people in one transaction, each in the automatic group of their role in the main tenant.
func (c *console) insert(users ...store.User) []store.User {
	c.t.Helper()
	c.update(func(ctx context.Context, tx *store.Tx) error {
		groups := map[permission.Role]int64{}
		for i := range users {
			if err := tx.InsertUser(ctx, &users[i]); err != nil {
				return err
			}
			role := users[i].Role
			if role == permission.GlobalAdmin {
				continue
			}
			if groups[role] == 0 {
				var err error
				if groups[role], err = automaticGroup(ctx, tx, role); err != nil {
					return err
				}
			}
			if _, err := tx.AddMember(ctx, groups[role], users[i].ID); err != nil {
				return err
			}
		}
		return nil
	})
	return users
}

// automaticGroup is the id of the automatic group of a role in the main tenant.
func automaticGroup(ctx context.Context, tx *store.Tx, role permission.Role) (int64, error) {
	tenants := []int64{1}
	if role.Global() {
		tenants = nil
	}
	group, err := tx.AutomaticGroup(ctx, role, int64(len(tenants)))
	if errors.Is(err, store.ErrNotFound) {
		group = store.Group{Name: role.GroupName(), Role: role, Automatic: true, AllTenants: role.Global()}
		err = tx.InsertGroup(ctx, &group, tenants...)
	}
	return group.ID, err
}

// crowd is n active people with the role Read Only, named by their number.
func crowd(n int, first string) []store.User {
	users := make([]store.User, n)
	for i := range users {
		users[i] = active(permission.ReadOnly, first, fmt.Sprintf("Number%05d", i), fmt.Sprintf("%s%05d@example.com", strings.ToLower(first), i))
	}
	return users
}

// browse returns a browser in which the person is signed in.
func (c *console) browse(user store.User) *browser {
	c.t.Helper()
	return c.browseAt(user, time.Now())
}

func (c *console) browseAt(user store.User, now time.Time) *browser {
	c.t.Helper()
	c.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertSession(ctx, sessionOf(user, user.Email+"/"+strconv.FormatInt(now.UnixNano(), 10), now))
	})
	b := c.browser()
	b.http.Jar = cookiesOf(c.t, c.URL, user.Email+"/"+strconv.FormatInt(now.UnixNano(), 10))
	return b
}

// sessionOf is a session of the person that begins now; its token is known.
func sessionOf(user store.User, token string, now time.Time) *store.Session {
	return &store.Session{TokenHash: auth.HashToken(token), UserID: user.ID, FormKey: []byte(token), Data: []byte{}, Address: "127.0.0.1",
		UserAgent: "test", CreatedAt: store.At(now), LastSeenAt: store.At(now)}
}

func cookiesOf(t *testing.T, site *url.URL, token string) http.CookieJar {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	jar.SetCookies(site, []*http.Cookie{{Name: "console", Value: token, Path: "/"}})
	return jar
}

// sessions counts the session rows of a person.
func (c *console) sessions(user store.User) int {
	c.t.Helper()
	return c.count("SELECT count(*) FROM sessions WHERE user_id = ?", user.ID)
}

func (c *console) userByID(id int64) store.User {
	c.t.Helper()
	user, err := c.DB.UserByID(c.t.Context(), id)
	if err != nil {
		c.t.Fatal(err)
	}
	return user
}

// groupsOf returns the names of the groups of a person.
func (c *console) groupsOf(email string) []string {
	c.t.Helper()
	id := c.user(email).ID
	names, err := c.DB.GroupNames(c.t.Context(), []int64{id})
	if err != nil {
		c.t.Fatal(err)
	}
	return names[id]
}

var (
	rowID      = regexp.MustCompile(`<input type="checkbox" name="ids"[^>]*value="(\d+)"`)
	fieldValue = regexp.MustCompile(`name="version" value="(\d+)"`)
)

// ids are the people that a page of the list shows, in order.
func (a *answer) ids() []int64 {
	a.t.Helper()
	var ids []int64
	for _, found := range rowID.FindAllStringSubmatch(a.Body, -1) {
		id, err := strconv.ParseInt(found[1], 10, 64)
		if err != nil {
			a.t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

// leads is where the link with this id leads, or "".
func (a *answer) leads(id string) string {
	found := regexp.MustCompile(`<a id="` + id + `" href="([^"]+)"`).FindStringSubmatch(a.Body)
	if found == nil {
		return ""
	}
	return html.UnescapeString(found[1])
}

// version is the version that the form on the page carries.
func (a *answer) version() string {
	a.t.Helper()
	found := fieldValue.FindStringSubmatch(a.Body)
	if found == nil {
		a.t.Fatalf("no version in:\n%s", a.Body)
	}
	return found[1]
}

// counts are the numbers on the tabs, as they are written.
func (a *answer) counts() string {
	var counts []string
	for _, tab := range []string{"All", "Active", "Invited", "Disabled"} {
		found := regexp.MustCompile(`>\s*` + tab + ` (\d+\+?)\s*</a>`).FindStringSubmatch(a.Body)
		if found == nil {
			a.t.Fatalf("no tab %s in:\n%s", tab, a.Body)
		}
		counts = append(counts, found[1])
	}
	return strings.Join(counts, " ")
}

func (c *console) wantsCounts(by *browser, want string) {
	c.t.Helper()
	if got := by.get("/settings/users").wants(http.StatusOK).counts(); got != want {
		c.t.Errorf("the tabs (All, Active, Invited, Disabled) say %s, not %s", got, want)
	}
}

// upload posts a file as a browser does, with these pairs of names and values.
func (b *browser) upload(path string, file []byte, pairs ...string) *answer {
	b.console.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	pairs = append(pairs, "csrf_token", b.token())
	for i := 0; i+1 < len(pairs); i += 2 {
		form.WriteField(pairs[i], pairs[i+1])
	}
	part, err := form.CreateFormFile("file", "people.csv")
	if err != nil {
		b.console.t.Fatal(err)
	}
	part.Write(file)
	form.Close()
	return b.do(http.MethodPost, path, &body, form.FormDataContentType())
}

// bulk confirms a bulk action and returns its job, which has ended.
func (c *console) bulk(by *browser, pairs ...string) store.Job {
	c.t.Helper()
	return c.endedJob(by.post("/settings/users/bulk", pairs...))
}

// endedJob waits for the end of the job that a form has started.
func (c *console) endedJob(started *answer) store.Job {
	c.t.Helper()
	location := started.wants(http.StatusSeeOther).Header.Get("Location")
	id, err := strconv.ParseInt(strings.TrimPrefix(location, "/settings/jobs/"), 10, 64)
	if err != nil {
		c.t.Fatalf("the form leads to %s", location)
	}
	return c.waitForJob(id, 60*time.Second)
}

func (c *console) waitForJob(id int64, patience time.Duration) store.Job {
	c.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		job, err := c.DB.JobByID(c.t.Context(), id)
		if err != nil {
			c.t.Fatal(err)
		}
		if !job.Running() {
			return job
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("job %d is still running: %+v", id, job)
		}
	}
}

// outcomes returns all outcomes of a job.
func (c *console) outcomes(job store.Job) []store.Outcome {
	c.t.Helper()
	all, err := c.DB.Outcomes(c.t.Context(), job.ID, -1, job.Total+1)
	if err != nil {
		c.t.Fatal(err)
	}
	return all
}

// idPairs are the fields that tick people in the list.
func idPairs(users ...store.User) []string {
	var pairs []string
	for _, u := range users {
		pairs = append(pairs, "ids", strconv.FormatInt(u.ID, 10))
	}
	return pairs
}

func userPath(user store.User, action string) string {
	return fmt.Sprintf("/settings/users/%d/%s", user.ID, action)
}

// slackTrigger makes a trigger on added people that tells the receiver; roles may be empty.
func (c *console) slackTrigger(by *browser, name string, roles ...string) {
	c.t.Helper()
	by.post("/settings/integrations/new?type=slack", "name", name, "active", "1", "url", c.Receiver.URL+"/services/"+url.PathEscape(name)).wants(http.StatusSeeOther)
	integration := c.count("SELECT max(id) FROM integrations")
	pairs := []string{"name", name, "condition", "user_added", "integration_ids", strconv.Itoa(integration), "enabled", "1"}
	if len(roles) > 0 {
		pairs = append(pairs, "role_operator", "eq")
	}
	for _, role := range roles {
		pairs = append(pairs, "roles", role)
	}
	by.post("/settings/triggers/new", pairs...).wants(http.StatusSeeOther)
}

// queued counts the messages that a trigger has queued so far, sent or not.
func (c *console) queued(trigger string) int {
	c.t.Helper()
	return c.count("SELECT count(*) FROM deliveries d JOIN triggers t ON t.id = d.trigger_id WHERE t.name = ?", trigger)
}

// lateForm sends a form of which the server gets to see nothing until it has loaded the session and before has returned.
func (b *browser) lateForm(method, path, contentType, form string, before func()) *answer {
	t := b.console.t
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, b.console.URL.String()+path, &lateBody{Reader: strings.NewReader(form), before: before})
	if err != nil {
		t.Fatal(err)
	}
	request.ContentLength = int64(len(form)) // of an unknown length, the client would look at the body before it sends anything
	request.Header = http.Header{"Content-Type": {contentType}, "Expect": {"100-continue"}}
	client := *b.http
	client.Transport = &http.Transport{ExpectContinueTimeout: time.Minute, DisableKeepAlives: true}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return &answer{response, t, string(body)}
}

// build makes the program as it is shipped: without the race detector, so that its speed is the real one.
func build(t *testing.T) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "console")
	command := exec.Command("go", "build", "-buildvcs=false", "-o", program, "..")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return program
}

// process is a console that runs as a process of its own, so that it can be killed.
type process struct {
	*browser
	command *exec.Cmd
}

var listening = regexp.MustCompile(`listen=(\S+)`)

// launch serves the data of a console by the program itself, and returns a browser of the session with this token.
func launch(t *testing.T, program, data, token string) *process {
	t.Helper()
	log := new(logbook)
	command := exec.Command(program, "serve", "--data", data, "--listen", "localhost:0")
	command.Stderr = log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{command: command}
	t.Cleanup(p.kill)
	var found []string
	eventually(t, "the program serves", func() bool {
		found = listening.FindStringSubmatch(log.String())
		return found != nil
	})
	site := &url.URL{Scheme: "http", Host: found[1], Path: "/"}
	c := &console{t: t, Server: &cli.Server{URL: site}, Data: data, Log: log}
	p.browser = c.browser()
	p.http.Jar = cookiesOf(t, site, token)
	return p
}

// kill ends the process at once, as a crash does.
func (p *process) kill() {
	p.command.Process.Kill()
	p.command.Wait()
}

// stored is the data of an account with these people, which nobody serves. John has a session with this token.
func stored(t *testing.T, token string, people []store.User) (data string) {
	t.Helper()
	c := ready(t, nil)
	c.insert(people...)
	c.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertSession(ctx, sessionOf(c.user(adminEmail), token, time.Now()))
	})
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	return c.Data
}

// reopen opens the database of an installation beside the program that serves it.
func reopen(t *testing.T, data string) *console {
	t.Helper()
	c := &console{t: t, Data: data}
	db, err := store.Open(t.Context(), c.database())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	c.Server = &cli.Server{DB: db}
	return c
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}
