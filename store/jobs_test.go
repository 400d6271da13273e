package store_test

import (
	"context"
	"slices"
	"testing"

	"console/store"
)

func TestRefusalsAreFoundByTheirIndex(t *testing.T) {
	t.Parallel()
	path := onSQLite(t, "the plan is SQLite's")
	db := openAt(t, path)
	job, other := store.Job{Kind: "disable", Total: 6}, store.Job{Kind: "disable", Total: 6}
	update(t, db, func(ctx context.Context, tx *store.Tx) error {
		for _, j := range []*store.Job{&job, &other} {
			if err := tx.InsertJob(ctx, j, []byte("[]")); err != nil {
				return err
			}
			for step := range 6 {
				o := store.Outcome{Step: step}
				if step%2 == 1 {
					o.Refusal = "No longer exists."
				}
				if err := tx.InsertOutcome(ctx, j.ID, o); err != nil {
					return err
				}
			}
		}
		return nil
	})
	refused, err := db.Refusals(t.Context(), job.ID, 2)
	if err != nil || len(refused) != 2 || refused[0].Step != 1 || refused[1].Step != 3 {
		t.Errorf("refused: %+v, %v", refused, err)
	}
	if all, err := db.Outcomes(t.Context(), job.ID, 1, 10); err != nil || len(all) != 4 || all[0].Step != 2 {
		t.Errorf("outcomes: %+v, %v", all, err)
	}
	plan := planOf(t, path, store.RefusalsQuery, job.ID, 500)
	if !slices.Equal(plan, []string{"SEARCH job_outcomes USING PRIMARY KEY (job_id=? AND step=?)", "LIST SUBQUERY 1",
		"SEARCH job_outcomes USING COVERING INDEX job_outcomes_refused (job_id=?)"}) {
		t.Errorf("the plan says %q", plan)
	}
}
