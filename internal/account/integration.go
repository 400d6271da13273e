package account

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

// MaxAddresses is how many addresses an email integration may have.
const MaxAddresses = 50

// IntegrationInput is what the form of an integration says. A secret left empty keeps its value.
type IntegrationInput struct {
	Name     string
	Active   bool
	Settings notify.Settings
}

func integrationObject(i store.Integration) object {
	return object{"integration", i.ID, i.Name, map[string]string{"name": i.Name, "kind": i.Kind, "active": fmt.Sprint(i.Active)}}
}

// Integrations returns all integrations, by name. It returns Forbidden without integrations.view.
func (s *Service) Integrations(ctx context.Context, by Actor) ([]store.Integration, error) {
	if err := s.Require(ctx, by, permission.IntegrationsView); err != nil {
		return nil, err
	}
	return s.db.Integrations(ctx)
}

// Integration returns one integration with its settings, of which pages show secrets only masked. It returns
// Forbidden without integrations.view, or store.ErrNotFound.
func (s *Service) Integration(ctx context.Context, by Actor, id int64) (store.Integration, notify.Settings, error) {
	if err := s.Require(ctx, by, permission.IntegrationsView); err != nil {
		return store.Integration{}, nil, err
	}
	integration, err := s.db.IntegrationByID(ctx, id)
	if err != nil {
		return store.Integration{}, nil, err
	}
	settings, err := notify.OpenSettings(s.key, id, integration.Settings)
	return integration, settings, err
}

// CreateIntegration adds a destination. It returns Invalid or Forbidden.
func (s *Service) CreateIntegration(ctx context.Context, by Actor, kind string, in IntegrationInput) (store.Integration, error) {
	integration := store.Integration{Kind: kind}
	if err := s.parseIntegration(ctx, &integration, nil, &in); err != nil {
		return store.Integration{}, err
	}
	return change(ctx, s, by, func(tx *Tx) (store.Integration, error) {
		if err := tx.require(permission.IntegrationsCreate); err != nil {
			return store.Integration{}, err
		}
		integration.CreatedAt = tx.now
		if err := tx.db.InsertIntegration(ctx, &integration); err != nil {
			return store.Integration{}, err
		}
		if err := tx.saveIntegration(&integration, in.Settings); err != nil {
			return store.Integration{}, err
		}
		return integration, tx.Record("create integration", object{}, integrationObject(integration))
	})
}

// UpdateIntegration changes a destination that still is as it was at version. It returns Invalid, Forbidden,
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
		if err := tx.require(permission.IntegrationsUpdate); err != nil {
			return store.Integration{}, err
		}
		after.Version = version
		if err := tx.saveIntegration(&after, in.Settings); err != nil {
			return store.Integration{}, err
		}
		return after, tx.Record("change integration", integrationObject(before), integrationObject(after))
	})
}

// DeleteIntegration removes a destination. Triggers no longer use it, and what still waits for it is not sent. It
// returns Forbidden or store.ErrNotFound.
func (s *Service) DeleteIntegration(ctx context.Context, by Actor, id int64) error {
	_, err := change(ctx, s, by, func(tx *Tx) (struct{}, error) {
		if err := tx.require(permission.IntegrationsDelete); err != nil {
			return struct{}{}, err
		}
		integration, err := tx.db.IntegrationByID(ctx, id)
		if err != nil {
			return struct{}{}, err
		}
		if err := tx.db.DeleteIntegration(ctx, id, tx.now, "the integration was deleted"); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, tx.record("delete integration", Done, integrationObject(integration), nil)
	})
	return err
}

func (tx *Tx) saveIntegration(integration *store.Integration, settings notify.Settings) error {
	sealed, err := notify.SealSettings(tx.service.key, integration.ID, settings)
	if err != nil {
		return err
	}
	integration.Settings = sealed
	return tx.db.UpdateIntegration(tx.ctx, integration)
}

// parseIntegration checks what was typed; kept are the settings so far. Names are looked up here, outside any transaction.
func (s *Service) parseIntegration(ctx context.Context, integration *store.Integration, kept notify.Settings, in *IntegrationInput) error {
	refused := Invalid{}
	kind, known := notify.KindByKey(integration.Kind)
	if !known {
		return Invalid{"type": "Choose what kind of integration this is."}
	}
	integration.Name, integration.Active = parseTitle(in.Name, "name", "a name", refused), in.Active
	in.Settings = notify.Fill(kind, kept, in.Settings)
	maps.Copy(refused, notify.CheckSettings(ctx, s.guard, kind, in.Settings))
	if kind.Key == notify.KindEmail {
		in.Settings["emails"] = parseAddresses(in.Settings["emails"], refused)
	}
	return refused.orNil()
}

// parseAddresses returns the addresses as stored, one a line, each once.
func parseAddresses(text string, refused Invalid) string {
	var list, keys []string
	for _, typed := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",;\n\r\t ", r) }) {
		email, key, reason := parseEmail(typed)
		if reason != "" {
			refused["emails"] = fmt.Sprintf("“%s” is not an email address.", typed)
		}
		if !slices.Contains(keys, key) {
			list, keys = append(list, email), append(keys, key)
		}
	}
	if len(list) == 0 || len(list) > MaxAddresses {
		refused["emails"] = fmt.Sprintf("Enter between 1 and %d email addresses.", MaxAddresses)
	}
	return strings.Join(list, "\n")
}

// TriggersUsing returns the triggers that send to an integration. It returns Forbidden without
// integrations.view.
func (s *Service) TriggersUsing(ctx context.Context, by Actor, integrationID int64) ([]store.Trigger, error) {
	if err := s.Require(ctx, by, permission.IntegrationsView); err != nil {
		return nil, err
	}
	return s.db.TriggersUsing(ctx, integrationID)
}
