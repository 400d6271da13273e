package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"console/internal/cli"
	"console/internal/fake"
	"console/store"
)

func TestFC01_OpeningALinkChangesNothing(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	path := c.add(c.administrator(), "analyst", "Ann", "", "ann@example.com")
	c.settled()
	before := c.snapshot()
	for range 5 {
		c.browser().get(path).wants(http.StatusOK)
	}
	c.browser().do(http.MethodHead, path, nil, "").wants(http.StatusOK)
	c.wantUnchanged(before, "opening the link")
	c.wantCount(0, `SELECT count(*) FROM sessions WHERE user_id = $1`, c.user("ann@example.com").ID)
	c.browser().accept(path, "ann").to("/")
	if status := c.user("ann@example.com").Status(); status != store.Active {
		t.Errorf("Ann is %s", status)
	}
}

func TestFC04_OneMailboxOneInvitation(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	c.add(admin, "analyst", "Ann", "", "Ann@Example.com")
	for _, path := range []string{"/settings/users/new", "/settings/users/invite-link"} {
		admin.post(path, "role", "analyst", "first_name", "Ann", "email", "ann@example.com", "tenant_id", "1", "duration", "1h").
			wants(http.StatusUnprocessableEntity).contains("already invited")
	}
	c.wantCount(1, `SELECT count(*) FROM users WHERE email_key = 'ann@example.com'`)

	token := admin.token()
	var both sync.WaitGroup
	answers := make([]*answer, 2)
	for i, email := range []string{"Bea@Example.com", "bea@example.com"} {
		both.Go(func() {
			answers[i] = admin.postForm("/settings/users/new", "role", "analyst", "email", email, "tenant_id", "1", "csrf_token", token)
		})
	}
	both.Wait()
	if got := answers[0].StatusCode + answers[1].StatusCode; got != http.StatusSeeOther+http.StatusUnprocessableEntity {
		t.Errorf("two at once were answered %d and %d", answers[0].StatusCode, answers[1].StatusCode)
	}
	c.wantCount(1, `SELECT count(*) FROM users WHERE email_key = 'bea@example.com'`)
}

func TestFC05_AcceptingAndSignInIgnoreCase(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	c.browser().accept(c.add(admin, "analyst", "First", "Last", "First.Last@Example.COM"), "first").to("/")
	for _, typed := range []string{"first.last@example.com", "FIRST.LAST@EXAMPLE.COM", " First.Last@example.com "} {
		c.browser().signIn(typed, password("first"))
	}
	if rows := admin.get("/settings/users?q=first.last").emails(); len(rows) != 1 {
		t.Errorf("the list shows %v", rows)
	}
}

func TestFC06_AnAccountIsNotInvited(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	c.member(admin, "analyst", "bob@example.com")
	for _, path := range []string{"/settings/users/new", "/settings/users/invite-link"} {
		admin.post(path, "role", "analyst", "email", "BOB@example.com", "tenant_id", "1", "duration", "1h").
			wants(http.StatusUnprocessableEntity).contains("already has an account", "Mem Ber", "/settings/users?q=bob%40example.com")
	}
	c.wantCount(1, `SELECT count(*) FROM users WHERE email_key = 'bob@example.com'`)
}

func TestFC07_InvitingADisabledPerson(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	c.member(admin, "analyst", "carol@example.com")
	c.disable("carol@example.com")
	c.trigger(admin, c.slack(admin, c.Receiver.URL+"/services/T0/B0/secret"))
	deliveries := c.count(`SELECT count(*) FROM deliveries`)
	for _, path := range []string{"/settings/users/new", "/settings/users/invite-link"} {
		admin.post(path, "role", "analyst", "email", "carol@example.com", "tenant_id", "1", "duration", "1h").
			wants(http.StatusUnprocessableEntity).contains("already has an account", "access is disabled", "and enable access", "/settings/users?q=carol%40example.com")
	}
	if status := c.user("carol@example.com").Status(); status != store.Disabled {
		t.Errorf("Carol is %s", status)
	}
	c.wantCount(deliveries, `SELECT count(*) FROM deliveries`)
	c.wantCount(0, `SELECT count(*) FROM events`)
}

