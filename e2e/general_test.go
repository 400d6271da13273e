package e2e

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/cli"
	"console/internal/fake"
)

func TestGeneral_TheCompanyAndItsMainTenantHaveOneName(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	admin.Get("/settings/profile").Contains(`href="/settings/general"`)
	admin.Get("/settings/general").Contains(`value="TestCompany"`, `value="EU"`)
	admin.Post("/settings/general/company", "name", " Wolf & Söhne ", "cloud", "US", "version", version(c)).To("/settings/general")
	if name, tenant := c.Cell(
		`SELECT name || '|' || cloud FROM account`,
	), c.Cell(
		`SELECT name FROM tenants WHERE main = 1`,
	); name != "Wolf & Söhne|US" ||
		tenant != "Wolf & Söhne" {
		t.Errorf("the account is %s, its main tenant %s", name, tenant)
	}
	admin.Get("/settings/general").Contains("Wolf &amp; Söhne")
	if n := c.Entries("change company", "done"); n != 1 {
		t.Errorf("%d entries", n)
	}
}

func TestGeneral_AFormThatIsWrongOrOutOfDate(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	stale := version(c)
	admin.Post("/settings/general/company", "name", "", "cloud", strings.Repeat("W", 256), "version", stale).
		Wants(http.StatusUnprocessableEntity).
		Contains("Enter the name of the company.", "At most 255 characters.", `aria-describedby="field-name-hint field-name-error"`)
	admin.Post("/settings/general/company", "name", "Acme", "cloud", "EU").
		Wants(http.StatusUnprocessableEntity).
		Contains("incomplete", `value="Acme"`)
	admin.Post("/settings/general/company", "name", "Acme", "cloud", "EU", "version", stale).To("/settings/general")
	admin.Post("/settings/general/company", "name", "Zenith", "cloud", "EU", "version", stale).
		Wants(http.StatusConflict).
		Contains(`value="Zenith"`, "Somebody else")
	for _, wrong := range []string{"", "0", "-300", "301", "60", "2592001", "300.0", "18446744073709551916", "five"} {
		for _, fields := range [][2]string{{wrong, "3600"}, {"300", wrong}} {
			admin.Post("/settings/general/logout", "idle_timeout", fields[0], "absolute_timeout", fields[1], "version", version(c)).
				Wants(http.StatusUnprocessableEntity).Contains("Choose one of the times offered.")
		}
	}
	if limits := c.Cell(`SELECT idle_timeout || ' ' || absolute_timeout FROM account`); limits != "1800 43200" {
		t.Errorf("the timeouts are %s", limits)
	}
}

func TestGeneral_EveryTimeoutOfTheList(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	page := admin.Get("/settings/general").Body
	for label, d := range map[string]time.Duration{
		"5 minutes": 5 * time.Minute, "10 minutes": 10 * time.Minute, "15 minutes": 15 * time.Minute, "30 minutes": 30 * time.Minute,
		"1 hour": time.Hour, "2 hours": 2 * time.Hour, "4 hours": 4 * time.Hour, "8 hours": 8 * time.Hour, "12 hours": 12 * time.Hour, "24 hours": 24 * time.Hour,
		"3 days": 72 * time.Hour, "7 days": 168 * time.Hour, "14 days": 336 * time.Hour, "30 days": 720 * time.Hour,
	} {
		if n := strings.Count(page, ">"+label+"</option>"); n != 2 {
			t.Errorf("%s is offered %d times", label, n)
		}
		setTimeouts(c, admin, d, d).To("/settings/general")
	}
	setTimeouts(c, admin, 24*time.Hour, 8*time.Hour).To("/settings/general")
	admin.Get("/settings/general").Contains("The absolute timeout comes first: everybody is signed out 8 hours after signing in")
	setTimeouts(c, admin, 8*time.Hour, 24*time.Hour).To("/settings/general")
	admin.Get("/settings/general").Lacks("comes first")
}

func TestGeneral_OthersReadWhatAdministratorsChange(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	for _, role := range []string{"analyst", "read_only"} {
		b := c.Member(admin, role, role+"@example.com")
		b.Get("/settings/general").
			Wants(http.StatusOK).
			Contains("TestCompany", "disabled", "Administrators can change them").
			Lacks(">Save<", "Send a test mail")
		for _, path := range []string{"company", "signin", "logout", "test-mail", "signout-everybody", "signout-without-2fa"} {
			b.Post("/settings/general/"+path, "name", "x", "cloud", "x", "idle_timeout", "300", "absolute_timeout", "300", "version", version(c)).
				Wants(http.StatusForbidden)
		}
	}
	c.Member(admin, "api_developer", "api@example.com").Get("/settings/general").Wants(http.StatusForbidden)
	setTimeouts(c, c.Member(admin, "admin", "second@example.com"), 5*time.Minute, time.Hour).To("/settings/general")
}

func TestGeneral_ATestMailShowsWhetherMailsArrive(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	admin.Get("/settings/general").Contains("Mails are sent through the mail server <code>smtp://" + c.Mail.Addr() + "?tls=none</code>")
	admin.Post("/settings/general/test-mail").To("/settings/general")
	admin.Get("/settings/general").Contains("The mail server has taken the test mail for " + harness.AdminEmail)
	if mail := c.Mail.WaitFor(t, harness.AdminEmail); !strings.Contains(mail.Subject, "Test mail from Wallarm") {
		t.Errorf("the mail is %q", mail.Subject)
	}

	refused := harness.Ready(t, nil)
	refused.Mail.RefuseRecipient(harness.AdminEmail, 550, "no such mailbox")
	admin = refused.Administrator()
	admin.Post("/settings/general/test-mail").To("/settings/general")
	admin.Get("/settings/general").Contains("The test mail could not be sent: the mail server refused the recipient (550")

	trial := harness.Ready(t, func(s *cli.Serve) { s.SMTP = "" })
	admin = trial.Administrator()
	admin.Get("/settings/general").Contains("trial mode", filepath.Join(trial.Data, "mail"))
	admin.Post("/settings/general/test-mail").To("/settings/general")
	admin.Get("/settings/general").Contains("The test mail is kept as the file")
}

