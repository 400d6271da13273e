package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"console/e2e/harness"
	"console/internal/cli"
	"console/static"
)

// startHTTPS serves a console that ends TLS itself.
func startHTTPS(t *testing.T) *harness.Console {
	t.Helper()
	certificate, configure := withCertificate(t)
	c := harness.Ready(t, configure)
	c.Transport = trusting(certificate)
	return c
}

// withCertificate returns a certificate, and what makes a console serve https with it.
func withCertificate(t *testing.T) (*x509.Certificate, func(*cli.Serve)) {
	t.Helper()
	borrowed := httptest.NewTLSServer(http.NotFoundHandler()) // for its certificate
	defer borrowed.Close()
	key, err := x509.MarshalPKCS8PrivateKey(borrowed.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	keep := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return borrowed.Certificate(), func(s *cli.Serve) {
		s.TLSCert, s.TLSKey = keep("cert.pem", "CERTIFICATE", borrowed.Certificate().Raw), keep("key.pem", "PRIVATE KEY", key)
		s.BaseURL = "https://" + s.Listener.Addr().String()
	}
}

// trusting reaches who has this certificate.
func trusting(certificate *x509.Certificate) http.RoundTripper {
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
}

func TestASVS_3_4_SecurityHeaders(t *testing.T) {
	t.Parallel()
	c := startHTTPS(t)
	visitor, admin := c.Browser(), c.Administrator()
	page := visitor.Get("/signin")
	static := harness.Hrefs.FindStringSubmatch(page.Body)[1]
	stranger := c.Browser()
	stranger.Header.Set("Host", "evil.example")
	for status, answers := range map[int][]*harness.Answer{
		200: {page, admin.Get("/settings/users"), visitor.Get("/healthz"), visitor.Get(static)},
		303: {visitor.Get("/settings/users"), admin.Get("/")},
		403: {visitor.PostForm("/signin")},
		404: {visitor.Get("/nothing"), admin.Get("/settings/triggers/999/edit"), visitor.Get("/static/nothing.js"), visitor.Get("/signup/unknown")},
		405: {visitor.Do(http.MethodPut, "/signin", nil, "")},
		413: {visitor.Do(http.MethodPost, "/signin", strings.NewReader(strings.Repeat("x", 300<<10)), "application/x-www-form-urlencoded")},
		421: {stranger.Get("/")},
		422: {visitor.Post("/signin", "email", "x"), admin.Post("/settings/users/new")},
	} {
		for _, a := range answers {
			a.Wants(status)
			what := fmt.Sprintf("%s %s (%d)", a.Request.Method, a.Request.URL.Path, a.StatusCode)
			for name, want := range map[string]string{
				"Strict-Transport-Security":    "max-age=31536000; includeSubDomains", // 3.4.1
				"Content-Security-Policy":      "script-src 'self'",                   // 3.4.3
				"X-Content-Type-Options":       "nosniff",                             // 3.4.4
				"Referrer-Policy":              "",                                    // 3.4.5
				"Cross-Origin-Opener-Policy":   "same-origin",                         // 3.4.8
				"Cross-Origin-Resource-Policy": "same-origin",                         // 3.5.8
			} {
				if got := a.Header.Get(name); got == "" || !strings.Contains(got, want) {
					t.Errorf("%s: %s is %q", what, name, got)
				}
			}
			policy := a.Header.Get("Content-Security-Policy")
			for _, part := range []string{"object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} { // 3.4.6
				if !strings.Contains(policy, part) {
					t.Errorf("%s: the policy lacks %s", what, part)
				}
			}
			if strings.Contains(policy, "unsafe") || a.Header.Get("Access-Control-Allow-Origin") != "" ||
				a.Header.Get("Server") != "" { // 1.3.2, 3.4.2, 13.4.6
				t.Errorf("%s is sent with %v", what, a.Header)
			}
			if kind := a.Header.Get("Content-Type"); a.Body != "" && !strings.Contains(strings.ToLower(kind), "charset=utf-8") { // 4.1.1
				t.Errorf("%s: the type is %q", what, kind)
			}
		}
	}
}

func TestASVS_12_1_1_OnlyModernTLS(t *testing.T) {
	t.Parallel()
	c := startHTTPS(t)
	for version, works := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		conn, err := tls.Dial("tcp", c.URL.Host, &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version})
		if (err == nil) != works {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
		if err == nil {
			conn.Close()
		}
	}
}

