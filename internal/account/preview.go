package account

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"console/internal/permission"
	"console/store"
)

// Preview is what a change takes away.
type Preview struct {
	Losing  int    // people who lose something, exactly
	First   []Loss // the first twenty of them, by id
	Gaining int    // people who gain something; counted only where a change names the people
	Links   LinksTaken

	LabelOnly bool // the person is then in no automatic group of their role: nothing follows from it

	outcomes []outcome // of everybody, also of those not named
}

// outcome is what a change does to people to whom it does the same.
type outcome struct {
	People       store.People
	Lost, Gained []string
}

// add counts people to whom a change does the same. Those to whom it does nothing are left out.
func (p *Preview) add(people store.People, lost, gained []TenantSet) {
	if len(lost) > 0 {
		p.Losing += people.Count
	}
	if len(lost) > 0 || len(gained) > 0 {
		p.outcomes = append(p.outcomes, outcome{people, saidOfSets(lost), saidOfSets(gained)})
	}
}

// Digest tells the preview from one of something else, exactly: also where it happens to others than those it names.
func (p Preview) Digest() string {
	named := make([]store.User, len(p.First))
	for i, l := range p.First {
		named[i] = l.User
	}
	return digestOf(p.Losing, p.Gaining, saidOf(named...), p.Links.Digest(), p.outcomes)
}

func saidOfSets(sets []TenantSet) []string {
	said := make([]string, len(sets))
	for i, t := range sets {
		said[i] = fmt.Sprint(t.Tenant.ID, " ", t.Tenant.Name, ": ", t.Set)
	}
	return said
}

// Loss is what one person loses.
type Loss struct {
	User store.User
	Lost []TenantSet
}

// TenantSet is a set of permissions in a tenant; the zero Tenant stands for the tenants not yet made.
type TenantSet struct {
	Tenant store.Tenant
	Set    permission.Set
}

// consoleSet are the permissions that count in the main tenant only (rule "main tenant decides").
var consoleSet = func() permission.Set {
	var set permission.Set
	for p := range permission.GlobalAdmin.Set().All() {
		if p.Resource.Console() {
			set = set.With(p)
		}
	}
	return set
}()

// reach is what somebody holds, and whether they see the console: who does not, by their role, may do nothing with its own
// resources, whatever their groups say.
type reach struct {
	held        permission.Holdings
	seesConsole bool
}

// in is the part of it that has an preview in a tenant.
func (r reach) in(tenant store.Tenant) permission.Set {
	if tenant.Main && r.seesConsole {
		return r.held.In(tenant.ID)
	}
	return r.held.In(tenant.ID).Minus(consoleSet)
}

// everywhere is the part of it that will have an preview in the tenants not yet made.
func (r reach) everywhere() permission.Set { return r.held.Everywhere().Minus(consoleSet) }

// lost is what after lacks of before in the tenants that give access, and at the end in those not yet made.
func lost(before, after reach, tenants []store.Tenant) []TenantSet {
	var all []TenantSet
	for _, t := range tenants {
		if t.DisabledAt != 0 {
			continue
		}
		if set := before.in(t).Minus(after.in(t)); !set.Empty() {
			all = append(all, TenantSet{t, set})
		}
	}
	if set := before.everywhere().Minus(after.everywhere()); !set.Empty() {
		all = append(all, TenantSet{Set: set})
	}
	return all
}

// reachOf is what a person reaches as they are now.
func reachOf(ctx context.Context, q store.Queries, user store.User) (reach, error) {
	held, err := holdings(ctx, q, user)
	return reach{held, user.Role.SeesConsole()}, err
}

// previewOn carries out an operation on people named one by one and says what it takes away from them.
// The operation returns whom it cost their signup link.
func (tx *Tx) previewOn(ctx context.Context, users []int64, operation func() (LinksTaken, error)) (Preview, error) {
	type person struct {
		user   store.User
		before reach
	}
	var people []person
	for _, id := range slices.Sorted(slices.Values(without(users, nil))) {
		user, err := tx.db.UserByID(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			continue // the operation says so, once it knows that the actor may be told
		}
		if err != nil {
			return Preview{}, err
		}
		before, err := reachOf(ctx, tx.View.db, user)
		if err != nil {
			return Preview{}, err
		}
		people = append(people, person{user, before})
	}
	taken, err := operation()
	if err != nil {
		return Preview{}, err
	}
	tenants, err := tx.db.Tenants(ctx)
	if err != nil {
		return Preview{}, err
	}
	preview := Preview{Links: taken}
	for _, p := range people {
		user, err := tx.db.UserByID(ctx, p.user.ID)
		if errors.Is(err, store.ErrNotFound) {
			continue // invited by a link that the operation revokes
		}
		if err != nil {
			return Preview{}, err
		}
		after, err := reachOf(ctx, tx.View.db, user)
		if err != nil {
			return Preview{}, err
		}
		gain, loss := lost(after, p.before, tenants), lost(p.before, after, tenants)
		preview.add(store.People{Count: 1, Checksum: user.ID}, loss, gain)
		if len(gain) > 0 {
			preview.Gaining++
		}
		if len(loss) > 0 && len(preview.First) < NamedFirst {
			preview.First = append(preview.First, Loss{p.user, loss})
		}
	}
	return preview, nil
}

