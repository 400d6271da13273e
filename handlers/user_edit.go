package handlers

import (
	"fmt"
	"net/http"
	"strconv"

	"console/internal/account"
	"console/store"
	"console/views"
)

func (h *Console) editUserForm(c request, id int64) error {
	user, err := h.account.User(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	fields := values("first_name", user.FirstName, "last_name", user.LastName, "version", strconv.FormatInt(user.Version, 10))
	return h.renderEditUser(c, http.StatusOK, user, fields)
}

func (h *Console) editUser(c request, id int64) error {
	user, err := h.account.EditUser(c.Context(), c.Actor(), id, c.ID("version"), names(c))
	if refused, status := formError(err); refused != nil {
		current, err := h.account.User(c.Context(), c.Actor(), id)
		if err != nil {
			return err
		}
		if status == http.StatusConflict {
			refused[""] = fmt.Sprintf(
				"Somebody else has changed this meanwhile: the name is now “%s”. What you typed is kept: save again to replace it.",
				current.Name(),
			)
		}
		return h.renderEditUser(c, status, current, again(c, refused, status, current.Version))
	}
	if err != nil {
		return err
	}
	return h.done(c, h.backToUsers(c), "The settings of "+user.DisplayName()+" were saved.")
}

func (h *Console) renderEditUser(c request, status int, user store.User, f views.Form) error {
	page := views.EditUserPage{User: user, Form: f}
	return h.renderPart(c, status, views.EditUser(page), views.EditUserPart(page))
}

func names(c request) account.Names {
	return account.Names{First: c.FormValue("first_name"), Last: c.FormValue("last_name")}
}
