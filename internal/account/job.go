package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"console/internal/permission"
	"console/internal/trace"
	"console/store"
)

// The kinds of jobs.
const (
	JobDisable = "disable"
	JobEnable  = "enable"
	JobDelete  = "delete"
	JobImport  = "import"
	JobLeft    = "left" // tells the triggers who was in a group that is gone
)

// jobActions are what the activity log says of the beginning and the end of a job. That a group was deleted has its entry.
var jobActions = map[string]struct{ start, end action }{
	JobDisable: {actStartDisable, actEndDisable},
	JobEnable:  {actStartEnable, actEndEnable},
	JobDelete:  {actStartDelete, actEndDelete},
	JobImport:  {actStartImport, actEndImport},
}

// Bounds of the transaction that steps of a job share: others must get their turn in between (rule "one transaction"). Each step is a
// savepoint, and the end of a job is one more: with over 64 of them in a transaction PostgreSQL gets slower for everybody.
const (
	stepsTogether = 49
	timeTogether  = 50 * time.Millisecond
	jobPause      = 5 * time.Second // after the database has failed
)

const (
	// lookEvery is how often a process looks for work beside the requests: another one may have left it, or have died over it.
	lookEvery = time.Second
	// jobLease is how long a job belongs to the process that has carried out its last batch. Should that die, another one goes on with
	// the job within 10 seconds.
	jobLease = 8 * time.Second
)

// leaseOfJob is the name of the lease of a job. Whoever has it need not read again what the job is to do. Which step is next stands in
// the job, and is read and advanced in one transaction, so none is carried out twice even without the lease.
func leaseOfJob(id int64) string { return fmt.Sprintf("job %d", id) }

// KeepJobs is how long an ended job can be looked at.
const KeepJobs = 30 * 24 * time.Hour

// step is what a job does for one person, and returns. An error that is a refusal still names the person.
type step func(ctx context.Context, tx *Tx, i int) (fact, error)

// startJob stores a job of the actor, to be carried out from now on, and wakes the worker.
func (tx *Tx) startJob(ctx context.Context, kind string, work any, total int) (store.Job, error) {
	encoded, err := json.Marshal(work)
	if err != nil {
		return store.Job{}, err
	}
	job := store.Job{Kind: kind, ActorID: tx.by.UserID, ActorName: tx.by.Name, ActorEmail: tx.by.Email, Address: tx.by.Address,
		UserAgent: tx.by.UserAgent, RequestID: tx.by.RequestID, TokenID: tx.by.TokenID, Token: tx.by.Token, Total: total, CreatedAt: tx.now}
	if err := tx.db.InsertJob(ctx, &job, encoded); err != nil {
		return store.Job{}, fmt.Errorf("start job: %w", err)
	}
	return job, nil
}

// recordJob writes the entry of the beginning of a job, which its own entries are tied to.
func (tx *Tx) recordJob(ctx context.Context, job store.Job, differ changes) (store.Job, error) {
	differ["people"] = [2]string{"", fmt.Sprint(job.Total)}
	started := *tx
	started.by.job = job.ID
	return job, started.record(ctx, jobActions[job.Kind].start, Done, jobObject(job), differ)
}

func jobObject(job store.Job) object {
	return object{kind: objectJob, id: job.ID, name: counted(job.Total, "user")}
}

// Job returns a job of the actor, or store.ErrNotFound: other people's jobs are nobody's business. A program sees those that its
// token has begun: what it was given may be less than what its owner may see.
func (s *Service) Job(ctx context.Context, by Actor, id int64) (store.Job, error) {
	job, err := s.db.JobByID(ctx, id)
	if err == nil && (job.ActorID != by.UserID || by.TokenID != 0 && job.TokenID != by.TokenID) {
		err = store.ErrNotFound
	}
	return job, err
}

// JobOutcomes returns what the steps of one of the actor's jobs came to, after a step and at most limit. It returns
// store.ErrNotFound for other people's jobs.
func (s *Service) JobOutcomes(ctx context.Context, by Actor, id int64, after, limit int) ([]store.Outcome, error) {
	if _, err := s.Job(ctx, by, id); err != nil {
		return nil, err
	}
	return s.db.Outcomes(ctx, id, after, limit)
}

// JobRefusals returns the first outcomes of those refused in one of the actor's jobs, at most limit. It returns
// store.ErrNotFound for other people's jobs.
func (s *Service) JobRefusals(ctx context.Context, by Actor, id int64, limit int) ([]store.Outcome, error) {
	if _, err := s.Job(ctx, by, id); err != nil {
		return nil, err
	}
	return s.db.Refusals(ctx, id, limit)
}

