package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
)

func TestFC41_FC42_FC43_NobodyReachesAboveThemselves(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	global := c.Administrator()
	admin, reader := c.Member(global, "admin", "admin@example.com"), c.Member(global, "read_only", "reader@example.com")
	c.Add(global, "global_admin", "Gus", "", "gus@example.com")
	c.Add(global, "analyst", "Ann", "", "ann@example.com")
	above, below := c.Invitation("gus@example.com"), c.Invitation("ann@example.com")
	refused := c.Entries("refused", "refused")
	deny := func(a *harness.Answer) {
		t.Helper()
		a.Wants(http.StatusForbidden)
		refused++
		if n := c.Entries("refused", "refused"); n != refused {
			t.Errorf("%s %s: %d refusals are in the activity log, not %d", a.Request.Method, a.Request.URL.Path, n, refused)
		}
	}
	for _, action := range []string{"/resend", "/link", "/revoke"} {
		deny(admin.Post(above + action)) // FC-41
		deny(reader.Post(below + action))
	}
	deny(admin.Get(above + "/revoke"))
	for _, path := range []string{"/settings/users/new", "/settings/users/invite-link"} {
		admin.Get(path).Wants(http.StatusOK).Contains(`value="admin"`).Lacks(`value="global_admin"`, `value="global_analyst"`, `value="global_read_only"`)
		for _, role := range []string{"global_admin", "global_analyst", "global_read_only"} { // FC-42, FC-43
			deny(admin.Post(path, "role", role, "email", "x@example.com", "tenant_id", "1", "duration", "1h"))
		}
		deny(reader.Get(path))
		deny(reader.Post(path, "role", "read_only", "email", "x@example.com", "tenant_id", "1", "duration", "1h"))
	}
	c.WantCount(0, `SELECT count(*) FROM users WHERE email_key = 'x@example.com'`)
	admin.Post("/settings/users/new", "role", "admin", "email", "equal@example.com", "tenant_id", "1").Wants(http.StatusSeeOther)
	admin.Post(below + "/resend").Wants(http.StatusSeeOther)
}

func TestFC50_FC51_DisablingEndsEverything(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	first := c.Member(admin, "admin", "ann@example.com")
	second := c.Browser()
	second.SignIn("ann@example.com", harness.Password("ann@example.com"))
	token := second.Token()
	link := c.Add(admin, "analyst", "Bea", "", "bea@example.com")
	c.Disable("ann@example.com")
	c.Disable("bea@example.com")

	first.Get("/settings/users").To("/signin")
	second.PostForm("/settings/users/new", "role", "analyst", "email", "x@example.com", "tenant_id", "1", "csrf_token", token).To("/signin")
	second.Get("/settings/profile").To("/signin")
	c.WantCount(0, `SELECT count(*) FROM users WHERE email_key = 'x@example.com'`)
	c.Browser().Post("/signin", "email", "ann@example.com", "password", harness.Password("ann@example.com")).
		Wants(http.StatusUnprocessableEntity).Contains("The email or the password is wrong.")
	c.Browser().Get(link).Wants(http.StatusGone)
	c.Browser().Accept(link, "bea").Wants(http.StatusGone)
	if user := c.User("bea@example.com"); user.ActivatedAt != 0 || user.PasswordHash != "" {
		t.Error("a disabled person has signed up")
	}
	c.WantCount(0, `SELECT count(*) FROM sessions WHERE user_id = $1`, c.User("bea@example.com").ID)
}

func TestFC55_AnEndedSessionStaysEnded(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	global := c.Administrator()
	admin := c.Member(global, "admin", "ann@example.com")
	id := c.User("ann@example.com").ID
	form := url.Values{"role": {"analyst"}, "email": {"x@example.com"}, "tenant_id": {"1"}, "csrf_token": {admin.Token()}}.Encode()

	// The console asks for the form only once it has loaded the session, and is answered when the session is gone.
	admin.Header.Set("Expect", "100-continue")
	admin.HTTP.Transport = &http.Transport{ExpectContinueTimeout: time.Minute}
	asked := &harness.LateBody{Reader: strings.NewReader(form), Before: func() {
		c.Exec(`DELETE FROM sessions WHERE user_id = $1`, id)
	}}
	admin.Do(http.MethodPost, "/settings/users/new", asked, "application/x-www-form-urlencoded").To("/signin")
	admin.Header.Del("Expect")
	admin.Get("/settings/profile").To("/signin")
	c.WantCount(0, `SELECT count(*) FROM sessions WHERE user_id = $1`, id)
	c.WantCount(0, `SELECT count(*) FROM users WHERE email_key = 'x@example.com'`)
}

func TestFC55_AQueuedChangeOfAnEndedSession(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Member(c.Administrator(), "admin", "ann@example.com")
	id := c.User("ann@example.com").ID
	token := admin.Token()
	lock, err := c.Raw().Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	run := func(statement string, args ...any) {
		t.Helper()
		if _, err := lock.ExecContext(t.Context(), statement, args...); err != nil {
			t.Fatal(err)
		}
	}
	run(`BEGIN IMMEDIATE`)
	done := make(chan *harness.Answer)
	go func() {
		done <- admin.PostForm("/settings/users/new", "role", "analyst", "email", "x@example.com", "tenant_id", "1", "csrf_token", token)
	}()
	select {
	case a := <-done:
		t.Fatalf("the change did not wait for the lock: %d", a.StatusCode)
	case <-time.After(300 * time.Millisecond): // it waits; an unlucky start only makes the test easier
	}
	run(`DELETE FROM sessions WHERE user_id = $1`, id)
	run(`COMMIT`)
	(<-done).To("/signin")
	admin.Get("/settings/profile").To("/signin")
	c.WantCount(0, `SELECT count(*) FROM users WHERE email_key = 'x@example.com'`)
	c.WantCount(0, `SELECT count(*) FROM sessions WHERE user_id = $1`, id)
}
