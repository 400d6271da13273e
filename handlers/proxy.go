package handlers

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"console/views"
)

// trusts says whether an address is that of a configured proxy.
func (h *Console) trusts(address netip.Addr) bool {
	for _, proxy := range h.TrustedProxies {
		if proxy.Contains(address) {
			return true
		}
	}
	return false
}

// peer is the other end of the connection that a request came by: the browser, or the last proxy. It is the zero value where that is
// no address of a network.
func peer(r *http.Request) netip.Addr {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return from.Addr().Unmap().WithZone("")
}

// clientAddress is the address that a request comes from. Each proxy on the way adds the one it was called from to the end of
// X-Forwarded-For, so the list is read from there, and only as far as it was written by configured proxies: what stands before,
// anybody may have made up. An element that is no address ends the reading too.
func (h *Console) clientAddress(r *http.Request) string {
	client := peer(r)
	if !client.IsValid() {
		return r.RemoteAddr
	}
	chain := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(chain) - 1; i >= 0 && h.trusts(client); i-- {
		element := strings.TrimSpace(chain[i])
		if element == "" { // a list may hold empty elements (RFC 9110 §5.6.1)
			continue
		}
		address, err := forwardedAddress(element)
		if err != nil {
			if h.oddForwardedFor.due(h.Now()) {
				h.Log.WarnContext(r.Context(), "X-Forwarded-For holds what is no address: the proxy's own address counts instead",
					"element", cut(element), "proxy", client.String())
			}
			break
		}
		client = address
	}
	return client.String()
}

var errNoAddress = errors.New("no address")

// forwardedAddress reads one element of X-Forwarded-For: an address, which some proxies write with a port (203.0.113.7:51234,
// [2001:db8::7]:51234), in brackets or in quotation marks.
func forwardedAddress(element string) (netip.Addr, error) {
	element = strings.Trim(element, `"`)
	if with, err := netip.ParseAddrPort(element); err == nil {
		return with.Addr().Unmap().WithZone(""), nil
	}
	if inner, found := strings.CutPrefix(element, "["); found {
		if element, found = strings.CutSuffix(inner, "]"); !found {
			return netip.Addr{}, errNoAddress
		}
	}
	address, err := netip.ParseAddr(element)
	if err != nil {
		return netip.Addr{}, errNoAddress
	}
	return address.Unmap().WithZone(""), nil
}

// forwardedScheme is what the browser used, as the proxy says, in lower case; "" where it says nothing. Of several values the
// first counts: proxies behind the first add theirs.
func forwardedScheme(r *http.Request) string {
	first, _, _ := strings.Cut(strings.Join(r.Header.Values("X-Forwarded-Proto"), ","), ",")
	return strings.ToLower(strings.TrimSpace(first))
}

// checkHost refuses names that are not the console's: whoever sends them has been led here by a foreign name, or a proxy calls the
// console by a name of its own. What arrived and what is expected is told to whoever sets that proxy up.
func (h *Console) checkHost(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		host := c.Request().Host
		if h.isProbe(c) || h.isOurHost(host) {
			return next(c)
		}
		if h.foreignHost.due(h.Now()) {
			h.Log.WarnContext(c.Request().Context(), "a foreign host name is refused", "host", cut(host), "expected", h.BaseURL.Host,
				"address", c.RealIP())
		}
		h.refuseProxied(c, "This is another host name than the console's",
			"The request came for the host "+quoted(host)+", but the console is reached at "+h.start()+". A reverse proxy must pass on the header "+
				"Host as it was sent; if people are to use this name, it must be that of --base-url.")
		return nil
	}
}

func (h *Console) isOurHost(host string) bool {
	return strings.EqualFold(host, h.BaseURL.Host) || strings.EqualFold(hostname(host), h.BaseURL.Hostname()) || isLoopback(host)
}

// hostname is a Host header without its port.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.Trim(host, "[]")
}

