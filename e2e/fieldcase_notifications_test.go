package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/cli"
	"console/internal/fake"
)

// slackSaid is the text of a message that a receiver got in Slack's place.
func slackSaid(t *testing.T, r fake.Received) string {
	t.Helper()
	var message struct{ Text string }
	if err := json.Unmarshal(r.Body, &message); err != nil {
		t.Fatal(err)
	}
	return message.Text
}

func TestFC115_NamesAreTextInMails(t *testing.T) {
	t.Parallel()
	const hostile = `</b><a href=https://evil.example>Click</a>`
	c := harness.Ready(t, nil)
	john := c.Administrator()
	john.Post("/settings/integrations/new?type=email", "name", "Mails", "active", "1", "emails", "chief@example.com").Wants(http.StatusSeeOther)
	c.Trigger(john, "1")
	admin := c.Browser()
	admin.Post(c.InviteByLink(john, "admin", "eve@example.com"), "first_name", hostile, "password", harness.Password("eve")).To("/")
	c.Add(admin, "analyst", hostile+" {{.}} %s", "", "ann@example.com")
	for _, m := range c.Mail.Wait(t, 4) { // a confirmation, an invitation, two of the trigger
		if !strings.Contains(m.HTML, "&lt;/b&gt;&lt;a href=https://evil.example&gt;Click&lt;/a&gt;") || strings.Contains(m.HTML, "&amp;lt;") {
			t.Errorf("the mail %q does not show the name as it is:\n%s", m.Subject, m.HTML)
		}
		for _, found := range harness.Hrefs.FindAllStringSubmatch(m.HTML, -1) {
			if !strings.HasPrefix(found[1], c.URL.String()) {
				t.Errorf("the mail %q links to %s", m.Subject, found[1])
			}
		}
		if !strings.Contains(m.Text, hostile) {
			t.Errorf("the text of %q does not name %s", m.Subject, hostile)
		}
	}
	john.Get("/settings/users").Contains("&lt;/b&gt;&lt;a href=https://evil.example&gt;").Lacks(hostile, "&amp;lt;")
}

func TestFC117_NamesAreTextInSlack(t *testing.T) {
	t.Parallel()
	const name = "A & B <!channel> <https://evil.example|ok> *x* {{.}} %s"
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	c.Trigger(admin, c.Slack(admin, c.Receiver.URL+"/services/T0/B0/secret"))
	c.Add(admin, "analyst", name, "", "ann@example.com")
	said := slackSaid(t, c.Receiver.Wait(t, 1)[0])
	if !strings.Contains(said, harness.EscapeSlack(name)) || strings.ContainsAny(said, "<>") || strings.Contains(said, "&amp;amp;") {
		t.Errorf("Slack was told\n%s", said)
	}
}

func TestFC118_LinksUnderABasePath(t *testing.T) {
	t.Parallel()
	odd := cli.Serve{Installation: cli.Installation{Data: t.TempDir()}, Listen: "localhost:0", BaseURL: "http://localhost/our%20team%3E"}
	if _, err := odd.Start(t.Context(), io.Discard); err == nil {
		t.Error("a path is served that needs escaping")
	}
	c := harness.Ready(t, func(s *cli.Serve) { s.BaseURL += "/team" })
	admin := c.Administrator()
	path := c.Add(admin, "analyst", "Ann", "", "ann@example.com")
	link := c.Mail.WaitFor(t, "ann@example.com").Link(t, "/team/signup/")
	if !strings.HasPrefix(link, c.URL.String()+"/signup/") {
		t.Errorf("the mail links to %s", link)
	}
	c.Browser().Get(path).Wants(http.StatusOK).Contains("ann@example.com")
	c.Browser().Accept(path, "ann").To("/team/")
}

func TestFC120_RetriesSayTheSame(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	admin := c.Administrator()
	c.Trigger(admin, c.Slack(admin, c.Receiver.URL+"/services/T0/B0/secret"))
	c.Receiver.Respond(fake.Response{Status: 500}, fake.Response{Status: 500}, fake.Response{Body: "ok"})
	admin.Invite("ann").Wants(http.StatusSeeOther)
	c.Receiver.Wait(t, 1)
	c.Advance(clock, time.Second, "the message is delivered", func() bool {
		return c.Count(`SELECT count(*) FROM deliveries WHERE kind = 'slack' AND state = 'delivered'`) == 1
	})
	tries := c.Receiver.Requests()
	if len(tries) != 3 || string(tries[0].Body) != string(tries[1].Body) || string(tries[0].Body) != string(tries[2].Body) {
		t.Errorf("the message was sent as %q", tries)
	}
	c.WantCount(3, `SELECT attempts FROM deliveries WHERE kind = 'slack'`)
}

