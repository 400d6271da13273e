// Package directory holds the people of the user list in memory, so that searching, filtering, counting and paging a
// million of them takes milliseconds. It is a copy that the caller keeps in step with the database.
//
// There are two ways to list people, because neither is good at both. A plain list walks an index of the database: any page in any
// order takes 0.3 ms at 1,000,000 people, sorted by keys that the database has anyway. A search has no such index: earlier
// trials took 304 ms with instr() along a covering index and 1,118 ms with FTS5 trigrams, and the tabs had to be counted
// besides. Here the slowest search takes 8 ms with the numbers on all tabs (bench/README.md).
package directory

import (
	"slices"
	"sync"
)

// Tab is a part of the user list.
type Tab uint8

// The tabs of the user list. All holds the people who are Listed; the others go by status, whether listed or not.
const (
	All Tab = iota
	Active
	Invited
	Disabled
)

// tabCount is the number of tabs.
const tabCount = 4

// Person is what the directory knows of somebody.
type Person struct {
	ID           int64 // 1 or more, never reused for somebody else
	Name         string
	Email        string
	Role         string // the key of the role, which Query.Roles chooses by
	RoleLabel    string // the name of the role, which is searched and sorted
	Status       Tab    // Active, Invited or Disabled
	Listed       bool   // false until somebody invited by link has signed up
	SecondFactor bool
	LastAuth     int64 // of the last sign-in, milliseconds UTC; 0 never
}

// Counts are the numbers on the tabs.
type Counts struct{ All, Active, Invited, Disabled int }

// Directory is a set of people. All its methods may be called at once from several goroutines; each sees the people as they
// were at one instant.
type Directory struct {
	fold func(string) (folded, kept string)

	mu       sync.RWMutex // guards everything below
	segments []*segment   // nil where a segment was given up
	unused   []int        // the indices of those
	tail     int          // the segment that grows
	places   places
	roles    roleTable
	counts   [tabCount]int
	people   int
	last     int64 // the highest id that there has been
}

// New returns an empty directory, without an index (BuildIndex). What fold returns first is equal for texts that are the same to a
// search, and what it returns second for those that differ in case alone. It must be idempotent, make composed and decomposed text
// equal, change characters whatever surrounds them (but the marks that follow), and may be called at once from several goroutines.
func New(fold func(string) (folded, kept string)) *Directory {
	d := &Directory{fold: fold, segments: []*segment{{}}, places: places{}}
	d.roles.index = map[roleName]uint32{}
	return d
}

// batchSize is how many people Put and Remove change before they let others have a turn: less than a millisecond.
const batchSize = 256

// Put adds people, or replaces those with the same id. Others may see a long list while it is half done.
func (d *Directory) Put(people ...Person) {
	records := make([]record, 0, min(len(people), batchSize))
	for batch := range slices.Chunk(people, batchSize) {
		records = records[:0]
		for _, p := range batch {
			records = append(records, newRecord(p, d.fold)) // the slow part, outside the lock
		}
		d.insertAll(batch, records)
	}
}

func (d *Directory) insertAll(people []Person, records []record) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, p := range people {
		records[i].role = d.roles.intern(p.Role, p.RoleLabel, d.fold)
		d.insert(records[i])
	}
}

// insert replaces the state of a person in place where the texts are the same: last sign-ins change most often.
func (d *Directory) insert(r record) {
	s, row, found := d.locate(r.id)
	if found && s.sameText(row, r) {
		d.recount(s, row, -1)
		s.setState(row, r)
		d.recount(s, row, +1)
		return
	}
	if found {
		d.drop(r.id)
	}
	d.append(r)
	d.people++
}

// append writes a record behind the last one.
func (d *Directory) append(r record) {
	if d.segments[d.tail].full() {
		d.grow()
	}
	s := d.segments[d.tail]
	row := s.append(r)
	d.places.set(r.id, newPlace(d.tail, row))
	d.last = max(d.last, r.id)
	d.recount(s, row, +1)
}

// grow makes an empty segment the tail.
func (d *Directory) grow() {
	before, tail := d.tail, &segment{}
	d.segments[before].close()
	if d.segments[before].index != nil {
		tail.index = &index{}
	}
	if last := len(d.unused) - 1; last >= 0 {
		d.tail, d.unused = d.unused[last], d.unused[:last]
		d.segments[d.tail] = tail
	} else {
		d.tail = len(d.segments)
		d.segments = append(d.segments, tail)
	}
	d.compact(before)
}

// Remove forgets the people with these ids, if they are there.
func (d *Directory) Remove(ids ...int64) {
	for batch := range slices.Chunk(ids, batchSize) {
		d.removeAll(batch)
	}
}

func (d *Directory) removeAll(ids []int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, id := range ids {
		d.drop(id)
	}
}

// drop forgets one person. The texts stay in memory until the segment is compacted.
func (d *Directory) drop(id int64) {
	place := d.places.get(id)
	if place == 0 {
		return
	}
	s, row := d.segments[place.segment()], place.row()
	d.recount(s, row, -1)
	s.clear(row)
	d.places.unset(id)
	d.people--
	if place.segment() != d.tail {
		d.compact(place.segment())
	}
}

// compact moves the people of a segment that is more than half empty to the tail and gives it up: at most 4,095 people,
// two milliseconds.
func (d *Directory) compact(index int) {
	s := d.segments[index]
	if s.dead*2 <= s.n {
		return
	}
	d.segments[index] = nil
	d.unused = append(d.unused, index)
	for row := range s.live.rows() {
		d.recount(s, row, -1)
		d.append(s.record(row))
	}
}

func (d *Directory) locate(id int64) (s *segment, row int, found bool) {
	place := d.places.get(id)
	if place == 0 {
		return nil, 0, false
	}
	return d.segments[place.segment()], place.row(), true
}

// recount adds by to the tabs that a row is in.
func (d *Directory) recount(s *segment, row, by int) {
	for tab := range s.tabs {
		if s.tabs[tab].has(row) {
			d.counts[tab] += by
		}
	}
}

// Len returns the number of people, listed or not.
func (d *Directory) Len() int {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.people
}
