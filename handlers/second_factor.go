package handlers

import (
	"errors"
	"net/http"

	"github.com/a-h/templ"

	"console/internal/account"
	"console/store"
	"console/views"
)

// startAuthenticator makes the secret that the next page shows.
func (h *Console) startAuthenticator(c request) error {
	if err := h.account.StartAuthenticator(c.Context(), c.Actor()); err != nil {
		return err
	}
	if c.IsHTMX() {
		return h.renderAuthenticator(c, http.StatusOK, views.Form{})
	}
	return h.redirect(c, withNext(setUpPath, h.ownPath(c.FormValue("next"))), flash{})
}

func (h *Console) authenticatorForm(c request) error {
	return h.renderAuthenticator(c, http.StatusOK, views.Form{})
}

func (h *Console) confirmAuthenticator(c request) error {
	done, err := h.account.ConfirmAuthenticator(c.Context(), c.Actor(), c.FormValue("code"), c.FormValue("password"), h.client(c))
	if refused := refusal(err); refused != nil {
		return h.renderAuthenticator(c, http.StatusUnprocessableEntity, form(c, refused))
	}
	if errors.Is(err, store.ErrNotFound) { // confirmed in another window meanwhile, begun in another browser, or a day old
		again := account.Fields{
			"": "This was not finished in time, or was begun anew elsewhere. Begin again, and remove the old entry from your app.",
		}
		return h.renderAuthenticator(c, http.StatusUnprocessableEntity, form(c, again))
	}
	if err != nil {
		return err
	}
	text := "The authenticator app was added."
	if done.Replaced {
		text = "Your new authenticator app is in use. The one before it no longer works."
	}
	return h.secured(c, done, text)
}

// renderAuthenticator shows the authenticator that is being set up, or offers to begin.
func (h *Console) renderAuthenticator(c request, status int, f views.Form) error {
	security, err := h.account.Security(c.Context(), c.Actor())
	if err != nil {
		return err
	}
	page := views.AuthenticatorPage{Security: security, Next: h.ownPath(c.FormValue("next")), Form: f}
	page.Enrolment, err = h.account.Enrolment(c.Context(), c.Actor())
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return h.renderPart(c, status, views.SetUpAuthenticator(page), views.SetUpAuthenticatorPart(page))
}

func (h *Console) newPasskeyForm(c request) error {
	return h.renderNewPasskey(c, http.StatusOK, views.Form{})
}

// newPasskey asks the browser for a passkey; its answer comes to addPasskey.
func (h *Console) newPasskey(c request) error {
	options, err := h.account.StartPasskey(c.Context(), c.Actor(), c.FormValue("name"), c.FormValue("password"))
	if refused := refusal(err); refused != nil {
		return h.renderNewPasskey(c, http.StatusUnprocessableEntity, form(c, refused))
	}
	if err != nil {
		return err
	}
	page := views.NewPasskeyPage{Next: h.ownPath(c.FormValue("next")), Options: string(options), Form: form(c, nil)}
	return h.renderPart(c, http.StatusOK, views.CreatePasskey(page), views.CreatePasskeyPart(page))
}

func (h *Console) addPasskey(c request) error {
	done, err := h.account.AddPasskey(c.Context(), c.Actor(), []byte(c.FormValue("credential")), h.client(c))
	if refused := refusal(err); refused != nil {
		return h.renderNewPasskey(c, http.StatusUnprocessableEntity, form(c, refused))
	}
	if err != nil {
		return err
	}
	return h.secured(c, done, "The passkey was added.")
}

func (h *Console) renderNewPasskey(c request, status int, f views.Form) error {
	page := views.NewPasskeyPage{Next: h.ownPath(c.FormValue("next")), Form: f}
	return h.renderPart(c, status, views.NewPasskey(page), views.NewPasskeyPart(page))
}

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

func (h *Console) renderCodes(c request, page views.RecoveryCodesPage) error {
	return h.renderPart(c, http.StatusOK, views.RecoveryCodes(page), views.RecoveryCodesPart(page))
}

func (h *Console) recoveryCodesForm(c request) error {
	return h.renderConfirm(c, http.StatusOK, views.NewRecoveryCodes, views.Form{})
}

func (h *Console) newRecoveryCodes(c request) error {
	codes, err := h.account.NewRecoveryCodes(c.Context(), c.Actor(), c.FormValue("password"))
	if refused := refusal(err); refused != nil {
		return h.renderConfirm(c, http.StatusUnprocessableEntity, views.NewRecoveryCodes, form(c, refused))
	}
	if err != nil {
		return err
	}
	return h.renderCodes(c, views.RecoveryCodesPage{Codes: codes, Next: views.ProfilePath(views.ProfileTabSecurity)})
}

func (h *Console) disableOwnSecondFactorForm(c request) error {
	return h.renderConfirm(c, http.StatusOK, views.DisableOwn, views.Form{})
}

func (h *Console) disableOwnSecondFactor(c request) error {
	done, err := h.account.DisableSecondFactor(c.Context(), c.Actor(), c.FormValue("password"), h.client(c))
	return h.removed(c, done, err, views.DisableOwn, "Two-factor authentication is off.")
}

func (h *Console) removeAuthenticatorForm(c request) error {
	return h.renderConfirm(c, http.StatusOK, views.RemoveAuthenticator, views.Form{})
}

func (h *Console) removeAuthenticator(c request) error {
	done, err := h.account.RemoveAuthenticator(c.Context(), c.Actor(), c.FormValue("password"), h.client(c))
	return h.removed(c, done, err, views.RemoveAuthenticator, "The authenticator app was removed.")
}

func (h *Console) removePasskeyForm(c request, id int64) error {
	passkey, err := h.ownPasskey(c, id)
	if err != nil {
		return err
	}
	return h.renderConfirm(c, http.StatusOK, views.RemovePasskey(passkey), views.Form{})
}

func (h *Console) removePasskey(c request, id int64) error {
	passkey, err := h.ownPasskey(c, id)
	if err != nil {
		return err
	}
	done, err := h.account.RemovePasskey(c.Context(), c.Actor(), passkey.ID, c.FormValue("password"), h.client(c))
	return h.removed(c, done, err, views.RemovePasskey(passkey), "The passkey “"+passkey.Name+"” was removed.")
}

// ownPasskey is the passkey with this id, which must be the actor's.
func (h *Console) ownPasskey(c request, id int64) (store.Passkey, error) {
	security, err := h.account.Security(c.Context(), c.Actor())
	if err != nil {
		return store.Passkey{}, err
	}
	for _, k := range security.Passkeys {
		if k.ID == id {
			return k, nil
		}
	}
	return store.Passkey{}, store.ErrNotFound
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

func (h *Console) disableSecondFactorForm(c request, id int64) error {
	return h.renderDisableSecondFactor(c, http.StatusOK, id, views.Form{})
}

func (h *Console) disableSecondFactor(c request, id int64) error {
	user, err := h.account.ResetSecondFactor(c.Context(), c.Confirming(), id, c.FormValue("password"))
	if refused, status := formError(err); refused != nil {
		return h.renderDisableSecondFactor(c, status, id, form(c, refused))
	}
	if err != nil {
		return err
	}
	return h.done(c, h.backToUsers(c), "Two-factor authentication of "+user.DisplayName()+" is off. They are signed out everywhere.")
}

func (h *Console) renderDisableSecondFactor(c request, status int, id int64, f views.Form) error {
	user, err := h.account.User(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	return h.renderConfirm(c, status, views.DisableSecondFactor(user), f)
}
