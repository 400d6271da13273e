package look

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"console/e2e/harness"
	"console/e2e/harness/chromium"
	"console/internal/auth"
	"console/internal/fake"
	"console/internal/permission"
	"console/store"
)

// TestScreenshots takes pictures of every page into the directory that SCREENSHOTS names.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		t.Skip("SCREENSHOTS names no directory; TestLook sees that pictures could be taken")
	}
	for _, s := range newGallery(t, usualNames).scenes() {
		t.Run(s.name, func(t *testing.T) { s.takePictures(t, dir) })
	}
}

// names are what the people and things in the pictures are called.
type names struct {
	first, last, email    string // of a person who has signed up
	guestEmail, linkEmail string // of people who have not
	title                 string // of a trigger and an integration
}

var usualNames = names{
	first: "Wolfeschlegel", last: "Hausenbergerdorff-Montgomery", email: "wolfe.hausenbergerdorff@montgomery-and-partners.example.com",
	guestEmail: "ines.carvalho@example.com", linkEmail: "auditor@example.org", title: "Security team",
}

// longNames are the longest that can be stored, without a space to break a line at.
var longNames = names{
	first: strings.Repeat("W", 127), last: strings.Repeat("W", 127), email: longEmail("w"),
	guestEmail: longEmail("g"), linkEmail: longEmail("l"), title: strings.Repeat("W", 255),
}

// longEmail is an address of 254 characters.
func longEmail(letter string) string {
	label := strings.Repeat(letter, 63)
	return strings.Repeat(letter, 64) + "@" + label + "." + label + "." + strings.Repeat(letter, 57) + ".com"
}

// gallery is four consoles, not set up, with nobody but John Doe, with a large group, and with everything there is to see,
// and the browsers of people who look at them.
type gallery struct {
	names
	full                           *harness.Console
	unset, visitor                 *chromium.Tab
	newcomer                       *chromium.Tab // administrator of the empty console
	admin, member, analyst, nobody *chromium.Tab // of the full one
	crowded                        *chromium.Tab // administrator of a console whose group has many members
	protected, halfway             *chromium.Tab // of somebody with second factors, signed in and half-way
	chooser                        *chromium.Tab // of somebody who is to choose a password in place of an initial one
	links                          map[string]string
}

func newGallery(t *testing.T, n names) *gallery {
	g := &gallery{names: n, full: harness.Start(t, nil), links: map[string]string{}}
	g.unset = chromium.NewTab(harness.Start(t, nil), true)
	empty := harness.Start(t, nil)
	empty.SetUp()
	g.newcomer = chromium.TabOf(empty.Administrator())
	crowded := harness.Start(t, nil)
	crowded.SetUp()
	g.addGroups(crowded)
	g.crowded = chromium.TabOf(crowded.Administrator())
	g.full.SetUp()
	g.furnish(g.full.Administrator())
	g.visitor = chromium.NewTab(g.full, true)
	for email, at := range map[string]**chromium.Tab{harness.AdminEmail: &g.admin, n.email: &g.member, "ana.souza@example.com": &g.analyst, "noa@example.com": &g.nobody} {
		b := g.full.Browser()
		b.SignIn(email, harness.AdminPassword)
		*at = chromium.TabOf(b)
	}
	g.protect()
	g.giveInitialPassword()
	g.sealElsewhere(crowded)
	return g
}

// giveInitialPassword lets somebody sign in with a password that another has chosen.
func (g *gallery) giveInitialPassword() {
	person := g.full.Person(permission.Analyst, g.first, g.last, "chooser@example.com")
	g.full.Exec(`UPDATE users SET password_initial = 1, password_hash = $2 WHERE id = $1`, person.ID, auth.HashPassword(harness.AdminPassword))
	b := g.full.Browser()
	b.Post("/signin", "email", person.Email, "password", harness.AdminPassword).Wants(http.StatusSeeOther).To("/signin/password")
	g.chooser = chromium.TabOf(b)
}

// sealElsewhere makes an integration whose settings cannot be opened.
func (g *gallery) sealElsewhere(c *harness.Console) {
	url := c.Receiver.URL + "/services/T0/B0/secret"
	c.Administrator().Post("/settings/integrations/new?type=slack", "name", "Chat "+g.title[:5], "active", "1", "url", url).
		Wants(http.StatusSeeOther)
	c.Exec(`UPDATE integrations SET settings = x'00'`)
}

