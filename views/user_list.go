package views

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"console/internal/account"
	"console/internal/permission"
	"console/store"
)

const usersPath = "/settings/users"

// UsersPage is the user list.
type UsersPage struct {
	Query     account.UserQuery
	List      account.UserList
	Groups    []store.Group // to filter by
	TrialMail bool          // mails are kept here, and can be read here
	Now       time.Time
}

type userTab struct {
	tab   store.Tab
	label string
	count func(account.UserCounts) int
}

var userTabs = [...]userTab{
	{store.TabAll, "All", func(c account.UserCounts) int { return c.All }},
	{store.TabActive, "Active", func(c account.UserCounts) int { return c.Active }},
	{store.TabInvited, "Invited", func(c account.UserCounts) int { return c.Invited }},
	{store.TabDisabled, "Disabled", func(c account.UserCounts) int { return c.Disabled }},
}

// countLabel is the number on a tab. While searching, numbers are exact up to a thousand.
func (p UsersPage) countLabel(n int) string {
	if p.Query.Filtered() && n > account.CountedTo {
		return "1000+"
	}
	return strconv.Itoa(n)
}

// shown is how many people the chosen tab has.
func (p UsersPage) shown() int {
	for _, t := range userTabs {
		if t.tab == p.Query.Tab {
			return t.count(p.List.Counts)
		}
	}
	return p.List.Counts.All
}

// lists says that somebody of a status is in the list, on whichever page.
func (p UsersPage) lists(status store.Status) bool {
	for _, t := range userTabs {
		if string(t.tab) == string(status) && (p.Query.Tab == t.tab || p.Query.Tab == store.TabAll) {
			return t.count(p.List.Counts) > 0
		}
	}
	return false
}

// announcement is what a screen reader says when the list has been drawn again.
func (p UsersPage) announcement() string {
	if n := p.shown(); n != 1 {
		return p.countLabel(n) + " users"
	}
	return "1 user"
}

// maySelect says that the person can do something to several users at once.
func (p UsersPage) maySelect(ctx context.Context) bool {
	can := frame(ctx).Can
	return can.Has(permission.UsersUpdate) || can.Has(permission.UsersDelete)
}

// listFields are the fields that an address or a form needs to mean the same list; Label is the name. What is as usual
// is left out, and so is the place in the list.
func listFields(q account.UserQuery) (fields []option) {
	add := func(name, value string) {
		if value != "" {
			fields = append(fields, option{Value: value, Label: name})
		}
	}
	if q.Tab != store.TabAll {
		add("tab", string(q.Tab))
	}
	add("q", q.Search)
	add("role", string(q.Role))
	if q.Group != 0 {
		add("group", strconv.FormatInt(q.Group, 10))
	}
	add("twofa", q.SecondFactor)
	add("last_auth", q.LastAuth)
	if sorted(q) {
		add("sort", string(q.Sort))
	}
	if q.Descending {
		add("dir", "desc")
	}
	return fields
}

// usersQuery is the query of a user list.
func usersQuery(q account.UserQuery) string {
	values := url.Values{}
	for _, f := range listFields(q) {
		values.Set(f.Label, f.Value)
	}
	if q.Cursor != "" {
		values.Set("cursor", q.Cursor)
	}
	if len(values) == 0 {
		return ""
	}
	return "?" + values.Encode()
}

// sorted says that the list is in another order than the usual one.
func sorted(q account.UserQuery) bool { return q.Sort != "" && q.Sort != store.SortName }

func (p UsersPage) inTab(tab store.Tab) account.UserQuery {
	q := p.at("")
	q.Tab = tab
	return q
}

// at is the list from a cursor on.
func (p UsersPage) at(cursor string) account.UserQuery {
	q := p.Query
	q.Cursor = cursor
	return q
}

// everywhere is the same search on the tab that shows everybody.
func (p UsersPage) everywhere() account.UserQuery {
	return account.UserQuery{
		Tab:          store.TabAll,
		Search:       p.Query.Search,
		Role:         p.Query.Role,
		Group:        p.Query.Group,
		SecondFactor: p.Query.SecondFactor,
		LastAuth:     p.Query.LastAuth,
	}
}

// sortedBy is the list ordered by a column; a column it is ordered by already turns round.
func (p UsersPage) sortedBy(sort store.Sort) account.UserQuery {
	q := p.at("")
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

// pageAt is the query of the list from a cursor on.
func (p UsersPage) pageAt(cursor string) string { return usersQuery(p.at(cursor)) }

// filtersLabel says how many filters narrow the list.
func (p UsersPage) filtersLabel() string {
	set := 0
	for _, f := range p.filters() {
		if f.chosen != "" {
			set++
		}
	}
	if set == 0 {
		return "Filters"
	}
	return "Filters · " + strconv.Itoa(set)
}

func (p UsersPage) filters() []filter {
	role := filter{name: "role", label: "Role", chosen: string(p.Query.Role), options: roleOptions(permission.Roles())}
	group := filter{name: "group", label: "Group"}
	if p.Query.Group != 0 {
		group.chosen = strconv.FormatInt(p.Query.Group, 10)
	}
	for _, g := range p.Groups {
		group.options = append(group.options, option{strconv.FormatInt(g.ID, 10), g.Name})
	}
	return []filter{
		role, group,
		{name: "twofa", label: "2FA", chosen: p.Query.SecondFactor, options: []option{{"on", "2FA on"}, {"off", "2FA off"}}},
		{name: "last_auth", label: "Last auth", chosen: p.Query.LastAuth, options: []option{{"90d", "Over 90 days ago"}, {"never", "Never"}}},
	}
}

// mailTrouble says why the invitation mail has not arrived; empty when nothing is wrong.
func mailTrouble(u *store.ListedUser) string {
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
	store.TabAll:     {"There are no users yet", "Add the people who work with you."},
	store.TabActive:  {"Nobody is active", "People become active when they sign up through their invitation."},
	store.TabInvited: {"Nobody is waiting to sign up", "People who have been invited are listed here until they sign up."},
	store.TabDisabled: {
		"Nobody is disabled",
		"People whose access has been disabled are listed here. Disable access stands in the menu of each user.",
	},
}

// roleLabel is the role of a person as lists show it: where they are in no automatic group of it, it is only a label.
func roleLabel(u store.User) string {
	if u.ByGroups {
		return u.Role.Label() + " · by groups"
	}
	return u.Role.Label()
}

var statusLabels = map[store.Status]string{store.Active: "Active", store.Invited: "Invited", store.Disabled: "Disabled"}
