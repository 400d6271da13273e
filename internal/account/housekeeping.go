package account

import (
	"context"
	"time"

	"console/store"
)

// How long things are kept that nobody needs any more.
const (
	KeepDeadLinks     = 90 * 24 * time.Hour // a dead link says why it is dead
	KeepDeliveries    = 30 * 24 * time.Hour // after their end
	deleteAtOnce      = 1000                // deliveries in one transaction: others must get their turn in between
	housekeepingEvery = time.Hour
)

// leaseOfHousekeeping is the name of the lease of the process that does it.
const leaseOfHousekeeping = "housekeeping"

// Housekeeping removes what has run out, once an hour until ctx is done: ended sessions, forgotten failures, ended
// jobs and deliveries, dead links, and entries of the activity log that are older than General says, also as soon as it says so. It
// tells the owners of API tokens that are about to expire. Of the processes on one database, one does all that each hour, and each at its
// start: the one before may have died over it.
//
// The hour is not that of the clock, which may be ahead for a moment: nothing is due any sooner then.
func (s *Service) Housekeeping(ctx context.Context) {
	hour := time.NewTicker(housekeepingEvery)
	defer hour.Stop()
	keep := s.housekeep
	for {
		if err := keep(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("housekeeping", "error", err)
		}
		select {
		case <-ctx.Done():
			if s.housekeeps {
				s.giveBackHousekeeping(context.WithoutCancel(ctx))
			}
			return
		case <-s.retentionSet:
			keep = s.removeOldEntries
		case <-hour.C:
			keep = s.housekeepInTurn
		}
	}
}

// housekeepInTurn is housekeep unless another process does it. Should that die, this one does so an hour later.
func (s *Service) housekeepInTurn(ctx context.Context) error {
	var leased bool
	err := s.db.Update(ctx, func(tx *store.Tx) (err error) {
		leased, err = tx.TakeLease(ctx, leaseOfHousekeeping, store.At(s.now()), housekeepingEvery+lookEvery)
		return err
	})
	s.housekeeps = s.housekeeps || leased // also where the answer to the commit was lost
	if err != nil || !leased {
		return err
	}
	return s.housekeep(ctx)
}

// giveBackHousekeeping lets another process do it from now on.
func (s *Service) giveBackHousekeeping(ctx context.Context) {
	err := s.db.Update(ctx, func(tx *store.Tx) error { return tx.GiveBackLease(ctx, leaseOfHousekeeping) })
	if err != nil {
		s.log.Error("housekeeping", "error", err)
	}
}

func (s *Service) housekeep(ctx context.Context) error {
	if err := s.forgetDeliveries(ctx, store.At(s.now()).Add(-KeepDeliveries)); err != nil {
		return err
	}
	if err := s.tellExpiring(ctx); err != nil {
		return err
	}
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		now := store.At(s.now()) // read before, it would be earlier than what others write while this waits for them
		if err := s.deleteEndedSessions(ctx, tx, now); err != nil {
			return err
		}
		if err := tx.DeleteThrottles(ctx, now.Add(-forgetFailures)); err != nil {
			return err
		}
		if err := tx.DeleteUses(ctx, now.Add(-invitationMailsOfADay.Time)); err != nil {
			return err
		}
		if err := tx.DeleteIdempotencyKeys(ctx, now.Add(-KeepIdempotencyKeys)); err != nil {
			return err
		}
		if err := tx.DeleteEndedJobs(ctx, now.Add(-KeepJobs)); err != nil {
			return err
		}
		if err := tx.DeleteEndedLeases(ctx, now.Add(-housekeepingEvery)); err != nil {
			return err
		}
		if err := tx.DeleteOldUserChanges(ctx); err != nil {
			return err
		}
		if err := tx.DeleteResetLinks(ctx, now.Add(-KeepDeadLinks)); err != nil {
			return err
		}
		return tx.DeleteSignupLinks(ctx, now.Add(-KeepDeadLinks))
	})
	if err != nil {
		return err
	}
	return s.removeOldEntries(ctx)
}

// forgetDeliveries removes the deliveries that ended before the time given.
func (s *Service) forgetDeliveries(ctx context.Context, before store.Millis) error {
	for {
		var n int64
		err := s.db.Update(ctx, func(tx *store.Tx) (err error) {
			n, err = tx.DeleteEndedDeliveries(ctx, before, deleteAtOnce)
			return err
		})
		if err != nil || n < deleteAtOnce {
			return err
		}
	}
}
