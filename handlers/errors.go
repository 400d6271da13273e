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

// failures is the one table from what went wrong to what the person reads. Errors with text of their own for people
// have no text here.
var failures = []struct {
	is     func(error) bool
	status int
	title  string
	text   string
}{
	{as[*account.Forbidden], http.StatusForbidden, "You may not do this", ""},
	{is(store.ErrNotFound), http.StatusNotFound, "Not found", "What you are looking for does not exist, or no longer does."},
	{is(store.ErrStale), http.StatusConflict, "Changed meanwhile", "Somebody else has changed this since you opened it. Reload the page to see how it is now, then make your change again."},
	{is(account.ErrLastAdministrator), http.StatusConflict, "The last administrator stays", "At least one Global Administrator who can sign in must remain. Give the role to somebody else first."},
	{is(account.ErrSelf), http.StatusConflict, "Not to yourself", "Nobody disables or deletes themselves. Ask another administrator."},
	{is(account.ErrInvited), http.StatusConflict, "Only invited", "An invited person has no access yet. Revoke the invitation instead."},
	{is(account.ErrNotByMail), http.StatusConflict, "There is no mail to send again", "This invitation is shared by link. Make a new link instead."},
	{is(account.ErrMainTenant), http.StatusConflict, "The main tenant stays", "The main tenant carries the company’s name: rename it under General → Company. It cannot be disabled or deleted."},
	{as[account.Invalid], http.StatusUnprocessableEntity, "This cannot be done", ""},
	{is(account.ErrBackground), http.StatusBadRequest, "Nothing was changed", "A page that asks by itself cannot change anything. Use the page's own buttons and links."},
	{is(account.ErrStillSending), http.StatusConflict, "Still on its way", "This message is still waiting to be delivered; sent again now, it would arrive twice. Wait until it has been delivered or has failed."},
	{is(account.ErrNowhereToSend), http.StatusConflict, "Nowhere to send it", "The integration that this message went to was deleted. Add it again, and events from then on are sent there."},
	{is(account.ErrSetUp), http.StatusNotFound, "Not found", "The console is set up already."},
	{as[*account.Throttled], http.StatusTooManyRequests, "Too many attempts", "Too many attempts have failed. Wait a moment, then try again."},
	{is(auth.ErrBusy), http.StatusServiceUnavailable, "Very busy", "Many people are signing in right now. Try again in a few seconds."},
	{is(context.DeadlineExceeded), http.StatusServiceUnavailable, "Very busy", "The server did not get to this in time. Try again in a few seconds."},
}

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func as[T error](err error) bool {
	var target T
	return errors.As(err, &target)
}

// describe turns an error into the page that reports it.
func describe(err error) views.ErrorPage {
	for _, f := range failures {
		if f.is(err) {
			page := views.ErrorPage{Status: f.status, Title: f.title, Text: f.text}
			if page.Text == "" {
				page.Text = text(err)
			}
			return page
		}
	}
	var known *echo.HTTPError
	if errors.As(err, &known) && known.Code < http.StatusInternalServerError {
		page := views.ErrorPage{Status: known.Code, Title: http.StatusText(known.Code), Text: "The request could not be understood."}
		if known.Code == http.StatusNotFound {
			page.Title, page.Text = "Not found", "There is no such page."
		} else if text, ok := known.Message.(string); ok && text != http.StatusText(known.Code) {
			page.Text = text
		}
		return page
	}
	return views.ErrorPage{Status: http.StatusInternalServerError, Title: "Something went wrong", Text: "Nothing was changed. Try again; if it happens again, tell an administrator the number below."}
}

// text is the innermost error that speaks to people.
func text(err error) string {
	if forbidden, is := errors.AsType[*account.Forbidden](err); is {
		return forbidden.Error()
	}
	if refused, is := errors.AsType[account.Invalid](err); is {
		return refused.First()
	}
	return err.Error()
}

// fail answers a request whose handler returned an error: a whole page, or a message beside the page for htmx.
func (h *Console) fail(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	if errors.Is(err, account.ErrSignedOut) {
		h.askToSignIn(c)
		return
	}
	page := describe(err)
	page.RequestID = requestID(c)
	if page.Status >= http.StatusInternalServerError && !errors.Is(err, auth.ErrBusy) {
		h.Log.Error("request failed", "request_id", page.RequestID, "route", c.Path(), "error", err)
	}
	if wait := retryAfter(err); wait > 0 {
		c.Response().Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	}
	if forbidden, is := errors.AsType[*account.Forbidden](err); is && signedIn(c) != nil {
		page.Ask, _ = h.account.WhoCan(c.Request().Context(), forbidden) // without them the page still says what is missing
	}
	if isHTMX(c) {
		c.Response().Header().Set("HX-Retarget", "#toasts")
		c.Response().Header().Set("HX-Reswap", "innerHTML")
		err = h.render(c, page.Status, views.ErrorToast(page))
	} else {
		err = h.render(c, page.Status, views.Error(page))
	}
	if err != nil {
		h.Log.Error("error page", "request_id", page.RequestID, "error", err)
	}
}

func retryAfter(err error) time.Duration {
	var throttled *account.Throttled
	switch {
	case errors.As(err, &throttled):
		return throttled.RetryAfter
	case errors.Is(err, auth.ErrBusy), errors.Is(err, context.DeadlineExceeded):
		return 5 * time.Second
	}
	return 0
}

// askToSignIn sends the browser to the next step of signing in and, after it, back. A part of a page is never replaced by the
// sign-in form: htmx is told to leave the page as a whole.
func (h *Console) askToSignIn(c echo.Context) {
	back := c.Request().URL.RequestURI()
	if isHTMX(c) {
		back = c.Request().Header.Get("HX-Current-URL")
	} else if c.Request().Method != http.MethodGet {
		back = ""
	}
	page := "/signin"
	if session := current(c); session != nil && session.Stage != store.Finished {
		page = steps[session.Stage]
	}
	to := h.path(withNext(page, h.ownPath(back)))
	if isHTMX(c) {
		c.Response().Header().Set("HX-Redirect", to)
		c.NoContent(http.StatusUnauthorized)
		return
	}
	c.Redirect(http.StatusSeeOther, to)
}
