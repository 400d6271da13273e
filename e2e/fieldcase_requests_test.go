package e2e

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/cli"
	"console/internal/fake"
)

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
	if !regexp.MustCompile(`github.com/labstack/echo/v4 v4\.16\.0\b`).Match(module) {
		t.Error("echo is another version than v4.16.0: see how its CSRF and RealIP defaults have changed, then change this line")
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

// guess signs in with a wrong password and returns the status of the answer.
func guess(b *harness.Browser, email, token string) int {
	return b.PostForm("/signin", "email", email, "password", "wrong", "csrf_token", token).StatusCode
}

func TestFC98_AForgedAddressDoesNotCount(t *testing.T) {
	t.Parallel()
	c, _ := harness.StartAt(t)
	b := c.Browser()
	token := b.Token()
	for i := range 6 {
		b.From(fmt.Sprintf("1.2.3.%d", i))
		if status, want := guess(b, harness.AdminEmail, token), map[bool]int{true: http.StatusTooManyRequests, false: http.StatusUnprocessableEntity}[i == 5]; status != want {
			t.Errorf("guess %d was answered %d, not %d", i+1, status, want)
		}
	}
	if log := c.Log.String(); strings.Contains(log, "1.2.3.") || !strings.Contains(log, `"address":"127.0.0.1"`) {
		t.Error("the log holds forged addresses")
	}
	c.WantCount(0, `SELECT count(*) FROM activity WHERE address LIKE '1.2.3.%'`)
}

func TestFC98_ClientsBehindAProxyAreApart(t *testing.T) {
	t.Parallel()
	clock := fake.NewClock(time.Now())
	c := harness.Ready(t, func(s *cli.Serve) {
		harness.BehindProxy(s)
		s.Now = clock.Now
	})
	attacker, victim := c.Browser().From("198.51.100.9, 203.0.113.7"), c.Browser().From("198.51.100.9")
	token := attacker.Token()
	for range 5 {
		guess(attacker, harness.AdminEmail, token)
	}
	if status := guess(attacker, harness.AdminEmail, token); status != http.StatusTooManyRequests {
		t.Errorf("the sixth guess was answered %d", status)
	}
	victim.SignIn(harness.AdminEmail, harness.AdminPassword)
	if address := c.Cell(`SELECT address FROM activity WHERE action = 'sign in' AND outcome = 'failed'`); address != "203.0.113.7" {
		t.Errorf("the activity log names %s", address)
	}
}