// protect gives somebody second factors and a link to reset their password.
func (g *gallery) protect() {
	const email = "mohammed@example.com"
	b := g.full.Browser()
	b.SignIn(email, harness.AdminPassword)
	b.Enrol(harness.AdminPassword)
	g.full.Exec(`INSERT INTO passkeys (user_id, credential_id, credential, name, created_at) VALUES ($1, x'00', '{"id": "AA=="}', $2, $3)`,
		g.full.User(email).ID, "Laptop "+g.first, store.At(time.Now()))
	g.protected = chromium.TabOf(b)
	b = g.full.Browser()
	b.SignIn(email, harness.AdminPassword)
	g.halfway = chromium.TabOf(b)
	token := auth.NewToken()
	g.links["reset"] = "/reset/" + token
	g.full.Exec(`INSERT INTO reset_links (token_hash, user_id, created_at, expires_at) VALUES ($1, $2, 0, $3)`, auth.HashToken(token),
		g.full.User(g.email).ID, store.At(time.Now().Add(time.Hour)))
}

// furnish makes integrations, a trigger with deliveries of every outcome, and people of every status.
func (g *gallery) furnish(admin *harness.Browser) {
	broken := fake.NewReceiver(g.full.T)
	broken.Respond(fake.Response{Status: http.StatusInternalServerError})
	g.full.Receiver.Respond(fake.Response{Body: "ok"}, fake.Response{Status: http.StatusNotFound}, fake.Response{Body: "ok"})
	for _, chat := range [][2]string{{"Chat with admins", g.full.Receiver.URL}, {g.title, broken.URL}} {
		admin.Post("/settings/integrations/new?type=slack", "name", chat[0], "active", "1", "url", chat[1]+"/services/T0/B0/secret").
			Wants(http.StatusSeeOther)
	}
	admin.Post("/settings/integrations/new?type=email", "name", "Mail to admins", "emails", harness.AdminEmail).Wants(http.StatusSeeOther)
	admin.Post(
		"/settings/triggers/new",
		"name",
		g.title,
		"description",
		"Tells the security team who joined",
		"condition",
		"user_added",
		"role_operator",
		"eq",
		"roles",
		"analyst",
		"roles",
		"admin",
		"integration_ids",
		"1",
		"integration_ids",
		"2",
		"enabled",
		"1",
	).Wants(http.StatusSeeOther)
	admin.Post("/settings/triggers/new", "name", "Everybody else", "condition", "user_added", "role_operator", "ne", "roles", "analyst", "integration_ids", "3").
		Wants(http.StatusSeeOther)
	admin.Post("/settings/integrations/new?type=webhook", "name", "Inventory "+g.title[:3], "url", g.full.Receiver.URL+"/hook").
		Wants(http.StatusSeeOther)
	g.addActive(admin)
	g.addInvited(admin)
	g.killLinks(admin)
	g.addTokens(admin)
	g.links["job"] = admin.Post("/settings/users/bulk", "action", "disable", "ids", g.id(harness.AdminEmail)).
		Wants(http.StatusSeeOther).
		Header.Get(
		"Location",
	)
	harness.Eventually(g.full.T, "every message has been tried", func() bool {
		return g.full.Count(`SELECT count(*) FROM deliveries WHERE attempts = 0 AND integration_id = 1`) == 0
	})
	g.links["delivery"] = "/settings/deliveries/" + g.full.Cell(`SELECT min(id) FROM deliveries WHERE integration_id = 1`)
	g.full.Exec(`UPDATE integrations SET switched_off_at = created_at WHERE id = 3`)
}

// id is the id of a person, as it stands in addresses.
func (g *gallery) id(email string) string { return strconv.FormatInt(g.full.User(email).ID, 10) }

func (g *gallery) addActive(admin *harness.Browser) {
	hash := auth.HashPassword(harness.AdminPassword)
	for _, p := range []struct {
		role, first, last, email string
		lastAuth                 time.Duration // ago
	}{
		{"admin", g.first, g.last, g.email, 6 * time.Hour},
		{"analyst", "Ana", "Souza", "ana.souza@example.com", 26 * time.Hour},
		{"read_only", "محمد", "الأحمد", "mohammed@example.com", 9 * 24 * time.Hour},
		{"analyst", "נועה", "לוי", "noa@example.com", 40 * 24 * time.Hour},
		{"api_developer", "太郎", "山田", "taro.yamada@example.jp", 400 * 24 * time.Hour},
		{"analyst", "Zoë", "Čapková-Ångström", "zoe@example.com", 3 * time.Minute},
	} {
		g.full.Add(admin, p.role, p.first, p.last, p.email)
		g.full.Exec(`UPDATE users SET activated_at = created_at, last_auth_at = $2, password_hash = $3 WHERE email = $1`,
			p.email, store.At(time.Now().Add(-p.lastAuth)), hash)
		g.full.Exec(`DELETE FROM invitations WHERE user_id = (SELECT id FROM users WHERE email = $1)`, p.email)
	}
	admin.Post("/settings/users/new", "role", "deploy", "first_name", "Deployment", "email", "ci@example.com", "tenant_id", "1").
		Wants(http.StatusSeeOther)
	g.full.Disable("zoe@example.com")
	g.full.Exec(`DELETE FROM group_users WHERE user_id = (SELECT id FROM users WHERE email = 'noa@example.com')`)
}

