package e2e

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/permission"
	"console/store"
)

func TestFC50_FC51_DisablingEndsEverything(t *testing.T) {
	harness.OnBoth(t)
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
	lock := c.Writer()
	defer lock.Close()
	run := func(statement string, args ...any) {
		t.Helper()
		if _, err := lock.ExecContext(t.Context(), statement, args...); err != nil {
			t.Fatal(err)
		}
	}
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

func TestFC51_DisabledPeopleComeInByNoWay(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	admin := c.Administrator()
	member := c.Member(admin, "analyst", "ann@example.com")
	app := member.Enrol(harness.Password("ann@example.com"))
	half := c.Browser()
	half.Post("/signin", "email", "ann@example.com", "password", harness.Password("ann@example.com")).To("/signin/2fa")
	reset := c.ResetPath("ann@example.com")
	clock.Advance(time.Minute)
	admin.Post("/settings/users/" + c.Cell(`SELECT id FROM users WHERE email = 'ann@example.com'`) + "/disable").To("/settings/users")
	half.Post("/signin/2fa", "code", app.Code(0)).To("/signin")
	half.Post("/signin/2fa", "code", app.Codes[0]).To("/signin")
	member.Get("/settings/profile").To("/signin")
	c.Browser().Get(reset).Wants(http.StatusGone)
	c.Browser().Post(reset, "password", "another long password").Wants(http.StatusGone)
	c.Browser().
		Post("/signin", "email", "ann@example.com", "password", harness.Password("ann@example.com")).
		Wants(http.StatusUnprocessableEntity)
}

func TestFC50_DisabledPeopleAreSignedOutEverywhere(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	ann := c.Person(permission.Admin, "Ann", "Lee", "ann@example.com")
	one, two := c.Browse(ann), c.Browse(ann)
	one.Get("/settings/users").Wants(http.StatusOK)
	two.Get("/settings/users").Wants(http.StatusOK)
	john.Get(harness.UserPath(ann, "disable")).Wants(http.StatusOK).Contains("Ann Lee", "signed out everywhere at once")
	if c.User("ann@example.com").Status() != store.Active {
		t.Fatal("asking for confirmation has disabled Ann")
	}
	john.Post(harness.UserPath(ann, "disable")).To("/settings/users")
	one.Get("/settings/users").To("/signin")
	two.Header.Set("HX-Request", "true")
	two.Header.Set("HX-Current-URL", c.URL.String()+"/settings/users")
	if to := two.Get("/settings/users?q=a").Wants(http.StatusUnauthorized).Header.Get("HX-Redirect"); !strings.HasPrefix(to, "/signin?next=") {
		t.Errorf("htmx is led to %q", to)
	}
	if n := c.Sessions(ann); n != 0 {
		t.Errorf("%d session rows are left", n)
	}
	john.Post(harness.UserPath(ann, "disable")).Wants(http.StatusSeeOther)
	if n := c.Entries("disable access", "done"); n != 1 {
		t.Errorf("%d entries of one change", n)
	}
	john.Get("/settings/users?tab=disabled").Contains("Ann Lee", "Enable access")

	john.Post(harness.UserPath(ann, "enable")).To("/settings/users")
	john.Post(harness.UserPath(ann, "enable")).Wants(http.StatusSeeOther)
	if c.User("ann@example.com").Status() != store.Active || c.Sessions(ann) != 0 || c.Entries("enable access", "done") != 1 {
		t.Error("enabling restores sign-in once, and no session")
	}
	one.Get("/settings/users").Wants(http.StatusSeeOther)
	c.Browse(ann).Get("/settings/users").Wants(http.StatusOK)
}

// TestFC51_DisabledOnEveryPathIn tries the password and a signup link; both are paths that a disabled person had.
func TestFC51_DisabledPersonHasNoWayIn(t *testing.T) {
	t.Parallel()
	c := harness.Start(t, nil)
	c.SetUp()
	john := c.Administrator()
	c.Member(john, "admin", "ann@example.com")
	john.Post(harness.UserPath(c.User("ann@example.com"), "disable")).Wants(http.StatusSeeOther)
	wrong := c.Browser().Post("/signin", "email", "nobody@example.com", "password", harness.Password("x"))
	refused := c.Browser().Post("/signin", "email", "ann@example.com", "password", harness.Password("ann@example.com"))
	if refused.StatusCode != wrong.StatusCode || strings.Contains(refused.Body, "isabled") {
		t.Errorf("a disabled person is answered %d, an unknown one %d:\n%s", refused.StatusCode, wrong.StatusCode, refused.Body)
	}
	if n := c.Sessions(c.User("ann@example.com")); n != 0 {
		t.Errorf("%d sessions", n)
	}
	john.Post(harness.UserPath(c.User("ann@example.com"), "enable")).Wants(http.StatusSeeOther)
	c.Browser().SignIn("ann@example.com", harness.Password("ann@example.com"))
}

func TestFC55_RunningRequestOfADisabledPersonChangesNothing(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"disable", "delete"} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			c, john := harness.SignedIn(t, nil)
			ann := c.Person(permission.Admin, "Ann", "Lee", "ann@example.com")
			adding, reading := c.Browse(ann), c.Browse(ann)
			form := "role=analyst&tenant_id=1&email=late@example.com&csrf_token=" + adding.Token()
			reading.LateForm(
				http.MethodGet,
				"/settings/users",
				"multipart/form-data; boundary=b",
				"--b\r\nContent-Disposition: form-data; name=\"q\"\r\n\r\nlee\r\n--b--\r\n",
				func() {
					adding.LateForm(http.MethodPost, "/settings/users/new", "application/x-www-form-urlencoded", form, func() {
						john.Post(harness.UserPath(ann, end), "confirm_email", ann.Email).To("/settings/users")
					}).To("/signin")
				},
			)
			c.WantCount(0, "SELECT count(*) FROM users WHERE email_key = 'late@example.com'")
			c.WantCount(0, "SELECT count(*) FROM deliveries")
			for _, b := range []*harness.Browser{adding, reading} {
				b.Get("/settings/users").To("/signin")
			}
			if n := c.Sessions(ann); n != 0 {
				t.Errorf("%d session rows came back", n)
			}
		})
	}
}

// TestFC55_ChangeThatWaitsForTheWriter lets a form that has its session wait for the writer, in which its person is
// disabled first.
func TestFC55_ChangeThatWaitsForTheWriter(t *testing.T) {
	t.Parallel()
	c, _ := harness.SignedIn(t, nil)
	ann := c.Person(permission.Admin, "Ann", "Lee", "ann@example.com")
	by := c.Browse(ann)
	form := "role=analyst&tenant_id=1&email=late@example.com&csrf_token=" + by.Token()
	held, disabled, committed := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(committed)
		c.Update(func(ctx context.Context, tx *store.Tx) error {
			close(held)
			<-disabled
			ann.DisabledAt = store.At(time.Now())
			return errors.Join(tx.UpdateUser(ctx, &ann), tx.DeleteSessionsOfUser(ctx, ann.ID))
		})
	}()
	answer := by.LateForm(http.MethodPost, "/settings/users/new", "application/x-www-form-urlencoded", form, func() {
		<-held
		close(disabled) // the form reaches the writer while this transaction has it, or after its commit
	})
	<-committed
	answer.To("/signin")
	c.WantCount(0, "SELECT count(*) FROM users WHERE email_key = 'late@example.com'")
	if n := c.Sessions(ann); n != 0 {
		t.Errorf("%d session rows came back", n)
	}
}
