package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/acme/autocert"

	"console/handlers"
	"console/internal/input"
	"console/internal/notify"
)

// checkOptions looks for options that serve would refuse, and for proxies that nobody can have meant.
func checkOptions(_ context.Context, e *examination) finding {
	base, err := e.base()
	if err != nil {
		return finding{wrong, err.Error(), "The console does not start with it."}
	}
	if refusal := input.RefuseName(e.serve.Brand); refusal != "" {
		return finding{wrong, "--brand: " + refusal, "The console does not start with it."}
	}
	for _, network := range e.serve.TrustedProxies {
		if tooWide(network) {
			return finding{warning, fmt.Sprintf("--trusted-proxies names %s: anybody there can pretend to have any address", network),
				"Name the addresses of the proxies, or the network that nothing else is in."}
		}
	}
	return finding{right, "the base URL is " + base.String(), ""}
}

// tooWide says that a network is more than any company has.
func tooWide(network netip.Prefix) bool {
	const widestV4, widestV6 = 8, 16
	return network.Addr().Is4() && network.Bits() < widestV4 || network.Addr().Is6() && network.Bits() < widestV6
}

// certificateSoon is how long before its end a certificate is warned of: most are renewed by programs a month before.
const certificateSoon = 14 * 24 * time.Hour

// certificateFinding judges a certificate by when it ends. host is for whom it must be; empty: whoever.
func certificateFinding(c *x509.Certificate, host string, now time.Time) finding {
	found := "valid until " + inWords(c.NotAfter)
	switch {
	case now.After(c.NotAfter):
		return finding{wrong, "it has ended on " + inWords(c.NotAfter), "Renew it."}
	case now.Before(c.NotBefore):
		return finding{wrong, "it begins on " + inWords(c.NotBefore), "Wait, or look whether the clock of this machine is right."}
	case host != "" && c.VerifyHostname(host) != nil:
		return finding{wrong, fmt.Sprintf("it is not for %s", host), "Use a certificate with this name, or change --base-url."}
	case c.NotAfter.Sub(now) < certificateSoon:
		return finding{warning, found, "Renew it now, and look why no program has done so by itself."}
	}
	return finding{right, found, ""}
}

// checkCertificate looks at the certificate that https is served with here.
func checkCertificate(ctx context.Context, e *examination) finding {
	if e.serve.ACMEHost != "" {
		return e.obtainedCertificate(ctx)
	}
	if e.serve.TLSCert == "" {
		return finding{notAsked, "none is given with --tls-cert", ""}
	}
	files, err := e.serve.openCertificateFiles(slog.New(slog.DiscardHandler)) // modes are looked at apart
	if err != nil {
		return finding{wrong, err.Error(), "The console does not start with it."}
	}
	host := ""
	if base, err := e.base(); err == nil && len(e.serve.TrustedProxies) == 0 { // else it is for a proxy
		host = base.Hostname()
	}
	return certificateFinding(files.current.Load().Leaf, host, e.now())
}

// obtainedCertificate looks at the one that the authority has given for --acme-host.
func (e *examination) obtainedCertificate(ctx context.Context) finding {
	dir := filepath.Join(e.serve.Data, acmeDirectory)
	kept, err := autocert.DirCache(dir).Get(ctx, e.serve.ACMEHost)
	if errors.Is(err, autocert.ErrCacheMiss) {
		return finding{wrong, "the certificate authority has given none for " + e.serve.ACMEHost,
			"Start the console and look in its log for what the authority says: it must reach the console at port 443 of this name."}
	}
	if err != nil {
		return finding{wrong, err.Error(), "Let the account that runs the console read " + dir + "."}
	}
	pair, err := tls.X509KeyPair(kept, kept) // the file has the key and the certificates one after the other
	if err != nil {
		return finding{wrong, fmt.Sprintf("what is kept in %s is no certificate with its key: %v", dir, err),
			"Remove " + filepath.Join(dir, e.serve.ACMEHost) + " and start the console again: it obtains a new one."}
	}
	return certificateFinding(pair.Leaf, e.serve.ACMEHost, e.machine())
}

// mailAdvices are what to do about failures of a mail server, which are told apart by their words.
var mailAdvices = []struct{ words, advice string }{
	{"certificate is not trusted", "Name the server as its certificate does; trust an authority of your own by SSL_CERT_FILE."},
	{"does not speak TLS on this port", "Say tls=starttls in --smtp, or name the port of the server for TLS, which is mostly 465."},
	{"refused the user name or password", "Compare the user name in --smtp, and the password in its file, with what your mail provider says."},
}

func mailAdvice(err error) string {
	for _, a := range mailAdvices {
		if strings.Contains(err.Error(), a.words) {
			return a.advice
		}
	}
	return "Compare address, tls, user name and password of --smtp with what your mail provider says, and look whether a firewall is between."
}

