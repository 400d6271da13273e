package account

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"console/internal/auth"
	"console/internal/input"
	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

// IntegrationInput is what the form of an integration says. A secret left empty keeps its value, but not where the address
// leads to another server than before (notify.Retype), nor where it is to be forgotten (notify.Forget).
type IntegrationInput struct {
	Name     string
	Active   bool
	Settings notify.Settings

	Label // of programs; pages leave it as it is
}

// Label is what programs say of an integration or a trigger beyond what the console acts on.
type Label struct {
	TenantID *int64  // by which they list it; nil: stays, or the main tenant
	Events   *string // of an integration, a JSON array; nil: stays, or none
}

// checkLabel refuses what the console does not keep.
func (l Label) checkLabel() error {
	if l.Events != nil && len(*l.Events) > maxRules {
		return invalid("events", "There is too much of this.")
	}
	return nil
}

// maxRules is how much of what the console only keeps for programs a row holds, in bytes.
const maxRules = 64 << 10

// label puts the label of a program onto an integration. It returns store.ErrNotFound for an unknown tenant.
func (v *View) label(ctx context.Context, integration *store.Integration, l Label) (err error) {
	if l.Events != nil {
		integration.Events = *l.Events
	}
	if l.TenantID != nil {
		integration.TenantID, err = v.labelled(ctx, *l.TenantID)
	}
	return err
}

func integrationObject(i store.Integration) object {
	kind, _ := notify.KindByKey(i.Kind)
	return object{kind: objectIntegration, id: i.ID, name: i.Name, fields: map[string]string{
		"name": i.Name, "kind": kind.Label, "active": yesOrNo(i.Active), "events": said(i.Events, store.NoEvents),
		"tenant": tenantLabel(i.TenantID)}}
}

// tenantLabel is the label of a tenant as activity entries show it.
func tenantLabel(id int64) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(id, 10)
}

// said is what a program has said, as activity entries show it: nothing where that is what there is without it.
func said(text, unsaid string) string {
	if text == unsaid {
		return ""
	}
	return text
}

// withSettings adds the settings to an integration's entry. Addresses may hold a key in their path, their query or before the
// host, and headers one in their values: of these and of secrets it only says that they were changed.
func (o object) withSettings(kind string, settings notify.Settings) object {
	k, _ := notify.KindByKey(kind)
	o.fields, o.secrets = maps.Clone(o.fields), map[string]string{}
	for _, field := range k.Fields {
		name, value := strings.ToLower(field.Label), settings[field.Name]
		switch field.Type {
		case notify.FieldCheck:
			o.fields[name] = yesOrNo(value != "")
		case notify.FieldURL, notify.FieldHeaders, notify.FieldCertificate:
			o.secrets[name] = value
		case notify.FieldArea:
			o.fields[name] = strings.Join(strings.Fields(value), ", ")
		default:
			if field.Secret() {
				o.secrets[name] = value
			} else {
				o.fields[name] = value
			}
		}
	}
	return o
}

// integrationEntry is an integration with its settings. One whose settings cannot be opened is shown without.
func (v *View) integrationEntry(i store.Integration) object {
	o := integrationObject(i)
	if settings, err := notify.OpenSettings(v.service.key, i.ID, i.Settings); err == nil {
		o = o.withSettings(i.Kind, settings)
	}
	return o
}

// Settings opens the settings of an integration as an operation has returned it, for whoever has got it by that.
func (s *Service) Settings(i store.Integration) (notify.Settings, error) {
	return notify.OpenSettings(s.key, i.ID, i.Settings)
}

// Integrations returns all integrations, by name. It returns Forbidden without integrations.view.
func (s *Service) Integrations(ctx context.Context, by Actor) ([]store.Integration, error) {
	if err := s.Require(by, permission.IntegrationsView); err != nil {
		return nil, err
	}
	return s.db.Integrations(ctx)
}

// Unopened reports whether the settings of an integration cannot be opened, so that nothing can be sent to it.
func (s *Service) Unopened(i store.Integration) bool {
	_, err := notify.OpenSettings(s.key, i.ID, i.Settings)
	return err != nil && !errors.Is(err, auth.ErrKeyMissing)
}

// opened returns the settings of an integration, or nil where they cannot be opened: they tell nobody anything until somebody
// enters them again, and must keep nobody from doing so. Those for which only the key is missing here can be opened elsewhere, and must
// not be entered again: it returns auth.ErrKeyMissing.
func (s *Service) opened(i store.Integration) (notify.Settings, error) {
	settings, err := notify.OpenSettings(s.key, i.ID, i.Settings)
	if errors.Is(err, auth.ErrKeyMissing) {
		return nil, err
	}
	if err != nil {
		s.log.Warn("settings of an integration cannot be opened", "integration", i.ID, "error", err)
	}
	return settings, nil
}

