package store

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"console/internal/permission"
)

// Tab is a part of the user list.
type Tab string

// The tabs of the user list. People invited by link appear under TabInvited only.
const (
	TabAll      Tab = "all"
	TabActive   Tab = "active"
	TabInvited  Tab = "invited"
	TabDisabled Tab = "disabled"
)

// Sort is the column the user list is ordered by.
type Sort string

// The sorts of the user list.
const (
	SortName     Sort = "name"
	SortRole     Sort = "role"
	SortEmail    Sort = "email"
	SortLastAuth Sort = "last_auth"
)

// tabConditions and sortColumns are the only SQL that a query's tab and sort choose from.
var (
	tabConditions = map[Tab]string{
		TabAll:      "u.joined_at > 0",
		TabActive:   "u.activated_at > 0 AND u.disabled_at = 0",
		TabInvited:  "u.activated_at = 0 AND u.disabled_at = 0",
		TabDisabled: "u.disabled_at > 0",
	}
	sortColumns = map[Sort]string{
		SortName: "u.name_key", SortRole: "u.role_key", SortEmail: "u.email_key", SortLastAuth: "u.last_auth_at",
	}
)

// UserQuery chooses a page of a tab. Unknown values of Tab and Sort are errors.
type UserQuery struct {
	Tab        Tab
	Sort       Sort
	Descending bool
	Cursor     Cursor
	Limit      int
}

// Cursor is a place between two rows of a sorted list: after (or before) the row with this sort key and id. The zero
// Cursor is the beginning, and one without an id that goes back is the end.
type Cursor struct {
	Key    any   `json:"k"` // string or int64, as the sort column
	ID     int64 `json:"i"` // breaks ties: every row appears exactly once
	Before bool  `json:"b,omitempty"`
}

// Remaining is where to look when no row is left beyond c: before the end of the list where c goes on, and at its beginning where
// c goes back.
func (c Cursor) Remaining() Cursor { return Cursor{Before: !c.Before} }

// leads says from a page read at c, beyond which there are more rows or not, where the list goes on.
func (c Cursor) leads(more bool) (next, prev bool) {
	if c.Before {
		return c.ID != 0, more
	}
	return more, c.ID != 0
}

// String returns the cursor as it stands in a URL.
func (c Cursor) String() string {
	if c.ID == 0 {
		return ""
	}
	encoded, _ := json.Marshal(c) // a string or an integer always encodes
	return base64.RawURLEncoding.EncodeToString(encoded)
}

// ParseCursor reads what String wrote for a list sorted by sort; anything else is the beginning of the list.
func ParseCursor(text string, sort Sort) Cursor {
	var c Cursor
	encoded, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(encoded, &c) != nil || c.ID <= 0 {
		return Cursor{}
	}
	switch key := c.Key.(type) {
	case float64:
		if sort != SortLastAuth {
			return Cursor{}
		}
		c.Key = int64(key)
	case string:
		if sort == SortLastAuth {
			return Cursor{}
		}
	default:
		return Cursor{}
	}
	return c
}

// ListedUser is a row of the user list.
type ListedUser struct {
	User
	Invitation   Invitation    // of an invited person; otherwise its ID is 0
	MailState    DeliveryState // of the invitation mail; "" without
	MailAttempts int
	MailError    string
}

// UserPage is a part of the user list with the places where it goes on; a zero Cursor says that it does not.
type UserPage struct {
	IDs        []int64
	Next, Prev Cursor
}

// ListUsers returns one page of the user list. It reads nothing but a piece of an index, however long the list is; the
// people are read by UsersByIDs.
func (q Queries) ListUsers(ctx context.Context, query UserQuery) (UserPage, error) {
	condition, column := tabConditions[query.Tab], sortColumns[query.Sort]
	if condition == "" || column == "" {
		return UserPage{}, fmt.Errorf("no such list: tab %q, sort %q", query.Tab, query.Sort)
	}
	args := []any{query.Limit + 1}
	order, beyond := "ASC", ">"
	if query.Descending != query.Cursor.Before {
		order, beyond = "DESC", "<"
	}
	if query.Cursor.ID != 0 {
		args = append(args, query.Cursor.Key, query.Cursor.ID)
		condition += fmt.Sprintf(" AND (%s, u.id) %s ($%d, $%d)", column, beyond, len(args)-1, len(args))
	}
	places, err := many(ctx, q.q, func(s scanner) (c Cursor, err error) {
		err = s.Scan(&c.Key, &c.ID)
		return c, err
	}, `SELECT `+column+`, u.id FROM users u WHERE `+condition+` ORDER BY `+column+` `+order+`, u.id `+order+` LIMIT $1`, args...)
	if err != nil {
		return UserPage{}, fmt.Errorf("list users: %w", err)
	}
	return pageOf(places, query), nil
}

// CountTabs returns how many people each tab of the user list has. It counts along an index of each.
func (q Queries) CountTabs(ctx context.Context) (map[Tab]int, error) {
	counts := make(map[Tab]int, len(tabConditions))
	for tab, condition := range tabConditions {
		n, err := one(ctx, q.q, value[int], `SELECT count(*) FROM users u WHERE `+condition)
		if err != nil {
			return nil, err
		}
		counts[tab] = n
	}
	return counts, nil
}

// pageOf turns at most Limit+1 places read from the cursor on into a page in the order of the list.
func pageOf(places []Cursor, query UserQuery) UserPage {
	more := len(places) > query.Limit
	if more {
		places = places[:query.Limit]
	}
	if query.Cursor.Before {
		slices.Reverse(places)
	}
	if len(places) == 0 {
		return UserPage{}
	}
	page := UserPage{IDs: make([]int64, len(places))}
	for i, place := range places {
		page.IDs[i] = place.ID
	}
	next, prev := query.Cursor.leads(more)
	if next {
		page.Next = places[len(places)-1]
	}
	if prev {
		page.Prev = places[0]
		page.Prev.Before = true
	}
	return page
}