// AwaitJob waits until a job has ended, but not longer than patience, so that a short one needs no second look.
func (s *Service) AwaitJob(ctx context.Context, id int64, patience time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		job, err := s.db.JobByID(ctx, id)
		if err != nil || !job.Running() {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// RunJobs carries out the jobs that wait, also those that a crash interrupted, until ctx is done. Each job is carried out by one of the
// processes that do so on a database.
func (s *Service) RunJobs(ctx context.Context) {
	for {
		pause := s.runDueJobs(ctx)
		select {
		case <-ctx.Done():
			return
		case <-s.jobStarted:
		case <-time.After(pause):
		}
	}
}

// runDueJobs carries out jobs, one batch of each in turn, until none is due here, and returns how long to wait then. A job that
// fails waits by itself: the others go on.
func (s *Service) runDueJobs(ctx context.Context) time.Duration {
	steps := map[int64]step{}
	defer func() {
		if ctx.Err() != nil {
			s.giveBackJobs(context.WithoutCancel(ctx), steps)
		}
	}()
	if err := s.followClock(ctx); err != nil {
		s.jobFailed(ctx, 0, err)
		return jobPause
	}
	for ctx.Err() == nil {
		due, err := s.dueJobs(ctx)
		if err != nil {
			s.jobFailed(ctx, 0, err)
			return jobPause
		}
		if len(due) == 0 {
			break
		}
		for _, job := range due {
			ctx := trace.With(ctx, trace.Request{ID: job.RequestID})
			if err := s.runBatch(ctx, job, steps); err != nil {
				s.jobFailed(ctx, job.ID, err)
				if err := s.postponeJob(ctx, job); err != nil { // the database cannot be written: no job can go on
					s.jobFailed(ctx, job.ID, err)
					return jobPause
				}
			}
		}
	}
	return lookEvery
}

// dueJobs returns the jobs that are due, but for those that another process carries out.
func (s *Service) dueJobs(ctx context.Context) ([]store.Job, error) {
	now := store.At(s.now())
	due, err := s.db.DueJobs(ctx, now)
	if err != nil || len(due) == 0 {
		return nil, err
	}
	elsewhere, err := s.db.LeasedElsewhere(ctx, now, jobLease)
	return slices.DeleteFunc(due, func(j store.Job) bool { return slices.Contains(elsewhere, leaseOfJob(j.ID)) }), err
}

// giveBackJobs lets other processes go on at once with jobs that are not finished.
func (s *Service) giveBackJobs(ctx context.Context, begun map[int64]step) {
	if len(begun) == 0 {
		return
	}
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		for id := range begun {
			if err := tx.GiveBackLease(ctx, leaseOfJob(id)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.jobFailed(ctx, 0, err)
	}
}

// followClock lets jobs go on, at the start and when the clock was set back, that would wait until it gets there again.
func (s *Service) followClock(ctx context.Context) error {
	now := store.At(s.now())
	if s.jobsSeenAt == 0 || now < s.jobsSeenAt.Add(-store.ClockSlack) {
		err := s.db.Update(ctx, func(tx *store.Tx) error { return tx.JobsDueAfterJump(ctx, now, now.Add(stepTries*jobPause)) })
		if err != nil {
			return err
		}
	}
	s.jobsSeenAt = now
	return nil
}

func (s *Service) jobFailed(ctx context.Context, id int64, err error) {
	if ctx.Err() == nil && !errors.Is(err, store.ErrUnwritable) { // the log says that by itself, once a minute
		s.log.ErrorContext(ctx, "job", "job", id, "error", err)
	}
}

// postponeJob notes that a batch of a job failed as a whole, and lets the job wait.
func (s *Service) postponeJob(ctx context.Context, job store.Job) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		now := store.At(s.now())
		if leased, err := tx.TakeLease(ctx, leaseOfJob(job.ID), now, jobLease); err != nil || !leased {
			return err // another process goes on with it already
		}
		job, err := tx.JobByID(ctx, job.ID)
		if err != nil {
			return err
		}
		job.Failures++
		job.NextAt = now.Add(time.Duration(job.Failures) * jobPause)
		if err := tx.SaveProgress(ctx, job); err != nil {
			return err
		}
		return tx.GiveBackLease(ctx, leaseOfJob(job.ID))
	})
}

// stepsOf reads what a job is to do.
func (s *Service) stepsOf(ctx context.Context, job store.Job) (step, error) {
	work, err := s.db.JobWork(ctx, job.ID)
	if err != nil {
		return nil, err
	}
	switch job.Kind {
	case JobImport:
		return importSteps(work)
	case JobLeft:
		return leftSteps(work)
	}
	return bulkSteps(job.Kind, work)
}

