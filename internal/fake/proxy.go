package fake

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strings"
	"testing"
)

// ProxyKind is a product that stands before servers, told by the headers that it writes.
type ProxyKind int

// The kinds of proxies, each as it is after its product's first steps.
const (
	Nginx              ProxyKind = iota // with the proxy_set_header lines of its documentation
	NginxPlain                          // with proxy_pass alone: the server behind is told nothing
	ApplicationGateway                  // of Azure: addresses with ports
	ARR                                 // Application Request Routing of IIS: addresses with ports, no scheme, another Host
	ALB                                 // the Application Load Balancer of AWS
	HAProxy                             // adds lines to what proxies before it have written
)

// ProxyOptions are how a Proxy is set up.
type ProxyOptions struct {
	Kind ProxyKind
	To   string // host and port of the server behind it
	Name string // host and port by which it calls that server, where it does not pass on Host; "" means To
	TLS  bool   // whether browsers reach it over https
}

// Proxy is a reverse proxy on 127.0.0.1. It ends with the test.
type Proxy struct {
	Address string // host and port

	options     ProxyOptions
	certificate tls.Certificate // with TLS
}

// NewProxy starts a proxy on a free port.
func NewProxy(t testing.TB, o ProxyOptions) *Proxy {
	t.Helper()
	p := &Proxy{options: o}
	server := httptest.NewUnstartedServer(&httputil.ReverseProxy{
		Rewrite: p.rewrite,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, err.Error(), http.StatusBadGateway)
		},
	})
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that leave are expected
	if o.TLS {
		p.certificate = newCertificate(t)
		server.TLS = &tls.Config{Certificates: []tls.Certificate{p.certificate}, MinVersion: tls.VersionTLS12}
		server.StartTLS()
	} else {
		server.Start()
	}
	p.Address = server.Listener.Addr().String()
	t.Cleanup(server.Close)
	return p
}

// CertPEM returns the certificate that browsers meet, which is its own authority.
func (p *Proxy) CertPEM() []byte { return certificatePEM(p.certificate) }

// Client is what somebody at an address in 127.0.0.0/8 reaches the proxy through, whatever host a URL names.
func (p *Proxy) Client(address string) *http.Transport {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, p.Address)
		},
	}
	if p.options.TLS {
		roots := x509.NewCertPool()
		roots.AddCert(p.certificate.Leaf)
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, ServerName: "localhost", MinVersion: tls.VersionTLS12}
	}
	return transport
}

// rewrite passes a request on. The list of X-Forwarded-For that came with it is kept, as all of these products do.
func (p *Proxy) rewrite(r *httputil.ProxyRequest) {
	r.Out.URL.Scheme, r.Out.URL.Host = "http", p.options.To
	r.Out.Host = cmp.Or(p.options.Name, p.options.To)
	scheme, port := "http", "80"
	if p.options.TLS {
		scheme, port = "https", "443"
	}
	client, _, err := net.SplitHostPort(r.In.RemoteAddr)
	if err != nil {
		client = r.In.RemoteAddr
	}
	header, chain := r.Out.Header, r.In.Header.Values("X-Forwarded-For")
	calledFrom := func(by string) { header.Set("X-Forwarded-For", strings.Join(append(chain, by), ", ")) }
	switch p.options.Kind {
	case Nginx:
		r.Out.Host, _, _ = strings.Cut(r.In.Host, ":") // $host has no port
		header.Set("X-Real-IP", client)
		header.Set("X-Forwarded-Proto", scheme)
		calledFrom(client)
	case NginxPlain:
		header["X-Forwarded-For"], header["X-Forwarded-Proto"] = chain, r.In.Header.Values("X-Forwarded-Proto")
	case ApplicationGateway:
		r.Out.Host = r.In.Host
		header.Set("X-Original-Host", r.In.Host)
		header.Set("X-Forwarded-Proto", scheme)
		header.Set("X-Forwarded-Port", port)
		calledFrom(r.In.RemoteAddr)
	case ARR:
		header["X-Forwarded-Proto"] = r.In.Header.Values("X-Forwarded-Proto")
		header.Set("X-Original-URL", r.In.URL.RequestURI())
		if p.options.TLS {
			header.Set("X-ARR-SSL", "2048|256|CN=localhost|CN=localhost")
		}
		calledFrom(r.In.RemoteAddr)
	case ALB:
		r.Out.Host = r.In.Host
		header.Set("X-Amzn-Trace-Id", "Root=1-67891233-abcdef012345678912345678")
		header.Set("X-Forwarded-Proto", scheme)
		header.Set("X-Forwarded-Port", port)
		calledFrom(client)
	case HAProxy:
		r.Out.Host = r.In.Host
		header["X-Forwarded-For"] = append(chain, client)
		header["X-Forwarded-Proto"] = append(r.In.Header.Values("X-Forwarded-Proto"), scheme)
	}
}
