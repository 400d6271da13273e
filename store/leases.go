package store

import (
	"context"
	"time"
)

// A lease says that one process does some work beside the requests, such as the deliveries to a target, and until when. It is taken and
// renewed in the transactions of that work, so whoever has it sees all that was done before, and is given back when there is no more to
// do. Should its process die, others go on when it ends. The process is known by the random id that Open has given its DB.
//
// One that ends later than a lease taken now could, by more than ClockSlack, was taken while the clock was ahead, and has ended too.

// TakeLease takes or renews the lease of a name for a time, and says whether this process has it: it has not while that of another one
// has not ended.
func (tx *Tx) TakeLease(ctx context.Context, name string, now Millis, lasts time.Duration) (bool, error) {
	until := now.Add(lasts)
	n, err := tx.exec(ctx, `INSERT INTO leases (name, holder, until) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
		WHERE leases.holder = excluded.holder OR leases.until <= $4 OR leases.until > $5`,
		name, tx.holder, until, now, until.Add(ClockSlack))
	return n > 0, err
}

// GiveBackLease ends the lease of a name where this process has it. It writes nothing where it has not.
func (tx *Tx) GiveBackLease(ctx context.Context, name string) error {
	_, err := tx.exec(ctx, `DELETE FROM leases WHERE name = $1 AND holder = $2`, name, tx.holder)
	return err
}

// DeleteEndedLeases forgets the leases that ended before a time: their processes have died, and nobody has taken them over.
func (tx *Tx) DeleteEndedLeases(ctx context.Context, before Millis) error {
	_, err := tx.exec(ctx, `DELETE FROM leases WHERE until < $1`, before)
	return err
}

// LeasedElsewhere returns the names whose leases other processes have by now, of those that are taken for a time.
func (db *DB) LeasedElsewhere(ctx context.Context, now Millis, lasts time.Duration) ([]string, error) {
	return many(ctx, db.q, value[string], `SELECT name FROM leases WHERE holder <> $1 AND until > $2 AND until <= $3`,
		db.holder, now, now.Add(lasts+ClockSlack))
}
