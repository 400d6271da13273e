package store_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"

	"console/store"
)

func TestVersionRisesWithEveryCommitOfAnybody(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "console.db")
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
	asOf, err := db.AsOf(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	addPeople(t, db, person(4))
	rises("a commit after a request began", true)
	if v, err := db.Version(asOf); err != nil || v != last-1 {
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
			return db.LastUserChange(t.Context())
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
		n, err := db.LastUserChange(t.Context())
		addPeople(t, db, person(10))
		return n, err
	})
	again, err2 := memo.Get(t.Context(), db, "overtaken", func() (int64, error) { return db.LastUserChange(t.Context()) })
	if err != nil || err2 != nil || n != 3 || again != 4 {
		t.Errorf("%d, %v, then %d, %v", n, err, again, err2)
	}
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
						change, err = tx.LastUserChange(t.Context())
					}
					return err
				})
				if err != nil {
					t.Error(err)
					return
				}
				seen, err := memo.Get(t.Context(), db, i%3, func() (int64, error) { return db.LastUserChange(t.Context()) })
				if err != nil || seen < change {
					t.Errorf("after change %d the newest is %d (%v)", change, seen, err)
				}
			}
		})
	}
	writers.Wait()
}
