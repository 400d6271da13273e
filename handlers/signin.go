package handlers

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"console/internal/account"
	"console/store"
	"console/views"
)

// notices are what the sign-in page can be asked to say.
var notices = map[string]string{
	"set-up":     "The console is set up. Sign in with the email and password you have just entered.",
	"signed-out": "You are signed out.",
	"too-late":   "You had been signed out by then, so nothing was changed. Sign in, then try again.",
	"reset":      "Your password is changed. Sign in with the new one.",
	"reset-sent": "If you can sign in with this address, a mail with a link is on its way. The link works for an hour. " +
		"If nothing arrives, ask your administrator.",
}

func (h *Console) signInForm(c request) error {
	next := h.ownPath(c.QueryParam("next"))
	if session := c.SignedIn(); session != nil {
		return h.redirect(c, h.afterSignIn(next), flash{})
	}
	return h.render(c, http.StatusOK, views.SignIn(values("next", next), notices[c.QueryParam("notice")]))
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

// setUpPath is where those set up a second factor who are not let in without one.
const setUpPath = "/settings/profile/authenticator"

// steps are the pages on which a sign-in that is not finished goes on.
var steps = map[store.Stage]string{store.AwaitsSecondFactor: "/signin/2fa", store.SetsUpSecondFactor: setUpPath}

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

// waiting returns the session that waits for the second factor, or nil.
func waiting(c request) *account.SignedIn {
	if session := c.Session(); session != nil && session.Stage == store.AwaitsSecondFactor {
		return session
	}
	return nil
}

func (h *Console) secondFactorForm(c request) error {
	if waiting(c) == nil {
		return h.redirect(c, withNext("/signin", h.ownPath(c.QueryParam("next"))), flash{}) // which knows those who are in
	}
	return h.renderSecondFactor(c, http.StatusOK, views.Form{})
}

func (h *Console) secondFactor(c request) error {
	return h.finishSignIn(c, func(by account.Actor) (account.SignedInWith, error) {
		return h.account.SignInWithCode(c.Context(), by, c.FormValue("code"), h.client(c))
	})
}

func (h *Console) secondFactorByPasskey(c request) error {
	return h.finishSignIn(c, func(by account.Actor) (account.SignedInWith, error) {
		return h.account.SignInWithPasskey(c.Context(), by, []byte(c.FormValue("credential")), h.client(c))
	})
}

func (h *Console) finishSignIn(c request, with func(account.Actor) (account.SignedInWith, error)) error {
	session := waiting(c)
	if session == nil {
		return h.redirect(c, withNext("/signin", h.ownPath(c.FormValue("next"))), flash{})
	}
	done, err := with(session.Actor)
	if refused := account.AsRefusal(err); refused != nil {
		switch refused.Code {
		case account.Throttled:
			setRetryAfter(c, refused)
			return h.renderSecondFactor(c, statuses[refused.Code], views.Form{Errors: account.Fields{"": refused.Words}})
		case account.WrongSecondFactor, account.CodeUsed:
			return h.renderSecondFactor(c, statuses[refused.Code], views.Form{Errors: account.Fields{"code": refused.Words}})
		}
	}
	if err != nil {
		return err
	}
	h.begin(c, done.Token)
	return h.redirect(c, h.afterSignIn(h.ownPath(c.FormValue("next"))), codesLeft(done.CodesLeft))
}

// codesLeft tells somebody who has used a recovery code how many are left.
func codesLeft(n int) flash {
	switch n {
	case -1:
		return flash{}
	case 0:
		return flash{Text: "That was your last recovery code. Make new ones now, under Profile.", Error: true}
	case 1:
		return flash{Text: "You have 1 recovery code left. Make new ones under Profile.", Stays: true}
	}
	return flash{Text: fmt.Sprintf("You have %d recovery codes left.", n), Stays: true}
}

func (h *Console) renderSecondFactor(c request, status int, f views.Form) error {
	asked, err := h.account.SecondFactorAsked(c.Context(), c.Session().Actor)
	if err != nil {
		return err
	}
	page := views.SecondFactorPage{Next: h.ownPath(c.FormValue("next")), Authenticator: asked.Authenticator,
		Passkey: string(asked.Passkey), Form: f}
	return h.render(c, status, views.SecondFactor(page))
}
