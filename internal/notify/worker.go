package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"console/internal/auth"
	"console/store"
)

const (
	// lease is how long a claimed delivery belongs to its attempt, and its target to this process. Should the process die, others go on
	// when it has run out and they have looked: within 30 seconds.
	lease = 30*time.Second - lookEvery
	// attemptLimit ends an attempt well before its lease. The timeouts of the connection are shorter.
	attemptLimit = (maxTimeout + 5) * time.Second
	// grace is how long running attempts may go on when the worker stops; what is not done by then is given back.
	grace = 3 * time.Second
	// lookEvery is how often the worker looks for what is due, besides when it is woken: another process may have queued something or
	// have died, and the clock may have been set.
	lookEvery = time.Second
	// mailLanes is how many mails are sent at once.
	mailLanes = 4
	// storePause is how long the worker waits after the database has failed.
	storePause = time.Second
)

// Options are what a Worker works with. All are needed but those said to be optional.
type Options struct {
	DB      *store.DB
	Key     *auth.Key
	Mail    Mailer
	Guard   *Guard
	Brand   string
	BaseURL string
	Now     func() time.Time // optional: time.Now
	Log     *slog.Logger     // optional: slog.Default()
	Vendors string           // optional, for tests: scheme and host that stand for the APIs of Telegram, PagerDuty, Opsgenie and Datadog

	// Attempted is called for each delivery of an attempt with its kind, what came of it, and how long the attempt took.
	Attempted func(kind string, result Result, took time.Duration) // optional

	// SwitchOff is called for an active integration most of whose messages fail. It may be set until Run.
	SwitchOff func(ctx context.Context, integrationID int64) error // optional
}

// Worker sends what waits in the table of deliveries, each at least once. A target is served by a lane of its own,
// one request after the other, so that a slow target delays nobody else; mails have four lanes. Several processes may have a
// Worker on one database: a target is leased to one of them while it has something to send there. Mails are sent by all of them, as
// they need no order; while the mail server takes nothing, one probes it.
type Worker struct {
	Options
	client *http.Client
	wake   chan struct{}
	lanes  sync.WaitGroup

	latest time.Time // that dispatch has seen

	mu   sync.Mutex
	busy map[string]int // lanes at work, by target
}

// NewWorker returns a worker that has not started.
func NewWorker(o Options) *Worker {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Attempted == nil {
		o.Attempted = func(string, Result, time.Duration) {}
	}
	client, err := newClient(o.Guard, standard)
	if err != nil {
		panic(err) // without certificates of its own, nothing can fail
	}
	return &Worker{
		Options: o,
		client:  client,
		wake:    make(chan struct{}, 1),
		busy:    map[string]int{},
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
	w.tryMailServer(ctx)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(w.dispatch(ctx, attempts)):
		case <-w.wake:
		}
	}
}

// tryMailServer lets a held mail server be tried at once, unless another process is at it: the program may have been started again with
// another one.
func (w *Worker) tryMailServer(ctx context.Context) {
	err := w.DB.Update(ctx, func(tx *store.Tx) error {
		if _, err := tx.HoldOf(ctx, mailTarget); errors.Is(err, store.ErrNotFound) {
			return nil
		}
		now := store.At(w.Now())
		if free, err := tx.TakeLease(ctx, leaseOf(mailTarget), now, lease); err != nil || !free {
			return err
		}
		return errors.Join(tx.MoveHold(ctx, mailTarget, now), tx.GiveBackLease(ctx, leaseOf(mailTarget)))
	})
	if err != nil {
		w.storeFailed(ctx, err)
	}
}

