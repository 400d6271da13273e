package cli

import (
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// service is a console that is started as systemd starts it.
type service struct {
	t       *testing.T
	command *exec.Cmd
	log     *written      // complete after ends and stop: what it tells systemd overtakes what it logs
	told    *net.UnixConn // what it tells systemd
}

// startService runs console serve, and passes it sockets.
func startService(t *testing.T, pid string, sockets ...*os.File) *service {
	t.Helper()
	dir, err := os.MkdirTemp("", "n") // names of sockets are short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	told, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { told.Close() })
	s := &service{t: t, log: new(written), told: told}
	s.command = exec.Command("sh", "-c", "LISTEN_PID="+pid+` exec "$0" "$@"`, os.Args[0], "serve", "--data", t.TempDir(),
		"--listen", "localhost:0")
	s.command.Env = append(os.Environ(), asProgram+"=1", "LISTEN_FDS="+strconv.Itoa(len(sockets)), "NOTIFY_SOCKET="+told.LocalAddr().String())
	s.command.ExtraFiles, s.command.Stderr = sockets, s.log
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.command.Process.Kill() })
	return s
}

// tells fails the test unless this is what the service tells next.
func (s *service) tells(want string) {
	s.t.Helper()
	if err := s.told.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		s.t.Fatal(err)
	}
	text := make([]byte, 100)
	if n, err := s.told.Read(text); err != nil || string(text[:n]) != want {
		s.t.Fatalf("it tells %q instead of %q: %v\n%s", text[:n], want, err, s.log)
	}
}

// ends fails the test unless the service ends with this status.
func (s *service) ends(status int) {
	s.t.Helper()
	_ = s.command.Wait() // the status says it
	if got := s.command.ProcessState.ExitCode(); got != status {
		s.t.Errorf("the status is %d:\n%s", got, s.log)
	}
}

// stop ends it as systemd does.
func (s *service) stop() {
	s.t.Helper()
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	s.tells("STOPPING=1")
	s.ends(0)
}

// socket is one that systemd would open, and its address.
func socket(t *testing.T, network, address string) (*os.File, string) {
	t.Helper()
	listener, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if unix, is := listener.(*net.UnixListener); is {
		unix.SetUnlinkOnClose(false)
	}
	file, err := listener.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file, listener.Addr().String()
}

// own is the number of the process that the variable is set for.
const own = "$$"

// TestServesTheSocketThatSystemdPasses restarts the console while people connect. It takes a second.
func TestServesTheSocketThatSystemdPasses(t *testing.T) {
	t.Parallel()
	passed, address := socket(t, "tcp", "127.0.0.1:0")
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: time.Minute}
	for range 2 {
		answered := make(chan string)
		go func() { // connects before the console is there
			answer, err := client.Get("http://" + address + "/healthz")
			if err != nil {
				answered <- err.Error()
				return
			}
			defer answer.Body.Close()
			text, _ := io.ReadAll(answer.Body)
			answered <- string(text)
		}()
		s := startService(t, own, passed)
		s.tells("READY=1")
		if text := <-answered; strings.TrimSpace(text) != "ok" {
			t.Errorf("the answer is %q", text)
		}
		s.stop()
		if !strings.Contains(s.log.String(), "base_url=http://"+address) {
			t.Errorf("the log is\n%s", s.log)
		}
	}
}

// TestRefusesSocketsThatItCannotServe takes a second.
func TestRefusesSocketsThatItCannotServe(t *testing.T) {
	t.Parallel()
	tcp, address := socket(t, "tcp", "127.0.0.1:0")
	unix, _ := socket(t, "unix", filepath.Join(t.TempDir(), "s"))
	two := startService(t, own, tcp, tcp)
	two.ends(1)
	local := startService(t, own, unix)
	local.ends(1)
	if !strings.Contains(two.log.String(), "passes 2 sockets") || !strings.Contains(local.log.String(), "answers on TCP") {
		t.Errorf("it says\n%s%s", two.log, local.log)
	}
	others := startService(t, "1", tcp) // the variables are meant for another process
	others.tells("READY=1")
	others.stop()
	if strings.Contains(others.log.String(), address) {
		t.Errorf("it serves what was passed to another process:\n%s", others.log)
	}
}

// TestTheServiceUnitIsASandbox takes a moment.
func TestTheServiceUnitIsASandbox(t *testing.T) {
	t.Parallel()
	const folder = "../../docs/systemd/"
	analyze := func(arguments ...string) {
		t.Helper()
		if said, err := exec.Command("systemd-analyze", arguments...).CombinedOutput(); err != nil {
			t.Errorf("systemd-analyze %v: %v (make tools installs it)\n%s", arguments, err, said)
		}
	}
	analyze("security", "--offline=yes", "--threshold=20", folder+"console.service") // tenths: 2.0
	unit, err := os.ReadFile(folder + "console.service")
	if err != nil {
		t.Fatal(err)
	}
	const program = "/usr/local/bin/console"
	if strings.Count(string(unit), program) != 1 {
		t.Fatal("the unit does not run " + program)
	}
	there := filepath.Join(t.TempDir(), "console.service") // verify wants a program that is there
	if err := os.WriteFile(there, []byte(strings.Replace(string(unit), program, "/bin/true", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	analyze("verify", there)
}