func TestASVS_12_2_1_ClearTextServesNothing(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, func(s *cli.Serve) {
		harness.BehindProxy(s)
		s.BaseURL = "https://c.example"
	})
	c.Transport = proxy{to: c.Config.Listener.Addr().String()}
	c.Administrator().Get("/settings/users").Wants(http.StatusOK)
	plain := &harness.Console{T: t, Server: &cli.Server{URL: &url.URL{Scheme: "http", Host: "c.example"}}, Transport: c.Transport}
	b := plain.Browser()
	for _, path := range []string{"/signin?next=%2F", "/settings/users"} { // 4.1.2
		if to := b.Get(path).
			Wants(http.StatusPermanentRedirect).
			Header; to.Get("Location") != "https://c.example"+path ||
			to.Get("Set-Cookie") != "" {
			t.Errorf("%s is answered with %v", path, to)
		}
	}
	b.PostForm("/signin", "email", harness.AdminEmail, "password", harness.AdminPassword).Wants(http.StatusForbidden)
	b.Get("/healthz").Wants(http.StatusOK)
}

func TestASVS_3_5_4_UnknownHosts(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	b := c.Browser()
	b.Header.Set("X-Forwarded-Host", c.URL.Host)
	for host, status := range map[string]int{"evil.example": 421, "localhost.evil.example": 421, "127.0.0.1.evil.example": 421, "evil.example:80": 421,
		"localhost": 200, "127.0.0.1:1": 200, "[::1]:80": 200} {
		b.Header.Set("Host", host)
		b.Get("/signin").Wants(status)
		b.Get("/healthz").Wants(http.StatusOK)
		b.Get("/readyz").Wants(http.StatusOK)
	}
}

func TestASVS_4_1_4_OtherMethods(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	admin.Header.Set("X-CSRF-Token", admin.Token())
	before := c.Snapshot()
	for _, b := range []*harness.Browser{c.Browser(), admin} {
		for _, method := range []string{http.MethodTrace, http.MethodPut, http.MethodPatch, http.MethodDelete, "FOO"} { // 13.4.4
			for _, path := range []string{"/", "/signin", "/settings/users/new", "/healthz", "/static/x.css", "/nothing"} {
				a := b.Do(method, path, nil, "")
				if a.StatusCode != http.StatusMethodNotAllowed && a.StatusCode != http.StatusNotFound {
					t.Errorf("%s %s is answered %d", method, path, a.StatusCode)
				}
				if a.StatusCode == http.StatusMethodNotAllowed && a.Header.Get("Allow") == "" {
					t.Errorf("%s %s does not say what is allowed", method, path)
				}
			}
		}
	}
	c.WantUnchanged(before, "other methods")
	for _, path := range []string{"/signin", "/healthz"} {
		if a := c.Browser().Do(http.MethodHead, path, nil, "").Wants(http.StatusOK); a.Body != "" {
			t.Errorf("HEAD %s has a body", path)
		}
	}
}

func TestGzipIsLeftOutWhereItIsRefused(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	for accepted, zipped := range map[string]bool{
		"gzip": true, "br, gzip;q=0.1": true, "gzip;q=0": false, "br, gzip; q=0.000, *": false, "identity": false,
	} {
		for _, path := range []string{"/signin", "/api/v1/openapi.json", static.URL("app.css")} {
			b := c.Browser()
			b.Header = http.Header{"Accept-Encoding": {accepted}}
			a := b.Get(path).Wants(http.StatusOK)
			if (a.Header.Get("Content-Encoding") == "gzip") != zipped || !strings.Contains(a.Header.Get("Vary"), "Accept-Encoding") {
				t.Errorf("%s, asked with %s, is answered %v", path, accepted, a.Header)
			}
		}
	}
}

