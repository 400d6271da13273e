package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/auth"
	"console/store"
)

func TestFC56_AChangedPasswordEndsOtherSessions(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	a, b := c.SignedInByPassword(), c.SignedInByPassword()
	const path, changed = "/settings/profile/password", "a new long password"
	old := a.Cookie("console").Value
	a.Post(path, "current_password", "wrong", "password", changed, "again", changed).
		Wants(http.StatusUnprocessableEntity).
		Contains("This is not your password.")
	a.Post(path, "current_password", harness.AdminPassword, "password", changed, "again", "other").
		Wants(http.StatusUnprocessableEntity).
		Contains("not what you typed above")
	a.Post(path, "current_password", harness.AdminPassword, "password", "short", "again", "short").
		Wants(http.StatusUnprocessableEntity).
		Contains("Use at least")
	a.Post(path, "current_password", harness.AdminPassword, "password", harness.AdminPassword, "again", harness.AdminPassword).
		Wants(http.StatusUnprocessableEntity).
		Contains("Choose another one")
	a.Post(path, "current_password", harness.AdminPassword, "password", changed, "again", changed).To("/settings/profile")
	if a.Cookie("console").Value == old {
		t.Error("the cookie stays")
	}
	a.Get("/settings/profile?tab=security").Wants(http.StatusOK).Contains("Password was changed just now")
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

// profile saves a profile with these fields changed.
func profile(b *harness.Browser, version int64, pairs ...string) *harness.Answer {
	fields := []string{
		"first_name",
		"John",
		"last_name",
		"Doe",
		"phone",
		"",
		"date_format",
		"DMY",
		"clock_24h",
		"1",
		"time_zone",
		"UTC",
		"theme",
		"system",
		"version",
		fmt.Sprint(version),
	}
	for i := 0; i < len(pairs); i += 2 {
		for j := 0; j < len(fields); j += 2 {
			if fields[j] == pairs[i] {
				fields[j+1] = pairs[i+1]
			}
		}
	}
	return b.Post("/settings/profile", fields...)
}

func TestFC45_TheProfileChangesNothingElse(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	analyst := c.Member(c.Administrator(), "analyst", "ann@example.com")
	before := c.User("ann@example.com")
	groups := c.Count(`SELECT count(*) FROM group_users`)
	analyst.Post("/settings/profile", "first_name", "Annabel", "last_name", "Lee", "version", fmt.Sprint(before.Version),
		"role", "admin", "is_admin", "1", "group_ids", "1", "disabled", "0", "totp_required", "0", "email", "eve@example.com", "two_factor", "0",
		"password", "another long password", "by_groups", "1", "id", "1").To("/settings/profile")
	want := before
	want.FirstName, want.LastName, want.Version = "Annabel", "Lee", before.Version+1
	if after := c.User("ann@example.com"); after != want {
		t.Errorf("the person is now\n%+v\nnot\n%+v", after, want)
	}
	if n := c.Count(`SELECT count(*) FROM group_users`); n != groups {
		t.Errorf("%d memberships became %d", groups, n)
	}
}

func TestProfile_PreferencesShowInEveryPage(t *testing.T) {
	t.Parallel()
	c, _ := startAtTime(t, time.Date(2024, 2, 16, 23, 5, 0, 0, time.UTC))
	admin := c.SignedInByPassword()
	admin.Get("/settings/users").Contains("16 Feb 2024, 23:05 UTC").Lacks("data-theme")
	admin.Get("/settings/profile").Contains("DMY — 16 Feb 2024", "The email cannot be changed", "You will be signed out at", "23:35 UTC")
	for i, p := range []struct{ format, clock, zone, theme, shown, html string }{
		{"MDY", "", "America/New_York", "dark", "Feb 16, 2024, 6:05 PM EST", `data-theme="dark"`},
		{"YMD", "1", "Asia/Tokyo", "light", "2024-02-17, 08:05 JST", `data-theme="light"`},
		{"DMY", "1", "Asia/Kathmandu", "system", "17 Feb 2024, 04:50 +0545", `content="light dark"`},
	} {
		profile(admin, int64(i+1), "date_format", p.format, "clock_24h", p.clock, "time_zone", p.zone, "theme", p.theme).To("/settings/profile")
		admin.Get("/settings/users").Contains(p.shown, p.html)
		admin.Get("/settings/profile?tab=sessions").Contains(p.shown, p.html)
	}
	c.Member(admin, "read_only", "else@example.com").Get("/settings/users").Contains("16 Feb 2024, 23:05 UTC") // only theirs
}

func TestProfile_WhatIsRefused(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	for field, wrong := range map[string][]string{
		"first_name": {"", "a\nb", strings.Repeat("W", 256)}, "phone": {"call me", strings.Repeat("1", 41)}, "date_format": {"", "YDM"},
		"time_zone": {"", "Mars/Olympus", "../../etc/passwd", "Local"}, "theme": {"", "blue"},
	} {
		for _, value := range wrong {
			profile(admin, 1, field, value).Wants(http.StatusUnprocessableEntity).Contains(`id="field-` + field + `-error"`)
		}
	}
	profile(admin, 0).Wants(http.StatusUnprocessableEntity).Contains("incomplete")
	profile(admin, 1, "phone", "+49 (30) 123-45.67").To("/settings/profile")
	profile(admin, 1, "first_name", "Late").Wants(http.StatusConflict).Contains(`value="Late"`)
	if name, phone := c.User(harness.AdminEmail).FirstName, c.User(harness.AdminEmail).Phone; name != "John" || phone != "+49 (30) 123-45.67" {
		t.Errorf("saved are %q and %q", name, phone)
	}
}

func TestProfile_SessionsAreListedAndEnded(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, harness.BehindProxy)
	here := c.Browser().From("198.51.100.1")
	here.SignIn(harness.AdminEmail, harness.AdminPassword)
	phone := c.Browser().From("198.51.100.2")
	phone.Header.Set(
		"User-Agent",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1",
	)
	phone.SignIn(harness.AdminEmail, harness.AdminPassword)
	third := c.SignedInByPassword()
	other := c.Member(here, "analyst", "ann@example.com")
	page := here.Get("/settings/profile?tab=sessions").
		Contains("Safari on iPhone", "198.51.100.2", "This browser", "Sign out all other browsers")
	if n := strings.Count(page.Body, "This browser"); n != 1 {
		t.Errorf("%d browsers are this one", n)
	}
	session := func(email, address string) string {
		return c.Cell(
			`SELECT max(s.id) FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.email = $1 AND s.address LIKE $2`,
			email,
			address,
		)
	}
	here.Post("/settings/profile/sessions/end", "session_id", session("ann@example.com", "%")).Wants(http.StatusNotFound)
	other.Get("/settings/profile").Wants(http.StatusOK)
	here.Post("/settings/profile/sessions/end", "session_id", session(harness.AdminEmail, "198.51.100.2")).To("/settings/profile")
	phone.Get("/settings/profile").To("/signin")
	third.Get("/settings/profile").Wants(http.StatusOK)
	here.Post("/settings/profile/sessions/end").To("/settings/profile")
	third.Get("/settings/profile").To("/signin")
	here.Get("/settings/profile?tab=sessions").Wants(http.StatusOK).Lacks("Sign out all other browsers")
	other.Get("/settings/profile").Wants(http.StatusOK)
}

