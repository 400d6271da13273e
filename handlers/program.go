package handlers

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"console/internal/account"
	"console/store"
)

// Programs are the routes of an API. Whoever uses them shows a token with each request: cookies count for nothing there, as tokens
// count for nothing on pages. So no other site can make a browser ask in somebody's name, and no form token is needed: a browser sends
// a header like that to another origin only where that origin has allowed it before (CORS), and the console never does.
type Programs struct {
	Prefixes []string // with one of them all paths begin, such as "/v1/"
	Routes   []Route
	Token    func(*http.Request) string // reads the token of a request; empty: there is none
	Fail     func(Request, Failure) error
}

// Failure is why a request of a program was not carried out.
type Failure struct {
	Status    int
	Code      account.Code     // of a refusal; otherwise empty
	Title     string           // a few words
	Words     string           // whole sentences
	Refusal   *account.Refusal // nil: something is broken, or no operation was asked for
	RequestID string           // by which the log is searched
}

const keyProgram = "program"

// programs returns the API that a request is for, or nil for the pages.
func (h *Console) programs(c echo.Context) *Programs {
	path := strings.TrimPrefix(c.Request().URL.Path, h.basePath)
	for i := range h.apis {
		for _, prefix := range h.apis[i].Prefixes {
			if strings.HasPrefix(path, prefix) {
				return &h.apis[i]
			}
		}
	}
	return nil
}

// admitProgram lets those pass whose token works and for whom a route is. It comes before the body is read.
func (h *Console) admitProgram(api Programs, r Route) echo.HandlerFunc {
	return func(asked echo.Context) error {
		c := request{asked}
		if !r.Needs.SignedIn() {
			return r.Handle(c)
		}
		if isReading(c) {
			ctx, err := h.account.Reading(c.Context())
			if err != nil {
				return err
			}
			c.SetRequest(c.Request().WithContext(ctx))
		}
		by, err := h.account.TokenActor(c.Context(), api.Token(c.Request()), c.RealIP())
		if err != nil {
			return unread(c, err)
		}
		by.RequestID, by.Route = c.RequestID(), c.Path()
		c.Set(keyProgram, by)
		left, err := h.account.PaceToken(by)
		tellPace(c, left)
		if err != nil {
			return unread(c, err)
		}
		if p, ok := r.Needs.Permission(); ok {
			if err := h.account.Require(by, p); err != nil {
				return unread(c, err)
			}
		}
		return r.Handle(c)
	}
}

// tellPace says how many requests the token has left at present, as the draft of the IETF for RateLimit headers has it.
func tellPace(c request, left int) {
	pace := account.TokenPace()
	header := c.Response().Header()
	header.Set("RateLimit-Policy", fmt.Sprintf(`"token";q=%d;w=%d`, pace.Number, int(pace.Full().Seconds())))
	header.Set("RateLimit", fmt.Sprintf(`"token";r=%d;t=%d`, left, int(math.Ceil((pace.Full()-time.Duration(left)*pace.Time).Seconds()))))
}

// program returns the actor whose token a request carries, and whether it carries one that was let in.
func (c request) program() (account.Actor, bool) {
	by, is := c.Get(keyProgram).(account.Actor)
	return by, is
}

// failProgram answers a request of a program whose handler returned an error.
func (h *Console) failProgram(c request, api *Programs, err error) {
	page := describe(err)
	failure := Failure{Status: page.Status, Title: page.Title, Words: page.Text, RequestID: c.RequestID()}
	refused := account.AsRefusal(err)
	if refused != nil {
		failure.Code, failure.Refusal = refused.Code, refused
		setRetryAfter(c, refused)
	}
	if refused == nil {
		awaitDatabase(c, err)
	}
	if errors.Is(err, store.ErrUndecided) {
		failure.Code = Undecided
	}
	if refused == nil && page.Status >= http.StatusInternalServerError && !errors.Is(err, store.ErrUnwritable) {
		h.Log.ErrorContext(c.Context(), "request failed", "route", h.routeOf(c), "error", err)
	}
	if page.Status == http.StatusRequestEntityTooLarge {
		hangUp(c)
	}
	if page.Status == http.StatusUnauthorized {
		c.Response().Header().Set(echo.HeaderWWWAuthenticate, "Token")
	}
	if err := api.Fail(c, failure); err != nil {
		h.Log.ErrorContext(c.Context(), "answer to a program", "error", err)
	}
}
