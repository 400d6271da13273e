package notify

import (
	"encoding/json"
	"errors"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

var site = Site{Brand: "Wallarm", BaseURL: "https://c.example"}

func sampleUserAdded() UserEvent {
	return UserEvent{
		Trigger: "Added user", Company: "TestCompany", Cloud: "EU",
		User:     Person{ID: 7, Name: "John Smith", Email: "johnsmith@example.com", Role: "Analyst"},
		Actor:    Person{ID: 1, Name: "John Doe", Email: "johndoe@example.com", Role: "Administrator"},
		Greeting: "George Williams", EventID: "4f6c", OccurredAt: 1708100000000,
	}
}

func sampleInvitation() Invitation {
	return Invitation{
		Company: "TestCompany", Name: "Ann Lee", Email: "ann@example.com", Role: "Analyst",
		InviterName: "John Doe", InviterEmail: "johndoe@example.com",
		ExpiresAt: time.Date(2024, 2, 16, 15, 4, 0, 0, time.UTC).UnixMilli(),
	}
}

func sampleConfirmation() SignupConfirmation {
	return SignupConfirmation{
		Company: "TestCompany", Name: "Ann Lee", Email: "ann@example.com", Role: "Analyst",
		InviterName: "John Doe", InviterEmail: "johndoe@example.com",
	}
}

func sampleUsersAdded() UsersEvent {
	return UsersEvent{
		Template: TemplateUserAdded,
		Trigger:  "Added user",
		Company:  "TestCompany",
		Cloud:    "EU",
		Count:    25,
		Actor:    Person{ID: 1, Name: "John Doe", Email: "johndoe@example.com"},
		First: []Person{
			{ID: 2, Name: "John Smith", Email: "johnsmith@example.com", Role: "Analyst"},
			{ID: 3, Email: "ann@example.com", Role: "Deploy"},
		},
	}
}

// at is a moment for samples.
var at = time.Date(2024, 2, 16, 15, 4, 0, 0, time.UTC).UnixMilli()

// samples has parameters for every template.
func samples() map[string]any {
	all := map[string]any{
		TemplateTestMail:           TestMail{Company: "TestCompany", Name: "Ann Lee"},
		TemplateInvitation:         sampleInvitation(),
		TemplateSignupConfirmation: sampleConfirmation(),
		TemplatePasswordReset:      PasswordReset{Company: "TestCompany", Name: "Ann Lee", Email: "ann@example.com", ExpiresAt: at},
		TemplatePasswordChanged: PasswordChanged{
			Company: "TestCompany",
			Name:    "Ann Lee",
			Email:   "ann@example.com",
			At:      at,
			Address: "192.0.2.7",
		},
		TemplateSecondFactorEnabled: SecondFactorEnabled{
			Company: "TestCompany",
			Name:    "Ann Lee",
			Email:   "ann@example.com",
			Method:  "an authenticator app",
			At:      at,
			Address: "192.0.2.7",
		},
		TemplateSecondFactorDisabledNotice: SecondFactorDisabled{
			Company: "TestCompany",
			Name:    "Ann Lee",
			Email:   "ann@example.com",
			At:      at,
			Actor:   Person{Name: "John Doe", Email: "johndoe@example.com"},
		},
		TemplateSecondFactorsChanged: SecondFactorsChanged{
			Company: "TestCompany",
			Name:    "Ann Lee",
			Email:   "ann@example.com",
			Change:  "a passkey was removed",
			At:      at,
			Address: "192.0.2.7",
		},
		TemplateTokenExpires: TokenExpires{Company: "TestCompany", Name: "Ann Lee", Email: "ann@example.com", ID: 9, Token: "Nightly sync",
			Shared: true, Renews: true, ExpiresAt: at},
		TemplateIntegrationOff: IntegrationOff{
			Company:     "TestCompany",
			Name:        "John Doe",
			Email:       "johndoe@example.com",
			ID:          7,
			Integration: "Alerts",
			Kind:        "Slack",
			Ended:       12,
			Failed:      9,
			Error:       "answered 404",
			At:          at,
		},
	}
	for _, condition := range conditions {
		template := condition.Template
		all[template] = sampleUserAdded()
		summary := sampleUsersAdded()
		summary.Template = template
		all[SummaryOf(template)] = summary
	}
	return all
}

func params(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func written(t *testing.T, s Site, template string, v any, token string) Message {
	t.Helper()
	m, err := s.Message(template, params(t, v), token)
	if err != nil {
		t.Fatalf("%s: %v", template, err)
	}
	return m
}

const userAddedText = `[Wallarm] Trigger: New user was added to the company account

Notification type: create_user

A new user John Smith <johnsmith@example.com> with the role Analyst was added to the company account by John Doe <johndoe@example.com>.
This notification was triggered by the "Added user" trigger.

Client: TestCompany
Cloud: EU`

func TestTextsOfTheConditions(t *testing.T) {
	t.Parallel()
	const who, by = "John Smith <johnsmith@example.com> with the role Analyst", " by John Doe <johndoe@example.com>"
	for template, want := range map[string][2]string{
		TemplateUserAdded:            {"New user was added to the company account", "A new user " + who + " was added to the company account" + by + "."},
		TemplateUserDeleted:          {"User was deleted from the company account", "The user " + who + " was deleted from the company account" + by + "."},
		TemplateAccessDisabled:       {"Access to the company account was disabled", "Access of the user " + who + " to the company account was disabled" + by + "."},
		TemplateAccessEnabled:        {"Access to the company account was enabled", "Access of the user " + who + " to the company account was enabled" + by + "."},
		TemplateMembershipChanged:    {"Role or groups of a user were changed", "Role or groups of the user " + who + " were changed" + by + ":\nRole: Read Only → Analyst\nAdded to the group Support"},
		TemplateSecondFactorDisabled: {"Two-factor authentication of a user was disabled", "Two-factor authentication of the user " + who + " was disabled" + by + "."},
		TemplateSignInLocked:         {"Sign-in of a user was locked", "Sign-in of the user " + who + " was locked after too many failed attempts."},
	} {
		p := sampleUserAdded()
		switch template {
		case TemplateMembershipChanged:
			p.Details = []string{"Role: Read Only → Analyst", "Added to the group Support"}
		case TemplateSignInLocked:
			p.Actor = Person{}
		}
		text := "[Wallarm] Trigger: " + want[0] + "\n\nNotification type: " + template + "\n\n" + want[1] +
			"\nThis notification was triggered by the \"Added user\" trigger.\n\nClient: TestCompany\nCloud: EU"
		if m := written(t, site, template, p, ""); m.Text != text {
			t.Errorf("%s:\n%s\nwant:\n%s", template, m.Text, text)
		}
	}
}

func TestWhatProgramsReadOfAMessage(t *testing.T) {
	t.Parallel()
	p := sampleUserAdded()
	p.Number = 41
	details, err := json.Marshal(written(t, site, TemplateUserAdded, p, "").Details)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"client_name":"TestCompany","cloud":"EU","notification_type":"create_user","trigger_name":"Added user",` +
		`"user":{"id":7,"name":"John Smith","email":"johnsmith@example.com","role":"Analyst"},"actor":{"id":1,"name":"John Doe","email":"johndoe@example.com","role":"Administrator"},` +
		`"event_id":"4f6c","number":41,"occurred_at":"2024-02-16T16:13:20.000Z"}`
	if string(details) != want {
		t.Errorf("details:\n%s\nwant:\n%s", details, want)
	}
}

func TestNoticeTexts(t *testing.T) {
	t.Parallel()
	m := written(t, site, TemplatePasswordReset, samples()[TemplatePasswordReset], "tok-en_1")
	want := `Hello Ann Lee,

Somebody asked for a new password for your account ann@example.com at TestCompany in Wallarm.

Choose a new password:

https://c.example/reset/tok-en_1

The link works once, until 16 Feb 2024, 15:04 UTC. If you use two-factor authentication, you will still need it to sign in.

You did not ask for this? Then do nothing: your password stays as it is.`
	if m.Text != want || m.Subject != "Reset your password for TestCompany" || m.ToName != "Ann Lee" {
		t.Errorf("%q to %q:\n%s\nwant:\n%s", m.Subject, m.ToName, m.Text, want)
	}
	for template, parts := range map[string][]string{
		TemplatePasswordChanged:            {"was changed on 16 Feb 2024, 15:04 UTC from the address 192.0.2.7.", "https://c.example/forgot"},
		TemplateSecondFactorEnabled:        {"with an authenticator app was enabled for your account ann@example.com"},
		TemplateSecondFactorDisabledNotice: {"on 16 Feb 2024, 15:04 UTC by John Doe <johndoe@example.com>."},
		TemplateSecondFactorsChanged:       {"In your account ann@example.com at TestCompany in Wallarm, a passkey was removed on 16 Feb 2024, 15:04 UTC from the address 192.0.2.7."},
		TemplateIntegrationOff:             {"The integration Alerts (Slack) of TestCompany was switched off", "9 of its last 12 messages", "https://c.example/settings/integrations/7/edit"},
		TemplateTokenExpires:               {"Your shared API token Nightly sync at TestCompany in Wallarm expires on 16 Feb 2024, 15:04 UTC.", "https://c.example/settings/tokens/9"},
	} {
		m := written(t, site, template, samples()[template], "")
		for _, part := range parts {
			if !strings.Contains(m.Text, part) {
				t.Errorf("%s lacks %q:\n%s", template, part, m.Text)
			}
		}
	}
}

const usersAddedText = `[Wallarm] Trigger: New users were added to the company account

Notification type: create_user

25 new users were added to the company account by John Doe <johndoe@example.com>:
John Smith <johnsmith@example.com> with the role Analyst
ann@example.com with the role Deploy
and 23 more.
This notification was triggered by the "Added user" trigger.

Client: TestCompany
Cloud: EU`

func TestUsersAddedText(t *testing.T) {
	t.Parallel()
	if m := written(t, site, SummaryOf(TemplateUserAdded), sampleUsersAdded(), ""); m.Text != usersAddedText {
		t.Errorf("the text is\n%s\nnot\n%s", m.Text, usersAddedText)
	}
}

func TestUserAddedText(t *testing.T) {
	t.Parallel()
	m := written(t, site, TemplateUserAdded, sampleUserAdded(), "")
	if m.Text != userAddedText {
		t.Errorf("text:\n%s\nwant:\n%s", m.Text, userAddedText)
	}
	if want := "[Wallarm] Trigger: New user was added to the company account"; m.Subject != want {
		t.Errorf("subject %q, want %q", m.Subject, want)
	}
	for _, want := range []string{
		"Hello George Williams,",
		"A new user <strong>John Smith</strong> with the role <strong>Analyst</strong> was added to the company account by <strong>John Doe</strong>.",
	} {
		if !strings.Contains(m.HTML, want) {
			t.Errorf("the HTML part lacks %q:\n%s", want, m.HTML)
		}
	}
}

func TestUserAddedOfNamelessPeople(t *testing.T) {
	t.Parallel()
	p := sampleUserAdded()
	p.User.Name, p.Actor.Name, p.Greeting, p.Test = "", "", "", true
	m := written(t, site, TemplateUserAdded, p, "")
	if want := "A new user johnsmith@example.com with the role Analyst was added to the company account by johndoe@example.com.\n"; !strings.Contains(
		m.Text,
		want,
	) {
		t.Errorf("the text lacks %q:\n%s", want, m.Text)
	}
	if want := "[Test message] [Wallarm] Trigger: New user"; !strings.HasPrefix(m.Text, want) || !strings.HasPrefix(m.Subject, want) {
		t.Errorf("a test is not marked: %q, %q", m.Subject, m.Text)
	}
	if !strings.Contains(m.HTML, "<p>Hello,</p>") {
		t.Errorf("no plain greeting in:\n%s", m.HTML)
	}
	p.Trigger = ""
	if m := written(t, site, TemplateUserAdded, p, ""); !strings.Contains(m.Text, "\nThis notification is a test of the integration.\n") {
		t.Errorf("the test of an integration names a trigger:\n%s", m.Text)
	}
}

func TestInvitationText(t *testing.T) {
	t.Parallel()
	m := written(t, site, TemplateInvitation, sampleInvitation(), "tok-en_1")
	want := `Hello Ann Lee,

John Doe <johndoe@example.com> invites you to the account of TestCompany in Wallarm. Your role there will be Analyst.

To accept, open this link and choose a password:

https://c.example/signup/tok-en_1

The link is for ann@example.com only. It works once, until 16 Feb 2024, 15:04 UTC.

You did not expect this? Then do nothing: you get no account unless you open the link and sign up. If in doubt, ask John Doe <johndoe@example.com>.`
	if m.Text != want {
		t.Errorf("text:\n%s\nwant:\n%s", m.Text, want)
	}
	if m.Subject != "John Doe invites you to TestCompany" {
		t.Errorf("subject %q", m.Subject)
	}
}

func TestSignupConfirmationText(t *testing.T) {
	t.Parallel()
	m := written(t, site, TemplateSignupConfirmation, sampleConfirmation(), "")
	want := `Hello Ann Lee,

You have signed up to the account of TestCompany in Wallarm.

Name: Ann Lee
Email: ann@example.com
Role: Analyst
Invited by: John Doe <johndoe@example.com>
Sign in at: https://c.example/

That was not you? Then tell John Doe <johndoe@example.com> at once.`
	if m.Text != want {
		t.Errorf("text:\n%s\nwant:\n%s", m.Text, want)
	}
}

func TestFC18_NothingIsWrittenWithoutABaseURL(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"", "c.example", "/console", "http://", "%"} {
		if _, err := (Site{Brand: "Wallarm", BaseURL: base}).Message(
			TemplateInvitation,
			params(t, sampleInvitation()),
			"token",
		); !errors.Is(err, ErrBaseURL) {
			t.Errorf("base URL %q: %v", base, err)
		}
	}
}

var (
	textLinks = regexp.MustCompile(`https?://[^\s<>"]+`)
	htmlLinks = regexp.MustCompile(`(?:href|src|action|background)="([^"]*)"`)
)

func TestFC29_EveryLinkIsUnderTheBaseURL(t *testing.T) {
	t.Parallel()
	for name := range templates {
		for _, base := range []string{"https://c.example", "https://c.example/", "https://c.example/console", "http://localhost:8080"} {
			sample, found := samples()[name]
			if !found {
				t.Fatalf("no sample of %s", name)
			}
			m := written(t, Site{Brand: "Wallarm", BaseURL: base}, name, sample, "token")
			found = false
			for _, link := range textLinks.FindAllString(m.Text, -1) {
				checkLink(t, name, base, link)
			}
			for _, match := range htmlLinks.FindAllStringSubmatch(m.HTML, -1) {
				found = true
				checkLink(t, name, base, match[1])
			}
			if !found {
				t.Errorf("%s: no link in the HTML part", name)
			}
		}
	}
}

func checkLink(t *testing.T, name, base, link string) {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil || !u.IsAbs() || !strings.HasPrefix(link, base) || strings.Contains(u.Path, "//") {
		t.Errorf("%s: link %q is not under %q", name, link, base)
	}
}

func TestFC115_NamesAreTextInEveryMail(t *testing.T) {
	t.Parallel()
	const evil = `</b><a href=https://evil.example>Click</a>{{.}}<script>`
	person := Person{Name: evil, Email: evil, Role: evil}
	mails := map[string]any{
		TemplateInvitation: Invitation{Company: evil, Name: evil, Email: evil, Role: evil, InviterName: evil, InviterEmail: evil},
		TemplateSignupConfirmation: SignupConfirmation{
			Company:      evil,
			Name:         evil,
			Email:        evil,
			Role:         evil,
			InviterName:  evil,
			InviterEmail: evil,
		},
		TemplatePasswordReset:              PasswordReset{Company: evil, Name: evil, Email: evil},
		TemplatePasswordChanged:            PasswordChanged{Company: evil, Name: evil, Email: evil, Address: evil},
		TemplateSecondFactorEnabled:        SecondFactorEnabled{Company: evil, Name: evil, Email: evil, Method: evil, Address: evil},
		TemplateSecondFactorDisabledNotice: SecondFactorDisabled{Company: evil, Name: evil, Email: "ann@example.com", Actor: person},
		TemplateSecondFactorsChanged:       SecondFactorsChanged{Company: evil, Name: evil, Email: evil, Change: evil, Address: evil},
		TemplateTestMail:                   TestMail{Company: evil, Name: evil},
		TemplateTokenExpires:               TokenExpires{Company: evil, Name: evil, Email: evil, Token: evil},
		TemplateIntegrationOff:             IntegrationOff{Company: evil, Name: evil, Email: evil, Integration: evil, Kind: evil, Error: evil},
	}
	for _, condition := range conditions {
		template := condition.Template
		if condition.Settings {
			mails[template] = SettingsEvent{Trigger: evil, Company: evil, Cloud: evil, Did: evil, Object: Object{Name: evil}, Actor: person,
				Details: []string{evil}, Greeting: evil}
			mails[SummaryOf(template)] = SettingsEvent{Trigger: evil, Company: evil, Cloud: evil, Count: 2, Actor: person,
				Details: []string{evil}, Greeting: evil}
			continue
		}
		mails[template] = UserEvent{
			Trigger:  evil,
			Company:  evil,
			Cloud:    evil,
			User:     person,
			Actor:    person,
			Details:  []string{evil},
			Greeting: evil,
		}
		mails[SummaryOf(template)] = UsersEvent{
			Trigger:  evil,
			Company:  evil,
			Cloud:    evil,
			Count:    2,
			First:    []Person{person},
			Actor:    person,
			Greeting: evil,
		}
	}
	if len(mails) != len(templates) {
		t.Errorf("%d of %d templates are tried", len(mails), len(templates))
	}
	for name, p := range mails {
		m := written(t, site, name, p, "token")
		if strings.Contains(m.HTML, "<a href=https://evil") || strings.Contains(m.HTML, "<script") {
			t.Errorf("%s: a name is markup:\n%s", name, m.HTML)
		}
		if !strings.Contains(m.HTML, "&lt;a href=https : //evil . example&gt;Click&lt;/a&gt;{{ . }}") {
			t.Errorf("%s: the name is not shown:\n%s", name, m.HTML)
		}
		for _, match := range htmlLinks.FindAllStringSubmatch(m.HTML, -1) {
			checkLink(t, name, "https://c.example", match[1])
		}
		if !strings.Contains(m.Text, unlinked(evil)) { // FC-116
			t.Errorf("%s: the text part changes the name:\n%s", name, m.Text)
		}
	}
}

func TestNamesCannotAddLines(t *testing.T) {
	t.Parallel()
	p := sampleUserAdded()
	p.User.Name = "Eve\r\n\r\nClient: Other\u2028 \x00 Doe"
	m := written(t, site, TemplateUserAdded, p, "")
	if !strings.Contains(m.Text, "A new user Eve Client: Other Doe <johnsmith@example.com> with") {
		t.Errorf("text:\n%s", m.Text)
	}
}

func TestFC118_LinksAreEscaped(t *testing.T) {
	t.Parallel()
	m := written(t, Site{Brand: "Wallarm", BaseURL: "https://c.example/a b|c>d/"}, TemplateInvitation, sampleInvitation(), "token")
	const link = "https://c.example/a%20b%7Cc%3Ed/signup/token"
	if !strings.Contains(m.Text, "\n"+link+"\n") || !strings.Contains(m.HTML, `href="`+link+`"`) {
		t.Errorf("%s is not in:\n%s\n%s", link, m.Text, m.HTML)
	}
}

func TestMailsLoadNothing(t *testing.T) {
	t.Parallel()
	for name, p := range samples() {
		m := written(t, site, name, p, "token")
		for _, forbidden := range []string{"<img", "<link", "<script", "url(", "@import", "src="} {
			if strings.Contains(m.HTML, forbidden) {
				t.Errorf("%s contains %s", name, forbidden)
			}
		}
		for _, needed := range []string{`name="viewport"`, `name="color-scheme" content="light dark"`, "prefers-color-scheme: dark", `lang="en"`} {
			if !strings.Contains(m.HTML, needed) {
				t.Errorf("%s lacks %s", name, needed)
			}
		}
	}
}

func TestMessageRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	if _, err := site.Message("unknown", []byte("{}"), ""); !errors.Is(err, ErrTemplate) {
		t.Errorf("unknown template: %v", err)
	}
	if _, err := site.Message(TemplateInvitation, []byte(`{"name":7`), ""); !errors.Is(err, ErrTemplate) {
		t.Errorf("broken parameters: %v", err)
	}
}

