package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"console/internal/input"
	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

// person is the actor as messages name them.
func (a Actor) person() notify.Person { return personOf(a.UserID, a.Name, a.Email, a.Role) }

func personOf(id int64, name, email string, role permission.Role) notify.Person {
	return notify.Person{ID: id, Name: name, Email: email, Role: role.Label()}
}

// What follows tells the triggers about a person. Each is called once, in the transaction of what it tells, after the
// change: should the transaction fail, nobody is told.

// userAdded tells that somebody has joined the user list. by is who added them or made their link.
func (tx *Tx) userAdded(user store.User, by notify.Person) error {
	return tx.happened(notify.ConditionUserAdded, user, by)
}

// userDeleted tells that somebody has left the user list for good.
func (tx *Tx) userDeleted(user store.User) error {
	return tx.happened(notify.ConditionUserDeleted, user, tx.by.person())
}

// accessDisabled tells that somebody may no longer sign in.
func (tx *Tx) accessDisabled(user store.User) error {
	return tx.happened(notify.ConditionAccessDisabled, user, tx.by.person())
}

// accessEnabled tells that somebody may sign in again.
func (tx *Tx) accessEnabled(user store.User) error {
	return tx.happened(notify.ConditionAccessEnabled, user, tx.by.person())
}

// membershipChanged tells that somebody has another role or other groups; user has them already. The details are lines such
// as "Role: Analyst → Administrator", "Added to the group Support", "Left the group Analysts".
func (tx *Tx) membershipChanged(user store.User, details []string) error {
	return tx.happened(notify.ConditionMembershipChanged, user, tx.by.person(), details...)
}

// secondFactorDisabled tells that somebody's second factors are gone.
func (tx *Tx) secondFactorDisabled(user store.User) error {
	return tx.happened(notify.ConditionSecondFactorDisabled, user, tx.by.person())
}

// signInLocked tells that wrong passwords for somebody's address have led to the longest pause. Nobody is known to have
// typed them.
func (tx *Tx) signInLocked(user store.User) error {
	return tx.happened(notify.ConditionSignInLocked, user, notify.Person{})
}

