package store_test

import (
	"strings"
	"sync"
	"testing"

	"console/store"
	"console/store/storetest"
)

func TestPG05_BehindAPoolerOneSettingIsNeeded(t *testing.T) {
	onPostgres(t)
	place := storetest.Pooler(t, storetest.Bare(t, "")) // so that the migrations run there, too
	for what, open := range map[string]func() error{
		"Open": func() error { _, err := store.Open(t.Context(), place); return err },
		"SealedAt": func() error {
			if _, err := store.SealedAt(t.Context(), place); err != nil {
				return err
			}
			_, err := store.SealedAt(t.Context(), place) // a new pooler has not prepared anything before
			return err
		},
	} {
		if err := open(); err == nil || !strings.Contains(err.Error(), "default_query_exec_mode=exec") {
			t.Errorf("%s without the setting: %v", what, err)
		}
	}
	db := openAt(t, place+"&default_query_exec_mode=exec")
	const clients, each = 20, 10
	var group sync.WaitGroup
	for c := range clients {
		group.Go(func() {
			for i := range each {
				p := person(c*each + i)
				if err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.InsertUser(t.Context(), &p) }); err != nil {
					t.Error("a change:", err)
				}
				if err := db.View(t.Context(), func(q store.Queries) error { _, err := q.UserByID(t.Context(), p.ID); return err }); err != nil {
					t.Error("a snapshot:", err)
				}
				if _, err := db.UserByEmailKey(t.Context(), p.EmailKey); err != nil {
					t.Error("a read:", err)
				}
			}
		})
	}
	group.Wait()
}
