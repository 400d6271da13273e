package handlers

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"console/static"
)

const keyRequestID = "request id"

// contentPolicy allows nothing but what the console itself serves: no inline scripts or styles, no frames.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"

// clientAddress decides which address a request comes from: a forwarded one counts only from a configured proxy.
func clientAddress(proxies []netip.Prefix) echo.IPExtractor {
	if len(proxies) == 0 {
		return echo.ExtractIPDirect()
	}
	options := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range proxies {
		options = append(options, echo.TrustIPRange(&net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}))
	}
	return echo.ExtractIPFromXFFHeader(options...)
}

// identify gives every request an id, by which an error page and the log find each other.
func (h *Console) identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Set(keyRequestID, uuid.NewString())
		return next(c)
	}
}

// recordRequest writes one line for each request. The route is logged, not the path: a signup link is a secret.
func (h *Console) recordRequest(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		began := time.Now()
		if err := next(c); err != nil {
			c.Error(err)
		}
		if h.isStatic(c) || h.isProbe(c) {
			return nil
		}
		attributes := []any{"request_id", request{c}.RequestID(), "method", c.Request().Method, "route", c.Path(), "status", c.Response().Status,
			"ms", time.Since(began).Milliseconds(), "address", c.RealIP()}
		if session := (request{c}).SignedIn(); session != nil {
			attributes = append(attributes, "user", session.UserID)
		}
		h.Log.Info("request", attributes...)
		return nil
	}
}

func (h *Console) logPanic(c echo.Context, err error, stack []byte) error {
	h.Log.Error("panic", "request_id", request{c}.RequestID(), "error", err, "stack", string(stack))
	return err
}

// checkHost refuses names that are not the console's: whoever sends them has been led here by a foreign name.
func (h *Console) checkHost(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		path := strings.TrimPrefix(c.Request().URL.Path, h.basePath)
		if path == "/healthz" || path == "/readyz" || h.isOurHost(c.Request().Host) {
			return next(c)
		}
		return c.String(http.StatusMisdirectedRequest, "421: this server does not answer to that host name")
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

// setHeaders protects every answer, errors and files included. Pages are not cached; static files say otherwise.
func (h *Console) setHeaders(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		header := c.Response().Header()
		header.Set("Content-Security-Policy", contentPolicy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "same-origin")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		header.Set("Cache-Control", "no-store")
		if h.BaseURL.Scheme == "https" {
			header.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		}
		return next(c)
	}
}

// checkTransport keeps clear text out where the console is reached over https: pages lead to https, what would
// change something is refused. Over a loopback name nothing leaves the machine.
func (h *Console) checkTransport(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if h.BaseURL.Scheme != "https" || h.isEncrypted(c) || isLoopback(c.Request().Host) {
			return next(c)
		}
		path := strings.TrimPrefix(c.Request().URL.Path, h.basePath)
		if path == "/healthz" || path == "/readyz" {
			return next(c)
		}
		if m := c.Request().Method; m != http.MethodGet && m != http.MethodHead {
			return echo.NewHTTPError(http.StatusForbidden, "This address works with https only. Put https:// before it instead of http://.")
		}
		to := *c.Request().URL
		to.Scheme, to.Host = h.BaseURL.Scheme, h.BaseURL.Host
		return c.Redirect(http.StatusPermanentRedirect, to.String())
	}
}

func (h *Console) isEncrypted(c echo.Context) bool {
	if c.IsTLS() {
		return true
	}
	peer, err := netip.ParseAddrPort(c.Request().RemoteAddr)
	if err != nil || c.Request().Header.Get("X-Forwarded-Proto") != "https" {
		return false
	}
	for _, proxy := range h.TrustedProxies {
		if proxy.Contains(peer.Addr().Unmap()) {
			return true
		}
	}
	return false
}

// checkSetUp leads everything to the set-up page while there is no account.
func (h *Console) checkSetUp(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		path := strings.TrimPrefix(c.Request().URL.Path, h.basePath)
		if path == "/setup" || path == "/healthz" || path == "/readyz" || strings.HasPrefix(path, static.Prefix) {
			return next(c)
		}
		done, err := h.account.IsSetUp(c.Request().Context())
		if err != nil {
			return err
		}
		if !done {
			return c.Redirect(http.StatusSeeOther, h.path("/setup"))
		}
		return next(c)
	}
}
