package account

import (
	"context"

	"console/internal/directory"
	"console/internal/permission"
	"console/store"
)

// How many people a page of WhoMay has.
const (
	WhoMayUsual = 50
	WhoMayMost  = 1000
)

// WhoMayQuery asks who may do something in a tenant.
type WhoMayQuery struct {
	Permission permission.Permission
	TenantID   int64
	After      int64 // the Next of the page before; 0: from the beginning
	Limit      int   // WhoMayMost at most; 0 or less: WhoMayUsual
}

// Permitted is a person who may do something, with the groups that give it; see PermissionCheck.Through.
type Permitted struct {
	User    store.User
	Through []permission.Source
}

// PermittedPage is a part of those who may do something, by id.
type PermittedPage struct {
	People []Permitted
	Next   int64 // for WhoMayQuery.After; 0: nobody follows
}

// WhoMay returns a page of the people for whom CheckPermission says yes, by id. A page has Limit people, or fewer where nobody
// follows, or where those who are given the permission and those who have access are many, but hardly the same: it then ends early,
// perhaps empty, with a Next that goes on. So no page takes long, whether everybody, hardly anybody or nobody may. Who is
// changed between two pages may be on the one or the other, or on none. It returns Forbidden without users.view, or store.ErrNotFound for
// an unknown tenant.
func (s *Service) WhoMay(ctx context.Context, by Actor, q WhoMayQuery) (PermittedPage, error) {
	people, err := s.list.People(ctx) // before the snapshot: it asks on a connection of its own
	if err != nil {
		return PermittedPage{}, err
	}
	return read(ctx, s, by, func(v *View) (PermittedPage, error) {
		if err := v.requirePermission(permission.UsersView); err != nil {
			return PermittedPage{}, err
		}
		tenant, err := v.db.TenantByID(ctx, q.TenantID)
		if err != nil {
			return PermittedPage{}, err
		}
		if q.Limit <= 0 {
			q.Limit = WhoMayUsual
		}
		q.Limit = min(q.Limit, WhoMayMost)
		w := whoMay{View: v, WhoMayQuery: q, people: people, tenant: tenant, decides: tenant.ID}
		if q.Permission.Resource.Console() {
			w.decides = v.by.Main
		} else if tenant.DisabledAt != 0 {
			return PermittedPage{}, nil
		}
		return w.page(ctx)
	})
}

// whoMay looks for a page of those who may. There are two long lists, both by id: who is given the permission, in the database, and
// who has access, in memory. It walks along the first by windows, and leaps over what only one of them has. Where very many groups
// give it, it walks along the second as long as most of those are given it: a window looks once into each group.
type whoMay struct {
	*View
	WhoMayQuery
	people  *directory.Directory
	tenant  store.Tenant
	decides int64 // the tenant in which the permission must be held
	given   store.Giving
	span    int64 // ids in the next window
	windows int   // so far
	byOne   bool  // walk along those who have access
	effort  int   // rows read so far, about
}

const (
	fewGiven   = 4096   // memberships that are read at once
	manyGroups = 128    // for windows
	leastSpan  = 64     // ids in a window
	mostEffort = 20_000 // rows read for a page, about; 10 to 15 ms
	look       = 3      // rows that a look into a group costs, about
	descriptor = 20     // rows that a described person costs, about
)

func (w *whoMay) page(ctx context.Context) (page PermittedPage, err error) {
	if w.given, err = w.db.GroupsGiving(ctx, w.Permission, w.decides); err != nil {
		return PermittedPage{}, err
	}
	wanted, last := w.Limit+1, w.people.LastID() // one more, to know whether anybody follows
	w.begin(last)
	for after := w.After; after < last; {
		step := w.window
		if w.byOne {
			step = w.accessible
		}
		found, until, err := step(ctx, after, wanted-len(page.People))
		if err != nil {
			return PermittedPage{}, err
		}
		before := len(page.People)
		if page.People, err = w.describe(ctx, page.People, found); err != nil {
			return PermittedPage{}, err
		}
		if len(page.People) >= wanted {
			page.People = page.People[:w.Limit]
			page.Next = page.People[w.Limit-1].User.ID
			return page, nil
		}
		w.byOne = w.byOne && 4*(len(page.People)-before) > len(found)
		if after = until; w.effort > mostEffort+2*descriptor*w.Limit && after < last {
			page.Next = after
			return page, nil
		}
	}
	return page, nil
}

// begin decides how to walk. A first window has as many ids as twice as many memberships lie over as people are wanted, were they
// spread evenly.
func (w *whoMay) begin(last int64) {
	if w.given.Members <= fewGiven {
		w.span = last
		return
	}
	w.span = leastSpan + 2*int64(w.Limit+1)*last/int64(w.given.Members)
	w.byOne = w.given.Groups > manyGroups
}

// accessible returns the next people with access after an id, and the last of them.
func (w *whoMay) accessible(_ context.Context, after int64, wanted int) (found []int64, until int64, err error) {
	for until = after; len(found) < wanted+wanted/4; found = append(found, until) {
		next := w.people.Next(until, directory.Active)
		if next == 0 {
			return found, w.people.LastID(), nil
		}
		until = next
	}
	return found, until, nil
}

// window returns the next people who are given the permission and have access, as many as wanted at most, and up to where these are
// all. Where the window before was not enough, it leaps to the next one who is given it.
func (w *whoMay) window(ctx context.Context, after int64, wanted int) (found []int64, until int64, err error) {
	if w.windows++; w.windows > 1 {
		next, err := w.db.NextGiven(ctx, w.given, after)
		if err != nil || next == 0 {
			return nil, w.people.LastID(), err
		}
		w.effort += look * w.given.Groups
		after = next - 1
	}
	next := w.people.Next(after, directory.Active)
	if next == 0 {
		return nil, w.people.LastID(), nil
	}
	after = next - 1
	until = after + w.span
	w.span *= 4
	if found, err = w.db.PeopleGiven(ctx, w.given, after, until); err != nil {
		return nil, 0, err
	}
	w.effort += look*w.given.Groups + len(found)
	if found = w.people.Among(found, directory.Active); len(found) > wanted {
		found = found[:wanted]
		until = found[wanted-1]
	}
	return found, until, nil
}

// describe adds those of the people with these ids who may, with the groups that give it.
func (w *whoMay) describe(ctx context.Context, so []Permitted, ids []int64) ([]Permitted, error) {
	if len(ids) == 0 {
		return so, nil
	}
	users, err := w.db.UsersByIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	memberships, err := w.db.MembershipsGiven(ctx, w.given, ids)
	if err != nil {
		return nil, err
	}
	w.effort += descriptor * len(ids)
	for _, user := range users {
		person := newEntitlement(user, originsIn(user, memberships[user.ID]))
		if check := person.decide(w.Permission, w.tenant, w.by.Main); check.Allowed {
			user.PasswordHash = ""
			so = append(so, Permitted{User: user, Through: check.Through})
		}
	}
	return so, nil
}
