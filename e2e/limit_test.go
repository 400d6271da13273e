package e2e

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/account"
	"console/internal/fake"
	"console/internal/permission"
)

// wantsLater fails the test unless the answer is that of a limit: 429, and when to try again, for people and programs.
func wantsLater(a *harness.Answer) {
	a.T.Helper()
	a.Wants(http.StatusTooManyRequests).Contains("Try again in ")
	if seconds, err := strconv.Atoi(a.Header.Get("Retry-After")); err != nil || seconds < 1 {
		a.T.Errorf("%s: Retry-After is %q", a.Request.URL.Path, a.Header.Get("Retry-After"))
	}
}

// tried are the limits of the table, by what they limit and how many it allows, each tried from outside.
var tried = map[string]func(t *testing.T, l account.Limit){
	"wrong passwords for an email": func(t *testing.T, l account.Limit) {
		_, b := visitor(t)
		attempts(l.Number, b, http.StatusUnprocessableEntity, "/signin", "email", harness.AdminEmail, "password", "wrong")
		wantsLater(b.Post("/signin", "email", harness.AdminEmail, "password", harness.AdminPassword))
	},
	"wrong passwords over all emails": func(t *testing.T, l account.Limit) {
		_, b := visitor(t)
		for i := range l.Number {
			b.Post("/signin", "email", fmt.Sprintf("%d@example.com", i), "password", "wrong").Wants(http.StatusUnprocessableEntity)
		}
		wantsLater(b.Post("/signin", "email", harness.AdminEmail, "password", harness.AdminPassword))
	},
	"wrong second factors, after the right password": func(t *testing.T, l account.Limit) {
		c, _ := visitor(t)
		c.Administrator().Enrol(harness.AdminPassword)
		half := c.Halfway()
		attempts(l.Number, half, http.StatusUnprocessableEntity, "/signin/2fa", "code", "000000")
		wantsLater(half.Post("/signin/2fa", "code", "000000"))
	},
	"wrong passwords where the console asks for one's own again": func(t *testing.T, l account.Limit) {
		_, b := harness.SignedIn(t, nil)
		path := "/settings/profile/password"
		form := []string{"current_password", "wrong", "password", "another long password", "again", "another long password"}
		attempts(l.Number-1, b, http.StatusUnprocessableEntity, path, form...)
		b.Post(path, form...).To("/signin")
		b.Get("/settings/profile").To("/signin")
	},
	"requests of programs": func(t *testing.T, l account.Limit) {
		c, b := visitor(t)
		b.Header.Set("X-WallarmApi-Token", tokenOf(c, harness.AdminEmail))
		ask := func() *harness.Answer { return b.Do(http.MethodPost, "/v1/user", nil, "") }
		for range l.Number {
			ask().Wants(http.StatusOK)
		}
		var last *harness.Answer
		for range 20 * l.Number { // meanwhile some more are allowed, at an even pace
			if last = ask(); last.StatusCode != http.StatusOK {
				break
			}
		}
		wantsLater(last)
		b.Header.Set("X-WallarmApi-Token", tokenOf(c, harness.AdminEmail))
		ask().Wants(http.StatusOK)
	},
	"personal API tokens": func(t *testing.T, l account.Limit) {
		c, admin := harness.SignedIn(t, nil)
		for c.Count(`SELECT count(*) FROM tokens`) < l.Number {
			tokenOf(c, harness.AdminEmail)
		}
		admin.Post("/settings/tokens/new", "name", "X", "kind", "personal", "permissions", "users.view", "tenant_ids", "1").
			Wants(http.StatusUnprocessableEntity).Contains("Delete those that are no longer needed")
		c.AskAPI(tokenOf(c, c.Person(permission.GlobalAdmin, "Gail", "", "gail@example.com").Email), http.MethodDelete, "/tokens/1", "")
		admin.Post("/settings/tokens/new", "name", "X", "kind", "personal", "permissions", "users.view", "tenant_ids", "1").Wants(http.StatusOK)
	},
	"unknown API tokens": func(t *testing.T, l account.Limit) {
		c, admin := harness.SignedIn(t, nil)
		value := issued(admin.Post("/settings/tokens/new", "name", "X", "kind", "personal", "permissions", "users.view", "tenant_ids", "1"))
		for range l.Number {
			wantToken(c, "unknown", account.TokenRefused)
		}
		wantToken(c, "unknown", account.Throttled)
		c.Restart()
		wantToken(c, "unknown", account.Throttled)
		wantToken(c, value, "")
	},
	"requests of visitors for a link to set a new password": func(t *testing.T, l account.Limit) {
		_, b := visitor(t)
		attempts(l.Number, b, http.StatusSeeOther, "/forgot", "email", "nobody@example.com")
		wantsLater(b.Post("/forgot", "email", "nobody@example.com"))
	},
	"links to set a new password that visitors have sent": func(t *testing.T, l account.Limit) {
		c, b := visitor(t)
		attempts(l.Number+2, b, http.StatusSeeOther, "/forgot", "email", harness.AdminEmail)
		harness.Eventually(t, "the requests are answered", func() bool { return c.Count(`SELECT count(*) FROM reset_requests`) == 0 })
		c.WantCount(l.Number, `SELECT count(*) FROM reset_links`)
	},
	"answers to who tries during a pause": func(t *testing.T, l account.Limit) {
		_, b := visitor(t)
		attempts(5, b, http.StatusUnprocessableEntity, "/signin", "email", "nobody@example.com", "password", "wrong")
		began := time.Now()
		for range 3 * l.Number {
			wantsLater(b.Post("/signin", "email", "nobody@example.com", "password", "wrong"))
			if time.Since(began) > 900*time.Millisecond { // the pause of a second would end
				return
			}
		}
		if least := time.Duration(2*l.Number-2) * l.Time; time.Since(began) < least {
			t.Errorf("%d answers within %v, though they take %v", 3*l.Number, time.Since(began), least)
		}
	},
	"visitors in the queue for the check of a password": func(t *testing.T, _ account.Limit) {
		t.Log("see TestFC191_HasherKeepsPlacesForOthers and TestFC191_ACrowdKeepsNobodyOut")
	},
	"a body sent without a session": func(t *testing.T, l account.Limit) {
		_, b := visitor(t)
		b.Do(http.MethodPost, "/signin", strings.NewReader(strings.Repeat("x", l.Number)), "application/x-www-form-urlencoded").
			Wants(http.StatusForbidden) // no token
		b.Do(http.MethodPost, "/signin", strings.NewReader(strings.Repeat("x", l.Number+1)), "application/x-www-form-urlencoded").
			Wants(http.StatusRequestEntityTooLarge)
	},
	"invitation mails": func(t *testing.T, l account.Limit) {
		c, clock := harness.StartAt(t)
		admin := c.Administrator()
		apart := time.Duration(0)
		if l.Time > time.Hour {
			apart = 21 * time.Minute // three in an hour pass
		}
		for i := range l.Number {
			if i%2 == 0 { // added again, in capitals
				admin.Post("/settings/users/new", "role", "analyst", "first_name", "In", "last_name", "Vited", "email",
					[]string{"invited@example.com", "Invited@Example.com"}[i/2%2], "tenant_id", "1").Wants(http.StatusSeeOther)
			} else {
				admin.Post(c.Invitation("invited@example.com") + "/resend").Wants(http.StatusSeeOther)
				admin.Post(c.Invitation("invited@example.com") + "/revoke").Wants(http.StatusSeeOther)
			}
			clock.Advance(apart)
		}
		if l.Number%2 == 0 {
			later := admin.Post("/settings/users/new", "role", "analyst", "first_name", "In", "last_name", "Vited", "email",
				"invited@example.com", "tenant_id", "1")
			wantsLater(later)
			later.Contains(`value="Vited"`) // what was typed stays
		} else {
			resend := c.Invitation("invited@example.com") + "/resend"
			wantsLater(admin.Post(resend))
			c.Restart()
			wantsLater(admin.Post(resend))
			clock.Advance(l.Time)
			c.Administrator().Post(resend).Wants(http.StatusSeeOther)
		}
	},
	"“Send password reset” by administrators": func(t *testing.T, l account.Limit) {
		c, admin := harness.SignedIn(t, nil)
		c.Member(admin, "analyst", "ann@example.com")
		path := fmt.Sprintf("/settings/users/%d/password-reset", c.User("ann@example.com").ID)
		attempts(l.Number, admin, http.StatusSeeOther, path)
		wantsLater(admin.Post(path))
	},
	"tests of integrations and triggers, and test mails": func(t *testing.T, l account.Limit) {
		c, admin := harness.SignedIn(t, nil)
		id := c.Slack(admin, c.Receiver.URL+"/services/x")
		attempts(l.Number-3, admin, http.StatusOK, "/settings/integrations/"+id+"/test")
		admin.Post("/settings/integrations/test?type=slack", "name", "x", "url", c.Receiver.URL+"/services/y").Wants(http.StatusOK)
		admin.Post("/settings/triggers/test", "condition", "user_added", "integration_ids", id).Wants(http.StatusOK)
		admin.Post("/settings/general/test-mail").Wants(http.StatusSeeOther)
		wantsLater(admin.Post("/settings/integrations/" + id + "/test"))
		wantsLater(admin.Post("/settings/integrations/test?type=slack", "name", "x", "url", c.Receiver.URL+"/services/y"))
		wantsLater(admin.Post("/settings/triggers/test", "condition", "user_added", "integration_ids", id))
		wantsLater(admin.Post("/settings/general/test-mail"))
	},
	"tests of integrations and triggers, and test mails, that run": func(t *testing.T, l account.Limit) {
		c, admin := harness.SignedIn(t, nil)
		id := c.Slack(admin, c.Receiver.URL+"/services/x")
		c.Receiver.Respond(fake.Response{Delay: 3 * time.Second})
		admin.Token()
		ended := make(chan int, l.Number)
		for range l.Number {
			go func() { ended <- admin.Post("/settings/integrations/" + id + "/test").StatusCode }()
		}
		harness.Eventually(t, "both run", func() bool { return len(c.Receiver.Requests()) == l.Number })
		wantsLater(admin.Post("/settings/integrations/" + id + "/test"))
		for range l.Number {
			if status := <-ended; status != http.StatusOK {
				t.Errorf("a test is answered %d", status)
			}
		}
		admin.Post("/settings/integrations/" + id + "/test").Wants(http.StatusOK)
	},
	"“Send again” of deliveries": func(t *testing.T, l account.Limit) {
		c, admin := harness.SignedIn(t, nil)
		c.Trigger(admin, c.Slack(admin, c.Receiver.URL+"/services/x"))
		c.Add(admin, "analyst", "Ann", "", "ann@example.com")
		sent := func() string {
			return c.Cell(`SELECT coalesce(CAST(min(id) AS TEXT), '') FROM deliveries WHERE kind = 'slack' AND state = 'delivered'`)
		}
		harness.Eventually(t, "the message is delivered", func() bool { return sent() != "" })
		path := "/settings/deliveries/" + sent() + "/resend"
		attempts(l.Number, admin, http.StatusSeeOther, path)
		wantsLater(admin.Post(path))
	},
}

