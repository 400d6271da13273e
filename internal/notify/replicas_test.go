package notify

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"console/internal/fake"
	"console/store"
)

// replica is a worker in a house of its own on the database of another: what a second console there would have.
func (h *house) replica() *house {
	h.t.Helper()
	db, err := store.Open(h.t.Context(), h.path)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { db.Close() })
	other := *h
	other.options.DB = db
	return &other
}

// replicas are n houses on one database. Their workers have not started.
func replicas(t *testing.T, n int, changes ...func(*Options)) []*house {
	t.Helper()
	all := []*house{newHouse(t, changes...)}
	for len(all) < n {
		all = append(all, all[0].replica())
	}
	return all
}

// counting is a mailer that takes all mails, and counts them by their id.
type counting struct {
	mu   sync.Mutex
	sent map[string]int
}

func (c *counting) Send(_ context.Context, m Mail) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent[m.UUID]++
	return nil
}

// queuePerson queues a message to Slack that names person n.
func (h *house) queuePerson(i store.Integration, n int) store.Delivery {
	h.t.Helper()
	message := sampleUserAdded()
	message.User.Name = fmt.Sprintf("Person %03d", n)
	return h.queue(store.Delivery{Kind: KindSlack, IntegrationID: i.ID, Template: TemplateUserAdded, Params: params(h.t, message)}, "")
}

// named are the persons whom the messages name that a receiver got.
func named(t *testing.T, receiver *fake.Receiver) (persons []int) {
	t.Helper()
	for _, r := range receiver.Requests() {
		found := regexp.MustCompile(`Person (\d+)`).FindSubmatch(r.Body)
		if found == nil {
			t.Fatalf("%s names nobody", r.Body)
		}
		n, err := strconv.Atoi(string(found[1]))
		if err != nil {
			t.Fatal(err)
		}
		persons = append(persons, n)
	}
	return persons
}

