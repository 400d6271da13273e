package e2e

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"console/e2e/harness"
)

// requestNumber is the id by which an error page and the log find each other.
var requestNumber = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// wantsUnavailable checks what is answered while the database does not answer: words and the number of the request, and
// no cookie is taken away.
func wantsUnavailable(t *testing.T, c *harness.Console, a *harness.Answer) {
	t.Helper()
	what := a.Request.Method + " " + a.Request.URL.Path
	if a.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("%s (htmx: %q) is answered %d:\n%s", what, a.Request.Header.Get("HX-Request"), a.StatusCode, a.Body)
		return
	}
	if a.Request.Method != http.MethodHead {
		if !strings.Contains(a.Body, "The database does not answer") || !strings.Contains(a.Body, "cannot read or save") {
			t.Errorf("%s does not say what is the matter:\n%s", what, a.Body)
		}
		number := requestNumber.FindString(a.Body)
		if number == "" || !strings.Contains(c.Log.String(), number) {
			t.Errorf("%s has the number %q, which is not in the log:\n%s", what, number, a.Body)
		}
	}
	for _, cookie := range a.Cookies() {
		if cookie.MaxAge < 0 || cookie.Value == "" {
			t.Errorf("%s takes the cookie %s away", what, cookie.Name)
		}
	}
}

// unavailableTo asks every GET route and some forms while the database does not answer.
func unavailableTo(c *harness.Console, b *harness.Browser, token string, addresses map[string][]string) {
	t := c.T
	t.Helper()
	_, visits := b.Header["X-Visitor"]
	for _, htmx := range []bool{false, true} {
		if b.Header.Del("HX-Request"); htmx {
			b.Header.Set("HX-Request", "true")
		}
		for _, r := range c.Routes() {
			var answers []*harness.Answer
			switch {
			case r.Path == "/healthz":
				answers = nil
				if a := b.Get(r.Path); a.StatusCode != http.StatusOK || a.Body != "ok" {
					t.Errorf("/healthz is answered %d %q", a.StatusCode, a.Body)
				}
			case r.Path == "/readyz":
				if a := b.Get(r.Path); a.Body != "ok" && (a.StatusCode != http.StatusServiceUnavailable || a.Body != "unavailable") {
					t.Errorf("/readyz is answered %d %q", a.StatusCode, a.Body)
				}
			case r.Method == http.MethodGet:
				for _, path := range addresses[r.Path] {
					answers = append(answers, b.Get(path), b.Do(http.MethodHead, path, nil, ""))
				}
			default:
				path := strings.NewReplacer(":id", "1", ":token", "unknown").Replace(r.Path)
				answers = append(answers, b.PostForm(path, "csrf_token", token, "email", harness.AdminEmail, "password", harness.AdminPassword))
			}
			for _, a := range answers {
				if visits && (asksNothing[r.Path] || leadsToSignIn(a, r.Needs.SignedIn())) {
					continue
				}
				wantsUnavailable(t, c, a)
			}
		}
	}
}

// asksNothing are the routes that need no database to answer somebody who is not signed in.
var asksNothing = map[string]bool{
	"/session": true, "/signin/2fa": true, "/signin/2fa/passkey": true, "/signin/password": true, "/signout": true,
}

// leadsToSignIn says that a visitor is led to the sign-in page, which needs no database; that page then says what is the matter.
func leadsToSignIn(a *harness.Answer, needsSignIn bool) bool {
	to := a.Header.Get("Location") + a.Header.Get("HX-Redirect")
	return needsSignIn && strings.Contains(to, "/signin")
}

func TestFC209_ADatabaseThatFailsIsSaidInWords(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(*harness.Console){
		"closed":           func(c *harness.Console) { c.DB.Close() },
		"without a table":  func(c *harness.Console) { c.Exec(`ALTER TABLE account RENAME TO hidden`) },
		"without sessions": func(c *harness.Console) { c.Exec(`ALTER TABLE sessions RENAME TO hidden`) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, admin, addresses := populated(t)
			c.T = t
			visitor := c.Browser()
			visitor.Header.Set("X-Visitor", "")
			own, foreign := admin.Token(), visitor.Token()
			fail(c)
			unavailableTo(c, admin, own, addresses)
			if admin.Cookie("console") == nil {
				t.Error("the session's cookie is gone")
			}
			if name == "closed" { // else something still answers visitors
				unavailableTo(c, visitor, foreign, addresses)
				if a := visitor.Get("/readyz"); a.StatusCode != http.StatusServiceUnavailable {
					t.Errorf("/readyz is answered %d %q", a.StatusCode, a.Body)
				}
			}
		})
	}
}

func TestFC209_SigningInSaysThatTheDatabaseFails(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	b := c.Browser()
	token := b.Token()
	c.DB.Close()
	for _, password := range []string{harness.AdminPassword, "a wrong password"} {
		a := b.PostForm("/signin", "csrf_token", token, "email", harness.AdminEmail, "password", password)
		wantsUnavailable(t, c, a)
		a.Lacks("is wrong")
	}
}