func visitor(t *testing.T) (*harness.Console, *harness.Browser) {
	c := harness.Ready(t, nil)
	return c, c.Browser()
}

// attempts sends a form so often, and fails the test unless each is answered with the status.
func attempts(n int, b *harness.Browser, status int, path string, form ...string) {
	for range n {
		b.Post(path, form...).Wants(status)
	}
}

func TestEveryLimitIsHeld(t *testing.T) {
	t.Parallel()
	for _, l := range account.Limits() {
		t.Run(l.What+": "+l.Allows(), func(t *testing.T) {
			t.Parallel()
			try := tried[l.What]
			if try == nil {
				t.Fatal("nobody tries this limit")
			}
			try(t, l)
		})
	}
}

func TestFC193_UnsavedAddressesAreNotTested(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	strangers := "one@example.net\ntwo@example.net"
	a := admin.Post("/settings/integrations/test?type=email", "name", "x", "emails", strangers).Wants(http.StatusOK)
	a.Contains(harness.AdminEmail)
	id := c.Destination(admin, "email", "emails", "saved@example.com\nother@example.com")
	admin.Post("/settings/integrations/"+id+"/test", "name", "x", "active", "1", "emails", strangers).Wants(http.StatusOK)
	for _, m := range c.Mail.Messages() {
		for _, to := range m.To {
			if strings.HasSuffix(to, "@example.net") {
				t.Errorf("%s was sent a test", to)
			}
		}
	}
	sent := len(c.Mail.Messages())
	admin.Post("/settings/integrations/" + id + "/test").Wants(http.StatusOK)
	if n := len(c.Mail.Messages()) - sent; n != 2 {
		t.Errorf("the test of saved addresses sends %d mails", n)
	}
	recipients := c.Column(`SELECT json_extract(changes, '$.recipients[1]') FROM activity WHERE action = 'test integration' ORDER BY id`)
	want := []string{"x: " + harness.AdminEmail, "x: " + harness.AdminEmail, "email: saved@example.com, email: other@example.com"}
	if fmt.Sprint(recipients) != fmt.Sprint(want) {
		t.Errorf("the entries name %v", recipients)
	}
}
