// Package userlist is the list of users: it keeps the directory in step with the database, remembers what pages show, and
// counts. It knows nothing of permissions: who asks has been checked.
package userlist

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"console/internal/directory"
	"console/internal/permission"
	"console/store"
)

// PerPage is how many people a page of the list shows.
const PerPage = 50

// CountedTo is how far the people under a tab are counted while a search or a filter narrows the list: above it a number only
// says that there are more.
const CountedTo = 1000

// longAgo is what the filter “over 90 days” means.
const longAgo = 90 * 24 * time.Hour

// Query is the state of the user list: what the address of the page says. The zero value of a filter lets
// everybody pass.
type Query struct {
	Tab          store.Tab
	Search       string
	Role         permission.Role
	Group        int64
	SecondFactor string // "on", "off"
	LastAuth     string // "90d", "never"
	Sort         store.Sort
	Descending   bool
	Cursor       string
	Limit        int // rows; 0: PerPage
}

// Filtered says that a search or a filter narrows the list.
func (q Query) Filtered() bool {
	return q.Search != "" || q.Role != "" || q.Group != 0 || q.SecondFactor != "" || q.LastAuth != ""
}

// backwards begins the cursor of a page that ends at a place instead of beginning there.
const backwards = "-"

// Counts are the numbers on the tabs.
type Counts struct{ All, Active, Invited, Disabled int }

// Page is a page of the user list.
type Page struct {
	Rows       []store.ListedUser
	Counts     Counts // above CountedTo, in a Filtered list, any number above it
	Next, Prev string // cursors; empty: the list goes no further
}

// List is the user list of one database. Its methods may be called at once from several goroutines; each answers as of every
// change that was committed before the call. Who may see the list is not its business.
type List struct {
	db      *store.DB
	now     func() time.Time
	people  people
	members memberSets
	first   store.Memo[Query, Page] // first pages that nothing narrows
}

// New returns the list of the people in db, of whom it reads nothing yet. now is the clock that “90 days ago” goes by. anew is
// called when everybody must be read again because the database has lost the change that was followed last, or no longer keeps it, with the
// ids of that one and of the newest; it must not call the list.
func New(db *store.DB, now func() time.Time, anew func(seen, newest int64)) *List {
	return &List{db: db, now: now, people: people{anew: anew}}
}

// Preload reads everybody into memory, so that the first search does not have to wait for it: seconds at a million people.
func (l *List) Preload(ctx context.Context) error {
	_, err := l.People(ctx)
	return err
}

// ErrReading says that everybody is being read into memory, and that searches and filters wait for it.
var ErrReading = errors.New("the people are being read into memory")

// readyPatience is how long Ready waits for everybody to be read.
const readyPatience = 500 * time.Millisecond

// Ready returns nil where searches need not wait, or for half a second at most. Otherwise it returns ErrReading, or an error of the
// database. Where the people in memory are out of date it lets everybody be read.
func (l *List) Ready(ctx context.Context) error {
	patience, cancel := context.WithTimeoutCause(ctx, readyPatience, ErrReading)
	defer cancel()
	_, err := l.People(patience)
	if err != nil && errors.Is(context.Cause(patience), ErrReading) {
		return ErrReading
	}
	return err
}

// Followed returns how many people are in memory, and the id of the newest change that is there; reading says that everybody is being
// read. It may wait for whoever brings them up to date.
func (l *List) Followed() (people int, change int64, reading bool) {
	l.people.mu.Lock()
	defer l.people.mu.Unlock()
	if l.people.directory != nil {
		people = l.people.directory.Len()
	}
	return people, l.people.seen.change.ID, l.people.reading != nil
}

// Stop ends who reads everybody, before the database is closed.
func (l *List) Stop() { l.people.endReading() }

// People returns the people in memory, with every change that was committed before the call.
func (l *List) People(ctx context.Context) (*directory.Directory, error) {
	return l.people.current(ctx, l.db)
}

// Page returns the page of the list that q means, Limit rows at most, and the numbers on its tabs. Without a Limit it is the last page
// where nobody is left after a cursor. Where nobody is left before one, or it is none, it is the first. Its errors are those of the
// database, also for an unknown tab or sort.
func (l *List) Page(ctx context.Context, q Query) (Page, error) {
	if q.Cursor == "" && !q.Filtered() && q.Limit == 0 { // what pages ask for again and again
		return l.first.Get(ctx, l.db, q, func() (Page, error) { return l.read(ctx, q) })
	}
	return l.read(ctx, q)
}

