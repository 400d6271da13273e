package store

import (
	"context"
	"encoding/json"

	"console/internal/permission"
)

// Trigger says: if Condition and the role filter hold, then its integrations are told.
type Trigger struct {
	ID           int64
	Name         string
	Description  string
	Condition    string // what it waits for: a key of notify.Conditions; anything else never happens here, and has Rules
	RoleOperator string // "eq", "ne"; "" without a filter
	Roles        []permission.Role
	ObjectTypes  []string // of changed settings; empty lets all pass
	Enabled      bool
	CreatedAt    Millis
	CreatorID    int64  // 0: not known, as of some made by earlier versions
	Creator      string // as the activity entries name people
	TenantID     int64  // a label by which programs list it; 0: the main tenant
	Rules        string // what a program has said beyond the condition, as a JSON object that is given back as it came
	Version      int64
}

// NoRules are the Trigger.Rules of one of which no program has said more.
const NoRules = "{}"

const triggerColumns = `t.id, t.name, t.description, t.condition, t.role_operator, t.roles, t.object_types, t.enabled, t.created_at,
	t.creator_id, t.creator, coalesce(t.tenant_id, 0), t.rules, t.version`

func scanTrigger(s scanner) (t Trigger, err error) {
	var roles, objectTypes string
	err = s.Scan(&t.ID, &t.Name, &t.Description, &t.Condition, &t.RoleOperator, &roles, &objectTypes, &t.Enabled, &t.CreatedAt,
		&t.CreatorID, &t.Creator, &t.TenantID, &t.Rules, &t.Version)
	if err != nil {
		return t, err
	}
	if err := json.Unmarshal([]byte(roles), &t.Roles); err != nil {
		return t, err
	}
	return t, json.Unmarshal([]byte(objectTypes), &t.ObjectTypes)
}

// filters are the filters as they are stored.
func (t Trigger) filters() (roles, objectTypes string, err error) {
	if roles, err = list(t.Roles); err != nil {
		return "", "", err
	}
	objectTypes, err = list(t.ObjectTypes)
	return roles, objectTypes, err
}

// list is a list in JSON; none is an empty one.
func list[T any](items []T) (string, error) {
	if items == nil {
		return "[]", nil
	}
	b, err := json.Marshal(items)
	return string(b), err
}

// Triggers returns all of them, by name.
func (q Queries) Triggers(ctx context.Context) ([]Trigger, error) {
	return many(ctx, q.q, scanTrigger, `SELECT `+triggerColumns+` FROM triggers t ORDER BY t.name, t.id`)
}

// TriggerByID returns ErrNotFound for an unknown id.
func (q Queries) TriggerByID(ctx context.Context, id int64) (Trigger, error) {
	return one(ctx, q.q, scanTrigger, `SELECT `+triggerColumns+` FROM triggers t WHERE t.id = $1`, id)
}

// EnabledTriggers returns the triggers that watch for condition.
func (q Queries) EnabledTriggers(ctx context.Context, condition string) ([]Trigger, error) {
	return many(
		ctx,
		q.q,
		scanTrigger,
		`SELECT `+triggerColumns+` FROM triggers t WHERE t.enabled = 1 AND t.condition = $1 ORDER BY t.id`,
		condition,
	)
}

// InsertTrigger adds t and sets its id.
func (tx *Tx) InsertTrigger(ctx context.Context, t *Trigger) error {
	roles, objectTypes, err := t.filters()
	if err != nil {
		return err
	}
	t.Version = 1
	if t.Rules == "" {
		t.Rules = NoRules
	}
	t.ID, err = tx.insert(
		ctx,
		`INSERT INTO triggers (name, description, condition, role_operator, roles, object_types, enabled, created_at,
			creator_id, creator, tenant_id, rules) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, nullif(CAST($11 AS BIGINT), 0), $12)`,
		t.Name,
		t.Description,
		t.Condition,
		t.RoleOperator,
		roles,
		objectTypes,
		t.Enabled,
		t.CreatedAt,
		t.CreatorID,
		t.Creator,
		t.TenantID,
		t.Rules,
	)
	return err
}

// UpdateTrigger stores t when nobody has changed it since t.Version was read, and raises the version; otherwise it returns ErrStale.
func (tx *Tx) UpdateTrigger(ctx context.Context, t *Trigger) error {
	roles, objectTypes, err := t.filters()
	if err != nil {
		return err
	}
	err = tx.execOne(
		ctx,
		ErrStale,
		`UPDATE triggers SET name = $3, description = $4, condition = $5, role_operator = $6, roles = $7, object_types = $8, enabled = $9,
		tenant_id = nullif(CAST($10 AS BIGINT), 0), rules = $11, version = version + 1 WHERE id = $1 AND version = $2`,
		t.ID,
		t.Version,
		t.Name,
		t.Description,
		t.Condition,
		t.RoleOperator,
		roles,
		objectTypes,
		t.Enabled,
		t.TenantID,
		t.Rules,
	)
	if err == nil {
		t.Version++
	}
	return err
}

// SetReactions makes integrations the reactions of a trigger.
func (tx *Tx) SetReactions(ctx context.Context, triggerID int64, integrations []int64) error {
	if _, err := tx.exec(ctx, `DELETE FROM trigger_integrations WHERE trigger_id = $1`, triggerID); err != nil {
		return err
	}
	for _, id := range integrations {
		_, err := tx.exec(
			ctx,
			`INSERT INTO trigger_integrations (trigger_id, integration_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
			triggerID,
			id,
		)
		if err != nil {
			return err
		}
	}
	return nil
}

// DeleteTrigger removes a trigger; what it has queued is still delivered.
func (tx *Tx) DeleteTrigger(ctx context.Context, id int64) error {
	return tx.execOne(ctx, ErrNotFound, `DELETE FROM triggers WHERE id = $1`, id)
}

// TriggersUsing returns the triggers that have an integration among their reactions, by name.
func (q Queries) TriggersUsing(ctx context.Context, integrationID int64) ([]Trigger, error) {
	return many(ctx, q.q, scanTrigger, `SELECT `+triggerColumns+` FROM trigger_integrations ti JOIN triggers t ON t.id = ti.trigger_id
		WHERE ti.integration_id = $1 ORDER BY t.name, t.id`, integrationID)
}
