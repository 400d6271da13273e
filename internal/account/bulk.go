package account

import (
	"context"
	"fmt"
	"slices"

	"console/store"
)

// Selection is several people of the user list: the ids ticked, or all that match the list in its present state.
type Selection struct {
	IDs   []int64
	All   bool
	Query UserQuery
}

// ErrNoAction says that there is no such action on several people.
var ErrNoAction = Invalid{"action": "Choose what to do with these users."}

// ChangedTotal says that a selection of all has come to mean another number of people than was announced.
type ChangedTotal struct{ Announced, Now int }

func (e *ChangedTotal) Error() string {
	return fmt.Sprintf("%d people were announced, but now %d match", e.Announced, e.Now)
}

// Selected is what a bulk action is about to change.
type Selected struct {
	Total int
	First []store.User // the first twenty, by id
}

// namedFirst is how many people a confirmation names.
const namedFirst = 20

// Select counts exactly whom an action would change and names the first twenty. It returns Forbidden without the
// permission that the action needs, and ErrNoAction.
func (s *Service) Select(ctx context.Context, by Actor, action string, selection Selection) (Selected, error) {
	ids, err := s.selected(ctx, by, action, selection)
	if err != nil {
		return Selected{}, err
	}
	first, err := s.db.UsersByIDs(ctx, ids[:min(namedFirst, len(ids))])
	return Selected{Total: len(ids), First: first}, err
}

// StartBulk begins the job that does action to everybody selected. announced is the total that the confirmation named
// for a selection of all; another one returns ChangedTotal. It returns Forbidden, ErrNoAction, or Invalid where nobody
// is selected.
func (s *Service) StartBulk(ctx context.Context, by Actor, action string, selection Selection, announced int) (store.Job, error) {
	ids, err := s.selected(ctx, by, action, selection)
	if err != nil {
		return store.Job{}, err
	}
	if selection.All && len(ids) != announced {
		return store.Job{}, &ChangedTotal{announced, len(ids)}
	}
	if len(ids) == 0 {
		return store.Job{}, Invalid{"ids": "Choose at least one user."}
	}
	job, err := change(ctx, s, by, func(tx *Tx) (store.Job, error) {
		if err := tx.require(bulkActions[action].needs); err != nil {
			return store.Job{}, err
		}
		return tx.startJob(action, ids, len(ids))
	})
	if err == nil {
		s.wakeJobs()
	}
	return job, err
}

// selected returns the ids that a selection means now, each once, by id.
func (s *Service) selected(ctx context.Context, by Actor, action string, selection Selection) ([]int64, error) {
	a, known := bulkActions[action]
	if !known {
		return nil, ErrNoAction
	}
	if err := s.Require(ctx, by, a.needs); err != nil {
		return nil, err
	}
	if selection.All {
		return s.matching(ctx, selection.Query)
	}
	ids := slices.Clone(selection.IDs)
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// wakeJobs makes RunJobs look for jobs at once.
func (s *Service) wakeJobs() {
	select {
	case s.jobStarted <- struct{}{}:
	default: // a look is already due
	}
}
