package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/permission"
	"console/store"
)

func TestFC93_StaleEditOfAPersonIsRefused(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	ann := c.Person(permission.Analyst, "Ann", "Lee", "ann@example.com")
	path := harness.UserPath(ann, "edit")
	first, second := john.Get(path).Wants(http.StatusOK).Version(), john.Get(path).Version()
	john.Post(path, "first_name", "Anna", "last_name", "Lee", "version", first).To("/settings/users")

	stale := john.Post(path, "first_name", "Annabel", "last_name", "Li", "version", second).Wants(http.StatusConflict)
	stale.Contains("the name is now “Anna Lee”", `value="Annabel"`, `value="Li"`)
	if name := c.User("ann@example.com").Name(); name != "Anna Lee" {
		t.Errorf("the stale form made the name %s", name)
	}
	john.Post(path, "first_name", "Annabel", "last_name", "Li", "version", stale.Version()).Wants(http.StatusSeeOther)
	if name := c.User("ann@example.com").Name(); name != "Annabel Li" {
		t.Errorf("saved again, the name is %s", name)
	}
	if n := c.Entries("edit user", "done"); n != 2 {
		t.Errorf("%d entries of 2 changes", n)
	}
}

func TestEditChangesTheNameAndNothingElse(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	ann := c.Person(permission.Analyst, "Ann", "Lee", "ann@example.com")
	path := harness.UserPath(ann, "edit")
	john.Post(path, "first_name", "Anna", "last_name", "Lee").Wants(http.StatusUnprocessableEntity).Contains("Reload the page", `value="Anna"`)
	version := john.Get(path).Version()
	for name, problem := range map[string]string{strings.Repeat("W", 256): "at most 255 characters", "": "Enter a first name", "A\u202eb": "writing direction", "A\x00b": "control characters"} {
		john.Post(path, "first_name", name, "version", version).Wants(http.StatusUnprocessableEntity).Contains(problem)
	}
	john.Post(path, "first_name", "מרים", "last_name", "", "version", version, "role", "global_admin", "email", "evil@example.com",
		"id", "1", "disabled_at", "1").Wants(http.StatusSeeOther)
	after := c.User("ann@example.com")
	if after.Name() != "מרים" || after.Role != permission.Analyst || after.Status() != store.Active {
		t.Errorf("the form changed more: %+v", after)
	}
	john.Get("/settings/users/999/edit").Wants(http.StatusNotFound)
	john.Get("/settings/users/x/edit").Wants(http.StatusNotFound)
}

func TestFC50_DisabledPeopleAreSignedOutEverywhere(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	ann := c.Person(permission.Admin, "Ann", "Lee", "ann@example.com")
	one, two := c.Browse(ann), c.Browse(ann)
	one.Get("/settings/users").Wants(http.StatusOK)
	two.Get("/settings/users").Wants(http.StatusOK)
	john.Get(harness.UserPath(ann, "disable")).Wants(http.StatusOK).Contains("Ann Lee", "signed out everywhere at once")
	if c.User("ann@example.com").Status() != store.Active {
		t.Fatal("asking for confirmation has disabled Ann")
	}
	john.Post(harness.UserPath(ann, "disable")).To("/settings/users")
	one.Get("/settings/users").To("/signin")
	two.Header.Set("HX-Request", "true")
	two.Header.Set("HX-Current-URL", c.URL.String()+"/settings/users")
	if to := two.Get("/settings/users?q=a").Wants(http.StatusUnauthorized).Header.Get("HX-Redirect"); !strings.HasPrefix(to, "/signin?next=") {
		t.Errorf("htmx is led to %q", to)
	}
	if n := c.Sessions(ann); n != 0 {
		t.Errorf("%d session rows are left", n)
	}
	john.Post(harness.UserPath(ann, "disable")).Wants(http.StatusSeeOther)
	if n := c.Entries("disable access", "done"); n != 1 {
		t.Errorf("%d entries of one change", n)
	}
	john.Get("/settings/users?tab=disabled").Contains("Ann Lee", "Enable access")

	john.Post(harness.UserPath(ann, "enable")).To("/settings/users")
	john.Post(harness.UserPath(ann, "enable")).Wants(http.StatusSeeOther)
	if c.User("ann@example.com").Status() != store.Active || c.Sessions(ann) != 0 || c.Entries("enable access", "done") != 1 {
		t.Error("enabling restores sign-in once, and no session")
	}
	one.Get("/settings/users").Wants(http.StatusSeeOther)
	c.Browse(ann).Get("/settings/users").Wants(http.StatusOK)
}

