package notify

import (
	"context"
	"fmt"
	"net/mail"
	"net/netip"
	"net/url"
	"strings"
	"unicode"

	gomail "github.com/wneessen/go-mail"

	"console/internal/input"
)

// Mail is one mail to one person.
type Mail struct {
	UUID    string // of the delivery; becomes the Message-ID, by which a repeated mail can be told
	To      string
	Message Message
}

// Mailer sends mails: an *SMTPMailer, or a *FileMailer in trial mode. Its errors are *Failure.
type Mailer interface {
	Send(context.Context, Mail) error
}

// Sender is who mails come from.
type Sender struct {
	Address string // without a name; empty: no-reply at the host of the base URL
	Name    string // the brand, unless another is configured
	BaseURL string // its host stands in the Message-ID, instead of the name of this machine
}

// ParseSender reads an address, which may stand behind a name as in "Acme Console <no-reply@example.com>". The domain comes back
// in ASCII, and the name is empty where there is none. The error says what would be right.
func ParseSender(raw string) (name, address string, err error) {
	parsed, err := mail.ParseAddress(strings.TrimSpace(raw))
	if err == nil && !strings.ContainsFunc(raw, unicode.IsControl) {
		if address, _, refusal := input.ParseEmail(parsed.Address); refusal == "" && ascii(address) {
			return oneLine(parsed.Name), address, nil
		}
	}
	return "", "", fmt.Errorf("%q: give one address, such as no-reply@example.com or Acme Console <no-reply@example.com>", raw)
}

// host is the host of the base URL, or "localhost".
func (s Sender) host() string {
	if u, err := url.Parse(s.BaseURL); err == nil && u.Hostname() != "" {
		return u.Hostname()
	}
	return "localhost"
}

// domain is the host as it stands behind an @ and in a greeting: an address in brackets (RFC 5321 §4.1.3).
func (s Sender) domain() string {
	host := s.host()
	addr, err := netip.ParseAddr(host)
	switch {
	case err != nil:
		return host
	case addr.Is4():
		return "[" + host + "]"
	}
	return "[IPv6:" + host + "]"
}

func (s Sender) from() *mail.Address {
	address := s.Address
	if address == "" {
		address = "no-reply@" + s.domain()
	}
	return &mail.Address{Name: s.Name, Address: address}
}

// compose writes the mail with both parts. Names are given as values, never as header text, so that no name can break
// or add a header.
func (s Sender) compose(m Mail) *gomail.Msg {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(s.from())
	msg.AddToMailAddress(&mail.Address{Name: m.Message.ToName, Address: m.To})
	msg.Subject(strings.ReplaceAll(m.Message.Subject, "=?", "= ?")) // or a name could pass for encoded text (RFC 2047)
	msg.SetDate()
	msg.SetMessageIDWithValue(m.UUID + "@" + s.domain())
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(gomail.TypeTextPlain, m.Message.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.Message.HTML)
	return msg
}
