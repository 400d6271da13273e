package store_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"console/store"
	"console/store/storetest"
)

// within fails the test where do takes longer.
func within(t *testing.T, limit time.Duration, what string, do func()) {
	t.Helper()
	began := time.Now()
	do()
	if took := time.Since(began); took > limit {
		t.Errorf("%s took %v", what, took)
	}
}

// throughProxy opens an empty database through a proxy; direct is the same one without it.
func throughProxy(t *testing.T) (db, direct *store.DB, proxy *storetest.Proxy) {
	t.Helper()
	place := storetest.Place(t)
	proxy = storetest.NewProxy(t, place)
	return openAt(t, proxy.Place()), openAt(t, place), proxy
}

// occupy makes the pools open all of their connections, and leaves them idle.
func occupy(t *testing.T, db *store.DB) {
	t.Helper()
	var group sync.WaitGroup
	inside, leave := make(chan struct{}), make(chan struct{})
	const readers = 8
	for range readers {
		group.Go(func() {
			err := db.View(t.Context(), func(store.Queries) error { inside <- struct{}{}; <-leave; return nil })
			if err != nil {
				t.Error(err)
			}
		})
	}
	for range readers {
		<-inside
	}
	close(leave)
	group.Wait()
}

func TestPG19_WhoReadsOrBeginsDoesNotNoticeThatConnectionsWereLost(t *testing.T) {
	onPostgres(t)
	db, direct, proxy := throughProxy(t)
	addPeople(t, direct, person(1))
	id := int64(1)
	for what, do := range map[string]func() error{
		"a read": func() error { _, err := db.UserByID(t.Context(), id); return err },
		"a list": func() error { _, err := db.Tenants(t.Context()); return err },
		"a snapshot": func() error {
			return db.View(t.Context(), func(q store.Queries) error { _, err := q.UserByID(t.Context(), id); return err })
		},
		"a change": func() error {
			return db.Update(t.Context(), func(tx *store.Tx) error { _, err := tx.UserByID(t.Context(), id); return err })
		},
	} {
		occupy(t, db)
		proxy.Away()
		proxy.Back(t)
		if err := do(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestPG19_WhileItIsAwayThatIsSaid(t *testing.T) {
	onPostgres(t)
	db, _, proxy := throughProxy(t)
	proxy.Away()
	within(t, 5*time.Second, "a read", func() {
		if _, err := db.Tenants(t.Context()); !errors.Is(err, store.ErrAway) || !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("a read: %v", err)
		}
	})
	ran := 0
	begun := make(chan error, 1)
	go func() {
		begun <- db.Update(t.Context(), func(*store.Tx) error { ran++; return nil })
	}()
	select {
	case err := <-begun:
		t.Fatalf("a change did not wait: %v", err)
	case <-time.After(300 * time.Millisecond):
	}
	proxy.Back(t)
	if err := <-begun; err != nil || ran != 1 {
		t.Errorf("once it is back, a change ran %d times: %v", ran, err)
	}
	// What has begun is not repeated.
	ran = 0
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		ran++
		proxy.Away()
		proxy.Back(t)
		_, err := tx.MainTenant(t.Context())
		return err
	})
	if !errors.Is(err, store.ErrAway) || errors.Is(err, store.ErrUndecided) || ran != 1 {
		t.Errorf("a change that lost its connection ran %d times: %v", ran, err)
	}
}

func TestPG20_ACommitWithoutAnswerMayHaveHappened(t *testing.T) {
	onPostgres(t)
	db, direct, proxy := throughProxy(t)
	for i, c := range []struct {
		moment storetest.Cut
		rows   int
	}{{storetest.BeforeCommit, 0}, {storetest.AfterCommit, 1}} {
		p := person(i)
		ran := 0
		proxy.CutAt(c.moment, p.Email)
		err := db.Update(t.Context(), func(tx *store.Tx) error { ran++; return tx.InsertUser(t.Context(), &p) })
		if !errors.Is(err, store.ErrUndecided) || !errors.Is(err, store.ErrUnavailable) || ran != 1 {
			t.Errorf("cut %d: ran %d times, %v", c.moment, ran, err)
		}
		found := func() int {
			if _, err := direct.UserByEmailKey(t.Context(), p.EmailKey); err == nil {
				return 1
			}
			return 0
		}
		for deadline := time.Now().Add(10 * time.Second); found() != c.rows && time.Now().Before(deadline); {
			time.Sleep(10 * time.Millisecond)
		}
		if n := found(); n != c.rows {
			t.Errorf("cut %d: %d rows", c.moment, n)
		}
	}
	if err := db.Update(t.Context(), func(*store.Tx) error { return nil }); err != nil || proxy.Cuts() != 2 {
		t.Errorf("afterwards: %v, %d cuts", err, proxy.Cuts())
	}
}

