package handlers

import (
	"net/http"
	"net/url"
	"strings"

	"console/internal/account"
	"console/internal/input"
	"console/store"
	"console/views"
)

// twoCookies is the notice that somebody counts as signed out because of a cookie that is not the console's.
const twoCookies = "two-cookies"

// notices are what the sign-in page can be asked to say.
var notices = map[string]string{
	twoCookies: "You count as signed out, because this browser sends two cookies of the console where there is one: another application of " +
		"this host, or of a host beside it, has set the second. Delete the cookies of this host in your browser, then sign in.",
	"set-up":     "The console is set up. Sign in with the email and password you have just entered.",
	"signed-out": "You are signed out.",
	"too-late":   "You had been signed out by then, so nothing was changed. Sign in, then try again.",
	"reset":      "Your password is changed. Sign in with the new one.",
	"reset-sent": "If you can sign in with this address, a mail with a link is on its way. The link works for an hour. " +
		"If nothing arrives, ask your administrator.",
}

func (h *Console) signInForm(c request) error {
	next, notice := h.ownPath(c.QueryParam("next")), c.QueryParam("notice")
	if h.cookies.doubled(c) {
		notice = twoCookies
	}
	// The second cookie may be for the page that led here only: whoever is signed in here would be led to and fro.
	if session := c.SignedIn(); session != nil && notice != twoCookies {
		return h.redirect(c, h.afterSignIn(next), flash{})
	}
	return h.render(c, http.StatusOK, views.SignIn(values("next", next), notices[notice]))
}

func (h *Console) signIn(c request) error {
	begun, err := h.account.SignIn(c.Context(), c.FormValue("email"), c.FormValue("password"), h.client(c))
	if refused := account.AsRefusal(err); refused != nil && (refused.Code == account.WrongSignIn || refused.Code == account.Throttled) {
		return h.refuseSignIn(c, refused)
	}
	if err != nil {
		return err
	}
	return h.goOn(c, begun, flash{})
}

// signInAgain leads on who is in already, unless they wanted to sign in as somebody else.
func (h *Console) signInAgain(c request) error {
	session, email, next := c.SignedIn(), c.FormValue("email"), h.ownPath(c.FormValue("next"))
	switch {
	case session == nil:
		again := values("email", email, "next", next)
		again.Errors = outOfDate
		return h.render(c, http.StatusForbidden, views.SignIn(again, ""))
	case email != "" && input.EmailKey(email) != session.User.EmailKey:
		return h.signedInAs(c, account.SignedInAs(session.User, "You wanted to sign in as "+email+"."), withNext("/signin", next))
	}
	return h.redirect(c, h.afterSignIn(next), flash{})
}

// signedInAs says who is signed in, where somebody else was meant, and offers to sign out and go on to a page.
func (h *Console) signedInAs(c request, refused *account.Refusal, to string) error {
	page := views.SignedInAsPage{Title: refused.Title, Text: refused.Words, Next: h.path(to)}
	return h.render(c, statuses[refused.Code], views.SignedInAs(page))
}

// setUpPath is where those set up a second factor who are not let in without one.
const setUpPath = "/settings/profile/authenticator"

// steps are the pages on which a sign-in that is not finished goes on.
var steps = map[store.Stage]string{
	store.AwaitsSecondFactor: "/signin/2fa", store.ChoosesPassword: "/signin/password", store.SetsUpSecondFactor: setUpPath,
}

// goOn leads on somebody who has given the right password: to the next step, or in, where done is announced.
func (h *Console) goOn(c request, begun account.Begun, done flash) error {
	h.begin(c, begun.Token)
	next := h.ownPath(c.FormValue("next"))
	if step, more := steps[begun.Stage]; more {
		return h.redirect(c, withNext(step, next), flash{})
	}
	return h.redirect(c, h.afterSignIn(next), done)
}

// withNext is a page that leads on to next.
func withNext(page, next string) string {
	if next == "" {
		return page
	}
	separator := "?"
	if strings.Contains(page, separator) {
		separator = "&"
	}
	return page + separator + "next=" + url.QueryEscape(next)
}

// refuseSignIn shows the form again, with the email that was typed but never the password.
func (h *Console) refuseSignIn(c request, refused *account.Refusal) error {
	setRetryAfter(c, refused)
	again := values("email", c.FormValue("email"), "next", h.ownPath(c.FormValue("next")))
	again.Errors = account.Fields{"": refused.Words}
	return h.render(c, statuses[refused.Code], views.SignIn(again, ""))
}

// afterSignIn is where the person wanted to go, without the base path.
func (h *Console) afterSignIn(next string) string {
	if next == "" {
		return "/"
	}
	return strings.TrimPrefix(next, h.basePath)
}
