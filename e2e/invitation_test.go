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
	"console/internal/permission"
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
			statuses[i] = b.PostForm(
				path,
				"first_name",
				fmt.Sprint("Ann ", i),
				"password",
				harness.Password("ann"),
				"csrf_token",
				tokens[i],
			).StatusCode
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
	ann.PostForm(path, "first_name", "Ann", "password", harness.Password("ann"), "csrf_token", token).
		Wants(http.StatusGone).
		Contains("withdrawn")
	c.WantCount(0, `SELECT count(*) FROM users WHERE email_key = 'ann@example.com'`)
	c.WantCount(0, `SELECT count(*) FROM groups`)

	admin.Post("/settings/users/new", "role", "read_only", "first_name", "Ann", "email", "ann@example.com", "tenant_id", "1").
		Wants(http.StatusSeeOther)
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

func TestInvitedWithoutMailAreSentOneLater(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	c.EndedJob(john.Import("email,role\nann@example.com,Analyst\n"))
	c.WantCount(0, "SELECT count(*) FROM deliveries")
	c.WantCount(0, "SELECT count(*) FROM signup_links")
	john.Get("/settings/users?tab=invited").Contains("ann@example.com", "No mail sent yet")
	john.Get(harness.UserPath(c.User("ann@example.com"), "menu")).Contains("Resend")
	c.WantsCounts(john, "2 1 1 0")

	john.Post(c.Invitation("ann@example.com") + "/resend").To("/settings/users")
	first := c.SignupPath("ann@example.com")
	c.Settled()
	john.Get("/settings/users?tab=invited").Contains("ann@example.com").Lacks("No mail sent yet")
	fresh := john.Post(c.Invitation("ann@example.com") + "/link").Link()
	c.Browser().Get(first).Wants(http.StatusGone).Contains("replaced")
	c.Browser().Get(fresh).Wants(http.StatusOK)
	c.WantsCounts(john, "2 1 1 0")

	john.Get(c.Invitation("ann@example.com") + "/revoke").Wants(http.StatusOK).Contains("ann@example.com")
	revoke := c.Invitation("ann@example.com") + "/revoke"
	john.Post(revoke).To("/settings/users")
	john.Post(revoke).Wants(http.StatusNotFound)
	c.Browser().Get(fresh).Wants(http.StatusGone)
	c.WantsCounts(john, "1 1 0 0")
	c.WantCount(0, "SELECT count(*) FROM groups")
	c.Add(john, "read_only", "Ann", "Again", "ann@example.com")
	c.WantsCounts(john, "2 1 1 0")
}

// Who leaves the role Deploy is invited. While their access is disabled a link would lead nowhere.
func TestDisabledInvitedAreEnabledFirst(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	dan := c.Person(permission.Deploy, "Dan", "", "dan@example.com")
	path := fmt.Sprintf("/settings/users/%d", dan.ID)
	john.Post(path + "/disable").Wants(http.StatusSeeOther)
	john.Post(path+"/groups", "version", fmt.Sprint(c.User("dan@example.com").Version), "role", "analyst").Wants(http.StatusSeeOther)
	john.Get("/settings/users?tab=disabled").Lacks(`<span class="tag">Invited`)
	john.Get(path).Contains("Enable access", path+"/delete").Lacks("Resend", "New link", "Revoke")
	for _, refused := range []string{"/resend", "/link"} {
		john.Post(c.Invitation("dan@example.com") + refused).Wants(http.StatusConflict).Contains("Enable access first")
	}
	c.WantCount(0, "SELECT count(*) FROM signup_links")

	john.Post(path + "/enable").Wants(http.StatusSeeOther)
	john.Get("/settings/users?tab=invited").Contains(`<span class="tag">Invited`, "No mail sent yet")
	john.Get(path).Contains("Resend", "New link", "Revoke")
	john.Post(c.Invitation("dan@example.com") + "/resend").To("/settings/users")
	c.Browser().Get(c.SignupPath("dan@example.com")).Wants(http.StatusOK)
}

func TestFC12_RoleChangedBeforeAcceptanceIsTheOneGranted(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	mailed := c.Add(john, "read_only", "Ann", "", "ann@example.com")
	linked := c.InviteByLink(john, "read_only", "bob@example.com")
	for email, path := range map[string]string{"ann@example.com": mailed, "bob@example.com": linked} {
		role := c.Invitation(email) + "/role"
		john.Get(role).Wants(http.StatusOK).Contains(`value="read_only" selected`)
		john.Post(role, "role", "analyst").To("/settings/users")
		john.Get("/settings/users?tab=invited&role=analyst").Contains(email)
		c.Browser().Get(path).Wants(http.StatusOK).Contains("Analyst").Lacks("Read Only")
		c.Browser().Accept(path, email).Wants(http.StatusSeeOther)
		if user, groups := c.User(email), c.GroupsOf(email); user.Role != permission.Analyst || !slices.Equal(groups, []string{"Analysts"}) {
			t.Errorf("%s has the role %s and is in %s", email, user.Role, groups)
		}
		john.Post(role, "role", "admin").Wants(http.StatusConflict)
	}
	c.WantCount(0, "SELECT count(*) FROM groups WHERE name = 'Read Only'")
	c.WantCount(2, "SELECT count(*) FROM activity WHERE action = 'change role' AND json_extract(changes, '$.role[0]') = 'Read Only' AND json_extract(changes, '$.role[1]') = 'Analyst'")
}

