package e2e

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

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
	full                           *console
	unset, visitor                 *tab
	newcomer                       *tab // administrator of the empty console
	admin, member, analyst, nobody *tab // of the full one
	crowded                        *tab // administrator of a console whose group has many members
	protected, halfway             *tab // of somebody with second factors, signed in and half-way
	links                          map[string]string
}

func newGallery(t *testing.T, n names) *gallery {
	g := &gallery{names: n, full: start(t, nil), links: map[string]string{}}
	g.unset = start(t, nil).tab(true)
	empty := start(t, nil)
	empty.setUp()
	g.newcomer = empty.administrator().tab()
	crowded := start(t, nil)
	crowded.setUp()
	g.addGroups(crowded)
	g.crowded = crowded.administrator().tab()
	g.full.setUp()
	g.furnish(g.full.administrator())
	g.visitor = g.full.tab(true)
	for email, at := range map[string]**tab{adminEmail: &g.admin, n.email: &g.member, "ana.souza@example.com": &g.analyst, "noa@example.com": &g.nobody} {
		b := g.full.browser()
		b.signIn(email, adminPassword)
		*at = b.tab()
	}
	g.protect()
	return g
}

// protect gives somebody second factors and a link to reset their password.
func (g *gallery) protect() {
	const email = "mohammed@example.com"
	b := g.full.browser()
	b.signIn(email, adminPassword)
	b.enrol(adminPassword)
	g.full.exec(`INSERT INTO passkeys (user_id, credential_id, credential, name, created_at) VALUES ($1, x'00', '{"id": "AA=="}', $2, $3)`,
		g.full.user(email).ID, "Laptop "+g.first, store.At(time.Now()))
	g.protected = b.tab()
	b = g.full.browser()
	b.signIn(email, adminPassword)
	g.halfway = b.tab()
	token := auth.NewToken()
	g.links["reset"] = "/reset/" + token
	g.full.exec(`INSERT INTO reset_links (token_hash, user_id, created_at, expires_at) VALUES ($1, $2, 0, $3)`, auth.HashToken(token),
		g.full.user(g.email).ID, store.At(time.Now().Add(time.Hour)))
}

// tab opens a tab in which the same person is signed in.
func (b *browser) tab() *tab {
	opened := b.console.tab(true)
	opened.adopt(b)
	return opened
}

// adopt makes the tab carry the cookies of a browser.
func (b *tab) adopt(from *browser) {
	for _, cookie := range from.http.Jar.Cookies(b.console.URL) {
		must(b, network.SetCookie, network.SetCookieParams{Name: cookie.Name, Value: cookie.Value, URL: b.console.URL.String()})
	}
}

// furnish makes integrations, a trigger with deliveries of every outcome, and people of every status.
func (g *gallery) furnish(admin *browser) {
	broken := fake.NewReceiver(g.full.t)
	broken.Respond(fake.Response{Status: http.StatusInternalServerError})
	g.full.Receiver.Respond(fake.Response{Body: "ok"}, fake.Response{Status: http.StatusNotFound}, fake.Response{Body: "ok"})
	for _, chat := range [][2]string{{"Chat with admins", g.full.Receiver.URL}, {g.title, broken.URL}} {
		admin.post("/settings/integrations/new?type=slack", "name", chat[0], "active", "1", "url", chat[1]+"/services/T0/B0/secret").wants(http.StatusSeeOther)
	}
	admin.post("/settings/integrations/new?type=email", "name", "Mail to admins", "emails", adminEmail).wants(http.StatusSeeOther)
	admin.post("/settings/triggers/new", "name", g.title, "description", "Tells the security team who joined", "condition", "user_added",
		"role_operator", "eq", "roles", "analyst", "roles", "admin", "integration_ids", "1", "integration_ids", "2", "enabled", "1").wants(http.StatusSeeOther)
	admin.post("/settings/triggers/new", "name", "Everybody else", "condition", "user_added", "role_operator", "ne", "roles", "analyst", "integration_ids", "3").wants(http.StatusSeeOther)
	admin.post("/settings/integrations/new?type=webhook", "name", "Inventory "+g.title[:3], "url", g.full.Receiver.URL+"/hook").wants(http.StatusSeeOther)
	g.addActive(admin)
	g.addInvited(admin)
	g.killLinks(admin)
	g.links["job"] = admin.post("/settings/users/bulk", "action", "disable", "ids", g.id(adminEmail)).wants(http.StatusSeeOther).Header.Get("Location")
	eventually(g.full.t, "every message has been tried", func() bool {
		return g.full.count(`SELECT count(*) FROM deliveries WHERE attempts = 0 AND integration_id = 1`) == 0
	})
	g.links["delivery"] = "/settings/deliveries/" + g.full.cell(`SELECT min(id) FROM deliveries WHERE integration_id = 1`)
	g.full.exec(`UPDATE integrations SET switched_off_at = created_at WHERE id = 3`)
}

