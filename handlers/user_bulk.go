package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"console/internal/account"
	"console/views"
)

func (h *Console) bulkForm(c request) error {
	return h.renderBulk(c, http.StatusOK, nil)
}

func (h *Console) bulk(c request) error {
	chosen, err := selection(c)
	if err != nil {
		return err
	}
	job, err := h.account.StartBulk(c.Context(), c.Confirming(), chosen, account.BulkOrder{
		Action: c.FormValue("action"), Announced: c.Int("total"), Along: along(c),
	})
	if account.RefusedBy(err, account.ChangedTotal) {
		return h.renderBulk(c, http.StatusConflict, account.Fields{"": account.AsRefusal(err).Words})
	}
	if refused, status := formError(err); refused != nil {
		return h.renderBulk(c, status, account.Fields{"": refused.First()})
	}
	if err != nil {
		return err
	}
	return h.goToJob(c, job)
}

// selection reads whom a form is about. It refuses one of everybody whom a filter shows that is not understood.
func selection(c request) (account.Selection, error) {
	query, err := chosenQuery(c)
	return account.Selection{IDs: c.IDs("ids"), All: c.FormValue("all") != "", Query: query}, err
}

// renderBulk asks for confirmation, naming whom it would change; refused says why the last answer was refused.
func (h *Console) renderBulk(c request, status int, refused account.Fields) error {
	chosen, err := selection(c)
	if err != nil {
		return err
	}
	selected, err := h.account.PreviewBulk(c.Context(), c.Actor(), c.FormValue("action"), chosen)
	if refused := refusal(err); refused != nil {
		return echo.NewHTTPError(http.StatusUnprocessableEntity, refused.First())
	}
	if err != nil {
		return err
	}
	page := views.BulkPage{Action: c.FormValue("action"), Selection: chosen, Selected: selected, Form: form(c, refused)}
	return h.renderPart(c, status, views.Bulk(page), views.BulkPart(page))
}
