package handlers

import (
	"net/http"

	"console/internal/account"
	"console/internal/auth"
	"console/views"
)

func (h *Console) setupForm(c request) error {
	if err := h.notSetUp(c); err != nil {
		return err
	}
	return h.render(c, http.StatusOK, views.Setup(values("code", c.QueryParam("code"))))
}

func (h *Console) setUp(c request) error {
	if err := h.notSetUp(c); err != nil {
		return err
	}
	code, err := h.account.SetupCode(c.Context())
	if err != nil {
		return err
	}
	if !auth.EqualCode(c.FormValue("code"), code) {
		h.account.CountSetupCode(h.visitor(c))
		refused := account.Fields{"code": "This is not the set-up code. It stands in the server's log, at the end of the line “Set-up link”."}
		return h.render(c, http.StatusUnprocessableEntity, views.Setup(form(c, refused)))
	}
	_, err = h.account.SetUp(c.Context(), h.visitor(c), account.Setup{
		Company: c.FormValue("company"), Cloud: c.FormValue("cloud"), FirstName: c.FormValue("first_name"), LastName: c.FormValue("last_name"),
		Email: c.FormValue("email"), Password: c.FormValue("password"),
	})
	if refused := refusal(err); refused != nil {
		return h.render(c, http.StatusUnprocessableEntity, views.Setup(form(c, refused)))
	}
	if err != nil {
		return err
	}
	return h.redirect(c, "/signin?notice=set-up", flash{})
}

func (h *Console) setUpAgain(c request) error {
	if err := h.notSetUp(c); err != nil {
		return err
	}
	return h.render(c, http.StatusForbidden, views.Setup(form(c, outOfDate)))
}

// notSetUp returns AlreadySetUp once there is an account: the page is gone then.
func (h *Console) notSetUp(c request) error {
	done, err := h.account.IsSetUp(c.Context())
	if err == nil && done {
		return account.Refuse(account.AlreadySetUp)
	}
	return err
}

// visitor is the actor of operations before signing in.
func (h *Console) visitor(c request) account.Actor {
	from := h.client(c)
	return account.Actor{Source: account.UI, Address: from.Address, RequestID: from.RequestID, Route: c.Path(), UserAgent: from.Browser()}
}