// dispatch opens lanes for the targets with something due, and returns how long nothing else will be.
func (w *Worker) dispatch(ctx, attempts context.Context) time.Duration {
	now := w.Now()
	if err := w.followClock(ctx, now); err != nil {
		return w.storeFailed(ctx, err)
	}
	targets, err := w.DB.DueTargets(ctx, store.At(now))
	if err != nil {
		return w.storeFailed(ctx, err)
	}
	quiet := lookEvery
	if len(targets) > 0 {
		lanes, held, err := w.mayHave(ctx, targets, now)
		if err != nil {
			return w.storeFailed(ctx, err)
		}
		for target, n := range lanes {
			w.open(ctx, attempts, target, n)
		}
		quiet = min(quiet, held)
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

// mayHave returns how many lanes the targets with something due may have here, and how long it is until one that is held may be tried.
// Those that another process sends to may have none.
func (w *Worker) mayHave(ctx context.Context, targets []string, now time.Time) (lanes map[string]int, held time.Duration, err error) {
	holds, err := w.DB.Holds(ctx)
	if err != nil {
		return nil, 0, err
	}
	elsewhere, err := w.DB.LeasedElsewhere(ctx, store.At(now), lease)
	if err != nil {
		return nil, 0, err
	}
	lanes, held = map[string]int{}, lookEvery
	for _, target := range targets {
		i := slices.IndexFunc(holds, func(h store.Hold) bool { return h.Target == target })
		switch {
		case slices.Contains(elsewhere, leaseOf(target)):
		case i >= 0 && holds[i].Until > store.At(now):
			held = min(held, holds[i].Until.Time().Sub(now))
		case i < 0 && target == mailTarget:
			lanes[target] = mailLanes
		default:
			lanes[target] = 1
		}
	}
	return lanes, held, nil
}

// followClock sends at once, at the start and when the clock was set back, what would wait until it gets there again. No retry is
// further away than maxRetryAfter.
func (w *Worker) followClock(ctx context.Context, now time.Time) error {
	if w.latest.IsZero() || now.Before(w.latest.Add(-store.ClockSlack)) {
		beyond := store.At(now.Add(maxRetryAfter))
		err := w.DB.Update(ctx, func(tx *store.Tx) error {
			return errors.Join(tx.DueAfterJump(ctx, store.At(now), beyond), tx.HoldsAfterJump(ctx, store.At(now), beyond))
		})
		if err != nil {
			return err
		}
	}
	w.latest = now
	return nil
}

func (w *Worker) storeFailed(ctx context.Context, err error) time.Duration {
	if ctx.Err() == nil && !errors.Is(err, store.ErrUnwritable) { // the log says that by itself, once a minute
		w.Log.Error("deliveries cannot be read or saved", "error", err)
	}
	return storePause
}

// open starts the lanes that the target may have and has not.
func (w *Worker) open(ctx, attempts context.Context, target string, lanes int) {
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

// outcome is what became of an attempt.
type outcome struct {
	settle func(context.Context, *store.Tx) error // stores it
	ended  int64                                  // the integration for which a message may have ended; 0 for none
	lifted bool                                   // the target was held, and its server takes messages again
}

// lane sends what is due to target, until nothing is or ctx is done.
func (w *Worker) lane(ctx, attempts context.Context, target string) {
	defer w.leave(target)
	var previous outcome
	for {
		next, err := w.next(ctx, target, previous)
		if (err == nil || errors.Is(err, store.ErrNotFound)) && previous.ended != 0 {
			w.review(context.WithoutCancel(ctx), previous.ended)
		}
		if previous.lifted {
			w.Wake() // other lanes can send too
		}
		switch {
		case err == nil && len(next.batch) == 0: // the delivery that was to be next has ended without an attempt
			previous = outcome{}
		case err == nil:
			previous = w.attempt(attempts, next)
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

// next saves the previous attempt and claims what is sent next in one transaction: one write to disk for each attempt.
// It returns nothing claimed where the delivery whose turn it was has ended, because its link has, and store.ErrNotFound when
// there is nothing to claim; the previous attempt is saved all the same, also while the program stops.
func (w *Worker) next(ctx context.Context, target string, previous outcome) (next claimed, err error) {
	durable := context.WithoutCancel(ctx)
	idle := false
	err = w.DB.Update(durable, func(tx *store.Tx) error {
		next, idle = claimed{}, false
		now := w.Now() // not before: it may have waited for other writers, and what is claimed is leased from now on
		if previous.settle != nil {
			if err := previous.settle(durable, tx); err != nil {
				return fmt.Errorf("save attempt: %w", err)
			}
		}
		batch, probe, err := w.claimInTurn(ctx, tx, target, now)
		if errors.Is(err, store.ErrNotFound) {
			idle = true
			return endTurn(durable, tx, target) // the previous attempt is saved all the same
		}
		if err != nil {
			return err
		}
		if ended, err := w.endWithLink(durable, tx, batch[0], store.At(now)); ended || err != nil {
			return err
		}
		next = claimed{batch, probe}
		if probe {
			return beginProbe(durable, tx, target, store.At(now))
		}
		return nil
	})
	if err == nil && idle {
		err = store.ErrNotFound
	}
	if err == nil && len(next.batch) > 0 {
		if d := next.batch[0]; d.Kind == KindEmail && d.IntegrationID != 0 && d.Attempts == 1 {
			w.Wake() // it may have been parted: other lanes can send the rest
		}
	}
	return next, err
}

// linkHasEnded is why a mail was not sent that had waited for longer than its link works.
const linkHasEnded = "the link in it had ended"

// endWithLink ends a delivery, and says so, whose link leads nowhere any more: it may have waited for the mail server for a day.
func (w *Worker) endWithLink(ctx context.Context, tx *store.Tx, d store.Delivery, now store.Millis) (bool, error) {
	token, err := w.token(d)
	if err != nil || token == "" {
		return false, nil //nolint:nilerr // the attempt says what is wrong with it
	}
	ended, err := tx.LinkHasEnded(ctx, auth.HashToken(token), now)
	if err != nil || !ended {
		return false, err
	}
	w.logOf(d).Warn("message not sent", "error", linkHasEnded)
	d.State, d.Error, d.EndedAt = store.Failed, linkHasEnded, now
	return true, tx.SaveAttempt(ctx, d, store.Attempt{})
}

// claimInTurn is claim where it is this process's turn to send to target, and says whether that is a probe. It returns store.ErrNotFound
// also where it is not its turn, and when ctx is done.
func (w *Worker) claimInTurn(ctx context.Context, tx *store.Tx, target string, now time.Time) ([]store.Delivery, bool, error) {
	if ctx.Err() != nil {
		return nil, false, store.ErrNotFound
	}
	durable := context.WithoutCancel(ctx)
	may, probe, err := mayClaim(durable, tx, target, now)
	if err != nil {
		return nil, false, err
	}
	if !may {
		return nil, false, store.ErrNotFound
	}
	batch, err := w.claim(durable, tx, target, now)
	return batch, probe, err
}

// claim takes the deliveries to target that one request carries. It returns store.ErrNotFound when none is due.
func (w *Worker) claim(ctx context.Context, tx *store.Tx, target string, now time.Time) ([]store.Delivery, error) {
	until := store.At(now.Add(lease))
	first, err := tx.ClaimDelivery(ctx, target, store.At(now), until)
	if err != nil {
		return nil, err
	}
	if first, err = w.part(ctx, tx, first); err != nil {
		return nil, err
	}
	if kind, _ := KindByKey(first.Kind); kind.together > 1 {
		return tx.ClaimBatch(ctx, first, store.At(now), until, kind.together)
	}
	return []store.Delivery{first}, nil
}

// review switches an integration off when most of its messages fail.
func (w *Worker) review(ctx context.Context, integrationID int64) {
	if w.SwitchOff == nil {
		return
	}
	failing, err := w.failing(ctx, integrationID)
	if err == nil && failing {
		err = w.SwitchOff(ctx, integrationID)
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		w.Log.Error("an integration that fails cannot be switched off", "integration", integrationID, "error", err)
	}
}

func (w *Worker) failing(ctx context.Context, integrationID int64) (bool, error) {
	integration, err := w.DB.IntegrationByID(ctx, integrationID)
	if err != nil || !integration.Active {
		return false, err
	}
	since := store.At(w.Now().Add(-offWindow))
	failed, err := w.DB.FailedSince(ctx, integrationID, since)
	most := failed * 100 / offPercent // with more than these ended, the failed ones are too few
	if err != nil || most < offEnded {
		return false, err
	}
	ended, err := w.DB.EndedSince(ctx, integrationID, since, most+1)
	return ended >= offEnded && ended <= most, err
}
