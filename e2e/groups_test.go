package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"console/internal/permission"
)

// newGroup makes a group with permissions of its own in tenants and returns its path.
func (c *console) newGroup(by *browser, name string, tenants, permissions []string) string {
	c.t.Helper()
	pairs := []string{"name", name, "role", "custom"}
	for _, t := range tenants {
		pairs = append(pairs, "tenant_ids", t)
	}
	by.post("/settings/groups/new", pairs...).wants(http.StatusSeeOther)
	path := "/settings/groups/" + c.cell(`SELECT id FROM groups WHERE name = $1`, name)
	pairs = []string{"version", c.cell(`SELECT version FROM groups WHERE name = $1`, name), "role", "custom"}
	for _, p := range permissions {
		pairs = append(pairs, "permissions", p)
	}
	by.post(path+"/permissions", pairs...).wants(http.StatusSeeOther)
	return path
}

// newTenant makes a tenant and returns its id.
func (c *console) newTenant(by *browser, name string) string {
	c.t.Helper()
	by.post("/settings/tenants/new", "name", name).wants(http.StatusSeeOther)
	return c.cell(`SELECT id FROM tenants WHERE name = $1`, name)
}

func TestFC88_ChangesOfGroupsBiteOnTheNextRequest(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	ann := c.person(permission.Analyst, "Ann", "", "ann@example.com")
	b, id := c.browse(ann), fmt.Sprint(ann.ID)
	b.get("/settings/triggers").wants(http.StatusForbidden)
	path := c.newGroup(admin, "Watchers", []string{"1"}, []string{"triggers.view"})

	for what, takeAway := range map[string]func(){
		"removed from the group": func() { admin.post(path+"/users/remove", "user_ids", id).wants(http.StatusSeeOther) },
		"permission unticked": func() {
			admin.post(path+"/permissions", "version", c.cell(`SELECT version FROM groups WHERE name = 'Watchers'`), "role", "custom").wants(http.StatusSeeOther)
		},
		"tenant removed": func() { admin.post(path+"/tenants/remove", "tenant_id", "1").wants(http.StatusSeeOther) },
	} {
		admin.post(path+"/users/add", "emails", "ann@example.com").wants(http.StatusSeeOther)
		admin.post(path+"/tenants", "tenant_ids", "1").wants(http.StatusSeeOther)
		admin.post(path+"/permissions", "version", c.cell(`SELECT version FROM groups WHERE name = 'Watchers'`), "role", "custom",
			"permissions", "triggers.view").wants(http.StatusSeeOther)
		b.get("/settings/triggers").wants(http.StatusOK)
		takeAway()
		if a := b.get("/settings/triggers"); a.StatusCode != http.StatusForbidden {
			t.Errorf("%s: the next request is answered %d", what, a.StatusCode)
		}
	}
}

func TestFC93_AStaleGroupIsNotSaved(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	path := c.newGroup(admin, "Editors", []string{"1"}, []string{"rules.view", "rules.delete"})
	stale := c.cell(`SELECT version FROM groups WHERE name = 'Editors'`)
	admin.post(path+"/permissions", "version", stale, "role", "custom", "permissions", "rules.view").wants(http.StatusSeeOther)
	admin.post(path+"/edit", "version", stale, "name", "Writers").wants(http.StatusConflict).contains("Writers")
	if got := c.cell(`SELECT name || ': ' || permissions FROM groups WHERE name = 'Editors'`); got != "Editors: rules.view" {
		t.Errorf("the group is %q", got)
	}
}

func TestFC93_AChangeIsNoticedOnTheWayToSavingToo(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	path := c.newGroup(admin, "Editors", []string{"1"}, []string{"rules.view"})
	opened := admin.get(path + "?tab=permissions").version()
	admin.post(path+"/permissions", "version", opened, "role", "custom", "permissions", "triggers.view").wants(http.StatusSeeOther)
	const ticked = "?tab=permissions&role=custom&permissions=rules.view&version="
	shown := admin.get(path + ticked + opened).wants(http.StatusOK).version() // of another source role
	stale := admin.get(path + "/permissions" + ticked + shown).wants(http.StatusConflict).version()
	admin.get(path + "/permissions" + ticked + stale).wants(http.StatusOK)

	ann := c.person(permission.Analyst, "Ann", "", "ann@example.com")
	path = fmt.Sprintf("/settings/users/%d/", ann.ID)
	opened = admin.get(path + "groups").version()
	admin.post(path+"edit", "first_name", "Anna", "last_name", "", "version", opened).wants(http.StatusSeeOther)
	const chosen = "groups?review=1&role=read_only&group_ids=&version="
	stale = admin.get(path + chosen + opened).wants(http.StatusConflict).version()
	admin.get(path + chosen + stale).wants(http.StatusOK).contains("Anna will be Read Only")
}

