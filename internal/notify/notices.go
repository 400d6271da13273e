package notify

import (
	"fmt"
	"strconv"
)

// The mails that tell a person something about their account or the installation.
const (
	TemplatePasswordReset              = "password_reset" // parameters PasswordReset; the token of the link is the secret of the delivery
	TemplatePasswordChanged            = "password_changed"
	TemplateSecondFactorEnabled        = "second_factor_enabled"
	TemplateSecondFactorDisabledNotice = "second_factor_disabled"
	TemplateSecondFactorsChanged       = "second_factors_changed"
	TemplateIntegrationOff             = "integration_off"
	TemplateTokenExpires               = "token_expires"
)

// notice is a mail of plain paragraphs, at most one link among them.
type notice struct {
	company, title string
	before         []string // paragraphs
	action, link   string   // what the button says and opens; empty without one
	after          []string
	unexpected     string // what to do for somebody who does not know why they get the mail
}

// noticing are parameters that become a notice.
type noticing interface {
	toName() string
	notice(letterhead) notice
}

// noticeMessage makes a notice a message.
type noticeMessage struct{ noticing }

func (m noticeMessage) subject(l letterhead) string { return m.notice(l).title }

func (m noticeMessage) text(l letterhead) string {
	n := m.notice(l)
	paragraphs := append([]string{salutation(m.toName())}, n.before...)
	if n.link != "" {
		paragraphs = append(paragraphs, n.action+":", n.link)
	}
	text := ""
	for _, p := range append(append(paragraphs, n.after...), n.unexpected) {
		text += p + "\n\n"
	}
	return text[:len(text)-2]
}

// PasswordReset brings a person the link to choose a new password.
type PasswordReset struct {
	Company   string `json:"company"`
	Name      string `json:"name"`
	Email     string `json:"email"`
	ExpiresAt int64  `json:"expires_at"` // milliseconds since 1970, UTC
}

func (m PasswordReset) toName() string { return m.Name }

func (m PasswordReset) notice(l letterhead) notice {
	return notice{
		company: m.Company,
		title:   line("Reset your password for %s", unlinked(m.Company)),
		before:  []string{line("Somebody asked for a new password for your account %s at %s in %s.", m.Email, unlinked(m.Company), l.brand)},
		action:  "Choose a new password",
		link:    l.page("reset", l.token),
		after: []string{
			line("The link works once, until %s. If you use two-factor authentication, you will still need it to sign in.", day(m.ExpiresAt)),
		},
		unexpected: "You did not ask for this? Then do nothing: your password stays as it is.",
	}
}

// PasswordChanged tells a person that they have another password now. Address is where it was changed from; it may be
// empty.
type PasswordChanged struct {
	Company string `json:"company"`
	Name    string `json:"name"`
	Email   string `json:"email"`
	At      int64  `json:"at"` // milliseconds since 1970, UTC
	Address string `json:"address"`
}

func (m PasswordChanged) toName() string { return m.Name }

func (m PasswordChanged) notice(l letterhead) notice {
	return notice{
		company: m.Company,
		title:   line("Your password for %s was changed", unlinked(m.Company)),
		before: []string{
			line("The password of your account %s at %s in %s was changed on %s", m.Email, unlinked(m.Company), l.brand, day(m.At)) +
				from(m.Address),
		},
		action:     "Not you? Choose a new password at once",
		link:       l.page("forgot"),
		unexpected: "If it was not you, also tell your administrator.",
	}
}

// SecondFactorEnabled tells a person that signing in takes a second factor now. Method names it: "an authenticator
// app", "a passkey".
type SecondFactorEnabled struct {
	Company string `json:"company"`
	Name    string `json:"name"`
	Email   string `json:"email"`
	Method  string `json:"method"`
	At      int64  `json:"at"` // milliseconds since 1970, UTC
	Address string `json:"address"`
}

func (m SecondFactorEnabled) toName() string { return m.Name }

func (m SecondFactorEnabled) notice(l letterhead) notice {
	return notice{
		company: m.Company, title: line("Two-factor authentication for %s was enabled", unlinked(m.Company)),
		before: []string{
			line(
				"Two-factor authentication with %s was enabled for your account %s at %s in %s on %s",
				m.Method,
				m.Email,
				unlinked(m.Company),
				l.brand,
				day(m.At),
			) + from(
				m.Address,
			),
			"From now on it is needed whenever you sign in. Keep your recovery codes in a safe place.",
		},
		action: "Open your profile", link: l.page("settings", "profile"),
		unexpected: "That was not you? Then change your password and tell your administrator at once.",
	}
}

// SecondFactorDisabled tells a person that signing in takes no second factor any more. Actor is who disabled it: the
// person, or an administrator; the zero value for the command line.
type SecondFactorDisabled struct {
	Company string `json:"company"`
	Name    string `json:"name"`
	Email   string `json:"email"`
	At      int64  `json:"at"` // milliseconds since 1970, UTC
	Actor   Person `json:"actor"`
}

func (m SecondFactorDisabled) toName() string { return m.Name }

