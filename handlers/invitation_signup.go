package handlers

import (
	"cmp"
	"net/http"

	"console/internal/account"
	"console/views"
)

func (h *Console) signUpForm(c request) error {
	offer, err := h.offer(c)
	if err != nil {
		return h.deadLink(c, err)
	}
	fields := values("first_name", offer.User.FirstName, "last_name", offer.User.LastName)
	return h.render(c, http.StatusOK, views.Signup(signupPage(c, offer, fields)))
}

func (h *Console) signUp(c request) error {
	begun, err := h.account.SignUp(c.Context(), c.Param("token"), names(c), c.FormValue("password"), h.client(c))
	if refused := refusal(err); refused != nil {
		return h.renderSignUp(c, http.StatusUnprocessableEntity, refused)
	}
	if err != nil {
		return h.deadLink(c, err)
	}
	return h.goOn(c, begun, flash{Text: "Welcome. Your account is ready."})
}

func (h *Console) signUpAgain(c request) error {
	return h.renderSignUp(c, http.StatusForbidden, outOfDate)
}

// renderSignUp shows the form again as it was sent.
func (h *Console) renderSignUp(c request, status int, refused account.Fields) error {
	offer, err := h.offer(c)
	if err != nil {
		return h.deadLink(c, err)
	}
	return h.render(c, status, views.Signup(signupPage(c, offer, form(c, refused))))
}

// offer is what the link of this request offers. The address holds a secret: no other site is to learn it.
func (h *Console) offer(c request) (account.Signup, error) {
	c.Response().Header().Set("Referrer-Policy", "no-referrer")
	return h.account.Signup(c.Context(), c.Param("token"), h.client(c))
}

func signupPage(c request, offer account.Signup, form views.Form) views.SignupPage {
	return views.SignupPage{Company: offer.Company, InviterName: offer.Invitation.InviterName, InviterEmail: offer.Invitation.InviterEmail,
		Email: offer.User.Email, RoleLabel: offer.User.Role.Label(), Token: c.Param("token"), Form: form}
}

// deadLink says why a link does not work and what to do; other errors it returns. Who has just signed up with it, and sends the form
// once more or goes back to it, is led on.
func (h *Console) deadLink(c request, err error) error {
	c.Response().Header().Set("Referrer-Policy", "no-referrer")
	dead := account.AsRefusal(err)
	if dead != nil && dead.Code == account.OtherPerson {
		return h.signedInAs(c, dead, "/signup/"+c.Param("token"))
	}
	if dead == nil || !dead.IsDeadLink() {
		return err
	}
	if session := c.Session(); session != nil && dead.Code == account.LinkUsed {
		own, err := h.account.SignedUpWith(c.Context(), session.Actor, c.Param("token"))
		if err != nil {
			return err
		}
		if own {
			return h.redirect(c, cmp.Or(steps[session.Stage], "/"), flash{})
		}
	}
	return h.render(c, statuses[dead.Code], views.DeadLink(views.DeadLinkPage{Reason: dead.Code}))
}
