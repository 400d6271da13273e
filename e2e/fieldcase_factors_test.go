package e2e

import (
	"bytes"
	"context"
	"encoding/base32"
	"encoding/hex"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/auth"
	"console/internal/cli"
	"console/internal/fake"
	"console/store"
)

func TestFC71_ACodeIsAcceptedOnceAndForwardOnly(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	app := c.Administrator().Enrol(harness.AdminPassword)
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
	app := c.Administrator().Enrol(harness.AdminPassword)
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
	app := c.Administrator().Enrol(harness.AdminPassword)
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
	app := c.Administrator().Enrol(harness.AdminPassword)
	clock.Advance(10 * time.Minute)
	for _, step := range []int{-2, 2, 8} { // no answer tells a code that is to come from one that never will
		c.Halfway().Post("/signin/2fa", "code", app.Code(step)).Wants(http.StatusUnprocessableEntity).Contains("This was not accepted.", "clock")
	}
	c.Halfway().Post("/signin/2fa", "code", app.Code(99999)).Wants(http.StatusUnprocessableEntity).Contains("This was not accepted.", "clock")
	for _, step := range []int{-1, 0, 1} {
		c.Halfway().Post("/signin/2fa", "code", app.Code(step)).To("/")
	}
}

func TestFC76_TheSecretStaysUntilSetUpIsFinished(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	b := c.Administrator()
	app := b.Scan()
	b.Post(harness.AuthenticatorPath, "code", "000000", "password", harness.AdminPassword).Wants(http.StatusUnprocessableEntity).Contains("This is not the code", app.Secret)
	b.Post(harness.AuthenticatorPath, "code", app.Code(0), "password", "wrong").Wants(http.StatusUnprocessableEntity).Contains("This is not your password", app.Secret)
	b.Post(harness.AuthenticatorPath, "code", app.Code(5), "password", harness.AdminPassword).Wants(http.StatusUnprocessableEntity).Contains("clock", app.Secret)
	b.Get(harness.AuthenticatorPath).Contains(app.Secret)
	b.Post(harness.AuthenticatorPath + "/start").To(harness.AuthenticatorPath)
	c.Restart()
	b.Get(harness.AuthenticatorPath).Contains(app.Secret)
	if c.User(harness.AdminEmail).TwoFactor {
		t.Error("two-factor authentication is on before it is confirmed")
	}
	if n := len(b.Post(harness.AuthenticatorPath, "code", app.Code(0), "password", harness.AdminPassword).RecoveryCodes()); n != 10 {
		t.Errorf("%d recovery codes", n)
	}
	if !c.User(harness.AdminEmail).TwoFactor {
		t.Error("two-factor authentication is not on")
	}
	b.Get("/settings/users?twofa=on").Contains(harness.AdminEmail, `2FA<span class="visually-hidden">: on`)

	// A new one replaces it in one step, and until then the old one works.
	clock.Advance(time.Minute)
	other := b.Scan()
	if other.Secret == app.Secret {
		t.Error("the new authenticator has the secret of the old one")
	}
	c.Halfway().Post("/signin/2fa", "code", app.Code(0)).To("/")
	clock.Advance(time.Minute)
	b.Post(harness.AuthenticatorPath, "code", other.Code(0), "password", harness.AdminPassword).To("/settings/profile")
	clock.Advance(time.Minute)
	c.Halfway().Post("/signin/2fa", "code", app.Code(0)).Wants(http.StatusUnprocessableEntity)
	c.Halfway().Post("/signin/2fa", "code", other.Code(0)).To("/")
}

