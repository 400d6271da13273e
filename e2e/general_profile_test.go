package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// profile saves a profile with these fields changed.
func (b *browser) profile(version int64, pairs ...string) *answer {
	fields := []string{"first_name", "John", "last_name", "Doe", "phone", "", "date_format", "DMY", "clock_24h", "1", "time_zone", "UTC", "theme", "system",
		"version", fmt.Sprint(version)}
	for i := 0; i < len(pairs); i += 2 {
		for j := 0; j < len(fields); j += 2 {
			if fields[j] == pairs[i] {
				fields[j+1] = pairs[i+1]
			}
		}
	}
	return b.post("/settings/profile", fields...)
}

func TestFC45_TheProfileChangesNothingElse(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	analyst := c.member(c.administrator(), "analyst", "ann@example.com")
	before := c.user("ann@example.com")
	groups := c.count(`SELECT count(*) FROM group_users`)
	analyst.post("/settings/profile", "first_name", "Annabel", "last_name", "Lee", "version", fmt.Sprint(before.Version),
		"role", "admin", "is_admin", "1", "group_ids", "1", "disabled", "0", "totp_required", "0", "email", "eve@example.com", "two_factor", "0",
		"password", "another long password", "by_groups", "1", "id", "1").to("/settings/profile")
	want := before
	want.FirstName, want.LastName, want.Version = "Annabel", "Lee", before.Version+1
	if after := c.user("ann@example.com"); after != want {
		t.Errorf("the person is now\n%+v\nnot\n%+v", after, want)
	}
	if n := c.count(`SELECT count(*) FROM group_users`); n != groups {
		t.Errorf("%d memberships became %d", groups, n)
	}
}

func TestProfile_PreferencesShowInEveryPage(t *testing.T) {
	t.Parallel()
	c, _ := startAtTime(t, time.Date(2024, 2, 16, 23, 5, 0, 0, time.UTC))
	admin := c.administrator()
	admin.get("/settings/users").contains("16 Feb 2024, 23:05 UTC").lacks("data-theme")
	admin.get("/settings/profile").contains("DMY — 16 Feb 2024", "The email cannot be changed", "You will be signed out at", "23:35 UTC")
	for i, p := range []struct{ format, clock, zone, theme, shown, html string }{
		{"MDY", "", "America/New_York", "dark", "Feb 16, 2024, 6:05 PM EST", `data-theme="dark"`},
		{"YMD", "1", "Asia/Tokyo", "light", "2024-02-17, 08:05 JST", `data-theme="light"`},
		{"DMY", "1", "Asia/Kathmandu", "system", "17 Feb 2024, 04:50 +0545", `content="light dark"`},
	} {
		admin.profile(int64(i+1), "date_format", p.format, "clock_24h", p.clock, "time_zone", p.zone, "theme", p.theme).to("/settings/profile")
		admin.get("/settings/users").contains(p.shown, p.html, `datetime="2024-02-16T23:05:00Z"`)
		admin.get("/settings/profile?tab=sessions").contains(p.shown, p.html)
	}
	c.member(admin, "read_only", "else@example.com").get("/settings/users").contains("16 Feb 2024, 23:05 UTC") // only theirs
}

func TestProfile_WhatIsRefused(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	for field, wrong := range map[string][]string{
		"first_name": {"", "a\nb", strings.Repeat("W", 256)}, "phone": {"call me", strings.Repeat("1", 41)}, "date_format": {"", "YDM"},
		"time_zone": {"", "Mars/Olympus", "../../etc/passwd", "Local"}, "theme": {"", "blue"},
	} {
		for _, value := range wrong {
			admin.profile(1, field, value).wants(http.StatusUnprocessableEntity).contains(`id="field-` + field + `-error"`)
		}
	}
	admin.profile(0).wants(http.StatusUnprocessableEntity).contains("incomplete")
	admin.profile(1, "phone", "+49 (30) 123-45.67").to("/settings/profile")
	admin.profile(1, "first_name", "Late").wants(http.StatusConflict).contains(`value="Late"`)
	if name, phone := c.user(adminEmail).FirstName, c.user(adminEmail).Phone; name != "John" || phone != "+49 (30) 123-45.67" {
		t.Errorf("saved are %q and %q", name, phone)
	}
}

