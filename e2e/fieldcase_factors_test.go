package e2e

import (
	"bytes"
	"context"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"console/internal/auth"
	"console/internal/cli"
	"console/internal/fake"
	"console/store"
)

// halfway returns a browser in which John Doe has given the right password.
func (c *console) halfway() *browser {
	c.t.Helper()
	b := c.browser()
	b.post("/signin", "email", adminEmail, "password", adminPassword).to("/signin/2fa")
	return b
}

// enforce demands a second factor of everybody.
func (c *console) enforce() {
	c.t.Helper()
	c.exec(`UPDATE account SET enforce_two_factor = 1`)
}

func TestFC71_ACodeIsAcceptedOnceAndForwardOnly(t *testing.T) {
	t.Parallel()
	c, clock := startAt(t)
	app := c.administrator().enrol(adminPassword)
	c.halfway().post("/signin/2fa", "code", app.code(0)).wants(http.StatusUnprocessableEntity).contains("used already") // confirmed the set-up
	clock.Advance(30 * time.Second)
	spaced := app.code(0)[:3] + " " + app.code(0)[3:]
	c.halfway().post("/signin/2fa", "code", spaced).to("/")
	c.halfway().post("/signin/2fa", "code", app.code(0)).wants(http.StatusUnprocessableEntity).contains("used already")
	c.halfway().post("/signin/2fa", "code", app.code(-1)).wants(http.StatusUnprocessableEntity).contains("used already") // backwards
	c.halfway().post("/signin/2fa", "code", app.code(1)).to("/")
}

func TestFC72_ParallelSubmitsOfOneCodeMakeOneSession(t *testing.T) {
	t.Parallel()
	c, clock := startAt(t)
	app := c.administrator().enrol(adminPassword)
	clock.Advance(time.Minute)
	browsers := make([]*browser, 20)
	for i := range browsers {
		browsers[i] = c.halfway()
		browsers[i].token()
	}
	before := c.count(`SELECT count(*) FROM sessions WHERE stage = ''`)
	var in atomic.Int32
	var all sync.WaitGroup
	for _, b := range browsers {
		all.Go(func() {
			if b.post("/signin/2fa", "code", app.code(0)).StatusCode == http.StatusSeeOther {
				in.Add(1)
			}
		})
	}
	all.Wait()
	if in.Load() != 1 {
		t.Errorf("%d were let in", in.Load())
	}
	c.wantCount(before+1, `SELECT count(*) FROM sessions WHERE stage = ''`)
}

func TestFC73_WrongCodesCountPerAccount(t *testing.T) {
	t.Parallel()
	clock := fake.NewClock(time.Now().Truncate(time.Second))
	c := ready(t, func(s *cli.Serve) { behindProxy(s); s.Now = clock.Now })
	app := c.administrator().enrol(adminPassword)
	for _, address := range []string{"198.51.100.1", "198.51.100.2", "2001:db8::1"} {
		b := c.browser().from(address)
		b.post("/signin", "email", adminEmail, "password", adminPassword).to("/signin/2fa")
		for range 2 {
			b.post("/signin/2fa", "code", "000 001").wants(http.StatusUnprocessableEntity)
		}
	}
	clock.Advance(time.Minute)
	b := c.browser().from("198.51.100.9")
	b.post("/signin", "email", adminEmail, "password", adminPassword).to("/signin/2fa")
	for range 3 {
		refused := b.post("/signin/2fa", "code", app.code(0)).wants(http.StatusTooManyRequests).contains("Try again in")
		if refused.Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	}
	b.post("/signin/2fa", "code", app.codes[0]).wants(http.StatusTooManyRequests)
	if n := c.entries("sign in second factor", "failed"); n != 6 {
		t.Errorf("%d failures are in the activity log", n)
	}
	if n := c.entries("sign in second factor", "refused"); n != 1 { // one a minute
		t.Errorf("%d refusals are in the activity log", n)
	}
	clock.Advance(15 * time.Minute)
	b.get("/signin/2fa").to("/signin") // waited too long
	b.post("/signin", "email", adminEmail, "password", adminPassword).to("/signin/2fa")
	b.post("/signin/2fa", "code", app.code(0)).to("/")
}

func TestFC75_ClocksMayDifferByOneStep(t *testing.T) {
	t.Parallel()
	c, clock := startAt(t)
	app := c.administrator().enrol(adminPassword)
	clock.Advance(10 * time.Minute)
	for _, step := range []int{-2, 2, 8} { // no answer tells a code that is to come from one that never will
		c.halfway().post("/signin/2fa", "code", app.code(step)).wants(http.StatusUnprocessableEntity).contains("This was not accepted.", "clock")
	}
	c.halfway().post("/signin/2fa", "code", app.code(99999)).wants(http.StatusUnprocessableEntity).contains("This was not accepted.", "clock")
	for _, step := range []int{-1, 0, 1} {
		c.halfway().post("/signin/2fa", "code", app.code(step)).to("/")
	}
}

