package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"console/internal/permission"
	"console/store"
)

// What is saved can be saved again as it was saved; what somebody has read before that cannot.
func TestWhatOthersHaveChangedIsNotSaved(t *testing.T) {
	t.Parallel()
	db := open(t)
	people := addPeople(t, db, person(0))
	limits := store.Account{IdleTimeout: time.Minute, AbsoluteTimeout: time.Hour}
	tenant := store.Tenant{UUID: "1", Name: "Company", Main: true}
	group, trigger := store.Group{Name: "Group", Role: permission.ReadOnly}, store.Trigger{Name: "Trigger", Condition: "user_added"}
	update(t, db, func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(tx.InsertAccount(ctx, limits), tx.InsertTenant(ctx, &tenant), tx.InsertGroup(ctx, &group), tx.InsertTrigger(ctx, &trigger))
	})
	limits, err := db.Account(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	type saved struct {
		what    string
		version func() int64
		save    func(context.Context, *store.Tx) error
		stale   func(context.Context, *store.Tx) error
		stored  func() (int64, error)
	}
	oldAccount, oldTenant, oldUser, oldGroup, oldTrigger := limits, tenant, people[0], group, trigger
	for _, s := range []saved{
		{
			"tenant", func() int64 { return tenant.Version },
			func(ctx context.Context, tx *store.Tx) error { return tx.UpdateTenant(ctx, &tenant) },
			func(ctx context.Context, tx *store.Tx) error { return tx.UpdateTenant(ctx, &oldTenant) },
			func() (int64, error) { n, err := db.TenantByID(t.Context(), tenant.ID); return n.Version, err },
		},
		{
			"account", func() int64 { return limits.Version },
			func(ctx context.Context, tx *store.Tx) error { return tx.UpdateAccount(ctx, &limits) },
			func(ctx context.Context, tx *store.Tx) error { return tx.UpdateAccount(ctx, &oldAccount) },
			func() (int64, error) { a, err := db.Account(t.Context()); return a.Version, err },
		},
		{
			"person", func() int64 { return people[0].Version },
			func(ctx context.Context, tx *store.Tx) error { return tx.UpdateUser(ctx, &people[0]) },
			func(ctx context.Context, tx *store.Tx) error { return tx.UpdateUser(ctx, &oldUser) },
			func() (int64, error) { u, err := db.UserByID(t.Context(), people[0].ID); return u.Version, err },
		},
		{
			"group", func() int64 { return group.Version },
			func(ctx context.Context, tx *store.Tx) error { return tx.UpdateGroup(ctx, &group) },
			func(ctx context.Context, tx *store.Tx) error { return tx.UpdateGroup(ctx, &oldGroup) },
			func() (int64, error) { g, err := db.GroupByID(t.Context(), group.ID); return g.Version, err },
		},
		{
			"trigger", func() int64 { return trigger.Version },
			func(ctx context.Context, tx *store.Tx) error { return tx.UpdateTrigger(ctx, &trigger) },
			func(ctx context.Context, tx *store.Tx) error { return tx.UpdateTrigger(ctx, &oldTrigger) },
			func() (int64, error) { r, err := db.TriggerByID(t.Context(), trigger.ID); return r.Version, err },
		},
	} {
		for range 2 {
			if err := db.Update(t.Context(), func(tx *store.Tx) error { return s.save(t.Context(), tx) }); err != nil {
				t.Errorf("the %s is not saved: %v", s.what, err)
			}
		}
		err := db.Update(t.Context(), func(tx *store.Tx) error { return s.stale(t.Context(), tx) })
		if !errors.Is(err, store.ErrStale) {
			t.Errorf("the %s as it was read before is saved: %v", s.what, err)
		}
		if version, err := s.stored(); err != nil || version != s.version() {
			t.Errorf("the %s has version %d, and said that it has %d: %v", s.what, version, s.version(), err)
		}
	}
}
