package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"console/e2e/harness"
	"console/internal/permission"
	"console/store"
)

func TestFC34_NobodyEndsThemselvesOrTheLastAdministrator(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	me := c.User(harness.AdminEmail)
	john.Get(harness.UserPath(me, "disable")).Wants(http.StatusConflict)
	john.Get(harness.UserPath(me, "delete")).Wants(http.StatusConflict)
	john.Post(harness.UserPath(me, "disable")).Wants(http.StatusConflict).Contains("Nobody disables or deletes themselves")
	john.Post(harness.UserPath(me, "delete"), "confirm_email", harness.AdminEmail).Wants(http.StatusConflict)
	for _, action := range []string{"disable", "delete"} {
		job := c.Bulk(john, append(harness.IDPairs(me), "action", action)...)
		if o := c.Outcomes(
			job,
		); job.Refused != 1 ||
			o[0].Refusal != "Nobody disables or deletes themselves. Ask another administrator to do it." {
			t.Errorf("%s of oneself: %+v", action, o)
		}
	}
	john.Post(fmt.Sprintf("/settings/invitations/%d/role", me.ID), "role", "analyst").Wants(http.StatusNotFound)

	// A Global Administrator without a password can act, but could not sign in again: John is the last who could.
	weak := harness.Active(permission.GlobalAdmin, "No", "Password", "weak@example.com")
	weak.PasswordHash = ""
	by := c.Browse(c.Insert(weak)[0])
	by.Post(harness.UserPath(me, "disable")).Wants(http.StatusConflict).Contains("The last administrator stays")
	by.Post(harness.UserPath(me, "delete"), "confirm_email", harness.AdminEmail).
		Wants(http.StatusConflict).
		Contains("The last administrator stays")
	for _, action := range []string{"disable", "delete"} {
		job := c.Bulk(by, append(harness.IDPairs(me), "action", action)...)
		if o := c.Outcomes(
			job,
		); job.Refused != 1 ||
			!strings.HasPrefix(o[0].Refusal, "At least one Global Administrator who can sign in must remain.") {
			t.Errorf("%s of the last administrator: %+v", action, o)
		}
	}
	if after := c.User(harness.AdminEmail); after != me || c.Sessions(me) == 0 {
		t.Errorf("John was %+v and is %+v", me, after)
	}
	john.Get("/settings/users").Wants(http.StatusOK)
}

// TestFC38_AdministratorsCannotEndTheGlobalOne tries every path of the user list that ends somebody.
func TestFC38_AdministratorsCannotEndTheGlobalOne(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	me := c.User(harness.AdminEmail)
	admin := c.Browse(c.Person(permission.Admin, "Ad", "Min", "admin@example.com"))
	admin.Post(harness.UserPath(me, "disable")).Wants(http.StatusForbidden)
	admin.Post(harness.UserPath(me, "delete"), "confirm_email", harness.AdminEmail).Wants(http.StatusForbidden)
	for _, action := range []string{"disable", "delete"} {
		job := c.Bulk(admin, "action", action, "all", "1", "total", "1") // not the actor
		if job.Done != 1 || job.Refused != 1 {
			t.Errorf("%s of everybody: %+v", action, c.Outcomes(job))
		}
	}
	file := []byte("email,role\n" + harness.AdminEmail + ",Analyst\n")
	admin.Upload("/settings/users/import", file, "tenant_id", "1", "confirm", "1").Wants(http.StatusUnprocessableEntity)
	if c.User(harness.AdminEmail) != me {
		t.Error("the Global Administrator was changed")
	}
	john.Get("/settings/users").Wants(http.StatusOK)
}

