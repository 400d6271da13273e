package store_test

import (
	"context"
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
