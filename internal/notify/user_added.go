package notify

// TemplateUserAdded is the message of the condition "User added". Its parameters are a UserAdded.
const TemplateUserAdded = "create_user"

// UserAdded tells that a person joined the user list.
type UserAdded struct {
	Trigger    string `json:"trigger"` // its name; empty when the integration itself is tested
	Company    string `json:"company"`
	Cloud      string `json:"cloud"`
	User       Person `json:"user"`
	Actor      Person `json:"actor"`
	Greeting   string `json:"greeting"` // name of the recipient of a mail, when the address belongs to a user
	EventID    string `json:"event_id"`
	OccurredAt int64  `json:"occurred_at"` // milliseconds since 1970, UTC
	Test       bool   `json:"test"`
}

func (m UserAdded) toName() string { return m.Greeting }

func (m UserAdded) subject(l letterhead) string {
	subject := line("[%s] Trigger: New user was added to the company account", l.brand)
	if m.Test {
		return "[Test message] " + subject
	}
	return subject
}

func (m UserAdded) text(l letterhead) string {
	return lines(
		m.subject(l),
		"",
		"Notification type: "+TemplateUserAdded,
		"",
		line("A new user %s with the role %s was added to the company account by %s.", m.User.label(), m.User.Role, m.Actor.label()),
		m.origin(),
		"",
		line("Client: %s", m.Company),
		line("Cloud: %s", m.Cloud),
	)
}

// origin says which setting of the console made the message.
func (m UserAdded) origin() string {
	if m.Trigger == "" {
		return "This notification is a test of the integration."
	}
	return line(`This notification was triggered by the "%s" trigger.`, m.Trigger)
}
