package e2e

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"console/internal/cli"
	"console/internal/fake"
)

func TestFC95_OtherSitesChangeNothing(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	token := admin.token()
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
			admin.do(http.MethodPost, "/settings/users/new", strings.NewReader(b.body), b.contentType).wants(http.StatusForbidden)
		}
		admin.Header.Set("X-HTTP-Method-Override", http.MethodPost)
		admin.get("/settings/users/new?_method=POST&" + form).wants(http.StatusOK)
		admin.Header = http.Header{}
	}
	c.wantCount(1, `SELECT count(*) FROM users`)
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
	c := ready(t, nil)
	admin := c.administrator()
	admin.Header.Set("Sec-Fetch-Site", "none")
	token := csrfInput.FindStringSubmatch(admin.get("/settings/users/new").wants(http.StatusOK).Body)[1]
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
		admin.postForm("/settings/users/new", "role", "analyst", "email", email, "tenant_id", "1", "csrf_token", try.token).wants(try.status)
		c.wantCount(map[int]int{http.StatusSeeOther: 1}[try.status], `SELECT count(*) FROM users WHERE email = $1`, email)
	}
}

// guess signs in with a wrong password and returns the status of the answer.
func (b *browser) guess(email, token string) int {
	return b.postForm("/signin", "email", email, "password", "wrong", "csrf_token", token).StatusCode
}

func TestFC98_AForgedAddressDoesNotCount(t *testing.T) {
	t.Parallel()
	c, _ := startAt(t)
	b := c.browser()
	token := b.token()
	for i := range 6 {
		b.from(fmt.Sprintf("1.2.3.%d", i))
		if status, want := b.guess(adminEmail, token), map[bool]int{true: http.StatusTooManyRequests, false: http.StatusUnprocessableEntity}[i == 5]; status != want {
			t.Errorf("guess %d was answered %d, not %d", i+1, status, want)
		}
	}
	if log := c.Log.String(); strings.Contains(log, "1.2.3.") || !strings.Contains(log, `"address":"127.0.0.1"`) {
		t.Error("the log holds forged addresses")
	}
	c.wantCount(0, `SELECT count(*) FROM activity WHERE address LIKE '1.2.3.%'`)
}

func TestFC98_ClientsBehindAProxyAreApart(t *testing.T) {
	t.Parallel()
	clock := fake.NewClock(time.Now())
	c := ready(t, func(s *cli.Serve) {
		behindProxy(s)
		s.Now = clock.Now
	})
	attacker, victim := c.browser().from("198.51.100.9, 203.0.113.7"), c.browser().from("198.51.100.9")
	token := attacker.token()
	for range 5 {
		attacker.guess(adminEmail, token)
	}
	if status := attacker.guess(adminEmail, token); status != http.StatusTooManyRequests {
		t.Errorf("the sixth guess was answered %d", status)
	}
	victim.signIn(adminEmail, adminPassword)
	if address := c.cell(`SELECT address FROM activity WHERE action = 'sign in' AND outcome = 'failed'`); address != "203.0.113.7" {
		t.Errorf("the activity log names %s", address)
	}
}

// TestFC100 does not run beside other tests: it compares times.
func TestFC100_SignInTellsNothing(t *testing.T) {
	c := ready(t, behindProxy)
	admin := c.administrator()
	c.member(admin, "analyst", "active@example.com")
	c.member(admin, "analyst", "disabled@example.com")
	c.add(admin, "analyst", "Ann", "", "invited@example.com")
	c.disable("disabled@example.com")
	b, address := c.browser(), 0
	token := b.token()
	try := func(email string) (time.Duration, string) {
		address++
		b.from(fmt.Sprintf("10.0.%d.%d", address/250, address%250+1))
		began := time.Now()
		a := b.postForm("/signin", "email", email, "password", "a wrong password", "csrf_token", token)
		took := time.Since(began)
		return took, fmt.Sprint(a.StatusCode, a.Header["Set-Cookie"], csrfInput.ReplaceAllString(strings.ReplaceAll(a.Body, email, "EMAIL"), ""))
	}
	emails := []string{"unknown@example.com", "active@example.com", "disabled@example.com", "invited@example.com"}
	_, same := try(emails[0])
	equallyLong(t, emails, func(email string) time.Duration {
		took, said := try(email)
		if said != same {
			t.Fatalf("%s is answered\n%s\nand not\n%s", email, said, same)
		}
		return took
	})
}

// equallyLong fails the test unless trying takes equally long for all: the medians lie within a fifth.
func equallyLong(t *testing.T, emails []string, try func(email string) time.Duration) {
	t.Helper()
	// A busy machine slows neighbours alike, so that each time is taken relative to those of its turn. The order is
	// random, because what one leaves behind, a mail to send or garbage to collect, slows the next. On a machine that is
	// busy all the time it takes many turns until chance evens out; what tells who exists never does.
	relative := map[string][]float64{}
	for tries := 1; ; tries++ {
		times := make([]float64, len(emails))
		for _, at := range rand.Perm(len(emails)) {
			times[at] = try(emails[at]).Seconds()
		}
		for i, email := range emails {
			relative[email] = append(relative[email], times[i]*float64(len(times))/(times[0]+times[1]+times[2]+times[3]))
		}
		if tries < 30 {
			continue
		}
		medians := map[string]float64{}
		for email, all := range relative {
			medians[email] = slices.Sorted(slices.Values(all))[tries/2]
		}
		sorted := slices.Sorted(maps.Values(medians))
		if sorted[3] <= 1.2*sorted[0] {
			return
		}
		if tries == 200 {
			t.Fatalf("the times tell who exists: %v", medians)
		}
	}
}
