package e2e

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"console/e2e/harness"
	"console/internal/account"
	"console/internal/permission"
)

// confirmed is a form that asks for confirmation.
type confirmed struct {
	preview func() *harness.Answer // the page that asks
	path    string                 // where it is posted
	fields  []string
	change  func() // what somebody else does, so that confirming means something else
	done    string // a query that is true once it has been done
}

// confirmations are all forms with a preview, each with a way in which it can come to mean something else.
var confirmations = map[string]func(c *harness.Console, admin *harness.Browser) confirmed{
	"disable a person": func(c *harness.Console, admin *harness.Browser) confirmed {
		ann := c.Person(permission.Admin, "Ann", "", "ann@example.com")
		path := harness.UserPath(ann, "disable")
		return confirmed{get(admin, path), path, nil,
			func() { c.InviteByLink(c.Browse(ann), "analyst", "new@example.com") }, `SELECT disabled_at > 0 FROM users WHERE email = 'ann@example.com'`}
	},
	"delete a person": func(c *harness.Console, admin *harness.Browser) confirmed {
		ann := c.Person(permission.Admin, "Ann", "", "ann@example.com")
		path := harness.UserPath(ann, "delete")
		return confirmed{get(admin, path), path, []string{"confirm_email", ann.Email}, func() {
			admin.Post("/settings/integrations/new?type=email", "name", "Mail", "active", "1", "emails", ann.Email).Wants(http.StatusSeeOther)
		}, `SELECT count(*) = 0 FROM users WHERE email = 'ann@example.com'`}
	},
	"several people": func(c *harness.Console, admin *harness.Browser) confirmed {
		c.Insert(harness.Crowd(25, "Row")...)
		query := []string{"action", "disable", "all", "1", "q", "row", "total", "25"}
		return confirmed{get(admin, "/settings/users/bulk?action=disable&all=1&q=row"), "/settings/users/bulk", query, func() {
			last := c.User("row00024@example.com")
			admin.Post(harness.UserPath(last, "delete"), "confirm_email", last.Email).Wants(http.StatusSeeOther)
			c.Person(permission.Analyst, "Row", "Late", "late@example.com") // as many match as before, and the first twenty are the same
		}, `SELECT count(*) = 25 FROM users WHERE disabled_at > 0`}
	},
	"import": func(c *harness.Console, admin *harness.Browser) confirmed {
		file := "email,role\none@example.com,Analyst\ntwo@example.com,Analyst\n"
		fields := []string{"file", file, "tenant_id", "1"}
		return confirmed{func() *harness.Answer { return admin.Post("/settings/users/import", fields...) }, "/settings/users/import", fields,
			func() { admin.Invite("two").Wants(http.StatusSeeOther) }, `SELECT count(*) = 1 FROM users WHERE email = 'one@example.com'`}
	},
	"permissions of a group": func(c *harness.Console, admin *harness.Browser) confirmed {
		path := crowded(c, admin) + "/permissions"
		fields := []string{"role", "read_only", "version", c.Cell(`SELECT version FROM groups ORDER BY id DESC LIMIT 1`)}
		return confirmed{get(admin, path+"?role=read_only&version="+fields[3]), path, fields, swap(c, admin),
			`SELECT role = 'read_only' FROM groups WHERE name = 'Many'`}
	},
	"tenant of a group": func(c *harness.Console, admin *harness.Browser) confirmed {
		path := crowded(c, admin) + "/tenants/remove"
		return confirmed{get(admin, path+"?tenant_id=1"), path, []string{"tenant_id", "1"}, swap(c, admin),
			`SELECT count(*) = 0 FROM group_tenants WHERE group_id = (SELECT id FROM groups WHERE name = 'Many')`}
	},
	"delete a group": func(c *harness.Console, admin *harness.Browser) confirmed {
		path := crowded(c, admin) + "/delete"
		return confirmed{get(admin, path), path, nil, swap(c, admin), `SELECT count(*) = 0 FROM groups WHERE name = 'Many'`}
	},
	"members of a group": func(c *harness.Console, admin *harness.Browser) confirmed {
		path := crowded(c, admin) + "/users/remove"
		one, two := c.Cell(`SELECT id FROM users WHERE email LIKE 'row%' ORDER BY id LIMIT 1`), c.Cell(`SELECT max(id) - 1 FROM users`)
		return confirmed{get(admin, path+"?user_ids="+one+"&user_ids="+two), path, []string{"user_ids", one, "user_ids", two},
			func() { admin.Post(path, "user_ids", two).Wants(http.StatusSeeOther) },
			`SELECT count(*) = 23 FROM group_users WHERE group_id = (SELECT id FROM groups WHERE name = 'Many')`}
	},
	"groups of a person": func(c *harness.Console, admin *harness.Browser) confirmed {
		ann := c.Person(permission.Analyst, "Ann", "", "ann@example.com")
		group := c.NewGroup(admin, "Watchers", []string{"1"}, []string{"triggers.view"})
		admin.Post(group+"/users/add", "user_ids", strconv.FormatInt(ann.ID, 10)).Wants(http.StatusSeeOther)
		path := harness.UserPath(ann, "groups")
		fields := []string{"role", "analyst", "group_ids", "", "version", fmt.Sprint(c.User(ann.Email).Version)}
		return confirmed{func() *harness.Answer { return admin.Post(path, append([]string{"review", "1"}, fields...)...) }, path, fields, func() {
			admin.Post(group+"/permissions", "role", "custom", "permissions", "triggers.view", "permissions", "integrations.view",
				"version", c.Cell(`SELECT version FROM groups WHERE name = 'Watchers'`)).Wants(http.StatusSeeOther)
		}, `SELECT count(*) = 0 FROM group_users WHERE user_id = ` + strconv.FormatInt(ann.ID, 10)}
	},
	"disable a tenant": func(c *harness.Console, admin *harness.Browser) confirmed {
		id := c.NewTenant(admin, "Staging")
		admin.Post(crowded(c, admin)+"/tenants", "tenant_ids", id).Wants(http.StatusSeeOther)
		path := "/settings/tenants/" + id + "/disable"
		return confirmed{get(admin, path), path, nil, swap(c, admin), `SELECT disabled_at > 0 FROM tenants WHERE name = 'Staging'`}
	},
	"delete a tenant": func(c *harness.Console, admin *harness.Browser) confirmed {
		id := c.NewTenant(admin, "Staging")
		path := "/settings/tenants/" + id
		admin.Post(path + "/disable").Wants(http.StatusSeeOther)
		return confirmed{get(admin, path+"/delete"), path + "/delete", []string{"confirm_name", "Staging"}, func() {
			admin.Post(path + "/enable").Wants(http.StatusSeeOther)
			admin.Post("/settings/users/invite-link", "role", "analyst", "duration", "1h", "email", "new@example.com", "tenant_id", id).
				Wants(http.StatusOK)
			admin.Post(path + "/disable").Wants(http.StatusSeeOther)
		}, `SELECT count(*) = 0 FROM tenants WHERE name = 'Staging'`}
	},
	"second factor of a person": func(c *harness.Console, admin *harness.Browser) confirmed {
		ann := c.Person(permission.Analyst, "Ann", "", "ann@example.com")
		c.Exec(`UPDATE users SET two_factor = 1 WHERE id = $1`, ann.ID)
		path := harness.UserPath(ann, "disable-2fa")
		return confirmed{get(admin, path), path, []string{"password", harness.AdminPassword}, func() {
			admin.Post(harness.UserPath(ann, "edit"), "first_name", "Anna", "last_name", "", "version", "1").Wants(http.StatusSeeOther)
		}, `SELECT two_factor = 0 FROM users WHERE email = 'ann@example.com'`}
	},
	"people without a second factor": func(c *harness.Console, admin *harness.Browser) confirmed {
		c.Browse(c.Person(permission.Analyst, "Ann", "", "ann@example.com"))
		path := "/settings/general/signout-without-2fa"
		return confirmed{get(admin, path), path, nil, func() { c.Browse(c.Person(permission.Analyst, "Bob", "", "bob@example.com")) },
			`SELECT count(*) = 1 FROM sessions`}
	},
	"how long the activity log is kept": func(c *harness.Console, admin *harness.Browser) confirmed {
		admin.Invite("ann").Wants(http.StatusSeeOther)
		age := func(id int) { // as an entry that was written a year ago
			harness.OnFile(c.T, "its entries are made older by hand")
			c.Exec(`DROP TRIGGER IF EXISTS activity_no_update`)
			c.Exec(`UPDATE activity SET at = at - 366 * 86400000 WHERE id = $1`, id)
		}
		age(1)
		path, fields := "/settings/general/activity", []string{"retention", "6", "version", version(c)}
		return confirmed{func() *harness.Answer {
			return admin.Post(path, append(fields, "confirm", account.Removal{}.Digest())...)
		}, path, fields,
			func() { age(2) }, `SELECT activity_retention = 6 FROM account`}
	},
	"role of somebody invited": func(c *harness.Console, admin *harness.Browser) confirmed {
		admin.Invite("ann").Wants(http.StatusSeeOther)
		path := c.Invitation("ann@example.com") + "/role"
		return confirmed{get(admin, path), path, []string{"role", "read_only"}, func() { admin.Post(path, "role", "admin").Wants(http.StatusSeeOther) },
			`SELECT role = 'read_only' FROM users WHERE email = 'ann@example.com'`}
	},
	"revoke an invitation": func(c *harness.Console, admin *harness.Browser) confirmed {
		admin.Invite("ann").Wants(http.StatusSeeOther)
		path := c.Invitation("ann@example.com")
		return confirmed{get(admin, path+"/revoke"), path + "/revoke", nil,
			func() { admin.Post(path+"/role", "role", "admin").Wants(http.StatusSeeOther) }, `SELECT count(*) = 0 FROM invitations`}
	},
	"delete an integration": func(c *harness.Console, admin *harness.Browser) confirmed {
		id := c.Slack(admin, c.Receiver.URL)
		path := "/settings/integrations/" + id + "/delete"
		return confirmed{get(admin, path), path, nil, func() { c.Trigger(admin, id) }, `SELECT count(*) = 0 FROM integrations`}
	},
	"delete a trigger": func(c *harness.Console, admin *harness.Browser) confirmed {
		c.Trigger(admin, c.Slack(admin, c.Receiver.URL), c.Slack(admin, c.Receiver.URL))
		return confirmed{get(admin, "/settings/triggers/1/delete"), "/settings/triggers/1/delete", nil,
			func() { admin.Post("/settings/integrations/2/delete").Wants(http.StatusSeeOther) }, `SELECT count(*) = 0 FROM triggers`}
	},
	"signing secret": func(c *harness.Console, admin *harness.Browser) confirmed {
		path := "/settings/integrations/" + c.Hook(admin, "/hook") + "/secret"
		ann := c.Browse(c.Person(permission.Admin, "Ann", "", "ann@example.com"))
		return confirmed{get(admin, path), path, nil, func() { ann.Post(path).Wants(http.StatusOK) },
			`SELECT count(*) = 1 FROM activity WHERE action = 'make signing secret' AND outcome = 'done' AND actor_id = 1`}
	},
}

