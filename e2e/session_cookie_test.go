package e2e

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/cli"
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
	port := "-" + c.URL.Port()
	if !seen["__Host-console"+port] || !seen["__Host-csrf"+port] || !seen["__Host-flash"+port] {
		t.Errorf("the cookies are %v", seen)
	}
}

func TestASVS_7_2_3_SessionTokens(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	seen := map[string]bool{}
	for range 3 {
		token := c.SignedInByPassword().Cookie("console").Value
		raw, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil || len(raw) < 16 || seen[token] {
			t.Errorf("the session is %s: %v", token, err)
		}
		seen[token] = true
		c.WantNoTrace(token)
		edited := c.Browser() // 7.2.1
		edited.Plant("console", token[:len(token)-4]+"AAAA", "/")
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
	admin := c.SignedInByPassword()
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
	admin := c.SignedInByPassword()
	for _, path := range []string{"/settings/users", "/settings/users/new", "/settings/profile", "/settings/integrations", "/settings/triggers"} {
		page := admin.Get(path).Wants(http.StatusOK).Contains(`&#34;historyCacheSize&#34;:0`)
		if page.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s may be kept: %q", path, page.Header.Get("Cache-Control"))
		}
	}
	out := admin.Post("/signout").To("/signin")
	if clear := out.Header.Get("Clear-Site-Data"); clear != `"storage"` {
		t.Errorf("Clear-Site-Data: %q", clear)
	}
	admin.Get("/settings/users").To("/signin")
}

func TestFC69_EverySignInHasANewSession(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	const planted = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	b := c.Browser()
	b.Plant("console", planted, "/")
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
		other.Plant("console", dead, "/")
		if a := other.Get("/settings/profile"); a.StatusCode != http.StatusSeeOther {
			t.Errorf("the %s session opens the console: %d", name, a.StatusCode)
		}
	}
	b.Post("/signout").To("/signin")
	b.Plant("console", second, "/")
	b.Get("/settings/profile").To("/signin")
}

func TestFC174_TwoConsolesOnOneHost(t *testing.T) {
	t.Parallel()
	production, staging := harness.Ready(t, nil), harness.Ready(t, nil)
	a := production.Browser()
	a.SignIn(harness.AdminEmail, harness.AdminPassword)
	b := staging.Browser()
	b.HTTP.Jar = a.HTTP.Jar // one person's browser: cookies do not know ports
	b.SignIn(harness.AdminEmail, harness.AdminPassword)
	a.Get("/settings/users").Wants(http.StatusOK)
	b.Get("/settings/users").Wants(http.StatusOK)
	a.Invite("ann")
	b.Get("/settings/users").Wants(http.StatusOK).Lacks("ann@example.com")
	a.Get("/settings/users").Wants(http.StatusOK).Contains(`role="status"`, "ann@example.com")
	b.Post("/signout").To("/signin")
	b.Get("/settings/users").To("/signin")
	a.Get("/settings/users").Wants(http.StatusOK)
	for base, name := range map[string]string{
		"http://localhost:8080":            "console-8080",
		"http://localhost":                 "console",
		"https://c.example":                "__Host-console",
		"https://c.example:443":            "__Host-console",
		"https://c.example:8443":           "__Host-console-8443",
		"https://example.com/console":      "__Secure-console",
		"https://example.com:8443/console": "__Secure-console-8443",
	} {
		c := harness.Ready(t, func(s *cli.Serve) {
			harness.BehindProxy(s)
			s.BaseURL = base
		})
		b := toldBy(c)
		set := b.Post("/signin", "email", harness.AdminEmail, "password", harness.AdminPassword).Wants(http.StatusSeeOther).Cookies()
		if !slices.ContainsFunc(set, func(k *http.Cookie) bool { return k.Name == name && k.Value != "" }) {
			t.Errorf("at %s the cookies are %v", base, set)
		}
	}
}

