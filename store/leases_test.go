package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"console/store"
	"console/store/storetest"
)

func TestALeaseIsThatOfOneProcess(t *testing.T) {
	t.Parallel()
	place := storetest.Place(t)
	one, other := openAt(t, place), openAt(t, place)
	const lasts = time.Second
	takes := func(db *store.DB, now store.Millis, want bool) {
		t.Helper()
		update(t, db, func(ctx context.Context, tx *store.Tx) error {
			got, err := tx.TakeLease(ctx, "work", now, lasts)
			if got != want {
				t.Errorf("at %d: taken is %v", now, got)
			}
			return err
		})
	}
	givesBack := func(db *store.DB) {
		t.Helper()
		update(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.GiveBackLease(ctx, "work") })
	}
	isElsewhere := func(db *store.DB, now store.Millis, want bool) {
		t.Helper()
		if names, err := db.LeasedElsewhere(t.Context(), now, lasts); err != nil || slices.Contains(names, "work") != want {
			t.Errorf("at %d others have %q, %v", now, names, err)
		}
	}
	takes(one, 100, true)
	isElsewhere(one, 100, false)
	isElsewhere(other, 1099, true)
	takes(other, 1099, false)
	takes(one, 1000, true)
	takes(other, 1999, false)
	givesBack(other)
	takes(other, 1999, false)
	isElsewhere(other, 2000, false)
	takes(other, 2000, true)
	takes(one, 2000, false)
	givesBack(other)
	takes(one, 2000, true)

	ahead := store.Millis(2000).Add(store.ClockSlack)
	takes(one, ahead, true) // by a clock that is set back then
	takes(other, 2000, false)
	takes(one, ahead+1, true)
	isElsewhere(other, 2000, false)
	takes(other, 2000, true)

	update(t, one, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteEndedLeases(ctx, 3000) })
	isElsewhere(one, 2000, true)
	update(t, one, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteEndedLeases(ctx, 3001) })
	isElsewhere(one, 2000, false)
	takes(one, 2000, true)
	update(t, other, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.EndAll(ctx, 2000, "restored")
		return err
	})
	takes(other, 2000, true)
}

// TestPG10_EachDeliveryIsClaimedOnce has eight lanes on each of three consoles claim all that is due.
func TestPG10_EachDeliveryIsClaimedOnce(t *testing.T) {
	t.Parallel()
	const deliveries, lanes = 400, 8
	place := storetest.Place(t)
	replicas := []*store.DB{openAt(t, place), openAt(t, place), openAt(t, place)}
	update(t, replicas[0], func(ctx context.Context, tx *store.Tx) error {
		for i := range deliveries {
			d := store.Delivery{UUID: fmt.Sprint(i), Target: "mail", Kind: "email", Params: []byte("{}"), CreatedAt: 1}
			if err := tx.InsertDelivery(ctx, &d); err != nil {
				return err
			}
		}
		return nil
	})
	var claims atomic.Int64
	var all sync.WaitGroup
	for _, db := range replicas {
		for range lanes {
			all.Go(func() {
				for {
					err := db.Update(t.Context(), func(tx *store.Tx) error {
						_, err := tx.ClaimDelivery(t.Context(), "mail", 10, 1000)
						return err
					})
					if errors.Is(err, store.ErrNotFound) {
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
					claims.Add(1)
				}
			})
		}
	}
	all.Wait()
	if n := claims.Load(); n != deliveries {
		t.Errorf("%d claims of %d deliveries", n, deliveries)
	}
}
