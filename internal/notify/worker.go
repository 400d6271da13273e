package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"console/internal/auth"
	"console/store"
)

const (
	// lease is how long a claimed delivery belongs to its attempt. Should the process die, it is due again then.
	lease = 30 * time.Second
	// attemptLimit ends an attempt well before its lease.
	attemptLimit = 15 * time.Second
	// grace is how long running attempts may go on when the worker stops; what is not done by then is given back.
	grace = 3 * time.Second
	// longestSleep is how long the worker trusts its own idea of when the next delivery is due: another process may have
	// queued one, and the clock may have been set.
	longestSleep = time.Minute
	// mailLanes is how many mails are sent at once.
	mailLanes = 4
	// storePause is how long the worker waits after the database has failed.
	storePause = time.Second
)

// Options are what a Worker works with. All are needed but Now and Log.
type Options struct {
	DB      *store.DB
	Key     *auth.Key
	Mail    Mailer
	Guard   *Guard
	Brand   string
	BaseURL string
	Now     func() time.Time // time.Now when nil
	Log     *slog.Logger     // slog.Default() when nil
}

// Worker sends what waits in the table of deliveries, each at least once. A target is served by a lane of its own,
// one delivery after the other, so that a slow target delays nobody else; mails have four lanes. There must be one
// running Worker per database.
type Worker struct {
	Options
	client *http.Client
	wake   chan struct{}
	lanes  sync.WaitGroup

	mu   sync.Mutex
	busy map[string]int       // lanes at work, by target
	held map[string]time.Time // targets that asked to be left alone, and until when
}

// NewWorker returns a worker that has not started.
func NewWorker(o Options) *Worker {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Worker{
		Options: o,
		client:  newClient(o.Guard),
		wake:    make(chan struct{}, 1),
		busy:    map[string]int{},
		held:    map[string]time.Time{},
	}
}

// Wake makes the worker look for due deliveries at once. It is called after the commit that queued one; it never
// blocks, and may be called at any time.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default: // a look is already due
	}
}

// Run sends deliveries until ctx is done and every running attempt has ended or, after three seconds, been given back.
// It returns nil. While nothing is due, it writes nothing.
func (w *Worker) Run(ctx context.Context) error {
	attempts, cutOff := context.WithCancel(context.WithoutCancel(ctx))
	defer cutOff()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, cutOff) })()
	defer w.client.CloseIdleConnections()
	defer w.lanes.Wait()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(w.dispatch(ctx, attempts)):
		case <-w.wake:
		}
	}
}

// dispatch opens lanes for the targets with something due, and returns how long nothing else will be.
func (w *Worker) dispatch(ctx, attempts context.Context) time.Duration {
	now := w.Now()
	targets, err := w.DB.DueTargets(ctx, store.At(now))
	if err != nil {
		return w.storeFailed(ctx, err)
	}
	quiet := longestSleep
	for _, target := range targets {
		if wait := w.heldFor(target, now); wait > 0 {
			quiet = min(quiet, wait)
			continue
		}
		w.open(ctx, attempts, target)
	}
	next, err := w.DB.NextDue(ctx, store.At(now))
	if errors.Is(err, store.ErrNotFound) {
		return quiet
	}
	if err != nil {
		return w.storeFailed(ctx, err)
	}
	return min(quiet, next.Time().Sub(now))
}

func (w *Worker) storeFailed(ctx context.Context, err error) time.Duration {
	if ctx.Err() == nil {
		w.Log.Error("deliveries cannot be read or saved", "error", err)
	}
	return storePause
}

// heldFor returns how long the target still wants to be left alone.
func (w *Worker) heldFor(target string, now time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	wait := w.held[target].Sub(now)
	if wait <= 0 {
		delete(w.held, target)
	}
	return wait
}

func (w *Worker) hold(target string, until time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held[target] = until
}