func TestFC198_ASecondCookieOfOurNameSignsOut(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"https://example.com/console", "http://localhost"} {
		c := harness.Ready(t, func(s *cli.Serve) {
			harness.BehindProxy(s)
			s.BaseURL = base
		})
		at := c.URL.Path
		b := toldBy(c)
		b.SignIn(harness.AdminEmail, harness.AdminPassword)
		own := b.Cookie("console")
		for _, name := range []string{"console", "csrf", "flash"} { // of other paths or domains, which a browser does not send along
			cookie := harness.CookieName(c.URL, name)
			twice := toldBy(c, "Cookie", own.String()+"; "+cookie+"=planted; "+cookie+"=planted too")
			to := twice.Get("/settings/users").To(at + "/signin").Header.Get("Location")
			if !strings.Contains(to, "notice=two-cookies") {
				t.Errorf("two cookies %s lead to %s", cookie, to)
			}
			for _, page := range []string{to, "/signin"} {
				twice.Get(page).Wants(http.StatusOK).Contains("two cookies")
			}
			twice.PostForm("/signin", "email", harness.AdminEmail, "password", harness.AdminPassword).Wants(http.StatusForbidden).
				Contains("two cookies")
		}
		b.Plant("console", "planted", at+"/settings")
		to := b.Get("/settings/users").To(at + "/signin").Header.Get("Location")
		b.Get(to).Wants(http.StatusOK).Contains("two cookies") // and not led back, though only one cookie comes here
	}
}

func TestFC198_AFlashThatWeDidNotWriteIsNotShown(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.SignedInByPassword()
	c.Add(admin, "admin", "Ann", "", "ann@example.com")
	other := c.SignedInByPassword()
	other.Invite("bea")
	theirs := other.Cookie("flash").Value
	admin.Invite("cid")
	ours := admin.Cookie("flash").Value
	content, mac, _ := strings.Cut(ours, ".")
	forged := base64.RawURLEncoding.EncodeToString([]byte(`{"t":"cid@example.com: call 555 0100"}`))
	for name, value := range map[string]string{
		"unsigned":           forged,
		"with our signature": forged + "." + mac,
		"empty signature":    content + ".",
		"of another session": theirs,
	} {
		admin.Plant("flash", value, "/")
		admin.Get("/settings/profile").Wants(http.StatusOK).Lacks("555 0100", "bea@example.com", "cid@example.com")
		if admin.Cookie("flash") != nil {
			t.Errorf("a flash %s stays", name)
		}
	}
	admin.Plant("flash", ours, "/")
	admin.Get("/settings/profile").Wants(http.StatusOK).Contains("cid@example.com")

	// The message of a sign-in is signed for the session that begins with it.
	ann := c.Browser()
	ann.Accept(c.InviteByLink(admin, "analyst", "dan@example.com"), "dan").To("/")
	ann.Get("/settings/profile").Wants(http.StatusOK).Contains("Welcome. Your account is ready.")
}

func TestFC199_OnlyNavigationAndOurOwnPagesAreActivity(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	admin := c.SignedInByPassword()
	seen := func() string { return c.Cell(`SELECT last_seen_at FROM sessions`) }
	for _, try := range []struct {
		site, mode, dest string
		active           bool
	}{
		{"same-site", "no-cors", "image", false},
		{"cross-site", "no-cors", "image", false},
		{"same-site", "cors", "empty", false},
		{"same-site", "", "", false},
		{"same-site", "navigate", "iframe", false},
		{"cross-site", "navigate", "object", false},
		{"cross-site", "navigate", "document", true},
		{"same-site", "navigate", "document", true},
		{"same-origin", "no-cors", "image", true},
		{"same-origin", "cors", "empty", true},
		{"none", "navigate", "document", true},
		{"", "", "", true},
	} {
		clock.Advance(time.Minute)
		before := seen()
		admin.Header = http.Header{}
		for name, value := range map[string]string{"Sec-Fetch-Site": try.site, "Sec-Fetch-Mode": try.mode, "Sec-Fetch-Dest": try.dest} {
			if value != "" {
				admin.Header.Set(name, value)
			}
		}
		admin.Get("/settings/profile").Wants(http.StatusOK)
		if active := seen() != before; active != try.active {
			t.Errorf("%+v counts as activity: %t", try, active)
		}
		if try.active {
			continue
		}
		admin.PostForm("/settings/profile").Wants(http.StatusForbidden)
		if seen() != before {
			t.Errorf("what %+v sends counts as activity", try)
		}
	}
}
