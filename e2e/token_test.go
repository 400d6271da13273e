package e2e

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/account"
	"console/internal/cli"
	"console/internal/permission"
	"console/store"
)

var tokenValue = regexp.MustCompile(`value="([A-Za-z0-9+/]{64})"`)

// issued is the value that a page shows once.
func issued(a *harness.Answer) string {
	a.T.Helper()
	m := tokenValue.FindStringSubmatch(strings.ReplaceAll(a.Body, "&#43;", "+"))
	if m == nil {
		a.T.Fatalf("no value is shown:\n%s", a.Body)
	}
	return m[1]
}

// wantToken says what a program is answered that works with a token.
func wantToken(c *harness.Console, value string, code account.Code) account.Actor {
	c.T.Helper()
	by, err := c.Account.TokenActor(c.T.Context(), value, "203.0.113.9")
	if r := account.AsRefusal(err); err != nil && (r == nil || r.Code != code) || err == nil && code != "" {
		c.T.Errorf("the token is answered with %v, want %q", err, code)
	}
	return by
}

func TestTokensAreMadeUsedAndEnded(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	admin.Get("/settings/tokens").Contains("You have no API token", "Create your first token", `aria-current="page"`)
	form := admin.Get("/settings/tokens/new").Contains(`value="users.view"`, `value="1"`, `value="all"`, `name="expires"`, `value="shared"`)
	if strings.Contains(form.Body, "checked") && !strings.Contains(form.Body, `value="1" checked`) {
		t.Error("something is given unless it is taken away")
	}
	made := admin.Post("/settings/tokens/new", "name", "Nightly sync", "kind", "personal", "permissions", "users.view", "permissions",
		"rules.view", "tenant_ids", "1", "expires", "30d").Wants(http.StatusOK)
	made.Contains(`data-once`, "will not be shown again", "Select all 64 characters", "Copy value")
	value := issued(made)
	by := wantToken(c, value, "")
	if by.Email != harness.AdminEmail || !by.May(permission.UsersView) || by.May(permission.UsersUpdate) || by.Source != account.API {
		t.Errorf("it works as %+v", by)
	}
	admin.Get("/settings/tokens").Contains("Nightly sync", "2 permissions in TestCompany").Lacks(value)
	harness.Eventually(t, "the use is noted", func() bool { return c.Count(`SELECT count(*) FROM tokens WHERE last_used_at > 0`) == 1 })
	admin.Get("/settings/tokens/1").Contains("view Users, view Rules", "from 203.0.113.9", "Works").Lacks(value)
	c.WantNoTrace(value)

	admin.Post("/settings/tokens/new", "name", "nightly SYNC", "kind", "personal", "permissions", "users.view", "tenant_ids", "1").
		Wants(http.StatusUnprocessableEntity).Contains("There is a token with this name already", `value="nightly SYNC"`)
	admin.Post("/settings/tokens/new", "name", "see www.evil.example", "kind", "personal").Wants(http.StatusUnprocessableEntity).
		Contains("Choose at least one permission", "Choose at least one tenant")

	admin.Get("/settings/tokens/1/disable").Contains("refused from the next request on")
	admin.Post("/settings/tokens/1/disable").Wants(http.StatusSeeOther)
	wantToken(c, value, account.TokenRefused)
	admin.Get("/settings/tokens/1").Contains("Somebody disabled it.")
	admin.Post("/settings/tokens/1/enable").Wants(http.StatusSeeOther)
	wantToken(c, value, "")

	admin.Get("/settings/tokens/1/renew").Contains("stops working at once", `type="date"`)
	admin.Post("/settings/tokens/1/renew", "expires", "2001-01-01").Wants(http.StatusUnprocessableEntity).Contains("This is over already")
	wantToken(c, value, "")
	renewed := issued(admin.Post("/settings/tokens/1/renew", "expires", "").Wants(http.StatusOK))
	wantToken(c, value, account.TokenRefused)
	wantToken(c, renewed, "")
	form2 := []string{"once", "abc", "expires", ""}
	admin.PostForm("/settings/tokens/1/renew", append(form2, "csrf_token", admin.Token())...).Wants(http.StatusOK)
	admin.PostForm("/settings/tokens/1/renew", append(form2, "csrf_token", admin.Token())...).Wants(http.StatusConflict).
		Contains("This form was sent before") // a reload
	admin.Post("/settings/tokens/1/delete").Wants(http.StatusSeeOther)
	wantToken(c, renewed, account.TokenRefused)
	admin.Get("/settings/tokens/1").Wants(http.StatusNotFound)
	for action, n := range map[string]int{"create token": 1, "disable token": 1, "enable token": 1, "renew token": 2, "delete token": 1} {
		if got := c.Entries(action, "done"); got != n {
			t.Errorf("%s: %d entries, want %d", action, got, n)
		}
	}
}

