package account

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"console/internal/auth"
	"console/internal/permission"
	"console/store"
)

// Code names the rule or the circumstance by which something is refused. People read the words of the Refusal; programs
// and the table of statuses go by the code.
type Code string

// The codes a Refusal can have. What they mean to people stands in refusalWords.
const (
	Invalid           Code = "invalid"   // what was typed or chosen; Refusal.Fields says which
	Forbidden         Code = "forbidden" // a permission is missing; Refusal.Lack says which
	NotFound          Code = "not_found"
	Stale             Code = "stale" // somebody else has changed it since it was read
	SignedOut         Code = "signed_out"
	TokenRefused      Code = "token_refused" // there is no such API token, or it does not work
	TokenHeld         Code = "token_held"    // its owner has to set up a second factor first
	AlreadySetUp      Code = "already_set_up"
	NotSetUp          Code = "not_set_up"
	WrongSignIn       Code = "wrong_sign_in" // unknown address, wrong password, or somebody who may not sign in
	WrongSecondFactor Code = "wrong_second_factor"
	CodeUsed          Code = "code_used"
	Throttled         Code = "throttled" // Refusal.RetryAfter says for how long
	Busy              Code = "busy"
	Taken             Code = "taken" // the address is somebody's; Refusal.Taken says whose
	Self              Code = "self"
	Invited           Code = "invited"
	InvitedDisabled   Code = "invited_disabled"
	NotByMail         Code = "not_by_mail"
	LastAdministrator Code = "last_administrator"
	MainTenant        Code = "main_tenant"
	Joined            Code = "joined" // an invitation that was accepted meanwhile
	NoSecondFactor    Code = "no_second_factor"
	DisabledAlready   Code = "disabled_already"
	OtherPerson       Code = "other_person" // somebody else is signed in than who is meant
	Background        Code = "background"   // a request that a page makes by itself was to change something
	ChangedTotal      Code = "changed_total"
	ChangedPreview    Code = "changed_preview" // what was confirmed is no longer what would happen
	StillSending      Code = "still_sending"
	NowhereToSend     Code = "nowhere_to_send"
	StillRotating     Code = "still_rotating" // the key, by another process
	KeyReused         Code = "key_reused"     // an idempotency key that came with another request before
	LinkUnknown       Code = "link_unknown"
	LinkExpired       Code = "link_expired"
	LinkUsed          Code = "link_used"
	LinkRevoked       Code = "link_revoked"
	LinkReplaced      Code = "link_replaced"
)

