package store_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"console/internal/permission"
	"console/store"
	"console/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// onSQLite leaves a test to SQLite, and returns the path of a database that is still to be made.
func onSQLite(t *testing.T, why string) string {
	t.Helper()
	if storetest.OnPostgres() {
		t.Skip(why)
	}
	return filepath.Join(t.TempDir(), "console.db")
}

func open(t *testing.T) *store.DB {
	t.Helper()
	return openAt(t, storetest.Place(t))
}

func openAt(t *testing.T, path string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !t.Failed() {
			db.Statements(t)
		}
		db.Close()
	})
	return db
}

func update(t *testing.T, db *store.DB, change func(ctx context.Context, tx *store.Tx) error) {
	t.Helper()
	if err := db.Update(t.Context(), func(tx *store.Tx) error { return change(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

func person(n int) store.User {
	email := fmt.Sprintf("person%d@example.com", n)
	return store.User{UUID: fmt.Sprintf("uuid-%d", n), Email: email, EmailKey: email, FirstName: "Person", LastName: fmt.Sprint(n),
		Role: permission.Analyst, JoinedAt: 1, ActivatedAt: 1}
}

func addPeople(t *testing.T, db *store.DB, people ...store.User) []store.User {
	t.Helper()
	update(t, db, func(ctx context.Context, tx *store.Tx) error {
		for i := range people {
			if err := tx.InsertUser(ctx, &people[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return people
}

func TestFC144_EveryConnectionHasItsSettings(t *testing.T) {
	t.Parallel()
	path := onSQLite(t, "the settings are SQLite's")
	openAt(t, path)
	db, err := sql.Open("sqlite", store.DSN(path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for range 8 {
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close() // held until the end, so that each is another connection
		var foreignKeys, busyTimeout int
		if err := conn.QueryRowContext(t.Context(), "PRAGMA foreign_keys").Scan(&foreignKeys); err != nil {
			t.Fatal(err)
		}
		if err := conn.QueryRowContext(t.Context(), "PRAGMA busy_timeout").Scan(&busyTimeout); err != nil {
			t.Fatal(err)
		}
		if foreignKeys != 1 || busyTimeout <= 0 {
			t.Errorf("foreign_keys = %d, busy_timeout = %d", foreignKeys, busyTimeout)
		}
	}
}

func TestFC53_IdsAreNeverReusedAndDependentRowsGo(t *testing.T) {
	t.Parallel()
	db := open(t)
	people := addPeople(t, db, person(1), person(2), person(3))
	last := people[2]
	update(t, db, func(ctx context.Context, tx *store.Tx) error {
		group := store.Group{Name: "Analysts", Role: permission.Analyst, AllTenants: true}
		if err := tx.InsertGroup(ctx, &group); err != nil {
			return err
		}
		if _, err := tx.AddMember(ctx, group.ID, last.ID); err != nil {
			return err
		}
		if err := tx.InsertSession(ctx, &store.Session{TokenHash: []byte("t"), UserID: last.ID, FormKey: []byte{}, Data: []byte{}}); err != nil {
			return err
		}
		delivery := store.Delivery{UUID: "d", Target: "mail", Kind: "email", Params: []byte("{}"), UserID: last.ID}
		if err := tx.InsertDelivery(ctx, &delivery); err != nil {
			return err
		}
		invitation := store.Invitation{UserID: last.ID, InviterID: last.ID, MailDeliveryID: delivery.ID}
		if err := tx.InsertInvitation(ctx, &invitation); err != nil {
			return err
		}
		return tx.InsertSignupLink(ctx, []byte("l"), invitation.ID, 1, 0)
	})
	update(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteUser(ctx, last.ID) })
	next := addPeople(t, db, person(4))[0]
	if next.ID <= last.ID {
		t.Errorf("id %d was given again", next.ID)
	}
	for table, column := range db.UserColumns(t) {
		if n := db.CountWhere(t, table, column, last.ID); n != 0 {
			t.Errorf("%s.%s still has %d rows of the deleted person", table, column, n)
		}
	}
}

func TestFC143_WritersWaitForEachOther(t *testing.T) {
	t.Parallel()
	path := storetest.Place(t)
	databases := []*store.DB{openAt(t, path), openAt(t, path)} // as two processes would
	addPeople(t, databases[0], person(0))
	const workers, rounds = 20, 20
	var group sync.WaitGroup
	for w := range workers {
		db := databases[w%2]
		group.Go(func() {
			for range rounds {
				err := db.Update(t.Context(), func(tx *store.Tx) error {
					counter, err := tx.Throttle(t.Context(), "test", "counter")
					if err != nil {
						return err
					}
					counter.Failures++
					return tx.SaveThrottle(t.Context(), counter)
				})
				if err != nil {
					t.Errorf("writer: %v", err)
				}
			}
		})
	}
	group.Wait()
	counter, err := databases[0].Throttle(t.Context(), "test", "counter")
	if err != nil || counter.Failures != workers*rounds {
		t.Errorf("counted %d of %d, %v", counter.Failures, workers*rounds, err)
	}
}

func TestUpdateKeepsNothingOfAFailedChange(t *testing.T) {
	t.Parallel()
	db := open(t)
	failure := errors.New("half-way")
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		p := person(1)
		if err := tx.InsertUser(t.Context(), &p); err != nil {
			return err
		}
		return failure
	})
	if !errors.Is(err, failure) {
		t.Fatalf("Update returned %v", err)
	}
	if _, err := db.UserByEmailKey(t.Context(), person(1).EmailKey); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the person is there: %v", err)
	}
}

func TestStaleVersionIsRefused(t *testing.T) {
	t.Parallel()
	db := open(t)
	p := addPeople(t, db, person(1))[0]
	first, second := p, p
	update(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.UpdateUser(ctx, &first) })
	err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.UpdateUser(t.Context(), &second) })
	if !errors.Is(err, store.ErrStale) {
		t.Errorf("the second save returned %v", err)
	}
}

func TestOneMailboxOneRow(t *testing.T) {
	t.Parallel()
	db := open(t)
	addPeople(t, db, person(1))
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		twin := person(1)
		twin.UUID = "another"
		return tx.InsertUser(t.Context(), &twin)
	})
	if !errors.Is(err, store.ErrDuplicate) {
		t.Errorf("the second row returned %v", err)
	}
}

func TestNewerSchemaIsRefusedUntouched(t *testing.T) {
	t.Parallel()
	path := storetest.Place(t)
	openAt(t, path).Close()
	raw := storetest.Raw(t, path)
	if _, err := raw.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)"); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), path); !errors.Is(err, store.ErrNewerSchema) {
		t.Errorf("Open returned %v", err)
	}
}

