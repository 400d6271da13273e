package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"console/internal/permission"
	"console/store"
)

// company is an account to try things in.
type company struct {
	*Service
	t     *testing.T
	admin Actor // Global Administrator
}

func newCompany(t *testing.T) *company {
	t.Helper()
	s := newTestService(t)
	c := &company{Service: s, t: t, admin: found(t, s)}
	c.admin = c.as(c.admin.UserID)
	return c
}

// person adds somebody and returns them as an actor.
func (c *company) person(email string, role permission.Role, tenant int64) Actor {
	c.t.Helper()
	return c.as(addPerson(c.t, c.Service, c.admin, email, role, tenant))
}

// as is a person as an actor, with the rights they have now.
func (c *company) as(id int64) Actor {
	c.t.Helper()
	user := c.user(id)
	by := actorOf(&user)
	held, err := holdings(c.t.Context(), c.db.Queries, user)
	if err != nil {
		c.t.Fatal(err)
	}
	by.Can, by.Role, by.Main = held, user.Role, 1
	return by
}

func (c *company) user(id int64) store.User {
	c.t.Helper()
	user, err := c.db.UserByID(c.t.Context(), id)
	if err != nil {
		c.t.Fatal(err)
	}
	return user
}

func (c *company) group(in GroupInput, members ...Actor) store.Group {
	c.t.Helper()
	group, err := c.CreateGroup(c.t.Context(), c.admin, in)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, m := range members {
		if _, err := c.AddMembers(c.t.Context(), c.admin, group.ID, []int64{m.UserID}, ""); err != nil {
			c.t.Fatal(err)
		}
	}
	return group
}

func (c *company) tenant(name string) store.Tenant {
	c.t.Helper()
	tenant, err := c.CreateTenant(c.t.Context(), c.admin, name, NewUser{})
	if err != nil {
		c.t.Fatal(err)
	}
	return tenant
}

// may says whether somebody holds a permission in a tenant.
func (c *company) may(by Actor, p permission.Permission, tenant int64) bool {
	c.t.Helper()
	return c.as(by.UserID).Can.In(tenant).Has(p)
}

func (c *company) wantForbidden(what string, err error) {
	c.t.Helper()
	if !RefusedBy(err, Forbidden) {
		c.t.Errorf("%s: %v, want a refusal by the rules", what, err)
	}
}

func (c *company) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

var (
	rulesView   = permission.Permission{Resource: permission.Rules, Action: permission.View}
	rulesUpdate = permission.Permission{Resource: permission.Rules, Action: permission.Update}
	rulesDelete = permission.Permission{Resource: permission.Rules, Action: permission.Delete}
)

func TestFC12_DeletingTheGroupOfAnInvitedPerson(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	group := c.group(GroupInput{Name: "Rules", Custom: []string{"rules.view", "rules.update"}, Tenants: []int64{1}})
	invited, err := c.AddUser(
		t.Context(),
		c.admin,
		NewUser{Role: permission.ReadOnly, Email: "i@example.com", TenantID: 1, Groups: []int64{group.ID}},
	)
	c.must(err)
	preview, err := c.PreviewDeleteGroup(t.Context(), c.admin, group.ID)
	c.must(err)
	if preview.Losing != 1 || len(preview.First) != 1 || preview.First[0].User.ID != invited.ID ||
		!preview.First[0].Lost[0].Set.Has(rulesUpdate) {
		t.Errorf("the preview says %+v", preview)
	}
	_, err = c.DeleteGroup(t.Context(), c.admin, group.ID)
	c.must(err)
	shown := c.as(invited.ID).Can
	_, err = transaction(t.Context(), c.Service, Actor{}, func(tx *Tx) (struct{}, error) { return struct{}{}, tx.acceptFor(ctx, invited) })
	c.must(err)
	after := c.as(invited.ID).Can
	if _, more := shown.Lacks(after, []int64{1}); more || after.In(1).Has(rulesUpdate) || !after.In(1).Has(rulesView) {
		t.Error("signing up gave something else than the row showed")
	}
}

func TestFC34_TheLastAdministratorRemains(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	helper := c.person("a@example.com", permission.Admin, 1)
	version := c.user(c.admin.UserID).Version
	for _, role := range permission.Roles() {
		if role == permission.GlobalAdmin {
			continue
		}
		_, err := c.SetMembership(t.Context(), c.admin, c.admin.UserID, Membership{Version: version, Role: role, KeepGroups: true})
		if !RefusedBy(err, LastAdministrator) {
			t.Errorf("demoting themselves to %s: %v", role, err)
		}
		_, err = c.SetMembership(t.Context(), helper, c.admin.UserID, Membership{Version: version, Role: role, KeepGroups: true})
		c.wantForbidden("demoted by an Administrator", err)
	}
	_, err := c.DisableAccess(t.Context(), c.admin, c.admin.UserID, Along{})
	if !RefusedBy(err, Self) {
		t.Errorf("disabling themselves: %v", err)
	}
	_, err = c.DeleteUser(t.Context(), c.admin, c.admin.UserID, "ga@example.com", Along{})
	if !RefusedBy(err, Self) {
		t.Errorf("deleting themselves: %v", err)
	}
	// A second one who is only invited, and one who is disabled, do not count.
	_, err = c.AddUser(t.Context(), c.admin, NewUser{Role: permission.GlobalAdmin, Email: "invited@example.com"})
	c.must(err)
	second := c.person("second@example.com", permission.GlobalAdmin, 0)
	_, err = c.DisableAccess(t.Context(), c.admin, second.UserID, Along{})
	c.must(err)
	_, err = c.SetMembership(t.Context(), c.admin, c.admin.UserID, Membership{Version: version, Role: permission.Analyst, KeepGroups: true})
	if !RefusedBy(err, LastAdministrator) {
		t.Errorf("demoting themselves beside an invited and a disabled one: %v", err)
	}
	if user := c.user(c.admin.UserID); user.Role != permission.GlobalAdmin || user.Version != version || user.Status() != store.Active {
		t.Errorf("they are %+v", user)
	}
}

