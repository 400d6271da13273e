package store

import (
	"bytes"
	"context"
	"errors"
)

// Integration is a configured destination. Its settings are sealed: only who holds the key can read them.
type Integration struct {
	ID            int64
	Kind          string
	Name          string
	Active        bool
	Settings      []byte
	CreatedAt     Millis
	SwitchedOffAt Millis // by the console, because too much failed; 0 when active or switched off by a person
	TenantID      int64  // a label by which programs list it; 0: the main tenant
	Events        string // a JSON array of what a program wants to be told of; the console keeps it and goes by triggers
	Creator       string // as the activity entries name people; empty: not known, as of those made by earlier versions
	Version       int64
}

// NoEvents are the Integration.Events of one for which no program has said any.
const NoEvents = "[]"

const integrationColumns = `i.id, i.kind, i.name, i.active, i.settings, i.created_at, i.switched_off_at,
	coalesce(i.tenant_id, 0), i.events, i.creator, i.version`

func scanIntegration(s scanner) (i Integration, err error) {
	err = s.Scan(&i.ID, &i.Kind, &i.Name, &i.Active, &i.Settings, &i.CreatedAt, &i.SwitchedOffAt, &i.TenantID, &i.Events,
		&i.Creator, &i.Version)
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
	return many(
		ctx,
		q.q,
		scanIntegration,
		`SELECT `+integrationColumns+` FROM trigger_integrations ti JOIN integrations i ON i.id = ti.integration_id
		WHERE ti.trigger_id = $1 ORDER BY i.name, i.id`,
		triggerID,
	)
}

// InsertIntegration adds i without settings, which are sealed for its id, and sets the id.
func (tx *Tx) InsertIntegration(ctx context.Context, i *Integration) (err error) {
	i.Version = 1
	if i.Events == "" {
		i.Events = NoEvents
	}
	i.ID, err = tx.insert(ctx, `INSERT INTO integrations (kind, name, active, settings, created_at, tenant_id, events, creator)
		VALUES ($1, $2, $3, $4, $5, nullif(CAST($6 AS BIGINT), 0), $7, $8)`,
		i.Kind, i.Name, i.Active, []byte{}, i.CreatedAt, i.TenantID, i.Events, i.Creator)
	return err
}

// UpdateIntegration stores i when nobody has changed it since i.Version was read; otherwise it returns ErrStale. It returns ErrOtherKey
// for settings that are not those stored, and not sealed with the key in force. What
// waits for it waits on when it is not active, and is due again when it is: the worker should be woken then. What has
// ended so far no longer counts against it when it is switched on or has other settings, as sealed, than before; nor does
// it stay held then.
func (tx *Tx) UpdateIntegration(ctx context.Context, i *Integration) error {
	before, err := tx.IntegrationByID(ctx, i.ID)
	if errors.Is(err, ErrNotFound) || err == nil && before.Version != i.Version {
		return ErrStale
	}
	if err != nil {
		return err
	}
	from, to := sealedAlike(i.Settings)
	err = tx.execOne(ctx, ErrOtherKey, `UPDATE integrations SET name = $3, active = $4, settings = $5, switched_off_at = $6,
		tenant_id = nullif(CAST($7 AS BIGINT), 0), events = $8, version = version + 1 WHERE id = $1 AND version = $2
		AND (settings = $5 OR `+keyInForce(9)+`)`,
		i.ID, i.Version, i.Name, i.Active, i.Settings, i.SwitchedOffAt, i.TenantID, i.Events, from, to)
	if err != nil {
		return err
	}
	i.Version++
	if i.Active && !before.Active || !bytes.Equal(i.Settings, before.Settings) {
		_, err := tx.exec(ctx, `UPDATE deliveries SET uncounted = 1 WHERE integration_id = $1 AND ended_at > 0 AND uncounted = 0`, i.ID)
		if err != nil {
			return err
		}
		if _, err := tx.exec(ctx, `DELETE FROM delivery_holds WHERE integration_id = $1`, i.ID); err != nil {
			return err
		}
	}
	return tx.followIntegration(ctx, i.ID, i.Active)
}

// DeleteIntegration removes i; its waiting deliveries fail with the reason given, and triggers no longer use it.
func (tx *Tx) DeleteIntegration(ctx context.Context, id int64, now Millis, reason string) error {
	_, err := tx.exec(
		ctx,
		`UPDATE deliveries SET state = $4, ended_at = $2, error = $3, secret = NULL WHERE integration_id = $1 AND state = $5`,
		id,
		now,
		reason,
		Failed,
		Waiting,
	)
	if err != nil {
		return err
	}
	return tx.execOne(ctx, ErrNotFound, `DELETE FROM integrations WHERE id = $1`, id)
}
