package handlers

import (
	"net/http"

	"console/views"
)

func (h *Console) disableForm(c request, id int64) error {
	preview, err := h.account.PreviewDisable(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	page := views.EndPreviewPage{EndPreview: preview}
	return h.renderPart(c, http.StatusOK, views.DisableUser(page), views.DisableUserPart(page))
}

func (h *Console) disableUser(c request, id int64) error {
	user, err := h.account.DisableAccess(c.Context(), c.Actor(), id, c.IDs("remove_from")...)
	if err != nil {
		return err
	}
	return h.done(c, h.backToUsers(c), "The access of "+user.DisplayName()+" is disabled.")
}

func (h *Console) enableUser(c request, id int64) error {
	user, err := h.account.EnableAccess(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	return h.done(c, h.backToUsers(c), "The access of "+user.DisplayName()+" is enabled.")
}