func TestFC36_TwoAdministratorsDemoteEachOther(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	first, second := c.admin, c.person("b@example.com", permission.GlobalAdmin, 0)
	for round := range 50 {
		versions := [2]int64{c.user(first.UserID).Version, c.user(second.UserID).Version}
		var errs [2]error
		start := make(chan struct{})
		var both sync.WaitGroup
		demote := func(i int, by, whom Actor) {
			<-start
			_, errs[i] = c.SetMembership(
				context.Background(),
				by,
				whom.UserID,
				Membership{Version: versions[1-i], Role: permission.Analyst, KeepGroups: true},
			)
		}
		both.Go(func() { demote(0, first, second) })
		both.Go(func() { demote(1, second, first) })
		close(start)
		both.Wait()
		demoted, remains := second, first
		if errs[0] != nil {
			demoted, remains = first, second
		}
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("round %d: %v and %v", round, errs[0], errs[1])
		}
		c.wantForbidden("the other", errors.Join(errs[0], errs[1]))
		if n, err := c.db.UsableGlobalAdministrators(t.Context()); n != 1 || err != nil {
			t.Fatalf("round %d: %d Global Administrators remain, %v", round, n, err)
		}
		_, err := c.SetMembership(
			t.Context(),
			remains,
			demoted.UserID,
			Membership{Version: c.user(demoted.UserID).Version, Role: permission.GlobalAdmin},
		)
		c.must(err)
	}
}

func TestFC36_TwoAdministratorsStepDownAtOnce(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	people := []Actor{c.admin, c.person("b@example.com", permission.GlobalAdmin, 0)}
	for round := range 50 {
		errs := make([]error, 2)
		var both sync.WaitGroup
		for i, by := range people {
			in := Membership{Version: c.user(by.UserID).Version, Role: permission.Analyst}
			both.Go(func() { _, errs[i] = c.SetMembership(context.Background(), by, by.UserID, in) })
		}
		both.Wait()
		demoted, remains, refusal := people[1], people[0], errs[0]
		if errs[1] != nil {
			demoted, remains, refusal = people[0], people[1], errs[1]
		}
		if (errs[0] == nil) == (errs[1] == nil) || !RefusedBy(refusal, LastAdministrator) {
			t.Fatalf("round %d: %v and %v", round, errs[0], errs[1])
		}
		_, err := c.SetMembership(
			t.Context(),
			remains,
			demoted.UserID,
			Membership{Version: c.user(demoted.UserID).Version, Role: permission.GlobalAdmin},
		)
		c.must(err)
	}
}

func TestFC38_GroupsOfAdministratorsMayGo(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	a := c.person("a@example.com", permission.Admin, 1)
	own := c.group(GroupInput{Name: "Managers", Role: permission.Admin, Tenants: []int64{1}}, a)
	automatic, err := c.db.AutomaticGroup(t.Context(), permission.Admin, 1)
	c.must(err)
	if _, err := c.DeleteGroup(t.Context(), a, automatic.ID); !RefusedBy(err, Invalid) {
		t.Errorf("deleting an automatic group: %v", err)
	}
	if _, err := c.RemoveMembers(t.Context(), a, automatic.ID, []int64{a.UserID}); !RefusedBy(err, Invalid) {
		t.Errorf("emptying an automatic group: %v", err)
	}
	if _, err := c.SetGroupPermissions(t.Context(), a, automatic.ID, automatic.Version, GroupInput{}); !RefusedBy(err, Invalid) {
		t.Errorf("narrowing an automatic group: %v", err)
	}
	if _, err := c.AddMembers(t.Context(), a, own.ID, []int64{c.admin.UserID}, ""); err == nil {
		t.Error("a Global Administrator was put into a group")
	}
	_, err = c.SetGroupPermissions(t.Context(), a, own.ID, own.Version, GroupInput{})
	c.must(err)
	_, err = c.RemoveMembers(t.Context(), a, own.ID, []int64{a.UserID})
	c.must(err)
	_, err = c.DeleteGroup(t.Context(), a, own.ID)
	c.must(err)
	_, err = c.SetMembership(t.Context(), a, a.UserID, Membership{Version: c.user(a.UserID).Version}) // out of every group
	c.must(err)
	if _, err := c.db.AutomaticGroup(t.Context(), permission.Admin, 1); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the automatic group of nobody: %v", err)
	}
	if user := c.user(a.UserID); !user.ByGroups || !c.as(a.UserID).Can.Empty() {
		t.Errorf("whoever left all groups: %+v", user)
	}
	_, err = c.AddUser(t.Context(), c.admin, NewUser{Role: permission.Admin, Email: "n@example.com", TenantID: 1})
	c.must(err)
}

