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

	"console/internal/permission"
	"console/store"
)

func TestFC93_StaleEditOfAPersonIsRefused(t *testing.T) {
	t.Parallel()
	c, john := signedIn(t, nil)
	ann := c.person(permission.Analyst, "Ann", "Lee", "ann@example.com")
	path := userPath(ann, "edit")
	first, second := john.get(path).wants(http.StatusOK).version(), john.get(path).version()
	john.post(path, "first_name", "Anna", "last_name", "Lee", "version", first).to("/settings/users")

	stale := john.post(path, "first_name", "Annabel", "last_name", "Li", "version", second).wants(http.StatusConflict)
	stale.contains("the name is now “Anna Lee”", `value="Annabel"`, `value="Li"`)
	if name := c.user("ann@example.com").Name(); name != "Anna Lee" {
		t.Errorf("the stale form made the name %s", name)
	}
	john.post(path, "first_name", "Annabel", "last_name", "Li", "version", stale.version()).wants(http.StatusSeeOther)
	if name := c.user("ann@example.com").Name(); name != "Annabel Li" {
		t.Errorf("saved again, the name is %s", name)
	}
	if n := c.entries("edit user", "done"); n != 2 {
		t.Errorf("%d entries of 2 changes", n)
	}
}

func TestEditChangesTheNameAndNothingElse(t *testing.T) {
	t.Parallel()
	c, john := signedIn(t, nil)
	ann := c.person(permission.Analyst, "Ann", "Lee", "ann@example.com")
	path := userPath(ann, "edit")
	john.post(path, "first_name", "Anna", "last_name", "Lee").wants(http.StatusUnprocessableEntity).contains("Reload the page", `value="Anna"`)
	version := john.get(path).version()
	for name, problem := range map[string]string{strings.Repeat("W", 256): "at most 255 characters", "": "Enter a first name", "A\u202eb": "writing direction", "A\x00b": "control characters"} {
		john.post(path, "first_name", name, "version", version).wants(http.StatusUnprocessableEntity).contains(problem)
	}
	john.post(path, "first_name", "מרים", "last_name", "", "version", version, "role", "global_admin", "email", "evil@example.com",
		"id", "1", "disabled_at", "1").wants(http.StatusSeeOther)
	after := c.user("ann@example.com")
	if after.Name() != "מרים" || after.Role != permission.Analyst || after.Status() != store.Active {
		t.Errorf("the form changed more: %+v", after)
	}
	john.get("/settings/users/999/edit").wants(http.StatusNotFound)
	john.get("/settings/users/x/edit").wants(http.StatusNotFound)
}

func TestFC50_DisabledPeopleAreSignedOutEverywhere(t *testing.T) {
	t.Parallel()
	c, john := signedIn(t, nil)
	ann := c.person(permission.Admin, "Ann", "Lee", "ann@example.com")
	one, two := c.browse(ann), c.browse(ann)
	one.get("/settings/users").wants(http.StatusOK)
	two.get("/settings/users").wants(http.StatusOK)
	john.get(userPath(ann, "disable")).wants(http.StatusOK).contains("Ann Lee", "signed out everywhere at once")
	if c.user("ann@example.com").Status() != store.Active {
		t.Fatal("asking for confirmation has disabled Ann")
	}
	john.post(userPath(ann, "disable")).to("/settings/users")
	one.get("/settings/users").to("/signin")
	two.Header.Set("HX-Request", "true")
	two.Header.Set("HX-Current-URL", c.URL.String()+"/settings/users")
	if to := two.get("/settings/users?q=a").wants(http.StatusUnauthorized).Header.Get("HX-Redirect"); !strings.HasPrefix(to, "/signin?next=") {
		t.Errorf("htmx is led to %q", to)
	}
	if n := c.sessions(ann); n != 0 {
		t.Errorf("%d session rows are left", n)
	}
	john.post(userPath(ann, "disable")).wants(http.StatusSeeOther)
	if n := c.entries("disable access", "done"); n != 1 {
		t.Errorf("%d entries of one change", n)
	}
	john.get("/settings/users?tab=disabled").contains("Ann Lee", "Enable access")

	john.post(userPath(ann, "enable")).to("/settings/users")
	john.post(userPath(ann, "enable")).wants(http.StatusSeeOther)
	if c.user("ann@example.com").Status() != store.Active || c.sessions(ann) != 0 || c.entries("enable access", "done") != 1 {
		t.Error("enabling restores sign-in once, and no session")
	}
	one.get("/settings/users").wants(http.StatusSeeOther)
	c.browse(ann).get("/settings/users").wants(http.StatusOK)
}

