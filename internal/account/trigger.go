package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"console/internal/permission"
	"console/store"
)

// TriggerInput is what the form of a trigger says.
type TriggerInput struct {
	Name, Description, Condition string
	RoleOperator                 string // "eq", "ne"; without roles there is no filter
	Roles                        []permission.Role
	Integrations                 []int64
	Enabled                      bool
}

func triggerObject(t store.Trigger) object {
	var roles []string
	for _, r := range t.Roles {
		roles = append(roles, r.Label())
	}
	return object{"trigger", t.ID, t.Name, map[string]string{
		"name": t.Name, "description": t.Description, "condition": t.Condition, "role operator": t.RoleOperator,
		"roles": strings.Join(roles, ", "), "enabled": fmt.Sprint(t.Enabled),
	}}
}

// TriggerWithReactions is a trigger and where it sends its messages.
type TriggerWithReactions struct {
	store.Trigger
	Integrations []store.Integration
}

// Triggers returns all triggers, by name. It returns Forbidden without triggers.view.
func (s *Service) Triggers(ctx context.Context, by Actor) ([]TriggerWithReactions, error) {
	if err := s.Require(ctx, by, permission.TriggersView); err != nil {
		return nil, err
	}
	triggers, err := s.db.Triggers(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]TriggerWithReactions, len(triggers))
	for i, t := range triggers {
		list[i].Trigger = t
		if list[i].Integrations, err = s.db.IntegrationsOfTrigger(ctx, t.ID); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Trigger returns one trigger. It returns Forbidden without triggers.view, or store.ErrNotFound.
func (s *Service) Trigger(ctx context.Context, by Actor, id int64) (TriggerWithReactions, error) {
	if err := s.Require(ctx, by, permission.TriggersView); err != nil {
		return TriggerWithReactions{}, err
	}
	trigger, err := s.db.TriggerByID(ctx, id)
	if err != nil {
		return TriggerWithReactions{}, err
	}
	integrations, err := s.db.IntegrationsOfTrigger(ctx, id)
	return TriggerWithReactions{trigger, integrations}, err
}

// Deliveries returns the newest messages of a trigger, at most limit. It returns Forbidden without triggers.view.
func (s *Service) Deliveries(ctx context.Context, by Actor, triggerID int64, limit int) ([]store.Delivery, error) {
	if err := s.Require(ctx, by, permission.TriggersView); err != nil {
		return nil, err
	}
	return s.db.DeliveriesOfTrigger(ctx, triggerID, limit)
}

// CreateTrigger adds a trigger. It returns Invalid or Forbidden.
func (s *Service) CreateTrigger(ctx context.Context, by Actor, in TriggerInput) (store.Trigger, error) {
	trigger, err := in.parse()
	if err != nil {
		return store.Trigger{}, err
	}
	return change(ctx, s, by, func(tx *Tx) (store.Trigger, error) {
		if err := tx.require(permission.TriggersCreate); err != nil {
			return store.Trigger{}, err
		}
		trigger.CreatedAt = tx.now
		if err := tx.db.InsertTrigger(ctx, &trigger); err != nil {
			return store.Trigger{}, err
		}
		if err := tx.setReactions(trigger, in.Integrations); err != nil {
			return store.Trigger{}, err
		}
		return trigger, tx.Record("create trigger", object{}, triggerObject(trigger))
	})
}

// UpdateTrigger changes a trigger that still is as it was at version. It returns Invalid, Forbidden, store.ErrStale
// or store.ErrNotFound.
func (s *Service) UpdateTrigger(ctx context.Context, by Actor, id, version int64, in TriggerInput) (store.Trigger, error) {
	if err := requireVersion(version); err != nil {
		return store.Trigger{}, err
	}
	trigger, err := in.parse()
	if err != nil {
		return store.Trigger{}, err
	}
	return change(ctx, s, by, func(tx *Tx) (store.Trigger, error) {
		if err := tx.require(permission.TriggersUpdate); err != nil {
			return store.Trigger{}, err
		}
		before, err := tx.db.TriggerByID(ctx, id)
		if err != nil {
			return store.Trigger{}, err
		}
		trigger.ID, trigger.Version, trigger.CreatedAt = id, version, before.CreatedAt
		if err := tx.db.UpdateTrigger(ctx, &trigger); err != nil {
			return store.Trigger{}, err
		}
		if err := tx.setReactions(trigger, in.Integrations); err != nil {
			return store.Trigger{}, err
		}
		return trigger, tx.Record("change trigger", triggerObject(before), triggerObject(trigger))
	})
}

// DeleteTrigger removes a trigger; messages it has queued are still delivered. It returns Forbidden or
// store.ErrNotFound.
func (s *Service) DeleteTrigger(ctx context.Context, by Actor, id int64) error {
	_, err := change(ctx, s, by, func(tx *Tx) (struct{}, error) {
		if err := tx.require(permission.TriggersDelete); err != nil {
			return struct{}{}, err
		}
		trigger, err := tx.db.TriggerByID(ctx, id)
		if err != nil {
			return struct{}{}, err
		}
		if err := tx.db.DeleteTrigger(ctx, id); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, tx.record("delete trigger", Done, triggerObject(trigger), nil)
	})
	return err
}

func (tx *Tx) setReactions(trigger store.Trigger, integrations []int64) error {
	for _, id := range integrations {
		if _, err := tx.db.IntegrationByID(tx.ctx, id); errors.Is(err, store.ErrNotFound) {
			return Invalid{"integration_ids": "An integration you chose has been deleted. Choose again."}
		} else if err != nil {
			return err
		}
	}
	return tx.db.SetReactions(tx.ctx, trigger.ID, integrations)
}

func (in TriggerInput) parse() (store.Trigger, error) {
	refused := Invalid{}
	trigger := store.Trigger{Condition: in.Condition, Enabled: in.Enabled}
	trigger.Name = parseTitle(in.Name, "name", "a name", refused)
	trigger.Description = line(in.Description)
	if utf8.RuneCountInString(trigger.Description) > MaxDescription {
		refused["description"] = "At most 1000 characters."
	} else if reason := refuseText(trigger.Description); reason != "" {
		refused["description"] = reason
	}
	if in.Condition != ConditionUserAdded {
		refused["condition"] = "Choose a condition."
	}
	if len(in.Roles) > 0 {
		trigger.RoleOperator, trigger.Roles = in.RoleOperator, in.Roles
		if in.RoleOperator != "eq" && in.RoleOperator != "ne" {
			refused["role_operator"] = "Choose = or ≠."
		}
	}
	for _, role := range in.Roles {
		if _, known := permission.ParseRole(string(role)); !known {
			refused["roles"] = "Choose roles from the list."
		}
	}
	if len(in.Integrations) == 0 {
		refused["integration_ids"] = "Choose at least one integration."
	}
	return trigger, refused.orNil()
}