func TestProfile_SessionsAreListedAndEnded(t *testing.T) {
	t.Parallel()
	c := ready(t, behindProxy)
	here := c.browser().from("198.51.100.1")
	here.signIn(adminEmail, adminPassword)
	phone := c.browser().from("198.51.100.2")
	phone.Header.Set("User-Agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1")
	phone.signIn(adminEmail, adminPassword)
	third := c.administrator()
	other := c.member(here, "analyst", "ann@example.com")
	page := here.get("/settings/profile?tab=sessions").contains("Safari on iPhone", "198.51.100.2", "This browser", "Sign out all other browsers")
	if n := strings.Count(page.Body, "This browser"); n != 1 {
		t.Errorf("%d browsers are this one", n)
	}
	session := func(email, address string) string {
		return c.cell(`SELECT max(s.id) FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.email = $1 AND s.address LIKE $2`, email, address)
	}
	here.post("/settings/profile/sessions/end", "session_id", session("ann@example.com", "%")).wants(http.StatusNotFound)
	other.get("/settings/profile").wants(http.StatusOK)
	here.post("/settings/profile/sessions/end", "session_id", session(adminEmail, "198.51.100.2")).to("/settings/profile")
	phone.get("/settings/profile").to("/signin")
	third.get("/settings/profile").wants(http.StatusOK)
	here.post("/settings/profile/sessions/end").to("/settings/profile")
	third.get("/settings/profile").to("/signin")
	here.get("/settings/profile?tab=sessions").wants(http.StatusOK).lacks("Sign out all other browsers")
	other.get("/settings/profile").wants(http.StatusOK)
}

func TestProfile_SignInHistory(t *testing.T) {
	t.Parallel()
	c, clock := startAt(t)
	admin := c.administrator()
	ann := c.member(admin, "analyst", "ann@example.com")
	clock.Advance(-400 * 24 * time.Hour)
	c.administrator() // too long ago
	clock.Advance(400 * 24 * time.Hour)
	stranger := c.browser()
	stranger.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	stranger.post("/signin", "email", "JohnDoe@example.com", "password", "a wrong password").wants(http.StatusUnprocessableEntity)
	admin.get("/settings/profile?tab=sessions").contains("Firefox on Linux", "Failed", "Signed in").lacks("before=")
	ann.get("/settings/profile?tab=sessions").lacks("Firefox on Linux", "Failed")
	for range 23 {
		c.administrator()
	}
	first := admin.get("/settings/profile?tab=sessions")
	history := func(a *answer) int { return strings.Count(a.Body, `data-label="Result"`) }
	if n := history(first); n != 20 {
		t.Errorf("the first page has %d lines", n)
	}
	_, rest, _ := strings.Cut(first.Body, "/settings/profile?tab=sessions&amp;before=")
	next, _, _ := strings.Cut(rest, "#")
	second := admin.get("/settings/profile?tab=sessions&before=" + next).contains("Newest").lacks("Older")
	if n := history(second); n != 5 { // 23 + 1 right, 1 wrong
		t.Errorf("the second page has %d lines", n)
	}
}

func TestProfile_SignInHistoryTellsOfSecondFactors(t *testing.T) {
	t.Parallel()
	c, clock := startAt(t)
	b := c.administrator()
	app := b.enrol(adminPassword)
	clock.Advance(time.Minute)
	half := c.halfway()
	half.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	half.post("/signin/2fa", "code", "000000").wants(http.StatusUnprocessableEntity)
	half.post("/signin/2fa", "code", app.code(0)).to("/")
	_, history, _ := strings.Cut(b.get("/settings/profile?tab=sessions").contains("Failed: second factor").Body, `id="history"`)
	if n := strings.Count(history, "Firefox on Linux"); n != 2 {
		t.Errorf("%d of the two attempts name their browser", n)
	}
}

func TestProfile_SignInHistoryBeginsWithThePerson(t *testing.T) {
	t.Parallel()
	c, clock := startAt(t)
	c.browser().post("/signin", "email", "ann@example.com", "password", "wrong").wants(http.StatusUnprocessableEntity)
	clock.Advance(time.Minute)
	c.member(c.administrator(), "analyst", "ann@example.com").get("/settings/profile?tab=sessions").contains("Sign-in history").lacks("Failed")
}

func TestASessionIsEndedByItsNumberOnly(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	here, other := c.administrator(), c.administrator()
	for _, id := range []string{"", "abc", "1e0", "-1", "99999999999999999999"} {
		here.post("/settings/profile/sessions/end", "session_id", id).wants(http.StatusNotFound)
	}
	other.get("/settings/profile").wants(http.StatusOK)
}