// addGroups makes tenants and a group of many people with permissions of its own.
func (g *gallery) addGroups(c *harness.Console) {
	admin := c.Administrator()
	staging, old := c.NewTenant(admin, "Staging"), c.NewTenant(admin, g.title)
	admin.Post("/settings/tenants/" + old + "/disable").Wants(http.StatusSeeOther)
	g.links["tenant"] = "/settings/tenants/" + staging
	path := c.NewGroup(admin, g.title, []string{staging, old}, []string{"rules.view", "rules.update", "attacks.view", "users.view"})
	g.links["group"] = path
	c.Add(admin, "admin", g.first, g.last, g.email)
	emails, members := []string{g.email}, []store.User(nil)
	for i := range 24 {
		emails = append(emails, fmt.Sprintf("member%02d@example.com", i))
		members = append(members, store.User{FirstName: fmt.Sprintf("Member %02d", i), Email: emails[i+1]})
	}
	c.People(members...)
	admin.Post(path+"/users/add", "emails", strings.Join(emails, "\n")).Wants(http.StatusSeeOther)
	c.Exec(`UPDATE users SET activated_at = created_at WHERE email = $1`, g.email)
	c.Exec(`DELETE FROM invitations`)
	g.links["member"] = "/settings/users/" + c.Cell(`SELECT id FROM users WHERE email = $1`, g.email)
	g.links["automatic"] = "/settings/groups/" + c.Cell(`SELECT id FROM groups WHERE automatic`)
	outside := c.Person(permission.Analyst, "Noa", "Levi", "outside@example.com")
	c.Exec(`DELETE FROM group_users WHERE user_id = $1`, outside.ID)
	g.links["outside"] = fmt.Sprintf("/settings/users/%d", outside.ID)
}

// addTokens makes API tokens in every state, of the administrator and of others; links lead to those of each state.
func (g *gallery) addTokens(admin *harness.Browser) {
	member, analyst := g.full.Browser(), g.full.Browser()
	member.SignIn(g.email, harness.AdminPassword)
	analyst.SignIn("ana.souza@example.com", harness.AdminPassword)
	now := time.Now()
	for _, token := range []struct {
		of                  *harness.Browser
		kind, name, expires string
		tenants, state      string // state is what follows SET in a statement
	}{
		{admin, "personal", "Nightly inventory", "60d", "1", fmt.Sprintf(`last_used_at = %d, last_used_from = '203.0.113.7'`, store.At(now.Add(-time.Hour)))},
		{admin, "personal", "Off-boarding", "2d", "all", `last_used_at = created_at, last_used_from = '2001:db8:85a3:8d3:1319:8a2e:370:7348'`},
		{admin, "personal", g.title, "", "all", ""},
		{admin, "personal", "Old laptop", "30d", "1", fmt.Sprintf(`expires_at = %d`, store.At(now.Add(-time.Hour)))},
		{admin, "personal", "Lost", "", "1", `disabled_at = created_at, disabled_why = 'by hand'`},
		{admin, "shared", "Terraform", "", "all", ""},
		{member, "shared", "Reports " + g.title[:5], "90d", "1", ""},
		{member, "shared", "Copied", "", "1", `disabled_at = created_at, disabled_why = 'restored'`},
		{member, "shared", "Orphan", "", "1", `disabled_at = created_at, disabled_why = 'owner deleted', owner_id = NULL, ` +
			`former_owner = 'Zed Left <zed@example.com>'`},
		{member, "personal", "Dashboards", "", "1", `disabled_at = created_at, disabled_why = 'owner disabled'`},
		{analyst, "personal", "Rules from Git", "", "1", ""},
	} {
		token.of.Post("/settings/tokens/new", "name", token.name, "kind", token.kind, "expires", token.expires, "tenant_ids", token.tenants,
			"permissions", "rules.view", "permissions", "rules.update", "permissions", "attacks.view").Wants(http.StatusOK)
		id := g.full.Cell(`SELECT max(id) FROM tokens`)
		g.links["token "+token.name] = "/settings/tokens/" + id
		if token.state != "" {
			g.full.Exec(`UPDATE tokens SET `+token.state+` WHERE id = $1`, id)
		}
	}
}

