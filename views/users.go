package views

import (
	"net/url"
	"strconv"
	"time"

	"console/store"
)

// UsersPage is the user list.
type UsersPage struct {
	Query      store.UserQuery
	Counts     store.UserCounts
	Rows       []store.ListedUser
	Next, Prev string // queries of the neighbouring pages, such as "tab=all&after=…"; empty: there is none
	TrialMail  bool   // mails are kept here, and can be read here
	Now        time.Time
}

type userTab struct {
	tab   store.Tab
	label string
	count func(store.UserCounts) int
}

var userTabs = [...]userTab{
	{store.TabAll, "All", func(c store.UserCounts) int { return c.All }},
	{store.TabActive, "Active", func(c store.UserCounts) int { return c.Active }},
	{store.TabInvited, "Invited", func(c store.UserCounts) int { return c.Invited }},
	{store.TabDisabled, "Disabled", func(c store.UserCounts) int { return c.Disabled }},
}

// countLabel is the number on a tab. While searching, numbers are exact up to a thousand.
func (p UsersPage) countLabel(n int) string {
	if p.Query.Search != "" && n > 1000 {
		return "1000+"
	}
	return strconv.Itoa(n)
}

// shown is how many people the chosen tab has.
func (p UsersPage) shown() int {
	for _, t := range userTabs {
		if t.tab == p.Query.Tab {
			return t.count(p.Counts)
		}
	}
	return p.Counts.All
}

// announcement is what a screen reader says when the list has been drawn again.
func (p UsersPage) announcement() string {
	if n := p.shown(); n != 1 {
		return p.countLabel(n) + " users"
	}
	return "1 user"
}

// usersQuery is the query of a user list; what is as usual is left out.
func usersQuery(q store.UserQuery) string {
	values := url.Values{}
	if q.Tab != "" && q.Tab != store.TabAll {
		values.Set("tab", string(q.Tab))
	}
	if q.Search != "" {
		values.Set("q", q.Search)
	}
	if sorted(q) {
		values.Set("sort", string(q.Sort))
	}
	if q.Descending {
		values.Set("dir", "desc")
	}
	if len(values) == 0 {
		return ""
	}
	return "?" + values.Encode()
}

// sorted says that the list is in another order than the usual one.
func sorted(q store.UserQuery) bool { return q.Sort != "" && q.Sort != store.SortName }

func (p UsersPage) inTab(tab store.Tab) store.UserQuery {
	q := p.Query
	q.Tab = tab
	return q
}

// sortedBy is the list ordered by a column; a column it is ordered by already turns round.
func (p UsersPage) sortedBy(sort store.Sort) store.UserQuery {
	q := p.Query
	q.Descending = p.by(sort) && !q.Descending
	q.Sort = sort
	return q
}

func (p UsersPage) by(sort store.Sort) bool {
	return p.Query.Sort == sort || (p.Query.Sort == "" && sort == store.SortName)
}

func (p UsersPage) ariaSort() string {
	if p.Query.Descending {
		return "descending"
	}
	return "ascending"
}

func (p UsersPage) arrow() string {
	if p.Query.Descending {
		return "arrow-down"
	}
	return "arrow-up"
}

// mailTrouble says why the invitation mail has not arrived; empty when nothing is wrong.
func mailTrouble(u store.ListedUser) string {
	switch {
	case u.MailError == "":
		return ""
	case u.MailState == store.Failed:
		return "Mail not sent: " + u.MailError
	case u.MailState == store.Waiting:
		return "Mail not sent yet, trying again: " + u.MailError
	}
	return ""
}

// emptyTab is what an empty tab says.
type emptyTab struct{ title, next string }

var emptyTabs = map[store.Tab]emptyTab{
	store.TabAll:      {"There are no users yet", "Add the people who work with you."},
	store.TabActive:   {"Nobody is active", "People become active when they sign up through their invitation."},
	store.TabInvited:  {"Nobody is waiting to sign up", "People you invite are listed here until they have signed up."},
	store.TabDisabled: {"Nobody is disabled", "People whose access has been disabled are listed here."},
}
