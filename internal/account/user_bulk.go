package account

import (
	"context"
	"fmt"
	"slices"

	"console/internal/input"
	"console/internal/permission"
	"console/store"
)

// Selection is several people of the user list: the ids ticked, or all that match the list in its present state.
type Selection struct {
	IDs   []int64
	All   bool
	Query UserQuery
}

// changedTotal refuses a selection of all that has come to mean another number of people than was announced.
func changedTotal(announced, now int) error {
	r := Refuse(ChangedTotal)
	r.Words = fmt.Sprintf("The list has changed since you chose: then %d matched, now it is %d. Nothing was done. "+
		"Check the names and confirm again.", announced, now)
	return r
}

// BulkPreview is what a bulk action is about to change, and what goes with it where it takes access away. All counts are
// exact.
type BulkPreview struct {
	IDs               []int64      // whom it changes
	Total             int          // how many they are
	First             []store.User // the first twenty, by id
	Left              LeftOut
	Links             LinksTaken // by id
	Tokens            int        // shared tokens of theirs, which are disabled
	FirstTokens       []EndedToken
	Integrations      int // email integrations that contain an address of theirs
	FirstIntegrations []store.Integration

	tokens       []EndedToken
	integrations []store.Integration
}

// Digest tells the preview from one of something else, exactly: also where others are meant than those it names.
func (p BulkPreview) Digest() string {
	return digestOf(p.IDs, saidOf(p.First...), p.Links.Digest(), saidOfTokens(p.tokens), saidOfIntegrations(p.integrations))
}

// LeftOut is who is selected and cannot be meant by an action: it would change nothing about them.
type LeftOut struct {
	Self     bool // nobody ends their own access
	Active   int
	Invited  int
	Disabled int
	Gone     int // no longer there
}

// NamedFirst is how many people, links, tokens or integrations a confirmation names one by one.
const NamedFirst = 20

// PreviewBulk counts exactly whom an action would change, what would go with them and who is left out, and names the first twenty. It
// returns
// Forbidden without the permission that the action needs, and invalid("action", "Choose what to do with these users.").
func (s *Service) PreviewBulk(ctx context.Context, by Actor, action string, selection Selection) (BulkPreview, error) {
	selected, err := s.selected(ctx, by, action, selection)
	if err != nil {
		return BulkPreview{}, err
	}
	ids, left, err := s.meant(ctx, by, action, selected)
	if err != nil {
		return BulkPreview{}, err
	}
	return read(ctx, s, by, func(v *View) (BulkPreview, error) {
		preview, err := v.previewChosen(ctx, action, ids)
		preview.Left = left
		return preview, err
	})
}

// previewChosen is PreviewBulk of those whom the action can mean.
func (v *View) previewChosen(ctx context.Context, action string, ids []int64) (preview BulkPreview, err error) {
	preview.IDs, preview.Total = ids, len(ids)
	if preview.First, err = v.db.UsersByIDs(ctx, ids[:min(NamedFirst, len(ids))]); err != nil || !bulkActions[action].ends {
		return preview, err
	}
	chosen := func(id int64) bool {
		_, is := slices.BinarySearch(ids, id)
		return is
	}
	if err := v.previewLinks(ctx, chosen, &preview); err != nil {
		return preview, err
	}
	if err := v.previewTokens(ctx, chosen, &preview); err != nil {
		return preview, err
	}
	return preview, v.previewIntegrations(ctx, chosen, &preview)
}

// previewLinks adds the links that chosen people made for others. It looks at those who made any: they are few, however many are
// chosen. Who is chosen as well is mailed nothing in the end.
func (v *View) previewLinks(ctx context.Context, chosen func(id int64) bool, preview *BulkPreview) error {
	others := func(id int64) bool { return !chosen(id) }
	inviters, err := v.db.LinkInviters(ctx)
	if err != nil {
		return err
	}
	if preview.Links.Revoked, err = v.db.InvitedByLinkOf(ctx, slices.DeleteFunc(inviters, others)); err != nil {
		return err
	}
	makers, err := v.db.LinkMakers(ctx, v.now)
	if err != nil {
		return err
	}
	mailed, err := v.db.InvitedWithLinkOf(ctx, slices.DeleteFunc(makers, others), v.now)
	preview.Links.Mailed = slices.DeleteFunc(mailed, func(u store.User) bool { return chosen(u.ID) })
	return err
}

// previewIntegrations adds the email integrations with addresses of chosen people, where the actor may change them.
func (v *View) previewIntegrations(ctx context.Context, chosen func(id int64) bool, preview *BulkPreview) error {
	all, err := v.mailboxes(ctx)
	if err != nil {
		return err
	}
	var keys []string
	for _, m := range all {
		keys = append(keys, addressKeys(m.addresses)...)
	}
	owners, err := v.db.UsersByEmailKeys(ctx, keys)
	for _, m := range all {
		if !slices.ContainsFunc(addressKeys(m.addresses), func(key string) bool { return chosen(owners[key].ID) }) {
			continue
		}
		preview.integrations = append(preview.integrations, m.Integration)
	}
	preview.Integrations = len(preview.integrations)
	preview.FirstIntegrations = preview.integrations[:min(NamedFirst, preview.Integrations)]
	return err
}

