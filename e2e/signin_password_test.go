package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"console/e2e/harness"
)

func TestFC138_SignedInMeansSignedIn(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	c.Member(c.SignedInByPassword(), "analyst", "ann@example.com")
	c.Disable("ann@example.com")
	before, done := c.User("ann@example.com").LastAuthAt, c.Entries("sign in", "done")
	for _, typed := range []string{harness.Password("ann@example.com"), "wrong"} {
		c.Browser().Post("/signin", "email", "ann@example.com", "password", typed).Wants(http.StatusUnprocessableEntity)
	}
	if c.Entries("sign in", "done") != done || c.Entries("sign in", "failed") != 2 || c.User("ann@example.com").LastAuthAt != before {
		t.Error("a refused sign-in counts as one")
	}
}

func TestASVS_6_2_Passwords(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.SignedInByPassword()
	path := c.InviteByLink(admin, "analyst", "geraldine.smithson@longdomain.example")
	invited := c.Browser()
	for _, refused := range []string{"", "elevenchars", strings.Repeat("x", 257), "Geraldine Smithson", "geraldine.smithson", "GERALDINESMITHSON2024!",
		"geraldine.smithson@longdomain.example", "longdomain.example", "TestCompany1234"} { // 6.2.1, 6.2.11
		a := invited.Post(path, "first_name", "Geraldine", "last_name", "Smithson", "password", refused).Wants(http.StatusUnprocessableEntity)
		if !strings.Contains(refused, "@") && refused != "" { // the email is shown
			a.Lacks(`value="` + refused + `"`)
		}
	}
	for i, accepted := range []string{"only lower case", " leading 😀 and Trailing ", strings.Repeat("ä", 256)} { // 6.2.5, 6.2.8, 6.2.9
		email := fmt.Sprintf("person%d@example.com", i)
		b := c.Browser()
		page := b.Get(c.InviteByLink(admin, "analyst", email)).
			Wants(http.StatusOK).
			Contains(`type="password"`, `autocomplete="new-password"`)
			// 6.2.6, 6.2.7
		b.Post(page.Request.URL.Path, "first_name", "Ann", "password", accepted).To("/")
		c.Browser().SignIn(email, accepted)
	}
	for i, wrong := range []string{"Only lower case", "leading 😀 and Trailing", strings.Repeat("ä", 255)} {
		c.Browser().Post("/signin", "email", fmt.Sprintf("person%d@example.com", i), "password", wrong).Wants(http.StatusUnprocessableEntity)
	}
	if hash := c.User("person0@example.com").PasswordHash; !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") { // 11.4.2
		t.Errorf("the hash is %s", hash)
	}
}
