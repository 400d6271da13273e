package account

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"console/internal/directory"
	"console/internal/permission"
	"console/store"
)

// UsersPerPage is how many people a page of the list shows.
const UsersPerPage = 50

// CountedTo is how far the people under a tab are counted while a search or a filter narrows the list: above it a number only
// says that there are more.
const CountedTo = 1000

// longAgo is what the filter “over 90 days” means.
const longAgo = 90 * 24 * time.Hour

// UserQuery is the state of the user list: what the address of the page says. The zero value of a filter lets
// everybody pass.
type UserQuery struct {
	Tab          store.Tab
	Search       string
	Role         permission.Role
	Group        int64
	SecondFactor string // "on", "off"
	LastAuth     string // "90d", "never"
	Sort         store.Sort
	Descending   bool
	Cursor       string
}

// Filtered says that a search or a filter narrows the list.
func (q UserQuery) Filtered() bool {
	return q.Search != "" || q.Role != "" || q.Group != 0 || q.SecondFactor != "" || q.LastAuth != ""
}

// backwards begins the cursor of a page that ends at a place instead of beginning there.
const backwards = "-"

// UserCounts are the numbers on the tabs.
type UserCounts struct{ All, Active, Invited, Disabled int }

// UserList is a page of the user list.
type UserList struct {
	Rows       []store.ListedUser
	Counts     UserCounts // above CountedTo, in a Filtered list, any number above it
	Next, Prev string     // cursors; empty: the list goes no further
}

// Users returns a page of the user list and the numbers on its tabs. It returns Forbidden without users.view.
func (s *Service) Users(ctx context.Context, by Actor, q UserQuery) (UserList, error) {
	if err := s.Require(ctx, by, permission.UsersView); err != nil {
		return UserList{}, err
	}
	people, err := s.people.current(ctx, s.db)
	if err != nil {
		return UserList{}, err
	}
	find := s.searchList
	if !q.Filtered() {
		find = s.plainList
	}
	list, err := find(ctx, people, q)
	if err == nil && len(list.Rows) == 0 && q.Cursor != "" { // the people beyond the cursor are gone
		q.Cursor = ""
		return find(ctx, people, q)
	}
	return list, err
}

// ListedUser returns a person as the user list shows them; those invited by link, too. It returns Forbidden without users.view, or
// store.ErrNotFound.
func (s *Service) ListedUser(ctx context.Context, by Actor, id int64) (store.ListedUser, error) {
	if err := s.Require(ctx, by, permission.UsersView); err != nil {
		return store.ListedUser{}, err
	}
	user, err := s.db.UserByID(ctx, id)
	if err != nil {
		return store.ListedUser{}, err
	}
	rows := []store.ListedUser{{User: user}}
	err = s.db.ReadInvitations(ctx, rows)
	return rows[0], err
}

// searchList asks the directory which people match, and the database for their rows.
func (s *Service) searchList(ctx context.Context, people *directory.Directory, q UserQuery) (UserList, error) {
	query, err := s.search(ctx, q)
	if err != nil {
		return UserList{}, err
	}
	found := people.Find(query)
	rows, err := s.people.rows(ctx, s.db, found.IDs)
	if err != nil {
		return UserList{}, err
	}
	list := UserList{Rows: rows, Counts: UserCounts(found.Counts)}
	if found.HasNext {
		list.Next = found.Next.String()
	}
	if found.HasPrev {
		list.Prev = backwards + found.Prev.String()
	}
	return list, nil
}

// plainList walks the database's indexes: a page is as quick at a million people as at a hundred.
func (s *Service) plainList(ctx context.Context, people *directory.Directory, q UserQuery) (UserList, error) {
	page, err := s.people.page(ctx, s.db, store.UserQuery{Tab: q.Tab, Sort: q.Sort, Descending: q.Descending,
		Cursor: store.ParseCursor(q.Cursor, q.Sort), Limit: UsersPerPage})
	if err != nil {
		return UserList{}, err
	}
	rows, err := s.people.rows(ctx, s.db, page.IDs)
	if err != nil {
		return UserList{}, err
	}
	return UserList{Rows: rows, Counts: UserCounts(people.Counts(directory.Query{})), Next: page.Next.String(), Prev: page.Prev.String()}, nil
}

// search is q as the directory understands it.
func (s *Service) search(ctx context.Context, q UserQuery) (directory.Query, error) {
	query := directory.Query{Tab: tabs[q.Tab], Search: q.Search, Sort: sorts[q.Sort], Descending: q.Descending, Limit: UsersPerPage,
		CountLimit: CountedTo, NeverAuth: q.LastAuth == "never"}
	if before, is := strings.CutPrefix(q.Cursor, backwards); is {
		query.Before = directory.ParseCursor(before)
	} else {
		query.After = directory.ParseCursor(q.Cursor)
	}
	if q.Role != "" {
		query.Roles = []string{string(q.Role)}
	}
	if q.SecondFactor != "" {
		query.SecondFactor = new(q.SecondFactor == "on")
	}
	if q.LastAuth == "90d" {
		query.LastAuthBefore = int64(store.At(s.now().Add(-longAgo)))
	}
	if q.Group == 0 {
		return query, nil
	}
	members, err := s.members.of(ctx, s.db.Queries, q.Group)
	query.Among = members.has
	return query, err
}

var (
	tabs = map[store.Tab]directory.Tab{
		store.TabAll: directory.All, store.TabActive: directory.Active, store.TabInvited: directory.Invited, store.TabDisabled: directory.Disabled,
	}
	sorts = map[store.Sort]directory.Sort{
		store.SortName: directory.Name, store.SortRole: directory.Role, store.SortEmail: directory.Email, store.SortLastAuth: directory.LastAuth,
	}
)

// matching returns the ids of everybody that the list in state q is about, by id.
func (s *Service) matching(ctx context.Context, q UserQuery) ([]int64, error) {
	people, err := s.people.current(ctx, s.db)
	if err != nil {
		return nil, err
	}
	query, err := s.search(ctx, q)
	if err != nil {
		return nil, err
	}
	return people.IDs(query), nil
}

// people is the directory of everybody, kept as new as the database by following its log of changes.
type people struct {
	mu        sync.Mutex
	directory *directory.Directory
	seen      int64                              // the newest change that the directory knows
	shown     map[int64]store.User               // people that pages have shown, as new as the directory
	pages     map[store.UserQuery]store.UserPage // first pages, likewise
}

// Preload reads everybody into memory, so that the first list does not have to wait for it.
func (s *Service) Preload(ctx context.Context) {
	if _, err := s.people.current(ctx, s.db); err != nil && ctx.Err() == nil {
		s.log.Error("preload people", "error", err)
	}
}

// readAtOnce is how many people or changes are read in one query.
const readAtOnce = 10_000

// maxShown is how many people are remembered for the next page that shows them: about 10 MB.
const maxShown = 20_000

// page is store.ListUsers; the first page of every list is remembered. Call it after current: a page is never older than
// the directory then was.
func (p *people) page(ctx context.Context, db *store.DB, q store.UserQuery) (store.UserPage, error) {
	p.mu.Lock()
	page, known := p.pages[q]
	seen := p.seen
	p.mu.Unlock()
	if known {
		return page, nil
	}
	page, err := db.ListUsers(ctx, q)
	if err == nil && q.Cursor.ID == 0 {
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
	fresh := directory.New(store.Fold)
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