// A commit that the server refuses, or that nobody waits for, has saved nothing, and that is known. What goes on after an error, as SQLite
// would allow it, is found in the log of the server, where every test on PostgreSQL is looked for it at the end.
func TestPG14_WhatGoesOnAfterAnErrorIsFoundAndSavesNothing(t *testing.T) {
	onPostgres(t)
	db := openAt(t, storetest.Place(t)+"&application_name="+storetest.OnPurpose)
	ctx, cancel := context.WithCancel(t.Context())
	if err := db.Update(ctx, func(*store.Tx) error { cancel(); return nil }); err == nil || errors.Is(err, store.ErrUndecided) {
		t.Errorf("nobody waits: %v", err)
	}
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		if err := tx.InsertSession(t.Context(), &store.Session{TokenHash: []byte("x"), FormKey: []byte{}, Data: []byte{}}); err == nil {
			t.Error("a session of nobody was inserted")
		}
		return nil // goes on after an error
	})
	if err == nil || errors.Is(err, store.ErrUndecided) {
		t.Errorf("a transaction that had failed: %v", err)
	}
	if err := storetest.RequireFound(storetest.Aborted); err != nil {
		t.Error(err)
	}
}

// Every package of tests that runs on PostgreSQL fails where writers wait for each other. This makes two of them do so, and looks whether
// that would have been found.
func TestPG23_WritersThatWaitForEachOtherAreFound(t *testing.T) {
	onPostgres(t)
	raw := storetest.Raw(t, storetest.Place(t)+"&application_name="+storetest.OnPurpose)
	run(t, raw, `CREATE TABLE pair (id INT PRIMARY KEY, n INT)`, `INSERT INTO pair VALUES (1, 0), (2, 0)`)
	var first, second [2]error
	var both, have sync.WaitGroup
	have.Add(2)
	for i, order := range [2][2]int{{1, 2}, {2, 1}} {
		both.Go(func() {
			tx, err := raw.Begin()
			if err != nil {
				t.Error(err)
				have.Done()
				return
			}
			defer tx.Rollback()
			_, first[i] = tx.Exec(`UPDATE pair SET n = n + 1 WHERE id = $1`, order[0])
			have.Done()
			have.Wait()
			_, second[i] = tx.Exec(`UPDATE pair SET n = n + 1 WHERE id = $1`, order[1])
		})
	}
	both.Wait()
	if err := errors.Join(first[:]...); err != nil {
		t.Error(err)
	}
	if (second[0] == nil) == (second[1] == nil) {
		t.Errorf("the two ended with %v", second)
	}
	if err := storetest.RequireFound(storetest.Deadlock); err != nil {
		t.Error(err)
	}
}

