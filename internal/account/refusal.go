package account

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"

	"console/internal/permission"
	"console/store"
)

var (
	// ErrSignedOut says that the actor's session has ended.
	ErrSignedOut = errors.New("you are signed out")
	// ErrSetUp says that the account exists already.
	ErrSetUp = errors.New("the account is set up already")
	// ErrNotSetUp says that there is no account yet.
	ErrNotSetUp = errors.New("the account is not set up yet")
	// ErrSignIn is the one answer to an unknown address, a wrong password and a person who may not sign in.
	ErrSignIn = errors.New("the email or the password is wrong")
	// ErrSelf says that nobody disables or deletes themselves.
	ErrSelf = errors.New("you cannot do this to yourself")
	// ErrInvited says that somebody who is only invited has no access to disable.
	ErrInvited = errors.New("an invited person has no access yet; revoke the invitation instead")
	// ErrLastAdministrator says that no Global Administrator who can sign in would remain.
	ErrLastAdministrator = errors.New("at least one Global Administrator who can sign in must remain")
	// ErrBackground says that a request which pages make by themselves was to change something.
	ErrBackground = errors.New("a background request changes nothing")
	// ErrNotByMail says that the invitation is shared by link: there is no mail to send again.
	ErrNotByMail = errors.New("this invitation is shared by link; make a new link instead")
	// ErrInvitedDisabled says that the access of an invited person is disabled: a link would lead nowhere.
	ErrInvitedDisabled = errors.New("the access of this person is disabled; enable access first")
)

// Invalid says which fields of a form are refused and why. The key "" holds what concerns the form as a whole.
type Invalid map[string]string

func (e Invalid) Error() string {
	return e.First()
}

// First is the reason that stands first in the order of field names.
func (e Invalid) First() string {
	return e[slices.Min(slices.Collect(maps.Keys(e)))]
}

// sentence is an error as a sentence.
func sentence(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:] + "."
}

// requireVersion refuses a form without the version that it shows: whose changes it would undo is not known.
func requireVersion(version int64) error {
	if version > 0 {
		return nil
	}
	return Invalid{"": "This form is incomplete. Reload the page and make your change again."}
}

// orNil is e as an error, or nil when no field is refused.
func (e Invalid) orNil() error {
	if len(e) == 0 {
		return nil
	}
	return e
}

// Taken says that an email address belongs to somebody already.
type Taken struct{ User store.User }

func (e *Taken) Error() string {
	switch name := e.User.DisplayName(); e.User.Status() {
	case store.Invited:
		return fmt.Sprintf("%s is already invited.", e.User.Email)
	case store.Disabled:
		return fmt.Sprintf("%s already has an account (%s). Their access is disabled.", e.User.Email, name)
	default:
		return fmt.Sprintf("%s already has an account (%s).", e.User.Email, name)
	}
}

// Forbidden says which permission the actor lacks.
type Forbidden struct {
	Missing permission.Missing
	Tenant  string // name of the tenant in which it is missing, or "all tenants"; "" where only the main one counts
	Person  string // who holds it, where the actor wanted to change that person
	object  object
	needs   permission.Permission // what the operation asks for in the main tenant
	wanted  permission.Holdings   // all that it takes besides
}

// lacking completes a refusal by the first permission that the actor lacks of all that is wanted.
func (e *Forbidden) lacking(missing permission.Missing, wanted permission.Holdings, tenants []store.Tenant) {
	e.Missing, e.Tenant, e.wanted = missing, "all tenants", wanted
	for _, t := range tenants {
		if t.ID == missing.Tenant {
			e.Tenant = t.Name
		}
	}
}

func (e *Forbidden) Error() string {
	what := e.Missing.Permission.Label()
	if e.Tenant != "" {
		what += " in " + e.Tenant
	}
	switch {
	case e.Person != "":
		return fmt.Sprintf("%s may %s; you may not.", e.Person, what)
	default:
		return fmt.Sprintf("You may not %s.", what)
	}
}

// Throttled says that too many attempts have failed and when the next one is possible.
type Throttled struct{ RetryAfter time.Duration }

func (e *Throttled) Error() string {
	return fmt.Sprintf("too many failed attempts; wait %s", e.RetryAfter)
}

// DeadLink says why a signup link does not work.
type DeadLink struct{ Reason LinkReason }

func (e *DeadLink) Error() string { return "the link is " + string(e.Reason) }

// LinkReason is why a signup link does not work.
type LinkReason string

// The reasons of DeadLink.
const (
	LinkUnknown  LinkReason = "unknown"
	LinkExpired  LinkReason = "expired"
	LinkUsed     LinkReason = LinkReason(store.LinkUsed)
	LinkRevoked  LinkReason = LinkReason(store.LinkRevoked)
	LinkReplaced LinkReason = LinkReason(store.LinkReplaced)
)