// TestFC51_DisabledOnEveryPathIn tries the password and a signup link; both are paths that a disabled person had.
func TestFC51_DisabledPersonHasNoWayIn(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	c.setUp()
	john := c.administrator()
	c.member(john, "admin", "ann@example.com")
	john.post(userPath(c.user("ann@example.com"), "disable")).wants(http.StatusSeeOther)
	wrong := c.browser().post("/signin", "email", "nobody@example.com", "password", password("x"))
	refused := c.browser().post("/signin", "email", "ann@example.com", "password", password("ann@example.com"))
	if refused.StatusCode != wrong.StatusCode || strings.Contains(refused.Body, "isabled") {
		t.Errorf("a disabled person is answered %d, an unknown one %d:\n%s", refused.StatusCode, wrong.StatusCode, refused.Body)
	}
	if n := c.sessions(c.user("ann@example.com")); n != 0 {
		t.Errorf("%d sessions", n)
	}
	john.post(userPath(c.user("ann@example.com"), "enable")).wants(http.StatusSeeOther)
	c.browser().signIn("ann@example.com", password("ann@example.com"))
}

func TestFC40_DeletedPersonsOpenPageDoesNothing(t *testing.T) {
	t.Parallel()
	c, john := signedIn(t, nil)
	ann := c.person(permission.Admin, "Ann", "Lee", "ann@example.com")
	open := c.browse(ann)
	token := open.token()
	john.post(userPath(ann, "delete"), "confirm_email", "ANN@example.com").to("/settings/users")
	open.postForm("/settings/users/new", "csrf_token", token, "role", "analyst", "email", "late@example.com", "tenant_id", "1").to("/signin")
	open.get("/settings/users").wants(http.StatusSeeOther)
	if n := c.count("SELECT count(*) FROM users WHERE email_key = 'late@example.com'") + c.sessions(ann); n != 0 {
		t.Error("a deleted person has acted, or is signed in")
	}
}

func TestFC55_RunningRequestOfADisabledPersonChangesNothing(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"disable", "delete"} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			c, john := signedIn(t, nil)
			ann := c.person(permission.Admin, "Ann", "Lee", "ann@example.com")
			adding, reading := c.browse(ann), c.browse(ann)
			form := "role=analyst&tenant_id=1&email=late@example.com&csrf_token=" + adding.token()
			reading.lateForm(http.MethodGet, "/settings/users", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"q\"\r\n\r\nlee\r\n--b--\r\n", func() {
				adding.lateForm(http.MethodPost, "/settings/users/new", "application/x-www-form-urlencoded", form, func() {
					john.post(userPath(ann, end), "confirm_email", ann.Email).to("/settings/users")
				}).to("/signin")
			})
			c.wantCount(0, "SELECT count(*) FROM users WHERE email_key = 'late@example.com'")
			c.wantCount(0, "SELECT count(*) FROM deliveries")
			for _, b := range []*browser{adding, reading} {
				b.get("/settings/users").to("/signin")
			}
			if n := c.sessions(ann); n != 0 {
				t.Errorf("%d session rows came back", n)
			}
		})
	}
}