// TestFC51_DisabledOnEveryPathIn tries the password and a signup link; both are paths that a disabled person had.
func TestFC51_DisabledPersonHasNoWayIn(t *testing.T) {
	t.Parallel()
	c := harness.Start(t, nil)
	c.SetUp()
	john := c.Administrator()
	c.Member(john, "admin", "ann@example.com")
	john.Post(harness.UserPath(c.User("ann@example.com"), "disable")).Wants(http.StatusSeeOther)
	wrong := c.Browser().Post("/signin", "email", "nobody@example.com", "password", harness.Password("x"))
	refused := c.Browser().Post("/signin", "email", "ann@example.com", "password", harness.Password("ann@example.com"))
	if refused.StatusCode != wrong.StatusCode || strings.Contains(refused.Body, "isabled") {
		t.Errorf("a disabled person is answered %d, an unknown one %d:\n%s", refused.StatusCode, wrong.StatusCode, refused.Body)
	}
	if n := c.Sessions(c.User("ann@example.com")); n != 0 {
		t.Errorf("%d sessions", n)
	}
	john.Post(harness.UserPath(c.User("ann@example.com"), "enable")).Wants(http.StatusSeeOther)
	c.Browser().SignIn("ann@example.com", harness.Password("ann@example.com"))
}

func TestFC40_DeletedPersonsOpenPageDoesNothing(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	ann := c.Person(permission.Admin, "Ann", "Lee", "ann@example.com")
	open := c.Browse(ann)
	token := open.Token()
	john.Post(harness.UserPath(ann, "delete"), "confirm_email", "ANN@example.com").To("/settings/users")
	open.PostForm("/settings/users/new", "csrf_token", token, "role", "analyst", "email", "late@example.com", "tenant_id", "1").To("/signin")
	open.Get("/settings/users").Wants(http.StatusSeeOther)
	if n := c.Count("SELECT count(*) FROM users WHERE email_key = 'late@example.com'") + c.Sessions(ann); n != 0 {
		t.Error("a deleted person has acted, or is signed in")
	}
}

func TestFC55_RunningRequestOfADisabledPersonChangesNothing(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"disable", "delete"} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			c, john := harness.SignedIn(t, nil)
			ann := c.Person(permission.Admin, "Ann", "Lee", "ann@example.com")
			adding, reading := c.Browse(ann), c.Browse(ann)
			form := "role=analyst&tenant_id=1&email=late@example.com&csrf_token=" + adding.Token()
			reading.LateForm(http.MethodGet, "/settings/users", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"q\"\r\n\r\nlee\r\n--b--\r\n", func() {
				adding.LateForm(http.MethodPost, "/settings/users/new", "application/x-www-form-urlencoded", form, func() {
					john.Post(harness.UserPath(ann, end), "confirm_email", ann.Email).To("/settings/users")
				}).To("/signin")
			})
			c.WantCount(0, "SELECT count(*) FROM users WHERE email_key = 'late@example.com'")
			c.WantCount(0, "SELECT count(*) FROM deliveries")
			for _, b := range []*harness.Browser{adding, reading} {
				b.Get("/settings/users").To("/signin")
			}
			if n := c.Sessions(ann); n != 0 {
				t.Errorf("%d session rows came back", n)
			}
		})
	}
}

