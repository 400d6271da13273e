package fake

import (
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// NewTLSReceiver is NewReceiver over https. Its certificate, which certificate holds in PEM, is signed by itself.
func NewTLSReceiver(t testing.TB) (receiver *Receiver, certificate []byte) {
	t.Helper()
	r := &Receiver{stopped: make(chan struct{}), responses: []Response{{Body: "ok"}}}
	own := newCertificate(t)
	r.server = httptest.NewUnstartedServer(http.HandlerFunc(r.serve))
	r.server.TLS = &tls.Config{Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS12}
	r.server.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that do not trust it are expected
	r.server.StartTLS()
	r.URL = r.server.URL
	r.close = sync.OnceFunc(func() {
		close(r.stopped)
		r.server.CloseClientConnections()
		r.server.Close()
	})
	t.Cleanup(r.Close)
	return r, certificatePEM(own)
}
