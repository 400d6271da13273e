package notify

// TemplateSignupConfirmation is the mail to a person who signed up through a link invitation. Its parameters are a
// SignupConfirmation.
const TemplateSignupConfirmation = "signup_confirmation"

// SignupConfirmation tells a person what they signed up for. Role is the label that people read.
type SignupConfirmation struct {
	Company      string `json:"company"`
	Name         string `json:"name"`
	Email        string `json:"email"`
	Role         string `json:"role"`
	InviterName  string `json:"inviter_name"` // may be empty
	InviterEmail string `json:"inviter_email"`
}

func (m SignupConfirmation) inviter() Person {
	return Person{Name: m.InviterName, Email: m.InviterEmail}
}

func (m SignupConfirmation) toName() string { return m.Name }

func (m SignupConfirmation) subject(letterhead) string {
	return line("You have signed up to %s", unlinked(m.Company))
}

func (m SignupConfirmation) text(l letterhead) string {
	body := []string{salutation(m.Name), "", m.done(l), ""}
	if m.Name != "" {
		body = append(body, line("Name: %s", unlinked(m.Name)))
	}
	return lines(append(body,
		line("Email: %s", m.Email),
		line("Role: %s", m.Role),
		line("Invited by: %s", m.inviter().label()),
		"Sign in at: "+l.home(),
		"",
		m.unexpected(),
	)...)
}

// done says what has happened.
func (m SignupConfirmation) done(l letterhead) string {
	return line("You have signed up to the account of %s in %s.", unlinked(m.Company), l.brand)
}

// unexpected says what to do when somebody else signed up with this address.
func (m SignupConfirmation) unexpected() string {
	return line("That was not you? Then tell %s at once.", m.inviter().label())
}
