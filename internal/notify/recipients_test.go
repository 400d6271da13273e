package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"console/internal/permission"
	"console/store"
	"console/store/storetest"
)

// person stores somebody of the user list.
func (h *house) person(first, last, email string) {
	h.t.Helper()
	h.update(func(tx *store.Tx) error {
		return tx.InsertUser(
			h.t.Context(),
			&store.User{UUID: email, Email: email, EmailKey: strings.ToLower(email), FirstName: first, LastName: last,
				Role: permission.Analyst, JoinedAt: 1, ActivatedAt: 1},
		)
	})
}

// parted are the deliveries of the only event there is, by recipient.
func (h *house) parted() map[string]store.Delivery {
	h.t.Helper()
	all, err := h.options.DB.TriggeredDeliveries(h.t.Context(), store.DeliveryQuery{Limit: 100})
	if err != nil {
		h.t.Fatal(err)
	}
	rows := map[string]store.Delivery{}
	for _, d := range all {
		rows[d.Recipient] = d
	}
	if len(rows) != len(all) {
		h.t.Errorf("two of %d deliveries have the same recipient", len(all))
	}
	return rows
}

// toTheMailbox queues the one message of a trigger to an email integration.
func (h *house) toTheMailbox(addresses ...string) store.Delivery {
	h.t.Helper()
	i := h.integration(KindEmail, Settings{"emails": strings.Join(addresses, "\n")})
	message := sampleUserAdded()
	message.Greeting = ""
	event := store.Event{UUID: "event", Type: TemplateUserAdded}
	trigger := store.Trigger{Name: "Everybody", Condition: ConditionUserAdded, Enabled: true}
	h.update(func(tx *store.Tx) error {
		if err := tx.InsertEvent(h.t.Context(), &event); err != nil {
			return err
		}
		return tx.InsertTrigger(h.t.Context(), &trigger)
	})
	return h.queue(store.Delivery{Kind: KindEmail, IntegrationID: i.ID, EventID: event.ID, TriggerID: trigger.ID, Template: TemplateUserAdded,
		Params: params(h.t, message)}, "")
}

// postbox is a mailer that keeps what it is given and cannot deliver to one address.
type postbox struct {
	mu    sync.Mutex
	bad   string
	mails map[string]Message
	ids   []string
	seen  func() // called before the first mail; nil: nothing
}

func (p *postbox) Send(_ context.Context, m Mail) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.ids) == 0 && p.seen != nil {
		p.seen()
	}
	p.ids = append(p.ids, m.UUID)
	if m.To == p.bad {
		return &Failure{Reason: "no such mailbox"}
	}
	if p.mails == nil {
		p.mails = map[string]Message{}
	}
	p.mails[m.To] = m.Message
	return nil
}

func TestFC205_OneMessageBecomesAMailForEachAddress(t *testing.T) {
	t.Parallel()
	box := &postbox{bad: "bad@example.com"}
	h := newHouse(t, func(o *Options) { o.Mail = box })
	h.person("Ann", "Lee", "ann@example.com")
	h.person("Bad", "Address", "bad@example.com")
	h.toTheMailbox("Ann@Example.com", "bad@example.com", "list@example.com")
	if rows := h.parted(); len(rows) != 1 {
		t.Fatalf("%d deliveries were queued", len(rows))
	}
	var atFirst map[string]store.Delivery
	box.seen = func() { atFirst = h.parted() }
	h.start()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		rows := h.parted()
		if rows["Ann@Example.com"].State == store.Delivered && rows["list@example.com"].State == store.Delivered &&
			rows["bad@example.com"].Error != "" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the mails were not sent: %+v", rows)
		}
	}
	if len(atFirst) != 3 || atFirst[""].ID != 0 {
		t.Errorf("when the first mail was sent, there were %+v", atFirst)
	}
	rows := h.parted()
	if d := rows["bad@example.com"]; d.State != store.Waiting || d.Attempts != 1 || d.Error != "no such mailbox" {
		t.Errorf("the bad address is at %+v", d)
	}
	box.mu.Lock()
	defer box.mu.Unlock()
	for to, greeting := range map[string]string{"Ann@Example.com": "Ann Lee", "list@example.com": ""} {
		m := box.mails[to]
		var said UserEvent
		if err := json.Unmarshal(rows[to].Params, &said); err != nil || said.Greeting != greeting || said.User.Name != "John Smith" {
			t.Errorf("%s is told %+v, %v", to, said, err)
		}
		if !strings.Contains(m.Text, "John Smith") || greeting != "" && !strings.Contains(m.Text+m.HTML, greeting) ||
			strings.Contains(m.Text, "Bad Address") {
			t.Errorf("%s was sent\n%s", to, m.Text)
		}
	}
	if slices.Sort(box.ids); len(slices.Compact(box.ids)) != 3 {
		t.Errorf("the mails have the ids %v", box.ids)
	}
}

