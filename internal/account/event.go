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
	if tx.many {
		return nil // usersAdded tells of all of them
	}
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
	event, err := tx.event(notify.TemplateUserAdded)
	if err != nil {
		return err
	}
	message := notify.UserAdded{
		Company: account.Name, Cloud: account.Cloud, Actor: by, EventID: event.UUID, Number: event.ID, OccurredAt: int64(event.OccurredAt), User: personOf(user.ID, user.Name(), user.Email, user.Role),
	}
	for _, trigger := range triggers {
		message.Trigger = trigger.Name
		err := tx.react(trigger, event, func(greeting string) any {
			message.Greeting = greeting
			return message
		})
		if err != nil {
			return fmt.Errorf("trigger %d: %w", trigger.ID, err)
		}
	}
	return nil
}

// event stores that something happened.
func (tx *Tx) event(kind string) (store.Event, error) {
	event := store.Event{UUID: uuid.NewString(), Type: kind, OccurredAt: tx.now}
	return event, tx.db.InsertEvent(tx.ctx, &event)
}

func personOf(id int64, name, email string, role permission.Role) notify.Person {
	return notify.Person{ID: id, Name: name, Email: email, Role: role.Label()}
}

// summaryAbove is how many people a job must add for its triggers to be told once, at its end, instead of for each.
const summaryAbove = 20

// summaryNames is how many people such a message names.
const summaryNames = 10

// usersAdded queues one message of each trigger about those whom a job has added and its filter lets pass, in the
// transaction that ends the job.
func (tx *Tx) usersAdded(job store.Job) error {
	triggers, err := tx.db.EnabledTriggers(tx.ctx, ConditionUserAdded)
	if err != nil || len(triggers) == 0 {
		return err
	}
	account, err := tx.db.Account(tx.ctx)
	if err != nil {
		return err
	}
	outcomes, err := tx.db.Outcomes(tx.ctx, job.ID, false, -1, job.Total)
	if err != nil {
		return err
	}
	for _, trigger := range triggers {
		summary := notify.UsersEvent{Template: notify.TemplateUserAdded, Trigger: trigger.Name, Company: account.Name, Cloud: account.Cloud, Actor: tx.by.person()}
		for _, o := range outcomes {
			if o.Refusal != "" || !watches(trigger, o.Role) {
				continue
			}
			if summary.Count++; summary.Count <= summaryNames {
				summary.First = append(summary.First, personOf(o.UserID, o.Name, o.Email, o.Role))
			}
		}
		if summary.Count == 0 {
			continue
		}
		if err := tx.tellSummary(trigger, summary); err != nil {
			return fmt.Errorf("trigger %d: %w", trigger.ID, err)
		}
	}
	return nil
}

func (tx *Tx) tellSummary(trigger store.Trigger, summary notify.UsersEvent) error {
	event, err := tx.event(notify.SummaryOf(notify.TemplateUserAdded))
	if err != nil {
		return err
	}
	summary.EventID, summary.Number, summary.OccurredAt = event.UUID, event.ID, int64(event.OccurredAt)
	return tx.react(trigger, event, func(greeting string) any {
		summary.Greeting = greeting
		return summary
	})
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
// does not hold up the others. message returns the parameters for a recipient greeted by that name.
func (tx *Tx) react(trigger store.Trigger, event store.Event, message func(greeting string) any) error {
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
			greeting, err := tx.greeting(recipient)
			if err != nil {
				return err
			}
			if err := tx.queue(trigger, integration, event, recipient, message(greeting)); err != nil {
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

func (tx *Tx) queue(trigger store.Trigger, integration store.Integration, event store.Event, recipient string, message any) error {
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
