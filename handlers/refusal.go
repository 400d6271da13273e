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
	{is(store.ErrNotFound), http.StatusNotFound, "Not found", "What you are looking for does not exist, or has been deleted. Go back and reload the page."},
	{is(store.ErrStale), http.StatusConflict, "Changed meanwhile", "Somebody else has changed this since you opened it. Reload the page to see how it is now, then make your change again."},
	{is(account.ErrLastAdministrator), http.StatusConflict, "The last administrator stays", "At least one Global Administrator who can sign in must remain. Give the role to somebody else first."},
	{is(errSent), http.StatusConflict, "Done already", "This form was sent before, and nothing more was done now. What it made was shown that once. If you have not kept it, go back and make another one."},
	{is(account.ErrSelf), http.StatusConflict, "Not to yourself", "Nobody disables or deletes themselves. Ask another administrator to do it."},
	{is(account.ErrInvited), http.StatusConflict, "Not signed up yet", "This person has only been invited, and has no access that could be disabled. Revoke the invitation instead."},
	{is(account.ErrNotByMail), http.StatusConflict, "There is no mail to send again", "This invitation is shared by link. Make a new link instead."},
	{is(account.ErrInvitedDisabled), http.StatusConflict, "Access is disabled", "The access of this person is disabled, so a signup link would lead nowhere. Enable access first, then send the link."},
	{is(account.ErrMainTenant), http.StatusConflict, "The main tenant stays", "The main tenant has the company's name and cannot be disabled or deleted. To rename it, change the company name under General → Company."},
	{as[account.Invalid], http.StatusUnprocessableEntity, "This cannot be done", ""},
	{is(account.ErrBackground), http.StatusBadRequest, "Nothing was changed", "This request came from the page by itself, which changes nothing. Use the buttons and links of the page."},
	{is(account.ErrStillSending), http.StatusConflict, "Still on its way", "This message is still waiting to be delivered. Sent again now, it would arrive twice: wait until it has been delivered or has failed."},
	{is(account.ErrNowhereToSend), http.StatusConflict, "Nowhere to send it", "The integration that this message went to was deleted. Add it again, and choose it in the trigger: what happens from then on is sent there."},
	{is(account.ErrSetUp), http.StatusNotFound, "Not found", "The console is set up already. Sign in, or ask your administrator for an invitation."},
	{as[*account.Throttled], http.StatusTooManyRequests, "Too many attempts", "Too many attempts have failed. Wait a moment, then try again."},
	{is(auth.ErrBusy), http.StatusServiceUnavailable, "Very busy", "Many people are signing in right now. Try again in a few seconds."},
	{is(context.DeadlineExceeded), http.StatusServiceUnavailable, "Very busy", "The server did not get to this in time. Try again in a few seconds."},
}

// statusWords are what people read when the framework refuses a request; who refuses it with a text of their own keeps the title.
var statusWords = map[int]struct{ title, text string }{
	http.StatusForbidden:             {"Not accepted", "Go back, reload the page and try again."},
	http.StatusNotFound:              {"Not found", "There is no such page. Check the address, or go back to the start."},
	http.StatusMethodNotAllowed:      {"This cannot be opened", "This address is no page of its own. Go back, and use the buttons and links of the page."},
	http.StatusRequestEntityTooLarge: {"Too large", "What you sent is too large. A file has at most 2 MiB."},
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
		page := views.ErrorPage{Status: known.Code, Title: "This cannot be done", Text: "The address or the form is incomplete. Go back, reload the page and try again."}
		if words, found := statusWords[known.Code]; found {
			page.Title, page.Text = words.title, words.text
		}
		if text, ok := known.Message.(string); ok && text != http.StatusText(known.Code) {
			page.Text = text
		}
		return page
	}
	return views.ErrorPage{Status: http.StatusInternalServerError, Title: "Something went wrong", Text: "Nothing was changed. Try again. If it happens again, tell an administrator the request number."}
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
func (h *Console) fail(err error, asked echo.Context) {
	c := request{asked}
	if c.Response().Committed {
		return
	}
	if errors.Is(err, account.ErrSignedOut) {
		h.askToSignIn(c)
		return
	}
	page := describe(err)
	page.RequestID = c.RequestID()
	if page.Status >= http.StatusInternalServerError && !errors.Is(err, auth.ErrBusy) {
		h.Log.Error("request failed", "request_id", page.RequestID, "route", c.Path(), "error", err)
	}
	if wait := retryAfter(err); wait > 0 {
		c.Response().Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	}
	if forbidden, is := errors.AsType[*account.Forbidden](err); is && c.SignedIn() != nil {
		page.Ask, _ = h.account.WhoCan(c.Context(), forbidden) // without them the page still says what is missing
	}
	if c.IsHTMX() {
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
// sign-in form: htmx is told to leave the page as a whole. Whoever sent a form learns that nothing came of it.
func (h *Console) askToSignIn(c request) {
	page, back := "/signin", c.Request().URL.RequestURI()
	if m := c.Request().Method; m != http.MethodGet && m != http.MethodHead {
		page, back = "/signin?notice=too-late", c.Request().Referer()
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
		c.NoContent(http.StatusUnauthorized)
		return
	}
	c.Redirect(http.StatusSeeOther, to)
}
