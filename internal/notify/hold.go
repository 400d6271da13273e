package notify

import (
	"cmp"
	"context"
	"errors"
	"time"

	"console/store"
)

// A target whose server takes nothing is held: one delivery at a time is tried, with pauses between that grow from firstHold,
// by holdGrowth, to longestHold, or are as long as the server asked for. That is at most three tries a minute for a server
// that counts them.
const (
	firstHold   = 5 * time.Second
	holdGrowth  = 3
	longestHold = 5 * time.Minute
)

// claimed is what an attempt sends: one delivery, or several that share a request. A probe is the only attempt at a target
// that is held.
type claimed struct {
	batch []store.Delivery
	probe bool
}

// mayClaim says whether a delivery to a target may be tried, and whether it would be a probe.
func mayClaim(ctx context.Context, q store.Queries, target string, now time.Time) (may, probe bool, err error) {
	hold, err := q.HoldOf(ctx, target)
	if errors.Is(err, store.ErrNotFound) {
		return true, false, nil
	}
	return err == nil && hold.Until <= store.At(now), true, err
}

// holding is the failure among verdicts that is about the server, or nil.
func holding(verdicts []verdict) *Failure {
	for _, v := range verdicts {
		if f := (*Failure)(nil); errors.As(v.err, &f) && f.Holds {
			return f
		}
	}
	return nil
}

// answered says whether the server has answered about one of the messages.
func answered(verdicts []verdict) bool {
	for _, v := range verdicts {
		f := (*Failure)(nil)
		if v.err == nil && v.status != 0 || errors.As(v.err, &f) && f.Status != 0 {
			return true
		}
	}
	return false
}

// holdTarget holds the target of an attempt that failed because of its server, or goes on holding it. What has waited too
// long for it fails.
func holdTarget(ctx context.Context, tx *store.Tx, c claimed, f *Failure, now store.Millis) error {
	d := c.batch[0]
	hold, err := tx.HoldOf(ctx, d.Target)
	switch {
	case errors.Is(err, store.ErrNotFound) && c.probe:
		return nil // its integration was given other settings meanwhile
	case errors.Is(err, store.ErrNotFound):
		hold = store.Hold{Target: d.Target, Since: now, Pause: firstHold}
		if d.Target != mailTarget {
			hold.IntegrationID = d.IntegrationID
		}
	case err != nil:
		return err
	case c.probe:
		hold.Pause, hold.Until = min(hold.Pause*holdGrowth, longestHold), 0
	}
	hold.Until = max(hold.Until, now.Add(cmp.Or(f.RetryAfter, hold.Pause)))
	hold.Reason = f.Reason
	if err := tx.SaveHold(ctx, hold); err != nil {
		return err
	}
	if now.Add(-store.HeldLimit) < hold.Since {
		return nil
	}
	return tx.FailHeld(ctx, d.Target, now, f.Reason)
}

// endProbe lifts the hold of a target whose server has answered about a message. Without an answer it goes on.
func endProbe(ctx context.Context, tx *store.Tx, target string, lift bool, now store.Millis) error {
	if lift {
		return tx.LiftHold(ctx, target)
	}
	hold, err := tx.HoldOf(ctx, target)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return tx.MoveHold(ctx, target, now.Add(hold.Pause))
}
