package handlers

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"console/internal/account"
	"console/internal/trace"
	"console/static"
)

// contentPolicy allows nothing but what the console itself serves: no inline scripts or styles, no frames.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"

// identify gives every request an id, by which an error page and the log find each other: that of the trusted proxy which it came by,
// where that sends one, and otherwise one that nobody else has. From the trace of whoever calls the log takes the id, so that it is found
// by that too; anybody may send one, as nothing is decided by it.
func (h *Console) identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		ids := trace.Request{ID: r.Header.Get(echo.HeaderXRequestID), TraceID: trace.IDOf(r.Header)}
		if !trace.IsID(ids.ID) || !h.trusts(peer(r)) {
			ids.ID = uuid.NewString()
		}
		c.SetRequest(r.WithContext(trace.With(r.Context(), ids)))
		return next(c)
	}
}

// recordRequest observes each request and writes a line for it, also where an answer is cut short, which ends by a panic.
func (h *Console) recordRequest(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		defer h.record(request{c}, time.Now())
		if err := next(c); err != nil {
			c.Error(err)
		}
		return nil
	}
}

// record is recordRequest for a request that began at a time. The route is logged, not the path: a signup link is a secret.
func (h *Console) record(c request, began time.Time) {
	took, route, method, status := time.Since(began), h.routeOf(c), methodOf(c), c.Response().Status
	if h.Observe != nil {
		h.Observe(Observed{Route: route, Method: method, Status: status, Took: took})
	}
	if h.isStatic(c) || h.isProbe(c) {
		return
	}
	attributes := []any{"method", method, "route", route, "status", status, "ms", took.Milliseconds(), "address", c.RealIP()}
	if session := c.SignedIn(); session != nil {
		attributes = append(attributes, "user", session.UserID)
	}
	if by, is := c.program(); is {
		attributes = append(attributes, "user", by.UserID, "token", by.TokenID)
	}
	h.Log.InfoContext(c.Context(), "request", attributes...)
}

// Observed is what is measured of a request. Route and Method are of few values, whatever strangers send.
type Observed struct {
	Route, Method string
	Status        int
	Took          time.Duration
}

// noRoute stands for the route of a request that is for none, otherMethod for an unusual method.
const (
	noRoute     = "none"
	otherMethod = "other"
)

// routeOf is the pattern of the route that a request is for, as in /settings/users/:id.
func (h *Console) routeOf(c echo.Context) string {
	if route := c.Path(); h.patterns[route] {
		return route
	}
	return noRoute
}

// methodOf is the method of a request, where it is one that programs and browsers use.
func methodOf(c echo.Context) string {
	switch method := c.Request().Method; method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return otherMethod
}

// errPanicked stands for what a panic was about, which may hold anything.
var errPanicked = errors.New("panic")

// logPanic logs where a panic came from. The value that Go's own panics have is an error.
func (h *Console) logPanic(c echo.Context, err error, stack []byte) error {
	h.Log.ErrorContext(c.Request().Context(), "panic", "error", trace.Panic(err), "stack", string(stack))
	return errPanicked
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
		if h.HSTS != "" {
			header.Set("Strict-Transport-Security", h.HSTS)
		}
		return next(c)
	}
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
		if !done && h.programs(c) != nil {
			return account.Refuse(account.NotSetUp)
		}
		if !done {
			return c.Redirect(http.StatusSeeOther, h.path("/setup"))
		}
		return next(c)
	}
}