// TestFC55_ChangeThatWaitsForTheWriter lets a form that has its session wait for the writer, in which its person is
// disabled first.
func TestFC55_ChangeThatWaitsForTheWriter(t *testing.T) {
	t.Parallel()
	c, _ := harness.SignedIn(t, nil)
	ann := c.Person(permission.Admin, "Ann", "Lee", "ann@example.com")
	by := c.Browse(ann)
	form := "role=analyst&tenant_id=1&email=late@example.com&csrf_token=" + by.Token()
	held, disabled, committed := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(committed)
		c.Update(func(ctx context.Context, tx *store.Tx) error {
			close(held)
			<-disabled
			ann.DisabledAt = store.At(time.Now())
			return errors.Join(tx.UpdateUser(ctx, &ann), tx.DeleteSessionsOfUser(ctx, ann.ID))
		})
	}()
	answer := by.LateForm(http.MethodPost, "/settings/users/new", "application/x-www-form-urlencoded", form, func() {
		<-held
		close(disabled) // the form reaches the writer while this transaction has it, or after its commit
	})
	<-committed
	answer.To("/signin")
	c.WantCount(0, "SELECT count(*) FROM users WHERE email_key = 'late@example.com'")
	if n := c.Sessions(ann); n != 0 {
		t.Errorf("%d session rows came back", n)
	}
}

func TestFC58_DeleteOfAPersonWithAPast(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	ann := c.Person(permission.Admin, "Ann", "Lee", "ann@example.com")
	by := c.Browse(ann)
	c.SlackTrigger(by, "Told")
	by.Post("/settings/users/new", "role", "analyst", "first_name", "Bob", "email", "bob@example.com", "tenant_id", "1").Wants(http.StatusSeeOther)
	link := by.Post("/settings/users/invite-link", "role", "read_only", "duration", "1d", "email", "eve@example.com", "tenant_id", "1").Wants(http.StatusOK).Link()
	c.Receiver.Wait(t, 1)

	john.Get(harness.UserPath(ann, "delete")).Wants(http.StatusOK).Contains("Type ann@example.com to confirm", "eve@example.com (Read Only)").Lacks("bob@example.com")
	for _, typed := range []string{"", "ann", "bob@example.com"} {
		john.Post(harness.UserPath(ann, "delete"), "confirm_email", typed).Wants(http.StatusUnprocessableEntity).Contains("Type ann@example.com to confirm.")
	}
	john.Post(harness.UserPath(ann, "delete"), "confirm_email", " Ann@Example.com ").To("/settings/users")
	john.Get("/settings/users").Lacks("ann@example.com").Contains("bob@example.com")
	c.Browser().Get(link).Wants(http.StatusGone)
	if n := c.Count("SELECT count(*) FROM users WHERE email_key IN ('ann@example.com', 'eve@example.com')"); n != 0 {
		t.Errorf("%d of those who should be gone are there", n)
	}
	if n := c.Count("SELECT count(*) FROM groups WHERE name = 'Administrators'"); n != 0 {
		t.Error("an automatic group without members is left")
	}
	john.Post(harness.UserPath(ann, "delete"), "confirm_email", "ann@example.com").Wants(http.StatusNotFound)

	c.Add(john, "analyst", "Ann", "Again", "ann@example.com")
	if again := c.User("ann@example.com"); again.ID <= ann.ID || again.Status() != store.Invited {
		t.Errorf("Ann came back as %+v, having been %d", again, ann.ID)
	}
}