func TestFC120_ARepeatedMailHasTheSameID(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	c.Mail.Refuse(451, "try again later")
	c.Administrator().Invite("ann").Wants(http.StatusSeeOther)
	harness.Eventually(t, "the first attempt fails", func() bool { return c.Cell(`SELECT error FROM deliveries`) != "" })
	c.Mail.Accept()
	uuid := c.Cell(`SELECT uuid FROM deliveries`)
	if id := c.Mail.WaitFor(t, "ann@example.com").MessageID; id != uuid+"@localhost" {
		t.Errorf("the mail's id is %s", id)
	}
}

func TestFC121_NothingQueuedIsLostInARestart(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	c.Trigger(admin, c.Slack(admin, c.Receiver.URL+"/services/T0/B0/secret"))
	c.Receiver.Respond(fake.Response{Status: 503})
	c.Mail.Close()
	admin.Invite("ann").Wants(http.StatusSeeOther)
	c.Receiver.Wait(t, 1)
	c.Restart()
	admin.Get("/settings/profile").Wants(http.StatusOK)
	before := len(c.Receiver.Requests())
	c.Receiver.Respond(fake.Response{Body: "ok"})
	c.Mail.Restart(t)
	c.Browser().Accept(c.SignupPath("ann@example.com"), "ann").To("/")
	harness.Eventually(t, "all is delivered", func() bool { return c.Count(`SELECT count(*) FROM deliveries WHERE state = 'delivered'`) == 2 })
	if n := len(c.Receiver.Requests()) - before; n < 1 || n > 2 || len(c.Mail.Messages()) != 1 { // one 503 may have been under way
		t.Errorf("the message was sent %d times, the mail %d times", n, len(c.Mail.Messages()))
	}
}

