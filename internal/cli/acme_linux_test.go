package cli

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"console/internal/fake"
)

func TestAnACMEHostIsTheHostOfTheBaseURL(t *testing.T) {
	t.Parallel()
	for base, words := range map[string]string{
		"":                                 "",
		"https://console.example.com/path": "",
		"https://CONSOLE.example.com:8443": "",
		"https://example.com":              "must be the host of --base-url",
		"http://localhost":                 "must be the host of --base-url",
	} {
		got, err := Serve{ACMEHost: "console.example.com", BaseURL: base}.baseURL()
		if words == "" && (err != nil || got.Hostname() != "console.example.com" || got.Scheme != "https") ||
			words != "" && (err == nil || !strings.Contains(err.Error(), words)) {
			t.Errorf("%q: %v, %v", base, got, err)
		}
	}
	both := Serve{ACMEHost: "console.example.com", TLSCert: "c", TLSKey: "k"}
	if _, err := both.baseURL(); err == nil || !strings.Contains(err.Error(), "one of them only") {
		t.Errorf("with both: %v", err)
	}
}

// TestACMEObtainsAndKeepsACertificate has pebble, the ACME server of Let's Encrypt for tests, give one. Building it takes a minute at first,
// the rest three seconds.
func TestACMEObtainsAndKeepsACertificate(t *testing.T) {
	if os.Getenv("SERVING") != "all" {
		t.Skip("make test-long runs this")
	}
	t.Parallel()
	const host = "console.example.com"
	passed, address := socket(t, "tcp", "127.0.0.1:0")
	authority := startPebble(t, address)
	data := filepath.Join(t.TempDir(), "data")
	log := new(written)
	start := func(directory string) *exec.Cmd {
		t.Helper()
		command := exec.Command("sh", "-c", `LISTEN_PID=$$ exec "$0" "$@"`, os.Args[0], "serve", "--data", data, "--acme-host", host,
			"--acme-directory", directory)
		command.Env = append(os.Environ(), asProgram+"=1", "LISTEN_FDS=1", "SSL_CERT_FILE="+authority.trust)
		command.ExtraFiles, command.Stderr = []*os.File{passed}, log
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { command.Process.Kill() })
		return command
	}
	first := start(authority.directory)
	serial := authority.certificateOf(t, address, host, log)
	if err := first.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := first.Wait(); err != nil {
		t.Errorf("%v\n%s", err, log)
	}
	err := filepath.WalkDir(filepath.Join(data, acmeDirectory), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if info, err := entry.Info(); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: others may read it: %v", path, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	start("https://localhost:1/gone") // what is kept needs no authority
	if again := authority.certificateOf(t, address, host, log); again != serial {
		t.Errorf("after a restart another certificate is served: %s, not %s", again, serial)
	}
}

// pebble is a certificate authority.
type pebble struct {
	directory string
	trust     string         // file of the certificate that it serves by itself
	roots     *x509.CertPool // of the certificates that it gives
}

// startPebble runs pebble, which finds every host at the address of the console.
func startPebble(t *testing.T, console string) pebble {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "pebble")
	build := exec.Command("go", "build", "-o", program, "github.com/letsencrypt/pebble/v2/cmd/pebble")
	build.Dir = "../../tools"
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	pair := fake.NewPair(t)
	write := func(name string, content []byte) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	trust := write("pebble.pem", pair.Certificate)
	_, port, err := net.SplitHostPort(console)
	if err != nil {
		t.Fatal(err)
	}
	answers, manages := freeAddress(t), freeAddress(t)
	config := write("config.json", fmt.Appendf(nil, `{"pebble": {"listenAddress": %q, "managementListenAddress": %q, "certificate": %q,
		"privateKey": %q, "httpPort": 1, "tlsPort": %s}}`, answers, manages, trust, write("pebble.key", pair.Key), port))
	log := new(written)
	command := exec.Command(program, "-config", config, "-dnsserver", namesAreHere(t))
	command.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0")
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
		if t.Failed() {
			t.Logf("pebble says\n%s", log)
		}
	})
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pair.Roots(), MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: time.Minute}
	var root []byte
	for deadline := time.Now().Add(time.Minute); root == nil; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("pebble does not answer")
		}
		answer, err := client.Get("https://" + manages + "/roots/0")
		if err != nil {
			continue
		}
		if root, err = io.ReadAll(answer.Body); err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(root) {
		t.Fatalf("pebble's root is %s", root)
	}
	return pebble{directory: "https://" + answers + "/dir", trust: trust, roots: roots}
}

// certificateOf waits until the console shows a certificate of the authority for a host, and returns its serial number.
func (p pebble) certificateOf(t *testing.T, console, host string, log fmt.Stringer) string {
	t.Helper()
	dialer := &tls.Dialer{NetDialer: &net.Dialer{Timeout: time.Minute},
		Config: &tls.Config{RootCAs: p.roots, ServerName: host, MinVersion: tls.VersionTLS12}}
	var last error
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		conn, err := dialer.DialContext(t.Context(), "tcp", console)
		if err != nil {
			last = err
			continue
		}
		defer conn.Close()
		return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	t.Fatalf("no certificate: %v\n%s", last, log)
	return ""
}

// namesAreHere is the address of a server of names that says of each that it is this machine. It is asked over TCP, as pebble does.
func namesAreHere(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go answerNames(conn)
		}
	}()
	return listener.Addr().String()
}

// answerNames answers what is asked on a connection, each message after its length (RFC 1035 §4.2.2), until something is wrong with it.
func answerNames(conn net.Conn) {
	defer conn.Close()
	var length uint16
	for binary.Read(conn, binary.BigEndian, &length) == nil {
		asked := make([]byte, length)
		if _, err := io.ReadFull(conn, asked); err != nil {
			return
		}
		var m dnsmessage.Message
		if m.Unpack(asked) != nil || len(m.Questions) != 1 {
			return
		}
		q := m.Questions[0]
		answer := dnsmessage.Message{Header: dnsmessage.Header{ID: m.ID, Response: true, Authoritative: true}, Questions: m.Questions}
		if q.Type == dnsmessage.TypeA {
			answer.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1},
				Body: &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}}}}
		}
		packed, err := answer.AppendPack([]byte{0, 0})
		if err != nil {
			return
		}
		binary.BigEndian.PutUint16(packed, uint16(len(packed)-2))
		if _, err := conn.Write(packed); err != nil {
			return
		}
	}
}
