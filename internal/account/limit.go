package account

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"console/internal/auth"
	"console/store"
)

// Manner is how a limit counts. It is a text into which its number and its time are put.
type Manner string

// The manners of counting.
const (
	growing      Manner = "%d, then pauses of 1, 2, 4 … seconds, up to %s" // failures; a success forgets them
	inARow       Manner = "%d in a row, then a pause of %s"
	windowed     Manner = "%d in %s, counted from the first"
	sliding      Manner = "%d in any %s"
	simultaneous Manner = "%d at once; one takes at most %s"
	standing     Manner = "%d at once; further ones wait up to %s"
	inBytes      Manner = "%d bytes" // of something that no time belongs to
	inAll        Manner = "%d"       // of what is there until it is deleted
	pacing       Manner = "%d at once, then one every %s"
)

// Limit says of what nobody gets without end, so that nobody keeps others out or troubles strangers (rule "nobody is locked
// out"). What enforces it takes its figures from here, and docs/operations.md shows the table.
type Limit struct {
	Name   string // by which metrics tell how often it refuses; empty where it does not
	Kind   string // under which it is counted in the database; empty where it is not counted there
	What   string
	Each   string // whose number it is
	Manner Manner
	Number int
	Time   time.Duration
	Answer string // to one too many
	Words  string // of a refusal, before those that say when to try again
}

// tooMany is the answer to one too many where nothing else is said.
const tooMany = "429 with `Retry-After`; the page says when to try again"

// The limits that there are.
var (
	accountPasswords = Limit{
		Name: "password", Kind: "password", What: "wrong passwords for an email", Each: "email and address of a browser (IPv6: /64)",
		Manner: growing, Number: 5, Time: 15 * time.Minute, Answer: tooMany, Words: "Too many attempts.",
	}
	addressPasswords = Limit{
		Name: "password_address", Kind: "password-address", What: "wrong passwords over all emails", Each: "address of a browser (IPv6: /64)",
		Manner: windowed, Number: 50, Time: 15 * time.Minute, Answer: tooMany, Words: "Too many attempts.",
	}
	secondFactors = Limit{
		Name: "second_factor", Kind: "second-factor", What: "wrong second factors, after the right password", Each: "person",
		Manner: inARow, Number: 6, Time: 15 * time.Minute, Answer: tooMany, Words: "Too many attempts.",
	}
	prompts = Limit{
		Kind: "prompt", What: "wrong passwords where the console asks for one's own again", Each: "person",
		Manner: inARow, Number: 6, Answer: "the session ends",
	}
	unknownTokens = Limit{
		Name: "unknown_token", Kind: "token-address", What: "unknown API tokens", Each: "address of a program (IPv6: /64)",
		Manner: windowed, Number: 50, Time: 15 * time.Minute, Answer: "429 with `Retry-After`; a token that works is served all the same",
		Words: "Too many unknown tokens.",
	}
	resetRequests = Limit{
		Name: "reset_request", Kind: "reset", What: "requests of visitors for a link to set a new password",
		Each:   "address of a browser (IPv6: /64)",
		Manner: windowed, Number: 20, Time: 15 * time.Minute, Answer: tooMany, Words: "Too many attempts.",
	}
	resetLinks = Limit{
		What: "links to set a new password that visitors have sent", Each: "person they are for",
		Manner: sliding, Number: 3, Time: time.Hour, Answer: "as always, and no mail: visitors learn nothing",
	}
	pausedAnswers = Limit{
		What: "answers to who tries during a pause", Each: "network (IPv4: /24, IPv6: /48)",
		Manner: pacing, Number: 10, Time: 50 * time.Millisecond, Answer: "it comes later, by up to 15 seconds",
	}
	hashing = Limit{
		Name: "password_queue", What: "visitors in the queue for the check of a password",
		Each:   "network (IPv4: /24, IPv6: /48); networks are served in turn",
		Manner: standing, Number: 8, Time: 15 * time.Second, Answer: "503 with `Retry-After`; also to the 1,001st who waits",
	}
	visitorForm = Limit{
		Name: "visitor_body", What: "a body sent without a session", Each: "request", Manner: inBytes, Number: 64 << 10, Answer: "413",
	}
	invitationMails = Limit{
		Name: "invitation_mail", Kind: "invitation-mail", What: "invitation mails", Each: "address they go to",
		Manner: sliding, Number: 3, Time: time.Hour, Answer: tooMany, Words: "This address was sent three invitation mails within an hour.",
	}
	invitationMailsOfADay = Limit{
		Name: "invitation_mail_day", Kind: "invitation-mail", What: "invitation mails", Each: "address they go to",
		Manner: sliding, Number: 10, Time: 24 * time.Hour, Answer: tooMany, Words: "This address was sent ten invitation mails within a day.",
	}
	resetMails = Limit{
		Name: "reset_mail", Kind: "reset-mail", What: "“Send password reset” by administrators", Each: "person it is for",
		Manner: sliding, Number: 3, Time: time.Hour, Answer: tooMany, Words: "This person was sent three such mails within an hour.",
	}
	tests = Limit{
		Name: "test", Kind: "test", What: "tests of integrations and triggers, and test mails", Each: "person who tests",
		Manner: sliding, Number: 20, Time: time.Hour, Answer: tooMany, Words: "You have sent twenty tests within an hour.",
	}
	testsAtOnce = Limit{
		Name: "test_at_once", What: "tests of integrations and triggers, and test mails, that run", Each: "person who tests",
		Manner: simultaneous, Number: 2, Time: 40 * time.Second, Answer: tooMany, Words: "Two tests of yours are still running.",
	}
	tokenRequests = Limit{
		Name: "token_request", What: "requests of programs", Each: "API token",
		Manner: pacing, Number: 200, Time: 20 * time.Millisecond, Answer: "429 with `Retry-After`", Words: "Too many requests with this token.",
	}
	tokensOfOwner = Limit{
		What: "personal API tokens", Each: "owner", Manner: inAll, Number: 100, Answer: "422, which says how many of them have expired",
	}
	sendsAgain = Limit{
		Name: "send_again", Kind: "send-again", What: "“Send again” of deliveries", Each: "person who sends",
		Manner: sliding, Number: 20, Time: time.Hour, Answer: tooMany, Words: "You have sent twenty messages again within an hour.",
	}
)