func TestFC36_TwoAdministratorsEndingEachOther(t *testing.T) {
	t.Parallel()
	c, _ := harness.SignedIn(t, nil)
	c.Update(func(ctx context.Context, tx *store.Tx) error {
		return tx.DeleteUser(ctx, c.User(harness.AdminEmail).ID)
	})
	for round := range 50 {
		ann, bob := c.Person(
			permission.GlobalAdmin,
			"Ann",
			"",
			fmt.Sprintf("ann%d@example.com", round),
		), c.Person(
			permission.GlobalAdmin,
			"Bob",
			"",
			fmt.Sprintf("bob%d@example.com", round),
		)
		byAnn, byBob := c.Browse(ann), c.Browse(bob)
		end := []string{"disable", "delete", "disable in bulk"}[round%3]
		together(ending(byAnn, end, bob), ending(byBob, end, ann))
		harness.Eventually(t, "no job runs", func() bool { return c.Count("SELECT count(*) FROM jobs WHERE ended_at = 0") == 0 })
		usable := c.Column("SELECT id FROM users WHERE role = 'global_admin' AND disabled_at = 0")
		if len(usable) != 1 {
			t.Fatalf("round %d (%s): %d Global Administrators are left", round, end, len(usable))
		}
		if n := c.Count("SELECT count(*) FROM sessions"); n != 1 {
			t.Fatalf("round %d (%s): %d sessions of one person", round, end, n)
		}
		c.Update(func(ctx context.Context, tx *store.Tx) error {
			for _, user := range []store.User{ann, bob} {
				if err := tx.DeleteUser(ctx, user.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
					return err
				}
			}
			return nil
		})
	}
}

// ending disables or deletes somebody, whatever the answer. The form has its token before it is sent.
func ending(b *harness.Browser, how string, person store.User) func() {
	path, form := harness.UserPath(person, how), []string{"confirm_email", person.Email, "csrf_token", b.Token()}
	if how == "disable in bulk" {
		path, form = "/settings/users/bulk", append(form, append(harness.IDPairs(person), "action", "disable")...)
	}
	return func() { b.PostForm(path, form...) }
}

// together runs both at once and waits for both.
func together(both ...func()) {
	var all sync.WaitGroup
	begin := make(chan struct{})
	for _, one := range both {
		all.Go(func() {
			<-begin
			one()
		})
	}
	close(begin)
	all.Wait()
}

