package directory

import "strings"

// roleName tells roles apart: by the key, and by the label while some people still have the one before a renaming.
type roleName struct{ key, label string }

// role is a role with its label as it is searched and sorted.
type role struct {
	key          string
	folded, kept []byte
}

// roleTable numbers roles: rows hold the number, and a query looks at each role once. Roles are few and stay.
type roleTable struct {
	index map[roleName]uint32
	roles []role
}

func (t *roleTable) intern(key, label string, fold func(string) (folded, kept string)) uint32 {
	name := roleName{key, label}
	number, known := t.index[name]
	if !known {
		name = roleName{strings.Clone(key), strings.Clone(label)} // they may be parts of a text of many people, which is not to be kept
		folded, kept := fold(label)
		number = uint32(len(t.roles))
		t.roles = append(t.roles, role{name.key, []byte(folded), []byte(kept)})
		t.index[name] = number
	}
	return number
}
