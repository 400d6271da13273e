package account

import (
	"encoding/json"
	"fmt"
	"testing"

	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

// endedJob stores a job that has disabled n people, but for every third, and every fifth of them Read Only.
func (c *company) endedJob(n int) store.Job {
	c.t.Helper()
	job := store.Job{Kind: JobDisable, ActorID: c.admin.UserID, Total: n, Done: n}
	c.must(c.db.Update(c.t.Context(), func(tx *store.Tx) error {
		if err := tx.InsertJob(c.t.Context(), &job, []byte("[]")); err != nil {
			return err
		}
		for i := range n {
			o := store.Outcome{
				Step:      i,
				UserID:    int64(i + 1),
				Name:      fmt.Sprint("Number ", i),
				Role:      permission.Analyst,
				Condition: notify.ConditionAccessDisabled,
			}
			if i%3 == 0 {
				o.Condition, o.Refusal = "", "No longer exists."
			}
			if i%5 == 0 {
				o.Role = permission.ReadOnly
			}
			if err := tx.InsertOutcome(c.t.Context(), job.ID, o); err != nil {
				return err
			}
		}
		return nil
	}))
	return job
}

// The last batch of a job holds the only writer: it must not read everybody whom the job has changed.
func TestEndOfAJobDoesNotReadEverybody(t *testing.T) {
	c := newCompany(t)
	few, many := c.endedJob(60), c.endedJob(6000)
	summarize := func(tx *Tx, job store.Job) (struct{}, error) {
		return struct{}{}, newAnnouncer(tx, tellsOfEach).summarizeJob(ctx, job)
	}
	allocations := func(job store.Job) float64 {
		return testing.AllocsPerRun(5, func() {
			_, err := rehearse(t.Context(), c.Service, c.admin, func(tx *Tx) (struct{}, error) { return summarize(tx, job) })
			c.must(err)
		})
	}
	// Pools that the collector empties cost some hundred allocations now and then; to read a row costs several.
	const oneForEach = 6000 - 60
	compare := func(what string) {
		t.Helper()
		if a, b := allocations(few), allocations(many); b > a+oneForEach/2 {
			t.Errorf("%s: of 60 people it takes %v allocations, of 6,000 it takes %v", what, a, b)
		}
	}
	compare("without a trigger")

	mail, err := c.CreateIntegration(
		t.Context(),
		c.admin,
		notify.KindEmail,
		IntegrationInput{Name: "Mail", Active: true, Settings: notify.Settings{"emails": "chief@example.com"}},
	)
	c.must(err)
	for _, trigger := range []TriggerInput{
		{Name: "Everybody", Condition: notify.ConditionAccessDisabled},
		{Name: "Read Only", Condition: notify.ConditionAccessDisabled, RoleOperator: "eq", Roles: []permission.Role{permission.ReadOnly, permission.Deploy}},
		{Name: "Others", Condition: notify.ConditionAccessDisabled, RoleOperator: "ne", Roles: []permission.Role{permission.ReadOnly}},
		{Name: "Nobody", Condition: notify.ConditionAccessDisabled, RoleOperator: "eq", Roles: []permission.Role{permission.Admin}},
		{Name: "Other change", Condition: notify.ConditionUserDeleted},
	} {
		trigger.Integrations = []int64{mail.ID}
		_, err := c.CreateTrigger(t.Context(), c.admin, trigger)
		c.must(err)
	}
	compare("with triggers")

	_, err = change(t.Context(), c.Service, c.admin, func(tx *Tx) (struct{}, error) { return summarize(tx, few) })
	c.must(err)
	sent, err := c.db.TriggeredDeliveries(t.Context(), store.DeliveryQuery{Limit: 10})
	c.must(err)
	told := map[string]string{}
	for _, d := range sent {
		var message notify.UsersEvent
		c.must(json.Unmarshal(d.Params, &message))
		told[message.Trigger] = fmt.Sprintf(
			"%d, the first %d: %s, %s",
			message.Count,
			len(message.First),
			message.First[0].Name,
			message.First[1].Name,
		)
	}
	want := map[string]string{
		"Everybody": "40, the first 10: Number 1, Number 2",
		"Read Only": "8, the first 8: Number 5, Number 10",
		"Others":    "32, the first 10: Number 1, Number 2",
	}
	if fmt.Sprint(told) != fmt.Sprint(want) {
		t.Errorf("told\n%v\nnot\n%v", told, want)
	}
}