// UsersByIDs returns the people with these ids, any number of them, each once and in the order of ids; those that are gone
// are left out.
func (q Queries) UsersByIDs(ctx context.Context, ids []int64) ([]User, error) {
	at := make(map[int64]int, len(ids))
	for i, id := range ids {
		at[id] = i
	}
	var users []User
	for places, args := range inLists(ids) {
		some, err := many(ctx, q.q, scanUser, `SELECT `+userColumns+` FROM users u WHERE u.id IN (`+places+`)`, args...)
		if err != nil {
			return nil, err
		}
		users = append(users, some...)
	}
	slices.SortFunc(users, func(a, b User) int { return cmp.Compare(at[a.ID], at[b.ID]) })
	return users, nil
}

// ReadInvitations adds to rows of the user list the invitations that their people have not accepted yet.
func (q Queries) ReadInvitations(ctx context.Context, rows []ListedUser) error {
	var invited []int64
	at := map[int64]int{}
	for i, row := range rows {
		if row.ActivatedAt == 0 { // who has signed up has no invitation any more
			invited = append(invited, row.ID)
			at[row.ID] = i
		}
	}
	for places, args := range inLists(invited) {
		found, err := many(ctx, q.q, func(s scanner) (l ListedUser, err error) {
			var duration int64
			err = s.Scan(&l.ID, &l.Invitation.ID, &l.Invitation.ByLink, &duration, &l.Invitation.ExpiresAt, &l.MailState, &l.MailAttempts,
				&l.MailError)
			l.Invitation.Duration = time.Duration(duration) * time.Millisecond
			return l, err
		}, `SELECT i.user_id, i.id, i.by_link, i.duration, i.expires_at, coalesce(d.state, ''), coalesce(d.attempts, 0),
				coalesce(nullif(d.error, ''), h.reason, '')
			FROM invitations i LEFT JOIN deliveries d ON d.id = i.mail_delivery_id
			LEFT JOIN delivery_holds h ON h.target = d.target AND d.state = 'waiting' WHERE i.user_id IN (`+places+`)`, args...)
		if err != nil {
			return err
		}
		for _, l := range found {
			row := &rows[at[l.ID]]
			row.Invitation, row.MailState, row.MailAttempts, row.MailError = l.Invitation, l.MailState, l.MailAttempts, l.MailError
		}
	}
	return nil
}

// SearchedUser is what lists search, filter and sort a person by.
type SearchedUser struct {
	ID           int64
	Name, Email  string
	Role         permission.Role
	Status       Status
	Joined       bool // stands under TabAll
	SecondFactor bool
	LastAuthAt   Millis
}

// Searched returns what lists search, filter and sort the person by.
func (u User) Searched() SearchedUser {
	return SearchedUser{u.ID, u.Name(), u.Email, u.Role, u.Status(), u.JoinedAt != 0, u.SecondFactor, u.LastAuthAt}
}

// SearchedUsersBetween returns the people with ids above after, up to the id to, in no order. A start reads everybody, so the database
// makes one text of them all: each column of each row that it hands over by itself takes as long as reading the row.
func (q Queries) SearchedUsersBetween(ctx context.Context, after, to int64) ([]SearchedUser, error) {
	everybody, err := one(ctx, q.q, value[string], `SELECT coalesce(string_agg(concat_ws($3, id, role, last_auth_at,
			two_factor + CASE WHEN joined_at > 0 THEN 2 ELSE 0 END + CASE WHEN activated_at > 0 THEN 4 ELSE 0 END
				+ CASE WHEN disabled_at > 0 THEN 8 ELSE 0 END,
			email, first_name, last_name), $4), '')
		FROM users WHERE id > $1 AND id <= $2`, after, to, betweenColumns, betweenRows)
	if err != nil || everybody == "" {
		return nil, err
	}
	users := make([]SearchedUser, 0, strings.Count(everybody, betweenRows)+1)
	for row := range strings.SplitSeq(everybody, betweenRows) {
		user, err := parseSearchedUser(row)
		if err != nil {
			return nil, fmt.Errorf("read a person between %d and %d: %w", after, to, err)
		}
		users = append(users, user)
	}
	return users, nil
}

// The signs that ASCII has for this. Neither is in a name or an address: input refuses control characters.
const (
	betweenColumns = "\x1f"
	betweenRows    = "\x1e"
)

func parseSearchedUser(row string) (SearchedUser, error) {
	var columns [7]string
	found := 0
	for column := range strings.SplitSeq(row, betweenColumns) {
		if found < len(columns) {
			columns[found] = column
		}
		found++
	}
	if found != len(columns) {
		return SearchedUser{}, fmt.Errorf("a row has %d columns", found)
	}
	id, err := strconv.ParseInt(columns[0], 10, 64)
	lastAuth, wrong := strconv.ParseInt(columns[2], 10, 64)
	state, alsoWrong := strconv.ParseUint(columns[3], 10, 4)
	return SearchedUser{
		ID: id, Name: fullName(columns[5], columns[6]), Email: columns[4], Role: permission.Role(columns[1]),
		Status: statusAfter(state&4 != 0, state&8 != 0), Joined: state&2 != 0, SecondFactor: state&1 != 0, LastAuthAt: Millis(lastAuth),
	}, errors.Join(err, wrong, alsoWrong)
}

// LastUserID returns the highest id of a person there is, or 0.
func (q Queries) LastUserID(ctx context.Context) (int64, error) {
	return one(ctx, q.q, value[int64], `SELECT coalesce(max(id), 0) FROM users`)
}