// TestPG08_EachMessageIsSentOnceAndInOrder has three consoles queue messages, each its own, which all three send: 60, or as many as
// REPLICA_EVENTS says.
func TestPG08_EachMessageIsSentOnceAndInOrder(t *testing.T) {
	t.Parallel()
	events := 60
	if text := os.Getenv("REPLICA_EVENTS"); text != "" {
		var err error
		if events, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	receiver, mails := fake.NewReceiver(t), &counting{sent: map[string]int{}}
	all := replicas(t, 3, func(o *Options) { o.Mail = mails })
	i := all[0].integration(KindSlack, Settings{"url": receiver.URL})
	for _, h := range all {
		h.start()
	}
	var queued []store.Delivery
	var persons []int
	for n := range events {
		h := all[n%len(all)]
		persons = append(persons, n)
		queued = append(queued, h.queuePerson(i, n), h.queueInvitation("token"))
		h.worker.Wake()
	}
	for _, d := range queued {
		if got := all[0].wait(d, delivered); got.Attempts != 1 {
			t.Errorf("%s: %d attempts", got.Kind, got.Attempts)
		}
	}
	for _, h := range all {
		h.stop()
	}
	if got := named(t, receiver); !slices.Equal(got, persons) {
		t.Errorf("Slack was told of %d", got)
	}
	for id, n := range mails.sent {
		if n != 1 {
			t.Errorf("mail %s was sent %d times", id, n)
		}
	}
	if len(mails.sent) != events {
		t.Errorf("%d mails", len(mails.sent))
	}
}

// A target that asks one console to be left alone is left alone by all of them.
func TestAHoldIsKnownToAllReplicas(t *testing.T) {
	t.Parallel()
	receiver := fake.NewReceiver(t)
	receiver.Respond(fake.Response{Status: 429, Header: map[string]string{"Retry-After": "3"}}, fake.Response{Body: "ok"})
	all := replicas(t, 2)
	one, other := all[0], all[1]
	i := one.integration(KindSlack, Settings{"url": receiver.URL})
	first := one.queueSlack(i)
	one.start()
	one.wait(first, func(d store.Delivery) bool { return d.Error == "answered 429" })
	second := other.queueSlack(i)
	other.start()
	other.pass(3*time.Second - time.Millisecond)
	time.Sleep(20 * time.Millisecond)
	if n := len(receiver.Requests()); n != 1 {
		t.Fatalf("%d requests before the time is over", n)
	}
	one.clock.Advance(time.Millisecond)
	for _, d := range []store.Delivery{first, second} {
		one.wait(d, delivered)
	}
	if n := len(receiver.Requests()); n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
}

// While the mail server takes nothing, one mail of all consoles is tried at a time.
func TestReplicasProbeTheMailServerOnce(t *testing.T) {
	t.Parallel()
	probing, finish := make(chan struct{}, 20), make(chan struct{})
	var mu sync.Mutex
	taking := false
	all := replicas(t, 3, func(o *Options) {
		o.Mail = mailerFunc(func(context.Context, Mail) error {
			mu.Lock()
			probe := taking
			mu.Unlock()
			if !probe {
				return &Failure{Reason: "not now", Status: 450, Holds: true}
			}
			probing <- struct{}{}
			<-finish
			return nil
		})
	})
	queued := []store.Delivery{all[0].queueInvitation("token")}
	all[0].start()
	all[0].waitHeld(mailTarget)
	for range 8 {
		queued = append(queued, all[0].queueInvitation("token"))
	}
	mu.Lock()
	taking = true
	mu.Unlock()
	all[0].clock.Advance(firstHold)
	all[0].worker.Wake()
	<-probing
	for _, h := range all[1:] {
		h.start()
	}
	for _, h := range all {
		h.worker.Wake()
	}
	select {
	case <-probing:
		t.Error("another probe was begun")
	case <-time.After(2 * lookEvery):
	}
	close(finish)
	for _, d := range queued {
		all[0].wait(d, delivered)
	}
}

// What a console is sending when it is stopped another one goes on with at once, in the order of all that waits.
func TestAStopHandsTargetsOver(t *testing.T) {
	t.Parallel()
	receiver := fake.NewReceiver(t)
	receiver.Respond(fake.Response{Delay: time.Minute}, fake.Response{Body: "ok"})
	all := replicas(t, 2)
	one, other := all[0], all[1]
	i := one.integration(KindSlack, Settings{"url": receiver.URL})
	var queued []store.Delivery
	for n := range 3 {
		queued = append(queued, one.queuePerson(i, n))
		one.clock.Advance(time.Second)
	}
	one.start()
	receiver.Wait(t, 1)
	other.start()
	one.stop()
	for _, d := range queued { // the clock stands still
		if got := other.wait(d, delivered); got.Attempts != 1 {
			t.Errorf("%d attempts", got.Attempts)
		}
	}
	if got := named(t, receiver); !slices.Equal(got, []int{0, 0, 1, 2}) {
		t.Errorf("Slack was told of %d, want the first, which was cut off, once more and then the others", got)
	}
}

// A console that died has the lease of a target, and one of its deliveries. Another one waits for both to run out, writes nothing
// meanwhile, and goes on by itself.
func TestTargetsOfADeadReplicaAreTakenOver(t *testing.T) {
	t.Parallel()
	receiver := fake.NewReceiver(t)
	all := replicas(t, 2)
	dead, h := all[0], all[1]
	i := h.integration(KindSlack, Settings{"url": receiver.URL})
	queued := []store.Delivery{h.queueSlack(i), h.queueSlack(i)}
	dead.update(func(tx *store.Tx) error {
		now := dead.clock.Now()
		_, may, err := NewWorker(dead.options).claimInTurn(t.Context(), tx, queued[0].Target, now)
		if may {
			t.Error("it is a probe")
		}
		return err
	})
	h.start()
	h.pass(lease - time.Millisecond)
	before := h.written()
	time.Sleep(2 * lookEvery)
	if n := len(receiver.Requests()); n != 0 {
		t.Errorf("%d requests while the lease runs", n)
	}
	if after := h.written(); after != before {
		t.Errorf("the database went from %s to %s while the lease runs", before, after)
	}
	h.clock.Advance(time.Millisecond) // nobody wakes it
	for n, want := range []int{2, 1} {
		if got := h.wait(queued[n], delivered); got.Attempts != want {
			t.Errorf("%d attempts, want %d", got.Attempts, want)
		}
	}
	if n := len(receiver.Requests()); n != 2 {
		t.Errorf("%d requests", n)
	}
}

// A console that stood still for longer than its lease lasts, while it was sending, finds that another one has taken over.
func TestALateReplicaLeavesTheTargetToOthers(t *testing.T) {
	t.Parallel()
	receiver := fake.NewReceiver(t)
	receiver.Respond(fake.Response{Delay: time.Minute})
	all := replicas(t, 2)
	i := all[0].integration(KindSlack, Settings{"url": receiver.URL})
	first, second := all[0].queueSlack(i), all[0].queueSlack(i)
	late := NewWorker(all[0].options)
	begun, err := late.next(t.Context(), first.Target, outcome{})
	if err != nil || len(begun.batch) != 1 || begun.batch[0].ID != first.ID {
		t.Fatalf("%+v, %v", begun, err)
	}
	all[0].clock.Advance(lease)
	all[1].start()
	receiver.Wait(t, 1) // the second message: it has waited for longer than the one that was being sent
	claimed := all[1].wait(second, func(d store.Delivery) bool { return d.Attempts == 1 })
	failed := begun.batch[0]
	fail(&failed, &Failure{Reason: "answered 500"}, store.At(all[0].clock.Now()))
	next, err := late.next(t.Context(), first.Target, outcome{settle: func(ctx context.Context, tx *store.Tx) error {
		return tx.SaveAttempt(ctx, failed, store.Attempt{At: store.At(all[0].clock.Now())})
	}})
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("it goes on with %+v, %v", next, err)
	}
	if got := all[0].wait(first, func(d store.Delivery) bool { return d.Error != "" }); got.Attempts != 1 || got.Error != "answered 500" {
		t.Errorf("what it was sending: %d attempts, %q", got.Attempts, got.Error)
	}
	if got := all[0].wait(second, func(store.Delivery) bool { return true }); got.NextAt != claimed.NextAt || got.Attempts != 1 {
		t.Errorf("what the other one is sending: %+v, before %+v", got, claimed)
	}
}
