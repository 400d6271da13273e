package handlers

import (
	"github.com/labstack/echo/v4"

	"console/store"
)

// offeredGroups is how many groups a select offers; beyond it, people search.
const offeredGroups = 100

// groupChoices are the groups that the user list can be narrowed to: the first by name, and the chosen one.
func (h *Console) groupChoices(c echo.Context, chosen int64) ([]store.Group, error) {
	groups, err := h.account.GroupChoices(c.Request().Context(), actor(c), offeredGroups)
	if err != nil || chosen == 0 {
		return groups, err
	}
	for _, g := range groups {
		if g.ID == chosen {
			return groups, nil
		}
	}
	return h.account.WithGroup(c.Request().Context(), groups, chosen)
}