// id is the id of a person, as it stands in addresses.
func (g *gallery) id(email string) string { return strconv.FormatInt(g.full.user(email).ID, 10) }

func (g *gallery) addActive(admin *browser) {
	hash := auth.HashPassword(adminPassword)
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
		g.full.add(admin, p.role, p.first, p.last, p.email)
		g.full.exec(`UPDATE users SET activated_at = created_at, last_auth_at = $2, password_hash = $3 WHERE email = $1`,
			p.email, store.At(time.Now().Add(-p.lastAuth)), hash)
		g.full.exec(`DELETE FROM invitations WHERE user_id = (SELECT id FROM users WHERE email = $1)`, p.email)
	}
	admin.post("/settings/users/new", "role", "deploy", "first_name", "Deployment", "email", "ci@example.com", "tenant_id", "1").wants(http.StatusSeeOther)
	g.full.disable("zoe@example.com")
	g.full.exec(`DELETE FROM group_users WHERE user_id = (SELECT id FROM users WHERE email = 'noa@example.com')`)
}

// addGroups makes tenants and a group of many people with permissions of its own.
func (g *gallery) addGroups(c *console) {
	admin := c.administrator()
	staging, old := c.newTenant(admin, "Staging"), c.newTenant(admin, g.title)
	admin.post("/settings/tenants/" + old + "/disable").wants(http.StatusSeeOther)
	g.links["tenant"] = "/settings/tenants/" + staging
	path := c.newGroup(admin, g.title, []string{staging, old}, []string{"rules.view", "rules.update", "attacks.view", "users.view"})
	g.links["group"] = path
	c.add(admin, "admin", g.first, g.last, g.email)
	emails, members := []string{g.email}, []store.User(nil)
	for i := range 24 {
		emails = append(emails, fmt.Sprintf("member%02d@example.com", i))
		members = append(members, store.User{FirstName: fmt.Sprintf("Member %02d", i), Email: emails[i+1]})
	}
	c.people(members...)
	admin.post(path+"/users/add", "emails", strings.Join(emails, "\n")).wants(http.StatusSeeOther)
	c.exec(`UPDATE users SET activated_at = created_at WHERE email = $1`, g.email)
	c.exec(`DELETE FROM invitations`)
	g.links["member"] = "/settings/users/" + c.cell(`SELECT id FROM users WHERE email = $1`, g.email)
	g.links["automatic"] = "/settings/groups/" + c.cell(`SELECT id FROM groups WHERE automatic`)
	outside := c.person(permission.Analyst, "Noa", "Levi", "outside@example.com")
	c.exec(`DELETE FROM group_users WHERE user_id = $1`, outside.ID)
	g.links["outside"] = fmt.Sprintf("/settings/users/%d", outside.ID)
}

