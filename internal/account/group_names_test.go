package account

import (
	"fmt"
	"testing"

	"console/internal/permission"
	"console/store"
)

// lastEntry is what the activity log says last.
func (c *company) lastEntry() store.Entry {
	c.t.Helper()
	entries, err := c.db.Entries(c.t.Context(), 1)
	c.must(err)
	return entries[0]
}

func TestAutomaticGroupsTakeAFreeName(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	c.group(GroupInput{Name: "analysts (STAGING)", Tenants: []int64{1}})
	c.group(GroupInput{Name: "Analysts (Tests)", Tenants: []int64{1}})
	staging := c.tenant("Staging")
	analyst := c.person("a@example.com", permission.Analyst, staging.ID)
	wantGroup := func(name string) {
		t.Helper()
		groups, err := c.db.Memberships(ctx, analyst.UserID)
		c.must(err)
		if len(groups) != 1 || groups[0].Name != name {
			t.Errorf("they are in %+v, want one group %s", groups, name)
		}
	}
	wantGroup("Analysts (Staging) 2")
	for _, rename := range [][2]string{{"Tests", "Analysts (Tests) 2"}, {"Production", "Analysts (Production)"}, {"staging", "Analysts (staging) 2"}} {
		now, err := c.db.TenantByID(ctx, staging.ID)
		c.must(err)
		_, err = c.RenameTenant(ctx, c.admin, staging.ID, now.Version, rename[0])
		c.must(err)
		wantGroup(rename[1])
	}
}

// Groups of earlier versions may share a name: to go from one to the other is a change all the same.
func TestGroupsOfOneNameAreToldApart(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	first := c.group(GroupInput{Name: "Support", Tenants: []int64{1}})
	second := store.Group{Name: "Support", CreatedAt: 1}
	c.must(c.db.Update(ctx, func(tx *store.Tx) error { return tx.InsertGroup(ctx, &second) }))
	ann := c.person("ann@example.com", permission.Deploy, 1)
	for what, groups := range [][]int64{{first.ID}, {first.ID, second.ID}, {second.ID}, {first.ID}, nil} {
		_, err := c.SetAccess(ctx, c.admin, ann.UserID, Access{Version: c.user(ann.UserID).Version, Groups: groups})
		c.must(err)
		if e := c.lastEntry(); e.Action != "change groups" || e.ObjectID != ann.UserID {
			t.Errorf("step %d: the last entry is %+v", what, e)
		}
		c.group(GroupInput{Name: fmt.Sprint("Since ", what)})
	}
}