// TestFC41_StrongerPeopleAreLeftAlone lets an Administrator try everything on people who hold more than they do.
func TestFC41_StrongerPeopleAreLeftAlone(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	admin := c.Browse(c.Person(permission.Admin, "Ad", "Min", "admin@example.com"))
	off := harness.Active(permission.GlobalAnalyst, "Off", "Analyst", "off@example.com")
	off.DisabledAt = off.CreatedAt
	strong := c.Insert(harness.Active(permission.GlobalAnalyst, "Global", "Analyst", "ga@example.com"), off)
	strong = append(strong, c.User(harness.AdminEmail))
	john.Post("/settings/users/new", "role", "global_read_only", "email", "mailed@example.com", "tenant_id", "1").Wants(http.StatusSeeOther)
	john.Post("/settings/users/invite-link", "role", "global_admin", "duration", "1d", "email", "linked@example.com", "tenant_id", "1").
		Wants(http.StatusOK)
	before := standing(c)

	tries := 0
	refused := func(a *harness.Answer) {
		t.Helper()
		tries++
		a.Wants(http.StatusForbidden).Contains("you may not")
		if n := c.Refusals(); n != tries {
			t.Errorf("%s %s: %d refusals are logged, not %d", a.Request.Method, a.Request.URL.Path, n, tries)
		}
	}
	for _, person := range strong {
		for _, action := range []string{"edit", "disable", "delete"} {
			refused(admin.Get(harness.UserPath(person, action)))
			refused(
				admin.Post(
					harness.UserPath(person, action),
					"confirm_email",
					person.Email,
					"first_name",
					"X",
					"version",
					strconv.FormatInt(person.Version, 10),
				),
			)
		}
		refused(admin.Post(harness.UserPath(person, "enable")))
	}
	for _, email := range []string{"mailed@example.com", "linked@example.com"} {
		for _, action := range []string{"resend", "link", "revoke", "role"} {
			refused(admin.Post(c.Invitation(email)+"/"+action, "role", "analyst"))
		}
		strong = append(strong, c.User(email))
	}
	for _, action := range []string{"disable", "enable", "delete"} {
		job := c.Bulk(admin, append(harness.IDPairs(strong...), "action", action)...)
		for _, o := range c.Outcomes(job) {
			tries++
			if !strings.Contains(o.Refusal, "you may not") {
				t.Errorf("%s %s: %q", action, o.Email, o.Refusal)
			}
		}
		if n := c.Refusals(); n != tries {
			t.Errorf("%s of several: %d refusals are logged, not %d", action, n, tries)
		}
	}
	if after := standing(c); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

// standing is who there is, with what they hold and the links they have.
func standing(c *harness.Console) string {
	c.T.Helper()
	tables := c.Snapshot()
	return tables["users"] + tables["invitations"] + tables["signup_links"] + tables["group_users"]
}

func TestEqualsManageEachOtherAndOthersDoNot(t *testing.T) {
	t.Parallel()
	c, _ := harness.SignedIn(t, nil)
	admin, equal := c.Browse(
		c.Person(permission.Admin, "Ad", "Min", "admin@example.com"),
	), c.Person(
		permission.Admin,
		"E",
		"Qual",
		"equal@example.com",
	)
	admin.Post(harness.UserPath(equal, "disable")).Wants(http.StatusSeeOther)
	admin.Post(harness.UserPath(equal, "enable")).Wants(http.StatusSeeOther)
	for _, role := range []permission.Role{permission.Analyst, permission.ReadOnly, permission.GlobalAnalyst, permission.APIDeveloper} {
		by := c.Browse(c.Person(role, "By", "Stander", string(role)+"@example.com"))
		for _, action := range []string{"edit", "disable", "enable", "delete"} {
			by.Post(harness.UserPath(equal, action), "confirm_email", equal.Email, "first_name", "X", "version", "1").Wants(http.StatusForbidden)
		}
		for _, action := range []string{"disable", "enable", "delete"} {
			by.Post("/settings/users/bulk", append(harness.IDPairs(equal), "action", action)...).Wants(http.StatusForbidden)
		}
		by.Get("/settings/users/import").Wants(http.StatusForbidden)
		by.Upload("/settings/users/import", []byte("email,role\nx@example.com,Analyst\n"), "tenant_id", "1").Wants(http.StatusForbidden)
		by.Get("/settings/users/export.csv").Wants(http.StatusForbidden)
	}
	if c.User(equal.Email).Status() != store.Active {
		t.Error("a bystander has changed somebody")
	}
}

// TestWhatEndsWithAPerson is about the links they made and the integrations that tell them.
func TestWhatEndsWithAPerson(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"disable", "delete"} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			c, john := harness.SignedIn(t, nil)
			ann := c.Person(permission.Admin, "Ann", "Lee", "ann@example.com")
			by := c.Browse(ann)
			link := by.Post("/settings/users/invite-link", "role", "analyst", "duration", "1d", "email", "eve@example.com", "tenant_id", "1").
				Wants(http.StatusOK).
				Link()
			for name, emails := range map[string]string{"Both": "Ann@example.com\nother@example.com", "Alone": "ann@EXAMPLE.com", "Kept": "ann@example.com", "Foreign": "other@example.com"} {
				by.Post("/settings/integrations/new?type=email", "name", name, "active", "1", "emails", emails).Wants(http.StatusSeeOther)
			}
			john.Get(harness.UserPath(ann, end)).
				Wants(http.StatusOK).
				Contains("eve@example.com</a> (Analyst)", "Both", "Alone", "Kept", `name="remove_from"`).
				Lacks("Foreign")
			john.Post(harness.UserPath(ann, end), "confirm_email", ann.Email, "remove_from", integration(c, "Both"), "remove_from", integration(c, "Alone"),
				"remove_from", integration(c, "Foreign")).
				Wants(http.StatusSeeOther)

			c.Browser().Get(link).Wants(http.StatusGone)
			if n := c.Count("SELECT count(*) FROM users WHERE email_key = 'eve@example.com'"); n != 0 {
				t.Error("whom Ann invited by link is still there")
			}
			john.Get("/settings/integrations/" + integration(c, "Both") + "/edit").Contains("other@example.com").Lacks("nn@example.com")
			john.Get("/settings/integrations/" + integration(c, "Foreign") + "/edit").Contains("other@example.com")
			john.Get("/settings/integrations/" + integration(c, "Kept") + "/edit").Contains("ann@example.com")
			if got := strings.Join(c.Column("SELECT name FROM integrations WHERE active = 1 ORDER BY name"), " "); got != "Both Foreign Kept" {
				t.Errorf("active are %s; one without an address is switched off", got)
			}
			if n := c.Entries("change integration", "done"); n != 2 {
				t.Errorf("%d entries of 2 changed integrations", n)
			}
		})
	}
}

// integration is the id of the integration with this name.
func integration(c *harness.Console, name string) string {
	c.T.Helper()
	return strconv.Itoa(c.Count("SELECT id FROM integrations WHERE name = ?", name))
}