// addInvited invites people whose mail arrived, was refused and is being tried, and by links that work and do not.
func (g *gallery) addInvited(admin *browser) {
	g.links["signup"] = g.full.add(admin, "analyst", g.first, g.last, g.guestEmail)
	g.full.Mail.RefuseRecipient("lost@example.com", 550, "no such user")
	g.full.Mail.RefuseRecipient("later@example.com", 451, "try again")
	for _, email := range []string{"lost@example.com", "later@example.com"} {
		admin.post("/settings/users/new", "role", "read_only", "first_name", "Mel", "email", email, "tenant_id", "1").wants(http.StatusSeeOther)
	}
	eventually(g.full.t, "both mails are refused", func() bool {
		return g.full.count(`SELECT count(*) FROM deliveries WHERE recipient IN ('lost@example.com', 'later@example.com') AND error <> ''`) == 2
	})
	g.full.inviteByLink(admin, "analyst", g.linkEmail)
	g.links["expired"] = g.full.inviteByLink(admin, "read_only", "too.late@example.com")
	yesterday := store.At(time.Now().Add(-24 * time.Hour))
	g.full.exec(`UPDATE invitations SET expires_at = $1 WHERE user_id = (SELECT id FROM users WHERE email = 'too.late@example.com')`, yesterday)
	g.full.exec(`UPDATE signup_links SET expires_at = $1 WHERE token_hash = $2`, yesterday, auth.HashToken(strings.TrimPrefix(g.links["expired"], "/signup/")))
}

// killLinks makes links that no longer work for every reason.
func (g *gallery) killLinks(admin *browser) {
	for _, end := range []string{"used", "revoked", "replaced"} {
		email := end + "@example.com"
		g.links[end] = g.full.inviteByLink(admin, "read_only", email)
		admin.post(g.full.invitation(email) + "/revoke").wants(http.StatusSeeOther)
		g.full.exec(`UPDATE signup_links SET ended = $2 WHERE token_hash = $1`, auth.HashToken(strings.TrimPrefix(g.links[end], "/signup/")), end)
	}
	g.links["unknown"] = "/signup/" + auth.NewToken()
}

// scene is a page to look at, and what is to be done there first.
type scene struct {
	name    string
	tab     *tab
	path    string
	prepare func(*tab)
	dark    bool // also in dark colours
	window  bool // the picture ends with the window, for the README
}

