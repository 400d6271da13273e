package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// fill adds throttles until the database takes no more, and returns why.
func fill(ctx context.Context, db *DB) (err error) {
	for i := 0; err == nil && i < 1000; i++ {
		err = db.Update(ctx, func(tx *Tx) error {
			return tx.SaveThrottle(ctx, Throttle{Kind: "test", Subject: fmt.Sprint(i, strings.Repeat("x", 8000)), LastAt: 1})
		})
	}
	return err
}

func TestFC187_ReadyAgainOnceAWriteSucceeds(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, err := Open(ctx, filepath.Join(t.TempDir(), "console.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var told []error
	db.TellUnwritable(func(err error) { told = append(told, err) })
	limit := func(pages int) {
		if _, err := db.write.ExecContext(ctx, fmt.Sprintf(`PRAGMA max_page_count = %d`, pages)); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	limit(200)
	if err := fill(ctx, db); !errors.Is(err, ErrUnwritable) || !errors.Is(err, ErrUnavailable) {
		t.Fatalf("a full database says %v", err)
	}
	for range 3 {
		if err := db.Ready(ctx); !errors.Is(err, ErrUnwritable) {
			t.Errorf("a full database is ready: %v", err)
		}
	}
	if len(told) != 1 {
		t.Errorf("it was told %d times: %v", len(told), told)
	}
	if _, err := db.Throttle(ctx, "test", "unknown"); err != nil {
		t.Errorf("nothing can be read: %v", err)
	}
	limit(10_000)
	if err := db.Ready(ctx); err != nil {
		t.Errorf("with room it is not ready: %v", err)
	}
	if n, err := one(ctx, db.q, value[int], `SELECT count(*) FROM throttles WHERE kind <> 'test'`); n != 0 || err != nil {
		t.Errorf("%d rows are left of trying, %v", n, err)
	}
	limit(1)
	if err := fill(ctx, db); !errors.Is(err, ErrUnwritable) || len(told) != 2 {
		t.Errorf("full again: %v; told %d times", err, len(told))
	}
}

func TestFC187_AReadOnlyDatabaseIsNotReady(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, err := Open(ctx, filepath.Join(t.TempDir(), "console.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	switchTo := func(on int) {
		if _, err := db.write.ExecContext(ctx, fmt.Sprintf(`PRAGMA query_only = %d`, on)); err != nil {
			t.Fatal(err)
		}
	}
	switchTo(1)
	if err := fill(ctx, db); !errors.Is(err, ErrUnwritable) {
		t.Errorf("it says %v", err)
	}
	if err := db.Ready(ctx); !errors.Is(err, ErrUnwritable) {
		t.Errorf("it is ready: %v", err)
	}
	switchTo(0)
	if err := db.Ready(ctx); err != nil {
		t.Errorf("it is not ready: %v", err)
	}
}
