package notify

// TemplateTestMail is the mail that shows somebody whether mails arrive. Its parameters are a TestMail.
const TemplateTestMail = "test_mail"

// TestMail goes to the administrator who asked for it.
type TestMail struct {
	Company string `json:"company"`
	Name    string `json:"name"`
}

func (m TestMail) toName() string { return m.Name }

func (m TestMail) subject(l letterhead) string { return line("Test mail from %s", l.brand) }

func (m TestMail) text(l letterhead) string {
	return lines(
		salutation(m.Name),
		"",
		m.works(l),
		"",
		"Open the console: "+l.home(),
	)
}

// works says what it means that this mail has arrived.
func (m TestMail) works(l letterhead) string {
	return line(
		"Mails of %s about the account of %s reach you: this one was sent because you asked for it under Settings, General.",
		l.brand,
		m.Company,
	)
}
