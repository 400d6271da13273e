package permission

import "iter"

const wordBits = 64

// Set is a set of permissions. It is a value: comparable with ==, copied by assignment, the zero value is empty. It
// never holds a permission that does not exist.
type Set struct{ bits [2]uint64 }

// Every permission has a bit: all resources times all actions must fit.
var _ [2*wordBits - len(resources)*len(actions)]struct{}

func (p Permission) bit() (word int, mask uint64) {
	n := int(p.Resource)*len(actions) + int(p.Action)
	return n / wordBits, 1 << (n % wordBits)
}

// Has reports whether the set holds p.
func (s Set) Has(p Permission) bool {
	if !p.Exists() {
		return false
	}
	word, mask := p.bit()
	return s.bits[word]&mask != 0
}

// With returns the set plus the given permissions; those that do not exist are left out.
func (s Set) With(permissions ...Permission) Set {
	for _, p := range permissions {
		if p.Exists() {
			word, mask := p.bit()
			s.bits[word] |= mask
		}
	}
	return s
}

// Union returns what either set holds.
func (s Set) Union(other Set) Set {
	for i, word := range other.bits {
		s.bits[i] |= word
	}
	return s
}

// Intersect returns what both sets hold.
func (s Set) Intersect(other Set) Set {
	for i, word := range other.bits {
		s.bits[i] &= word
	}
	return s
}

// Minus returns what s holds and other does not.
func (s Set) Minus(other Set) Set {
	for i, word := range other.bits {
		s.bits[i] &^= word
	}
	return s
}

// Contains reports whether s holds everything that other holds.
func (s Set) Contains(other Set) bool { return other.Minus(s).Empty() }

// Empty reports whether the set holds nothing.
func (s Set) Empty() bool { return s == Set{} }

// All iterates over the permissions in table order: by resource, then by action.
func (s Set) All() iter.Seq[Permission] {
	return func(yield func(Permission) bool) {
		for _, r := range Resources() {
			for _, a := range Actions() {
				if p := (Permission{r, a}); s.Has(p) && !yield(p) {
					return
				}
			}
		}
	}
}