func TestFC42_NobodyGivesWhatTheyDoNotHold(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	global := c.administrator()
	staging := c.newTenant(global, "Staging")
	strong := c.newGroup(global, "Strong", []string{staging}, []string{"rules.view"})
	carol := c.person(permission.Admin, "Carol", "", "carol@example.com")
	b, id := c.browse(carol), fmt.Sprint(carol.ID)
	before := c.groupsOf("carol@example.com")
	for what, a := range map[string]*answer{
		"adding oneself":             b.post(strong+"/users/add", "user_ids", id),
		"a group in another tenant":  b.post("/settings/groups/new", "name", "Mine", "role", "analyst", "tenant_ids", staging),
		"oneself a Global role":      b.post("/settings/users/"+id+"/groups", "version", fmt.Sprint(c.user("carol@example.com").Version), "role", "global_analyst"),
		"inviting into a tenant":     b.post("/settings/users/new", "role", "analyst", "first_name", "X", "email", "x@example.com", "tenant_id", staging),
		"a link into a tenant":       b.post("/settings/users/invite-link", "role", "analyst", "duration", "1d", "email", "y@example.com", "tenant_id", staging),
		"somebody a group (FC-43)":   b.post("/settings/users/new", "role", "analyst", "first_name", "X", "email", "z@example.com", "tenant_id", "1", "group_ids", strong[len("/settings/groups/"):]),
		"tenants belong to others":   b.post("/settings/tenants/new", "name", "Mine"),
		"enabling a tenant of other": b.post("/settings/tenants/" + staging + "/enable"),
	} {
		if a.StatusCode != http.StatusForbidden {
			t.Errorf("%s is answered %d", what, a.StatusCode)
		}
	}
	if after := c.groupsOf("carol@example.com"); !slices.Equal(before, after) {
		t.Errorf("carol is in %v, was in %v", after, before)
	}
}

func TestFC41_TheRefusalSaysWhatIsMissingAndWhoCanAct(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	global := c.administrator()
	staging := c.newTenant(global, "Staging")
	c.newGroup(global, "Rule writers", []string{staging}, []string{"rules.view", "rules.update"})
	ann := c.person(permission.Analyst, "Ann", "", "ann@example.com")
	global.post("/settings/groups/"+c.cell(`SELECT id FROM groups WHERE name = 'Rule writers'`)+"/users/add", "user_ids", fmt.Sprint(ann.ID)).wants(http.StatusSeeOther)
	carol := c.browse(c.person(permission.Admin, "Carol", "", "carol@example.com"))
	for _, script := range []string{"", "true"} {
		carol.Header.Set("HX-Request", script)
		carol.get(fmt.Sprintf("/settings/users/%d/edit", ann.ID)).wants(http.StatusForbidden).
			contains("Ann may view Rules in Staging; you may not.", "These people can do it", adminEmail+"</a>").lacks("carol@example.com</a>")
	}
}

func TestGroups_PermissionsOfOnesOwnAreChecked(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	path := c.newGroup(admin, "Custom", []string{"1"}, nil)
	version := c.cell(`SELECT version FROM groups WHERE name = 'Custom'`)
	for refused, words := range map[string]string{"rules.update": "tick View of Rules", "users.update": "takes the role Administrator", "rules.export": "no permission"} {
		admin.post(path+"/permissions", "version", version, "role", "custom", "permissions", refused).wants(http.StatusUnprocessableEntity).contains(words)
	}
	admin.get(path + "/permissions?role=custom&permissions=rules.view&version=" + version).wants(http.StatusOK).contains("Nobody loses access by this.")
	c.wantCount(1, `SELECT count(*) FROM groups WHERE name = 'Custom' AND permissions = ''`)
}

