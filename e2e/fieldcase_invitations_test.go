package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/cli"
	"console/internal/fake"
	"console/store"
)

func TestFC01_OpeningALinkChangesNothing(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	path := c.Add(c.Administrator(), "analyst", "Ann", "", "ann@example.com")
	c.Settled()
	before := c.Snapshot()
	for range 5 {
		c.Browser().Get(path).Wants(http.StatusOK)
	}
	c.Browser().Do(http.MethodHead, path, nil, "").Wants(http.StatusOK)
	c.WantUnchanged(before, "opening the link")
	c.WantCount(0, `SELECT count(*) FROM sessions WHERE user_id = $1`, c.User("ann@example.com").ID)
	c.Browser().Accept(path, "ann").To("/")
	if status := c.User("ann@example.com").Status(); status != store.Active {
		t.Errorf("Ann is %s", status)
	}
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

func TestFC05_AcceptingAndSignInIgnoreCase(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	c.Browser().Accept(c.Add(admin, "analyst", "First", "Last", "First.Last@Example.COM"), "first").To("/")
	for _, typed := range []string{"first.last@example.com", "FIRST.LAST@EXAMPLE.COM", " First.Last@example.com "} {
		c.Browser().SignIn(typed, harness.Password("first"))
	}
	if rows := admin.Get("/settings/users?q=first.last").Emails(); len(rows) != 1 {
		t.Errorf("the list shows %v", rows)
	}
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
			Wants(http.StatusUnprocessableEntity).Contains("already has an account", "access is disabled", "and enable access", "/settings/users?q=carol%40example.com")
	}
	if status := c.User("carol@example.com").Status(); status != store.Disabled {
		t.Errorf("Carol is %s", status)
	}
	c.WantCount(deliveries, `SELECT count(*) FROM deliveries`)
	c.WantCount(0, `SELECT count(*) FROM events`)
}

func TestFC09_ResendRenewsAnExpiredInvitation(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	old := c.Add(c.Administrator(), "analyst", "Ann", "", "ann@example.com")
	c.Settled()
	clock.Advance(8 * 24 * time.Hour)
	admin := c.Administrator()
	admin.Get("/settings/users?tab=invited").Contains("Expired")
	c.Browser().Get(old).Wants(http.StatusGone).Contains("expired")

	admin.Post(c.Invitation("ann@example.com") + "/resend").Wants(http.StatusSeeOther)
	mails := c.Mail.Wait(t, 2)
	fresh := pathOf(t, mails[1])
	admin.Get("/settings/users?tab=invited").Lacks("Expired").Contains(clock.Now().AddDate(0, 0, 7).UTC().Format("2 Jan 2006, 15:04 UTC"))
	c.Browser().Accept(fresh, "ann").To("/")
}

// pathOf is the path of the signup link in a mail.
func pathOf(t *testing.T, m fake.Mail) string {
	t.Helper()
	u, err := url.Parse(m.Link(t, "/signup/"))
	if err != nil {
		t.Fatal(err)
	}
	return u.Path
}

func TestFC10_ResendReplacesEarlierLinks(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	old := c.Add(admin, "read_only", "Ann", "", "ann@example.com")
	admin.Post(c.Invitation("ann@example.com") + "/resend").Wants(http.StatusSeeOther)
	fresh := pathOf(t, c.Mail.Wait(t, 2)[1])
	c.Browser().Get(old).Wants(http.StatusGone).Contains("newer link")
	c.Browser().Accept(old, "ann").Wants(http.StatusGone).Contains("newer link")
	if rows := admin.Get("/settings/users?tab=invited").Emails(); !slices.Equal(rows, []string{"ann@example.com"}) {
		t.Errorf("the list shows %v", rows)
	}
	c.Browser().Accept(fresh, "ann").To("/")
	wantRole(c, "ann@example.com", "read_only")
}

// wantRole fails the test unless a person has the role, in the label and in the only group they are in.
func wantRole(c *harness.Console, email, role string) {
	c.T.Helper()
	user := c.User(email)
	groups, err := c.DB.Memberships(c.T.Context(), user.ID)
	if err != nil {
		c.T.Fatal(err)
	}
	if string(user.Role) != role || len(groups) != 1 || string(groups[0].Role) != role || !slices.Equal(groups[0].Tenants, []int64{1}) {
		c.T.Errorf("%s is %s in the groups %+v", email, user.Role, groups)
	}
}

