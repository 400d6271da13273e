package userlist

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"console/internal/directory"
	"console/internal/input"
	"console/store"
)

// people is the directory of everybody, kept as new as the database by following its log of changes.
type people struct {
	mu        sync.Mutex
	directory *directory.Directory
	seen      int64                              // the newest change that the directory knows
	shown     map[int64]store.User               // people that pages have shown, as new as the directory
	pages     map[store.UserQuery]store.UserPage // first pages, likewise
}

// readAtOnce is how many people or changes are read in one query.
const readAtOnce = 10_000

// maxShown is how many people are remembered for the next page that shows them: about 10 MB.
const maxShown = 20_000

// listPage is store.ListUsers; the first page of every list is remembered, of the size that pages have. Call it after current: a page
// is never older than the directory then was.
func (p *people) listPage(ctx context.Context, db *store.DB, q store.UserQuery) (store.UserPage, error) {
	p.mu.Lock()
	page, known := p.pages[q]
	seen := p.seen
	p.mu.Unlock()
	if known {
		return page, nil
	}
	page, err := db.ListUsers(ctx, q)
	if err == nil && q.Cursor.ID == 0 && q.Limit == PerPage {
		p.remember(seen, func() { p.pages[q] = page })
	}
	return page, err
}

// rows returns the rows of people in the order of ids; those that are gone are left out. Call it after current: a row is
// never older than the directory then was. Nobody's password hash is in it.
func (p *people) rows(ctx context.Context, db *store.DB, ids []int64) ([]store.ListedUser, error) {
	rows, missing, seen := p.remembered(ids)
	if len(missing) > 0 {
		users, err := db.UsersByIDs(ctx, missing)
		if err != nil {
			return nil, fmt.Errorf("read listed users: %w", err)
		}
		for i := range users {
			users[i].PasswordHash = "" // the log of changes does not tell of it
			rows[slices.Index(ids, users[i].ID)].User = users[i]
		}
		p.remember(seen, func() {
			if len(p.shown) >= maxShown {
				clear(p.shown)
			}
			for _, u := range users {
				p.shown[u.ID] = u
			}
		})
		rows = slices.DeleteFunc(rows, func(row store.ListedUser) bool { return row.ID == 0 })
	}
	if err := db.ReadInvitations(ctx, rows); err != nil { // every time: how a mail fares is no change of a person
		return nil, fmt.Errorf("read invitations: %w", err)
	}
	return rows, nil
}

// remembered returns the rows that need not be read, at their places in ids, the other ids, and as of which change.
func (p *people) remembered(ids []int64) (rows []store.ListedUser, missing []int64, seen int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	rows = make([]store.ListedUser, len(ids))
	for i, id := range ids {
		user, known := p.shown[id]
		if !known {
			missing = append(missing, id)
			continue
		}
		rows[i].User = user
	}
	return rows, missing, p.seen
}

// remember keeps what was read after the directory had followed the change seen. Where it has followed others since,
// one of them may be newer than what was read.
func (p *people) remember(seen int64, keep func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seen == seen {
		keep()
	}
}

// current returns the directory with every change that was committed before the call.
func (p *people) current(ctx context.Context, db *store.DB) (*directory.Directory, error) {
	newest, err := db.LastUserChange(ctx)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.directory != nil && newest <= p.seen {
		return p.directory, nil
	}
	oldest, err := db.OldestUserChange(ctx)
	if err != nil {
		return nil, err
	}
	if p.directory == nil || oldest > p.seen+1 {
		return p.load(ctx, db, newest)
	}
	for p.seen < newest {
		if err := p.follow(ctx, db); err != nil {
			return nil, err
		}
	}
	return p.directory, nil
}

// load reads everybody. newest was read before: what changes meanwhile is followed afterwards, twice at worst.
func (p *people) load(ctx context.Context, db *store.DB, newest int64) (*directory.Directory, error) {
	fresh := directory.New(input.Fold)
	for last := int64(0); ; {
		users, err := db.UsersAfter(ctx, last, readAtOnce)
		if err != nil {
			return nil, fmt.Errorf("read people: %w", err)
		}
		if len(users) == 0 {
			break
		}
		fresh.Put(entriesOf(users)...)
		last = users[len(users)-1].ID
	}
	p.directory, p.seen = fresh, newest
	p.shown, p.pages = map[int64]store.User{}, map[store.UserQuery]store.UserPage{}
	return fresh, nil
}

// follow applies the next changes.
func (p *people) follow(ctx context.Context, db *store.DB) error {
	changes, err := db.UserChanges(ctx, p.seen, readAtOnce)
	if err != nil {
		return fmt.Errorf("read changes: %w", err)
	}
	if len(changes) == 0 {
		return fmt.Errorf("the log of changes ends at %d", p.seen)
	}
	clear(p.pages)
	changed := make([]int64, len(changes))
	for i, c := range changes {
		changed[i] = c.UserID
		delete(p.shown, c.UserID)
	}
	users, err := db.UsersByIDs(ctx, changed)
	if err != nil {
		return fmt.Errorf("read changed people: %w", err)
	}
	gone := make(map[int64]bool, len(changed))
	for _, id := range changed {
		gone[id] = true
	}
	for _, u := range users {
		delete(gone, u.ID)
	}
	p.directory.Put(entriesOf(users)...)
	p.directory.Remove(slices.Collect(maps.Keys(gone))...)
	p.seen = changes[len(changes)-1].ID
	return nil
}

func entriesOf(users []store.User) []directory.Person {
	entries := make([]directory.Person, len(users))
	for i, u := range users {
		entries[i] = directory.Person{
			ID: u.ID, Name: u.Name(), Email: u.Email, Role: string(u.Role), RoleLabel: u.Role.Label(), LastAuth: int64(u.LastAuthAt),
			Listed: u.JoinedAt != 0, SecondFactor: u.SecondFactor, Status: statuses[u.Status()],
		}
	}
	return entries
}

var statuses = map[store.Status]directory.Tab{
	store.Active: directory.Active, store.Invited: directory.Invited, store.Disabled: directory.Disabled,
}
