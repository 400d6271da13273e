package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"console/store"
	"console/store/storetest"
)

func TestVersionRisesWithEveryCommitOfAnybody(t *testing.T) {
	t.Parallel()
	path := storetest.Place(t)
	db, other := openAt(t, path), openAt(t, path)
	version := func() int64 {
		t.Helper()
		v, err := db.Version(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	last := version()
	rises := func(what string, want bool) {
		t.Helper()
		v := version()
		if v < last || v > last != want {
			t.Errorf("%s: %d after %d", what, v, last)
		}
		last = v
	}
	rises("nothing", false)
	addPeople(t, db, person(1))
	rises("a commit", true)
	rises("nothing more", false)
	addPeople(t, other, person(2))
	rises("a commit by another program", true)
	failed := errors.New("failed")
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		p := person(3)
		if err := tx.InsertUser(t.Context(), &p); err != nil {
			t.Error(err)
		}
		rises("a transaction that runs", false)
		return failed
	})
	if !errors.Is(err, failed) {
		t.Error(err)
	}
	rises("what was taken back", false)
	began := last
	asOf, err := db.AsOf(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	addPeople(t, db, person(4))
	rises("a commit after a request began", true)
	if v, err := db.Version(asOf); err != nil || v != began {
		t.Errorf("to the request it is %d, %v", v, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := db.Version(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("for a request that has ended: %v", err)
	}
}

func TestMemoIsAsNewAsEveryCommitBeforeTheCall(t *testing.T) {
	t.Parallel()
	db := open(t)
	var memo store.Memo[string, int64]
	var reads int
	people := func() int64 {
		t.Helper()
		n, err := memo.Get(t.Context(), db, "people", func() (int64, error) {
			reads++
			return lastChange(t, db.Queries)
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for n := range int64(3) {
		for range 2 {
			if got := people(); got != n || reads != int(n)+1 {
				t.Errorf("after %d commits %d people, read %d times", n, got, reads)
			}
		}
		addPeople(t, db, person(int(n)))
	}
	failed := errors.New("failed")
	for range 2 {
		if _, err := memo.Get(t.Context(), db, "fails", func() (int64, error) { return 0, failed }); !errors.Is(err, failed) {
			t.Errorf("what fails is remembered: %v", err)
		}
	}
	// What is committed while a value is read must not be missing from the next one.
	n, err := memo.Get(t.Context(), db, "overtaken", func() (int64, error) {
		n, err := lastChange(t, db.Queries)
		addPeople(t, db, person(10))
		return n, err
	})
	again, err2 := memo.Get(t.Context(), db, "overtaken", func() (int64, error) { return lastChange(t, db.Queries) })
	if err != nil || err2 != nil || n != 3 || again != 4 {
		t.Errorf("%d, %v, then %d, %v", n, err, again, err2)
	}
}

// When sessions and tokens are used is written all the time: what is remembered stays, and what others commit beside it counts.
func TestUsesLeaveTheVersionAsItIs(t *testing.T) {
	t.Parallel()
	path := storetest.Place(t)
	db, other := openAt(t, path), openAt(t, path)
	p := person(1)
	session := store.Session{TokenHash: []byte("x"), FormKey: []byte{}, Data: []byte{}, LastSeenAt: 1}
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		err := tx.InsertUser(t.Context(), &p)
		session.UserID = p.ID
		return errors.Join(err, tx.InsertSession(t.Context(), &session))
	})
	if err != nil {
		t.Fatal(err)
	}
	version := func() int64 {
		t.Helper()
		v, err := db.Version(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	seen := store.Millis(1)
	note := func() {
		t.Helper()
		seen++
		if err := db.NoteUses(t.Context(), map[int64]store.Millis{session.ID: seen}, nil); err != nil {
			t.Fatal(err)
		}
	}
	last := version()
	for i := range 3 {
		note()
		if v := version(); v != last {
			t.Errorf("after uses it is %d, not %d", v, last)
		}
		if s, err := db.SessionByID(t.Context(), session.ID); err != nil || s.LastSeenAt != seen {
			t.Errorf("last seen %d (%v), want %d", s.LastSeenAt, err, seen)
		}
		for j, writer := range []*store.DB{db, other} { // committed before uses, and not asked about in between
			addPeople(t, writer, person(10+2*i+j))
			note()
			v := version()
			if v <= last {
				t.Errorf("a commit before uses is missed: %d after %d", v, last)
			}
			last = v
		}
	}
}

// What others commit while uses are noted, at whatever moment, is never missed.
func TestUsesHideNoCommit(t *testing.T) {
	t.Parallel()
	path := storetest.Place(t)
	db, other := openAt(t, path), openAt(t, path)
	var memo store.Memo[int, int64]
	done := make(chan struct{})
	var noting sync.WaitGroup
	noting.Go(func() {
		for at := store.Millis(1); ; at++ {
			select {
			case <-done:
				return
			default:
				if err := db.NoteUses(t.Context(), map[int64]store.Millis{1: at}, map[int64]store.TokenUse{1: {At: at}}); err != nil {
					t.Error(err)
					return
				}
			}
		}
	})
	for i := range 200 {
		writer := []*store.DB{db, other}[i%2]
		p := person(i)
		var change int64
		err := writer.Update(t.Context(), func(tx *store.Tx) (err error) {
			if err = tx.InsertUser(t.Context(), &p); err == nil {
				change, err = lastChange(t, tx.Queries)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			seen, err := memo.Get(t.Context(), db, 1, func() (int64, error) { return lastChange(t, db.Queries) })
			if err != nil || seen != change {
				t.Errorf("after change %d the newest is %d (%v)", change, seen, err)
			}
		}
	}
	close(done)
	noting.Wait()
}

func TestMemoKeepsAsManyAsItIsTold(t *testing.T) {
	t.Parallel()
	db := open(t)
	for most, want := range map[int]int{0: 64, 100: 100} {
		memo, reads := store.Memo[int, int]{Most: most}, 0
		for range 2 {
			for key := range want {
				if _, err := memo.Get(t.Context(), db, key, func() (int, error) { reads++; return key, nil }); err != nil {
					t.Fatal(err)
				}
			}
		}
		if reads != want {
			t.Errorf("%d values were read %d times", want, reads)
		}
		if _, err := memo.Get(t.Context(), db, want, func() (int, error) { return want, nil }); err != nil {
			t.Fatal(err)
		}
		if got, err := memo.Get(t.Context(), db, 0, func() (int, error) { return -1, nil }); err != nil || got != -1 {
			t.Errorf("more than %d values are kept: %d, %v", want, got, err)
		}
	}
}

func TestMemoWhileOthersWrite(t *testing.T) {
	t.Parallel()
	db := open(t)
	var memo store.Memo[int, int64]
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := range 50 {
				p := person(w*1000 + i)
				var change int64
				err := db.Update(t.Context(), func(tx *store.Tx) (err error) {
					if err = tx.InsertUser(t.Context(), &p); err == nil {
						change, err = lastChange(t, tx.Queries)
					}
					return err
				})
				if err != nil {
					t.Error(err)
					return
				}
				seen, err := memo.Get(t.Context(), db, i%3, func() (int64, error) { return lastChange(t, db.Queries) })
				if err != nil || seen < change {
					t.Errorf("after change %d the newest is %d (%v)", change, seen, err)
				}
			}
		})
	}
	writers.Wait()
}

// lastChange is the id of the newest change to a person.
func lastChange(t *testing.T, q store.Queries) (int64, error) {
	last, err := q.LastUserChange(t.Context())
	return last.ID, err
}
