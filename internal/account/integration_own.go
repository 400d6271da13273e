package account

import (
	"context"

	"console/internal/input"
	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

// OwnMailbox returns the integration that sends mails to the actor's address alone, so that a trigger can tell them. Where there is
// none, one is made, which is called like the address; of several, one that is active is taken. It is for those who may make or change
// triggers, and returns Forbidden for others, or Invalid where one had to be made by somebody who may not create integrations.
func (s *Service) OwnMailbox(ctx context.Context, by Actor) (store.Integration, error) {
	if err := s.requireEditor(by); err != nil {
		return store.Integration{}, err
	}
	return change(ctx, s, by, func(tx *Tx) (store.Integration, error) {
		if own, found, err := tx.mailboxOf(ctx, by.Email); found || err != nil {
			return own, err
		}
		if !tx.by.May(permission.IntegrationsCreate) {
			return store.Integration{}, invalid("integration_ids", "No integration sends to you alone yet, and you may not create one. "+
				"Ask somebody who may create integrations to add it.")
		}
		made := store.Integration{Kind: notify.KindEmail, Name: by.Email, Active: true}
		return tx.makeIntegration(ctx, made, notify.Settings{"emails": by.Email})
	})
}

// mailboxOf returns the email integration that holds one address alone. One whose settings cannot be opened is no such.
func (tx *Tx) mailboxOf(ctx context.Context, email string) (own store.Integration, found bool, err error) {
	all, err := tx.db.Integrations(ctx)
	if err != nil {
		return own, false, err
	}
	for _, i := range all {
		if i.Kind != notify.KindEmail || found && own.Active {
			continue
		}
		settings, err := tx.service.opened(i)
		if err != nil {
			return own, false, err
		}
		if settings != nil && input.EmailKey(settings["emails"]) == input.EmailKey(email) && (!found || i.Active) {
			own, found = i, true
		}
	}
	return own, found, nil
}
