package account

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"console/internal/permission"
	"console/store"
	"console/store/storetest"
)

// The rules of docs/rules.md once more, from the rows of the tables and without the code that they are to prove: slow loops over
// everything.

// everyPermission numbers the permissions.
var everyPermission = slices.Collect(permission.GlobalAdmin.Set().All())

// rights are the permissions held in one tenant, by their numbers.
type rights [120]bool

func (r rights) minus(other rights) (left rights) {
	for i := range r {
		left[i] = r[i] && !other[i]
	}
	return left
}

func (r rights) String() string {
	var names []string
	for i, has := range r {
		if has {
			names = append(names, everyPermission[i].String())
		}
	}
	return strings.Join(names, " ")
}

// rightsIf is the permissions that are in.
func rightsIf(in func(permission.Permission) bool) (r rights) {
	for i, p := range everyPermission {
		r[i] = in(p)
	}
	return r
}

var roleRights = func() map[string]rights {
	all := map[string]rights{}
	for _, role := range permission.Roles() {
		all[string(role)] = rightsIf(role.Set().Has)
	}
	return all
}()

type (
	naiveUser struct {
		id, version                         int64
		role, names                         string
		password, joined, active, byGroups  bool
		disabled                            int64
		groups                              string // memberships, for comparing
		invitation, invitationBy, invitedTo int64
		byLink                              bool
		expires                             int64
		linkBy                              int64 // who has the link of the invitation besides the invited person, or store.SeveralMakers
	}
	naiveGroup struct {
		id, version, members, membersVersion int64
		name, role, custom                   string
		automatic, allTenants                bool
		gives                                rights
		tenants, users                       []int64
	}
	naiveToken struct {
		id, owner, disabled int64
		shared, all         bool
		gives               rights
		tenants             []int64
	}
	naiveTenant struct {
		id, version, disabled int64
		name                  string
		main                  bool
	}
)

// naive is what the tables say.
type naive struct {
	raw     string
	users   map[int64]naiveUser
	groups  map[int64]naiveGroup
	tenants map[int64]naiveTenant
	tokens  map[int64]naiveToken
	known   map[[2]int64]rights // full, once computed
}

const naiveRows = `SELECT concat_ws('|', 'tenant', id, version, disabled_at, name, main) FROM tenants
UNION ALL SELECT concat_ws('|', 'user', id, version, role, first_name || ' ' || last_name, CASE WHEN password_hash <> '' THEN 1 ELSE 0 END,
	CASE WHEN joined_at > 0 THEN 1 ELSE 0 END, CASE WHEN activated_at > 0 THEN 1 ELSE 0 END, by_groups, disabled_at) FROM users
UNION ALL SELECT concat_ws('|', 'group', id, version, members, members_version, name, role, permissions, automatic, all_tenants) FROM groups
UNION ALL SELECT concat_ws('|', 'covers', group_id, tenant_id) FROM group_tenants
UNION ALL SELECT concat_ws('|', 'member', group_id, user_id) FROM group_users
UNION ALL SELECT concat_ws('|', 'invitation', id, user_id, by_link, coalesce(tenant_id, 0), coalesce(inviter_id, 0), expires_at) FROM invitations
UNION ALL SELECT concat_ws('|', 'link', i.user_id, l.made_by) FROM signup_links l JOIN invitations i ON i.id = l.invitation_id WHERE l.ended = ''
UNION ALL SELECT concat_ws('|', 'token', id, coalesce(owner_id, 0), kind, all_tenants, permissions, disabled_at, hex(hash)) FROM tokens
UNION ALL SELECT concat_ws('|', 'token covers', token_id, tenant_id) FROM token_tenants`

// rawTx is the transaction beneath a store.Tx, which no query of the store leads to.
func rawTx(tx *store.Tx) *sql.Tx {
	return (*sql.Tx)(reflect.ValueOf(tx).Elem().FieldByName("q").Elem().FieldByName("on").Elem().UnsafePointer())
}

