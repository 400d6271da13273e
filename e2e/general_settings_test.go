package e2e

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"console/internal/cli"
	"console/internal/fake"
)

func TestGeneral_TheCompanyAndItsMainTenantHaveOneName(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	admin.get("/settings/profile").contains(`href="/settings/general"`)
	admin.get("/settings/general").contains(`value="TestCompany"`, `value="EU"`)
	admin.post("/settings/general/company", "name", " Wolf & Söhne ", "cloud", "US", "version", c.version()).to("/settings/general")
	if name, tenant := c.cell(`SELECT name || '|' || cloud FROM account`), c.cell(`SELECT name FROM tenants WHERE main = 1`); name != "Wolf & Söhne|US" || tenant != "Wolf & Söhne" {
		t.Errorf("the account is %s, its main tenant %s", name, tenant)
	}
	admin.get("/settings/general").contains("Wolf &amp; Söhne")
	if n := c.entries("change company", "done"); n != 1 {
		t.Errorf("%d entries", n)
	}
}

func TestGeneral_AFormThatIsWrongOrOutOfDate(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	stale := c.version()
	admin.post("/settings/general/company", "name", "", "cloud", strings.Repeat("W", 256), "version", stale).wants(http.StatusUnprocessableEntity).
		contains("Enter the name of the company.", "At most 255 characters.", `aria-describedby="field-name-hint field-name-error"`)
	admin.post("/settings/general/company", "name", "Acme", "cloud", "EU").wants(http.StatusUnprocessableEntity).contains("incomplete", `value="Acme"`)
	admin.post("/settings/general/company", "name", "Acme", "cloud", "EU", "version", stale).to("/settings/general")
	admin.post("/settings/general/company", "name", "Zenith", "cloud", "EU", "version", stale).wants(http.StatusConflict).contains(`value="Zenith"`, "Somebody else")
	for _, wrong := range []string{"", "0", "-300", "301", "60", "2592001", "300.0", "18446744073709551916", "five"} {
		for _, fields := range [][2]string{{wrong, "3600"}, {"300", wrong}} {
			admin.post("/settings/general/logout", "idle_timeout", fields[0], "absolute_timeout", fields[1], "version", c.version()).
				wants(http.StatusUnprocessableEntity).contains("Choose one of the times offered.")
		}
	}
	if limits := c.cell(`SELECT idle_timeout || ' ' || absolute_timeout FROM account`); limits != "1800 43200" {
		t.Errorf("the timeouts are %s", limits)
	}
}

func TestGeneral_EveryTimeoutOfTheList(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	page := admin.get("/settings/general").Body
	for label, d := range map[string]time.Duration{
		"5 minutes": 5 * time.Minute, "10 minutes": 10 * time.Minute, "15 minutes": 15 * time.Minute, "30 minutes": 30 * time.Minute,
		"1 hour": time.Hour, "2 hours": 2 * time.Hour, "4 hours": 4 * time.Hour, "8 hours": 8 * time.Hour, "12 hours": 12 * time.Hour, "24 hours": 24 * time.Hour,
		"3 days": 72 * time.Hour, "7 days": 168 * time.Hour, "14 days": 336 * time.Hour, "30 days": 720 * time.Hour,
	} {
		if n := strings.Count(page, ">"+label+"</option>"); n != 2 {
			t.Errorf("%s is offered %d times", label, n)
		}
		c.setTimeouts(admin, d, d).to("/settings/general")
	}
	c.setTimeouts(admin, 24*time.Hour, 8*time.Hour).to("/settings/general")
	admin.get("/settings/general").contains("The absolute timeout comes first: everybody is signed out 8 hours after signing in")
	c.setTimeouts(admin, 8*time.Hour, 24*time.Hour).to("/settings/general")
	admin.get("/settings/general").lacks("comes first")
}

func TestGeneral_OthersReadWhatAdministratorsChange(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	for _, role := range []string{"analyst", "read_only"} {
		b := c.member(admin, role, role+"@example.com")
		b.get("/settings/general").wants(http.StatusOK).contains("TestCompany", "disabled", "Administrators can change them").lacks(">Save<", "Send a test mail")
		for _, path := range []string{"company", "signin", "logout", "test-mail", "signout-everybody", "signout-without-2fa"} {
			b.post("/settings/general/"+path, "name", "x", "cloud", "x", "idle_timeout", "300", "absolute_timeout", "300", "version", c.version()).wants(http.StatusForbidden)
		}
	}
	c.member(admin, "api_developer", "api@example.com").get("/settings/general").wants(http.StatusForbidden)
	c.setTimeouts(c.member(admin, "admin", "second@example.com"), 5*time.Minute, time.Hour).to("/settings/general")
}

