package cli

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"console/internal/fake"
)

// renewal is a pair of files as certbot and Kubernetes keep them: the names in the directory lead by way of one symbolic link to where
// the newest pair lies.
type renewal struct {
	t     *testing.T
	dir   string
	files *certificateFiles
	log   *strings.Builder
}

func serveFiles(t *testing.T, pair fake.Pair) *renewal {
	t.Helper()
	s := &renewal{t: t, dir: t.TempDir(), log: new(strings.Builder)}
	for _, name := range []string{"tls.crt", "tls.key"} {
		if err := os.Symlink(filepath.Join("..data", name), filepath.Join(s.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	s.swap("one", pair)
	serve := Serve{TLSCert: filepath.Join(s.dir, "tls.crt"), TLSKey: filepath.Join(s.dir, "tls.key")}
	files, err := serve.openCertificateFiles(newLogger("text", s.log))
	if err != nil {
		t.Fatal(err)
	}
	s.files = files
	return s
}

// swap writes a pair to a folder of its own and lets the link lead there, in one step.
func (s *renewal) swap(folder string, pair fake.Pair) {
	s.t.Helper()
	if err := os.Mkdir(filepath.Join(s.dir, folder), 0o700); err != nil {
		s.t.Fatal(err)
	}
	s.write(filepath.Join(folder, "tls.crt"), pair.Certificate)
	s.write(filepath.Join(folder, "tls.key"), pair.Key)
	link := filepath.Join(s.dir, "..new")
	if err := os.Symlink(folder, link); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(link, filepath.Join(s.dir, "..data")); err != nil {
		s.t.Fatal(err)
	}
}

func (s *renewal) write(name string, content []byte) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), content, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// wants looks at the files several times, as time does, and fails the test unless this pair is used and the log was told so often.
func (s *renewal) wants(what string, pair fake.Pair, told int) {
	s.t.Helper()
	for range 3 {
		s.files.look()
	}
	used, err := s.files.answer(nil)
	if err != nil || !used.Leaf.Equal(pair.Leaf) || !s.files.end().Equal(pair.Leaf.NotAfter) {
		s.t.Errorf("%s: another certificate is used: %v", what, err)
	}
	if n := strings.Count(s.log.String(), "\n"); n != told {
		s.t.Errorf("%s: the log has %d lines instead of %d:\n%s", what, n, told, s.log)
	}
}

// TestCertificatesAreReadAnew takes a moment.
func TestCertificatesAreReadAnew(t *testing.T) {
	t.Parallel()
	first, second, third := fake.NewPair(t), fake.NewPair(t), fake.NewPair(t)
	s := serveFiles(t, first)
	s.wants("nothing has changed", first, 0)
	s.swap("two", second)
	s.wants("the link leads elsewhere", second, 1)

	s.write("two/tls.crt", third.Certificate)
	s.files.look() // in the middle of a renewal
	s.write("two/tls.key", third.Key)
	s.wants("both files were written, one after the other", third, 2)

	s.write("two/tls.key", second.Key)
	s.wants("the key is of another certificate", third, 3)
	s.write("two/tls.crt", []byte("half of a certifi"))
	s.wants("the certificate is half of one", third, 3)
	if err := os.Remove(filepath.Join(s.dir, "two", "tls.crt")); err != nil {
		t.Fatal(err)
	}
	s.wants("the certificate is gone", third, 3)
	if !strings.Contains(s.log.String(), "the one before is") || !strings.Contains(s.log.String(), "--tls-key "+filepath.Join(s.dir, "tls.key")) {
		t.Errorf("the log is\n%s", s.log)
	}
	s.write("two/tls.crt", second.Certificate)
	s.wants("the pair is whole again", second, 4)

	if err := os.WriteFile(filepath.Join(s.dir, "two", "tls.key"), first.Key, 0o600); err != nil {
		t.Fatal(err)
	}
	chmod(t, map[string]os.FileMode{filepath.Join(s.dir, "two", "tls.key"): 0o644})
	s.wants("everybody may read the new key", second, 5)
}

// TestANewCertificateNeedsNoRestart waits the two seconds in which the files are looked at.
func TestANewCertificateNeedsNoRestart(t *testing.T) {
	t.Parallel()
	first, second := fake.NewPair(t), fake.NewPair(t)
	files := serveFiles(t, first)
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	server, err := Serve{Installation: Installation{Data: t.TempDir()}, Listener: listener, Listen: listener.Addr().String(), LogFormat: "text",
		TLSCert: filepath.Join(files.dir, "tls.crt"), TLSKey: filepath.Join(files.dir, "tls.key")}.Start(t.Context(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	shows := func(pair fake.Pair) bool {
		trust := &tls.Config{RootCAs: pair.Roots(), NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12}
		conn, err := tls.Dial("tcp", listener.Addr().String(), trust)
		if err != nil {
			return false
		}
		defer conn.Close()
		if of := conn.ConnectionState().NegotiatedProtocol; of != "h2" {
			t.Errorf("the protocol is %q", of)
		}
		return true
	}
	if !shows(first) || !server.CertificateEnd().Equal(first.Leaf.NotAfter) {
		t.Error("the first certificate is not used")
	}
	files.swap("two", second)
	for deadline := time.Now().Add(time.Minute); !shows(second); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the second certificate is not used")
		}
	}
	if !server.CertificateEnd().Equal(second.Leaf.NotAfter) {
		t.Errorf("it is said to end at %v", server.CertificateEnd())
	}
}

func TestACertificateThatHasEndedIsToldOfAtTheStart(t *testing.T) {
	t.Parallel()
	for ends, told := range map[time.Duration]bool{-time.Hour: true, time.Hour: false} {
		certificate, key := certified(t, "localhost", time.Now().Add(ends))
		var log bytes.Buffer
		if _, err := (Serve{TLSCert: certificate, TLSKey: key}).openCertificateFiles(newLogger("text", &log)); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(log.String(), "not valid at this time") != told {
			t.Errorf("of one that ends in %v it is said: %s", ends, &log)
		}
	}
}
