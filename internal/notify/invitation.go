package notify

// TemplateInvitation is the mail with a signup link. Its parameters are an Invitation; the token of the link is the
// secret of the delivery.
const TemplateInvitation = "invitation"

// Invitation asks a person to sign up. Role is the label that people read.
type Invitation struct {
	Company      string `json:"company"`
	Name         string `json:"name"` // of the invited person; may be empty
	Email        string `json:"email"`
	Role         string `json:"role"`
	InviterName  string `json:"inviter_name"` // may be empty
	InviterEmail string `json:"inviter_email"`
	ExpiresAt    int64  `json:"expires_at"` // milliseconds since 1970, UTC
}

func (m Invitation) inviter() Person { return Person{Name: m.InviterName, Email: m.InviterEmail} }

func (m Invitation) toName() string { return m.Name }

func (m Invitation) subject(letterhead) string {
	return line("%s invites you to %s", m.inviter().short(), m.Company)
}

func (m Invitation) text(l letterhead) string {
	return lines(
		salutation(m.Name),
		"",
		line("%s invites you to the account of %s in %s. Your role there will be %s.", m.inviter().label(), m.Company, l.brand, m.Role),
		"",
		"To accept, open this link and choose a password:",
		"",
		l.signup(),
		"",
		m.limits(),
		"",
		m.unexpected(),
	)
}

// limits says for whom, how often and how long the link works.
func (m Invitation) limits() string {
	return line("The link is for %s only. It works once, until %s.", m.Email, day(m.ExpiresAt))
}

// unexpected says what to do for somebody who does not know why they get the mail.
func (m Invitation) unexpected() string {
	return line(
		"You did not expect this? Then do nothing: you get no account unless you open the link and sign up. If in doubt, ask %s.",
		m.inviter().label(),
	)
}
