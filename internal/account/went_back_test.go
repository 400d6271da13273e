package account

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"console/store"
	"console/store/storetest"
)

// Everybody is read anew where the log of changes does not go on from the entry that was followed last: whether that one is gone, or
// another one has its id.
func TestALogThatWentBackIsReadAnew(t *testing.T) {
	t.Parallel()
	place := storetest.Place(t)
	s := replicasAt(t, place, time.Now)[0]
	c := &company{Service: s, t: t, admin: found(t, s)}
	raw := storetest.Raw(t, place)
	exec := func(statement string) {
		t.Helper()
		if _, err := raw.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	shows := func(when string, want ...int64) {
		t.Helper()
		ids, err := s.list.Matching(ctx, UserQuery{Tab: store.TabAll, Sort: store.SortName, Search: "crowd"})
		if err != nil || fmt.Sprint(ids) != fmt.Sprint(want) {
			t.Errorf("%s: %v are found, not %v; %v", when, ids, want, err)
		}
	}
	ids := c.crowd(5)
	shows("at first", ids...)
	last, err := s.db.LastUserChange(ctx)
	c.must(err)
	back := func(n int) { // loses the last ones
		t.Helper()
		exec(fmt.Sprintf(`DELETE FROM users WHERE id > %d`, ids[4-n]))
		exec(fmt.Sprintf(`DELETE FROM user_changes WHERE id > %d`, last.ID-int64(n)))
		if storetest.OnPostgres() {
			exec(fmt.Sprintf(`SELECT setval(pg_get_serial_sequence('user_changes', 'id'), %d)`, last.ID-int64(n)))
		} else {
			exec(fmt.Sprintf(`UPDATE sqlite_sequence SET seq = %d WHERE name = 'user_changes'`, last.ID-int64(n)))
		}
	}
	rename := func() {
		t.Helper()
		c.must(s.db.Update(ctx, func(tx *store.Tx) error { return tx.SetLastAuth(ctx, ids[0], 7) }))
	}
	back(1)
	shows("a change was lost", ids[:4]...)
	back(2)
	rename()
	shows("two changes were lost, and one was made", ids[:3]...)
	rename()
	back(3)
	for range 5 {
		rename()
	}
	shows("changes were lost, and more were made", ids[:2]...)
	if err := s.Ready(ctx); err != nil {
		t.Error(err)
	}
}

// While everybody is read, the process is not ready and searches wait, as long as whoever asked for them does; no lock is held.
func TestNobodyIsHeldUpWhileEverybodyIsRead(t *testing.T) {
	t.Parallel()
	if !storetest.OnPostgres() {
		t.Skip("SQLite has no lock that lets the changes be read, and not the people")
	}
	place := storetest.Place(t)
	s := replicasAt(t, place, time.Now)[0]
	found(t, s)
	hold, err := storetest.Raw(t, place).Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer hold.Rollback()
	if _, err := hold.Exec(`LOCK TABLE users IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Ready(ctx); !errors.Is(err, ErrReading) {
			t.Errorf("ready while everybody is read: %v", err)
		}
	}
	brief, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if _, err := s.list.Matching(brief, UserQuery{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a search that is not waited for: %v", err)
	}
	if err := hold.Rollback(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; {
		err := s.Ready(ctx)
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}
