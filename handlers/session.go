package handlers

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/labstack/echo/v4"

	"console/internal/account"
	"console/internal/auth"
	"console/store"
)

const (
	keySession  = "session"
	keyNewToken = "new session token"
)

// sessionLifetime is what scs notes as a session's end. The real limits are conditions of the query that loads the
// session, taken from the account's current settings, so this one must only be longer than any of them.
const sessionLifetime = 10 * 365 * 24 * time.Hour

// newSessions returns scs over the account's own sessions. scs keeps the data that a session remembers between
// requests; it neither begins, renews nor ends sessions, and it never sets the cookie.
func newSessions(service *account.Service) *scs.SessionManager {
	sessions := scs.New()
	sessions.Store = sessionStore{service}
	sessions.Codec = sessionData{}
	sessions.HashTokenInStore = true
	sessions.IdleTimeout = 0
	sessions.Lifetime = sessionLifetime
	return sessions
}

// sessionData is how what a session remembers is stored: as nothing where it remembers nothing, which is what almost all
// do, otherwise as scs does. Decoding it is a large part of loading a session.
type sessionData struct{ scs.GobCodec }

// Encode implements scs.Codec.
func (c sessionData) Encode(deadline time.Time, values map[string]any) ([]byte, error) {
	if len(values) == 0 {
		return []byte{}, nil
	}
	return c.GobCodec.Encode(deadline, values)
}

// Decode implements scs.Codec.
func (c sessionData) Decode(data []byte) (time.Time, map[string]any, error) {
	if len(data) == 0 {
		return time.Now().Add(sessionLifetime), map[string]any{}, nil
	}
	return c.GobCodec.Decode(data)
}

// sessionStore is the account's sessions as scs sees them. What it finds it also leaves in the request's found.
type sessionStore struct{ account *account.Service }

// found carries the session that a request's token belongs to from sessionStore to the middleware, so that it is
// loaded once.
type found struct {
	background bool // the page asks by itself: no activity of the person
	session    *account.SignedIn
}

type foundKey struct{}

// FindCtx implements scs.CtxStore.
func (s sessionStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	hash, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return nil, false, nil //nolint:nilerr // a cookie that is no token belongs to no session
	}
	f, _ := ctx.Value(foundKey{}).(*found)
	session, err := s.account.Session(ctx, hash, f != nil && f.background)
	if errors.Is(err, store.ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	if f != nil {
		f.session = &session
	}
	return session.Data, true, nil
}

// CommitCtx implements scs.CtxStore. It only updates: a session that ended while its request ran stays ended.
func (s sessionStore) CommitCtx(ctx context.Context, token string, data []byte, _ time.Time) error {
	hash, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return err
	}
	return s.account.SaveSessionData(ctx, hash, data)
}

// DeleteCtx implements scs.CtxStore. Sessions end by operations of the account, not here.
func (s sessionStore) DeleteCtx(context.Context, string) error { return errSessionsEndElsewhere }

// Find, Commit and Delete complete scs.Store; scs prefers the functions above.
func (s sessionStore) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit implements scs.Store.
func (s sessionStore) Commit(token string, data []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, data, expiry)
}

// Delete implements scs.Store.
func (s sessionStore) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }

var errSessionsEndElsewhere = errors.New("sessions are ended by the account, not by scs")

// loadSession finds the session of a request's cookie, and stores what the request made the session remember. A program has none. Files
// and probes are for everybody, and no activity: browsers ask for the icon long after the page. Who sends two of one of our cookies
// is signed out.
func (h *Console) loadSession(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if h.isStatic(c) || h.isProbe(c) || h.programs(c) != nil {
			return next(c)
		}
		f := &found{background: isBackground(c)}
		ctx := context.WithValue(c.Request().Context(), foundKey{}, f)
		token := h.cookies.read(c, sessionCookie)
		if h.cookies.doubled(c) {
			token = ""
		}
		ctx, err := h.sessions.Load(ctx, token)
		if err != nil {
			return err
		}
		if f.session != nil && isReading(c) {
			if ctx, err = h.account.Reading(ctx); err != nil {
				return err
			}
		}
		c.SetRequest(c.Request().WithContext(ctx))
		if f.session != nil {
			f.session.Address, f.session.RequestID = c.RealIP(), request{c}.RequestID()
			f.session.Route, f.session.UserAgent = c.Path(), h.client(request{c}).Browser()
			c.Set(keySession, f.session)
		}
		if err := next(c); err != nil {
			c.Error(err)
		}
		if f.session != nil && h.sessions.Status(ctx) == scs.Modified {
			if _, _, err := h.sessions.Commit(ctx); err != nil && !errors.Is(err, store.ErrUnwritable) && !hasLeft(c) {
				h.Log.ErrorContext(ctx, "save session", "error", err)
			}
		}
		return nil
	}
}

