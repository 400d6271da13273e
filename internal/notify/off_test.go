package notify

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"console/internal/fake"
	"console/store"
)

// switching has the house switch integrations off, as the account does, and counts how often.
func switching(t *testing.T) (*house, *atomic.Int32) {
	t.Helper()
	h, calls := newHouse(t), new(atomic.Int32)
	h.options.SwitchOff = func(ctx context.Context, id int64) error {
		calls.Add(1)
		return h.options.DB.Update(ctx, func(tx *store.Tx) error { return setActive(ctx, tx, id, false) })
	}
	return h, calls
}

// setActive switches an integration on or off.
func setActive(ctx context.Context, tx *store.Tx, id int64, active bool) error {
	i, err := tx.IntegrationByID(ctx, id)
	if err != nil {
		return err
	}
	i.Active = active
	return tx.UpdateIntegration(ctx, &i)
}

func (h *house) activate(id int64, active bool) {
	h.t.Helper()
	h.update(func(tx *store.Tx) error { return setActive(h.t.Context(), tx, id, active) })
	h.worker.Wake()
}

func (h *house) active(id int64) bool {
	h.t.Helper()
	i, err := h.options.DB.IntegrationByID(h.t.Context(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	return i.Active
}

// end has n deliveries end, each with the answer given: "ok" is a success.
func (h *house) end(r *fake.Receiver, i store.Integration, n int, answer fake.Response) {
	h.t.Helper()
	r.Respond(answer)
	for range n {
		d := h.queueSlack(i)
		h.worker.Wake()
		h.wait(d, func(d store.Delivery) bool { return d.State != store.Waiting || d.Error != "" })
	}
}

var (
	success = fake.Response{Body: "ok"}
	refusal = fake.Response{Status: 404}
)

func TestAnIntegrationThatFailsIsSwitchedOff(t *testing.T) {
	t.Parallel()
	receiver := fake.NewReceiver(t)
	h, calls := switching(t)
	i := h.integration(KindSlack, Settings{"url": receiver.URL})
	h.start()
	h.end(receiver, i, 4, success)
	h.end(receiver, i, 5, refusal) // nine ended
	test := h.queueSlack(i)
	h.update(func(tx *store.Tx) error { // a test does not count
		uncounted := test
		uncounted.UUID, uncounted.Uncounted = "test", true
		return tx.InsertDelivery(t.Context(), &uncounted)
	})
	if !h.active(i.ID) || calls.Load() != 0 {
		t.Fatal("nine messages are enough")
	}
	h.worker.Wake() // the tenth fails, and six of ten are 60 %
	h.wait(test, func(d store.Delivery) bool { return d.State == store.Failed })
	for deadline := time.Now().Add(5 * time.Second); h.active(i.ID); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it is still active")
		}
	}
	waiting := h.queueSlack(i)
	h.worker.Wake()
	if got := h.wait(
		waiting,
		func(d store.Delivery) bool { return d.Error != "" },
	); got.State != store.Waiting || got.Error != store.SwitchedOff ||
		got.Attempts != 0 {
		t.Errorf("while it is off: %+v", got)
	}
	if calls.Load() != 1 {
		t.Errorf("switched off %d times", calls.Load())
	}

	// Switched on again, what waited is sent, and what failed before does not count.
	receiver.Respond(success)
	h.activate(i.ID, true)
	h.wait(waiting, delivered)
	h.end(receiver, i, 8, refusal)
	h.stop()
	if !h.active(i.ID) || calls.Load() != 1 {
		t.Errorf("switched off %d times", calls.Load())
	}
	h.start()
	h.end(receiver, i, 1, refusal)
	h.stop()
	if h.active(i.ID) || calls.Load() != 2 {
		t.Errorf("switched off %d times", calls.Load())
	}
}

func TestASuccessDoesNotHideWhatFailed(t *testing.T) {
	t.Parallel()
	receiver := fake.NewReceiver(t)
	h, calls := switching(t)
	i := h.integration(KindSlack, Settings{"url": receiver.URL})
	h.start()
	h.end(receiver, i, 9, refusal)
	if !h.active(i.ID) {
		t.Fatal("nine messages are enough")
	}
	h.end(receiver, i, 1, success) // the tenth: nine of ten failed
	h.stop()
	if h.active(i.ID) || calls.Load() != 1 {
		t.Errorf("switched off %d times", calls.Load())
	}
}

func TestSuccessesAndOldFailuresKeepAnIntegrationOn(t *testing.T) {
	t.Parallel()
	receiver := fake.NewReceiver(t)
	h, calls := switching(t)
	i := h.integration(KindSlack, Settings{"url": receiver.URL})
	h.start()
	h.end(receiver, i, 5, success)
	h.end(receiver, i, 5, refusal) // 50 %
	h.end(receiver, i, 2, success)
	h.end(receiver, i, 4, refusal) // 9 of 16, 56 %
	h.pass(offWindow + time.Millisecond)
	h.end(receiver, i, 9, refusal) // the others are too old
	h.stop()
	if !h.active(i.ID) || calls.Load() != 0 {
		t.Errorf("switched off %d times", calls.Load())
	}
}