func TestProfile_SignInHistory(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	admin := c.SignedInByPassword()
	ann := c.Member(admin, "analyst", "ann@example.com")
	clock.Advance(-400 * 24 * time.Hour)
	c.SignedInByPassword() // too long ago
	clock.Advance(400 * 24 * time.Hour)
	stranger := c.Browser()
	stranger.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	stranger.Post("/signin", "email", "JohnDoe@example.com", "password", "a wrong password").Wants(http.StatusUnprocessableEntity)
	admin.Get("/settings/profile?tab=sessions").Contains("Firefox on Linux", "Failed", "Signed in").Lacks("before=")
	ann.Get("/settings/profile?tab=sessions").Lacks("Firefox on Linux", "Failed")
	for range 23 {
		c.SignedInByPassword()
	}
	first := admin.Get("/settings/profile?tab=sessions")
	history := func(a *harness.Answer) int { return strings.Count(a.Body, `data-label="Result"`) }
	if n := history(first); n != 20 {
		t.Errorf("the first page has %d lines", n)
	}
	_, rest, _ := strings.Cut(first.Body, "/settings/profile?tab=sessions&amp;before=")
	next, _, _ := strings.Cut(rest, "#")
	second := admin.Get("/settings/profile?tab=sessions&before=" + next).Contains("Newest").Lacks("Older")
	if n := history(second); n != 5 { // 23 + 1 right, 1 wrong
		t.Errorf("the second page has %d lines", n)
	}
}

func TestProfile_SignInHistoryTellsOfSecondFactors(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	b := c.Administrator()
	app := b.Enrol(harness.AdminPassword)
	clock.Advance(time.Minute)
	half := c.Halfway()
	half.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	half.Post("/signin/2fa", "code", "000000").Wants(http.StatusUnprocessableEntity)
	half.Post("/signin/2fa", "code", app.Code(0)).To("/")
	_, history, _ := strings.Cut(b.Get("/settings/profile?tab=sessions").Contains("Failed: second factor").Body, `id="history"`)
	if n := strings.Count(history, "Firefox on Linux"); n != 2 {
		t.Errorf("%d of the two attempts name their browser", n)
	}
}

func TestProfile_SignInHistoryBeginsWithThePerson(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	c.Browser().Post("/signin", "email", "ann@example.com", "password", "wrong").Wants(http.StatusUnprocessableEntity)
	clock.Advance(time.Minute)
	c.Member(c.Administrator(), "analyst", "ann@example.com").Get("/settings/profile?tab=sessions").Contains("Sign-in history").Lacks("Failed")
}

func TestASessionIsEndedByItsNumberOnly(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	here, other := c.SignedInByPassword(), c.SignedInByPassword()
	for _, id := range []string{"", "abc", "1e0", "-1", "99999999999999999999"} {
		here.Post("/settings/profile/sessions/end", "session_id", id).Wants(http.StatusNotFound)
	}
	other.Get("/settings/profile").Wants(http.StatusOK)
}