func TestFC42_NobodyTakesWhatTheyDoNotHold(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	staging := c.tenant("Staging")
	a := c.person("a@example.com", permission.Admin, 1)
	strong := c.group(GroupInput{Name: "Strong", Role: permission.ReadOnly, Tenants: []int64{staging.ID}})
	mine := c.group(GroupInput{Name: "Mine", Custom: []string{"rules.view"}, Tenants: []int64{1, staging.ID}})
	ctx := t.Context()

	_, err := c.AddMembers(ctx, a, strong.ID, []int64{a.UserID}, "")
	c.wantForbidden("joining a stronger group", err)
	_, err = c.SetMembership(ctx, a, a.UserID, Membership{Version: c.user(a.UserID).Version, Groups: []int64{strong.ID}})
	c.wantForbidden("joining a stronger group in one's own dialog", err)
	_, err = c.SetMembership(ctx, a, a.UserID, Membership{Version: c.user(a.UserID).Version, Role: permission.GlobalAdmin})
	c.wantForbidden("becoming a Global Administrator", err)
	_, err = c.SetGroupPermissions(ctx, a, mine.ID, mine.Version, GroupInput{Custom: []string{"rules.view", "rules.update"}})
	c.wantForbidden("a permission more in a tenant one does not have", err)
	_, err = c.PreviewGroupPermissions(ctx, a, mine.ID, mine.Version, GroupInput{Custom: []string{"rules.view", "rules.update"}})
	c.wantForbidden("the preview of that", err)
	_, err = c.AddGroupTenants(ctx, a, c.group(GroupInput{Name: "Admins", Role: permission.Admin}).ID, []int64{staging.ID})
	c.wantForbidden("a tenant one does not have", err)
	if _, err := c.SetGroupPermissions(
		ctx,
		a,
		mine.ID,
		mine.Version,
		GroupInput{Custom: []string{"users.view", "users.update"}},
	); !RefusedBy(
		err,
		Invalid,
	) {
		t.Errorf("changing users in a set of one's own: %v", err)
	}
	// An API Developer holds by a group what they can never use.
	dev := c.person("d@example.com", permission.APIDeveloper, 1)
	c.group(GroupInput{Name: "Devs", Role: permission.Admin, Tenants: []int64{1}}, dev)
	_, err = c.SetMembership(ctx, dev, dev.UserID, Membership{Version: c.user(dev.UserID).Version, Role: permission.Admin})
	c.wantForbidden("an API Developer who makes themselves an Administrator", err)
}

// A Global role reaches tenants not yet made: whoever holds all that it gives may still not grant it.
func TestFC42_OnlyGlobalAdministratorsGrantGlobalRoles(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	analyst := c.person("g@example.com", permission.GlobalAnalyst, 0)
	c.group(GroupInput{Name: "Managers", Role: permission.Admin, Tenants: []int64{1}}, analyst)
	by := c.as(analyst.UserID)
	reader := c.person("r@example.com", permission.ReadOnly, 1)

	_, err := c.AddUser(ctx, by, NewUser{Role: permission.GlobalAnalyst, Email: "x@example.com"})
	c.wantForbidden("adding", err)
	_, err = c.InviteByLink(ctx, by, NewUser{Role: permission.GlobalAnalyst, Email: "x@example.com", Duration: "1d"})
	c.wantForbidden("inviting", err)
	_, err = c.SetMembership(
		ctx,
		by,
		reader.UserID,
		Membership{Version: c.user(reader.UserID).Version, Role: permission.GlobalAnalyst, KeepGroups: true},
	)
	c.wantForbidden("changing a role", err)
	roles, err := c.GrantableRoles(ctx, by, []store.Tenant{{ID: 1}})
	c.must(err)
	for _, role := range roles {
		if role.Global() {
			t.Errorf("%s is offered", role)
		}
	}
	read, err := c.PreviewImport(ctx, by, ImportInput{File: []byte("email,role\nx@example.com,Global Analyst\n"), TenantID: 1})
	c.must(err)
	if read.New != 0 {
		t.Errorf("an import: %+v", read)
	}
	// A fresh link, or the mail with the one there is, for whom a Global Administrator has invited.
	byMail, err := c.AddUser(ctx, c.admin, NewUser{Role: permission.GlobalAnalyst, Email: "m@example.com"})
	c.must(err)
	pending, err := c.db.InvitationOfUser(ctx, byMail.ID)
	c.must(err)
	byLink, err := c.InviteByLink(ctx, c.admin, NewUser{Role: permission.GlobalAnalyst, Email: "l@example.com", Duration: "1d"})
	c.must(err)
	_, err = c.ResendInvitation(ctx, by, pending.ID)
	c.wantForbidden("sending an invitation again", err)
	_, err = c.InvitationMail(ctx, by, pending.ID)
	c.wantForbidden("reading the mail of an invitation", err)
	for _, id := range []int64{pending.ID, byLink.Invitation.ID} {
		_, err = c.NewLink(ctx, by, id)
		c.wantForbidden("a new link", err)
	}
	_, err = c.RevokeInvitation(ctx, by, byLink.Invitation.ID)
	c.must(err)
	// Back into the automatic group of the role.
	other := c.person("o@example.com", permission.GlobalAnalyst, 0)
	_, err = c.SetMembership(ctx, c.admin, other.UserID, Membership{Version: c.user(other.UserID).Version})
	c.must(err)
	global, err := c.db.AutomaticGroup(ctx, permission.GlobalAnalyst, 0)
	c.must(err)
	back := Membership{Version: c.user(other.UserID).Version, Groups: []int64{global.ID}}
	_, err = c.SetMembership(ctx, by, other.UserID, back)
	c.wantForbidden("back into the group of a Global role", err)
	_, err = c.SetMembership(ctx, c.admin, other.UserID, back)
	c.must(err)
	// A link made as a Global Administrator goes with that role.
	second := c.person("s@example.com", permission.GlobalAdmin, 0)
	issued, err := c.InviteByLink(ctx, second, NewUser{Role: permission.GlobalReadOnly, Email: "y@example.com", Duration: "1d"})
	c.must(err)
	_, err = c.SetMembership(ctx, c.admin, second.UserID, Membership{Version: c.user(second.UserID).Version, Role: permission.GlobalAnalyst})
	c.must(err)
	if _, err := c.db.UserByID(ctx, issued.User.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the invited person of a link that its maker could not make now: %v", err)
	}
}