func TestFC76_TheSecretStaysUntilSetUpIsFinished(t *testing.T) {
	t.Parallel()
	c, clock := startAt(t)
	b := c.administrator()
	app := b.scan()
	b.post(authenticatorPath, "code", "000000", "password", adminPassword).wants(http.StatusUnprocessableEntity).contains("This is not the code", app.secret)
	b.post(authenticatorPath, "code", app.code(0), "password", "wrong").wants(http.StatusUnprocessableEntity).contains("This is not your password", app.secret)
	b.post(authenticatorPath, "code", app.code(5), "password", adminPassword).wants(http.StatusUnprocessableEntity).contains("clock", app.secret)
	b.get(authenticatorPath).contains(app.secret)
	b.post(authenticatorPath + "/start").to(authenticatorPath)
	c.restart()
	b.get(authenticatorPath).contains(app.secret)
	if c.user(adminEmail).SecondFactor {
		t.Error("two-factor authentication is on before it is confirmed")
	}
	if n := len(b.post(authenticatorPath, "code", app.code(0), "password", adminPassword).recoveryCodes()); n != 10 {
		t.Errorf("%d recovery codes", n)
	}
	if !c.user(adminEmail).SecondFactor {
		t.Error("two-factor authentication is not on")
	}
	b.get("/settings/users?twofa=on").contains(adminEmail, `2FA<span>: on`)

	// A new one replaces it in one step, and until then the old one works.
	clock.Advance(time.Minute)
	other := b.scan()
	if other.secret == app.secret {
		t.Error("the new authenticator has the secret of the old one")
	}
	c.halfway().post("/signin/2fa", "code", app.code(0)).to("/")
	clock.Advance(time.Minute)
	b.post(authenticatorPath, "code", other.code(0), "password", adminPassword).to("/settings/profile")
	clock.Advance(time.Minute)
	c.halfway().post("/signin/2fa", "code", app.code(0)).wants(http.StatusUnprocessableEntity)
	c.halfway().post("/signin/2fa", "code", other.code(0)).to("/")
}

func TestFC78_EachRecoveryCodeWorksOnce(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	app := c.administrator().enrol(adminPassword)
	c.halfway().post("/signin/2fa", "code", strings.ToLower(app.codes[2])).to("/")
	c.halfway().post("/signin/2fa", "code", app.codes[2]).wants(http.StatusUnprocessableEntity)
	b := c.halfway()
	b.post("/signin/2fa", "code", strings.ReplaceAll(app.codes[6], "-", "")).to("/")
	b.get("/settings/profile").contains("You have 8 recovery codes left.", "8 codes left")

	var in atomic.Int32
	var all sync.WaitGroup
	for range 5 {
		rival := c.halfway()
		rival.token()
		all.Go(func() {
			if rival.post("/signin/2fa", "code", app.codes[0]).StatusCode == http.StatusSeeOther {
				in.Add(1)
			}
		})
	}
	all.Wait()
	if in.Load() != 1 {
		t.Errorf("one code let in %d", in.Load())
	}
	b.post("/settings/profile/recovery-codes", "password", "wrong").wants(http.StatusUnprocessableEntity)
	fresh := b.post("/settings/profile/recovery-codes", "password", adminPassword).recoveryCodes()
	c.halfway().post("/signin/2fa", "code", app.codes[1]).wants(http.StatusUnprocessableEntity)
	c.halfway().post("/signin/2fa", "code", fresh[1]).to("/")
}

func TestFC79_SecretsAreNotInTheDatabase(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	b := c.administrator()
	pending := b.scan().secret
	app := b.enrol(adminPassword)
	raw, err := base32.StdEncoding.DecodeString(app.secret)
	if err != nil {
		t.Fatal(err)
	}
	marks := [][]byte{[]byte(pending), []byte(app.secret), raw, []byte(hex.EncodeToString(raw)), []byte(strings.ToUpper(hex.EncodeToString(raw)))}
	for _, code := range app.codes {
		marks = append(marks, []byte(code), []byte(strings.ReplaceAll(code, "-", "")))
	}
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(c.database() + suffix)
		if err != nil {
			t.Fatal(err)
		}
		for _, mark := range marks {
			if bytes.Contains(content, mark) {
				t.Errorf("%q stands in console.db%s", mark, suffix)
			}
		}
		if suffix == "" && !bytes.Contains(content, []byte("SQLite")) {
			t.Error("this is not the database")
		}
	}
	for _, mark := range marks {
		if strings.Contains(c.Log.String(), string(mark)) {
			t.Errorf("%q stands in the log", mark)
		}
	}
}

