package replicas

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"console/e2e/harness"
)

// crowd are people who work with the site, and what they were told. What goes wrong while a replica dies or the database is away is
// excused for a request that was under way then, and for nothing else.
type crowd struct {
	*site
	added atomic.Int64 // how many people were sent to be added

	mu       sync.Mutex
	seen     map[string]bool   // addresses that were acknowledged, each looked for at once on every replica
	links    map[string]string // address → path of the link in the mail
	opened   int               // mails looked at for links
	tried    map[string]bool   // addresses for which a sign-up was sent
	joined   map[string]bool   // of those, the acknowledged ones
	troubles []span
	asked    map[string]int // requests by kind
	excused  map[string]int // of these, those that broke off while there was trouble
}

// span is a time in which requests may fail that were under way.
type span struct{ from, to time.Time }

func newCrowd(s *site) *crowd {
	return &crowd{site: s, seen: map[string]bool{}, links: map[string]string{}, tried: map[string]bool{}, joined: map[string]bool{},
		asked: map[string]int{}, excused: map[string]int{}}
}

// during lets everybody work until do returns, and a moment longer.
func (c *crowd) during(do func()) {
	ctx, stop := context.WithCancel(c.t.Context())
	var people sync.WaitGroup
	for _, work := range []func(ctx context.Context){c.list, c.list, c.add("a"), c.add("b"), c.signIn, c.signUp} {
		people.Go(func() { work(ctx) })
	}
	do()
	stop()
	people.Wait()
}

// trouble notes a time in which requests under way may fail. It begins before do.
func (c *crowd) trouble(do func()) {
	from := time.Now()
	c.mu.Lock()
	c.troubles = append(c.troubles, span{from: from})
	at := len(c.troubles) - 1
	c.mu.Unlock()
	do()
	c.mu.Lock()
	c.troubles[at].to = time.Now()
	c.mu.Unlock()
}

// worked says whether a request that began at a time had one of the wanted answers. Where it had not, that is an error unless it was
// excused; then it is not known what was done.
func (c *crowd) worked(kind string, began time.Time, status int, err error, wanted ...int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked[kind]++
	if err == nil {
		for _, want := range wanted {
			if status == want {
				return true
			}
		}
	}
	for _, trouble := range c.troubles {
		if (trouble.to.IsZero() || !began.After(trouble.to)) && time.Now().After(trouble.from) {
			c.excused[kind]++
			return false
		}
	}
	c.t.Errorf("%s: answered %d %v", kind, status, err)
	return false
}

func pause(ctx context.Context, longest time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(rand.N(longest)):
	}
}

// list looks at the list of users.
func (c *crowd) list(ctx context.Context) {
	for ctx.Err() == nil {
		began := time.Now()
		status, _, err := c.admin.Get("/settings/users")
		c.worked("list", began, status, err, http.StatusOK)
		pause(ctx, 50*time.Millisecond)
	}
}

// add adds people, and looks for each of them on every replica once that is acknowledged.
func (c *crowd) add(who string) func(ctx context.Context) {
	return func(ctx context.Context) {
		for ctx.Err() == nil {
			email := fmt.Sprintf("%s%05d@example.com", who, c.added.Add(1))
			began := time.Now()
			status, _, err := c.admin.Post("/settings/users/new", "role", "analyst", "first_name", "Added", "last_name", "By",
				"email", email, "tenant_id", "1")
			if c.worked("add", began, status, err, http.StatusSeeOther) {
				c.acknowledge(email)
			}
			pause(ctx, 40*time.Millisecond)
		}
	}
}

// acknowledge looks for somebody on every replica that lives.
func (c *crowd) acknowledge(email string) {
	c.mu.Lock()
	c.seen[email] = true
	c.mu.Unlock()
	for _, r := range c.replicas {
		began := time.Now()
		status, body, err := r.caller(c.admin).Get("/settings/users?q=" + email)
		if err != nil && !r.ready() {
			continue // it is dead
		}
		if c.worked("look", began, status, err, http.StatusOK) && !strings.Contains(body, ">"+email+"<") {
			c.t.Errorf("%s was acknowledged and is not listed by %s", email, r.name())
		}
	}
}

// signIn signs John Doe in anew.
func (c *crowd) signIn(ctx context.Context) {
	for ctx.Err() == nil {
		visitor := c.caller()
		began := time.Now()
		status, _, err := visitor.Post("/signin", "email", harness.AdminEmail, "password", harness.AdminPassword)
		if c.worked("sign in", began, status, err, http.StatusSeeOther) {
			began = time.Now()
			status, _, err = visitor.Get("/settings/profile")
			c.worked("profile", began, status, err, http.StatusOK)
		}
		pause(ctx, 500*time.Millisecond)
	}
}

// invited returns somebody who has a link in a mail and has not used it.
func (c *crowd) invited() (email, path string) {
	mails := c.mail.Messages()
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.Copy(c.links, harness.SignupPaths(mails[c.opened:]))
	c.opened = len(mails)
	for email, path := range c.links {
		if !c.tried[email] {
			c.tried[email] = true
			return email, path
		}
	}
	return "", ""
}

// signUp lets people use their links.
func (c *crowd) signUp(ctx context.Context) {
	for ; ctx.Err() == nil; pause(ctx, 500*time.Millisecond) {
		email, path := c.invited()
		if email == "" {
			continue
		}
		began := time.Now()
		status, _, err := c.caller().Post(path, "first_name", "Signed", "last_name", "Up", "password", harness.Password(email))
		if c.worked("sign up", began, status, err, http.StatusSeeOther) {
			c.mu.Lock()
			c.joined[email] = true
			c.mu.Unlock()
		}
	}
}