// unopened is what people read who need settings that cannot be opened.
const unopened = "The stored settings of this integration cannot be opened. Edit it and enter them again."

// Integration returns one integration with its settings, of which pages show secrets only masked; nil where they cannot be opened. It
// returns Forbidden without integrations.view, or store.ErrNotFound.
func (s *Service) Integration(ctx context.Context, by Actor, id int64) (store.Integration, notify.Settings, error) {
	if err := s.Require(by, permission.IntegrationsView); err != nil {
		return store.Integration{}, nil, err
	}
	integration, err := s.db.IntegrationByID(ctx, id)
	if err != nil {
		return store.Integration{}, nil, err
	}
	settings, err := s.opened(integration)
	return integration, settings, err
}

// CreateIntegration adds a destination. It returns Invalid or Forbidden.
func (s *Service) CreateIntegration(ctx context.Context, by Actor, kind string, in IntegrationInput) (store.Integration, error) {
	integration := store.Integration{Kind: kind}
	if err := s.parseIntegration(ctx, &integration, nil, &in); err != nil {
		return store.Integration{}, err
	}
	return change(ctx, s, by, func(tx *Tx) (store.Integration, error) {
		if err := tx.label(ctx, &integration, in.Label); err != nil {
			return store.Integration{}, err
		}
		return tx.makeIntegration(ctx, integration, in.Settings)
	})
}

func (tx *Tx) makeIntegration(ctx context.Context, integration store.Integration, settings notify.Settings) (store.Integration, error) {
	if err := tx.requirePermission(permission.IntegrationsCreate); err != nil {
		return store.Integration{}, err
	}
	integration.CreatedAt, integration.Creator = tx.now, tx.by.recorded()
	if err := tx.db.InsertIntegration(ctx, &integration); err != nil {
		return store.Integration{}, err
	}
	if err := tx.saveIntegration(ctx, &integration, settings); err != nil {
		return store.Integration{}, err
	}
	made := integrationObject(integration).withSettings(integration.Kind, settings)
	return integration, tx.recordChange(ctx, actCreateIntegration, object{}, made)
}

// UpdateIntegration changes a destination that still is as it was at version. Where its settings cannot be opened, all are needed. It
// returns Invalid, Forbidden,
// store.ErrStale or store.ErrNotFound.
func (s *Service) UpdateIntegration(ctx context.Context, by Actor, id, version int64, in IntegrationInput) (store.Integration, error) {
	before, kept, err := s.Integration(ctx, by, id)
	if err == nil {
		err = requireVersion(version)
	}
	if err != nil {
		return store.Integration{}, err
	}
	after := before
	if err := s.parseIntegration(ctx, &after, kept, &in); err != nil {
		return store.Integration{}, err
	}
	return change(ctx, s, by, func(tx *Tx) (store.Integration, error) {
		if err := tx.requirePermission(permission.IntegrationsUpdate); err != nil {
			return store.Integration{}, err
		}
		after.Version = version
		if err := tx.label(ctx, &after, in.Label); err != nil {
			return store.Integration{}, err
		}
		if err := tx.saveIntegration(ctx, &after, in.Settings); err != nil {
			return store.Integration{}, err
		}
		return after, tx.recordChange(ctx, actChangeIntegration, tx.integrationEntry(before),
			integrationObject(after).withSettings(after.Kind, in.Settings))
	})
}

// EnableIntegration switches a destination on. What waits for it is sent, unless it has waited for 72 hours. It returns
// Forbidden or store.ErrNotFound.
func (s *Service) EnableIntegration(ctx context.Context, by Actor, id int64) (store.Integration, error) {
	return change(ctx, s, by, func(tx *Tx) (store.Integration, error) {
		return tx.switchIntegration(ctx, id, actEnableIntegration, func(i *store.Integration) { i.Active = true })
	})
}

// DisableIntegration switches a destination off: what is sent to it waits. It returns Forbidden or store.ErrNotFound.
func (s *Service) DisableIntegration(ctx context.Context, by Actor, id int64) (store.Integration, error) {
	return change(ctx, s, by, func(tx *Tx) (store.Integration, error) {
		return tx.switchIntegration(ctx, id, actDisableIntegration, func(i *store.Integration) { i.Active = false })
	})
}