func TestFC69_ANewSessionIdAtEachStep(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	app := c.administrator().enrol(adminPassword)
	b := c.browser()
	b.http.Jar.SetCookies(c.URL, []*http.Cookie{{Name: "console", Value: "AAAA"}})
	b.post("/signin", "email", adminEmail, "password", adminPassword, "next", "/settings/users?tab=invited").to("/signin/2fa")
	first := b.cookie("console").Value
	b.get("/signin/2fa?next=%2Fsettings%2Fusers%3Ftab%3Dinvited").contains(`value="/settings/users?tab=invited"`)
	in := b.post("/signin/2fa", "code", app.codes[0], "next", "/settings/users?tab=invited").wants(http.StatusSeeOther)
	if to := in.Header.Get("Location"); to != "/settings/users?tab=invited" {
		t.Errorf("leads to %s", to)
	}
	second := b.cookie("console").Value
	if first == "AAAA" || second == first {
		t.Errorf("session ids: %s, %s", first, second)
	}
	for _, old := range []string{"AAAA", first} {
		planted := c.browser()
		planted.http.Jar.SetCookies(c.URL, []*http.Cookie{{Name: "console", Value: old}})
		planted.get("/settings/profile").to("/signin")
	}
}

func TestHalfwayOpensNothing(t *testing.T) {
	t.Parallel()
	c, clock := startAt(t)
	c.administrator().enrol(adminPassword)
	b := c.halfway()
	for _, r := range c.routes() {
		if !r.Needs.SignedIn() {
			continue
		}
		path := strings.NewReplacer(":id", "1", ":token", "x").Replace(r.Path)
		if r.Method == http.MethodGet {
			b.get(path).to("/signin/2fa")
		} else {
			b.post(path).to("/signin/2fa")
		}
	}
	clock.Advance(10*time.Minute - time.Second)
	b.get("/signin/2fa").wants(http.StatusOK)
	clock.Advance(time.Second)
	b.get("/signin/2fa").to("/signin")

	b = c.halfway()
	b.post("/signout").to("/signin")
	b.get("/signin/2fa").to("/signin")
}

func TestFC138_SignedInIsNotedAfterTheLastFactor(t *testing.T) {
	t.Parallel()
	c, clock := startAt(t)
	app := c.administrator().enrol(adminPassword)
	signIns, last := c.entries("sign in", "done"), c.user(adminEmail).LastAuthAt
	clock.Advance(time.Minute)
	b := c.halfway()
	b.post("/signin/2fa", "code", "000000").wants(http.StatusUnprocessableEntity)
	if c.entries("sign in", "done") != signIns || c.user(adminEmail).LastAuthAt != last {
		t.Error("a sign-in that has failed is noted as one")
	}
	if c.entries("sign in second factor", "failed") != 1 {
		t.Error("the wrong code is not in the activity log")
	}
	b.post("/signin/2fa", "code", app.code(0)).to("/")
	if c.entries("sign in", "done") != signIns+1 || c.user(adminEmail).LastAuthAt == last {
		t.Error("the sign-in is not noted")
	}
}

