package cli

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"console/store"
	"console/store/storetest"
)

// asProgram is a variable with which the binary of the tests is the program.
const asProgram = "CONSOLE_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(storetest.Main(m))
}

// program is a process of the program with arguments, which has not begun. Its variables are those of the tests and more.
func program(t *testing.T, arguments, more []string) *exec.Cmd {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0], arguments...)
	command.Env = append(append(os.Environ(), asProgram+"=1"), more...)
	return command
}

// command runs the program and returns its exit status and what it wrote.
func command(t *testing.T, arguments ...string) (status int, out, problems string) {
	t.Helper()
	var o, p bytes.Buffer
	status = Run(t.Context(), arguments, strings.NewReader(""), &o, &p)
	return status, o.String(), p.String()
}

// A company of all kinds of people is served from PostgreSQL after the move, with its key and its whole activity log.
func TestMigrateDatabase(t *testing.T) {
	t.Parallel()
	if !storetest.OnPostgres() {
		t.Skip("it moves to PostgreSQL")
	}
	dir, place := installed(t), storetest.Bare(t, "")
	if status, _, problems := command(t, "seed", "--data", dir, "--users", "500"); status != 0 {
		t.Fatal(problems)
	}
	database := []string{"--data", dir, "--database", place}
	_, before, problems := command(t, "audit", "verify", "--data", dir)
	if !strings.HasPrefix(before, "whole: ") {
		t.Fatalf("%s%s", before, problems)
	}
	status, out, progress := command(t, "migrate-database", "--data", dir, "--to", place)
	if status != 0 {
		t.Fatal(progress)
	}
	for _, told := range []string{"copied users: 501 rows\n", "compared users: 501 rows\n", "copied sealed_constant: 1 rows\n"} {
		if !strings.Contains(progress, told) {
			t.Errorf("the progress lacks %q:\n%s", told, progress)
		}
	}
	if !regexp.MustCompile(`(?s)^All \d+ rows of \d+ tables are in .*Start the console with that URL as --database.*`).MatchString(out) {
		t.Errorf("it says %s", out)
	}
	if _, after, problems := command(t, append([]string{"audit", "verify"}, database...)...); after != before {
		t.Errorf("the activity log was %s, and is %s%s", before, after, problems)
	}
	if status, _, problems := command(t, "migrate-database", "--data", dir, "--to", place); status != 1 || !strings.Contains(problems, "is not empty") {
		t.Errorf("a second time: %d, %s", status, problems)
	}
	serve := Serve{Installation: Installation{Data: dir, Database: place}}
	server := serving(t, serve)
	status, _, problems = command(t, append([]string{"token", "create", "--email", "johndoe@example.com", "--name", "Token"}, database...)...)
	if status != 0 {
		t.Errorf("no token can be made: %s", problems)
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if _, after, problems := command(t, append([]string{"audit", "verify"}, database...)...); !strings.HasPrefix(after, "whole: ") || after == before {
		t.Errorf("after an entry more the activity log is %s%s", after, problems)
	}
}

// serving begins to serve.
func serving(t *testing.T, s Serve) *Server {
	t.Helper()
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Listener, s.Listen, s.LogFormat, s.BaseURL = listener, listener.Addr().String(), "text", "http://"+listener.Addr().String()
	server, err := s.Start(t.Context(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return server
}

func TestMigrateDatabaseRefuses(t *testing.T) {
	t.Parallel()
	nowhere := (&url.URL{Scheme: "postgres", Host: "127.0.0.1:1", Path: "console", User: url.UserPassword("console", "s3cret")}).String()
	dir, keyless, mixed := installed(t), installed(t), installed(t)
	if err := errors.Join(os.Remove(filepath.Join(keyless, "console.key")), os.Remove(filepath.Join(mixed, "console.key")),
		os.Link(otherKey(t), filepath.Join(mixed, "console.key"))); err != nil {
		t.Fatal(err)
	}
	served := installed(t)
	server := serving(t, Serve{Installation: Installation{Data: served}})
	empty := t.TempDir()
	for _, c := range []struct{ words, data, to string }{
		{"--to: the URL of a PostgreSQL database is needed", dir, filepath.Join(t.TempDir(), "other.db")},
		{"there is no database", empty, nowhere},
		{"is missing; put it back", keyless, nowhere},
		{"the key is not that of the database", mixed, nowhere},
		{store.ErrInUse.Error(), served, nowhere},
		{"open database", dir, nowhere},
	} {
		status, out, problems := command(t, "migrate-database", "--data", c.data, "--to", c.to)
		if status != 1 || out != "" || !strings.Contains(problems, c.words) || strings.Contains(problems, "s3cret") {
			t.Errorf("want %s: %d, %s%s", c.words, status, out, problems)
		}
	}
	if left := files(t, empty); len(left) > 0 {
		t.Errorf("made: %v", left)
	}
	if status, _, problems := command(t, "migrate-database", "--data", dir, "--database", nowhere, "--to", nowhere); status != 1 ||
		!strings.Contains(problems, "use pg_dump") {
		t.Errorf("from PostgreSQL: %d, %s", status, problems)
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if _, _, problems := command(t, "migrate-database", "--data", served, "--to", nowhere); strings.Contains(problems, store.ErrInUse.Error()) {
		t.Errorf("after the console was stopped: %s", problems)
	}
}
