package e2e

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"console/e2e/harness"
	"console/internal/permission"
	"console/store"
)

var previewRow = regexp.MustCompile(
	`(?s)<td data-label="Line">(\d+)</td>.*?class="col-email">([^<]*)</td>.*?data-label="Name">([^<]*)</td>.*?data-label="Role">([^<]*)</td>.*?<span class="tag[^"]*">([^<]*)</span>(?:\s*<span class="note">([^<]*)</span>)?`,
)

// preview checks a file and returns what the page says of its lines: line, email, name, role, result, reason.
func preview(by *harness.Browser, file string, pairs ...string) []string {
	by.Console.T.Helper()
	page := by.Upload("/settings/users/import", []byte(file), append(pairs, "tenant_id", "1")...).Wants(http.StatusOK)
	var lines []string
	for _, found := range previewRow.FindAllStringSubmatch(page.Body, -1) {
		for i := range found {
			found[i] = strings.TrimSpace(found[i])
		}
		lines = append(lines, strings.TrimRight(strings.Join(found[1:], "|"), "|"))
	}
	return lines
}

func TestImportReadsWhatSpreadsheetsWrite(t *testing.T) {
	t.Parallel()
	_, john := harness.SignedIn(t, nil)
	want := "2|ann@example.com|Ann Lee|Analyst|New\n3|bob@example.com|Bob, the Great|Read Only|New"
	for name, file := range map[string]string{
		"as documented":    "email,first name,last name,role\nann@example.com,Ann,Lee,Analyst\nbob@example.com,\"Bob,\",the Great,Read Only\n",
		"another order":    "role,last name,first name,email\nAnalyst,Lee,Ann,ann@example.com\nRead Only,the Great,\"Bob,\",bob@example.com",
		"semicolons":       "email;first name;last name;role\nann@example.com;Ann;Lee;Analyst\nbob@example.com;Bob,;the Great;Read Only\n",
		"CRLF":             "email,first name,last name,role\r\nann@example.com,Ann,Lee,Analyst\r\nbob@example.com,\"Bob,\",the Great,Read Only\r\n",
		"byte order mark":  "\xef\xbb\xbfemail,first name,last name,role\nann@example.com,Ann,Lee,Analyst\nbob@example.com,\"Bob,\",the Great,Read Only\n",
		"quotes":           "\"Email\",\"First Name\",\"Last Name\",\"Role\"\n\"ann@example.com\",\"Ann\",\"Lee\",\"analyst\"\n\"bob@example.com\",\"Bob,\",\"the Great\",\"read_only\"\n",
		"a column to skip": "id,E-Mail,Surname,Given name,ROLE\n1, ann@example.com ,Lee,Ann,ANALYST\n2,bob@example.com,the Great,\"Bob,\",read only\n",
	} {
		if got := strings.Join(preview(john, file), "\n"); got != want {
			t.Errorf("%s is read as\n%s\nnot\n%s", name, got, want)
		}
	}
}