func TestFC78_EachRecoveryCodeWorksOnce(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	app := c.Administrator().Enrol(harness.AdminPassword)
	c.Halfway().Post("/signin/2fa", "code", strings.ToLower(app.Codes[2])).To("/")
	c.Halfway().Post("/signin/2fa", "code", app.Codes[2]).Wants(http.StatusUnprocessableEntity)
	b := c.Halfway()
	b.Post("/signin/2fa", "code", strings.ReplaceAll(app.Codes[6], "-", "")).To("/")
	b.Get("/settings/profile").Contains("You have 8 recovery codes left.", "8 codes left")

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

func TestFC79_SecretsAreNotInTheDatabase(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	b := c.Administrator()
	pending := b.Scan().Secret
	app := b.Enrol(harness.AdminPassword)
	raw, err := base32.StdEncoding.DecodeString(app.Secret)
	if err != nil {
		t.Fatal(err)
	}
	marks := [][]byte{[]byte(pending), []byte(app.Secret), raw, []byte(hex.EncodeToString(raw)), []byte(strings.ToUpper(hex.EncodeToString(raw)))}
	for _, code := range app.Codes {
		marks = append(marks, []byte(code), []byte(strings.ReplaceAll(code, "-", "")))
	}
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(c.Database() + suffix)
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
	c := harness.Ready(t, nil)
	app := c.Administrator().Enrol(harness.AdminPassword)
	b := c.Browser()
	b.HTTP.Jar.SetCookies(c.URL, []*http.Cookie{{Name: "console", Value: "AAAA"}})
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
		planted.HTTP.Jar.SetCookies(c.URL, []*http.Cookie{{Name: "console", Value: old}})
		planted.Get("/settings/profile").To("/signin")
	}
}