func TestRoleOfInvitedPeople(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	admin := c.Browse(c.Person(permission.Admin, "Ad", "Min", "admin@example.com"))
	path := c.Add(john, "read_only", "Ann", "", "ann@example.com")
	c.InviteByLink(john, "read_only", "bob@example.com")
	ann, bob := c.Invitation("ann@example.com")+"/role", c.Invitation("bob@example.com")+"/role"

	admin.Get(ann).Lacks("Global")
	admin.Post(ann, "role", "global_read_only").Wants(http.StatusForbidden)
	admin.Post(bob, "role", "global_admin").Wants(http.StatusForbidden)
	john.Post(ann, "role", "emperor").Wants(http.StatusUnprocessableEntity)
	john.Get(bob).Lacks("Deploy")
	john.Post(bob, "role", "deploy").Wants(http.StatusUnprocessableEntity).Contains("never sign in")
	if a, b := c.User("ann@example.com").Role, c.User("bob@example.com").Role; a != permission.ReadOnly || b != permission.ReadOnly {
		t.Errorf("a refused change made the roles %s and %s", a, b)
	}
	for role, groups := range map[string]string{"global_admin": "", "global_analyst": "Global Analysts", "api_developer": "API Developers"} {
		john.Post(ann, "role", role).Wants(http.StatusSeeOther)
		if got := strings.Join(c.GroupsOf("ann@example.com"), ", "); got != groups {
			t.Errorf("as %s Ann is in %q", role, got)
		}
		john.Post(bob, "role", role).Wants(http.StatusSeeOther)
		if got := c.GroupsOf("bob@example.com"); len(got) != 0 {
			t.Errorf("before Bob signs up he is in %q", got)
		}
	}
	john.Post(ann, "role", "deploy").Wants(http.StatusSeeOther)
	c.Browser().Get(path).Wants(http.StatusGone)
	c.WantCount(0, "SELECT count(*) FROM invitations i JOIN users u ON u.id = i.user_id WHERE u.email_key = 'ann@example.com'")
	if user := c.User("ann@example.com"); user.Status() != store.Active || !slices.Equal(c.GroupsOf(user.Email), []string{"Deploy"}) {
		t.Errorf("with the role Deploy Ann is %+v in %s", user, c.GroupsOf(user.Email))
	}
	c.WantsCounts(john, "3 3 1 0")
}

func TestExpiredInvitationsSaySo(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	john := c.BrowseAt(c.User(harness.AdminEmail), clock.Now())
	path := c.InviteByLink(john, "analyst", "ann@example.com") // for an hour
	john.Get("/settings/users?tab=invited").
		Contains("By link", "until "+clock.Now().Add(time.Hour).UTC().Format("2 Jan 2006, 15:04 UTC")).
		Lacks("Expired")
	clock.Advance(time.Hour)
	john = c.BrowseAt(c.User(harness.AdminEmail), clock.Now())
	john.Get("/settings/users?tab=invited").Contains("Expired", "since ")
	c.Browser().Get(path).Wants(http.StatusGone).Contains("expired")
	fresh := john.Post(c.Invitation("ann@example.com") + "/link").Link()
	c.Browser().Get(fresh).Wants(http.StatusOK)
	john.Get("/settings/users?tab=invited").Lacks("Expired")
}

// TestInviterWithoutMail keeps the links that people were sent by mail when their inviter goes: only links made by
// hand speak for whoever made them.
func TestMailInvitationsOutliveTheirInviter(t *testing.T) {
	harness.OnBoth(t)
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	ann := c.Person(permission.Admin, "Ann", "Lee", "ann@example.com")
	path := c.Add(c.Browse(ann), "analyst", "Bob", "", "bob@example.com")
	john.Post(harness.UserPath(ann, "delete"), "confirm_email", ann.Email).Wants(http.StatusSeeOther)
	c.Browser().Get(path).Wants(http.StatusOK).Contains("Ann Lee")
	john.Post(c.Invitation("bob@example.com") + "/resend").Wants(http.StatusSeeOther)
	c.Browser().Get(path).Wants(http.StatusGone)
}
