package account

import (
	"cmp"
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"console/internal/input"
	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

// TriggerInput is what the form of a trigger says.
type TriggerInput struct {
	Name, Description, Condition string
	RoleOperator                 string // "eq", "ne"; without roles there is no filter
	Roles                        []permission.Role
	ObjectTypes                  []string // of changed settings, in place of roles
	Integrations                 []int64

	Enabled  *bool  // nil: stays; a new one is enabled
	TenantID *int64 // by which programs list it; nil: stays, or the main tenant
	Rules    string // for which the console has no events: what a program asks for, a JSON object; empty: the condition is one of its own
}

// TriggerWithReactions is a trigger and where it sends its messages.
type TriggerWithReactions struct {
	store.Trigger
	Integrations []store.Integration
}

func (t TriggerWithReactions) object() object {
	var roles, integrations []string
	for _, r := range t.Roles {
		roles = append(roles, r.Label())
	}
	for _, i := range t.Integrations {
		integrations = append(integrations, i.Name)
	}
	filter := ""
	if len(roles) > 0 {
		filter = map[string]string{"eq": "= ", "ne": "≠ "}[t.RoleOperator] + strings.Join(roles, ", ")
	}
	condition, _ := notify.ConditionByKey(t.Condition)
	return object{kind: objectTrigger, id: t.ID, name: t.Name, fields: map[string]string{
		"name": t.Name, "description": t.Description, "condition": cmp.Or(condition.Label, t.Condition),
		"user's role": filter, "settings": typeWords(t.ObjectTypes),
		"enabled": yesOrNo(t.Enabled), "integrations": strings.Join(integrations, ", "),
		"tenant": tenantLabel(t.TenantID), "rules": said(t.Rules, store.NoRules),
	}}
}

// typeWords are types of settings in words.
func typeWords(names []string) string {
	var labels []string
	for _, o := range notify.SettingsTypes {
		if slices.Contains(names, o.Value) {
			labels = append(labels, o.Label)
		}
	}
	return strings.Join(labels, ", ")
}

// Digest tells the trigger, as it is shown before it is deleted, from another one.
func (t TriggerWithReactions) Digest() string {
	return digestOf(t.ID, t.Name, saidOfIntegrations(t.Integrations))
}

// Triggers returns all triggers, by name. It returns Forbidden without triggers.view.
func (s *Service) Triggers(ctx context.Context, by Actor) ([]TriggerWithReactions, error) {
	return read(ctx, s, by, func(v *View) ([]TriggerWithReactions, error) {
		if err := v.requirePermission(permission.TriggersView); err != nil {
			return nil, err
		}
		triggers, err := v.db.Triggers(ctx)
		if err != nil {
			return nil, err
		}
		list := make([]TriggerWithReactions, len(triggers))
		for i, t := range triggers {
			list[i].Trigger = t
			if list[i].Integrations, err = v.db.IntegrationsOfTrigger(ctx, t.ID); err != nil {
				return nil, err
			}
		}
		return list, nil
	})
}

// Trigger returns one trigger. It returns Forbidden without triggers.view, or store.ErrNotFound.
func (s *Service) Trigger(ctx context.Context, by Actor, id int64) (TriggerWithReactions, error) {
	return read(ctx, s, by, func(v *View) (TriggerWithReactions, error) {
		if err := v.requirePermission(permission.TriggersView); err != nil {
			return TriggerWithReactions{}, err
		}
		return v.triggerWithReactions(ctx, id)
	})
}

// Destinations returns the integrations that a trigger can send to, by name, for those who may make or change triggers.
// It returns Forbidden.
func (s *Service) Destinations(ctx context.Context, by Actor) ([]store.Integration, error) {
	if err := s.requireEditor(by); err != nil {
		return nil, err
	}
	return s.db.Integrations(ctx)
}

// requireEditor returns Forbidden for those who may neither make nor change triggers.
func (s *Service) requireEditor(by Actor) error {
	if by.May(permission.TriggersCreate) {
		return nil
	}
	return s.Require(by, permission.TriggersUpdate)
}

// CreateTrigger adds a trigger, which is enabled. It returns Invalid or Forbidden.
func (s *Service) CreateTrigger(ctx context.Context, by Actor, in TriggerInput) (TriggerWithReactions, error) {
	trigger, err := in.parse()
	if err != nil {
		return TriggerWithReactions{}, err
	}
	trigger.Enabled = in.Enabled == nil || *in.Enabled
	return change(ctx, s, by, func(tx *Tx) (TriggerWithReactions, error) {
		if in.TenantID != nil {
			if trigger.TenantID, err = tx.labelled(ctx, *in.TenantID); err != nil {
				return TriggerWithReactions{}, err
			}
		}
		return tx.makeTrigger(ctx, trigger, in.Integrations)
	})
}

// DuplicateTrigger adds a copy of a trigger. It is disabled, so that nobody is told everything twice before it has been
// edited. It returns Forbidden or store.ErrNotFound.
func (s *Service) DuplicateTrigger(ctx context.Context, by Actor, id int64) (TriggerWithReactions, error) {
	return change(ctx, s, by, func(tx *Tx) (TriggerWithReactions, error) {
		original, err := tx.triggerWithReactions(ctx, id)
		if err != nil {
			return TriggerWithReactions{}, err
		}
		duplicate := original.Trigger
		duplicate.Name, duplicate.Enabled = copyOf(original.Name), false
		var integrations []int64
		for _, i := range original.Integrations {
			integrations = append(integrations, i.ID)
		}
		return tx.makeTrigger(ctx, duplicate, integrations)
	})
}

// copyOf is the name of a copy, cut to what a name may have.
func copyOf(name string) string {
	copied := []rune("Copy of " + name)
	return string(copied[:min(len(copied), input.MaxTitle)])
}

func (tx *Tx) makeTrigger(ctx context.Context, trigger store.Trigger, integrations []int64) (TriggerWithReactions, error) {
	if err := tx.requirePermission(permission.TriggersCreate); err != nil {
		return TriggerWithReactions{}, err
	}
	trigger.CreatedAt, trigger.CreatorID, trigger.Creator = tx.now, tx.by.UserID, tx.by.recorded()
	if err := tx.db.InsertTrigger(ctx, &trigger); err != nil {
		return TriggerWithReactions{}, err
	}
	if err := tx.setReactions(ctx, trigger, integrations); err != nil {
		return TriggerWithReactions{}, err
	}
	created, err := tx.triggerWithReactions(ctx, trigger.ID)
	if err != nil {
		return TriggerWithReactions{}, err
	}
	return created, tx.recordChange(ctx, actCreateTrigger, object{}, created.object())
}

// UpdateTrigger changes a trigger that still is as it was at version. It returns Invalid, Forbidden, store.ErrStale
// or store.ErrNotFound.
func (s *Service) UpdateTrigger(ctx context.Context, by Actor, id, version int64, in TriggerInput) (TriggerWithReactions, error) {
	if err := requireVersion(version); err != nil {
		return TriggerWithReactions{}, err
	}
	if err := s.keepRules(ctx, by, id, &in); err != nil {
		return TriggerWithReactions{}, err
	}
	trigger, err := in.parse()
	if err != nil {
		return TriggerWithReactions{}, err
	}
	return change(ctx, s, by, func(tx *Tx) (TriggerWithReactions, error) {
		return tx.changeTrigger(ctx, id, actChangeTrigger, func(t *store.Trigger) error {
			t.Name, t.Description, t.Condition, t.Version = trigger.Name, trigger.Description, trigger.Condition, version
			t.RoleOperator, t.Roles, t.ObjectTypes, t.Rules = trigger.RoleOperator, trigger.Roles, trigger.ObjectTypes, trigger.Rules
			if in.Enabled != nil {
				t.Enabled = *in.Enabled
			}
			return tx.setReactions(ctx, *t, in.Integrations)
		})
	})
}

// keepRules leaves a trigger that the console has no events for as a program has made it, where only its name or where it sends to
// is changed.
func (s *Service) keepRules(ctx context.Context, by Actor, id int64, in *TriggerInput) error {
	if _, known := notify.ConditionByKey(in.Condition); known || in.Rules != "" {
		return nil
	}
	before, err := s.Trigger(ctx, by, id)
	if err == nil && before.Condition == in.Condition {
		in.Rules = before.Rules
	}
	return err
}

// EnableTrigger lets a trigger tell what happens from now on. It returns Forbidden or store.ErrNotFound.
func (s *Service) EnableTrigger(ctx context.Context, by Actor, id int64) (TriggerWithReactions, error) {
	return change(ctx, s, by, func(tx *Tx) (TriggerWithReactions, error) {
		return tx.changeTrigger(ctx, id, actEnableTrigger, func(t *store.Trigger) error {
			t.Enabled = true
			return nil
		})
	})
}

// DisableTrigger keeps a trigger from telling anybody anything. It returns Forbidden or store.ErrNotFound.
func (s *Service) DisableTrigger(ctx context.Context, by Actor, id int64) (TriggerWithReactions, error) {
	return change(ctx, s, by, func(tx *Tx) (TriggerWithReactions, error) {
		return tx.changeTrigger(ctx, id, actDisableTrigger, func(t *store.Trigger) error {
			t.Enabled = false
			return nil
		})
	})
}

// changeTrigger stores and records what change makes of a trigger.
func (tx *Tx) changeTrigger(ctx context.Context, id int64, action action, change func(*store.Trigger) error) (TriggerWithReactions, error) {
	if err := tx.requirePermission(permission.TriggersUpdate); err != nil {
		return TriggerWithReactions{}, err
	}
	before, err := tx.triggerWithReactions(ctx, id)
	if err != nil {
		return TriggerWithReactions{}, err
	}
	trigger := before.Trigger
	if err := change(&trigger); err != nil {
		return TriggerWithReactions{}, err
	}
	if err := tx.db.UpdateTrigger(ctx, &trigger); err != nil {
		return TriggerWithReactions{}, err
	}
	after, err := tx.triggerWithReactions(ctx, id)
	if err != nil {
		return TriggerWithReactions{}, err
	}
	return after, tx.recordChange(ctx, action, before.object(), after.object())
}

// DeleteTrigger removes a trigger; messages it has queued are still delivered. It returns ChangedPreview, Forbidden or
// store.ErrNotFound.
func (s *Service) DeleteTrigger(ctx context.Context, by Actor, id int64) error {
	_, err := change(ctx, s, by, func(tx *Tx) (struct{}, error) {
		if err := tx.requirePermission(permission.TriggersDelete); err != nil {
			return struct{}{}, err
		}
		trigger, err := tx.triggerWithReactions(ctx, id)
		if err == nil {
			err = tx.requireConfirmed(trigger)
		}
		if err != nil {
			return struct{}{}, err
		}
		if err := tx.db.DeleteTrigger(ctx, id); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, tx.recordEnd(ctx, actDeleteTrigger, trigger.object())
	})
	return err
}

func (v *View) triggerWithReactions(ctx context.Context, id int64) (TriggerWithReactions, error) {
	trigger, err := v.db.TriggerByID(ctx, id)
	if err != nil {
		return TriggerWithReactions{}, err
	}
	integrations, err := v.db.IntegrationsOfTrigger(ctx, id)
	return TriggerWithReactions{trigger, integrations}, err
}

func (tx *Tx) setReactions(ctx context.Context, trigger store.Trigger, integrations []int64) error {
	integrations = without(integrations, nil)
	for _, id := range integrations {
		if _, err := tx.db.IntegrationByID(ctx, id); errors.Is(err, store.ErrNotFound) {
			return invalid("integration_ids", "One of these integrations does not exist, or has been deleted. Choose again.")
		} else if err != nil {
			return err
		}
	}
	return tx.db.SetReactions(ctx, trigger.ID, integrations)
}

func (in TriggerInput) parse() (store.Trigger, error) {
	refused := Fields{}
	trigger := store.Trigger{Condition: in.Condition}
	trigger.Name = input.ParseTitle(in.Name, "name", "a name", refused)
	trigger.Description = input.Line(in.Description)
	if utf8.RuneCountInString(trigger.Description) > input.MaxDescription {
		refused["description"] = "At most 1000 characters."
	} else if reason := input.RefuseText(trigger.Description); reason != "" {
		refused["description"] = reason
	}
	if in.Rules != "" {
		return in.parseForeign(trigger, refused)
	}
	trigger.Rules = store.NoRules
	condition, known := notify.ConditionByKey(in.Condition)
	if !known {
		refused["condition"] = noCondition(in.Condition)
	}
	if condition.Settings { // each condition has one filter; what stands in the other one of the form means nothing
		in.Roles, trigger.ObjectTypes = nil, without(in.ObjectTypes, nil)
	}
	for _, name := range trigger.ObjectTypes {
		if !notify.IsSettingsType(name) {
			refused["object_types"] = notAmong("type of settings", name, notify.SettingsTypes, func(o notify.Option) string { return o.Value })
		}
	}
	if len(in.Roles) > 0 {
		trigger.RoleOperator, trigger.Roles = in.RoleOperator, without(in.Roles, nil)
		if in.RoleOperator != "eq" && in.RoleOperator != "ne" {
			refused["role_operator"] = "Choose whether the role has to be one of these (eq) or none of them (ne)."
		}
	}
	for _, role := range in.Roles {
		if _, known := permission.ParseRole(string(role)); !known {
			refused["roles"] = notAmong("role", string(role), permission.Roles(), func(r permission.Role) string { return string(r) })
		}
	}
	if len(in.Integrations) == 0 {
		refused["integration_ids"] = "Choose at least one integration."
	}
	return trigger, refused.Refusal()
}

// noCondition says that there is no condition of that key.
func noCondition(key string) string {
	if key == "" {
		return "Choose a condition."
	}
	return notAmong("condition", key, notify.Conditions(), func(c notify.Condition) string { return c.Key })
}

// notAmong says that there is nothing called so, and what there is. Pages offer nothing else, so this is read by who writes a program.
func notAmong[T any](what, said string, known []T, key func(T) string) string {
	keys := make([]string, len(known))
	for i, k := range known {
		keys[i] = key(k)
	}
	return "There is no " + what + " “" + said + "”. Choose from " + strings.Join(keys, ", ") + "."
}

// conditionName is what a condition of which the console has no events can be called.
var conditionName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,99}$`)

// parseForeign checks a trigger for which the console has no events. It need not send anything.
func (in TriggerInput) parseForeign(trigger store.Trigger, refused Fields) (store.Trigger, error) {
	trigger.Rules = in.Rules
	if len(in.Rules) > maxRules {
		refused["rules"] = "There is too much of this."
	}
	if _, known := notify.ConditionByKey(in.Condition); known || !conditionName.MatchString(in.Condition) {
		refused["condition"] = "This cannot be the name of a template."
	}
	return trigger, refused.Refusal()
}
