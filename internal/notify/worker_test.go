package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"console/internal/auth"
	"console/internal/fake"
	"console/store"
	"console/store/storetest"
)

// house is a worker with a database of its own and a clock that stands still.
type house struct {
	t       *testing.T
	options Options
	path    string
	clock   *fake.Clock
	log     *syncBuffer
	worker  *Worker
	stop    func()
}

type syncBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *syncBuffer) Bytes() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Clone(b.buffer.Bytes())
}

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

func newHouse(t *testing.T, changes ...func(*Options)) *house {
	t.Helper()
	h := &house{
		t:     t,
		path:  storetest.Place(t),
		clock: fake.NewClock(time.Date(2024, 2, 16, 12, 0, 0, 0, time.UTC)),
		log:   new(syncBuffer),
	}
	db, err := store.Open(t.Context(), h.path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	h.options = Options{
		DB: db, Key: newKey(t, 1), Guard: NewGuard(loopback), Brand: "Wallarm", BaseURL: "https://c.example", Now: h.clock.Now,
		Log: slog.New(slog.NewJSONHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, change := range changes {
		change(&h.options)
	}
	return h
}

// written is another text than before when anything has been written to the database.
func (h *house) written() string {
	h.t.Helper()
	if storetest.OnPostgres() {
		version, err := h.options.DB.Version(h.t.Context())
		if err != nil {
			h.t.Fatal(err)
		}
		return fmt.Sprint(version)
	}
	info, err := os.Stat(h.path + "-wal")
	if err != nil {
		h.t.Fatal(err)
	}
	return fmt.Sprint(info.Size(), info.ModTime())
}

// start runs a worker until stop or the end of the test.
func (h *house) start() {
	h.t.Helper()
	h.worker = NewWorker(h.options)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.worker.Run(ctx) }()
	h.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			h.t.Errorf("Run: %v", err)
		}
	})
	h.t.Cleanup(h.stop)
}

// pass moves the clock and has the worker look at it.
func (h *house) pass(d time.Duration) {
	h.clock.Advance(d)
	h.worker.Wake()
}

func (h *house) update(change func(*store.Tx) error) {
	h.t.Helper()
	if err := h.options.DB.Update(h.t.Context(), change); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) integration(kind string, settings Settings) store.Integration {
	h.t.Helper()
	i := store.Integration{Kind: kind, Name: kind, Active: true}
	h.update(func(tx *store.Tx) (err error) {
		if err := tx.InsertIntegration(h.t.Context(), &i); err != nil {
			return err
		}
		if i.Settings, err = SealSettings(h.options.Key, i.ID, settings); err != nil {
			return err
		}
		return tx.UpdateIntegration(h.t.Context(), &i)
	})
	return i
}

func (h *house) queue(d store.Delivery, token string) store.Delivery {
	h.t.Helper()
	d.UUID, d.CreatedAt, d.Target = uuid.NewString(), store.At(h.options.Now()), Target(d.Kind, d.IntegrationID)
	h.update(func(tx *store.Tx) error {
		if err := tx.InsertDelivery(h.t.Context(), &d); err != nil || token == "" {
			return err
		}
		return tx.SetDeliverySecret(h.t.Context(), d.ID, h.options.Key.Seal([]byte(token), SecretContext(d.ID)))
	})
	return d
}

func (h *house) queueSlack(i store.Integration) store.Delivery {
	h.t.Helper()
	return h.queue(
		store.Delivery{Kind: KindSlack, IntegrationID: i.ID, Template: TemplateUserAdded, Params: params(h.t, sampleUserAdded())},
		"",
	)
}

func (h *house) queueInvitation(token string) store.Delivery {
	h.t.Helper()
	return h.queue(
		store.Delivery{Kind: KindEmail, Recipient: "ann@example.com", Template: TemplateInvitation, Params: params(h.t, sampleInvitation())},
		token,
	)
}

