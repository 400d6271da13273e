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

// leaseOf is the name of the lease of a target, by which one process at a time sends there: in the order of what waits. That of the mail
// server is taken for a probe alone.
func leaseOf(target string) string { return "deliveries to " + target }

// endTurn lets other processes send to a target.
func endTurn(ctx context.Context, tx *store.Tx, target string) error {
	if target == mailTarget {
		return nil // it may be another lane that probes
	}
	return tx.GiveBackLease(ctx, leaseOf(target))
}

// mayClaim says whether a delivery to a target may be tried now, by this process, and whether it would be a probe. It takes the lease of
// the target, unless that is the mail server.
func mayClaim(ctx context.Context, tx *store.Tx, target string, now time.Time) (may, probe bool, err error) {
	hold, err := tx.HoldOf(ctx, target)
	switch {
	case err == nil:
		probe = true
	case !errors.Is(err, store.ErrNotFound):
		return false, false, err
	}
	if probe && hold.Until > store.At(now) {
		return false, probe, nil
	}
	if target == mailTarget {
		return true, probe, nil
	}
	may, err = tx.TakeLease(ctx, leaseOf(target), store.At(now), lease)
	return may, probe, err
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

// beginProbe sees that nothing else is tried at a target until the probe has ended, or its process has died.
func beginProbe(ctx context.Context, tx *store.Tx, target string, now store.Millis) error {
	if _, err := tx.TakeLease(ctx, leaseOf(target), now, lease); err != nil {
		return err
	}
	return tx.MoveHold(ctx, target, now.Add(lease))
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
