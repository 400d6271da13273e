package store

import "context"

// Integration is a configured destination. Its settings are sealed: only who holds the key can read them.
type Integration struct {
	ID            int64
	Kind          string
	Name          string
	Active        bool
	Settings      []byte
	CreatedAt     Millis
	SwitchedOffAt Millis // by the console, because too much failed; 0 when active or switched off by a person
	Version       int64
}

const integrationColumns = `i.id, i.kind, i.name, i.active, i.settings, i.created_at, i.switched_off_at, i.version`

func scanIntegration(s scanner) (i Integration, err error) {
	err = s.Scan(&i.ID, &i.Kind, &i.Name, &i.Active, &i.Settings, &i.CreatedAt, &i.SwitchedOffAt, &i.Version)
	return i, err
}

// Integrations returns all of them, by name.
func (q Queries) Integrations(ctx context.Context) ([]Integration, error) {
	return many(ctx, q.q, scanIntegration, `SELECT `+integrationColumns+` FROM integrations i ORDER BY i.name, i.id`)
}

// IntegrationByID returns ErrNotFound for an unknown id.
func (q Queries) IntegrationByID(ctx context.Context, id int64) (Integration, error) {
	return one(ctx, q.q, scanIntegration, `SELECT `+integrationColumns+` FROM integrations i WHERE i.id = $1`, id)
}

// IntegrationsOfTrigger returns the reactions of a trigger, by name.
func (q Queries) IntegrationsOfTrigger(ctx context.Context, triggerID int64) ([]Integration, error) {
	return many(ctx, q.q, scanIntegration, `SELECT `+integrationColumns+` FROM trigger_integrations ti JOIN integrations i ON i.id = ti.integration_id
		WHERE ti.trigger_id = $1 ORDER BY i.name, i.id`, triggerID)
}

// InsertIntegration adds i without settings, which are sealed for its id, and sets the id.
func (tx *Tx) InsertIntegration(ctx context.Context, i *Integration) (err error) {
	i.Version = 1
	i.ID, err = tx.insert(ctx, `INSERT INTO integrations (kind, name, active, settings, created_at) VALUES ($1, $2, $3, $4, $5)`,
		i.Kind, i.Name, i.Active, []byte{}, i.CreatedAt)
	return err
}

// UpdateIntegration stores i when nobody has changed it since i.Version was read; otherwise it returns ErrStale.
func (tx *Tx) UpdateIntegration(ctx context.Context, i *Integration) error {
	err := tx.execOne(ctx, ErrStale, `UPDATE integrations SET name = $3, active = $4, settings = $5, switched_off_at = $6, version = version + 1
		WHERE id = $1 AND version = $2`, i.ID, i.Version, i.Name, i.Active, i.Settings, i.SwitchedOffAt)
	if err == nil {
		i.Version++
	}
	return err
}

// DeleteIntegration removes i; its waiting deliveries fail with the reason given, and triggers no longer use it.
func (tx *Tx) DeleteIntegration(ctx context.Context, id int64, now Millis, reason string) error {
	_, err := tx.exec(ctx, `UPDATE deliveries SET state = $4, ended_at = $2, error = $3, secret = NULL WHERE integration_id = $1 AND state = $5`,
		id, now, reason, Failed, Waiting)
	if err != nil {
		return err
	}
	return tx.execOne(ctx, ErrNotFound, `DELETE FROM integrations WHERE id = $1`, id)
}

// EndedDeliveries counts the deliveries to an integration that ended since a time, and those of them that failed; reason
// is why the last one did.
func (q Queries) EndedDeliveries(ctx context.Context, integrationID int64, since Millis) (ended, failed int, reason string, err error) {
	type counts struct {
		ended, failed int
		reason        string
	}
	c, err := one(ctx, q.q, func(s scanner) (c counts, err error) {
		err = s.Scan(&c.ended, &c.failed, &c.reason)
		return c, err
	}, `SELECT count(*), coalesce(sum(state = 'failed'), 0), coalesce((SELECT error FROM deliveries WHERE integration_id = $1 AND state = 'failed'
		ORDER BY ended_at DESC, id DESC LIMIT 1), '') FROM deliveries WHERE integration_id = $1 AND ended_at >= $2`, integrationID, since)
	return c.ended, c.failed, c.reason, err
}