// TestFC55_ChangeThatWaitsForTheWriter lets a form that has its session wait for the writer, in which its person is
// disabled first.
func TestFC55_ChangeThatWaitsForTheWriter(t *testing.T) {
	t.Parallel()
	c, _ := signedIn(t, nil)
	ann := c.person(permission.Admin, "Ann", "Lee", "ann@example.com")
	by := c.browse(ann)
	form := "role=analyst&tenant_id=1&email=late@example.com&csrf_token=" + by.token()
	held, disabled, committed := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(committed)
		c.update(func(ctx context.Context, tx *store.Tx) error {
			close(held)
			<-disabled
			ann.DisabledAt = store.At(time.Now())
			return errors.Join(tx.UpdateUser(ctx, &ann), tx.DeleteSessionsOfUser(ctx, ann.ID))
		})
	}()
	answer := by.lateForm(http.MethodPost, "/settings/users/new", "application/x-www-form-urlencoded", form, func() {
		<-held
		close(disabled) // the form reaches the writer while this transaction has it, or after its commit
	})
	<-committed
	answer.to("/signin")
	c.wantCount(0, "SELECT count(*) FROM users WHERE email_key = 'late@example.com'")
	if n := c.sessions(ann); n != 0 {
		t.Errorf("%d session rows came back", n)
	}
}

func TestFC58_DeleteOfAPersonWithAPast(t *testing.T) {
	t.Parallel()
	c, john := signedIn(t, nil)
	ann := c.person(permission.Admin, "Ann", "Lee", "ann@example.com")
	by := c.browse(ann)
	c.slackTrigger(by, "Told")
	by.post("/settings/users/new", "role", "analyst", "first_name", "Bob", "email", "bob@example.com", "tenant_id", "1").wants(http.StatusSeeOther)
	link := by.post("/settings/users/invite-link", "role", "read_only", "duration", "1d", "email", "eve@example.com", "tenant_id", "1").wants(http.StatusOK).link()
	c.Receiver.Wait(t, 1)

	john.get(userPath(ann, "delete")).wants(http.StatusOK).contains("Type ann@example.com to confirm", "eve@example.com (Read Only)").lacks("bob@example.com")
	for _, typed := range []string{"", "ann", "bob@example.com"} {
		john.post(userPath(ann, "delete"), "confirm_email", typed).wants(http.StatusUnprocessableEntity).contains("Type ann@example.com to confirm.")
	}
	john.post(userPath(ann, "delete"), "confirm_email", " Ann@Example.com ").to("/settings/users")
	john.get("/settings/users").lacks("ann@example.com").contains("bob@example.com")
	c.browser().get(link).wants(http.StatusGone)
	if n := c.count("SELECT count(*) FROM users WHERE email_key IN ('ann@example.com', 'eve@example.com')"); n != 0 {
		t.Errorf("%d of those who should be gone are there", n)
	}
	if n := c.count("SELECT count(*) FROM groups WHERE name = 'Administrators'"); n != 0 {
		t.Error("an automatic group without members is left")
	}
	john.post(userPath(ann, "delete"), "confirm_email", "ann@example.com").wants(http.StatusNotFound)

	c.add(john, "analyst", "Ann", "Again", "ann@example.com")
	if again := c.user("ann@example.com"); again.ID <= ann.ID || again.Status() != store.Invited {
		t.Errorf("Ann came back as %+v, having been %d", again, ann.ID)
	}
}