// addInvited invites people whose mail arrived, was refused and is being tried, and by links that work and do not.
func (g *gallery) addInvited(admin *harness.Browser) {
	g.links["signup"] = g.full.Add(admin, "analyst", g.first, g.last, g.guestEmail)
	g.full.Mail.RefuseRecipient("lost@example.com", 550, "no such user")
	g.full.Mail.RefuseRecipient("later@example.com", 451, "try again")
	for _, email := range []string{"lost@example.com", "later@example.com"} {
		admin.Post("/settings/users/new", "role", "read_only", "first_name", "Mel", "email", email, "tenant_id", "1").Wants(http.StatusSeeOther)
	}
	harness.Eventually(g.full.T, "both mails are refused", func() bool {
		return g.full.Count(`SELECT count(*) FROM deliveries WHERE recipient IN ('lost@example.com', 'later@example.com') AND error <> ''`) == 2
	})
	g.full.InviteByLink(admin, "analyst", g.linkEmail)
	g.links["expired"] = g.full.InviteByLink(admin, "read_only", "too.late@example.com")
	yesterday := store.At(time.Now().Add(-24 * time.Hour))
	g.full.Exec(
		`UPDATE invitations SET expires_at = $1 WHERE user_id = (SELECT id FROM users WHERE email = 'too.late@example.com')`,
		yesterday,
	)
	g.full.Exec(
		`UPDATE signup_links SET expires_at = $1 WHERE token_hash = $2`,
		yesterday,
		auth.HashToken(strings.TrimPrefix(g.links["expired"], "/signup/")),
	)
}

// killLinks makes links that no longer work for every reason.
func (g *gallery) killLinks(admin *harness.Browser) {
	for _, end := range []string{"used", "revoked", "replaced"} {
		email := end + "@example.com"
		g.links[end] = g.full.InviteByLink(admin, "read_only", email)
		admin.Post(g.full.Invitation(email) + "/revoke").Wants(http.StatusSeeOther)
		g.full.Exec(`UPDATE signup_links SET ended = $2 WHERE token_hash = $1`, auth.HashToken(strings.TrimPrefix(g.links[end], "/signup/")), end)
	}
	g.links["unknown"] = "/signup/" + auth.NewToken()
}

// scene is a page to look at, and what is to be done there first.
type scene struct {
	name    string
	tab     *chromium.Tab
	path    string
	prepare func(*chromium.Tab)
	stands  bool // for its page: its picture is taken in dark colours as well
	window  bool // the picture ends with the window, for the README
}

func (g *gallery) scenes() []scene {
	scenes := []scene{
		{name: "set-up", tab: g.unset, path: "/setup"},
		{
			name:    "set-up-error",
			tab:     g.unset,
			path:    "/setup",
			prepare: func(b *chromium.Tab) { b.Click("Set up"); b.Says("This is not the set-up code.") },
		},
		{name: "sign-in", tab: g.visitor, path: "/signin", stands: true},
		{name: "sign-in-error", tab: g.visitor, path: "/signin", prepare: func(b *chromium.Tab) { b.Click("Sign in"); b.Says("is wrong") }},
		{name: "signup", tab: g.visitor, path: g.links["signup"]},
		{
			name:    "signup-error",
			tab:     g.visitor,
			path:    g.links["signup"],
			prepare: func(b *chromium.Tab) { b.Click("Join"); b.Says("Choose a password.") },
		},
		{name: "no-access", tab: g.nobody, path: "/"},
		{name: "profile", tab: g.member, path: "/settings/profile", stands: true},
		{
			name:    "profile-error",
			tab:     g.member,
			path:    "/settings/profile",
			prepare: func(b *chromium.Tab) { b.Fill("First name", ""); b.Click("Save"); b.Says("Enter your first name.") },
		},
		{name: "general", tab: g.admin, path: "/settings/general", stands: true},
		{
			name:    "general-error",
			tab:     g.admin,
			path:    "/settings/general",
			prepare: func(b *chromium.Tab) { b.Fill("Company name", ""); b.Press(kb.Enter); b.Says("Enter the name") },
		},
		{name: "general-read-only", tab: g.analyst, path: "/settings/general"},
		{
			name:    "timeout-dialog",
			tab:     g.admin,
			path:    "/settings/triggers",
			prepare: func(b *chromium.Tab) { endsIn(b, 50); b.Says("50 seconds left") },
			stands:  true,
		},
		{name: "profile-security", tab: g.member, path: "/settings/profile?tab=security", stands: true},
		{name: "profile-sessions", tab: g.member, path: "/settings/profile?tab=sessions", stands: true},
		{name: "profile-permissions", tab: g.member, path: "/settings/profile?tab=permissions"},
		{name: "change-password", tab: g.member, path: "/settings/profile?tab=security", prepare: clickFor("Change password", "Change password")},
		{
			name:    "authenticator",
			tab:     g.member,
			path:    "/settings/profile?tab=security",
			prepare: clickFor("Enable", "Enable two-factor authentication"),
			stands:  true,
		},
		{name: "passkey-new", tab: g.member, path: "/settings/profile/passkeys/new"},
		{name: "profile-factors", tab: g.protected, path: "/settings/profile?tab=security"},
		{name: "recovery-codes-new", tab: g.protected, path: "/settings/profile/recovery-codes"},
		{
			name:    "disable-own-2fa",
			tab:     g.protected,
			path:    "/settings/profile?tab=security",
			prepare: clickFor("Disable", "Disable 2-factor authentication?"),
		},
		{name: "second-factor", tab: g.halfway, path: "/signin/2fa", stands: true},
		{
			name:    "second-factor-error",
			tab:     g.halfway,
			path:    "/signin/2fa",
			prepare: func(b *chromium.Tab) { b.Click("Sign in"); b.Says("not accepted") },
		},
		{name: "initial-password", tab: g.chooser, path: "/signin/password", stands: true},
		{
			name:    "initial-password-error",
			tab:     g.chooser,
			path:    "/signin/password",
			prepare: func(b *chromium.Tab) { b.Click("Save the password and go on"); b.Says("Choose a password.") },
		},
		{name: "api", tab: g.visitor, path: "/api/v1/", window: true}, // does not stand for its page: to look at it takes as long as at ten others
		{name: "api-operation", tab: g.visitor, path: "/api/v1/#createUser", window: true},
		{name: "forgot", tab: g.visitor, path: "/forgot"},
		{name: "reset", tab: g.visitor, path: g.links["reset"]},
		{name: "reset-dead", tab: g.visitor, path: "/reset/unknown"},
		{name: "forbidden", tab: g.analyst, path: "/settings/users"},
		{name: "not-found", tab: g.admin, path: "/settings/nothing"},
	}
	for _, reason := range []string{"expired", "used", "revoked", "replaced", "unknown"} {
		scenes = append(scenes, scene{name: "link-" + reason, tab: g.visitor, path: g.links[reason]})
	}
	return slices.Concat(scenes, g.userScenes(), g.groupScenes(), g.triggerScenes(), g.tokenScenes())
}

