package directory

import (
	"cmp"
	"slices"
	"unicode/utf8"
)

// index is what searches go by instead of looking at the text of each row of a segment. It takes 44 bytes for each person.
type index struct {
	begins [segmentSize]uint64 // at which of the first 64 bytes of the text a word begins
	grams  [gramCount]bitmap   // the rows whose text may contain a gram
	byName []uint16            // the rows by nameKey; none before the segment is full
}

// BuildIndex makes searches quick. Before it has been called they look at every text, which takes up to 40 ms for a million people instead
// of 8. Making the index of so many takes a second, which whoever searches first need not wait for: others may go on meanwhile. It is kept
// up to date from then on.
func (d *Directory) BuildIndex() {
	for s := d.unindexed(); s != nil; s = d.unindexed() {
		made := newIndex(s) // outside the lock: a full segment keeps its texts
		d.mu.Lock()
		s.index = made
		d.mu.Unlock()
	}
}

// unindexed returns a full segment without an index. Where there is none it gives the tail one, which from then on is kept up to date.
func (d *Directory) unindexed() *segment {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, s := range d.segments {
		if s != nil && s.index == nil && i != d.tail {
			return s
		}
	}
	if tail := d.segments[d.tail]; tail.index == nil {
		tail.index = newIndex(tail)
	}
	return nil
}

func newIndex(s *segment) *index {
	x := &index{}
	for row := range s.n {
		x.add(row, s.textOf(row))
	}
	if s.full() {
		x.sort(s)
	}
	return x
}

// add notes where the words of a row begin, and its grams.
func (x *index) add(row int, text []byte) {
	for i := range len(text) - 2 {
		x.grams[trigram(text[i], text[i+1], text[i+2])].add(row)
	}
	var begins uint64
	inside := false // whether the character before is in a word
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if text[i] != separator && (!inside || beginsAlways(r)) {
			x.grams[wordGram(text[i:i+1])].add(row)
			x.grams[wordGram(text[i:i+2])].add(row)
			begins |= 1 << i // nothing where i is 64 or more
		}
		inside = inWord(r)
		i += size
	}
	x.begins[row] = begins
}

// many reports whether a segment offers so many rows that it is quicker to go through all of them in their order until there are enough.
func (s *segment) many(rows *bitmap) bool {
	return s.index != nil && len(s.index.byName) > 0 && rows.count()*16 > len(s.index.byName)
}

// sort orders the rows of a segment that is full.
func (x *index) sort(s *segment) {
	x.byName = make([]uint16, s.n)
	for i := range x.byName {
		x.byName[i] = uint16(i)
	}
	slices.SortFunc(x.byName, func(a, b uint16) int { return cmp.Compare(s.nameKey[a], s.nameKey[b]) })
}