// wait returns the delivery as soon as it is as wanted.
func (h *house) wait(d store.Delivery, wanted func(store.Delivery) bool) store.Delivery {
	h.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		got, err := h.options.DB.DeliveryByID(h.t.Context(), d.ID)
		if err != nil {
			h.t.Fatal(err)
		}
		if wanted(got) {
			return got
		}
		if time.Now().After(deadline) {
			h.t.Fatalf(
				"waited in vain for delivery %d: %s, %d attempts, next in %s, %q",
				got.ID,
				got.State,
				got.Attempts,
				got.NextAt.Time().Sub(h.options.Now()),
				got.Error,
			)
		}
	}
}

func delivered(d store.Delivery) bool { return d.State == store.Delivered }

// mailerFunc is a mailer for tests.
type mailerFunc func(context.Context, Mail) error

func (f mailerFunc) Send(ctx context.Context, m Mail) error { return f(ctx, m) }

func TestFC22_TheTokenIsErasedWhenTheMailIsOut(t *testing.T) {
	t.Parallel()
	server := fake.NewMailServer(t, fake.MailOptions{})
	h := newHouse(t, func(o *Options) { o.Mail = mailer(t, server) })
	const token = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE"
	d := h.queueInvitation(token)
	h.start()
	if got := h.wait(d, delivered); got.Secret != nil || got.EndedAt != store.At(h.clock.Now()) || got.Error != "" {
		t.Errorf("afterwards: %+v", got)
	}
	m := server.WaitFor(t, "ann@example.com")
	if link := m.Link(t, "/signup/"); link != "https://c.example/signup/"+token {
		t.Errorf("link %s", link)
	}
	if m.MessageID != d.UUID+"@c.example" {
		t.Errorf("Message-ID %s", m.MessageID)
	}
	h.stop()
	if bytes.Contains(h.log.Bytes(), []byte(token)) {
		t.Error("the log holds the token")
	}
	for _, file := range []string{h.path, h.path + "-wal"} {
		if data, err := os.ReadFile(file); err == nil && bytes.Contains(data, []byte(token)) {
			t.Errorf("%s holds the token", file)
		}
	}
}

func TestFC120_EveryAttemptSaysTheSame(t *testing.T) {
	t.Parallel()
	receiver := fake.NewReceiver(t)
	receiver.Respond(fake.Response{Status: 500}, fake.Response{Status: 502}, fake.Response{Body: "ok"})
	h := newHouse(t)
	d := h.queueSlack(h.integration(KindSlack, Settings{"url": receiver.URL + "/hook"}))
	h.start()
	h.wait(d, func(d store.Delivery) bool { return d.Error == "answered 500" })
	h.pass(pauses[0])
	h.wait(d, func(d store.Delivery) bool { return d.Error == "answered 502" })
	h.pass(pauses[1])
	if got := h.wait(d, delivered); got.Attempts != 3 {
		t.Errorf("%d attempts", got.Attempts)
	}
	requests := receiver.Requests()
	if len(requests) != 3 {
		t.Fatalf("%d requests", len(requests))
	}
	want, err := encode(slackMessage{Text: slackEscape.Replace(userAddedText), Username: "wallarm"})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range requests {
		if r.Method != "POST" || r.Path != "/hook" || !bytes.Equal(r.Body, want) || r.Header.Get("Content-Type") != "application/json" ||
			r.Header.Get("User-Agent") != "console" {
			t.Errorf("%s %s %v: %s", r.Method, r.Path, r.Header, r.Body)
		}
	}
}

