package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"console/internal/fake"
	"console/internal/permission"
)

// condition makes a trigger on a condition that tells the receiver, and returns its name.
func (c *console) condition(by *browser, condition string, pairs ...string) string {
	c.t.Helper()
	name := "On " + condition
	pairs = append(pairs, "name", name, "condition", condition, "integration_ids", c.slack(by, c.Receiver.URL+"/"+condition))
	by.post("/settings/triggers/new", pairs...).wants(http.StatusSeeOther)
	return name
}

// everyCondition is what meets each condition, by the person ann, and what the message then says.
var everyCondition = map[string]struct {
	meet func(c *console, admin *browser)
	says string
}{
	"user_added": {
		func(c *console, admin *browser) { admin.invite("new").wants(http.StatusSeeOther) },
		"A new user new <new@example.com> with the role Analyst was added to the company account by John Doe <johndoe@example.com>.",
	},
	"user_deleted": {
		func(c *console, admin *browser) {
			admin.post(userPath(c.user("ann@example.com"), "delete"), "confirm_email", "ann@example.com").wants(http.StatusSeeOther)
		},
		"The user Ann Lee <ann@example.com> with the role Analyst was deleted from the company account by John Doe <johndoe@example.com>.",
	},
	"access_disabled": {
		func(c *console, admin *browser) {
			admin.post(userPath(c.user("ann@example.com"), "disable")).wants(http.StatusSeeOther)
			admin.post(userPath(c.user("ann@example.com"), "disable")).wants(http.StatusSeeOther) // changes nothing
		},
		"Access of the user Ann Lee <ann@example.com> with the role Analyst to the company account was disabled by John Doe <johndoe@example.com>.",
	},
	"access_enabled": {
		func(c *console, admin *browser) {
			c.disable("ann@example.com")
			admin.post(userPath(c.user("ann@example.com"), "enable")).wants(http.StatusSeeOther)
			admin.post(userPath(c.user("ann@example.com"), "enable")).wants(http.StatusSeeOther) // changes nothing
		},
		"Access of the user Ann Lee <ann@example.com> with the role Analyst to the company account was enabled by John Doe <johndoe@example.com>.",
	},
	"access_changed": {
		func(c *console, admin *browser) {
			admin.invite("bea").wants(http.StatusSeeOther)
			admin.post(c.invitation("bea@example.com")+"/role", "role", "read_only").wants(http.StatusSeeOther)
			admin.post(c.invitation("bea@example.com")+"/role", "role", "read_only").wants(http.StatusSeeOther) // changes nothing
		},
		"Role: Analyst → Read Only",
	},
	"sign_in_locked": {
		func(c *console, admin *browser) {
			for range 40 { // also through pauses, which refuse
				c.browser().from("198.51.100.7").post("/signin", "email", "ann@example.com", "password", "wrong")
				c.exec(`UPDATE throttles SET last_at = last_at - 3600000 WHERE kind = 'password'`)
			}
			c.browser().from("198.51.100.7").post("/signin", "email", "nobody@example.com", "password", "wrong")
		},
		"Sign-in of the user Ann Lee <ann@example.com> with the role Analyst was locked after too many failed attempts.",
	},
}

func TestTriggersEveryConditionIsToldOnce(t *testing.T) {
	t.Parallel()
	for condition, event := range everyCondition {
		t.Run(condition, func(t *testing.T) {
			t.Parallel()
			c, admin := signedIn(t, behindProxy)
			c.person("analyst", "Ann", "Lee", "ann@example.com")
			name := c.condition(admin, condition)
			for other := range everyCondition {
				if other != condition {
					c.condition(admin, other, "role_operator", "eq", "roles", "deploy")
				}
			}
			event.meet(c, admin)
			said := slackSaid(t, c.Receiver.Wait(t, 1)[0])
			if !strings.Contains(said, escapeSlack(event.says)) || !strings.Contains(said, `triggered by the "`+name+`" trigger`) {
				t.Errorf("Slack was told\n%s\nnot\n%s", said, event.says)
			}
			c.wantCount(1, `SELECT count(*) FROM deliveries WHERE trigger_id > 0`)
			c.wantCount(1, `SELECT count(*) FROM events`)
		})
	}
}

