package notify

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestFC116_NamesBecomeNoLinks(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"evil.example":                  "“evil . example”",
		"[Reset](https://evil.example)": "“[Reset](https : //evil . example)”",
		"ann@evil.example":              "“ann@evil . example”",
		"evil。example":                  "“evil 。 example”",
		"Booking.com":                   "“Booking . com”",
		"J. R. R. Tolkien":              "J. R. R. Tolkien",
		"Dr. Ann O'Neil-Smith: Sales":   "Dr. Ann O'Neil-Smith: Sales",
	} {
		if got := unlinked(name); got != want || unlinked(got) != want {
			t.Errorf("%q is shown as %q", name, got)
		}
	}
	const evil = "Reset https://evil.example/x"
	person := Person{Name: evil, Email: "ann@example.com", Role: "Analyst"}
	event := UserEvent{Trigger: evil, Company: evil, Cloud: evil, User: person, Actor: person, Greeting: evil, Details: []string{"joined " + evil}}
	for template, params := range map[string]any{
		TemplateInvitation:           Invitation{Company: evil, Name: evil, InviterName: evil, InviterEmail: "b@example.com", Email: "a@example.com"},
		TemplateSignupConfirmation:   SignupConfirmation{Company: evil, Name: evil, InviterName: evil, Email: "a@example.com"},
		TemplatePasswordReset:        PasswordReset{Company: evil, Name: evil},
		TemplatePasswordChanged:      PasswordChanged{Company: evil, Name: evil},
		TemplateSecondFactorEnabled:  SecondFactorEnabled{Company: evil, Name: evil, Method: "a passkey"},
		TemplateSecondFactorsChanged: SecondFactorsChanged{Company: evil, Name: evil, Change: "a passkey was removed"},
		TemplateSecondFactorDisabledNotice: SecondFactorDisabled{
			Company: evil, Name: evil, Actor: person,
		},
		TemplateTestMail:          TestMail{Company: evil, Name: evil},
		TemplateTokenExpires:      TokenExpires{Company: evil, Name: evil, Token: evil},
		TemplateIntegrationOff:    IntegrationOff{Company: evil, Name: evil, Integration: evil},
		TemplateMembershipChanged: event,
		TemplateSettingsChanged: SettingsEvent{
			Trigger: evil, Company: evil, Cloud: evil, Did: "changed the group " + evil, Actor: person, Greeting: evil, Details: []string{"name: " + evil},
		},
		SummaryOf(TemplateUserAdded): UsersEvent{
			Trigger: evil, Company: evil, Cloud: evil, Count: 1, First: []Person{person}, Actor: person, Greeting: evil,
		},
	} {
		encoded, err := json.Marshal(params)
		if err != nil {
			t.Fatal(err)
		}
		m, err := site.Message(template, encoded, "token")
		if err != nil {
			t.Fatal(err)
		}
		for part, text := range map[string]string{"subject": m.Subject, "text": m.Text, "html": m.HTML} {
			if strings.Contains(text, "evil.example") || strings.Contains(text, "https://evil") {
				t.Errorf("%s, %s: %s", template, part, text)
			}
		}
	}
}
