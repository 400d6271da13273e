package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/permission"
	"console/store"
)

func TestFC109_AllThatMatchAreThoseAndNobodyElse(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	people := harness.Crowd(10, "Ten")
	people[3].FirstName, people[7].FirstName = "Chosen", "Chosen"
	people = c.Insert(people...)
	confirm := john.Get("/settings/users/bulk?action=disable&all=1&q=chosen").Wants(http.StatusOK)
	confirm.Contains("2 users", `name="total" value="2"`, `name="q" value="chosen"`, people[3].Email, people[7].Email).Lacks(people[0].Email)

	// Ticked under one search, acted on under another: it is those who were ticked, and the page names them.
	john.Get(fmt.Sprintf("/settings/users/bulk?action=disable&ids=%d&ids=%d&q=chosen", people[0].ID, people[0].ID)).
		Contains("1 user", people[0].Email).Lacks(people[3].Email)

	job := c.Bulk(john, "action", "disable", "all", "1", "q", "chosen", "total", "2")
	if job.Total != 2 || job.Refused != 0 {
		t.Errorf("the job is %+v", job)
	}
	if got := strings.Join(c.Column("SELECT first_name FROM users WHERE disabled_at > 0"), " "); got != "Chosen Chosen" {
		t.Errorf("disabled are %q", got)
	}
}

func TestFC110_AnnouncedIsChanged(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	people := c.Insert(harness.Crowd(60, "Sixty")...)
	gone := c.Browse(people[59])
	john.Get("/settings/users?q=sixty").Contains("Select all 60 that match")
	john.Get("/settings/users/bulk?action=disable&all=1&q=sixty").Contains("60 users", "and 40 more", "Disable access 60")

	for _, total := range []string{"59", "61", "", "x"} {
		john.Post("/settings/users/bulk", "action", "disable", "all", "1", "q", "sixty", "total", total).Wants(http.StatusConflict).
			Contains("now it is 60", "Nothing was done", `name="total" value="60"`)
	}
	c.WantCount(0, "SELECT count(*) FROM jobs")
	c.WantCount(0, "SELECT count(*) FROM users WHERE disabled_at > 0")

	started := john.Post("/settings/users/bulk", "action", "disable", "all", "1", "q", "sixty", "total", "60")
	if job := c.EndedJob(started); job.Total != 60 || job.Done != 60 || job.Refused != 0 {
		t.Errorf("the job is %+v", job)
	}
	john.Get(started.Header.Get("Location")).Contains("60 done").Lacks("Left as they were")
	c.WantCount(60, "SELECT count(*) FROM users WHERE disabled_at > 0")
	c.WantCount(60, "SELECT count(*) FROM activity WHERE action = 'disable access'")
	c.WantCount(1, "SELECT count(*) FROM sessions") // John's
	gone.Get("/settings/profile").To("/signin")

	john.Get("/settings/users").Contains("Select all 61 that match")
	john.Get("/settings/users/bulk?action=delete&all=1").Contains("Delete 60", `name="total" value="60"`, "You: nobody disables or deletes themselves.")
	john.Post("/settings/users/bulk", "action", "delete", "all", "1", "total", "61").Wants(http.StatusConflict)
	job := c.Bulk(john, "action", "delete", "all", "1", "total", "60")
	if job.Total != 60 || job.Refused != 0 {
		t.Errorf("the job is %+v", job)
	}
	entries := fmt.Sprintf("/settings/activity?job=%d", job.ID)
	john.Get(fmt.Sprintf("/settings/jobs/%d", job.ID)).Contains("60 done", `href="`+entries+`"`).Lacks("Left as they were")
	john.Get(entries).Wants(http.StatusOK).Contains("John Doe deleted Sixty")
	c.WantCount(1, "SELECT count(*) FROM users")
}