func (g *gallery) groupScenes() []scene {
	group := g.links["group"]
	return []scene{
		{name: "groups", tab: g.crowded, path: "/settings/groups", stands: true},
		{name: "groups-none", tab: g.newcomer, path: "/settings/groups"},
		{name: "groups-found-nothing", tab: g.crowded, path: "/settings/groups?q=nothing"},
		{name: "group-new", tab: g.crowded, path: "/settings/groups", prepare: clickFor("Add new group", "Add new group")},
		{
			name:    "group-new-error",
			tab:     g.crowded,
			path:    "/settings/groups/new",
			prepare: func(b *chromium.Tab) { b.Click("Add group"); b.Says("Enter a name.") },
		},
		{name: "group-tenants", tab: g.crowded, path: group + "?tab=tenants"},
		{name: "group-users", tab: g.crowded, path: group + "?tab=users", stands: true},
		{name: "group-users-none", tab: g.crowded, path: group + "?tab=users&q=nobody"},
		{name: "group-permissions", tab: g.crowded, path: group + "?tab=permissions", stands: true, window: true},
		{name: "group-permissions-of-a-role", tab: g.crowded, path: g.links["automatic"] + "?tab=permissions"},
		{name: "group-review", tab: g.crowded, path: group + "?tab=permissions", prepare: func(b *chromium.Tab) {
			b.Click("Update Rules")
			clickFor("Save permissions…", "Save permissions")(b)
		}},
		{name: "group-delete", tab: g.crowded, path: group + "/delete", stands: true},
		{name: "group-add-users", tab: g.crowded, path: group + "/users/add?q=levi"},
		{
			name:    "group-add-users-error",
			tab:     g.crowded,
			path:    group + "/users/add",
			prepare: func(b *chromium.Tab) { b.Click("Add users"); b.Says("Choose users") },
		},
		{name: "user-groups", tab: g.crowded, path: "/settings/users", prepare: func(b *chromium.Tab) {
			b.Click("Actions for Noa Levi")
			clickFor("Groups…", "Groups of Noa Levi")(b)
		}},
		{name: "user-permissions", tab: g.crowded, path: g.links["member"] + "?tab=permissions", stands: true, window: true},
		{name: "user-permissions-none", tab: g.crowded, path: g.links["outside"] + "?tab=permissions"},
		{name: "refused", tab: g.member, path: "/settings/users/" + g.id(harness.AdminEmail) + "/edit"},
		{name: "activity", tab: g.admin, path: "/settings/activity", stands: true, window: true},
		{name: "activity-filtered", tab: g.admin, path: "/settings/activity?actor=1&object_type=user&object=1&outcome=done&from=2020-01-01"},
		{name: "activity-found-nothing", tab: g.admin, path: "/settings/activity?q=nothing+of+the+kind"},
		{name: "activity-entry", tab: g.admin, path: "/settings/activity/1"},
		{name: "activity-entry-dialog", tab: g.admin, path: "/settings/activity?action=create+trigger", prepare: func(b *chromium.Tab) {
			b.Is(`document.readyState === "complete" && document.querySelector(".entry-link").click() === undefined`)
			b.Find("Trigger · Create trigger", "heading")
		}, stands: true},
		{name: "user-activity", tab: g.admin, path: "/settings/users/" + g.id(harness.AdminEmail) + "?tab=activity"},
		{name: "tenants", tab: g.crowded, path: "/settings/tenants", stands: true},
		{name: "tenant-new", tab: g.crowded, path: "/settings/tenants/new"},
		{name: "tenant-disable", tab: g.crowded, path: g.links["tenant"] + "/disable"},
		{name: "tenant-delete", tab: g.crowded, path: g.links["tenant"] + "/delete"},
		{name: "tenant-menu", tab: g.crowded, path: "/settings/groups", prepare: func(b *chromium.Tab) {
			b.Is(`document.querySelector(".tenant-button").click() === undefined`)
			b.Find("Staging 2", "button")
		}},
	}
}