// A server that takes no more connections says so, and afterwards all is well.
func TestPG12_AFullServerIsSaid(t *testing.T) {
	onPostgres(t)
	place := storetest.Bare(t, "")
	raw := storetest.Raw(t, place)
	run := func(statement string) {
		t.Helper()
		if _, err := raw.Exec(statement); err != nil {
			t.Error(err)
		}
	}
	run(`CREATE ROLE crowd LOGIN; GRANT ALL ON SCHEMA public TO crowd`)
	t.Cleanup(func() { run(`DROP OWNED BY crowd; DROP ROLE crowd`) })
	db := openAt(t, strings.Replace(place, "user=console", "user=crowd", 1))
	occupy(t, db)
	run(`ALTER ROLE crowd CONNECTION LIMIT 0`)
	if _, err := db.Tenants(t.Context()); err != nil {
		t.Errorf("who is connected: %v", err)
	}
	run(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'crowd'`)
	if _, err := db.Tenants(t.Context()); !errors.Is(err, store.ErrCrowded) || !errors.Is(err, store.ErrAway) {
		t.Errorf("while it takes no connections: %v", err)
	}
	run(`ALTER ROLE crowd CONNECTION LIMIT -1`)
	if _, err := db.Tenants(t.Context()); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	var most int
	if err := raw.QueryRow(`SELECT count(*) FROM pg_stat_activity WHERE usename = 'crowd'`).Scan(&most); err != nil || most > 10 {
		t.Errorf("%d connections, %v", most, err)
	}
}

// Who waits for a connection while others have all of them is told in the end that there are too many.
func TestPG12_NobodyWaitsForAConnectionForGood(t *testing.T) {
	onPostgres(t)
	db := open(t)
	db.SetPatience(50 * time.Millisecond)
	leave := make(chan struct{})
	var group sync.WaitGroup
	hold := func(connections int, use func(inside func()) error) {
		inside := make(chan struct{})
		for range connections {
			group.Go(func() {
				if err := use(func() { inside <- struct{}{}; <-leave }); err != nil {
					t.Error(err)
				}
			})
			<-inside
		}
	}
	const readers = 8
	hold(readers, func(inside func()) error {
		return db.View(t.Context(), func(store.Queries) error { inside(); return nil })
	})
	hold(1, func(inside func()) error {
		return db.Update(t.Context(), func(*store.Tx) error { inside(); return nil })
	})
	second, stop := context.WithCancel(t.Context())
	group.Go(func() { // waits for the lock, with the other connection
		if err := db.Update(second, func(*store.Tx) error { return nil }); err == nil {
			t.Error("two have written at the same time")
		}
	})
	change := func() error { return db.Update(t.Context(), func(*store.Tx) error { return nil }) }
	for deadline := time.Now().Add(10 * time.Second); db.Writing() < 2 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	for what, do := range map[string]func() error{
		"a change":   change,
		"a snapshot": func() error { return db.View(t.Context(), func(store.Queries) error { return nil }) },
		"a list":     func() error { _, err := db.Tenants(t.Context()); return err },
		"a row":      func() error { _, err := db.UserByID(t.Context(), 1); return err },
		"a use":      func() error { return db.NoteUses(t.Context(), map[int64]store.Millis{1: 1}, nil) },
		"readiness":  func() error { return db.Ready(t.Context()) },
	} {
		if err := do(); !errors.Is(err, store.ErrCrowded) || !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s: %v", what, err)
		}
	}
	stop()
	close(leave)
	group.Wait()
	if err := change(); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// A start waits for a database that does not answer yet, and says in the end why it has given up. Who is refused does not wait.
func TestPG19_AStartWaits(t *testing.T) {
	onPostgres(t)
	place := storetest.Place(t)
	proxy := storetest.NewProxy(t, place)
	proxy.Away()
	told := make(chan error, 1)
	err := store.Await(t.Context(), proxy.Place(), 300*time.Millisecond, func(err error) { told <- err })
	if err == nil || !strings.Contains(err.Error(), "has not answered in 300ms") || !strings.Contains(err.Error(), "refused") {
		t.Errorf("it ends with: %v", err)
	}
	if err := <-told; err == nil {
		t.Error("it is not told why it waits")
	}
	answered := make(chan error, 1)
	go func() {
		answered <- store.Await(t.Context(), proxy.Place(), time.Minute, func(err error) { told <- err })
	}()
	if err := <-told; err == nil {
		t.Error("it is not told why it waits")
	}
	proxy.Back(t)
	if err := <-answered; err != nil {
		t.Errorf("once it is there: %v", err)
	}
	nowhere := strings.Replace(place, "postgres:///", "postgres:///nowhere", 1)
	if err := store.Await(t.Context(), nowhere, time.Minute, func(err error) { t.Errorf("it waits for what is refused: %v", err) }); err != nil {
		t.Errorf("refused: %v", err)
	}
}

// HANGS makes the test run that waits for the limit of who stands still.
func TestPG21_WhoStandsStillHoldsUpOthersForALimitedTime(t *testing.T) {
	onPostgres(t)
	if os.Getenv("HANGS") == "" {
		t.Skip("it takes five seconds: HANGS=1 runs it")
	}
	place := storetest.Place(t)
	stopped, other := openAt(t, place), openAt(t, place)
	holds, goesOn, failed := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		failed <- stopped.Update(t.Context(), func(tx *store.Tx) error {
			p := person(1)
			if err := tx.InsertUser(t.Context(), &p); err != nil {
				return err
			}
			close(holds)
			<-goesOn
			p = person(2)
			return tx.InsertUser(t.Context(), &p)
		})
	}()
	<-holds
	within(t, 2*time.Second, "a list meanwhile", func() {
		if _, err := other.Tenants(t.Context()); err != nil {
			t.Error(err)
		}
	})
	within(t, 12*time.Second, "a change elsewhere", func() { addPeople(t, other, person(3)) })
	close(goesOn)
	if err := <-failed; !errors.Is(err, store.ErrAway) || errors.Is(err, store.ErrUndecided) {
		t.Errorf("who stood still: %v", err)
	}
	for n, want := range map[int]bool{1: false, 2: false, 3: true} {
		if _, err := other.UserByEmailKey(t.Context(), person(n).EmailKey); (err == nil) != want {
			t.Errorf("person %d is there: %t", n, !want)
		}
	}
}
