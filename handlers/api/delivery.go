package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"console/handlers"
	"console/internal/account"
	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

func deliveryOperations() []Operation {
	return []Operation{
		{http.MethodGet, "/deliveries", "listDeliveries", "What triggers have sent, the newest first. Mails to people are not among it.",
			http.StatusOK,
			handlers.Holding(permission.TriggersView), by((*API).listDeliveries)},
		{http.MethodGet, "/deliveries/{id}", "readDelivery", "A message of a trigger, with each attempt to send it.", http.StatusOK,
			handlers.Holding(permission.TriggersView), by((*API).readDelivery)},
		{http.MethodPost, "/deliveries/{id}/send-again", "sendAgain", "Sends a message that has ended once more, as a delivery of its own.",
			http.StatusCreated,
			handlers.Holding(permission.TriggersUpdate), by((*API).sendAgain)},
	}
}

// delivery is a message of a trigger to one destination.
type delivery struct {
	ID            int64      `json:"id"`
	UUID          string     `json:"uuid" description:"By which the receiver tells a repeated attempt."`
	State         string     `json:"state" enum:"waiting,delivered,failed"`
	Kind          string     `json:"kind" description:"The kind of the integration."`
	TriggerID     int64      `json:"trigger_id" description:"0 once it is deleted."`
	IntegrationID int64      `json:"integration_id" description:"0 once it is deleted."`
	Recipient     string     `json:"recipient" description:"Of an email; otherwise empty."`
	Attempts      int        `json:"attempts" description:"How many attempts were begun."`
	Error         string     `json:"error" description:"Of the latest attempt; what is odd about one that is delivered."`
	CreatedAt     time.Time  `json:"created_at"`
	NextAt        *time.Time `json:"next_at" description:"When it is tried next, while it waits."`
	EndedAt       *time.Time `json:"ended_at"`
	AgainOf       int64      `json:"again_of" description:"The delivery whose message this one sends again; 0 where there is none."`
	AgainBy       string     `json:"again_by" description:"Who sent it again."`
}

func (d delivery) location() string { return fmt.Sprint("/deliveries/", d.ID) }

func deliveryOf(d store.Delivery) delivery {
	shown := delivery{ID: d.ID, UUID: d.UUID, State: string(d.State), Kind: d.Kind, TriggerID: d.TriggerID, IntegrationID: d.IntegrationID,
		Recipient: d.Recipient, Attempts: d.Attempts, Error: d.Error, CreatedAt: d.CreatedAt.Time(), EndedAt: timeOrNone(d.EndedAt),
		AgainOf: d.AgainOf, AgainBy: d.AgainBy}
	if d.State == store.Waiting {
		shown.NextAt = timeOrNone(d.NextAt)
	}
	return shown
}

// deliveryList is how lists of deliveries are asked for.
type deliveryList struct {
	paging
	TriggerID     int64  `query:"trigger_id" json:"-" description:"Only of this trigger."`
	IntegrationID int64  `query:"integration_id" json:"-" description:"Only to this integration."`
	State         string `query:"state" json:"-" enum:"waiting,delivered,failed"`
}

func (a *API) listDeliveries(c handlers.Request, in deliveryList) (page[delivery], error) {
	list, err := a.account.Deliveries(c.Context(), c.Actor(), account.DeliveryQuery{TriggerID: in.TriggerID,
		IntegrationID: in.IntegrationID, State: store.DeliveryState(in.State), Before: positive(in.Cursor), Limit: in.Limit})
	next := ""
	if list.Older != 0 {
		next = strconv.FormatInt(list.Older, 10)
	}
	return pageOf(list.Rows, deliveryOf, next), err
}

// sentDelivery is a delivery with all that is known of it.
type sentDelivery struct {
	delivery
	Event      string            `json:"event" description:"The UUID of what happened."`
	EventType  string            `json:"event_type"`
	OccurredAt time.Time         `json:"occurred_at"`
	Message    string            `json:"message" description:"What is sent: of webhooks the event as JSON, of others the text."`
	HeldUp     string            `json:"held_up" description:"Why the server takes nothing at present; empty while it takes messages."`
	Tries      []deliveryAttempt `json:"tries" description:"The attempts in their order."`
}

// deliveryAttempt is an attempt to send a message.
type deliveryAttempt struct {
	Number       int       `json:"number"`
	EndedAt      time.Time `json:"ended_at"`
	Milliseconds int64     `json:"milliseconds" description:"How long it took."`
	Status       int       `json:"status" description:"What the server answered: a code of HTTP or of mail servers; 0 without one."`
	Error        string    `json:"error" description:"Empty where it was delivered."`
}

func (a *API) readDelivery(c handlers.Request, in object) (sentDelivery, error) {
	d, err := a.account.Delivery(c.Context(), c.Actor(), in.ID)
	if err != nil {
		return sentDelivery{}, err
	}
	message, err := notify.Site{Brand: a.brand, BaseURL: a.baseURL}.Message(d.Template, json.RawMessage(d.Params), "")
	if err != nil {
		return sentDelivery{}, err
	}
	shown := sentDelivery{delivery: deliveryOf(d.Delivery), Event: d.Event.UUID, EventType: d.Event.Type,
		OccurredAt: d.Event.OccurredAt.Time(), Message: message.Preview(d.Kind), HeldUp: d.Hold.Reason, Tries: []deliveryAttempt{}}
	for _, t := range d.Attempts {
		shown.Tries = append(shown.Tries, deliveryAttempt{t.Attempt, t.At.Time(), t.MS, t.Status, t.Error})
	}
	return shown, nil
}

func (a *API) sendAgain(c handlers.Request, in object) (delivery, error) {
	d, err := a.account.SendAgain(c.Context(), creating(c, "delivery"), in.ID)
	if id, before := doneBefore(c, err); before {
		again, err := a.readDelivery(c, object{ID: id})
		return again.delivery, err
	}
	return deliveryOf(d), err
}
