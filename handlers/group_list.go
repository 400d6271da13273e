package handlers

import (
	"net/http"

	"console/internal/account"
	"console/internal/input"
	"console/store"
	"console/views"
)

// offeredGroups is how many groups a select or a form offers; beyond it, people search.
const offeredGroups = 100

// groupChoices are the groups that the user list can be narrowed to: the first by name, and the chosen one.
func (h *Console) groupChoices(c request, chosen int64) ([]store.Group, error) {
	groups, err := h.account.GroupChoices(c.Context(), c.Actor(), offeredGroups)
	if err != nil || chosen == 0 {
		return groups, err
	}
	for _, g := range groups {
		if g.ID == chosen {
			return groups, nil
		}
	}
	return h.account.WithGroup(c.Context(), groups, chosen)
}

func (h *Console) groups(c request) error {
	query := account.GroupQuery{Search: input.Line(c.QueryParam("q")), Cursor: c.QueryParam("cursor"),
		Custom: c.QueryParam("role") == customPermissions}
	if !query.Custom {
		f := filtersOf(c.QueryParam)
		query.Role = f.role()
		if err := f.wrong.Refusal(); err != nil {
			return err
		}
	}
	list, err := h.account.Groups(c.Context(), c.Actor(), query)
	if err != nil {
		return err
	}
	page := views.GroupsPage{Query: query, List: list}
	return h.renderPart(c, http.StatusOK, views.Groups(page), views.GroupsSection(page))
}
