package replicas

import (
	"context"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"strconv"
	"sync"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/auth"
	"console/store"
)

// usualRounds is how often each duel is fought; REPLICA_DUELS asks for another number.
const usualRounds = 10

// arena is a site whose database the test changes between rounds, as the program would.
type arena struct {
	*site
	rows *store.DB
}

func newArena(t *testing.T, s *site) *arena {
	t.Helper()
	rows, err := store.Open(t.Context(), s.direct)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rows.Close() })
	return &arena{s, rows}
}

// update changes the database.
func (a *arena) update(change func(context.Context, *store.Tx) error) {
	a.t.Helper()
	if err := a.rows.Update(a.t.Context(), func(tx *store.Tx) error { return change(a.t.Context(), tx) }); err != nil {
		a.t.Fatal(err)
	}
}

// session is a browser of a replica, in which somebody has come to a stage of their sign-in.
func (a *arena) session(r *replica, user store.User, stage store.Stage) *harness.Caller {
	a.t.Helper()
	token, now := auth.NewToken(), store.At(time.Now())
	a.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertSession(ctx, &store.Session{TokenHash: auth.HashToken(token), UserID: user.ID, Stage: stage, FormKey: []byte(token),
			Data: []byte{}, Address: "127.0.0.1", UserAgent: "test", CreatedAt: now, LastSeenAt: now})
	})
	jar, err := cookiejar.New(nil)
	if err != nil {
		a.t.Fatal(err)
	}
	jar.SetCookies(a.base, []*http.Cookie{{Name: harness.CookieName(a.base, "console"), Value: token, Path: "/"}})
	c := r.caller(nil)
	c.HTTP.Jar = jar
	page := "/settings/profile"
	if stage == store.AwaitsSecondFactor {
		page = "/signin/2fa"
	}
	_, body, err := c.Get(page)
	found := harness.CSRFInput.FindStringSubmatch(body)
	if err != nil || found == nil {
		a.t.Fatalf("%s shows no form: %v", page, err)
	}
	c.FormToken = found[1]
	return c
}

// atOnce sends forms by all of them in the same moment, and returns what they were answered.
func (a *arena) atOnce(by []*harness.Caller, path func(i int) string, pairs func(i int) []string) (statuses []int) {
	a.t.Helper()
	statuses = make([]int, len(by))
	var all sync.WaitGroup
	gate := make(chan struct{})
	for i, c := range by {
		all.Go(func() {
			<-gate
			status, _, err := c.Post(path(i), pairs(i)...)
			if err != nil || status >= http.StatusInternalServerError {
				a.t.Errorf("%s answered %d %v", path(i), status, err)
			}
			statuses[i] = status
		})
	}
	close(gate)
	all.Wait()
	return statuses
}

// won counts those who were let through.
func won(statuses []int) (n int) {
	for _, status := range statuses {
		if status == http.StatusSeeOther {
			n++
		}
	}
	return n
}

// TestDuels has several do the same on different replicas in the same moment, where only one may succeed.
func TestDuels(t *testing.T) {
	rounds := asked(t, "REPLICA_DUELS", usualRounds)
	a := newArena(t, newSite(t))
	john, err := a.rows.UserByEmailKey(t.Context(), harness.AdminEmail)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for round := range rounds {
		a.oneLink(round, john)
	}
	guarded := a.enrolled(john)
	for range rounds {
		a.recoveryCode(guarded)
		a.appCode(guarded)
	}
	a.lastAdministrators(rounds, john, guarded.user)
	for range rounds {
		a.guesses()
	}
	a.wantNoFaults()
	t.Logf("%d rounds of each took %s", rounds, time.Since(began))
}

// lastAdministrators disable each other at the same time: one of them stays.
func (a *arena) lastAdministrators(rounds int, two ...store.User) {
	a.t.Helper()
	for range rounds {
		by := []*harness.Caller{a.session(a.replicas[0], two[0], store.Finished), a.session(a.replicas[1], two[1], store.Finished)}
		statuses := a.atOnce(by, func(i int) string { return harness.UserPath(two[1-i], "disable") }, func(int) []string { return nil })
		left := a.count(`SELECT count(*) FROM users WHERE role = 'global_admin' AND activated_at > 0 AND disabled_at = 0`)
		if left != 1 || won(statuses) < 1 {
			a.t.Errorf("%d administrators are left; they were answered %d", left, statuses)
		}
		a.enable(two...)
	}
}

// guesses are wrong passwords at every replica at once: five are looked at, and then one after each pause, which last one second, two,
// four and so on.
func (a *arena) guesses() {
	a.t.Helper()
	a.exec(`DELETE FROM throttles`)
	const each, freely = 4, 5
	last := a.count(`SELECT max(id) FROM activity`)
	by := make([]*harness.Caller, many*each)
	for i := range by {
		by[i] = a.visitor(a.replicas[i%many], "/signin")
	}
	a.atOnce(by, func(int) string { return "/signin" }, func(i int) []string {
		return []string{"email", harness.AdminEmail, "password", fmt.Sprint("a wrong password, number ", i)}
	})
	const looked = `SELECT CAST(at AS TEXT) FROM activity WHERE action = 'sign in' AND outcome = 'failed' AND id > $1 ORDER BY id`
	var times []int
	for _, text := range a.column(looked, last) {
		at, err := strconv.Atoi(text)
		if err != nil {
			a.t.Fatal(err)
		}
		times = append(times, at)
	}
	if len(times) < freely {
		a.t.Errorf("only %d wrong passwords were looked at", len(times))
	}
	pause := 1000 // milliseconds
	for i := freely; i < len(times); i++ {
		if waited := times[i] - times[i-1]; waited < pause {
			a.t.Errorf("wrong password number %d was looked at after %d ms, and not after %d", i+1, waited, pause)
		}
		pause *= 2
	}
}