func isLoopback(host string) bool {
	name := hostname(host)
	if strings.EqualFold(name, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && ip.IsLoopback()
}

// checkTransport keeps clear text out where the console is reached over https: pages lead to https, what would
// change something is refused, and so is a program, whose token would go on being sent in clear text unnoticed. Over a loopback name
// nothing leaves the machine. Where the browser has used https already and a proxy
// does not say so, leading there would go round in a circle: the answer says what the proxy must do instead.
func (h *Console) checkTransport(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if h.BaseURL.Scheme != "https" || c.IsTLS() || isLoopback(r.Host) || h.isProbe(c) {
			return next(c)
		}
		proxy := peer(r)
		trusted, scheme := h.trusts(proxy), forwardedScheme(r)
		if trusted && scheme == "https" {
			return next(c)
		}
		if words := missing(proxy, trusted, scheme, r); words != "" {
			if h.missingScheme.due(h.Now()) {
				h.Log.WarnContext(r.Context(), "a reverse proxy does not say that https was used", "proxy", proxy.String(), "trusted", trusted,
					"x_forwarded_proto", cut(strings.Join(r.Header.Values("X-Forwarded-Proto"), ",")))
			}
			h.refuseProxied(c, "The reverse proxy is not set up yet", words)
			return nil
		}
		if !isReading(c) || h.programs(c) != nil {
			return echo.NewHTTPError(http.StatusForbidden, "This address works with https only. Put https:// before it instead of http://.")
		}
		to := *r.URL
		to.Scheme, to.Host = h.BaseURL.Scheme, h.BaseURL.Host
		return c.Redirect(http.StatusPermanentRedirect, to.String())
	}
}

// missing says what a proxy must do, or "" where the browser itself has used http: then it can be led to https. Browsers send
// Sec-Fetch-Site over https only, but for loopback names.
func missing(proxy netip.Addr, trusted bool, scheme string, r *http.Request) string {
	overTLS := r.Header.Get("Sec-Fetch-Site") != ""
	switch {
	case trusted && scheme == "":
		return "The reverse proxy at " + proxy.String() + " does not say whether this request came over https. It must set the header " +
			"X-Forwarded-Proto to https."
	case trusted && (scheme != "http" || overTLS):
		return "The reverse proxy at " + proxy.String() + " says in the header X-Forwarded-Proto that this request came over " + quoted(scheme) +
			". It must set this header to https, also where another proxy before it ends TLS."
	case !trusted && (scheme == "https" || overTLS):
		return "This request seems to have come over https, by way of a reverse proxy at " + proxy.String() +
			" that the console does not know. The proxy must be named with --trusted-proxies, and set the header X-Forwarded-Proto to https."
	}
	return ""
}

// refuseProxied answers that a request did not arrive here as it should have, in words for whoever sets up a proxy.
func (h *Console) refuseProxied(c echo.Context, title, words string) {
	h.sendFailure(request{c}, views.ErrorPage{Status: http.StatusMisdirectedRequest, Title: title, Text: words,
		RequestID: request{c}.RequestID(), Start: h.start()})
}

// start is the address that the console begins at, as people type it.
func (h *Console) start() string { return h.BaseURL.JoinPath("/").String() }

// maxCut is how much of a foreign header is shown or logged, in bytes.
const maxCut = 100

// cut is the beginning of what somebody has sent.
func cut(text string) string { return text[:min(len(text), maxCut)] }

// quoted is the beginning of what somebody has sent, as it is shown to others: in quotation marks, with nothing in it that is not ASCII.
func quoted(text string) string { return strconv.QuoteToASCII(cut(text)) }

// rarely lets through one log line a minute of a kind that anybody can cause.
type rarely struct{ last atomic.Int64 }

// due says whether a line may be written now. A clock that was ahead silences nothing.
func (r *rarely) due(now time.Time) bool {
	last, at := r.last.Load(), now.UnixMilli()
	return (at >= last+time.Minute.Milliseconds() || at < last) && r.last.CompareAndSwap(last, at)
}
