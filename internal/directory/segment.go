package directory

import (
	"bytes"
)

const (
	segmentSize     = 8192     // people; small enough that a processor's cache holds what a search touches
	segmentMaxBytes = 64 << 20 // of text, so that offsets fit in 32 bits
)

// segment is a part of the directory, column by column. Rows are only added at the end; a person who leaves stays as a row
// that is not live, until compaction.
type segment struct {
	n, dead int // rows, and those not live

	ids       [segmentSize]int64
	lastAuth  [segmentSize]int64
	nameKey   column // the first bytes of what the row is sorted by under Name
	role      [segmentSize]uint32
	emailAt   [segmentSize]uint32 // where in the row's text the email begins
	textEnd   [segmentSize + 1]uint32
	keptEnd   [segmentSize + 1]uint32
	text      []byte // folded; a row's is from textEnd[row] to textEnd[row+1]
	kept      []byte // with accents, as in a record
	live      bitmap
	tabs      [tabCount]bitmap
	twoFactor bitmap
	index     *index // nil: a search looks at every text
}

func (s *segment) full() bool {
	return s.n == segmentSize || len(s.text)+len(s.kept) > segmentMaxBytes
}

// append adds a row and returns its number.
func (s *segment) append(r record) int {
	row := s.n
	s.n++
	s.ids[row] = r.id
	s.nameKey[row] = r.nameKey
	s.emailAt[row] = uint32(r.emailAt)
	s.text, s.kept = append(s.text, r.text...), append(s.kept, r.kept...)
	s.textEnd[row+1], s.keptEnd[row+1] = uint32(len(s.text)), uint32(len(s.kept))
	s.live.set(row, true)
	s.setState(row, r)
	if s.index != nil {
		s.index.add(row, r.text)
	}
	return row
}

// setState writes what changes without the name or the email.
func (s *segment) setState(row int, r record) {
	s.role[row], s.lastAuth[row] = r.role, r.lastAuth
	for tab := range s.tabs {
		s.tabs[tab].set(row, r.tabs[tab])
	}
	s.twoFactor.set(row, r.twoFactor)
}

// clear makes a row a gap.
func (s *segment) clear(row int) {
	s.live.set(row, false)
	s.dead++
}

// close ends the growth of a segment that is full, and gives back the room to grow.
func (s *segment) close() {
	s.text, s.kept = bytes.Clone(s.text), bytes.Clone(s.kept)
	if s.index != nil {
		s.index.sort(s)
	}
}

// record returns a row as append takes it; its texts are those of the segment.
func (s *segment) record(row int) record {
	r := record{
		id: s.ids[row], lastAuth: s.lastAuth[row], role: s.role[row], twoFactor: s.twoFactor.has(row),
		text: s.textOf(row), kept: s.keptOf(row), emailAt: int(s.emailAt[row]), nameKey: s.nameKey[row],
	}
	for tab := range s.tabs {
		r.tabs[tab] = s.tabs[tab].has(row)
	}
	return r
}

// withRole returns the rows whose role is wanted, live or not.
func (s *segment) withRole(wanted []bool) (rows bitmap) {
	for row, role := range s.role[:s.n] {
		var bit uint64
		if wanted[role] {
			bit = 1 // no jump, which would be mispredicted
		}
		rows[row>>6] |= bit << (row & 63)
	}
	return rows
}

func (s *segment) sameText(row int, r record) bool {
	return int(s.emailAt[row]) == r.emailAt && bytes.Equal(s.textOf(row), r.text) && bytes.Equal(s.keptOf(row), r.kept)
}

func (s *segment) textOf(row int) []byte { return s.text[s.textEnd[row]:s.textEnd[row+1]] }

// keptOf returns what a row's record has as kept.
func (s *segment) keptOf(row int) []byte { return s.kept[s.keptEnd[row]:s.keptEnd[row+1]] }

// name returns what a row is sorted by under Name.
func (s *segment) name(row int) []byte {
	if name := s.textOf(row)[:s.emailAt[row]-1]; len(name) > 0 {
		return name
	}
	return s.email(row)
}

func (s *segment) email(row int) []byte {
	text := s.textOf(row)
	return text[s.emailAt[row] : len(text)-1]
}
