package account

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"console/internal/fake"
	"console/internal/trace"
	"console/store"
	"console/store/storetest"
)

// exec runs a statement that no query of the store leads to.
func (c *company) exec(statement string) {
	c.t.Helper()
	c.must(c.db.Update(c.t.Context(), func(tx *store.Tx) error {
		_, err := rawTx(tx).ExecContext(c.t.Context(), statement)
		return err
	}))
}

// spoil makes every change of a person fail, as by a fault of ours.
func (c *company) spoil(id int64) {
	c.t.Helper()
	c.spoilWhen("users", "UPDATE", fmt.Sprintf("OLD.id = %d", id))
}

// spoilWhen makes what is done to the rows of a table fail on a condition.
func (c *company) spoilWhen(table, event, condition string) {
	c.t.Helper()
	when := fmt.Sprintf(`CREATE TRIGGER spoilt BEFORE %s ON %s FOR EACH ROW WHEN (%s) `, event, table, condition)
	if !storetest.OnPostgres() {
		c.exec(when + `BEGIN SELECT RAISE(ABORT, 'spoilt'); END`)
		return
	}
	c.exec(`CREATE FUNCTION spoilt() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'spoilt'; END $$`)
	c.exec(when + `EXECUTE FUNCTION spoilt()`)
}

// mend ends what spoilWhen does to a table.
func (c *company) mend(table string) {
	c.t.Helper()
	if !storetest.OnPostgres() {
		c.exec(`DROP TRIGGER spoilt`)
		return
	}
	c.exec(`DROP TRIGGER spoilt ON ` + table)
	c.exec(`DROP FUNCTION spoilt`)
}

// work stores a job as it stands in the database, whatever it is to do.
func (c *company) work(kind string, total int, work string) store.Job {
	c.t.Helper()
	job := store.Job{
		Kind:       kind,
		ActorID:    c.admin.UserID,
		ActorName:  c.admin.Name,
		ActorEmail: c.admin.Email,
		RequestID:  "request-1",
		Total:      total,
	}
	c.must(c.db.Update(c.t.Context(), func(tx *store.Tx) error { return tx.InsertJob(c.t.Context(), &job, []byte(work)) }))
	return job
}

// on is the work of a job on people.
func on(ids ...int64) string {
	encoded, _ := json.Marshal(bulkWork{IDs: ids})
	return string(encoded)
}

func (c *company) job(id int64) store.Job {
	c.t.Helper()
	job, err := c.db.JobByID(c.t.Context(), id)
	c.must(err)
	return job
}

// outcomes are what the steps of a job came to, in words.
func (c *company) outcomes(id int64) []string {
	c.t.Helper()
	all, err := c.db.Outcomes(c.t.Context(), id, -1, 1000)
	c.must(err)
	var words []string
	for _, o := range all {
		words = append(words, strings.TrimSpace(o.Condition+" "+o.Refusal))
	}
	return words
}

// atWork is a company whose clock stands still, with its log.
func atWork(t *testing.T) (*company, *fake.Clock, *bytes.Buffer) {
	t.Helper()
	c, clock, log := newCompany(t), fake.NewClock(time.Now()), new(bytes.Buffer)
	c.now, c.log = clock.Now, slog.New(trace.Lines(slog.NewTextHandler(log, nil)))
	return c, clock, log
}

const couldNot = "Could not be done: the log says why under request-1."

func TestFC206_AJobThatFailsHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]string{"an error of the database": "error", "a panic": "panic"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, clock, log := atWork(t)
			people := c.analysts(5)
			first, total := people[:3], 3
			if fault == "panic" {
				first = people[:1] // the steps beyond have nobody to be done to
				total = 2
			} else {
				c.spoil(people[1])
			}
			failing, behind := c.work(JobDisable, total, on(first...)), c.work(JobDisable, 2, on(people[3:]...))

			c.runDueJobs(t.Context())
			if job := c.job(behind.ID); job.Running() || job.Refused != 0 {
				t.Fatalf("the job behind has not ended: %+v", job)
			}
			for try := 1; try < stepTries; try++ {
				if job := c.job(failing.ID); !job.Running() || job.Done != 1 || job.Failures != try {
					t.Fatalf("after %d tries: %+v", try, job)
				}
				if wait := c.runDueJobs(t.Context()); wait <= 0 || wait > jobPause {
					t.Errorf("after %d tries it is looked at again in %s", try, wait)
				}
				if job := c.job(failing.ID); job.Failures != try {
					t.Errorf("the pause is not kept: %+v", job)
				}
				clock.Advance(jobPause)
				c.runDueJobs(t.Context())
			}

			job := c.job(failing.ID)
			want := []string{"access_disabled", couldNot, "access_disabled"}[:total]
			if got := c.outcomes(
				failing.ID,
			); job.Running() || job.Done != total || job.Refused != 1 ||
				fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
				t.Errorf("the job %+v came to %q, want %q", job, got, want)
			}
			if n := strings.Count(log.String(), "request_id=request-1"); n != stepTries {
				t.Errorf("the log names the request %d times:\n%s", n, log)
			}
			if fault == "error" && (c.user(people[0]).DisabledAt == 0 || c.user(people[1]).DisabledAt != 0 || c.user(people[2]).DisabledAt == 0) {
				t.Error("the steps beside the failing one were not done, or that one was")
			}
		})
	}
}

