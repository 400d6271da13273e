package userlist

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"console/internal/directory"
	"console/internal/permission"
	"console/store"
	"console/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

func insert(t *testing.T, db *store.DB, email string, disabledAt store.Millis) {
	t.Helper()
	if err := db.Update(t.Context(), func(tx *store.Tx) error {
		return tx.InsertUser(t.Context(), &store.User{UUID: email, Email: email, EmailKey: email, Role: permission.ReadOnly, CreatedAt: 1, JoinedAt: 1,
			ActivatedAt: 1, DisabledAt: disabledAt})
	}); err != nil {
		t.Fatal(err)
	}
}

// A million people take seconds to read after a start. Lists that nothing narrows need the database only.
func TestAPlainListDoesNotWaitWhileEverybodyIsRead(t *testing.T) {
	t.Parallel()
	db, err := store.Open(t.Context(), storetest.Place(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	list := New(db, time.Now, func(int64, int64) { t.Error("everybody is read again") })
	add := func(email string, disabledAt store.Millis) {
		t.Helper()
		insert(t, db, email, disabledAt)
	}
	shows := func(when string, counts Counts, emails ...string) {
		t.Helper()
		page, err := list.Page(t.Context(), Query{Tab: store.TabAll, Sort: store.SortName})
		var shown []string
		for _, row := range page.Rows {
			shown = append(shown, row.Email)
		}
		if err != nil || page.Counts != counts || fmt.Sprint(shown) != fmt.Sprint(emails) {
			t.Errorf("%s: the list shows %v of %+v, %v", when, shown, page.Counts, err)
		}
	}
	reads := &reading{done: make(chan struct{})}
	list.people.reading = reads

	add("anna@example.com", 0)
	shows("while everybody is read", Counts{All: 1, Active: 1}, "anna@example.com")
	add("bob@example.com", 1)
	shows("after a change meanwhile", Counts{All: 2, Active: 1, Disabled: 1}, "anna@example.com", "bob@example.com")
	brief, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := list.Page(brief, Query{Tab: store.TabAll, Sort: store.SortName, Search: "anna"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a search has not waited: %v", err)
	}

	list.people.reading = nil
	close(reads.done)
	if err := list.Preload(t.Context()); err != nil {
		t.Fatal(err)
	}
	shows("when everybody is read", Counts{All: 2, Active: 1, Disabled: 1}, "anna@example.com", "bob@example.com")
	add("carol@example.com", 0)
	shows("after another change", Counts{All: 3, Active: 2, Disabled: 1}, "anna@example.com", "bob@example.com", "carol@example.com")
}

// Soon after everybody is read, a search looks only at those who may match, as the directory without an index does not.
func TestTheIndexIsMadeAfterEverybodyIsRead(t *testing.T) {
	t.Parallel()
	db, err := store.Open(t.Context(), storetest.Place(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	insert(t, db, "anna@example.com", 0)
	list := New(db, time.Now, func(int64, int64) { t.Error("everybody is read again") })
	people, err := list.People(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		asked := false
		people.Find(directory.Query{Search: "z", Limit: 1, Among: func(int64) bool {
			asked = true
			return true
		}})
		if !asked {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("no index is made")
		}
	}
}
