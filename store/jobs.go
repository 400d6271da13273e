package store

import (
	"context"

	"console/internal/permission"
)

// Job is a long piece of work, one step for each person. It goes on after a crash where it stopped.
type Job struct {
	ID                    int64
	Kind                  string
	ActorID               int64
	ActorName, ActorEmail string
	Address, RequestID    string // of the request that began it
	UserAgent             string
	TokenID               int64  // the API token that began it; 0: a session
	Token                 string // its name
	Total, Done, Refused  int    // steps; refused ones are done, too
	CreatedAt, EndedAt    Millis
	Failures              int    // of the step it is at, in a row, by faults that are no refusals
	NextAt                Millis // when it goes on after a failure; zero: at once
}

// Running says that steps are left.
func (j Job) Running() bool { return j.EndedAt == 0 }

// Outcome is what a step of a job came to.
type Outcome struct {
	Step    int
	UserID  int64 // 0 where nobody came to be
	Name    string
	Email   string
	Role    permission.Role
	Refusal string // empty: done

	Condition string // what the step was to triggers; empty: it changed nothing that they wait for
}

const jobColumns = `id, kind, actor_id, actor_name, actor_email, address, request_id, user_agent, total, done, refused, created_at,
	ended_at, failures, next_at, token_id, token`

func scanJob(s scanner) (j Job, err error) {
	err = s.Scan(&j.ID, &j.Kind, &j.ActorID, &j.ActorName, &j.ActorEmail, &j.Address, &j.RequestID, &j.UserAgent, &j.Total, &j.Done,
		&j.Refused, &j.CreatedAt, &j.EndedAt, &j.Failures, &j.NextAt, &j.TokenID, &j.Token)
	return j, err
}

// JobByID returns ErrNotFound for an unknown id.
func (q Queries) JobByID(ctx context.Context, id int64) (Job, error) {
	return one(ctx, q.q, scanJob, `SELECT `+jobColumns+` FROM jobs WHERE id = $1`, id)
}

// DueJobs returns the jobs that have steps left and do not wait after a failure, the oldest first.
func (q Queries) DueJobs(ctx context.Context, now Millis) ([]Job, error) {
	return many(ctx, q.q, scanJob, `SELECT `+jobColumns+` FROM jobs WHERE ended_at = 0 AND next_at <= $1 ORDER BY id`, now)
}

// RunningJobs returns the jobs that have steps left, the oldest first.
func (q Queries) RunningJobs(ctx context.Context) ([]Job, error) {
	return many(ctx, q.q, scanJob, `SELECT `+jobColumns+` FROM jobs WHERE ended_at = 0 ORDER BY id`)
}

const outcomeColumns = `step, user_id, name, email, role, refusal, condition`

func scanOutcome(s scanner) (o Outcome, err error) {
	err = s.Scan(&o.Step, &o.UserID, &o.Name, &o.Email, &o.Role, &o.Refusal, &o.Condition)
	return o, err
}

// Outcomes returns the outcomes after a step in order, at most limit.
func (q Queries) Outcomes(ctx context.Context, jobID int64, after, limit int) ([]Outcome, error) {
	return many(ctx, q.q, scanOutcome, `SELECT `+outcomeColumns+` FROM job_outcomes WHERE job_id = $1 AND step > $2 ORDER BY step LIMIT $3`,
		jobID, after, limit)
}

// refusals finds the steps in the index job_outcomes_refused, and then these outcomes by their primary key; asked for them
// at once, SQLite prefers to walk through all outcomes of the job.
const refusals = `SELECT ` + outcomeColumns + ` FROM job_outcomes WHERE job_id = $1 AND step IN (
	SELECT step FROM job_outcomes WHERE job_id = $1 AND refusal <> '' ORDER BY step LIMIT $2) ORDER BY step`

// Refusals returns the first outcomes of those refused, at most limit.
func (q Queries) Refusals(ctx context.Context, jobID int64, limit int) ([]Outcome, error) {
	return many(ctx, q.q, scanOutcome, refusals, jobID, limit)
}