func TestFC137_HistoryOutlivesThePerson(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	ann := c.Person(permission.Admin, "Ann", "Lee", "ann@example.com")
	by := c.Browse(ann)
	for i := range 3 {
		by.Post("/settings/users/new", "role", "analyst", "email", fmt.Sprintf("n%d@example.com", i), "tenant_id", "1").Wants(http.StatusSeeOther)
	}
	entries := "SELECT at || actor || action || object || outcome || changes FROM activity ORDER BY id"
	before := c.Column(entries)
	john.Post(harness.UserPath(ann, "delete"), "confirm_email", ann.Email).Wants(http.StatusSeeOther)
	after := c.Column(entries)
	if len(after) != len(before)+1 || !slices.Equal(after[:len(before)], before) {
		t.Errorf("the log was\n%s\nand is\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
	}
	c.WantCount(1, "SELECT count(*) FROM activity WHERE action = 'delete user' AND object_id = $1 AND object = 'Ann Lee <ann@example.com>'", ann.ID)
	c.WantCount(3, "SELECT count(*) FROM activity WHERE actor_id = $1 AND actor = 'Ann Lee <ann@example.com>'", ann.ID)
}

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
		if o := c.Outcomes(job); job.Refused != 1 || o[0].Refusal != "You cannot do this to yourself." {
			t.Errorf("%s of oneself: %+v", action, o)
		}
	}
	john.Post(fmt.Sprintf("/settings/invitations/%d/role", me.ID), "role", "analyst").Wants(http.StatusNotFound)

	// A Global Administrator without a password can act, but could not sign in again: John is the last who could.
	weak := harness.Active(permission.GlobalAdmin, "No", "Password", "weak@example.com")
	weak.PasswordHash = ""
	by := c.Browse(c.Insert(weak)[0])
	by.Post(harness.UserPath(me, "disable")).Wants(http.StatusConflict).Contains("The last administrator stays")
	by.Post(harness.UserPath(me, "delete"), "confirm_email", harness.AdminEmail).Wants(http.StatusConflict).Contains("The last administrator stays")
	for _, action := range []string{"disable", "delete"} {
		job := c.Bulk(by, append(harness.IDPairs(me), "action", action)...)
		if o := c.Outcomes(job); job.Refused != 1 || o[0].Refusal != "At least one Global Administrator who can sign in must remain." {
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
		job := c.Bulk(admin, "action", action, "all", "1", "total", "2")
		if job.Done != 2 || job.Refused != 2 {
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
		ann, bob := c.Person(permission.GlobalAdmin, "Ann", "", fmt.Sprintf("ann%d@example.com", round)), c.Person(permission.GlobalAdmin, "Bob", "", fmt.Sprintf("bob%d@example.com", round))
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
				if err := tx.DeleteUser(ctx, user.ID); err != nil && err != store.ErrNotFound {
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
	john.Post("/settings/users/invite-link", "role", "global_admin", "duration", "1d", "email", "linked@example.com", "tenant_id", "1").Wants(http.StatusOK)
	before := standing(c)

	tries := 0
	refused := func(a *harness.Answer) {
		t.Helper()
		tries++
		a.Wants(http.StatusForbidden).Contains("you may not")
		if n := c.Entries("refused", "refused"); n != tries {
			t.Errorf("%s %s: %d refusals are logged, not %d", a.Request.Method, a.Request.URL.Path, n, tries)
		}
	}
	for _, person := range strong {
		for _, action := range []string{"edit", "disable", "delete"} {
			refused(admin.Get(harness.UserPath(person, action)))
			refused(admin.Post(harness.UserPath(person, action), "confirm_email", person.Email, "first_name", "X", "version", strconv.FormatInt(person.Version, 10)))
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
		if n := c.Entries("refused", "refused"); n != tries {
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
	admin, equal := c.Browse(c.Person(permission.Admin, "Ad", "Min", "admin@example.com")), c.Person(permission.Admin, "E", "Qual", "equal@example.com")
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
			link := by.Post("/settings/users/invite-link", "role", "analyst", "duration", "1d", "email", "eve@example.com", "tenant_id", "1").Wants(http.StatusOK).Link()
			for name, emails := range map[string]string{"Both": "Ann@example.com\nother@example.com", "Alone": "ann@EXAMPLE.com", "Kept": "ann@example.com", "Foreign": "other@example.com"} {
				by.Post("/settings/integrations/new?type=email", "name", name, "active", "1", "emails", emails).Wants(http.StatusSeeOther)
			}
			john.Get(harness.UserPath(ann, end)).Wants(http.StatusOK).Contains("eve@example.com (Analyst)", "Both", "Alone", "Kept", `name="remove_from"`).Lacks("Foreign")
			john.Post(harness.UserPath(ann, end), "confirm_email", ann.Email, "remove_from", integration(c, "Both"), "remove_from", integration(c, "Alone"),
				"remove_from", integration(c, "Foreign")).Wants(http.StatusSeeOther)

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
