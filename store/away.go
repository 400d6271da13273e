package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

var (
	// ErrAway says that there is no connection to the database any more, or none to be had: it is stopped, starts, or cannot be reached.
	// It is an ErrUnavailable too.
	ErrAway = errors.New("no connection to the database")
	// ErrCrowded says that there are as many connections as the database, or this program, allows, and that none became free in time. It is
	// an ErrAway too.
	ErrCrowded = errors.New("the database takes no more connections")
	// ErrUndecided says that the connection was lost while a transaction was committed: it may have been saved as a whole, or not at
	// all. Nobody repeats it without looking. It is an ErrUnavailable too.
	ErrUndecided = errors.New("the database did not answer whether it has saved this")
)

// Await waits until the database at a place answers, at most for patience, and returns why it does not after that. It calls tell once where
// there is anything to wait for. Who is refused, for a wrong password or certificate, is not made to wait: that is left to who opens it.
func Await(ctx context.Context, place string, patience time.Duration, tell func(error)) (err error) {
	if !IsURL(place) {
		return nil
	}
	db, err := openPostgres(place, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var last error
	for {
		err := db.PingContext(ctx)
		if err == nil || ctx.Err() == nil && !mayComeYet(err) {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("the database %s has not answered in %v: %w", ShownAs(place), patience, cmp.Or(last, err))
		}
		if last == nil {
			tell(err)
		}
		last = err
		select {
		case <-ctx.Done():
		case <-time.After(awaitPause):
		}
	}
}

// awaitPause is how long Await waits between its tries.
const awaitPause = 200 * time.Millisecond

// While the database is away, it is tried for beginPatience to begin a transaction: nothing has been done by then, so nothing is done
// twice. Most restarts take less.
const (
	beginPatience = 10 * time.Second
	beginPause    = 100 * time.Millisecond
)

// patiently returns what begin returns, once there is a connection to begin on.
func patiently[T any](ctx context.Context, begin func(context.Context) (T, error)) (T, error) {
	for deadline := time.Now().Add(beginPatience); ; {
		begun, err := begin(ctx)
		if err == nil || !isAway(err) || time.Now().After(deadline) {
			return begun, err
		}
		select {
		case <-ctx.Done():
			return begun, err
		case <-time.After(beginPause):
		}
		ctx = again(ctx)
	}
}

// turnPatience is how long one waits for a connection while others have all that a pool may open. Who has one waits for the database no
// longer than that: a peer that has vanished is given up before.
const turnPatience = 20 * time.Second

// turns are those of a pool: as many as it may open connections. nil: one waits for as long as it takes.
type turns struct {
	taken    chan struct{}
	patience time.Duration

	waits, waited atomic.Int64 // how often somebody had to wait, and for how many nanoseconds in all
}

func newTurns(connections int) *turns {
	return &turns{taken: make(chan struct{}, connections), patience: turnPatience}
}

// take waits for a turn, which is over with done. Where none comes in time, the error is an ErrCrowded.
func (t *turns) take(ctx context.Context) (done func(), err error) {
	if t == nil {
		return func() {}, nil
	}
	done = func() { <-t.taken }
	select {
	case t.taken <- struct{}{}:
		return done, nil
	default:
	}
	defer t.noteWait(time.Now())
	patience := time.NewTimer(t.patience)
	defer patience.Stop()
	select {
	case t.taken <- struct{}{}:
		return done, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-patience.C:
		return nil, fmt.Errorf("%w: %w: all %d of this program have been in use for %v", ErrAway, ErrCrowded, cap(t.taken), t.patience)
	}
}

// noteWait notes that somebody had to wait, since a time.
func (t *turns) noteWait(since time.Time) {
	t.waits.Add(1)
	t.waited.Add(int64(time.Since(since)))
}

// takeTurn takes one of the pool that q is; in a transaction nobody has to.
func takeTurn(ctx context.Context, q querier) (done func(), err error) {
	if s, is := q.(session); is {
		return s.turns.take(ctx)
	}
	return func() {}, nil
}

// againKey is where again notes it.
type againKey struct{}

// again returns a context for who tries again: it is given a connection that has answered just now. When one was lost, so were others.
func again(ctx context.Context) context.Context { return context.WithValue(ctx, againKey{}, true) }

func isAgain(ctx context.Context) bool { return ctx.Value(againKey{}) != nil }

// isAway says that an error is about the connection, and not about what was asked.
func isAway(err error) bool {
	f, is := failureOf(err)
	return is && f.away
}

// mayAskAgain says that what was read may be asked for once more after an error: the connection is lost, and q is no transaction.
func mayAskAgain(ctx context.Context, q querier, err error) bool {
	s, is := q.(session)
	if !is || ctx.Err() != nil || !isAway(err) {
		return false
	}
	_, isPool := s.on.(*sql.DB)
	return isPool
}

// afterCommit is the error of a COMMIT that failed: ErrUndecided, unless it is known that nothing was saved.
func (db *DB) afterCommit(err error) error {
	if db.engine.savedNothing(err) {
		return unavailable(err)
	}
	return fmt.Errorf("%w: %w", ErrUndecided, unavailable(err))
}
