package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/fake"
	"console/internal/permission"
)

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

func TestFC128_AFailedChangeTellsNobody(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	ann := c.Person("analyst", "Ann", "", "ann@example.com")
	triggerOn(c, admin, "access_disabled")
	triggerOn(c, admin, "user_deleted")
	mend := c.Break("deliveries", "NEW.id = NEW.id", "disk on fire")
	admin.Post(harness.UserPath(ann, "disable")).Wants(http.StatusInternalServerError)
	admin.Post(harness.UserPath(ann, "delete"), "confirm_email", ann.Email).Wants(http.StatusInternalServerError)
	mend()
	if u := c.UserByID(ann.ID); u.DisabledAt != 0 {
		t.Error("a change whose message could not be queued was made")
	}
	c.WantCount(0, `SELECT count(*) FROM events`)
	admin.Post(harness.UserPath(c.User(harness.AdminEmail), "disable")).Wants(http.StatusConflict) // refused: nobody disables themselves
	c.WantCount(0, `SELECT count(*) FROM events`)
	admin.Post(harness.UserPath(ann, "disable")).Wants(http.StatusSeeOther)
	c.Receiver.Wait(t, 1)
	c.WantCount(1, `SELECT count(*) FROM events`)
}

func TestFC129_OnceThroughAnImport(t *testing.T) {
	harness.OnBoth(t)
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	c.SlackTrigger(john, "Everybody")
	c.ImportOf(john, 3)
	if n := c.Queued("Everybody"); n != 3 {
		t.Errorf("%d messages were queued for 3 people", n)
	}
}

// triggerOn makes a trigger on a condition that tells the receiver, and returns its name.
func triggerOn(c *harness.Console, by *harness.Browser, condition string, pairs ...string) string {
	c.T.Helper()
	name := "On " + condition
	pairs = append(pairs, "name", name, "condition", condition, "integration_ids", c.Slack(by, c.Receiver.URL+"/"+condition))
	by.Post("/settings/triggers/new", pairs...).Wants(http.StatusSeeOther)
	return name
}

// everyCondition is what meets each condition, by the person ann, and what the message then says.
var everyCondition = map[string]struct {
	meet func(c *harness.Console, admin *harness.Browser)
	says string
}{
	"user_added": {
		func(c *harness.Console, admin *harness.Browser) { admin.Invite("new").Wants(http.StatusSeeOther) },
		"A new user new <new@example.com> with the role Analyst was added to the company account by John Doe <johndoe@example.com>.",
	},
	"user_deleted": {
		func(c *harness.Console, admin *harness.Browser) {
			admin.Post(harness.UserPath(c.User("ann@example.com"), "delete"), "confirm_email", "ann@example.com").Wants(http.StatusSeeOther)
		},
		"The user Ann Lee <ann@example.com> with the role Analyst was deleted from the company account by John Doe <johndoe@example.com>.",
	},
	"access_disabled": {
		func(c *harness.Console, admin *harness.Browser) {
			admin.Post(harness.UserPath(c.User("ann@example.com"), "disable")).Wants(http.StatusSeeOther)
			admin.Post(harness.UserPath(c.User("ann@example.com"), "disable")).Wants(http.StatusSeeOther) // changes nothing
		},
		"Access of the user Ann Lee <ann@example.com> with the role Analyst to the company account was disabled by John Doe <johndoe@example.com>.",
	},
	"access_enabled": {
		func(c *harness.Console, admin *harness.Browser) {
			c.Disable("ann@example.com")
			admin.Post(harness.UserPath(c.User("ann@example.com"), "enable")).Wants(http.StatusSeeOther)
			admin.Post(harness.UserPath(c.User("ann@example.com"), "enable")).Wants(http.StatusSeeOther) // changes nothing
		},
		"Access of the user Ann Lee <ann@example.com> with the role Analyst to the company account was enabled by John Doe <johndoe@example.com>.",
	},
	"access_changed": {
		func(c *harness.Console, admin *harness.Browser) {
			admin.Invite("bea").Wants(http.StatusSeeOther)
			admin.Post(c.Invitation("bea@example.com")+"/role", "role", "read_only").Wants(http.StatusSeeOther)
			admin.Post(c.Invitation("bea@example.com")+"/role", "role", "read_only").Wants(http.StatusSeeOther) // changes nothing
		},
		"Role: Analyst → Read Only",
	},
	"sign_in_locked": {
		func(c *harness.Console, admin *harness.Browser) {
			for range 40 { // also through pauses, which refuse
				c.Browser().From("198.51.100.7").Post("/signin", "email", "ann@example.com", "password", "wrong")
				c.Exec(`UPDATE throttles SET last_at = last_at - 3600000 WHERE kind = 'password'`)
			}
			c.Browser().From("198.51.100.7").Post("/signin", "email", "nobody@example.com", "password", "wrong")
		},
		"Sign-in of the user Ann Lee <ann@example.com> with the role Analyst was locked after too many failed attempts.",
	},
}