func TestFC140_EverybodyGetsAnOutcome(t *testing.T) {
	t.Parallel()
	c, _ := harness.SignedIn(t, nil)
	me := c.Person(permission.Admin, "Ad", "Min", "admin@example.com")
	admin := c.Browse(me)
	one, two := c.Person(permission.Analyst, "One", "", "one@example.com"), c.Person(permission.ReadOnly, "Two", "", "two@example.com")
	strong, gone := c.Person(
		permission.GlobalReadOnly,
		"Strong",
		"",
		"strong@example.com",
	), c.Person(
		permission.Analyst,
		"Gone",
		"",
		"gone@example.com",
	)
	six := []store.User{one, me, c.User(harness.AdminEmail), strong, gone, two}
	admin.Post(harness.UserPath(gone, "delete"), "confirm_email", gone.Email).Wants(http.StatusSeeOther)

	started := admin.Post("/settings/users/bulk", append(harness.IDPairs(six...), "action", "disable")...)
	job := c.EndedJob(started)
	reasons := map[int64]string{}
	for _, o := range c.Outcomes(job) {
		reasons[o.UserID] = o.Refusal
	}
	for _, user := range six {
		refusal, known := reasons[user.ID]
		t.Logf("%s: %q", user.Email, refusal)
		if normal := user.ID == one.ID || user.ID == two.ID; !known || normal != (refusal == "") {
			t.Errorf("%s: outcome %q", user.Email, refusal)
		}
	}
	page := admin.Get(started.Header.Get("Location")).
		Contains("2 done, 4 left as they were", "Nobody disables or deletes themselves. Ask another administrator to do it.", "John Doe may", "Strong may", "No longer exists.", "Try the selected again")
	for _, user := range []store.User{c.User(harness.AdminEmail), strong} {
		page.Contains(fmt.Sprintf(`name="ids" value="%d" checked`, user.ID))
	}
	for _, user := range []store.User{me, one, two, gone} { // trying again is in vain
		page.Lacks(fmt.Sprintf(`name="ids" value="%d"`, user.ID))
	}
	c.WantCount(2, "SELECT count(*) FROM activity WHERE action = 'disable access'")
	again := c.Bulk(admin, append(harness.IDPairs(six...), "action", "disable")...)
	if again.Refused != 4 {
		t.Errorf("again: %+v", again)
	}
	c.WantCount(2, "SELECT count(*) FROM activity WHERE action = 'disable access'")
	if c.User(one.Email).Version != one.Version+1 {
		t.Error("who was disabled already was changed again")
	}
}

// Who cannot be meant is said and not counted, and the page's own form changes as many as it announces.
func TestFC110_WhoCannotBeMeantIsSaidAndNotCounted(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	me := c.User(harness.AdminEmail)
	one, two := c.Person(permission.Analyst, "One", "", "one@example.com"), c.Person(permission.Analyst, "Two", "", "two@example.com")
	off := c.Person(permission.Analyst, "Off", "", "off@example.com")
	c.Disable(off.Email)
	c.Add(john, "analyst", "New", "", "new@example.com")
	everybody := []store.User{me, one, two, off, c.User("new@example.com")}
	list := john.Get("/settings/users").Contains(`data-status="disabled"`, `data-status="invited"`)
	list.Contains(fmt.Sprintf(`name="ids" form="bulk" value="%d" disabled`, me.ID)).Lacks("Select " + me.Name())

	for _, ask := range []struct {
		action, total string
		said          []string
	}{
		{"disable", "2", []string{"You: nobody", "1 user: their access is disabled already.", "1 user: they have not signed up yet."}},
		{"enable", "1", []string{"3 users: their access is enabled already.", "1 user: they have not signed up yet."}},
		{"delete", "4", []string{"You: nobody"}},
	} {
		query := "action=" + ask.action
		for _, u := range everybody {
			query += fmt.Sprintf("&ids=%d", u.ID)
		}
		for _, selection := range []string{query + "&ids=999", "all=1&action=" + ask.action} {
			page := john.Get("/settings/users/bulk?" + selection).Contains(append(ask.said, `name="total" value="`+ask.total+`"`)...)
			page.Lacks(fmt.Sprintf(`name="ids" value="%d"`, me.ID))
		}
		john.Post("/settings/users/bulk", append(harness.IDPairs(everybody...), "action", ask.action, "total", "5")...).Wants(http.StatusConflict)
	}
	john.Get(fmt.Sprintf("/settings/users/bulk?action=enable&ids=%d", one.ID)).
		Contains("This changes nobody of those selected.", "1 user: their access is enabled already.").
		Lacks("Nobody is selected", `name="total"`)
	c.WantCount(0, "SELECT count(*) FROM jobs")
	job := c.Bulk(john, append(harness.IDPairs(one, two), "action", "disable", "total", "2")...)
	if job.Total != 2 || job.Refused != 0 {
		t.Errorf("the job is %+v", job)
	}
}