func TestFC206_TheOutcomeNamesThePerson(t *testing.T) {
	t.Parallel()
	c, clock, _ := atWork(t)
	people := c.analysts(1)
	c.spoil(people[0])
	job := c.work(JobDisable, 1, on(people...))
	for range stepTries {
		c.runDueJobs(t.Context())
		clock.Advance(jobPause)
	}
	all, err := c.db.Outcomes(t.Context(), job.ID, -1, 10)
	c.must(err)
	if len(all) != 1 || all[0].UserID != people[0] || all[0].Email != "p0@example.com" {
		t.Errorf("the outcomes are %+v", all)
	}
}

func TestFC206_AJobThatCannotBeReadEnds(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]struct{ kind, work string }{
		"no JSON": {JobDisable, "unreadable"}, "an unknown kind": {"promote", on(1)}, "an import": {JobImport, "[]"}, "those who left": {JobLeft, "unreadable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, clock, _ := atWork(t)
			people := c.analysts(1)
			unreadable, behind := c.work(broken.kind, 40, broken.work), c.work(JobDisable, 1, on(people...))
			c.runDueJobs(t.Context())
			if job := c.job(behind.ID); job.Running() {
				t.Errorf("the job behind has not ended: %+v", job)
			}
			for range stepTries - 1 {
				clock.Advance(jobPause)
				c.runDueJobs(t.Context())
			}
			job := c.job(unreadable.ID)
			if got := c.outcomes(unreadable.ID); job.Running() || job.Refused != 40 || len(got) != 1 || got[0] != couldNot {
				t.Errorf("the job %+v came to %q", job, got)
			}
		})
	}
}

// TestFC206_ABatchThatFailsWaits has the whole transaction of a job fail again and again: the others go on meanwhile.
func TestFC206_ABatchThatFailsWaits(t *testing.T) {
	t.Parallel()
	c, clock, _ := atWork(t)
	people := c.analysts(2)
	failing, behind := c.work(JobDisable, 1, on(people[0])), c.work(JobDisable, 1, on(people[1]))
	c.spoilWhen("job_outcomes", "INSERT", fmt.Sprintf("NEW.job_id = %d", failing.ID))
	c.runDueJobs(t.Context())
	if job := c.job(behind.ID); job.Running() {
		t.Errorf("the job behind has not ended: %+v", job)
	}
	if job := c.job(failing.ID); !job.Running() || job.NextAt <= store.At(clock.Now()) {
		t.Errorf("the failing job does not wait: %+v", job)
	}
	c.mend("job_outcomes")
	clock.Advance(jobPause)
	c.runDueJobs(t.Context())
	if job := c.job(failing.ID); job.Running() || job.Refused != 0 || c.user(people[0]).Status() != store.Disabled {
		t.Errorf("the job was not resumed: %+v", job)
	}
}

// TestFC65_AJobThatWaitsAheadGoesOnAfterARestart has nobody who saw the clock before it was set back.
func TestFC65_AJobThatWaitsAheadGoesOnAfterARestart(t *testing.T) {
	t.Parallel()
	c, clock, _ := atWork(t)
	person := c.analysts(1)
	job := c.work(JobDisable, 1, on(person...))
	job.Failures, job.NextAt = 1, store.At(clock.Now().Add(2*time.Hour))
	c.must(c.db.Update(t.Context(), func(tx *store.Tx) error { return tx.SaveProgress(t.Context(), job) }))
	c.runDueJobs(t.Context())
	if got := c.job(job.ID); got.Running() || got.Refused != 0 || c.user(person[0]).Status() != store.Disabled {
		t.Errorf("the job waits for the clock: %+v", got)
	}
}

// TestFC206_WhatCannotBeToldEndsAJob has the summary at the end of a job fail.
func TestFC206_WhatCannotBeToldEndsAJob(t *testing.T) {
	t.Parallel()
	c, _, log := atWork(t)
	c.tell("access_disabled", c.integration("slack", nil))
	people := c.analysts(summaryAbove + 1)
	c.spoilWhen("deliveries", "INSERT", "NEW.uuid <> ''")
	job := c.work(JobDisable, len(people), on(people...))
	c.runDueJobs(t.Context())
	if got := c.job(job.ID); got.Running() || got.Refused != 0 || !strings.Contains(log.String(), "spoilt") {
		t.Errorf("the job has not ended or the log is silent: %+v\n%s", got, log)
	}
}
