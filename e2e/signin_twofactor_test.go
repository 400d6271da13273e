package e2e

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/cli"
	"console/internal/fake"
	"console/store"
)

func TestFC71_ACodeIsAcceptedOnceAndForwardOnly(t *testing.T) {
	harness.OnBoth(t)
	t.Parallel()
	c, clock := harness.StartAt(t)
	app := c.SignedInByPassword().Enrol(harness.AdminPassword)
	c.Halfway().Post("/signin/2fa", "code", app.Code(0)).Wants(http.StatusUnprocessableEntity).Contains("used already") // confirmed the set-up
	clock.Advance(30 * time.Second)
	spaced := app.Code(0)[:3] + " " + app.Code(0)[3:]
	c.Halfway().Post("/signin/2fa", "code", spaced).To("/")
	c.Halfway().Post("/signin/2fa", "code", app.Code(0)).Wants(http.StatusUnprocessableEntity).Contains("used already")
	c.Halfway().Post("/signin/2fa", "code", app.Code(-1)).Wants(http.StatusUnprocessableEntity).Contains("used already") // backwards
	c.Halfway().Post("/signin/2fa", "code", app.Code(1)).To("/")
}

func TestFC72_ParallelSubmitsOfOneCodeMakeOneSession(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	app := c.SignedInByPassword().Enrol(harness.AdminPassword)
	clock.Advance(time.Minute)
	browsers := make([]*harness.Browser, 20)
	for i := range browsers {
		browsers[i] = c.Halfway()
		browsers[i].Token()
	}
	before := c.Count(`SELECT count(*) FROM sessions WHERE stage = ''`)
	var in atomic.Int32
	var all sync.WaitGroup
	for _, b := range browsers {
		all.Go(func() {
			if b.Post("/signin/2fa", "code", app.Code(0)).StatusCode == http.StatusSeeOther {
				in.Add(1)
			}
		})
	}
	all.Wait()
	if in.Load() != 1 {
		t.Errorf("%d were let in", in.Load())
	}
	c.WantCount(before+1, `SELECT count(*) FROM sessions WHERE stage = ''`)
}

func TestFC73_WrongCodesCountPerAccount(t *testing.T) {
	t.Parallel()
	clock := fake.NewClock(time.Now().Truncate(time.Second))
	c := harness.Ready(t, func(s *cli.Serve) { harness.BehindProxy(s); s.Now = clock.Now })
	app := c.SignedInByPassword().Enrol(harness.AdminPassword)
	for _, address := range []string{"198.51.100.1", "198.51.100.2", "2001:db8::1"} {
		b := c.Browser().From(address)
		b.Post("/signin", "email", harness.AdminEmail, "password", harness.AdminPassword).To("/signin/2fa")
		for range 2 {
			b.Post("/signin/2fa", "code", "000 001").Wants(http.StatusUnprocessableEntity)
		}
	}
	clock.Advance(time.Minute)
	b := c.Browser().From("198.51.100.9")
	b.Post("/signin", "email", harness.AdminEmail, "password", harness.AdminPassword).To("/signin/2fa")
	for range 3 {
		refused := b.Post("/signin/2fa", "code", app.Code(0)).Wants(http.StatusTooManyRequests).Contains("Try again in")
		if refused.Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	}
	b.Post("/signin/2fa", "code", app.Codes[0]).Wants(http.StatusTooManyRequests)
	if n := c.Entries("sign in second factor", "failed"); n != 6 {
		t.Errorf("%d failures are in the activity log", n)
	}
	if n := c.Entries("sign in second factor", "refused"); n != 1 { // one a minute
		t.Errorf("%d refusals are in the activity log", n)
	}
	clock.Advance(15 * time.Minute)
	b.Get("/signin/2fa").To("/signin") // waited too long
	b.Post("/signin", "email", harness.AdminEmail, "password", harness.AdminPassword).To("/signin/2fa")
	b.Post("/signin/2fa", "code", app.Code(0)).To("/")
}

func TestFC75_ClocksMayDifferByOneStep(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	app := c.SignedInByPassword().Enrol(harness.AdminPassword)
	clock.Advance(10 * time.Minute)
	for _, step := range []int{-2, 2, 8} { // no answer tells a code that is to come from one that never will
		c.Halfway().Post("/signin/2fa", "code", app.Code(step)).Wants(http.StatusUnprocessableEntity).Contains("This was not accepted.", "clock")
	}
	c.Halfway().Post("/signin/2fa", "code", app.Code(99999)).Wants(http.StatusUnprocessableEntity).Contains("This was not accepted.", "clock")
	for _, step := range []int{-1, 0, 1} {
		c.Halfway().Post("/signin/2fa", "code", app.Code(step)).To("/")
	}
}

