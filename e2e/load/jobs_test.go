package load

import (
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"console/e2e/harness"
)

// TestUnderLoad runs the program as it is shipped: how quick it is and what a crash leaves is not for the race
// detector to say.
func TestUnderLoad(t *testing.T) {
	t.Parallel()
	program := harness.Build(t)
	t.Run("ten thousand people", func(t *testing.T) { disableTenThousand(t, program) })
	t.Run("ten thousand lines", func(t *testing.T) { importTenThousand(t, program) })
}

// disableTenThousand kills the program twice on the way, and looks at the list meanwhile.
func disableTenThousand(t *testing.T, program string) {
	const many = 10_000
	data := harness.Stored(t, "john", harness.Crowd(many, "Load"))
	c := harness.Reopen(t, data)
	john := harness.Launch(t, program, data, "john")
	started := make(chan *harness.Answer, 1)
	form := []string{"action", "disable", "all", "1", "q", "load", "total", strconv.Itoa(many), "csrf_token", john.Token()}
	go func() { started <- john.PostForm("/settings/users/bulk", form...) }()
	harness.Eventually(t, "the job is under way", func() bool { return c.Count("SELECT coalesce(max(done), 0) FROM jobs") > 0 })

	var times []time.Duration
	for _, path := range []string{"/settings/users", "/settings/users?q=load", "/settings/users?tab=disabled", "/settings/users/1/edit", "/settings/profile"} {
		for range 4 {
			began := time.Now()
			john.Get(path).Wants(http.StatusOK)
			times = append(times, time.Since(began))
		}
	}
	(<-started).Wants(http.StatusSeeOther)
	running, err := c.DB.JobByID(t.Context(), 1)
	if err != nil || !running.Running() {
		t.Fatalf("the job did not run long enough to say anything: %+v, %v", running, err)
	}
	if m := median(times); m > 250*time.Millisecond {
		t.Errorf("half of the requests took more than %s beside the job", m)
	}
	for range 2 {
		john.Kill()
		killed, err := c.DB.JobByID(t.Context(), 1)
		if err != nil || !killed.Running() {
			t.Fatalf("killed too late: %+v, %v", killed, err)
		}
		john = harness.Launch(t, program, data, "john")
		harness.Eventually(t, "the job goes on", func() bool { return c.Count("SELECT done FROM jobs") > killed.Done })
	}
	job := c.WaitForJob(1)
	if job.Done != many || job.Refused != 0 {
		t.Errorf("the job came to %+v", job)
	}
	c.WantCount(many, "SELECT count(DISTINCT user_id) FROM job_outcomes WHERE refusal = ''")
	c.WantCount(many, "SELECT count(*) FROM job_outcomes")
	c.WantCount(many, "SELECT count(*) FROM users WHERE disabled_at > 0")
	c.WantCount(many, "SELECT count(DISTINCT object_id) FROM activity WHERE action = 'disable access'")
	c.WantCount(many, "SELECT count(*) FROM activity WHERE action = 'disable access'")
	c.WantCount(1, "SELECT count(*) FROM activity WHERE action = 'end disable of several'")
	john.Get("/settings/jobs/1").Contains("10000 done")
	t.Logf("%d people; a request beside it took %s", many, median(times))
}

// importTenThousand checks and imports a file of the greatest length.
func importTenThousand(t *testing.T, program string) {
	const many = 10_000
	data := harness.Stored(t, "john", nil)
	c := harness.Reopen(t, data)
	john := harness.Launch(t, program, data, "john")
	file := []byte("email,first name,last name,role\n" + harness.ManyLines(many))
	began := time.Now()
	preview := john.Upload("/settings/users/import", file, "tenant_id", "1").Wants(http.StatusOK)
	preview.Contains("<strong>10000</strong> will be added")
	checked := time.Since(began)
	c.EndedJob(john.Upload("/settings/users/import", file, "tenant_id", "1", "confirm", preview.Confirm()))
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("%d lines took %s", many, took)
	}
	t.Logf("%d lines: %s to check, %s with the import", many, checked, time.Since(began))
	c.WantCount(many, "SELECT count(*) FROM invitations")
	c.WantCount(0, "SELECT count(*) FROM deliveries")
	john.Upload("/settings/users/import", append(file, "x@example.com,,,Analyst\n"...), "tenant_id", "1").
		Wants(http.StatusUnprocessableEntity).
		Contains("at most 10,000 people")
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}
