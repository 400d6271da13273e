// Package e2e tests the whole program: started as main starts it, with a real mail server, a real HTTP receiver and
// a real browser.
package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"console/internal/cli"
	"console/internal/fake"
	"console/store"
)

// What the account of every test is made with.
const (
	company       = "TestCompany"
	cloud         = "EU"
	adminEmail    = "johndoe@example.com"
	adminPassword = "correct horse battery staple"
)

// console is a running console with the world around it.
type console struct {
	*cli.Server
	t        *testing.T
	Mail     *fake.MailServer
	Receiver *fake.Receiver
	Log      *logbook
	Data     string

	config    cli.Serve         // as it was started
	transport http.RoundTripper // what browsers reach it through; nil: directly
	beside    *sql.DB           // a connection of the test's own; nil until raw
}

// logbook is a log that tests can read while it is written.
type logbook struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// start serves a console on a free port with a mail server and a receiver on this machine. configure may be nil.
func start(t *testing.T, configure func(*cli.Serve)) *console {
	t.Helper()
	c := &console{t: t, Mail: fake.NewMailServer(t, fake.MailOptions{}), Receiver: fake.NewReceiver(t), Log: new(logbook), Data: t.TempDir()}
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	serve := cli.Serve{
		Installation: cli.Installation{Data: c.Data, Brand: "Wallarm", AllowedTargets: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
		Listener:     listener, BaseURL: fmt.Sprintf("http://localhost:%d", listener.Addr().(*net.TCPAddr).Port),
		SMTP: c.Mail.URL(), LogFormat: "json",
	}
	if configure != nil {
		configure(&serve)
	}
	c.serve(serve)
	return c
}

func (c *console) serve(serve cli.Serve) {
	c.t.Helper()
	server, err := serve.Start(c.t.Context(), c.Log)
	if err != nil {
		c.t.Fatal(err)
	}
	c.Server, c.config = server, serve
	c.t.Cleanup(func() { server.Close() })
}

// restart stops the console and serves it again at the same address with the same data.
func (c *console) restart() {
	c.t.Helper()
	if err := c.Close(); err != nil {
		c.t.Fatal(err)
	}
	listener, err := net.Listen("tcp", c.config.Listener.Addr().String())
	if err != nil {
		c.t.Fatal(err)
	}
	c.config.Listener = listener
	c.serve(c.config)
}

// database is the path of the console's database.
func (c *console) database() string { return filepath.Join(c.Data, "console.db") }

// setUp creates the account with John Doe as its Global Administrator.
func (c *console) setUp() {
	c.t.Helper()
	answer := c.browser().post("/setup", "code", c.SetupCode, "company", company, "cloud", cloud, "first_name", "John", "last_name", "Doe",
		"email", adminEmail, "password", adminPassword)
	answer.wants(http.StatusSeeOther)
}

// administrator returns a browser in which John Doe is signed in.
func (c *console) administrator() *browser {
	c.t.Helper()
	b := c.browser()
	b.signIn(adminEmail, adminPassword)
	return b
}

// browser is an HTTP client with cookies that reads forms as a browser without script does. It follows no redirects.
type browser struct {
	console *console
	http    *http.Client
	Header  http.Header // sent with every request
	form    string      // the token that forms carry, once known and as long as it holds
}

func (c *console) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		c.t.Fatal(err)
	}
	return &browser{console: c, Header: http.Header{}, http: &http.Client{
		Jar: jar, Timeout: 30 * time.Second, Transport: c.transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is a response, read to its end.
type answer struct {
	*http.Response
	t    *testing.T
	Body string
}

func (a *answer) wants(status int) *answer {
	a.t.Helper()
	if a.StatusCode != status {
		a.t.Fatalf("%s %s answered %d, not %d:\n%s", a.Request.Method, a.Request.URL.Path, a.StatusCode, status, a.Body)
	}
	return a
}

func (a *answer) contains(texts ...string) *answer {
	a.t.Helper()
	for _, text := range texts {
		if !strings.Contains(a.Body, text) {
			a.t.Errorf("%s %s: %q is missing in:\n%s", a.Request.Method, a.Request.URL.Path, text, a.Body)
		}
	}
	return a
}

func (a *answer) lacks(texts ...string) *answer {
	a.t.Helper()
	for _, text := range texts {
		if strings.Contains(a.Body, text) {
			a.t.Errorf("%s %s: %q stands in:\n%s", a.Request.Method, a.Request.URL.Path, text, a.Body)
		}
	}
	return a
}

func (b *browser) do(method, path string, body io.Reader, contentType string) *answer {
	b.console.t.Helper()
	base := b.console.URL.Path
	to, err := b.console.URL.Parse(base + strings.TrimPrefix(path, base))
	if err != nil {
		b.console.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(context.Background(), method, to.String(), body)
	if err != nil {
		b.console.t.Fatal(err)
	}
	for name, values := range b.Header {
		request.Header[name] = values
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	if host := b.Header.Get("Host"); host != "" {
		request.Host = host
	}
	response, err := b.http.Do(request)
	if err != nil {
		b.console.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		b.console.t.Fatal(err)
	}
	if len(response.Cookies()) > 0 || response.StatusCode == http.StatusForbidden || strings.Contains(response.Header.Get("Location"), "/signin") {
		b.form = "" // the session may have begun or ended
	}
	return &answer{response, b.console.t, string(text)}
}

func (b *browser) get(path string) *answer {
	b.console.t.Helper()
	return b.do(http.MethodGet, path, nil, "")
}

var csrfInput = regexp.MustCompile(`name="csrf_token" value="([^"]+)"`)

// token returns the CSRF token that forms of this browser carry now.
func (b *browser) token() string {
	b.console.t.Helper()
	if b.form != "" {
		return b.form
	}
	for _, page := range []string{"/settings/profile", "/signin", "/setup"} {
		if found := csrfInput.FindStringSubmatch(b.get(page).Body); found != nil {
			b.form = found[1]
			return b.form
		}
	}
	b.console.t.Fatal("no page with a form token")
	return ""
}

// post sends a form with these pairs of names and values, and a valid CSRF token.
func (b *browser) post(path string, pairs ...string) *answer {
	b.console.t.Helper()
	return b.postForm(path, append(pairs, "csrf_token", b.token())...)
}

// postForm sends a form exactly as given.
func (b *browser) postForm(path string, pairs ...string) *answer {
	b.console.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return b.do(http.MethodPost, path, strings.NewReader(form.Encode()), "application/x-www-form-urlencoded")
}

// signIn signs in and fails the test where that is refused.
func (b *browser) signIn(email, password string) {
	b.console.t.Helper()
	b.post("/signin", "email", email, "password", password).wants(http.StatusSeeOther)
}

// add adds a person with Add new user and returns the path of the signup link in their mail.
func (c *console) add(by *browser, role, first, last, email string) string {
	c.t.Helper()
	by.post("/settings/users/new", "role", role, "first_name", first, "last_name", last, "email", email, "tenant_id", "1").wants(http.StatusSeeOther)
	return c.signupPath(email)
}

// signupPath waits for the invitation mail to email and returns the path of its link.
func (c *console) signupPath(email string) string {
	c.t.Helper()
	link, err := url.Parse(c.Mail.WaitFor(c.t, email).Link(c.t, c.URL.Path+"/signup/"))
	if err != nil {
		c.t.Fatal(err)
	}
	return link.Path
}

// member adds a person, signs them up, and returns their browser.
func (c *console) member(by *browser, role, email string) *browser {
	c.t.Helper()
	path := c.add(by, role, "Mem", "Ber", email)
	b := c.browser()
	b.post(path, "first_name", "Mem", "last_name", "Ber", "password", password(email)).wants(http.StatusSeeOther)
	return b
}

// password is the password of a member.
func password(email string) string { return "a long password of " + email }

// user returns the row of a person.
func (c *console) user(email string) store.User {
	c.t.Helper()
	user, err := c.DB.UserByEmailKey(c.t.Context(), email)
	if err != nil {
		c.t.Fatalf("%s: %v", email, err)
	}
	return user
}

// entries counts the activity entries with an action and an outcome.
func (c *console) entries(action, outcome string) int {
	c.t.Helper()
	all, err := c.DB.Entries(c.t.Context(), 1000)
	if err != nil {
		c.t.Fatal(err)
	}
	n := 0
	for _, e := range all {
		if e.Action == action && e.Outcome == outcome {
			n++
		}
	}
	return n
}

// eventually waits up to ten seconds for a condition that another goroutine brings about.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatal(fmt.Sprint("never happened: ", what))
}

// escapeSlack escapes as Slack requires.
func escapeSlack(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}