// runBatch carries out the next steps of a job in one transaction. Each step is a savepoint of its own, and the actor's rights are those
// they have now: a job outlives the session that began it, never the right to it, nor a token that does not work. known holds the steps
// of jobs that have been read already.
func (s *Service) runBatch(ctx context.Context, job store.Job, known map[int64]step) error {
	do := known[job.ID]
	if do == nil {
		var broken error
		if do, broken = s.stepsOf(ctx, job); broken != nil {
			do = func(context.Context, *Tx, int) (fact, error) { return fact{}, errors.Join(errUnreadable, broken) }
		} else {
			known[job.ID] = do
		}
	}
	by := Actor{UserID: job.ActorID, Name: job.ActorName, Email: job.ActorEmail, job: job.ID, Source: UI, Address: job.Address,
		UserAgent: job.UserAgent, RequestID: job.RequestID, TokenID: job.TokenID, Token: job.Token}
	if job.TokenID != 0 {
		by.Source = API
	}
	_, err := transaction(ctx, s, by, func(tx *Tx) (struct{}, error) {
		job, err := tx.db.JobByID(ctx, job.ID)
		if err != nil || !job.Running() || job.NextAt > tx.now {
			return struct{}{}, err // somebody else has ended it, or has got to a step that waits
		}
		if leased, err := tx.db.TakeLease(ctx, leaseOfJob(job.ID), tx.now, jobLease); err != nil || !leased {
			return struct{}{}, err
		}
		_, forbidden := tx.authorize(ctx, store.Finished)
		if forbidden != nil && AsRefusal(forbidden) == nil {
			return struct{}{}, forbidden
		}
		if job.Kind == JobLeft {
			forbidden = nil // it has happened, whoever may do what now
		}
		b := &batch{tx: tx, job: &job, do: do, forbidden: forbidden, announcer: newAnnouncer(tx, everyIntegration)}
		if job.Total > summaryAbove {
			b.announcer.audience = tellsOfEach // the others are told at the end
			tx.tells = tellsOfEach
		}
		if err := b.run(ctx); err != nil {
			return struct{}{}, err
		}
		if job.Running() && job.NextAt == 0 {
			return struct{}{}, nil
		}
		return struct{}{}, tx.db.GiveBackLease(ctx, leaseOfJob(job.ID))
	})
	return err
}

// errUnreadable says that what a job is to do cannot be read: none of its steps can be done.
var errUnreadable = errors.New("the work of the job cannot be read")

// batch is the steps of a job that share a transaction.
type batch struct {
	tx        *Tx
	job       *store.Job
	do        step
	forbidden error // why the actor may do nothing any more
	announcer *announcer
}

// run carries out steps until the batch is full, the job ends, or a step fails by a fault of ours.
func (b *batch) run(ctx context.Context) error {
	b.job.NextAt = 0
	began := time.Now()
	for n := 0; n < stepsTogether && b.job.Done < b.job.Total && time.Since(began) < timeTogether; n++ {
		if err := b.step(ctx); err != nil {
			return err
		}
		if b.job.NextAt != 0 { // it failed, and is tried again later
			return b.tx.db.SaveProgress(ctx, *b.job)
		}
	}
	if b.job.Done == b.job.Total {
		if err := b.end(ctx); err != nil {
			return err
		}
	}
	return b.tx.db.SaveProgress(ctx, *b.job)
}

// step carries out one step and stores its outcome: done, refused, or, after a few tries, that it could not be done.
func (b *batch) step(ctx context.Context) error {
	var done fact
	failure := b.tx.db.Savepoint(ctx, func() (err error) {
		defer recovered(&err)
		if done, err = b.do(ctx, b.tx, b.job.Done); err == nil {
			err = b.forbidden
		}
		if err == nil {
			err = b.announcer.tell(ctx, done)
		}
		return err
	})
	if errors.Is(failure, store.ErrUnwritable) || errors.Is(failure, store.ErrAway) || failure != nil && ctx.Err() != nil {
		return failure // no fault of the step: it is done once anything can be saved again, or by the process after this one
	}
	refusal := AsRefusal(failure)
	if b.forbidden != nil && failure != nil {
		refusal = AsRefusal(b.forbidden)
	}
	if failure != nil && refusal == nil {
		return b.failed(ctx, done, failure)
	}
	if refusal != nil {
		attempt, counts := refusal.attempt()
		if counts && attempt.about.kind != "" { // on somebody stronger, or one mail too many: it is recorded, here as elsewhere
			if err := b.tx.recordRefusals(ctx, attempt); err != nil {
				return err
			}
		}
	}
	words := ""
	if refusal != nil {
		words = reason(refusal)
	}
	return b.conclude(ctx, done, words)
}

// stepTries is how often a step is tried that fails by a fault of ours.
const stepTries = 3