func (g *gallery) userScenes() []scene {
	addError := func(b *chromium.Tab) { b.Click("Add user"); b.Says("Enter an email address.") }
	name := g.first + " " + g.last
	return []scene{
		{name: "users", tab: g.admin, path: "/settings/users", stands: true, window: true},
		{name: "users-none", tab: g.newcomer, path: "/settings/users?tab=invited"},
		{name: "users-invited", tab: g.admin, path: "/settings/users?tab=invited"},
		{name: "users-found-nothing", tab: g.admin, path: "/settings/users?q=nobody+" + g.first},
		{
			name:    "account-menu",
			tab:     g.member,
			path:    "/settings/users",
			prepare: func(b *chromium.Tab) { b.Click("Account of " + name); b.Find("Sign out", "button") },
		},
		{
			name:    "row-menu",
			tab:     g.admin,
			path:    "/settings/users?tab=invited",
			prepare: func(b *chromium.Tab) { b.Click("Actions for " + g.linkEmail); b.Find("New link", "button") },
		},
		{name: "add-user", tab: g.admin, path: "/settings/users/new"},
		{name: "add-user-error", tab: g.admin, path: "/settings/users/new", prepare: addError},
		{
			name:    "add-user-dialog",
			tab:     g.admin,
			path:    "/settings/users",
			prepare: clickFor("Add new user", "Add new user"),
			stands:  true,
			window:  true,
		},
		{
			name:    "add-user-dialog-error",
			tab:     g.admin,
			path:    "/settings/users",
			prepare: func(b *chromium.Tab) { clickFor("Add new user", "Add new user")(b); addError(b) },
		},
		{name: "invite-by-link", tab: g.admin, path: "/settings/users/invite-link"},
		{name: "invite-by-link-dialog", tab: g.admin, path: "/settings/users", prepare: clickFor("Invite by link", "Invite by link")},
		{name: "issued-link", tab: g.admin, path: "/settings/users?tab=invited", prepare: func(b *chromium.Tab) {
			b.Click("Actions for " + g.linkEmail)
			clickFor("New link", "Signup link")(b)
		}, stands: true},
		{
			name:    "users-selected",
			tab:     g.admin,
			path:    "/settings/users",
			prepare: func(b *chromium.Tab) { b.Click("Select everybody on this page"); b.Says("users selected") },
		},
		{name: "user", tab: g.admin, path: "/settings/users/" + g.id(g.email), stands: true},
		{name: "user-invited", tab: g.admin, path: "/settings/users/" + g.id(g.guestEmail)},
		{name: "user-invited-by-link", tab: g.admin, path: "/settings/users/" + g.id(g.linkEmail)},
		{name: "user-sessions", tab: g.admin, path: "/settings/users/" + g.id(g.email) + "?tab=sessions", stands: true},
		{name: "user-sessions-none", tab: g.admin, path: "/settings/users/" + g.id(g.guestEmail) + "?tab=sessions"},
		{name: "user-not-to-manage", tab: g.member, path: "/settings/users/" + g.id(harness.AdminEmail)},
		{name: "user-sessions-not-to-see", tab: g.member, path: "/settings/users/" + g.id(harness.AdminEmail) + "?tab=sessions"},
		{name: "edit-user", tab: g.admin, path: "/settings/users/" + g.id(g.email) + "/edit"},
		{name: "disable-user", tab: g.admin, path: "/settings/users/" + g.id(g.email) + "/disable"},
		{name: "disable-2fa-dialog", tab: g.admin, path: "/settings/users", prepare: func(b *chromium.Tab) {
			b.Click("Actions for محمد الأحمد")
			clickFor("Disable 2FA", "Disable 2-factor authentication?")(b)
		}},
		{name: "delete-user", tab: g.admin, path: "/settings/users/" + g.id(g.email) + "/delete"},
		{name: "delete-several", tab: g.admin, path: "/settings/users/bulk?action=delete&all=1"},
		{name: "job", tab: g.admin, path: g.links["job"]},
		{name: "import", tab: g.admin, path: "/settings/users/import"},
		{name: "change-role", tab: g.admin, path: g.full.Invitation(g.guestEmail) + "/role"},
		{name: "revoke", tab: g.admin, path: g.full.Invitation(g.guestEmail) + "/revoke"},
		{name: "revoke-dialog", tab: g.admin, path: "/settings/users?tab=invited", prepare: func(b *chromium.Tab) {
			b.Click("Actions for " + name)
			clickFor("Revoke", "Revoke invitation")(b)
		}},
	}
}