func TestFC121_RestartAndCrash(t *testing.T) {
	t.Parallel()
	server, receiver := fake.NewMailServer(t, fake.MailOptions{}), fake.NewReceiver(t)
	server.Close()
	receiver.Respond(fake.Response{Status: 503})
	h := newHouse(t, func(o *Options) { o.Mail = mailer(t, server) })
	mail, chat := h.queueInvitation("token"), h.queueSlack(h.integration(KindSlack, Settings{"url": receiver.URL}))
	h.start()
	h.wait(mail, func(d store.Delivery) bool { return d.Error == "connection refused" })
	h.wait(chat, func(d store.Delivery) bool { return d.Error == "answered 503" })
	h.stop()

	crashed := h.queueInvitation("token") // claimed by a process that then died
	h.update(func(tx *store.Tx) error {
		now := h.clock.Now()
		held, err := tx.ClaimDelivery(t.Context(), crashed.Target, store.At(now), store.At(now.Add(lease)))
		if err != nil {
			return err
		}
		if _, err := tx.ClaimDelivery(t.Context(), crashed.Target, store.At(now), store.At(now.Add(lease))); err != nil {
			return err
		}
		return tx.ReleaseDelivery(t.Context(), held, store.At(now))
	})
	server.Restart(t)
	receiver.Respond(fake.Response{Body: "ok"})
	h.start()
	h.pass(firstHold)
	h.wait(mail, delivered)
	h.wait(chat, delivered)
	if n := len(server.Messages()); n != 1 {
		t.Errorf("%d mails while the lease runs, want 1", n)
	}
	h.pass(lease)
	if got := h.wait(crashed, delivered); got.Attempts != 2 {
		t.Errorf("%d attempts of the crashed one", got.Attempts)
	}
	if mails, posts := len(server.Messages()), len(receiver.Requests()); mails != 2 || posts != 2 {
		t.Errorf("%d mails, %d requests", mails, posts)
	}
}

func TestFC122_RetriesFollowTheSchedule(t *testing.T) {
	t.Parallel()
	if Retries() != 16 {
		t.Fatalf("%d retries", Retries())
	}
	receiver := fake.NewReceiver(t)
	var responses []fake.Response
	for n := range Retries() + 1 {
		responses = append(responses, fake.Response{Status: 520 + n})
	}
	receiver.Respond(responses...)
	h := newHouse(t)
	d := h.queueSlack(h.integration(KindSlack, Settings{"url": receiver.URL}))
	h.start()
	for n, pause := range pauses {
		if pause == 0 {
			continue
		}
		reason := fmt.Sprintf("answered %d", 520+n)
		got := h.wait(d, func(d store.Delivery) bool { return d.Error == reason })
		if got.State != store.Waiting || got.Attempts != n+1 || got.NextAt != store.At(h.clock.Now()).Add(pause) {
			t.Fatalf("attempt %d: %s, %d attempts, next in %s, want %s", n+1, got.State, got.Attempts, got.NextAt.Time().Sub(h.clock.Now()), pause)
		}
		h.pass(pause - time.Millisecond)
		time.Sleep(5 * time.Millisecond)
		if n := len(receiver.Requests()); n != got.Attempts {
			t.Fatalf("attempt %d came early", n)
		}
		h.pass(time.Millisecond)
	}
	got := h.wait(d, func(d store.Delivery) bool { return d.State == store.Failed })
	if got.Attempts != 17 || got.Error != "answered 536" || got.EndedAt == 0 {
		t.Errorf("at the end: %+v", got)
	}
}

func TestFC122_WhatSlackDoesNotSayIsNoted(t *testing.T) {
	t.Parallel()
	receiver := fake.NewReceiver(t)
	h := newHouse(t)
	i := h.integration(KindSlack, Settings{"url": receiver.URL})
	h.start()
	for _, c := range []struct {
		response fake.Response
		state    store.DeliveryState
		words    string
	}{
		{fake.Response{Body: "<html>Sign in</html>"}, store.Failed, `answered 200, but not "ok" as Slack does`},
		{fake.Response{Body: `{"success":true}`}, store.Delivered, `answered 200, but not "ok" as Slack does`},
		{fake.Response{Status: 201, Body: "ok"}, store.Delivered, ""},
		{fake.Response{Status: 204}, store.Delivered, `answered 204, but not "ok" as Slack does`},
	} {
		receiver.Respond(c.response)
		d := h.queueSlack(i)
		h.worker.Wake()
		got := h.wait(d, func(d store.Delivery) bool { return d.State != store.Waiting })
		if got.Error != c.words || got.State != c.state || got.Attempts != 1 {
			t.Errorf("%+v: %s, %q", c.response, got.State, got.Error)
		}
	}
}

