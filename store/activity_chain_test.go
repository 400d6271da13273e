package store_test

import (
	"context"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"console/store"
)

// The MAC is computed over what the program is about to write, and verified over what the database holds.
func TestTheDatabaseMakesTheSameText(t *testing.T) {
	t.Parallel()
	db := open(t)
	var written [][]byte
	noting := func(previous, entry []byte) []byte {
		written = append(written, entry)
		return mac(previous, entry)
	}
	entries := []store.Entry{
		{},
		{Action: ",", Object: "4:", Changes: `{"name":["","Zoë 🦊"]}`, ActorID: -1, At: math.MaxInt64, ObjectID: math.MinInt64},
		{Actor: "a\x00b", Source: "\xff\xfe", Address: "'\";--", RequestID: "\n", UserAgent: strings.Repeat("ü", 5000), JobID: 1 << 53},
	}
	v := reflect.ValueOf(&entries[0]).Elem()
	for i := range v.NumField() { // each field by itself: none is left out
		e := reflect.New(v.Type()).Elem()
		switch f := e.Field(i); f.Kind() {
		case reflect.String:
			f.SetString("text")
		case reflect.Int64:
			f.SetInt(7)
		default:
			continue // the MAC
		}
		entries = append(entries, e.Interface().(store.Entry))
	}
	update(t, db, func(ctx context.Context, tx *store.Tx) error {
		for i := range entries {
			if err := tx.InsertEntry(ctx, noting, &entries[i]); err != nil {
				return err
			}
		}
		return nil
	})
	seen, n := map[string]bool{}, 0
	previous := store.ChainStart
	err := db.EachLink(t.Context(), 0, 100, func(l store.Link) error {
		n++
		if text := string(written[n-1]); string(l.Text) != text || l.ID != int64(n) || string(l.MAC) != string(mac(previous, l.Text)) {
			t.Errorf("entry %d was written as\n%q, and is read as %d\n%q", n, text, l.ID, l.Text)
		}
		_, afterID, _ := strings.Cut(string(l.Text), ",")
		seen[afterID] = true
		previous = l.MAC
		return nil
	})
	if err != nil || len(seen) != len(entries)-1 { // the one with an id of its own is as empty as the first
		t.Errorf("%d of %d texts, %v", len(seen), len(entries), err)
	}
}

// What a savepoint or a transaction takes back leaves no gap: a gap is a missing entry.
func TestIDsOfEntriesHaveNoGaps(t *testing.T) {
	t.Parallel()
	db := open(t)
	insert := func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertEntry(ctx, mac, &store.Entry{Changes: "{}"})
	}
	errBack := errors.New("taken back")
	for range 3 {
		update(t, db, func(ctx context.Context, tx *store.Tx) error {
			if err := insert(ctx, tx); err != nil {
				return err
			}
			err := tx.Savepoint(ctx, func() error { return errors.Join(insert(ctx, tx), errBack) })
			if !errors.Is(err, errBack) {
				return err
			}
			return insert(ctx, tx)
		})
		err := db.Update(t.Context(), func(tx *store.Tx) error { return errors.Join(insert(t.Context(), tx), errBack) })
		if !errors.Is(err, errBack) {
			t.Fatal(err)
		}
	}
	if last, err := db.LastEntry(t.Context()); err != nil || last != 6 {
		t.Errorf("the last of 6 entries is %d, %v", last, err)
	}
}
