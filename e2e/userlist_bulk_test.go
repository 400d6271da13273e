package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"console/internal/permission"
	"console/store"
)

func TestFC109_AllThatMatchAreThoseAndNobodyElse(t *testing.T) {
	t.Parallel()
	c, john := signedIn(t, nil)
	people := crowd(10, "Ten")
	people[3].FirstName, people[7].FirstName = "Chosen", "Chosen"
	people = c.insert(people...)
	confirm := john.get("/settings/users/bulk?action=disable&all=1&q=chosen").wants(http.StatusOK)
	confirm.contains("2 users", `name="total" value="2"`, `name="q" value="chosen"`, people[3].Email, people[7].Email).lacks(people[0].Email)

	// Ticked under one search, acted on under another: it is those who were ticked, and the page names them.
	john.get(fmt.Sprintf("/settings/users/bulk?action=disable&ids=%d&ids=%d&q=chosen", people[0].ID, people[0].ID)).
		contains("1 user", people[0].Email).lacks(people[3].Email)

	job := c.bulk(john, "action", "disable", "all", "1", "q", "chosen", "total", "2")
	if job.Total != 2 || job.Refused != 0 {
		t.Errorf("the job is %+v", job)
	}
	if got := strings.Join(c.column("SELECT first_name FROM users WHERE disabled_at > 0"), " "); got != "Chosen Chosen" {
		t.Errorf("disabled are %q", got)
	}
}

func TestFC110_AnnouncedIsChanged(t *testing.T) {
	t.Parallel()
	c, john := signedIn(t, nil)
	people := c.insert(crowd(60, "Sixty")...)
	gone := c.browse(people[59])
	john.get("/settings/users?q=sixty").contains("Select all 60 that match")
	john.get("/settings/users/bulk?action=disable&all=1&q=sixty").contains("60 users", "and 40 more", "Disable access 60")

	for _, total := range []string{"59", "61", "", "x"} {
		john.post("/settings/users/bulk", "action", "disable", "all", "1", "q", "sixty", "total", total).wants(http.StatusConflict).
			contains("now it is 60", "Nothing was done", `name="total" value="60"`)
	}
	c.wantCount(0, "SELECT count(*) FROM jobs")
	c.wantCount(0, "SELECT count(*) FROM users WHERE disabled_at > 0")

	started := john.post("/settings/users/bulk", "action", "disable", "all", "1", "q", "sixty", "total", "60")
	if job := c.endedJob(started); job.Total != 60 || job.Done != 60 || job.Refused != 0 {
		t.Errorf("the job is %+v", job)
	}
	john.get(started.Header.Get("Location")).contains("60 done").lacks("Left as they were")
	c.wantCount(60, "SELECT count(*) FROM users WHERE disabled_at > 0")
	c.wantCount(60, "SELECT count(*) FROM activity WHERE action = 'disable access'")
	c.wantCount(1, "SELECT count(*) FROM sessions") // John's
	gone.get("/settings/profile").to("/signin")

	job := c.bulk(john, "action", "delete", "all", "1", "total", "61")
	if job.Refused != 1 || c.outcomes(job)[0].Refusal != "You cannot do this to yourself." {
		t.Errorf("the job is %+v", job)
	}
	john.get(fmt.Sprintf("/settings/jobs/%d", job.ID)).contains("60 done, 1 left as they were", "John Doe")
	c.wantCount(1, "SELECT count(*) FROM users")
}

func TestFC140_EverybodyGetsAnOutcome(t *testing.T) {
	t.Parallel()
	c, _ := signedIn(t, nil)
	me := c.person(permission.Admin, "Ad", "Min", "admin@example.com")
	admin := c.browse(me)
	one, two := c.person(permission.Analyst, "One", "", "one@example.com"), c.person(permission.ReadOnly, "Two", "", "two@example.com")
	strong, gone := c.person(permission.GlobalReadOnly, "Strong", "", "strong@example.com"), c.person(permission.Analyst, "Gone", "", "gone@example.com")
	six := []store.User{one, me, c.user(adminEmail), strong, gone, two}
	admin.post(userPath(gone, "delete"), "confirm_email", gone.Email).wants(http.StatusSeeOther)

	started := admin.post("/settings/users/bulk", append(idPairs(six...), "action", "disable")...)
	job := c.endedJob(started)
	reasons := map[int64]string{}
	for _, o := range c.outcomes(job) {
		reasons[o.UserID] = o.Refusal
	}
	for _, user := range six {
		refusal, known := reasons[user.ID]
		t.Logf("%s: %q", user.Email, refusal)
		if normal := user.ID == one.ID || user.ID == two.ID; !known || normal != (refusal == "") {
			t.Errorf("%s: outcome %q", user.Email, refusal)
		}
	}
	page := admin.get(started.Header.Get("Location")).contains("2 done, 4 left as they were", "You cannot do this to yourself.", "John Doe may", "Strong may", "No longer exists.", "Try the selected again")
	for _, user := range []store.User{me, c.user(adminEmail), strong} {
		page.contains(fmt.Sprintf(`name="ids" value="%d" checked`, user.ID))
	}
	for _, user := range []store.User{one, two, gone} {
		page.lacks(fmt.Sprintf(`name="ids" value="%d"`, user.ID))
	}
	c.wantCount(2, "SELECT count(*) FROM activity WHERE action = 'disable access'")
	again := c.bulk(admin, append(idPairs(six...), "action", "disable")...)
	if again.Refused != 4 {
		t.Errorf("again: %+v", again)
	}
	c.wantCount(2, "SELECT count(*) FROM activity WHERE action = 'disable access'")
	if c.user(one.Email).Version != one.Version+1 {
		t.Error("who was disabled already was changed again")
	}
}

