package account

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

// person is the actor as messages name them.
func (a Actor) person() notify.Person { return personOf(a.UserID, a.Name, a.Email, a.Role) }

func personOf(id int64, name, email string, role permission.Role) notify.Person {
	return notify.Person{ID: id, Name: name, Email: email, Role: role.Label()}
}

// fact is something that happened to a person and that triggers may tell of. Steps return what they did as a fact; who
// runs them announces it in the same transaction: should that fail, nobody is told. The zero fact is nothing.
type fact struct {
	condition string
	user      store.User // as they are now, or were before they were deleted
	by        notify.Person
	details   []string // lines such as "Role: Analyst → Administrator"
}

// happened is the fact that the actor has brought about a condition of a person.
func (v *View) happened(condition string, user store.User, details ...string) fact {
	return fact{condition, user, v.by.person(), details}
}

// announcer tells the triggers of one transaction's facts. It reads the triggers once.
type announcer struct {
	tx       *Tx
	audience func(store.Integration) bool      // which integrations are told of each fact
	triggers map[string][]TriggerWithReactions // enabled ones by condition, once read
}

func newAnnouncer(tx *Tx, audience func(store.Integration) bool) *announcer {
	return &announcer{tx: tx, audience: audience, triggers: map[string][]TriggerWithReactions{}}
}

// announce tells the triggers of one fact.
func (tx *Tx) announce(ctx context.Context, f fact) error {
	return newAnnouncer(tx, everyIntegration).tell(ctx, f)
}

func everyIntegration(store.Integration) bool { return true }

// tell queues the messages of the triggers that wait for a fact and let the person's role pass: one for each trigger and
// integration. Only facts are stored; what they are sent with is found out by the worker, so that no setting of an
// integration can stop what is done. Who has not joined the user list is nobody to triggers.
func (a *announcer) tell(ctx context.Context, f fact) error {
	if f.condition == "" || f.user.JoinedAt == 0 {
		return nil
	}
	told, err := a.watching(ctx, f.condition, a.audience)
	told = slices.DeleteFunc(told, func(t TriggerWithReactions) bool { return !watches(t.Trigger, f.user.Role) })
	if err != nil || len(told) == 0 {
		return err
	}
	condition, _ := notify.ConditionByKey(f.condition)
	account, event, err := a.tx.event(ctx, condition.Template)
	if err != nil {
		return err
	}
	message := notify.UserEvent{
		Company: account.Name, Cloud: account.Cloud, User: personOf(f.user.ID, f.user.Name(), f.user.Email, f.user.Role),
		Actor: f.by, Details: f.details, EventID: event.UUID, Number: event.ID, OccurredAt: int64(event.OccurredAt),
	}
	for _, trigger := range told {
		message.Trigger = trigger.Name
		if err := a.tx.react(ctx, trigger, event, message); err != nil {
			return fmt.Errorf("trigger %d: %w", trigger.ID, err)
		}
	}
	return nil
}

