package permission

import "strings"

// byKey finds a permission by what String writes.
var byKey = func() map[string]Permission {
	all := map[string]Permission{}
	for p := range everything().All() {
		all[p.String()] = p
	}
	return all
}()

// viewOnly are the resources of which a set of one's own offers View only: changing them takes the role Administrator or
// Global Administrator.
var viewOnly = [len(resources)]bool{Users: true, Groups: true, General: true, Tenants: true}

// Custom reports whether a set of one's own may be given p: it has an effect, and takes no role.
func (p Permission) Custom() bool {
	switch {
	case !p.Exists():
		return false
	case p.Resource == Activity:
		return p.Action == View || p.Action == Export // nobody changes what was written down
	}
	return p.Action == View || !viewOnly[p.Resource]
}

// Keeping returns the set of one's own that s becomes in place of before: what before holds and is offered no more stays,
// for as long as View of its resource does.
func (s Set) Keeping(before Set) Set {
	for p := range before.All() {
		if !p.Custom() && s.Has(Permission{p.Resource, View}) {
			s = s.With(p)
		}
	}
	return s
}

// ParseSet reads what Set.String writes. Keys that do not exist, or no longer, are left out.
func ParseSet(keys string) Set {
	var s Set
	for key := range strings.FieldsSeq(keys) {
		if p, known := byKey[key]; known {
			s = s.With(p)
		}
	}
	return s
}

// String returns the keys in table order, separated by spaces.
func (s Set) String() string {
	var keys []string
	for p := range s.All() {
		keys = append(keys, p.String())
	}
	return strings.Join(keys, " ")
}

// Blind returns the first permission that the set holds without View of the same resource. In a set of one's own it has
// no effect and is refused; fixed roles are as they are.
func (s Set) Blind() (Permission, bool) {
	for p := range s.All() {
		if !s.Has(Permission{p.Resource, View}) {
			return p, true
		}
	}
	return Permission{}, false
}

// Len returns how many permissions the set holds.
func (s Set) Len() int {
	n := 0
	for range s.All() {
		n++
	}
	return n
}