func TestFC43_NobodyInvitesSomebodyStronger(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	staging := c.tenant("Staging")
	ctx := t.Context()
	a := c.person("a@example.com", permission.Admin, 1)
	strong := c.group(GroupInput{Name: "Strong", Custom: []string{"rules.view"}, Tenants: []int64{staging.ID}})
	for what, in := range map[string]NewUser{
		"a role in another tenant": {Role: permission.Deploy, TenantID: staging.ID},
		"a Global role":            {Role: permission.GlobalReadOnly, TenantID: 1},
		"a stronger group":         {Role: permission.Analyst, TenantID: 1, Groups: []int64{strong.ID}},
	} {
		in.Email, in.Duration = "x@example.com", "1d"
		_, err := c.AddUser(ctx, a, in)
		c.wantForbidden("add: "+what, err)
		if len(in.Groups) == 0 && in.Role != permission.Deploy {
			_, err = c.InviteByLink(ctx, a, in)
			c.wantForbidden("link: "+what, err)
		}
	}
	_, err := c.CreateGroup(ctx, a, GroupInput{Name: "Mine", Role: permission.Admin, Tenants: []int64{1, staging.ID}})
	c.wantForbidden("a group with more than they hold", err)
	read, err := c.PreviewImport(ctx, a, ImportInput{File: []byte("email,role\nx@example.com,Analyst\n"), TenantID: staging.ID})
	c.must(err)
	if read.New != 0 {
		t.Errorf("an import into another tenant: %+v", read)
	}
	if _, err := c.db.UserByEmailKey(ctx, "x@example.com"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the person was added: %v", err)
	}
	r := c.person("r@example.com", permission.ReadOnly, 1)
	_, err = c.CreateGroup(ctx, r, GroupInput{Name: "Empty"})
	c.wantForbidden("a group without groups.create", err)
}

func TestFC86_TheOrderOfGroupsDoesNotMatter(t *testing.T) {
	t.Parallel()
	for _, names := range [][2]string{{"A", "B"}, {"B", "A"}} {
		c := newCompany(t)
		u := c.person("u@example.com", permission.Deploy, 1)
		read := GroupInput{Name: names[0], Custom: []string{"rules.view"}, Tenants: []int64{1}}
		write := GroupInput{Name: names[1], Custom: []string{"rules.view", "rules.update"}, Tenants: []int64{1}}
		if names[0] == "B" {
			read, write = write, read
		}
		c.group(read, u)
		c.group(write, u)
		if !c.may(u, rulesView, 1) || !c.may(u, rulesUpdate, 1) || c.may(u, rulesDelete, 1) {
			t.Errorf("groups %v: they hold %v", names, c.as(u.UserID).Can.In(1))
		}
	}
}

func TestFC87_AllowWinsAndIsExplained(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	u := c.person("u@example.com", permission.Deploy, 1)
	c.group(GroupInput{Name: "A", Custom: []string{"rules.view"}, Tenants: []int64{1}}, u)
	b := c.group(GroupInput{Name: "B", Custom: []string{"rules.view", "rules.update"}, Tenants: []int64{1}}, u)
	page, err := c.Permissions(t.Context(), c.admin, u.UserID, 1)
	c.must(err)
	if from := page.Products[rulesUpdate]; len(from) != 1 || from[0].Name != "B" {
		t.Errorf("update comes from %v", from)
	}
	if from := page.Products[rulesView]; len(from) != 2 || from[0].Name != "A" || from[1].Name != "B" {
		t.Errorf("view comes from %v", from)
	}
	_, err = c.RemoveMembers(t.Context(), c.admin, b.ID, []int64{u.UserID})
	c.must(err)
	if c.may(u, rulesUpdate, 1) {
		t.Error("still allowed without B")
	}
}

