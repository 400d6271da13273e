package notify

import (
	"fmt"
	"slices"
)

// TemplateSettingsChanged is the message of ConditionSettingsChanged.
const TemplateSettingsChanged = "change_settings"

// SettingsTypes are the types of what ConditionSettingsChanged tells of, as activity entries have them, with their labels.
var SettingsTypes = []Option{
	{"account", "Company, sign-in and logout management"},
	{"group", "Groups"},
	{"trigger", "Triggers"},
	{"integration", "Integrations"},
	{"token", "API tokens"},
}

// IsSettingsType says whether ConditionSettingsChanged tells of a type of object.
func IsSettingsType(name string) bool {
	return slices.ContainsFunc(SettingsTypes, func(o Option) bool { return o.Value == name })
}

// Object is a setting that a message is about.
type Object struct {
	Type string `json:"type"`
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// SettingsEvent tells that settings were changed. A summary of several changes has their Count, and the first of them as Details.
type SettingsEvent struct {
	Trigger    string   `json:"trigger"` // its name; empty when the integration itself is tested
	Company    string   `json:"company"`
	Cloud      string   `json:"cloud"`
	Action     string   `json:"action"` // as activity entries have it
	Did        string   `json:"did"`    // the same in words: "changed the group Rules"
	Object     Object   `json:"object"`
	Actor      Person   `json:"actor"`             // the zero value when the system did it
	Details    []string `json:"details,omitempty"` // lines such as "name: Rules → Rule books"; none of them has a secret
	Count      int      `json:"count,omitempty"`
	Greeting   string   `json:"greeting"` // name of the recipient of a mail, when the address belongs to a user
	EventID    string   `json:"event_id"`
	Number     int64    `json:"number"`      // store.Event.ID
	OccurredAt int64    `json:"occurred_at"` // milliseconds since 1970, UTC
	Test       bool     `json:"test"`
}

// settingsMessage is a SettingsEvent and how it reads.
type settingsMessage struct {
	SettingsEvent
	Condition
}

func (m settingsMessage) toName() string { return m.Greeting }

func (m settingsMessage) subject(l letterhead) string {
	if m.Count > 0 {
		return headline(l, m.titleMany, m.Test)
	}
	return headline(l, m.title, m.Test)
}

// who did it, as the beginning of a sentence; label or short name a person.
func (m settingsMessage) who(name string) string {
	if name == "" {
		return "The system"
	}
	return name
}

// predicate follows who did it.
func (m settingsMessage) predicate() string {
	if m.Count > 0 {
		return fmt.Sprintf("made %d changes of settings", m.Count)
	}
	return line("%s", unlinked(m.Did))
}

// changes are the lines below the sentence.
func (m settingsMessage) changes() (list []string) {
	for _, change := range m.Details {
		list = append(list, line("%s", unlinked(change)))
	}
	if others := m.Count - len(m.Details); m.Count > 0 && others > 0 {
		list = append(list, fmt.Sprintf("and %d more.", others))
	}
	return list
}

func (m settingsMessage) text(l letterhead) string {
	body := []string{
		m.subject(l),
		"",
		"Notification type: " + m.Template,
		"",
		m.who(m.Actor.label()) + " " + m.predicate() + end(m.changes()),
	}
	return lines(append(append(body, m.changes()...), signature(m.Trigger, m.Company, m.Cloud)...)...)
}

func (m settingsMessage) details() Details {
	d := Details{Client: m.Company, Cloud: m.Cloud, NotificationType: m.Template, Trigger: m.Trigger, Action: m.Action, Count: m.Count,
		Actor: known(m.Actor), Changes: m.Details, EventID: m.EventID, Number: m.Number, OccurredAt: moment(m.OccurredAt), Test: m.Test}
	if m.Object.Type != "" {
		d.Object = &m.Object
	}
	return d
}
