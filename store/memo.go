package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
)

// commits tells whether anything has been committed to a file of SQLite, which counts for each connection what others have committed,
// so it asks on one connection of its own.
type commits struct {
	mu      sync.Mutex
	conn    *sql.Conn // nil: not opened yet, or it has failed
	ask     *sql.Stmt // dataVersion on conn
	counted int64     // what it last answered
	version int64
	uses    bool // NoteUses is committing
}

// dataVersion is another number than before on the same connection once another one has committed anything.
const dataVersion = `PRAGMA data_version`

// unsettled is what Version returns while it cannot tell.
const unsettled = 0

// versionKey is where AsOf keeps the version in a context.
type versionKey struct{}

// AsOf returns a context in which Version is what it is now: for a request that only reads, to which it is enough to be as new as
// its beginning.
func (db *DB) AsOf(ctx context.Context) (context.Context, error) {
	version, err := db.Version(ctx)
	return context.WithValue(ctx, versionKey{}, version), err
}

// Version returns a number that is higher than before when anybody, this process or another, has committed anything since, but for
// what NoteUses has. Where a failover has lost commits it is another one, which need not be higher. In the moment in which those commits cannot be told from others it is 0, which stands for no state at all.
func (db *DB) Version(ctx context.Context) (int64, error) {
	if err := ctx.Err(); err != nil {
		return unsettled, err
	}
	if version, known := ctx.Value(versionKey{}).(int64); known {
		return version, nil
	}
	return db.engine.countCommits(ctx, db)
}

// current is Version, asked of SQLite.
func (c *commits) current(ctx context.Context, db *DB) (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.present(ctx, db)
}

// versionInside is Version of this moment for who has a connection already, and so may wait for none: where it would have to, and where
// it cannot tell, it is 0. On PostgreSQL it always is, as asking takes a connection.
func (db *DB) versionInside(ctx context.Context) int64 {
	c := &db.commits
	if !c.mu.TryLock() {
		return unsettled
	}
	defer c.mu.Unlock()
	if c.conn == nil {
		return unsettled
	}
	version, err := c.present(ctx, db)
	if err != nil {
		return unsettled
	}
	return version
}

// present is the version of this moment.
func (c *commits) present(ctx context.Context, db *DB) (int64, error) {
	counted, err := c.count(ctx, db)
	switch {
	case err != nil:
		return unsettled, err
	case counted == c.counted:
		return c.version, nil
	case c.uses:
		return unsettled, nil
	}
	c.counted = counted
	c.version++
	return c.version, nil
}

// count asks SQLite. On a new connection the version rises: what was committed before is not known.
func (c *commits) count(ctx context.Context, db *DB) (counted int64, err error) {
	fresh := c.conn == nil
	if fresh {
		if c.conn, err = db.read.Conn(context.WithoutCancel(ctx)); err != nil {
			return 0, unavailable(err)
		}
		c.ask, err = c.conn.PrepareContext(context.WithoutCancel(ctx), dataVersion)
	}
	if err == nil {
		counted, err = value[int64](c.ask.QueryRowContext(context.WithoutCancel(ctx)))
	}
	if err != nil {
		_ = c.giveBack() // the next call opens another one
		return 0, unavailable(err)
	}
	if fresh {
		c.counted = counted
		c.version++
	}
	return counted, nil
}

// stop gives the connection back, so that the pool can be closed.
func (c *commits) stop() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.giveBack()
}

func (c *commits) giveBack() error {
	var err error
	if c.ask != nil {
		err = c.ask.Close()
	}
	if c.conn != nil {
		err = errors.Join(err, c.conn.Close())
	}
	c.conn, c.ask = nil, nil
	return err
}

// NoteUses notes when sessions and tokens, by id, were last used, and commits that without Version rising: many are used every minute,
// and no Memo may tell of it. What others commit is counted all the same. On PostgreSQL it does not wait for other writers, and each use is
// a commit of its own.
func (db *DB) NoteUses(ctx context.Context, sessions map[int64]Millis, tokens map[int64]TokenUse) error {
	return db.writing.note(db.engine.noting(ctx, db, func(tx *Tx) error {
		return errors.Join(tx.TouchSessions(ctx, sessions), tx.touchTokens(ctx, tokens))
	}))
}

