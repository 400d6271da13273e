package handlers

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"console/internal/account"
	"console/internal/auth"
	"console/store"
	"console/views"
)

// statuses is the one table from what is refused to the status of the answer, of pages and of APIs.
var statuses = map[account.Code]int{
	account.Invalid:           http.StatusUnprocessableEntity,
	account.Taken:             http.StatusUnprocessableEntity,
	account.WrongSignIn:       http.StatusUnprocessableEntity,
	account.WrongSecondFactor: http.StatusUnprocessableEntity,
	account.CodeUsed:          http.StatusUnprocessableEntity,
	account.KeyReused:         http.StatusUnprocessableEntity,
	account.Background:        http.StatusBadRequest,
	account.SignedOut:         http.StatusUnauthorized,
	account.TokenRefused:      http.StatusUnauthorized,
	account.TokenHeld:         http.StatusForbidden,
	account.Forbidden:         http.StatusForbidden,
	account.NotFound:          http.StatusNotFound,
	account.AlreadySetUp:      http.StatusNotFound,
	account.LinkUnknown:       http.StatusNotFound,
	account.Stale:             http.StatusConflict,
	account.ChangedTotal:      http.StatusConflict,
	account.ChangedPreview:    http.StatusConflict,
	account.Self:              http.StatusConflict,
	account.Invited:           http.StatusConflict,
	account.InvitedDisabled:   http.StatusConflict,
	account.NotByMail:         http.StatusConflict,
	account.LastAdministrator: http.StatusConflict,
	account.MainTenant:        http.StatusConflict,
	account.OtherPerson:       http.StatusConflict,
	account.Joined:            http.StatusConflict,
	account.NoSecondFactor:    http.StatusConflict,
	account.DisabledAlready:   http.StatusConflict,
	account.StillSending:      http.StatusConflict,
	account.NowhereToSend:     http.StatusConflict,
	account.NotSetUp:          http.StatusConflict,
	account.StillRotating:     http.StatusConflict,
	sentBefore:                http.StatusConflict,
	account.LinkExpired:       http.StatusGone,
	account.LinkUsed:          http.StatusGone,
	account.LinkRevoked:       http.StatusGone,
	account.LinkReplaced:      http.StatusGone,
	account.Throttled:         http.StatusTooManyRequests,
	account.Busy:              http.StatusServiceUnavailable,
}

// usersChanged makes the list of users in the page draw itself again.
const usersChanged = "users-changed"

// signedOut leads to the sign-in page.
var signedOut = &account.Refusal{Code: account.SignedOut}

// statusWords are what people read when the framework refuses a request; who refuses it with a text of their own keeps
// the title.
var statusWords = map[int]struct{ title, text string }{
	http.StatusForbidden: {"Not accepted", "Go back, reload the page and try again."},
	http.StatusNotFound:  {"Not found", "There is no such page. Check the address, or go back to the start."},
	http.StatusMethodNotAllowed: {
		"This cannot be opened",
		"This address is no page of its own. Go back, and use the buttons and links of the page.",
	},
	http.StatusRequestEntityTooLarge: {"Too large", "What you sent is too large. A file has at most 2 MiB, and comes from people " +
		"who have signed in."},
}

// describe turns an error into the page that reports it: refused, or broken.
func describe(err error) views.ErrorPage {
	if refused := account.AsRefusal(err); refused != nil {
		return views.ErrorPage{Status: statuses[refused.Code], Title: refused.Title, Text: refused.Words}
	}
	if known, is := errors.AsType[*echo.HTTPError](err); is && known.Code < http.StatusInternalServerError {
		page := views.ErrorPage{Status: known.Code, Title: "This cannot be done",
			Text: "The address or the form is incomplete. Go back, reload the page and try again."}
		if words, found := statusWords[known.Code]; found {
			page.Title, page.Text = words.title, words.text
		}
		if text, ok := known.Message.(string); ok && text != http.StatusText(known.Code) {
			page.Text = text
		}
		return page
	}
	page := views.ErrorPage{Status: http.StatusInternalServerError, Title: "Something went wrong",
		Text: "Nothing was changed. Try again. If it happens again, tell an administrator the request number."}
	if errors.Is(err, store.ErrUnavailable) {
		page.Status, page.Title = http.StatusServiceUnavailable, "The database does not answer"
		page.Text = "The server cannot read or save anything at present. Try again in a minute. " +
			"If it goes on, tell whoever runs it the request number."
	}
	if errors.Is(err, auth.ErrKeyMissing) {
		page.Status, page.Title = http.StatusServiceUnavailable, "The key file is out of date"
		page.Text = "The key was rotated, and this server does not have the new one yet, so nothing was changed. Tell whoever runs it."
	}
	if errors.Is(err, store.ErrCrowded) {
		page.Title = "The database takes no more connections"
		page.Text = "Too many use it at present. Try again in a minute. If it goes on, tell whoever runs the server the request number."
	}
	if errors.Is(err, store.ErrUndecided) {
		page.Title, page.Text = "Nobody knows whether this was done", undecidedWords
	}
	if errors.Is(err, store.ErrUnwritable) {
		page.Title, page.Text = "Nothing can be saved", "The server cannot save anything at present. Tell whoever runs it."
	}
	return page
}

