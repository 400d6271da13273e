package store

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"
)

const (
	// clockEvery is how often a Clock asks the database for its time, and clockSoon how soon again after a jump.
	clockEvery = time.Minute
	clockSoon  = time.Second
	// clockTries is how often it asks at a time: the quickest answer tells most exactly.
	clockTries = 3
	// A jump above the first is logged; one above the second has to be confirmed before decisions go by it again.
	toldJump      = time.Second
	confirmedJump = time.Minute
)

// ErrClockJumped says that the clock of the database, or of this machine, has just jumped by more than a minute.
var ErrClockJumped = errors.New("the clock of the database, or of this machine, has jumped by more than a minute")

// Clock tells the time by the clock of the database, so that all processes that share one decide by the same clock, whatever their
// machines say. It measures how far that clock is from the machine's, and adds this to the machine's time.
type Clock struct {
	machine func() time.Time
	ask     func(context.Context) (time.Time, error)
	log     *slog.Logger

	measured bool         // for the one who measures
	offset   atomic.Int64 // nanoseconds to be added to the machine's time
	jumped   atomic.Bool  // the last measurement found another time than expected, by more than confirmedJump
}

// NewClock returns a clock that shows the machine's time until it is measured. ask returns the time of the database; where it is nil,
// the database goes by the machine's clock, and there is nothing to be measured.
func NewClock(machine func() time.Time, ask func(context.Context) (time.Time, error), log *slog.Logger) *Clock {
	return &Clock{machine: machine, ask: ask, log: log}
}

// Now returns the time. It is as exact as half of the time that the database took to answer when it was last asked.
func (c *Clock) Now() time.Time { return c.machine().Add(time.Duration(c.offset.Load())) }

// Ready returns ErrClockJumped after a jump of more than a minute, until the next measurement finds the clock where the last one did.
func (c *Clock) Ready() error {
	if c.jumped.Load() {
		return ErrClockJumped
	}
	return nil
}

// Measure asks the database for its time. After an error of the database the time goes on as before. It must not be called by several
// goroutines at once.
func (c *Clock) Measure(ctx context.Context) error {
	if c.ask == nil {
		return nil
	}
	offset, exact, err := c.quickest(ctx)
	if err != nil {
		return err
	}
	before := time.Duration(c.offset.Load())
	jump := (offset - before).Abs()
	if c.measured && jump <= exact { // what was known may be the better estimate
		c.jumped.Store(false)
		return nil
	}
	c.offset.Store(int64(offset))
	switch {
	case !c.measured && jump > toldJump:
		c.log.Warn("the clock of this machine is not that of the database, which counts", "ahead", -offset)
	case c.measured && jump > toldJump:
		c.log.Warn("the clock of the database, or of this machine, has jumped", "by", offset-before, "machine_ahead", -offset)
	}
	c.jumped.Store(c.measured && jump > confirmedJump)
	c.measured = true
	return nil
}

// quickest returns how far the clock of the database is ahead of the machine's, by the quickest answer of a few, and how exactly that
// is known: the database has looked at its clock somewhere between question and answer.
func (c *Clock) quickest(ctx context.Context) (offset, exact time.Duration, err error) {
	for try := range clockTries {
		asked := c.machine()
		there, err := c.ask(ctx)
		if err != nil {
			return 0, 0, err
		}
		answered := c.machine()
		half := answered.Sub(asked) / 2
		if try == 0 || half < exact {
			offset, exact = there.Sub(answered.Add(-half)), half
		}
	}
	return offset, exact, nil
}

// Run measures once a minute until ctx is done, and soon again after a jump that has to be confirmed.
func (c *Clock) Run(ctx context.Context) {
	for c.ask != nil {
		pause := clockEvery
		if c.jumped.Load() {
			pause = clockSoon
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		if err := c.Measure(ctx); err != nil && ctx.Err() == nil {
			c.log.Warn("the time of the database is not known; it is taken to go on as before", "error", err)
		}
	}
}

// Time returns what asks the database for its time, for NewClock. It is nil where the database goes by the clock of this machine.
func (db *DB) Time() func(context.Context) (time.Time, error) {
	query := db.engine.clock()
	if query == "" {
		return nil
	}
	return func(ctx context.Context) (time.Time, error) {
		micros, err := one(ctx, db.q, value[int64], query)
		return time.UnixMicro(micros), err
	}
}
