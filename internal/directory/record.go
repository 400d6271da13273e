package directory

import (
	"cmp"
	"encoding/binary"
)

// separator ends each text of a row. It is in no UTF-8 text, so nothing that is searched for reaches over it.
const separator = 0xFF

// record is a person as a segment stores one.
type record struct {
	id, lastAuth int64
	role         uint32
	tabs         [tabCount]bool
	twoFactor    bool
	text         []byte // name and email, folded
	kept         []byte // the name with accents, and the email if it has any; empty without accents
	emailAt      int    // in text
	nameKey      uint64
}

// newRecord returns a person's record without the role, which only the directory can number.
func newRecord(p Person, fold func(string) (folded, kept string)) record {
	name, keptName := fold(p.Name)
	email, keptEmail := fold(p.Email)
	r := record{id: p.ID, lastAuth: p.LastAuth, twoFactor: p.SecondFactor, text: separated(name, email), emailAt: len(name) + 1}
	switch {
	case keptEmail != email:
		r.kept = separated(keptName, keptEmail)
	case keptName != name:
		r.kept = separated(keptName)
	}
	r.nameKey = sortPrefix(cmp.Or(name, email))
	r.tabs[p.Status] = true
	r.tabs[All] = p.Listed
	return r
}

func separated(texts ...string) []byte {
	size := len(texts)
	for _, text := range texts {
		size += len(text)
	}
	all := make([]byte, 0, size)
	for _, text := range texts {
		all = append(append(all, text...), separator)
	}
	return all
}

// sortPrefix returns the first eight bytes, which decide most comparisons.
func sortPrefix[T string | []byte](text T) uint64 {
	var prefix [8]byte
	copy(prefix[:], text)
	return binary.BigEndian.Uint64(prefix[:])
}
