package e2e

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"console/e2e/harness"
	"console/internal/cli"
)

// TestNginxAsDocumented takes a second.
func TestNginxAsDocumented(t *testing.T) { behindReal(t, harness.Nginx) }

// TestHAProxyAsDocumented takes a second.
func TestHAProxyAsDocumented(t *testing.T) {
	inServingTests(t)
	behindReal(t, harness.HAProxy)
}

// TestCaddyAsDocumented takes two seconds.
func TestCaddyAsDocumented(t *testing.T) {
	inServingTests(t)
	behindReal(t, harness.Caddy)
}

// inServingTests skips a test that make test-long runs.
func inServingTests(t *testing.T) {
	t.Helper()
	if os.Getenv("SERVING") != "all" {
		t.Skip("make test-long runs this")
	}
}

// behindReal works with a console behind a real reverse proxy, with and without a base path.
func behindReal(t *testing.T, start func(t *testing.T, console, path string) *harness.ReverseProxy) {
	t.Parallel()
	for name, path := range map[string]string{"host": "", "path": "/console"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := "https://" + harness.ProxiedHost + path
			c := harness.Ready(t, func(s *cli.Serve) {
				s.BaseURL = base
				if err := s.TrustedProxies.UnmarshalText([]byte("127.0.0.1")); err != nil {
					t.Fatal(err)
				}
			})
			proxy := start(t, c.Config.Listener.Addr().String(), path)
			workBehind(t, c, proxy)
		})
	}
}

// workBehind signs in, sends forms and follows redirects by a proxy, as somebody who makes up what proxies say.
func workBehind(t *testing.T, c *harness.Console, proxy *harness.ReverseProxy) {
	t.Helper()
	path := c.URL.Path
	c.Transport = proxy.Client("127.0.0.7")
	b := c.Browser()
	for name, value := range map[string]string{
		"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/evil",
		"X-Forwarded-Port": "81", "X-Real-IP": "203.0.113.9", "Forwarded": "for=203.0.113.9;host=evil.example",
	} {
		b.Header.Set(name, value)
	}
	plain, err := c.Transport.RoundTrip(asking(t, "http://"+harness.ProxiedHost+path+"/signin?next=x"))
	if err != nil {
		t.Fatal(err)
	}
	plain.Body.Close()
	if to := plain.Header.Get("Location"); plain.StatusCode != http.StatusPermanentRedirect || to != c.URL.String()+"/signin?next=x" {
		t.Errorf("http is answered %d and leads to %s", plain.StatusCode, to)
	}

	b.Get("/settings/users").To(path + "/signin")
	signedIn := b.Post("/signin", "email", harness.AdminEmail, "password", harness.AdminPassword)
	signedIn.To(path + "/")
	if signedIn.ProtoMajor != 2 {
		t.Errorf("the protocol is %s", signedIn.Proto)
	}
	cookie, at := "__Host-console", "Path=/;"
	if path != "" {
		cookie, at = "__Secure-console", "Path="+path+"/;"
	}
	if set := strings.Join(signedIn.Header.Values("Set-Cookie"), "\n"); !strings.Contains(set, cookie+"=") || !strings.Contains(set, at) ||
		!strings.Contains(set, "Secure") {
		t.Errorf("the cookies are %s", set)
	}
	page := b.Get("/settings/users").Wants(http.StatusOK).Contains(`href="` + path + `/settings/groups"`).Lacks("evil")
	if page.ProtoMajor != 2 {
		t.Errorf("the protocol is %s", page.Proto)
	}
	b.Post("/settings/tenants/new", "name", "").Wants(http.StatusUnprocessableEntity)
	b.Post("/settings/tenants/new", "name", "Tenant by proxy").Wants(http.StatusSeeOther).Lacks("evil")
	c.WantCount(1, `SELECT count(*) FROM tenants WHERE name = 'Tenant by proxy'`)
	c.WantCount(0, `SELECT count(*) FROM activity WHERE address NOT IN ('127.0.0.7', '')`)
	c.WantCount(1, `SELECT count(*) FROM activity WHERE action = 'sign in' AND address = '127.0.0.7'`)
	if log := c.Log.String(); strings.Contains(log, "203.0.113.9") || !strings.Contains(log, `"address":"127.0.0.7"`) {
		t.Errorf("the log is\n%s", log)
	}
}

// asking is a request for a page.
func asking(t *testing.T, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