func (tx *Tx) switchIntegration(ctx context.Context, id int64, action action, turn func(*store.Integration)) (store.Integration, error) {
	if err := tx.requirePermission(permission.IntegrationsUpdate); err != nil {
		return store.Integration{}, err
	}
	before, err := tx.db.IntegrationByID(ctx, id)
	if err != nil {
		return store.Integration{}, err
	}
	after := before
	turn(&after)
	after.SwitchedOffAt = 0
	if err := tx.db.UpdateIntegration(ctx, &after); err != nil {
		return store.Integration{}, err
	}
	tx.queued = true // what waits for it may be due
	return after, tx.recordChange(ctx, action, integrationObject(before), integrationObject(after))
}

// NewSigningSecret gives a webhook another signing secret and returns it; it is shown this once. For 24 hours requests
// are signed with the old one too. It returns Invalid where its settings cannot be opened, ChangedPreview, Forbidden, or
// store.ErrNotFound for what is no webhook.
func (s *Service) NewSigningSecret(ctx context.Context, by Actor, id int64) (store.Integration, string, error) {
	var secret string
	integration, err := change(ctx, s, by, func(tx *Tx) (store.Integration, error) {
		if err := tx.requirePermission(permission.IntegrationsUpdate); err != nil {
			return store.Integration{}, err
		}
		integration, err := tx.db.IntegrationByID(ctx, id)
		if err == nil && integration.Kind != notify.KindWebhook {
			err = store.ErrNotFound
		}
		if err == nil {
			err = tx.requireConfirmed(Resigned{integration})
		}
		if err != nil {
			return store.Integration{}, err
		}
		settings, err := s.opened(integration)
		if err != nil {
			return store.Integration{}, err
		}
		if settings == nil {
			return store.Integration{}, invalid("", unopened)
		}
		settings = notify.RotateSecret(settings, s.now())
		secret = settings["secret"]
		if err := tx.saveIntegration(ctx, &integration, settings); err != nil {
			return store.Integration{}, err
		}
		return integration, tx.record(ctx, actMakeSigningSecret, Done, integrationObject(integration),
			changes{"signing secret": {"set", "changed"}})
	})
	return integration, secret, err
}

// Resigned is a webhook that NewSigningSecret would give another secret.
type Resigned struct{ Integration store.Integration }

// Digest tells the webhook from another, and from itself with another secret: the second of two secrets made at once would end
// the first old one, which the receiver still has.
func (r Resigned) Digest() string {
	return digestOf(r.Integration.ID, r.Integration.Name, r.Integration.Version)
}

// toldAdministrators is how many administrators are told that an integration was switched off.
const toldAdministrators = 50

// failureWindow is how far back a message about an integration that was switched off counts.
const failureWindow = 12 * time.Hour

// SwitchOff switches a destination off because too much of what it was sent failed, and tells the administrators who
// may switch it on again. One that is off already stays as it is. It returns store.ErrNotFound.
func (s *Service) SwitchOff(ctx context.Context, integrationID int64) error {
	_, err := change(ctx, s, Actor{Source: System}, func(tx *Tx) (struct{}, error) {
		before, err := tx.db.IntegrationByID(ctx, integrationID)
		if err != nil || !before.Active {
			return struct{}{}, err
		}
		after := before
		after.Active, after.SwitchedOffAt = false, tx.now
		if err := tx.db.UpdateIntegration(ctx, &after); err != nil {
			return struct{}{}, err
		}
		if err := tx.recordChange(ctx, actSwitchOffIntegration, integrationObject(before), integrationObject(after)); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, tx.tellAdministrators(ctx, after)
	})
	return err
}

func (tx *Tx) tellAdministrators(ctx context.Context, integration store.Integration) error {
	recent, err := tx.db.RecentOutcomes(ctx, integration.ID, tx.now.Add(-failureWindow))
	if err != nil {
		return err
	}
	account, err := tx.db.Account(ctx)
	if err != nil {
		return err
	}
	administrators, err := tx.db.Administrators(ctx, toldAdministrators)
	if err != nil {
		return err
	}
	kind, _ := notify.KindByKey(integration.Kind)
	for _, user := range administrators {
		off := notify.IntegrationOff{
			Company:     account.Name,
			Name:        user.Name(),
			Email:       user.Email,
			ID:          integration.ID,
			Integration: integration.Name,
			Kind:        kind.Label,
			Ended:       recent.Ended,
			Failed:      recent.Failed,
			Error:       recent.Error,
			At:          int64(tx.now),
		}
		if _, err := tx.mail(ctx, user, notify.TemplateIntegrationOff, off, ""); err != nil {
			return err
		}
	}
	return nil
}