func TestFC123_SlowTargetsDelayNobodyElse(t *testing.T) {
	t.Parallel()
	slow, fast, endless := fake.NewReceiver(t), fake.NewReceiver(t), fake.NewReceiver(t)
	slow.Respond(fake.Response{Delay: time.Minute})
	endless.Respond(fake.Response{Endless: true})
	fast.Respond(fake.Response{Status: 500}, fake.Response{Body: "ok"}) // its retry, a second later, is not delayed either
	h := newHouse(t, func(o *Options) { o.Now = time.Now })
	a := h.integration(KindSlack, Settings{"url": slow.URL})
	b := h.integration(KindSlack, Settings{"url": fast.URL})
	c := h.integration(KindSlack, Settings{"url": endless.URL})
	h.start()
	start := time.Now()
	var toA, toB, toC []store.Delivery
	for range 5 {
		toA, toB, toC = append(toA, h.queueSlack(a)), append(toB, h.queueSlack(b)), append(toC, h.queueSlack(c))
		h.worker.Wake()
	}
	for _, d := range toB {
		h.wait(d, delivered)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("the fast target had to wait %s", took)
	}
	if got := h.wait(toC[0], func(d store.Delivery) bool { return d.Error != "" }); !strings.HasPrefix(got.Error, "answered 200, but not") {
		t.Errorf("the endless answer: %q", got.Error)
	}
	got := h.wait(toA[0], func(d store.Delivery) bool { return d.Error != "" })
	if took := time.Since(start); got.Error != "timed out after 10 s" || took < 9*time.Second || took > 12*time.Second {
		t.Errorf("the slow target: %q after %s", got.Error, took)
	}
}

func TestFC125_RetryAfterIsObeyed(t *testing.T) {
	t.Parallel()
	receiver := fake.NewReceiver(t)
	receiver.Respond(fake.Response{Status: 429, Header: map[string]string{"Retry-After": "3"}}, fake.Response{Body: "ok"})
	h := newHouse(t)
	i := h.integration(KindSlack, Settings{"url": receiver.URL})
	first, second := h.queueSlack(i), h.queueSlack(i)
	h.start()
	h.wait(first, func(d store.Delivery) bool { return d.Error == "answered 429" })
	h.pass(3*time.Second - time.Millisecond)
	time.Sleep(20 * time.Millisecond)
	if n := len(receiver.Requests()); n != 1 {
		t.Fatalf("%d requests before the time is over", n)
	}
	h.pass(time.Millisecond)
	h.wait(first, delivered)
	h.wait(second, delivered)
	if n := len(receiver.Requests()); n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
}

func TestAWishToBeLeftAloneEndsWithTheAddress(t *testing.T) {
	t.Parallel()
	busy, other := fake.NewReceiver(t), fake.NewReceiver(t)
	busy.Respond(fake.Response{Status: 429, Header: map[string]string{"Retry-After": "3600"}})
	h := newHouse(t)
	i := h.integration(KindSlack, Settings{"url": busy.URL})
	first := h.queueSlack(i)
	h.start()
	h.wait(first, func(d store.Delivery) bool { return d.Error == "answered 429" })
	second := h.queueSlack(i)
	i.Name = "renamed"
	h.update(func(tx *store.Tx) error { return tx.UpdateIntegration(t.Context(), &i) })
	h.worker.Wake()
	time.Sleep(20 * time.Millisecond)
	if n := len(busy.Requests()); n != 1 {
		t.Fatalf("%d requests before the time is over", n)
	}
	h.update(func(tx *store.Tx) (err error) {
		if i.Settings, err = SealSettings(h.options.Key, i.ID, Settings{"url": other.URL}); err != nil {
			return err
		}
		return tx.UpdateIntegration(t.Context(), &i)
	})
	h.worker.Wake()
	h.wait(second, delivered)
	h.wait(first, delivered)
	if a, b := len(busy.Requests()), len(other.Requests()); a != 1 || b != 2 {
		t.Errorf("%d requests to the old address, %d to the new one", a, b)
	}
}

