package account

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"console/internal/notify"
	"console/store"
)

// tellSettings tells the triggers that settings were changed, in the transaction of the change, with what its entry says. An
// integration is not told that it was itself switched off: the message would wait for somebody to switch it on. So one change
// never leads to another without end: being told changes nothing but, when it fails too often, that an integration is switched off.
func (tx *Tx) tellSettings(ctx context.Context, e store.Entry, differ changes) error {
	if !wording(e.Action).setting {
		return nil
	}
	audience := everyIntegration
	if tx.tells != nil {
		audience = tx.tells
	}
	told, err := newAnnouncer(tx, everyIntegration).watching(ctx, notify.ConditionSettingsChanged, func(i store.Integration) bool {
		return audience(i) && !(e.Action == string(actSwitchOffIntegration) && i.ID == e.ObjectID)
	})
	told = slices.DeleteFunc(told, func(t TriggerWithReactions) bool { return !watchesType(t.Trigger, e.ObjectType) })
	if err != nil || len(told) == 0 {
		return err
	}
	account, event, err := tx.event(ctx, notify.TemplateSettingsChanged)
	if err != nil {
		return err
	}
	message := notify.SettingsEvent{Company: account.Name, Cloud: account.Cloud, Action: e.Action, Did: doneTo(e),
		Object: notify.Object{Type: e.ObjectType, ID: e.ObjectID, Name: e.Object}, Details: detailsOf(differ),
		EventID: event.UUID, Number: event.ID, OccurredAt: int64(event.OccurredAt)}
	if tx.by.Source != System {
		message.Actor = tx.by.person()
	}
	for _, trigger := range told {
		message.Trigger = trigger.Name
		if err := tx.react(ctx, trigger, event, message); err != nil {
			return fmt.Errorf("trigger %d: %w", trigger.ID, err)
		}
	}
	return nil
}

// detailsOf are lines that say which fields were changed, by name.
func detailsOf(differ changes) []string {
	var said []string
	for _, field := range slices.Sorted(maps.Keys(differ)) {
		before, after := differ[field][0], differ[field][1]
		switch {
		case before == "":
			said = append(said, field+": "+after)
		case after == "":
			said = append(said, field+": "+before+" → none")
		default:
			said = append(said, field+": "+before+" → "+after)
		}
	}
	return said
}

// watchesType says whether the filter of a trigger lets changes of a type of object pass.
func watchesType(t store.Trigger, objectType string) bool {
	return len(t.ObjectTypes) == 0 || slices.Contains(t.ObjectTypes, objectType)
}

// summarizeSettings queues one message of each trigger about the settings that a job has changed and its filter lets pass.
func (a *announcer) summarizeSettings(ctx context.Context, job store.Job) error {
	told, err := a.watching(ctx, notify.ConditionSettingsChanged, tellsMany)
	if err != nil || len(told) == 0 {
		return err
	}
	entries, err := a.tx.db.EntriesOfJob(ctx, job.ID, settingActions())
	if err != nil {
		return err
	}
	for _, trigger := range told {
		var first []string
		count := 0
		for _, e := range entries {
			if !watchesType(trigger.Trigger, e.ObjectType) {
				continue
			}
			if count++; count <= summaryNames {
				first = append(first, doneTo(e))
			}
		}
		if count == 0 {
			continue
		}
		account, event, err := a.tx.event(ctx, notify.SummaryOf(notify.TemplateSettingsChanged))
		if err != nil {
			return err
		}
		message := notify.SettingsEvent{Trigger: trigger.Name, Company: account.Name, Cloud: account.Cloud, Actor: a.tx.by.person(),
			Details: first, Count: count, EventID: event.UUID, Number: event.ID, OccurredAt: int64(event.OccurredAt)}
		if err := a.tx.react(ctx, trigger, event, message); err != nil {
			return fmt.Errorf("trigger %d: %w", trigger.ID, err)
		}
	}
	return nil
}