// refusalWords are the title and the words of each code. Those without words get them where they are refused.
var refusalWords = map[Code]struct{ title, words string }{
	Invalid:   {"This cannot be done", ""},
	Forbidden: {"You may not do this", ""},
	NotFound:  {"Not found", "What you are looking for does not exist, or has been deleted. Go back and reload the page."},
	Stale: {"Changed meanwhile", "Somebody else has changed this since you opened it. Reload the page to see how it is now, " +
		"then make your change again."},
	SignedOut:    {"You are signed out", "You are signed out. Sign in, then try again."},
	TokenRefused: {"Not accepted", "This API token is not known. Check that it was copied as a whole: it has 64 characters."},
	TokenHeld: {"Second factor missing", "The company demands two-factor authentication. This API token works again once its owner has " +
		"set up a second factor in the console."},
	AlreadySetUp: {"Not found", "The console is set up already. Sign in, or ask your administrator for an invitation."},
	NotSetUp:     {"Not set up yet", "The account is not set up yet."},
	WrongSignIn:  {"Not signed in", "The email or the password is wrong. Check both, or choose “Forgot your password?” below."},
	WrongSecondFactor: {"Not accepted", "This was not accepted. Enter the code that your authenticator app shows now, or a recovery code " +
		"that you have not used before. If its codes are refused again and again, set the clock of your phone to automatic."},
	CodeUsed:  {"Used already", "This code has been used already. Wait until your app shows the next one, at most 30 seconds."},
	Throttled: {"Too many attempts", "Too many attempts have failed. Wait a moment, then try again."},
	Busy:      {"Very busy", "Many people are signing in right now. Try again in a few seconds."},
	Taken:     {"This address is taken", ""},
	Self:      {"Not to yourself", "Nobody disables or deletes themselves. Ask another administrator to do it."},
	Invited: {"Not signed up yet", "This person has only been invited, and has no access that could be disabled. " +
		"Revoke the invitation instead."},
	InvitedDisabled: {"Access is disabled", "The access of this person is disabled, so a signup link would lead nowhere. " +
		"Enable access first, then send the link."},
	NotByMail: {"There is no mail to send again", "This invitation is shared by link. Make a new link instead."},
	LastAdministrator: {"The last administrator stays", "At least one Global Administrator who can sign in must remain. " +
		"Give the role to somebody else first."},
	MainTenant: {"The main tenant stays", "The main tenant has the company's name and cannot be disabled or deleted. " +
		"To rename it, change the company name under General → Company."},
	Joined:          {"Joined already", ""},
	NoSecondFactor:  {"No second factor", "You have no second factor: there is nothing to remove or to replace."},
	DisabledAlready: {"Disabled already", ""},
	OtherPerson:     {"You are signed in as somebody else", ""},
	Background: {
		"Nothing was changed",
		"This request came from the page by itself, which changes nothing. Use the buttons and links of the page.",
	},
	ChangedTotal: {"The list has changed", ""},
	ChangedPreview: {"Changed meanwhile", "What this does has changed since it was shown. Nothing was done. " +
		"Below is what it would do now: check it and confirm again."},
	StillSending: {"Still on its way", "This message is still waiting to be delivered. Sent again now, it would arrive twice: " +
		"wait until it has been delivered or has failed."},
	NowhereToSend: {
		"Nowhere to send it",
		"The integration that this message went to was deleted. Add it again, and choose it in the trigger: " +
			"what happens from then on is sent there.",
	},
	StillRotating: {"Being rotated", "The key is being rotated by another process, or by one that was killed within the last 10 seconds. " +
		"Wait for its end, or for 10 seconds, and try again."},
	KeyReused:    {"Key used before", "Another request came with this idempotency key before. Make a new key for each request."},
	LinkUnknown:  {"This link is unknown", "This link is unknown."},
	LinkExpired:  {"This link has expired", "This link has expired."},
	LinkUsed:     {"This link has been used", "This link has been used."},
	LinkRevoked:  {"This link was revoked", "This link was revoked."},
	LinkReplaced: {"This link was replaced", "This link was replaced by a newer one."},
}

// Refusal says why an operation was not carried out. Nothing was changed, and nothing is broken: any other error of an
// operation is a fault. Its words may be shown to whoever asked.
type Refusal struct {
	Code   Code
	Title  string // a few words
	Words  string // whole sentences: what is the matter and what to do
	Fields Fields // what is said beside the fields of a form, where the refusal is about them

	RetryAfter time.Duration // of Throttled and Busy: when it is worth trying again
	Taken      *store.User   // of Taken: whose address it is
	Lack       *Lack         // of Forbidden

	limited refused // of Throttled by a limit: what was tried
}

func (r *Refusal) Error() string { return r.Words }

// Rule is the name of the rule that refuses, as docs/rules.md has it; "" where it is none of those.
func (r *Refusal) Rule() string {
	switch {
	case r.Code == LastAdministrator, r.Code == Self:
		return "last administrator"
	case r.Code == Throttled, r.Code == Busy:
		return "nobody is locked out"
	case r.Lack == nil:
		return ""
	case r.Lack.Person != "":
		return "may manage"
	case r.Lack.wanted.Empty():
		return "main tenant decides"
	}
	return "may grant"
}

// IsDeadLink says that a link was refused: one to sign up, or to set a password.
func (r *Refusal) IsDeadLink() bool {
	switch r.Code {
	case LinkUnknown, LinkExpired, LinkUsed, LinkRevoked, LinkReplaced:
		return true
	}
	return false
}

// Refuse returns the refusal of a code with the words it always has.
func Refuse(code Code) *Refusal {
	w := refusalWords[code]
	return &Refusal{Code: code, Title: w.title, Words: w.words}
}