// failed counts a failure of a step that is no refusal. The steps before it stay done; after a few tries it gets an outcome.
func (b *batch) failed(ctx context.Context, done fact, failure error) error {
	b.tx.service.log.ErrorContext(ctx, "step of a job", "job", b.job.ID, "step", b.job.Done, "error", failure)
	if b.job.Failures++; b.job.Failures < stepTries {
		b.job.NextAt = b.tx.now.Add(jobPause)
		return nil
	}
	words := "Could not be done: the log says why under " + b.job.RequestID + "."
	if err := b.conclude(ctx, done, words); err != nil || !errors.Is(failure, errUnreadable) {
		return err
	}
	b.job.Refused += b.job.Total - b.job.Done
	b.job.Done = b.job.Total
	return nil
}

// conclude stores what a step came to; refusal is why it was not done, or "".
func (b *batch) conclude(ctx context.Context, done fact, refusal string) error {
	user := done.user
	outcome := store.Outcome{Step: b.job.Done, UserID: user.ID, Name: user.Name(), Email: user.Email, Role: user.Role,
		Condition: done.condition, Refusal: refusal}
	if refusal != "" {
		outcome.Condition = ""
		b.job.Refused++
	}
	b.job.Done++
	b.job.Failures = 0
	return b.tx.db.InsertOutcome(ctx, b.job.ID, outcome)
}

// recovered turns a panic into an error. It is deferred.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("panic: %s\n%s", trace.Panic(p), debug.Stack())
	}
}

// end tells the triggers and the activity log what the job came to. What cannot be told does not keep it from ending.
func (b *batch) end(ctx context.Context) error {
	b.job.EndedAt = b.tx.now
	if b.job.Total > summaryAbove {
		err := b.tx.db.Savepoint(ctx, func() (err error) {
			defer recovered(&err)
			if err := b.announcer.summarizeSettings(ctx, *b.job); err != nil {
				return err
			}
			return b.announcer.summarizeJob(ctx, *b.job)
		})
		if err != nil {
			b.tx.service.log.ErrorContext(ctx, "tell of a job", "job", b.job.ID, "error", err)
		}
	}
	if b.job.Kind == JobLeft {
		return nil // that the group was deleted has its entry
	}
	counts := changes{"done": {"", fmt.Sprint(b.job.Done - b.job.Refused)}, "refused": {"", fmt.Sprint(b.job.Refused)}}
	return b.tx.record(ctx, jobActions[b.job.Kind].end, Done, jobObject(*b.job), counts)
}

// reason is a refusal as the outcome of a step says it.
func reason(refusal *Refusal) string {
	switch refusal.Code {
	case NotFound:
		return "No longer exists."
	case SignedOut, TokenRefused:
		return "Whoever started this may no longer do it."
	}
	return refusal.Words
}

// bulkWork is what a job on several people is to do.
type bulkWork struct {
	IDs        []int64 `json:"ids"`
	RemoveFrom []int64 `json:"remove_from"` // email integrations out of which their addresses are taken
	TakeOver   []int64 `json:"take_over"`   // shared tokens of theirs that become the actor's
}

// bulkSteps reads what a job on several people holds. Jobs of earlier versions hold the ids alone.
func bulkSteps(kind string, encoded []byte) (step, error) {
	var work bulkWork
	err := json.Unmarshal(encoded, &work)
	if err != nil {
		err = json.Unmarshal(encoded, &work.IDs)
	}
	if err != nil {
		return nil, err
	}
	do := bulkActions[kind].do
	if do == nil {
		return nil, fmt.Errorf("no such job: %q", kind)
	}
	return func(ctx context.Context, tx *Tx, i int) (fact, error) {
		user, err := tx.db.UserByID(ctx, work.IDs[i])
		if errors.Is(err, store.ErrNotFound) {
			return fact{user: store.User{ID: work.IDs[i]}}, err
		}
		if err != nil {
			return fact{}, err
		}
		if err := tx.removeAddress(ctx, user, work.RemoveFrom); err != nil { // taken back where the action itself is refused
			return fact{user: user}, err
		}
		if err := tx.takeOverFrom(ctx, user.ID, work.TakeOver); err != nil {
			return fact{user: user}, err
		}
		done, err := do(tx, ctx, user.ID)
		done.user = user
		return done, err
	}, nil
}

// bulkActions are what can be done to several people at once.
var bulkActions = map[string]struct {
	needs permission.Permission
	ends  bool      // it takes access away, and with it links and addresses
	only  store.Tab // whom it changes; empty: everybody
	do    func(*Tx, context.Context, int64) (fact, error)
}{
	JobDisable: {permission.UsersUpdate, true, store.TabActive, (*Tx).disable},
	JobEnable:  {permission.UsersUpdate, false, store.TabDisabled, (*Tx).enable},
	JobDelete:  {permission.UsersDelete, true, "", (*Tx).delete},
}
