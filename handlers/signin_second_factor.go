package handlers

import (
	"fmt"
	"net/http"

	"console/internal/account"
	"console/store"
	"console/views"
)

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

func (h *Console) secondFactorAgain(c request) error {
	if c.Session() == nil { // it has waited too long, or was signed out in another tab
		return signedOut
	}
	if waiting(c) == nil {
		return h.redirect(c, withNext("/signin", h.ownPath(c.FormValue("next"))), flash{})
	}
	return h.renderSecondFactor(c, http.StatusForbidden, views.Form{Errors: outOfDate})
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