func (g *gallery) triggerScenes() []scene {
	return []scene{
		{name: "integrations-none", tab: g.newcomer, path: "/settings/integrations"},
		{name: "integrations", tab: g.admin, path: "/settings/integrations", stands: true, window: true},
		{name: "integration-dialog", tab: g.admin, path: "/settings/integrations", prepare: clickFor("Slack", "Add Slack integration")},
		{name: "integration-new", tab: g.admin, path: "/settings/integrations/new?type=email"},
		{name: "integration-edit", tab: g.admin, path: "/settings/integrations/1/edit"},
		{name: "integration-delete", tab: g.admin, path: "/settings/integrations/1/delete"},
		{
			name:    "integration-webhook",
			tab:     g.admin,
			path:    "/settings/integrations/new?type=webhook",
			prepare: func(b *chromium.Tab) { b.Is(`document.querySelector("details.advanced").open = true`) },
		},
		{
			name:    "integration-test",
			tab:     g.admin,
			path:    "/settings/integrations/2/edit",
			prepare: func(b *chromium.Tab) { b.Click("Test integration"); b.Says("not delivered") },
		},
		{
			name:    "integration-menu",
			tab:     g.admin,
			path:    "/settings/integrations",
			prepare: func(b *chromium.Tab) { b.Click("Actions for " + g.title); b.Find("Disable", "button") },
		},
		{name: "integrations-sealed-elsewhere", tab: g.crowded, path: "/settings/integrations"},
		{name: "integration-sealed-elsewhere", tab: g.crowded, path: "/settings/integrations/1/edit"},
		{name: "integrations-found-nothing", tab: g.admin, path: "/settings/integrations?q=nothing"},
		{
			name:    "signing-secret",
			tab:     g.admin,
			path:    "/settings/integrations/4/secret",
			prepare: func(b *chromium.Tab) { b.Click("Make a new secret"); b.Says("has a new signing secret") },
		},
		{name: "deliveries-none", tab: g.newcomer, path: "/settings/deliveries"},
		{name: "deliveries", tab: g.admin, path: "/settings/deliveries", stands: true},
		{name: "deliveries-found-nothing", tab: g.admin, path: "/settings/deliveries?trigger=999"},
		{name: "delivery", tab: g.admin, path: g.links["delivery"], stands: true},
		{name: "triggers-none", tab: g.newcomer, path: "/settings/triggers"},
		{name: "triggers", tab: g.admin, path: "/settings/triggers", stands: true},
		{name: "trigger-new", tab: g.newcomer, path: "/settings/triggers/new"},
		{name: "trigger", tab: g.admin, path: "/settings/triggers/1/edit", stands: true, window: true},
		{
			name:    "trigger-menu",
			tab:     g.admin,
			path:    "/settings/triggers",
			prepare: func(b *chromium.Tab) { b.Click("Actions for Everybody else"); b.Find("Duplicate", "button") },
		},
		{
			name:    "trigger-roles",
			tab:     g.admin,
			path:    "/settings/triggers/1/edit",
			stands:  true,
			window:  true,
			prepare: func(b *chromium.Tab) { b.Click("Roles: Administrator, Analyst"); b.Find("Deploy", "checkbox") },
		},
		{
			name:    "trigger-error",
			tab:     g.admin,
			path:    "/settings/triggers/new",
			prepare: func(b *chromium.Tab) { b.Click("Create"); b.Says("Choose at least one integration.") },
		},
		{
			name:    "trigger-test",
			tab:     g.admin,
			path:    "/settings/triggers/1/edit",
			prepare: func(b *chromium.Tab) { b.Click("Test"); b.Says("the test message was delivered", "not delivered") },
		},
		{name: "trigger-delete", tab: g.admin, path: "/settings/triggers/1/delete"},
	}
}