func TestImportPreviewSaysWhatWillHappen(t *testing.T) {
	t.Parallel()
	c, _ := harness.SignedIn(t, nil)
	admin := c.Browse(c.Person(permission.Admin, "Ad", "Min", "admin@example.com"))
	off := harness.Active(permission.Analyst, "Off", "", "off@example.com")
	off.DisabledAt = off.CreatedAt
	c.Insert(off)
	admin.Post("/settings/users/new", "role", "analyst", "email", "waits@example.com", "tenant_id", "1").Wants(http.StatusSeeOther)
	c.Settled()
	before := c.Snapshot()
	file := strings.Join([]string{
		"email,first name,role",
		"new@example.com,New,Analyst",
		"OFF@example.com,Off,Analyst",
		"waits@example.com,,Analyst",
		"NEW@example.com,Twice,Analyst",
		"no-address,,Analyst",
		",,Analyst",
		"boss@example.com,,Emperor",
		"strong@example.com,,Global Analyst",
		"long@example.com," + strings.Repeat("W", 256) + ",Analyst",
		"turn@example.com,A\u202eB,Analyst",
		"robot@example.com,,Deploy",
	}, "\n")
	want := []string{
		"2|new@example.com|New|Analyst|New",
		"3|OFF@example.com|Off|Analyst|Already there|off@example.com already has an account (Off). Their access is disabled.",
		"4|waits@example.com||Analyst|Already there|waits@example.com is already invited.",
		"5|NEW@example.com|Twice|Analyst|Cannot be added|The same address stands in line 2.",
		"6|no-address||Analyst|Cannot be added|Enter an email address like name@example.com.",
		"7|||Analyst|Cannot be added|Enter an email address.",
		"8|boss@example.com|||Cannot be added|There is no role “Emperor”. Write it as under Role in the user list.",
		"9|strong@example.com||Global Analyst|Cannot be added|You may not view Users in all tenants.",
		"10|long@example.com|" + strings.Repeat("W", 256) + "|Analyst|Cannot be added|First and last name together have at most 255 characters.",
		"11|turn@example.com|A\u202eB|Analyst|Cannot be added|Invisible characters that change the writing direction are not allowed. Remove them.",
		"12|robot@example.com||Deploy|New",
	}
	got := preview(admin, file)
	for i, line := range want {
		if i >= len(got) || got[i] != line {
			t.Errorf("line %d:\n%s\nnot\n%s", i, strings.Join(got[min(i, len(got)):min(i+1, len(got))], ""), line)
		}
	}
	admin.Upload("/settings/users/import", []byte(file), "tenant_id", "1").
		Contains("<strong>2</strong> will be added, <strong>2</strong> are there already, <strong>7</strong> cannot be added", "Add 2 users", "No invitations are sent")
	c.WantUnchanged(before, "looking at an import twice")

	job := c.EndedJob(admin.Import(file))
	if job.Total != 2 || job.Refused != 0 {
		t.Errorf("the import came to %+v", job)
	}
	if robot := c.User("robot@example.com"); robot.Status() != store.Active || c.User("new@example.com").Status() != store.Invited {
		t.Errorf("the robot is %+v", robot)
	}
	c.WantCount(0, "SELECT count(*) FROM users WHERE role = 'global_analyst'")
	admin.Upload("/settings/users/import", []byte(file), "tenant_id", "1", "confirm", "1").
		Wants(http.StatusUnprocessableEntity).
		Contains("Nobody in this file would be added.")
}

// TestImportPreviewKeepsTheFile confirms as the page does, with the file in its text area.
func TestImportPreviewKeepsTheFile(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	file := "email,first name,role\nann@example.com,</textarea><b>,Analyst\n"
	page := john.Upload("/settings/users/import", []byte(file), "tenant_id", "1", "send_invitations", "1").Wants(http.StatusOK)
	confirm := page.Confirm()
	page.Contains("&lt;/textarea&gt;&lt;b&gt;", `name="send_invitations" value="1"`, "Invitations are sent at once").Lacks("<b>")
	c.EndedJob(
		john.Post(
			"/settings/users/import",
			"file",
			strings.ReplaceAll(file, "\n", "\r\n"),
			"tenant_id",
			"1",
			"send_invitations",
			"1",
			"confirm",
			confirm,
		),
	)
	if name := c.User("ann@example.com").Name(); name != "</textarea><b>" {
		t.Errorf("Ann is called %q", name)
	}
	c.SignupPath("ann@example.com")
}

func TestImportRefusesOtherFiles(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	before := c.Snapshot()
	for problem, file := range map[string]string{
		"This one is empty":              " \n",
		"There is no column “email”":     "ann@example.com,Ann,Lee,Analyst\nbob@example.com,Bob,,Analyst\n",
		"There is no column “role”":      "email\nann@example.com\n",
		"not a CSV file in UTF-8":        "email,role\nann\xe9@example.com,Analyst\n",
		"check its quotation marks":      "email,role\n\"ann@example.com,Analyst\n",
		"A file has at most 2 MiB":       "email,role\n" + strings.Repeat("x", 2<<20),
		"at most 10,000 people":          "email,role\n" + strings.Repeat("a,b\n", 10_001),
		"Nobody in this file would be a": "email,role\n",
	} {
		john.Upload("/settings/users/import", []byte(file), "tenant_id", "1", "confirm", "1").
			Wants(http.StatusUnprocessableEntity).
			Contains(problem)
	}
	utf16 := []byte("\xff\xfee\x00m\x00a\x00i\x00l\x00,\x00r\x00o\x00l\x00e\x00")
	john.Upload("/settings/users/import", utf16, "tenant_id", "1").Wants(http.StatusUnprocessableEntity).Contains("UTF-8")
	john.Upload("/settings/users/import", []byte("email,role\nx@example.com,Analyst\n"), "tenant_id", "9").
		Wants(http.StatusUnprocessableEntity).
		Contains("Choose a tenant.")
	john.Post("/settings/users/import", "tenant_id", "1").Wants(http.StatusUnprocessableEntity).Contains("Choose a file")
	if huge := john.Upload(
		"/settings/users/import",
		make([]byte, 4<<20),
		"tenant_id",
		"1",
	); huge.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("4 MiB are answered %d", huge.StatusCode)
	}
	c.WantUnchanged(before, "files that were refused")
}

