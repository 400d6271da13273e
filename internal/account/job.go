package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"console/internal/permission"
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

// Bounds of the transaction that steps of a job share: others must get their turn in between (rule "one transaction").
const (
	stepsTogether = 100
	timeTogether  = 50 * time.Millisecond
	jobPause      = 5 * time.Second // after the database has failed
)

// KeepJobs is how long an ended job can be looked at.
const KeepJobs = 30 * 24 * time.Hour

// step is what a job does for one person; it returns the person as the outcome names them.
type step func(tx *Tx, i int) (store.User, error)

// startJob stores a job of the actor, to be carried out from now on, and wakes the worker.
func (tx *Tx) startJob(kind string, work any, total int) (store.Job, error) {
	encoded, err := json.Marshal(work)
	if err != nil {
		return store.Job{}, err
	}
	job := store.Job{Kind: kind, ActorID: tx.by.UserID, ActorName: tx.by.Name, ActorEmail: tx.by.Email, Address: tx.by.Address,
		RequestID: tx.by.RequestID, Total: total, CreatedAt: tx.now}
	if err := tx.db.InsertJob(tx.ctx, &job, encoded); err != nil {
		return store.Job{}, fmt.Errorf("start job: %w", err)
	}
	return job, nil
}

// Job returns a job of the actor, or store.ErrNotFound: other people's jobs are nobody's business.
func (s *Service) Job(ctx context.Context, by Actor, id int64) (store.Job, error) {
	job, err := s.db.JobByID(ctx, id)
	if err == nil && job.ActorID != by.UserID {
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

// RunJobs carries out the jobs that wait, also those that a crash interrupted, until ctx is done.
func (s *Service) RunJobs(ctx context.Context) {
	for {
		pause, err := s.runJobs(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.Error("job", "error", err)
			pause = jobPause
		}
		select {
		case <-ctx.Done():
			return
		case <-s.jobStarted:
		case <-time.After(pause):
		}
	}
}

// runJobs carries out jobs, one batch of each in turn, until none is left.
func (s *Service) runJobs(ctx context.Context) (time.Duration, error) {
	steps := map[int64]step{}
	for {
		running, err := s.db.RunningJobs(ctx)
		if err != nil || len(running) == 0 {
			return time.Hour, err
		}
		for _, id := range running {
			if steps[id] == nil {
				if steps[id], err = s.stepsOf(ctx, id); err != nil {
					return 0, err
				}
			}
			if err := s.runBatch(ctx, id, steps[id]); err != nil {
				return 0, fmt.Errorf("job %d: %w", id, err)
			}
		}
	}
}

// stepsOf reads what a job is to do.
func (s *Service) stepsOf(ctx context.Context, id int64) (step, error) {
	job, err := s.db.JobByID(ctx, id)
	if err != nil {
		return nil, err
	}
	work, err := s.db.JobWork(ctx, id)
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

// runBatch carries out the next steps of a job in one transaction. Each step is a savepoint of its own, and the
// actor's rights are those they have now: a job outlives the session that began it, never the right to it.
func (s *Service) runBatch(ctx context.Context, id int64, do step) error {
	job, err := s.db.JobByID(ctx, id)
	if err != nil {
		return err
	}
	by := Actor{UserID: job.ActorID, Name: job.ActorName, Email: job.ActorEmail, job: job.ID, Source: UI, Address: job.Address, RequestID: job.RequestID}
	_, err = transaction(ctx, s, by, func(tx *Tx) (struct{}, error) {
		forbidden := tx.authorize()
		if forbidden != nil && !isRefusal(forbidden) {
			return struct{}{}, forbidden
		}
		if job.Kind == JobLeft {
			forbidden = nil // it has happened, whoever may do what now
		}
		tx.many = job.Total > summaryAbove
		began := time.Now()
		for n := 0; n < stepsTogether && job.Done < job.Total && time.Since(began) < timeTogether; n++ {
			if err := tx.runStep(&job, do, forbidden); err != nil {
				return struct{}{}, err
			}
		}
		if job.Done == job.Total {
			if err := tx.endJob(&job); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, tx.db.SaveProgress(ctx, job)
	})
	return err
}

// runStep carries out one step and stores its outcome.
func (tx *Tx) runStep(job *store.Job, do step, forbidden error) error {
	var user store.User
	tx.condition = ""
	refusal := tx.db.Savepoint(tx.ctx, func() (err error) {
		user, err = do(tx, job.Done)
		if forbidden != nil {
			return forbidden
		}
		return err
	})
	if refusal != nil && !isRefusal(refusal) {
		return refusal
	}
	var denied *Forbidden
	if errors.As(refusal, &denied) && denied.Person != "" { // an attempt on somebody stronger is logged, here as elsewhere
		if err := tx.recordRefusal(denied); err != nil {
			return err
		}
	}
	outcome := store.Outcome{Step: job.Done, UserID: user.ID, Name: user.Name(), Email: user.Email, Role: user.Role, Condition: tx.condition}
	if refusal != nil {
		outcome.Refusal, outcome.Condition = reason(refusal), ""
		job.Refused++
	}
	job.Done++
	return tx.db.InsertOutcome(tx.ctx, job.ID, outcome)
}

// endJob tells the triggers and the activity log what the job came to.
func (tx *Tx) endJob(job *store.Job) error {
	job.EndedAt = tx.now
	if job.Total > summaryAbove {
		if err := tx.summarize(*job); err != nil {
			return err
		}
	}
	if job.Kind == JobLeft {
		return nil // that the group was deleted has its entry
	}
	counts := map[string][2]string{"done": {"", fmt.Sprint(job.Done - job.Refused)}, "refused": {"", fmt.Sprint(job.Refused)}}
	return tx.record("end "+job.Kind+" of several", Done, object{kind: "job", id: job.ID, name: fmt.Sprintf("%s %d people", job.Kind, job.Total)}, counts)
}

// isRefusal says that an error concerns the person or the actor, and not the machinery.
func isRefusal(err error) bool {
	var (
		forbidden *Forbidden
		taken     *Taken
		invalid   Invalid
	)
	for _, known := range []error{ErrSelf, ErrInvited, ErrLastAdministrator, ErrSignedOut, store.ErrNotFound, store.ErrStale} {
		if errors.Is(err, known) {
			return true
		}
	}
	return errors.As(err, &forbidden) || errors.As(err, &taken) || errors.As(err, &invalid)
}

// reason is a refusal as the outcome of a step says it.
func reason(err error) string {
	var (
		forbidden *Forbidden
		taken     *Taken
		invalid   Invalid
	)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return "No longer exists."
	case errors.Is(err, ErrSignedOut):
		return "Whoever started this may no longer do it."
	case errors.As(err, &forbidden):
		return forbidden.Error()
	case errors.As(err, &taken):
		return taken.Error()
	case errors.As(err, &invalid):
		return invalid.First()
	}
	return sentence(err.Error())
}

// bulkWork is what a job on several people is to do.
type bulkWork struct {
	IDs        []int64 `json:"ids"`
	RemoveFrom []int64 `json:"remove_from"` // email integrations out of which their addresses are taken
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
	return func(tx *Tx, i int) (store.User, error) {
		user, err := tx.db.UserByID(tx.ctx, work.IDs[i])
		if errors.Is(err, store.ErrNotFound) {
			return store.User{ID: work.IDs[i]}, err
		}
		if err != nil {
			return store.User{}, err
		}
		if err := tx.removeAddress(user, work.RemoveFrom); err != nil { // taken back where the action itself is refused
			return user, err
		}
		_, err = do(tx, user.ID)
		return user, err
	}, nil
}

// bulkActions are what can be done to several people at once.
var bulkActions = map[string]struct {
	needs permission.Permission
	ends  bool // it takes access away, and with it links and addresses
	do    func(*Tx, int64) (store.User, error)
}{
	JobDisable: {permission.UsersUpdate, true, (*Tx).disable},
	JobEnable:  {permission.UsersUpdate, false, (*Tx).enable},
	JobDelete:  {permission.UsersDelete, true, (*Tx).delete},
}
