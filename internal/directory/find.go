package directory

import (
	"bytes"
	"math/bits"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// Query chooses people. The zero value but for Limit is the first page of everybody listed, by name.
type Query struct {
	Tab            Tab
	Search         string              // in name, email and label of the role; see Find
	Roles          []string            // keys; none: all roles
	SecondFactor   *bool               // nil: with and without
	LastAuthBefore int64               // milliseconds UTC: only people who signed in, but not since; 0: no matter
	NeverAuth      bool                // only people who never signed in; with LastAuthBefore, these too
	Among          func(id int64) bool // nil: everybody; called at once from several goroutines, must not use the directory
	Sort           Sort
	Descending     bool // turns everything round, the order of equal rows too
	After, Before  Cursor
	Last           bool // the last page, where neither After nor Before is given
	Limit          int
	CountLimit     int // 0: Find counts everybody; else it may stop once every tab has more
}

// start returns where the page begins and whether it goes backwards from there.
func (q Query) start() (c Cursor, backwards bool) {
	if q.After.ID > 0 && q.After.Sort == q.Sort {
		return q.After, false
	}
	if q.Before.ID > 0 && q.Before.Sort == q.Sort {
		return q.Before, true
	}
	return Cursor{}, q.Last
}

// Page is a part of the list. One beyond the first or last row is empty and leads nowhere.
type Page struct {
	IDs              []int64
	Counts           Counts
	HasNext, HasPrev bool
	Next             Cursor // for Query.After, where HasNext
	Prev             Cursor // for Query.Before, where HasPrev
}

// Find returns the Limit people after After, or before Before (After wins; a cursor of another sort counts as none), and how many
// people there are under each tab: exactly, or, with a CountLimit, some number above it in every tab.
//
// The term of a search matches in the name, the email or the label of the role, whatever the case and as far as the fold
// function goes: from three characters on anywhere, shorter ones where a word begins. By Name ascending, those whom it
// matches with its accents come first.
func (d *Directory) Find(q Query) Page {
	d.mu.RLock()
	defer d.mu.RUnlock()
	search := d.prepare(q)
	start, backwards := q.start()
	o := newOrder(q, backwards, d.roles.roles)
	o.exact = search.term != nil && q.Sort == Name && !q.Descending
	first := selection{order: o, size: min(max(q.Limit, 0), d.people) + 1, from: o.of(start)}
	scans := eachSegment(d.segments, func() *scan {
		return &scan{finder: search.finder(), kept: search.keptFinder(), selection: first}
	}, func(s *scan, index int) { s.visit(search, d.segments[index]) })
	all := merge(scans)
	page := all.selection.page(backwards)
	page.Counts = all.counts.named()
	return page
}

// IDs returns all people of the query's tab, in ascending order; sort, cursors and limit play no part.
func (d *Directory) IDs(q Query) []int64 {
	d.mu.RLock()
	defer d.mu.RUnlock()
	search := d.prepare(q)
	bySegment := make([][]int64, len(d.segments))
	eachSegment(d.segments, search.finder, func(f *finder, index int) {
		seg := d.segments[index]
		rows := search.matches(seg, f)
		ids := make([]int64, 0, rows.countAnd(&seg.tabs[q.Tab]))
		rows.and(&seg.tabs[q.Tab])
		for row := range rows.rows() {
			ids = append(ids, seg.ids[row])
		}
		bySegment[index] = ids
	})
	ids := slices.Concat(bySegment...)
	slices.Sort(ids) // quick where people came in the order of their ids
	return ids
}

// Counts returns how many people there are under each tab, for the search and the filters of the query.
func (d *Directory) Counts(q Query) Counts {
	d.mu.RLock()
	defer d.mu.RUnlock()
	search := d.prepare(q)
	if search.everybody() {
		return tabCounts(d.counts).named()
	}
	type part struct {
		finder *finder
		counts tabCounts
	}
	parts := eachSegment(d.segments, func() *part { return &part{finder: search.finder()} }, func(p *part, index int) {
		seg := d.segments[index]
		rows := search.matches(seg, p.finder)
		p.counts.add(&rows, seg)
	})
	var sum tabCounts
	for _, p := range parts {
		sum.merge(p.counts)
	}
	return sum.named()
}

// tabCounts are numbers by tab.
type tabCounts [tabCount]int

func (c *tabCounts) add(rows *bitmap, seg *segment) {
	for tab := range c {
		c[tab] += rows.countAnd(&seg.tabs[tab])
	}
}

func (c *tabCounts) merge(other tabCounts) {
	for tab := range c {
		c[tab] += other[tab]
	}
}

func (c tabCounts) named() Counts { return Counts{c[All], c[Active], c[Invited], c[Disabled]} }

// search is the part of a query that chooses people whatever their tab, with the roles looked at already. It is shared.
type search struct {
	query      Query
	term       *term
	wanted     []bool // by number of the role; nil: all
	found      []bool // the roles whose label matches the term
	foundKept  []bool // and those where it does with its accents
	foundARole bool
	counted    [tabCount]atomic.Int64 // so far, by all goroutines
}

func (d *Directory) prepare(q Query) *search {
	s := &search{query: q, term: newTerm(q.Search, d.fold)}
	roles := d.roles.roles
	if len(q.Roles) > 0 {
		s.wanted = make([]bool, len(roles))
		for i, r := range roles {
			s.wanted[i] = slices.Contains(q.Roles, r.key)
		}
	}
	if s.term == nil {
		return s
	}
	folded, kept := s.finder(), s.keptFinder()
	s.found, s.foundKept = make([]bool, len(roles)), make([]bool, len(roles))
	for i, r := range roles {
		s.found[i], s.foundKept[i] = folded.in(r.folded), kept.in(r.kept)
		s.foundARole = s.foundARole || s.found[i]
	}
	return s
}

// everybody reports that the query leaves nobody out but by tab.
func (s *search) everybody() bool {
	q := s.query
	return s.term == nil && s.wanted == nil && q.SecondFactor == nil && q.LastAuthBefore == 0 && !q.NeverAuth && q.Among == nil
}

// finder looks for the folded term; nil without a term.
func (s *search) finder() *finder {
	if s.term == nil {
		return nil
	}
	return &finder{needle: s.term.folded, anywhere: s.term.anywhere}
}

// keptFinder looks for the term with its accents; nil without a term.
func (s *search) keptFinder() *finder {
	if s.term == nil {
		return nil
	}
	return &finder{needle: s.term.kept, anywhere: s.term.anywhere}
}

// matches returns the rows of a segment that the query chooses, whatever their tab.
func (s *search) matches(seg *segment, f *finder) bitmap {
	rows := s.filtered(seg)
	if s.term != nil {
		texts, labels := s.searched(seg, &rows)
		if !s.settled(seg) {
			texts.keep(func(row int) bool { return f.inRow(seg, row) })
		}
		rows = texts
		rows.or(&labels)
	}
	if s.query.Among != nil {
		rows.keep(func(row int) bool { return s.query.Among(seg.ids[row]) })
	}
	return rows
}

// candidates returns the rows of a segment that the query may choose; chooses says whether it does.
func (s *search) candidates(seg *segment) bitmap {
	rows := s.filtered(seg)
	if s.term != nil {
		texts, labels := s.searched(seg, &rows)
		rows = texts
		rows.or(&labels)
	}
	return rows
}

// chooses reports whether the query chooses one of its candidates.
func (s *search) chooses(seg *segment, row int, f *finder) bool {
	if s.query.Among != nil && !s.query.Among(seg.ids[row]) {
		return false
	}
	return s.settled(seg) || s.foundARole && s.found[seg.role[row]] || f.inRow(seg, row)
}

// certain reports that the query chooses all its candidates of a segment.
func (s *search) certain(seg *segment) bool { return s.query.Among == nil && s.settled(seg) }

// settled reports that the texts of candidates need not be looked at.
func (s *search) settled(seg *segment) bool {
	return s.term == nil || s.term.settled && seg.index != nil
}

// filtered returns the rows of a segment that pass the filters, but for Among.
func (s *search) filtered(seg *segment) bitmap {
	rows := seg.live
	if s.query.SecondFactor != nil && *s.query.SecondFactor {
		rows.and(&seg.twoFactor)
	}
	if s.query.SecondFactor != nil && !*s.query.SecondFactor {
		rows.andNot(&seg.twoFactor)
	}
	if s.wanted != nil {
		wanted := seg.withRole(s.wanted)
		rows.and(&wanted)
	}
	if s.query.LastAuthBefore != 0 || s.query.NeverAuth {
		rows.keep(func(row int) bool { return s.lastAuth(seg.lastAuth[row]) })
	}
	return rows
}

func (s *search) lastAuth(ms int64) bool {
	if ms == 0 {
		return s.query.NeverAuth
	}
	return ms < s.query.LastAuthBefore
}

// searched returns those of rows whose texts the grams do not exclude, and, not among them, those whose label the term matches.
func (s *search) searched(seg *segment, rows *bitmap) (texts, labels bitmap) {
	texts = *rows
	if seg.index != nil {
		for _, gram := range s.term.grams {
			texts.and(&seg.index.grams[gram])
		}
	}
	if s.foundARole {
		labels = seg.withRole(s.found)
		labels.and(rows)
		texts.andNot(&labels)
	}
	return texts, labels
}

// inexact reports that a row which matches the term does not match it with its accents.
func (s *search) inexact(seg *segment, row int, kept *finder) bool {
	switch accents := seg.keptOf(row); {
	case len(accents) == 0 && !s.foundARole:
		return s.term.accents // if not, the text matches, and it has none either
	case s.foundKept[seg.role[row]] || len(accents) > 0 && kept.in(accents):
		return false
	case s.term.accents:
		return true // a text that has none cannot contain them
	case len(accents) == 0:
		return !kept.inRow(seg, row)
	case bytes.IndexByte(accents, separator) < len(accents)-1:
		return true // the email was in it
	}
	return !kept.in(seg.textOf(row)[seg.emailAt[row]:])
}

// scan is what one goroutine of a Find works with.
type scan struct {
	finder, kept *finder
	counts       tabCounts
	selection    selection
}

func (s *scan) visit(search *search, seg *segment) {
	rows, before := search.candidates(seg), s.counts
	var chosen func(row int) bool
	if search.certain(seg) {
		s.counts.add(&rows, seg)
	} else {
		asked := s.count(search, seg, &rows)
		chosen = func(row int) bool { return asked.has(row) || search.chooses(seg, row, s.finder) }
	}
	for tab := range before {
		search.counted[tab].Add(int64(s.counts[tab] - before[tab]))
	}
	rows.and(&seg.tabs[search.query.Tab])
	s.selection.visit(&offered{seg, &rows, chosen, func(row int) bool { return search.inexact(seg, row, s.kept) }})
}

// count counts the candidates that the query chooses and takes the others out of rows. Once a tab has been counted as far
// as is asked for, those who are under no other are not looked at: most are told by their place in the order alone that they
// are not on the page. It returns the rows it has looked at.
func (s *scan) count(search *search, seg *segment, rows *bitmap) (asked bitmap) {
	for i := range rows {
		var uncounted uint64
		for tab := range s.counts {
			if !s.countedEnough(search, tab) {
				uncounted |= seg.tabs[tab][i]
			}
		}
		asked[i] = rows[i] & uncounted
		for rest := asked[i]; rest != 0; rest &= rest - 1 {
			if bit := bits.TrailingZeros64(rest); !search.chooses(seg, i<<6|bit, s.finder) {
				rows[i] &^= 1 << bit
			}
		}
		for tab := range s.counts {
			s.counts[tab] += bits.OnesCount64(rows[i] & asked[i] & seg.tabs[tab][i])
		}
	}
	return asked
}

// countedEnough reports that a tab has more people than are to be counted.
func (s *scan) countedEnough(search *search, tab int) bool {
	limit := search.query.CountLimit
	return limit > 0 && (s.counts[tab] > limit || search.counted[tab].Load() > int64(limit))
}

// merge puts the findings of all goroutines into the first one's.
func merge(scans []*scan) *scan {
	all := scans[0]
	for _, s := range scans[1:] {
		all.counts.merge(s.counts)
		all.selection.heap = append(all.selection.heap, s.selection.heap...)
		all.selection.behind = all.selection.behind || s.selection.behind
	}
	return all
}

// eachSegment visits every segment, from as many goroutines as there are processors, and returns their workers. The order is
// random: a list that is stored in the opposite of the order asked for would change the selection with every row.
func eachSegment[W any](segments []*segment, newWorker func() W, visit func(worker W, index int)) []W {
	turns := rand.Perm(len(segments)) //nolint:gosec // nobody gains by guessing the order
	workers := make([]W, min(runtime.GOMAXPROCS(0), len(segments)))
	var next atomic.Int64
	work := func(i int) {
		workers[i] = newWorker()
		for turn := next.Add(1); turn <= int64(len(turns)); turn = next.Add(1) {
			if index := turns[turn-1]; segments[index] != nil {
				visit(workers[i], index)
			}
		}
	}
	var others sync.WaitGroup
	for i := range len(workers) - 1 {
		others.Go(func() { work(i + 1) })
	}
	work(0)
	others.Wait()
	return workers
}