func TestHalfwayOpensNothing(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	c.Administrator().Enrol(harness.AdminPassword)
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
	app := c.Administrator().Enrol(harness.AdminPassword)
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

func TestFC82_DisablingAsksForOnesOwnPassword(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	member := c.Member(admin, "analyst", "ann@example.com")
	member.Enrol(harness.Password("ann@example.com"))
	path := "/settings/users/" + c.Cell(`SELECT id FROM users WHERE email = 'ann@example.com'`) + "/disable-2fa"
	admin.Get(path).Wants(http.StatusOK).Contains("Mem Ber")
	admin.Get("/settings/users").Contains(path)
	admin.Post(path).Wants(http.StatusUnprocessableEntity)
	admin.Post(path, "password", harness.Password("ann@example.com")).Wants(http.StatusUnprocessableEntity).Contains("This is not your password.")
	if !c.User("ann@example.com").TwoFactor {
		t.Fatal("a wrong password disables two-factor authentication")
	}
	for range 4 {
		admin.Post(path, "password", "wrong").Wants(http.StatusUnprocessableEntity)
	}
	admin.Post(path, "password", "wrong").To("/signin")
	admin.Get("/settings/users").To("/signin")
	if n := c.Entries("confirm password", "failed"); n != 6 {
		t.Errorf("%d wrong passwords are in the activity log", n)
	}

	c.Mail.WaitFor(t, "ann@example.com")
	admin.SignIn(harness.AdminEmail, harness.AdminPassword)
	member.Get("/settings/profile").Wants(http.StatusOK)
	admin.Post(path, "password", harness.AdminPassword).To("/settings/users")
	member.Get("/settings/profile").To("/signin")
	if c.User("ann@example.com").TwoFactor {
		t.Error("two-factor authentication is still on")
	}
	c.WantCount(0, `SELECT (SELECT count(*) FROM authenticators) + (SELECT count(*) FROM recovery_codes) + (SELECT count(*) FROM passkeys)`)
	member.SignIn("ann@example.com", harness.Password("ann@example.com"))
	c.WantCount(1, `SELECT count(*) FROM deliveries WHERE recipient = 'ann@example.com' AND template = 'second_factor_disabled'`)
	admin.Post(path, "password", harness.AdminPassword).To("/settings/users") // again changes nothing
	admin.Post(strings.Replace(path, c.Cell(`SELECT id FROM users WHERE email = 'ann@example.com'`), "1", 1), "password", harness.AdminPassword).Wants(http.StatusUnprocessableEntity)

	own := c.Member(admin, "analyst", "bo@example.com")
	own.Enrol(harness.Password("bo@example.com"))
	own.Post("/settings/profile/disable-2fa").Wants(http.StatusUnprocessableEntity)
	own.Post("/settings/profile/disable-2fa", "password", harness.AdminPassword).Wants(http.StatusUnprocessableEntity)
	c.Enforce()
	own.Post("/settings/profile/disable-2fa", "password", harness.Password("bo@example.com")).Wants(http.StatusUnprocessableEntity).Contains("requires two-factor authentication")
	if !c.User("bo@example.com").TwoFactor {
		t.Error("what is demanded can be disabled")
	}
	c.Exec(`UPDATE account SET enforce_two_factor = 0`)
	own.Post("/settings/profile/disable-2fa", "password", harness.Password("bo@example.com")).To("/settings/profile")
	own.Get("/settings/profile").Wants(http.StatusOK).Contains("Disabled")
}

func TestFC83_UntilSetUpOnlySetUpIsReachable(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	before := c.Administrator()
	c.Enforce()
	before.Get("/settings/users").Wants(http.StatusOK) // takes effect at the next sign-in

	b := c.Browser()
	b.Post("/signin", "email", harness.AdminEmail, "password", harness.AdminPassword, "next", "/settings/users").To(harness.AuthenticatorPath)
	last := c.Entries("sign in", "done")
	for _, r := range c.Routes() {
		if !r.Needs.SignedIn() || strings.HasPrefix(r.Path, harness.AuthenticatorPath) && !strings.HasSuffix(r.Path, "/remove") || strings.Contains(r.Path, "passkeys") && !strings.HasSuffix(r.Path, "/remove") {
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
	page := b.Get(harness.AuthenticatorPath + "?next=%2Fsettings%2Fusers").Wants(http.StatusOK).Contains("requires two-factor authentication").Lacks("Users</a>")
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
	admin := c.Administrator()
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
	link := c.Add(c.Administrator(), "analyst", "Ann", "", "ann@example.com")
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
	if u := c.User("ann@example.com"); u.Status() != store.Active || !u.TwoFactor {
		t.Errorf("the person is %s, second factor %v", u.Status(), u.TwoFactor)
	}
}

func TestFC51_DisabledPeopleComeInByNoWay(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	admin := c.Administrator()
	member := c.Member(admin, "analyst", "ann@example.com")
	app := member.Enrol(harness.Password("ann@example.com"))
	half := c.Browser()
	half.Post("/signin", "email", "ann@example.com", "password", harness.Password("ann@example.com")).To("/signin/2fa")
	reset := c.ResetPath("ann@example.com")
	clock.Advance(time.Minute)
	admin.Post("/settings/users/" + c.Cell(`SELECT id FROM users WHERE email = 'ann@example.com'`) + "/disable").To("/settings/users")
	half.Post("/signin/2fa", "code", app.Code(0)).To("/signin")
	half.Post("/signin/2fa", "code", app.Codes[0]).To("/signin")
	member.Get("/settings/profile").To("/signin")
	c.Browser().Get(reset).Wants(http.StatusGone)
	c.Browser().Post(reset, "password", "another long password").Wants(http.StatusGone)
	c.Browser().Post("/signin", "email", "ann@example.com", "password", harness.Password("ann@example.com")).Wants(http.StatusUnprocessableEntity)
}

func TestFC56_AChangedPasswordEndsOtherSessions(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	a, b := c.Administrator(), c.Administrator()
	const path, changed = "/settings/profile/password", "a new long password"
	old := a.Cookie("console").Value
	a.Post(path, "current_password", "wrong", "password", changed, "again", changed).Wants(http.StatusUnprocessableEntity).Contains("This is not your password.")
	a.Post(path, "current_password", harness.AdminPassword, "password", changed, "again", "other").Wants(http.StatusUnprocessableEntity).Contains("not what you typed above")
	a.Post(path, "current_password", harness.AdminPassword, "password", "short", "again", "short").Wants(http.StatusUnprocessableEntity).Contains("Use at least")
	a.Post(path, "current_password", harness.AdminPassword, "password", harness.AdminPassword, "again", harness.AdminPassword).Wants(http.StatusUnprocessableEntity).Contains("Choose another one")
	a.Post(path, "current_password", harness.AdminPassword, "password", changed, "again", changed).To("/settings/profile")
	if a.Cookie("console").Value == old {
		t.Error("the cookie stays")
	}
	a.Get("/settings/profile").Wants(http.StatusOK).Contains("Password was changed just now")
	b.Get("/settings/profile").To("/signin")
	c.Browser().Post("/signin", "email", harness.AdminEmail, "password", harness.AdminPassword).Wants(http.StatusUnprocessableEntity)
	c.Browser().SignIn(harness.AdminEmail, changed)
	c.Mail.WaitFor(t, harness.AdminEmail)
	c.WantCount(1, `SELECT count(*) FROM deliveries WHERE recipient = $1 AND template = 'password_changed'`, harness.AdminEmail)
}

// meanwhile sends a form and, once it can only wait for the database, changes that first.
func meanwhile(c *harness.Console, change func(context.Context, *store.Tx) error, send func() *harness.Answer) (a *harness.Answer) {
	c.T.Helper()
	var sent sync.WaitGroup
	c.Update(func(ctx context.Context, tx *store.Tx) error {
		sent.Go(func() { a = send() })
		time.Sleep(300 * time.Millisecond) // longer than a password is checked
		return change(ctx, tx)
	})
	sent.Wait()
	return a
}

func TestFC56_ThePasswordIsChangedWhileSomebodySignsInWithTheOldOne(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	john := c.User(harness.AdminEmail)
	before := c.Sessions(john)
	b := c.Browser()
	b.Token()
	meanwhile(c, func(ctx context.Context, tx *store.Tx) error {
		john.PasswordHash, john.PasswordChangedAt = auth.HashPassword("another long password"), store.At(time.Now())
		return tx.UpdateUser(ctx, &john)
	}, func() *harness.Answer {
		return b.Post("/signin", "email", harness.AdminEmail, "password", harness.AdminPassword)
	}).Wants(http.StatusUnprocessableEntity)
	if n := c.Sessions(john); n != before {
		t.Errorf("%d sessions instead of %d", n, before)
	}
	c.Browser().SignIn(harness.AdminEmail, "another long password")
}

func TestARefusedAttemptForgetsNoFailures(t *testing.T) { // SPEC §4
	t.Parallel()
	c := harness.Ready(t, nil)
	b := c.Browser()
	for range 5 {
		b.Post("/signin", "email", harness.AdminEmail, "password", "wrong").Wants(http.StatusUnprocessableEntity)
	}
	b.Token()
	meanwhile(c, func(ctx context.Context, tx *store.Tx) error {
		kind, subject, _ := strings.Cut(c.Cell(`SELECT kind || ' ' || subject FROM throttles WHERE kind = 'password'`), " ")
		t, err := tx.Throttle(ctx, kind, subject)
		if err != nil {
			return err
		}
		t.Failures, t.LastAt = 9, store.At(time.Now())
		return tx.SaveThrottle(ctx, t)
	}, func() *harness.Answer { return b.Post("/signin", "email", harness.AdminEmail, "password", "wrong") })
	c.WantCount(9, `SELECT failures FROM throttles WHERE kind = 'password'`)
}

func TestAClockThatWasAheadLocksNobodyOut(t *testing.T) { // SPEC §4
	t.Parallel()
	c, clock := harness.StartAt(t)
	app := c.Administrator().Enrol(harness.AdminPassword)
	clock.Advance(365 * 24 * time.Hour)
	half := c.Halfway()
	for range 6 {
		half.Post("/signin/2fa", "code", "000000").Wants(http.StatusUnprocessableEntity)
	}
	for range 5 {
		c.Browser().Post("/signin", "email", harness.AdminEmail, "password", "wrong").Wants(http.StatusUnprocessableEntity)
	}
	c.Browser().Post("/signin", "email", harness.AdminEmail, "password", harness.AdminPassword).Wants(http.StatusTooManyRequests)
	for range 3 {
		c.Browser().Post("/forgot", "email", harness.AdminEmail).To("/signin")
	}
	links := func() int { return c.Count(`SELECT count(*) FROM reset_links`) }
	harness.Eventually(t, "the links are sent", func() bool { return links() == 3 })
	clock.Advance(-365 * 24 * time.Hour)
	clock.Advance(time.Minute)
	c.Halfway().Post("/signin/2fa", "code", app.Code(0)).To("/")
	c.Browser().Post("/forgot", "email", harness.AdminEmail).To("/signin")
	harness.Eventually(t, "another link is sent", func() bool { return links() == 4 })
}

func TestAnAuthenticatorIsSetUpInOneSession(t *testing.T) { // ASVS 6.3.3: who else has seen the secret cannot use it
	t.Parallel()
	c := harness.Ready(t, nil)
	c.Add(c.Administrator(), "analyst", "Ann", "", "ann@example.com")
	c.Browser().Accept(c.SignupPath("ann@example.com"), "ann@example.com")
	c.Enforce()
	stranger, ann := c.Browser(), c.Browser()
	for _, b := range []*harness.Browser{stranger, ann} {
		b.Post("/signin", "email", "ann@example.com", "password", harness.Password("ann@example.com")).To(harness.AuthenticatorPath)
	}
	seen := &harness.Authenticator{Console: c, Secret: ann.Get(harness.AuthenticatorPath).Wants(http.StatusOK).Key()}
	stranger.Get(harness.AuthenticatorPath).Wants(http.StatusOK).Lacks(seen.Secret)
	stranger.Post(harness.AuthenticatorPath, "code", seen.Code(0), "password", harness.Password("ann@example.com")).Wants(http.StatusUnprocessableEntity).Contains("Begin again")
	stranger.Post(harness.AuthenticatorPath + "/start").To(harness.AuthenticatorPath)
	known := stranger.Get(harness.AuthenticatorPath).Key()
	ann.Get(harness.AuthenticatorPath).Lacks(known, seen.Secret)
	app := ann.Enrol(harness.Password("ann@example.com"))
	if app.Secret == known {
		t.Error("the secret has been shown to somebody else")
	}
	stranger.Get("/settings/profile").To("/signin")

	// The session may get another id meanwhile.
	other := ann.Scan()
	ann.Post("/settings/profile/password", "current_password", harness.Password("ann@example.com"), "password", "another long password", "again", "another long password").To("/settings/profile")
	c.Exec(`UPDATE authenticators SET last_step = 0`)
	ann.Post(harness.AuthenticatorPath, "code", other.Code(0), "password", "another long password").To("/settings/profile")
}

var onceInput = regexp.MustCompile(`name="once" value="([^"]+)"`)

func TestReloadingASecretMakesNoOther(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	b := c.Administrator()
	b.Enrol(harness.AdminPassword)
	c.InviteByLink(b, "analyst", "ann@example.com")
	form := func(page string) string {
		return onceInput.FindStringSubmatch(b.Get(page).Wants(http.StatusOK).Body)[1]
	}
	for _, secret := range []struct {
		page, path string
		fields     []string
		made       string
	}{
		{"/settings/profile/recovery-codes", "/settings/profile/recovery-codes", []string{"password", harness.AdminPassword}, `SELECT group_concat(hex(hash)) FROM recovery_codes`},
		{"/settings/users?tab=invited", "/settings/invitations/1/link", nil, `SELECT count(*) FROM signup_links`},
		{"/settings/integrations/new?type=webhook", "/settings/integrations/new?type=webhook", []string{"name", "Hook", "active", "1", "url", c.Receiver.URL + "/hook", "secret", ""}, `SELECT count(*) FROM integrations`},
		{"/settings/integrations/1/secret", "/settings/integrations/1/secret", nil, `SELECT version FROM integrations`},
	} {
		send := func(once string) *harness.Answer { return b.Post(secret.path, append(secret.fields, "once", once)...) }
		once := form(secret.page)
		send(once).Wants(http.StatusOK)
		made := c.Cell(secret.made)
		send(once).Wants(http.StatusConflict).Contains("Done already")
		if now := c.Cell(secret.made); now != made {
			t.Errorf("%s: a reload makes %s of %s", secret.path, now, made)
		}
		send(form(secret.page)).Wants(http.StatusOK)
		if c.Cell(secret.made) == made {
			t.Errorf("%s: a new form does nothing", secret.path)
		}
	}
}

func TestChangesOfSecondFactorsAreToldByMail(t *testing.T) { // ASVS 6.3.7
	t.Parallel()
	c := harness.Ready(t, nil)
	b := c.Administrator()
	b.Enrol(harness.AdminPassword)
	john := c.User(harness.AdminEmail)
	c.Exec(`INSERT INTO passkeys (user_id, credential_id, credential, name, created_at) VALUES ($1, x'01', '{}', 'Key', 1)`, john.ID)
	told := func(change string) {
		t.Helper()
		c.WantCount(1, `SELECT count(*) FROM deliveries WHERE recipient = $1 AND template = 'second_factors_changed' AND json_extract(params, '$.change') = $2`, harness.AdminEmail, change)
	}
	b.Post("/settings/profile/recovery-codes", "password", harness.AdminPassword).Wants(http.StatusOK)
	told("new recovery codes were made")
	b.Post("/settings/profile/passkeys/"+c.Cell(`SELECT id FROM passkeys`)+"/remove", "password", harness.AdminPassword).To("/settings/profile")
	told("a passkey was removed")
}

func TestFC63_RenewalDoesNotRestartTheAbsoluteTimeout(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	c.Timeouts(time.Hour, time.Hour)
	b := c.Administrator()
	clock.Advance(30 * time.Minute)
	app := b.Enrol(harness.AdminPassword)
	clock.Advance(29 * time.Minute)
	b.Get("/settings/profile").Wants(http.StatusOK)
	half := c.Halfway()
	clock.Advance(time.Minute)
	b.Get("/settings/profile").To("/signin")
	half.Post("/signin/2fa", "code", app.Code(0)).To("/")
	clock.Advance(59*time.Minute - time.Second) // counts from the password
	half.Get("/settings/profile").Wants(http.StatusOK)
	clock.Advance(time.Second)
	half.Get("/settings/profile").To("/signin")
}

func TestFC84_WhoEnforcesHasASecondFactor(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	b := c.Administrator()
	version := func() string { return c.Cell(`SELECT version FROM account`) }
	b.Post("/settings/general/signin", "enforce_2fa", "1", "password_min_length", "12", "version", version()).
		Wants(http.StatusUnprocessableEntity).Contains("no second factor yourself")
	b.Enrol(harness.AdminPassword)
	b.Post("/settings/general/signin", "enforce_2fa", "1", "password_min_length", "12", "version", version()).Wants(http.StatusSeeOther)
	c.WantCount(1, `SELECT enforce_two_factor FROM account`)
}

func TestResetLinksWorkOnceAndKeepTheSecondFactor(t *testing.T) { // ASVS 6.4.3
	t.Parallel()
	c, clock := harness.StartAt(t)
	b := c.Administrator()
	app := b.Enrol(harness.AdminPassword)
	path := c.ResetPath(harness.AdminEmail)
	for range 3 {
		c.Browser().Get(path).Wants(http.StatusOK).Contains(harness.AdminEmail)
	}
	const changed = "another long password"
	c.Browser().Post(path, "password", "short").Wants(http.StatusUnprocessableEntity).Contains("Use at least")
	c.Browser().Post(path, "password", changed).To("/signin")
	c.Browser().Post(path, "password", changed).Wants(http.StatusGone)
	b.Get("/settings/profile").To("/signin")
	clock.Advance(time.Minute)
	b.Post("/signin", "email", harness.AdminEmail, "password", changed).To("/signin/2fa")
	b.Post("/signin/2fa", "code", app.Code(0)).To("/")

	again := c.ResetPath(harness.AdminEmail)
	clock.Advance(time.Hour)
	c.Browser().Get(again).Wants(http.StatusGone).Contains("Ask for a new link")
	c.Browser().Get("/reset/unknown").Wants(http.StatusNotFound)
}

func TestFC100_ForgottenPasswordsTellNothing(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, harness.BehindProxy)
	admin := c.Administrator()
	c.Add(admin, "analyst", "In", "Vited", "invited@example.com")
	c.Member(admin, "analyst", "disabled@example.com")
	c.Member(admin, "analyst", "active@example.com")
	c.Disable("disabled@example.com")
	c.Settled()
	messages := len(c.Mail.Messages())
	var bodies []string
	for i, email := range []string{"active@example.com", "disabled@example.com", "invited@example.com", "unknown@example.com"} {
		b := c.Browser().From("198.51.100." + string(rune('1'+i)))
		a := b.Post("/forgot", "email", email).To("/signin")
		bodies = append(bodies, a.Body+a.Header.Get("Location"))
	}
	for _, body := range bodies {
		if body != bodies[0] {
			t.Errorf("the answers differ:\n%s\n%s", body, bodies[0])
		}
	}
	harness.Eventually(t, "the requests are answered", func() bool { return c.Count(`SELECT count(*) FROM reset_requests`) == 0 })
	c.Settled()
	if n := len(c.Mail.Messages()) - messages; n != 1 {
		t.Errorf("%d mails were sent", n)
	}
}

func TestFC23_AResetGoesToTheStoredAddressOnly(t *testing.T) { // and FC-20
	t.Parallel()
	c := harness.Ready(t, nil)
	b := c.Browser()
	b.Token()
	b.Header.Set("X-Forwarded-Host", "evil.example")
	b.Header.Set("Forwarded", "host=evil.example")
	b.Post("/forgot", "email", harness.AdminEmail, "email", "evil@evil.example").To("/signin")
	b.Post("/forgot", "email", harness.AdminEmail+", evil@evil.example").Wants(http.StatusUnprocessableEntity)
	b.Post("/forgot", "email", harness.AdminEmail+"\r\nBcc: evil@evil.example").Wants(http.StatusUnprocessableEntity)
	b.Post("/forgot", "email", strings.ToUpper(harness.AdminEmail)).To("/signin")
	harness.Eventually(t, "two links are sent", func() bool { return c.Count(`SELECT count(*) FROM reset_links`) == 2 })
	c.Settled()
	for _, m := range c.Mail.Messages() {
		if strings.Join(m.To, " ") != harness.AdminEmail || strings.Contains(strings.Join(harness.LinksIn(m), " "), "evil.example") {
			t.Errorf("mail to %v with links %v", m.To, harness.LinksIn(m))
		}
	}
	for range 5 {
		c.Browser().Post("/forgot", "email", harness.AdminEmail).To("/signin")
	}
	harness.Eventually(t, "the requests are answered", func() bool { return c.Count(`SELECT count(*) FROM reset_requests`) == 0 })
	c.WantCount(3, `SELECT count(*) FROM reset_links`) // an hour
	for range 13 {
		c.Browser().Post("/forgot", "email", "other@example.com").Wants(http.StatusSeeOther)
	}
	c.Browser().Post("/forgot", "email", "other@example.com").Wants(http.StatusTooManyRequests)
}