// open starts the lanes that the target may have and has not.
func (w *Worker) open(ctx, attempts context.Context, target string) {
	lanes := 1
	if target == mailTarget {
		lanes = mailLanes
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for ; w.busy[target] < lanes; w.busy[target]++ {
		w.lanes.Go(func() { w.lane(ctx, attempts, target) })
	}
}

// leave ends a lane. What became due after its last look is left to the next dispatch.
func (w *Worker) leave(target string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy[target]--; w.busy[target] == 0 {
		delete(w.busy, target)
	}
	w.Wake()
}

// settle stores what became of an attempt.
type settle func(context.Context, *store.Tx) error

// lane sends what is due to target, until nothing is or ctx is done.
func (w *Worker) lane(ctx, attempts context.Context, target string) {
	defer w.leave(target)
	var previous settle
	for {
		d, err := w.next(ctx, target, previous)
		switch {
		case err == nil:
			previous = w.attempt(attempts, d)
		case errors.Is(err, store.ErrNotFound), ctx.Err() != nil:
			return
		default:
			sleep(ctx, w.storeFailed(ctx, err))
		}
	}
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// next saves the previous attempt and claims the next delivery in one transaction: one write to disk for each attempt.
// It returns store.ErrNotFound when there is none to claim; the previous attempt is saved all the same, also while the
// program stops.
func (w *Worker) next(ctx context.Context, target string, previous settle) (d store.Delivery, err error) {
	durable := context.WithoutCancel(ctx)
	now := w.Now()
	claimed := false
	err = w.DB.Update(durable, func(tx *store.Tx) (err error) {
		if previous != nil {
			if err := previous(durable, tx); err != nil {
				return fmt.Errorf("save attempt: %w", err)
			}
		}
		if ctx.Err() != nil || w.heldFor(target, now) > 0 {
			return nil
		}
		d, err = tx.ClaimDelivery(durable, target, store.At(now), store.At(now.Add(lease)))
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		claimed = true
		return err
	})
	if err == nil && !claimed {
		err = store.ErrNotFound
	}
	return d, err
}

// attempt sends d once and returns what is to be stored.
func (w *Worker) attempt(ctx context.Context, d store.Delivery) settle {
	limited, cancel := context.WithTimeout(ctx, attemptLimit)
	defer cancel()
	err := w.send(limited, d)
	now := store.At(w.Now())
	if err != nil && ctx.Err() != nil {
		return func(ctx context.Context, tx *store.Tx) error { return tx.ReleaseDelivery(ctx, d, now) }
	}
	if errors.Is(err, errSwitchedOff) {
		return w.postpone(d, now)
	}
	log := w.Log.With("delivery", d.UUID, "template", d.Template, "target", d.Target, "attempt", d.Attempts)
	if err == nil {
		log.Info("message delivered")
		d.State, d.Error, d.EndedAt = store.Delivered, "", now
	} else {
		w.fail(&d, failureOf(err), now)
		log.Warn("message not delivered", "error", d.Error, "state", d.State)
	}
	return func(ctx context.Context, tx *store.Tx) error { return tx.SaveAttempt(ctx, d) }
}

// failureOf returns the Failure in err. Any other error is a fault of ours whose text nobody has vetted.
func failureOf(err error) *Failure {
	if f := (*Failure)(nil); errors.As(err, &f) {
		return f
	}
	return &Failure{Reason: "internal error"}
}

// fail decides whether and when d is tried again: after the pause of the schedule, and not before the time for which the
// target asked to be left alone.
func (w *Worker) fail(d *store.Delivery, f *Failure, now store.Millis) {
	d.Error = f.Reason
	if f.RetryAfter > 0 {
		w.hold(d.Target, now.Add(f.RetryAfter).Time())
	}
	if f.Permanent || d.Attempts > len(pauses) {
		d.State, d.EndedAt = store.Failed, now
		return
	}
	d.NextAt = now.Add(max(pauses[d.Attempts-1], f.RetryAfter))
}

// postpone lets a delivery wait for its integration without counting the attempt, and ends it when it has waited too
// long.
func (w *Worker) postpone(d store.Delivery, now store.Millis) settle {
	d.Error = errSwitchedOff.Error()
	d.NextAt = now.Add(offPause)
	if now >= d.CreatedAt.Add(offLimit) {
		d.State, d.EndedAt = store.Failed, now
	}
	return func(ctx context.Context, tx *store.Tx) error {
		if err := tx.SaveAttempt(ctx, d); err != nil {
			return err
		}
		return tx.ReleaseDelivery(ctx, d, d.NextAt)
	}
}

// errSwitchedOff says that the integration of a delivery is not active.
var errSwitchedOff = errors.New("the integration is switched off")

// outgoing is a delivery ready to be sent.
type outgoing struct {
	delivery store.Delivery
	message  Message
	settings Settings // of the integration; nil for mails to people
}

// send makes one attempt. The error is a *Failure or errSwitchedOff; a panic becomes one of unknown reason.
func (w *Worker) send(ctx context.Context, d store.Delivery) (err error) {
	defer func() {
		if p := recover(); p != nil { // its value may hold anything; the stack holds no values
			w.Log.Error("sending panicked", "delivery", d.UUID, "type", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %T", p)
		}
	}()
	kind, found := KindByKey(d.Kind)
	if !found || kind.send == nil {
		return &Failure{Reason: "this kind of integration is unknown", Permanent: true}
	}
	settings, err := w.settings(ctx, d)
	if err != nil {
		return err
	}
	message, err := w.message(d)
	if err != nil {
		return err
	}
	return kind.send(w, ctx, outgoing{d, message, settings})
}

// settings opens those of the integration that d goes to. Mails to people go to none.
func (w *Worker) settings(ctx context.Context, d store.Delivery) (Settings, error) {
	if d.IntegrationID == 0 && d.Kind == KindEmail {
		return nil, nil
	}
	integration, err := w.DB.IntegrationByID(ctx, d.IntegrationID)
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

// message writes the message of d, with its link where it has one.
func (w *Worker) message(d store.Delivery) (Message, error) {
	var token []byte
	if d.Secret != nil {
		var err error
		if token, err = w.Key.Open(d.Secret, SecretContext(d.ID)); err != nil {
			return Message{}, &Failure{Reason: "the link cannot be opened with this key", Permanent: true}
		}
	}
	message, err := Site{Brand: w.Brand, BaseURL: w.BaseURL}.Message(d.Template, d.Params, string(token))
	if err != nil {
		return Message{}, &Failure{Reason: err.Error(), Permanent: errors.Is(err, ErrTemplate)}
	}
	return message, nil
}
