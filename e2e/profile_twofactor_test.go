package e2e

import (
	"bytes"
	"encoding/base32"
	"encoding/hex"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/auth"
	"console/store/storetest"
)

func TestFC76_TheSecretStaysUntilSetUpIsFinished(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	b := c.Administrator()
	app := b.Scan()
	b.Post(harness.AuthenticatorPath, "code", "000000", "password", harness.AdminPassword).
		Wants(http.StatusUnprocessableEntity).
		Contains("This is not the code", app.Secret)
	b.Post(harness.AuthenticatorPath, "code", app.Code(0), "password", "wrong").
		Wants(http.StatusUnprocessableEntity).
		Contains("This is not your password", app.Secret)
	b.Post(harness.AuthenticatorPath, "code", app.Code(5), "password", harness.AdminPassword).
		Wants(http.StatusUnprocessableEntity).
		Contains("clock", app.Secret)
	b.Get(harness.AuthenticatorPath).Contains(app.Secret)
	b.Post(harness.AuthenticatorPath + "/start").To(harness.AuthenticatorPath)
	c.Restart()
	b.Get(harness.AuthenticatorPath).Contains(app.Secret)
	if c.User(harness.AdminEmail).SecondFactor {
		t.Error("two-factor authentication is on before it is confirmed")
	}
	if n := len(b.Post(harness.AuthenticatorPath, "code", app.Code(0), "password", harness.AdminPassword).RecoveryCodes()); n != 10 {
		t.Errorf("%d recovery codes", n)
	}
	if !c.User(harness.AdminEmail).SecondFactor {
		t.Error("two-factor authentication is not on")
	}
	b.Get("/settings/users?twofa=on").Contains(harness.AdminEmail, `2FA <span>on`)

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

// wantLabel fails unless the QR code of a page is that of the authenticator under a label.
func wantLabel(c *harness.Console, a *harness.Answer, label string) {
	a.T.Helper()
	found := qrCode.FindStringSubmatch(a.Wants(http.StatusOK).Body)
	if found == nil {
		a.T.Fatalf("no QR code in:\n%s", a.Body)
	}
	want, err := auth.QRCode(c.Config.Brand, label, a.Key())
	if err != nil {
		a.T.Fatal(err)
	}
	if found[1] != want {
		a.T.Errorf("the QR code does not say %q", label)
	}
}

var qrCode = regexp.MustCompile(`<img class="qr" src="([^"]+)"`)

func TestFC178_LabelsOfAuthenticatorsDiffer(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	other := harness.Ready(t, nil)
	where := func(c *harness.Console) string {
		return harness.AdminEmail + " (" + c.Cell(`SELECT name FROM account`) + ", " + strings.ReplaceAll(c.URL.Host, ":", " ")
	}
	admin, elsewhere := c.Administrator(), other.Administrator()
	admin.Scan()
	elsewhere.Scan()
	wantLabel(c, admin.Get(harness.AuthenticatorPath), where(c)+")")
	wantLabel(other, elsewhere.Get(harness.AuthenticatorPath), where(other)+")")
	admin.Enrol(harness.AdminPassword)
	admin.Scan()
	began := clock.Now().UTC().Format("2006-01-02 15.04.05")
	wantLabel(c, admin.Get(harness.AuthenticatorPath), where(c)+", "+began+")")
	clock.Advance(time.Minute)
	wantLabel(c, admin.Get(harness.AuthenticatorPath), where(c)+", "+began+")")
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
	marks := [][]byte{
		[]byte(pending),
		[]byte(app.Secret),
		raw,
		[]byte(hex.EncodeToString(raw)),
		[]byte(strings.ToUpper(hex.EncodeToString(raw))),
	}
	for _, code := range app.Codes {
		marks = append(marks, []byte(code), []byte(strings.ReplaceAll(code, "-", "")))
	}
	if storetest.OnPostgres() {
		for _, mark := range marks {
			c.WantNoTrace(string(mark))
		}
		return
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

func TestFC82_DisablingAsksForOnesOwnPassword(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	member := c.Member(admin, "analyst", "ann@example.com")
	member.Enrol(harness.Password("ann@example.com"))
	path := "/settings/users/" + c.Cell(`SELECT id FROM users WHERE email = 'ann@example.com'`) + "/disable-2fa"
	admin.Get(path).Wants(http.StatusOK).Contains("Mem Ber")
	admin.Get(strings.TrimSuffix(path, "/disable-2fa")).Contains(path)
	admin.Post(path).Wants(http.StatusUnprocessableEntity)
	admin.Post(path, "password", harness.Password("ann@example.com")).
		Wants(http.StatusUnprocessableEntity).
		Contains("This is not your password.")
	if !c.User("ann@example.com").SecondFactor {
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
	if c.User("ann@example.com").SecondFactor {
		t.Error("two-factor authentication is still on")
	}
	c.WantCount(0, `SELECT (SELECT count(*) FROM authenticators) + (SELECT count(*) FROM recovery_codes) + (SELECT count(*) FROM passkeys)`)
	member.SignIn("ann@example.com", harness.Password("ann@example.com"))
	c.WantCount(1, `SELECT count(*) FROM deliveries WHERE recipient = 'ann@example.com' AND template = 'second_factor_disabled'`)
	admin.Get(path).Wants(http.StatusConflict).Contains("Mem Ber has no second factor").Lacks(`type="password"`)
	admin.Post(path, "password", harness.AdminPassword).Wants(http.StatusConflict)
	admin.Post(strings.Replace(path, c.Cell(`SELECT id FROM users WHERE email = 'ann@example.com'`), "1", 1), "password", harness.AdminPassword).
		Wants(http.StatusUnprocessableEntity)

	own := c.Member(admin, "analyst", "bo@example.com")
	own.Enrol(harness.Password("bo@example.com"))
	own.Post("/settings/profile/disable-2fa").Wants(http.StatusUnprocessableEntity)
	own.Post("/settings/profile/disable-2fa", "password", harness.AdminPassword).Wants(http.StatusUnprocessableEntity)
	c.Enforce()
	own.Post("/settings/profile/disable-2fa", "password", harness.Password("bo@example.com")).
		Wants(http.StatusUnprocessableEntity).
		Contains("requires two-factor authentication")
	if !c.User("bo@example.com").SecondFactor {
		t.Error("what is demanded can be disabled")
	}
	c.Exec(`UPDATE account SET enforce_two_factor = 0`)
	own.Post("/settings/profile/disable-2fa", "password", harness.Password("bo@example.com")).To("/settings/profile")
	own.Get("/settings/profile?tab=security").Wants(http.StatusOK).Contains("Disabled")
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
	stranger.Post(harness.AuthenticatorPath, "code", seen.Code(0), "password", harness.Password("ann@example.com")).
		Wants(http.StatusUnprocessableEntity).
		Contains("Begin again")
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
	ann.Post("/settings/profile/password", "current_password", harness.Password("ann@example.com"), "password", "another long password", "again", "another long password").
		To("/settings/profile")
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
		{"/settings/profile/recovery-codes", "/settings/profile/recovery-codes", []string{"password", harness.AdminPassword}, `SELECT string_agg(hex(hash), ',') FROM recovery_codes`},
		{"/settings/users/" + strconv.FormatInt(c.User("ann@example.com").ID, 10), "/settings/invitations/1/link", nil, `SELECT count(*) FROM signup_links`},
		{"/settings/integrations/new?type=webhook", "/settings/integrations/new?type=webhook", []string{"name", "Hook", "active", "1", "url", c.Receiver.URL + "/hook", "secret", ""}, `SELECT count(*) FROM integrations`},
		{"/settings/integrations/1/secret", "/settings/integrations/1/secret", nil, `SELECT version FROM integrations WHERE id = 1`},
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
	harness.OnBoth(t)
	t.Parallel()
	c := harness.Ready(t, nil)
	b := c.Administrator()
	b.Enrol(harness.AdminPassword)
	john := c.User(harness.AdminEmail)
	c.Exec(`INSERT INTO passkeys (user_id, credential_id, credential, name, created_at) VALUES ($1, randomblob(1), '{}', 'Key', 1)`, john.ID)
	told := func(change string) {
		t.Helper()
		c.WantCount(
			1,
			`SELECT count(*) FROM deliveries WHERE recipient = $1 AND template = 'second_factors_changed' AND json_extract(params, '$.change') = $2`,
			harness.AdminEmail,
			change,
		)
	}
	b.Post("/settings/profile/recovery-codes", "password", harness.AdminPassword).Wants(http.StatusOK)
	told("new recovery codes were made")
	b.Post("/settings/profile/passkeys/"+c.Cell(`SELECT id FROM passkeys`)+"/remove", "password", harness.AdminPassword).
		To("/settings/profile")
	told("a passkey was removed")
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