// happened queues the messages of the triggers that wait for a condition and let the person's role pass. Within a job
// on many people only those integrations are told that want to know of everybody; the others are told at its end. Who
// has not joined the user list is nobody to triggers.
func (tx *Tx) happened(key string, user store.User, by notify.Person, details ...string) error {
	if user.JoinedAt == 0 {
		return nil
	}
	tx.condition = key
	told, err := tx.watching(key, func(i store.Integration) bool { return !tx.many || tellsOfEach(i) })
	told = slices.DeleteFunc(told, func(t TriggerWithReactions) bool { return !watches(t.Trigger, user.Role) })
	if err != nil || len(told) == 0 {
		return err
	}
	condition, _ := notify.ConditionByKey(key)
	account, event, err := tx.event(condition.Template)
	if err != nil {
		return err
	}
	message := notify.UserEvent{
		Company: account.Name, Cloud: account.Cloud, User: personOf(user.ID, user.Name(), user.Email, user.Role), Actor: by, Details: details,
		EventID: event.UUID, Number: event.ID, OccurredAt: int64(event.OccurredAt),
	}
	for _, trigger := range told {
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

// forPeople are the kinds of integrations that people read. They are told of many people in one message, which
// keeps chats and mailboxes from being flooded; an alert of PagerDuty or Opsgenie calls somebody, which is enough
// once.
var forPeople = []string{notify.KindEmail, notify.KindSlack, notify.KindTeams, notify.KindTelegram, notify.KindPagerDuty, notify.KindOpsgenie}

// tellsOfEach says whether an integration is told of everybody also when many people are changed: programs count, and
// logs are to be complete.
func tellsOfEach(i store.Integration) bool { return !slices.Contains(forPeople, i.Kind) }

// watching returns the enabled triggers that wait for a condition, with those of their integrations that are wanted;
// triggers without any are left out. They are read once in a transaction.
func (tx *Tx) watching(key string, wanted func(store.Integration) bool) ([]TriggerWithReactions, error) {
	if tx.triggers == nil {
		tx.triggers = map[string][]TriggerWithReactions{}
	}
	all, known := tx.triggers[key]
	if !known {
		var err error
		if all, err = tx.enabledTriggers(key); err != nil {
			return nil, err
		}
		tx.triggers[key] = all
	}
	var found []TriggerWithReactions
	for _, t := range all {
		t.Integrations = slices.DeleteFunc(slices.Clone(t.Integrations), func(i store.Integration) bool { return !wanted(i) })
		if len(t.Integrations) > 0 {
			found = append(found, t)
		}
	}
	return found, nil
}

func (tx *Tx) enabledTriggers(key string) ([]TriggerWithReactions, error) {
	triggers, err := tx.db.EnabledTriggers(tx.ctx, key)
	if err != nil {
		return nil, err
	}
	all := make([]TriggerWithReactions, len(triggers))
	for i, t := range triggers {
		all[i].Trigger = t
		if all[i].Integrations, err = tx.db.IntegrationsOfTrigger(tx.ctx, t.ID); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// event stores that something happened, and returns it with the account it happened in.
func (tx *Tx) event(kind string) (store.Account, store.Event, error) {
	event := store.Event{UUID: uuid.NewString(), Type: kind, OccurredAt: tx.now}
	account, err := tx.db.Account(tx.ctx)
	if err != nil {
		return store.Account{}, store.Event{}, err
	}
	return account, event, tx.db.InsertEvent(tx.ctx, &event)
}

// summaryAbove is how many people a job must change for chats and mailboxes to be told once, at its end, instead of for
// each.
const summaryAbove = 20

// summaryNames is how many people such a message names.
const summaryNames = 10

// summarize queues one message of each trigger about those whom a job has changed and its filter lets pass, in the
// transaction that ends the job.
func (tx *Tx) summarize(job store.Job) error {
	told := map[notify.Condition][]TriggerWithReactions{}
	for _, condition := range notify.Conditions() {
		triggers, err := tx.watching(condition.Key, func(i store.Integration) bool { return !tellsOfEach(i) })
		if err != nil {
			return err
		}
		if len(triggers) > 0 {
			told[condition] = triggers
		}
	}
	if len(told) == 0 { // most often: nobody has to wait until a million people are counted
		return nil
	}
	changed, err := tx.db.CountOutcomes(tx.ctx, job.ID)
	if err != nil {
		return err
	}
	for _, condition := range notify.Conditions() {
		for _, trigger := range told[condition] {
			if err := tx.tellSummary(trigger, condition, job, changed[condition.Key]); err != nil {
				return fmt.Errorf("trigger %d: %w", trigger.ID, err)
			}
		}
	}
	return nil
}

// tellSummary queues the message of a trigger; changed is how many people the job has changed, by role.
func (tx *Tx) tellSummary(trigger TriggerWithReactions, condition notify.Condition, job store.Job, changed map[permission.Role]int) error {
	count := 0
	var roles []permission.Role
	for role, n := range changed {
		if watches(trigger.Trigger, role) {
			roles = append(roles, role)
			count += n
		}
	}
	if count == 0 {
		return nil
	}
	first, err := tx.db.FirstOutcomes(tx.ctx, job.ID, condition.Key, roles, summaryNames)
	if err != nil {
		return err
	}
	return tx.queueSummary(trigger, condition, count, first)
}

// queueSummary queues the message of a trigger about people, the first of whom it names; about nobody there is none.
func (tx *Tx) queueSummary(trigger TriggerWithReactions, condition notify.Condition, count int, first []store.Outcome) error {
	if count == 0 {
		return nil
	}
	account, event, err := tx.event(notify.SummaryOf(condition.Template))
	if err != nil {
		return err
	}
	summary := notify.UsersEvent{Template: condition.Template, Trigger: trigger.Name, Company: account.Name, Cloud: account.Cloud, Count: count,
		Actor: tx.by.person(), EventID: event.UUID, Number: event.ID, OccurredAt: int64(event.OccurredAt)}
	for _, o := range first {
		summary.First = append(summary.First, personOf(o.UserID, o.Name, o.Email, o.Role))
	}
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
func (tx *Tx) react(trigger TriggerWithReactions, event store.Event, message func(greeting string) any) error {
	for _, integration := range trigger.Integrations {
		settings, err := notify.OpenSettings(tx.service.key, integration.ID, integration.Settings)
		if err != nil {
			return err
		}
		for _, recipient := range recipients(integration.Kind, settings) {
			greeting, err := greeting(tx.ctx, tx.db.Queries, recipient)
			if err != nil {
				return err
			}
			if err := tx.queue(trigger.Trigger, integration, event, recipient, message(greeting)); err != nil {
				return err
			}
		}
	}
	return nil
}

// recipients are the addresses of an email integration; any other has one recipient, itself.
func recipients(kind string, settings notify.Settings) []string {
	if kind == notify.KindEmail {
		return strings.Fields(settings["emails"])
	}
	return []string{""}
}

// greeting is the name of the user an address belongs to, or "".
func greeting(ctx context.Context, q store.Queries, address string) (string, error) {
	if address == "" {
		return "", nil
	}
	key := input.EmailKey(address)
	user, err := q.UserByEmailKey(ctx, key)
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