// get asks for a page.
func get(by *harness.Browser, path string) func() *harness.Answer {
	return func() *harness.Answer { return by.Get(path) }
}

// crowded makes a group of more people than a preview names, and returns its path.
func crowded(c *harness.Console, admin *harness.Browser) string {
	people := c.Insert(harness.Crowd(25, "Row")...)
	path := c.NewGroup(admin, "Many", []string{"1"}, []string{"triggers.view", "rules.view", "rules.update"})
	var pairs []string
	for _, p := range people {
		pairs = append(pairs, "user_ids", strconv.FormatInt(p.ID, 10))
	}
	admin.Post(path+"/users/add", pairs...).Wants(http.StatusSeeOther)
	return path
}

// swap puts somebody else into the group in the place of its last member, whom no preview names: as many lose as before.
func swap(c *harness.Console, admin *harness.Browser) func() {
	path, last := "/settings/groups/"+c.Cell(`SELECT id FROM groups WHERE name = 'Many'`), c.Cell(`SELECT max(user_id) FROM group_users`)
	return func() {
		late := c.Person(permission.Analyst, "Row", "Late", "late@example.com")
		admin.Post(path+"/users/remove", "user_ids", last).Wants(http.StatusSeeOther)
		admin.Post(path+"/users/add", "user_ids", strconv.FormatInt(late.ID, 10)).Wants(http.StatusSeeOther)
	}
}