// AsRefusal returns the refusal in err. It returns nil where there is none: err is nil, or something is broken. What the
// database does not find or has seen change is a refusal too, and so is a queue that is full.
func AsRefusal(err error) *Refusal {
	if r, is := errors.AsType[*Refusal](err); is {
		return r
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		return Refuse(NotFound)
	case errors.Is(err, store.ErrStale):
		return Refuse(Stale)
	case errors.Is(err, auth.ErrBusy), errors.Is(err, context.DeadlineExceeded):
		busy := Refuse(Busy)
		busy.RetryAfter = busyPause
		return busy
	}
	return nil
}

// busyPause is when it is worth trying again after a queue was full.
const busyPause = 5 * time.Second

// RefusedBy reports whether err is a refusal with the code.
func RefusedBy(err error, code Code) bool {
	r := AsRefusal(err)
	return r != nil && r.Code == code
}

// Fields say which fields of a form are refused and why. The key "" holds what concerns the form as a whole.
type Fields map[string]string

// First is the reason that stands first in the order of field names.
func (f Fields) First() string {
	return f[slices.Min(slices.Collect(maps.Keys(f)))]
}

// Refusal is f as an error, or nil when no field is refused.
func (f Fields) Refusal() error {
	if len(f) == 0 {
		return nil
	}
	r := Refuse(Invalid)
	r.Words, r.Fields = f.First(), f
	return r
}

// invalid refuses one field of a form; the field "" means the form as a whole.
func invalid(field, reason string) error { return Fields{field: reason}.Refusal() }

// changedPreview refuses a confirmation of something else than what would happen by now.
func changedPreview() error {
	r := Refuse(ChangedPreview)
	r.Fields = Fields{"": r.Words}
	return r
}

// requireVersion refuses a form without the version that it shows: whose changes it would undo is not known.
func requireVersion(version int64) error {
	if version > 0 {
		return nil
	}
	return invalid("", "This form is incomplete. Reload the page and make your change again.")
}

// taken refuses an email address that belongs to somebody already.
func taken(user store.User) error {
	r := Refuse(Taken)
	r.Taken = &user
	name := ""
	if user.Name() != "" {
		name = " (" + user.Name() + ")"
	}
	switch user.Status() {
	case store.Invited:
		r.Words = user.Email + " is already invited."
	case store.Disabled:
		r.Words = user.Email + " already has an account" + name + ". Their access is disabled."
	default:
		r.Words = user.Email + " already has an account" + name + "."
	}
	r.Fields = Fields{"email": r.Words}
	return r
}

// SignedInAs refuses what is for somebody else than who is signed in. meant says in a sentence for whom it is.
func SignedInAs(user store.User, meant string) *Refusal {
	r := Refuse(OtherPerson)
	r.Title = "You are signed in as " + user.DisplayName()
	r.Words = fmt.Sprintf("%s You are signed in as %s (%s) in this browser. To go on, sign out first.", meant, user.DisplayName(), user.Email)
	return r
}

// Lack is what somebody lacked to do something.
type Lack struct {
	Missing permission.Missing
	Tenant  string // name of the tenant in which it is missing, or "all tenants"; "" where only the main one counts
	Person  string // who holds it, where the actor wanted to change that person

	object object
	needs  permission.Permission // what the operation asks for in the main tenant
	wanted permission.Holdings   // all that it takes besides
}

// forbidden refuses what the actor lacks a permission for.
func forbidden(lack Lack) *Refusal {
	r := Refuse(Forbidden)
	r.Lack, r.Words = &lack, lack.Words()
	return r
}

// Words say what is missing, and where.
func (l Lack) Words() string {
	what := l.Missing.Permission.Label()
	if l.Tenant != "" {
		what += " in " + l.Tenant
	}
	if l.Person != "" {
		return fmt.Sprintf("%s may %s; you may not.", l.Person, what)
	}
	return fmt.Sprintf("You may not %s.", what)
}

// deadLink refuses a link that has ended.
func deadLink(how store.LinkEnd) error {
	return Refuse(map[store.LinkEnd]Code{store.LinkUsed: LinkUsed, store.LinkRevoked: LinkRevoked, store.LinkReplaced: LinkReplaced}[how])
}