// change reads the actor's rights again: what the request began with does not count.
func TestFC88_ChangesCountAtOnce(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for name, takeAway := range map[string]func(c *company, u Actor, g store.Group) error{
		"removed from the group": func(c *company, u Actor, g store.Group) error {
			_, err := c.RemoveMembers(ctx, c.admin, g.ID, []int64{u.UserID})
			return err
		},
		"permissions narrowed": func(c *company, _ Actor, g store.Group) error {
			_, err := c.SetGroupPermissions(ctx, c.admin, g.ID, g.Version, GroupInput{Custom: []string{"groups.view"}})
			return err
		},
		"tenant taken out": func(c *company, _ Actor, g store.Group) error {
			_, err := c.RemoveGroupTenant(ctx, c.admin, g.ID, 1)
			return err
		},
		"group deleted": func(c *company, _ Actor, g store.Group) error {
			_, err := c.DeleteGroup(ctx, c.admin, g.ID)
			return err
		},
	} {
		c := newCompany(t)
		u := c.person("u@example.com", permission.Analyst, 1)
		g := c.group(GroupInput{Name: "Managers", Role: permission.Admin, Tenants: []int64{1}}, u)
		by := c.as(u.UserID) // as the page they have open
		if _, err := c.CreateGroup(ctx, by, GroupInput{Name: "One"}); err != nil {
			t.Fatalf("%s: before: %v", name, err)
		}
		c.must(takeAway(c, u, g))
		_, err := c.CreateGroup(ctx, by, GroupInput{Name: "Two"})
		c.wantForbidden(name, err)
	}
	c := newCompany(t)
	u := c.person("u@example.com", permission.Analyst, 1)
	by := c.as(u.UserID)
	c.group(GroupInput{Name: "Managers", Role: permission.Admin, Tenants: []int64{1}}, u)
	if _, err := c.CreateGroup(ctx, by, GroupInput{Name: "Three"}); err != nil {
		t.Errorf("after being added: %v", err)
	}
	// A tenant that is deleted and one made afterwards share nothing.
	staging := c.tenant("Staging")
	c.group(GroupInput{Name: "Rules", Custom: []string{"rules.view"}, Tenants: []int64{staging.ID}}, u)
	_, err := c.DisableTenant(ctx, c.admin, staging.ID)
	c.must(err)
	_, err = c.DeleteTenant(ctx, c.admin, staging.ID, "Staging")
	c.must(err)
	if again := c.tenant("Staging"); c.may(u, rulesView, again.ID) || c.may(u, rulesView, staging.ID) {
		t.Error("a deleted tenant still gives something")
	}
}

func TestFC91_WhoLeftATenantComesBackWithNothing(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	staging := c.tenant("Staging")
	u := c.person("u@example.com", permission.Analyst, staging.ID)
	g := c.group(GroupInput{Name: "G", Custom: []string{"nodes.view"}, Tenants: []int64{staging.ID}}, u)
	_, err := c.SetMembership(ctx, c.admin, u.UserID, Membership{Version: c.user(u.UserID).Version})
	c.must(err)
	_, err = c.AddMembers(ctx, c.admin, c.group(GroupInput{Name: "Nothing", Tenants: []int64{staging.ID}}).ID, []int64{u.UserID}, "")
	c.must(err)
	if !c.as(u.UserID).Can.In(staging.ID).Empty() {
		t.Error("old rights came back")
	}
	if members, err := c.db.GroupMembers(ctx, g.ID); slices.Contains(members, u.UserID) || err != nil {
		t.Errorf("still among the members %v: %v", members, err)
	}
	// Deleted and added again: another person.
	_, err = c.DeleteUser(ctx, c.admin, u.UserID, "u@example.com", Along{})
	c.must(err)
	if again := c.person("u@example.com", permission.Analyst, 1); again.UserID == u.UserID || !c.as(again.UserID).Can.In(staging.ID).Empty() {
		t.Error("the same address brought old rights back")
	}
}

func TestFC93_TheLaterSaveOfAGroupIsRefused(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	g := c.group(GroupInput{Name: "G", Custom: []string{"rules.view", "rules.delete"}, Tenants: []int64{1}})
	_, err := c.SetGroupPermissions(ctx, c.admin, g.ID, g.Version, GroupInput{Custom: []string{"rules.view"}})
	c.must(err)
	if _, err := c.RenameGroup(ctx, c.admin, g.ID, g.Version, "Other"); !errors.Is(err, store.ErrStale) {
		t.Errorf("renaming what was changed meanwhile: %v", err)
	}
	now, err := c.db.GroupByID(ctx, g.ID)
	c.must(err)
	if now.Name != "G" || now.Custom.Has(rulesDelete) {
		t.Errorf("the group is %+v", now)
	}
	if _, err := c.RenameGroup(ctx, c.admin, g.ID, 0, "Other"); err == nil {
		t.Error("a form without a version was accepted")
	}
	// Tenants count as well, and the version that comes back is the current one; covering a tenant already changes nothing.
	staging := c.tenant("Staging")
	wider, err := c.AddGroupTenants(ctx, c.admin, g.ID, []int64{staging.ID})
	c.must(err)
	same, err := c.AddGroupTenants(ctx, c.admin, g.ID, []int64{staging.ID})
	c.must(err)
	if _, err := c.RenameGroup(ctx, c.admin, g.ID, now.Version, "Other"); !errors.Is(err, store.ErrStale) || same.Version != wider.Version {
		t.Errorf("after another tenant: %v; versions %d, %d", err, wider.Version, same.Version)
	}
	_, err = c.RenameGroup(ctx, c.admin, g.ID, wider.Version, "Other")
	c.must(err)
}

func TestFC93_OfEditsAtOnceOneCounts(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	g := c.group(GroupInput{Name: "G", Tenants: []int64{1}})
	for round := range 20 {
		errs := make([]error, 4)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() {
				if i%2 == 0 {
					_, errs[i] = c.RenameGroup(context.Background(), c.admin, g.ID, g.Version, fmt.Sprintf("G %d.%d", round, i))
					return
				}
				_, errs[i] = c.SetGroupPermissions(context.Background(), c.admin, g.ID, g.Version, GroupInput{Role: GroupRoles[i]})
			})
		}
		all.Wait()
		saved := 0
		for _, err := range errs {
			switch {
			case err == nil:
				saved++
			case !errors.Is(err, store.ErrStale):
				t.Fatal(err)
			}
		}
		if saved != 1 {
			t.Fatalf("round %d: %d of %d edits of one version were saved", round, saved, len(errs))
		}
		var err error
		g, err = c.db.GroupByID(t.Context(), g.ID)
		c.must(err)
	}
}

