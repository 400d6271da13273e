package store_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"console/internal/permission"
	"console/store"
)

// The check that a Global Administrator remains runs under the writer's lock at every change of a person: in an index of those
// who are active it would read everybody.
func TestFC208_RemainingAdministratorsAreFoundByTheirIndex(t *testing.T) {
	t.Parallel()
	path := onSQLite(t, "the plan is SQLite's")
	db := openAt(t, path)
	people := make([]store.User, 300)
	for i := range people {
		people[i] = person(i)
	}
	people[7].Role, people[7].PasswordHash = permission.GlobalAdmin, "x"
	people[8].Role = permission.GlobalAdmin // without a password
	people[9].Role, people[9].PasswordHash, people[9].DisabledAt = permission.GlobalAdmin, "x", 1
	addPeople(t, db, people...)
	plan := planOf(t, path, store.UsableGlobalAdministratorsQuery)
	if len(plan) != 1 || !strings.HasSuffix(plan[0], "users USING INDEX users_administrators") {
		t.Errorf("the plan says %q", plan)
	}
	update(t, db, func(ctx context.Context, tx *store.Tx) error {
		if n, err := tx.UsableGlobalAdministrators(ctx); err != nil || n != 1 {
			t.Errorf("%d can sign in, %v", n, err)
		}
		return nil
	})
}

// What a start reads of everybody is what is read of each.
func TestEverybodyIsReadAsEachIs(t *testing.T) {
	t.Parallel()
	db := open(t)
	people := make([]store.User, 12)
	for i := range people {
		people[i] = person(i)
	}
	people[0].FirstName, people[0].LastName = "", ""
	people[1].FirstName, people[1].LastName = "Ngọc “, | \t;", "Ødegård 한국 🎈"
	people[2].JoinedAt, people[2].ActivatedAt = 0, 0
	people[3].JoinedAt, people[3].ActivatedAt = 7, 0
	people[4].ActivatedAt, people[4].DisabledAt = 7, 8
	people[5].ActivatedAt, people[5].DisabledAt = 0, 8
	people[6].JoinedAt, people[6].ActivatedAt, people[6].LastAuthAt, people[6].SecondFactor = 1<<41, 1<<41, 1<<41, true
	people[7].Role = permission.GlobalAdmin
	addPeople(t, db, people...)
	ids := make([]int64, len(people))
	for i := range ids {
		ids[i] = int64(i + 1)
	}
	each, err := db.UsersByIDs(t.Context(), ids)
	if err != nil || len(each) != len(people) {
		t.Fatalf("%d people are read, %v", len(each), err)
	}
	all, err := db.SearchedUsersBetween(t.Context(), 0, int64(len(people)))
	if err != nil || len(all) != len(people) {
		t.Fatalf("%d of %d people are read, %v", len(all), len(people), err)
	}
	slices.SortFunc(all, func(a, b store.SearchedUser) int { return cmp.Compare(a.ID, b.ID) })
	for i, u := range each {
		if all[i] != u.Searched() {
			t.Errorf("among all %+v, by the id %+v", all[i], u.Searched())
		}
	}
	if some, err := db.SearchedUsersBetween(t.Context(), 3, 5); err != nil || len(some) != 2 {
		t.Errorf("behind 3 and up to 5 are %v, %v", some, err)
	}
	if none, err := db.SearchedUsersBetween(t.Context(), 100, 200); err != nil || len(none) != 0 {
		t.Errorf("behind everybody are %v, %v", none, err)
	}
}

// In which tenant somebody is listed is said twice: by the statement that looks for people of tenants, and of the people that it has found.
func TestPeopleAreFoundInTheTenantThatTheyArePlacedIn(t *testing.T) {
	t.Parallel()
	db := open(t)
	tenants := []store.Tenant{{UUID: "main", Name: "Company", Main: true}, {UUID: "a", Name: "A"}, {UUID: "b", Name: "B"}}
	of := map[permission.Role][]store.Group{permission.Analyst: make([]store.Group, 3), permission.Deploy: make([]store.Group, 3)}
	update(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
		for i := range tenants {
			err = errors.Join(err, tx.InsertTenant(ctx, &tenants[i]))
		}
		for i, tenant := range slices.Backward(tenants) { // groups are read in the order in which they were made
			for role, groups := range of {
				groups[i] = store.Group{Name: fmt.Sprint(role, i), Role: role, Automatic: true}
				err = errors.Join(err, tx.InsertGroup(ctx, &groups[i], tenant.ID))
			}
		}
		return err
	})
	people := make([]store.User, 64) // each is in another choice of the six groups
	for i := range people {
		people[i] = person(i)
	}
	addPeople(t, db, people...)
	update(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
		for i, u := range people {
			for bit, g := range append(slices.Clone(of[permission.Analyst]), of[permission.Deploy]...) {
				if i>>bit&1 != 0 {
					_, added := tx.AddMember(ctx, g.ID, u.ID)
					err = errors.Join(err, added)
				}
			}
		}
		return err
	})
	all, err := db.PlacedUsers(t.Context(), store.PlacedQuery{Order: store.ByID, Limit: 200})
	if err != nil || len(all) != len(people) {
		t.Fatalf("%d people are found, %v", len(all), err)
	}
	for _, tenant := range tenants {
		found, err := db.PlacedUsers(t.Context(), store.PlacedQuery{Tenants: []int64{tenant.ID}, Order: store.ByID, Limit: 200})
		if err != nil {
			t.Fatal(err)
		}
		placed := slices.DeleteFunc(slices.Clone(all), func(u store.PlacedUser) bool { return u.TenantID != tenant.ID })
		if len(placed) == 0 || !slices.Equal(found, placed) {
			t.Errorf("in %s %d people are found, and %d are placed there", tenant.Name, len(found), len(placed))
		}
	}
}
