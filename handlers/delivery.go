package handlers

import (
	"net/http"
	"strconv"

	"console/internal/account"
	"console/internal/notify"
	"console/store"
	"console/views"
)

func (h *Console) deliveries(c request) error {
	f := filtersOf(c.QueryParam)
	query := account.DeliveryQuery{TriggerID: f.id("trigger"), IntegrationID: f.id("integration"), Before: c.QueryID("before"),
		State: store.DeliveryState(f.one("state", string(store.Waiting), string(store.Delivered), string(store.Failed)))}
	if err := f.wrong.Refusal(); err != nil {
		return err
	}
	list, err := h.account.Deliveries(c.Context(), c.Actor(), query)
	if err != nil {
		return err
	}
	page := views.DeliveriesPage{Query: query, List: list}
	return h.renderPart(c, http.StatusOK, views.Deliveries(page), views.DeliveriesSection(page))
}

func (h *Console) delivery(c request, id int64) error {
	sent, err := h.account.Delivery(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	message, err := notify.Site{Brand: h.Brand, BaseURL: h.BaseURL.String()}.Message(sent.Template, sent.Params, "")
	if err != nil {
		return err
	}
	return h.render(c, http.StatusOK, views.Delivery(views.DeliveryPage{SentDelivery: sent, Message: message.Preview(sent.Kind)}))
}

func (h *Console) sendAgain(c request, id int64) error {
	again, err := h.account.SendAgain(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	return h.done(c, "/settings/deliveries/"+strconv.FormatInt(again.ID, 10), "The message is being sent again.")
}