func TestTokensPageIsForThoseWhoMayHaveAny(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	const entry = `href="/settings/tokens"`
	admin.Get("/settings/profile").Contains(entry)
	analyst := c.Browse(c.Person(permission.Analyst, "Ann", "", "ann@example.com"))
	analyst.Get("/settings/profile").Contains(entry)
	analyst.Get("/settings/tokens").Lacks("tab=others")
	analyst.Get("/settings/tokens?tab=others").Wants(http.StatusForbidden)
	analyst.Get("/settings/tokens/new").Contains(`value="rules.update"`).Lacks(`value="users.view"`, `value="shared"`, `name="owner"`)
	reader := c.Browse(c.Person(permission.ReadOnly, "Rita", "", "rita@example.com"))
	reader.Get("/settings/profile").Lacks(entry)
	reader.Post("/settings/tokens/new", "name", "X", "kind", "personal", "permissions", "users.delete", "tenant_ids", "1").
		Wants(http.StatusForbidden)
	value := issued(analyst.Post("/settings/tokens/new", "name", "Hers", "kind", "personal", "permissions", "rules.update", "tenant_ids", "1"))
	c.Exec(`UPDATE tokens SET owner_id = $1`, c.User("rita@example.com").ID)
	reader.Get("/settings/profile").Contains(entry)
	reader.Get("/settings/tokens").Contains("Hers", "Grants nothing")
	reader.Get("/settings/tokens/1").Lacks("Renew").Contains("Disable", "Delete")
	wantToken(c, value, "")
	reader.Post("/settings/tokens/1/disable").Wants(http.StatusSeeOther)
	analyst.Get("/settings/tokens/1").Wants(http.StatusForbidden)
	admin.Get("/settings/tokens?tab=others&q=rita").Contains("Hers", "Rita")
	admin.Get("/settings/tokens?tab=others&q=nobody").Contains("No token matches")
}

func TestSharedTokensAreTakenOverWhereTheirOwnersAccessEnds(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	ann := c.Person(permission.Admin, "Ann", "Roe", "ann@example.com")
	hers := c.Browse(ann)
	share := func(name string) string {
		return issued(hers.Post("/settings/tokens/new", "name", name, "kind", "shared", "permissions", "users.view", "tenant_ids", "1"))
	}
	first, second, third := share("First"), share("Second"), share("Third")
	page := admin.Get(harness.UserPath(ann, "disable")).Contains("These shared API tokens of theirs are disabled", "First", `name="take_over"`)
	page.Contains("What they may do now, and then no more", "in TestCompany", "They are in 1 group: ", "They are signed out of 1 browser.")
	admin.Get(harness.UserPath(ann, "delete")).Contains("What they may do now, and then no more", "They are signed out of 1 browser.")
	hers.Post("/settings/tokens/3/delete").Wants(http.StatusSeeOther)
	page = admin.Post(harness.UserPath(ann, "disable"), "confirm", page.Confirm(), "take_over", "1").Wants(http.StatusConflict)
	admin.Post(harness.UserPath(ann, "disable"), "confirm", page.Confirm(), "take_over", "1").Wants(http.StatusSeeOther)
	wantToken(c, first, "")
	wantToken(c, second, account.TokenRefused)
	wantToken(c, third, account.TokenRefused)
	admin.Get("/settings/tokens/2").Contains("The access of its owner was disabled", "Take over")
	admin.Post(harness.UserPath(ann, "enable")).Wants(http.StatusSeeOther)
	wantToken(c, second, account.TokenRefused)
	taken := issued(admin.Post("/settings/tokens/2/take-over").Wants(http.StatusOK))
	wantToken(c, second, account.TokenRefused)
	wantToken(c, taken, "")

	bea := c.Person(permission.Admin, "Bea", "", "bea@example.com")
	issued(c.Browse(bea).Post("/settings/tokens/new", "name", "Fourth", "kind", "shared", "permissions", "users.view", "tenant_ids", "1"))
	bulk := admin.Get("/settings/users/bulk?action=delete&ids="+harness.IDPairs(bea)[1]).Contains("Fourth", `name="take_over"`)
	c.Bulk(admin, append(harness.IDPairs(bea), "action", "delete", "total", "1", "confirm", bulk.Confirm())...)
	admin.Get("/settings/tokens/4").Contains("(deleted)", "Somebody can take it over")
	c.WantCount(0, `SELECT count(*) FROM tokens WHERE owner_id = $1`, bea.ID)
	admin.Post("/settings/tokens/4/take-over", "keep_value", "1").Wants(http.StatusSeeOther)
}

