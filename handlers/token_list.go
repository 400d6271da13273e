package handlers

import (
	"net/http"

	"console/internal/account"
	"console/internal/input"
	"console/internal/permission"
	"console/views"
)

func (h *Console) tokens(c request) error {
	query := account.TokenQuery{Part: c.QueryParam("tab"), Search: input.Line(c.QueryParam("q")), Cursor: c.QueryParam("cursor")}
	list, err := h.account.Tokens(c.Context(), c.Actor(), query)
	if err != nil {
		return err
	}
	by := c.Actor()
	page := views.TokensPage{Query: query, List: list, All: by.May(permission.TokensView),
		Make: by.Role.MakesTokens() || by.May(permission.TokensCreate)}
	return h.renderPart(c, http.StatusOK, views.Tokens(page), views.TokensSection(page))
}

func (h *Console) token(c request, id int64) error {
	token, err := h.account.TokenDetails(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	return h.render(c, http.StatusOK, views.Token(token))
}
