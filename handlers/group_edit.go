package handlers

import (
	"net/http"
	"strconv"

	"console/store"
	"console/views"
)

func (h *Console) renameGroupForm(c request, id int64) error {
	page, err := h.groupPage(c, id)
	if err != nil {
		return err
	}
	return h.renderRename(c, http.StatusOK, page.Group.Group, values("name", page.Group.Name,
		"version", strconv.FormatInt(page.Group.Version, 10)))
}

func (h *Console) renameGroup(c request, id int64) error {
	group, err := h.account.RenameGroup(c.Context(), c.Actor(), id, c.ID("version"), c.FormValue("name"))
	if refused, status := formError(err); refused != nil {
		current, err := h.account.Group(c.Context(), c.Actor(), id)
		if err != nil {
			return err
		}
		return h.renderRename(c, status, current.Group, again(c, refused, status, current.Version))
	}
	if err != nil {
		return err
	}
	return h.done(c, views.GroupPath(id, ""), "The group is now called "+group.Name+".")
}

func (h *Console) renderRename(c request, status int, group store.Group, f views.Form) error {
	page := views.RenameGroupPage{Group: group, Form: f}
	return h.renderPart(c, status, views.RenameGroup(page), views.RenameGroupPart(page))
}
