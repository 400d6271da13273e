package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"

	"console/internal/input"
	"console/internal/permission"
	"console/store"
	"console/store/storetest"
)

// addGroups inserts groups, with a tenant of their own where there is none yet.
func addGroups(t *testing.T, db *store.DB, groups ...store.Group) []store.Group {
	t.Helper()
	update(t, db, func(ctx context.Context, tx *store.Tx) error {
		for i := range groups {
			if err := tx.InsertGroup(ctx, &groups[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return groups
}

func listAll(t *testing.T, db *store.DB, query store.GroupQuery) (names []string, pages int) {
	t.Helper()
	for {
		groups, next, _, err := db.ListGroups(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		pages++
		for _, g := range groups {
			names = append(names, g.Name)
		}
		if next.ID == 0 {
			return names, pages
		}
		query.Cursor = store.ParseCursor(next.String(), store.SortName)
	}
}

func TestListGroupsPages(t *testing.T) {
	t.Parallel()
	db := open(t)
	var want []string
	for i := range 23 { // some names twice: the id decides
		name := fmt.Sprintf("Group %02d", i/2)
		want = append(want, name)
		addGroups(t, db, store.Group{Name: name, Role: permission.Analyst})
	}
	for _, limit := range []int{1, 2, 5, 22, 23, 24, 100} {
		names, pages := listAll(t, db, store.GroupQuery{Limit: limit})
		if !slices.Equal(names, want) || pages != (23+limit-1)/limit {
			t.Errorf("limit %d: %d pages, %v", limit, pages, names)
		}
	}
	// Back from the last page to the first.
	query := store.GroupQuery{Limit: 5}
	var forth []int64
	var prev store.Cursor
	for {
		groups, next, before, err := db.ListGroups(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range groups {
			forth = append(forth, g.ID)
		}
		prev = before
		if next.ID == 0 {
			forth = forth[:len(forth)-len(groups)]
			break
		}
		query.Cursor = next
	}
	var back []int64
	for prev.ID != 0 {
		query.Cursor = store.ParseCursor(prev.String(), store.SortName)
		groups, next, before, err := db.ListGroups(t.Context(), query)
		if err != nil || next.ID == 0 {
			t.Fatalf("%v; the page after: %v", err, next)
		}
		var ids []int64
		for _, g := range groups {
			ids = append(ids, g.ID)
		}
		back, prev = append(ids, back...), before
	}
	if !slices.Equal(back, forth) {
		t.Errorf("forth %v, back %v", forth, back)
	}
	if groups, next, prev, err := db.ListGroups(
		t.Context(),
		store.GroupQuery{Search: "none", Limit: 5},
	); len(groups) != 0 || next.ID != 0 || prev.ID != 0 ||
		err != nil {
		t.Errorf("of nothing: %v, %v, %v, %v", groups, next, prev, err)
	}
}

func TestListGroupsSearchesAndFilters(t *testing.T) {
	t.Parallel()
	db := open(t)
	set := permission.ParseSet("rules.view")
	addGroups(
		t,
		db,
		store.Group{
			Name: "100% rules",
			Role: permission.Analyst,
		},
		store.Group{Name: "a_b", Custom: set},
		store.Group{Name: "axb", Role: permission.Admin},
		store.Group{
			Name:   "Équipe Sécurité",
			Custom: set,
		},
		store.Group{Name: "日本の管理者", Role: permission.Analyst},
		store.Group{Name: "Straße", Role: permission.Deploy},
		store.Group{Name: "ÅNGSTRÖM", Role: permission.Analyst},
		store.Group{Name: `back\slash "quoted" 'one'`, Role: permission.Analyst},
	)
	for search, want := range map[string][]string{
		"%":                    {"100% rules"},
		"_":                    {"a_b"},
		"A_B":                  {"a_b"},
		"equipe":               {"Équipe Sécurité"},
		"SECURITÉ":             {"Équipe Sécurité"},
		"E\u0301quipe":         {"Équipe Sécurité"}, // not composed
		"管理":                   {"日本の管理者"},
		"strasse":              {"Straße"},
		"angstrom":             {"ÅNGSTRÖM"},
		`\`:                    {`back\slash "quoted" 'one'`},
		"' OR 1=1 --":          nil,
		"":                     {"100% rules", "a_b", "ÅNGSTRÖM", "axb", `back\slash "quoted" 'one'`, "Équipe Sécurité", "Straße", "日本の管理者"},
		strings.Repeat("x", 9): nil,
	} {
		if names, _ := listAll(t, db, store.GroupQuery{Search: search, Limit: 3}); !slices.Equal(names, want) {
			t.Errorf("%q finds %q, want %q", search, names, want)
		}
	}
	if names, _ := listAll(t, db, store.GroupQuery{Custom: true, Limit: 1}); !slices.Equal(names, []string{"a_b", "Équipe Sécurité"}) {
		t.Errorf("of one's own: %q", names)
	}
	if names, _ := listAll(t, db, store.GroupQuery{Role: permission.Deploy, Limit: 1}); !slices.Equal(names, []string{"Straße"}) {
		t.Errorf("of a role: %q", names)
	}
	if names, _ := listAll(
		t,
		db,
		store.GroupQuery{Role: permission.Analyst, Search: "r", Limit: 1},
	); !slices.Equal(
		names,
		[]string{"100% rules", "ÅNGSTRÖM"},
	) {
		t.Errorf("of a role, searched: %q", names)
	}
}

func TestGroupKeepsItsSet(t *testing.T) {
	t.Parallel()
	db := open(t)
	set := permission.ParseSet("rules.view rules.update activity.export")
	g := addGroups(t, db, store.Group{Name: "G", Custom: set})[0]
	g.Name, g.Custom, g.Role = "H", permission.Set{}, permission.ReadOnly
	stored, err := db.GroupByID(t.Context(), g.ID)
	if err != nil || stored.Custom != set || stored.Set() != set {
		t.Fatalf("%+v, %v", stored, err)
	}
	stale := g
	update(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.UpdateGroup(ctx, &g) })
	err = db.Update(t.Context(), func(tx *store.Tx) error { return tx.UpdateGroup(t.Context(), &stale) })
	if !errors.Is(err, store.ErrStale) {
		t.Errorf("a stale version: %v", err)
	}
	stored, err = db.GroupByID(t.Context(), g.ID)
	if err != nil || stored.Name != "H" || stored.Set() != permission.ReadOnly.Set() || stored.Version != g.Version {
		t.Errorf("%+v, %v", stored, err)
	}
	for name, want := range map[string]bool{"h": true, "H": true, "G": false} {
		if taken, err := db.GroupNamed(t.Context(), name, 0); taken != want || err != nil {
			t.Errorf("%q is taken: %v, %v", name, taken, err)
		}
	}
}

func TestMembersAreCounted(t *testing.T) {
	t.Parallel()
	db := open(t)
	people := addPeople(t, db, person(1), person(2), person(3))
	groups := addGroups(t, db, store.Group{Name: "A", Role: permission.Analyst}, store.Group{Name: "B", Role: permission.Analyst})
	version := map[int64]int64{}
	check := func(what string, members ...int) {
		t.Helper()
		for i, g := range groups {
			now, err := db.GroupByID(t.Context(), g.ID)
			if err != nil {
				t.Fatal(err)
			}
			ids, err := db.GroupMembers(t.Context(), g.ID)
			if err != nil || now.Members != members[i] || len(ids) != members[i] {
				t.Errorf("%s: group %d says %d, has %v, %v", what, i, now.Members, ids, err)
			}
			if now.Version != g.Version {
				t.Errorf("%s: members are no change of the group, but its version rose", what)
			}
			version[g.ID] = now.MembersVersion
		}
	}
	a := groups[0].ID
	add := func(group, user int64, want bool) {
		t.Helper()
		update(t, db, func(ctx context.Context, tx *store.Tx) error {
			if added, err := tx.AddMember(ctx, group, user); added != want || err != nil {
				t.Errorf("added: %v, %v", added, err)
			}
			return nil
		})
	}
	for _, p := range people {
		add(a, p.ID, true)
	}
	add(groups[1].ID, people[0].ID, true)
	check("added", 3, 1)
	before := version[a]
	add(a, people[0].ID, false)
	check("added twice", 3, 1)
	if version[a] != before {
		t.Error("nothing changed, but the version of the members rose")
	}
	update(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteUser(ctx, people[0].ID) })
	check("deleted", 2, 0)
	if version[a] <= before {
		t.Error("somebody was deleted, but the version of the members stayed")
	}
	for want := range 2 {
		update(t, db, func(ctx context.Context, tx *store.Tx) error {
			if removed, err := tx.RemoveMember(ctx, a, people[1].ID); removed != (want == 0) || err != nil {
				t.Errorf("removed: %v, %v", removed, err)
			}
			return nil
		})
		check("removed", 1, 0)
	}
	for _, unknown := range [][2]int64{{a, 999}, {999, people[2].ID}} {
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			_, err := tx.AddMember(t.Context(), unknown[0], unknown[1])
			return err
		})
		if err == nil {
			t.Errorf("added what does not exist: %v", unknown)
		}
	}
	check("refused", 1, 0)
	update(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteGroup(ctx, a) })
	if user, err := db.UserByID(t.Context(), people[2].ID); err != nil || user.ID == 0 {
		t.Errorf("the member of a deleted group: %v", err)
	}
}

func TestDeletedTenantLeavesItsGroups(t *testing.T) {
	t.Parallel()
	db := open(t)
	main, staging := store.Tenant{UUID: "m", Name: "Main", Main: true}, store.Tenant{UUID: "s", Name: "Staging"}
	user := person(1)
	addPeople(t, db, user)
	group := store.Group{Name: "G", Role: permission.Analyst}
	update(t, db, func(ctx context.Context, tx *store.Tx) error {
		if err := errors.Join(
			tx.InsertTenant(ctx, &main),
			tx.InsertTenant(ctx, &staging),
			tx.InsertGroup(ctx, &group, main.ID, staging.ID),
		); err != nil {
			return err
		}
		_, err := tx.AddMember(ctx, group.ID, 1)
		return err
	})
	update(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteTenant(ctx, staging.ID) })
	memberships, err := db.Memberships(t.Context(), 1)
	if err != nil || len(memberships) != 1 || !slices.Equal(memberships[0].Tenants, []int64{main.ID}) || memberships[0].Members != 1 {
		t.Errorf("%+v, %v", memberships, err)
	}
	for _, id := range []int64{main.ID, staging.ID} { // the main one stays, the other is gone
		err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.DeleteTenant(t.Context(), id) })
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("tenant %d: %v", id, err)
		}
	}
}

// TestMigrationCountsMembers opens a database of the schema before groups of one's own, with people in it.
func TestMigrationCountsMembers(t *testing.T) {
	t.Parallel()
	path := onSQLite(t, "earlier versions had SQLite alone")
	raw, err := sql.Open("sqlite", store.DSN(path))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	earlier, err := goose.NewProvider(goose.DialectSQLite3, raw, os.DirFS("migrations/sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := earlier.UpTo(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	_, err = raw.Exec(`INSERT INTO tenants (uuid, name, main, created_at) VALUES ('t', 'Company', 1, 1);
		INSERT INTO users (uuid, email, email_key, first_name, last_name, role, created_at, joined_at, activated_at, name_key, role_key) VALUES
			('1', 'a@x.com', 'a@x.com', 'A', '', 'analyst', 1, 1, 1, 'a', 'analyst a'), ('2', 'b@x.com', 'b@x.com', 'B', '', 'analyst', 1, 1, 1, 'b', 'analyst b'),
			('3', 'c@x.com', 'c@x.com', 'C', '', 'read_only', 1, 1, 1, 'c', 'read only c');
		INSERT INTO groups (name, role, automatic, all_tenants, created_at) VALUES ('Analysts', 'analyst', 1, 0, 1), ('Read Only', 'read_only', 1, 0, 1),
			('Global Analysts', 'global_analyst', 1, 1, 1);
		INSERT INTO group_tenants VALUES (1, 1), (2, 1);
		INSERT INTO group_users VALUES (1, 1), (1, 2), (2, 3)`)
	if err != nil {
		t.Fatal(err)
	}
	db := openAt(t, path)
	groups, _, _, err := db.ListGroups(t.Context(), store.GroupQuery{Search: "AN", Limit: 10})
	if err != nil || len(groups) != 2 {
		t.Fatalf("%v, %v", groups, err)
	}
	for i, want := range []store.Group{
		{Name: "Analysts", Role: permission.Analyst, Members: 2, Automatic: true, Version: 1, ID: 1, CreatedAt: 1},
		{Name: "Global Analysts", Role: permission.GlobalAnalyst, Automatic: true, AllTenants: true, Version: 1, ID: 3, CreatedAt: 1},
	} {
		if groups[i].Group != want {
			t.Errorf("%+v, want %+v", groups[i].Group, want)
		}
	}
	group, err := db.AutomaticGroup(t.Context(), permission.ReadOnly, 1)
	if err != nil || group.Members != 1 {
		t.Errorf("%+v, %v", group, err)
	}
	user, err := db.UserByID(t.Context(), 1)
	tenant, tenantErr := db.MainTenant(t.Context())
	if err != nil || tenantErr != nil || user.ByGroups || tenant.DisabledAt != 0 || tenant.Version != 1 {
		t.Errorf("%+v, %+v, %v, %v", user, tenant, err, tenantErr)
	}
	g := groups[0].Group
	g.Name = "Analysts of old"
	update(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.UpdateGroup(ctx, &g) })
}

// FuzzStoredText: whatever text is stored and asked for, both engines keep and find it alike: as input.Storable writes it.
func FuzzStoredText(f *testing.F) {
	for _, name := range []string{"Sales", "a\x00b", "\xff", "\ufffd", "e\u0301", "é", `\u0000`, `"'\`, "%_", "\U0002a6d6", " ", "x\u2028"} {
		f.Add(name)
	}
	db, err := store.Open(f.Context(), storetest.Place(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { db.Close() })
	f.Fuzz(func(t *testing.T, name string) {
		ctx, undo := t.Context(), errors.New("undo")
		err := db.Update(ctx, func(tx *store.Tx) error {
			group := store.Group{Name: name, Role: permission.Analyst}
			if err := tx.InsertGroup(ctx, &group); err != nil {
				return err
			}
			kept, err := tx.GroupByID(ctx, group.ID)
			if err != nil || kept.Name != input.Storable(name) {
				t.Errorf("%q is stored as %q, %v", name, kept.Name, err)
			}
			if found, err := tx.GroupNamed(ctx, name, 0); err != nil || !found {
				t.Errorf("%q is not found by its name: %v", name, err)
			}
			return undo
		})
		if !errors.Is(err, undo) {
			t.Errorf("%q: %v", name, err)
		}
	})
}