// mac stands for the MAC of an entry where nobody verifies it.
func mac(previous, entry []byte) []byte {
	sum := sha256.Sum256(slices.Concat(previous, entry))
	return sum[:]
}

func TestASVS_16_4_2_EntriesCannotBeChangedOrRemoved(t *testing.T) {
	t.Parallel()
	path := storetest.Place(t)
	db := openAt(t, path)
	update(t, db, func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertEntry(ctx, mac, &store.Entry{Action: "test", Changes: "{}"})
	})
	raw := storetest.Raw(t, path)
	statements := []string{"UPDATE activity SET action = 'x'", "UPDATE activity SET token = 'x'", "DELETE FROM activity"}
	if storetest.OnPostgres() {
		statements = append(statements, "TRUNCATE activity")
	}
	for _, statement := range statements {
		if _, err := raw.Exec(statement); err == nil {
			t.Errorf("%s succeeded", statement)
		}
	}
	if entries, err := db.Entries(t.Context(), 10); err != nil || len(entries) != 1 || entries[0].Action != "test" {
		t.Errorf("entries = %v, %v", entries, err)
	}
}

func TestClaimedDeliveryIsDueAgainAfterItsLease(t *testing.T) {
	t.Parallel()
	db := open(t)
	update(t, db, func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertDelivery(ctx, &store.Delivery{UUID: "d", Target: "mail", Kind: "email", Params: []byte("{}"), CreatedAt: 100})
	})
	claim := func(now store.Millis) (d store.Delivery, err error) {
		err = db.Update(t.Context(), func(tx *store.Tx) error {
			d, err = tx.ClaimDelivery(t.Context(), "mail", now, now+30)
			return err
		})
		return d, err
	}
	first, err := claim(100)
	if err != nil || first.Attempts != 1 {
		t.Fatalf("first claim: %+v, %v", first, err)
	}
	if _, err := claim(120); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("claimed twice: %v", err)
	}
	second, err := claim(130)
	if err != nil || second.Attempts != 2 {
		t.Fatalf("after the lease: %+v, %v", second, err)
	}
	first.State, first.EndedAt = store.Failed, 140
	update(t, db, func(ctx context.Context, tx *store.Tx) error {
		return tx.SaveAttempt(ctx, first, store.Attempt{At: 140})
	})
	if now, err := db.DeliveryByID(t.Context(), second.ID); err != nil || now.State != store.Waiting {
		t.Errorf("a late finisher changed the delivery: %+v, %v", now, err)
	}
	if attempts, err := db.Attempts(t.Context(), second.ID); err != nil || len(attempts) != 0 {
		t.Errorf("a late finisher left %+v, %v", attempts, err)
	}
}

// What is asked for by a list comes however long the list is: SQLite takes 32,766 arguments.
func TestListsMayBeLong(t *testing.T) {
	t.Parallel()
	db := open(t)
	people := addPeople(t, db, person(1), person(2))
	group := addGroups(t, db, store.Group{Name: "G", Role: permission.Analyst})[0]
	update(t, db, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.InsertInvitation(ctx, &store.Invitation{UserID: people[1].ID, ExpiresAt: 7}); err != nil {
			return err
		}
		_, err := tx.AddMember(ctx, group.ID, people[1].ID)
		return err
	})
	const length = 40_000
	ids, keys, rows := make([]int64, length), make([]string, length), make([]store.ListedUser, length)
	for i := range length {
		ids[i], keys[i] = int64(length-i), person(length-i).EmailKey
		rows[i].ID = ids[i]
	}
	often := append(slices.Repeat([]int64{people[1].ID}, length), people[0].ID)
	for what, ids := range map[string][]int64{"all": ids, "one again and again": often} {
		if users, err := db.UsersByIDs(
			t.Context(),
			ids,
		); err != nil || len(users) != 2 || users[0].ID != people[1].ID ||
			users[1].ID != people[0].ID {
			t.Errorf("%s: people: %+v, %v", what, users, err)
		}
		if names, err := db.GroupNames(t.Context(), ids); err != nil || len(names) != 1 || len(names[people[1].ID]) != 1 {
			t.Errorf("%s: names of groups: %v, %v", what, names, err)
		}
	}
	if found, err := db.UsersByEmailKeys(t.Context(), keys); err != nil || len(found) != 2 {
		t.Errorf("by address: %v, %v", found, err)
	}
	if groups, err := db.GroupGrants(t.Context(), ids...); err != nil || len(groups) != 1 {
		t.Errorf("groups: %v, %v", groups, err)
	}
	if err := db.ReadInvitations(t.Context(), rows); err != nil || rows[length-2].Invitation.ExpiresAt != 7 {
		t.Errorf("invitations: %+v, %v", rows[length-2].Invitation, err)
	}
}