// TestWhatEndsWithSeveral is TestWhatEndsWithAPerson for a job.
func TestWhatEndsWithSeveral(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"disable", "delete"} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			c, john := signedIn(t, nil)
			ann, bob := c.person(permission.Admin, "Ann", "Lee", "ann@example.com"), c.person(permission.Admin, "Bob", "", "bob@example.com")
			eve := c.person(permission.Analyst, "Eve", "", "eve@example.com")
			byAnn, byBob := c.browse(ann), c.browse(bob)
			for n := range 21 {
				c.inviteByLink(byAnn, "analyst", fmt.Sprintf("a%02d@example.com", n))
			}
			c.inviteByLink(byBob, "analyst", "b@example.com")
			c.inviteByLink(john, "analyst", "john@example.com")
			for name, emails := range map[string]string{"Both": "Ann@example.com\nbob@EXAMPLE.com", "One": "bob@example.com\neve@example.com", "Kept": "ann@example.com", "Foreign": "eve@example.com"} {
				john.post("/settings/integrations/new?type=email", "name", name, "active", "1", "emails", emails).wants(http.StatusSeeOther)
			}
			john.get("/settings/integrations").contains("Both", "One", "Kept", "Foreign")
			confirm := "/settings/users/bulk?action=" + action + "&ids=1&ids=" + fmt.Sprint(ann.ID) + "&ids=" + fmt.Sprint(bob.ID)
			john.get(confirm).wants(http.StatusOK).contains("stop working: <strong>22</strong>", "a00@example.com (Analyst)", "a19@example.com", "and 2 more",
				"3 integrations", "Both", "One", "Kept", `name="remove_from"`).lacks("a20@example.com", "b@example.com (", "john@example.com (", "Foreign")
			john.get("/settings/users/bulk?action=enable&ids="+fmt.Sprint(ann.ID)).lacks("stop working", "remove_from")
			john.get("/settings/users/bulk?action="+action+"&ids="+fmt.Sprint(eve.ID)).contains("2 integrations", "One", "Foreign").lacks("stop working", "Both")

			job := c.bulk(john, append(idPairs(c.user(adminEmail), ann, bob), "action", action, "remove_from", c.integration("Both"), "remove_from", c.integration("One"))...)
			if job.Done != 3 || job.Refused != 1 {
				t.Errorf("the job is %+v", job)
			}
			for name, want := range map[string]string{"Both": "", "One": "eve@example.com", "Kept": "ann@example.com", "Foreign": "eve@example.com"} {
				page := john.get("/settings/integrations/" + c.integration(name) + "/edit")
				for _, address := range []string{"ann@example.com", "bob@example.com", "eve@example.com"} {
					if strings.Contains(strings.ToLower(page.Body), address) != (address == want) {
						t.Errorf("%s sends to %s: %v", name, address, address != want)
					}
				}
			}
			c.wantCount(1, "SELECT count(*) FROM invitations") // John's
		})
	}
}

// Only where access ends do addresses go with it.
func TestEnablingSeveralChangesNoIntegration(t *testing.T) {
	t.Parallel()
	c, john := signedIn(t, nil)
	ann := c.person(permission.Analyst, "Ann", "", "ann@example.com")
	john.post("/settings/integrations/new?type=email", "name", "Ours", "active", "1", "emails", "ann@example.com").wants(http.StatusSeeOther)
	john.get("/settings/users/bulk?action=enable&ids=" + fmt.Sprint(ann.ID)).lacks("remove_from")
	c.bulk(john, append(idPairs(ann), "action", "enable", "remove_from", c.integration("Ours"))...)
	john.get("/settings/integrations/" + c.integration("Ours") + "/edit").contains("ann@example.com")
}