func TestASVS_13_4_NothingElseIsServed(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	for _, b := range []*harness.Browser{c.Browser(), c.Administrator()} {
		for _, path := range []string{"/.git/HEAD", "/.env", "/static/", "/static", "/static/../go.mod", "/static/%2e%2e/go.mod", "/static/app.css.map",
			"/static/static.go", "/metrics", "/debug/pprof/", "/console.db", "/settings/profile/x.css", "/settings/profile%2Fx.css", "/settings/users;.js"} { // 13.4.1, 13.4.3, 13.4.5, 13.4.7, 14.2.5
			b.Get(path).Wants(http.StatusNotFound)
		}
	}
}

func TestASVS_3_7_2_NobodyIsLedAway(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	for i, next := range []string{"//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https:evil.example", "https://evil.example/",
		"http://" + c.URL.Host + "@evil.example/", "javascript:alert(1)", "data:text/html,x", "/\t/evil.example", "/%0d%0aX:1//evil", "/%09/evil.example",
		"/%2Fevil.example", "/.//evil.example", "/..//evil.example", "//localhost:1//evil.example", c.URL.String() + "//evil.example", "evil.example", "https:///evil.example"} {
		answers := []*harness.Answer{admin.Get("/signin?next=" + url.QueryEscape(next))}
		if i < 3 {
			answers = append(answers, c.Browser().Post("/signin", "email", harness.AdminEmail, "password", harness.AdminPassword, "next", next))
		}
		for _, a := range answers {
			to, err := a.Wants(http.StatusSeeOther).Location() // as a browser resolves it
			if err != nil || to.Host != c.URL.Host || to.Scheme != c.URL.Scheme || strings.HasPrefix(a.Header.Get("Location"), "//") ||
				strings.ContainsAny(a.Header.Get("Location"), "\\\t\r\n") {
				t.Errorf("next=%q leads to %q", next, a.Header.Get("Location"))
			}
		}
	}
	admin.Get("/signin?next=" + url.QueryEscape("/settings/users?tab=active")).To("/settings/users")
}

func TestASVS_1_4_2_OddNumbers(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	numbers := []string{"0", "-1", "1e9", "9223372036854775807", "9223372036854775808", "1.5", "NaN", "1%00", "%ff", "1'"}
	token := admin.Token()
	for _, n := range numbers {
		for _, path := range []string{"/settings/triggers/%s/edit", "/settings/integrations/%s/edit", "/settings/integrations/%s/delete", "/settings/invitations/%s/revoke"} {
			admin.Get(strings.ReplaceAll(path, "%s", n)).Wants(http.StatusNotFound)
		}
		admin.PostForm("/settings/invitations/"+n+"/link", "csrf_token", token).Wants(http.StatusNotFound)
		plain, err := url.PathUnescape(n)
		if err != nil {
			t.Fatal(err)
		}
		admin.PostForm("/settings/users/new", "role", "analyst", "email", "x@example.com", "tenant_id", plain, "csrf_token", token).
			Wants(http.StatusUnprocessableEntity)
		admin.PostForm("/settings/users/invite-link", "role", "analyst", "email", "x@example.com", "tenant_id", "1", "duration", plain, "csrf_token", token).
			Wants(http.StatusUnprocessableEntity)
		admin.PostForm("/settings/triggers/new", "name", "x", "condition", "user_added", "integration_ids", plain, "csrf_token", token).
			Wants(http.StatusUnprocessableEntity)
		for _, name := range []string{"tab", "sort", "dir", "q", "cursor"} { // 1.2.4
			admin.Get("/settings/users?" + name + "=" + n).Wants(http.StatusOK)
		}
	}
	for _, place := range []any{1e300, -1e300, "\x00", "x", nil, true, []int{1}, map[string]int{}} {
		for _, id := range []any{-1, int64(9223372036854775807), 1e30} {
			encoded, err := json.Marshal(map[string]any{"k": place, "i": id, "b": true})
			if err != nil {
				t.Fatal(err)
			}
			for _, sort := range []string{"name", "last_auth"} {
				admin.Get("/settings/users?sort=" + sort + "&cursor=" + base64.RawURLEncoding.EncodeToString(encoded)).Wants(http.StatusOK)
			}
		}
	}
}