func TestFC137_HistoryOutlivesThePerson(t *testing.T) {
	t.Parallel()
	c, john := signedIn(t, nil)
	ann := c.person(permission.Admin, "Ann", "Lee", "ann@example.com")
	by := c.browse(ann)
	for i := range 3 {
		by.post("/settings/users/new", "role", "analyst", "email", fmt.Sprintf("n%d@example.com", i), "tenant_id", "1").wants(http.StatusSeeOther)
	}
	entries := "SELECT at || actor || action || object || outcome || changes FROM activity ORDER BY id"
	before := c.column(entries)
	john.post(userPath(ann, "delete"), "confirm_email", ann.Email).wants(http.StatusSeeOther)
	after := c.column(entries)
	if len(after) != len(before)+1 || !slices.Equal(after[:len(before)], before) {
		t.Errorf("the log was\n%s\nand is\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
	}
	c.wantCount(1, "SELECT count(*) FROM activity WHERE action = 'delete user' AND object_id = $1 AND object = 'Ann Lee <ann@example.com>'", ann.ID)
	c.wantCount(3, "SELECT count(*) FROM activity WHERE actor_id = $1 AND actor = 'Ann Lee <ann@example.com>'", ann.ID)
}

func TestFC34_NobodyEndsThemselvesOrTheLastAdministrator(t *testing.T) {
	t.Parallel()
	c, john := signedIn(t, nil)
	me := c.user(adminEmail)
	john.get(userPath(me, "disable")).wants(http.StatusConflict)
	john.get(userPath(me, "delete")).wants(http.StatusConflict)
	john.post(userPath(me, "disable")).wants(http.StatusConflict).contains("Nobody disables or deletes themselves")
	john.post(userPath(me, "delete"), "confirm_email", adminEmail).wants(http.StatusConflict)
	for _, action := range []string{"disable", "delete"} {
		job := c.bulk(john, append(idPairs(me), "action", action)...)
		if o := c.outcomes(job); job.Refused != 1 || o[0].Refusal != "You cannot do this to yourself." {
			t.Errorf("%s of oneself: %+v", action, o)
		}
	}
	john.post(fmt.Sprintf("/settings/invitations/%d/role", me.ID), "role", "analyst").wants(http.StatusNotFound)

	// A Global Administrator without a password can act, but could not sign in again: John is the last who could.
	weak := active(permission.GlobalAdmin, "No", "Password", "weak@example.com")
	weak.PasswordHash = ""
	by := c.browse(c.insert(weak)[0])
	by.post(userPath(me, "disable")).wants(http.StatusConflict).contains("The last administrator stays")
	by.post(userPath(me, "delete"), "confirm_email", adminEmail).wants(http.StatusConflict).contains("The last administrator stays")
	for _, action := range []string{"disable", "delete"} {
		job := c.bulk(by, append(idPairs(me), "action", action)...)
		if o := c.outcomes(job); job.Refused != 1 || o[0].Refusal != "At least one Global Administrator who can sign in must remain." {
			t.Errorf("%s of the last administrator: %+v", action, o)
		}
	}
	if after := c.user(adminEmail); after != me || c.sessions(me) == 0 {
		t.Errorf("John was %+v and is %+v", me, after)
	}
	john.get("/settings/users").wants(http.StatusOK)
}

// TestFC38_AdministratorsCannotEndTheGlobalOne tries every path of the user list that ends somebody.
func TestFC38_AdministratorsCannotEndTheGlobalOne(t *testing.T) {
	t.Parallel()
	c, john := signedIn(t, nil)
	me := c.user(adminEmail)
	admin := c.browse(c.person(permission.Admin, "Ad", "Min", "admin@example.com"))
	admin.post(userPath(me, "disable")).wants(http.StatusForbidden)
	admin.post(userPath(me, "delete"), "confirm_email", adminEmail).wants(http.StatusForbidden)
	for _, action := range []string{"disable", "delete"} {
		job := c.bulk(admin, "action", action, "all", "1", "total", "2")
		if job.Done != 2 || job.Refused != 2 {
			t.Errorf("%s of everybody: %+v", action, c.outcomes(job))
		}
	}
	file := []byte("email,role\n" + adminEmail + ",Analyst\n")
	admin.upload("/settings/users/import", file, "tenant_id", "1", "confirm", "1").wants(http.StatusUnprocessableEntity)
	if c.user(adminEmail) != me {
		t.Error("the Global Administrator was changed")
	}
	john.get("/settings/users").wants(http.StatusOK)
}

func TestFC36_TwoAdministratorsEndingEachOther(t *testing.T) {
	t.Parallel()
	c, _ := signedIn(t, nil)
	c.update(func(ctx context.Context, tx *store.Tx) error { return tx.DeleteUser(ctx, c.user(adminEmail).ID) })
	for round := range 50 {
		ann, bob := c.person(permission.GlobalAdmin, "Ann", "", fmt.Sprintf("ann%d@example.com", round)), c.person(permission.GlobalAdmin, "Bob", "", fmt.Sprintf("bob%d@example.com", round))
		byAnn, byBob := c.browse(ann), c.browse(bob)
		end := []string{"disable", "delete", "disable in bulk"}[round%3]
		together(byAnn.ending(end, bob), byBob.ending(end, ann))
		eventually(t, "no job runs", func() bool { return c.count("SELECT count(*) FROM jobs WHERE ended_at = 0") == 0 })
		usable := c.column("SELECT id FROM users WHERE role = 'global_admin' AND disabled_at = 0")
		if len(usable) != 1 {
			t.Fatalf("round %d (%s): %d Global Administrators are left", round, end, len(usable))
		}
		if n := c.count("SELECT count(*) FROM sessions"); n != 1 {
			t.Fatalf("round %d (%s): %d sessions of one person", round, end, n)
		}
		c.update(func(ctx context.Context, tx *store.Tx) error {
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
func (b *browser) ending(how string, person store.User) func() {
	path, form := userPath(person, how), []string{"confirm_email", person.Email, "csrf_token", b.token()}
	if how == "disable in bulk" {
		path, form = "/settings/users/bulk", append(form, append(idPairs(person), "action", "disable")...)
	}
	return func() { b.postForm(path, form...) }
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
	c, john := signedIn(t, nil)
	admin := c.browse(c.person(permission.Admin, "Ad", "Min", "admin@example.com"))
	off := active(permission.GlobalAnalyst, "Off", "Analyst", "off@example.com")
	off.DisabledAt = off.CreatedAt
	strong := c.insert(active(permission.GlobalAnalyst, "Global", "Analyst", "ga@example.com"), off)
	strong = append(strong, c.user(adminEmail))
	john.post("/settings/users/new", "role", "global_read_only", "email", "mailed@example.com", "tenant_id", "1").wants(http.StatusSeeOther)
	john.post("/settings/users/invite-link", "role", "global_admin", "duration", "1d", "email", "linked@example.com", "tenant_id", "1").wants(http.StatusOK)
	before := c.standing()

	tries := 0
	refused := func(a *answer) {
		t.Helper()
		tries++
		a.wants(http.StatusForbidden).contains("you may not")
		if n := c.entries("refused", "refused"); n != tries {
			t.Errorf("%s %s: %d refusals are logged, not %d", a.Request.Method, a.Request.URL.Path, n, tries)
		}
	}
	for _, person := range strong {
		for _, action := range []string{"edit", "disable", "delete"} {
			refused(admin.get(userPath(person, action)))
			refused(admin.post(userPath(person, action), "confirm_email", person.Email, "first_name", "X", "version", strconv.FormatInt(person.Version, 10)))
		}
		refused(admin.post(userPath(person, "enable")))
	}
	for _, email := range []string{"mailed@example.com", "linked@example.com"} {
		for _, action := range []string{"resend", "link", "revoke", "role"} {
			refused(admin.post(c.invitation(email)+"/"+action, "role", "analyst"))
		}
		strong = append(strong, c.user(email))
	}
	for _, action := range []string{"disable", "enable", "delete"} {
		job := c.bulk(admin, append(idPairs(strong...), "action", action)...)
		for _, o := range c.outcomes(job) {
			tries++
			if !strings.Contains(o.Refusal, "you may not") {
				t.Errorf("%s %s: %q", action, o.Email, o.Refusal)
			}
		}
		if n := c.entries("refused", "refused"); n != tries {
			t.Errorf("%s of several: %d refusals are logged, not %d", action, n, tries)
		}
	}
	if after := c.standing(); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

// standing is who there is, with what they hold and the links they have.
func (c *console) standing() string {
	c.t.Helper()
	tables := c.snapshot()
	return tables["users"] + tables["invitations"] + tables["signup_links"] + tables["group_users"]
}

func TestEqualsManageEachOtherAndOthersDoNot(t *testing.T) {
	t.Parallel()
	c, _ := signedIn(t, nil)
	admin, equal := c.browse(c.person(permission.Admin, "Ad", "Min", "admin@example.com")), c.person(permission.Admin, "E", "Qual", "equal@example.com")
	admin.post(userPath(equal, "disable")).wants(http.StatusSeeOther)
	admin.post(userPath(equal, "enable")).wants(http.StatusSeeOther)
	for _, role := range []permission.Role{permission.Analyst, permission.ReadOnly, permission.GlobalAnalyst, permission.APIDeveloper} {
		by := c.browse(c.person(role, "By", "Stander", string(role)+"@example.com"))
		for _, action := range []string{"edit", "disable", "enable", "delete"} {
			by.post(userPath(equal, action), "confirm_email", equal.Email, "first_name", "X", "version", "1").wants(http.StatusForbidden)
		}
		for _, action := range []string{"disable", "enable", "delete"} {
			by.post("/settings/users/bulk", append(idPairs(equal), "action", action)...).wants(http.StatusForbidden)
		}
		by.get("/settings/users/import").wants(http.StatusForbidden)
		by.upload("/settings/users/import", []byte("email,role\nx@example.com,Analyst\n"), "tenant_id", "1").wants(http.StatusForbidden)
		by.get("/settings/users/export.csv").wants(http.StatusForbidden)
	}
	if c.user(equal.Email).Status() != store.Active {
		t.Error("a bystander has changed somebody")
	}
}

// TestWhatEndsWithAPerson is about the links they made and the integrations that tell them.
func TestWhatEndsWithAPerson(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"disable", "delete"} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			c, john := signedIn(t, nil)
			ann := c.person(permission.Admin, "Ann", "Lee", "ann@example.com")
			by := c.browse(ann)
			link := by.post("/settings/users/invite-link", "role", "analyst", "duration", "1d", "email", "eve@example.com", "tenant_id", "1").wants(http.StatusOK).link()
			for name, emails := range map[string]string{"Both": "Ann@example.com\nother@example.com", "Alone": "ann@EXAMPLE.com", "Kept": "ann@example.com", "Foreign": "other@example.com"} {
				by.post("/settings/integrations/new?type=email", "name", name, "active", "1", "emails", emails).wants(http.StatusSeeOther)
			}
			john.get(userPath(ann, end)).wants(http.StatusOK).contains("eve@example.com (Analyst)", "Both", "Alone", "Kept", `name="remove_from"`).lacks("Foreign")
			john.post(userPath(ann, end), "confirm_email", ann.Email, "remove_from", c.integration("Both"), "remove_from", c.integration("Alone"),
				"remove_from", c.integration("Foreign")).wants(http.StatusSeeOther)

			c.browser().get(link).wants(http.StatusGone)
			if n := c.count("SELECT count(*) FROM users WHERE email_key = 'eve@example.com'"); n != 0 {
				t.Error("whom Ann invited by link is still there")
			}
			john.get("/settings/integrations/" + c.integration("Both") + "/edit").contains("other@example.com").lacks("nn@example.com")
			john.get("/settings/integrations/" + c.integration("Foreign") + "/edit").contains("other@example.com")
			john.get("/settings/integrations/" + c.integration("Kept") + "/edit").contains("ann@example.com")
			if got := strings.Join(c.column("SELECT name FROM integrations WHERE active = 1 ORDER BY name"), " "); got != "Both Foreign Kept" {
				t.Errorf("active are %s; one without an address is switched off", got)
			}
			if n := c.entries("change integration", "done"); n != 2 {
				t.Errorf("%d entries of 2 changed integrations", n)
			}
		})
	}
}

// integration is the id of the integration with this name.
func (c *console) integration(name string) string {
	c.t.Helper()
	return strconv.Itoa(c.count("SELECT id FROM integrations WHERE name = ?", name))
}