func TestFC78_EachRecoveryCodeWorksOnce(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	app := c.SignedInByPassword().Enrol(harness.AdminPassword)
	c.Halfway().Post("/signin/2fa", "code", strings.ToLower(app.Codes[2])).To("/")
	c.Halfway().Post("/signin/2fa", "code", app.Codes[2]).Wants(http.StatusUnprocessableEntity)
	b := c.Halfway()
	b.Post("/signin/2fa", "code", strings.ReplaceAll(app.Codes[6], "-", "")).To("/")
	b.Get("/settings/profile?tab=security").Contains("You have 8 recovery codes left.", "8 codes left")

	var in atomic.Int32
	var all sync.WaitGroup
	for range 5 {
		rival := c.Halfway()
		rival.Token()
		all.Go(func() {
			if rival.Post("/signin/2fa", "code", app.Codes[0]).StatusCode == http.StatusSeeOther {
				in.Add(1)
			}
		})
	}
	all.Wait()
	if in.Load() != 1 {
		t.Errorf("one code let in %d", in.Load())
	}
	b.Post("/settings/profile/recovery-codes", "password", "wrong").Wants(http.StatusUnprocessableEntity)
	fresh := b.Post("/settings/profile/recovery-codes", "password", harness.AdminPassword).RecoveryCodes()
	c.Halfway().Post("/signin/2fa", "code", app.Codes[1]).Wants(http.StatusUnprocessableEntity)
	c.Halfway().Post("/signin/2fa", "code", fresh[1]).To("/")
}

func TestFC69_ANewSessionIdAtEachStep(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	app := c.SignedInByPassword().Enrol(harness.AdminPassword)
	b := c.Browser()
	b.Plant("console", "AAAA", "/")
	b.Post("/signin", "email", harness.AdminEmail, "password", harness.AdminPassword, "next", "/settings/users?tab=invited").To("/signin/2fa")
	first := b.Cookie("console").Value
	b.Get("/signin/2fa?next=%2Fsettings%2Fusers%3Ftab%3Dinvited").Contains(`value="/settings/users?tab=invited"`)
	in := b.Post("/signin/2fa", "code", app.Codes[0], "next", "/settings/users?tab=invited").Wants(http.StatusSeeOther)
	if to := in.Header.Get("Location"); to != "/settings/users?tab=invited" {
		t.Errorf("leads to %s", to)
	}
	second := b.Cookie("console").Value
	if first == "AAAA" || second == first {
		t.Errorf("session ids: %s, %s", first, second)
	}
	for _, old := range []string{"AAAA", first} {
		planted := c.Browser()
		planted.Plant("console", old, "/")
		planted.Get("/settings/profile").To("/signin")
	}
}

func TestHalfwayOpensNothing(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	c.SignedInByPassword().Enrol(harness.AdminPassword)
	b := c.Halfway()
	for _, r := range c.Routes() {
		if !r.Needs.SignedIn() {
			continue
		}
		path := strings.NewReplacer(":id", "1", ":token", "x").Replace(r.Path)
		if r.Method == http.MethodGet {
			b.Get(path).To("/signin/2fa")
		} else {
			b.Post(path).To("/signin/2fa")
		}
	}
	clock.Advance(10*time.Minute - time.Second)
	b.Get("/signin/2fa").Wants(http.StatusOK)
	clock.Advance(time.Second)
	b.Get("/signin/2fa").To("/signin")

	b = c.Halfway()
	b.Post("/signout").To("/signin")
	b.Get("/signin/2fa").To("/signin")
}

func TestFC138_SignedInIsNotedAfterTheLastFactor(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	app := c.SignedInByPassword().Enrol(harness.AdminPassword)
	signIns, last := c.Entries("sign in", "done"), c.User(harness.AdminEmail).LastAuthAt
	clock.Advance(time.Minute)
	b := c.Halfway()
	b.Post("/signin/2fa", "code", "000000").Wants(http.StatusUnprocessableEntity)
	if c.Entries("sign in", "done") != signIns || c.User(harness.AdminEmail).LastAuthAt != last {
		t.Error("a sign-in that has failed is noted as one")
	}
	if c.Entries("sign in second factor", "failed") != 1 {
		t.Error("the wrong code is not in the activity log")
	}
	b.Post("/signin/2fa", "code", app.Code(0)).To("/")
	if c.Entries("sign in", "done") != signIns+1 || c.User(harness.AdminEmail).LastAuthAt == last {
		t.Error("the sign-in is not noted")
	}
}

