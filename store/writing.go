package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// ErrUnwritable says that nothing can be saved at present: the disk is full, read-only or broken. Reading may go on. It is an
// ErrUnavailable too.
var ErrUnwritable = errors.New("nothing can be saved")

// unwritable marks what came of writing as ErrUnwritable where the disk is to blame.
func unwritable(err error) error {
	f, is := failureOf(err)
	if !is || !f.disk || errors.Is(err, ErrUnwritable) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnwritable, err)
}

// tellEvery is how often it is told that nothing can be saved, while that lasts.
const tellEvery = time.Minute

// writing is whether the last write that was tried could be saved.
type writing struct {
	mu     sync.Mutex
	failed error // nil: it was saved
	toldAt time.Time
	tell   func(error)
}

// TellUnwritable has tell called when nothing can be saved, and once a minute while that lasts and somebody tries.
func (db *DB) TellUnwritable(tell func(error)) {
	db.writing.mu.Lock()
	defer db.writing.mu.Unlock()
	db.writing.tell = tell
}

// note remembers a write that could not be saved, and returns its error.
func (w *writing) note(err error) error {
	err = unwritable(err)
	if !errors.Is(err, ErrUnwritable) {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed = err; w.tell != nil && time.Since(w.toldAt) >= tellEvery {
		w.toldAt = time.Now()
		w.tell(err)
	}
	return err
}

// Ready returns nil where the database answers and the last write was saved. After one that could not be saved it tries a small
// one, each time it is asked, and returns ErrUnwritable until that succeeds.
func (db *DB) Ready(ctx context.Context) error {
	done, err := db.readTurns.take(ctx)
	if err != nil {
		return unavailable(err)
	}
	defer done()
	if err := db.read.PingContext(ctx); err != nil {
		return err
	}
	db.writing.mu.Lock()
	failed := db.writing.failed
	db.writing.mu.Unlock()
	if failed == nil {
		return nil
	}
	if err := db.Update(ctx, func(tx *Tx) error { return tx.tryWriting(ctx) }); err != nil {
		return err
	}
	db.writing.mu.Lock()
	defer db.writing.mu.Unlock()
	db.writing.failed, db.writing.toldAt = nil, time.Time{}
	return nil
}

// tried is how many bytes are written to find out whether anything can be: more than the pages at hand have room for, as a full
// disk may still take a change that needs none.
const tried = 64 << 10

// tryWriting writes something and removes it again. It stands in the table of throttles, where everything is forgotten in the end.
func (tx *Tx) tryWriting(ctx context.Context) error {
	_, err := tx.exec(ctx, `INSERT INTO throttles (kind, subject, failures, first_at, last_at)
		VALUES ('disk', $1, 0, 0, 0)`, strings.Repeat("0", tried))
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, `DELETE FROM throttles WHERE kind = 'disk'`)
	return err
}
