// Package account is what people do: set up the account, sign in, invite, sign up, configure who is told. Every rule
// of who may do what is enforced here, for pages, programs and the command line alike; each operation checks,
// changes, records and queues in one transaction.
package account

import (
	"context"
	"log/slog"
	"net/url"
	"sync/atomic"
	"time"

	"console/internal/auth"
	"console/internal/notify"
	"console/internal/permission"
	"console/internal/userlist"
	"console/store"
)

// Service carries out the operations on one database.
type Service struct {
	db     *store.DB
	key    *auth.Key
	chain  *auth.Chain // of the activity log
	hasher *auth.Hasher
	guard  *notify.Guard
	now    func() time.Time
	wake   func()
	send   Send
	log    *slog.Logger
	setUp  atomic.Bool // there is an account, as far as is known

	brand    string
	lines    lineWriter
	site     string // host and base path
	passkeys auth.Passkeys

	tenants store.Memo[struct{}, []store.Tenant] // what every page shows and hardly ever changes
	groups  store.Memo[int, []store.Group]       // the first ones, by how many
	tokens  store.Memo[tokenHash, usableToken]   // those in use
	held    store.Memo[int64, entitlement]       // of people whose permissions are asked for
	kinds   store.EntryKinds                     // of entries, for the pages of the activity log

	tellSignIn func(step, result string)
	list       *userlist.List
	afterwards afterwards
	pace       pace
	tokenPace  tokenPace
	testing    runningTests
	jobStarted chan struct{}
	jobsSeenAt store.Millis // when jobs were last looked for; for the one who carries them out
	resetAsked chan struct{}
	housekeeps bool // this process may have the lease of housekeeping; for the one who does it

	retentionSet chan struct{} // the activity log is to be kept for another time
}

// mostInUse is how many tokens, and how many people whose permissions are asked for, are remembered at once: 4 MB each where people are
// in a few groups. A token may ask 50 times a second, so all that this machine can answer come from fewer.
const mostInUse = 4096

// Options are what a Service works with. All are required but those said to be optional, and BaseURL where nobody signs in.
type Options struct {
	DB     *store.DB
	Key    *auth.Key
	Hasher *auth.Hasher
	Guard  *notify.Guard // which targets integrations may have
	Now    func() time.Time
	Wake   func() // called after a commit that has queued messages
	Send   Send   // sends test messages
	Log    *slog.Logger

	TellSignIn  func(step, result string) // optional: called for each step of a sign-in, with what came of it
	TellLimited func(limit string)        // optional: called for each refusal by a limit, with its name

	Version string   // of the program, for lines about activity entries
	Brand   string   // what authenticator apps and passkeys call the console
	BaseURL *url.URL // where people reach it: passkeys belong to its host
}

// Send makes one attempt to send a message and waits for its end; no delivery is stored. Its error is a text for people
// that holds no secret.
type Send func(ctx context.Context, kind string, settings notify.Settings, content notify.Content, recipient string) error

// New returns a Service.
func New(o Options) *Service {
	if o.TellSignIn == nil {
		o.TellSignIn = func(string, string) {}
	}
	if o.TellLimited == nil {
		o.TellLimited = func(string) {}
	}
	s := &Service{db: o.DB, key: o.Key, chain: o.Key.Chain(), hasher: o.Hasher, guard: o.Guard, now: o.Now, wake: o.Wake, send: o.Send,
		log: o.Log, tellSignIn: o.TellSignIn, brand: o.Brand, lines: newLineWriter(o.Brand, o.Version), afterwards: newAfterwards(o.TellLimited),
		pace: pace{next: map[string]time.Time{}}, tokenPace: tokenPace{next: map[int64]time.Time{}},
		testing:    runningTests{began: map[int64][]time.Time{}},
		jobStarted: make(chan struct{}, 1), resetAsked: make(chan struct{}, 1), retentionSet: make(chan struct{}, 1)}
	s.list = userlist.New(o.DB, o.Now, s.followAnew)
	s.tokens.Most, s.held.Most = mostInUse, mostInUse
	if o.BaseURL != nil {
		s.site = o.BaseURL.Host + o.BaseURL.Path
		s.passkeys = auth.NewPasskeys(o.Brand, o.BaseURL)
	}
	return s
}

// Source is the way an operation came in.
type Source string

// The sources an operation can have.
const (
	UI     Source = "UI"
	API    Source = "API token"
	CLI    Source = "CLI"
	System Source = "System"
)

// Actor is who does something, and from where. The zero UserID is a visitor, the command line or the system.
type Actor struct {
	UserID    int64
	Name      string
	Email     string
	SessionID int64
	Role      permission.Role     // empty: the command line, the system, or nobody yet
	Can       permission.Holdings // as of the beginning of the request, disabled tenants included; a change looks again
	Main      int64               // id of the main tenant, which decides about the console's own resources
	Source    Source
	TokenID   int64  // the token with which they work; 0: none
	Token     string // its name
	Address   string
	RequestID string
	Route     string // of the request; refusals are counted by it
	UserAgent string // of a browser that signs in

	Background bool   // a request that a page makes by itself: it changes nothing
	Confirms   string // the digest of the preview that they have seen; empty: none, they ask for it to be done as it is
	Once       Once   // how a request that makes something is told from the same one sent again

	noAccess  bool         // they may do nothing at present
	job       int64        // the job that acts for them; it needs no session
	tokenHash tokenHash    // of the value that they have presented
	tokenEnds store.Millis // when the token expires with which they work; 0: never
}

// Console returns what the actor may do with the console's own resources. The main tenant decides (rule "main tenant decides"); API
// Developers see only their profile, whatever their groups say.
func (a Actor) Console() permission.Set {
	if a.Role != "" && !a.Role.SeesConsole() {
		return permission.Set{}
	}
	return a.Can.In(a.Main)
}

// May reports whether the actor holds a permission on one of the console's own resources.
func (a Actor) May(p permission.Permission) bool { return a.Console().Has(p) }

// Require returns a Forbidden, and records the refusal, when the actor lacks p in the main tenant.
func (s *Service) Require(by Actor, p permission.Permission) error {
	if by.May(p) {
		return nil
	}
	err := forbidden(Lack{Missing: permission.Missing{Permission: p}, needs: p})
	s.countRefusal(by, err)
	return err
}

// Hashing says how many passwords are being checked, and how many wait for it.
func (s *Service) Hashing() auth.Load { return s.hasher.Load() }

// Reading returns a context for a request that only reads. What is remembered for pages is asked for once whether it is still
// true, not each time.
func (s *Service) Reading(ctx context.Context) (context.Context, error) { return s.db.AsOf(ctx) }