func TestWhatWaitsFollowsTheIntegration(t *testing.T) {
	t.Parallel()
	receiver := fake.NewReceiver(t)
	receiver.Respond(fake.Response{Status: 500})
	h := newHouse(t)
	i, other := h.integration(KindSlack, Settings{"url": receiver.URL}), h.integration(KindWebhook, webhook(t, receiver.URL, nil))
	d, elsewhere := h.queueSlack(i), h.queueWebhook(other, 1)
	h.start()
	h.wait(d, func(d store.Delivery) bool { return d.Error == "answered 500" })
	h.wait(elsewhere, func(d store.Delivery) bool { return d.Error == "answered 500" })
	h.activate(i.ID, false)
	got := h.wait(d, func(store.Delivery) bool { return true })
	if got.Attempts != 1 || got.NextAt != d.CreatedAt.Add(72*time.Hour) || got.Error != store.SwitchedOff {
		t.Errorf("it does not wait: %+v", got)
	}
	if got := h.wait(elsewhere, func(store.Delivery) bool { return true }); got.Error != "answered 500" {
		t.Errorf("another integration waits too: %+v", got)
	}
	receiver.Respond(success)
	h.activate(i.ID, true)
	if got := h.wait(d, delivered); got.Attempts != 2 {
		t.Errorf("%d attempts", got.Attempts)
	}
	h.activate(i.ID, false)
	h.update(func(tx *store.Tx) error {
		return tx.DeleteIntegration(t.Context(), i.ID, 1, "the integration was deleted")
	})
}

// TestAMailUnderWayIsSentOnce switches an integration off and on while the mail server takes its time.
func TestAMailUnderWayIsSentOnce(t *testing.T) {
	t.Parallel()
	started, finish := make(chan struct{}, mailLanes), make(chan struct{})
	h := newHouse(t, func(o *Options) {
		o.Mail = mailerFunc(func(context.Context, Mail) error {
			started <- struct{}{}
			<-finish
			return nil
		})
	})
	i := h.integration(KindEmail, Settings{"emails": "a@example.com"})
	d := h.queue(
		store.Delivery{
			Kind:          KindEmail,
			IntegrationID: i.ID,
			Recipient:     "a@example.com",
			Template:      TemplateUserAdded,
			Params:        params(t, sampleUserAdded()),
		},
		"",
	)
	h.start()
	<-started
	h.activate(i.ID, false)
	h.activate(i.ID, true)
	select {
	case <-started:
		t.Error("it is sent again")
	case <-time.After(100 * time.Millisecond):
	}
	close(finish)
	if got := h.wait(d, delivered); got.Attempts != 1 {
		t.Errorf("%d attempts", got.Attempts)
	}
}

// TestNothingIsWrittenWhileIntegrationsAreOff watches the log of the database while deliveries wait for days.
func TestNothingIsWrittenWhileIntegrationsAreOff(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	i := h.integration(KindSlack, Settings{"url": "http://127.0.0.1:1"})
	h.update(func(tx *store.Tx) error { return setActive(t.Context(), tx, i.ID, false) })
	d := h.queueSlack(i)
	h.start()
	h.wait(d, func(d store.Delivery) bool { return d.Error != "" })
	h.stop()
	h.start()
	before := h.written()
	for range 71 {
		h.pass(time.Hour)
		time.Sleep(time.Millisecond)
	}
	if after := h.written(); after != before {
		t.Errorf("the log of the database went from %s to %s", before, after)
	}
}

func TestCommitToFirstAttemptIsQuick(t *testing.T) {
	t.Parallel()
	receiver := fake.NewReceiver(t)
	h := newHouse(t, func(o *Options) { o.Now = time.Now })
	i := h.integration(KindSlack, Settings{"url": receiver.URL})
	h.start()
	best := time.Hour // of several: the machine runs other tests too
	for n := range 10 {
		h.queueSlack(i)
		committed := time.Now()
		h.worker.Wake()
		best = min(best, receiver.Wait(t, n+1)[n].At.Sub(committed))
	}
	if best > 50*time.Millisecond {
		t.Errorf("at best %s", best)
	}
}

func TestManyEventsAreDrained(t *testing.T) {
	t.Parallel()
	const events = 1000
	chat, hook, server := fake.NewReceiver(t), fake.NewReceiver(t), fake.NewMailServer(t, fake.MailOptions{})
	h := newHouse(t, func(o *Options) { o.Now, o.Mail = time.Now, mailer(t, server) })
	a, b := h.integration(KindSlack, Settings{"url": chat.URL}), h.integration(KindWebhook, webhook(t, hook.URL, nil))
	c := h.integration(KindEmail, Settings{"emails": "a@example.com"})
	message := params(t, sampleUserAdded())
	h.update(func(tx *store.Tx) error {
		for n := range events {
			for _, i := range []store.Integration{a, b, c} {
				d := store.Delivery{
					UUID:          fmt.Sprintf("00000000-0000-4000-8000-%06d%06d", i.ID, n),
					Kind:          i.Kind,
					Target:        Target(i.Kind, i.ID),
					IntegrationID: i.ID,
					Template:      TemplateUserAdded,
					Params:        message,
					CreatedAt:     store.At(time.Now()),
				}
				if i.Kind == KindEmail {
					d.Recipient = "a@example.com"
				}
				if err := tx.InsertDelivery(t.Context(), &d); err != nil {
					return err
				}
			}
		}
		return nil
	})
	began := time.Now()
	h.start()
	for {
		left := 0
		for _, i := range []store.Integration{a, b, c} {
			outcomes, err := h.options.DB.RecentOutcomes(t.Context(), i.ID, 1)
			if err != nil || outcomes.Failed > 0 {
				t.Fatalf("%+v, %v", outcomes, err)
			}
			left += events - outcomes.Ended
		}
		if left == 0 {
			break
		}
		if time.Since(began) > 2*time.Minute {
			t.Fatalf("%d are left after two minutes", left)
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Logf("%d messages in %s", 3*events, time.Since(began))
	if chats, hooks, mails := len(
		chat.Requests(),
	), len(
		hook.Requests(),
	), len(
		server.Messages(),
	); chats != events || hooks != events/webhookEvents ||
		mails != events {
		t.Errorf("%d chat messages, %d requests, %d mails", chats, hooks, mails)
	}
}