// commitUses commits what note notes without counting it. Between the beginning of the transaction and its commit nobody else can
// commit. Afterwards only other processes can, as this one has no second writing connection; SQLite tells the writing connection of what
// others have committed, and not of its own, so it knows whether there was anything but the uses.
func (db *DB) commitUses(ctx context.Context, note func(*Tx) error) error {
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", unavailable(err))
	}
	defer conn.Close() // only now others of this process may write
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", unavailable(err))
	}
	defer tx.Rollback() // without effect after Commit
	before, err := value[int64](tx.QueryRowContext(context.WithoutCancel(ctx), dataVersion))
	if err != nil {
		return unavailable(err)
	}
	if err := note(&Tx{Queries: queriesOn(db.engine, tx)}); err != nil {
		return err
	}
	db.commits.beginUses(ctx, db)
	err = tx.Commit()
	db.commits.endUses(ctx, db, func() bool {
		after, asked := value[int64](conn.QueryRowContext(context.WithoutCancel(ctx), dataVersion))
		return err == nil && asked == nil && after == before
	})
	if err != nil {
		return fmt.Errorf("commit: %w", unavailable(err))
	}
	return nil
}

// beginUses counts what others have committed before the uses are.
func (c *commits) beginUses(ctx context.Context, db *DB) {
	c.mu.Lock()
	defer c.mu.Unlock()
	counted, err := c.count(ctx, db)
	if err == nil && counted != c.counted {
		c.counted = counted
		c.version++
	}
	c.uses = true
}

// endUses counts what was committed since beginUses. It counts nothing where alone says afterwards that this was the uses and nothing else.
func (c *commits) endUses(ctx context.Context, db *DB, alone func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.uses = false
	counted, err := c.count(ctx, db)
	if err != nil {
		return // the next connection begins with a higher version
	}
	if counted != c.counted && !alone() {
		c.version++
	}
	c.counted = counted
}

// Memo remembers what was read from a database, by key, until anything is committed to it, by whomever. Its zero value is ready,
// for one database. What it gives is shared: nobody may change it. When sessions and tokens were last used it does not tell of: NoteUses
// changes that without its knowledge.
type Memo[K comparable, V any] struct {
	Most int // how many values are kept at most; 0: 64. It is set before the Memo is used.

	mu      sync.Mutex
	version int64
	values  map[K]V
}

// usualMemo is how many values a Memo keeps that says nothing else.
const usualMemo = 64

// Get returns what read returns, or has returned for this key while nothing was committed since: it is as new as every commit
// before the call.
func (m *Memo[K, V]) Get(ctx context.Context, db *DB, key K, read func() (V, error)) (V, error) {
	version, err := db.Version(ctx) // asked for first: what is read afterwards is at least as new
	if err != nil {
		var none V
		return none, err
	}
	if version == unsettled {
		return read()
	}
	if value, known := m.lookUp(version, key); known {
		return value, nil
	}
	value, err := read()
	if err == nil {
		m.keep(version, key, value)
	}
	return value, err
}

// Known returns what is remembered for a key, for an operation that has begun: it is as new as every commit before the call, so at least as
// new as what the operation reads, if that has read anything yet. It may not know what Get would.
func (m *Memo[K, V]) Known(ctx context.Context, db *DB, key K) (value V, known bool) {
	version := db.versionInside(ctx)
	if version == unsettled {
		return value, false
	}
	return m.lookUp(version, key)
}

func (m *Memo[K, V]) lookUp(version int64, key K) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.version != version {
		var none V
		return none, false
	}
	value, known := m.values[key]
	return value, known
}

// keep remembers a value that is as new as version, in place of all that is remembered of another one. That one may be newer, which costs
// that it is read again; or a failover has lost it.
func (m *Memo[K, V]) keep(version int64, key K, value V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if version != m.version || len(m.values) >= cmp.Or(m.Most, usualMemo) {
		m.version, m.values = version, map[K]V{}
	}
	m.values[key] = value
}
