package store

import (
	"cmp"
	"context"
	"database/sql"
	"sync"
)

// commits tells whether anything has been committed. SQLite counts for each connection what others have committed, so it asks
// on one connection of its own.
type commits struct {
	mu      sync.Mutex
	conn    *sql.Conn // nil: not opened yet, or it has failed
	counted int64     // PRAGMA data_version of conn
	version int64
}

// versionKey is where AsOf keeps the version in a context.
type versionKey struct{}

// AsOf returns a context in which Version is what it is now: for a request that only reads, to which it is enough to be as new as
// its beginning.
func (db *DB) AsOf(ctx context.Context) (context.Context, error) {
	version, err := db.Version(ctx)
	return context.WithValue(ctx, versionKey{}, version), err
}

// Version returns a number that is higher than before when anybody, this process or another, has committed anything since.
func (db *DB) Version(ctx context.Context) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if version, known := ctx.Value(versionKey{}).(int64); known {
		return version, nil
	}
	c := &db.commits
	c.mu.Lock()
	defer c.mu.Unlock()
	fresh := c.conn == nil
	if fresh {
		conn, err := db.read.Conn(unwatched(ctx))
		if err != nil {
			return 0, unavailable(err)
		}
		c.conn = conn
	}
	counted, err := value[int64](c.conn.QueryRowContext(unwatched(ctx), `PRAGMA data_version`))
	if err != nil {
		_ = c.conn.Close() // the next call opens another one
		c.conn = nil
		return 0, unavailable(err)
	}
	if fresh || counted != c.counted {
		c.counted = counted
		c.version++
	}
	return c.version, nil
}

// stop gives the connection back, so that the pool can be closed.
func (c *commits) stop() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn == nil {
		return nil
	}
	err := c.conn.Close()
	c.conn = nil
	return err
}

// Memo remembers what was read from a database, by key, until anything is committed to it, by whomever. Its zero value is ready,
// for one database. What it gives is shared: nobody may change it.
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
	if value, known := m.lookUp(version, key); known {
		return value, nil
	}
	value, err := read()
	if err == nil {
		m.keep(version, key, value)
	}
	return value, err
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

// keep remembers a value that is as new as version, unless something newer is remembered.
func (m *Memo[K, V]) keep(version int64, key K, value V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if version < m.version {
		return
	}
	if version > m.version || len(m.values) >= cmp.Or(m.Most, usualMemo) {
		m.version, m.values = version, map[K]V{}
	}
	m.values[key] = value
}