func TestTriggersFilterByRole(t *testing.T) {
	t.Parallel()
	c, admin := signedIn(t, nil)
	ann, rob := c.person("analyst", "Ann", "", "ann@example.com"), c.person("read_only", "Rob", "", "rob@example.com")
	for name, filter := range map[string][]string{
		"all": nil, "analysts": {"role_operator", "eq", "roles", "analyst"}, "both": {"role_operator", "eq", "roles", "analyst", "roles", "read_only"},
		"not analysts": {"role_operator", "ne", "roles", "analyst"}, "neither": {"role_operator", "ne", "roles", "analyst", "roles", "read_only"},
	} {
		pairs := append([]string{"name", name, "condition", "access_disabled", "integration_ids", c.slack(admin, c.Receiver.URL)}, filter...)
		admin.post("/settings/triggers/new", pairs...).wants(http.StatusSeeOther)
	}
	admin.post(userPath(ann, "disable")).wants(http.StatusSeeOther)
	admin.post(userPath(rob, "disable")).wants(http.StatusSeeOther)
	for name, want := range map[string]int{"all": 2, "analysts": 1, "both": 2, "not analysts": 1, "neither": 0} {
		if n := c.queued(name); n != want {
			t.Errorf("the trigger for %s has told %d times, not %d", name, n, want)
		}
	}
}

func TestTriggersSaySomebodyLeftTheList(t *testing.T) {
	t.Parallel()
	c, admin := signedIn(t, nil)
	name := c.condition(admin, "user_deleted")
	admin.invite("ann").wants(http.StatusSeeOther)
	admin.post(c.invitation("ann@example.com") + "/revoke").wants(http.StatusSeeOther)
	c.inviteByLink(admin, "analyst", "bea@example.com") // is not on the list
	admin.post(c.invitation("bea@example.com") + "/revoke").wants(http.StatusSeeOther)
	if n := c.queued(name); n != 1 {
		t.Errorf("the trigger has told %d times", n)
	}
}

func TestTriggersManyAtOnceAreSummarized(t *testing.T) {
	t.Parallel()
	c, admin := signedIn(t, nil)
	people := c.insert(crowd(30, "Crowd")...)
	hook := fake.NewReceiver(t)
	admin.post("/settings/integrations/new?type=webhook", "name", "Hook", "active", "1", "url", hook.URL).wants(http.StatusSeeOther)
	admin.post("/settings/integrations/new?type=email", "name", "Mail", "active", "1", "emails", "chief@example.com").wants(http.StatusSeeOther)
	for _, condition := range []string{"access_disabled", "user_deleted"} {
		admin.post("/settings/triggers/new", "name", condition, "condition", condition, "integration_ids", c.integration("Hook"), "integration_ids",
			c.integration("Mail"), "integration_ids", c.slack(admin, c.Receiver.URL)).wants(http.StatusSeeOther)
	}
	c.disable(people[0].Email) // to whom the job does nothing
	c.bulk(admin, append(idPairs(people...), "action", "disable")...)
	c.wantCount(29, `SELECT count(*) FROM deliveries WHERE kind = 'webhook' AND template = 'disable_user'`)
	c.wantCount(1, `SELECT count(*) FROM deliveries WHERE kind = 'slack' AND template = 'disable_user_summary'`)
	c.wantCount(31, `SELECT count(*) FROM deliveries`)
	said := slackSaid(t, c.Receiver.Wait(t, 1)[0])
	if !strings.Contains(said, "Access of 29 users to the company account was disabled by John Doe") || strings.Count(said, "Number000") != 10 ||
		!strings.Contains(said, "and 19 more.") {
		t.Errorf("Slack was told\n%s", said)
	}
	c.bulk(admin, append(idPairs(people...), "action", "delete")...)
	c.wantCount(30, `SELECT count(*) FROM deliveries WHERE kind = 'webhook' AND template = 'delete_user'`)
	c.wantCount(2, `SELECT count(*) FROM deliveries WHERE template = 'delete_user_summary'`)
}

func TestTriggersTwentyAreToldOneByOne(t *testing.T) {
	t.Parallel()
	c, admin := signedIn(t, nil)
	people := c.insert(crowd(20, "Crowd")...)
	name := c.condition(admin, "access_disabled")
	c.bulk(admin, append(idPairs(people...), "action", "disable")...)
	if n := c.queued(name); n != 20 {
		t.Errorf("%d messages were queued", n)
	}
}

// TestTriggersLockIsToldAgainAfterADay fails until a failure is forgotten, then locks again.
func TestTriggersLockIsToldAgainAfterADay(t *testing.T) {
	t.Parallel()
	c, clock := startAt(t)
	admin := c.browseAt(c.user(adminEmail), clock.Now())
	name := c.condition(admin, "sign_in_locked")
	c.person(permission.Analyst, "Ann", "", "ann@example.com")
	for round := 1; round <= 2; round++ {
		for range 17 {
			c.browser().post("/signin", "email", "ann@example.com", "password", "wrong")
			clock.Advance(16 * time.Minute)
		}
		if n := c.queued(name); n != round {
			t.Errorf("after %s the trigger has told %d times", fmt.Sprint(round, " rounds"), n)
		}
		clock.Advance(25 * time.Hour)
	}
}
