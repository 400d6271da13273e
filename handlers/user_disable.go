package handlers

import (
	"console/internal/account"
	"console/views"
)

func (h *Console) disableForm(c request, id int64) error {
	return h.askToDisable(c, id, nil)
}

// askToDisable asks for confirmation; changed says that the last one was of something else.
func (h *Console) askToDisable(c request, id int64, changed error) error {
	preview, err := h.account.PreviewDisable(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	f, status := confirmation(c, changed)
	page := views.EndPreviewPage{EndPreview: preview, Form: f}
	return h.renderPart(c, status, views.DisableUser(page), views.DisableUserPart(page))
}

func (h *Console) disableUser(c request, id int64) error {
	user, err := h.account.DisableAccess(c.Context(), c.Confirming(), id, along(c))
	if account.RefusedBy(err, account.ChangedPreview) {
		return h.askToDisable(c, id, err)
	}
	if err != nil {
		return err
	}
	return h.done(c, h.backToUsers(c), "The access of "+user.DisplayName()+" is disabled.")
}

// along reads what else is done where somebody's access ends.
func along(c request) account.Along {
	return account.Along{RemoveFrom: c.IDs("remove_from"), TakeOver: c.IDs("take_over")}
}

func (h *Console) enableUser(c request, id int64) error {
	user, err := h.account.EnableAccess(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	return h.done(c, h.backToUsers(c), "The access of "+user.DisplayName()+" is enabled.")
}
