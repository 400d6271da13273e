package replicas

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"console/e2e/harness"
	"console/internal/fake"
)

// broken are the rows that there never are, whoever dies.
var broken = []struct{ what, query string }{
	{
		"people neither invited with one open link nor active with a password",
		`SELECT u.email FROM users u LEFT JOIN invitations i ON i.user_id = u.id WHERE u.password_hash <> 'none' AND NOT (
			u.activated_at = 0 AND u.password_hash = '' AND i.id IS NOT NULL
				AND 1 = (SELECT count(*) FROM signup_links l WHERE l.invitation_id = i.id AND l.ended = '')
			OR u.activated_at > 0 AND u.password_hash <> '' AND u.joined_at > 0 AND i.id IS NULL)`,
	},
	{"groups that count their members wrong", `SELECT name FROM groups g
		WHERE members <> (SELECT count(*) FROM group_users gu WHERE gu.group_id = g.id)`},
	{"people whose coming the trigger does not tell once", `SELECT u.email FROM users u WHERE u.email LIKE '_0%@example.com' AND 1 <>
		(SELECT count(*) FROM deliveries d WHERE d.template = 'create_user' AND json_extract(d.params, '$.user.email') = u.email)`},
	{"people whose coming is not one event", `SELECT u.email FROM users u WHERE u.email LIKE '_0%@example.com' AND 1 <>
		(SELECT count(*) FROM events e JOIN deliveries d ON d.event_id = e.id
			WHERE d.template = 'create_user' AND json_extract(d.params, '$.user.email') = u.email)`},
	{"people added without one invitation mail", `SELECT u.email FROM users u WHERE u.email LIKE '_0%@example.com' AND 1 <>
		(SELECT count(*) FROM deliveries d WHERE d.template = 'invitation' AND d.user_id = u.id)`},
	{"people whose adding the activity log does not hold once", `SELECT u.email FROM users u WHERE u.email LIKE '_0%@example.com' AND 1 <>
		(SELECT count(*) FROM activity a WHERE a.action = 'add user' AND a.object_type = 'user' AND a.object_id = u.id)`},
	{"gaps in the activity log", `SELECT CAST(a.id AS TEXT) FROM activity a WHERE a.id > 1 AND NOT EXISTS (SELECT 1 FROM activity b WHERE b.id = a.id - 1)`},
}

// wantWhole fails the test where something is half done.
func (s *site) wantWhole() {
	s.t.Helper()
	for _, b := range broken {
		if rows := s.column(b.query); len(rows) > 0 {
			s.t.Errorf("%s: %q", b.what, rows[:min(len(rows), 5)])
		}
	}
}

// outstanding is how long messages may take whose sending was cut off: their lease of thirty seconds, and what waits then.
const outstanding = 2 * time.Minute

// settle waits until all that was queued is sent.
func (s *site) settle() {
	s.t.Helper()
	harness.Within(s.t, outstanding, "all is delivered", func() bool {
		return s.count(`SELECT count(*) FROM deliveries WHERE state = 'waiting'`) == 0
	})
}

// wantAcknowledged looks for everything that was acknowledged, on each replica and as its people would.
func (c *crowd) wantAcknowledged() {
	c.t.Helper()
	stored := c.column(`SELECT email FROM users`)
	for email := range c.seen {
		if !slices.Contains(stored, email) {
			c.t.Errorf("%s was acknowledged and is gone", email)
		}
	}
	checked := 0
	for email := range c.joined {
		if checked++; checked > 20 {
			break
		}
		status, _, err := c.caller().Post("/signin", "email", email, "password", harness.Password(email))
		if err != nil || status != http.StatusSeeOther {
			c.t.Errorf("%s has signed up and cannot sign in: %d %v", email, status, err)
		}
	}
	want := c.count(`SELECT count(*) FROM users WHERE joined_at > 0`)
	for _, r := range c.replicas {
		status, body, err := r.caller(c.admin).Get("/settings/users/export.csv")
		if err != nil || status != http.StatusOK {
			c.t.Errorf("%s: %d %v", r.name(), status, err)
		}
		if got := strings.Count(body, "\n") - 1; got != want { // the first line names the columns
			c.t.Errorf("%s lists %d people, and there are %d", r.name(), got, want)
		}
	}
}

var newUser = regexp.MustCompile(`A new user .* &lt;(\S+)&gt; with the role`)

// told are the addresses of the people that Slack was told of, in the order of the messages.
func (s *site) told() (addresses []string) {
	s.t.Helper()
	for _, request := range s.slack.Requests() {
		var message struct{ Text string }
		if err := json.Unmarshal(request.Body, &message); err != nil {
			s.t.Fatal(err)
		}
		if found := newUser.FindStringSubmatch(message.Text); found != nil {
			addresses = append(addresses, found[1])
		}
	}
	return addresses
}

// wantTold compares what Slack was told with what was to be told: all of it, in its order, where at most so many messages may come twice
// or out of it: one for each time that a replica died while it was sending.
func (s *site) wantTold(interrupted int) {
	s.t.Helper()
	want := s.column(`SELECT json_extract(params, '$.user.email') FROM deliveries WHERE template = 'create_user' ORDER BY id`)
	place, told, twice, unordered, last := map[string]int{}, map[string]bool{}, 0, 0, -1
	for i, email := range want {
		place[email] = i
	}
	for _, email := range s.told() {
		if told[email] {
			twice++
			continue
		}
		told[email] = true
		if at, known := place[email]; !known || at < last {
			unordered++
		} else {
			last = at
		}
	}
	for _, email := range want {
		if !told[email] {
			s.t.Errorf("Slack was not told of %s", email)
		}
	}
	if twice > interrupted || unordered > interrupted {
		s.t.Errorf("of %d messages to Slack %d came twice and %d out of their order, with %d interruptions", len(want), twice, unordered, interrupted)
	}
	s.t.Logf("Slack: %d messages, %d twice, %d out of their order", len(want), twice, unordered)
}

// wantMailed compares mails: each person has theirs, and one that came twice has the same id.
func (s *site) wantMailed() {
	s.t.Helper()
	ids, twice := map[string]string{}, 0
	for _, m := range s.mail.Messages() {
		mail := m.To[0] + ": " + m.Subject
		first, repeated := ids[mail]
		if repeated {
			twice++
		}
		if repeated && first != m.MessageID {
			s.t.Errorf("%s was sent as %s and as %s", mail, first, m.MessageID)
		}
		ids[mail] = m.MessageID
	}
	for _, email := range s.column(`SELECT recipient FROM deliveries WHERE template = 'invitation'`) {
		if !slices.ContainsFunc(s.mail.Messages(), func(m fake.Mail) bool { return m.To[0] == email }) {
			s.t.Errorf("%s has no mail", email)
		}
	}
	s.t.Logf("mails: %d, %d twice", len(s.mail.Messages()), twice)
}

// wantNoFaults fails the test where a replica has logged an error that nothing excuses.
func (s *site) wantNoFaults(excused ...string) {
	s.t.Helper()
	for _, r := range s.replicas {
		for _, line := range r.faults() {
			if !slices.ContainsFunc(excused, func(part string) bool { return strings.Contains(line, part) }) {
				s.t.Errorf("%s logs %s", r.name(), line)
			}
		}
	}
}
