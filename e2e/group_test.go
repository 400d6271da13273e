package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"console/e2e/harness"
	"console/internal/permission"
)

func TestFC88_ChangesOfGroupsBiteOnTheNextRequest(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	ann := c.Person(permission.Analyst, "Ann", "", "ann@example.com")
	b, id := c.Browse(ann), fmt.Sprint(ann.ID)
	b.Get("/settings/triggers").Wants(http.StatusForbidden)
	path := c.NewGroup(admin, "Watchers", []string{"1"}, []string{"triggers.view"})

	for what, takeAway := range map[string]func(){
		"removed from the group": func() { admin.Post(path+"/users/remove", "user_ids", id).Wants(http.StatusSeeOther) },
		"permission unticked": func() {
			admin.Post(path+"/permissions", "version", c.Cell(`SELECT version FROM groups WHERE name = 'Watchers'`), "role", "custom").Wants(http.StatusSeeOther)
		},
		"tenant removed": func() { admin.Post(path+"/tenants/remove", "tenant_id", "1").Wants(http.StatusSeeOther) },
	} {
		admin.Post(path+"/users/add", "emails", "ann@example.com").Wants(http.StatusSeeOther)
		admin.Post(path+"/tenants", "tenant_ids", "1").Wants(http.StatusSeeOther)
		admin.Post(path+"/permissions", "version", c.Cell(`SELECT version FROM groups WHERE name = 'Watchers'`), "role", "custom",
			"permissions", "triggers.view").Wants(http.StatusSeeOther)
		b.Get("/settings/triggers").Wants(http.StatusOK)
		takeAway()
		if a := b.Get("/settings/triggers"); a.StatusCode != http.StatusForbidden {
			t.Errorf("%s: the next request is answered %d", what, a.StatusCode)
		}
	}
}

func TestFC93_AStaleGroupIsNotSaved(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	path := c.NewGroup(admin, "Editors", []string{"1"}, []string{"rules.view", "rules.delete"})
	stale := c.Cell(`SELECT version FROM groups WHERE name = 'Editors'`)
	admin.Post(path+"/permissions", "version", stale, "role", "custom", "permissions", "rules.view").Wants(http.StatusSeeOther)
	admin.Post(path+"/edit", "version", stale, "name", "Writers").Wants(http.StatusConflict).Contains("Writers")
	if got := c.Cell(`SELECT name || ': ' || permissions FROM groups WHERE name = 'Editors'`); got != "Editors: rules.view" {
		t.Errorf("the group is %q", got)
	}
}

func TestFC93_AChangeIsNoticedOnTheWayToSavingToo(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	path := c.NewGroup(admin, "Editors", []string{"1"}, []string{"rules.view"})
	opened := admin.Get(path + "?tab=permissions").Version()
	admin.Post(path+"/permissions", "version", opened, "role", "custom", "permissions", "triggers.view").Wants(http.StatusSeeOther)
	const ticked = "?tab=permissions&role=custom&permissions=rules.view&version="
	shown := admin.Get(path + ticked + opened).Wants(http.StatusOK).Version() // of another source role
	stale := admin.Get(path + "/permissions" + ticked + shown).Wants(http.StatusConflict).Version()
	admin.Get(path + "/permissions" + ticked + stale).Wants(http.StatusOK)

	ann := c.Person(permission.Analyst, "Ann", "", "ann@example.com")
	path = fmt.Sprintf("/settings/users/%d/", ann.ID)
	opened = admin.Get(path + "groups").Version()
	admin.Post(path+"edit", "first_name", "Anna", "last_name", "", "version", opened).Wants(http.StatusSeeOther)
	review := func(version string) *harness.Answer {
		return admin.Post(path+"groups", "review", "1", "role", "read_only", "group_ids", "", "version", version)
	}
	stale = review(opened).Wants(http.StatusConflict).Version()
	review(stale).Wants(http.StatusOK).Contains("Anna will be Read Only")
}

