// Package handlers answers requests: it reads the form, calls the account, and renders the page. What is allowed is
// decided in the account; routes.go is the map.
package handlers

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"console/internal/account"
	"console/internal/notify"
	"console/static"
	"console/store"
	"console/views"
)

// How large the body of a request may be, in bytes. An import brings a file; who has not signed in fills in a few fields.
const (
	maxForm   = "256K"
	maxImport = "3M"
)

// Options are what the console's pages work with.
type Options struct {
	Account        *account.Service
	Brand          string
	BaseURL        *url.URL           // where people reach the console; its path is the base path
	TrustedProxies []netip.Prefix     // whose X-Forwarded-… headers count
	HSTS           string             // the header Strict-Transport-Security; empty: none is sent
	FormSecret     []byte             // what CSRF tokens are made with
	FlashSecret    []byte             // what messages for the next page are signed with
	Probe          Probe              // of console doctor
	Mailbox        *notify.FileMailer // where mails are kept in trial mode; nil with SMTP
	MailServer     string             // its URL without user name and password; empty in trial mode
	Ready          func(context.Context) error
	Now            func() time.Time
	Log            *slog.Logger
	Observe        func(Observed) // called for each request once it is answered, by many at once; nil: nobody wants to know
}

// Console holds the pages.
type Console struct {
	Options
	account  *account.Service
	sessions *scs.SessionManager
	cookies  cookies
	basePath string
	apis     []Programs
	patterns map[string]bool // the paths of all routes

	foreignHost, missingScheme, oddForwardedFor rarely // what proxies do wrong
}

// New returns the console's pages.
func New(o Options) *Console {
	h := &Console{Options: o, account: o.Account, cookies: cookiesFor(o.BaseURL), basePath: o.BaseURL.Path}
	h.sessions = newSessions(o.Account)
	return h
}

// Handler serves pages and APIs. What surrounds every request stands here, outermost first.
func (h *Console) Handler(routes []Route, apis ...Programs) http.Handler {
	h.apis = apis
	e := echo.New()
	e.HTTPErrorHandler = h.fail
	e.IPExtractor = h.clientAddress
	e.Use(
		h.identify,
		h.recordRequest,
		middleware.RecoverWithConfig(middleware.RecoverConfig{LogErrorFunc: h.logPanic}),
		h.setHeaders,
		hangUpAfterChunks,
		h.checkHost,
		h.checkTransport,
		hideRefusedGzip,
		// Level 1 costs nothing measurable, the default a fifth.
		middleware.GzipWithConfig(middleware.GzipConfig{Level: 1, Skipper: h.isSentAsItIs}),
		h.checkSetUp,
		h.loadSession, // before a byte of the body is read, as all that refuses by the route
		middleware.BodyLimitWithConfig(middleware.BodyLimitConfig{Limit: maxForm, Skipper: h.isImport}),
		middleware.BodyLimitWithConfig(middleware.BodyLimitConfig{Limit: maxImport}),
	)
	if h.basePath != "" {
		e.Match([]string{http.MethodGet, http.MethodHead}, h.basePath, h.addSlash)
	}
	group := e.Group(h.basePath)
	group.Match([]string{http.MethodGet, http.MethodHead}, static.Prefix+"*", echo.WrapHandler(http.StripPrefix(h.basePath, static.Handler())))
	for _, r := range routes {
		handle := h.refuseOtherSites(h.admit(r.Needs, h.readVisitor(h.checkForm(r.Handle))))
		group.Add(r.Method, r.Path, handle)
		if r.Method == http.MethodGet {
			group.HEAD(r.Path, handle) // link checkers and monitors ask so
		}
	}
	for _, api := range apis {
		for _, r := range api.Routes {
			handle := h.admitProgram(api, r)
			group.Add(r.Method, r.Path, handle)
			if r.Method == http.MethodGet {
				group.HEAD(r.Path, handle)
			}
		}
	}
	h.patterns = map[string]bool{}
	for _, r := range e.Routes() {
		h.patterns[r.Path] = true
	}
	return e
}

// addSlash leads from the base path as people type it to where its pages begin.
func (h *Console) addSlash(c echo.Context) error {
	to := url.URL{Path: h.basePath + "/", RawQuery: c.Request().URL.RawQuery}
	return c.Redirect(http.StatusPermanentRedirect, to.String())
}

func (h *Console) isImport(c echo.Context) bool {
	switch strings.TrimPrefix(c.Path(), h.basePath) {
	case "/settings/users/import", "/api/v1/users/import", "/api/v1/users/previews/import":
		return true
	}
	return false
}

// isSentAsItIs says that an answer is not compressed. Echo takes a compressor, which is most of a megabyte, before the
// handler runs: in a burst of sign-ins hundreds would wait with one in their hands. What answers a form is short.
func (h *Console) isSentAsItIs(c echo.Context) bool {
	return h.isStatic(c) || c.Request().Method != http.MethodGet
}

// hideRefusedGzip keeps from the compressor what a client says of gzip to refuse it, gzip;q=0, as it goes by the word alone.
func hideRefusedGzip(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if header := c.Request().Header; !static.AcceptsGzip(header.Get(echo.HeaderAcceptEncoding)) {
			header.Del(echo.HeaderAcceptEncoding)
		}
		return next(c)
	}
}

// isStatic says that a request is for a file. Files are compressed already.
func (h *Console) isStatic(c echo.Context) bool { return c.Path() == h.basePath+static.Prefix+"*" }

// isProbe says that a request asks whether the server lives or is ready. It is answered in a word, whoever asks.
func (h *Console) isProbe(c echo.Context) bool {
	return c.Path() == h.basePath+"/healthz" || c.Path() == h.basePath+"/readyz"
}

// admit lets those pass whom a route is for. It comes before the body is read: what is refused anyway takes no memory.
func (h *Console) admit(needs Need, next echo.HandlerFunc) echo.HandlerFunc {
	return func(asked echo.Context) error {
		c := request{asked}
		if !needs.signedIn {
			return next(c)
		}
		session := c.Session()
		if session == nil || session.Stage != store.Finished && !(needs.settingUp && session.Stage == store.SetsUpSecondFactor) {
			return unread(c, signedOut)
		}
		if session.HasNoAccess() && session.Stage == store.Finished {
			h.account.CountNoAccess(session.Actor)
			return unread(c, h.noAccess(c))
		}
		if p, ok := needs.Permission(); ok {
			if err := h.account.Require(session.Actor, p); err != nil {
				return unread(c, err)
			}
		}
		return next(c)
	}
}

func (h *Console) ready(c request) error {
	if err := h.Ready(c.Context()); err != nil {
		if hasLeft(c) {
			return err
		}
		for _, known := range []error{account.ErrReading, store.ErrClockJumped} {
			if errors.Is(err, known) {
				return c.String(http.StatusServiceUnavailable, "unavailable: "+known.Error())
			}
		}
		if !errors.Is(err, store.ErrUnwritable) { // the log says that by itself, once a minute
			h.Log.ErrorContext(c.Context(), "not ready", "error", err)
		}
		return c.String(http.StatusServiceUnavailable, "unavailable")
	}
	return c.String(http.StatusOK, "ok")
}

// home leads to the first section the person may see.
func (h *Console) home(c request) error {
	return c.Redirect(http.StatusSeeOther, h.path(views.Landing(c.SignedIn().Console())))
}
