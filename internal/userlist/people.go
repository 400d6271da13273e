package userlist

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"console/internal/directory"
	"console/internal/input"
	"console/store"
)

// people is the directory of everybody, kept as new as the database by following its log of changes. Where the log does not go on from
// the change that was followed last, as after a failover that lost it, everybody is read anew.
type people struct {
	anew func(seen, newest int64) // called when the log does not go on, with the ids of two changes

	mu        sync.Mutex                         // never held while everybody is read
	directory *directory.Directory               // nil until everybody is read
	seen      position                           // of the directory
	reading   *reading                           // nil: nobody reads everybody
	shown     map[int64]store.User               // people that pages have shown, as new as the directory
	pages     map[store.UserQuery]store.UserPage // first pages, likewise

	stopping atomic.Bool
	readers  sync.WaitGroup
}

// position is how far the log of changes was followed, since everybody was read for which time: what was read from the database before a
// failover does not belong to the directory after it.
type position struct {
	times  int
	change store.UserChange // the newest that the directory knows
}

// reading is everybody being read into memory.
type reading struct {
	done chan struct{} // closed at its end
	err  error         // to be looked at afterwards
}

// errStopping ends a reading that nobody waits for any more.
var errStopping = errors.New("the program ends")

// readAtOnce is how many people or changes are read in one query, at most.
const readAtOnce = 10_000

// maxReaders is how many processors read everybody: pages have the other half of the connections that read a file of SQLite.
const maxReaders = 2

// maxShown is how many people are remembered for the next page that shows them: about 10 MB.
const maxShown = 20_000

// listPage is store.ListUsers; the first page of every list is remembered, of the size that pages have. Call it after current or present:
// a page is never older than the directory then was.
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