func TestFC42_NobodyGivesWhatTheyDoNotHold(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	global := c.Administrator()
	staging := c.NewTenant(global, "Staging")
	strong := c.NewGroup(global, "Strong", []string{staging}, []string{"rules.view"})
	carol := c.Person(permission.Admin, "Carol", "", "carol@example.com")
	b, id := c.Browse(carol), fmt.Sprint(carol.ID)
	before := c.GroupsOf("carol@example.com")
	for what, a := range map[string]*harness.Answer{
		"adding oneself":             b.Post(strong+"/users/add", "user_ids", id),
		"a group in another tenant":  b.Post("/settings/groups/new", "name", "Mine", "role", "analyst", "tenant_ids", staging),
		"oneself a Global role":      b.Post("/settings/users/"+id+"/groups", "version", fmt.Sprint(c.User("carol@example.com").Version), "role", "global_analyst"),
		"inviting into a tenant":     b.Post("/settings/users/new", "role", "analyst", "first_name", "X", "email", "x@example.com", "tenant_id", staging),
		"a link into a tenant":       b.Post("/settings/users/invite-link", "role", "analyst", "duration", "1d", "email", "y@example.com", "tenant_id", staging),
		"somebody a group (FC-43)":   b.Post("/settings/users/new", "role", "analyst", "first_name", "X", "email", "z@example.com", "tenant_id", "1", "group_ids", strong[len("/settings/groups/"):]),
		"tenants belong to others":   b.Post("/settings/tenants/new", "name", "Mine"),
		"enabling a tenant of other": b.Post("/settings/tenants/" + staging + "/enable"),
	} {
		if a.StatusCode != http.StatusForbidden {
			t.Errorf("%s is answered %d", what, a.StatusCode)
		}
	}
	if after := c.GroupsOf("carol@example.com"); !slices.Equal(before, after) {
		t.Errorf("carol is in %v, was in %v", after, before)
	}
}

func TestFC41_TheRefusalSaysWhatIsMissingAndWhoCanAct(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	global := c.Administrator()
	staging := c.NewTenant(global, "Staging")
	c.NewGroup(global, "Rule writers", []string{staging}, []string{"rules.view", "rules.update"})
	ann := c.Person(permission.Analyst, "Ann", "", "ann@example.com")
	global.Post("/settings/groups/"+c.Cell(`SELECT id FROM groups WHERE name = 'Rule writers'`)+"/users/add", "user_ids", fmt.Sprint(ann.ID)).
		Wants(http.StatusSeeOther)
	carol := c.Browse(c.Person(permission.Admin, "Carol", "", "carol@example.com"))
	for _, script := range []string{"", "true"} {
		carol.Header.Set("HX-Request", script)
		carol.Get(fmt.Sprintf("/settings/users/%d/edit", ann.ID)).Wants(http.StatusForbidden).
			Contains("Ann may view Rules in Staging; you may not.", "These people can do it", harness.AdminEmail+"</a>").
			Lacks("carol@example.com</a>")
	}
}

func TestGroups_PermissionsOfOnesOwnAreChecked(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	path := c.NewGroup(admin, "Custom", []string{"1"}, nil)
	version := c.Cell(`SELECT version FROM groups WHERE name = 'Custom'`)
	for refused, words := range map[string]string{
		"rules.update": "choose View of Rules", "rules.export": "no permission", "users.update": "takes the role Administrator",
		"users.export": "takes the role Administrator", "tenants.update": "takes the role Global Administrator",
		"activity.update": "its entries stay as they were written",
	} {
		admin.Post(path+"/permissions", "version", version, "role", "custom", "permissions", refused).
			Wants(http.StatusUnprocessableEntity).
			Contains(words)
	}
	admin.Get(path + "/permissions?role=custom&permissions=rules.view&version=" + version).
		Wants(http.StatusOK).
		Contains("Nobody loses access by this.")
	c.WantCount(1, `SELECT count(*) FROM groups WHERE name = 'Custom' AND permissions = ''`)
}

// A set of before keeps what can be given no more through saves that do not name it, and it stays visible where it counts.
func TestGroups_WhatIsOfferedNoMoreIsKept(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	ann := c.Person(permission.Analyst, "Ann", "", "ann@example.com")
	path := c.NewGroup(admin, "Early", []string{"1"}, []string{"activity.view"})
	admin.Post(path+"/users/add", "emails", "ann@example.com").Wants(http.StatusSeeOther)
	c.Exec(`UPDATE groups SET permissions = 'activity.view activity.update' WHERE name = 'Early'`)
	save := func(set ...string) []string {
		pairs := []string{"version", c.Cell(`SELECT version FROM groups WHERE name = 'Early'`), "role", "custom"}
		for _, p := range set {
			pairs = append(pairs, "permissions", p)
		}
		return pairs
	}
	stored := func(want string) {
		t.Helper()
		c.WantCount(1, `SELECT count(*) FROM groups WHERE name = 'Early' AND permissions = $1`, want)
	}

	admin.Get(path+"?tab=permissions").Contains("was given earlier", `value="activity.export"`).
		Lacks(`value="activity.update"`, `value="activity.create"`, `value="users.update"`, `value="general.update"`, `value="tenants.create"`)
	admin.Post(path+"/permissions", save("activity.view", "rules.view")...).Wants(http.StatusSeeOther)
	stored("activity.view activity.update rules.view")
	admin.Get(fmt.Sprintf("/settings/users/%d/permissions", ann.ID)).Contains("Early")
	admin.Post(path+"/permissions", save("activity.view", "activity.update")...).Wants(http.StatusUnprocessableEntity)

	admin.Get(path + "/permissions?role=custom&permissions=rules.view&version=" + save()[1]).Contains("update Activity log")
	admin.Post(path+"/permissions", save("rules.view")...).Wants(http.StatusSeeOther)
	stored("rules.view")
	admin.Get(path + "?tab=permissions").Lacks("was given earlier")
}

