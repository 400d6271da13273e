package directory

import (
	"math"
	"slices"
)

// selection collects the first rows of an order that lie beyond a position. It is used by one goroutine.
type selection struct {
	order  *order
	size   int
	from   *position  // nil: from the beginning
	heap   []position // the last of the order on top
	behind bool       // there are rows at the position or before it
	row    position   // the one looked at; here because copying it costs more than comparing it
	room   *column
}

// offered are rows of one segment. chosen (nil: all are) and inexact are asked only where it matters.
type offered struct {
	*segment
	rows            *bitmap
	chosen, inexact func(row int) bool
}

// visit takes those of the rows that belong into the selection.
func (s *selection) visit(o *offered) {
	seg, rows := o.segment, o.rows
	if s.order.sort == Name && seg.many(rows) {
		s.visitByName(o)
		return
	}
	if s.room == nil && s.order.sort != Name {
		s.room = new(column)
	}
	keys, turn := s.order.keys(seg, rows, s.room), s.order.turn()
	least, greatest := s.least(), s.greatest()
	for row := range rows.rows() {
		if key := keys[row] ^ turn; key <= greatest {
			s.take(o, row, key, least)
			greatest = s.greatest()
		}
	}
}

// visitByName goes through the rows in their order, as far as the selection reaches: where many rows are on offer, it soon
// needs none of the rest.
func (s *selection) visitByName(o *offered) {
	seg, rows, byName := o.segment, o.rows, o.segment.index.byName
	turn, least, last := s.order.turn(), s.least(), len(byName)-1
	for i := 0; i <= last; i++ {
		row := int(byName[i])
		if s.order.down {
			row = int(byName[last-i])
		}
		key := seg.nameKey[row] ^ turn
		if key > s.greatest() {
			return
		}
		if rows.has(row) && (key >= least || !s.behind) {
			s.take(o, row, key, least)
		}
	}
}

// take takes a row into the selection if it belongs there.
func (s *selection) take(o *offered, row int, key, least uint64) {
	if key < least {
		s.behind = s.behind || o.chosen == nil || o.chosen(row)
		return
	}
	if o.chosen != nil && !o.chosen(row) {
		return
	}
	s.row.key = key
	if s.order.exact {
		s.row.rank = s.order.rank(o.inexact(row))
	}
	s.offer(o.segment, row)
}

// greatest returns the key that no further row may exceed, whatever its rank.
func (s *selection) greatest() uint64 {
	if len(s.heap) < s.size || s.heap[0].rank > 0 {
		return math.MaxUint64
	}
	return s.heap[0].key
}

// least returns the key below which rows lie before the page, whatever their rank.
func (s *selection) least() uint64 {
	if s.from == nil || s.from.rank < s.order.lastRank() {
		return 0
	}
	return s.from.key
}

// offer takes one row, whose rank and key are in s.row, if it belongs into the selection.
func (s *selection) offer(seg *segment, row int) {
	if s.from != nil && s.row.rank == s.from.rank && s.row.key < s.from.key {
		s.behind = true
		return
	}
	s.order.locate(&s.row, seg, row)
	full := len(s.heap) == s.size
	switch {
	case full && s.order.before(&s.heap[0], &s.row):
	case s.from != nil && !s.order.before(s.from, &s.row):
		s.behind = true
	case full:
		s.heap[0] = s.row
		s.sink()
	default:
		s.heap = append(s.heap, s.row)
		s.rise()
	}
}

// sink moves the top down to where it belongs.
func (s *selection) sink() {
	for at := 0; ; {
		child := 2*at + 1
		if child >= len(s.heap) {
			return
		}
		if child+1 < len(s.heap) && s.order.before(&s.heap[child], &s.heap[child+1]) {
			child++
		}
		if s.order.before(&s.heap[child], &s.heap[at]) {
			return
		}
		s.heap[at], s.heap[child] = s.heap[child], s.heap[at]
		at = child
	}
}

// rise moves the last position up to where it belongs.
func (s *selection) rise() {
	for at := len(s.heap) - 1; at > 0; {
		parent := (at - 1) / 2
		if s.order.before(&s.heap[at], &s.heap[parent]) {
			return
		}
		s.heap[at], s.heap[parent] = s.heap[parent], s.heap[at]
		at = parent
	}
}

// page returns the selected rows but the one too many, which says that there are more.
func (s *selection) page(backwards bool) Page {
	slices.SortFunc(s.heap, func(a, b position) int { return s.order.compare(&a, &b) })
	rows, more := s.heap, len(s.heap) >= s.size
	if more {
		rows = rows[:s.size-1]
	}
	if len(rows) == 0 {
		return Page{}
	}
	page := Page{HasNext: more, HasPrev: s.behind}
	if backwards {
		slices.Reverse(rows)
		page.HasNext, page.HasPrev = s.behind, more
	}
	if page.HasNext {
		page.Next = s.order.cursor(rows[len(rows)-1])
	}
	if page.HasPrev {
		page.Prev = s.order.cursor(rows[0])
	}
	page.IDs = make([]int64, len(rows))
	for i := range rows {
		page.IDs[i] = rows[i].id
	}
	return page
}