// CountOutcomes counts the people whom a job has changed, by what its steps were to triggers and by role.
func (q Queries) CountOutcomes(ctx context.Context, jobID int64) (map[string]map[permission.Role]int, error) {
	type row struct {
		condition string
		role      permission.Role
		n         int
	}
	rows, err := many(ctx, q.q, func(s scanner) (r row, err error) {
		err = s.Scan(&r.condition, &r.role, &r.n)
		return r, err
	}, `SELECT condition, role, count(*) FROM job_outcomes WHERE job_id = $1 AND condition <> '' GROUP BY condition, role`, jobID)
	counts := map[string]map[permission.Role]int{}
	for _, r := range rows {
		if counts[r.condition] == nil {
			counts[r.condition] = map[permission.Role]int{}
		}
		counts[r.condition][r.role] = r.n
	}
	return counts, err
}

// FirstOutcomes returns the outcomes that were condition to triggers, of people with these roles, in order, at most limit.
func (q Queries) FirstOutcomes(ctx context.Context, jobID int64, condition string, roles []permission.Role, limit int) ([]Outcome, error) {
	listed, err := list(roles)
	if err != nil {
		return nil, err
	}
	return many(ctx, q.q, scanOutcome, `SELECT `+outcomeColumns+` FROM job_outcomes
		WHERE job_id = $1 AND condition = $2 AND role IN (SELECT value FROM `+q.engine.elements("$3", "roles")+`)
		ORDER BY step LIMIT $4`, jobID, condition, listed, limit)
}

// JobWork returns what the steps of a job are, as JSON. It may be large.
func (q Queries) JobWork(ctx context.Context, id int64) ([]byte, error) {
	return one(ctx, q.q, value[[]byte], `SELECT work FROM jobs WHERE id = $1`, id)
}

// InsertJob adds j with its work (JSON) and sets its id.
func (tx *Tx) InsertJob(ctx context.Context, j *Job, work []byte) (err error) {
	j.ID, err = tx.insert(ctx, `INSERT INTO jobs (kind, actor_id, actor_name, actor_email, address, request_id, user_agent,
		work, total, created_at, token_id, token) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`, j.Kind, j.ActorID, j.ActorName,
		j.ActorEmail, j.Address, j.RequestID, j.UserAgent, work, j.Total, j.CreatedAt, j.TokenID, j.Token)
	return err
}

// JobsDueAfterJump makes the jobs due that would wait beyond a time, because they failed while the clock was ahead.
func (tx *Tx) JobsDueAfterJump(ctx context.Context, now, beyond Millis) error {
	_, err := tx.exec(ctx, `UPDATE jobs SET next_at = $1 WHERE ended_at = 0 AND failures > 0 AND next_at > $2`, now, beyond)
	return err
}

// SaveProgress stores how far j is, its failures, and its end.
func (tx *Tx) SaveProgress(ctx context.Context, j Job) error {
	return tx.execOne(ctx, ErrNotFound, `UPDATE jobs SET done = $2, refused = $3, ended_at = $4, failures = $5, next_at = $6 WHERE id = $1`,
		j.ID, j.Done, j.Refused, j.EndedAt, j.Failures, j.NextAt)
}

// InsertOutcome stores what a step came to.
func (tx *Tx) InsertOutcome(ctx context.Context, jobID int64, o Outcome) error {
	_, err := tx.exec(
		ctx,
		`INSERT INTO job_outcomes (job_id, step, user_id, name, email, role, refusal, condition) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		jobID,
		o.Step,
		o.UserID,
		o.Name,
		o.Email,
		o.Role,
		o.Refusal,
		o.Condition,
	)
	return err
}

// DeleteEndedJobs forgets the jobs that ended before the time given.
func (tx *Tx) DeleteEndedJobs(ctx context.Context, before Millis) error {
	_, err := tx.exec(ctx, `DELETE FROM jobs WHERE ended_at > 0 AND ended_at < $1`, before)
	return err
}

// Savepoint runs part within the transaction: what part wrote goes when it returns an error, the rest stays.
func (tx *Tx) Savepoint(ctx context.Context, part func() error) error {
	if _, err := tx.exec(ctx, `SAVEPOINT part`); err != nil {
		return err
	}
	err := part()
	if err != nil {
		tx.head = Head{}
		if _, failed := tx.exec(ctx, `ROLLBACK TO part`); failed != nil {
			return failed
		}
	}
	if _, failed := tx.exec(ctx, `RELEASE part`); failed != nil {
		return failed
	}
	return err
}
