package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

const (
	// acmeTimeout is how long an answer of the certificate authority is waited for.
	acmeTimeout = 30 * time.Second
	// acmeEvery is how often it is looked whether the certificate was renewed.
	acmeEvery = time.Hour
	// After an attempt that failed the authority is left alone, for a minute, then for twice as long each time: most of them count.
	acmeFirstPause   = time.Minute
	acmeLongestPause = time.Hour
)

// acmeDirectory is the folder in the data directory that keeps certificates and the key of the account with the authority.
const acmeDirectory = "console.acme"

// acmeCertificates is the certificate of --acme-host, which an authority gives to whoever answers on its port 443 (TLS-ALPN-01,
// RFC 8737). It is obtained at the first start and renewed a month before its end.
type acmeCertificates struct {
	host    string
	manager *autocert.Manager
	log     *slog.Logger
	current atomic.Pointer[tls.Certificate]

	mu      sync.Mutex
	failure error // of the last attempt; nil: it succeeded
	pause   time.Duration
	again   time.Time // when the next may be made
}

// newACMECertificates obtains nothing yet: the authority can only be answered once the console serves.
func (s Serve) newACMECertificates(log *slog.Logger) *acmeCertificates {
	return &acmeCertificates{host: s.ACMEHost, log: log, manager: &autocert.Manager{
		Prompt: autocert.AcceptTOS, HostPolicy: autocert.HostWhitelist(s.ACMEHost),
		Cache:  autocert.DirCache(filepath.Join(s.Data, acmeDirectory)),
		Client: &acme.Client{DirectoryURL: s.ACMEDirectory, HTTPClient: &http.Client{Timeout: acmeTimeout}, UserAgent: "console/" + Version},
	}}
}

// answer returns the certificate, or during a handshake of the authority the one that shows whose port this is.
func (a *acmeCertificates) answer(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if slices.Equal(hello.SupportedProtos, []string{acme.ALPNProto}) {
		return a.manager.GetCertificate(hello)
	}
	if err := a.pausing(); err != nil {
		return nil, err
	}
	certificate, err := a.manager.GetCertificate(hello)
	if hello.ServerName == a.host {
		a.note(certificate, err)
	}
	return certificate, err
}

// pausing returns why the authority is left alone for the moment.
func (a *acmeCertificates) pausing() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.failure != nil && time.Now().Before(a.again) {
		return a.failure
	}
	return nil
}

// note remembers how an attempt went, and tells of the first of those that fail at the same moment.
func (a *acmeCertificates) note(certificate *tls.Certificate, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err == nil {
		if before := a.current.Swap(certificate); !endOf(before).Equal(endOf(certificate)) {
			a.log.Info("the certificate authority has given a certificate", "host", a.host, "ends", endOf(certificate))
		}
		a.failure, a.pause = nil, 0
		return
	}
	if a.failure != nil && time.Now().Before(a.again) {
		return
	}
	a.pause = min(max(acmeFirstPause, 2*a.pause), acmeLongestPause)
	a.failure, a.again = err, time.Now().Add(a.pause)
	a.log.Error("the certificate authority gives no certificate", "host", a.host, "directory", a.manager.Client.DirectoryURL,
		"again_in", a.pause.String(), "error", err)
}

// follow obtains the certificate before somebody waits for it, and sees when it was renewed.
func (a *acmeCertificates) follow(ctx context.Context) {
	for {
		tried := make(chan struct{})
		go func() { // which nothing can cut short, so a stop does not wait for it
			defer close(tried)
			_, _ = a.answer(a.ownHello()) // note has told
		}()
		select {
		case <-ctx.Done():
			return
		case <-tried:
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(a.untilNext()):
		}
	}
}

// ownHello asks as browsers do, which take the small certificates of elliptic curves.
func (a *acmeCertificates) ownHello() *tls.ClientHelloInfo {
	return &tls.ClientHelloInfo{ServerName: a.host, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}
}

func (a *acmeCertificates) untilNext() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.failure != nil {
		return time.Until(a.again)
	}
	return acmeEvery
}

func (a *acmeCertificates) end() time.Time { return endOf(a.current.Load()) }

// checkACME refuses an --acme-host for which no certificate could be obtained, or which people would never see.
func (s Serve) checkACME(base *url.URL) error {
	switch {
	case s.ACMEHost == "":
		return nil
	case s.TLSCert != "":
		return errors.New("--acme-host obtains a certificate, and --tls-cert names one: give one of them only")
	case base.Scheme != "https" || base.Hostname() != s.ACMEHost:
		return fmt.Errorf("--acme-host %s: this must be the host of --base-url, which is %s", s.ACMEHost, base)
	}
	return nil
}
