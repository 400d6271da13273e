package store

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
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

// UserQuery chooses rows of the user list. Unknown values of Tab and Sort are errors.
type UserQuery struct {
	Tab        Tab
	Search     string
	Sort       Sort
	Descending bool
	Cursor     Cursor
	Limit      int
}

// Cursor is a place between two rows of a sorted list: after (or before) the row with this sort key and id. The zero
// Cursor is the beginning.
type Cursor struct {
	Key    any   `json:"k"` // string or int64, as the sort column
	ID     int64 `json:"i"` // breaks ties: every row appears exactly once
	Before bool  `json:"b,omitempty"`
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
	Rows       []ListedUser
	Next, Prev Cursor
}

// UserCounts are the numbers on the tabs.
type UserCounts struct{ All, Active, Invited, Disabled int }

// ListUsers returns one page of the user list.
func (q Queries) ListUsers(ctx context.Context, query UserQuery) (UserPage, error) {
	condition, column := tabConditions[query.Tab], sortColumns[query.Sort]
	if condition == "" || column == "" {
		return UserPage{}, fmt.Errorf("no such list: tab %q, sort %q", query.Tab, query.Sort)
	}
	args := []any{query.Limit + 1}
	if query.Search != "" {
		args = append(args, Fold(query.Search))
		condition += fmt.Sprintf(" AND instr(u.search, $%d) > 0", len(args))
	}
	backwards := query.Cursor.Before
	order, beyond := "ASC", ">"
	if query.Descending != backwards {
		order, beyond = "DESC", "<"
	}
	if query.Cursor.ID != 0 {
		args = append(args, query.Cursor.Key, query.Cursor.ID)
		condition += fmt.Sprintf(" AND (%s, u.id) %s ($%d, $%d)", column, beyond, len(args)-1, len(args))
	}
	rows, err := many(ctx, q.q, scanListedUser, `SELECT `+userColumns+`, coalesce(i.id, 0), coalesce(i.by_link, 0), coalesce(i.expires_at, 0),
		coalesce(d.state, ''), coalesce(d.attempts, 0), coalesce(d.error, '')
		FROM users u LEFT JOIN invitations i ON i.user_id = u.id LEFT JOIN deliveries d ON d.id = i.mail_delivery_id
		WHERE `+condition+` ORDER BY `+column+` `+order+`, u.id `+order+` LIMIT $1`, args...)
	if err != nil {
		return UserPage{}, fmt.Errorf("list users: %w", err)
	}
	return pageOf(rows, query), nil
}

func scanListedUser(s scanner) (l ListedUser, err error) {
	err = s.Scan(append(l.User.fields(), &l.Invitation.ID, &l.Invitation.ByLink, &l.Invitation.ExpiresAt, &l.MailState, &l.MailAttempts, &l.MailError)...)
	return l, err
}

// pageOf turns at most Limit+1 rows read from the cursor on into a page in the order of the list.
func pageOf(rows []ListedUser, query UserQuery) UserPage {
	more := len(rows) > query.Limit
	if more {
		rows = rows[:query.Limit]
	}
	if query.Cursor.Before {
		slices.Reverse(rows)
	}
	page := UserPage{Rows: rows}
	if len(rows) == 0 {
		return page
	}
	if more || query.Cursor.Before {
		page.Next = cursorAt(rows[len(rows)-1], query.Sort, false)
	}
	if query.Cursor.ID != 0 && (more || !query.Cursor.Before) {
		page.Prev = cursorAt(rows[0], query.Sort, true)
	}
	return page
}

func cursorAt(row ListedUser, sort Sort, before bool) Cursor {
	c := Cursor{ID: row.ID, Before: before}
	switch sort {
	case SortRole:
		c.Key = row.roleKey()
	case SortEmail:
		c.Key = row.EmailKey
	case SortLastAuth:
		c.Key = int64(row.LastAuthAt)
	default:
		c.Key = row.nameKey()
	}
	return c
}

// CountUsers returns the numbers on the tabs for a search.
func (q Queries) CountUsers(ctx context.Context, search string) (UserCounts, error) {
	return one(ctx, q.q, func(s scanner) (c UserCounts, err error) {
		err = s.Scan(&c.All, &c.Active, &c.Invited, &c.Disabled)
		return c, err
	}, `SELECT count(*) FILTER (WHERE `+tabConditions[TabAll]+`), count(*) FILTER (WHERE `+tabConditions[TabActive]+`),
		count(*) FILTER (WHERE `+tabConditions[TabInvited]+`), count(*) FILTER (WHERE `+tabConditions[TabDisabled]+`)
		FROM users u WHERE $1 = '' OR instr(u.search, $1) > 0`, Fold(search))
}
