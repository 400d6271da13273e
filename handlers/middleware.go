package handlers

import (
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"console/internal/account"
	"console/static"
)

const keyRequestID = "request id"

// contentPolicy allows nothing but what the console itself serves: no inline scripts or styles, no frames.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"

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
		if by, is := (request{c}).program(); is {
			attributes = append(attributes, "user", by.UserID, "token", by.TokenID)
		}
		h.Log.Info("request", attributes...)
		return nil
	}
}

func (h *Console) logPanic(c echo.Context, err error, stack []byte) error {
	h.Log.Error("panic", "request_id", request{c}.RequestID(), "error", err, "stack", string(stack))
	return err
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