// TestFC205_AMessageIsPartedAsAWhole has the row of the third address refused by the database.
func TestFC205_AMessageIsPartedAsAWhole(t *testing.T) {
	t.Parallel()
	box := &postbox{}
	h := newHouse(t, func(o *Options) { o.Mail = box })
	raw := storetest.Raw(t, h.path)
	spoil, mend := `CREATE TRIGGER spoilt BEFORE INSERT ON deliveries WHEN NEW.recipient = 'c@example.com' BEGIN SELECT RAISE(ABORT, 'spoilt'); END`,
		`DROP TRIGGER spoilt`
	if storetest.OnPostgres() {
		spoil, mend = `ALTER TABLE deliveries ADD CONSTRAINT spoilt CHECK (recipient <> 'c@example.com')`, `ALTER TABLE deliveries DROP CONSTRAINT spoilt`
	}
	if _, err := raw.Exec(spoil); err != nil {
		t.Fatal(err)
	}
	h.toTheMailbox("a@example.com", "b@example.com", "c@example.com")
	h.start()
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(string(h.log.Bytes()), "spoilt"); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the database refused nothing")
		}
	}
	if rows := h.parted(); len(rows) != 1 || rows[""].State != store.Waiting {
		t.Errorf("half of it was parted: %v", rows)
	}
	if _, err := raw.Exec(mend); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"a@example.com", "b@example.com", "c@example.com"} {
		var d store.Delivery
		for deadline := time.Now().Add(20 * time.Second); d.State != store.Delivered; time.Sleep(5 * time.Millisecond) {
			if d = h.parted()[address]; time.Now().After(deadline) {
				t.Fatalf("%s: %s", address, fmt.Sprint(d))
			}
		}
	}
}

// TestFC205_SettingsThatCannotBeOpenedFailWithTheReason spoils those of a mailbox and of a chat.
func TestFC205_SettingsThatCannotBeOpenedFailWithTheReason(t *testing.T) {
	t.Parallel()
	box := &postbox{}
	h := newHouse(t, func(o *Options) { o.Mail = box })
	mail := h.toTheMailbox("a@example.com", "b@example.com")
	chat := h.queueSlack(h.integration(KindSlack, Settings{"url": "https://127.0.0.1:1/"}))
	all, err := h.options.DB.Integrations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h.update(func(tx *store.Tx) error {
		for _, i := range all {
			i.Settings[len(i.Settings)/2] ^= 1
			if err := tx.UpdateIntegration(t.Context(), &i); err != nil {
				return err
			}
		}
		return nil
	})
	h.start()
	for _, d := range []store.Delivery{mail, chat} {
		got := h.wait(d, func(d store.Delivery) bool { return d.State != store.Waiting })
		if got.State != store.Failed || got.Attempts != 1 || got.Error != "the settings of the integration cannot be opened with this key" {
			t.Errorf("%+v", got)
		}
	}
	if len(box.ids) != 0 || len(h.parted()) != 1 {
		t.Errorf("%d mails, %v", len(box.ids), h.parted())
	}
}