func TestGroups_AutomaticGroupsFollowRolesOnly(t *testing.T) {
	harness.OnBoth(t)
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	c.Add(admin, "analyst", "Ann", "", "ann@example.com")
	ann := c.User("ann@example.com")
	group := "/settings/groups/" + c.Cell(`SELECT id FROM groups WHERE automatic = 1 AND role = 'analyst'`)
	before := c.GroupsOf("ann@example.com")
	for _, a := range []*harness.Answer{
		admin.Post(group+"/edit", "version", "1", "name", "Mine"), admin.Post(group+"/permissions", "version", "1", "role", "admin"),
		admin.Post(group+"/tenants", "tenant_ids", "1"), admin.Post(group+"/tenants/remove", "tenant_id", "1"),
		admin.Post(group+"/users/add", "user_ids", "1"), admin.Post(group+"/users/remove", "user_ids", fmt.Sprint(ann.ID)), admin.Post(group + "/delete"),
	} {
		a.Wants(http.StatusUnprocessableEntity).Contains("automatic group")
	}
	if after := c.GroupsOf("ann@example.com"); !slices.Equal(before, after) {
		t.Errorf("ann is in %v, was in %v", after, before)
	}
	groups := fmt.Sprintf("/settings/users/%d/groups", ann.ID)
	admin.Post(groups, "review", "1", "version", fmt.Sprint(ann.Version), "role", "analyst", "group_ids", "").
		Wants(http.StatusOK).
		Contains("1 person loses access by this")
	admin.Post(groups, "version", fmt.Sprint(ann.Version), "role", "analyst", "group_ids", "").Wants(http.StatusSeeOther)
	admin.Get("/settings/users").Contains("Analyst · by groups")
	c.WantCount(0, `SELECT count(*) FROM groups WHERE automatic = 1 AND role = 'analyst' AND members = 0`)
}

func TestGroups_SomeAreTickedAtOnce(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	ann := c.Person(permission.Analyst, "Ann", "", "ann@example.com")
	path := c.NewGroup(admin, "G", []string{"1"}, nil)
	fields := func(n int) (fields []string) {
		for range n {
			fields = append(fields, "user_ids", fmt.Sprint(ann.ID))
		}
		return fields
	}
	repeated := "?" + strings.Repeat("user_ids=1&", 1001)
	for _, a := range []*harness.Answer{
		admin.Post(path+"/users/add"+repeated, append(fields(9000), "find", "1")...), admin.Post(path+"/users/add", append(fields(1001), "find", "1")...),
		admin.Post(path+"/users/add", fields(1001)...), admin.Get(path + "/users/add" + repeated), admin.Post(path+"/users/remove", fields(1001)...),
		admin.Get(path + "/users/remove" + repeated),
	} {
		a.Wants(http.StatusUnprocessableEntity).Contains("At most 1000 users at once.")
	}
	found := admin.Post(path+"/users/add", append(fields(1000), "find", "1", "q", "Ann")...).Wants(http.StatusOK)
	if n := strings.Count(found.Body, `name="user_ids"`); n != 1 {
		t.Errorf("Ann is offered %d times", n)
	}
	admin.Post(path+"/users/add", fields(1000)...).Wants(http.StatusSeeOther)
	c.WantCount(1, `SELECT members FROM groups WHERE name = 'G'`)
	admin.Post(path+"/users/remove", fields(1000)...).Wants(http.StatusSeeOther)
	c.WantCount(0, `SELECT members FROM groups WHERE name = 'G'`)
}

