package store_test

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"console/internal/permission"
	"console/store"
)

// What a session says of the groups of its person is what Memberships says, but for what no permission follows from.
func TestASessionKnowsTheGroupsOfItsPerson(t *testing.T) {
	t.Parallel()
	db := open(t)
	main := store.Tenant{UUID: "m", Name: "Main", Main: true}
	staging := store.Tenant{UUID: "s", Name: "Staging", DisabledAt: 7}
	addPeople(t, db, person(1), person(2))
	groups := []store.Group{
		{Name: `a "quoted" \ name, [ж]`, Role: permission.Analyst}, {Name: "Everywhere", Role: permission.GlobalAnalyst, AllTenants: true, Automatic: true},
		{Name: "Custom", Custom: permission.ReadOnly.Set()}, {Name: "Nowhere", Role: permission.ReadOnly}, {Name: "Others", Role: permission.Admin},
	}
	update(t, db, func(ctx context.Context, tx *store.Tx) error {
		err := errors.Join(tx.InsertTenant(ctx, &main), tx.InsertTenant(ctx, &staging), tx.InsertAccount(ctx, store.Account{}))
		for i, tenants := range [][]int64{{main.ID, staging.ID}, nil, {staging.ID}, nil, {main.ID}} {
			err = errors.Join(err, tx.InsertGroup(ctx, &groups[i], tenants...))
		}
		for _, group := range groups[:4] {
			_, added := tx.AddMember(ctx, group.ID, 1)
			err = errors.Join(err, added)
		}
		for id := range int64(2) {
			err = errors.Join(err, tx.InsertSession(ctx, &store.Session{TokenHash: []byte{byte(id)}, UserID: id + 1, FormKey: []byte{1}, Data: []byte{}}))
		}
		return err
	})
	want, err := db.Memberships(t.Context(), 1)
	if err != nil || len(want) != 4 {
		t.Fatalf("%+v, %v", want, err)
	}
	for i := range want {
		g := &want[i].Group
		g.Members, g.MembersVersion, g.CreatedAt, g.Version = 0, 0, 0, 0
	}
	once, asked := &asking{Context: t.Context()}, &asking{Context: t.Context()}
	if _, err := db.LastUserID(once); err != nil {
		t.Fatal(err)
	}
	live, err := db.LiveSession(asked, []byte{0})
	if asked.times > once.times {
		t.Errorf("the session of somebody in groups takes more than one statement: the context was looked at %d times, not %d", asked.times, once.times)
	}
	if err != nil || !reflect.DeepEqual(live.Groups, want) {
		t.Errorf("%+v, not %+v, %v", live.Groups, want, err)
	}
	if other, err := db.LiveSession(t.Context(), []byte{1}); err != nil || len(other.Groups) != 0 || other.Main != main.ID {
		t.Errorf("somebody in no group: %+v, %v", other, err)
	}
}

// asking counts how often it is looked whether the context has ended, which each statement does before and behind it.
type asking struct {
	context.Context
	times int
}

func (a *asking) Err() error {
	a.times++
	return a.Context.Err()
}