func TestGeneral_ATestMailShowsWhetherMailsArrive(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	admin.get("/settings/general").contains("Mails are sent through the mail server <code>smtp://" + c.Mail.Addr() + "?tls=none</code>")
	admin.post("/settings/general/test-mail").to("/settings/general")
	admin.get("/settings/general").contains("The mail server has taken the test mail for " + adminEmail)
	if mail := c.Mail.WaitFor(t, adminEmail); !strings.Contains(mail.Subject, "Test mail from Wallarm") {
		t.Errorf("the mail is %q", mail.Subject)
	}

	refused := ready(t, nil)
	refused.Mail.RefuseRecipient(adminEmail, 550, "no such mailbox")
	admin = refused.administrator()
	admin.post("/settings/general/test-mail").to("/settings/general")
	admin.get("/settings/general").contains("The test mail could not be sent: the mail server refused the recipient (550")

	trial := ready(t, func(s *cli.Serve) { s.SMTP = "" })
	admin = trial.administrator()
	admin.get("/settings/general").contains("trial mode", filepath.Join(trial.Data, "mail"))
	admin.post("/settings/general/test-mail").to("/settings/general")
	admin.get("/settings/general").contains("The test mail is kept as the file")
}

func TestGeneral_CommonPasswordsAndTheMinimumLength(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	link := c.add(admin, "analyst", "Ann", "Lee", "ann.lee@example.com")
	join := func(password string) *answer {
		return c.browser().post(link, "first_name", "Annabel", "last_name", "Featherstone", "password", password)
	}
	c.exec(`UPDATE account SET password_min_length = 8`)
	c.browser().get(link).contains("At least 8 characters.")
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
		join(password).wants(http.StatusUnprocessableEntity).contains(reason)
	}
	c.exec(`UPDATE account SET password_min_length = 20`)
	join("nineteen characters").wants(http.StatusUnprocessableEntity).contains("Use at least 20 characters.")
	long := strings.Repeat("pässwörter 🦊 ", 19)
	long += strings.Repeat("x", 256-len([]rune(long)))
	join(long).wants(http.StatusSeeOther)
	c.browser().post("/signin", "email", "ann.lee@example.com", "password", long[:len(long)-1]).wants(http.StatusUnprocessableEntity)
	c.browser().post("/signin", "email", "ann.lee@example.com", "password", long).wants(http.StatusSeeOther)
}

// startAtTime is startAt at a moment of the test's choosing.
func startAtTime(t *testing.T, at time.Time) (*console, *fake.Clock) {
	t.Helper()
	clock := fake.NewClock(at)
	return ready(t, func(s *cli.Serve) { s.Now = clock.Now }), clock
}

func TestGeneral_SignInManagement(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	set := func(pairs ...string) *answer {
		return admin.post("/settings/general/signin", append(pairs, "version", c.version())...)
	}
	admin.get("/settings/general").contains("Enforce two-factor authentication for all company users", `name="password_min_length"`, `value="12"`)
	for _, wrong := range []string{"", "7", "65", "-12", "twelve", "12.5", "9999999999999999999"} {
		set("password_min_length", wrong).wants(http.StatusUnprocessableEntity).contains(`id="field-password_min_length-error"`)
	}
	set("password_min_length", "12", "enforce_2fa", "1").wants(http.StatusUnprocessableEntity).contains(`id="field-enforce_2fa-error"`, "Set up yours first")
	set("password_min_length", "16").to("/settings/general")
	admin.get("/settings/general").contains(`value="16"`)
	admin.get("/settings/profile/password").contains("At least 16 characters.")
	admin.post("/settings/general/signin", "password_min_length", "20", "version", "1").wants(http.StatusConflict).contains(`value="20"`)
	c.add(admin, "analyst", "Ann", "", "ann@example.com")
	c.browser().post(c.signupPath("ann@example.com"), "first_name", "Ann", "password", "fifteen letters").wants(http.StatusUnprocessableEntity).
		contains("Use at least 16 characters.")
}

func TestGeneral_SigningOutManyAsksFirst(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	again := c.administrator()
	ann, bea := c.member(admin, "admin", "ann@example.com"), c.member(admin, "analyst", "bea@example.com")
	c.exec(`UPDATE users SET two_factor = 1 WHERE email = 'ann@example.com'`)

	c.exec(`UPDATE account SET enforce_two_factor = 1`)
	admin.get("/settings/general").contains("Sign out 2 people without a second factor now")
	c.exec(`UPDATE account SET enforce_two_factor = 0`)
	admin.get("/settings/general/signout-without-2fa").wants(http.StatusOK).contains("2 people without a second factor")
	bea.get("/settings/profile").wants(http.StatusOK)
	admin.post("/settings/general/signout-without-2fa").to("/settings/general")
	bea.get("/settings/profile").to("/signin")
	again.get("/settings/profile").to("/signin")
	ann.get("/settings/profile").wants(http.StatusOK)

	admin.get("/settings/general/signout-everybody").wants(http.StatusOK).contains("Everybody will be signed out everywhere at once")
	ann.get("/settings/profile").wants(http.StatusOK)
	admin.post("/settings/general/signout-everybody").to("/settings/general")
	ann.get("/settings/profile").to("/signin")
	admin.get("/settings/general").wants(http.StatusOK).contains("Everybody else is signed out.")
	if n := c.entries("sign out everybody", "done"); n != 1 {
		t.Errorf("%d entries", n)
	}
}