func TestFC82_DisablingAsksForOnesOwnPassword(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	member := c.member(admin, "analyst", "ann@example.com")
	member.enrol(password("ann@example.com"))
	path := "/settings/users/" + c.cell(`SELECT id FROM users WHERE email = 'ann@example.com'`) + "/disable-2fa"
	admin.get(path).wants(http.StatusOK).contains("Mem Ber")
	admin.get("/settings/users").contains(path)
	admin.post(path).wants(http.StatusUnprocessableEntity)
	admin.post(path, "password", password("ann@example.com")).wants(http.StatusUnprocessableEntity).contains("This is not your password.")
	if !c.user("ann@example.com").SecondFactor {
		t.Fatal("a wrong password disables two-factor authentication")
	}
	for range 4 {
		admin.post(path, "password", "wrong").wants(http.StatusUnprocessableEntity)
	}
	admin.post(path, "password", "wrong").to("/signin")
	admin.get("/settings/users").to("/signin")
	if n := c.entries("confirm password", "failed"); n != 6 {
		t.Errorf("%d wrong passwords are in the activity log", n)
	}

	c.Mail.WaitFor(t, "ann@example.com")
	admin.signIn(adminEmail, adminPassword)
	member.get("/settings/profile").wants(http.StatusOK)
	admin.post(path, "password", adminPassword).to("/settings/users")
	member.get("/settings/profile").to("/signin")
	if c.user("ann@example.com").SecondFactor {
		t.Error("two-factor authentication is still on")
	}
	c.wantCount(0, `SELECT (SELECT count(*) FROM authenticators) + (SELECT count(*) FROM recovery_codes) + (SELECT count(*) FROM passkeys)`)
	member.signIn("ann@example.com", password("ann@example.com"))
	c.wantCount(1, `SELECT count(*) FROM deliveries WHERE recipient = 'ann@example.com' AND template = 'second_factor_disabled'`)
	admin.post(path, "password", adminPassword).to("/settings/users") // again changes nothing
	admin.post(strings.Replace(path, c.cell(`SELECT id FROM users WHERE email = 'ann@example.com'`), "1", 1), "password", adminPassword).wants(http.StatusUnprocessableEntity)

	own := c.member(admin, "analyst", "bo@example.com")
	own.enrol(password("bo@example.com"))
	own.post("/settings/profile/disable-2fa").wants(http.StatusUnprocessableEntity)
	own.post("/settings/profile/disable-2fa", "password", adminPassword).wants(http.StatusUnprocessableEntity)
	c.enforce()
	own.post("/settings/profile/disable-2fa", "password", password("bo@example.com")).wants(http.StatusUnprocessableEntity).contains("requires two-factor authentication")
	if !c.user("bo@example.com").SecondFactor {
		t.Error("what is demanded can be disabled")
	}
	c.exec(`UPDATE account SET enforce_two_factor = 0`)
	own.post("/settings/profile/disable-2fa", "password", password("bo@example.com")).to("/settings/profile")
	own.get("/settings/profile").wants(http.StatusOK).contains("Disabled")
}

func TestFC83_UntilSetUpOnlySetUpIsReachable(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	before := c.administrator()
	c.enforce()
	before.get("/settings/users").wants(http.StatusOK) // takes effect at the next sign-in

	b := c.browser()
	b.post("/signin", "email", adminEmail, "password", adminPassword, "next", "/settings/users").to(authenticatorPath)
	last := c.entries("sign in", "done")
	for _, r := range c.routes() {
		if !r.Needs.SignedIn() || strings.HasPrefix(r.Path, authenticatorPath) && !strings.HasSuffix(r.Path, "/remove") || strings.Contains(r.Path, "passkeys") && !strings.HasSuffix(r.Path, "/remove") {
			continue
		}
		path := strings.NewReplacer(":id", "1", ":token", "x").Replace(r.Path)
		for _, htmx := range []bool{false, true} {
			b.Header.Del("HX-Request")
			if htmx {
				b.token()
				b.Header.Set("HX-Request", "true")
			}
			var a *answer
			if r.Method == http.MethodGet {
				a = b.get(path)
			} else {
				a = b.post(path)
			}
			if !htmx {
				a.to(authenticatorPath)
			} else if a.StatusCode != http.StatusUnauthorized || !strings.HasPrefix(a.Header.Get("HX-Redirect"), authenticatorPath) {
				t.Errorf("htmx %s %s is answered %d, %s", r.Method, path, a.StatusCode, a.Header.Get("HX-Redirect"))
			}
		}
	}
	b.Header.Del("HX-Request")
	b.get("/settings/profile/passkeys/new").wants(http.StatusOK).lacks("Profile</a>")
	page := b.get(authenticatorPath + "?next=%2Fsettings%2Fusers").wants(http.StatusOK).contains("requires two-factor authentication").lacks("Users</a>")
	app := &authenticator{console: c, secret: page.key()}
	codes := b.post(authenticatorPath, "code", app.code(0), "password", adminPassword, "next", "/settings/users")
	codes.contains(`href="/settings/users"`).recoveryCodes()
	b.get("/settings/users").wants(http.StatusOK)
	if c.entries("sign in", "done") != last+1 {
		t.Error("the sign-in is not noted when it is complete")
	}
}

func TestASetUpThatIsNoLongerDemandedLetsIn(t *testing.T) {
	t.Parallel()
	c, clock := startAt(t)
	admin := c.administrator()
	for _, email := range []string{"ann@example.com", "bo@example.com"} {
		c.browser().accept(c.add(admin, "analyst", "Ann", "", email), email)
	}
	c.timeouts(5*time.Minute, time.Hour)
	c.enforce()
	late, early := c.browser(), c.browser()
	late.post("/signin", "email", "ann@example.com", "password", password("ann@example.com")).to(authenticatorPath)
	last := c.user("ann@example.com").LastAuthAt
	clock.Advance(4 * time.Minute)
	early.post("/signin", "email", "bo@example.com", "password", password("bo@example.com")).to(authenticatorPath)
	signIns := c.entries("sign in", "done")
	admin.get("/settings/general").wants(http.StatusOK)
	clock.Advance(4 * time.Minute)
	admin.post("/settings/general/signin", "password_min_length", "12", "version", c.version()).to("/settings/general")
	early.get("/settings/profile").wants(http.StatusOK).contains("Analyst")
	late.get("/settings/profile").to("/signin")
	if c.entries("sign in", "done") != signIns+1 || c.user("ann@example.com").LastAuthAt != last {
		t.Error("who had left is noted as signed in")
	}
}

