package account

import (
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
func (tx *Tx) toTellOf(group store.Group) (leftWork, error) {
	work := leftWork{Group: group.Name}
	told, err := tx.watching(notify.ConditionMembershipChanged, func(store.Integration) bool { return true })
	if err != nil || len(told) == 0 {
		return work, err
	}
	work.Users, err = tx.db.GroupMembers(tx.ctx, group.ID)
	return work, err
}

// tellLeft tells the triggers of people whose group is gone. More than chats and mailboxes are told of one by one are
// left to a job: a group may have more members than a transaction has time for.
func (tx *Tx) tellLeft(work leftWork) error {
	if len(work.Users) > summaryAbove {
		_, err := tx.startJob(JobLeft, work, len(work.Users))
		return err
	}
	for i := range work.Users {
		if _, err := work.tell(tx, i); err != nil {
			return err
		}
	}
	return nil
}

func (w leftWork) tell(tx *Tx, i int) (store.User, error) {
	user, err := tx.db.UserByID(tx.ctx, w.Users[i])
	if errors.Is(err, store.ErrNotFound) {
		return store.User{ID: w.Users[i]}, err
	}
	if err != nil {
		return store.User{}, err
	}
	return user, tx.membershipChanged(user, []string{leftGroup(w.Group)})
}

func leftSteps(encoded []byte) (step, error) {
	var work leftWork
	if err := json.Unmarshal(encoded, &work); err != nil {
		return nil, err
	}
	return work.tell, nil
}