// previewMembers says what the members of a group lose when it gives after instead. Members of the same role in the same
// other groups lose the same: they are looked at once, however many they are.
func (v *View) previewMembers(ctx context.Context, group store.CoveringGroup, after permission.Grant) (preview Preview, err error) {
	if preview.Links, err = v.previewLinksOfMembers(ctx, group.ID, after); err != nil {
		return Preview{}, err
	}
	q := v.db
	tenants, err := q.Tenants(ctx)
	if err != nil {
		return Preview{}, err
	}
	kinds, err := q.MemberKinds(ctx, group.ID)
	if err != nil {
		return Preview{}, err
	}
	grants, err := grantsOf(ctx, q, kinds)
	if err != nil {
		return Preview{}, err
	}
	losses := map[store.MemberKind][]TenantSet{}
	for _, kind := range slices.SortedFunc(maps.Keys(kinds), store.MemberKind.Compare) {
		kept, sees := permission.Union(grants(kind.Others)...), kind.Role.SeesConsole()
		before, left := reach{kept.Plus(permission.Union(sourceOf(group).Grant)), sees}, reach{kept.Plus(permission.Union(after)), sees}
		loss := lost(before, left, tenants)
		preview.add(kinds[kind], loss, lost(left, before, tenants))
		if len(loss) > 0 {
			losses[kind] = loss
		}
	}
	if preview.Losing == 0 {
		return preview, nil
	}
	preview.First, err = firstLosing(ctx, q, group.ID, losses)
	return preview, err
}

// firstLosing names the first members of a group, by id, who lose something; losses is what, by their kind.
func firstLosing(ctx context.Context, q store.Queries, groupID int64, losses map[store.MemberKind][]TenantSet) ([]Loss, error) {
	found, err := q.MembersOfKinds(ctx, groupID, slices.Collect(maps.Keys(losses)), NamedFirst)
	if err != nil {
		return nil, err
	}
	first := make([]Loss, len(found))
	for i, m := range found {
		user, err := q.UserByID(ctx, m.UserID)
		if err != nil {
			return nil, err
		}
		first[i] = Loss{user, losses[m.MemberKind]}
	}
	return first, nil
}

// grantsOf reads the other groups of kinds of members, lists of ids ("3,17"), and returns a function from such a list to
// what they give.
func grantsOf(ctx context.Context, q store.Queries, kinds map[store.MemberKind]store.People) (func(list string) []permission.Grant, error) {
	byID := map[string]permission.Grant{}
	var ids []int64
	for kind := range kinds {
		for text := range strings.SplitSeq(kind.Others, ",") {
			if _, seen := byID[text]; seen || text == "" {
				continue
			}
			id, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return nil, err
			}
			byID[text] = permission.Grant{}
			ids = append(ids, id)
		}
	}
	groups, err := q.GroupGrants(ctx, ids...)
	for _, g := range groups {
		byID[strconv.FormatInt(g.ID, 10)] = sourceOf(g).Grant
	}
	return func(list string) []permission.Grant {
		var grants []permission.Grant
		for text := range strings.SplitSeq(list, ",") {
			grants = append(grants, byID[text])
		}
		return grants
	}, err
}

// previewWithout says who loses access to a tenant that is not the main one.
func previewWithout(ctx context.Context, q store.Queries, tenant store.Tenant) (Preview, error) {
	covering, err := q.GroupsCovering(ctx, tenant.ID)
	if err != nil {
		return Preview{}, err
	}
	var giving []int64
	var given []TenantSet
	for _, g := range covering {
		if set := g.Set().Minus(consoleSet); !set.Empty() {
			giving, given = append(giving, g.ID), append(given, TenantSet{tenant, set})
		}
	}
	holding, err := q.PeopleHolding(ctx, giving)
	if err != nil {
		return Preview{}, err
	}
	preview := Preview{Losing: holding.Count, outcomes: []outcome{{People: holding, Lost: saidOfSets(given)}}}
	first, err := q.FirstHolding(ctx, giving, NamedFirst)
	if err != nil {
		return Preview{}, err
	}
	for _, id := range first {
		user, err := q.UserByID(ctx, id)
		if err != nil {
			return Preview{}, err
		}
		held, err := reachOf(ctx, q, user)
		if err != nil {
			return Preview{}, err
		}
		preview.First = append(preview.First, Loss{user, []TenantSet{{tenant, held.in(tenant)}}})
	}
	return preview, nil
}
