package handlers

import (
	"net/http"

	"console/internal/account"
	"console/store"
	"console/views"
)

// choosing returns the session that waits for a password in place of an initial one, or nil.
func choosing(c request) *account.SignedIn {
	if session := c.Session(); session != nil && session.Stage == store.ChoosesPassword {
		return session
	}
	return nil
}

func (h *Console) newPasswordForm(c request) error {
	if choosing(c) == nil {
		return h.redirect(c, withNext("/signin", h.ownPath(c.QueryParam("next"))), flash{}) // which knows those who are in
	}
	return h.renderNewPassword(c, http.StatusOK, views.Form{})
}

func (h *Console) newPassword(c request) error {
	session := choosing(c)
	if session == nil {
		return h.redirect(c, withNext("/signin", h.ownPath(c.FormValue("next"))), flash{})
	}
	begun, err := h.account.ReplaceInitialPassword(c.Context(), session.Actor, c.FormValue("password"), h.client(c))
	if refused := refusal(err); refused != nil {
		return h.renderNewPassword(c, http.StatusUnprocessableEntity, form(c, refused))
	}
	if err != nil {
		return err
	}
	return h.goOn(c, begun, flash{Text: "Your password is changed."})
}

func (h *Console) newPasswordAgain(c request) error {
	if c.Session() == nil { // it has waited too long, or was signed out in another tab
		return signedOut
	}
	if choosing(c) == nil {
		return h.redirect(c, withNext("/signin", h.ownPath(c.FormValue("next"))), flash{})
	}
	return h.renderNewPassword(c, http.StatusForbidden, form(c, outOfDate))
}

func (h *Console) renderNewPassword(c request, status int, f views.Form) error {
	page := views.NewPasswordPage{Email: choosing(c).User.Email, Next: h.ownPath(c.FormValue("next")), Form: f}
	return h.render(c, status, views.NewPassword(page))
}
