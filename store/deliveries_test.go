package store_test

import (
	"path/filepath"
	"testing"

	"console/store"
)

func TestWaitingDeliveriesSurviveTheMigration(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "console.db")
	old := store.OpenAt(t, path, 2)
	for _, statement := range []string{
		`INSERT INTO integrations (kind, name, active, settings, created_at) VALUES ('slack', 'Alerts', 1, x'', 1)`,
		`INSERT INTO events (uuid, type, occurred_at) VALUES ('e', 'create_users', 1)`,
		`INSERT INTO deliveries (uuid, target, kind, recipient, template, params, event_id, integration_id, state, next_at, created_at)
			VALUES ('d', 'integration:1', 'slack', '', 'create_users', '{"count":25}', 1, 1, 'waiting', 1, 1)`,
		`INSERT INTO deliveries (uuid, target, kind, recipient, template, params, state, attempts, next_at, created_at)
			VALUES ('m', 'mail', 'email', 'a@example.com', 'invitation', '{}', 'waiting', 3, 1, 1)`,
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
	summary, err := db.DeliveryByID(t.Context(), 1)
	if err != nil || summary.Template != "create_user_summary" || string(summary.Params) != `{"count":25,"template":"create_user"}` || summary.Batch != 0 || summary.Uncounted {
		t.Errorf("%+v (%s), %v", summary, summary.Params, err)
	}
	mail, err := db.DeliveryByID(t.Context(), 2)
	if err != nil || mail.Template != "invitation" || mail.Attempts != 3 || mail.State != store.Waiting {
		t.Errorf("%+v, %v", mail, err)
	}
	if targets, err := db.DueTargets(t.Context(), 1); err != nil || len(targets) != 2 {
		t.Errorf("due: %v, %v", targets, err)
	}
}
