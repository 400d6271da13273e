package account

import (
	"testing"

	"console/internal/permission"
	"console/store"
)

// BenchmarkTokenActor measures what a request with a token costs before it does anything: as long as nothing is committed, after
// every commit, and with the reading of one operation. Everything is looked up by an index, so how many people and groups there are
// does not matter.
func BenchmarkTokenActor(b *testing.B) {
	s := newTestService(b)
	admin := found(b, s)
	ann := addPerson(b, s, admin, "ann@example.com", permission.Admin, 1)
	by := actorOf(&store.User{ID: ann})
	issued, err := s.CreateToken(b.Context(), by, TokenInput{Name: "X", Kind: store.PersonalToken, Permissions: []string{"users.view"}, Tenants: []int64{1}})
	if err != nil {
		b.Fatal(err)
	}
	ask := func(b *testing.B) Actor {
		by, err := s.TokenActor(b.Context(), issued.Value, from)
		if err != nil || !by.May(permission.UsersView) {
			b.Fatal(err)
		}
		return by
	}
	b.Run("remembered", func(b *testing.B) {
		for b.Loop() {
			ask(b)
		}
	})
	b.Run("read again", func(b *testing.B) {
		for b.Loop() {
			s.tokens = store.Memo[tokenHash, usableToken]{}
			ask(b)
		}
	})
	b.Run("with a reading operation", func(b *testing.B) {
		for b.Loop() {
			if _, err := read(b.Context(), s, ask(b), func(v *View) (bool, error) { return true, v.requirePermission(permission.UsersView) }); err != nil {
				b.Fatal(err)
			}
		}
	})
}