// outside is how many of one network wait until one of theirs leaves the queue for the check of a password.
const outside = 1000

// MaxVisitorForm is how many bytes of a body are read of somebody who has not signed in.
var MaxVisitorForm = int64(visitorForm.Number)

// Limits returns the table of limits.
func Limits() []Limit {
	return []Limit{accountPasswords, addressPasswords, secondFactors, prompts, unknownTokens, tokenRequests, tokensOfOwner, resetRequests,
		resetLinks, pausedAnswers, hashing, visitorForm, invitationMails, invitationMailsOfADay, resetMails, tests, testsAtOnce, sendsAgain}
}

// Queue is how many wait for a password to be checked when so many are checked at once: each takes about 40 ms of a core,
// and nobody is to wait for much longer than ten seconds.
func Queue(slots int) auth.Queue {
	return auth.Queue{Slots: slots, Places: 256 * slots, Each: hashing.Number, Outside: outside, Patience: hashing.Time}
}

// Allows says how many there may be, and in which time.
func (l Limit) Allows() string {
	switch {
	case l.Manner == inBytes, l.Manner == inAll:
		return fmt.Sprintf(string(l.Manner), l.Number)
	case l.Time == 0:
		return fmt.Sprintf("%d in a row", l.Number)
	case l.Time < time.Second:
		return fmt.Sprintf(string(l.Manner), l.Number, fmt.Sprintf("%d ms", l.Time.Milliseconds()))
	}
	return fmt.Sprintf(string(l.Manner), l.Number, spoken(l.Time))
}

// Full is how long it takes, of a limit that paces, until as many may come at once again as at the beginning.
func (l Limit) Full() time.Duration { return time.Duration(l.Number) * l.Time }

// spoken is a time as people say it, rounded up.
func spoken(d time.Duration) string {
	seconds := int(math.Ceil(d.Seconds()))
	switch {
	case seconds == 1:
		return "1 second"
	case seconds < 120:
		return fmt.Sprintf("%d seconds", seconds)
	case seconds < 2*60*60:
		return fmt.Sprintf("%d minutes", (seconds+59)/60)
	}
	return fmt.Sprintf("%d hours", (seconds+3599)/3600)
}

// exceeded refuses one too many. It says to people and programs when to try again.
func (l Limit) exceeded(wait time.Duration) error {
	r := Refuse(Throttled)
	r.RetryAfter, r.Words = wait, l.Words+" Try again in "+spoken(wait)+"."
	return r
}

// beyond is exceeded, with what was tried, for the activity log.
func (l Limit) beyond(wait time.Duration, action action, about object) error {
	err := l.exceeded(wait)
	if r := AsRefusal(err); r != nil {
		r.limited = refused{action: action, about: about, why: "limit: " + l.What, limit: l.Name, count: 1}
	}
	return err
}

// trial is what somebody does that is limited, and how often they may.
type trial struct {
	action  action
	about   object
	subject string // whose number it is
}

// use counts one more of what limits of one kind allow a subject, or refuses it with Throttled. It is counted in the
// database: a restart forgets nothing.
func (tx *Tx) use(ctx context.Context, what trial, limits ...Limit) error {
	var longest time.Duration
	for _, l := range limits {
		longest = max(longest, l.Time)
	}
	all, err := tx.db.Uses(ctx, limits[0].Kind, what.subject, tx.now.Add(-longest), tx.now)
	if err != nil {
		return err
	}
	for _, l := range limits {
		first, _ := slices.BinarySearch(all, tx.now.Add(-l.Time)+1)
		uses := all[first:]
		if over := len(uses) - l.Number; over >= 0 {
			return l.beyond(time.Duration(uses[over].Add(l.Time)-tx.now)*time.Millisecond, what.action, what.about)
		}
	}
	return tx.db.InsertUse(ctx, store.Use{Kind: limits[0].Kind, Subject: what.subject, At: tx.now})
}
