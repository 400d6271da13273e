package store_test

import (
	"testing"

	"console/store"
)

func TestCreatorsOfTriggersComeFromTheActivity(t *testing.T) {
	t.Parallel()
	path := onSQLite(t, "earlier versions had SQLite alone")
	old := store.OpenAt(t, path, 13)
	for _, statement := range []string{
		`INSERT INTO triggers (name, description, condition, role_operator, roles, enabled, created_at) VALUES
			('Known', '', 'user_added', '', '[]', 1, 1), ('Not known', '', 'user_added', '', '[]', 1, 1)`,
		`INSERT INTO activity (at, actor_id, actor, source, address, request_id, action, object_type, object_id, object, outcome, changes) VALUES
			(1, 7, 'Ann <ann@example.com>', 'ui', '', '', 'create trigger', 'trigger', 1, 'Known', 'done', '{}'),
			(2, 8, 'Bob <bob@example.com>', 'ui', '', '', 'change trigger', 'trigger', 1, 'Known', 'done', '{}'),
			(3, 8, 'Bob <bob@example.com>', 'ui', '', '', 'change trigger', 'trigger', 2, 'Not known', 'done', '{}'),
			(4, 9, 'Eve <eve@example.com>', 'ui', '', '', 'create group', 'group', 2, 'Staff', 'done', '{}')`,
	} {
		if _, err := old.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	triggers, err := db.Triggers(t.Context())
	if err != nil || len(triggers) != 2 {
		t.Fatalf("%+v, %v", triggers, err)
	}
	if known := triggers[0]; known.CreatorID != 7 || known.Creator != "Ann <ann@example.com>" {
		t.Errorf("%q was made by %q (%d)", known.Name, known.Creator, known.CreatorID)
	}
	if other := triggers[1]; other.CreatorID != 0 || other.Creator != "" {
		t.Errorf("%q was made by %q (%d)", other.Name, other.Creator, other.CreatorID)
	}
}
