package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"console/store"
)

func TestWaitingDeliveriesSurviveTheMigration(t *testing.T) {
	t.Parallel()
	path := onSQLite(t, "earlier versions had SQLite alone")
	old := store.OpenAt(t, path, 2)
	for _, statement := range []string{
		`INSERT INTO integrations (kind, name, active, settings, created_at) VALUES ('slack', 'Alerts', 1, x'', 1)`,
		`INSERT INTO events (uuid, type, occurred_at) VALUES ('e', 'create_users', 1)`,
		`INSERT INTO deliveries (uuid, target, kind, recipient, template, params, event_id, integration_id, state, next_at, created_at)
			VALUES ('d', 'integration:1', 'slack', '', 'create_users', '{"count":25}', 1, 1, 'waiting', 1, 1)`,
		`INSERT INTO deliveries (uuid, target, kind, recipient, template, params, state, attempts, next_at, created_at)
			VALUES ('m', 'mail', 'email', 'a@example.com', 'invitation', '{}', 'waiting', 3, 1, 1)`,
	} {
		if _, err := old.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	summary, err := db.DeliveryByID(t.Context(), 1)
	if err != nil || summary.Template != "create_user_summary" || string(summary.Params) != `{"count":25,"template":"create_user"}` ||
		summary.Batch != 0 ||
		summary.Priority != store.PriorityTrigger ||
		summary.Uncounted {
		t.Errorf("%+v (%s), %v", summary, summary.Params, err)
	}
	mail, err := db.DeliveryByID(t.Context(), 2)
	if err != nil || mail.Template != "invitation" || mail.Attempts != 3 || mail.State != store.Waiting || mail.Priority != store.PriorityOwn {
		t.Errorf("%+v, %v", mail, err)
	}
	if targets, err := db.DueTargets(t.Context(), 1); err != nil || len(targets) != 2 {
		t.Errorf("due: %v, %v", targets, err)
	}
}

func TestWhatIsDue(t *testing.T) {
	t.Parallel()
	db := open(t)
	due := func(now store.Millis, targets []string, next store.Millis) {
		t.Helper()
		if got, err := db.DueTargets(t.Context(), now); err != nil || !slices.Equal(got, targets) {
			t.Errorf("due at %d: %q, %v, want %q", now, got, err, targets)
		}
		got, err := db.NextDue(t.Context(), now)
		if next == 0 && !errors.Is(err, store.ErrNotFound) || next != 0 && (err != nil || got != next) {
			t.Errorf("after %d comes %d, %v, want %d", now, got, err, next)
		}
	}
	due(10, nil, 0)
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		for i, target := range []string{"mail", "integration:2", "integration:10", "mail", "integration:2", "ended"} {
			d := store.Delivery{UUID: fmt.Sprint(i), Target: target, Kind: "slack", Params: []byte("{}"), CreatedAt: store.Millis(i+1) * 10}
			if err := tx.InsertDelivery(t.Context(), &d); err != nil {
				return err
			}
			if target == "ended" {
				d.State, d.EndedAt = store.Delivered, 1
				if err := tx.SaveAttempt(t.Context(), d, store.Attempt{}); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	due(9, nil, 10)
	due(20, []string{"integration:2", "mail"}, 30)
	due(45, []string{"integration:10", "integration:2", "mail"}, 50)
	due(60, []string{"integration:10", "integration:2", "mail"}, 0)
}

func TestFC194_WhatSomebodyWaitsForGoesFirst(t *testing.T) {
	t.Parallel()
	db := open(t)
	const each = 2000
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		for i := range 2*each + 1 {
			priority := store.PriorityTrigger
			if i >= each {
				priority = store.PriorityMany
			}
			if i == 2*each {
				priority = store.PriorityOwn
			}
			d := store.Delivery{UUID: fmt.Sprint(i), Target: "mail", Kind: "email", Params: []byte("{}"), Priority: priority, CreatedAt: store.Millis(i)}
			if err := tx.InsertDelivery(t.Context(), &d); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	err = db.Update(t.Context(), func(tx *store.Tx) error {
		for range each + 3 {
			d, err := tx.ClaimDelivery(t.Context(), "mail", 2*each, 10*each)
			if err != nil {
				return err
			}
			order = append(order, d.UUID)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for place, want := range map[int]string{0: fmt.Sprint(2 * each), 1: fmt.Sprint(each), each: fmt.Sprint(2*each - 1), each + 1: "0", each + 2: "1"} {
		if order[place] != want {
			t.Errorf("claim %d is of %s, not of %s", place, order[place], want)
		}
	}
}

// integration adds one that is active, and a delivery for it that is leased until the time given.
func integration(t *testing.T, db *store.DB, until store.Millis) (i store.Integration, d store.Delivery) {
	t.Helper()
	err := db.Update(t.Context(), func(tx *store.Tx) (err error) {
		i = store.Integration{Kind: "slack", Name: "Chat", Active: true, Settings: []byte{1}}
		if err := tx.InsertIntegration(t.Context(), &i); err != nil {
			return err
		}
		queued := store.Delivery{UUID: "d", Target: "integration:1", Kind: "slack", Params: []byte("{}"), IntegrationID: i.ID, CreatedAt: 1}
		if err := tx.InsertDelivery(t.Context(), &queued); err != nil {
			return err
		}
		d, err = tx.ClaimDelivery(t.Context(), queued.Target, 1, until)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return i, d
}

// TestADeliveryIsParkedOnlyWhileItsIntegrationIsOff has an integration switched on between the look of an attempt, which
// found it off, and its end.
func TestADeliveryIsParkedOnlyWhileItsIntegrationIsOff(t *testing.T) {
	t.Parallel()
	for _, now := range []store.Millis{5, store.Millis(1).Add(store.SwitchedOffLimit)} {
		db := open(t)
		i, d := integration(t, db, now+30)
		for _, active := range []bool{false, true} {
			i.Active = active
			if err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.UpdateIntegration(t.Context(), &i) }); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.ParkDelivery(t.Context(), d, now) }); err != nil {
			t.Fatal(err)
		}
		if got, err := db.DeliveryByID(
			t.Context(),
			d.ID,
		); err != nil || got.State != store.Waiting || got.NextAt != d.CreatedAt || got.Attempts != 0 ||
			got.Error != "" {
			t.Errorf("%+v, %v", got, err)
		}
	}
}
