package account

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"console/internal/input"
	"console/internal/permission"
	"console/store"
)

// MaxPasted is how many addresses may be pasted, and how many people ticked, at once to add them to a group; and how many
// may be ticked to remove them.
const MaxPasted = 1000

// requireFew refuses more people than may be ticked at once.
func requireFew(users []int64) error {
	if len(users) > MaxPasted {
		return invalid("", fmt.Sprintf("At most %d users at once.", MaxPasted))
	}
	return nil
}

// AddMembers puts people into a group: those with the ids, and those whose addresses are in emails, separated by commas,
// spaces or lines, at most MaxPasted of each. All are added or nobody. It returns Invalid, Forbidden (rules "may grant" and "may manage")
// or store.ErrNotFound.
func (s *Service) AddMembers(ctx context.Context, by Actor, id int64, users []int64, emails string) (int, error) {
	return change(ctx, s, by, func(tx *Tx) (int, error) {
		added, err := tx.putInto(ctx, id, users, emails)
		if err != nil {
			return 0, err
		}
		return len(added), tx.announceMoved(ctx, added)
	})
}

// putInto returns the facts of those who were added.
func (tx *Tx) putInto(ctx context.Context, groupID int64, users []int64, emails string) ([]fact, error) {
	if _, err := tx.editable(ctx, groupID, permission.GroupsUpdate); err != nil {
		return nil, err
	}
	if err := requireFew(users); err != nil {
		return nil, err
	}
	pasted, err := tx.pasted(ctx, emails)
	if err != nil {
		return nil, err
	}
	users = without(append(slices.Clone(users), pasted...), nil)
	if len(users) == 0 {
		return nil, invalid("emails", "Choose users, or enter their email addresses.")
	}
	if _, err := tx.grantable(ctx, groupID); err != nil {
		return nil, err
	}
	var added []fact
	var refusals []string
	for _, userID := range users {
		user, err := tx.manageable(ctx, userID, permission.GroupsUpdate)
		if err != nil {
			return nil, err
		}
		if refusal := refuseMember(user); refusal != "" {
			refusals = append(refusals, refusal)
			continue
		}
		moved, err := tx.setMember(ctx, user, func() (bool, error) { return tx.db.AddMember(ctx, groupID, userID) })
		if err != nil {
			return nil, err
		}
		if moved.fact.condition != "" {
			added = append(added, moved.fact)
		}
	}
	if len(refusals) > 0 {
		return nil, invalid("emails", strings.Join(refusals, " ")+" Nobody was added.")
	}
	return added, nil
}

// setMember moves a person into or out of a group and stores and records what follows; move says whether it changed
// anything. Where it did not, the fact is nothing.
func (tx *Tx) setMember(ctx context.Context, user store.User, move func() (bool, error)) (moved, error) {
	before, err := tx.membership(ctx, user)
	if err != nil {
		return moved{}, err
	}
	changed, err := move()
	if err != nil || !changed {
		return moved{}, err
	}
	if err := tx.storeMembership(ctx, &user); err != nil {
		return moved{}, err
	}
	after, err := tx.membership(ctx, user)
	if err != nil {
		return moved{}, err
	}
	return tx.recordMembership(ctx, user, before, after)
}

// announceMoved tells the triggers of those who have come into a group or left it. Where they are too many to tell chats
// and mailboxes of each, these get one message.
func (tx *Tx) announceMoved(ctx context.Context, facts []fact) error {
	if len(facts) <= summaryAbove {
		return newAnnouncer(tx, everyIntegration).tellAll(ctx, facts)
	}
	told := newAnnouncer(tx, tellsOfEach)
	if err := told.tellAll(ctx, facts); err != nil {
		return err
	}
	return told.summarizeFacts(ctx, facts)
}

// pasted returns the people whose addresses were pasted.
func (v *View) pasted(ctx context.Context, emails string) ([]int64, error) {
	var keys, unknown []string
	for _, typed := range input.SplitAddresses(emails) {
		typed = strings.Trim(typed, "<>")
		key := input.EmailKey(typed)
		if key == "" {
			_, _, reason := input.ParseEmail(typed)
			return nil, invalid("emails", "“"+typed+"” is not an email address. "+reason+" Nobody was added.")
		}
		keys = append(keys, key)
	}
	if len(keys) > MaxPasted {
		return nil, invalid("emails", fmt.Sprintf("At most %d addresses at once.", MaxPasted))
	}
	found, err := v.db.UsersByEmailKeys(ctx, keys)
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
		return nil, invalid(
			"emails",
			"Nobody with these addresses is in the user list: "+strings.Join(
				unknown,
				", ",
			)+". Nobody was added: correct these addresses, or add the people as users first.",
		)
	}
	return ids, nil
}

