package handlers

import (
	"net/http"

	"console/store"
	"console/views"
)

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