func sampleSettingsChanged() SettingsEvent {
	return SettingsEvent{Trigger: "Watch", Company: "TestCompany", Cloud: "EU", Action: "change group", Did: "changed the group Rules",
		Object: Object{Type: "group", ID: 3, Name: "Rules"}, Actor: Person{ID: 1, Name: "John Doe", Email: "johndoe@example.com", Role: "Administrator"},
		Details: []string{"permissions added: view Scanner", "role: Read Only → Analyst"}, EventID: "event", Number: 41, OccurredAt: sampleTime}
}

const sampleTime = 1708095800000

const settingsChangedText = `[Wallarm] Trigger: Settings of the company account were changed

Notification type: change_settings

John Doe <johndoe@example.com> changed the group Rules:
permissions added: view Scanner
role: Read Only → Analyst
This notification was triggered by the "Watch" trigger.

Client: TestCompany
Cloud: EU`

func TestSettingsChangedReads(t *testing.T) {
	t.Parallel()
	m := written(t, site, TemplateSettingsChanged, sampleSettingsChanged(), "")
	if m.Text != settingsChangedText {
		t.Errorf("the text is\n%s\nnot\n%s", m.Text, settingsChangedText)
	}
	for _, want := range []string{"<strong>John Doe</strong> changed the group Rules:", "<li>role: Read Only → Analyst</li>"} {
		if !strings.Contains(m.HTML, want) {
			t.Errorf("%q is not in\n%s", want, m.HTML)
		}
	}
	encoded, err := json.Marshal(m.Details)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"client_name":"TestCompany","cloud":"EU","notification_type":"change_settings","trigger_name":"Watch",` +
		`"actor":{"id":1,"name":"John Doe","email":"johndoe@example.com","role":"Administrator"},` +
		`"action":"change group","object":{"type":"group","id":3,"name":"Rules"},` +
		`"changes":["permissions added: view Scanner","role: Read Only → Analyst"],` +
		`"event_id":"event","number":41,"occurred_at":"2024-02-16T15:03:20.000Z"}`
	if string(encoded) != want {
		t.Errorf("programs read\n%s\nnot\n%s", encoded, want)
	}
	bySystem := sampleSettingsChanged()
	bySystem.Actor, bySystem.Details, bySystem.Did = Person{}, nil, "switched off the integration Chat, most of whose messages failed"
	if m := written(t, site, TemplateSettingsChanged, bySystem, ""); !strings.Contains(m.Text,
		"\nThe system switched off the integration Chat, most of whose messages failed.\n") {
		t.Errorf("of the system it says\n%s", m.Text)
	}
}