func (g *gallery) tokenScenes() []scene {
	return []scene{
		{name: "tokens-none", tab: g.newcomer, path: "/settings/tokens"},
		{name: "tokens-shared-none", tab: g.newcomer, path: "/settings/tokens?tab=shared"},
		{name: "tokens-others-none", tab: g.newcomer, path: "/settings/tokens?tab=others"},
		{name: "tokens", tab: g.admin, path: "/settings/tokens", stands: true, window: true},
		{name: "tokens-shared", tab: g.admin, path: "/settings/tokens?tab=shared", stands: true},
		{name: "tokens-others", tab: g.admin, path: "/settings/tokens?tab=others"},
		{name: "tokens-found-nothing", tab: g.admin, path: "/settings/tokens?q=nothing"},
		{
			name:    "token-menu",
			tab:     g.admin,
			path:    "/settings/tokens?tab=shared",
			prepare: func(b *chromium.Tab) { b.Click("Actions for Orphan"); b.Find("Take over…", "link") },
		},
		{name: "token-new", tab: g.admin, path: "/settings/tokens/new", stands: true},
		{name: "token-new-analyst", tab: g.analyst, path: "/settings/tokens/new"},
		{
			name: "token-new-error",
			tab:  g.admin,
			path: "/settings/tokens/new",
			prepare: func(b *chromium.Tab) {
				b.Click("Create token")
				b.Says("Choose at least one permission.")
			},
		},
		{
			name: "token-issued",
			tab:  g.crowded,
			path: "/settings/tokens/new",
			prepare: func(b *chromium.Tab) {
				b.Fill("Name", fmt.Sprint("Nightly inventory ", time.Now().UnixNano()))
				b.Click("View Users")
				b.Click("Create token")
				b.Says("will not be shown again")
			},
			stands: true,
		},
		{name: "token", tab: g.admin, path: g.links["token Nightly inventory"], stands: true},
		{name: "token-long", tab: g.admin, path: g.links["token "+g.title]},
		{name: "token-expired", tab: g.admin, path: g.links["token Old laptop"]},
		{name: "token-disabled", tab: g.admin, path: g.links["token Lost"]},
		{name: "token-orphan", tab: g.admin, path: g.links["token Orphan"]},
		{name: "token-of-analyst", tab: g.analyst, path: g.links["token Rules from Git"]},
		{name: "token-renew", tab: g.admin, path: g.links["token Lost"], prepare: clickFor("Renew…", "Renew token")},
		{name: "token-take-over", tab: g.admin, path: g.links["token Orphan"], prepare: clickFor("Take over…", "Take over token"), stands: true},
		{name: "token-disable", tab: g.admin, path: g.links["token Terraform"] + "/disable"},
		{name: "token-delete", tab: g.admin, path: g.links["token "+g.title], prepare: clickFor("Delete…", "Delete token"), stands: true},
	}
}

// clickFor clicks a link or a button that opens a dialog with a title.
func clickFor(name, title string) func(*chromium.Tab) {
	return func(b *chromium.Tab) {
		b.Click(name)
		b.Is(`document.querySelector("dialog[open]") !== null`)
		b.Heading(title)
	}
}

// show opens the page in a window of this width.
func (s scene) show(t *testing.T, width int, scheme string) {
	t.Helper()
	reportTo(s.tab, t)
	s.tab.Resize(width)
	s.tab.Prefer(chromium.Media{Scheme: scheme})
	s.tab.Open(s.path)
	s.tab.Is(`document.readyState === "complete" && document.querySelector("h1") !== null`)
	if s.prepare != nil {
		s.prepare(s.tab)
	}
}

// reportTo makes the tab fail this test from now on, whatever tests other tabs of the console are in meanwhile.
func reportTo(b *chromium.Tab, t *testing.T) {
	own := *b.Console
	own.T = t
	b.Console = &own
}

// endsIn makes the page believe that its session ends so many seconds from now.
func endsIn(b *chromium.Tab, seconds int) {
	b.Is(fmt.Sprintf(`(() => {
		window.fetch = async () => ({json: async () => ({seconds: %d, final: false})});
		document.dispatchEvent(new Event("visibilitychange"));
		return true;
	})()`, seconds))
}

func (s scene) takePictures(t *testing.T, dir string) {
	for _, width := range []int{1440, 390} {
		s.takePicture(t, dir, width, "light")
	}
	if s.stands {
		s.takePicture(t, dir, 1440, "dark")
	}
}

func (s scene) inDialog() bool {
	open, err := chromium.Evaluate[bool](s.tab, `document.querySelector("dialog[open]") !== null`)
	return err == nil && open
}

func (s scene) takePicture(t *testing.T, dir string, width int, scheme string) {
	s.show(t, width, scheme)
	name := fmt.Sprintf("%s-%d.png", s.name, width)
	if scheme == "dark" {
		name = s.name + "-dark.png"
	}
	size := photograph(s.tab, filepath.Join(dir, name), !s.window && !s.inDialog()) // the backdrop of a dialog ends with the window
	if size.Width != width || size.Height < 600 {
		t.Errorf("the picture is %d × %d", size.Width, size.Height)
	}
}

// photograph writes a picture of the whole page, or of the window, and returns its size.
func photograph(b *chromium.Tab, file string, whole bool) image.Config {
	b.Console.T.Helper()
	shoot := chromedp.CaptureScreenshot()
	if whole {
		shoot = chromedp.FullScreenshot(100)
	}
	picture, err := chromedp.Run(b.Context, shoot)
	if err != nil {
		b.Console.T.Fatal(err)
	}
	size, err := png.DecodeConfig(bytes.NewReader(picture))
	if err := cmp.Or(err, os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, picture, 0o644)); err != nil {
		b.Console.T.Fatal(err)
	}
	return size
}
