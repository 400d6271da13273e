package notify

import (
	"fmt"
	"strings"
)

// TemplateUsersAdded is the one message about many people who joined the user list together, by an import. Its
// parameters are a UsersAdded.
const TemplateUsersAdded = "create_users"

// UsersAdded tells that many people joined the user list together.
type UsersAdded struct {
	Trigger    string   `json:"trigger"`
	Company    string   `json:"company"`
	Cloud      string   `json:"cloud"`
	Count      int      `json:"count"` // those whom the trigger's filter lets pass
	First      []Person `json:"first"` // the first of them
	Actor      Person   `json:"actor"`
	Greeting   string   `json:"greeting"` // name of the recipient of a mail, when the address belongs to a user
	EventID    string   `json:"event_id"`
	OccurredAt int64    `json:"occurred_at"` // milliseconds since 1970, UTC
}

func (m UsersAdded) toName() string { return m.Greeting }

func (m UsersAdded) subject(l letterhead) string {
	return line("[%s] Trigger: New users were added to the company account", l.brand)
}

func (m UsersAdded) text(l letterhead) string {
	return lines(
		m.subject(l),
		"",
		"Notification type: "+TemplateUserAdded,
		"",
		fmt.Sprintf("%s added to the company account by %s:", m.subjects(), m.Actor.label()),
		strings.Join(m.names(), "\n"),
		line(`This notification was triggered by the "%s" trigger.`, m.Trigger),
		"",
		line("Client: %s", m.Company),
		line("Cloud: %s", m.Cloud),
	)
}

func (m UsersAdded) subjects() string {
	if m.Count == 1 {
		return "A new user was"
	}
	return fmt.Sprintf("%d new users were", m.Count)
}

// names are lines that name the first people and count the others.
func (m UsersAdded) names() []string {
	var names []string
	for _, p := range m.First {
		names = append(names, line("%s with the role %s", p.label(), p.Role))
	}
	if others := m.Count - len(m.First); others > 0 {
		names = append(names, fmt.Sprintf("and %d more.", others))
	}
	return names
}