func TestFC83_UntilSetUpOnlySetUpIsReachable(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	before := c.SignedInByPassword()
	c.Enforce()
	before.Get("/settings/users").Wants(http.StatusOK) // takes effect at the next sign-in

	b := c.Browser()
	b.Post("/signin", "email", harness.AdminEmail, "password", harness.AdminPassword, "next", "/settings/users").To(harness.AuthenticatorPath)
	last := c.Entries("sign in", "done")
	for _, r := range c.Routes() {
		if !r.Needs.SignedIn() || strings.HasPrefix(r.Path, harness.AuthenticatorPath) && !strings.HasSuffix(r.Path, "/remove") ||
			strings.Contains(r.Path, "passkeys") && !strings.HasSuffix(r.Path, "/remove") {
			continue
		}
		path := strings.NewReplacer(":id", "1", ":token", "x").Replace(r.Path)
		for _, htmx := range []bool{false, true} {
			b.Header.Del("HX-Request")
			if htmx {
				b.Token()
				b.Header.Set("HX-Request", "true")
			}
			var a *harness.Answer
			if r.Method == http.MethodGet {
				a = b.Get(path)
			} else {
				a = b.Post(path)
			}
			if !htmx {
				a.To(harness.AuthenticatorPath)
			} else if a.StatusCode != http.StatusUnauthorized || !strings.HasPrefix(a.Header.Get("HX-Redirect"), harness.AuthenticatorPath) {
				t.Errorf("htmx %s %s is answered %d, %s", r.Method, path, a.StatusCode, a.Header.Get("HX-Redirect"))
			}
		}
	}
	b.Header.Del("HX-Request")
	b.Get("/settings/profile/passkeys/new").Wants(http.StatusOK).Lacks("Profile</a>")
	page := b.Get(harness.AuthenticatorPath + "?next=%2Fsettings%2Fusers").
		Wants(http.StatusOK).
		Contains("requires two-factor authentication").
		Lacks("Users</a>")
	app := &harness.Authenticator{Console: c, Secret: page.Key()}
	codes := b.Post(harness.AuthenticatorPath, "code", app.Code(0), "password", harness.AdminPassword, "next", "/settings/users")
	codes.Contains(`href="/settings/users"`).RecoveryCodes()
	b.Get("/settings/users").Wants(http.StatusOK)
	if c.Entries("sign in", "done") != last+1 {
		t.Error("the sign-in is not noted when it is complete")
	}
}

func TestASetUpThatIsNoLongerDemandedLetsIn(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	admin := c.SignedInByPassword()
	for _, email := range []string{"ann@example.com", "bo@example.com"} {
		c.Browser().Accept(c.Add(admin, "analyst", "Ann", "", email), email)
	}
	c.Timeouts(5*time.Minute, time.Hour)
	c.Enforce()
	late, early := c.Browser(), c.Browser()
	late.Post("/signin", "email", "ann@example.com", "password", harness.Password("ann@example.com")).To(harness.AuthenticatorPath)
	last := c.User("ann@example.com").LastAuthAt
	clock.Advance(4 * time.Minute)
	early.Post("/signin", "email", "bo@example.com", "password", harness.Password("bo@example.com")).To(harness.AuthenticatorPath)
	signIns := c.Entries("sign in", "done")
	admin.Get("/settings/general").Wants(http.StatusOK)
	clock.Advance(4 * time.Minute)
	admin.Post("/settings/general/signin", "password_min_length", "12", "version", version(c)).To("/settings/general")
	early.Get("/settings/profile").Wants(http.StatusOK).Contains("Analyst")
	late.Get("/settings/profile").To("/signin")
	if c.Entries("sign in", "done") != signIns+1 || c.User("ann@example.com").LastAuthAt != last {
		t.Error("who had left is noted as signed in")
	}
}

func TestFC30_AnInvitationSurvivesTheSetUp(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	link := c.Add(c.SignedInByPassword(), "analyst", "Ann", "", "ann@example.com")
	c.Enforce()
	b := c.Browser()
	b.Accept(link, "ann@example.com").To(harness.AuthenticatorPath)
	b.Get("/").To(harness.AuthenticatorPath)
	secret := b.Get(harness.AuthenticatorPath).Key()
	app := &harness.Authenticator{Console: c, Secret: b.Get(harness.AuthenticatorPath).Key()} // reloaded
	if secret != app.Secret {
		t.Error("a reload changes the secret")
	}
	b.Post(harness.AuthenticatorPath, "code", app.Code(0), "password", harness.Password("ann@example.com")).RecoveryCodes()
	b.Get("/settings/profile").Wants(http.StatusOK).Contains("Analyst")
	if u := c.User("ann@example.com"); u.Status() != store.Active || !u.SecondFactor {
		t.Errorf("the person is %s, second factor %v", u.Status(), u.SecondFactor)
	}
}