func TestFC125_RefusalsEndAtOnce(t *testing.T) {
	t.Parallel()
	receiver := fake.NewReceiver(t)
	receiver.Respond(fake.Response{Status: 404, Body: "no_service"})
	h := newHouse(t)
	d := h.queueSlack(h.integration(KindSlack, Settings{"url": receiver.URL}))
	h.start()
	got := h.wait(d, func(d store.Delivery) bool { return d.State == store.Failed })
	if got.Attempts != 1 || got.Error != "answered 404" {
		t.Errorf("%d attempts, %q", got.Attempts, got.Error)
	}
}

func TestFC133_TheLogHoldsNoSecret(t *testing.T) {
	t.Parallel()
	receiver, dead := fake.NewReceiver(t), fake.NewReceiver(t)
	dead.Close()
	receiver.Respond(fake.Response{Status: 403, Body: "token services/T0/SECRETTOKEN is revoked"})
	h := newHouse(t)
	for _, base := range []string{receiver.URL, dead.URL, "http://10.0.0.1", "http://user:SECRETTOKEN@10.0.0.1", "::SECRETTOKEN"} {
		d := h.queueSlack(h.integration(KindSlack, Settings{"url": base + "/services/T0/SECRETTOKEN"}))
		h.start()
		got := h.wait(d, func(d store.Delivery) bool { return d.Error != "" })
		h.stop()
		if strings.Contains(got.Error, "SECRET") || strings.Contains(got.Error, "10.0.0.1") {
			t.Errorf("the row says %q", got.Error)
		}
		if !bytes.Contains(h.log.Bytes(), []byte(got.UUID)) {
			t.Errorf("the log does not name the delivery of %s", base)
		}
	}
	for _, hidden := range []string{"SECRET", "services", "johnsmith", "127.0.0.1"} {
		if bytes.Contains(h.log.Bytes(), []byte(hidden)) {
			t.Errorf("the log holds %s:\n%s", hidden, h.log.Bytes())
		}
	}
}

func TestSwitchedOffIntegrationsLetTheirMessagesWait(t *testing.T) {
	t.Parallel()
	receiver := fake.NewReceiver(t)
	h := newHouse(t)
	i := h.integration(KindSlack, Settings{"url": receiver.URL})
	set := func(active bool) {
		i.Active = active
		h.update(func(tx *store.Tx) error { return tx.UpdateIntegration(t.Context(), &i) })
	}
	set(false)
	d := h.queueSlack(i)
	h.start()
	got := h.wait(d, func(d store.Delivery) bool { return d.Error != "" })
	if got.State != store.Waiting || got.Attempts != 0 || got.Error != store.SwitchedOff || got.NextAt != d.NextAt.Add(72*time.Hour) {
		t.Errorf("switched off: %+v", got)
	}
	h.pass(71 * time.Hour)
	set(true)
	h.worker.Wake()
	if got := h.wait(d, delivered); got.Attempts != 1 || got.Error != "" {
		t.Errorf("%d attempts, %q", got.Attempts, got.Error)
	}
	set(false)
	d = h.queueSlack(i)
	h.worker.Wake()
	h.wait(d, func(d store.Delivery) bool { return d.Error != "" })
	h.pass(72*time.Hour - time.Millisecond)
	time.Sleep(20 * time.Millisecond)
	if got := h.wait(d, func(store.Delivery) bool { return true }); got.State != store.Waiting {
		t.Errorf("before 72 hours: %s", got.State)
	}
	h.pass(time.Millisecond)
	if got := h.wait(d, func(d store.Delivery) bool { return d.State == store.Failed }); got.Error != store.SwitchedOff || got.Attempts != 0 {
		t.Errorf("after 72 hours: %d attempts, %q", got.Attempts, got.Error)
	}
	if n := len(receiver.Requests()); n != 1 {
		t.Errorf("%d requests", n)
	}
}