func (g *gallery) scenes() []scene {
	scenes := []scene{
		{name: "set-up", tab: g.unset, path: "/setup"},
		{name: "set-up-error", tab: g.unset, path: "/setup", prepare: func(b *tab) { b.click("Set up"); b.says("This is not the set-up code.") }},
		{name: "sign-in", tab: g.visitor, path: "/signin", dark: true},
		{name: "sign-in-error", tab: g.visitor, path: "/signin", prepare: func(b *tab) { b.click("Sign in"); b.says("is wrong") }},
		{name: "signup", tab: g.visitor, path: g.links["signup"]},
		{name: "signup-error", tab: g.visitor, path: g.links["signup"], prepare: func(b *tab) { b.click("Join"); b.says("Choose a password.") }},
		{name: "no-access", tab: g.nobody, path: "/"},
		{name: "profile", tab: g.member, path: "/settings/profile", dark: true},
		{name: "profile-error", tab: g.member, path: "/settings/profile", prepare: func(b *tab) { b.fill("First name", ""); b.click("Save"); b.says("Enter your first name.") }},
		{name: "general", tab: g.admin, path: "/settings/general", dark: true},
		{name: "general-error", tab: g.admin, path: "/settings/general", prepare: func(b *tab) { b.fill("Company name", ""); b.press(kb.Enter); b.says("Enter the name") }},
		{name: "general-read-only", tab: g.analyst, path: "/settings/general"},
		{name: "timeout-dialog", tab: g.admin, path: "/settings/triggers", prepare: func(b *tab) { b.endsIn(50); b.says("50 seconds left") }, dark: true},
		{name: "profile-security", tab: g.member, path: "/settings/profile?tab=security", dark: true},
		{name: "profile-sessions", tab: g.member, path: "/settings/profile?tab=sessions", dark: true},
		{name: "profile-permissions", tab: g.member, path: "/settings/profile?tab=permissions"},
		{name: "change-password", tab: g.member, path: "/settings/profile?tab=security", prepare: clickFor("Change password", "Change password")},
		{name: "authenticator", tab: g.member, path: "/settings/profile?tab=security", prepare: clickFor("Enable", "Enable two-factor authentication"), dark: true},
		{name: "passkey-new", tab: g.member, path: "/settings/profile/passkeys/new"},
		{name: "profile-factors", tab: g.protected, path: "/settings/profile?tab=security"},
		{name: "recovery-codes-new", tab: g.protected, path: "/settings/profile/recovery-codes"},
		{name: "disable-own-2fa", tab: g.protected, path: "/settings/profile?tab=security", prepare: clickFor("Disable", "Disable 2-factor authentication?")},
		{name: "second-factor", tab: g.halfway, path: "/signin/2fa", dark: true},
		{name: "second-factor-error", tab: g.halfway, path: "/signin/2fa", prepare: func(b *tab) { b.click("Sign in"); b.says("not accepted") }},
		{name: "forgot", tab: g.visitor, path: "/forgot"},
		{name: "reset", tab: g.visitor, path: g.links["reset"]},
		{name: "reset-dead", tab: g.visitor, path: "/reset/unknown"},
		{name: "forbidden", tab: g.analyst, path: "/settings/users"},
		{name: "not-found", tab: g.admin, path: "/settings/nothing"},
	}
	for _, reason := range []string{"expired", "used", "revoked", "replaced", "unknown"} {
		scenes = append(scenes, scene{name: "link-" + reason, tab: g.visitor, path: g.links[reason]})
	}
	return append(append(append(scenes, g.userScenes()...), g.groupScenes()...), g.triggerScenes()...)
}

func (g *gallery) groupScenes() []scene {
	group := g.links["group"]
	return []scene{
		{name: "groups", tab: g.crowded, path: "/settings/groups", dark: true},
		{name: "groups-none", tab: g.newcomer, path: "/settings/groups"},
		{name: "groups-found-nothing", tab: g.crowded, path: "/settings/groups?q=nothing"},
		{name: "group-new", tab: g.crowded, path: "/settings/groups", prepare: clickFor("Add new group", "Add new group")},
		{name: "group-new-error", tab: g.crowded, path: "/settings/groups/new", prepare: func(b *tab) { b.click("Add group"); b.says("Enter a name.") }},
		{name: "group-tenants", tab: g.crowded, path: group + "?tab=tenants"},
		{name: "group-users", tab: g.crowded, path: group + "?tab=users", dark: true},
		{name: "group-users-none", tab: g.crowded, path: group + "?tab=users&q=nobody"},
		{name: "group-permissions", tab: g.crowded, path: group + "?tab=permissions", dark: true, window: true},
		{name: "group-permissions-of-a-role", tab: g.crowded, path: g.links["automatic"] + "?tab=permissions"},
		{name: "group-review", tab: g.crowded, path: group + "?tab=permissions", prepare: func(b *tab) {
			b.click("Update Rules")
			clickFor("Save permissions…", "Save permissions")(b)
		}},
		{name: "group-delete", tab: g.crowded, path: group + "/delete", dark: true},
		{name: "group-add-users", tab: g.crowded, path: group + "/users/add?q=levi"},
		{name: "group-add-users-error", tab: g.crowded, path: group + "/users/add", prepare: func(b *tab) { b.click("Add users"); b.says("Tick users") }},
		{name: "user-groups", tab: g.crowded, path: "/settings/users", prepare: func(b *tab) {
			b.click("Actions for Noa Levi")
			clickFor("Groups…", "Groups of Noa Levi")(b)
		}},
		{name: "user-permissions", tab: g.crowded, path: g.links["member"] + "?tab=permissions", dark: true, window: true},
		{name: "user-permissions-none", tab: g.crowded, path: g.links["outside"] + "?tab=permissions"},
		{name: "refused", tab: g.member, path: "/settings/users/" + g.id(adminEmail) + "/edit"},
		{name: "tenants", tab: g.crowded, path: "/settings/tenants", dark: true},
		{name: "tenant-new", tab: g.crowded, path: "/settings/tenants/new"},
		{name: "tenant-disable", tab: g.crowded, path: g.links["tenant"] + "/disable"},
		{name: "tenant-delete", tab: g.crowded, path: g.links["tenant"] + "/delete"},
		{name: "tenant-menu", tab: g.crowded, path: "/settings/groups", prepare: func(b *tab) {
			b.is(`document.querySelector(".tenant-button").click() === undefined`)
			b.find("Staging 2", "button")
		}},
	}
}