func lines(t *testing.T, tx *store.Tx, query string) []string {
	t.Helper()
	rows, err := rawTx(tx).QueryContext(context.Background(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		all = append(all, line)
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	return all
}

func readNaive(t *testing.T, tx *store.Tx) *naive {
	t.Helper()
	query := naiveRows
	if storetest.OnPostgres() {
		query = strings.ReplaceAll(query, "hex(hash)", "encode(hash, 'hex')")
	}
	all := lines(t, tx, query)
	w := &naive{raw: strings.Join(all, "\n"), users: map[int64]naiveUser{}, groups: map[int64]naiveGroup{}, tenants: map[int64]naiveTenant{},
		tokens: map[int64]naiveToken{}, known: map[[2]int64]rights{}}
	for _, line := range all {
		f := strings.Split(line, "|")
		n := func(i int) int64 {
			v, err := strconv.ParseInt(f[i], 10, 64)
			if err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			return v
		}
		switch f[0] {
		case "tenant":
			w.tenants[n(1)] = naiveTenant{id: n(1), version: n(2), disabled: n(3), name: f[4], main: n(5) == 1}
		case "user":
			w.users[n(1)] = naiveUser{id: n(1), version: n(2), role: f[3], names: f[4], password: n(5) == 1, joined: n(6) == 1, active: n(7) == 1,
				byGroups: n(8) == 1, disabled: n(9)}
		case "group":
			g := naiveGroup{id: n(1), version: n(2), members: n(3), membersVersion: n(4), name: f[5], role: f[6], custom: f[7],
				automatic: n(8) == 1, allTenants: n(9) == 1}
			g.gives = roleRights[g.role]
			if g.role == "" {
				keys := strings.Fields(g.custom)
				g.gives = rightsIf(func(p permission.Permission) bool { return slices.Contains(keys, p.String()) })
			}
			w.groups[g.id] = g
		case "token":
			keys := strings.Fields(f[5])
			w.tokens[n(1)] = naiveToken{id: n(1), owner: n(2), shared: f[3] == "shared", all: n(4) == 1, disabled: n(6),
				gives: rightsIf(func(p permission.Permission) bool { return slices.Contains(keys, p.String()) })}
		case "token covers":
			t := w.tokens[n(1)]
			t.tenants = append(t.tenants, n(2))
			w.tokens[n(1)] = t
		case "covers":
			g := w.groups[n(1)]
			g.tenants = append(g.tenants, n(2))
			w.groups[n(1)] = g
		case "member":
			g, u := w.groups[n(1)], w.users[n(2)]
			g.users = append(g.users, n(2))
			u.groups += " " + f[1]
			w.groups[n(1)], w.users[n(2)] = g, u
		case "invitation":
			u := w.users[n(2)]
			u.invitation, u.byLink, u.invitedTo, u.invitationBy, u.expires = n(1), n(3) == 1, n(4), n(5), n(6)
			w.users[n(2)] = u
		case "link":
			u := w.users[n(1)]
			u.linkBy = n(2)
			w.users[n(1)] = u
		}
	}
	return w
}

// inGroups is the union over the groups that hold the person and cover the tenant; tenant 0 means those not yet made.
func (w *naive) inGroups(user, tenant int64) (r rights) {
	if w.users[user].role == "global_admin" {
		return rightsIf(func(permission.Permission) bool { return true })
	}
	for _, g := range w.groups {
		if !slices.Contains(g.users, user) || !g.allTenants && !slices.Contains(g.tenants, tenant) {
			continue
		}
		for i, gives := range g.gives {
			r[i] = r[i] || gives
		}
	}
	return r
}

// full counts what a link would give besides, and disabled people and tenants.
func (w *naive) full(user, tenant int64) rights {
	at := [2]int64{user, tenant}
	if r, known := w.known[at]; known {
		return r
	}
	r := w.inGroups(user, tenant)
	u := w.users[user]
	if u.byLink && (u.invitedTo == tenant || strings.HasPrefix(u.role, "global_")) {
		for i, gives := range roleRights[u.role] {
			r[i] = r[i] || gives
		}
	}
	w.known[at] = r
	return r
}

// effective is what the person can do today.
func (w *naive) effective(user, tenant int64) rights {
	u := w.users[user]
	if !u.joined || !u.active || u.disabled != 0 || w.tenants[tenant].disabled != 0 {
		return rights{}
	}
	return w.inGroups(user, tenant)
}

// byToken is what a token grants: what it was given, as far as its owner holds it. Tenant 0 means those not yet made.
func (w *naive) byToken(t naiveToken, tenant int64) (r rights) {
	if t.disabled != 0 || t.owner == 0 || !w.users[t.owner].active || w.users[t.owner].disabled != 0 || !t.all && !slices.Contains(t.tenants, tenant) {
		return rights{}
	}
	for i, holds := range w.full(t.owner, tenant) {
		r[i] = holds && t.gives[i]
	}
	return r
}

// everywhere are the tenants, and 0 for those not yet made.
func (w *naive) everywhere() []int64 {
	return append(slices.Sorted(maps.Keys(w.tenants)), 0)
}

// usable counts the Global Administrators who can sign in.
func (w *naive) usable() (n int) {
	for _, u := range w.users {
		if u.role == "global_admin" && u.password && u.active && u.disabled == 0 {
			n++
		}
	}
	return n
}

// faults are what must never be true of the tables.
func (w *naive) faults() (faults []string) {
	add := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if w.usable() == 0 {
		add("no Global Administrator can sign in")
	}
	automatic := map[string]bool{}
	for _, g := range w.groups {
		if int(g.members) != len(g.users) {
			add("group %d says it has %d members and has %v", g.id, g.members, g.users)
		}
		if !g.automatic {
			if g.allTenants {
				add("group %d of one's own covers all tenants", g.id)
			}
			continue
		}
		global := strings.HasPrefix(g.role, "global_")
		if g.role == "" || g.custom != "" || g.allTenants != global || global && len(g.tenants) != 0 || !global && len(g.tenants) != 1 ||
			len(g.users) == 0 {
			add("automatic group %+v", g)
		}
		key := fmt.Sprint(g.role, g.tenants)
		if automatic[key] {
			add("two automatic groups of %s", key)
		}
		automatic[key] = true
		for _, id := range g.users {
			if w.users[id].role != g.role {
				add("a person with the role %s is in the automatic group of %s", w.users[id].role, g.role)
			}
		}
	}
	for _, t := range w.tokens {
		if t.owner == 0 && (!t.shared || t.disabled == 0) {
			add("token %+v works without an owner, or is personal and has none", t)
		}
		if w.users[t.owner].disabled != 0 && t.disabled == 0 {
			add("token %+v of a disabled person is not disabled", t)
		}
	}
	for _, u := range w.users {
		inOwn := u.role == "global_admin" || !u.joined
		if inOwn && u.groups != "" {
			add("person %+v is in groups", u)
		}
		for _, g := range w.groups {
			inOwn = inOwn || g.automatic && g.role == u.role && slices.Contains(g.users, u.id)
		}
		if u.byGroups == inOwn {
			add("person %+v: in an automatic group of the role: %v", u, inOwn)
		}
		if u.joined && u.byLink || !u.joined && !u.byLink {
			add("person %+v: joined, but invited by link, or the other way round", u)
		}
		if u.role == "deploy" && (u.password || !u.active || u.invitation != 0) {
			add("person %+v: Deploy people are active and have nothing to sign in with", u)
		}
	}
	return faults
}