// checkMail signs in to the mail server, and sends nothing.
func checkMail(ctx context.Context, e *examination) finding {
	base, err := e.base()
	if err != nil {
		return finding{notAsked, "the options are wrong", "See options above."}
	}
	mailer, _, server, err := e.serve.mailer(base)
	if err != nil {
		return finding{wrong, err.Error(), "The console does not start with it."}
	}
	smtp, is := mailer.(*notify.SMTPMailer)
	if !is {
		return finding{notAsked, "none is named with --smtp: mails are kept as files (trial mode)", ""}
	}
	certificate, err := smtp.Check(ctx)
	if err != nil {
		return finding{wrong, server + ": " + err.Error(), mailAdvice(err)}
	}
	if certificate != nil {
		if end := certificateFinding(certificate, "", e.machine()); end.State != right {
			end.Found = server + ": its certificate is " + end.Found
			return end
		}
	}
	return finding{right, server + " lets the console in", ""}
}

// arrival is what came of asking the console at its base URL.
type arrival struct {
	handlers.Arrival
	direct      bool              // no proxy stands between
	certificate *x509.Certificate // that of the other end; nil: not known, or not over https
	failed      finding           // why the console was not asked; zero: it was
}

// forgedAddress is one for documentation, which no request comes from. doctor sends it as X-Forwarded-For: a proxy must add to it.
const forgedAddress = "192.0.2.1"

// arrive asks the console at its base URL how the request came to it.
func (e *examination) arrive(ctx context.Context) arrival {
	base, err := e.base()
	if err != nil {
		return arrival{failed: finding{notAsked, "the options are wrong", "See options above."}}
	}
	if base.Port() == "0" {
		return arrival{failed: finding{notAsked, "the system chooses the port at the start", "Name --base-url."}}
	}
	if f := resolve(ctx, base.Hostname()); f.State != "" {
		return arrival{failed: f}
	}
	return e.ask(ctx, base)
}

// resolve finds out whether a name has an address.
func resolve(ctx context.Context, host string) finding {
	if _, err := netip.ParseAddr(host); err == nil {
		return finding{}
	}
	if _, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host); err != nil {
		return finding{wrong, fmt.Sprintf("the name %s has no address here: %v", host, err), "Enter it in the DNS, or change --base-url."}
	}
	return finding{}
}

// ask sends the question and reads the answer.
func (e *examination) ask(ctx context.Context, base *url.URL) (a arrival) {
	var local string
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) {
		local = c.Conn.LocalAddr().String()
	}})
	request, err := http.NewRequestWithContext(traced, http.MethodGet, base.JoinPath("healthz").String(), nil)
	if err != nil {
		a.failed = finding{wrong, err.Error(), "Change --base-url."}
		return a
	}
	probe, canAsk := e.probe()
	question := ""
	if canAsk {
		question = probe.Question(e.now())
		request.Header.Set(handlers.ProbeHeader, question)
	}
	request.Header.Set("X-Forwarded-For", forgedAddress)
	transport := &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}} // no proxy of the environment
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	if err != nil {
		a.failed, a.certificate = e.unreached(ctx, base, err), certificateOf(err)
		return a
	}
	defer response.Body.Close()
	if response.TLS != nil {
		a.certificate = response.TLS.PeerCertificates[0]
	}
	const longest = 64 << 10 // of an answer of the console
	body, err := io.ReadAll(io.LimitReader(response.Body, longest))
	if err != nil {
		a.failed = e.unreached(ctx, base, err)
		return a
	}
	if a.failed = e.misanswered(ctx, base, response.StatusCode, string(body)); a.failed.State != "" || !canAsk {
		return a
	}
	if a.Arrival, err = probe.Verify(question, response.Header.Get(handlers.ProbeHeader), body); err != nil {
		a.failed = finding{wrong, fmt.Sprintf("%s is answered, but not by a console with this key: %v", base, err),
			"Name --data and --base-url of one console, of this version; look whether the clocks of both machines are right."}
	}
	a.direct = a.From == local
	return a
}

// unreached says why nothing has answered at the base URL.
func (e *examination) unreached(ctx context.Context, base *url.URL, err error) finding {
	if untrusted, is := errors.AsType[*tls.CertificateVerificationError](err); is {
		return finding{wrong, fmt.Sprintf("the certificate at %s is not trusted: %v", base.Host, untrusted.Err),
			"Serve one of this name that has not ended, with those between it and its authority; trust an authority of your own by SSL_CERT_FILE."}
	}
	if base.Host == e.listens() || !e.running(ctx) {
		return notRunning
	}
	if ctx.Err() != nil {
		err = errors.New("no answer in time")
	}
	return finding{wrong, fmt.Sprintf("%s cannot be reached from here: %v", base, err),
		"Look whether the reverse proxy runs, and whether a firewall is between. That others reach it is not said by this."}
}

