package store_test

import (
	"testing"

	"console/store"
)

func TestFC181_KeysOfEarlierVersionsAreFoldedAnew(t *testing.T) {
	t.Parallel()
	path := onSQLite(t, "earlier versions had SQLite alone")
	earlier := store.OpenAt(t, path, 13)
	_, err := earlier.Exec(`INSERT INTO users (uuid, email, email_key, first_name, last_name, role, created_at, joined_at, activated_at, name_key, role_key)
		VALUES ('1', 'a@b.co', 'a@b.co', 'Łukasz', 'O’Brien', 'analyst', 1, 1, 1, 'łukasz o’brien', 'analyst' || char(10) || 'łukasz o’brien'),
		('2', 'm@b.co', 'm@b.co', 'Max', '', 'analyst', 1, 1, 1, 'max', 'analyst' || char(10) || 'max');
		INSERT INTO groups (name, name_key, role, permissions, automatic, all_tenants, created_at) VALUES ('Łódź', 'łodz', 'analyst', '', 0, 0, 1)`)
	if err != nil {
		t.Fatal(err)
	}
	if err := earlier.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, sort := range []store.Sort{store.SortName, store.SortRole} {
		page, err := db.ListUsers(t.Context(), store.UserQuery{Tab: store.TabAll, Sort: sort, Limit: 10})
		if err != nil || len(page.IDs) != 2 || page.IDs[0] != 1 {
			t.Errorf("by %s: %v, %v", sort, page.IDs, err)
		}
	}
	groups, _, _, err := db.ListGroups(t.Context(), store.GroupQuery{Search: "lodz", Limit: 10})
	if err != nil || len(groups) != 1 {
		t.Errorf("%v, %v", groups, err)
	}
}

// Who stands behind the end, because the last rows were deleted or because the address says so, is led to the last page.
func TestFC108_BehindTheEndStandsTheLastPage(t *testing.T) {
	t.Parallel()
	db := open(t)
	for n := range 7 {
		name := string(rune('a' + n))
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			if err := tx.InsertGroup(t.Context(), &store.Group{Name: name, Role: "analyst", CreatedAt: 1}); err != nil {
				return err
			}
			return tx.InsertUser(t.Context(), &store.User{UUID: name, Email: name + "@b.co", EmailKey: name + "@b.co", FirstName: name, Role: "analyst",
				CreatedAt: 1, JoinedAt: 1, ActivatedAt: 1})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	end := store.Cursor{Key: "z", ID: 9}.Remaining()
	for _, descending := range []bool{false, true} {
		page, err := db.ListUsers(t.Context(), store.UserQuery{Tab: store.TabAll, Sort: store.SortName, Descending: descending, Cursor: end, Limit: 3})
		if err != nil || len(page.IDs) != 3 || page.Next.ID != 0 || page.Prev.ID == 0 {
			t.Errorf("descending %v: %+v, %v", descending, page, err)
		}
	}
	groups, next, prev, err := db.ListGroups(t.Context(), store.GroupQuery{Cursor: end, Limit: 3})
	if err != nil || len(groups) != 3 || groups[2].Name != "g" || next.ID != 0 || prev.ID == 0 {
		t.Errorf("%v, %v, %v, %v", groups, next, prev, err)
	}
}