const summary = `[Wallarm] Trigger: New users were added to the company account

Notification type: create_user

20 new users were added to the company account by John Doe <johndoe@example.com>:
First00 Last <n00@example.com> with the role Analyst
First01 Last <n01@example.com> with the role Analyst
First02 Last <n02@example.com> with the role Analyst
First03 Last <n03@example.com> with the role Analyst
First05 Last <n05@example.com> with the role Analyst
First06 Last <n06@example.com> with the role Analyst
First07 Last <n07@example.com> with the role Analyst
First08 Last <n08@example.com> with the role Analyst
First10 Last <n10@example.com> with the role Analyst
First11 Last <n11@example.com> with the role Analyst
and 10 more.
This notification was triggered by the "Analysts only" trigger.

Client: TestCompany
Cloud: EU`

func TestImportOfManyIsToldOnce(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	c.SlackTrigger(john, "Analysts only", "analyst")
	c.SlackTrigger(john, "Nobody", "admin")
	john.Post("/settings/integrations/new?type=email", "name", "Mail", "active", "1", "emails", "one@x.example\njohndoe@example.com").
		Wants(http.StatusSeeOther)
	john.Post("/settings/triggers/new", "name", "Everybody", "condition", "user_added", "integration_ids", integration(c, "Mail"), "enabled", "1").
		Wants(http.StatusSeeOther)
	job := c.ImportOf(john, 25)
	harness.Eventually(t, "the mail is parted into one for each address", func() bool { return c.Queued("Everybody") == 2 })
	if a, n, e := c.Queued("Analysts only"), c.Queued("Nobody"), c.Queued("Everybody"); a != 1 || n != 0 || e != 2 {
		t.Errorf("%d, %d and %d messages were queued", a, n, e)
	}
	c.WantCount(3, "SELECT count(*) FROM deliveries WHERE template = 'create_user_summary' AND created_at = $1", int64(job.EndedAt))
	c.WantCount(3, "SELECT count(*) FROM deliveries")
	var message struct {
		Text string `json:"text"`
	}
	if err := json.Unmarshal(c.Receiver.Wait(t, 1)[0].Body, &message); err != nil {
		t.Fatal(err)
	}
	if want := harness.EscapeSlack(summary); message.Text != want {
		t.Errorf("Slack was told\n%s\nnot\n%s", message.Text, want)
	}
	mail := c.Mail.WaitFor(t, harness.AdminEmail)
	for _, text := range []string{"Hello John Doe,", "25 new users were added", "First04 Last", "Read Only", "and 15 more."} {
		if !strings.Contains(mail.HTML, text) {
			t.Errorf("%q is missing in the mail:\n%s", text, mail.HTML)
		}
	}
	if strings.Contains(mail.HTML, "First10") {
		t.Error("the mail names more than ten")
	}
}

func TestImportOfTwentyIsToldOneByOne(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	c.SlackTrigger(john, "Each")
	c.ImportOf(john, 20, "send_invitations", "1")
	c.WantCount(20, "SELECT count(*) FROM deliveries WHERE template = 'create_user'")
	c.WantCount(20, "SELECT count(*) FROM deliveries WHERE user_id IS NOT NULL")
	c.WantCount(20, "SELECT count(*) FROM deliveries d JOIN invitations i ON i.mail_delivery_id = d.id")
	c.WantCount(0, "SELECT count(*) FROM deliveries WHERE template = 'create_user_summary'")
}
