package load

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/auth"
	"console/internal/permission"
	"console/store"
)

// TestBurstOfSignIns has many people sign in at the same moment: each is answered, those who are told to wait are in a
// little later, the memory stays, and pages of others stay quick. BURST=1000 (make test-long) also measures; without it a
// few people show that everybody gets in.
func TestBurstOfSignIns(t *testing.T) {
	people, _ := strconv.Atoi(os.Getenv("BURST"))
	measured := people > 0
	if !measured {
		t.Parallel()
		people = 30
	}
	c := newCrashing(t)
	c.kill()
	c.crowd(people)
	c.start()
	crowd := make([]*harness.Caller, people)
	for i := range crowd {
		crowd[i] = c.client()
		_, body, err := crowd[i].Get("/signin")
		token := harness.CSRFInput.FindStringSubmatch(body)
		if err != nil || token == nil {
			t.Fatalf("the sign-in page: %v\n%s", err, body)
		}
		crowd[i].FormToken = token[1]
	}
	admin := c.client()
	admin.MustPost(t, http.StatusSeeOther, "/signin", "email", harness.AdminEmail, "password", harness.AdminPassword)
	before := c.resident()
	stop, pages := make(chan struct{}), make(chan []time.Duration)
	go func() { pages <- c.loads(admin, stop) }()
	began := time.Now()
	first, in, peak := c.signInAll(crowd)
	all := time.Since(began)
	close(stop)
	loads := <-pages
	slices.Sort(loads)
	p99 := loads[len(loads)*99/100]
	t.Logf("%d sign-ins: %d at the first try, slowest answer %v, all in after %v; resident memory %d to %d MB; %d pages beside, p99 %v",
		people, in, first, all, before>>20, peak>>20, len(loads), p99)
	if !measured {
		return
	}
	if first > 30*time.Second || all > 2*time.Minute+30*time.Second || peak-before > 100<<20 || p99 > 250*time.Millisecond {
		t.Error("not quick enough, or too large")
	}
}

// crowd stores people who can sign in.
func (c *crashing) crowd(n int) {
	db, err := store.Open(c.t.Context(), filepath.Join(c.data, "console.db"))
	if err != nil {
		c.t.Fatal(err)
	}
	defer db.Close()
	hash, now := auth.HashPassword(harness.AdminPassword), store.At(time.Now())
	err = db.Update(c.t.Context(), func(tx *store.Tx) error {
		for i := range n {
			email := burstEmail(i)
			u := store.User{UUID: email, Email: email, EmailKey: email, FirstName: "Person", Role: permission.Analyst, PasswordHash: hash,
				CreatedAt: now, JoinedAt: now, ActivatedAt: now}
			if err := tx.InsertUser(c.t.Context(), &u); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		c.t.Fatal(err)
	}
}

func burstEmail(i int) string { return fmt.Sprintf("burst%d@example.com", i) }

// signInAll has everybody sign in at once, and again when they are told to wait. It returns how long the slowest answer took,
// how many were in at once, and the largest memory seen.
func (c *crashing) signInAll(crowd []*harness.Caller) (slowest time.Duration, atOnce int, peak int64) {
	var mu sync.Mutex
	var everybody sync.WaitGroup
	done := make(chan struct{})
	for i, person := range crowd {
		everybody.Go(func() {
			for try := 0; ; try++ {
				began := time.Now()
				status, wait, err := signIn(person, burstEmail(i))
				took := time.Since(began)
				mu.Lock()
				slowest = max(slowest, took)
				if try == 0 && status == http.StatusSeeOther {
					atOnce++
				}
				mu.Unlock()
				switch {
				case err == nil && status == http.StatusSeeOther:
					return
				case err != nil || status != http.StatusServiceUnavailable || wait == 0:
					c.t.Errorf("%s: %d %v, to wait %v", burstEmail(i), status, err, wait)
					return
				}
				time.Sleep(wait)
			}
		})
	}
	go func() { everybody.Wait(); close(done) }()
	for {
		peak = max(peak, c.resident())
		select {
		case <-done:
			return slowest, atOnce, peak
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// signIn returns the status and how long the console asks to wait.
func signIn(b *harness.Caller, email string) (status int, wait time.Duration, err error) {
	form := url.Values{"csrf_token": {b.FormToken}, "email": {email}, "password": {harness.AdminPassword}}
	response, err := b.HTTP.PostForm(b.Base.String()+"/signin", form)
	if err != nil {
		return 0, 0, err
	}
	defer response.Body.Close()
	seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
	return response.StatusCode, time.Duration(seconds) * time.Second, nil
}

// loads opens the user list over and over until stop, and returns how long each took.
func (c *crashing) loads(admin *harness.Caller, stop chan struct{}) (took []time.Duration) {
	for {
		began := time.Now()
		if status, _, err := admin.Get("/settings/users"); err != nil || status != http.StatusOK {
			c.t.Errorf("the user list: %d %v", status, err)
		}
		took = append(took, time.Since(began))
		select {
		case <-stop:
			return took
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// resident is the memory of the console, in bytes (Linux).
func (c *crashing) resident() int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.process.Process.Pid))
	if err != nil {
		c.t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, is := strings.CutPrefix(line, "VmRSS:"); is {
			kilobytes, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				c.t.Fatal(err)
			}
			return kilobytes << 10
		}
	}
	c.t.Fatal("no VmRSS")
	return 0
}

// TestBurstOfEvents has a job add many people whom three receivers are told of, each, while somebody looks at pages.
// BURST=1000 (make test-long) also measures.
func TestBurstOfEvents(t *testing.T) {
	people, _ := strconv.Atoi(os.Getenv("BURST"))
	measured := people > 0
	if !measured {
		t.Parallel()
		people = 60
	}
	c := harness.Ready(t, nil)
	admin, reader := c.Administrator(), c.Administrator()
	var hooks []string
	for range 3 {
		hooks = append(hooks, c.Hook(admin, "/hook"))
	}
	c.Trigger(admin, hooks...)
	stop, pages := make(chan struct{}), make(chan []time.Duration)
	go func() { pages <- looks(c, reader, stop) }()
	began := time.Now()
	c.ImportOf(admin, people)
	delivered := func() bool {
		return c.Count(`SELECT count(*) FROM deliveries WHERE integration_id IS NOT NULL AND state = 'delivered'`) == 3*people
	}
	harness.Eventually(t, "everybody has been told of", delivered)
	took := time.Since(began)
	close(stop)
	loads := <-pages
	slices.Sort(loads)
	p99 := loads[len(loads)*99/100]
	t.Logf("%d events for three receivers: added and told after %v; %d pages beside, p99 %v", people, took, len(loads), p99)
	if measured && (took > 30*time.Second || p99 > 100*time.Millisecond) {
		t.Error("not quick enough")
	}
}

// looks opens the list of triggers over and over until stop, and returns how long each took.
func looks(c *harness.Console, b *harness.Browser, stop chan struct{}) (took []time.Duration) {
	for {
		began := time.Now()
		b.Get("/settings/triggers").Wants(http.StatusOK)
		took = append(took, time.Since(began))
		select {
		case <-stop:
			return took
		case <-time.After(10 * time.Millisecond):
		}
	}
}