// read is Page without what is remembered.
func (l *List) read(ctx context.Context, q Query) (Page, error) {
	if q.Filtered() {
		return l.searched(ctx, q)
	}
	return l.plain(ctx, q)
}

// searched asks the directory which people match, and the database for their rows.
func (l *List) searched(ctx context.Context, q Query) (Page, error) {
	people, err := l.people.current(ctx, l.db)
	if err != nil {
		return Page{}, err
	}
	query, err := l.search(ctx, q)
	if err != nil {
		return Page{}, err
	}
	found := people.Find(query)
	if len(found.IDs) == 0 && q.Limit == 0 { // the people beyond the cursor are gone
		query.Last = query.After.ID != 0
		query.After, query.Before = directory.Cursor{}, directory.Cursor{}
		found = people.Find(query)
	}
	rows, err := l.people.rows(ctx, l.db, found.IDs)
	if err != nil {
		return Page{}, err
	}
	page := Page{Rows: rows, Counts: Counts(found.Counts)}
	if found.HasNext {
		page.Next = found.Next.String()
	}
	if found.HasPrev {
		page.Prev = backwards + found.Prev.String()
	}
	return page, nil
}

// plain walks the database's indexes: a page is as quick at a million people as at a hundred. It does not wait while everybody is read.
func (l *List) plain(ctx context.Context, q Query) (Page, error) {
	people, reading, err := l.people.present(ctx, l.db)
	if err != nil {
		return Page{}, err
	}
	query := store.UserQuery{Tab: q.Tab, Sort: q.Sort, Descending: q.Descending, Cursor: store.ParseCursor(q.Cursor, q.Sort),
		Limit: cmp.Or(q.Limit, PerPage)}
	page, err := l.people.listPage(ctx, l.db, query)
	if err == nil && len(page.IDs) == 0 && query.Cursor.ID != 0 && q.Limit == 0 { // the people beyond the cursor are gone
		query.Cursor = query.Cursor.Remaining()
		page, err = l.people.listPage(ctx, l.db, query)
	}
	if err != nil {
		return Page{}, err
	}
	rows, err := l.people.rows(ctx, l.db, page.IDs)
	if err != nil {
		return Page{}, err
	}
	listed := Page{Rows: rows, Next: page.Next.String(), Prev: page.Prev.String()}
	if reading != nil {
		listed.Counts, err = l.counted(ctx)
		return listed, err
	}
	listed.Counts = Counts(people.Counts(directory.Query{}))
	return listed, nil
}

// counted lets the database count, which takes a fifth of a second at 1,000,000 people where the directory knows the numbers.
func (l *List) counted(ctx context.Context) (Counts, error) {
	counts, err := l.db.CountTabs(ctx)
	if err != nil {
		return Counts{}, fmt.Errorf("count people: %w", err)
	}
	return Counts{counts[store.TabAll], counts[store.TabActive], counts[store.TabInvited], counts[store.TabDisabled]}, nil
}

// search is q as the directory understands it.
func (l *List) search(ctx context.Context, q Query) (directory.Query, error) {
	query := directory.Query{Tab: tabs[q.Tab], Search: q.Search, Sort: sorts[q.Sort], Descending: q.Descending,
		Limit: cmp.Or(q.Limit, PerPage), CountLimit: CountedTo, NeverAuth: q.LastAuth == "never"}
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
		query.LastAuthBefore = int64(store.At(l.now().Add(-longAgo)))
	}
	if q.Group == 0 {
		return query, nil
	}
	members, err := l.members.of(ctx, l.db.Queries, q.Group)
	query.Among = members.has
	return query, err
}

var (
	tabs = map[store.Tab]directory.Tab{
		store.TabAll:      directory.All,
		store.TabActive:   directory.Active,
		store.TabInvited:  directory.Invited,
		store.TabDisabled: directory.Disabled,
	}
	sorts = map[store.Sort]directory.Sort{
		store.SortName: directory.Name, store.SortRole: directory.Role, store.SortEmail: directory.Email, store.SortLastAuth: directory.LastAuth,
	}
)

// Matching returns the ids of everybody that the list in state q is about, by id.
func (l *List) Matching(ctx context.Context, q Query) ([]int64, error) {
	people, err := l.people.current(ctx, l.db)
	if err != nil {
		return nil, err
	}
	query, err := l.search(ctx, q)
	if err != nil {
		return nil, err
	}
	return people.IDs(query), nil
}