func TestFC30_AnInvitationSurvivesTheSetUp(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	link := c.add(c.administrator(), "analyst", "Ann", "", "ann@example.com")
	c.enforce()
	b := c.browser()
	b.accept(link, "ann@example.com").to(authenticatorPath)
	b.get("/").to(authenticatorPath)
	secret := b.get(authenticatorPath).key()
	app := &authenticator{console: c, secret: b.get(authenticatorPath).key()} // reloaded
	if secret != app.secret {
		t.Error("a reload changes the secret")
	}
	b.post(authenticatorPath, "code", app.code(0), "password", password("ann@example.com")).recoveryCodes()
	b.get("/settings/profile").wants(http.StatusOK).contains("Analyst")
	if u := c.user("ann@example.com"); u.Status() != store.Active || !u.SecondFactor {
		t.Errorf("the person is %s, second factor %v", u.Status(), u.SecondFactor)
	}
}

func TestFC51_DisabledPeopleComeInByNoWay(t *testing.T) {
	t.Parallel()
	c, clock := startAt(t)
	admin := c.administrator()
	member := c.member(admin, "analyst", "ann@example.com")
	app := member.enrol(password("ann@example.com"))
	half := c.browser()
	half.post("/signin", "email", "ann@example.com", "password", password("ann@example.com")).to("/signin/2fa")
	reset := c.resetPath("ann@example.com")
	clock.Advance(time.Minute)
	admin.post("/settings/users/" + c.cell(`SELECT id FROM users WHERE email = 'ann@example.com'`) + "/disable").to("/settings/users")
	half.post("/signin/2fa", "code", app.code(0)).to("/signin")
	half.post("/signin/2fa", "code", app.codes[0]).to("/signin")
	member.get("/settings/profile").to("/signin")
	c.browser().get(reset).wants(http.StatusGone)
	c.browser().post(reset, "password", "another long password").wants(http.StatusGone)
	c.browser().post("/signin", "email", "ann@example.com", "password", password("ann@example.com")).wants(http.StatusUnprocessableEntity)
}

func TestFC56_AChangedPasswordEndsOtherSessions(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	a, b := c.administrator(), c.administrator()
	const path, changed = "/settings/profile/password", "a new long password"
	old := a.cookie("console").Value
	a.post(path, "current_password", "wrong", "password", changed, "again", changed).wants(http.StatusUnprocessableEntity).contains("This is not your password.")
	a.post(path, "current_password", adminPassword, "password", changed, "again", "other").wants(http.StatusUnprocessableEntity).contains("not what you typed above")
	a.post(path, "current_password", adminPassword, "password", "short", "again", "short").wants(http.StatusUnprocessableEntity).contains("Use at least")
	a.post(path, "current_password", adminPassword, "password", adminPassword, "again", adminPassword).wants(http.StatusUnprocessableEntity).contains("Choose another one")
	a.post(path, "current_password", adminPassword, "password", changed, "again", changed).to("/settings/profile")
	if a.cookie("console").Value == old {
		t.Error("the cookie stays")
	}
	a.get("/settings/profile").wants(http.StatusOK).contains("Password was changed just now")
	b.get("/settings/profile").to("/signin")
	c.browser().post("/signin", "email", adminEmail, "password", adminPassword).wants(http.StatusUnprocessableEntity)
	c.browser().signIn(adminEmail, changed)
	c.Mail.WaitFor(t, adminEmail)
	c.wantCount(1, `SELECT count(*) FROM deliveries WHERE recipient = $1 AND template = 'password_changed'`, adminEmail)
}

// meanwhile sends a form and, once it can only wait for the database, changes that first.
func (c *console) meanwhile(change func(context.Context, *store.Tx) error, send func() *answer) (a *answer) {
	c.t.Helper()
	var sent sync.WaitGroup
	c.update(func(ctx context.Context, tx *store.Tx) error {
		sent.Go(func() { a = send() })
		time.Sleep(300 * time.Millisecond) // longer than a password is checked
		return change(ctx, tx)
	})
	sent.Wait()
	return a
}