func (g *gallery) userScenes() []scene {
	addError := func(b *tab) { b.click("Add user"); b.says("Enter an email address.") }
	name := g.first + " " + g.last
	return []scene{
		{name: "users", tab: g.admin, path: "/settings/users", dark: true, window: true},
		{name: "users-none", tab: g.newcomer, path: "/settings/users?tab=invited"},
		{name: "users-invited", tab: g.admin, path: "/settings/users?tab=invited"},
		{name: "users-found-nothing", tab: g.admin, path: "/settings/users?q=nobody+" + g.first},
		{name: "account-menu", tab: g.member, path: "/settings/users", prepare: func(b *tab) { b.click("Account of " + name); b.find("Sign out", "button") }},
		{name: "row-menu", tab: g.admin, path: "/settings/users?tab=invited", prepare: func(b *tab) { b.click("Actions for " + g.linkEmail); b.find("New link", "button") }},
		{name: "add-user", tab: g.admin, path: "/settings/users/new"},
		{name: "add-user-error", tab: g.admin, path: "/settings/users/new", prepare: addError},
		{name: "add-user-dialog", tab: g.admin, path: "/settings/users", prepare: clickFor("Add new user", "Add new user"), dark: true, window: true},
		{name: "add-user-dialog-error", tab: g.admin, path: "/settings/users", prepare: func(b *tab) { clickFor("Add new user", "Add new user")(b); addError(b) }},
		{name: "invite-by-link", tab: g.admin, path: "/settings/users/invite-link"},
		{name: "invite-by-link-dialog", tab: g.admin, path: "/settings/users", prepare: clickFor("Invite by link", "Invite by link")},
		{name: "issued-link", tab: g.admin, path: "/settings/users?tab=invited", prepare: func(b *tab) {
			b.click("Actions for " + g.linkEmail)
			clickFor("New link", "Signup link")(b)
		}, dark: true},
		{name: "users-selected", tab: g.admin, path: "/settings/users", prepare: func(b *tab) { b.click("Select everybody on this page"); b.says("users selected") }},
		{name: "user", tab: g.admin, path: "/settings/users/" + g.id(g.email), dark: true},
		{name: "user-invited", tab: g.admin, path: "/settings/users/" + g.id(g.guestEmail)},
		{name: "user-invited-by-link", tab: g.admin, path: "/settings/users/" + g.id(g.linkEmail)},
		{name: "user-sessions", tab: g.admin, path: "/settings/users/" + g.id(g.email) + "?tab=sessions", dark: true},
		{name: "user-sessions-none", tab: g.admin, path: "/settings/users/" + g.id(g.guestEmail) + "?tab=sessions"},
		{name: "user-not-to-manage", tab: g.member, path: "/settings/users/" + g.id(adminEmail)},
		{name: "user-sessions-not-to-see", tab: g.member, path: "/settings/users/" + g.id(adminEmail) + "?tab=sessions"},
		{name: "edit-user", tab: g.admin, path: "/settings/users/" + g.id(g.email) + "/edit"},
		{name: "disable-user", tab: g.admin, path: "/settings/users/" + g.id(g.email) + "/disable"},
		{name: "disable-2fa-dialog", tab: g.admin, path: "/settings/users", prepare: func(b *tab) {
			b.click("Actions for محمد الأحمد")
			clickFor("Disable 2FA", "Disable 2-factor authentication?")(b)
		}},
		{name: "delete-user", tab: g.admin, path: "/settings/users/" + g.id(g.email) + "/delete"},
		{name: "delete-several", tab: g.admin, path: "/settings/users/bulk?action=delete&all=1"},
		{name: "job", tab: g.admin, path: g.links["job"]},
		{name: "import", tab: g.admin, path: "/settings/users/import"},
		{name: "change-role", tab: g.admin, path: g.full.invitation(g.guestEmail) + "/role"},
		{name: "revoke", tab: g.admin, path: g.full.invitation(g.guestEmail) + "/revoke"},
		{name: "revoke-dialog", tab: g.admin, path: "/settings/users?tab=invited", prepare: func(b *tab) {
			b.click("Actions for " + name)
			clickFor("Revoke", "Revoke invitation")(b)
		}},
	}
}

