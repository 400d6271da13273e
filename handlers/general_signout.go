package handlers

import (
	"net/http"

	"console/internal/account"
	"console/views"
)

func (h *Console) signOutEverybodyForm(c request) error {
	page := views.SignOutPage{}
	return h.renderPart(c, http.StatusOK, views.SignOutMany(page), views.SignOutManyPart(page))
}

func (h *Console) signOutEverybody(c request) error {
	if err := h.account.SignOutEverybody(c.Context(), c.Actor()); err != nil {
		return err
	}
	return h.done(c, "/settings/general", "Everybody else is signed out.")
}

func (h *Console) signOutWithoutSecondFactorForm(c request) error {
	return h.askToSignOutWithoutSecondFactor(c, nil)
}

// askToSignOutWithoutSecondFactor asks for confirmation; changed says that the last one was of something else.
func (h *Console) askToSignOutWithoutSecondFactor(c request, changed error) error {
	people, err := h.account.PeopleWithoutSecondFactor(c.Context(), c.Actor())
	if err != nil {
		return err
	}
	f, status := confirmation(c, changed)
	page := views.SignOutPage{WithoutSecondFactor: true, People: people, Form: f}
	return h.renderPart(c, status, views.SignOutMany(page), views.SignOutManyPart(page))
}

func (h *Console) signOutWithoutSecondFactor(c request) error {
	err := h.account.SignOutWithoutSecondFactor(c.Context(), c.Confirming())
	if account.RefusedBy(err, account.ChangedPreview) {
		return h.askToSignOutWithoutSecondFactor(c, err)
	}
	if err != nil {
		return err
	}
	return h.done(c, "/settings/general", "Everybody without a second factor is signed out.")
}