func TestMembersComeAndGoAtOnce(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	people := make([]Actor, 6)
	for i := range people {
		people[i] = c.person(fmt.Sprintf("p%d@example.com", i), permission.Analyst, 1)
	}
	g := c.group(GroupInput{Name: "G", Tenants: []int64{1}})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 10 {
				ids := []int64{people[(i+n)%len(people)].UserID, people[(i+2*n+1)%len(people)].UserID}
				var err error
				if (i+n)%3 > 0 {
					_, err = c.AddMembers(context.Background(), c.admin, g.ID, ids, "")
				} else {
					_, err = c.RemoveMembers(context.Background(), c.admin, g.ID, ids)
				}
				if err != nil {
					t.Error(err)
				}
				list, err := c.Users(context.Background(), c.admin, UserQuery{Group: g.ID})
				if err != nil || list.Counts.All > len(people) {
					t.Errorf("%d listed, %v", list.Counts.All, err)
				}
			}
		})
	}
	all.Wait()
	now, err := c.db.GroupByID(t.Context(), g.ID)
	c.must(err)
	members, err := c.db.GroupMembers(t.Context(), g.ID)
	c.must(err)
	list, err := c.Users(t.Context(), c.admin, UserQuery{Group: g.ID})
	c.must(err)
	if now.Members != len(members) || list.Counts.All != len(members) || len(members) == 0 {
		t.Errorf("the group says %d, the list %d, there are %d", now.Members, list.Counts.All, len(members))
	}
}

// Whoever has made a signup link by hand could sign up with it: it ends when it would open more than they may give.
func TestALinkEndsWhenItsMakerCouldNotGiveWhatItOpens(t *testing.T) { // rule "may grant"
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	ann := c.person("ann@example.com", permission.Admin, 1)
	works := func(issued Issued) bool {
		_, err := c.Signup(ctx, issued.Token, Client{})
		return err == nil
	}
	link := func(email string) Issued { return c.linkBy(ann, email) }
	byHand := func(email string) Issued { return c.handedBy(ann, email) }
	mails := func(user store.User) int {
		invitation, err := c.db.InvitationOfUser(ctx, user.ID)
		c.must(err)
		if invitation.MailDeliveryID == 0 {
			return 0
		}
		delivery, err := c.db.DeliveryByID(ctx, invitation.MailDeliveryID)
		c.must(err)
		if delivery.State != store.Waiting {
			return 0
		}
		return 1
	}

	raised, kept := link("l@example.com"), link("k@example.com")
	_, err := c.ChangeInvitedRole(ctx, c.admin, kept.Invitation.ID, permission.Analyst) // which ann could give
	c.must(err)
	_, err = c.ChangeInvitedRole(ctx, c.admin, raised.Invitation.ID, permission.GlobalAdmin)
	c.must(err)
	if works(raised) || !works(kept) {
		t.Errorf("the link of the raised one works: %v, the other: %v", works(raised), works(kept))
	}
	fresh, err := c.NewLink(ctx, c.admin, raised.Invitation.ID)
	c.must(err)
	if !works(fresh) {
		t.Error("the new link does not work")
	}

	user := byHand("m@example.com")
	_, err = c.ChangeInvitedRole(ctx, c.admin, user.Invitation.ID, permission.GlobalAnalyst)
	c.must(err)
	joined := byHand("j@example.com")
	elsewhere := c.group(GroupInput{Name: "Elsewhere", Role: permission.Admin, Tenants: []int64{c.tenant("Staging").ID}})
	_, err = c.AddMembers(ctx, c.admin, elsewhere.ID, []int64{joined.User.ID}, "")
	c.must(err)
	for _, issued := range []Issued{user, joined} {
		if works(issued) || mails(issued.User) != 1 {
			t.Errorf("%s: the link works: %v; mails on their way: %d", issued.User.Email, works(issued), mails(issued.User))
		}
	}

	// Whoever may do less, or leaves, has no link that works.
	late, theirs := byHand("n@example.com"), link("t@example.com")
	_, err = c.SetMembership(
		ctx,
		c.admin,
		ann.UserID,
		Membership{Version: c.user(ann.UserID).Version, Role: permission.Analyst, KeepGroups: true},
	)
	c.must(err)
	if works(late) || works(theirs) || mails(late.User) != 1 {
		t.Errorf(
			"after a change of their maker's role the links work: %v, %v; mails on their way: %d",
			works(late),
			works(theirs),
			mails(late.User),
		)
	}

	_, err = c.SetMembership(
		ctx,
		c.admin,
		ann.UserID,
		Membership{Version: c.user(ann.UserID).Version, Role: permission.Admin, KeepGroups: true},
	)
	c.must(err)
	over := byHand("o@example.com")
	c.now = func() time.Time { return time.Now().Add(MailInvitationLasts + time.Hour) }
	last := byHand("d@example.com")
	_, err = c.DisableAccess(ctx, c.admin, ann.UserID, Along{})
	c.must(err)
	if works(last) || mails(last.User) != 1 {
		t.Errorf("after their maker was disabled the link works: %v; mails on their way: %d", works(last), mails(last.User))
	}
	if n := mails(over.User); n != 0 {
		t.Errorf("an invitation that had run out comes back to life with %d mails", n)
	}
}