func TestFC09_ResendRenewsAnExpiredInvitation(t *testing.T) {
	t.Parallel()
	c, clock := startAt(t)
	old := c.add(c.administrator(), "analyst", "Ann", "", "ann@example.com")
	c.settled()
	clock.Advance(8 * 24 * time.Hour)
	admin := c.administrator()
	admin.get("/settings/users?tab=invited").contains("Expired")
	c.browser().get(old).wants(http.StatusGone).contains("expired")

	admin.post(c.invitation("ann@example.com") + "/resend").wants(http.StatusSeeOther)
	mails := c.Mail.Wait(t, 2)
	fresh := pathOf(t, mails[1])
	admin.get("/settings/users?tab=invited").lacks("Expired").contains(clock.Now().AddDate(0, 0, 7).UTC().Format("2 Jan 2006, 15:04 UTC"))
	c.browser().accept(fresh, "ann").to("/")
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
	c := ready(t, nil)
	admin := c.administrator()
	old := c.add(admin, "read_only", "Ann", "", "ann@example.com")
	admin.post(c.invitation("ann@example.com") + "/resend").wants(http.StatusSeeOther)
	fresh := pathOf(t, c.Mail.Wait(t, 2)[1])
	c.browser().get(old).wants(http.StatusGone).contains("newer link")
	c.browser().accept(old, "ann").wants(http.StatusGone).contains("newer link")
	if rows := admin.get("/settings/users?tab=invited").emails(); !slices.Equal(rows, []string{"ann@example.com"}) {
		t.Errorf("the list shows %v", rows)
	}
	c.browser().accept(fresh, "ann").to("/")
	c.wantRole("ann@example.com", "read_only")
}

// wantRole fails the test unless a person has the role, in the label and in the only group they are in.
func (c *console) wantRole(email, role string) {
	c.t.Helper()
	user := c.user(email)
	groups, err := c.DB.Memberships(c.t.Context(), user.ID)
	if err != nil {
		c.t.Fatal(err)
	}
	if string(user.Role) != role || len(groups) != 1 || string(groups[0].Role) != role || !slices.Equal(groups[0].Tenants, []int64{1}) {
		c.t.Errorf("%s is %s in the groups %+v", email, user.Role, groups)
	}
}

func TestFC11_OneLinkTwentyTimesAtOnce(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	c.trigger(admin, c.slack(admin, c.Receiver.URL+"/services/T0/B0/secret"))
	path := c.inviteByLink(admin, "analyst", "ann@example.com")
	browsers, tokens, statuses := make([]*browser, 20), make([]string, 20), make([]int, 20)
	for i := range browsers {
		browsers[i] = c.browser()
		tokens[i] = browsers[i].token()
	}
	var all sync.WaitGroup
	for i, b := range browsers {
		all.Go(func() {
			statuses[i] = b.postForm(path, "first_name", fmt.Sprint("Ann ", i), "password", password("ann"), "csrf_token", tokens[i]).StatusCode
		})
	}
	all.Wait()
	slices.Sort(statuses)
	if statuses[0] != http.StatusSeeOther || statuses[1] != http.StatusGone || statuses[19] != http.StatusGone {
		t.Errorf("twenty at once were answered %v", statuses)
	}
	c.browser().get(path).wants(http.StatusGone).contains("joined already")
	c.wantCount(1, `SELECT count(*) FROM users WHERE email_key = 'ann@example.com'`)
	c.wantCount(1, `SELECT count(*) FROM events`)
	c.wantCount(1, `SELECT count(*) FROM activity WHERE action = 'accept invitation'`)
}

func TestFC14_RevokingRemovesWhatWasCarried(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin, ann := c.administrator(), c.browser()
	path := c.add(admin, "admin", "Ann", "", "ann@example.com")
	token := csrfInput.FindStringSubmatch(ann.get(path).wants(http.StatusOK).Body)[1]
	revoke := c.invitation("ann@example.com") + "/revoke"
	admin.get(revoke).wants(http.StatusOK).contains("ann@example.com")
	admin.post(revoke).wants(http.StatusSeeOther)
	ann.postForm(path, "first_name", "Ann", "password", password("ann"), "csrf_token", token).wants(http.StatusGone).contains("withdrawn")
	c.wantCount(0, `SELECT count(*) FROM users WHERE email_key = 'ann@example.com'`)
	c.wantCount(0, `SELECT count(*) FROM groups`)

	admin.post("/settings/users/new", "role", "read_only", "first_name", "Ann", "email", "ann@example.com", "tenant_id", "1").wants(http.StatusSeeOther)
	c.browser().accept(pathOf(t, c.Mail.Wait(t, 2)[1]), "ann").to("/")
	c.wantRole("ann@example.com", "read_only")
}

func TestFC16_SignUpTakesOnlyWhatIsTheirs(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	path := c.add(c.administrator(), "read_only", "Ann", "", "ann@example.com")
	c.browser().post(path, "first_name", "Ann", "password", password("ann"), "email", "evil@example.com", "role", "global_admin",
		"tenant_id", "2", "group_ids", "1", "group", "1").to("/")
	c.wantRole("ann@example.com", "read_only")
	c.wantCount(2, `SELECT count(*) FROM users`)
}