// TestWhatEndsWithSeveral is TestWhatEndsWithAPerson for a job.
func TestWhatEndsWithSeveral(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"disable", "delete"} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			c, john := harness.SignedIn(t, nil)
			ann, bob := c.Person(permission.Admin, "Ann", "Lee", "ann@example.com"), c.Person(permission.Admin, "Bob", "", "bob@example.com")
			eve := c.Person(permission.Analyst, "Eve", "", "eve@example.com")
			byAnn, byBob := c.Browse(ann), c.Browse(bob)
			for n := range 21 {
				c.InviteByLink(byAnn, "analyst", fmt.Sprintf("a%02d@example.com", n))
			}
			c.InviteByLink(byBob, "analyst", "b@example.com")
			c.InviteByLink(john, "analyst", "john@example.com")
			for name, emails := range map[string]string{"Both": "Ann@example.com\nbob@EXAMPLE.com", "One": "bob@example.com\neve@example.com", "Kept": "ann@example.com", "Foreign": "eve@example.com"} {
				john.Post("/settings/integrations/new?type=email", "name", name, "active", "1", "emails", emails).Wants(http.StatusSeeOther)
			}
			john.Get("/settings/integrations").Contains("Both", "One", "Kept", "Foreign")
			confirm := "/settings/users/bulk?action=" + action + "&ids=1&ids=" + fmt.Sprint(ann.ID) + "&ids=" + fmt.Sprint(bob.ID)
			john.Get(confirm).
				Wants(http.StatusOK).
				Contains("end with them: <strong>22</strong>", "a00@example.com</a> (Analyst)", "a19@example.com", "and 2 more",
					"3 integrations", "Both", "One", "Kept", `name="remove_from"`).
				Lacks("a20@example.com", ">b@example.com<", ">john@example.com<", "Foreign")
			john.Get("/settings/users/bulk?action=enable&ids="+fmt.Sprint(ann.ID)).Lacks("stop working", "remove_from")
			john.Get("/settings/users/bulk?action="+action+"&ids="+fmt.Sprint(eve.ID)).
				Contains("2 integrations", "One", "Foreign").
				Lacks("stop working", "Both")

			job := c.Bulk(
				john,
				append(
					harness.IDPairs(c.User(harness.AdminEmail), ann, bob),
					"action",
					action,
					"remove_from",
					integration(c, "Both"),
					"remove_from",
					integration(c, "One"),
				)...)
			if job.Done != 3 || job.Refused != 1 {
				t.Errorf("the job is %+v", job)
			}
			for name, want := range map[string]string{"Both": "", "One": "eve@example.com", "Kept": "ann@example.com", "Foreign": "eve@example.com"} {
				page := john.Get("/settings/integrations/" + integration(c, name) + "/edit")
				for _, address := range []string{"ann@example.com", "bob@example.com", "eve@example.com"} {
					if strings.Contains(strings.ToLower(page.Body), address) != (address == want) {
						t.Errorf("%s sends to %s: %v", name, address, address != want)
					}
				}
			}
			c.WantCount(1, "SELECT count(*) FROM invitations") // John's
		})
	}
}

// Only where access ends do addresses go with it.
func TestEnablingSeveralChangesNoIntegration(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	ann := c.Person(permission.Analyst, "Ann", "", "ann@example.com")
	john.Post("/settings/integrations/new?type=email", "name", "Ours", "active", "1", "emails", "ann@example.com").Wants(http.StatusSeeOther)
	john.Get("/settings/users/bulk?action=enable&ids=" + fmt.Sprint(ann.ID)).Lacks("remove_from")
	c.Bulk(john, append(harness.IDPairs(ann), "action", "enable", "remove_from", integration(c, "Ours"))...)
	john.Get("/settings/integrations/" + integration(c, "Ours") + "/edit").Contains("ann@example.com")
}