// Undecided is the code of what may have been done. No program is told when to repeat it.
const (
	Undecided      account.Code = "undecided"
	undecidedWords              = "The connection to the database was lost while this was saved, so it may have been done or not. " +
		"Look before you repeat it."
)

// awayFor is when it is worth trying again to reach a database that is away: most restarts take less.
const awayFor = 5 * time.Second

// statusLeft is recorded of a request whose client has hung up before the answer began. nginx, whose code it is, calls it “client closed
// request”.
const statusLeft = 499

// hasLeft says that nobody waits for the answer any more. What fails then is broken off, not broken. A time limit of the server's own ends
// the context with another error.
func hasLeft(c echo.Context) bool { return errors.Is(c.Request().Context().Err(), context.Canceled) }

// fail answers a request whose handler returned an error: a whole page, or a message beside the page for htmx.
func (h *Console) fail(err error, asked echo.Context) {
	c := request{asked}
	if c.Response().Committed {
		return
	}
	if hasLeft(c) {
		c.Response().WriteHeader(statusLeft)
		return
	}
	if api := h.programs(c); api != nil {
		h.failProgram(c, api, err)
		return
	}
	if account.RefusedBy(err, account.SignedOut) {
		h.askToSignIn(c)
		return
	}
	page := describe(err)
	page.RequestID = c.RequestID()
	if page.Status == http.StatusRequestEntityTooLarge {
		hangUp(c)
		if c.SignedIn() == nil {
			h.account.CountTooLarge(h.visitor(c))
		}
	}
	refused := account.AsRefusal(err)
	if refused == nil && page.Status >= http.StatusInternalServerError {
		if !errors.Is(err, store.ErrUnwritable) { // the log says that by itself, once a minute
			h.Log.ErrorContext(c.Context(), "request failed", "route", h.routeOf(c), "error", err)
		}
		awaitDatabase(c, err)
		h.sendFailure(c, page)
		return
	}
	if refused != nil {
		setRetryAfter(c, refused)
		if refused.Code == account.Joined || refused.Code == account.NotFound {
			c.Response().Header().Set("HX-Trigger", usersChanged)
		}
		if refused.Lack != nil && c.SignedIn() != nil {
			page.Ask, _ = h.account.WhoCan(c.Context(), *refused.Lack) // without them the page still says what is missing
		}
	}
	if c.IsHTMX() {
		toToasts(c)
		err = h.render(c, page.Status, views.ErrorToast(page))
	} else {
		err = h.render(c, page.Status, views.Error(page))
	}
	if err != nil {
		h.Log.ErrorContext(c.Context(), "error page", "error", err)
		failed := describe(err)
		failed.RequestID = page.RequestID
		awaitDatabase(c, err)
		h.sendFailure(c, failed)
	}
}

// toToasts makes htmx show the answer beside the page.
func toToasts(c request) {
	c.Response().Header().Set("HX-Retarget", "#toasts")
	c.Response().Header().Set("HX-Reswap", "innerHTML")
}

// sendFailure says that something failed. It needs nothing that can fail: neither the database nor the session, nor time.
func (h *Console) sendFailure(c request, page views.ErrorPage) {
	frame := &views.Frame{Brand: h.Brand, BasePath: h.basePath, Now: h.Now()}
	component := views.Failure(page)
	if c.IsHTMX() {
		toToasts(c)
		component = views.ErrorToast(page)
	}
	if err := sendComponent(c, page.Status, views.WithFrame(context.WithoutCancel(c.Context()), frame), component); err != nil {
		h.Log.ErrorContext(c.Context(), "failure page", "error", err)
	}
}

// awaitDatabase says to programs when to repeat what the database did not answer, and has not done.
func awaitDatabase(c request, err error) {
	if errors.Is(err, store.ErrUnavailable) && !errors.Is(err, store.ErrUndecided) {
		setRetryAfter(c, &account.Refusal{RetryAfter: awayFor})
	}
}

// setRetryAfter says to programs when it is worth trying again.
func setRetryAfter(c request, refused *account.Refusal) {
	if refused.RetryAfter > 0 {
		c.Response().Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(refused.RetryAfter.Seconds()))))
	}
}

// askToSignIn sends the browser to the next step of signing in and, after it, back. A part of a page is never replaced by the
// sign-in form: htmx is told to leave the page as a whole. Whoever sent a form learns that nothing came of it.
func (h *Console) askToSignIn(c request) {
	page, back := "/signin", c.Request().URL.RequestURI()
	if m := c.Request().Method; m != http.MethodGet && m != http.MethodHead {
		page, back = "/signin?notice=too-late", c.Request().Referer()
	}
	if h.cookies.doubled(c) {
		page = "/signin?notice=" + twoCookies
	}
	if c.IsHTMX() {
		back = c.Request().Header.Get("HX-Current-URL")
	}
	if session := c.Session(); session != nil && session.Stage != store.Finished {
		page = steps[session.Stage]
	}
	to := h.path(withNext(page, h.pageAt(back)))
	if c.IsHTMX() {
		c.Response().Header().Set("HX-Redirect", to)
		_ = c.NoContent(http.StatusUnauthorized) // the browser went away: nobody is left to tell
		return
	}
	_ = c.Redirect(http.StatusSeeOther, to) // as above
}
