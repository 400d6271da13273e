package account

import (
	"context"
	"fmt"

	"console/store"
)

// restoredNotSent is why a message was not sent that waited in a copy of the database.
const restoredNotSent = "restored, not sent"

// Restored ends, after an old copy of the database was put back, what that has brought back: sessions, sign-ins under way, signup
// and reset links, messages that wait, and jobs; API tokens are disabled. It returns how much that was. A console that is running
// meanwhile goes on with none of it. Passwords, second factors, recovery codes and people are those of the copy. It returns NotSetUp.
func (s *Service) Restored(ctx context.Context, by Actor) (ended store.Ended, jobs int, err error) {
	ended, err = change(ctx, s, by, func(tx *Tx) (store.Ended, error) {
		ended, err := tx.db.EndAll(ctx, tx.now, restoredNotSent)
		if err != nil {
			return store.Ended{}, err
		}
		running, err := tx.db.RunningJobs(ctx)
		if err != nil {
			return store.Ended{}, err
		}
		for _, job := range running {
			if err := tx.giveUp(ctx, job); err != nil {
				return store.Ended{}, err
			}
		}
		jobs = len(running)
		counts := changes{}
		for what, n := range map[string]int64{
			"sessions": ended.Sessions, "sign-ins under way": ended.HalfSignIns, "signup links": ended.SignupLinks,
			"reset links": ended.ResetLinks, "messages": ended.Messages, "tokens": ended.Tokens, "jobs": int64(jobs),
		} {
			counts[what] = [2]string{"", fmt.Sprint(n)}
		}
		return ended, tx.record(ctx, actRestore, Done, object{kind: objectDatabase}, counts)
	})
	return ended, jobs, err
}

// giveUp ends a job whose steps are not carried out any more. The first of them has the reason as its outcome.
func (tx *Tx) giveUp(ctx context.Context, job store.Job) error {
	const words = "Not done: the data was restored from a copy while this was under way."
	if err := tx.db.InsertOutcome(ctx, job.ID, store.Outcome{Step: job.Done, Refusal: words}); err != nil {
		return err
	}
	job.Refused += job.Total - job.Done
	job.Done, job.EndedAt, job.NextAt = job.Total, tx.now, 0
	return tx.db.SaveProgress(ctx, job)
}