func TestBulkRefusesWhatItCannotMean(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	ann := c.Person(permission.Analyst, "Ann", "", "ann@example.com")
	john.Post("/settings/users/bulk", "action", "disable").Wants(http.StatusUnprocessableEntity)
	john.Post("/settings/users/bulk", "action", "disable", "ids", "x", "ids", "-1").Wants(http.StatusUnprocessableEntity)
	john.Post("/settings/users/bulk", append(harness.IDPairs(ann), "action", "promote")...).Wants(http.StatusUnprocessableEntity)
	john.Get("/settings/users/bulk?action=import&ids=1").Wants(http.StatusUnprocessableEntity)
	john.Get("/settings/users/bulk?action=disable").Wants(http.StatusOK).Contains("Nobody is selected")
	c.WantCount(0, "SELECT count(*) FROM jobs")

	job := c.Bulk(john, append(harness.IDPairs(ann), "action", "enable")...)
	if job.Done != 1 || job.Refused != 0 || c.Entries("enable access", "done") != 0 {
		t.Errorf("enabling who is enabled: %+v", job)
	}
	link := c.Add(john, "analyst", "New", "", "new@example.com")
	job = c.Bulk(john, append(harness.IDPairs(c.User("new@example.com")), "action", "disable")...)
	if o := c.Outcomes(job); !strings.Contains(o[0].Refusal, "Revoke the invitation") {
		t.Errorf("disabling who is invited: %+v", o)
	}
	c.Bulk(john, append(harness.IDPairs(c.User("new@example.com")), "action", "delete")...)
	c.WantCount(0, "SELECT count(*) FROM invitations")
	c.Browser().Get(link).Wants(http.StatusGone)
}

func TestJobsBelongToWhoStartedThem(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	other := c.Browse(c.Person(permission.GlobalAdmin, "O", "Ther", "other@example.com"))
	job := c.Bulk(john, append(harness.IDPairs(c.Person(permission.Analyst, "Ann", "", "ann@example.com")), "action", "disable")...)
	for _, path := range []string{"", "/report.csv"} {
		path = fmt.Sprintf("/settings/jobs/%d%s", job.ID, path)
		john.Get(path).Wants(http.StatusOK)
		other.Get(path).Wants(http.StatusNotFound)
		c.Browser().Get(path).To("/signin")
	}
	john.Get("/settings/jobs/999").Wants(http.StatusNotFound)
	john.Get("/settings/jobs/x").Wants(http.StatusNotFound)
}

// insertJob stores a job on these people as its actor would have started it. Nothing wakes the worker.
func insertJob(ctx context.Context, tx *store.Tx, kind string, actor store.User, people []store.User) (store.Job, error) {
	var ids []int64
	for _, p := range people {
		ids = append(ids, p.ID)
	}
	work, err := json.Marshal(ids)
	if err != nil {
		return store.Job{}, err
	}
	job := store.Job{
		Kind:       kind,
		ActorID:    actor.ID,
		ActorName:  actor.Name(),
		ActorEmail: actor.Email,
		Total:      len(ids),
		CreatedAt:  store.At(time.Now()),
	}
	return job, tx.InsertJob(ctx, &job, work)
}

func TestProgressDoesNotLookAtOutcomes(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	job := c.JobUnderWay(c.User(harness.AdminEmail), 0, 2)
	path := fmt.Sprintf("/settings/jobs/%d", job.ID)
	c.Exec(`ALTER TABLE job_outcomes RENAME TO hidden`)
	john.Get(path + "?background").Wants(http.StatusOK).Contains("0 of 2 done")
	c.Exec(`UPDATE jobs SET done = 2, refused = 1, ended_at = 1`)
	c.Exec(`ALTER TABLE hidden RENAME TO job_outcomes`)
	c.Exec(
		`INSERT INTO job_outcomes (job_id, step, user_id, name, email, role, refusal) VALUES ($1, 0, 7, 'Kept', 'kept@example.com', 'analyst', 'Too strong.')`,
		job.ID,
	)
	john.Get(path).Wants(http.StatusOK).Contains("1 left as they were", "kept@example.com", "Too strong.")
}

