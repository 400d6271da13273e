package views

import (
	"slices"

	"console/store"
)

// AddMembersPage finds people for a group. Fields: q, user_ids, emails.
type AddMembersPage struct {
	Group  store.Group
	Form   Form
	Search string
	Found  []store.ListedUser
	Chosen []store.User // ticked before
}

// announcement is what a screen reader says when the search has been answered.
func (p AddMembersPage) announcement() string {
	switch {
	case p.Search == "":
		return ""
	case len(p.Found) == 0:
		return "Nobody matches “" + p.Search + "”."
	}
	return quantity(len(p.Found), "user") + " shown" // the first of them
}

// besideName is what stands beside the name of a person: their address, unless it stands in for the name, and more.
func besideName(u store.User, more string) string {
	if u.Name() == "" {
		return more
	}
	return u.Email + " · " + more
}

// fresh are those found who are not ticked already.
func (p AddMembersPage) fresh() []store.User {
	var fresh []store.User
	for _, u := range p.Found {
		if !slices.ContainsFunc(p.Chosen, func(c store.User) bool { return c.ID == u.ID }) {
			fresh = append(fresh, u.User)
		}
	}
	return fresh
}