func TestTriggersEveryConditionIsToldOnce(t *testing.T) {
	t.Parallel()
	for condition, event := range everyCondition {
		t.Run(condition, func(t *testing.T) {
			t.Parallel()
			c, admin := harness.SignedIn(t, harness.BehindProxy)
			c.Person("analyst", "Ann", "Lee", "ann@example.com")
			name := triggerOn(c, admin, condition)
			for other := range everyCondition {
				if other != condition {
					triggerOn(c, admin, other, "role_operator", "eq", "roles", "deploy")
				}
			}
			event.meet(c, admin)
			said := slackSaid(t, c.Receiver.Wait(t, 1)[0])
			if !strings.Contains(said, harness.EscapeSlack(event.says)) || !strings.Contains(said, `triggered by the "`+name+`" trigger`) {
				t.Errorf("Slack was told\n%s\nnot\n%s", said, event.says)
			}
			c.WantCount(1, `SELECT count(*) FROM deliveries WHERE trigger_id > 0`)
			c.WantCount(1, `SELECT count(*) FROM events`)
		})
	}
}

func TestTriggersFilterByRole(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	ann, rob := c.Person("analyst", "Ann", "", "ann@example.com"), c.Person("read_only", "Rob", "", "rob@example.com")
	for name, filter := range map[string][]string{
		"all": nil, "analysts": {"role_operator", "eq", "roles", "analyst"}, "both": {"role_operator", "eq", "roles", "analyst", "roles", "read_only"},
		"not analysts": {"role_operator", "ne", "roles", "analyst"}, "neither": {"role_operator", "ne", "roles", "analyst", "roles", "read_only"},
	} {
		pairs := append([]string{"name", name, "condition", "access_disabled", "integration_ids", c.Slack(admin, c.Receiver.URL)}, filter...)
		admin.Post("/settings/triggers/new", pairs...).Wants(http.StatusSeeOther)
	}
	admin.Post(harness.UserPath(ann, "disable")).Wants(http.StatusSeeOther)
	admin.Post(harness.UserPath(rob, "disable")).Wants(http.StatusSeeOther)
	for name, want := range map[string]int{"all": 2, "analysts": 1, "both": 2, "not analysts": 1, "neither": 0} {
		if n := c.Queued(name); n != want {
			t.Errorf("the trigger for %s has told %d times, not %d", name, n, want)
		}
	}
}

func TestTriggersSaySomebodyLeftTheList(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	name := triggerOn(c, admin, "user_deleted")
	admin.Invite("ann").Wants(http.StatusSeeOther)
	admin.Post(c.Invitation("ann@example.com") + "/revoke").Wants(http.StatusSeeOther)
	c.InviteByLink(admin, "analyst", "bea@example.com") // is not on the list
	admin.Post(c.Invitation("bea@example.com") + "/revoke").Wants(http.StatusSeeOther)
	if n := c.Queued(name); n != 1 {
		t.Errorf("the trigger has told %d times", n)
	}
}

