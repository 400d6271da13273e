package cli

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"
)

// certificates are what https is served with.
type certificates interface {
	// answer returns the certificate for a handshake.
	answer(*tls.ClientHelloInfo) (*tls.Certificate, error)
	// end is when the certificate that is in use ends; the zero time while there is none.
	end() time.Time
	// follow keeps it fresh until ctx is done.
	follow(ctx context.Context)
}

// certificatesEvery is how often the files of a certificate are read. They are small, and what stands in them tells more than their times
// do: a symbolic link that leads elsewhere now (certbot, Kubernetes) is as good as a file that was written.
const certificatesEvery = 2 * time.Second

// certificateFiles are the certificate and the private key of --tls-cert and --tls-key. Another pair in the files is used from the next
// handshake on; while they hold none, the one before is.
type certificateFiles struct {
	serve   Serve
	log     *slog.Logger
	current atomic.Pointer[tls.Certificate]

	certificate, key string // what the files held that current was made of
	failures         int    // looks in a row that found no pair
}

// openCertificateFiles reads the pair that --tls-cert and --tls-key name.
func (s Serve) openCertificateFiles(log *slog.Logger) (*certificateFiles, error) {
	f := &certificateFiles{serve: s, log: log}
	warnIfOpen("the private key of https", s.TLSKey, log)
	_, err := f.read()
	return f, err
}

// read takes over what the files hold, and says whether that is another pair than before.
func (f *certificateFiles) read() (isNew bool, err error) {
	certificate, err := os.ReadFile(f.serve.TLSCert)
	if err != nil {
		return false, fmt.Errorf("--tls-cert: %w", err)
	}
	key, err := f.serve.readSecret(f.serve.TLSKey)
	if err != nil {
		return false, fmt.Errorf("--tls-key: %w", err)
	}
	if string(certificate) == f.certificate && key == f.key {
		return false, nil
	}
	pair, err := tls.X509KeyPair(certificate, []byte(key))
	if err != nil {
		return false, fmt.Errorf("--tls-cert %s and --tls-key %s: %w", f.serve.TLSCert, f.serve.TLSKey, err)
	}
	f.certificate, f.key = string(certificate), key
	f.current.Store(&pair)
	if now := time.Now(); now.Before(pair.Leaf.NotBefore) || now.After(pair.Leaf.NotAfter) {
		f.log.Warn("the certificate is not valid at this time, and browsers refuse it", "begins", pair.Leaf.NotBefore, "ends", pair.Leaf.NotAfter)
	}
	return true, nil
}

// look reads the files, and tells of what has changed. Certificate and key are seldom written at the same moment, so a pair that does not
// fit is told of at the second look, once until a pair is found.
func (f *certificateFiles) look() {
	isNew, err := f.read()
	if err != nil {
		if f.failures++; f.failures == 2 {
			f.log.Error("the new certificate cannot be used; the one before is", "ends", f.end(), "error", err)
		}
		return
	}
	f.failures = 0
	if isNew {
		f.log.Info("another certificate is used from now on", "ends", f.end())
	}
}

func (f *certificateFiles) follow(ctx context.Context) {
	ticker := time.NewTicker(certificatesEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			f.look()
		}
	}
}

func (f *certificateFiles) answer(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return f.current.Load(), nil
}

func (f *certificateFiles) end() time.Time { return endOf(f.current.Load()) }

// endOf is when a certificate ends; nil has no end.
func endOf(c *tls.Certificate) time.Time {
	if c == nil || c.Leaf == nil {
		return time.Time{}
	}
	return c.Leaf.NotAfter
}
