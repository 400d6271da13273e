package store

import (
	"context"
	"fmt"
	"strings"
)

// PlacedUser is a person with the tenant of their automatic group: the main one where they are in several, in none or in that of a
// Global role.
type PlacedUser struct {
	User
	TenantID int64
}

// Order is by what PlacedUsers are ordered.
type Order string

// The orders of PlacedUsers.
const (
	ByID       Order = "id"
	ByName     Order = "name"
	ByEmail    Order = "email"
	ByLastAuth Order = "last_auth"
)

// placedOrders are the only SQL that an order chooses from. The columns are those of the indexes of the user list.
var placedOrders = map[Order]string{ByID: "u.id", ByName: "u.name_key", ByEmail: "u.email_key", ByLastAuth: "u.last_auth_at"}

// PlacedQuery chooses people of the user list. Of each list that is not empty one value must match; a nil list asks for nothing.
type PlacedQuery struct {
	IDs        []int64
	UUIDs      []string
	EmailKeys  []string
	Tenants    []int64
	Order      Order // an unknown one is an error
	Descending bool
	Limit      int
	Offset     int
}

// placeOf is the tenant of a person's automatic group.
const placeOf = `coalesce((SELECT t.id FROM group_users gu JOIN groups g ON g.id = gu.group_id AND g.automatic = 1 AND g.role = u.role
	JOIN group_tenants gt ON gt.group_id = g.id JOIN tenants t ON t.id = gt.tenant_id
	WHERE gu.user_id = u.id ORDER BY t.main DESC, t.id LIMIT 1), (SELECT id FROM tenants WHERE main = 1))`

// PlacedUsers returns the people whom a query chooses, at most Limit. People invited by link are not among them.
func (q Queries) PlacedUsers(ctx context.Context, p PlacedQuery) ([]PlacedUser, error) {
	order, known := placedOrders[p.Order]
	if !known {
		return nil, fmt.Errorf("order %q", p.Order)
	}
	if p.Descending {
		order += " DESC"
	}
	conditions, args := []string{"u.joined_at > 0"}, []any(nil)
	conditions, args = among(conditions, args, "u.id", p.IDs)
	conditions, args = among(conditions, args, "u.uuid", p.UUIDs)
	conditions, args = among(conditions, args, "u.email_key", p.EmailKeys)
	conditions, args = among(conditions, args, placeOf, p.Tenants)
	args = append(args, p.Limit, p.Offset)
	// Ids come first, from an index alone: what is passed over is not read.
	found, err := many(ctx, q.q, func(s scanner) (u PlacedUser, err error) { return u, s.Scan(u.User.fields()...) },
		fmt.Sprintf(`SELECT %s FROM (SELECT u.id AS listed FROM users u WHERE %s ORDER BY %s, u.id LIMIT $%d OFFSET $%d) AS chosen
			CROSS JOIN users u WHERE u.id = listed ORDER BY %s, u.id`, userColumns, strings.Join(conditions, " AND "), order, len(args)-1,
			len(args), order), args...)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found, q.place(ctx, found)
}

// place sets the tenants of people, as placeOf says. It reads the groups that they are in, and none of the others, however many there are.
func (q Queries) place(ctx context.Context, people []PlacedUser) error {
	main, err := q.MainTenant(ctx)
	if err != nil {
		return err
	}
	at, ids := make(map[int64]int, len(people)), make([]any, len(people))
	for i, u := range people {
		at[u.ID], ids[i] = i, u.ID
	}
	isIn, args := among(nil, nil, "gu.user_id", ids)
	type place struct {
		user, tenant int64
		role         string // of the group
	}
	places, err := many(ctx, q.q, func(s scanner) (p place, err error) { return p, s.Scan(&p.user, &p.role, &p.tenant) },
		`SELECT gu.user_id, g.role, t.id FROM group_users gu CROSS JOIN groups g
		JOIN group_tenants gt ON gt.group_id = g.id JOIN tenants t ON t.id = gt.tenant_id
		WHERE g.id = gu.group_id AND g.automatic = 1 AND `+isIn[0], args...)
	if err != nil {
		return err
	}
	for _, p := range places {
		u := &people[at[p.user]]
		if p.role == string(u.Role) && (u.TenantID == 0 || p.tenant == main.ID || u.TenantID != main.ID && p.tenant < u.TenantID) {
			u.TenantID = p.tenant
		}
	}
	for i := range people {
		if people[i].TenantID == 0 {
			people[i].TenantID = main.ID
		}
	}
	return nil
}

// among adds the condition that an expression is one of values, unless there are none.
func among[T any](conditions []string, args []any, expression string, values []T) ([]string, []any) {
	if values == nil {
		return conditions, args
	}
	if len(values) == 0 { // PostgreSQL knows no empty list
		return append(conditions, "1 = 0"), args
	}
	places := make([]string, len(values))
	for i, value := range values {
		args = append(args, value)
		places[i] = fmt.Sprintf("$%d", len(args))
	}
	return append(conditions, expression+" IN ("+strings.Join(places, ", ")+")"), args
}