func TestTenants_ADisabledTenantGivesNoAccess(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	global := c.Administrator()
	staging := c.NewTenant(global, "Staging")
	global.Post("/settings/users/new", "role", "analyst", "first_name", "Bob", "email", "bob@example.com", "tenant_id", staging).
		Wants(http.StatusSeeOther)
	c.Exec(`UPDATE users SET activated_at = 1 WHERE email = 'bob@example.com'`)
	bob := c.Browse(c.User("bob@example.com"))
	bob.Get("/settings/profile").Wants(http.StatusOK).Contains("My permissions", "Analysts (Staging)")
	bob.Get("/settings/users").Wants(http.StatusForbidden)
	global.Get("/settings/tenants/"+staging+"/disable").Wants(http.StatusOK).Contains("lose access by this", "Bob")
	global.Post("/settings/tenants/" + staging + "/disable").Wants(http.StatusSeeOther)
	bob.Get("/settings/profile").Wants(http.StatusForbidden).Contains("john")
	global.Post("/settings/tenants/"+staging+"/delete", "confirm_name", "wrong").
		Wants(http.StatusUnprocessableEntity).
		Contains("Type Staging to confirm")
	global.Post("/settings/tenants/"+staging+"/delete", "confirm_name", "Staging").Wants(http.StatusSeeOther)
	c.WantCount(0, `SELECT count(*) FROM groups WHERE name = 'Analysts (Staging)'`)
	global.Post("/settings/tenants/1/disable").Wants(http.StatusConflict)
}

func TestGroups_TheExplainedTenantIsNamedOnce(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	global := c.Administrator()
	path := fmt.Sprintf("/settings/users/%d/permissions", c.Person(permission.Analyst, "Ann", "", "ann@example.com").ID)
	global.Get(path).Wants(http.StatusOK).Contains("<h3>" + harness.Company + "</h3>").Lacks(`name="tenant_id"`)
	staging := c.NewTenant(global, "Staging") // where she may do nothing
	global.Get(path+"?tenant_id="+staging).
		Wants(http.StatusOK).
		Contains(`<option value="`+staging+`" selected`).
		Lacks("<h3>"+harness.Company, "<h3>Staging")
}

func TestGroups_AnAPIDeveloperSeesOnlyTheirProfile(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	dev := c.Person(permission.APIDeveloper, "Dev", "", "dev@example.com")
	path := c.NewGroup(admin, "Readers", []string{"1"}, []string{"users.view"})
	admin.Post(path+"/users/add", "emails", "dev@example.com").Wants(http.StatusSeeOther)
	c.Browse(dev).Get("/settings/users").Wants(http.StatusForbidden)
	c.Browse(dev).Get("/settings/profile?tab=permissions").Wants(http.StatusOK).Contains("you see only your profile")
	admin.Get(fmt.Sprintf("/settings/users/%d/permissions", dev.ID)).Wants(http.StatusOK).Contains("they see only their profile")
}

func TestGroups_AdministratorsEndSessionsOfOthers(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	ann := c.Person(permission.Analyst, "Ann", "", "ann@example.com")
	first := c.Browse(ann)
	c.Browse(ann)
	page := fmt.Sprintf("/settings/users/%d", ann.ID)
	admin.Get(page + "?tab=sessions").Wants(http.StatusOK).Contains("Sign out everywhere")
	first.Post(page + "/sessions/end").Wants(http.StatusForbidden) // an Analyst manages nobody
	admin.Post(page+"/sessions/end", "session_id", c.Cell(`SELECT min(id) FROM sessions WHERE user_id = $1`, ann.ID)).
		Wants(http.StatusSeeOther)
	c.WantCount(1, `SELECT count(*) FROM sessions WHERE user_id = $1`, ann.ID)
	admin.Post(page + "/sessions/end").Wants(http.StatusSeeOther)
	c.WantCount(0, `SELECT count(*) FROM sessions WHERE user_id = $1`, ann.ID)
	first.Get("/settings/profile").To("/signin")
}

func TestGroups_AdministratorsSendPasswordResets(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	ann := c.Person(permission.Analyst, "Ann", "", "ann@example.com")
	invited := c.User(func() string { c.Add(admin, "analyst", "Ida", "", "ida@example.com"); return "ida@example.com" }())
	before := len(c.Mail.Messages())
	admin.Post(fmt.Sprintf("/settings/users/%d/password-reset", invited.ID)).Wants(http.StatusUnprocessableEntity).Contains("cannot sign in")
	admin.Post(fmt.Sprintf("/settings/users/%d/password-reset", ann.ID)).Wants(http.StatusSeeOther)
	mails := c.Mail.Wait(t, before+1)[before:]
	path := ""
	for _, l := range harness.LinksIn(mails[0]) {
		if at := strings.Index(l, "/reset/"); at >= 0 {
			path = l[at:]
		}
	}
	c.Browser().Post(path, "password", "a new pass phrase of hers").To("/signin")
	c.Browser().SignIn("ann@example.com", "a new pass phrase of hers")
	c.WantCount(1, `SELECT count(*) FROM activity WHERE action = 'send password reset' AND object LIKE 'Ann%'`)
}