func TestFC56_ThePasswordIsChangedWhileSomebodySignsInWithTheOldOne(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	john := c.user(adminEmail)
	before := c.sessions(john)
	b := c.browser()
	b.token()
	c.meanwhile(func(ctx context.Context, tx *store.Tx) error {
		john.PasswordHash, john.PasswordChangedAt = auth.HashPassword("another long password"), store.At(time.Now())
		return tx.UpdateUser(ctx, &john)
	}, func() *answer { return b.post("/signin", "email", adminEmail, "password", adminPassword) }).wants(http.StatusUnprocessableEntity)
	if n := c.sessions(john); n != before {
		t.Errorf("%d sessions instead of %d", n, before)
	}
	c.browser().signIn(adminEmail, "another long password")
}

func TestARefusedAttemptForgetsNoFailures(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	b := c.browser()
	for range 5 {
		b.post("/signin", "email", adminEmail, "password", "wrong").wants(http.StatusUnprocessableEntity)
	}
	b.token()
	c.meanwhile(func(ctx context.Context, tx *store.Tx) error {
		kind, subject, _ := strings.Cut(c.cell(`SELECT kind || ' ' || subject FROM throttles WHERE kind = 'password'`), " ")
		t, err := tx.Throttle(ctx, kind, subject)
		if err != nil {
			return err
		}
		t.Failures, t.LastAt = 9, store.At(time.Now())
		return tx.SaveThrottle(ctx, t)
	}, func() *answer { return b.post("/signin", "email", adminEmail, "password", "wrong") })
	c.wantCount(9, `SELECT failures FROM throttles WHERE kind = 'password'`)
}

func TestAClockThatWasAheadLocksNobodyOut(t *testing.T) {
	t.Parallel()
	c, clock := startAt(t)
	app := c.administrator().enrol(adminPassword)
	clock.Advance(365 * 24 * time.Hour)
	half := c.halfway()
	for range 6 {
		half.post("/signin/2fa", "code", "000000").wants(http.StatusUnprocessableEntity)
	}
	for range 5 {
		c.browser().post("/signin", "email", adminEmail, "password", "wrong").wants(http.StatusUnprocessableEntity)
	}
	c.browser().post("/signin", "email", adminEmail, "password", adminPassword).wants(http.StatusTooManyRequests)
	for range 3 {
		c.browser().post("/forgot", "email", adminEmail).to("/signin")
	}
	links := func() int { return c.count(`SELECT count(*) FROM reset_links`) }
	eventually(t, "the links are sent", func() bool { return links() == 3 })
	clock.Advance(-365 * 24 * time.Hour)
	clock.Advance(time.Minute)
	c.halfway().post("/signin/2fa", "code", app.code(0)).to("/")
	c.browser().post("/forgot", "email", adminEmail).to("/signin")
	eventually(t, "another link is sent", func() bool { return links() == 4 })
}

func TestAnAuthenticatorIsSetUpInOneSession(t *testing.T) { // ASVS 6.3.3: who else has seen the secret cannot use it
	t.Parallel()
	c := ready(t, nil)
	c.add(c.administrator(), "analyst", "Ann", "", "ann@example.com")
	c.browser().accept(c.signupPath("ann@example.com"), "ann@example.com")
	c.enforce()
	stranger, ann := c.browser(), c.browser()
	for _, b := range []*browser{stranger, ann} {
		b.post("/signin", "email", "ann@example.com", "password", password("ann@example.com")).to(authenticatorPath)
	}
	seen := &authenticator{console: c, secret: ann.get(authenticatorPath).wants(http.StatusOK).key()}
	stranger.get(authenticatorPath).wants(http.StatusOK).lacks(seen.secret)
	stranger.post(authenticatorPath, "code", seen.code(0), "password", password("ann@example.com")).wants(http.StatusUnprocessableEntity).contains("Begin again")
	stranger.post(authenticatorPath + "/start").to(authenticatorPath)
	known := stranger.get(authenticatorPath).key()
	ann.get(authenticatorPath).lacks(known, seen.secret)
	app := ann.enrol(password("ann@example.com"))
	if app.secret == known {
		t.Error("the secret has been shown to somebody else")
	}
	stranger.get("/settings/profile").to("/signin")

	// The session may get another id meanwhile.
	other := ann.scan()
	ann.post("/settings/profile/password", "current_password", password("ann@example.com"), "password", "another long password", "again", "another long password").to("/settings/profile")
	c.exec(`UPDATE authenticators SET last_step = 0`)
	ann.post(authenticatorPath, "code", other.code(0), "password", "another long password").to("/settings/profile")
}

var onceInput = regexp.MustCompile(`name="once" value="([^"]+)"`)

