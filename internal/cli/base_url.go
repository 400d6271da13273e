package cli

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"

	"console/internal/input"
)

// baseURL returns where people reach the console, as browsers write it, or says why that is not safe.
func (s Serve) baseURL() (*url.URL, error) {
	raw := unquoted(s.BaseURL)
	if raw == "" {
		if s.SMTP != "" {
			return nil, errors.New("--base-url must be given together with --smtp: the links in mails begin with it")
		}
		raw = s.listensAt()
	}
	base, err := canonicalBaseURL(raw)
	if err != nil {
		return nil, err
	}
	if (s.TLSCert == "") != (s.TLSKey == "") {
		return nil, errors.New("--tls-cert and --tls-key belong together")
	}
	switch {
	case base.Scheme == "https" && s.TLSCert == "" && s.ACMEHost == "" && len(s.TrustedProxies) == 0:
		return nil, errors.New("an https base URL needs --tls-cert and --tls-key, or --acme-host, " +
			"or --trusted-proxies where a reverse proxy ends TLS")
	case base.Scheme == "http" && !loopback(base.Hostname()):
		return nil, fmt.Errorf("--base-url %s: without https only a loopback address is served", raw)
	}
	return base, s.checkACME(base)
}

// listensAt is the address of the listener, with the port that the system has chosen where --listen leaves it open; with --acme-host that.
func (s Serve) listensAt() string {
	if s.ACMEHost != "" {
		return "https://" + s.ACMEHost
	}
	scheme, at := "http://", s.Listen
	if s.TLSCert != "" {
		scheme = "https://"
	}
	if host, port, err := net.SplitHostPort(at); err == nil && port == "0" && s.Listener != nil {
		if _, chosen, err := net.SplitHostPort(s.Listener.Addr().String()); err == nil {
			at = net.JoinHostPort(host, chosen)
		}
	}
	return scheme + at
}

// canonicalBaseURL returns a base URL in the spelling of browsers: what they send is compared with it, and cookies, passkeys and
// links are made of it. Scheme and host are in lower case and ASCII, without the port of the scheme and without a dot at
// the end; the path is clean, and "" where there is none.
func canonicalBaseURL(raw string) (*url.URL, error) {
	base, err := url.Parse(raw)
	if err != nil || base.Hostname() == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, fmt.Errorf("--base-url %q: an address like https://console.example.com is needed", raw)
	}
	defaultPort, known := map[string]string{"http": "80", "https": "443"}[base.Scheme] // url.Parse has lowered the scheme
	if !known {
		return nil, fmt.Errorf("--base-url %s: http or https is needed", raw)
	}
	// Browsers would not send the cookies of such a path back, and : and * mean something to the router. What was typed is not looked at:
	// links are made of the path alone, in which ! becomes %21.
	if (&url.URL{Path: base.Path}).EscapedPath() != base.Path || strings.ContainsAny(base.Path, ":*;,") {
		return nil, fmt.Errorf("--base-url %q: the path may hold no characters that need escaping, and none of : * ; ,", raw)
	}
	host, err := canonicalHost(base.Hostname())
	if err != nil {
		return nil, fmt.Errorf("--base-url %q: %w", raw, err)
	}
	port, err := canonicalPort(base.Port())
	if err != nil {
		return nil, fmt.Errorf("--base-url %q: %w", raw, err)
	}
	if port != "" && port != defaultPort {
		host += ":" + port
	}
	clean := path.Clean("/" + base.Path)
	return &url.URL{Scheme: base.Scheme, Host: host, Path: strings.TrimSuffix(clean, "/")}, nil
}

// canonicalPort is a port without zeros before it; "" where there is none.
func canonicalPort(port string) (string, error) {
	if port == "" {
		return "", nil
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return "", errors.New("a port is a number from 1 to 65535")
	}
	return strconv.FormatUint(n, 10), nil
}

// likeNumber is a name that browsers take for an address, as in 127.1 and 0x7f.0.0.1, because its last part is a number.
var likeNumber = regexp.MustCompile(`(^|\.)([0-9]+|0[xX][0-9a-fA-F]*)\.?$`)

// plainHost is a name as browsers send it but for capitals; they also reach names with an underscore, which no domain has.
var plainHost = regexp.MustCompile(`^[a-z0-9_-]+(\.[a-z0-9_-]+)*$`)

// canonicalHost is a name or an address as browsers write it, with brackets around one of IPv6.
func canonicalHost(host string) (string, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		if ip.Is6() {
			return "[" + ip.WithZone("").String() + "]", nil
		}
		return ip.String(), nil
	}
	if likeNumber.MatchString(host) {
		return "", errors.New("an address is written like 192.0.2.7")
	}
	host = strings.TrimSuffix(host, ".")
	if lower := strings.ToLower(host); plainHost.MatchString(lower) && !strings.Contains(lower, "xn--") {
		return lower, nil
	}
	name, refusal := input.ParseDomain(host)
	if refusal != "" {
		return "", errors.New(refusal)
	}
	return name, nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// unquoted is the value of an option without spaces and quotation marks around it, which files of variables leave there.
func unquoted(text string) string { return strings.Trim(text, " \t\r\n\"'") }

// Which host names browsers may reach with https only, once they have been here.
const (
	hstsAuto       = "auto" // subdomains; host under a base path
	hstsSubdomains = "subdomains"
	hstsHost       = "host"
	hstsOff        = "off"
)

// hsts is the header by which browsers are told so, or "" for none. It goes with every answer for a year, for the names below the
// host too (ASVS 3.4.1): otherwise somebody on the way could set cookies from a name below it that nobody serves. Under a base path
// the host is shared, and what its other applications do with names below it is not the console's to decide.
func (s Serve) hsts(base *url.URL) string {
	scope := cmp.Or(s.HSTS, hstsAuto)
	if scope == hstsAuto {
		scope = hstsSubdomains
		if base.Path != "" {
			scope = hstsHost
		}
	}
	const year = "max-age=31536000"
	switch {
	case base.Scheme != "https", scope == hstsOff:
		return ""
	case scope == hstsHost:
		return year
	}
	return year + "; includeSubDomains"
}