func TestMailsOfIntegrationsAreForTheRecipient(t *testing.T) {
	t.Parallel()
	server := fake.NewMailServer(t, fake.MailOptions{})
	h := newHouse(t, func(o *Options) { o.Mail = mailer(t, server) })
	i := h.integration(KindEmail, Settings{"emails": "a@example.com\nB@example.com"})
	d := h.queue(
		store.Delivery{
			Kind:          KindEmail,
			IntegrationID: i.ID,
			Recipient:     "b@example.com",
			Template:      TemplateUserAdded,
			Params:        params(t, sampleUserAdded()),
		},
		"",
	)
	h.start()
	h.wait(d, delivered)
	m := server.Messages()
	if len(m) != 1 || len(m[0].To) != 1 || m[0].To[0] != "b@example.com" || m[0].Text != userAddedText {
		t.Errorf("got %+v", m)
	}
}

// TestMailsToRemovedAddressesAreNotSent has ten of them fail, which says nothing about the integration.
func TestMailsToRemovedAddressesAreNotSent(t *testing.T) {
	t.Parallel()
	server := fake.NewMailServer(t, fake.MailOptions{})
	h, calls := switching(t)
	h.options.Mail = mailer(t, server)
	i := h.integration(KindEmail, Settings{"emails": "a@example.com"})
	to := func(recipient string) store.Delivery {
		return h.queue(
			store.Delivery{
				Kind:          KindEmail,
				IntegrationID: i.ID,
				Recipient:     recipient,
				Template:      TemplateUserAdded,
				Params:        params(t, sampleUserAdded()),
			},
			"",
		)
	}
	var removed []store.Delivery
	for range offEnded {
		removed = append(removed, to("b@example.com"))
	}
	there := to("a@example.com")
	h.start()
	for _, d := range removed {
		got := h.wait(d, func(d store.Delivery) bool { return d.State != store.Waiting || d.Error != "" })
		if got.State != store.Failed || got.Attempts != 1 || got.Error != "the address was removed from the integration" {
			t.Errorf("%+v", got)
		}
	}
	h.wait(there, delivered)
	h.stop()
	if m := server.Messages(); len(m) != 1 || m[0].To[0] != "a@example.com" {
		t.Errorf("got %+v", m)
	}
	if calls.Load() != 0 {
		t.Error("the integration was switched off")
	}
}

func TestStoppingGivesAttemptsBack(t *testing.T) {
	t.Parallel()
	started := make(chan struct{})
	h := newHouse(t, func(o *Options) {
		o.Mail = mailerFunc(func(ctx context.Context, _ Mail) error {
			close(started)
			<-ctx.Done()
			return connectionFailure(ctx.Err())
		})
	})
	d := h.queueInvitation("token")
	h.start()
	<-started
	h.stop()
	got := h.wait(d, func(store.Delivery) bool { return true })
	if got.Attempts != 0 || got.State != store.Waiting || got.NextAt != store.At(h.clock.Now()) || got.Error != "" {
		t.Errorf("after the stop: %+v", got)
	}
}

func TestStoppingSavesWhatIsDoneInTime(t *testing.T) {
	t.Parallel()
	started, finish := make(chan struct{}), make(chan struct{})
	h := newHouse(t, func(o *Options) {
		o.Mail = mailerFunc(func(context.Context, Mail) error {
			close(started)
			<-finish
			return nil
		})
	})
	d := h.queueInvitation("token")
	h.start()
	<-started
	go func() {
		time.Sleep(100 * time.Millisecond)
		close(finish)
	}()
	h.stop()
	if got := h.wait(d, func(store.Delivery) bool { return true }); got.State != store.Delivered {
		t.Errorf("after the stop: %+v", got)
	}
}