// misanswered says what is wrong with an answer that a console does not give; nothing, if it does.
func (e *examination) misanswered(ctx context.Context, base *url.URL, status int, body string) finding {
	const badGateway = 502 // and what follows: a proxy does not reach the console
	switch {
	case status == http.StatusOK && (body == "ok" || strings.HasPrefix(body, "{")):
		return finding{}
	case status >= badGateway && !e.running(ctx):
		return notRunning
	case status >= badGateway:
		return finding{wrong, fmt.Sprintf("what stands before the console at %s answers %d", base, status),
			"Look in the settings of the reverse proxy whether it calls the console where --listen says, and in its log."}
	}
	return finding{wrong, fmt.Sprintf("what answers at %s (%d) is no console", base, status),
		"Look whether --base-url leads here: with https or http, its port and its path."}
}

// notRunning is the finding of what only a console that serves can tell.
var notRunning = finding{notAsked, "the console is not running", "Start it, and run doctor again."}

// listens is where the console listens, as it is reached from this machine.
func (e *examination) listens() string {
	host, port, err := net.SplitHostPort(e.serve.Listen)
	if err != nil {
		return e.serve.Listen
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

// running says that somebody answers where the console listens.
func (e *examination) running(ctx context.Context) bool {
	conn, err := new(net.Dialer).DialContext(context.WithoutCancel(ctx), "tcp", e.listens())
	return err == nil && conn.Close() == nil
}

// certificateOf is the certificate that an error is about, or nil.
func certificateOf(err error) *x509.Certificate {
	untrusted, is := errors.AsType[*tls.CertificateVerificationError](err)
	if !is || len(untrusted.UnverifiedCertificates) == 0 {
		return nil
	}
	return untrusted.UnverifiedCertificates[0]
}

// checkBaseURL looks whether the console is reached where people reach it.
func checkBaseURL(_ context.Context, e *examination) finding {
	a := e.arrived()
	if a.failed.State != "" {
		return a.failed
	}
	base, _ := e.base()
	if _, canAsk := e.probe(); !canAsk {
		return finding{warning, fmt.Sprintf("a console answers at %s; without the key it is not known whether it is this one", base),
			"See key file above."}
	}
	return finding{right, fmt.Sprintf("the console answers at %s", base), ""}
}

// checkBaseURLCertificate looks when the certificate ends that people meet.
func checkBaseURLCertificate(_ context.Context, e *examination) finding {
	base, err := e.base()
	if err == nil && base.Scheme != "https" {
		return finding{notAsked, "the base URL is not reached over https", ""}
	}
	a := e.arrived()
	if err != nil || a.certificate == nil {
		return finding{notAsked, "no certificate was shown", "See base URL above."}
	}
	return certificateFinding(a.certificate, base.Hostname(), e.machine())
}

// checkProxy looks whether what stands before the console says where requests come from.
func checkProxy(_ context.Context, e *examination) finding {
	a := e.arrived()
	_, canAsk := e.probe()
	if a.failed.State != "" || !canAsk {
		return finding{notAsked, "the console was not reached by its base URL", "See base URL above."}
	}
	base, _ := e.base()
	return proxyFinding(a, base)
}

// proxyFinding judges how a request came to the console.
func proxyFinding(a arrival, base *url.URL) finding {
	proxy, _, err := net.SplitHostPort(a.From)
	if err != nil {
		proxy = a.From
	}
	switch {
	case a.direct:
		return finding{right, "none stands between here and the console", ""}
	case !strings.EqualFold((&url.URL{Host: a.Host}).Hostname(), base.Hostname()): // nginx leaves the port out
		return finding{wrong, fmt.Sprintf("the proxy at %s calls the console %q", proxy, a.Host),
			"It must pass on the header Host as it was sent."}
	case !a.Trusted:
		return finding{wrong,
			fmt.Sprintf("the proxy at %s is not one that --trusted-proxies names: for the console all people have its address", proxy),
			"Start the console with it among --trusted-proxies."}
	case base.Scheme == "https" && !a.TLS && a.Scheme != "https":
		return finding{wrong, fmt.Sprintf("the proxy at %s says %q in X-Forwarded-Proto", proxy, a.Scheme), "It must set this header to https."}
	case len(a.ForwardedFor) == 0:
		return finding{wrong, fmt.Sprintf("the proxy at %s sends no X-Forwarded-For: for the console all people have its address", proxy),
			"It must add the address that it was called from to X-Forwarded-For."}
	case slices.Index(a.ForwardedFor, forgedAddress) == len(a.ForwardedFor)-1:
		return finding{wrong,
			fmt.Sprintf("the proxy at %s passes X-Forwarded-For on as it was sent: anybody can pretend to have any address", proxy),
			"It must add the address that it was called from to X-Forwarded-For."}
	}
	return finding{right, fmt.Sprintf("%s says where requests come from", proxy), ""}
}