// tellAll tells of several facts.
func (a *announcer) tellAll(ctx context.Context, facts []fact) error {
	for _, f := range facts {
		if err := a.tell(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

// forPeople are the kinds of integrations that people read. They are told of many people in one message, which
// keeps chats and mailboxes from being flooded; an alert of PagerDuty or Opsgenie calls somebody, which is enough
// once.
var forPeople = []string{
	notify.KindEmail,
	notify.KindSlack,
	notify.KindTeams,
	notify.KindTelegram,
	notify.KindPagerDuty,
	notify.KindOpsgenie,
}

// tellsOfEach says whether an integration is told of everybody also when many people are changed: programs count, and
// logs are to be complete.
func tellsOfEach(i store.Integration) bool { return !slices.Contains(forPeople, i.Kind) }

// watching returns the enabled triggers that wait for a condition, with those of their integrations that are wanted;
// triggers without any are left out.
func (a *announcer) watching(ctx context.Context, key string, wanted func(store.Integration) bool) ([]TriggerWithReactions, error) {
	all, known := a.triggers[key]
	if !known {
		var err error
		if all, err = a.tx.enabledTriggers(ctx, key); err != nil {
			return nil, err
		}
		a.triggers[key] = all
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

func (v *View) enabledTriggers(ctx context.Context, key string) ([]TriggerWithReactions, error) {
	triggers, err := v.db.EnabledTriggers(ctx, key)
	if err != nil {
		return nil, err
	}
	all := make([]TriggerWithReactions, len(triggers))
	for i, t := range triggers {
		all[i].Trigger = t
		if all[i].Integrations, err = v.db.IntegrationsOfTrigger(ctx, t.ID); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// event stores that something happened, and returns it with the account it happened in.
func (tx *Tx) event(ctx context.Context, kind string) (store.Account, store.Event, error) {
	event := store.Event{UUID: uuid.NewString(), Type: kind, OccurredAt: tx.now}
	account, err := tx.db.Account(ctx)
	if err != nil {
		return store.Account{}, store.Event{}, err
	}
	return account, event, tx.db.InsertEvent(ctx, &event)
}

// summaryAbove is how many people a job must change for chats and mailboxes to be told once, at its end, instead of for
// each.
const summaryAbove = 20

// summaryNames is how many people such a message names.
const summaryNames = 10

// tellsMany are the integrations that are told of many people in one message.
func tellsMany(i store.Integration) bool { return !tellsOfEach(i) }

// summarizeJob queues one message of each trigger about those whom a job has changed and its filter lets pass, in the
// transaction that ends the job.
func (a *announcer) summarizeJob(ctx context.Context, job store.Job) error {
	told := map[string][]TriggerWithReactions{}
	for _, condition := range notify.Conditions() {
		triggers, err := a.watching(ctx, condition.Key, tellsMany)
		if err != nil {
			return err
		}
		if len(triggers) > 0 {
			told[condition.Key] = triggers
		}
	}
	if len(told) == 0 { // most often: nobody has to wait until a million people are counted
		return nil
	}
	changed, err := a.tx.db.CountOutcomes(ctx, job.ID)
	if err != nil {
		return err
	}
	for _, condition := range notify.Conditions() {
		for _, trigger := range told[condition.Key] {
			people, err := a.peopleOf(ctx, job, trigger, condition.Key, changed[condition.Key])
			if err == nil {
				err = a.summarize(ctx, trigger, condition, people)
			}
			if err != nil {
				return fmt.Errorf("trigger %d: %w", trigger.ID, err)
			}
		}
	}
	return nil
}

// many are people to whom the same happened together.
type many struct {
	count int
	first []store.Outcome // the first of them
}

// peopleOf are those whom a job has changed and whom the filter of a trigger lets pass; changed counts them by role.
func (a *announcer) peopleOf(ctx context.Context, job store.Job, trigger TriggerWithReactions, condition string,
	changed map[permission.Role]int) (many, error) {
	var people many
	var roles []permission.Role
	for role, n := range changed {
		if watches(trigger.Trigger, role) {
			roles = append(roles, role)
			people.count += n
		}
	}
	if people.count == 0 {
		return people, nil
	}
	var err error
	people.first, err = a.tx.db.FirstOutcomes(ctx, job.ID, condition, roles, summaryNames)
	return people, err
}

// summarizeFacts queues one message of each trigger about the people of facts of one condition.
func (a *announcer) summarizeFacts(ctx context.Context, facts []fact) error {
	if len(facts) == 0 {
		return nil
	}
	condition, _ := notify.ConditionByKey(facts[0].condition)
	told, err := a.watching(ctx, condition.Key, tellsMany)
	if err != nil {
		return err
	}
	for _, trigger := range told {
		var people many
		for _, f := range facts {
			if !watches(trigger.Trigger, f.user.Role) {
				continue
			}
			if people.count++; len(people.first) < summaryNames {
				people.first = append(people.first, store.Outcome{UserID: f.user.ID, Name: f.user.Name(), Email: f.user.Email, Role: f.user.Role})
			}
		}
		if err := a.summarize(ctx, trigger, condition, people); err != nil {
			return fmt.Errorf("trigger %d: %w", trigger.ID, err)
		}
	}
	return nil
}

// summarize queues the message of a trigger about many people; about nobody there is none.
func (a *announcer) summarize(ctx context.Context, trigger TriggerWithReactions, condition notify.Condition, people many) error {
	if people.count == 0 {
		return nil
	}
	account, event, err := a.tx.event(ctx, notify.SummaryOf(condition.Template))
	if err != nil {
		return err
	}
	summary := notify.UsersEvent{Template: condition.Template, Trigger: trigger.Name, Company: account.Name, Cloud: account.Cloud,
		Count: people.count, Actor: a.tx.by.person(), EventID: event.UUID, Number: event.ID, OccurredAt: int64(event.OccurredAt)}
	for _, o := range people.first {
		summary.First = append(summary.First, personOf(o.UserID, o.Name, o.Email, o.Role))
	}
	return a.tx.react(ctx, trigger, event, summary)
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

// react queues one message for each integration of a trigger. An email integration has one too: the worker parts it into
// a mail for each of its addresses.
func (tx *Tx) react(ctx context.Context, trigger TriggerWithReactions, event store.Event, message any) error {
	params, err := json.Marshal(message)
	if err != nil {
		return err
	}
	for _, integration := range trigger.Integrations {
		err := tx.db.InsertDelivery(ctx, &store.Delivery{
			UUID: uuid.NewString(), Target: notify.Target(integration.Kind, integration.ID), Kind: integration.Kind, Template: event.Type,
			Params: params, EventID: event.ID, TriggerID: trigger.ID, IntegrationID: integration.ID,
			Priority: store.PriorityTrigger, CreatedAt: tx.now,
		})
		if err != nil {
			return err
		}
		tx.queued = true
	}
	return nil
}
