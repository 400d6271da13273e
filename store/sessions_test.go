package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"console/store"
)

// Who is signed in, and on which way, is said by HasEnded; the rows that are deleted are those of which it says so.
func TestSessionsThatHaveEndedAreDeletedAndNoOthers(t *testing.T) {
	t.Parallel()
	db := open(t)
	addPeople(t, db, person(0))
	const now = store.Millis(1 << 41)
	limits := store.Account{IdleTimeout: 20 * time.Minute, AbsoluteTimeout: time.Hour}
	ages := []time.Duration{-store.ClockSlack - 1, -store.ClockSlack - time.Millisecond, -store.ClockSlack, 0, time.Millisecond}
	for _, limit := range []time.Duration{store.SecondFactorPatience, limits.IdleTimeout, limits.AbsoluteTimeout} {
		ages = append(ages, limit-time.Millisecond, limit, limit+time.Millisecond)
	}
	var sessions []store.Session
	for _, stage := range []store.Stage{store.Finished, store.AwaitsSecondFactor, store.ChoosesPassword, store.SetsUpSecondFactor} {
		for _, created := range ages {
			for _, seen := range ages {
				sessions = append(sessions, store.Session{TokenHash: fmt.Append(nil, len(sessions)), UserID: 1, Stage: stage, FormKey: []byte{1},
					Data: []byte{}, CreatedAt: now.Add(-created), LastSeenAt: now.Add(-seen)})
			}
		}
	}
	update(t, db, func(ctx context.Context, tx *store.Tx) error {
		err := tx.InsertAccount(ctx, limits)
		for i := range sessions {
			err = errors.Join(err, tx.InsertSession(ctx, &sessions[i]))
		}
		return errors.Join(err, tx.DeleteEndedSessions(ctx, now))
	})
	kept := 0
	for _, s := range sessions {
		_, err := db.SessionByID(t.Context(), s.ID)
		if gone := errors.Is(err, store.ErrNotFound); gone != s.HasEnded(limits, now) || err != nil && !gone {
			t.Errorf("%q, begun %v ago and seen %v ago, is gone: %v, %v", s.Stage, time.Duration(now-s.CreatedAt)*time.Millisecond,
				time.Duration(now-s.LastSeenAt)*time.Millisecond, gone, err)
		}
		if err == nil {
			kept++
		}
	}
	if kept == 0 || kept == len(sessions) {
		t.Errorf("%d of %d sessions are kept", kept, len(sessions))
	}
}
