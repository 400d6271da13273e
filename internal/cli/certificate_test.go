package cli

import (
	"crypto/x509"
	"encoding/pem"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFC189_ThePrivateKeyOfHTTPSIsKeptAsAKeyFileIs starts with a private key that everybody on the machine may read.
func TestFC189_ThePrivateKeyOfHTTPSIsKeptAsAKeyFileIs(t *testing.T) {
	t.Parallel()
	borrowed := httptest.NewTLSServer(http.NotFoundHandler()) // for its certificate
	defer borrowed.Close()
	der, err := x509.MarshalPKCS8PrivateKey(borrowed.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	keep := func(name, kind string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	certificate, key := keep("cert.pem", "CERTIFICATE", borrowed.Certificate().Raw), keep("key.pem", "PRIVATE KEY", der)
	serve := func(mode fs.FileMode, certificate string, shared bool) (said string, err error) {
		chmod(t, map[string]fs.FileMode{key: mode})
		listener, err := net.Listen("tcp", "localhost:0")
		if err != nil {
			t.Fatal(err)
		}
		s := Serve{Installation: Installation{Data: t.TempDir(), AllowSharedFiles: shared}, Listener: listener, Listen: listener.Addr().String(),
			LogFormat: "text", TLSCert: certificate, TLSKey: key}
		log := new(strings.Builder)
		server, err := s.Start(t.Context(), log)
		if err != nil {
			return log.String(), err
		}
		return log.String(), server.Close()
	}
	for _, mode := range []fs.FileMode{0o600, 0o640} {
		if said, err := serve(mode, certificate, false); err != nil || strings.Contains(said, "private key") {
			t.Errorf("mode %04o: %v\n%s", mode, err, said)
		}
	}
	for _, mode := range []fs.FileMode{0o644, 0o666} {
		if _, err := serve(mode, certificate, false); err == nil || !strings.Contains(err.Error(), "--tls-key: ") ||
			!strings.Contains(err.Error(), "chmod 600 "+key) {
			t.Errorf("mode %04o: %v", mode, err)
		}
		if said, err := serve(mode, certificate, true); err != nil || !strings.Contains(said, "may access the private key of https") {
			t.Errorf("mode %04o, allowed: %v\n%s", mode, err, said)
		}
	}
	if _, err := serve(0o600, key, false); err == nil || !strings.Contains(err.Error(), "--tls-cert "+key) {
		t.Errorf("what is no certificate: %v", err)
	}
}
