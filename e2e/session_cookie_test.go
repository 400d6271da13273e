package e2e

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
)

func TestASVS_3_3_CookieAttributes(t *testing.T) {
	t.Parallel()
	c := startHTTPS(t)
	b := c.Browser()
	cookies := b.Get("/signin").Cookies()
	cookies = append(cookies, b.Post("/signin", "email", harness.AdminEmail, "password", harness.AdminPassword).Cookies()...)
	cookies = append(cookies, b.Invite("ann").Cookies()...)
	cookies = append(cookies, b.Post("/signout").Cookies()...)
	seen := map[string]bool{}
	for _, k := range cookies {
		seen[k.Name] = true
		if !strings.HasPrefix(k.Name, "__Host-") || !k.Secure || !k.HttpOnly || k.Path != "/" || k.Domain != "" ||
			k.SameSite != http.SameSiteLaxMode ||
			len(k.Value) > 1000 {
			t.Errorf("the cookie is %s", k)
		}
	}
	if !seen["__Host-console"] || !seen["__Host-csrf"] || !seen["__Host-flash"] {
		t.Errorf("the cookies are %v", seen)
	}
}

func TestASVS_7_2_3_SessionTokens(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	seen := map[string]bool{}
	for range 3 {
		token := c.Administrator().Cookie("console").Value
		raw, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil || len(raw) < 16 || seen[token] {
			t.Errorf("the session is %s: %v", token, err)
		}
		seen[token] = true
		c.WantNoTrace(token)
		edited := c.Browser() // 7.2.1
		edited.HTTP.Jar.SetCookies(c.URL, []*http.Cookie{{Name: "console", Value: token[:len(token)-4] + "AAAA", Path: "/"}})
		edited.Get("/settings/profile").To("/signin")
	}
	c.WantCount(3, `SELECT count(DISTINCT token_hash) FROM sessions WHERE length(token_hash) = 32`)
}

func TestFC64_NoCookieOutlivesTheTimeouts(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	b := c.Browser()
	signedIn := b.Post("/signin", "email", harness.AdminEmail, "password", harness.AdminPassword, "remember", "1", "remember_me", "on").To("/")
	for _, cookie := range signedIn.Cookies() {
		if cookie.Value != "" && (cookie.MaxAge != 0 || !cookie.Expires.IsZero()) {
			t.Errorf("the cookie %s outlives the browser: %v", cookie.Name, cookie)
		}
	}
	c.Timeouts(5*time.Minute, time.Hour)
	clock.Advance(6 * time.Minute)
	b.Get("/settings/users").To("/signin")
}

func TestFC66_AFragmentIsNeverTheSignInPage(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	token := admin.Token()
	c.Exec(`DELETE FROM sessions`)
	admin.Header.Set("HX-Request", "true")
	admin.Header.Set("HX-Current-URL", c.URL.String()+"/settings/users?tab=active")
	filter := admin.Get("/settings/users?tab=invited")
	if to := filter.Wants(http.StatusUnauthorized).Header.Get("HX-Redirect"); to != "/signin?next=%2Fsettings%2Fusers%3Ftab%3Dactive" {
		t.Errorf("htmx is led to %s", to)
	}
	save := admin.PostForm("/settings/users/new", "role", "analyst", "email", "x@example.com", "tenant_id", "1", "csrf_token", token)
	if to := save.Wants(
		http.StatusUnauthorized,
	).Header.Get(
		"HX-Redirect",
	); to != "/signin?notice=too-late&next=%2Fsettings%2Fusers%3Ftab%3Dactive" {
		t.Errorf("htmx is led to %s", to)
	}
	for _, a := range []*harness.Answer{filter, save} {
		a.Lacks(`action="/signin"`, `type="password"`)
	}
	admin.Header.Del("HX-Request")
	back := admin.Get("/settings/users?tab=active").To("/signin").Header.Get("Location")
	admin.Get(back).Contains(`value="/settings/users?tab=active"`)
	admin.Post("/signin", "email", harness.AdminEmail, "password", harness.AdminPassword, "next", "/settings/users?tab=active").
		To("/settings/users")
}

func TestFC68_NothingStaysInTheBrowser(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	for _, path := range []string{"/settings/users", "/settings/users/new", "/settings/profile", "/settings/integrations", "/settings/triggers"} {
		page := admin.Get(path).Wants(http.StatusOK).Contains(`&#34;historyCacheSize&#34;:0`)
		if page.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s may be kept: %q", path, page.Header.Get("Cache-Control"))
		}
	}
	out := admin.Post("/signout").To("/signin")
	if clear := out.Header.Get("Clear-Site-Data"); !strings.Contains(clear, `"cache"`) || !strings.Contains(clear, `"storage"`) {
		t.Errorf("Clear-Site-Data: %q", clear)
	}
	admin.Get("/settings/users").To("/signin")
}

func TestFC69_EverySignInHasANewSession(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	const planted = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	b := c.Browser()
	b.HTTP.Jar.SetCookies(c.URL, []*http.Cookie{{Name: "console", Value: planted, Path: "/"}})
	b.Get("/signin").Wants(http.StatusOK)
	b.SignIn(harness.AdminEmail, harness.AdminPassword)
	first := b.Cookie("console").Value
	b.SignIn(harness.AdminEmail, harness.AdminPassword)
	second := b.Cookie("console").Value
	if first == planted || second == first {
		t.Errorf("the sessions are %s and %s", first, second)
	}
	b.Get("/settings/profile").Wants(http.StatusOK)
	for name, dead := range map[string]string{"planted": planted, "earlier": first} {
		other := c.Browser()
		other.HTTP.Jar.SetCookies(c.URL, []*http.Cookie{{Name: "console", Value: dead, Path: "/"}})
		if a := other.Get("/settings/profile"); a.StatusCode != http.StatusSeeOther {
			t.Errorf("the %s session opens the console: %d", name, a.StatusCode)
		}
	}
	b.Post("/signout").To("/signin")
	b.HTTP.Jar.SetCookies(c.URL, []*http.Cookie{{Name: "console", Value: second, Path: "/"}})
	b.Get("/settings/profile").To("/signin")
}
