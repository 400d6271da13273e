package notify

import (
	"encoding/json"
	"fmt"
	"slices"
)

// The messages of the conditions.
const (
	TemplateUserAdded            = "create_user"
	TemplateUserDeleted          = "delete_user"
	TemplateAccessDisabled       = "disable_user"
	TemplateAccessEnabled        = "enable_user"
	TemplateMembershipChanged    = "change_user_access"
	TemplateSecondFactorDisabled = "disable_2fa"
	TemplateSignInLocked         = "lock_sign_in"
)

// SummaryOf is the template of the one message about many people to whom the same happened together.
func SummaryOf(template string) string { return template + "_summary" }

// Details are what programs read of a message of a trigger.
type Details struct {
	Client           string   `json:"client_name"`
	Cloud            string   `json:"cloud"`
	NotificationType string   `json:"notification_type"`
	Trigger          string   `json:"trigger_name"`
	User             *Person  `json:"user,omitempty"`
	Users            []Person `json:"users,omitempty"` // of a summary: the first of Count
	Count            int      `json:"count,omitempty"`
	Actor            *Person  `json:"actor,omitempty"`  // missing when nobody did it
	Action           string   `json:"action,omitempty"` // of changed settings: what was done to Object
	Object           *Object  `json:"object,omitempty"`
	Changes          []string `json:"changes,omitempty"`
	EventID          string   `json:"event_id"`
	Number           int64    `json:"number"`      // rises with every event
	OccurredAt       string   `json:"occurred_at"` // RFC 3339, milliseconds, UTC
	Test             bool     `json:"test,omitempty"`
}

// headline is the subject of a mail, and the first line of every other message.
func headline(l letterhead, title string, test bool) string {
	headline := line("[%s] Trigger: %s", l.brand, title)
	if test {
		return "[Test message] " + headline
	}
	return headline
}

// triggered says which setting of the console made the message.
func triggered(trigger string) string {
	if trigger == "" {
		return "This notification is a test of the integration."
	}
	return line(`This notification was triggered by the "%s" trigger.`, unlinked(trigger))
}

// doneBy is "by" and the name of an actor, or "" where nobody did it.
func doneBy(actor string) string {
	if actor == "" {
		return ""
	}
	return " by " + actor
}

// end closes a sentence, or opens the list that follows it.
func end(list []string) string {
	if len(list) > 0 {
		return ":"
	}
	return "."
}

// PeopleIn returns the ids of the people whom the message of a trigger with these parameters names as those it is about, each once.
// Of parameters that cannot be read, and of mails to people, it returns none.
func PeopleIn(params []byte) []int64 {
	var about struct {
		User  Person   `json:"user"`
		First []Person `json:"first"`
	}
	if err := json.Unmarshal(params, &about); err != nil {
		return nil
	}
	var ids []int64
	for _, p := range append(about.First, about.User) {
		if p.ID != 0 && !slices.Contains(ids, p.ID) {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

// known returns p unless it is nobody.
func known(p Person) *Person {
	if p.short() == "" {
		return nil
	}
	return &p
}

// UserEvent tells what happened to a person. Details are lines that say what changed, for TemplateMembershipChanged.
type UserEvent struct {
	Trigger    string   `json:"trigger"` // its name; empty when the integration itself is tested
	Company    string   `json:"company"`
	Cloud      string   `json:"cloud"`
	User       Person   `json:"user"`
	Actor      Person   `json:"actor"` // the zero value when nobody did it
	Details    []string `json:"details,omitempty"`
	Greeting   string   `json:"greeting"` // name of the recipient of a mail, when the address belongs to a user
	EventID    string   `json:"event_id"`
	Number     int64    `json:"number"`      // store.Event.ID
	OccurredAt int64    `json:"occurred_at"` // milliseconds since 1970, UTC
	Test       bool     `json:"test"`
}

// userMessage is a UserEvent and how it reads.
type userMessage struct {
	UserEvent
	Condition
}

func (m userMessage) toName() string { return m.Greeting }

func (m userMessage) subject(l letterhead) string { return headline(l, m.title, m.Test) }

func (m userMessage) text(l letterhead) string {
	body := []string{
		m.subject(l),
		"",
		"Notification type: " + m.Template,
		"",
		line(
			"%s %s with the role %s %s",
			m.Condition.subject,
			m.User.label(),
			m.User.Role,
			m.predicate,
		) + doneBy(
			m.Actor.label(),
		) + end(
			m.Details,
		),
	}
	return lines(append(append(body, m.changes()...), signature(m.Trigger, m.Company, m.Cloud)...)...)
}

func (m userMessage) changes() (list []string) {
	for _, change := range m.Details {
		list = append(list, unlinked(change))
	}
	return list
}

func (m userMessage) details() Details {
	return Details{
		Client:           m.Company,
		Cloud:            m.Cloud,
		NotificationType: m.Template,
		Trigger:          m.Trigger,
		User:             known(m.User),
		Actor:            known(m.Actor),
		Changes:          m.Details,
		EventID:          m.EventID,
		Number:           m.Number,
		OccurredAt:       moment(m.OccurredAt),
		Test:             m.Test,
	}
}

// signature are the last lines of a text.
func signature(trigger, company, cloud string) []string {
	return []string{triggered(trigger), "", line("Client: %s", unlinked(company)), line("Cloud: %s", unlinked(cloud))}
}

// UsersEvent tells of many people to whom the same happened together. Template is the one of a message about one of
// them.
type UsersEvent struct {
	Template   string   `json:"template"`
	Trigger    string   `json:"trigger"`
	Company    string   `json:"company"`
	Cloud      string   `json:"cloud"`
	Count      int      `json:"count"` // those whom the trigger's filter lets pass
	First      []Person `json:"first"` // the first of them
	Actor      Person   `json:"actor"`
	Greeting   string   `json:"greeting"` // name of the recipient of a mail, when the address belongs to a user
	EventID    string   `json:"event_id"`
	Number     int64    `json:"number"`      // store.Event.ID
	OccurredAt int64    `json:"occurred_at"` // milliseconds since 1970, UTC
	Test       bool     `json:"test"`
}

// usersMessage is a UsersEvent and how it reads.
type usersMessage struct {
	UsersEvent
	Condition
}

func (m usersMessage) toName() string { return m.Greeting }

func (m usersMessage) subject(l letterhead) string { return headline(l, m.titleMany, m.Test) }

func (m usersMessage) text(l letterhead) string {
	body := []string{
		m.subject(l),
		"",
		"Notification type: " + m.UsersEvent.Template,
		"",
		fmt.Sprintf(m.many, m.Count) + doneBy(m.Actor.label()) + end(m.names()),
	}
	return lines(append(append(body, m.names()...), signature(m.Trigger, m.Company, m.Cloud)...)...)
}

// names are lines that name the first people and count the others.
func (m usersMessage) names() []string {
	var names []string
	for _, p := range m.First {
		names = append(names, line("%s with the role %s", p.label(), p.Role))
	}
	if others := m.Count - len(m.First); others > 0 {
		names = append(names, fmt.Sprintf("and %d more.", others))
	}
	return names
}

func (m usersMessage) details() Details {
	return Details{
		Client:           m.Company,
		Cloud:            m.Cloud,
		NotificationType: m.UsersEvent.Template,
		Trigger:          m.Trigger,
		Users:            m.First,
		Count:            m.Count,
		Actor:            known(m.Actor),
		EventID:          m.EventID,
		Number:           m.Number,
		OccurredAt:       moment(m.OccurredAt),
		Test:             m.Test,
	}
}