func TestBulkRefusesWhatItCannotMean(t *testing.T) {
	t.Parallel()
	c, john := signedIn(t, nil)
	ann := c.person(permission.Analyst, "Ann", "", "ann@example.com")
	john.post("/settings/users/bulk", "action", "disable").wants(http.StatusUnprocessableEntity)
	john.post("/settings/users/bulk", "action", "disable", "ids", "x", "ids", "-1").wants(http.StatusUnprocessableEntity)
	john.post("/settings/users/bulk", append(idPairs(ann), "action", "promote")...).wants(http.StatusUnprocessableEntity)
	john.get("/settings/users/bulk?action=import&ids=1").wants(http.StatusUnprocessableEntity)
	john.get("/settings/users/bulk?action=disable").wants(http.StatusOK).contains("Nobody is selected")
	c.wantCount(0, "SELECT count(*) FROM jobs")

	job := c.bulk(john, append(idPairs(ann), "action", "enable")...)
	if job.Done != 1 || job.Refused != 0 || c.entries("enable access", "done") != 0 {
		t.Errorf("enabling who is enabled: %+v", job)
	}
	link := c.add(john, "analyst", "New", "", "new@example.com")
	job = c.bulk(john, append(idPairs(c.user("new@example.com")), "action", "disable")...)
	if o := c.outcomes(job); !strings.Contains(o[0].Refusal, "revoke the invitation") {
		t.Errorf("disabling who is invited: %+v", o)
	}
	c.bulk(john, append(idPairs(c.user("new@example.com")), "action", "delete")...)
	c.wantCount(0, "SELECT count(*) FROM invitations")
	c.browser().get(link).wants(http.StatusGone)
}

func TestJobsBelongToWhoStartedThem(t *testing.T) {
	t.Parallel()
	c, john := signedIn(t, nil)
	other := c.browse(c.person(permission.GlobalAdmin, "O", "Ther", "other@example.com"))
	job := c.bulk(john, append(idPairs(c.person(permission.Analyst, "Ann", "", "ann@example.com")), "action", "disable")...)
	for _, path := range []string{"", "/report.csv"} {
		path = fmt.Sprintf("/settings/jobs/%d%s", job.ID, path)
		john.get(path).wants(http.StatusOK)
		other.get(path).wants(http.StatusNotFound)
		c.browser().get(path).to("/signin")
	}
	john.get("/settings/jobs/999").wants(http.StatusNotFound)
	john.get("/settings/jobs/x").wants(http.StatusNotFound)
}

// insertJob stores a job on these people as its actor would have started it. Nothing wakes the worker.
func (c *console) insertJob(kind string, actor store.User, people ...store.User) store.Job {
	c.t.Helper()
	var ids []int64
	for _, p := range people {
		ids = append(ids, p.ID)
	}
	work, err := json.Marshal(ids)
	if err != nil {
		c.t.Fatal(err)
	}
	job := store.Job{Kind: kind, ActorID: actor.ID, ActorName: actor.Name(), ActorEmail: actor.Email, Total: len(ids), CreatedAt: store.At(time.Now())}
	c.update(func(ctx context.Context, tx *store.Tx) error { return tx.InsertJob(ctx, &job, work) })
	return job
}

func TestProgressDoesNotLookAtOutcomes(t *testing.T) {
	t.Parallel()
	c, john := signedIn(t, nil)
	job := c.insertJob("disable", c.user(adminEmail), c.insert(crowd(2, "Waiting")...)...)
	path := fmt.Sprintf("/settings/jobs/%d", job.ID)
	c.exec(`ALTER TABLE job_outcomes RENAME TO hidden`)
	john.get(path + "?background").wants(http.StatusOK).contains("0 of 2 done")
	c.exec(`UPDATE jobs SET done = 2, refused = 1, ended_at = 1`)
	c.exec(`ALTER TABLE hidden RENAME TO job_outcomes`)
	c.exec(`INSERT INTO job_outcomes (job_id, step, user_id, name, email, role, refusal) VALUES ($1, 0, 7, 'Kept', 'kept@example.com', 'analyst', 'Too strong.')`, job.ID)
	john.get(path).wants(http.StatusOK).contains("1 left as they were", "kept@example.com", "Too strong.")
}