func TestFC122_DeliveredMeansDelivered(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	admin := c.Administrator()
	c.Trigger(admin, c.Slack(admin, c.Receiver.URL+"/services/T0/B0/secret"))
	c.Receiver.Respond(fake.Response{Status: 500, Body: "the secret of the receiver"})
	admin.Invite("ann").Wants(http.StatusSeeOther)
	harness.Eventually(t, "the first attempt fails", func() bool { return c.Cell(`SELECT error FROM deliveries WHERE kind = 'slack'`) != "" })
	next := clock.Now().Add(time.Second).UTC().Format("2 Jan 2006, 15:04 UTC")
	admin.Get("/settings/triggers/1/edit").Contains("retrying (1/16), next at " + next)
	c.Advance(clock, 30*time.Minute, "the delivery fails for good", func() bool {
		return c.Cell(`SELECT state FROM deliveries WHERE kind = 'slack'`) == "failed"
	})
	c.Administrator().Get("/settings/triggers/1/edit").Contains("failed: answered 500").Lacks("secret of the receiver")
	c.WantCount(17, `SELECT attempts FROM deliveries WHERE kind = 'slack'`)
	if n := len(c.Receiver.Requests()); n != 17 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestFC123_ASlowTargetDelaysNobody(t *testing.T) {
	t.Parallel()
	slow, endless := fake.NewReceiver(t), fake.NewReceiver(t)
	slow.Respond(fake.Response{Delay: time.Minute})
	endless.Respond(fake.Response{Endless: true})
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	c.Trigger(admin, c.Slack(admin, slow.URL+"/a"), c.Slack(admin, endless.URL+"/b"), c.Slack(admin, c.Receiver.URL+"/c"))
	began := time.Now()
	for i := range 5 {
		admin.Invite(fmt.Sprint("person", i)).Wants(http.StatusSeeOther)
	}
	c.Receiver.Wait(t, 5)
	if took := time.Since(began); took > 9*time.Second { // less than one attempt at the slow target
		t.Errorf("the fast target waited %s", took)
	}
	problem := func(integration int, text string) func() bool {
		return func() bool {
			return c.Count(`SELECT count(*) FROM deliveries WHERE integration_id = $1 AND error = $2`, integration, text) > 0
		}
	}
	harness.Within(t, 30*time.Second, "the slow target is given up", problem(1, "timed out after 10 s"))
	harness.Within(t, 10*time.Second, "the endless answer is cut off", problem(2, `answered 200, but not "ok" as Slack does`))
}

func TestFC125_SlackSaysWhen(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	admin := c.Administrator()
	c.Trigger(admin, c.Slack(admin, c.Receiver.URL+"/services/T0/B0/secret"))
	const latest = ` FROM deliveries WHERE id = (SELECT max(id) FROM deliveries WHERE kind = 'slack')`
	for i, wait := range []struct {
		header string
		least  time.Duration
	}{{"3", 3 * time.Second}, {clock.Now().Add(20 * time.Second).UTC().Format(http.TimeFormat), 20 * time.Second}} {
		now := clock.Now()
		if i == 1 {
			wait.least -= now.Sub(now.Truncate(time.Second)) + 3*time.Second // the clock has moved since
		}
		c.Receiver.Respond(fake.Response{Status: 429, Header: map[string]string{"Retry-After": wait.header}}, fake.Response{Body: "ok"})
		admin.Invite(fmt.Sprint("person", i)).Wants(http.StatusSeeOther)
		c.Receiver.Wait(t, 2*i+1)
		harness.Eventually(t, "the refusal is noted", func() bool { return c.Cell(`SELECT error`+latest) == "answered 429" })
		if next := time.UnixMilli(int64(c.Count(`SELECT next_at` + latest))); next.Before(now.Add(wait.least)) {
			t.Errorf("after Retry-After: %s the next attempt comes %s later", wait.header, next.Sub(now))
		}
		clock.Advance(wait.least)
		c.Worker.Wake()
		c.Receiver.Wait(t, 2*i+2)
		harness.Eventually(t, "the message is delivered", func() bool { return c.Cell(`SELECT state`+latest) == "delivered" })
		c.WantCount(2, `SELECT attempts`+latest)
	}
	c.Receiver.Respond(fake.Response{Status: 404, Body: "no_service"})
	admin.Invite("last").Wants(http.StatusSeeOther)
	harness.Eventually(t, "the delivery fails", func() bool { return c.Cell(`SELECT state`+latest) == "failed" })
	c.WantCount(1, `SELECT attempts`+latest)
	admin.Get("/settings/triggers/1/edit").Contains("failed: answered 404").Lacks("no_service")
	pages := []string{"/settings/integrations", "/settings/integrations/1/edit"}
	for _, page := range pages {
		admin.Get(page).Contains("Last message failed: answered 404 · ").Lacks("no_service")
	}
	c.Receiver.Respond(fake.Response{Body: "ok"})
	admin.Invite("later").Wants(http.StatusSeeOther)
	harness.Eventually(t, "the message is delivered", func() bool { return c.Cell(`SELECT state`+latest) == "delivered" })
	for _, page := range pages {
		admin.Get(page).Lacks("Last message failed")
	}
}

func TestFC128_MessagesLeaveAfterTheCommit(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	c.Trigger(admin, c.Slack(admin, c.Receiver.URL+"/services/T0/B0/secret"))
	before := c.Snapshot()
	c.Exec(`CREATE TRIGGER fault BEFORE INSERT ON activity WHEN NEW.action = 'add user' BEGIN SELECT RAISE(ABORT, 'disk on fire'); END`)
	admin.Invite("ann").Wants(http.StatusInternalServerError).Contains("Nothing was changed").Lacks("disk on fire", "SELECT", "INSERT", "goroutine")
	c.WantUnchanged(before, "a failure")
	if log := c.Log.String(); !strings.Contains(log, "disk on fire") {
		t.Error("the log does not say what failed")
	}
	c.Exec(`DROP TRIGGER fault`)
	admin.Invite("bea").Wants(http.StatusSeeOther)
	said := slackSaid(t, c.Receiver.Wait(t, 1)[0])
	admin.Get("/settings/users").Contains("bea@example.com")
	if !strings.Contains(said, "bea@example.com") || len(c.Receiver.Requests()) != 1 {
		t.Errorf("Slack was told %s", said)
	}
	c.Mail.WaitFor(t, "bea@example.com")
	if n := len(c.Mail.Messages()); n != 1 {
		t.Errorf("%d mails were sent", n)
	}
}

func TestFC129_OnceForEverybody(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	c.Slack(admin, c.Receiver.URL+"/services/T0/B0/secret")
	admin.Post("/settings/triggers/new", "name", "Administrators", "condition", "user_added", "role_operator", "eq", "roles", "admin",
		"integration_ids", "1", "enabled", "1").Wants(http.StatusSeeOther)
	told := func(n int, after string) {
		t.Helper()
		if got := c.Count(`SELECT count(*) FROM deliveries WHERE trigger_id = 1`); got != n {
			t.Errorf("after %s there are %d messages, not %d", after, got, n)
		}
	}
	c.Add(admin, "analyst", "Ann", "", "ann@example.com")
	told(0, "adding an Analyst")
	c.Add(admin, "admin", "Bea", "", "bea@example.com")
	told(1, "adding an Administrator")
	admin.Post(c.Invitation("bea@example.com") + "/resend").Wants(http.StatusSeeOther)
	path := admin.Post(c.Invitation("bea@example.com") + "/link").Link()
	c.Browser().Accept(path, "bea").To("/")
	told(1, "their signing up")
	c.InviteByLink(admin, "admin", "cyd@example.com")
	path = admin.Post(c.Invitation("cyd@example.com") + "/link").Link()
	told(1, "inviting by link")
	c.Browser().Accept(path, "cyd").To("/")
	told(2, "signing up by link")
	if said := slackSaid(t, c.Receiver.Wait(t, 2)[1]); !strings.Contains(said, "cyd@example.com") || !strings.Contains(said, "by John Doe") {
		t.Errorf("Slack was told %s", said)
	}
	c.WantCount(2, `SELECT count(*) FROM events`)
}

// talker is a mail server that says what it is told to and offers no TLS. It keeps what it hears.
func talker(t *testing.T) (address string, heard func() string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var all strings.Builder
	var running sync.WaitGroup
	running.Go(func() {
		for conn, err := listener.Accept(); err == nil; conn, err = listener.Accept() {
			fmt.Fprint(conn, "220 here\r\n")
			for lines := bufio.NewScanner(conn); lines.Scan(); {
				mu.Lock()
				fmt.Fprintln(&all, lines.Text())
				mu.Unlock()
				answer := "250-here\r\n250 AUTH PLAIN LOGIN\r\n"
				if !strings.HasPrefix(lines.Text(), "EHLO") {
					answer = "502 no\r\n"
				}
				fmt.Fprint(conn, answer)
			}
			conn.Close()
		}
	})
	t.Cleanup(func() {
		listener.Close()
		running.Wait()
	})
	return listener.Addr().String(), func() string {
		mu.Lock()
		defer mu.Unlock()
		return all.String()
	}
}

func TestFC132_EncryptionOfMailIsNotOptional(t *testing.T) {
	t.Parallel()
	address, heard := talker(t)
	for reason, server := range map[string]string{
		"the mail server offers no TLS":           "smtp://user:hunter2@" + address + "?tls=starttls",
		"timed out after 10 s":                    fake.NewMailServer(t, fake.MailOptions{Silent: true}).URL(),
		"the server's certificate is not trusted": fake.NewMailServer(t, fake.MailOptions{TLS: fake.ImplicitTLS}).URL(),
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			c := harness.Ready(t, func(s *cli.Serve) { s.SMTP = server })
			admin := c.Administrator()
			admin.Invite("ann").Wants(http.StatusSeeOther)
			harness.Within(t, 20*time.Second, reason, func() bool {
				return strings.Contains(html.UnescapeString(admin.Get("/settings/users?tab=invited").Body), "trying again: "+reason)
			})
			if strings.Contains(c.Log.String(), "hunter2") {
				t.Error("the log holds the password of the mail server")
			}
		})
	}
	t.Cleanup(func() {
		if said := heard(); !strings.Contains(said, "EHLO") || strings.Contains(said, "AUTH") {
			t.Errorf("the mail server without TLS heard %q", said)
		}
	})
}

