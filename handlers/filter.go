package handlers

import (
	"slices"
	"strconv"

	"console/internal/account"
	"console/internal/permission"
)

// filters reads what a list is narrowed by, and notes what of it is not understood. A list, a file or an action for everybody would look
// narrowed and not be.
type filters struct {
	value func(name string) string
	wrong account.Fields
}

// filtersOf reads filters with a function that returns "" for those that are not set.
func filtersOf(value func(name string) string) filters { return filters{value, account.Fields{}} }

// refuse notes that the value of a filter is not understood.
func (f filters) refuse(name string) {
	f.wrong[name] = "There is nothing like that to narrow the list by (" + name + "). Choose what the list offers."
}

// one returns the value of a filter that has one of several, or "".
func (f filters) one(name string, of ...string) string {
	value := f.value(name)
	if value != "" && !slices.Contains(of, value) {
		f.refuse(name)
		return ""
	}
	return value
}

// id returns the id that a filter has, or 0.
func (f filters) id(name string) int64 {
	value := f.value(name)
	if value == "" {
		return 0
	}
	id, err := strconv.ParseInt(value, 10, 64)
	if err != nil || id < 0 {
		f.refuse(name)
		return 0
	}
	return id
}

// role returns the role that a list is narrowed to, or "".
func (f filters) role() permission.Role {
	value := f.value("role")
	role, known := permission.ParseRole(value)
	if value != "" && !known {
		f.refuse("role")
	}
	return role
}