// What a group gives decides of the links of its members, whichever way it changes.
func TestALinkEndsWhenAGroupOfItsMakerChanges(t *testing.T) { // rule "may grant"
	t.Parallel()
	for name, change := range map[string]func(c *company, group store.Group) (Preview, error){
		"deleted": func(c *company, group store.Group) (Preview, error) {
			preview, err := c.PreviewDeleteGroup(t.Context(), c.admin, group.ID)
			c.must(err)
			_, err = c.DeleteGroup(t.Context(), c.admin, group.ID)
			return preview, err
		},
		"narrowed": func(c *company, group store.Group) (Preview, error) {
			in := GroupInput{Role: permission.ReadOnly}
			preview, err := c.PreviewGroupPermissions(t.Context(), c.admin, group.ID, group.Version, in)
			c.must(err)
			_, err = c.SetGroupPermissions(t.Context(), c.admin, group.ID, group.Version, in)
			return preview, err
		},
		"without its tenant": func(c *company, group store.Group) (Preview, error) {
			preview, err := c.PreviewRemoveGroupTenant(t.Context(), c.admin, group.ID, 1)
			c.must(err)
			_, err = c.RemoveGroupTenant(t.Context(), c.admin, group.ID, 1)
			return preview, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCompany(t)
			ann := c.person("ann@example.com", permission.ReadOnly, 1)
			bo := c.person("bo@example.com", permission.Admin, 1)
			group := c.group(GroupInput{Name: "Managers", Role: permission.Admin, Tenants: []int64{1}}, ann)
			byLink, kept := c.linkBy(ann, "l@example.com"), c.linkBy(bo, "k@example.com")
			byHand, alone := c.handedBy(ann, "h@example.com"), c.handedBy(bo, "b@example.com")
			preview, err := change(c, c.groupNow(group.ID))
			c.must(err)
			if len(preview.Links.Revoked) != 1 || len(preview.Links.Mailed) != 1 || preview.Links.Revoked[0].ID != byLink.User.ID {
				t.Errorf("the preview says %+v", preview.Links)
			}
			for issued, want := range map[*Issued]bool{&byLink: false, &byHand: false, &kept: true, &alone: true} {
				if _, err := c.Signup(t.Context(), issued.Token, Client{}); (err == nil) != want {
					t.Errorf("%s: %v, works: want %v", issued.User.Email, err, want)
				}
			}
		})
	}
}

// An invited person who gets more by a group is not to be impersonated by whoever made their link and could not give it.
func TestALinkEndsWhenAGroupGivesItsPersonMore(t *testing.T) { // rule "may grant"
	t.Parallel()
	c := newCompany(t)
	ann, staging := c.person("ann@example.com", permission.Admin, 1), c.tenant("Staging")
	rename := c.group(GroupInput{Name: "Rules", Custom: []string{"rules.view"}, Tenants: []int64{1, staging.ID}})
	_, err := c.RemoveGroupTenant(t.Context(), c.admin, rename.ID, staging.ID)
	c.must(err)
	issued := c.handedBy(ann, "h@example.com")
	_, err = c.AddMembers(t.Context(), c.admin, rename.ID, []int64{issued.User.ID}, "")
	c.must(err)
	works := func() bool {
		_, err := c.Signup(t.Context(), issued.Token, Client{})
		return err == nil
	}
	_, err = c.RenameGroup(t.Context(), c.admin, rename.ID, c.groupNow(rename.ID).Version, "Rule readers")
	c.must(err)
	if _, err = c.SetGroupPermissions(t.Context(), c.admin, rename.ID, c.groupNow(rename.ID).Version,
		GroupInput{Custom: []string{"rules.view", "rules.update"}}); err != nil || !works() {
		t.Fatalf("what its maker could give ended it: %v", err)
	}
	_, err = c.AddGroupTenants(t.Context(), c.admin, rename.ID, []int64{staging.ID})
	c.must(err)
	if works() {
		t.Error("the link opens a tenant that its maker has no access to")
	}
}

// linkBy is an invitation by link, and handedBy the link of one by mail that is made by hand.
func (c *company) linkBy(maker Actor, email string) Issued {
	c.t.Helper()
	issued, err := c.InviteByLink(c.t.Context(), c.as(maker.UserID),
		NewUser{Role: permission.ReadOnly, Email: email, Duration: "1d", TenantID: 1})
	c.must(err)
	return issued
}

func (c *company) handedBy(maker Actor, email string) Issued {
	c.t.Helper()
	user, err := c.AddUser(c.t.Context(), c.admin, NewUser{Role: permission.ReadOnly, Email: email, TenantID: 1})
	c.must(err)
	pending, err := c.db.InvitationOfUser(c.t.Context(), user.ID)
	c.must(err)
	issued, err := c.NewLink(c.t.Context(), c.as(maker.UserID), pending.ID)
	c.must(err)
	return issued
}

func (c *company) groupNow(id int64) store.Group {
	c.t.Helper()
	group, err := c.db.GroupByID(c.t.Context(), id)
	c.must(err)
	return group
}

// mailedTo adds a person whose invitation mail has been delivered, and returns the invitation once these people have read it.
func (c *company) mailedTo(email string, readers ...Actor) store.Invitation {
	c.t.Helper()
	user, err := c.AddUser(c.t.Context(), c.admin, NewUser{Role: permission.ReadOnly, Email: email, TenantID: 1})
	c.must(err)
	pending, err := c.db.InvitationOfUser(c.t.Context(), user.ID)
	c.must(err)
	c.must(c.db.Update(c.t.Context(), func(tx *store.Tx) error {
		delivery, err := tx.DeliveryByID(c.t.Context(), pending.MailDeliveryID)
		if err != nil {
			return err
		}
		delivery.State, delivery.EndedAt = store.Delivered, delivery.CreatedAt
		return tx.SaveAttempt(c.t.Context(), delivery, store.Attempt{})
	}))
	for _, by := range readers {
		_, err := c.InvitationMail(c.t.Context(), by, pending.ID)
		c.must(err)
	}
	return pending
}

