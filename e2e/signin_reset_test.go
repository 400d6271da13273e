package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
)

func TestResetLinksWorkOnceAndKeepTheSecondFactor(t *testing.T) { // ASVS 6.4.3
	t.Parallel()
	c, clock := harness.StartAt(t)
	b := c.SignedInByPassword()
	app := b.Enrol(harness.AdminPassword)
	path := c.ResetPath(harness.AdminEmail)
	for range 3 {
		c.Browser().Get(path).Wants(http.StatusOK).Contains(harness.AdminEmail)
	}
	const changed = "another long password"
	c.Browser().Post(path, "password", "short").Wants(http.StatusUnprocessableEntity).Contains("Use at least")
	c.Browser().Post(path, "password", changed).To("/signin")
	c.Browser().Post(path, "password", changed).Wants(http.StatusGone)
	b.Get("/settings/profile").To("/signin")
	clock.Advance(time.Minute)
	b.Post("/signin", "email", harness.AdminEmail, "password", changed).To("/signin/2fa")
	b.Post("/signin/2fa", "code", app.Code(0)).To("/")

	again := c.ResetPath(harness.AdminEmail)
	clock.Advance(time.Hour)
	c.Browser().Get(again).Wants(http.StatusGone).Contains("Ask for a new link")
	c.Browser().Get("/reset/unknown").Wants(http.StatusNotFound)
}

func TestFC100_ForgottenPasswordsTellNothing(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, harness.BehindProxy)
	admin := c.SignedInByPassword()
	c.Add(admin, "analyst", "In", "Vited", "invited@example.com")
	c.Member(admin, "analyst", "disabled@example.com")
	c.Member(admin, "analyst", "active@example.com")
	c.Disable("disabled@example.com")
	c.Settled()
	messages := len(c.Mail.Messages())
	var bodies []string
	for i, email := range []string{"active@example.com", "disabled@example.com", "invited@example.com", "unknown@example.com"} {
		b := c.Browser().From("198.51.100." + string(rune('1'+i)))
		a := b.Post("/forgot", "email", email).To("/signin")
		bodies = append(bodies, a.Body+a.Header.Get("Location"))
	}
	for _, body := range bodies {
		if body != bodies[0] {
			t.Errorf("the answers differ:\n%s\n%s", body, bodies[0])
		}
	}
	harness.Eventually(t, "the requests are answered", func() bool { return c.Count(`SELECT count(*) FROM reset_requests`) == 0 })
	c.Settled()
	if n := len(c.Mail.Messages()) - messages; n != 1 {
		t.Errorf("%d mails were sent", n)
	}
}

func TestFC23_AResetGoesToTheStoredAddressOnly(t *testing.T) { // and FC-20
	t.Parallel()
	c := harness.Ready(t, nil)
	b := c.Browser()
	b.Token()
	b.Header.Set("X-Forwarded-Host", "evil.example")
	b.Header.Set("Forwarded", "host=evil.example")
	b.Post("/forgot", "email", harness.AdminEmail, "email", "evil@evil.example").To("/signin")
	b.Post("/forgot", "email", harness.AdminEmail+", evil@evil.example").Wants(http.StatusUnprocessableEntity)
	b.Post("/forgot", "email", harness.AdminEmail+"\r\nBcc: evil@evil.example").Wants(http.StatusUnprocessableEntity)
	b.Post("/forgot", "email", strings.ToUpper(harness.AdminEmail)).To("/signin")
	harness.Eventually(t, "two links are sent", func() bool { return c.Count(`SELECT count(*) FROM reset_links`) == 2 })
	c.Settled()
	for _, m := range c.Mail.Messages() {
		if strings.Join(m.To, " ") != harness.AdminEmail || strings.Contains(strings.Join(harness.LinksIn(m), " "), "evil.example") {
			t.Errorf("mail to %v with links %v", m.To, harness.LinksIn(m))
		}
	}
	for range 5 {
		c.Browser().Post("/forgot", "email", harness.AdminEmail).To("/signin")
	}
	harness.Eventually(t, "the requests are answered", func() bool { return c.Count(`SELECT count(*) FROM reset_requests`) == 0 })
	c.WantCount(3, `SELECT count(*) FROM reset_links`) // an hour
	for range 13 {
		c.Browser().Post("/forgot", "email", "other@example.com").Wants(http.StatusSeeOther)
	}
	c.Browser().Post("/forgot", "email", "other@example.com").Wants(http.StatusTooManyRequests)
}
