package handlers

import (
	"errors"
	"net/http"

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

func (h *Console) removeAuthenticatorForm(c request) error {
	if err := h.account.RequireAuthenticator(c.Context(), c.Actor()); err != nil {
		return err
	}
	return h.renderConfirm(c, http.StatusOK, views.RemoveAuthenticator, views.Form{})
}

func (h *Console) removeAuthenticator(c request) error {
	done, err := h.account.RemoveAuthenticator(c.Context(), c.Actor(), c.FormValue("password"), h.client(c))
	return h.removed(c, done, err, views.RemoveAuthenticator, "The authenticator app was removed.")
}
