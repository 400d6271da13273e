package handlers

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"console/internal/account"
	"console/internal/notify"
	"console/store"
	"console/views"
)

func (h *Console) deliveries(c echo.Context) error {
	query := account.DeliveryQuery{TriggerID: queryID(c, "trigger"), IntegrationID: queryID(c, "integration"), Before: queryID(c, "before")}
	switch state := store.DeliveryState(c.QueryParam("state")); state {
	case store.Waiting, store.Delivered, store.Failed:
		query.State = state
	}
	list, err := h.account.Deliveries(c.Request().Context(), actor(c), query)
	if err != nil {
		return err
	}
	page := views.DeliveriesPage{Query: query, List: list}
	return h.renderPart(c, http.StatusOK, views.Deliveries(page), views.DeliveriesSection(page))
}

func (h *Console) delivery(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	sent, err := h.account.Delivery(c.Request().Context(), actor(c), id)
	if err != nil {
		return err
	}
	message, err := notify.Site{Brand: h.Brand, BaseURL: h.BaseURL.String()}.Message(sent.Template, sent.Params, "")
	if err != nil {
		return err
	}
	return h.render(c, http.StatusOK, views.Delivery(views.DeliveryPage{SentDelivery: sent, Message: message.Preview(sent.Kind)}))
}

func (h *Console) sendAgain(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	again, err := h.account.SendAgain(c.Request().Context(), actor(c), id)
	if err != nil {
		return err
	}
	return h.redirect(c, "/settings/deliveries/"+strconv.FormatInt(again.ID, 10), flash{Text: "The message is being sent again."})
}
