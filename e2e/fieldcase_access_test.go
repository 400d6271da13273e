package e2e

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestFC41_FC42_FC43_NobodyReachesAboveThemselves(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	global := c.administrator()
	admin, reader := c.member(global, "admin", "admin@example.com"), c.member(global, "read_only", "reader@example.com")
	c.add(global, "global_admin", "Gus", "", "gus@example.com")
	c.add(global, "analyst", "Ann", "", "ann@example.com")
	above, below := c.invitation("gus@example.com"), c.invitation("ann@example.com")
	refused := c.entries("refused", "refused")
	deny := func(a *answer) {
		t.Helper()
		a.wants(http.StatusForbidden)
		refused++
		if n := c.entries("refused", "refused"); n != refused {
			t.Errorf("%s %s: %d refusals are in the activity log, not %d", a.Request.Method, a.Request.URL.Path, n, refused)
		}
	}
	for _, action := range []string{"/resend", "/link", "/revoke"} {
		deny(admin.post(above + action)) // FC-41
		deny(reader.post(below + action))
	}
	deny(admin.get(above + "/revoke"))
	for _, path := range []string{"/settings/users/new", "/settings/users/invite-link"} {
		admin.get(path).wants(http.StatusOK).contains(`value="admin"`).lacks(`value="global_admin"`, `value="global_analyst"`, `value="global_read_only"`)
		for _, role := range []string{"global_admin", "global_analyst", "global_read_only"} { // FC-42, FC-43
			deny(admin.post(path, "role", role, "email", "x@example.com", "tenant_id", "1", "duration", "1h"))
		}
		deny(reader.get(path))
		deny(reader.post(path, "role", "read_only", "email", "x@example.com", "tenant_id", "1", "duration", "1h"))
	}
	c.wantCount(0, `SELECT count(*) FROM users WHERE email_key = 'x@example.com'`)
	admin.post("/settings/users/new", "role", "admin", "email", "equal@example.com", "tenant_id", "1").wants(http.StatusSeeOther)
	admin.post(below + "/resend").wants(http.StatusSeeOther)
}

func TestFC50_FC51_DisablingEndsEverything(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	first := c.member(admin, "admin", "ann@example.com")
	second := c.browser()
	second.signIn("ann@example.com", password("ann@example.com"))
	token := second.token()
	link := c.add(admin, "analyst", "Bea", "", "bea@example.com")
	c.disable("ann@example.com")
	c.disable("bea@example.com")

	first.get("/settings/users").to("/signin")
	second.postForm("/settings/users/new", "role", "analyst", "email", "x@example.com", "tenant_id", "1", "csrf_token", token).to("/signin")
	second.get("/settings/profile").to("/signin")
	c.wantCount(0, `SELECT count(*) FROM users WHERE email_key = 'x@example.com'`)
	c.browser().post("/signin", "email", "ann@example.com", "password", password("ann@example.com")).
		wants(http.StatusUnprocessableEntity).contains("The email or the password is wrong.")
	c.browser().get(link).wants(http.StatusGone)
	c.browser().accept(link, "bea").wants(http.StatusGone)
	if user := c.user("bea@example.com"); user.ActivatedAt != 0 || user.PasswordHash != "" {
		t.Error("a disabled person has signed up")
	}
	c.wantCount(0, `SELECT count(*) FROM sessions WHERE user_id = $1`, c.user("bea@example.com").ID)
}

func TestFC55_AnEndedSessionStaysEnded(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	global := c.administrator()
	admin := c.member(global, "admin", "ann@example.com")
	id := c.user("ann@example.com").ID
	form := url.Values{"role": {"analyst"}, "email": {"x@example.com"}, "tenant_id": {"1"}, "csrf_token": {admin.token()}}.Encode()

	// The console asks for the form only once it has loaded the session, and is answered when the session is gone.
	admin.Header.Set("Expect", "100-continue")
	admin.http.Transport = &http.Transport{ExpectContinueTimeout: time.Minute}
	asked := &lateBody{Reader: strings.NewReader(form), before: func() {
		c.exec(`DELETE FROM sessions WHERE user_id = $1`, id)
	}}
	admin.do(http.MethodPost, "/settings/users/new", asked, "application/x-www-form-urlencoded").to("/signin")
	admin.Header.Del("Expect")
	admin.get("/settings/profile").to("/signin")
	c.wantCount(0, `SELECT count(*) FROM sessions WHERE user_id = $1`, id)
	c.wantCount(0, `SELECT count(*) FROM users WHERE email_key = 'x@example.com'`)
}

// lateBody calls before when the server begins to read the form.
type lateBody struct {
	io.Reader
	before func()
	once   sync.Once
}

func (b *lateBody) Read(p []byte) (int, error) {
	b.once.Do(b.before)
	return b.Reader.Read(p)
}

func TestFC55_AQueuedChangeOfAnEndedSession(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.member(c.administrator(), "admin", "ann@example.com")
	id := c.user("ann@example.com").ID
	token := admin.token()
	lock, err := c.raw().Conn(t.Context())
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
	done := make(chan *answer)
	go func() {
		done <- admin.postForm("/settings/users/new", "role", "analyst", "email", "x@example.com", "tenant_id", "1", "csrf_token", token)
	}()
	select {
	case a := <-done:
		t.Fatalf("the change did not wait for the lock: %d", a.StatusCode)
	case <-time.After(300 * time.Millisecond): // it waits; an unlucky start only makes the test easier
	}
	run(`DELETE FROM sessions WHERE user_id = $1`, id)
	run(`COMMIT`)
	(<-done).to("/signin")
	admin.get("/settings/profile").to("/signin")
	c.wantCount(0, `SELECT count(*) FROM users WHERE email_key = 'x@example.com'`)
	c.wantCount(0, `SELECT count(*) FROM sessions WHERE user_id = $1`, id)
}