func TestFC150_WhatIsConfirmedIsWhatHappens(t *testing.T) {
	t.Parallel()
	for name, of := range confirmations {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, admin := harness.SignedIn(t, nil)
			form := of(c, admin)
			done := func() bool { return c.Count(form.done) == 1 }
			seen := form.preview().Wants(http.StatusOK).Confirm()
			if again := form.preview().Confirm(); again != seen {
				t.Errorf("the same preview is confirmed by %s and by %s", seen, again)
			}
			form.change()
			c.Settled()
			before := c.Snapshot()
			now := admin.Post(form.path, append([]string{"confirm", seen}, form.fields...)...).Wants(http.StatusConflict)
			now.Contains("has changed since it was shown")
			c.WantUnchanged(before, "confirming what is no longer so")
			if done() {
				t.Fatal("it was done although something else was confirmed")
			}
			accept(c, admin.Post(form.path, append([]string{"confirm", now.Confirm()}, form.fields...)...))
			if !done() {
				t.Error("it was not done though what it does was confirmed")
			}
		})
		t.Run(name+", by a program", func(t *testing.T) {
			t.Parallel()
			c, admin := harness.SignedIn(t, nil)
			form := of(c, admin)
			a := admin.Post(form.path, form.fields...)
			if name == "import" { // without a confirmation this is the request for the preview
				a.Wants(http.StatusOK).Confirm()
				return
			}
			if accept(c, a); c.Count(form.done) != 1 && name != "members of a group" {
				t.Error("it was not done")
			}
		})
	}
}

// accept waits for what a form has begun.
func accept(c *harness.Console, a *harness.Answer) {
	c.T.Helper()
	if a.StatusCode == http.StatusOK { // it shows what was made
		return
	}
	a.Wants(http.StatusSeeOther)
	if to := a.Header.Get("Location"); len(to) > len("/settings/jobs/") && to[:len("/settings/jobs/")] == "/settings/jobs/" {
		c.EndedJob(a)
	}
}