func TestTokenCreateOnTheCommandLine(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	c.Person(permission.Analyst, "Ann", "", "ann@example.com")
	run := func(arguments ...string) (status int, out, problems string) {
		var o, p strings.Builder
		status = cli.Run(t.Context(), append([]string{"token", "create", "--data", c.Data, "--database", c.Database()}, arguments...), strings.NewReader(""), &o, &p)
		return status, o.String(), p.String()
	}
	status, out, problems := run("--email", harness.AdminEmail, "--name", "Terraform")
	value := strings.TrimSuffix(out, "\n")
	if status != 0 || len(value) != 64 {
		t.Fatalf("status %d: %q %s", status, out, problems)
	}
	if by := wantToken(c, value, ""); !by.May(permission.TenantsCreate) || !by.Can.Everywhere().Has(permission.UsersView) {
		t.Error("it does not grant all that its owner holds")
	}
	status, out, _ = run("--email", "Ann@Example.com", "--name", "Reader", "--permission", "rules.view", "--expires", "720h")
	if by := wantToken(c, strings.TrimSpace(out), ""); status != 0 || by.Email != "ann@example.com" || by.Can.In(1).String() != "rules.view" {
		t.Errorf("status %d: it works as %+v", status, by)
	}
	admin.Get("/settings/tokens?tab=others").Contains("Reader", "1 permission in TestCompany")
	for refused, arguments := range map[string][]string{
		"--email: There is nobody with this address": {"--email", "nobody@example.com", "--name", "X"},
		"--permission: The owner may not view Users": {"--email", "ann@example.com", "--name", "X", "--permission", "users.view"},
		"--permission: There is no permission":       {"--email", "ann@example.com", "--name", "X", "--permission", "users"},
		"--name: There is a token with this name":    {"--email", "ann@example.com", "--name", "reader"},
		"--expires: Enter a day":                     {"--email", "ann@example.com", "--name", "X", "--expires", "soon"},
	} {
		if status, _, problems := run(arguments...); status != 1 || !strings.Contains(problems, refused) {
			t.Errorf("%v: status %d, %s; want %s", arguments, status, problems, refused)
		}
	}
}

func TestOwnersAreMailedBeforeTheirTokensExpire(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	admin := c.Administrator()
	admin.Post("/settings/tokens/new", "name", "Nightly sync", "kind", "personal", "permissions", "users.view", "tenant_ids", "1", "expires", "4d").
		Wants(http.StatusOK)
	clock.Advance(25 * time.Hour)
	c.Restart() // what is done once an hour is done at the start
	harness.Eventually(t, "the owner is told", func() bool {
		for _, m := range c.Mail.Messages() {
			if m.Subject == "The API token Nightly sync is about to expire" && strings.Contains(m.Text, "/settings/tokens/1") && m.HTML != "" {
				return true
			}
		}
		return false
	})
	c.Administrator().Get("/settings/tokens").Contains("Expires soon")
}

func TestPeopleWhoMakeNoTokensGetThemFromTheirPage(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	robot, dev := c.Person(permission.Deploy, "Robot", "", "robot+ci@example.com"), c.Person(permission.APIDeveloper, "Dev", "", "dev@example.com")
	reader := c.Browse(c.Person(permission.ReadOnly, "Rita", "", "rita@example.com"))
	page := func(u store.User) string { return strings.TrimSuffix(harness.UserPath(u, ""), "/") }
	const leads = `href="/settings/tokens/new?owner=robot%2Bci%40example.com`
	admin.Get(page(robot)).Contains(leads, "Create token")
	admin.Get(page(dev)).Contains("/settings/tokens/new?owner=dev%40example.com")
	reader.Get(page(robot)).Lacks("Create token")
	admin.Get(page(c.User("rita@example.com"))).Lacks("Create token")
	admin.Get("/settings/tokens/new?owner=robot%2Bci%40example.com").
		Contains(`value="robot+ci@example.com"`, `value="nodes.create"`, "Robot, with the role Deploy").
		Lacks(`value="users.view"`, `value="shared"`, `value="all"`)
	admin.Post("/settings/tokens/new", "name", "Nodes", "kind", "personal", "owner", "robot+ci@example.com", "tenant_ids", "1").
		Wants(http.StatusUnprocessableEntity).Contains(`value="robot+ci@example.com"`, "Choose at least one permission").Lacks(`value="users.view"`)
	value := issued(admin.Post("/settings/tokens/new", "name", "Nodes", "kind", "personal", "owner", "robot+ci@example.com", "tenant_ids", "1",
		"permissions", "nodes.create"))
	if by := wantToken(c, value, ""); by.UserID != robot.ID {
		t.Errorf("it works as %+v", by)
	}
	c.Disable("robot+ci@example.com")
	admin.Get(page(robot)).Lacks("Create token")
}

