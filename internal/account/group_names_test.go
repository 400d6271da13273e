package account

import (
	"fmt"
	"slices"
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
		_, err := c.SetMembership(ctx, c.admin, ann.UserID, Membership{Version: c.user(ann.UserID).Version, Groups: groups})
		c.must(err)
		if e := c.lastEntry(); e.Action != "change groups" || e.ObjectID != ann.UserID {
			t.Errorf("step %d: the last entry is %+v", what, e)
		}
		c.group(GroupInput{Name: fmt.Sprint("Since ", what)})
	}
}

// What cannot be chosen takes no place among the groups that are offered.
func TestGroupsThatCanBeChosenAreOffered(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	staging := c.tenant("Staging")
	admin := c.person("a@example.com", permission.Admin, 1)
	for n := range groupsTogether + 20 {
		in := store.Group{Name: fmt.Sprintf("A %03d", n), Role: permission.Analyst, Automatic: n%2 == 0, CreatedAt: 1}
		c.must(c.db.Update(ctx, func(tx *store.Tx) error { return tx.InsertGroup(ctx, &in, staging.ID) }))
	}
	want := []string{"B 0", "B 1", "B 2"}
	for _, name := range []string{"B 2", "B 0", "B 1", "B 3"} {
		c.group(GroupInput{Name: name, Role: permission.Analyst, Tenants: []int64{1}})
	}
	offered, err := c.GrantableGroups(ctx, admin, len(want))
	c.must(err)
	var names []string
	for _, g := range offered {
		names = append(names, g.Name)
	}
	if !slices.Equal(names, want) {
		t.Errorf("offered are %q, want %q", names, want)
	}
	if all, err := c.GrantableGroups(ctx, c.admin, 1000); err != nil || len(all) != (groupsTogether+20)/2+4 {
		t.Errorf("a Global Administrator is offered %d, %v", len(all), err)
	}
}