func TestGroups_AutomaticGroupsFollowRolesOnly(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	c.add(admin, "analyst", "Ann", "", "ann@example.com")
	ann := c.user("ann@example.com")
	group := "/settings/groups/" + c.cell(`SELECT id FROM groups WHERE automatic AND role = 'analyst'`)
	before := c.groupsOf("ann@example.com")
	for _, a := range []*answer{
		admin.post(group+"/edit", "version", "1", "name", "Mine"), admin.post(group+"/permissions", "version", "1", "role", "admin"),
		admin.post(group+"/tenants", "tenant_ids", "1"), admin.post(group+"/tenants/remove", "tenant_id", "1"),
		admin.post(group+"/users/add", "user_ids", "1"), admin.post(group+"/users/remove", "user_ids", fmt.Sprint(ann.ID)), admin.post(group + "/delete"),
	} {
		a.wants(http.StatusUnprocessableEntity).contains("automatic group")
	}
	if after := c.groupsOf("ann@example.com"); !slices.Equal(before, after) {
		t.Errorf("ann is in %v, was in %v", after, before)
	}
	groups := fmt.Sprintf("/settings/users/%d/groups", ann.ID)
	admin.get(groups + "?review=1&version=" + fmt.Sprint(ann.Version) + "&role=analyst&group_ids=").wants(http.StatusOK).contains("1 person loses access by this")
	admin.post(groups, "version", fmt.Sprint(ann.Version), "role", "analyst", "group_ids", "").wants(http.StatusSeeOther)
	admin.get("/settings/users").contains("Analyst · by groups")
	c.wantCount(0, `SELECT count(*) FROM groups WHERE automatic AND role = 'analyst' AND members = 0`)
}

func TestGroups_SomeAreTickedAtOnce(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	ann := c.person(permission.Analyst, "Ann", "", "ann@example.com")
	path := c.newGroup(admin, "G", []string{"1"}, nil)
	fields := func(n int) (fields []string) {
		for range n {
			fields = append(fields, "user_ids", fmt.Sprint(ann.ID))
		}
		return fields
	}
	repeated := "?" + strings.Repeat("user_ids=1&", 1001)
	for _, a := range []*answer{
		admin.post(path+"/users/add"+repeated, append(fields(9000), "find", "1")...), admin.post(path+"/users/add", append(fields(1001), "find", "1")...),
		admin.post(path+"/users/add", fields(1001)...), admin.get(path + "/users/add" + repeated), admin.post(path+"/users/remove", fields(1001)...),
		admin.get(path + "/users/remove" + repeated),
	} {
		a.wants(http.StatusUnprocessableEntity).contains("At most 1000 users at once.")
	}
	found := admin.post(path+"/users/add", append(fields(1000), "find", "1", "q", "Ann")...).wants(http.StatusOK)
	if n := strings.Count(found.Body, `name="user_ids"`); n != 1 {
		t.Errorf("Ann is offered %d times", n)
	}
	admin.post(path+"/users/add", fields(1000)...).wants(http.StatusSeeOther)
	c.wantCount(1, `SELECT members FROM groups WHERE name = 'G'`)
	admin.post(path+"/users/remove", fields(1000)...).wants(http.StatusSeeOther)
	c.wantCount(0, `SELECT members FROM groups WHERE name = 'G'`)
}

func TestTenants_ADisabledTenantGivesNoAccess(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	global := c.administrator()
	staging := c.newTenant(global, "Staging")
	global.post("/settings/users/new", "role", "analyst", "first_name", "Bob", "email", "bob@example.com", "tenant_id", staging).wants(http.StatusSeeOther)
	c.exec(`UPDATE users SET activated_at = 1 WHERE email = 'bob@example.com'`)
	bob := c.browse(c.user("bob@example.com"))
	bob.get("/settings/profile").wants(http.StatusOK).contains("My permissions", "Analysts (Staging)")
	bob.get("/settings/users").wants(http.StatusForbidden)
	global.get("/settings/tenants/"+staging+"/disable").wants(http.StatusOK).contains("lose access by this", "Bob")
	global.post("/settings/tenants/" + staging + "/disable").wants(http.StatusSeeOther)
	bob.get("/settings/profile").wants(http.StatusForbidden).contains("john")
	global.post("/settings/tenants/"+staging+"/delete", "confirm_name", "wrong").wants(http.StatusUnprocessableEntity).contains("Type Staging to confirm")
	global.post("/settings/tenants/"+staging+"/delete", "confirm_name", "Staging").wants(http.StatusSeeOther)
	c.wantCount(0, `SELECT count(*) FROM groups WHERE name = 'Analysts (Staging)'`)
	global.post("/settings/tenants/1/disable").wants(http.StatusConflict)
}

func TestGroups_TheExplainedTenantIsNamedOnce(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	global := c.administrator()
	path := fmt.Sprintf("/settings/users/%d/permissions", c.person(permission.Analyst, "Ann", "", "ann@example.com").ID)
	global.get(path).wants(http.StatusOK).contains("<h3>" + company + "</h3>").lacks(`name="tenant_id"`)
	staging := c.newTenant(global, "Staging") // where she may do nothing
	global.get(path+"?tenant_id="+staging).wants(http.StatusOK).contains(`<option value="`+staging+`" selected`).lacks("<h3>"+company, "<h3>Staging")
}

