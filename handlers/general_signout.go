package handlers

import (
	"net/http"

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
	n, err := h.account.PeopleWithoutSecondFactor(c.Context(), c.Actor())
	if err != nil {
		return err
	}
	page := views.SignOutPage{WithoutSecondFactor: true, Count: n}
	return h.renderPart(c, http.StatusOK, views.SignOutMany(page), views.SignOutManyPart(page))
}

func (h *Console) signOutWithoutSecondFactor(c request) error {
	if err := h.account.SignOutWithoutSecondFactor(c.Context(), c.Actor()); err != nil {
		return err
	}
	return h.done(c, "/settings/general", "Everybody without a second factor is signed out.")
}
