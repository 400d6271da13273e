package directory

import (
	"iter"
	"math/bits"
)

// bitmap is a set of the rows of a segment.
type bitmap [segmentSize / 64]uint64

func (b *bitmap) has(row int) bool { return b[row>>6]>>(row&63)&1 != 0 }

func (b *bitmap) add(row int) { b[row>>6] |= 1 << (row & 63) }

func (b *bitmap) set(row int, member bool) {
	if member {
		b.add(row)
	} else {
		b[row>>6] &^= 1 << (row & 63)
	}
}

func (b *bitmap) and(other *bitmap) {
	for i := range b {
		b[i] &= other[i]
	}
}

func (b *bitmap) or(other *bitmap) {
	for i := range b {
		b[i] |= other[i]
	}
}

func (b *bitmap) andNot(other *bitmap) {
	for i := range b {
		b[i] &^= other[i]
	}
}

// count returns how many rows are in the set.
func (b *bitmap) count() (n int) {
	for _, word := range b {
		n += bits.OnesCount64(word)
	}
	return n
}

// countAnd returns how many rows are in both sets.
func (b *bitmap) countAnd(other *bitmap) (n int) {
	for i := range b {
		n += bits.OnesCount64(b[i] & other[i])
	}
	return n
}

// keep leaves the rows that are wanted.
func (b *bitmap) keep(wanted func(row int) bool) {
	for i, word := range b {
		for rest := word; rest != 0; rest &= rest - 1 {
			bit := bits.TrailingZeros64(rest)
			if !wanted(i<<6 | bit) {
				b[i] &^= 1 << bit
			}
		}
	}
}

// rows goes through the set in ascending order.
func (b *bitmap) rows() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, word := range b {
			for ; word != 0; word &= word - 1 {
				if !yield(i<<6 | bits.TrailingZeros64(word)) {
					return
				}
			}
		}
	}
}