func TestFC60_ProgressWithAndWithoutScriptIsNoActivity(t *testing.T) {
	t.Parallel()
	c, clock := startAt(t)
	john := c.browseAt(c.user(adminEmail), clock.Now())
	job := c.insertJob("disable", c.user(adminEmail), c.insert(crowd(10, "Slow")...)...)
	job.Done = 4
	c.update(func(ctx context.Context, tx *store.Tx) error { return tx.SaveProgress(ctx, job) })
	path := fmt.Sprintf("/settings/jobs/%d", job.ID)

	page := john.get(path).wants(http.StatusOK).contains("4 of 10 done", `<progress max="10" value="4"`, `data-hx-get="`+path+`?background"`, `href="`+path+`?background">Refresh</a>`)
	page.contains("<h1").lacks("report.csv")
	seen := func() string { return c.cell("SELECT max(last_seen_at) FROM sessions") }
	before := seen()
	clock.Advance(5 * time.Minute)
	john.get(path + "?background").wants(http.StatusOK).contains("<h1")
	john.Header.Set("HX-Request", "true")
	john.get(path+"?background").wants(http.StatusOK).contains(`id="job"`, "4 of 10 done").lacks("<h1")
	if seen() != before {
		t.Error("what the page asks by itself counts as activity")
	}
	john.Header.Del("HX-Request")
	john.get(path)
	if seen() == before {
		t.Error("what John asks does not count as activity")
	}
	clock.Advance(31 * time.Minute)
	john.get(path + "?background").to("/signin")
}

func TestJobOfSomebodyWhoMayNoLongerDoIt(t *testing.T) {
	t.Parallel()
	c, john := signedIn(t, nil)
	ann, dan := c.person(permission.Admin, "Ann", "", "ann@example.com"), c.person(permission.Admin, "Dan", "", "dan@example.com")
	people := c.insert(crowd(4, "Kept")...)
	disabled, demoted := c.insertJob("disable", ann, people...), c.insertJob("delete", dan, people...)
	disabled.Done = 1 // the first was done while Ann could
	group := c.count("SELECT id FROM groups WHERE name = 'Administrators'")
	c.update(func(ctx context.Context, tx *store.Tx) error {
		if err := tx.InsertOutcome(ctx, disabled.ID, store.Outcome{UserID: people[0].ID, Email: people[0].Email}); err != nil {
			return err
		}
		if _, err := tx.RemoveMember(ctx, int64(group), dan.ID); err != nil {
			return err
		}
		return tx.SaveProgress(ctx, disabled)
	})
	john.post(userPath(ann, "disable")).wants(http.StatusSeeOther)
	c.bulk(john, append(idPairs(people[3]), "action", "enable")...) // wakes the worker

	job := c.waitForJob(disabled.ID, 10*time.Second)
	if job.Done != 4 || job.Refused != 3 || len(c.outcomes(job)) != 4 {
		t.Errorf("Ann's job: %+v", c.outcomes(job))
	}
	for _, o := range c.outcomes(job)[1:] {
		if o.Refusal != "Whoever started this may no longer do it." || o.Email == "" {
			t.Errorf("Ann's job: %+v", o)
		}
	}
	job = c.waitForJob(demoted.ID, 10*time.Second)
	for _, o := range c.outcomes(job) {
		if o.Refusal != "You may not delete Users." {
			t.Errorf("Dan's job: %+v", o)
		}
	}
	c.wantCount(4, "SELECT count(*) FROM users WHERE first_name = 'Kept' AND disabled_at = 0")
	c.browse(dan).get("/settings/profile").wants(http.StatusForbidden)
}

func TestJobStopsWhereItsActorIsDisabled(t *testing.T) {
	t.Parallel()
	c, john := signedIn(t, nil)
	ann := c.person(permission.Admin, "Ann", "", "ann@example.com")
	by := c.browse(ann)
	c.insert(crowd(1000, "Many")...)
	form := []string{"action", "disable", "all", "1", "q", "many", "total", "1000", "csrf_token", by.token()}
	started := make(chan *answer)
	go func() { started <- by.postForm("/settings/users/bulk", form...) }()
	eventually(t, "the job is under way", func() bool { return c.count("SELECT coalesce(max(done), 0) FROM jobs") > 0 })
	john.post(userPath(ann, "disable")).wants(http.StatusSeeOther)
	<-started
	job := c.waitForJob(1, 60*time.Second)
	done, refused := 0, 0
	for _, o := range c.outcomes(job) {
		if o.Refusal == "" && refused == 0 {
			done++
		} else {
			refused++
		}
	}
	if done == 0 || refused == 0 || done+refused != 1000 || job.Refused != refused {
		t.Errorf("%d done, then %d refused: %+v", done, refused, job)
	}
	c.wantCount(done, "SELECT count(*) FROM users WHERE first_name = 'Many' AND disabled_at > 0")
	c.wantCount(done+1, "SELECT count(*) FROM activity WHERE action = 'disable access'")
}