// isBackground tells the requests that are no activity of the person: those that pages make by themselves, such as asking how far a
// job is, those of a browser that fetches a page before anybody has asked for it, and those that pages of others make, such as for
// a picture. They only read. Following a link from elsewhere is activity.
func isBackground(c echo.Context) bool {
	r := c.Request()
	if r.Method == http.MethodHead { // link checkers and monitors
		return true
	}
	reads := isReading(c)
	if isForeign(r) {
		framed := r.Header.Get("Sec-Fetch-Dest") != "document" && r.Header.Get("Sec-Fetch-Dest") != ""
		return !reads || framed || r.Header.Get("Sec-Fetch-Mode") != "navigate"
	}
	return reads && (r.URL.Query().Has("background") || strings.Contains(r.Header.Get("Sec-Purpose"), "prefetch"))
}

// isForeign says that the browser itself reports a page of another site or host as what made it ask.
func isForeign(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return site == "cross-site" || site == "same-site"
}

// isReading tells the requests that ask for a page.
func isReading(c echo.Context) bool {
	return c.Request().Method == http.MethodGet || c.Request().Method == http.MethodHead
}

// client returns the browser that asks.
func (h *Console) client(c request) account.Client {
	from := account.Client{Address: c.RealIP(), UserAgent: c.Request().UserAgent(), RequestID: c.RequestID()}
	if c.Session() != nil {
		from.Session = auth.HashToken(h.sessionToken(c))
	}
	return from
}

// begin makes the browser carry the session that token belongs to. The visitor's cookie stays: it opens nothing, and forms in other
// tabs were made with it.
func (h *Console) begin(c request, token string) {
	c.Set(keyNewToken, token)
	h.cookies.write(c, sessionCookie, token)
}

// sessionToken is the token that the browser sends with its next request: the one it has sent, or what begin has given it since.
func (h *Console) sessionToken(c echo.Context) string {
	if token, begun := c.Get(keyNewToken).(string); begun {
		return token
	}
	return h.cookies.read(c, sessionCookie)
}

func (h *Console) signOut(c request) error {
	if session := c.Session(); session != nil {
		hash := auth.HashToken(h.sessionToken(c))
		if err := h.account.SignOut(c.Context(), session.Actor, hash); err != nil {
			return err
		}
	}
	h.cookies.remove(c, sessionCookie)
	// What is stored belongs to the origin. Under a base path others share it, and the console itself stores nothing. ASVS 14.3.1
	// wants "cache" too; no page is ever cached (no-store), and emptying the cache of the site takes browsers seconds.
	if h.basePath == "" {
		c.Response().Header().Set("Clear-Site-Data", `"storage"`)
	}
	if next := h.ownPath(c.FormValue("next")); next != "" {
		return h.redirect(c, strings.TrimPrefix(next, h.basePath), flash{})
	}
	return h.redirect(c, "/signin?notice=signed-out", flash{})
}

// sessionState is what a page asks about the session it belongs to.
type sessionState struct {
	Seconds int  `json:"seconds"` // until it ends; 0: it has
	Final   bool `json:"final"`   // going on working would not prolong it
}

// sessionTime says how long the session lasts. Asked by a person who wants to stay it is activity, asked in the background
// it is none.
func (h *Console) sessionTime(c request) error {
	session := c.SignedIn()
	if session == nil {
		return c.JSON(http.StatusOK, sessionState{})
	}
	ends, final := session.Ends()
	left := ends.Time().Sub(h.Now())
	return c.JSON(http.StatusOK, sessionState{Seconds: int((left + time.Second - 1) / time.Second), Final: final})
}