// rows returns the rows of people in the order of ids; those that are gone are left out. Call it after current or present: a row is
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
func (p *people) remembered(ids []int64) (rows []store.ListedUser, missing []int64, seen position) {
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
func (p *people) remember(seen position, keep func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.directory != nil && p.seen == seen { // without a directory, nobody would follow the changes of what is kept
		keep()
	}
}

// current returns the directory with every change that was committed before the call. It waits for who reads everybody.
func (p *people) current(ctx context.Context, db *store.DB) (*directory.Directory, error) {
	for {
		people, reading, err := p.present(ctx, db)
		if err != nil || reading == nil {
			return people, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-reading.done:
		}
		if reading.err != nil {
			return nil, reading.err
		}
	}
}

// present is current, which returns who reads everybody instead of waiting. It lets everybody be read where that is due.
func (p *people) present(ctx context.Context, db *store.DB) (*directory.Directory, *reading, error) {
	newest, err := db.LastUserChange(ctx)
	if err != nil {
		return nil, nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.reading != nil:
		return nil, p.reading, nil
	case p.directory == nil:
		return nil, p.readAll(ctx, db), nil
	}
	goesOn, err := p.follow(ctx, db, newest)
	if err != nil {
		return nil, nil, err
	}
	if !goesOn {
		p.anew(p.seen.change.ID, newest.ID)
		return nil, p.readAll(ctx, db), nil
	}
	return p.directory, nil, nil
}

// readAll lets everybody be read, whether or not who asks for it waits. mu is held.
func (p *people) readAll(ctx context.Context, db *store.DB) *reading {
	now := &reading{done: make(chan struct{})}
	if p.stopping.Load() {
		now.err = errStopping
		close(now.done)
		return now
	}
	p.directory, p.reading = nil, now
	p.shown, p.pages = map[int64]store.User{}, map[store.UserQuery]store.UserPage{}
	p.readers.Go(func() {
		fresh, newest, err := p.load(context.WithoutCancel(ctx), db)
		p.mu.Lock()
		defer p.mu.Unlock()
		if err == nil {
			p.directory, p.seen = fresh, position{p.seen.times + 1, newest}
			p.shown, p.pages = map[int64]store.User{}, map[store.UserQuery]store.UserPage{}
		}
		now.err, p.reading = err, nil
		close(now.done)
		if err == nil {
			go afterReading(fresh)
		}
	})
	return now
}

// afterReading does what nobody who searches has to wait for.
func afterReading(fresh *directory.Directory) {
	fresh.BuildIndex()
	if fresh.Len() > readAtOnce {
		debug.FreeOSMemory() // what reading many leaves is half as much again as they take, and would go back much later
	}
}

// load reads everybody, and before that the newest change: those that are made meanwhile are followed afterwards, twice at worst. People
// are read by ids, a range at a time, on as many processors as there are up to maxReaders.
func (p *people) load(ctx context.Context, db *store.DB) (*directory.Directory, store.UserChange, error) {
	newest, err := db.LastUserChange(ctx)
	if err != nil {
		return nil, newest, err
	}
	last, err := db.LastUserID(ctx)
	if err != nil {
		return nil, newest, fmt.Errorf("read people: %w", err)
	}
	fresh, begun := directory.New(input.FoldBoth), atomic.Int64{}
	readers, ctx := errgroup.WithContext(ctx)
	for range min(runtime.GOMAXPROCS(0), maxReaders) {
		readers.Go(func() error {
			for {
				to := begun.Add(readAtOnce)
				after := to - readAtOnce
				if after >= last {
					return nil
				}
				users, err := db.SearchedUsersBetween(ctx, after, to)
				if err == nil && p.stopping.Load() {
					err = errStopping
				}
				if err != nil {
					return fmt.Errorf("read people: %w", err)
				}
				fresh.Put(entriesOf(users)...)
			}
		})
	}
	return fresh, newest, readers.Wait()
}

// follow applies the changes up to the newest. It returns false where the log does not go on from the one that was followed last: that is
// no longer kept, or lost. mu is held.
func (p *people) follow(ctx context.Context, db *store.DB, newest store.UserChange) (goesOn bool, err error) {
	if newest == p.seen.change {
		return true, nil
	}
	if newest.ID <= p.seen.change.ID { // somebody else has followed further since newest was read, or that is lost
		there, err := db.UserChange(ctx, p.seen.change.ID)
		if errors.Is(err, store.ErrNotFound) {
			return false, nil
		}
		return there == p.seen.change, err
	}
	for p.seen.change.ID < newest.ID {
		last := p.seen.change
		changes, err := db.UserChanges(ctx, last.ID-1, readAtOnce) // the last one first: it must be there still
		if err != nil {
			return false, fmt.Errorf("read changes: %w", err)
		}
		switch {
		case last.ID == 0 && len(changes) > 0 && changes[0].ID == 1: // the log was empty, and none is missing
		case len(changes) < 2 || changes[0] != last:
			return false, nil
		default:
			changes = changes[1:]
		}
		if err := p.apply(ctx, db, changes); err != nil {
			return false, err
		}
	}
	return true, nil
}

// apply brings the people who were changed up to date. mu is held.
func (p *people) apply(ctx context.Context, db *store.DB, changes []store.UserChange) error {
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
	searched := make([]store.SearchedUser, len(users))
	for i, u := range users {
		searched[i] = u.Searched()
	}
	p.directory.Put(entriesOf(searched)...)
	p.directory.Remove(slices.Collect(maps.Keys(gone))...)
	p.seen.change = changes[len(changes)-1]
	return nil
}

// endReading ends who reads everybody, and waits for that.
func (p *people) endReading() {
	p.mu.Lock()
	p.stopping.Store(true)
	p.mu.Unlock()
	p.readers.Wait()
}

func entriesOf(users []store.SearchedUser) []directory.Person {
	entries := make([]directory.Person, len(users))
	for i, u := range users {
		entries[i] = directory.Person{
			ID: u.ID, Name: u.Name, Email: u.Email, Role: string(u.Role), RoleLabel: u.Role.Label(), LastAuth: int64(u.LastAuthAt),
			Listed: u.Joined, SecondFactor: u.SecondFactor, Status: statuses[u.Status],
		}
	}
	return entries
}

var statuses = map[store.Status]directory.Tab{
	store.Active: directory.Active, store.Invited: directory.Invited, store.Disabled: directory.Disabled,
}
