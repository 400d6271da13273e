package e2e

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"console/e2e/harness"
	"console/store"
)

func TestFC41_FC42_FC43_NobodyReachesAboveThemselves(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	global := c.Administrator()
	admin, reader := c.Member(global, "admin", "admin@example.com"), c.Member(global, "read_only", "reader@example.com")
	c.Add(global, "global_admin", "Gus", "", "gus@example.com")
	c.Add(global, "analyst", "Ann", "", "ann@example.com")
	above, below := c.Invitation("gus@example.com"), c.Invitation("ann@example.com")
	refused := c.Refusals()
	deny := func(a *harness.Answer) {
		t.Helper()
		a.Wants(http.StatusForbidden)
		refused++
		if n := c.Refusals(); n != refused {
			t.Errorf("%s %s: %d refusals are in the activity log, not %d", a.Request.Method, a.Request.URL.Path, n, refused)
		}
	}
	for _, action := range []string{"/resend", "/link", "/revoke"} {
		deny(admin.Post(above + action)) // FC-41
		deny(reader.Post(below + action))
	}
	deny(admin.Get(above + "/revoke"))
	for _, path := range []string{"/settings/users/new", "/settings/users/invite-link"} {
		admin.Get(path).
			Wants(http.StatusOK).
			Contains(`value="admin"`).
			Lacks(`value="global_admin"`, `value="global_analyst"`, `value="global_read_only"`)
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

func TestFC04_OneMailboxOneInvitation(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	c.Add(admin, "analyst", "Ann", "", "Ann@Example.com")
	for _, path := range []string{"/settings/users/new", "/settings/users/invite-link"} {
		admin.Post(path, "role", "analyst", "first_name", "Ann", "email", "ann@example.com", "tenant_id", "1", "duration", "1h").
			Wants(http.StatusUnprocessableEntity).Contains("already invited")
	}
	c.WantCount(1, `SELECT count(*) FROM users WHERE email_key = 'ann@example.com'`)

	token := admin.Token()
	var both sync.WaitGroup
	answers := make([]*harness.Answer, 2)
	for i, email := range []string{"Bea@Example.com", "bea@example.com"} {
		both.Go(func() {
			answers[i] = admin.PostForm("/settings/users/new", "role", "analyst", "email", email, "tenant_id", "1", "csrf_token", token)
		})
	}
	both.Wait()
	if got := answers[0].StatusCode + answers[1].StatusCode; got != http.StatusSeeOther+http.StatusUnprocessableEntity {
		t.Errorf("two at once were answered %d and %d", answers[0].StatusCode, answers[1].StatusCode)
	}
	c.WantCount(1, `SELECT count(*) FROM users WHERE email_key = 'bea@example.com'`)
}

func TestFC06_AnAccountIsNotInvited(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	c.Member(admin, "analyst", "bob@example.com")
	for _, path := range []string{"/settings/users/new", "/settings/users/invite-link"} {
		admin.Post(path, "role", "analyst", "email", "BOB@example.com", "tenant_id", "1", "duration", "1h").
			Wants(http.StatusUnprocessableEntity).Contains("already has an account", "Mem Ber", "/settings/users?q=bob%40example.com")
	}
	c.WantCount(1, `SELECT count(*) FROM users WHERE email_key = 'bob@example.com'`)
}

func TestFC07_InvitingADisabledPerson(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	c.Member(admin, "analyst", "carol@example.com")
	c.Disable("carol@example.com")
	c.Trigger(admin, c.Slack(admin, c.Receiver.URL+"/services/T0/B0/secret"))
	deliveries := c.Count(`SELECT count(*) FROM deliveries`)
	for _, path := range []string{"/settings/users/new", "/settings/users/invite-link"} {
		admin.Post(path, "role", "analyst", "email", "carol@example.com", "tenant_id", "1", "duration", "1h").
			Wants(http.StatusUnprocessableEntity).
			Contains("already has an account", "access is disabled", "and enable access", "/settings/users?q=carol%40example.com")
	}
	if status := c.User("carol@example.com").Status(); status != store.Disabled {
		t.Errorf("Carol is %s", status)
	}
	c.WantCount(deliveries, `SELECT count(*) FROM deliveries`)
	c.WantCount(0, `SELECT count(*) FROM events`)
}

func TestFC23_OneRequestOneAddress(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	for _, email := range []string{"a@example.com, evil@example.net", "a@example.com;evil@example.net", "a@example.com evil@example.net",
		"a@example.com\r\nBcc: evil@example.net", "a@example.com%0d%0aBcc:evil@example.net", "a@example.com\nRCPT TO:<evil@example.net>",
		"<a@example.com>", `"a b"@example.com`, "a@example.com\r\nX", "evil@example.net\x00@example.com"} {
		for _, path := range []string{"/settings/users/new", "/settings/users/invite-link"} {
			admin.Post(path, "role", "analyst", "email", email, "tenant_id", "1", "duration", "1h").Wants(http.StatusUnprocessableEntity)
		}
	}
	admin.Post("/settings/users/new", "role", "analyst", "email", "a@example.com", "email", "evil@example.net", "tenant_id", "1").
		Wants(http.StatusSeeOther)
	c.Mail.WaitFor(t, "a@example.com")
	for _, m := range c.Mail.Messages() {
		if !slices.Equal(m.To, []string{"a@example.com"}) || strings.Contains(string(m.Raw), "evil") {
			t.Errorf("a mail went to %v", m.To)
		}
	}
}

func TestFC25_SpellingsOfADomainAreOne(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	admin.Post("/settings/users/new", "role", "analyst", "email", "ann@bücher.example", "tenant_id", "1").Wants(http.StatusSeeOther)
	for _, email := range []string{"ann@xn--bcher-kva.example", "ann@bu\u0308cher.example", "ANN@BÜCHER.example"} {
		admin.Post("/settings/users/new", "role", "analyst", "email", email, "tenant_id", "1").
			Wants(http.StatusUnprocessableEntity).
			Contains("already invited")
	}
	if to := c.Mail.WaitFor(t, "ann@xn--bcher-kva.example").To; !slices.Equal(to, []string{"ann@xn--bcher-kva.example"}) {
		t.Errorf("the mail went to %v", to)
	}
}
