package account

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"console/internal/fake"
	"console/internal/notify"
	"console/internal/permission"
	"console/store"
	"console/store/storetest"
)

// replica is one of several consoles on a database, with a log of its own.
type replica struct {
	*company
	logged bytes.Buffer
}

// newReplicas returns n consoles on one database, which have one clock.
func newReplicas(t *testing.T, n int) ([]*replica, *fake.Clock) {
	t.Helper()
	clock := fake.NewClock(time.Now())
	var all []*replica
	for _, s := range replicasAt(t, storetest.Place(t), slices.Repeat([]func() time.Time{clock.Now}, n)...) {
		r := &replica{company: &company{Service: s, t: t}}
		r.log = slog.New(slog.NewTextHandler(&r.logged, nil))
		all = append(all, r)
	}
	all[0].admin = found(t, all[0].Service)
	all[0].admin = all[0].as(all[0].admin.UserID)
	for _, r := range all {
		r.admin = all[0].admin
	}
	return all, clock
}

// background runs something beside the test until what is returned is called, or the test ends.
func background(t *testing.T, run func(context.Context)) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { run(ctx) })
	stop = func() {
		cancel()
		running.Wait()
	}
	t.Cleanup(stop)
	return stop
}

// eventually waits for a condition that another goroutine brings about.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never happened: ", what)
		}
	}
}

// employ adds people who can sign in, as rows: thousands are added in a second.
func (c *company) employ(n int) []int64 {
	c.t.Helper()
	ids := make([]int64, n)
	c.must(c.db.Update(c.t.Context(), func(tx *store.Tx) error {
		for i := range ids {
			email := fmt.Sprintf("p%d@example.com", i)
			user := store.User{UUID: uuid.NewString(), Email: email, EmailKey: email, FirstName: "Pat", Role: permission.Analyst,
				PasswordHash: "x", CreatedAt: 1, JoinedAt: 1, ActivatedAt: 1}
			if err := tx.InsertUser(c.t.Context(), &user); err != nil {
				return err
			}
			ids[i] = user.ID
		}
		return nil
	}))
	return ids
}

// wantDone says what is wrong with a job all of whose steps are to be done, each once, and with the logs.
func wantDone(t *testing.T, id int64, all []*replica) {
	t.Helper()
	job := all[0].job(id)
	if job.Running() || job.Done != job.Total || job.Refused != 0 {
		t.Errorf("the job came to %+v", job)
	}
	outcomes, err := all[0].db.Outcomes(t.Context(), id, -1, 2*job.Total)
	all[0].must(err)
	if len(outcomes) != job.Total {
		t.Errorf("%d outcomes of %d steps", len(outcomes), job.Total)
	}
	for step, o := range outcomes {
		if o.Step != step || o.Condition != "access_disabled" {
			t.Fatalf("outcome %d is %+v", step, o)
		}
	}
	for n, r := range all {
		if strings.Contains(r.logged.String(), "level=ERROR") {
			t.Errorf("the log of replica %d says:\n%s", n, &r.logged)
		}
	}
}

// TestPG11_AJobOutlivesTheReplicasThatCarryItOut has two of three replicas die, each right after it has carried out a batch.
func TestPG11_AJobOutlivesTheReplicasThatCarryItOut(t *testing.T) {
	t.Parallel()
	steps := 3000
	if raceDetector || testing.Short() {
		steps = 300
	}
	all, clock := newReplicas(t, 3)
	job := all[0].work(JobDisable, steps, on(all[0].employ(steps)...))
	var mu sync.Mutex
	died, end := 0, make(chan struct{})
	for _, r := range all {
		r.db.TellCommitted(func() {
			now, err := r.db.JobByID(context.Background(), job.ID)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			dies := died < 2 && now.Done >= (died+1)*steps/3
			if dies {
				died++
				clock.Advance(jobLease)
			}
			mu.Unlock()
			if dies {
				<-end // nothing that it has is given back
			}
		})
	}
	var stops []func()
	for _, r := range all {
		stops = append(stops, background(t, r.RunJobs))
	}
	eventually(t, "the job ends", func() bool { return !all[0].job(job.ID).Running() })
	close(end)
	for _, stop := range stops {
		stop()
	}
	if died != 2 {
		t.Errorf("%d replicas died", died)
	}
	wantDone(t, job.ID, all)
}