func TestFC18_LinksUseTheBaseURL(t *testing.T) {
	t.Parallel()
	c := ready(t, func(s *cli.Serve) {
		behindProxy(s)
		s.BaseURL = "https://c.example"
	})
	c.transport = proxy{to: c.config.Listener.Addr().String()}
	admin := c.administrator()
	admin.http.Transport = proxy{c.config.Listener.Addr().String(), c.config.Listener.Addr().String()}
	admin.post("/settings/users/new", "role", "analyst", "email", "ann@example.com", "tenant_id", "1").to("/settings/users")
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
	c := ready(t, nil)
	admin := c.administrator()
	token := admin.token()
	form := []string{"role", "analyst", "email", "ann@example.com", "tenant_id", "1", "csrf_token", token}
	admin.Header.Set("Host", "evil.example")
	admin.postForm("/settings/users/new", form...).wants(http.StatusMisdirectedRequest)
	admin.Header.Del("Host")
	for _, name := range []string{"X-Forwarded-Host", "X-Host", "X-Original-Host", "X-Forwarded-Server"} {
		admin.Header.Set(name, "evil.example")
	}
	admin.Header.Set("Forwarded", "host=evil.example;proto=https")
	admin.postForm("/settings/users/new", form...).wants(http.StatusSeeOther).lacks("evil.example")
	if to := admin.postForm("/settings/users/invite-link", "role", "analyst", "email", "bea@example.com", "tenant_id", "1", "duration", "1h",
		"csrf_token", token).wants(http.StatusOK); !strings.Contains(to.Body, c.URL.String()+"/signup/") {
		t.Errorf("the page shows no link under %s", c.URL)
	}
	mail := c.Mail.WaitFor(t, "ann@example.com")
	for _, link := range linksIn(mail) {
		if !strings.HasPrefix(link, c.URL.String()) {
			t.Errorf("the mail links to %s", link)
		}
	}
	if strings.Contains(string(mail.Raw), "evil.example") {
		t.Errorf("the mail names the forged host:\n%s", mail.Raw)
	}
}

var (
	hrefs    = regexp.MustCompile(`(?:href|src|action)="([^"]*)"`)
	httpURLs = regexp.MustCompile(`https?://[^\s<>"]+`)
)

// linksIn are the links of both parts of a mail.
func linksIn(m fake.Mail) []string {
	links := httpURLs.FindAllString(m.Text, -1)
	for _, found := range hrefs.FindAllStringSubmatch(m.HTML, -1) {
		links = append(links, found[1])
	}
	return links
}

func TestFC22_ALinkLeaksNowhere(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	mailed, shown := c.add(admin, "analyst", "Ann", "", "ann@example.com"), c.inviteByLink(admin, "analyst", "bea@example.com")
	for _, path := range []string{mailed, shown} {
		page := c.browser().get(path).wants(http.StatusOK)
		if page.Header.Get("Referrer-Policy") != "no-referrer" || page.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("the page is sent with %v", page.Header)
		}
		for _, found := range hrefs.FindAllStringSubmatch(page.Body, -1) {
			if !strings.HasPrefix(found[1], "/") && !strings.HasPrefix(found[1], "#") {
				t.Errorf("the page leads to %s", found[1])
			}
		}
		c.browser().post(path, "password", "short").wants(http.StatusUnprocessableEntity)
		c.browser().accept(path, "person").to("/")
		c.browser().get(path).wants(http.StatusGone)
	}
	c.settled()
	c.wantNoTrace(strings.TrimPrefix(mailed, "/signup/"), strings.TrimPrefix(shown, "/signup/"))
}

func TestFC23_OneRequestOneAddress(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	for _, email := range []string{"a@example.com, evil@example.net", "a@example.com;evil@example.net", "a@example.com evil@example.net",
		"a@example.com\r\nBcc: evil@example.net", "a@example.com%0d%0aBcc:evil@example.net", "a@example.com\nRCPT TO:<evil@example.net>",
		"<a@example.com>", `"a b"@example.com`, "a@example.com\r\nX", "evil@example.net\x00@example.com"} {
		for _, path := range []string{"/settings/users/new", "/settings/users/invite-link"} {
			admin.post(path, "role", "analyst", "email", email, "tenant_id", "1", "duration", "1h").wants(http.StatusUnprocessableEntity)
		}
	}
	admin.post("/settings/users/new", "role", "analyst", "email", "a@example.com", "email", "evil@example.net", "tenant_id", "1").wants(http.StatusSeeOther)
	c.Mail.WaitFor(t, "a@example.com")
	for _, m := range c.Mail.Messages() {
		if !slices.Equal(m.To, []string{"a@example.com"}) || strings.Contains(string(m.Raw), "evil") {
			t.Errorf("a mail went to %v", m.To)
		}
	}
}

