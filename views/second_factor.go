package views

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"console/internal/account"
	"console/store"
)

// SecurityPage is the part of the profile about the person's own credentials.
type SecurityPage struct {
	account.Security
	Now time.Time
}

// AuthenticatorPage sets up an authenticator app.
type AuthenticatorPage struct {
	account.Security
	Enrolment account.Enrolment // the zero value: nothing has begun
	Next      string            // where the person goes once they are in
	Form      Form
}

// NewPasskeyPage adds a passkey: first its name and the person's password, then the browser's part.
type NewPasskeyPage struct {
	Next    string
	Options string // JSON, what the browser is asked
	Form    Form
}

// RecoveryCodesPage shows recovery codes, once.
type RecoveryCodesPage struct {
	Codes []string
	Next  string
	First bool // they come with the first second factor
}

// SecondFactorPage asks for the second factor.
type SecondFactorPage struct {
	Next          string
	Authenticator bool   // they have an authenticator app
	Passkey       string // JSON, what the browser is asked; empty where they have no passkey
	Form          Form
}

func (p SecondFactorPage) codeField() field {
	if p.Authenticator {
		return field{Name: "code", Label: "Code", Autofill: "one-time-code", Focus: true,
			Hint: "The six digits that the authenticator app on your phone shows now. No phone at hand? Enter one of your recovery codes."}
	}
	return field{
		Name:     "code",
		Label:    "Recovery code",
		Autofill: "off",
		Hint:     "No passkey at hand? Enter one of the codes you got when you set it up. Each works once.",
	}
}

// ResetPage is what somebody sees behind a link to reset their password.
type ResetPage struct {
	Email string
	Token string // of the link
	Form  Form   // password
}

var deadResets = map[account.Code]string{
	account.LinkExpired: "This link has expired: it worked for an hour. Ask for a new one.",
	account.LinkUsed:    "This link was used before, and it works only once. Sign in with your new password, or ask for another link.",
	account.LinkRevoked: "This link no longer works: your password or your access has changed since it was sent. Ask for a new one.",
	account.LinkUnknown: "A part of the link may have got lost: open it from the mail once more, or copy all of it. " +
		"If that does not help, ask for a new one.",
}

// Confirmation is a dialog that asks for the person's own password before it acts.
type Confirmation struct {
	Title, Text, Submit string
	Action, Back        string
	Danger              bool
	Confirm             string // digest of the preview that it shows; empty: it shows none
}

// NewRecoveryCodes asks before recovery codes are replaced.
var NewRecoveryCodes = Confirmation{
	Title: "New recovery codes", Text: "You get ten new codes. All codes that you have now stop working.", Submit: "Make new codes",
	Action: "/settings/profile/recovery-codes", Back: "/settings/profile",
}

// DisableOwn asks before the person's own two-factor authentication ends.
var DisableOwn = Confirmation{
	Title:  "Disable 2-factor authentication?",
	Text:   "Your authenticator app, passkeys and recovery codes are removed. Your password alone will let you in.",
	Submit: "Disable 2FA",
	Action: "/settings/profile/disable-2fa",
	Back:   "/settings/profile",
	Danger: true,
}

// RemoveAuthenticator asks before the authenticator app is removed.
var RemoveAuthenticator = Confirmation{
	Title: "Remove authenticator app", Text: "The codes of your authenticator app stop working.", Submit: "Remove",
	Action: "/settings/profile/authenticator/remove", Back: "/settings/profile", Danger: true,
}

// RemovePasskey asks before a passkey is removed.
func RemovePasskey(k store.Passkey) Confirmation {
	return Confirmation{
		Title:  "Remove passkey",
		Text:   "The passkey “" + k.Name + "” stops working here. Delete it in the device or password manager too.",
		Submit: "Remove",
		Action: passkeyPath(k),
		Back:   "/settings/profile",
		Danger: true,
	}
}

func passkeyPath(k store.Passkey) string {
	return "/settings/profile/passkeys/" + strconv.FormatInt(k.ID, 10) + "/remove"
}

// DisableSecondFactor asks before another person's two-factor authentication ends.
func DisableSecondFactor(user store.User) Confirmation {
	c := Confirmation{
		Title:   "Disable 2-factor authentication?",
		Submit:  "Disable 2FA",
		Action:  UserPath(user.ID, "/disable-2fa"),
		Back:    usersPath,
		Danger:  true,
		Confirm: account.ResetPreview{User: user}.Digest(),
		Text: "The authenticator app, passkeys and recovery codes of " + user.DisplayName() + " (" + user.Role.Label() + ") are removed. " +
			"They are signed out everywhere and get a mail about it.",
	}
	if !user.SecondFactor {
		c.Text = user.DisplayName() + " has no second factor: there is nothing to disable."
	}
	return c
}

func codesText(codes []string) string { return strings.Join(codes, "\n") }

// nextPath is a path with where to go after it.
func nextPath(path, next string) string {
	if next == "" {
		return path
	}
	return path + "?next=" + url.QueryEscape(next)
}

// wholeOf is what is wrong with a form as a whole. A form of one field needs no word above it about the field.
func wholeOf(f Form) map[string]string {
	if whole := f.Errors[""]; whole != "" {
		return map[string]string{"": whole}
	}
	return nil
}

// email is the address of the person who is signed in, or "".
func (f *Frame) email() string {
	if f.User == nil {
		return ""
	}
	return f.User.Email
}

// back is where Cancel leads: nowhere for somebody who has to go on.
func (f *Frame) back() string {
	if f.User == nil {
		return ""
	}
	return securityPath
}

// title says what setting up the app does: it may be the first second factor, another, or take the place of one.
func (p AuthenticatorPage) title() string {
	switch {
	case p.Authenticator:
		return "Replace the authenticator app"
	case p.User.SecondFactor:
		return "Add an authenticator app"
	}
	return "Enable two-factor authentication"
}

// submit is what the button says.
func (p AuthenticatorPage) submit() string {
	verb, _, _ := strings.Cut(p.title(), " ")
	return verb
}