func (m SecondFactorDisabled) notice(l letterhead) notice {
	return notice{
		company: m.Company, title: line("Two-factor authentication for %s was disabled", unlinked(m.Company)),
		before: []string{
			line(
				"Two-factor authentication was disabled for your account %s at %s in %s on %s by %s.",
				m.Email,
				unlinked(m.Company),
				l.brand,
				day(m.At),
				m.by(),
			),
			"Your authenticator app, passkeys and recovery codes no longer work for this account. " +
				"You can set up a new second factor in your profile.",
		},
		action: "Open your profile", link: l.page("settings", "profile"),
		unexpected: "You did not expect this? Then change your password and tell your administrator at once.",
	}
}

func (m SecondFactorDisabled) by() string {
	switch m.Actor.Email {
	case m.Email:
		return "yourself"
	case "":
		return "the command line of the server"
	}
	return m.Actor.label()
}

// SecondFactorsChanged tells a person that they sign in with fewer, or other, second factors than before. Change says how:
// "a passkey was removed", "new recovery codes were made".
type SecondFactorsChanged struct {
	Company string `json:"company"`
	Name    string `json:"name"`
	Email   string `json:"email"`
	Change  string `json:"change"`
	At      int64  `json:"at"` // milliseconds since 1970, UTC
	Address string `json:"address"`
}

func (m SecondFactorsChanged) toName() string { return m.Name }

func (m SecondFactorsChanged) notice(l letterhead) notice {
	return notice{
		company: m.Company, title: line("Your second factors for %s were changed", unlinked(m.Company)),
		before: []string{
			line("In your account %s at %s in %s, %s on %s", m.Email, unlinked(m.Company), l.brand, m.Change, day(m.At)) + from(m.Address),
		},
		action: "Open your profile", link: l.page("settings", "profile"),
		unexpected: "That was not you? Then change your password and tell your administrator at once.",
	}
}

// IntegrationOff tells an administrator that an integration was switched off because too many of its messages failed.
type IntegrationOff struct {
	Company     string `json:"company"`
	Name        string `json:"name"`
	Email       string `json:"email"`
	ID          int64  `json:"id"`          // of the integration
	Integration string `json:"integration"` // its name
	Kind        string `json:"kind"`        // label of its kind
	Ended       int    `json:"ended"`       // messages that ended within 12 hours
	Failed      int    `json:"failed"`      // those of them that failed
	Error       string `json:"error"`       // why the last one failed
	At          int64  `json:"at"`          // milliseconds since 1970, UTC
}

func (m IntegrationOff) toName() string { return m.Name }

func (m IntegrationOff) notice(l letterhead) notice {
	return notice{
		company: m.Company, title: line("[%s] The integration %s was switched off", l.brand, unlinked(m.Integration)),
		before: []string{
			line("The integration %s (%s) of %s was switched off on %s: ", unlinked(m.Integration), m.Kind, unlinked(m.Company), day(m.At)) +
				fmt.Sprintf("%d of its last %d messages could not be delivered.", m.Failed, m.Ended),
			line("The last failure: %s.", m.Error),
			"Messages for it wait for 72 hours. They are sent when somebody switches the integration on again within that time, and fail otherwise.",
		},
		action: "Check the integration", link: l.page("settings", "integrations", strconv.FormatInt(m.ID, 10), "edit"),
		unexpected: "You get this mail because you may change integrations.",
	}
}

// TokenExpires tells the owner of an API token that it is about to expire.
type TokenExpires struct {
	Company   string `json:"company"`
	Name      string `json:"name"`
	Email     string `json:"email"`
	ID        int64  `json:"id"`    // of the token
	Token     string `json:"token"` // its name
	Shared    bool   `json:"shared"`
	Renews    bool   `json:"renews"`     // the owner can renew it themselves
	ExpiresAt int64  `json:"expires_at"` // milliseconds since 1970, UTC
}

func (m TokenExpires) toName() string { return m.Name }

func (m TokenExpires) notice(l letterhead) notice {
	kind := "personal"
	if m.Shared {
		kind = "shared"
	}
	n := notice{
		company: m.Company, title: line("The API token %s is about to expire", unlinked(m.Token)),
		before: []string{
			line("Your %s API token %s at %s in %s expires on %s.", kind, unlinked(m.Token), unlinked(m.Company), l.brand, day(m.ExpiresAt)),
			"Programs that use it are refused from then on. Renew it before that, and give them its new value: the old one stops working " +
				"as soon as there is a new one.",
		},
		action: "Open the token", link: l.page("settings", "tokens", strconv.FormatInt(m.ID, 10)),
		unexpected: "You get this mail because the token is yours.",
	}
	if !m.Renews {
		n.before[1] = "Programs that use it are refused from then on. Ask an administrator to renew it, and give the programs its new value."
	}
	return n
}

// from ends a sentence with the address something was done from, where that is known.
func from(address string) string {
	if address == "" {
		return "."
	}
	return " " + line("from the address %s.", address)
}