func TestFC11_OneLinkTwentyTimesAtOnce(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	c.Trigger(admin, c.Slack(admin, c.Receiver.URL+"/services/T0/B0/secret"))
	path := c.InviteByLink(admin, "analyst", "ann@example.com")
	browsers, tokens, statuses := make([]*harness.Browser, 20), make([]string, 20), make([]int, 20)
	for i := range browsers {
		browsers[i] = c.Browser()
		tokens[i] = browsers[i].Token()
	}
	var all sync.WaitGroup
	for i, b := range browsers {
		all.Go(func() {
			statuses[i] = b.PostForm(path, "first_name", fmt.Sprint("Ann ", i), "password", harness.Password("ann"), "csrf_token", tokens[i]).StatusCode
		})
	}
	all.Wait()
	slices.Sort(statuses)
	if statuses[0] != http.StatusSeeOther || statuses[1] != http.StatusGone || statuses[19] != http.StatusGone {
		t.Errorf("twenty at once were answered %v", statuses)
	}
	c.Browser().Get(path).Wants(http.StatusGone).Contains("joined already")
	c.WantCount(1, `SELECT count(*) FROM users WHERE email_key = 'ann@example.com'`)
	c.WantCount(1, `SELECT count(*) FROM events`)
	c.WantCount(1, `SELECT count(*) FROM activity WHERE action = 'accept invitation'`)
}

func TestFC14_RevokingRemovesWhatWasCarried(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin, ann := c.Administrator(), c.Browser()
	path := c.Add(admin, "admin", "Ann", "", "ann@example.com")
	token := harness.CSRFInput.FindStringSubmatch(ann.Get(path).Wants(http.StatusOK).Body)[1]
	revoke := c.Invitation("ann@example.com") + "/revoke"
	admin.Get(revoke).Wants(http.StatusOK).Contains("ann@example.com")
	admin.Post(revoke).Wants(http.StatusSeeOther)
	ann.PostForm(path, "first_name", "Ann", "password", harness.Password("ann"), "csrf_token", token).Wants(http.StatusGone).Contains("withdrawn")
	c.WantCount(0, `SELECT count(*) FROM users WHERE email_key = 'ann@example.com'`)
	c.WantCount(0, `SELECT count(*) FROM groups`)

	admin.Post("/settings/users/new", "role", "read_only", "first_name", "Ann", "email", "ann@example.com", "tenant_id", "1").Wants(http.StatusSeeOther)
	c.Browser().Accept(pathOf(t, c.Mail.Wait(t, 2)[1]), "ann").To("/")
	wantRole(c, "ann@example.com", "read_only")
}

func TestFC16_SignUpTakesOnlyWhatIsTheirs(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	path := c.Add(c.Administrator(), "read_only", "Ann", "", "ann@example.com")
	c.Browser().Post(path, "first_name", "Ann", "password", harness.Password("ann"), "email", "evil@example.com", "role", "global_admin",
		"tenant_id", "2", "group_ids", "1", "group", "1").To("/")
	wantRole(c, "ann@example.com", "read_only")
	c.WantCount(2, `SELECT count(*) FROM users`)
}

func TestFC18_LinksUseTheBaseURL(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, func(s *cli.Serve) {
		harness.BehindProxy(s)
		s.BaseURL = "https://c.example"
	})
	c.Transport = proxy{to: c.Config.Listener.Addr().String()}
	admin := c.Administrator()
	admin.HTTP.Transport = proxy{c.Config.Listener.Addr().String(), c.Config.Listener.Addr().String()}
	admin.Post("/settings/users/new", "role", "analyst", "email", "ann@example.com", "tenant_id", "1").To("/settings/users")
	if link := c.Mail.WaitFor(t, "ann@example.com").Link(t, "/signup/"); !strings.HasPrefix(link, "https://c.example/signup/") {
		t.Errorf("the mail links to %s", link)
	}
	unset := cli.Serve{Installation: cli.Installation{Data: t.TempDir()}, Listen: "localhost:0", SMTP: c.Mail.URL()}
	if _, err := unset.Start(t.Context(), c.Log); err == nil || !strings.Contains(err.Error(), "--base-url") {
		t.Errorf("without a base URL the server starts: %v", err)
	}
}