func (g *gallery) triggerScenes() []scene {
	return []scene{
		{name: "integrations-none", tab: g.newcomer, path: "/settings/integrations"},
		{name: "integrations", tab: g.admin, path: "/settings/integrations", dark: true, window: true},
		{name: "integration-dialog", tab: g.admin, path: "/settings/integrations", prepare: clickFor("Slack", "Add Slack integration")},
		{name: "integration-new", tab: g.admin, path: "/settings/integrations/new?type=email"},
		{name: "integration-edit", tab: g.admin, path: "/settings/integrations/1/edit"},
		{name: "integration-delete", tab: g.admin, path: "/settings/integrations/1/delete"},
		{name: "integration-webhook", tab: g.admin, path: "/settings/integrations/new?type=webhook", prepare: func(b *tab) { b.is(`document.querySelector("details.advanced").open = true`) }},
		{name: "integration-test", tab: g.admin, path: "/settings/integrations/2/edit", prepare: func(b *tab) { b.click("Test integration"); b.says("not delivered") }},
		{name: "integration-menu", tab: g.admin, path: "/settings/integrations", prepare: func(b *tab) { b.click("Actions for " + g.title); b.find("Disable", "button") }},
		{name: "integrations-found-nothing", tab: g.admin, path: "/settings/integrations?q=nothing"},
		{name: "signing-secret", tab: g.admin, path: "/settings/integrations/4/secret", prepare: func(b *tab) { b.click("Make a new secret"); b.says("has a new signing secret") }},
		{name: "deliveries-none", tab: g.newcomer, path: "/settings/deliveries"},
		{name: "deliveries", tab: g.admin, path: "/settings/deliveries", dark: true},
		{name: "deliveries-found-nothing", tab: g.admin, path: "/settings/deliveries?trigger=999"},
		{name: "delivery", tab: g.admin, path: g.links["delivery"], dark: true},
		{name: "triggers-none", tab: g.newcomer, path: "/settings/triggers"},
		{name: "triggers", tab: g.admin, path: "/settings/triggers", dark: true},
		{name: "trigger-new", tab: g.newcomer, path: "/settings/triggers/new"},
		{name: "trigger", tab: g.admin, path: "/settings/triggers/1/edit", dark: true, window: true},
		{name: "trigger-menu", tab: g.admin, path: "/settings/triggers", prepare: func(b *tab) { b.click("Actions for Everybody else"); b.find("Duplicate", "button") }},
		{name: "trigger-error", tab: g.admin, path: "/settings/triggers/new", prepare: func(b *tab) { b.click("Create"); b.says("Choose at least one integration.") }},
		{name: "trigger-test", tab: g.admin, path: "/settings/triggers/1/edit", prepare: func(b *tab) { b.click("Test"); b.says("the test message was delivered", "not delivered") }},
		{name: "trigger-delete", tab: g.admin, path: "/settings/triggers/1/delete"},
	}
}