// DeleteIntegration removes a destination. Triggers no longer use it, and what still waits for it is not sent. It
// returns ChangedPreview, Forbidden or store.ErrNotFound.
func (s *Service) DeleteIntegration(ctx context.Context, by Actor, id int64) error {
	_, err := change(ctx, s, by, func(tx *Tx) (struct{}, error) {
		if err := tx.requirePermission(permission.IntegrationsDelete); err != nil {
			return struct{}{}, err
		}
		end, err := tx.integrationEnd(ctx, id)
		if err == nil {
			err = tx.requireConfirmed(end)
		}
		if err != nil {
			return struct{}{}, err
		}
		deleted := tx.integrationEntry(end.Integration)
		var told []string
		for _, t := range end.Triggers {
			told = append(told, t.Name)
		}
		deleted = deleted.with("triggers", strings.Join(told, ", "))
		if err := tx.db.DeleteIntegration(ctx, id, tx.now, "the integration was deleted"); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, tx.recordEnd(ctx, actDeleteIntegration, deleted)
	})
	return err
}

// saveIntegration stores an integration with settings. Those that are as before stay sealed as they are, which tells
// them from changed ones.
func (tx *Tx) saveIntegration(ctx context.Context, integration *store.Integration, settings notify.Settings) error {
	tx.queued = true // what waits for it may be due
	if kept, err := notify.OpenSettings(tx.service.key, integration.ID, integration.Settings); err == nil && maps.Equal(kept, settings) {
		err := tx.db.UpdateIntegration(ctx, integration)
		if !errors.Is(err, store.ErrOtherKey) { // where it is, they were sealed anew since they were read
			return err
		}
	}
	return tx.sealing(ctx, func() (err error) {
		if integration.Settings, err = notify.SealSettings(tx.service.key, integration.ID, settings); err != nil {
			return err
		}
		return tx.db.UpdateIntegration(ctx, integration)
	})
}

// parseIntegration checks what was typed; kept are the settings so far. Names are looked up here, outside any transaction.
func (s *Service) parseIntegration(ctx context.Context, integration *store.Integration, kept notify.Settings, in *IntegrationInput) error {
	refused := Fields{}
	kind, known := notify.KindByKey(integration.Kind)
	if !known {
		return invalid("type", "Choose the kind of integration.")
	}
	if err := in.checkLabel(); err != nil {
		return err
	}
	integration.Name = input.ParseTitle(in.Name, "name", "a name", refused)
	if integration.Active = in.Active; in.Active {
		integration.SwitchedOffAt = 0
	}
	maps.Copy(refused, notify.Retype(kind, kept, in.Settings))
	in.Settings = notify.Fill(kind, kept, in.Settings)
	maps.Copy(refused, notify.CheckSettings(ctx, s.guard, kind, in.Settings))
	if kind.Key == notify.KindEmail {
		list, reason := input.ParseAddresses(in.Settings["emails"])
		if reason != "" {
			refused["emails"] = reason
		}
		in.Settings["emails"] = list
	}
	return refused.Refusal()
}

// IntegrationEnd is an integration with the triggers that send nothing to it any more once it is deleted.
type IntegrationEnd struct {
	Integration store.Integration
	Triggers    []store.Trigger
}

// Digest tells the preview from one of something else.
func (e IntegrationEnd) Digest() string {
	triggers := make([]string, len(e.Triggers))
	for i, t := range e.Triggers {
		triggers[i] = fmt.Sprint(t.ID, " ", t.Name)
	}
	return digestOf(saidOfIntegrations([]store.Integration{e.Integration}), triggers)
}

// PreviewDeleteIntegration says what DeleteIntegration would end. It returns Forbidden or store.ErrNotFound.
func (s *Service) PreviewDeleteIntegration(ctx context.Context, by Actor, id int64) (IntegrationEnd, error) {
	return read(ctx, s, by, func(v *View) (IntegrationEnd, error) {
		if err := v.requirePermission(permission.IntegrationsDelete); err != nil {
			return IntegrationEnd{}, err
		}
		return v.integrationEnd(ctx, id)
	})
}

func (v *View) integrationEnd(ctx context.Context, id int64) (IntegrationEnd, error) {
	integration, err := v.db.IntegrationByID(ctx, id)
	if err != nil {
		return IntegrationEnd{}, err
	}
	triggers, err := v.db.TriggersUsing(ctx, id)
	return IntegrationEnd{integration, triggers}, err
}

// TriggersUsing returns the triggers that send to an integration. It returns Forbidden without
// integrations.view.
func (s *Service) TriggersUsing(ctx context.Context, by Actor, integrationID int64) ([]store.Trigger, error) {
	if err := s.Require(by, permission.IntegrationsView); err != nil {
		return nil, err
	}
	return s.db.TriggersUsing(ctx, integrationID)
}
