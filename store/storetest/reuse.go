package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// databases are those of the cluster that no test has at present. To make one and to drop it takes half a second, to empty one a fiftieth.
type databases struct {
	mu   sync.Mutex
	free []string
	made int // names so far

	empty  content            // of a database as it is after the migrations
	filled map[string]content // by the names of Fill
}

// noteSchemaChanges keeps in a database whether its schema was changed: such a one is dropped, and no test gets it again.
const noteSchemaChanges = `CREATE TABLE storetest.schema_changes (command TEXT);
	CREATE FUNCTION storetest.note() RETURNS event_trigger LANGUAGE plpgsql AS
		'BEGIN INSERT INTO storetest.schema_changes VALUES (tg_tag); END';
	CREATE EVENT TRIGGER note_changes ON ddl_command_end EXECUTE FUNCTION storetest.note();
	CREATE EVENT TRIGGER note_drops ON sql_drop EXECUTE FUNCTION storetest.note()`

// mostReused is up to which size a database is used again, in bytes: rows that were deleted take their room for a while.
const mostReused = 32 << 20

// newName returns a name that no database has had.
func (d *databases) newName() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.made++
	return fmt.Sprintf("console_%d", d.made)
}

// used takes a database that a test has given back.
func (d *databases) used() (name string, some bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	last := len(d.free) - 1
	if last < 0 {
		return "", false
	}
	name, d.free = d.free[last], d.free[:last]
	return name, true
}

// Fill has fill put something into an empty database of PostgreSQL, of which Filled gives copies by this name. It is called once for each.
func Fill(name string, fill func(place string) error) error {
	database := template + "_" + name
	if err := running.exec("CREATE DATABASE " + database + " TEMPLATE " + template); err != nil {
		return err
	}
	if err := fill(running.url(database)); err != nil {
		return err
	}
	filled, err := contentOf(context.Background(), running.url(database))
	running.databases.mu.Lock()
	defer running.databases.mu.Unlock()
	running.databases.filled[name] = filled
	return err
}

// Filled is Place with what Fill has put into a database.
func Filled(t testing.TB, name string) string {
	t.Helper()
	running.databases.mu.Lock()
	filled := running.databases.filled[name]
	running.databases.mu.Unlock()
	return running.placeWith(t, filled)
}

// placeWith returns the URL of a database with this content, which goes with the test.
func (c *cluster) placeWith(t testing.TB, with content) string {
	t.Helper()
	name, err := c.take(with)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.giveBack(name); err != nil {
			t.Error(err)
		}
	})
	return c.url(name)
}

// take returns a database that nobody has. Each time it has another name, so that whoever had it before and did not end cannot come back.
func (c *cluster) take(with content) (name string, err error) {
	name = c.databases.newName()
	before, some := c.databases.used()
	if !some {
		err = c.exec("CREATE DATABASE " + name + " TEMPLATE " + template)
	} else {
		err = c.exec("ALTER DATABASE " + before + " RENAME TO " + name)
	}
	if err != nil {
		return "", err
	}
	return name, with.putInto(context.Background(), c.url(name))
}

// giveBack ends what is still connected to a database, and keeps it for another test or drops it.
func (c *cluster) giveBack(name string) (err error) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, c.url("postgres"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	// With a limit, it waits until each of them has ended.
	if _, err := conn.Exec(ctx, `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = $1`, name); err != nil {
		return err
	}
	again, err := c.isReusable(ctx, name)
	if err != nil {
		return err
	}
	if !again {
		_, err := conn.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
		return err
	}
	c.databases.mu.Lock()
	defer c.databases.mu.Unlock()
	c.databases.free = append(c.databases.free, name)
	return nil
}

func (c *cluster) isReusable(ctx context.Context, name string) (again bool, err error) {
	conn, err := pgx.Connect(ctx, c.url(name))
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	err = conn.QueryRow(ctx, `SELECT NOT EXISTS (SELECT 1 FROM storetest.schema_changes) AND pg_database_size(current_database()) < $1`,
		mostReused).Scan(&again)
	return again, err
}
