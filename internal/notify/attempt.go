package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"console/internal/trace"
	"console/store"
)

// verdict is how one delivery of an attempt fared: delivered, errSwitchedOff, or a failure.
type verdict struct {
	status int    // code of the answer
	note   string // what is odd about a success
	err    error
}

// Result is what came of an attempt for one delivery.
type Result string

// The results.
const (
	resultDelivered   Result = "delivered"
	resultRetried     Result = "retried" // it failed, and is tried again
	resultFailed      Result = "failed"
	resultHeld        Result = "held" // its server takes nothing at present
	resultSwitchedOff Result = "switched_off"
	resultInterrupted Result = "interrupted" // by a stop
)

// resultOf is the result that has left a delivery in a state.
func resultOf(state store.DeliveryState) Result {
	switch state {
	case store.Delivered:
		return resultDelivered
	case store.Failed:
		return resultFailed
	}
	return resultRetried
}

// knownKind is the key of a kind, or "unknown": what a later version has queued may be of a kind that this one does not have.
func knownKind(key string) string {
	if _, found := KindByKey(key); !found {
		return "unknown"
	}
	return key
}

// attempt sends what was claimed once and returns what is to be stored.
func (w *Worker) attempt(ctx context.Context, c claimed) (o outcome) {
	limited, cancel := context.WithTimeout(ctx, attemptLimit)
	defer cancel()
	began := time.Now() // of the real clock: it measures
	verdicts := w.sendBatch(limited, c.batch)
	took := time.Since(began)
	a := store.Attempt{At: store.At(w.Now()), MS: took.Milliseconds()}
	interrupted := ctx.Err() != nil
	var settles []func(context.Context, *store.Tx) error
	for i, d := range c.batch {
		var result Result
		switch v := verdicts[i]; {
		case v.err != nil && interrupted:
			result = resultInterrupted
			settles = append(settles, func(ctx context.Context, tx *store.Tx) error { return tx.ReleaseDelivery(ctx, d, a.At) })
		case errors.Is(v.err, errSwitchedOff):
			result = resultSwitchedOff
			settles = append(settles, func(ctx context.Context, tx *store.Tx) error { return tx.ParkDelivery(ctx, d, a.At) })
		case holding(verdicts[i:i+1]) != nil && (d.HeldAt == 0 || a.At < d.HeldAt.Add(store.HeldLimit)):
			result = resultHeld
			w.logOf(d).Warn("message held", "error", v.err)
			settles = append(settles, func(ctx context.Context, tx *store.Tx) error { return tx.HoldDelivery(ctx, d, a.At, v.err.Error()) })
			o.ended = d.IntegrationID
		default:
			ended, attempt := w.conclude(d, v, a)
			result = resultOf(ended.State)
			if ended.State != store.Waiting {
				o.ended = ended.IntegrationID
			}
			settles = append(settles, func(ctx context.Context, tx *store.Tx) error { return tx.SaveAttempt(ctx, ended, attempt) })
		}
		w.Attempted(knownKind(d.Kind), result, took)
	}
	switch f := holding(verdicts); {
	case f != nil && !interrupted:
		settles = append(settles, func(ctx context.Context, tx *store.Tx) error { return holdTarget(ctx, tx, c, f, a.At) })
	case c.probe:
		o.lifted = answered(verdicts)
		settles = append(settles, func(ctx context.Context, tx *store.Tx) error {
			if interrupted && !o.lifted {
				return tx.MoveHold(ctx, c.batch[0].Target, a.At) // whoever goes on tries it at once
			}
			return endProbe(ctx, tx, c.batch[0].Target, o.lifted, a.At)
		})
	}
	if c.probe {
		settles = append(settles, func(ctx context.Context, tx *store.Tx) error {
			return tx.GiveBackLease(ctx, leaseOf(c.batch[0].Target))
		})
	}
	o.settle = func(ctx context.Context, tx *store.Tx) error {
		for _, settle := range settles {
			if err := settle(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	}
	return o
}

func (w *Worker) logOf(d store.Delivery) *slog.Logger {
	return w.Log.With("delivery", d.UUID, "template", d.Template, "target", d.Target, "attempt", d.Attempts)
}

// conclude returns the delivery and the attempt as they are to be stored, and logs them.
func (w *Worker) conclude(d store.Delivery, v verdict, a store.Attempt) (store.Delivery, store.Attempt) {
	log := w.logOf(d)
	a.Status = v.status
	if v.err == nil {
		d.State, d.Error, d.EndedAt = store.Delivered, v.note, a.At
		log.Info("message delivered")
		return d, a
	}
	f := failureOf(v.err)
	fail(&d, f, a.At)
	a.Status, a.Error = f.Status, f.Reason
	log.Warn("message not delivered", "error", d.Error, "state", d.State)
	return d, a
}

// failureOf returns the Failure in err. Any other error is a fault of ours whose text nobody has vetted.
func failureOf(err error) *Failure {
	if f := (*Failure)(nil); errors.As(err, &f) {
		return f
	}
	return &Failure{Reason: "internal error"}
}

// fail decides whether and when d is tried again: after the pause of the schedule, or never where its server has taken
// nothing for too long.
func fail(d *store.Delivery, f *Failure, now store.Millis) {
	d.Error = f.Reason
	d.Uncounted = d.Uncounted || f.Uncounted
	if f.Permanent || f.Holds || d.Attempts > len(pauses) {
		d.State, d.EndedAt = store.Failed, now
		return
	}
	d.NextAt = now.Add(pauses[d.Attempts-1])
}

// errSwitchedOff says that the integration of a delivery is not active.
var errSwitchedOff = errors.New(store.SwitchedOff)

// sendBatch makes one attempt for deliveries that share a request and says how each fared.
func (w *Worker) sendBatch(ctx context.Context, batch []store.Delivery) []verdict {
	verdicts := make([]verdict, len(batch))
	shared := w.sendTogether(ctx, batch, verdicts)
	for i, own := range verdicts {
		if own.err == nil {
			verdicts[i] = shared
		}
	}
	return verdicts
}

// sendTogether returns the verdict on those for which none of their own is in verdicts when it returns.
func (w *Worker) sendTogether(ctx context.Context, batch []store.Delivery, verdicts []verdict) (shared verdict) {
	first := batch[0]
	defer w.recovered(ctx, first.UUID, &shared.err)
	kind, found := KindByKey(first.Kind)
	if !found {
		return verdict{err: &Failure{Reason: "this kind of integration is unknown", Permanent: true}}
	}
	settings, err := w.settings(ctx, w.DB.Queries, first)
	if err != nil {
		return verdict{err: err}
	}
	if refusal := refuseRecipient(first, settings); refusal != nil {
		return verdict{err: refusal}
	}
	l := w.letter(first.UUID, first.Attempts, settings)
	var sent []string
	for i, d := range batch {
		message, err := w.messageOf(d)
		if err != nil {
			verdicts[i].err = err
			continue
		}
		l.events, sent = append(l.events, message), append(sent, d.UUID)
	}
	if len(sent) == 0 {
		return verdict{}
	}
	l.id = requestID(sent)
	return w.deliver(ctx, kind, l, first.Recipient)
}

// requestID is the id of a request: that of the only delivery in it, otherwise one that follows from those in it, so that
// the same deliveries together always have the same.
func requestID(deliveries []string) string {
	if len(deliveries) == 1 {
		return deliveries[0]
	}
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(strings.Join(deliveries, " "))).String()
}

func (w *Worker) letter(id string, attempt int, settings Settings) letter {
	return letter{id: id, attempt: attempt, settings: settings, site: w.site(), vendors: w.Vendors, now: w.Now()}
}

func (w *Worker) site() Site { return Site{Brand: w.Brand, BaseURL: w.BaseURL} }

// mailTaken is what a mail server answers when it has taken a mail.
const mailTaken = 250

// deliver hands a letter to its target. The error of the verdict is a *Failure.
func (w *Worker) deliver(ctx context.Context, kind Kind, l letter, recipient string) verdict {
	if kind.write == nil {
		return verdict{status: mailTaken, err: w.Mail.Send(ctx, Mail{UUID: l.id, To: recipient, Message: l.onlyMessage()})}
	}
	if LacksBot(kind.Key, l.settings) {
		return verdict{err: &Failure{Reason: "enter the token of a bot and the number of a chat in the integration first", Permanent: true}}
	}
	r, err := kind.write(l)
	if err != nil {
		return verdict{err: &Failure{Reason: ErrTemplate.Error(), Permanent: true}}
	}
	a, err := w.do(ctx, r, kind.accept != nil)
	if err != nil {
		return verdict{err: err}
	}
	note, err := kind.judge(a, w.Now())
	return verdict{status: a.status, note: note, err: err}
}

// recovered turns a panic into an error of unknown reason. It is deferred.
func (w *Worker) recovered(ctx context.Context, id string, err *error) {
	if p := recover(); p != nil { // the stack holds no values
		w.Log.ErrorContext(ctx, "sending panicked", "delivery", id, "panic", trace.Panic(p), "stack", string(debug.Stack()))
		*err = fmt.Errorf("panic: %s", trace.Panic(p))
	}
}

// Content is what a message says: a template, and what it is filled with, as JSON.
type Content struct {
	Template string
	Params   []byte
}

// Send makes one attempt to send a message with these settings, at once and without a delivery: to try an integration.
// recipient is the address of a mail. The error is a *Failure whose text may be shown.
func (w *Worker) Send(ctx context.Context, kind string, settings Settings, content Content, recipient string) error {
	if err := w.try(ctx, kind, settings, content, recipient); err != nil {
		return failureOf(err)
	}
	return nil
}

func (w *Worker) try(ctx context.Context, key string, settings Settings, content Content, recipient string) (err error) {
	id := uuid.NewString()
	defer w.recovered(ctx, id, &err)
	ctx, cancel := context.WithTimeout(ctx, attemptLimit)
	defer cancel()
	kind, found := KindByKey(key)
	if !found {
		return &Failure{Reason: "this kind of integration is unknown", Permanent: true}
	}
	message, err := w.site().Message(content.Template, content.Params, "")
	if err != nil {
		return &Failure{Reason: err.Error(), Permanent: true}
	}
	l := w.letter(id, 1, settings)
	l.events = []Message{message}
	return w.deliver(ctx, kind, l, recipient).err
}

// settings returns those of the integration that d goes to. Mails to people go to none.
func (w *Worker) settings(ctx context.Context, q store.Queries, d store.Delivery) (Settings, error) {
	if d.IntegrationID == 0 && d.Kind == KindEmail {
		return nil, nil
	}
	integration, err := q.IntegrationByID(ctx, d.IntegrationID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, &Failure{Reason: "the integration was deleted", Permanent: true}
	case err != nil:
		return nil, &Failure{Reason: "the integration could not be read"}
	case !integration.Active:
		return nil, errSwitchedOff
	}
	settings, err := OpenSettings(w.Key, integration.ID, integration.Settings)
	if err != nil {
		return nil, &Failure{Reason: "the settings of the integration cannot be opened with this key", Permanent: true}
	}
	return settings, nil
}

// refuseRecipient says why a mail of a trigger is not for its recipient, or returns nil: whoever was taken out of an
// integration gets no more of its mails, also not of those queued before.
func refuseRecipient(d store.Delivery, settings Settings) error {
	if d.Kind != KindEmail || d.IntegrationID == 0 {
		return nil
	}
	if slices.ContainsFunc(strings.Fields(settings["emails"]), func(a string) bool { return strings.EqualFold(a, d.Recipient) }) {
		return nil
	}
	return &Failure{Reason: "the address was removed from the integration", Permanent: true, Uncounted: true}
}

// messageOf writes the message of d, with its link where it has one.
func (w *Worker) messageOf(d store.Delivery) (Message, error) {
	token, err := w.token(d)
	if err != nil {
		return Message{}, err
	}
	message, err := w.site().Message(d.Template, d.Params, token)
	if err != nil {
		return Message{}, &Failure{Reason: err.Error(), Permanent: errors.Is(err, ErrTemplate)}
	}
	return message, nil
}

// token is that of the link in d, or "".
func (w *Worker) token(d store.Delivery) (string, error) {
	if d.Secret == nil {
		return "", nil
	}
	token, err := w.Key.Open(d.Secret, SecretContext(d.ID))
	if err != nil {
		return "", &Failure{Reason: "the link cannot be opened with this key", Permanent: true}
	}
	return string(token), nil
}