// What a console leaves undone when it is stopped another one goes on with at once: the clock stands still.
func TestAStopHandsJobsOver(t *testing.T) {
	t.Parallel()
	const steps = 200
	all, _ := newReplicas(t, 2)
	job := all[0].work(JobDisable, steps, on(all[0].employ(steps)...))
	leave, left := context.WithCancel(t.Context())
	defer left()
	all[0].db.TellCommitted(func() {
		if now, err := all[0].db.JobByID(context.Background(), job.ID); err == nil && now.Done > 0 {
			left()
		}
	})
	all[0].RunJobs(leave)
	if now := all[0].job(job.ID); !now.Running() || now.Done == 0 {
		t.Fatalf("the first one has left it as %+v", now)
	}
	stop := background(t, all[1].RunJobs)
	eventually(t, "the job ends", func() bool { return !all[0].job(job.ID).Running() })
	stop()
	wantDone(t, job.ID, all)
}

// A job of which another console has the lease is left to it.
func TestAJobIsCarriedOutByWhoHasItsLease(t *testing.T) {
	t.Parallel()
	all, clock := newReplicas(t, 2)
	job := all[0].work(JobDisable, 1, on(all[0].employ(1)...))
	all[0].must(all[0].db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.TakeLease(t.Context(), leaseOfJob(job.ID), store.At(clock.Now()), jobLease)
		return err
	}))
	clock.Advance(jobLease - time.Millisecond)
	all[1].runDueJobs(t.Context())
	all[1].must(all[1].runBatch(t.Context(), job, map[int64]step{})) // it may have been taken between the look and the batch
	all[1].must(all[1].postponeJob(t.Context(), job))
	if now := all[0].job(job.ID); now != job {
		t.Errorf("it was touched: %+v", now)
	}
	clock.Advance(time.Millisecond)
	all[1].runDueJobs(t.Context())
	wantDone(t, job.ID, all)
}

// Requests for a link that a console was asked for, and that has died, are answered by others, each once.
func TestAnyReplicaAnswersRequestsForALink(t *testing.T) {
	t.Parallel()
	const requests = 5
	all, _ := newReplicas(t, 3)
	all[0].employ(requests)
	for n := range requests {
		from := Client{Address: fmt.Sprintf("192.0.2.%d", n)}
		all[0].must(all[0].RequestPasswordReset(t.Context(), fmt.Sprintf("p%d@example.com", n), from))
	}
	began := time.Now()
	for _, r := range all[1:] {
		background(t, r.AnswerResetRequests)
	}
	eventually(t, "all are answered", func() bool {
		waits, err := all[0].db.ResetRequestWaits(t.Context())
		all[0].must(err)
		return !waits
	})
	t.Logf("answered after %s", time.Since(began).Round(time.Millisecond))
	mails := map[string]int{}
	all[0].must(all[0].db.Update(t.Context(), func(tx *store.Tx) error {
		now := store.At(all[0].now())
		for {
			mail, err := tx.ClaimDelivery(t.Context(), notify.Target(notify.KindEmail, 0), now, now.Add(time.Hour))
			if errors.Is(err, store.ErrNotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			mails[mail.Recipient]++
		}
	}))
	for n := range requests {
		if address := fmt.Sprintf("p%d@example.com", n); mails[address] != 1 {
			t.Errorf("%s was sent %d mails", address, mails[address])
		}
	}
}

func TestOneReplicaKeepsHouse(t *testing.T) {
	t.Parallel()
	all, clock := newReplicas(t, 2)
	one, other := all[0], all[1]
	old := func() (left bool) {
		t.Helper()
		throttle, err := one.db.Throttle(t.Context(), "test", "old")
		one.must(err)
		return throttle.Failures > 0
	}
	forget := func() {
		t.Helper()
		one.must(one.db.Update(t.Context(), func(tx *store.Tx) error {
			return tx.SaveThrottle(t.Context(), store.Throttle{Kind: "test", Subject: "old", Failures: 1, FirstAt: 1, LastAt: 1})
		}))
	}
	forget()
	one.must(one.housekeepInTurn(t.Context()))
	if old() {
		t.Fatal("the first one has not kept house")
	}
	forget()
	other.must(other.housekeepInTurn(t.Context()))
	if !old() {
		t.Error("both keep house within an hour")
	}
	clock.Advance(housekeepingEvery)
	one.must(one.housekeepInTurn(t.Context()))
	if old() {
		t.Error("it is not kept again after an hour")
	}
	forget()
	clock.Advance(housekeepingEvery + lookEvery) // the first one has died
	other.must(other.housekeepInTurn(t.Context()))
	if old() {
		t.Error("the other one has not taken over")
	}
	forget()
	stopped, stop := context.WithCancel(t.Context())
	stop()
	other.Housekeeping(stopped)
	one.must(one.housekeepInTurn(t.Context()))
	if old() {
		t.Error("what was stopped has not handed over")
	}
}
