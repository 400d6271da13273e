package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"console/store"
)

func TestBacklog(t *testing.T) {
	t.Parallel()
	db := open(t)
	nothing, err := db.Backlog(t.Context(), 100)
	if err != nil || nothing.Due != 0 || len(nothing.Waiting) != 3 || nothing.Waiting[store.PriorityOwn] != 0 || len(nothing.Jobs) != 0 {
		t.Errorf("at first %+v, %v", nothing, err)
	}
	update(t, db, func(ctx context.Context, tx *store.Tx) error {
		for i, priority := range []store.Priority{store.PriorityOwn, store.PriorityTrigger, store.PriorityTrigger} {
			d := store.Delivery{UUID: fmt.Sprint(i), Target: fmt.Sprint("integration:", i), Kind: "slack", Params: []byte("{}"), Priority: priority,
				CreatedAt: store.Millis(40 + 10*i)}
			if err := tx.InsertDelivery(ctx, &d); err != nil {
				return err
			}
			if i == 0 { // it is being sent
				if _, err := tx.ClaimDelivery(ctx, d.Target, 40, 1000); err != nil {
					return err
				}
			}
		}
		return tx.InsertJob(ctx, &store.Job{Kind: "disable", Total: 6, CreatedAt: 7}, []byte("[]"))
	})
	b, err := db.Backlog(t.Context(), 55)
	if err != nil || b.Due != 50 || b.Waiting[store.PriorityOwn] != 1 || b.Waiting[store.PriorityMany] != 0 ||
		b.Waiting[store.PriorityTrigger] != 2 || len(b.Jobs) != 1 || b.Jobs[0].Total != 6 {
		t.Errorf("%+v, %v", b, err)
	}
}

func TestMeasures(t *testing.T) {
	t.Parallel()
	db := open(t)
	before, err := db.Size(t.Context())
	if err != nil || before < 100_000 {
		t.Errorf("the size is %d, %v", before, err)
	}
	told := 0
	db.TellWrites(func(waited, took time.Duration) {
		told++
		if waited < 0 || took <= 0 || waited > time.Hour || took > time.Hour {
			t.Errorf("waited %v, took %v", waited, took)
		}
	})
	update(t, db, func(ctx context.Context, tx *store.Tx) error {
		for pool, p := range db.Pools() {
			if want := map[string]int{"reading": 0, "writing": 1}[pool]; p.Used != want {
				t.Errorf("%s has %+v", pool, p)
			}
		}
		return tx.InsertJob(ctx, &store.Job{Kind: "disable", Total: 6}, make([]byte, 300_000))
	})
	if after, err := db.Size(t.Context()); err != nil || after < before || told != 1 || !db.Writable() {
		t.Errorf("the size is %d, %v; %d writes, writable %v", after, err, told, db.Writable())
	}
}
