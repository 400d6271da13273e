package store_test

import (
	"context"
	"testing"

	"console/store"
)

// A value that somebody has changed since it was read is not sealed anew.
func TestWhatWasChangedMeanwhileIsNotSealedAnew(t *testing.T) {
	t.Parallel()
	db := open(t)
	chat := store.Integration{Kind: "slack", Name: "Chat", Active: true}
	save := func(settings string) {
		t.Helper()
		update(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
			if chat.ID == 0 {
				if err := tx.InsertIntegration(ctx, &chat); err != nil {
					return err
				}
			}
			if chat, err = tx.IntegrationByID(ctx, chat.ID); err != nil {
				return err
			}
			chat.Settings = []byte(settings)
			return tx.UpdateIntegration(ctx, &chat)
		})
	}
	settings := store.SealedColumns()[0]
	read := func() []store.SealedValue {
		t.Helper()
		values, err := db.SealedOtherwise(t.Context(), settings, []byte("new:"), 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		return values
	}
	sealAnew := func(v store.SealedValue, sealed string) (done bool) {
		t.Helper()
		update(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
			done, err = tx.SealAnew(ctx, v, []byte(sealed))
			return err
		})
		return done
	}
	save("old:one")
	before := read()
	save("old:two")
	if len(before) != 1 || sealAnew(before[0], "new:one") {
		t.Errorf("what was changed meanwhile is sealed anew: %v", before)
	}
	after := read()
	if len(after) != 1 || string(after[0].Sealed) != "old:two" || !sealAnew(after[0], "new:two") || sealAnew(after[0], "new:two") {
		t.Errorf("what was not changed is not sealed anew once: %v", after)
	}
	if left := read(); len(left) != 0 {
		t.Errorf("%v are left", left)
	}
}
