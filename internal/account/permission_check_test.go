package account

import (
	"errors"
	"slices"
	"testing"

	"console/internal/permission"
	"console/store"
	"console/store/storetest"
)

// check asks as the Global Administrator.
func (c *company) check(whom Actor, tenant int64, p permission.Permission) PermissionCheck {
	c.t.Helper()
	check, err := c.CheckPermission(c.t.Context(), c.admin, whom.UserID, tenant, p)
	c.must(err)
	return check
}

// wantCheck says what the answer is to be, with the names of what it comes from; denied "" means allowed.
func (c *company) wantCheck(whom Actor, tenant int64, p permission.Permission, denied Denial, through ...string) {
	c.t.Helper()
	check := c.check(whom, tenant, p)
	var names []string
	for _, s := range check.Through {
		names = append(names, s.Name)
	}
	if check.Allowed != (denied == "") || check.Denied != denied || !slices.Equal(names, through) {
		c.t.Errorf("%s of %d in %d: %v %q through %q, want %q through %q", p, whom.UserID, tenant,
			check.Allowed, check.Denied, names, denied, through)
	}
}

func TestCheckPermissionSaysThroughWhatAndWhyNot(t *testing.T) { // rules "union" and "main tenant decides"
	t.Parallel()
	c := newCompany(t)
	staging := c.tenant("Staging")
	ann := c.person("ann@example.com", permission.Analyst, 1)
	dev := c.person("dev@example.com", permission.APIDeveloper, 1)
	deploy := c.person("deploy@example.com", permission.Deploy, 1)
	rules := c.group(GroupInput{Name: "Rules", Custom: []string{"rules.view"}, Tenants: []int64{1, staging.ID}}, ann)
	c.group(GroupInput{Name: "Console", Custom: []string{"users.view"}, Tenants: []int64{1}}, dev, deploy)
	c.group(GroupInput{Name: "Elsewhere", Custom: []string{"users.view"}, Tenants: []int64{staging.ID}}, ann)

	c.wantCheck(ann, 1, rulesView, "", "Analysts", "Rules")
	c.wantCheck(ann, staging.ID, rulesView, "", "Rules")
	c.wantCheck(ann, staging.ID, rulesUpdate, NotGranted)
	c.wantCheck(ann, 1, permission.UsersView, NotGranted)
	c.wantCheck(ann, staging.ID, permission.UsersView, MainTenantDecides, "Elsewhere")
	c.wantCheck(ann, staging.ID, permission.TenantsView, "", "Analysts") // held in the main tenant
	c.wantCheck(c.admin, staging.ID, permission.UsersView, "", "Global Administrator")
	c.wantCheck(dev, 1, permission.UsersView, RoleWithoutConsole, "Console")
	c.wantCheck(deploy, staging.ID, permission.UsersView, RoleWithoutConsole, "Console")
	c.wantCheck(deploy, 1, permission.Permission{Resource: permission.Nodes, Action: permission.Create}, "", "Deploy")
	if check := c.check(ann, staging.ID, rulesView); check.Through[0].Group != rules.ID {
		t.Errorf("it comes from %+v", check.Through)
	}

	invited, err := c.AddUser(ctx, c.admin, NewUser{Role: permission.ReadOnly, FirstName: "I", Email: "i@example.com", TenantID: 1})
	c.must(err)
	c.wantCheck(Actor{UserID: invited.ID}, 1, rulesView, InvitedOnly, "Read Only")
	_, err = c.InviteByLink(ctx, c.admin, NewUser{Role: permission.ReadOnly, Email: "l@example.com", TenantID: 1, Duration: "7d"})
	c.must(err)
	byLink, err := c.db.UserByEmailKey(ctx, "l@example.com")
	c.must(err)
	c.wantCheck(Actor{UserID: byLink.ID}, 1, rulesView, InvitedOnly, "Invitation by link")
	c.wantCheck(Actor{UserID: byLink.ID}, 1, permission.Permission{Resource: permission.Nodes, Action: permission.Create}, NotGranted)

	// Each change counts at the next question.
	_, err = c.DisableTenant(ctx, c.admin, staging.ID)
	c.must(err)
	c.wantCheck(ann, staging.ID, rulesView, TenantDisabled, "Rules")
	c.wantCheck(c.admin, staging.ID, rulesView, TenantDisabled, "Global Administrator")
	_, err = c.RemoveMembers(ctx, c.admin, rules.ID, []int64{ann.UserID})
	c.must(err)
	c.wantCheck(ann, 1, rulesView, "", "Analysts")
	_, err = c.DisableAccess(ctx, c.admin, ann.UserID, Along{})
	c.must(err)
	c.wantCheck(ann, 1, rulesView, AccessDisabled, "Analysts")
	_, err = c.DeleteUser(ctx, c.admin, ann.UserID, "ann@example.com", Along{})
	c.must(err)
	if _, err = c.CheckPermission(ctx, c.admin, ann.UserID, 1, rulesView); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("somebody deleted: %v", err)
	}
}

func TestCheckPermissionIsForWhoSeesPeople(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ann := c.person("ann@example.com", permission.Analyst, 1)
	reader := c.person("reader@example.com", permission.ReadOnly, 1)
	for _, asked := range []struct {
		by       Actor
		whom, in int64
		want     func(error) bool
	}{
		{ann, ann.UserID, 1, func(err error) bool { return err == nil }},
		{ann, reader.UserID, 1, func(err error) bool { return RefusedBy(err, Forbidden) }},
		{ann, 999, 1, func(err error) bool { return RefusedBy(err, Forbidden) }},
		{reader, ann.UserID, 1, func(err error) bool { return err == nil }},
		{reader, 999, 1, func(err error) bool { return errors.Is(err, store.ErrNotFound) }},
		{reader, ann.UserID, 999, func(err error) bool { return errors.Is(err, store.ErrNotFound) }},
		{reader, ann.UserID, 0, func(err error) bool { return errors.Is(err, store.ErrNotFound) }},
	} {
		if _, err := c.CheckPermission(ctx, asked.by, asked.whom, asked.in, rulesView); !asked.want(err) {
			t.Errorf("%d asks about %d in %d: %v", asked.by.UserID, asked.whom, asked.in, err)
		}
	}
}

// Programs ask thousands of times a second: no question may write, and what is known is not read again.
func TestAskingAboutPermissionsWritesNothing(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ann := c.person("ann@example.com", permission.Analyst, 1)
	version, err := c.db.Version(ctx)
	c.must(err)
	for range 3 {
		c.check(ann, 1, rulesView)
		c.check(ann, 1, permission.UsersView)
		_, err := c.WhoMay(ctx, c.admin, WhoMayQuery{Permission: rulesView, TenantID: 1})
		c.must(err)
	}
	c.Settle(ctx)
	if after, err := c.db.Version(ctx); err != nil || after != version {
		t.Errorf("something was committed: version %d, then %d, %v", version, after, err)
	}
	if storetest.OnPostgres() {
		return // its driver asks the context too, by which queries are counted
	}
	counted := &queries{Context: ctx}
	_, err = c.CheckPermission(counted, c.admin, ann.UserID, 1, rulesView)
	c.must(err)
	if counted.n > 3 { // it asks whether anything was committed, and twice remembers the answer
		t.Errorf("%d queries for what is known", counted.n)
	}
}
