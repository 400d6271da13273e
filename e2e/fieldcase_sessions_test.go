package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// timeouts sets the limits of all sessions, as no page does yet.
func (c *console) timeouts(idle, absolute time.Duration) {
	c.t.Helper()
	c.exec(`UPDATE account SET idle_timeout = $1, absolute_timeout = $2`, int64(idle.Seconds()), int64(absolute.Seconds()))
}

// cookie is a cookie that the browser has kept, or nil.
func (b *browser) cookie(name string) *http.Cookie {
	for _, cookie := range b.http.Jar.Cookies(b.console.URL) {
		if cookie.Name == name {
			return cookie
		}
	}
	return nil
}

func TestFC61_AChangedTimeoutHoldsForOpenSessions(t *testing.T) {
	t.Parallel()
	c, clock := startAt(t)
	c.timeouts(8*time.Hour, 24*time.Hour)
	lowered := c.administrator()
	clock.Advance(2 * time.Minute)
	c.timeouts(time.Minute, 24*time.Hour)
	lowered.get("/settings/profile").to("/signin")

	c.timeouts(5*time.Minute, 24*time.Hour)
	raised := c.administrator()
	clock.Advance(4 * time.Minute)
	c.timeouts(8*time.Hour, 24*time.Hour)
	clock.Advance(4 * time.Hour)
	raised.get("/settings/profile").wants(http.StatusOK)
	c.timeouts(8*time.Hour, 5*time.Hour)
	clock.Advance(time.Hour)
	raised.get("/settings/profile").to("/signin")
}

func TestFC62_BothTimeoutsHold(t *testing.T) {
	t.Parallel()
	c, clock := startAt(t)
	c.timeouts(10*time.Minute, time.Hour)
	active, idle := c.administrator(), c.administrator()
	clock.Advance(5 * time.Minute)
	active.get("/settings/profile").wants(http.StatusOK)
	clock.Advance(5 * time.Minute)
	idle.get("/settings/profile").to("/signin")
	for range 9 { // minutes 10 to 50
		active.get("/settings/profile").wants(http.StatusOK)
		clock.Advance(5 * time.Minute)
	}
	active.get("/settings/profile").wants(http.StatusOK)
	clock.Advance(5*time.Minute - time.Second)
	active.get("/settings/profile").wants(http.StatusOK)
	clock.Advance(time.Second)
	active.get("/settings/profile").to("/signin")
}

func TestFC64_NoCookieOutlivesTheTimeouts(t *testing.T) {
	t.Parallel()
	c, clock := startAt(t)
	b := c.browser()
	signedIn := b.post("/signin", "email", adminEmail, "password", adminPassword, "remember", "1", "remember_me", "on").to("/")
	for _, cookie := range signedIn.Cookies() {
		if cookie.Value != "" && (cookie.MaxAge != 0 || !cookie.Expires.IsZero()) {
			t.Errorf("the cookie %s outlives the browser: %v", cookie.Name, cookie)
		}
	}
	c.timeouts(5*time.Minute, time.Hour)
	clock.Advance(6 * time.Minute)
	b.get("/settings/users").to("/signin")
}

func TestFC66_AFragmentIsNeverTheSignInPage(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	token := admin.token()
	c.exec(`DELETE FROM sessions`)
	admin.Header.Set("HX-Request", "true")
	admin.Header.Set("HX-Current-URL", c.URL.String()+"/settings/users?tab=active")
	filter := admin.get("/settings/users?tab=invited")
	if to := filter.wants(http.StatusUnauthorized).Header.Get("HX-Redirect"); to != "/signin?next=%2Fsettings%2Fusers%3Ftab%3Dactive" {
		t.Errorf("htmx is led to %s", to)
	}
	save := admin.postForm("/settings/users/new", "role", "analyst", "email", "x@example.com", "tenant_id", "1", "csrf_token", token)
	if to := save.wants(http.StatusUnauthorized).Header.Get("HX-Redirect"); to != "/signin?notice=too-late&next=%2Fsettings%2Fusers%3Ftab%3Dactive" {
		t.Errorf("htmx is led to %s", to)
	}
	for _, a := range []*answer{filter, save} {
		a.lacks(`action="/signin"`, `type="password"`)
	}
	admin.Header.Del("HX-Request")
	back := admin.get("/settings/users?tab=active").to("/signin").Header.Get("Location")
	admin.get(back).contains(`value="/settings/users?tab=active"`)
	admin.post("/signin", "email", adminEmail, "password", adminPassword, "next", "/settings/users?tab=active").to("/settings/users")
}

func TestFC68_NothingStaysInTheBrowser(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	for _, path := range []string{"/settings/users", "/settings/users/new", "/settings/profile", "/settings/integrations", "/settings/triggers"} {
		page := admin.get(path).wants(http.StatusOK).contains(`&#34;historyCacheSize&#34;:0`)
		if page.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s may be kept: %q", path, page.Header.Get("Cache-Control"))
		}
	}
	out := admin.post("/signout").to("/signin")
	if clear := out.Header.Get("Clear-Site-Data"); !strings.Contains(clear, `"cache"`) || !strings.Contains(clear, `"storage"`) {
		t.Errorf("Clear-Site-Data: %q", clear)
	}
	admin.get("/settings/users").to("/signin")
}

func TestFC69_EverySignInHasANewSession(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	const planted = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	b := c.browser()
	b.http.Jar.SetCookies(c.URL, []*http.Cookie{{Name: "console", Value: planted, Path: "/"}})
	b.get("/signin").wants(http.StatusOK)
	b.signIn(adminEmail, adminPassword)
	first := b.cookie("console").Value
	b.signIn(adminEmail, adminPassword)
	second := b.cookie("console").Value
	if first == planted || second == first {
		t.Errorf("the sessions are %s and %s", first, second)
	}
	b.get("/settings/profile").wants(http.StatusOK)
	for name, dead := range map[string]string{"planted": planted, "earlier": first} {
		other := c.browser()
		other.http.Jar.SetCookies(c.URL, []*http.Cookie{{Name: "console", Value: dead, Path: "/"}})
		if a := other.get("/settings/profile"); a.StatusCode != http.StatusSeeOther {
			t.Errorf("the %s session opens the console: %d", name, a.StatusCode)
		}
	}
	b.post("/signout").to("/signin")
	b.http.Jar.SetCookies(c.URL, []*http.Cookie{{Name: "console", Value: second, Path: "/"}})
	b.get("/settings/profile").to("/signin")
}
