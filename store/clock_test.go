package store_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"console/internal/fake"
	"console/store"
)

// A clock is the database's, however wrong the machine is; a jump is logged, and one of more than a minute has to be confirmed.
func TestClockIsTheDatabases(t *testing.T) {
	t.Parallel()
	machine, database := fake.NewClock(time.Unix(1_000_000, 0)), fake.NewClock(time.Unix(1_000_090, 0))
	var failed error
	var log bytes.Buffer
	clock := store.NewClock(machine.Now, func(context.Context) (time.Time, error) { return database.Now(), failed },
		slog.New(slog.NewTextHandler(&log, nil)))
	measure := func(what string, tells, ready bool) {
		t.Helper()
		log.Reset()
		if err := clock.Measure(t.Context()); !errors.Is(err, failed) {
			t.Errorf("%s: %v", what, err)
		}
		if failed == nil && !clock.Now().Equal(database.Now()) {
			t.Errorf("%s: it is %v, not %v", what, clock.Now(), database.Now())
		}
		if told := strings.Contains(log.String(), "clock"); told != tells {
			t.Errorf("%s: it says %q", what, log.String())
		}
		if err := clock.Ready(); errors.Is(err, store.ErrClockJumped) == ready {
			t.Errorf("%s: ready: %v", what, err)
		}
	}
	measure("at first", true, true)
	machine.Advance(time.Minute)
	database.Advance(time.Minute + time.Second)
	measure("a second", false, true)
	machine.Advance(time.Minute)
	measure("a minute", true, true)
	database.Advance(-61 * time.Second)
	measure("more than a minute", true, false)
	failed = errors.New("away")
	machine.Advance(time.Second)
	database.Advance(time.Second)
	measure("the database is away", false, false)
	if !clock.Now().Equal(database.Now()) {
		t.Errorf("while the database is away it is %v, not %v", clock.Now(), database.Now())
	}
	failed = nil
	measure("confirmed", false, true)
}

// The time that a slow database answers with is not taken for more exact than it is.
func TestClockGoesByTheQuickestAnswer(t *testing.T) {
	t.Parallel()
	at := fake.NewClock(time.Unix(1_000_000, 0))
	takes := []time.Duration{4 * time.Second, 20 * time.Millisecond, time.Second, 8 * time.Second, 8 * time.Second, 8 * time.Second}
	clock := store.NewClock(at.Now, func(context.Context) (time.Time, error) {
		took := takes[0]
		takes = takes[1:]
		at.Advance(took)
		return at.Now(), nil // its clock is right, and the answer needs no time
	}, slog.New(slog.DiscardHandler))
	for range 2 { // the second time by an answer that may be 4 seconds old, which says nothing against the first
		if err := clock.Measure(t.Context()); err != nil {
			t.Fatal(err)
		}
		if off := clock.Now().Sub(at.Now()); off.Abs() > 10*time.Millisecond {
			t.Errorf("it is %v ahead", off)
		}
	}
}

// Each time the database does not say what time it is, the log does.
func TestTheClockTellsThatTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var away atomic.Bool
		clock := store.NewClock(time.Now, func(context.Context) (time.Time, error) {
			if away.Load() {
				return time.Time{}, errors.New("no route to it")
			}
			return time.Now(), nil
		}, slog.New(slog.NewTextHandler(&log, nil)))
		ctx, cancel := context.WithCancel(t.Context())
		go clock.Run(ctx)
		time.Sleep(150 * time.Second)
		synctest.Wait()
		if log.Len() > 0 {
			t.Errorf("while the database answers, the log says %q", log.String())
		}
		away.Store(true)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if told := strings.Count(log.String(), "no route to it"); told != 2 {
			t.Errorf("it is said %d times in two minutes:\n%s", told, log.String())
		}
		cancel()
	})
}

// PostgreSQL has a clock of its own; SQLite goes by that of the machine.
func TestTimeOfTheDatabase(t *testing.T) {
	t.Parallel()
	db := open(t)
	if db.Time() == nil {
		if before := time.Now(); store.NewClock(time.Now, nil, nil).Now().Before(before) {
			t.Error("the clock is not the machine's")
		}
		return
	}
	before := time.Now()
	there, err := db.Time()(t.Context())
	if after := time.Now(); err != nil || there.Before(before.Truncate(time.Millisecond)) || there.After(after.Add(time.Millisecond)) {
		t.Errorf("between %v and %v it was %v, %v", before, after, there, err)
	}
}
