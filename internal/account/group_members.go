package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"console/internal/input"
	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

// MaxPasted is how many addresses may be pasted, and how many people ticked, at once to add them to a group; and how many
// may be ticked to remove them.
const MaxPasted = 1000

// requireFew refuses more people than may be ticked at once.
func requireFew(users []int64) error {
	if len(users) > MaxPasted {
		return Invalid{"": fmt.Sprintf("At most %d users at once.", MaxPasted)}
	}
	return nil
}

// AddMembers puts people into a group: those with the ids, and those whose addresses are in emails, separated by commas,
// spaces or lines, at most MaxPasted of each. All are added or nobody. It returns Invalid, Forbidden (rules "may grant" and "may manage") or store.ErrNotFound.
func (s *Service) AddMembers(ctx context.Context, by Actor, id int64, users []int64, emails string) (int, error) {
	return change(ctx, s, by, func(tx *Tx) (int, error) { return tx.addMembers(id, users, emails) })
}

func (tx *Tx) addMembers(groupID int64, users []int64, emails string) (added int, err error) {
	if _, err := tx.editable(groupID, permission.GroupsUpdate); err != nil {
		return 0, err
	}
	if err := requireFew(users); err != nil {
		return 0, err
	}
	pasted, err := tx.pasted(emails)
	if err != nil {
		return 0, err
	}
	users = without(append(slices.Clone(users), pasted...), nil)
	if len(users) == 0 {
		return 0, Invalid{"emails": "Tick users, or paste their email addresses."}
	}
	if _, err := tx.grantable(groupID); err != nil {
		return 0, err
	}
	if tx.many, err = tx.movesMany(groupID, users, false); err != nil {
		return 0, err
	}
	var refusals []string
	for _, userID := range users {
		user, err := tx.Manageable(userID, permission.GroupsUpdate)
		if err != nil {
			return 0, err
		}
		if refusal := refuseMember(user); refusal != "" {
			refusals = append(refusals, refusal)
			continue
		}
		changed, err := tx.setMember(user, func() (bool, error) { return tx.db.AddMember(tx.ctx, groupID, userID) })
		if err != nil {
			return 0, err
		}
		if changed {
			added++
		}
	}
	if len(refusals) > 0 {
		return 0, Invalid{"emails": strings.Join(refusals, " ") + " Nobody was added."}
	}
	return added, tx.summarizeMoved()
}

// setMember moves a person into or out of a group and stores and records what follows; move says whether it changed
// anything.
func (tx *Tx) setMember(user store.User, move func() (bool, error)) (bool, error) {
	before, err := tx.membership(user)
	if err != nil {
		return false, err
	}
	changed, err := move()
	if err != nil || !changed {
		return false, err
	}
	if err := tx.storeMembership(&user); err != nil {
		return false, err
	}
	after, err := tx.membership(user)
	if err != nil {
		return false, err
	}
	if tx.many {
		tx.moved = append(tx.moved, store.Outcome{UserID: user.ID, Name: user.Name(), Email: user.Email, Role: user.Role, Condition: notify.ConditionMembershipChanged})
	}
	return true, tx.recordMembership(user, before, after)
}

// movesMany says whether more people than chats and mailboxes are told of one by one are in a group, or are not: the
// others named do not change.
func (tx *Tx) movesMany(groupID int64, users []int64, in bool) (bool, error) {
	moving := 0
	for _, id := range users {
		member, err := tx.db.InGroup(tx.ctx, groupID, id)
		if err != nil {
			return false, err
		}
		if member == in {
			moving++
		}
	}
	return moving > summaryAbove, nil
}

// summarizeMoved queues one message of each trigger about those whom this operation has put into a group or taken out of
// one, where they are too many to tell chats and mailboxes of each.
func (tx *Tx) summarizeMoved() error {
	if len(tx.moved) == 0 {
		return nil
	}
	condition, _ := notify.ConditionByKey(notify.ConditionMembershipChanged)
	told, err := tx.watching(condition.Key, func(i store.Integration) bool { return !tellsOfEach(i) })
	if err != nil {
		return err
	}
	for _, trigger := range told {
		passing := slices.DeleteFunc(slices.Clone(tx.moved), func(o store.Outcome) bool { return !watches(trigger.Trigger, o.Role) })
		if err := tx.queueSummary(trigger, condition, len(passing), passing[:min(summaryNames, len(passing))]); err != nil {
			return fmt.Errorf("trigger %d: %w", trigger.ID, err)
		}
	}
	return nil
}

// pasted returns the people whose addresses were pasted.
func (tx *Tx) pasted(emails string) ([]int64, error) {
	var keys, unknown []string
	for _, typed := range input.SplitAddresses(emails) {
		_, key, reason := input.ParseEmail(strings.Trim(typed, "<>"))
		if reason != "" {
			unknown = append(unknown, typed)
			continue
		}
		keys = append(keys, key)
	}
	if len(keys) > MaxPasted {
		return nil, Invalid{"emails": fmt.Sprintf("At most %d addresses at once.", MaxPasted)}
	}
	found, err := tx.db.UsersByEmailKeys(tx.ctx, keys)
	if err != nil {
		return nil, err
	}
	var ids []int64
	for _, key := range keys {
		user, is := found[key]
		if !is {
			unknown = append(unknown, key)
			continue
		}
		ids = append(ids, user.ID)
	}
	if len(unknown) > 0 {
		return nil, Invalid{"emails": "Nobody with these addresses is in the user list: " + strings.Join(unknown, ", ") + ". Nobody was added: correct these addresses, or add the people as users first."}
	}
	return ids, nil
}

// RemoveMembers takes people, at most MaxPasted, out of a group; those who are not in it change nothing. It returns Invalid,
// Forbidden (rule "may manage") or store.ErrNotFound.
func (s *Service) RemoveMembers(ctx context.Context, by Actor, id int64, users []int64) (int, error) {
	return change(ctx, s, by, func(tx *Tx) (int, error) { return tx.removeMembers(id, users) })
}

// PreviewRemoveMembers says what RemoveMembers would take away. It returns what that returns.
func (s *Service) PreviewRemoveMembers(ctx context.Context, by Actor, id int64, users []int64) (Preview, error) {
	return rehearse(ctx, s, by, func(tx *Tx) (Preview, error) {
		if err := requireFew(users); err != nil {
			return Preview{}, err
		}
		return tx.previewOn(users, func() error {
			_, err := tx.removeMembers(id, users)
			return err
		})
	})
}

func (tx *Tx) removeMembers(groupID int64, users []int64) (removed int, err error) {
	if _, err := tx.editable(groupID, permission.GroupsUpdate); err != nil {
		return 0, err
	}
	if len(users) == 0 {
		return 0, Invalid{"user_ids": "Choose at least one user."}
	}
	if err := requireFew(users); err != nil {
		return 0, err
	}
	users = without(users, nil)
	if tx.many, err = tx.movesMany(groupID, users, true); err != nil {
		return 0, err
	}
	for _, userID := range users {
		user, err := tx.Manageable(userID, permission.GroupsUpdate)
		if errors.Is(err, store.ErrNotFound) {
			continue // gone, also when an earlier one had invited them by a link that is revoked now
		}
		if err != nil {
			return 0, err
		}
		changed, err := tx.setMember(user, func() (bool, error) { return tx.db.RemoveMember(tx.ctx, groupID, userID) })
		if err != nil {
			return 0, err
		}
		if changed {
			removed++
		}
	}
	return removed, tx.summarizeMoved()
}
