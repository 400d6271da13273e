package harness

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"console/internal/cli"
	"console/store"
)

// Build makes the program as it is shipped: without the race detector, so that its speed is the real one. options are those of go build.
func Build(t *testing.T, options ...string) (program string) {
	t.Helper()
	SkipUnmarked(t)
	program = filepath.Join(t.TempDir(), "console")
	command := exec.Command("go", slices.Concat([]string{"build", "-buildvcs=false"}, options, []string{"-o", program, "console"})...)
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return program
}

// Process is a console that runs as a process of its own, so that it can be killed.
type Process struct {
	*Browser
	Output  *Logbook // standard output; standard error is the log of its Console
	command *exec.Cmd
}

var listening = regexp.MustCompile(`listen=(\S+)`)

// Launch serves the data of a console by the program itself, with more arguments, and returns a browser of the session with this token.
func Launch(t *testing.T, program, data, token string, more ...string) *Process {
	t.Helper()
	log, output := new(Logbook), new(Logbook)
	command := exec.Command(program, append([]string{"serve", "--data", data, "--listen", "localhost:0"}, more...)...)
	command.Stderr, command.Stdout = log, output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	p := &Process{command: command, Output: output}
	t.Cleanup(p.Kill)
	var found []string
	Eventually(t, "the program serves", func() bool {
		found = listening.FindStringSubmatch(log.String())
		return found != nil
	})
	site := &url.URL{Scheme: "http", Host: found[1], Path: "/"}
	c := &Console{T: t, Server: &cli.Server{URL: site}, Data: data, Log: log}
	p.Browser = c.Browser()
	p.HTTP.Jar = cookiesOf(t, site, token)
	return p
}

// Signal sends the process a signal.
func (p *Process) Signal(signal os.Signal) {
	p.Console.T.Helper()
	if err := p.command.Process.Signal(signal); err != nil {
		p.Console.T.Fatal(err)
	}
}

// Stop ends the process as an operator does, and waits for its end.
func (p *Process) Stop() {
	p.Console.T.Helper()
	p.Signal(syscall.SIGTERM)
	if err := p.command.Wait(); err != nil {
		p.Console.T.Errorf("the console did not end well: %v\n%s", err, p.Console.Log)
	}
}

// Kill ends the process at once, as a crash does.
func (p *Process) Kill() {
	p.command.Process.Kill()
	p.command.Wait()
}

// Stored is the data of an account with these people, which nobody serves. John has a session with this token.
func Stored(t *testing.T, token string, people []store.User) (data string) {
	t.Helper()
	c := Ready(t, nil)
	c.Insert(people...)
	c.Update(func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertSession(ctx, sessionOf(c.User(AdminEmail), token, time.Now()))
	})
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	return c.Data
}

// Reopen opens the database of an installation beside the program that serves it.
func Reopen(t *testing.T, data string) *Console {
	t.Helper()
	c := &Console{T: t, Data: data}
	db, err := store.Open(t.Context(), c.Database())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	c.Server = &cli.Server{DB: db}
	return c
}

// Memory is the most memory that the process has had so far, in MB (proc(5)), the parts of the database included that it has mapped.
func (p *Process) Memory() int {
	p.Console.T.Helper()
	return p.status("VmHWM:")
}

// Anonymous is the memory that the process has of its own, in MB (proc(5)): parts of files that it has mapped are not in it.
func (p *Process) Anonymous() int {
	p.Console.T.Helper()
	return p.status("RssAnon:")
}

func (p *Process) status(line string) int {
	p.Console.T.Helper()
	_, rest, _ := strings.Cut(p.proc("status"), line)
	kilobytes, err := strconv.Atoi(strings.Fields(rest + " ?")[0])
	if err != nil {
		p.Console.T.Fatal(err)
	}
	return kilobytes >> 10
}

// Processor is the time that the process has used so far (proc(5), hundredths of a second).
func (p *Process) Processor() time.Duration {
	p.Console.T.Helper()
	_, rest, _ := strings.Cut(p.proc("stat"), ") ")
	var hundredths int
	for _, field := range strings.Fields(rest)[11:13] {
		n, err := strconv.Atoi(field)
		if err != nil {
			p.Console.T.Fatal(err)
		}
		hundredths += n
	}
	return time.Duration(hundredths) * 10 * time.Millisecond
}

// proc is what the system says of the process.
func (p *Process) proc(file string) string {
	p.Console.T.Helper()
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.command.Process.Pid), file))
	if err != nil {
		p.Console.T.Fatal(err)
	}
	return string(text)
}
