package handlers

import (
	"net/http"

	"github.com/a-h/templ"

	"console/internal/account"
	"console/views"
)

// secured goes on after a second factor was added: with the recovery codes, which are shown this once, or to where the
// person came from.
func (h *Console) secured(c request, done account.Secured, text string) error {
	h.begin(c, done.Token)
	next := views.ProfilePath(views.ProfileTabSecurity)
	if done.In {
		next = h.afterSignIn(h.ownPath(c.FormValue("next")))
	}
	if len(done.Codes) == 0 {
		return h.done(c, next, text)
	}
	return h.renderCodes(c, views.RecoveryCodesPage{Codes: done.Codes, Next: next, First: true})
}

func (h *Console) disableOwnSecondFactorForm(c request) error {
	if err := h.account.RequireSecondFactor(c.Context(), c.Actor()); err != nil {
		return err
	}
	return h.renderConfirm(c, http.StatusOK, views.DisableOwn, views.Form{})
}

func (h *Console) disableOwnSecondFactor(c request) error {
	done, err := h.account.DisableSecondFactor(c.Context(), c.Actor(), c.FormValue("password"), h.client(c))
	return h.removed(c, done, err, views.DisableOwn, "Two-factor authentication is off.")
}

// removed goes on after a second factor was removed, or says why not.
func (h *Console) removed(c request, done account.Secured, err error, confirm views.Confirmation, text string) error {
	if refused := refusal(err); refused != nil {
		return h.renderConfirm(c, http.StatusUnprocessableEntity, confirm, form(c, refused))
	}
	if err != nil {
		return err
	}
	h.begin(c, done.Token)
	return h.done(c, views.ProfilePath(views.ProfileTabSecurity), text)
}

// renderConfirm asks for the person's own password.
func (h *Console) renderConfirm(c request, status int, confirm views.Confirmation, f views.Form) error {
	var whole, part templ.Component = views.Confirm(confirm, f), views.ConfirmPart(confirm, f)
	return h.renderPart(c, status, whole, part)
}