func TestNamesOfTokensAreTextEverywhere(t *testing.T) {
	harness.OnBoth(t)
	t.Parallel()
	_, admin := harness.SignedIn(t, nil)
	const name, text = `"><b id=x>&amp;`, `&#34;&gt;&lt;b id=x&gt;&amp;amp;`
	made := admin.Post("/settings/tokens/new", "name", name, "kind", "shared", "permissions", "users.view", "tenant_ids", "1", "expires", "1d").
		Wants(http.StatusOK)
	pages := []*harness.Answer{made, admin.Get("/settings/tokens?tab=shared"), admin.Get("/settings/tokens/1"), admin.Get("/settings/activity"),
		admin.Get("/settings/tokens/1/disable"), admin.Get("/settings/tokens/1/renew"), admin.Get("/settings/tokens/1/delete")}
	for _, page := range pages {
		page.Contains(text).Lacks("<b id=x>")
	}
	for _, refused := range []string{"", " ", "\u200b", "a\nb", "see https://evil.example/", strings.Repeat("a", 256)} {
		admin.Post("/settings/tokens/new", "name", refused, "kind", "shared", "permissions", "users.view", "tenant_ids", "1").
			Wants(http.StatusUnprocessableEntity)
	}
}

func TestATokenAndItsEntriesLeadToEachOther(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	value := issued(admin.Post("/settings/tokens/new", "name", "Sync", "kind", "personal", "permissions", "users.view", "tenant_ids", "1"))
	const entries = `/settings/activity?object=1&amp;object_type=token`
	admin.Get("/settings/tokens").Contains(entries)
	admin.Get("/settings/tokens/1").Contains(entries)
	admin.Get("/settings/activity?object=1&object_type=token").Contains("created the API token", `href="/settings/tokens/1"`)
	admin.Post("/settings/tokens/1/disable").Wants(http.StatusSeeOther)
	wantToken(c, value, account.TokenRefused)
	c.Account.Settle(t.Context())
	admin.Get("/settings/activity?source=API+token").Contains("use the API token", `value="API token" selected`).Lacks("created the API token")
	c.AskAPI(tokenOf(c, harness.AdminEmail), http.MethodPost, "/groups", `{"name":"Made by a program","role":"analyst"}`)
	made := c.Cell(`SELECT max(id) FROM activity WHERE action = 'create group'`)
	admin.Get("/settings/activity/"+made).Contains("Source: API token", "“"+c.Cell(`SELECT token FROM activity WHERE id = $1`, made)+"”")
	admin.Post("/settings/tokens/1/delete").Wants(http.StatusSeeOther)
	admin.Get("/settings/activity?object=1&object_type=token").Contains("deleted the API token").Lacks(`href="/settings/tokens/1"`)
}

// Nobody who guesses keeps the programs of others behind the same address from working.
func TestWrongTokensAreSlowedAndRightOnesServed(t *testing.T) {
	t.Parallel()
	c, _ := startProgram(t)
	token := tokenOf(c, harness.AdminEmail)
	asks(c, token, "/v1/user", ``, http.StatusOK)
	for range 50 {
		asks(c, strings.Repeat("A", 64), "/v1/user", ``, http.StatusUnauthorized)
	}
	asks(c, strings.Repeat("A", 64), "/v1/user", ``, http.StatusTooManyRequests)
	asks(c, token[:63]+"=", "/v1/user", ``, http.StatusTooManyRequests)
	asks(c, token, "/v1/user", ``, http.StatusOK)
	c.Exec(`UPDATE tokens SET disabled_at = 1`)
	asks(c, token, "/v1/user", ``, http.StatusUnauthorized) // it is known: that it is disabled may be said
}
