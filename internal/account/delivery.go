package account

import (
	"cmp"
	"context"
	"errors"
	"strconv"

	"github.com/google/uuid"

	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

// DeliveriesPerPage is how many deliveries a page of their list holds.
const DeliveriesPerPage = 50

// DeliveryQuery is what the list of deliveries shows. Zero values let everything pass.
type DeliveryQuery struct {
	TriggerID, IntegrationID int64
	State                    store.DeliveryState
	Before                   int64 // only those older than this delivery
	Limit                    int   // of a program, whose list ends where nothing is left; 0: as many as a page of the console shows
}

// DeliveryList is a page of what triggers have sent, the newest first. Triggers and integrations are those there are
// now, by name.
type DeliveryList struct {
	Rows         []store.Delivery
	Older        int64 // Before of the next page; 0: there is none
	Triggers     []store.Trigger
	Integrations []store.Integration
	Holds        map[string]store.Hold // by target
}

// Deliveries returns a page of what triggers have sent; mails to people are not among it. It returns Forbidden without
// triggers.view.
func (s *Service) Deliveries(ctx context.Context, by Actor, q DeliveryQuery) (DeliveryList, error) {
	return read(ctx, s, by, func(v *View) (DeliveryList, error) {
		if err := v.requirePermission(permission.TriggersView); err != nil {
			return DeliveryList{}, err
		}
		return v.deliveryPage(ctx, q)
	})
}

func (v *View) deliveryPage(ctx context.Context, q DeliveryQuery) (DeliveryList, error) {
	limit := cmp.Or(q.Limit, DeliveriesPerPage)
	rows, err := v.db.TriggeredDeliveries(ctx, store.DeliveryQuery{TriggerID: q.TriggerID, IntegrationID: q.IntegrationID, State: q.State,
		Before: q.Before, Limit: limit + 1})
	if err != nil {
		return DeliveryList{}, err
	}
	if len(rows) == 0 && q.Before != 0 && q.Limit == 0 { // those that were older are gone, and the page would show nothing
		q.Before = 0
		return v.deliveryPage(ctx, q)
	}
	list := DeliveryList{Rows: rows}
	if len(rows) > limit {
		list.Rows = rows[:limit]
		list.Older = list.Rows[limit-1].ID
	}
	if list.Triggers, err = v.db.Triggers(ctx); err != nil {
		return DeliveryList{}, err
	}
	if list.Integrations, err = v.db.Integrations(ctx); err != nil {
		return DeliveryList{}, err
	}
	list.Holds, err = holdsByTarget(ctx, v.db)
	return list, err
}

// holdsByTarget returns the targets whose servers take nothing at present, by target.
func holdsByTarget(ctx context.Context, q store.Queries) (map[string]store.Hold, error) {
	all, err := q.Holds(ctx)
	byTarget := map[string]store.Hold{}
	for _, h := range all {
		byTarget[h.Target] = h
	}
	return byTarget, err
}

// MailHold says since when the mail server takes nothing, and why; the zero Hold when it does. It returns Forbidden without
// general.view.
func (s *Service) MailHold(ctx context.Context, by Actor) (store.Hold, error) {
	if err := s.Require(by, permission.GeneralView); err != nil {
		return store.Hold{}, err
	}
	byTarget, err := holdsByTarget(ctx, s.db.Queries)
	return byTarget[notify.Target(notify.KindEmail, 0)], err
}

// Holds returns the targets whose servers take nothing at present, by target (see notify.Target). It returns Forbidden
// without integrations.view.
func (s *Service) Holds(ctx context.Context, by Actor) (map[string]store.Hold, error) {
	if err := s.Require(by, permission.IntegrationsView); err != nil {
		return nil, err
	}
	return holdsByTarget(ctx, s.db.Queries)
}

// LastFailures returns what the last message to each integration failed with, where it failed, by the id of the
// integration. It returns Forbidden without integrations.view.
func (s *Service) LastFailures(ctx context.Context, by Actor) (map[int64]store.LastFailure, error) {
	if err := s.Require(by, permission.IntegrationsView); err != nil {
		return nil, err
	}
	failures, err := s.db.LastFailures(ctx)
	byID := map[int64]store.LastFailure{}
	for _, f := range failures {
		byID[f.IntegrationID] = f
	}
	return byID, err
}

// SentDelivery is a message of a trigger, with what is known about it.
type SentDelivery struct {
	store.Delivery
	Event       store.Event
	Trigger     store.Trigger     // zero once it is deleted
	Integration store.Integration // zero once it is deleted
	Attempts    []store.Attempt   // in their order
	Hold        store.Hold        // of its target; zero while that takes messages
	Earlier     store.Delivery    // that it sends again; zero where there is none any more
	People      []store.User      // whom it is about and who are still there, by id, for those who may view users
}

// Delivery returns one message of a trigger. It returns Forbidden without triggers.view, or store.ErrNotFound, which it
// also returns for mails to people.
func (s *Service) Delivery(ctx context.Context, by Actor, id int64) (SentDelivery, error) {
	return read(ctx, s, by, func(v *View) (SentDelivery, error) {
		if err := v.requirePermission(permission.TriggersView); err != nil {
			return SentDelivery{}, err
		}
		sent, err := sentDelivery(ctx, v.db, id)
		if err != nil || !v.by.May(permission.UsersView) {
			return sent, err
		}
		sent.People, err = v.db.UsersByIDs(ctx, notify.PeopleIn(sent.Params))
		return sent, err
	})
}

func sentDelivery(ctx context.Context, q store.Queries, id int64) (d SentDelivery, err error) {
	if d.Delivery, err = q.DeliveryByID(ctx, id); err != nil {
		return SentDelivery{}, err
	}
	if d.EventID == 0 {
		return SentDelivery{}, store.ErrNotFound
	}
	if d.Event, err = q.EventByID(ctx, d.EventID); err != nil {
		return SentDelivery{}, err
	}
	if d.Trigger, err = q.TriggerByID(ctx, d.TriggerID); err != nil && !errors.Is(err, store.ErrNotFound) {
		return SentDelivery{}, err
	}
	if d.Integration, err = q.IntegrationByID(ctx, d.IntegrationID); err != nil && !errors.Is(err, store.ErrNotFound) {
		return SentDelivery{}, err
	}
	if d.Earlier, err = q.DeliveryByID(ctx, d.AgainOf); err != nil && !errors.Is(err, store.ErrNotFound) {
		return SentDelivery{}, err
	}
	byTarget, err := holdsByTarget(ctx, q)
	if err != nil {
		return SentDelivery{}, err
	}
	d.Hold = byTarget[d.Target]
	d.Attempts, err = q.Attempts(ctx, id)
	return d, err
}

// SendAgain queues the message of a delivery that has ended once more, to the same destination. The new delivery has an
// id of its own, by which the receiver tells it from an attempt of the old one, and says who sent it again; the event stays
// the same. It returns Forbidden without triggers.update, StillSending, NowhereToSend or store.ErrNotFound.
func (s *Service) SendAgain(ctx context.Context, by Actor, id int64) (store.Delivery, error) {
	return change(ctx, s, by, func(tx *Tx) (store.Delivery, error) {
		if err := tx.requirePermission(permission.TriggersUpdate); err != nil {
			return store.Delivery{}, err
		}
		old, err := sentDelivery(ctx, tx.View.db, id)
		switch {
		case err != nil:
			return store.Delivery{}, err
		case old.State == store.Waiting:
			return store.Delivery{}, Refuse(StillSending)
		case old.Integration.ID == 0:
			return store.Delivery{}, Refuse(NowhereToSend)
		}
		if err := tx.use(ctx, trial{actSendAgain, deliveryObject(old), strconv.FormatInt(by.UserID, 10)}, sendsAgain); err != nil {
			return store.Delivery{}, err
		}
		again := store.Delivery{UUID: uuid.NewString(), Target: old.Target, Priority: old.Priority, Kind: old.Kind, Recipient: old.Recipient,
			Template: old.Template, Params: old.Params, EventID: old.EventID, TriggerID: old.TriggerID, IntegrationID: old.IntegrationID,
			AgainOf: old.ID, AgainBy: tx.by.Name, CreatedAt: tx.now}
		if err := tx.db.InsertDelivery(ctx, &again); err != nil {
			return store.Delivery{}, err
		}
		tx.queued = true
		old.Delivery.ID = again.ID
		return again, tx.record(ctx, actSendAgain, Done, deliveryObject(old), changes{"trigger": {"", old.Trigger.Name},
			"event": {"", old.Event.UUID}, "recipients": {"", cmp.Or(old.Recipient, old.Integration.Name)}})
	})
}

func deliveryObject(d SentDelivery) object {
	return object{kind: objectDelivery, id: d.Delivery.ID, name: d.Integration.Name}
}