// proxy is a reverse proxy that ends TLS: what is sent to the base URL reaches the console in clear text.
type proxy struct{ to, host string } // host: what it calls the console; empty: as the browser does

func (p proxy) RoundTrip(r *http.Request) (*http.Response, error) {
	inner := r.Clone(r.Context())
	if inner.Host = p.host; inner.Host == "" {
		inner.Host = r.URL.Host
	}
	inner.URL.Scheme, inner.URL.Host = "http", p.to
	inner.Header.Set("X-Forwarded-Proto", r.URL.Scheme)
	response, err := http.DefaultTransport.RoundTrip(inner)
	if err == nil {
		response.Request = r
	}
	return response, err
}

func TestFC20_HeadersDoNotBendLinks(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	token := admin.Token()
	form := []string{"role", "analyst", "email", "ann@example.com", "tenant_id", "1", "csrf_token", token}
	admin.Header.Set("Host", "evil.example")
	admin.PostForm("/settings/users/new", form...).Wants(http.StatusMisdirectedRequest)
	admin.Header.Del("Host")
	for _, name := range []string{"X-Forwarded-Host", "X-Host", "X-Original-Host", "X-Forwarded-Server"} {
		admin.Header.Set(name, "evil.example")
	}
	admin.Header.Set("Forwarded", "host=evil.example;proto=https")
	admin.PostForm("/settings/users/new", form...).Wants(http.StatusSeeOther).Lacks("evil.example")
	if to := admin.PostForm("/settings/users/invite-link", "role", "analyst", "email", "bea@example.com", "tenant_id", "1", "duration", "1h",
		"csrf_token", token).Wants(http.StatusOK); !strings.Contains(to.Body, c.URL.String()+"/signup/") {
		t.Errorf("the page shows no link under %s", c.URL)
	}
	mail := c.Mail.WaitFor(t, "ann@example.com")
	for _, link := range harness.LinksIn(mail) {
		if !strings.HasPrefix(link, c.URL.String()) {
			t.Errorf("the mail links to %s", link)
		}
	}
	if strings.Contains(string(mail.Raw), "evil.example") {
		t.Errorf("the mail names the forged host:\n%s", mail.Raw)
	}
}

func TestFC22_ALinkLeaksNowhere(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	mailed, shown := c.Add(admin, "analyst", "Ann", "", "ann@example.com"), c.InviteByLink(admin, "analyst", "bea@example.com")
	for _, path := range []string{mailed, shown} {
		page := c.Browser().Get(path).Wants(http.StatusOK)
		if page.Header.Get("Referrer-Policy") != "no-referrer" || page.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("the page is sent with %v", page.Header)
		}
		for _, found := range harness.Hrefs.FindAllStringSubmatch(page.Body, -1) {
			if !strings.HasPrefix(found[1], "/") && !strings.HasPrefix(found[1], "#") {
				t.Errorf("the page leads to %s", found[1])
			}
		}
		c.Browser().Post(path, "password", "short").Wants(http.StatusUnprocessableEntity)
		c.Browser().Accept(path, "person").To("/")
		c.Browser().Get(path).Wants(http.StatusGone)
	}
	c.Settled()
	c.WantNoTrace(strings.TrimPrefix(mailed, "/signup/"), strings.TrimPrefix(shown, "/signup/"))
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
	admin.Post("/settings/users/new", "role", "analyst", "email", "a@example.com", "email", "evil@example.net", "tenant_id", "1").Wants(http.StatusSeeOther)
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
		admin.Post("/settings/users/new", "role", "analyst", "email", email, "tenant_id", "1").Wants(http.StatusUnprocessableEntity).Contains("already invited")
	}
	if to := c.Mail.WaitFor(t, "ann@xn--bcher-kva.example").To; !slices.Equal(to, []string{"ann@xn--bcher-kva.example"}) {
		t.Errorf("the mail went to %v", to)
	}
}

