package account

import (
	"errors"
	"sync"
	"testing"
	"time"

	"console/internal/fake"
	"console/internal/permission"
	"console/store"
)

// program is an actor who works with a token that may do what an administrator may.
func (c *company) program() Actor {
	c.t.Helper()
	issued, err := c.CreateToken(c.t.Context(), Actor{Source: CLI}, TokenInput{Name: "program", Kind: store.PersonalToken, Owner: c.admin.Email, AsHeld: true})
	c.must(err)
	by, err := c.TokenActor(c.t.Context(), issued.Value, "192.0.2.1")
	c.must(err)
	return by
}

func TestSentAgainAtOnceIsDoneOnce(t *testing.T) {
	c := newCompany(t)
	by := c.program()
	by.Once = Once{Key: "k", Fingerprint: []byte("a"), Makes: objectUser}
	made := make(chan int64, 8)
	var all sync.WaitGroup
	for range cap(made) {
		all.Go(func() {
			user, err := c.AddUser(t.Context(), by, NewUser{Role: permission.Admin, Email: "ann@example.com", TenantID: 1})
			var before *DoneBefore
			switch {
			case errors.As(err, &before):
				made <- before.ObjectID
			case err != nil:
				t.Error(err)
			default:
				made <- user.ID
			}
		})
	}
	all.Wait()
	close(made)
	first := <-made
	for id := range made {
		if id != first || id == 0 {
			t.Errorf("one is told of %d, another of %d", first, id)
		}
	}
	if people, err := c.Users(t.Context(), c.admin, UserQuery{Tab: store.TabAll, Sort: store.SortName}); err != nil || people.Counts.All != 2 {
		t.Errorf("there are %d people beside the administrator, %v", people.Counts.All-1, err)
	}
}

func TestKeysAreForgottenAfterADay(t *testing.T) {
	c, clock := newCompany(t), fake.NewClock(time.Now())
	c.now = clock.Now
	by := c.program()
	by.Once = Once{Key: "k", Fingerprint: []byte("a"), Makes: objectGroup}
	if _, err := c.CreateGroup(t.Context(), by, GroupInput{Name: "One", Role: permission.Admin}); err != nil {
		t.Fatal(err)
	}
	clock.Advance(KeepIdempotencyKeys - time.Minute)
	if _, err := c.CreateGroup(t.Context(), by, GroupInput{Name: "Two", Role: permission.Admin}); !errors.As(err, new(*DoneBefore)) {
		t.Errorf("within a day the same is done again: %v", err)
	}
	clock.Advance(2 * time.Minute)
	if _, err := c.CreateGroup(t.Context(), by, GroupInput{Name: "Two", Role: permission.Admin}); err != nil {
		t.Errorf("after a day the key still stands for something: %v", err)
	}
}

func TestWhatFailedIsTriedAnewWithTheSameKey(t *testing.T) {
	c := newCompany(t)
	by := c.program()
	by.Once = Once{Key: "k", Fingerprint: []byte("a"), Makes: objectGroup}
	if _, err := c.CreateGroup(t.Context(), by, GroupInput{Role: permission.Admin}); !RefusedBy(err, Invalid) {
		t.Fatalf("a group without a name: %v", err)
	}
	if _, err := c.CreateGroup(t.Context(), by, GroupInput{Name: "One", Role: permission.Admin}); err != nil {
		t.Errorf("a key of what failed stands for something: %v", err)
	}
}