// RemoveMembers takes people, at most MaxPasted, out of a group; those who are not in it change nothing. It refuses with
// Invalid, ChangedPreview or Forbidden (rule "may manage"), or returns store.ErrNotFound.
func (s *Service) RemoveMembers(ctx context.Context, by Actor, id int64, users []int64) (int, error) {
	preview := func(v *View) (Preview, error) { return v.previewTakenOut(ctx, id, users) }
	return changeConfirmed(ctx, s, by, preview, func(tx *Tx) (int, error) {
		left, err := tx.takeOut(ctx, id, users)
		if err != nil {
			return 0, err
		}
		return len(left), tx.announceMoved(ctx, left)
	})
}

// takeOut returns the facts of those who were removed.
func (tx *Tx) takeOut(ctx context.Context, groupID int64, users []int64) ([]fact, error) {
	if _, err := tx.leavable(ctx, groupID, users); err != nil {
		return nil, err
	}
	var left []fact
	for _, userID := range without(users, nil) {
		user, err := tx.manageable(ctx, userID, permission.GroupsUpdate)
		if errors.Is(err, store.ErrNotFound) {
			continue // gone, also when an earlier one had invited them by a link that is revoked now
		}
		if err != nil {
			return nil, err
		}
		moved, err := tx.setMember(ctx, user, func() (bool, error) { return tx.db.RemoveMember(ctx, groupID, userID) })
		if err != nil {
			return nil, err
		}
		if moved.fact.condition != "" {
			left = append(left, moved.fact)
		}
	}
	return left, nil
}

// leavable returns a group out of which the actor may take the people named.
func (v *View) leavable(ctx context.Context, groupID int64, users []int64) (store.CoveringGroup, error) {
	group, err := v.editable(ctx, groupID, permission.GroupsUpdate)
	if err != nil {
		return group, err
	}
	if len(users) == 0 {
		return group, invalid("user_ids", "Choose at least one user.")
	}
	return group, requireFew(users)
}

// PreviewRemoveMembers says what RemoveMembers would take away, without doing it. It refuses and returns what that does.
func (s *Service) PreviewRemoveMembers(ctx context.Context, by Actor, id int64, users []int64) (Preview, error) {
	return read(ctx, s, by, func(v *View) (Preview, error) { return v.previewTakenOut(ctx, id, users) })
}

func (v *View) previewTakenOut(ctx context.Context, groupID int64, users []int64) (Preview, error) {
	group, err := v.leavable(ctx, groupID, users)
	if err != nil {
		return Preview{}, err
	}
	tenants, err := v.db.Tenants(ctx)
	if err != nil {
		return Preview{}, err
	}
	var leaving []store.User
	for _, userID := range without(users, nil) {
		user, err := v.manageable(ctx, userID, permission.GroupsUpdate)
		if err == nil {
			leaving = append(leaving, user)
		} else if !errors.Is(err, store.ErrNotFound) {
			return Preview{}, err
		}
	}
	slices.SortFunc(leaving, func(a, b store.User) int { return cmp.Compare(a.ID, b.ID) })
	var preview Preview
	for _, user := range leaving {
		if err := v.previewLeaving(ctx, user, group.ID, tenants, &preview); err != nil {
			return Preview{}, err
		}
	}
	return preview, nil
}

// previewLeaving adds to a preview what a person loses with a group, and whose links the person could not make any more.
func (v *View) previewLeaving(ctx context.Context, user store.User, groupID int64, tenants []store.Tenant, preview *Preview) error {
	member, err := v.db.InGroup(ctx, groupID, user.ID)
	if err != nil || !member {
		return err
	}
	o, err := originsOf(ctx, v.db, user)
	if err != nil {
		return err
	}
	before := o.holdings()
	o.sources = slices.DeleteFunc(slices.Clone(o.sources), func(s permission.Source) bool { return s.Group == groupID })
	sees := user.Role.SeesConsole()
	loss := lost(reach{before, sees}, reach{o.holdings(), sees}, tenants)
	preview.add(store.People{Count: 1, Checksum: user.ID}, loss, nil)
	if len(loss) > 0 && len(preview.First) < NamedFirst {
		preview.First = append(preview.First, Loss{user, loss})
	}
	r := v.linkReview(tenants, v.heldOnceGroupGives(groupID, permission.Grant{}))
	couldNot, err := r.couldNotIssue(ctx, user)
	if err != nil {
		return err
	}
	taken, err := v.previewLinksOf(ctx, user.ID, couldNot)
	preview.Links.add(taken)
	return err
}