func TestGeneral_CommonPasswordsAndTheMinimumLength(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	link := c.Add(admin, "analyst", "Ann", "Lee", "ann.lee@example.com")
	join := func(password string) *harness.Answer {
		return c.Browser().Post(link, "first_name", "Annabel", "last_name", "Featherstone", "password", password)
	}
	c.Exec(`UPDATE account SET password_min_length = 8`)
	c.Browser().Get(link).Contains("At least 8 characters.")
	for password, reason := range map[string]string{
		"short":                  "Use at least 8 characters.",
		"password":               "one of the most common passwords",
		"PassWord":               "one of the most common passwords",
		"QWERTYUIOP":             "one of the most common passwords",
		"1234567890987654321":    "one of the most common passwords",
		"ann.lee@example.com":    "easy to guess",
		"Annabel Featherstone":   "easy to guess",
		"annabelfeatherstone":    "easy to guess",
		"TestCompany":            "easy to guess",
		"Wallarm-2026!":          "easy to guess",
		strings.Repeat("w", 257): "at most 256 characters",
		strings.Repeat("ß", 257): "at most 256 characters",
	} {
		join(password).Wants(http.StatusUnprocessableEntity).Contains(reason)
	}
	c.Exec(`UPDATE account SET password_min_length = 20`)
	join("nineteen characters").Wants(http.StatusUnprocessableEntity).Contains("Use at least 20 characters.")
	long := strings.Repeat("pässwörter 🦊 ", 19)
	long += strings.Repeat("x", 256-len([]rune(long)))
	join(long).Wants(http.StatusSeeOther)
	c.Browser().Post("/signin", "email", "ann.lee@example.com", "password", long[:len(long)-1]).Wants(http.StatusUnprocessableEntity)
	c.Browser().Post("/signin", "email", "ann.lee@example.com", "password", long).Wants(http.StatusSeeOther)
}

// startAtTime is startAt at a moment of the test's choosing.
func startAtTime(t *testing.T, at time.Time) (*harness.Console, *fake.Clock) {
	t.Helper()
	clock := fake.NewClock(at)
	return harness.Ready(t, func(s *cli.Serve) { s.Now = clock.Now }), clock
}

func TestGeneral_SignInManagement(t *testing.T) {
	harness.OnBoth(t)
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	set := func(pairs ...string) *harness.Answer {
		return admin.Post("/settings/general/signin", append(pairs, "version", version(c))...)
	}
	admin.Get("/settings/general").
		Contains("Enforce two-factor authentication for all company users", `name="password_min_length"`, `value="12"`)
	for _, wrong := range []string{"", "7", "65", "-12", "twelve", "12.5", "9999999999999999999"} {
		set("password_min_length", wrong).Wants(http.StatusUnprocessableEntity).Contains(`id="field-password_min_length-error"`)
	}
	set(
		"password_min_length",
		"12",
		"enforce_2fa",
		"1",
	).Wants(http.StatusUnprocessableEntity).
		Contains(`id="field-enforce_2fa-error"`, "Set up yours first")
	set("password_min_length", "16").To("/settings/general")
	admin.Get("/settings/general").Contains(`value="16"`)
	admin.Get("/settings/profile/password").Contains("At least 16 characters.")
	admin.Post("/settings/general/signin", "password_min_length", "20", "version", "1").Wants(http.StatusConflict).Contains(`value="20"`)
	c.Add(admin, "analyst", "Ann", "", "ann@example.com")
	c.Browser().
		Post(c.SignupPath("ann@example.com"), "first_name", "Ann", "password", "fifteen letters").
		Wants(http.StatusUnprocessableEntity).
		Contains("Use at least 16 characters.")
}

func TestGeneral_SigningOutManyAsksFirst(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	again := c.Administrator()
	ann, bea := c.Member(admin, "admin", "ann@example.com"), c.Member(admin, "analyst", "bea@example.com")
	c.Exec(`UPDATE users SET two_factor = 1 WHERE email = 'ann@example.com'`)

	c.Exec(`UPDATE account SET enforce_two_factor = 1`)
	admin.Get("/settings/general").Contains("Sign out 2 people without a second factor now")
	c.Exec(`UPDATE account SET enforce_two_factor = 0`)
	admin.Get("/settings/general/signout-without-2fa").Wants(http.StatusOK).Contains("2 people without a second factor")
	bea.Get("/settings/profile").Wants(http.StatusOK)
	admin.Post("/settings/general/signout-without-2fa").To("/settings/general")
	bea.Get("/settings/profile").To("/signin")
	again.Get("/settings/profile").To("/signin")
	ann.Get("/settings/profile").Wants(http.StatusOK)

	admin.Get("/settings/general/signout-everybody").Wants(http.StatusOK).Contains("Everybody will be signed out everywhere at once")
	ann.Get("/settings/profile").Wants(http.StatusOK)
	admin.Post("/settings/general/signout-everybody").To("/settings/general")
	ann.Get("/settings/profile").To("/signin")
	admin.Get("/settings/general").Wants(http.StatusOK).Contains("Everybody else is signed out.")
	if n := c.Entries("sign out everybody", "done"); n != 1 {
		t.Errorf("%d entries", n)
	}
}