// Each of several people who have read a mail has the link: it ends with the first of them who may not make it any more.
func TestALinkThatSeveralHaveReadEndsWithEachOfThem(t *testing.T) { // rule "may grant"
	t.Parallel()
	for name, end := range map[string]func(c *company, reader Actor) (LinksTaken, error){
		"disabled": func(c *company, reader Actor) (LinksTaken, error) {
			preview, err := c.PreviewDisable(t.Context(), c.admin, reader.UserID)
			c.must(err)
			_, err = c.DisableAccess(t.Context(), c.admin, reader.UserID, Along{})
			return preview.Links, err
		},
		"deleted with others": func(c *company, reader Actor) (LinksTaken, error) {
			preview, err := c.PreviewBulk(t.Context(), c.admin, JobDelete, Selection{IDs: []int64{reader.UserID}})
			c.must(err)
			_, err = c.DeleteUser(t.Context(), c.admin, reader.UserID, c.user(reader.UserID).Email, Along{})
			return preview.Links, err
		},
		"an Analyst from now on": func(c *company, reader Actor) (LinksTaken, error) {
			in := Membership{Version: c.user(reader.UserID).Version, Role: permission.Analyst}
			preview, err := c.PreviewMembership(t.Context(), c.admin, reader.UserID, in)
			c.must(err)
			_, err = c.SetMembership(t.Context(), c.admin, reader.UserID, in)
			return preview.Links, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCompany(t)
			ann, bo := c.person("ann@example.com", permission.Admin, 1), c.person("bo@example.com", permission.Admin, 1)
			read, unread := c.mailedTo("two@example.com", ann, bo), c.mailedTo("other@example.com", c.admin, bo)
			taken, err := end(c, ann)
			c.must(err)
			if len(taken.Mailed) != 1 || taken.Mailed[0].ID != read.UserID || len(taken.Revoked) != 0 {
				t.Errorf("the preview says %+v", taken)
			}
			for mailed, anew := range map[*store.Invitation]bool{&read: true, &unread: false} {
				now, err := c.db.InvitationOfUser(t.Context(), mailed.UserID)
				c.must(err)
				if now.MailDeliveryID != mailed.MailDeliveryID != anew {
					t.Errorf("the invitation of %d is mailed anew: want %v", mailed.UserID, anew)
				}
			}
		})
	}
}

// In trial mode mails are read in the console: who has read one has the link, too.
func TestALinkThatWasReadEndsLikeOneMadeByHand(t *testing.T) { // rule "may grant"
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	ann, bo := c.person("ann@example.com", permission.Admin, 1), c.person("bo@example.com", permission.Admin, 1)
	for email, readers := range map[string][]Actor{"one@example.com": {ann, ann}, "two@example.com": {ann, bo}, "none@example.com": nil} {
		pending := c.mailedTo(email, readers...)
		user, mailed := c.user(pending.UserID), pending.MailDeliveryID
		_, err := c.ChangeInvitedRole(ctx, c.admin, pending.ID, permission.Analyst) // which they could give
		c.must(err)
		_, err = c.ChangeInvitedRole(ctx, c.admin, pending.ID, permission.GlobalAdmin)
		c.must(err)
		pending, err = c.db.InvitationOfUser(ctx, user.ID)
		c.must(err)
		if anew := pending.MailDeliveryID != mailed; anew != (readers != nil) {
			t.Errorf("%s: mailed anew: %v", email, anew)
		}
	}
}

// FuzzPermissions: whatever is chosen as the permissions of a group, it is refused with words, or is a set of which each has an effect,
// that is read back from what is stored, and chosen again.
func FuzzPermissions(f *testing.F) {
	for _, keys := range []string{"", "rules.view", "rules.update", "rules.view rules.update rules.view", "users.update users.view", "activity.view activity.delete",
		"users.fly", "RULES.VIEW", "\xff", "users.export users.view"} {
		f.Add("", keys)
	}
	f.Add("analyst", "rules.view")
	f.Add("nobody", "")
	f.Add("global_admin", "")
	f.Fuzz(func(t *testing.T, role, keys string) {
		of, set, refused := GroupInput{Role: permission.Role(role), Custom: strings.Fields(keys)}.parsePermissions()
		if refused != nil {
			if refused.First() == "" || of != "" {
				t.Errorf("%q, %q: %v", role, keys, refused)
			}
			return
		}
		if of != "" && (string(of) != role || !set.Empty()) || of == "" && role != "" {
			t.Errorf("%q, %q is the role %q with %q", role, keys, of, set)
		}
		for p := range set.All() {
			if !p.Custom() || !slices.Contains(strings.Fields(keys), p.String()) {
				t.Errorf("%q gives %s", keys, p)
			}
		}
		_, again, refused := GroupInput{Custom: strings.Fields(set.String())}.parsePermissions()
		if stored := permission.ParseSet(set.String()); refused != nil || stored != set || again != set {
			t.Errorf("%q is stored as %q, and that %q: %v", keys, stored, again, refused)
		}
	})
}