func TestPanicsCountAsFailedAttempts(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	h := newHouse(t, func(o *Options) {
		o.Mail = mailerFunc(func(context.Context, Mail) error {
			switch calls.Add(1) {
			case 1:
				panic("SECRET")
			case 2:
				return errors.New("SECRET")
			}
			return nil
		})
	})
	d := h.queueInvitation("token")
	h.start()
	for n := range 2 {
		got := h.wait(d, func(d store.Delivery) bool {
			return d.Attempts == n+1 && d.Error != "" && d.NextAt == store.At(h.clock.Now()).Add(pauses[n])
		})
		if got.Error != "internal error" {
			t.Errorf("attempt %d: %q", n+1, got.Error)
		}
		h.pass(pauses[n])
	}
	h.wait(d, delivered)
	if bytes.Contains(h.log.Bytes(), []byte("SECRET")) {
		t.Error("the log holds what the sender said")
	}
}

func TestMailsHaveFourLanes(t *testing.T) {
	t.Parallel()
	arrived, finish := make(chan struct{}, 10), make(chan struct{})
	var running, most atomic.Int32
	h := newHouse(t, func(o *Options) {
		o.Mail = mailerFunc(func(context.Context, Mail) error {
			most.Store(max(most.Load(), running.Add(1)))
			arrived <- struct{}{}
			<-finish
			running.Add(-1)
			return nil
		})
	})
	var queued []store.Delivery
	for range 10 {
		queued = append(queued, h.queueInvitation("token"))
	}
	h.start()
	for range mailLanes {
		<-arrived
	}
	select {
	case <-arrived:
		t.Error("more than four mails at once")
	case <-time.After(50 * time.Millisecond):
	}
	close(finish)
	for _, d := range queued {
		h.wait(d, delivered)
	}
	if most.Load() > mailLanes {
		t.Errorf("%d at once", most.Load())
	}
}

func TestWhatCannotBeSentFailsAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	i := h.integration(KindSlack, Settings{"url": "http://127.0.0.1:1"})
	i.Settings = newKey(t, 9).Seal([]byte("{}"), "integrations/1")
	h.update(func(tx *store.Tx) error { return tx.UpdateIntegration(t.Context(), &i) })
	sealedElsewhere := h.queueInvitation("token")
	h.update(func(tx *store.Tx) error {
		return tx.SetDeliverySecret(t.Context(), sealedElsewhere.ID, h.options.Key.Seal([]byte("token"), "deliveries/999"))
	})
	reasons := map[*store.Delivery]string{
		new(h.queueSlack(i)): "the settings of the integration cannot be opened with this key",
		&sealedElsewhere:     "the link cannot be opened with this key",
		new(h.queue(store.Delivery{Kind: KindEmail, Template: "unknown", Params: []byte("{}")}, "")):         "the message cannot be made from what was queued",
		new(h.queue(store.Delivery{Kind: "fax", Template: TemplateUserAdded, Params: []byte("{}")}, "")):     "this kind of integration is unknown",
		new(h.queue(store.Delivery{Kind: KindSlack, Template: TemplateUserAdded, Params: []byte("{}")}, "")): "the integration was deleted",
	}
	h.start()
	for d, reason := range reasons {
		got := h.wait(*d, func(d store.Delivery) bool { return d.State == store.Failed })
		if got.Error != reason || got.Attempts != 1 || got.Secret != nil {
			t.Errorf("%s: %q after %d attempts", got.Kind, got.Error, got.Attempts)
		}
	}
}

func TestNothingIsWrittenWhileIdle(t *testing.T) {
	t.Parallel()
	receiver := fake.NewReceiver(t)
	h := newHouse(t)
	d := h.queueSlack(h.integration(KindSlack, Settings{"url": receiver.URL}))
	h.start()
	h.wait(d, delivered)
	h.stop()
	h.start()
	before := h.written()
	for range 20 {
		h.pass(time.Hour)
		time.Sleep(time.Millisecond)
	}
	if after := h.written(); after != before {
		t.Errorf("the log of the database went from %s to %s", before, after)
	}
}

func TestSealedSecretsNeedTheKey(t *testing.T) {
	t.Parallel()
	key := newKey(t, 1)
	sealed := key.Seal([]byte("token"), SecretContext(7))
	if _, err := key.Open(sealed, SecretContext(8)); !errors.Is(err, auth.ErrSealed) {
		t.Errorf("another delivery opens it: %v", err)
	}
}