func TestASVS_2_2_StaleAndIncompleteForms(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	c.Slack(admin, c.Receiver.URL+"/services/T0/B0/secret")
	c.Trigger(admin, "1")
	integration := []string{"name", "Renamed", "active", "1"}
	trigger := []string{"name", "Renamed", "condition", "user_added", "integration_ids", "1"}
	for path, form := range map[string][]string{"/settings/integrations/1/edit": integration, "/settings/triggers/1/edit": trigger} {
		for _, version := range []string{"", "x"} { // FC-93
			admin.Post(path, append(form, "version", version)...).Wants(http.StatusUnprocessableEntity)
		}
		admin.Post(path, form...).Wants(http.StatusUnprocessableEntity)
		admin.Post(path, append(form, "version", "999")...).Wants(http.StatusConflict)
	}
	c.WantCount(
		0,
		`SELECT (SELECT count(*) FROM integrations WHERE name = 'Renamed') + (SELECT count(*) FROM triggers WHERE name = 'Renamed')`,
	)
}

func TestASVS_4_2_OversizedRequests(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	b := c.Browser()
	token := b.Token()
	big := io.MultiReader(strings.NewReader("csrf_token="+token+"&email="), strings.NewReader(strings.Repeat("x", 1<<20)))
	if a := b.Do(http.MethodPost, "/signin", big, "application/x-www-form-urlencoded"); a.StatusCode < 400 || a.StatusCode >= 500 {
		t.Errorf("a form of a megabyte is answered %d", a.StatusCode)
	}
	b.Header.Set("X-Big", strings.Repeat("x", 64<<10))
	b.Get("/signin").Wants(http.StatusRequestHeaderFieldsTooLarge)
}

func TestFC95_OtherSitesChangeNothing(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	token := admin.Token()
	const form = "role=global_admin&email=evil%40example.net&tenant_id=1"
	bodies := []struct{ contentType, body string }{
		{"application/x-www-form-urlencoded", form},
		{"text/plain", form},
		{"application/json", `{"role":"global_admin","email":"evil@example.net","tenant_id":1}`},
		{"multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\nevil@example.net\r\n--b--\r\n"},
		{"", form},
		{"application/x-www-form-urlencoded", form + "&csrf_token=" + token}, // even who has learnt the token
	}
	for _, site := range []map[string]string{
		{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example", "Sec-Fetch-Mode": "no-cors"},
		{"Origin": "https://evil.example"},
	} {
		for name, value := range site {
			admin.Header.Set(name, value)
		}
		for _, b := range bodies {
			admin.Do(http.MethodPost, "/settings/users/new", strings.NewReader(b.body), b.contentType).Wants(http.StatusForbidden)
		}
		admin.Header.Set("X-HTTP-Method-Override", http.MethodPost)
		admin.Get("/settings/users/new?_method=POST&" + form).Wants(http.StatusOK)
		admin.Header = http.Header{}
	}
	c.WantCount(1, `SELECT count(*) FROM users`)
}

func TestFC96_TheTokenDecides(t *testing.T) {
	t.Parallel()
	module, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`github.com/labstack/echo/v4 v4\.16\.4\b`).Match(module) {
		t.Error("echo is another version than v4.16.4: see how its CSRF and RealIP defaults have changed, then change this line")
	}
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	admin.Header.Set("Sec-Fetch-Site", "none")
	token := harness.CSRFInput.FindStringSubmatch(admin.Get("/settings/users/new").Wants(http.StatusOK).Body)[1]
	for i, try := range []struct {
		site, token string
		status      int
	}{
		{"same-origin", token, http.StatusSeeOther}, // a bookmark's form
		{"none", token, http.StatusSeeOther},
		{"", token, http.StatusSeeOther}, // behind a proxy that strips the header
		{"same-origin", "", http.StatusForbidden},
		{"none", "", http.StatusForbidden},
		{"", "", http.StatusForbidden},
		{"cross-site", token, http.StatusForbidden},
		{"same-site", token, http.StatusForbidden},
	} {
		admin.Header.Set("Sec-Fetch-Site", try.site)
		email := fmt.Sprintf("person%d@example.com", i)
		admin.PostForm("/settings/users/new", "role", "analyst", "email", email, "tenant_id", "1", "csrf_token", try.token).Wants(try.status)
		c.WantCount(map[int]int{http.StatusSeeOther: 1}[try.status], `SELECT count(*) FROM users WHERE email = $1`, email)
	}
}
