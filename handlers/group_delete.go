package handlers

import (
	"console/internal/account"
	"console/views"
)

func (h *Console) deleteGroupForm(c request, id int64) error {
	return h.askToDeleteGroup(c, id, nil)
}

// askToDeleteGroup asks for confirmation; changed says that the last one was of something else.
func (h *Console) askToDeleteGroup(c request, id int64, changed error) error {
	page, err := h.groupPage(c, id)
	if err != nil {
		return err
	}
	preview, err := h.account.PreviewDeleteGroup(c.Context(), c.Actor(), page.Group.ID)
	if err != nil {
		return err
	}
	return h.renderPreview(c, changed, views.ConfirmPage{
		Title: "Delete group", Action: views.GroupPath(page.Group.ID, "/delete"), Back: views.GroupsPath, Submit: "Delete", Danger: true,
		Text: "The group " + page.Group.Name + " is deleted for good. Its users and tenants stay. This cannot be undone.", Preview: preview,
	})
}

func (h *Console) deleteGroup(c request, id int64) error {
	group, err := h.account.DeleteGroup(c.Context(), c.Confirming(), id)
	if account.RefusedBy(err, account.ChangedPreview) {
		return h.askToDeleteGroup(c, id, err)
	}
	if err != nil {
		return err
	}
	return h.done(c, views.GroupsPath, "The group "+group.Name+" was deleted.")
}
