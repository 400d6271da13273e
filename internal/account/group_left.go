package account

import (
	"context"
	"encoding/json"
	"errors"

	"console/internal/notify"
	"console/store"
)

// leftWork are the people who were in a group that has been deleted, as a job tells the triggers of them.
type leftWork struct {
	Group string  `json:"group"`
	Users []int64 `json:"users"`
}

// toTellOf returns the members of a group that is about to be deleted; nobody when no trigger waits for people who leave
// a group.
func (tx *Tx) toTellOf(ctx context.Context, group store.Group) (leftWork, error) {
	work := leftWork{Group: group.Name}
	told, err := newAnnouncer(tx, everyIntegration).watching(ctx, notify.ConditionMembershipChanged, everyIntegration)
	if err != nil || len(told) == 0 {
		return work, err
	}
	work.Users, err = tx.db.GroupMembers(ctx, group.ID)
	return work, err
}

// tellLeft tells the triggers of people whose group is gone. More than chats and mailboxes are told of one by one are
// left to a job: a group may have more members than a transaction has time for.
func (tx *Tx) tellLeft(ctx context.Context, work leftWork) error {
	if len(work.Users) > summaryAbove {
		_, err := tx.startJob(ctx, JobLeft, work, len(work.Users))
		return err
	}
	told := newAnnouncer(tx, everyIntegration)
	for i := range work.Users {
		left, err := work.left(ctx, tx, i)
		if err == nil {
			err = told.tell(ctx, left)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// left is the fact that one of the people has left the group.
func (w leftWork) left(ctx context.Context, tx *Tx, i int) (fact, error) {
	user, err := tx.db.UserByID(ctx, w.Users[i])
	if errors.Is(err, store.ErrNotFound) {
		return fact{user: store.User{ID: w.Users[i]}}, err
	}
	if err != nil {
		return fact{}, err
	}
	return tx.happened(notify.ConditionMembershipChanged, user, leftGroup(w.Group)), nil
}

func leftSteps(encoded []byte) (step, error) {
	var work leftWork
	if err := json.Unmarshal(encoded, &work); err != nil {
		return nil, err
	}
	return work.left, nil
}