// TestUnderLoad runs the program as it is shipped: how quick it is and what a crash leaves is not for the race
// detector to say.
func TestUnderLoad(t *testing.T) {
	t.Parallel()
	program := build(t)
	t.Run("ten thousand people", func(t *testing.T) { disableTenThousand(t, program) })
	t.Run("ten thousand lines", func(t *testing.T) { importTenThousand(t, program) })
}

// disableTenThousand kills the program twice on the way, and looks at the list meanwhile.
func disableTenThousand(t *testing.T, program string) {
	const many = 10_000
	data := stored(t, "john", crowd(many, "Load"))
	c := reopen(t, data)
	john := launch(t, program, data, "john")
	started := make(chan *answer, 1)
	form := []string{"action", "disable", "all", "1", "q", "load", "total", strconv.Itoa(many), "csrf_token", john.token()}
	go func() { started <- john.postForm("/settings/users/bulk", form...) }()
	within(t, 30*time.Second, "the job is under way", func() bool { return c.count("SELECT coalesce(max(done), 0) FROM jobs") > 0 })

	var times []time.Duration
	for _, path := range []string{"/settings/users", "/settings/users?q=load", "/settings/users?tab=disabled", "/settings/users/1/edit", "/settings/profile"} {
		for range 4 {
			began := time.Now()
			john.get(path).wants(http.StatusOK)
			times = append(times, time.Since(began))
		}
	}
	(<-started).wants(http.StatusSeeOther)
	running, err := c.DB.JobByID(t.Context(), 1)
	if err != nil || !running.Running() {
		t.Fatalf("the job did not run long enough to say anything: %+v, %v", running, err)
	}
	if m := median(times); m > 250*time.Millisecond {
		t.Errorf("half of the requests took more than %s beside the job", m)
	}
	for range 2 {
		john.kill()
		killed, err := c.DB.JobByID(t.Context(), 1)
		if err != nil || !killed.Running() {
			t.Fatalf("killed too late: %+v, %v", killed, err)
		}
		john = launch(t, program, data, "john")
		within(t, 30*time.Second, "the job goes on", func() bool { return c.count("SELECT done FROM jobs") > killed.Done })
	}
	job := c.waitForJob(1, 60*time.Second)
	if job.Done != many || job.Refused != 0 {
		t.Errorf("the job came to %+v", job)
	}
	c.wantCount(many, "SELECT count(DISTINCT user_id) FROM job_outcomes WHERE refusal = ''")
	c.wantCount(many, "SELECT count(*) FROM job_outcomes")
	c.wantCount(many, "SELECT count(*) FROM users WHERE disabled_at > 0")
	c.wantCount(many, "SELECT count(DISTINCT object_id) FROM activity WHERE action = 'disable access'")
	c.wantCount(many, "SELECT count(*) FROM activity WHERE action = 'disable access'")
	c.wantCount(1, "SELECT count(*) FROM activity WHERE action = 'end disable of several'")
	john.get("/settings/jobs/1").contains("10000 done")
	t.Logf("%d people; a request beside it took %s", many, median(times))
}

// importTenThousand checks and imports a file of the greatest length.
func importTenThousand(t *testing.T, program string) {
	const many = 10_000
	data := stored(t, "john", nil)
	c := reopen(t, data)
	john := launch(t, program, data, "john")
	file := []byte("email,first name,last name,role\n" + manyLines(many))
	began := time.Now()
	john.upload("/settings/users/import", file, "tenant_id", "1").wants(http.StatusOK).contains("<strong>10000</strong> will be added")
	checked := time.Since(began)
	c.endedJob(john.upload("/settings/users/import", file, "tenant_id", "1", "confirm", "1"))
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("%d lines took %s", many, took)
	}
	t.Logf("%d lines: %s to check, %s with the import", many, checked, time.Since(began))
	c.wantCount(many, "SELECT count(*) FROM invitations")
	c.wantCount(0, "SELECT count(*) FROM deliveries")
	john.upload("/settings/users/import", append(file, "x@example.com,,,Analyst\n"...), "tenant_id", "1").wants(http.StatusUnprocessableEntity).contains("at most 10,000 people")
}

// manyLines are lines of an import of Analysts.
func manyLines(n int) string {
	var lines strings.Builder
	for i := range n {
		fmt.Fprintf(&lines, "line%05d@example.com,Line,Number%05d,Analyst\n", i, i)
	}
	return lines.String()
}