func TestGroups_AnAPIDeveloperSeesOnlyTheirProfile(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	dev := c.person(permission.APIDeveloper, "Dev", "", "dev@example.com")
	path := c.newGroup(admin, "Readers", []string{"1"}, []string{"users.view"})
	admin.post(path+"/users/add", "emails", "dev@example.com").wants(http.StatusSeeOther)
	c.browse(dev).get("/settings/users").wants(http.StatusForbidden)
	c.browse(dev).get("/settings/profile?tab=permissions").wants(http.StatusOK).contains("you see only your profile")
	admin.get(fmt.Sprintf("/settings/users/%d/permissions", dev.ID)).wants(http.StatusOK).contains("they see only their profile")
}

func TestGroups_AdministratorsEndSessionsOfOthers(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	ann := c.person(permission.Analyst, "Ann", "", "ann@example.com")
	first := c.browse(ann)
	c.browse(ann)
	page := fmt.Sprintf("/settings/users/%d", ann.ID)
	admin.get(page + "?tab=sessions").wants(http.StatusOK).contains("Sign out everywhere")
	first.post(page + "/sessions/end").wants(http.StatusForbidden) // an Analyst manages nobody
	admin.post(page+"/sessions/end", "session_id", c.cell(`SELECT min(id) FROM sessions WHERE user_id = $1`, ann.ID)).wants(http.StatusSeeOther)
	c.wantCount(1, `SELECT count(*) FROM sessions WHERE user_id = $1`, ann.ID)
	admin.post(page + "/sessions/end").wants(http.StatusSeeOther)
	c.wantCount(0, `SELECT count(*) FROM sessions WHERE user_id = $1`, ann.ID)
	first.get("/settings/profile").to("/signin")
}

func TestFC136_ChangesOfAccessAreRecordedInWords(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	c.newGroup(admin, "Support", []string{"1"}, []string{"rules.view"})
	group := c.cell(`SELECT id FROM groups WHERE name = 'Support'`)
	ann := c.person(permission.ReadOnly, "Ann", "Lee", "ann@example.com")
	path := fmt.Sprintf("/settings/users/%d/groups", ann.ID)
	version := func() string { return c.cell(`SELECT version FROM users WHERE id = $1`, ann.ID) }
	admin.post(path, "version", version(), "role", "admin").wants(http.StatusSeeOther)
	admin.post(path, "version", version(), "role", "admin", "group_ids", c.cell(`SELECT id FROM groups WHERE automatic AND role = 'admin'`), "group_ids", group).wants(http.StatusSeeOther)
	want := []string{
		`change role|Ann Lee <ann@example.com>|John Doe <` + adminEmail + `>|{"groups":["Read Only","Administrators"],"role":["Read Only","Administrator"]}`,
		`change groups|Ann Lee <ann@example.com>|John Doe <` + adminEmail + `>|{"groups":["Administrators","Administrators, Support"]}`,
	}
	got := c.column(`SELECT action || '|' || object || '|' || actor || '|' || changes FROM activity WHERE action IN ('change role', 'change groups') AND address <> '' ORDER BY id`)
	if !slices.Equal(got, want) {
		t.Errorf("the activity log says\n%q\nnot\n%q", got, want)
	}
}

func TestGroups_AdministratorsSendPasswordResets(t *testing.T) {
	t.Parallel()
	c := ready(t, nil)
	admin := c.administrator()
	ann := c.person(permission.Analyst, "Ann", "", "ann@example.com")
	invited := c.user(func() string { c.add(admin, "analyst", "Ida", "", "ida@example.com"); return "ida@example.com" }())
	before := len(c.Mail.Messages())
	admin.post(fmt.Sprintf("/settings/users/%d/password-reset", invited.ID)).wants(http.StatusUnprocessableEntity).contains("cannot sign in")
	admin.post(fmt.Sprintf("/settings/users/%d/password-reset", ann.ID)).wants(http.StatusSeeOther)
	mails := c.Mail.Wait(t, before+1)[before:]
	path := ""
	for _, l := range linksIn(mails[0]) {
		if at := strings.Index(l, "/reset/"); at >= 0 {
			path = l[at:]
		}
	}
	c.browser().post(path, "password", "a new pass phrase of hers").to("/signin")
	c.browser().signIn("ann@example.com", "a new pass phrase of hers")
	c.wantCount(1, `SELECT count(*) FROM activity WHERE action = 'send password reset' AND object LIKE 'Ann%'`)
}