func TestFC27_AMailThatCannotBeSent(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	c.Mail.Close()
	admin.Post("/settings/users/new", "role", "analyst", "email", "ann@example.com", "tenant_id", "1").Wants(http.StatusSeeOther)
	harness.Eventually(t, "the row says why the mail failed", func() bool {
		return strings.Contains(admin.Get("/settings/users?tab=invited").Body, "connection refused")
	})
	if !strings.Contains(c.Log.String(), `"error":"connection refused"`) {
		t.Error("the log does not say why the mail failed")
	}
	link := admin.Post(c.Invitation("ann@example.com") + "/link").Link()
	c.Browser().Get(link).Wants(http.StatusOK)
	c.Mail.Restart(t)
	admin.Post(c.Invitation("ann@example.com") + "/resend").Wants(http.StatusSeeOther)
	c.Browser().Get(link).Wants(http.StatusGone)
	c.Browser().Accept(c.SignupPath("ann@example.com"), "ann").To("/")
}

func TestFC29_EveryLinkInEveryMailOpens(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	admin.Post("/settings/integrations/new?type=email", "name", "Mails", "active", "1", "emails", harness.AdminEmail+", outside@example.net").Wants(http.StatusSeeOther)
	c.Trigger(admin, "1")
	c.Add(admin, "analyst", "Ann", "", "ann@example.com")                                              // invitation, and two of the trigger
	c.Browser().Accept(c.InviteByLink(admin, "analyst", "bea@example.com"), "bea@example.com").To("/") // confirmation, and two of the trigger
	for _, m := range c.Mail.Wait(t, 6) {
		if m.Text == "" || m.HTML == "" {
			t.Errorf("the mail %q lacks a part", m.Subject)
		}
		for _, link := range harness.LinksIn(m) {
			if !strings.HasPrefix(link, c.URL.String()) {
				t.Errorf("the mail %q links to %s", m.Subject, link)
				continue
			}
			opened := c.Browser().Get(strings.TrimPrefix(link, c.URL.String()))
			if opened.StatusCode == http.StatusSeeOther {
				opened.To("/signin")
			} else {
				opened.Wants(http.StatusOK)
			}
		}
	}
}

func TestFC32_InvitedPeopleAreAlwaysListed(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	c.Mail.Close()
	for _, name := range []string{"ann", "bea", "cyd"} {
		admin.Post("/settings/users/new", "role", "analyst", "email", name+"@example.com", "tenant_id", "1").Wants(http.StatusSeeOther)
	}
	list := func(invited, active int) {
		t.Helper()
		for _, tab := range []string{"all", "active", "invited", "disabled"} {
			body := strings.Join(strings.Fields(admin.Get("/settings/users?tab="+tab).Wants(http.StatusOK).Body), " ")
			if !strings.Contains(body, fmt.Sprintf("Invited %d<", invited)) || !strings.Contains(body, fmt.Sprintf("Active %d<", active)) {
				t.Errorf("the tab %s does not count %d invited and %d active people", tab, invited, active)
			}
		}
	}
	list(3, 1)
	c.Browser().Accept(admin.Post(c.Invitation("bea@example.com")+"/link").Link(), "bea").To("/")
	list(2, 2)
}

func TestFC33_ALinkIsShownWhenItIsIssued(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	reader := c.Member(admin, "read_only", "reader@example.com")
	old := c.Add(admin, "analyst", "Ann", "", "ann@example.com")
	path := c.Invitation("ann@example.com") + "/link"
	reader.Post(path).Wants(http.StatusForbidden).Lacks("/signup/")
	c.Browser().Get(old).Wants(http.StatusOK)
	fresh := admin.Post(path).Link()
	if n := c.Entries("issue invitation link", "done"); n != 1 {
		t.Errorf("%d entries about the link", n)
	}
	c.Browser().Get(old).Wants(http.StatusGone)
	admin.Get("/settings/users?tab=invited").Lacks("/signup/")
	c.WantNoTrace(strings.TrimPrefix(fresh, "/signup/"))
	c.Browser().Accept(fresh, "ann").To("/")
}
