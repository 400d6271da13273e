package account

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

// ConditionUserAdded is met when a person joins the user list: once for everybody (SPEC §6).
const ConditionUserAdded = "user_added"

// person is the actor as messages name them.
func (a Actor) person() notify.Person {
	return notify.Person{ID: a.UserID, Name: a.Name, Email: a.Email}
}

// userAdded queues the messages of the triggers that wait for a new user, in the transaction that adds the user.
func (tx *Tx) userAdded(user store.User, by notify.Person) error {
	triggers, err := tx.db.EnabledTriggers(tx.ctx, ConditionUserAdded)
	if err != nil {
		return err
	}
	triggers = slices.DeleteFunc(triggers, func(t store.Trigger) bool { return !watches(t, user.Role) })
	if len(triggers) == 0 {
		return nil
	}
	account, err := tx.db.Account(tx.ctx)
	if err != nil {
		return err
	}
	event := store.Event{UUID: uuid.NewString(), Type: notify.TemplateUserAdded, OccurredAt: tx.now}
	if err := tx.db.InsertEvent(tx.ctx, &event); err != nil {
		return err
	}
	message := notify.UserAdded{
		Company: account.Name, Cloud: account.Cloud, Actor: by, EventID: event.UUID, OccurredAt: int64(event.OccurredAt),
		User: notify.Person{ID: user.ID, Name: user.Name(), Email: user.Email, Role: user.Role.Label()},
	}
	for _, trigger := range triggers {
		message.Trigger = trigger.Name
		if err := tx.react(trigger, event, message); err != nil {
			return fmt.Errorf("trigger %d: %w", trigger.ID, err)
		}
	}
	return nil
}

// watches says whether the role filter of a trigger lets a role pass.
func watches(t store.Trigger, role permission.Role) bool {
	switch t.RoleOperator {
	case "eq":
		return slices.Contains(t.Roles, role)
	case "ne":
		return !slices.Contains(t.Roles, role)
	}
	return true
}

// react queues one message for each integration of a trigger; for email one for each address, so that a bad address
// does not hold up the others.
func (tx *Tx) react(trigger store.Trigger, event store.Event, message notify.UserAdded) error {
	integrations, err := tx.db.IntegrationsOfTrigger(tx.ctx, trigger.ID)
	if err != nil {
		return err
	}
	for _, integration := range integrations {
		recipients := []string{""}
		if integration.Kind == "email" {
			settings, err := notify.OpenSettings(tx.service.key, integration.ID, integration.Settings)
			if err != nil {
				return err
			}
			recipients = strings.Fields(settings["emails"])
		}
		for _, recipient := range recipients {
			message.Greeting, err = tx.greeting(recipient)
			if err != nil {
				return err
			}
			if err := tx.queue(trigger, integration, event, recipient, message); err != nil {
				return err
			}
		}
	}
	return nil
}

// greeting is the name of the user an address belongs to, or "".
func (tx *Tx) greeting(address string) (string, error) {
	if address == "" {
		return "", nil
	}
	_, key, _ := parseEmail(address)
	user, err := tx.db.UserByEmailKey(tx.ctx, key)
	if errors.Is(err, store.ErrNotFound) || err == nil && user.JoinedAt == 0 {
		return "", nil
	}
	return user.Name(), err
}

func (tx *Tx) queue(trigger store.Trigger, integration store.Integration, event store.Event, recipient string, message notify.UserAdded) error {
	params, err := json.Marshal(message)
	if err != nil {
		return err
	}
	tx.queued = true
	return tx.db.InsertDelivery(tx.ctx, &store.Delivery{
		UUID: uuid.NewString(), Target: notify.Target(integration.Kind, integration.ID), Kind: integration.Kind, Recipient: recipient,
		Template: event.Type, Params: params, EventID: event.ID, TriggerID: trigger.ID, IntegrationID: integration.ID, CreatedAt: tx.now,
	})
}