func TestFC25_SpellingsOfADomainAreOne(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	admin.post("/settings/users/new", "role", "analyst", "email", "ann@bücher.example", "tenant_id", "1").wants(http.StatusSeeOther)
	for _, email := range []string{"ann@xn--bcher-kva.example", "ann@bu\u0308cher.example", "ANN@BÜCHER.example"} {
		admin.post("/settings/users/new", "role", "analyst", "email", email, "tenant_id", "1").wants(http.StatusUnprocessableEntity).contains("already invited")
	}
	if to := c.Mail.WaitFor(t, "ann@xn--bcher-kva.example").To; !slices.Equal(to, []string{"ann@xn--bcher-kva.example"}) {
		t.Errorf("the mail went to %v", to)
	}
}

func TestFC27_AMailThatCannotBeSent(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	c.Mail.Close()
	admin.post("/settings/users/new", "role", "analyst", "email", "ann@example.com", "tenant_id", "1").wants(http.StatusSeeOther)
	eventually(t, "the row says why the mail failed", func() bool {
		return strings.Contains(admin.get("/settings/users?tab=invited").Body, "connection refused")
	})
	if !strings.Contains(c.Log.String(), `"error":"connection refused"`) {
		t.Error("the log does not say why the mail failed")
	}
	link := admin.post(c.invitation("ann@example.com") + "/link").link()
	c.browser().get(link).wants(http.StatusOK)
	c.Mail.Restart(t)
	admin.post(c.invitation("ann@example.com") + "/resend").wants(http.StatusSeeOther)
	c.browser().get(link).wants(http.StatusGone)
	c.browser().accept(c.signupPath("ann@example.com"), "ann").to("/")
}

func TestFC29_EveryLinkInEveryMailOpens(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	admin.post("/settings/integrations/new?type=email", "name", "Mails", "active", "1", "emails", adminEmail+", outside@example.net").wants(http.StatusSeeOther)
	c.trigger(admin, "1")
	c.add(admin, "analyst", "Ann", "", "ann@example.com")                                              // invitation, and two of the trigger
	c.browser().accept(c.inviteByLink(admin, "analyst", "bea@example.com"), "bea@example.com").to("/") // confirmation, and two of the trigger
	for _, m := range c.Mail.Wait(t, 6) {
		if m.Text == "" || m.HTML == "" {
			t.Errorf("the mail %q lacks a part", m.Subject)
		}
		for _, link := range linksIn(m) {
			if !strings.HasPrefix(link, c.URL.String()) {
				t.Errorf("the mail %q links to %s", m.Subject, link)
				continue
			}
			opened := c.browser().get(strings.TrimPrefix(link, c.URL.String()))
			if opened.StatusCode == http.StatusSeeOther {
				opened.to("/signin")
			} else {
				opened.wants(http.StatusOK)
			}
		}
	}
}

func TestFC32_InvitedPeopleAreAlwaysListed(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	c.Mail.Close()
	for _, name := range []string{"ann", "bea", "cyd"} {
		admin.post("/settings/users/new", "role", "analyst", "email", name+"@example.com", "tenant_id", "1").wants(http.StatusSeeOther)
	}
	list := func(invited, active int) {
		t.Helper()
		for _, tab := range []string{"all", "active", "invited", "disabled"} {
			body := strings.Join(strings.Fields(admin.get("/settings/users?tab="+tab).wants(http.StatusOK).Body), " ")
			if !strings.Contains(body, fmt.Sprintf("Invited %d<", invited)) || !strings.Contains(body, fmt.Sprintf("Active %d<", active)) {
				t.Errorf("the tab %s does not count %d invited and %d active people", tab, invited, active)
			}
		}
	}
	list(3, 1)
	c.browser().accept(admin.post(c.invitation("bea@example.com")+"/link").link(), "bea").to("/")
	list(2, 2)
}

func TestFC33_ALinkIsShownWhenItIsIssued(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	reader := c.member(admin, "read_only", "reader@example.com")
	old := c.add(admin, "analyst", "Ann", "", "ann@example.com")
	path := c.invitation("ann@example.com") + "/link"
	reader.post(path).wants(http.StatusForbidden).lacks("/signup/")
	c.browser().get(old).wants(http.StatusOK)
	fresh := admin.post(path).link()
	if n := c.entries("issue invitation link", "done"); n != 1 {
		t.Errorf("%d entries about the link", n)
	}
	c.browser().get(old).wants(http.StatusGone)
	admin.get("/settings/users?tab=invited").lacks("/signup/")
	c.wantNoTrace(strings.TrimPrefix(fresh, "/signup/"))
	c.browser().accept(fresh, "ann").to("/")
}