func TestFC60_ProgressWithAndWithoutScriptIsNoActivity(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	john := c.BrowseAt(c.User(harness.AdminEmail), clock.Now())
	job := c.JobUnderWay(c.User(harness.AdminEmail), 4, 10)
	path := fmt.Sprintf("/settings/jobs/%d", job.ID)

	page := john.Get(path).
		Wants(http.StatusOK).
		Contains("4 of 10 done", `<progress max="10" value="4"`, `data-hx-get="`+path+`?background"`, `href="`+path+`?background">Refresh</a>`)
	page.Contains("<h1").Lacks("report.csv")
	seen := func() string { return c.Cell("SELECT max(last_seen_at) FROM sessions") }
	before := seen()
	clock.Advance(5 * time.Minute)
	john.Get(path + "?background").Wants(http.StatusOK).Contains("<h1")
	john.Header.Set("HX-Request", "true")
	john.Get(path+"?background").Wants(http.StatusOK).Contains(`id="job"`, "4 of 10 done").Lacks("<h1")
	if seen() != before {
		t.Error("what the page asks by itself counts as activity")
	}
	john.Header.Del("HX-Request")
	john.Get(path)
	if seen() == before {
		t.Error("what John asks does not count as activity")
	}
	clock.Advance(31 * time.Minute)
	john.Get(path + "?background").To("/signin")
}

func TestJobOfSomebodyWhoMayNoLongerDoIt(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	ann, dan := c.Person(permission.Admin, "Ann", "", "ann@example.com"), c.Person(permission.Admin, "Dan", "", "dan@example.com")
	people := c.Insert(harness.Crowd(4, "Kept")...)
	john.Post(harness.UserPath(ann, "disable")).Wants(http.StatusSeeOther)
	group := c.Count("SELECT id FROM groups WHERE name = 'Administrators'")
	var disabled, demoted store.Job
	c.Update(func(ctx context.Context, tx *store.Tx) (err error) { // at once: the worker may look at any time
		if _, err = tx.RemoveMember(ctx, int64(group), dan.ID); err != nil {
			return err
		}
		if disabled, err = insertJob(ctx, tx, "disable", ann, people); err != nil {
			return err
		}
		disabled.Done = 1 // the first was done while Ann could
		if err = tx.InsertOutcome(ctx, disabled.ID, store.Outcome{UserID: people[0].ID, Email: people[0].Email}); err != nil {
			return err
		}
		if err = tx.SaveProgress(ctx, disabled); err != nil {
			return err
		}
		demoted, err = insertJob(ctx, tx, "delete", dan, people)
		return err
	})
	c.Bulk(john, append(harness.IDPairs(people[3]), "action", "enable")...) // wakes the worker

	job := c.WaitForJob(disabled.ID)
	if job.Done != 4 || job.Refused != 3 || len(c.Outcomes(job)) != 4 {
		t.Errorf("Ann's job: %+v", c.Outcomes(job))
	}
	for _, o := range c.Outcomes(job)[1:] {
		if o.Refusal != "Whoever started this may no longer do it." || o.Email == "" {
			t.Errorf("Ann's job: %+v", o)
		}
	}
	job = c.WaitForJob(demoted.ID)
	for _, o := range c.Outcomes(job) {
		if o.Refusal != "You may not delete Users." {
			t.Errorf("Dan's job: %+v", o)
		}
	}
	c.WantCount(4, "SELECT count(*) FROM users WHERE first_name = 'Kept' AND disabled_at = 0")
	c.Browse(dan).Get("/settings/profile").Wants(http.StatusForbidden)
}

func TestJobStopsWhereItsActorIsDisabled(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	ann := c.Person(permission.Admin, "Ann", "", "ann@example.com")
	by := c.Browse(ann)
	c.Insert(harness.Crowd(1000, "Many")...)
	form := []string{"action", "disable", "all", "1", "q", "many", "total", "1000", "csrf_token", by.Token()}
	started := make(chan *harness.Answer)
	go func() { started <- by.PostForm("/settings/users/bulk", form...) }()
	harness.Eventually(t, "the job is under way", func() bool { return c.Count("SELECT coalesce(max(done), 0) FROM jobs") > 0 })
	john.Post(harness.UserPath(ann, "disable")).Wants(http.StatusSeeOther)
	<-started
	job := c.WaitForJob(1)
	done, refused := 0, 0
	for _, o := range c.Outcomes(job) {
		if o.Refusal == "" && refused == 0 {
			done++
		} else {
			refused++
		}
	}
	if done == 0 || refused == 0 || done+refused != 1000 || job.Refused != refused {
		t.Errorf("%d done, then %d refused: %+v", done, refused, job)
	}
	c.WantCount(done, "SELECT count(*) FROM users WHERE first_name = 'Many' AND disabled_at > 0")
	c.WantCount(done+1, "SELECT count(*) FROM activity WHERE action = 'disable access'")
}