// visitor is a browser of a replica that shows a form to whoever asks.
func (a *arena) visitor(r *replica, path string) *harness.Caller {
	a.t.Helper()
	c := r.caller(nil)
	_, page, err := c.Get(path)
	found := harness.CSRFInput.FindStringSubmatch(page)
	if err != nil || found == nil {
		a.t.Fatalf("%s shows no form: %v", path, err)
	}
	c.FormToken = found[1]
	return c
}

func (a *arena) oneLink(round int, john store.User) {
	a.t.Helper()
	inviter := a.session(a.replicas[round%many], john, store.Finished)
	email := fmt.Sprintf("link%05d@example.com", round)
	path := a.answer(inviter.Post("/settings/users/invite-link", "role", "analyst", "duration", "1h", "email", email, "tenant_id", "1")).Link()
	by := make([]*harness.Caller, many)
	for i, r := range a.replicas {
		by[i] = a.visitor(r, path)
	}
	statuses := a.atOnce(by, func(int) string { return path }, func(i int) []string {
		return []string{"first_name", "Who", "last_name", fmt.Sprint("Number", i), "password", fmt.Sprint("a long password of number ", i)}
	})
	if won(statuses) != 1 {
		a.t.Errorf("a link was used: %d", statuses)
	}
	if n := a.count(`SELECT count(*) FROM activity WHERE action = 'accept invitation' AND object LIKE $1`, "%"+email+"%"); n != 1 {
		a.t.Errorf("%s accepted the invitation %d times", email, n)
	}
}

// enable gives people their access back.
func (a *arena) enable(people ...store.User) {
	a.t.Helper()
	a.update(func(ctx context.Context, tx *store.Tx) error {
		for _, p := range people {
			now, err := tx.UserByID(ctx, p.ID)
			if err != nil {
				return err
			}
			now.DisabledAt = 0
			if err := tx.UpdateUser(ctx, &now); err != nil {
				return err
			}
		}
		return nil
	})
}

// guarded is somebody who has an authenticator app.
type guarded struct {
	user  store.User
	app   *harness.Authenticator
	codes []string // for recovery
}

// enrolled is another Global Administrator, with the password of John Doe.
func (a *arena) enrolled(john store.User) guarded {
	a.t.Helper()
	user := harness.Active(john.Role, "Two", "Factor", "twofactor@example.com")
	user.PasswordHash = john.PasswordHash
	a.update(func(ctx context.Context, tx *store.Tx) error { return tx.InsertUser(ctx, &user) })
	c := a.session(a.replicas[0], user, store.Finished)
	if status, _, err := c.Post(harness.AuthenticatorPath + "/start"); err != nil || status != http.StatusSeeOther {
		a.t.Fatalf("an app cannot be set up: %d %v", status, err)
	}
	app := &harness.Authenticator{Console: &harness.Console{T: a.t}, Secret: a.answer(c.Get(harness.AuthenticatorPath)).Key()}
	done := a.answer(c.Post(harness.AuthenticatorPath, "code", app.Code(0), "password", harness.AdminPassword))
	return guarded{user, app, done.RecoveryCodes()}
}

// answer is what a caller was answered, for those who read pages.
func (a *arena) answer(status int, body string, err error) *harness.Answer {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
	return &harness.Answer{Response: &http.Response{StatusCode: status, Request: &http.Request{URL: a.base}}, T: a.t, Body: body}
}

// recoveryCode is used on every replica at once.
func (a *arena) recoveryCode(g guarded) {
	a.t.Helper()
	a.exec(`UPDATE recovery_codes SET used_at = 0`)
	a.onlyOneIn(g.user, g.codes[0])
}

// appCode is used on every replica at once.
func (a *arena) appCode(g guarded) {
	a.t.Helper()
	a.exec(`UPDATE authenticators SET last_step = 0`)
	a.onlyOneIn(g.user, g.app.Code(0))
}

// onlyOneIn gives a code as the second factor on every replica at once.
func (a *arena) onlyOneIn(user store.User, code string) {
	a.t.Helper()
	a.exec(`DELETE FROM throttles`)
	by := make([]*harness.Caller, many)
	for i, r := range a.replicas {
		by[i] = a.session(r, user, store.AwaitsSecondFactor)
	}
	before := a.count(`SELECT count(*) FROM activity WHERE action = 'sign in'`)
	statuses := a.atOnce(by, func(int) string { return "/signin/2fa" }, func(int) []string { return []string{"code", code} })
	if in := a.count(`SELECT count(*) FROM activity WHERE action = 'sign in'`) - before; won(statuses) != 1 || in != 1 {
		a.t.Errorf("one code was answered %d and let in %d", statuses, in)
	}
}
