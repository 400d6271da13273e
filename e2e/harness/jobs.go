package harness

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"console/store"
)

// ManyLines are lines of an import of Analysts.
func ManyLines(n int) string {
	var lines strings.Builder
	for i := range n {
		fmt.Fprintf(&lines, "line%05d@example.com,Line,Number%05d,Analyst\n", i, i)
	}
	return lines.String()
}

// ImportOf imports n people, every fifth of them Read Only and the others Analysts, and returns the job.
func (c *Console) ImportOf(by *Browser, n int, pairs ...string) store.Job {
	c.T.Helper()
	lines := []string{"email,first name,last name,role"}
	for i := range n {
		role := "Analyst"
		if i%5 == 4 {
			role = "Read Only"
		}
		lines = append(lines, fmt.Sprintf("n%02d@example.com,First%02d,Last,%s", i, i, role))
	}
	return c.EndedJob(by.Import(strings.Join(lines, "\n"), pairs...))
}

// Import uploads a file of people for the main tenant and confirms what the preview says.
func (b *Browser) Import(file string, pairs ...string) *Answer {
	b.Console.T.Helper()
	pairs = append(pairs, "tenant_id", "1")
	preview := b.Upload("/settings/users/import", []byte(file), pairs...)
	return b.Upload("/settings/users/import", []byte(file), append(pairs, "confirm", preview.Confirm())...)
}

// Bulk confirms a bulk action and returns its job, which has ended.
func (c *Console) Bulk(by *Browser, pairs ...string) store.Job {
	c.T.Helper()
	return c.EndedJob(by.Post("/settings/users/bulk", pairs...))
}

// EndedJob waits for the end of the job that a form has started.
func (c *Console) EndedJob(started *Answer) store.Job {
	c.T.Helper()
	location := started.Wants(http.StatusSeeOther).Header.Get("Location")
	id, err := strconv.ParseInt(strings.TrimPrefix(location, "/settings/jobs/"), 10, 64)
	if err != nil {
		c.T.Fatalf("the form leads to %s", location)
	}
	return c.WaitForJob(id)
}

// WaitForJob waits for the end of a job.
func (c *Console) WaitForJob(id int64) store.Job {
	c.T.Helper()
	var job store.Job
	Eventually(c.T, fmt.Sprint("job ", id, " ends"), func() bool {
		var err error
		if job, err = c.DB.JobByID(c.T.Context(), id); err != nil {
			c.T.Fatal(err)
		}
		return !job.Running()
	})
	return job
}

// Outcomes returns all outcomes of a job.
func (c *Console) Outcomes(job store.Job) []store.Outcome {
	c.T.Helper()
	all, err := c.DB.Outcomes(c.T.Context(), job.ID, -1, job.Total+1)
	if err != nil {
		c.T.Fatal(err)
	}
	return all
}

// JobUnderWay stores a job that seems to run and stays as it is: it waits, for longer than any test.
func (c *Console) JobUnderWay(actor store.User, done, total int) store.Job {
	c.T.Helper()
	job := store.Job{
		Kind:       "disable",
		ActorID:    actor.ID,
		ActorName:  actor.Name(),
		ActorEmail: actor.Email,
		Done:       done,
		Total:      total,
		CreatedAt:  store.At(time.Now()),
		NextAt:     store.At(time.Now().AddDate(10, 0, 0)),
	}
	c.Update(func(ctx context.Context, tx *store.Tx) error {
		if err := tx.InsertJob(ctx, &job, []byte("[]")); err != nil {
			return err
		}
		return tx.SaveProgress(ctx, job)
	})
	return job
}
