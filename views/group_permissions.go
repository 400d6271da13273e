package views

import (
	"cmp"

	"console/internal/permission"
)

// savedRole is the source role that the group has, as the form says it.
func (p GroupPage) savedRole() string { return cmp.Or(string(p.Group.Role), "custom") }

// custom says that the form shows a set of the group's own.
func (p GroupPage) custom() bool { return p.Form.Get("role") == "custom" }

// set is what the form shows as allowed.
func (p GroupPage) set() permission.Set {
	if !p.custom() {
		return permission.Role(p.Form.Get("role")).Set()
	}
	var set permission.Set
	for _, key := range p.Form.Values["permissions"] {
		if permission, known := permission.Parse(key); known {
			set = set.With(permission)
		}
	}
	return set.Keeping(p.Group.Custom)
}

// may says that the person who looks could grant a permission to the members of the group.
func (p GroupPage) may(perm permission.Permission) bool {
	for _, t := range p.Group.Tenants {
		if !p.Can.In(t.ID).Has(perm) {
			return false
		}
	}
	return true
}

// cell is one box of the table of permissions.
type cell struct {
	permission.Permission
	exists, on, offered bool
}

// keeps says that the set shows permissions that can be given no more.
func (p GroupPage) keeps() bool {
	for perm := range p.set().All() {
		if !perm.Custom() {
			return true
		}
	}
	return false
}

// cells are the boxes of a resource, in the order of the actions.
func (p GroupPage) cells(r permission.Resource, set permission.Set, had permission.Set) []cell {
	row := make([]cell, 0, len(permission.Actions()))
	for _, a := range permission.Actions() {
		perm := permission.Permission{Resource: r, Action: a}
		row = append(row, cell{perm, perm.Exists(), set.Has(perm), perm.Custom() && (had.Has(perm) || p.may(perm))})
	}
	return row
}
