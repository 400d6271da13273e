package account

import (
	"testing"

	"console/internal/permission"
	"console/store"
)

// BenchmarkCheckPermission measures what a check costs of somebody who is in a few groups: as long as nothing is committed, and where
// they have to be read. Everything is looked up by an index, so how many people and groups there are does not matter.
func BenchmarkCheckPermission(b *testing.B) {
	s := newTestService(b)
	admin := found(b, s)
	ann := addPerson(b, s, admin, "ann@example.com", permission.Analyst, 1)
	for _, name := range []string{"One", "Two"} {
		group, err := s.CreateGroup(b.Context(), admin, GroupInput{Name: name, Role: permission.ReadOnly, Tenants: []int64{1}})
		if err != nil {
			b.Fatal(err)
		}
		err = s.db.Update(b.Context(), func(tx *store.Tx) error {
			_, err := tx.AddMember(b.Context(), group.ID, ann)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	by, rules := Actor{UserID: 1, Role: permission.GlobalAdmin, Can: everything, Main: 1}, permission.Permission{Resource: permission.Rules}
	ctx, err := s.Reading(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	check := func(b *testing.B) {
		if got, err := s.CheckPermission(ctx, by, ann, 1, rules); err != nil || !got.Allowed || len(got.Through) != 3 {
			b.Fatal(got, err)
		}
	}
	b.Run("remembered", func(b *testing.B) {
		for b.Loop() {
			check(b)
		}
	})
	b.Run("read again", func(b *testing.B) {
		for b.Loop() {
			s.held = store.Memo[int64, entitlement]{}
			check(b)
		}
	})
}
