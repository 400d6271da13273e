package store

import (
	"context"
	"database/sql"
	"time"
)

// Backlog is what waits in the database to be done.
type Backlog struct {
	Waiting map[Priority]int // deliveries, but not those whose integration is switched off; MostCounted in all where there are more
	Due     Millis           // since when the delivery has been due that has been due longest; 0: none is
	Holds   []Hold
	Jobs    []Job // that have steps left, the oldest first
}

// MostCounted is how many waiting deliveries are counted.
const MostCounted = 100_000

// Backlog returns what waits by now. It takes milliseconds, also where much does.
func (q Queries) Backlog(ctx context.Context, now Millis) (b Backlog, err error) {
	b.Waiting = map[Priority]int{PriorityOwn: 0, PriorityMany: 0, PriorityTrigger: 0}
	_, err = many(ctx, q.q, func(s scanner) (struct{}, error) {
		var p Priority
		var n int
		err := s.Scan(&p, &n)
		b.Waiting[p] = n
		return struct{}{}, err
	}, `SELECT priority, count(*) FROM (SELECT priority FROM deliveries WHERE state = 'waiting' AND parked = 0 LIMIT $1) AS some
		GROUP BY priority`, MostCounted)
	if err != nil {
		return Backlog{}, err
	}
	b.Due, err = one(ctx, q.q, value[Millis], waitingTargets+`SELECT coalesce(min(next_at), 0) FROM (SELECT (SELECT min(d.next_at)
		FROM deliveries d WHERE d.state = 'waiting' AND d.target = w.target AND d.priority = p.priority AND d.next_at <= $1) AS next_at
		FROM waiting w CROSS JOIN (SELECT 0 AS priority UNION ALL SELECT 1 UNION ALL SELECT 2) AS p) AS due`, now)
	if err != nil {
		return Backlog{}, err
	}
	if b.Holds, err = q.Holds(ctx); err != nil {
		return Backlog{}, err
	}
	b.Jobs, err = q.RunningJobs(ctx)
	return b, err
}

// Size is how many bytes the database takes on its disk; of SQLite with the write-ahead log, of PostgreSQL the tables of the schema with
// their indexes.
func (db *DB) Size(ctx context.Context) (int64, error) { return db.engine.onDisk(ctx, db.Queries) }

// Pool is how a pool of connections fares.
type Pool struct {
	Used, Idle int           // connections
	Waits      int64         // how often somebody had to wait for one, so far
	Waited     time.Duration // and how long in all
}

// Pools says how the pools of connections fare, by name: that of who reads, and that of who writes.
func (db *DB) Pools() map[string]Pool {
	return map[string]Pool{"reading": poolOf(db.read, db.readTurns), "writing": poolOf(db.write, db.writeTurns)}
}

// poolOf adds those who wait for a turn to those who wait for a connection.
func poolOf(db *sql.DB, t *turns) Pool {
	s := db.Stats()
	p := Pool{Used: s.InUse, Idle: s.Idle, Waits: s.WaitCount, Waited: s.WaitDuration}
	if t != nil {
		p.Waits += t.waits.Load()
		p.Waited += time.Duration(t.waited.Load())
	}
	return p
}

// Writable says whether the last write that was tried could be saved.
func (db *DB) Writable() bool {
	db.writing.mu.Lock()
	defer db.writing.mu.Unlock()
	return db.writing.failed == nil
}

// TellWrites has tell called after every transaction of Update, in the goroutine that waits for it: how long it has waited to be the only
// one that writes, and how long it has been that. It is set before others use db.
func (db *DB) TellWrites(tell func(waited, took time.Duration)) { db.wrote = tell }
