package store_test

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"console/store"
	"console/store/storetest"
)

// upgradeRounds is how often programs start at once: once, or as often as STARTS says.
func upgradeRounds() int {
	rounds, _ := strconv.Atoi(os.Getenv("STARTS"))
	return max(1, rounds)
}

// wantWhole fails the test unless a database has each migration once.
func wantWhole(t *testing.T, place string) {
	t.Helper()
	raw := storetest.Raw(t, place)
	twice := column(t, raw, `SELECT version_id::text FROM goose_db_version GROUP BY version_id HAVING count(*) <> 1`)
	newest := column(t, raw, `SELECT max(version_id)::text FROM goose_db_version`)
	if len(twice) > 0 || newest[0] != strconv.FormatInt(store.NewestMigration, 10) {
		t.Errorf("the newest migration is %s, more than once are there %v", newest[0], twice)
	}
}

func TestPG01_OfSeveralStartsAtOnceOneMigrates(t *testing.T) {
	onPostgres(t)
	for range upgradeRounds() {
		place := storetest.Bare(t, "")
		began := time.Now()
		var group sync.WaitGroup
		for range 3 {
			group.Go(func() {
				db, err := store.Open(t.Context(), place)
				if err != nil {
					t.Error(err)
					return
				}
				t.Logf("ready after %v", time.Since(began))
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		wantWhole(t, place)
	}
}

// A program that is killed while it migrates is gone for the database from one moment to the next.
func TestPG01_WhoDiesWhileItMigratesHoldsUpNobody(t *testing.T) {
	onPostgres(t)
	place := storetest.Place(t)
	proxy := storetest.NewProxy(t, place)
	dies := make(chan error, 1)
	go func() {
		_, err := store.OpenWith(t.Context(), proxy.Place(), map[string]string{
			"90000_slow.sql": "-- +goose Up\nCREATE TABLE slow (id BIGINT);\nSELECT pg_sleep(600);\n",
		})
		dies <- err
	}()
	raw := storetest.Raw(t, place)
	sleeping := func() bool {
		return len(column(t, raw, `SELECT 'x' FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'
			AND datname = current_database()`)) > 0
	}
	for deadline := time.Now().Add(time.Minute); !sleeping(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not migrate")
		}
	}
	proxy.Away()
	began := time.Now()
	db, err := store.OpenWith(t.Context(), place, map[string]string{"90000_quick.sql": "-- +goose Up\nCREATE TABLE slow (id BIGINT);\n"})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the next one was ready after %v", time.Since(began))
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if err := <-dies; err == nil {
		t.Error("who has lost its connection has migrated")
	}
}

const (
	wider    = "-- +goose Up\nALTER TABLE tenants ADD COLUMN note TEXT COLLATE \"C\" NOT NULL DEFAULT '';\nCREATE TABLE notes (id BIGINT PRIMARY KEY);\n"
	narrower = "-- +goose Up\nUPDATE programs SET oldest = 90001;\nDROP TABLE notes;\n"
)

// Programs of the version before work with the schema of the one after it, while it is made and when they are started again, until a
// migration says that they do not.
func TestPG22_TheVersionBeforeWorksWithTheSchemaAfter(t *testing.T) {
	onPostgres(t)
	place := storetest.Place(t)
	earlier := openAt(t, place)
	working, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	var changed int
	group.Go(func() {
		for ; working.Err() == nil; changed++ {
			p := person(changed)
			err := earlier.Update(t.Context(), func(tx *store.Tx) error {
				if _, err := tx.Tenants(t.Context()); err != nil {
					return err
				}
				return tx.InsertUser(t.Context(), &p)
			})
			if err != nil {
				t.Error("a change meanwhile:", err)
			}
		}
	})
	group.Go(func() {
		for working.Err() == nil {
			err := earlier.View(t.Context(), func(q store.Queries) error {
				_, err := q.Tenants(t.Context())
				return err
			})
			if err != nil {
				t.Error("a read meanwhile:", err)
			}
		}
	})
	after := map[string]string{"90001_wider.sql": wider}
	open := func(more map[string]string) (*store.DB, error) { return store.OpenWith(t.Context(), place, more) }
	wants := func(what string, db *store.DB, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
	db, err := open(after)
	wants("the version after", db, err)
	db, err = open(nil)
	wants("the version before, started again", db, err)
	db, err = store.OpenReading(t.Context(), place)
	wants("the version before, for reading", db, err)
	stop()
	group.Wait()
	if changed == 0 {
		t.Error("nothing was changed meanwhile")
	}

	after["90002_narrower.sql"] = narrower
	db, err = open(after)
	wants("the version that takes something away", db, err)
	schema := postgresSchema(t, storetest.Raw(t, place))
	known := strconv.FormatInt(store.NewestMigration, 10)
	if _, err := open(nil); !errors.Is(err, store.ErrNewerSchema) || !strings.Contains(err.Error(), "schema 90002 is for programs that know 90001") ||
		!strings.Contains(err.Error(), "knows "+known) {
		t.Errorf("a version that is too old: %v", err)
	}
	if now := postgresSchema(t, storetest.Raw(t, place)); strings.Join(now, "\n") != strings.Join(schema, "\n") {
		t.Error("it has changed the schema")
	}
	delete(after, "90002_narrower.sql")
	db, err = open(after)
	wants("the version in between", db, err)
}

func TestPG22_AMigrationThatFailsLeavesNothing(t *testing.T) {
	onPostgres(t)
	place := storetest.Place(t)
	before := postgresSchema(t, storetest.Raw(t, place))
	_, err := store.OpenWith(t.Context(), place, map[string]string{
		"90003_broken.sql": "-- +goose Up\nCREATE TABLE half (id BIGINT);\nALTER TABLE users DROP COLUMN phone;\nSELECT 1 / 0;\n",
	})
	if err == nil || !strings.Contains(err.Error(), "version:90003") {
		t.Errorf("the start says %v", err)
	}
	if now := postgresSchema(t, storetest.Raw(t, place)); strings.Join(now, "\n") != strings.Join(before, "\n") {
		t.Error("the schema is another one")
	}
	addPeople(t, openAt(t, place), person(1))
}