func TestFC133_ASavedSecretIsNotShown(t *testing.T) {
	t.Parallel()
	const secret = "/services/T0AAAA/B0BBBB/xoxSecretMarker"
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	c.Trigger(admin, c.Slack(admin, c.Receiver.URL+secret))
	c.Receiver.Respond(fake.Response{Status: 500, Body: "failed at " + secret}, fake.Response{Status: 404})
	admin.Invite("ann").Wants(http.StatusSeeOther)
	harness.Eventually(t, "the delivery fails", func() bool { return c.Cell(`SELECT state FROM deliveries WHERE kind = 'slack'`) == "failed" })
	for _, path := range []string{"/settings/integrations", "/settings/integrations/1/edit", "/settings/integrations/1/delete", "/settings/triggers",
		"/settings/triggers/1/edit"} {
		admin.Get(path).Wants(http.StatusOK).Lacks("T0AAAA", "xoxSecret")
	}
	for _, typed := range []string{"", c.Receiver.URL + "/services/another"} { // a refused form keeps what was typed, and shows nothing that is saved
		admin.Post("/settings/integrations/1/edit", "name", "", "url", typed, "version", "1").
			Wants(http.StatusUnprocessableEntity).Contains(`value="`+typed+`"`).Lacks("T0AAAA", "xoxSecret")
	}
	c.WantNoTrace("T0AAAA", "B0BBBB", "xoxSecret")

	c.Receiver.Respond(fake.Response{Body: "ok"})
	version := c.Cell(`SELECT version FROM integrations`)
	admin.Post("/settings/integrations/1/edit", "name", "Renamed", "active", "1", "url", "", "version", version).Wants(http.StatusSeeOther)
	admin.Invite("bea").Wants(http.StatusSeeOther)
	if all := c.Receiver.Wait(t, 3); !slices.ContainsFunc(all[2:], func(r fake.Received) bool { return r.Path == secret }) {
		t.Errorf("after renaming, the message went to %s", all[2].Path)
	}
}
