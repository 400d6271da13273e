package account

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"console/store"
)

// TestWhatIsReadTogetherIsOfOneMoment reads a group and a trigger while their name and what they cover change together.
func TestWhatIsReadTogetherIsOfOneMoment(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	group := c.group(GroupInput{Name: "without", Custom: []string{"rules.view"}})
	trigger := store.Trigger{Name: "without", Condition: "user_added"}
	integration := store.Integration{Kind: "email", Name: "Mail", Active: true}
	write := func(do func(tx *store.Tx) error) {
		t.Helper()
		c.must(c.db.Update(ctx, do))
	}
	write(func(tx *store.Tx) error { return tx.InsertTrigger(ctx, &trigger) })
	write(func(tx *store.Tx) error { return tx.InsertIntegration(ctx, &integration) })
	names := map[bool]string{true: "with", false: "without"}
	change := func(tx *store.Tx, with bool) error {
		group.Name, trigger.Name = names[with], names[with]
		if err := tx.UpdateGroup(ctx, &group); err != nil {
			return err
		}
		if err := tx.UpdateTrigger(ctx, &trigger); err != nil {
			return err
		}
		if with {
			if err := tx.AddGroupTenants(ctx, group.ID, 1); err != nil {
				return err
			}
			return tx.SetReactions(ctx, trigger.ID, []int64{integration.ID})
		}
		if err := tx.RemoveGroupTenant(ctx, group.ID, 1); err != nil {
			return err
		}
		return tx.SetReactions(ctx, trigger.ID, nil)
	}
	const least = 10 // changes, however slow the machine is
	busy, done := context.WithTimeout(ctx, time.Second)
	defer done()
	var written atomic.Int64
	working := func() bool { return (busy.Err() == nil || written.Load() < least) && !t.Failed() }
	var writer sync.WaitGroup
	writer.Go(func() {
		for ; working(); written.Add(1) {
			with := written.Load()%2 == 0
			if err := c.db.Update(ctx, func(tx *store.Tx) error { return change(tx, with) }); err != nil {
				t.Error(err)
			}
		}
	})
	defer writer.Wait()
	for working() {
		g, err := c.Group(ctx, c.admin, group.ID)
		c.must(err)
		if g.Name != names[len(g.Tenants) > 0] {
			t.Errorf("the group is called %q and covers %d tenants", g.Name, len(g.Tenants))
		}
		tr, err := c.Trigger(ctx, c.admin, trigger.ID)
		c.must(err)
		if tr.Name != names[len(tr.Integrations) > 0] {
			t.Errorf("the trigger is called %q and tells %d integrations", tr.Name, len(tr.Integrations))
		}
	}
}