func TestReloadingASecretMakesNoOther(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	b := c.administrator()
	b.enrol(adminPassword)
	c.inviteByLink(b, "analyst", "ann@example.com")
	form := func(page string) string {
		return onceInput.FindStringSubmatch(b.get(page).wants(http.StatusOK).Body)[1]
	}
	for _, secret := range []struct {
		page, path string
		fields     []string
		made       string
	}{
		{"/settings/profile/recovery-codes", "/settings/profile/recovery-codes", []string{"password", adminPassword}, `SELECT group_concat(hex(hash)) FROM recovery_codes`},
		{"/settings/users?tab=invited", "/settings/invitations/1/link", nil, `SELECT count(*) FROM signup_links`},
		{"/settings/integrations/new?type=webhook", "/settings/integrations/new?type=webhook", []string{"name", "Hook", "active", "1", "url", c.Receiver.URL + "/hook", "secret", ""}, `SELECT count(*) FROM integrations`},
		{"/settings/integrations/1/secret", "/settings/integrations/1/secret", nil, `SELECT version FROM integrations`},
	} {
		send := func(once string) *answer { return b.post(secret.path, append(secret.fields, "once", once)...) }
		once := form(secret.page)
		send(once).wants(http.StatusOK)
		made := c.cell(secret.made)
		send(once).wants(http.StatusConflict).contains("Done already")
		if now := c.cell(secret.made); now != made {
			t.Errorf("%s: a reload makes %s of %s", secret.path, now, made)
		}
		send(form(secret.page)).wants(http.StatusOK)
		if c.cell(secret.made) == made {
			t.Errorf("%s: a new form does nothing", secret.path)
		}
	}
}

func TestChangesOfSecondFactorsAreToldByMail(t *testing.T) { // ASVS 6.3.7
	t.Parallel()
	c := ready(t, nil)
	b := c.administrator()
	b.enrol(adminPassword)
	john := c.user(adminEmail)
	c.exec(`INSERT INTO passkeys (user_id, credential_id, credential, name, created_at) VALUES ($1, x'01', '{}', 'Key', 1)`, john.ID)
	told := func(change string) {
		t.Helper()
		c.wantCount(1, `SELECT count(*) FROM deliveries WHERE recipient = $1 AND template = 'second_factors_changed' AND json_extract(params, '$.change') = $2`, adminEmail, change)
	}
	b.post("/settings/profile/recovery-codes", "password", adminPassword).wants(http.StatusOK)
	told("new recovery codes were made")
	b.post("/settings/profile/passkeys/"+c.cell(`SELECT id FROM passkeys`)+"/remove", "password", adminPassword).to("/settings/profile")
	told("a passkey was removed")
}

func TestFC63_RenewalDoesNotRestartTheAbsoluteTimeout(t *testing.T) {
	t.Parallel()
	c, clock := startAt(t)
	c.timeouts(time.Hour, time.Hour)
	b := c.administrator()
	clock.Advance(30 * time.Minute)
	app := b.enrol(adminPassword)
	clock.Advance(29 * time.Minute)
	b.get("/settings/profile").wants(http.StatusOK)
	half := c.halfway()
	clock.Advance(time.Minute)
	b.get("/settings/profile").to("/signin")
	half.post("/signin/2fa", "code", app.code(0)).to("/")
	clock.Advance(59*time.Minute - time.Second) // counts from the password
	half.get("/settings/profile").wants(http.StatusOK)
	clock.Advance(time.Second)
	half.get("/settings/profile").to("/signin")
}

func TestFC84_WhoEnforcesHasASecondFactor(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	b := c.administrator()
	version := func() string { return c.cell(`SELECT version FROM account`) }
	b.post("/settings/general/signin", "enforce_2fa", "1", "password_min_length", "12", "version", version()).
		wants(http.StatusUnprocessableEntity).contains("no second factor yourself")
	b.enrol(adminPassword)
	b.post("/settings/general/signin", "enforce_2fa", "1", "password_min_length", "12", "version", version()).wants(http.StatusSeeOther)
	c.wantCount(1, `SELECT enforce_two_factor FROM account`)
}

// resetPath asks for a link to reset a password and waits for it.
func (c *console) resetPath(email string) string {
	c.t.Helper()
	c.browser().post("/forgot", "email", email).to("/signin")
	var path string
	eventually(c.t, "the link arrives", func() bool {
		for _, m := range c.Mail.Messages() {
			for _, l := range linksIn(m) {
				if to, err := url.Parse(l); err == nil && strings.Contains(to.Path, "/reset/") && strings.Contains(strings.Join(m.To, " "), email) {
					path = to.Path
				}
			}
		}
		return path != ""
	})
	return path
}

