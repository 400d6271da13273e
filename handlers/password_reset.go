package handlers

import (
	"net/http"

	"console/internal/account"
	"console/views"
)

func (h *Console) forgotForm(c request) error {
	return h.render(c, http.StatusOK, views.Forgot(views.Form{}))
}

// forgot answers everybody the same, whether or not somebody has the address.
func (h *Console) forgot(c request) error {
	err := h.account.RequestPasswordReset(c.Context(), c.FormValue("email"), h.client(c))
	if account.RefusedBy(err, account.Throttled) {
		paused := account.AsRefusal(err)
		setRetryAfter(c, paused)
		return h.render(c, http.StatusTooManyRequests, views.Forgot(form(c, account.Fields{"": paused.Words})))
	}
	if refused := refusal(err); refused != nil {
		return h.render(c, http.StatusUnprocessableEntity, views.Forgot(form(c, refused)))
	}
	if err != nil {
		return err
	}
	return h.redirect(c, "/signin?notice=reset-sent", flash{})
}

func (h *Console) forgotAgain(c request) error {
	return h.render(c, http.StatusForbidden, views.Forgot(form(c, outOfDate)))
}

func (h *Console) resetForm(c request) error {
	return h.renderReset(c, http.StatusOK, views.Form{})
}

func (h *Console) reset(c request) error {
	err := h.account.ResetPassword(c.Context(), c.Param("token"), c.FormValue("password"), h.client(c))
	if refused := refusal(err); refused != nil {
		return h.renderReset(c, http.StatusUnprocessableEntity, form(c, refused))
	}
	if err != nil {
		return h.deadReset(c, err)
	}
	return h.redirect(c, "/signin?notice=reset", flash{})
}

func (h *Console) resetAgain(c request) error {
	return h.renderReset(c, http.StatusForbidden, form(c, outOfDate))
}

func (h *Console) renderReset(c request, status int, f views.Form) error {
	user, err := h.account.ResetLink(c.Context(), c.Param("token"))
	if err != nil {
		return h.deadReset(c, err)
	}
	c.Response().Header().Set("Referrer-Policy", "no-referrer") // the address holds a secret
	return h.render(c, status, views.Reset(views.ResetPage{Email: user.Email, Token: c.Param("token"), Form: f}))
}

// deadReset says why a link does not work and what to do; other errors it returns.
func (h *Console) deadReset(c request, err error) error {
	dead := account.AsRefusal(err)
	if dead == nil || !dead.IsDeadLink() {
		return err
	}
	c.Response().Header().Set("Referrer-Policy", "no-referrer")
	return h.render(c, statuses[dead.Code], views.DeadReset(dead.Code))
}