func TestTriggersManyAtOnceAreSummarized(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	people := c.Insert(harness.Crowd(30, "Crowd")...)
	hook := fake.NewReceiver(t)
	admin.Post("/settings/integrations/new?type=webhook", "name", "Hook", "active", "1", "url", hook.URL).Wants(http.StatusSeeOther)
	admin.Post("/settings/integrations/new?type=email", "name", "Mail", "active", "1", "emails", "chief@example.com").
		Wants(http.StatusSeeOther)
	for _, condition := range []string{"access_disabled", "user_deleted"} {
		admin.Post("/settings/triggers/new", "name", condition, "condition", condition, "integration_ids", integration(c, "Hook"), "integration_ids",
			integration(c, "Mail"), "integration_ids", c.Slack(admin, c.Receiver.URL)).
			Wants(http.StatusSeeOther)
	}
	c.Disable(people[0].Email) // to whom the job does nothing
	c.Bulk(admin, append(harness.IDPairs(people...), "action", "disable")...)
	c.WantCount(29, `SELECT count(*) FROM deliveries WHERE kind = 'webhook' AND template = 'disable_user'`)
	c.WantCount(1, `SELECT count(*) FROM deliveries WHERE kind = 'slack' AND template = 'disable_user_summary'`)
	c.WantCount(31, `SELECT count(*) FROM deliveries`)
	said := slackSaid(t, c.Receiver.Wait(t, 1)[0])
	if !strings.Contains(said, "Access of 29 users to the company account was disabled by John Doe") ||
		strings.Count(said, "Number000") != 10 ||
		!strings.Contains(said, "and 19 more.") {
		t.Errorf("Slack was told\n%s", said)
	}
	c.Bulk(admin, append(harness.IDPairs(people...), "action", "delete")...)
	c.WantCount(30, `SELECT count(*) FROM deliveries WHERE kind = 'webhook' AND template = 'delete_user'`)
	c.WantCount(2, `SELECT count(*) FROM deliveries WHERE template = 'delete_user_summary'`)
}

func TestTriggersTwentyAreToldOneByOne(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	people := c.Insert(harness.Crowd(20, "Crowd")...)
	name := triggerOn(c, admin, "access_disabled")
	c.Bulk(admin, append(harness.IDPairs(people...), "action", "disable")...)
	if n := c.Queued(name); n != 20 {
		t.Errorf("%d messages were queued", n)
	}
}

// TestTriggersLockIsToldAgainAfterADay fails until a failure is forgotten, then locks again.
func TestTriggersLockIsToldAgainAfterADay(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	admin := c.BrowseAt(c.User(harness.AdminEmail), clock.Now())
	name := triggerOn(c, admin, "sign_in_locked")
	c.Person(permission.Analyst, "Ann", "", "ann@example.com")
	for round := 1; round <= 2; round++ {
		for range 17 {
			c.Browser().Post("/signin", "email", "ann@example.com", "password", "wrong")
			clock.Advance(16 * time.Minute)
		}
		if n := c.Queued(name); n != round {
			t.Errorf("after %s the trigger has told %d times", fmt.Sprint(round, " rounds"), n)
		}
		clock.Advance(25 * time.Hour)
	}
}

func TestFC129_OnlyJoiningTheListIsToldAbout(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	c.SlackTrigger(john, "Administrators", "admin")
	file := "email,role\none@example.com,Administrator\ntwo@example.com,Administrator\nthree@example.com,Analyst\n"
	c.EndedJob(john.Import(file, "send_invitations", "1"))
	if n := c.Queued("Administrators"); n != 2 {
		t.Errorf("an import of two administrators and an analyst queued %d messages", n)
	}
	one := c.User("one@example.com")
	path := c.SignupPath("one@example.com")
	john.Post(c.Invitation("two@example.com") + "/resend").Wants(http.StatusSeeOther)
	john.Post(c.Invitation("two@example.com") + "/link").Wants(http.StatusOK)
	john.Post(c.Invitation("three@example.com")+"/role", "role", "admin").Wants(http.StatusSeeOther)
	c.Browser().Accept(path, one.Email).Wants(http.StatusSeeOther)
	john.Post(harness.UserPath(one, "disable")).Wants(http.StatusSeeOther)
	john.Post(harness.UserPath(one, "enable")).Wants(http.StatusSeeOther)
	john.Post(harness.UserPath(one, "edit"), "first_name", "X", "version", fmt.Sprint(c.User(one.Email).Version)).Wants(http.StatusSeeOther)
	c.Bulk(john, append(harness.IDPairs(one), "action", "disable")...)
	if n := c.Queued("Administrators"); n != 2 {
		t.Errorf("what came after their joining queued %d more messages", n-2)
	}
}
