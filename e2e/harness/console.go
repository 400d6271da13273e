// Package harness starts the whole program as main starts it, with a real mail server and a real HTTP receiver around it, and is
// what several packages of tests use: browsers without script, what they are answered, people and groups to begin with, and
// looks into the database.
package harness

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"console/internal/cli"
	"console/internal/fake"
	"console/store/storetest"
)

// What the account of every test is made with.
const (
	Company       = "TestCompany"
	Cloud         = "EU"
	AdminEmail    = "johndoe@example.com"
	AdminPassword = "correct horse battery staple"
)

// Console is a running console with the world around it.
type Console struct {
	*cli.Server
	T        *testing.T // which fails where something goes wrong
	Mail     *fake.MailServer
	Receiver *fake.Receiver
	Log      *Logbook
	Data     string // the directory of the database and the key

	Config    cli.Serve         // as it was started
	Transport http.RoundTripper // what browsers reach it through; nil: directly
	beside    *sql.DB           // a connection of the test's own; nil until Raw
	held      *os.File          // the socket of a console that was stopped; else nil
}

// onBoth are the names of tests that OnBoth has marked.
var onBoth sync.Map

// OnBoth marks a test as the one of its section that runs on PostgreSQL each time; the others of e2e run there where all do, without
// -short. It comes before Start.
func OnBoth(t *testing.T) {
	t.Helper()
	onBoth.Store(t.Name(), true)
}

// SkipUnmarked skips a test that is not for PostgreSQL each time. Start, Ready and Build do so by themselves.
func SkipUnmarked(t *testing.T) {
	t.Helper()
	name, _, _ := strings.Cut(t.Name(), "/")
	if _, marked := onBoth.Load(name); storetest.OnPostgres() && testing.Short() && !marked {
		t.Skip("runs on PostgreSQL where all tests do")
	}
}

// Start serves a console on a free port with a mail server and a receiver on this machine. configure may be nil.
func Start(t *testing.T, configure func(*cli.Serve)) *Console {
	t.Helper()
	SkipUnmarked(t)
	c := &Console{T: t, Mail: fake.NewMailServer(t, fake.MailOptions{}), Receiver: fake.NewReceiver(t), Log: new(Logbook), Data: t.TempDir()}
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
	if serve.Database == "" && storetest.OnPostgres() {
		serve.Database = storetest.Place(t)
	}
	c.serve(serve)
	return c
}

func (c *Console) serve(serve cli.Serve) {
	c.T.Helper()
	server, err := serve.Start(c.T.Context(), c.Log)
	if err != nil {
		c.T.Fatal(err)
	}
	c.Server, c.Config = server, serve
	c.T.Cleanup(func() { server.Close() })
}

// Stop stops the console. Its port is kept for Restart: it might be given to another test.
func (c *Console) Stop() {
	c.T.Helper()
	held, err := c.Config.Listener.(*net.TCPListener).File()
	if err == nil {
		c.held = held
		err = c.Close()
	}
	if err != nil {
		c.T.Fatal(err)
	}
}

// Restart stops the console, if it has not been stopped, and serves it again at the same address with the same data.
func (c *Console) Restart() {
	c.T.Helper()
	if c.held == nil {
		c.Stop()
	}
	listener, err := net.FileListener(c.held)
	if err := errors.Join(err, c.held.Close()); err != nil {
		c.T.Fatal(err)
	}
	c.held = nil
	c.Config.Listener = listener
	c.serve(c.Config)
}

// Database is where the console's database lies.
func (c *Console) Database() string {
	return cmp.Or(c.Config.Database, filepath.Join(c.Data, "console.db"))
}

// SetUp creates the account with John Doe as its Global Administrator.
func (c *Console) SetUp() {
	c.T.Helper()
	answer := c.Browser().Post("/setup", "code", c.SetupCode, "company", Company, "cloud", Cloud, "first_name", "John", "last_name", "Doe",
		"email", AdminEmail, "password", AdminPassword)
	answer.Wants(http.StatusSeeOther)
}

// now is the time of the console.
func (c *Console) now() time.Time {
	if c.Config.Now != nil {
		return c.Config.Now()
	}
	return time.Now()
}

// installation is the database and the key of an account with John Doe as its Global Administrator. Where tests run on PostgreSQL the
// database is not among the files.
var installation = sync.OnceValues(func() (files map[string][]byte, err error) {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	arguments := []string{"setup", "--data", dir, "--company", Company, "--cloud", Cloud, "--first-name", "John", "--last-name", "Doe",
		"--email", AdminEmail, "--password-stdin"}
	files = map[string][]byte{"console.key": nil}
	if storetest.OnPostgres() {
		err = storetest.Fill(filling, func(place string) error { return runOnce(append(arguments, "--database", place)) })
	} else {
		files["console.db"] = nil
		err = runOnce(arguments)
	}
	if err != nil {
		return nil, err
	}
	for name := range files {
		if files[name], err = os.ReadFile(filepath.Join(dir, name)); err != nil {
			return nil, err
		}
	}
	return files, nil
})

// filling is what databases of PostgreSQL that installation has filled are called.
const filling = "set_up"

// runOnce runs a command of the program that ends by itself.
func runOnce(arguments []string) error {
	var problems strings.Builder
	if cli.Run(context.Background(), arguments, strings.NewReader(AdminPassword+"\n"), io.Discard, &problems) != 0 {
		return errors.New(problems.String())
	}
	return nil
}

// Ready is Start and SetUp, in less time. configure may be nil.
func Ready(t *testing.T, configure func(*cli.Serve)) *Console {
	t.Helper()
	SkipUnmarked(t)
	files, err := installation()
	if err != nil {
		t.Fatal(err)
	}
	return Start(t, func(s *cli.Serve) {
		for name, content := range files {
			if err := os.WriteFile(filepath.Join(s.Data, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if storetest.OnPostgres() {
			s.Database = storetest.Filled(t, filling)
		}
		if configure != nil {
			configure(s)
		}
	})
}

// StartAt is Ready with a clock that stands still, after the set-up, until the test moves it.
func StartAt(t *testing.T) (*Console, *fake.Clock) {
	t.Helper()
	SkipUnmarked(t)
	if _, err := installation(); err != nil {
		t.Fatal(err)
	}
	clock := fake.NewClock(time.Now().Truncate(time.Second).Add(time.Second))
	return Ready(t, func(s *cli.Serve) { s.Now = clock.Now }), clock
}

// BehindProxy makes this machine a trusted proxy, so that a test chooses the address it comes from.
func BehindProxy(s *cli.Serve) {
	s.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
}

// SignedIn is Ready with a browser of John Doe. Browsers made by Browse have a session row and need no password: that
// costs no hashing.
func SignedIn(t *testing.T, configure func(*cli.Serve)) (*Console, *Browser) {
	t.Helper()
	c := Ready(t, configure)
	return c, c.Browse(c.User(AdminEmail))
}
