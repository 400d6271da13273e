// Package notify turns what happened into messages and delivers them: mails to people, and messages of triggers to
// integrations. The messages wait in the table of deliveries, written in the transaction of what they tell; the
// [Worker] sends them.
package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/a-h/templ"
)

var (
	// ErrBaseURL says that no absolute base URL is configured: without one no link in a mail would open.
	ErrBaseURL = errors.New("no base URL is configured")
	// ErrTemplate says that a delivery names an unknown template or holds parameters of another one.
	ErrTemplate = errors.New("the message cannot be made from what was queued")
)

// templates are the parameters that each template takes; they know what the message says.
var templates = allTemplates()

func allTemplates() map[string]func(params []byte) (content, error) {
	all := map[string]func(params []byte) (content, error){
		TemplateInvitation:                 decode[Invitation],
		TemplateSignupConfirmation:         decode[SignupConfirmation],
		TemplatePasswordReset:              decodeNotice[PasswordReset],
		TemplatePasswordChanged:            decodeNotice[PasswordChanged],
		TemplateSecondFactorEnabled:        decodeNotice[SecondFactorEnabled],
		TemplateSecondFactorDisabledNotice: decodeNotice[SecondFactorDisabled],
		TemplateSecondFactorsChanged:       decodeNotice[SecondFactorsChanged],
		TemplateTestMail:                   decode[TestMail],
		TemplateIntegrationOff:             decodeNotice[IntegrationOff],
	}
	for _, c := range conditions {
		if c.Settings {
			all[c.Template] = decodeSettings(c)
			all[SummaryOf(c.Template)] = decodeSettings(c)
			continue
		}
		all[c.Template] = func(params []byte) (content, error) {
			m := userMessage{Condition: c}
			return m, json.Unmarshal(params, &m.UserEvent)
		}
		all[SummaryOf(c.Template)] = func(params []byte) (content, error) {
			m := usersMessage{Condition: c}
			err := json.Unmarshal(params, &m.UsersEvent)
			m.UsersEvent.Template = c.Template
			return m, err
		}
	}
	return all
}

// content is a message still to be written under a letterhead.
type content interface {
	toName() string
	subject(letterhead) string
	text(letterhead) string
	html(letterhead) templ.Component
}

// detailed is a content that programs can read too: the messages of triggers.
type detailed interface{ details() Details }

func decodeSettings(c Condition) func(params []byte) (content, error) {
	return func(params []byte) (content, error) {
		m := settingsMessage{Condition: c}
		return m, json.Unmarshal(params, &m.SettingsEvent)
	}
}

func decode[T content](params []byte) (content, error) {
	var c T
	err := json.Unmarshal(params, &c)
	return c, err
}

func decodeNotice[T noticing](params []byte) (content, error) {
	var n T
	err := json.Unmarshal(params, &n)
	return noticeMessage{n}, err
}

// Message is a message as people read it. Subject is one line; HTML is for mails.
type Message struct {
	ToName              string // of the recipient; may be empty
	Subject, Text, HTML string
	Details             Details // the zero value for mails to people
}

// Site is what the messages say about the installation.
type Site struct {
	Brand   string
	BaseURL string // links start with it
}

// host is that of the base URL.
func (s Site) host() string { return Sender{BaseURL: s.BaseURL}.host() }

// Message writes the message of a queued delivery: the same parameters always give the same message. The token becomes
// part of the link of an invitation or a password reset; it may be empty where a page only shows what was sent. It returns ErrBaseURL or
// ErrTemplate.
func (s Site) Message(template string, params []byte, token string) (Message, error) {
	base, err := url.Parse(s.BaseURL)
	if err != nil || base.Scheme == "" || base.Host == "" {
		return Message{}, ErrBaseURL
	}
	read, found := templates[template]
	if !found {
		return Message{}, ErrTemplate
	}
	c, err := read(params)
	if err != nil {
		return Message{}, ErrTemplate // the JSON error may quote what the parameters say
	}
	l := letterhead{brand: s.Brand, base: base, token: token}
	var html bytes.Buffer
	if err := c.html(l).Render(context.Background(), &html); err != nil {
		return Message{}, ErrTemplate
	}
	m := Message{ToName: oneLine(c.toName()), Subject: oneLine(c.subject(l)), Text: c.text(l), HTML: html.String()}
	if c, ok := c.(detailed); ok {
		m.Details = c.details()
	}
	return m, nil
}

// letterhead is what a message needs besides its own content.
type letterhead struct {
	brand string
	base  *url.URL
	token string
}

// home is the address that the console begins at.
func (l letterhead) home() string { return l.page("/") }

// page is the address of a page of the console.
func (l letterhead) page(path ...string) string { return l.base.JoinPath(path...).String() }

// signup is the link of an invitation.
func (l letterhead) signup() string { return l.page("signup", l.token) }

// Person is somebody a message names. Role is the label that people read.
type Person struct {
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"`
	Role  string `json:"role"`
}

// label is "John Doe <johndoe@example.com>", or the one of the two that is known.
func (p Person) label() string {
	if name := unlinked(p.Name); name != "" && p.Email != "" {
		return name + " <" + p.Email + ">"
	}
	return p.short()
}

// short is the name, or the email address of a person without one.
func (p Person) short() string {
	if name := unlinked(p.Name); name != "" {
		return name
	}
	return p.Email
}

// salutation opens a mail to the person named, or to somebody whose name is not known.
func salutation(name string) string {
	if name = unlinked(name); name != "" {
		return "Hello " + name + ","
	}
	return "Hello,"
}

// day writes a time so that nobody has to guess the time zone or the order of day and month.
func day(millis int64) string { return time.UnixMilli(millis).UTC().Format("2 Jan 2006, 15:04 UTC") }

// moment writes a time for programs.
func moment(millis int64) string {
	return time.UnixMilli(millis).UTC().Format("2006-01-02T15:04:05.000Z")
}

// line is a line of a text part. What people typed is put in as it is but for line breaks, by which a name could pass
// for lines of ours.
func line(format string, values ...string) string {
	args := make([]any, len(values))
	for i, value := range values {
		args[i] = oneLine(value)
	}
	return fmt.Sprintf(format, args...)
}

// lines joins the lines of a text part.
func lines(all ...string) string { return strings.Join(all, "\n") }

// oneLine replaces control characters and runs of white space by single spaces.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}