func TestResetLinksWorkOnceAndKeepTheSecondFactor(t *testing.T) { // ASVS 6.4.3
	t.Parallel()
	c, clock := startAt(t)
	b := c.administrator()
	app := b.enrol(adminPassword)
	path := c.resetPath(adminEmail)
	for range 3 {
		c.browser().get(path).wants(http.StatusOK).contains(adminEmail)
	}
	const changed = "another long password"
	c.browser().post(path, "password", "short").wants(http.StatusUnprocessableEntity).contains("Use at least")
	c.browser().post(path, "password", changed).to("/signin")
	c.browser().post(path, "password", changed).wants(http.StatusGone)
	b.get("/settings/profile").to("/signin")
	clock.Advance(time.Minute)
	b.post("/signin", "email", adminEmail, "password", changed).to("/signin/2fa")
	b.post("/signin/2fa", "code", app.code(0)).to("/")

	again := c.resetPath(adminEmail)
	clock.Advance(time.Hour)
	c.browser().get(again).wants(http.StatusGone).contains("Ask for a new link")
	c.browser().get("/reset/unknown").wants(http.StatusNotFound)
}

func TestFC100_ForgottenPasswordsTellNothing(t *testing.T) {
	t.Parallel()
	c := ready(t, behindProxy)
	admin := c.administrator()
	c.add(admin, "analyst", "In", "Vited", "invited@example.com")
	c.member(admin, "analyst", "disabled@example.com")
	c.member(admin, "analyst", "active@example.com")
	c.disable("disabled@example.com")
	c.settled()
	messages := len(c.Mail.Messages())
	var bodies []string
	for i, email := range []string{"active@example.com", "disabled@example.com", "invited@example.com", "unknown@example.com"} {
		b := c.browser().from("198.51.100." + string(rune('1'+i)))
		a := b.post("/forgot", "email", email).to("/signin")
		bodies = append(bodies, a.Body+a.Header.Get("Location"))
	}
	for _, body := range bodies {
		if body != bodies[0] {
			t.Errorf("the answers differ:\n%s\n%s", body, bodies[0])
		}
	}
	eventually(t, "the requests are answered", func() bool { return c.count(`SELECT count(*) FROM reset_requests`) == 0 })
	c.settled()
	if n := len(c.Mail.Messages()) - messages; n != 1 {
		t.Errorf("%d mails were sent", n)
	}
}

func TestFC100_ForgottenPasswordsTakeEquallyLong(t *testing.T) { // alone: it measures
	c := ready(t, behindProxy)
	admin := c.administrator()
	c.member(admin, "analyst", "active@example.com")
	c.member(admin, "analyst", "disabled@example.com")
	c.add(admin, "analyst", "Ann", "", "invited@example.com")
	c.disable("disabled@example.com")
	b, address := c.browser(), 0
	b.get("/forgot")
	token := b.token()
	equallyLong(t, []string{"unknown@example.com", "active@example.com", "disabled@example.com", "invited@example.com"}, func(email string) time.Duration {
		address++
		b.from(fmt.Sprintf("10.0.%d.%d", address/250, address%250+1))
		began := time.Now()
		b.postForm("/forgot", "email", email, "csrf_token", token).to("/signin")
		return time.Since(began)
	})
}

func TestFC23_AResetGoesToTheStoredAddressOnly(t *testing.T) { // and FC-20
	t.Parallel()
	c := ready(t, nil)
	b := c.browser()
	b.token()
	b.Header.Set("X-Forwarded-Host", "evil.example")
	b.Header.Set("Forwarded", "host=evil.example")
	b.post("/forgot", "email", adminEmail, "email", "evil@evil.example").to("/signin")
	b.post("/forgot", "email", adminEmail+", evil@evil.example").wants(http.StatusUnprocessableEntity)
	b.post("/forgot", "email", adminEmail+"\r\nBcc: evil@evil.example").wants(http.StatusUnprocessableEntity)
	b.post("/forgot", "email", strings.ToUpper(adminEmail)).to("/signin")
	eventually(t, "two links are sent", func() bool { return c.count(`SELECT count(*) FROM reset_links`) == 2 })
	c.settled()
	for _, m := range c.Mail.Messages() {
		if strings.Join(m.To, " ") != adminEmail || strings.Contains(strings.Join(linksIn(m), " "), "evil.example") {
			t.Errorf("mail to %v with links %v", m.To, linksIn(m))
		}
	}
	for range 5 {
		c.browser().post("/forgot", "email", adminEmail).to("/signin")
	}
	eventually(t, "the requests are answered", func() bool { return c.count(`SELECT count(*) FROM reset_requests`) == 0 })
	c.wantCount(3, `SELECT count(*) FROM reset_links`) // an hour
	for range 13 {
		c.browser().post("/forgot", "email", "other@example.com").wants(http.StatusSeeOther)
	}
	c.browser().post("/forgot", "email", "other@example.com").wants(http.StatusTooManyRequests)
}
