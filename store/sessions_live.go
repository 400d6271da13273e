package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"console/internal/permission"
)

// LiveSession is a session with its person, what their permissions follow from, and the account whose timeouts it obeys.
type LiveSession struct {
	Session
	User    User
	Groups  []CoveringGroup // ordered by id; of each no more than its id, its name, what it gives and covers
	Account Account
	Main    int64 // id of the main tenant
}

// LiveSession returns the session of a token, or ErrNotFound when there is none or the person may not sign in. Whether it has
// run out HasEnded says. It is one statement, because each request begins with it: a second one takes as long again where the database is
// on another machine, and may see a later moment.
func (q Queries) LiveSession(ctx context.Context, tokenHash []byte) (LiveSession, error) {
	return one(ctx, q.q, func(row scanner) (l LiveSession, err error) {
		var memberships []byte
		err = l.Account.scanInto(row, append(append(l.Session.fields(), l.User.fields()...), &l.Main, &memberships)...)
		if err == nil {
			l.Groups, err = readMemberships(memberships)
		}
		return l, err
	}, `SELECT `+accountColumns+`, `+sessionColumns+`, `+userColumns+`, (SELECT id FROM tenants WHERE main = 1),
			(SELECT `+q.engine.objectsOf(membershipFields)+` FROM group_users gu JOIN groups g ON g.id = gu.group_id
				LEFT JOIN group_tenants gt ON gt.group_id = g.id LEFT JOIN tenants t ON t.id = gt.tenant_id WHERE gu.user_id = u.id)
		FROM sessions s JOIN users u ON u.id = s.user_id CROSS JOIN account a
		WHERE s.token_hash = $1 AND u.disabled_at = 0 AND u.activated_at > 0`, tokenHash)
}

// membershipFields are the fields of a membership in JSON: a group with one of its tenants.
const membershipFields = `'id', g.id, 'name', g.name, 'role', g.role, 'permissions', g.permissions, 'automatic', g.automatic,
	'everywhere', g.all_tenants, 'tenant', coalesce(t.id, 0), 'disabled', coalesce(t.disabled_at, 0)`

// membership is a row of memberships that a statement returns as JSON.
type membership struct {
	ID          int64           `json:"id"`
	Name        string          `json:"name"`
	Role        permission.Role `json:"role"`
	Permissions string          `json:"permissions"`
	Automatic   int             `json:"automatic"`
	Everywhere  int             `json:"everywhere"`
	Tenant      int64           `json:"tenant"`
	Disabled    Millis          `json:"disabled"`
}

// readMemberships puts together what is said of one group.
func readMemberships(text []byte) ([]CoveringGroup, error) {
	var memberships []membership
	if err := json.Unmarshal(text, &memberships); err != nil {
		return nil, fmt.Errorf("read memberships: %w", err)
	}
	slices.SortFunc(memberships, func(a, b membership) int { return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Tenant, b.Tenant)) })
	rows := make([]covering, len(memberships))
	for i, m := range memberships {
		rows[i] = covering{tenant: m.Tenant, disabled: m.Disabled != 0, Group: Group{ID: m.ID, Name: m.Name, Role: m.Role,
			Custom: permission.ParseSet(m.Permissions), Automatic: m.Automatic == 1, AllTenants: m.Everywhere == 1}}
	}
	return gathered(rows), nil
}