// addressKeys are addresses as they are compared.
func addressKeys(addresses []string) []string {
	keys := make([]string, len(addresses))
	for i, address := range addresses {
		keys[i] = input.EmailKey(address)
	}
	return keys
}

// BulkOrder is what the confirmation of a bulk action was sent with.
type BulkOrder struct {
	Action    string
	Announced int // the total that the confirmation named; 0 with ids: it was sent without one
	Along
}

// StartBulk begins the job that does what was ordered to everybody selected. Of all that match it takes those it can mean; ids
// were named one by one, and each gets an outcome. Another total of those it can mean than the one announced returns ChangedTotal;
// another preview than the one confirmed returns ChangedPreview.
// It returns Forbidden, or Invalid for an unknown action or where nobody is selected.
func (s *Service) StartBulk(ctx context.Context, by Actor, selection Selection, order BulkOrder) (store.Job, error) {
	if err := s.requireFirst(ctx, by); err != nil {
		return store.Job{}, err
	}
	ids, err := s.selected(ctx, by, order.Action, selection)
	if err != nil {
		return store.Job{}, err
	}
	meant, _, err := s.meant(ctx, by, order.Action, ids)
	if err != nil {
		return store.Job{}, err
	}
	if len(meant) != order.Announced && (selection.All || order.Announced != 0) {
		return store.Job{}, changedTotal(order.Announced, len(meant))
	}
	if selection.All {
		ids = meant
	}
	if len(ids) == 0 {
		return store.Job{}, invalid("ids", "Choose at least one user.")
	}
	preview := func(v *View) (BulkPreview, error) { return v.previewChosen(ctx, order.Action, meant) }
	job, err := changeConfirmed(ctx, s, by, preview, func(tx *Tx) (store.Job, error) {
		if err := tx.requirePermission(bulkActions[order.Action].needs); err != nil {
			return store.Job{}, err
		}
		work := bulkWork{IDs: ids}
		if bulkActions[order.Action].ends && len(order.RemoveFrom) > 0 {
			if err := tx.requirePermission(permission.IntegrationsUpdate); err != nil {
				return store.Job{}, err
			}
			work.RemoveFrom = order.RemoveFrom
		}
		if bulkActions[order.Action].ends {
			if err := tx.requireTakeOver(order.Along); err != nil {
				return store.Job{}, err
			}
			work.TakeOver = order.TakeOver
		}
		job, err := tx.startJob(ctx, order.Action, work, len(ids))
		if err != nil {
			return store.Job{}, err
		}
		return tx.recordJob(ctx, job, changes{})
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
		return nil, invalid("action", "Choose what to do with these users.")
	}
	if err := s.Require(by, a.needs); err != nil {
		return nil, err
	}
	if selection.All {
		return s.list.Matching(ctx, selection.Query)
	}
	ids := slices.Clone(selection.IDs)
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// meant are those of ids, which are in order, whom an action can mean: not the actor, nor those it would leave as they are. The
// list knows everybody's status in memory, so that a selection of a million is counted in milliseconds.
func (s *Service) meant(ctx context.Context, by Actor, action string, ids []int64) ([]int64, LeftOut, error) {
	var left LeftOut
	if at, self := slices.BinarySearch(ids, by.UserID); self && bulkActions[action].ends {
		left.Self = true
		ids = slices.Concat(ids[:at], ids[at+1:])
	}
	parts := map[store.Tab][]int64{}
	known := 0
	for _, status := range []store.Tab{store.TabActive, store.TabInvited, store.TabDisabled} {
		all, err := s.list.Matching(ctx, UserQuery{Tab: status})
		if err != nil {
			return nil, LeftOut{}, err
		}
		parts[status] = inBoth(ids, all)
		known += len(parts[status])
	}
	left.Gone = len(ids) - known
	only := bulkActions[action].only
	if only == "" {
		meant := slices.Concat(parts[store.TabActive], parts[store.TabInvited], parts[store.TabDisabled])
		slices.Sort(meant)
		return meant, left, nil
	}
	meant := parts[only]
	delete(parts, only)
	left.Active, left.Invited, left.Disabled = len(parts[store.TabActive]), len(parts[store.TabInvited]), len(parts[store.TabDisabled])
	return meant, left, nil
}

// inBoth returns what two lists in ascending order share.
func inBoth(a, b []int64) []int64 {
	var shared []int64
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			a = a[1:]
		case a[0] > b[0]:
			b = b[1:]
		default:
			shared = append(shared, a[0])
			a, b = a[1:], b[1:]
		}
	}
	return shared
}

// wakeJobs makes RunJobs look for jobs at once.
func (s *Service) wakeJobs() {
	select {
	case s.jobStarted <- struct{}{}:
	default: // a look is already due
	}
}