// clickFor clicks a link or a button that opens a dialog with a title.
func clickFor(name, title string) func(*tab) {
	return func(b *tab) {
		b.click(name)
		b.is(`document.querySelector("dialog[open]") !== null`)
		b.heading(title)
	}
}

// show opens the page in a window of this width.
func (s scene) show(t *testing.T, width int, scheme string) {
	t.Helper()
	s.tab.reportTo(t)
	s.tab.resize(width)
	s.tab.prefer(media{scheme: scheme})
	s.tab.open(s.path)
	s.tab.is(`document.readyState === "complete" && document.querySelector("h1") !== null`)
	if s.prepare != nil {
		s.prepare(s.tab)
	}
}

// reportTo makes the tab fail this test from now on, whatever tests other tabs of the console are in meanwhile.
func (b *tab) reportTo(t *testing.T) {
	own := *b.console
	own.t = t
	b.console = &own
}

// media is what a person has told the system about what they want to see; nobody in these tests wants motion.
type media struct {
	scheme string // light or dark
	forced bool   // few colours, of the person's own
}

// prefer makes the tab show pages as the person wants to see them. The page is not loaded again.
func (b *tab) prefer(m media) {
	forced := map[bool]string{true: "active", false: "none"}[m.forced]
	must(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: m.scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}, {Name: "forced-colors", Value: forced},
	}})
}

// endsIn makes the page believe that its session ends so many seconds from now.
func (b *tab) endsIn(seconds int) {
	b.is(fmt.Sprintf(`(() => {
		window.fetch = async () => ({json: async () => ({seconds: %d, final: false})});
		document.dispatchEvent(new Event("visibilitychange"));
		return true;
	})()`, seconds))
}

// resize gives the window this width. Narrow ones are those of telephones.
func (b *tab) resize(width int) {
	must(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: int64(width), ScreenWidth: int64(width), Height: 900, ScreenHeight: 900, DeviceScaleFactor: 1, Mobile: width < 600,
	})
}

func (s scene) takePictures(t *testing.T, dir string) {
	for _, width := range []int{1440, 390} {
		s.takePicture(t, dir, width, "light")
	}
	if s.dark {
		s.takePicture(t, dir, 1440, "dark")
	}
}

func (s scene) inDialog() bool {
	open, err := evaluate[bool](s.tab, `document.querySelector("dialog[open]") !== null`)
	return err == nil && open
}

func (s scene) takePicture(t *testing.T, dir string, width int, scheme string) {
	s.show(t, width, scheme)
	name := fmt.Sprintf("%s-%d.png", s.name, width)
	if scheme == "dark" {
		name = s.name + "-dark.png"
	}
	size := s.tab.photograph(filepath.Join(dir, name), !s.window && !s.inDialog()) // the backdrop of a dialog ends with the window
	if size.Width != width || size.Height < 600 {
		t.Errorf("the picture is %d × %d", size.Width, size.Height)
	}
}

// photograph writes a picture of the whole page, or of the window, and returns its size.
func (b *tab) photograph(file string, whole bool) image.Config {
	b.console.t.Helper()
	shoot := chromedp.CaptureScreenshot()
	if whole {
		shoot = chromedp.FullScreenshot(100)
	}
	picture, err := chromedp.Run(b.ctx, shoot)
	if err != nil {
		b.console.t.Fatal(err)
	}
	size, err := png.DecodeConfig(bytes.NewReader(picture))
	if err := cmp.Or(err, os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, picture, 0o644)); err != nil {
		b.console.t.Fatal(err)
	}
	return size
}
