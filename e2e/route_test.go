package e2e

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"console/e2e/harness"
	"console/handlers"
	"console/internal/permission"
)

// allowed is what each route answers to those who may use it: to an empty form, and about id 999 that nobody has.
var allowed = map[string]int{
	"GET /":                    http.StatusSeeOther,
	"GET /setup":               http.StatusNotFound,
	"POST /setup":              http.StatusNotFound,
	"GET /signin":              0,
	"POST /signin":             http.StatusUnprocessableEntity,
	"POST /signout":            http.StatusSeeOther,
	"GET /signup/:token":       http.StatusNotFound,
	"POST /signup/:token":      http.StatusNotFound,
	"GET /signin/2fa":          http.StatusSeeOther,
	"POST /signin/2fa":         http.StatusSeeOther,
	"POST /signin/2fa/passkey": http.StatusSeeOther, // nobody waits
	"GET /signin/password":     http.StatusSeeOther,
	"POST /signin/password":    http.StatusSeeOther,
	"GET /forgot":              http.StatusOK,
	"POST /forgot":             http.StatusUnprocessableEntity,
	"GET /reset/:token":        http.StatusNotFound,
	"POST /reset/:token":       http.StatusNotFound,

	"GET /settings/profile/password":              http.StatusOK,
	"POST /settings/profile/password":             http.StatusUnprocessableEntity,
	"GET /settings/profile/authenticator":         http.StatusOK,
	"POST /settings/profile/authenticator":        http.StatusUnprocessableEntity,
	"POST /settings/profile/authenticator/start":  http.StatusSeeOther,
	"GET /settings/profile/authenticator/remove":  http.StatusConflict,
	"POST /settings/profile/authenticator/remove": http.StatusConflict,
	"GET /settings/profile/passkeys/new":          http.StatusOK,
	"POST /settings/profile/passkeys/new":         http.StatusUnprocessableEntity,
	"POST /settings/profile/passkeys":             http.StatusUnprocessableEntity,
	"GET /settings/profile/passkeys/:id/remove":   http.StatusNotFound,
	"POST /settings/profile/passkeys/:id/remove":  http.StatusNotFound,
	"GET /settings/profile/recovery-codes":        http.StatusConflict,
	"POST /settings/profile/recovery-codes":       http.StatusConflict,
	"GET /settings/profile/disable-2fa":           http.StatusConflict,
	"POST /settings/profile/disable-2fa":          http.StatusConflict,
	"GET /session":                                http.StatusOK,
	"GET /settings/profile":                       http.StatusOK,
	"POST /settings/profile":                      http.StatusUnprocessableEntity,
	"POST /settings/profile/sessions/end":         http.StatusSeeOther,

	"GET /settings/general":                      http.StatusOK,
	"POST /settings/general/company":             http.StatusUnprocessableEntity,
	"POST /settings/general/signin":              http.StatusUnprocessableEntity,
	"GET /settings/general/signout-everybody":    http.StatusOK,
	"POST /settings/general/signout-everybody":   http.StatusSeeOther,
	"GET /settings/general/signout-without-2fa":  http.StatusOK,
	"POST /settings/general/signout-without-2fa": http.StatusSeeOther,
	"POST /settings/general/logout":              http.StatusUnprocessableEntity,
	"POST /settings/general/activity":            http.StatusUnprocessableEntity,
	"POST /settings/general/test-mail":           http.StatusSeeOther,

	"GET /settings/users":                     http.StatusOK,
	"GET /settings/users/new":                 http.StatusOK,
	"POST /settings/users/new":                http.StatusUnprocessableEntity,
	"GET /settings/users/invite-link":         http.StatusOK,
	"POST /settings/users/invite-link":        http.StatusUnprocessableEntity,
	"GET /settings/users/bulk":                http.StatusUnprocessableEntity,
	"POST /settings/users/bulk":               http.StatusUnprocessableEntity, // no action
	"GET /settings/users/import":              http.StatusOK,
	"POST /settings/users/import":             http.StatusUnprocessableEntity,
	"GET /settings/users/export.csv":          http.StatusOK,
	"GET /settings/users/:id":                 http.StatusNotFound,
	"GET /settings/users/:id/menu":            http.StatusNotFound,
	"GET /settings/users/:id/edit":            http.StatusNotFound,
	"POST /settings/users/:id/edit":           http.StatusNotFound,
	"GET /settings/users/:id/disable":         http.StatusNotFound,
	"POST /settings/users/:id/disable":        http.StatusNotFound,
	"POST /settings/users/:id/enable":         http.StatusNotFound,
	"GET /settings/users/:id/delete":          http.StatusNotFound,
	"POST /settings/users/:id/delete":         http.StatusNotFound,
	"GET /settings/users/:id/groups":          http.StatusNotFound,
	"POST /settings/users/:id/groups":         http.StatusNotFound,
	"GET /settings/users/:id/permissions":     http.StatusNotFound,
	"POST /settings/users/:id/sessions/end":   http.StatusNotFound,
	"POST /settings/users/:id/password-reset": http.StatusNotFound,

	"GET /settings/groups":                     http.StatusOK,
	"GET /settings/groups/new":                 http.StatusOK,
	"POST /settings/groups/new":                http.StatusUnprocessableEntity,
	"GET /settings/groups/:id":                 http.StatusNotFound,
	"GET /settings/groups/:id/edit":            http.StatusNotFound,
	"POST /settings/groups/:id/edit":           http.StatusNotFound,
	"GET /settings/groups/:id/permissions":     http.StatusNotFound,
	"POST /settings/groups/:id/permissions":    http.StatusNotFound,
	"POST /settings/groups/:id/tenants":        http.StatusNotFound,
	"GET /settings/groups/:id/tenants/remove":  http.StatusNotFound,
	"POST /settings/groups/:id/tenants/remove": http.StatusNotFound,
	"GET /settings/groups/:id/users/add":       http.StatusNotFound,
	"POST /settings/groups/:id/users/add":      http.StatusNotFound,
	"GET /settings/groups/:id/users/remove":    http.StatusNotFound,
	"POST /settings/groups/:id/users/remove":   http.StatusNotFound,
	"GET /settings/groups/:id/delete":          http.StatusNotFound,
	"POST /settings/groups/:id/delete":         http.StatusNotFound,

	"POST /settings/tenant":              http.StatusNotFound, // none of theirs
	"GET /settings/tenants":              http.StatusOK,
	"GET /settings/tenants/new":          http.StatusOK,
	"POST /settings/tenants/new":         http.StatusUnprocessableEntity,
	"GET /settings/tenants/:id/edit":     http.StatusNotFound,
	"POST /settings/tenants/:id/edit":    http.StatusNotFound,
	"GET /settings/tenants/:id/disable":  http.StatusNotFound,
	"POST /settings/tenants/:id/disable": http.StatusNotFound,
	"POST /settings/tenants/:id/enable":  http.StatusNotFound,
	"GET /settings/tenants/:id/delete":   http.StatusNotFound,
	"POST /settings/tenants/:id/delete":  http.StatusNotFound,

	"GET /settings/users/:id/disable-2fa":   http.StatusNotFound,
	"POST /settings/users/:id/disable-2fa":  http.StatusNotFound,
	"GET /settings/jobs/:id":                http.StatusNotFound,
	"GET /settings/jobs/:id/report.csv":     http.StatusNotFound,
	"POST /settings/invitations/:id/resend": http.StatusNotFound,
	"GET /settings/invitations/:id/role":    http.StatusNotFound,
	"POST /settings/invitations/:id/role":   http.StatusNotFound,
	"POST /settings/invitations/:id/link":   http.StatusNotFound,
	"GET /settings/invitations/:id/mail":    http.StatusNotFound,
	"GET /settings/invitations/:id/revoke":  http.StatusNotFound,
	"POST /settings/invitations/:id/revoke": http.StatusNotFound,

	"GET /settings/integrations":              http.StatusOK,
	"GET /settings/integrations/new":          http.StatusNotFound,
	"POST /settings/integrations/new":         http.StatusNotFound, // no type
	"GET /settings/integrations/:id/edit":     http.StatusNotFound,
	"POST /settings/integrations/:id/edit":    http.StatusNotFound,
	"POST /settings/integrations/test":        http.StatusNotFound, // no type
	"POST /settings/integrations/:id/test":    http.StatusNotFound,
	"POST /settings/integrations/:id/enable":  http.StatusNotFound,
	"POST /settings/integrations/:id/disable": http.StatusNotFound,
	"GET /settings/integrations/:id/secret":   http.StatusNotFound,
	"POST /settings/integrations/:id/secret":  http.StatusNotFound,
	"GET /settings/integrations/:id/delete":   http.StatusNotFound,
	"POST /settings/integrations/:id/delete":  http.StatusNotFound,

	"GET /settings/tokens":                http.StatusOK,
	"GET /settings/tokens/new":            http.StatusOK,
	"POST /settings/tokens/new":           http.StatusUnprocessableEntity,
	"GET /settings/tokens/:id":            http.StatusNotFound,
	"GET /settings/tokens/:id/disable":    http.StatusNotFound,
	"POST /settings/tokens/:id/disable":   http.StatusNotFound,
	"POST /settings/tokens/:id/enable":    http.StatusNotFound,
	"GET /settings/tokens/:id/renew":      http.StatusNotFound,
	"POST /settings/tokens/:id/renew":     http.StatusNotFound,
	"GET /settings/tokens/:id/take-over":  http.StatusNotFound,
	"POST /settings/tokens/:id/take-over": http.StatusNotFound,
	"GET /settings/tokens/:id/delete":     http.StatusNotFound,
	"POST /settings/tokens/:id/delete":    http.StatusNotFound,

	"GET /settings/triggers":                http.StatusOK,
	"GET /settings/triggers/new":            http.StatusOK,
	"POST /settings/triggers/new":           http.StatusUnprocessableEntity,
	"GET /settings/triggers/:id/edit":       http.StatusNotFound,
	"POST /settings/triggers/:id/edit":      http.StatusNotFound,
	"POST /settings/triggers/add":           http.StatusNotFound,
	"POST /settings/triggers/draft":         http.StatusOK,
	"POST /settings/triggers/to-me":         http.StatusOK,
	"POST /settings/triggers/test":          http.StatusUnprocessableEntity,
	"POST /settings/triggers/:id/enable":    http.StatusNotFound,
	"POST /settings/triggers/:id/disable":   http.StatusNotFound,
	"POST /settings/triggers/:id/duplicate": http.StatusNotFound,
	"GET /settings/triggers/:id/delete":     http.StatusNotFound,
	"POST /settings/triggers/:id/delete":    http.StatusNotFound,

	"GET /settings/activity":     http.StatusOK,
	"GET /settings/activity/:id": http.StatusNotFound,

	"GET /settings/deliveries":             http.StatusOK,
	"GET /settings/deliveries/:id":         http.StatusNotFound,
	"POST /settings/deliveries/:id/resend": http.StatusNotFound,

	"GET /settings/activity/export.csv":    http.StatusOK,
	"GET /settings/activity/export.ndjson": http.StatusOK,

	"GET /healthz": http.StatusOK,
	"GET /readyz":  http.StatusOK,
}

// expected is what a route answers to a kind of actor.
func expected(t *testing.T, r handlers.Route, who permission.Role) int {
	t.Helper()
	status, known := allowed[r.Method+" "+r.Path]
	if !known {
		t.Fatalf("%s %s is a new route: say in the table what it answers", r.Method, r.Path)
	}
	p, needed := r.Needs.Permission()
	switch {
	case r.Path == "/signin" && r.Method == http.MethodGet:
		return map[bool]int{true: http.StatusOK, false: http.StatusSeeOther}[who == harness.Visitor]
	case !r.Needs.SignedIn():
		return status
	case who == harness.Visitor:
		return http.StatusSeeOther
	case who == harness.Nobody, r.Path == "/settings/tokens/new" && !who.MakesTokens(), needed && !(who.SeesConsole() && who.Set().Has(p)):
		return http.StatusForbidden
	}
	return status
}

func TestRoutes_EveryRouteForEverybody(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, harness.BehindProxy)
	admin := c.Administrator()
	actors := map[permission.Role]*harness.Browser{
		harness.Visitor: c.Browser(), harness.Nobody: c.Member(admin, "analyst", "nobody@example.com"), permission.GlobalAdmin: c.Administrator(),
	}
	for _, role := range []permission.Role{permission.Analyst, permission.ReadOnly, permission.Admin, permission.APIDeveloper, permission.GlobalReadOnly} {
		actors[role] = c.Member(admin, string(role), string(role)+"@example.com")
	}
	c.Exec(`DELETE FROM group_users WHERE user_id = $1`, c.User("nobody@example.com").ID)
	address := 0
	for who, b := range actors {
		address++
		b.From(fmt.Sprint("198.51.100.", address)) // each signs in wrongly once
		token := b.Token()
		for _, r := range c.Routes() {
			if strings.Contains(r.Path, "/signout") || r.Path == "/signin" && r.Method == http.MethodPost {
				continue // would end this session or those of the others
			}
			path := strings.NewReplacer(":id", "999", ":token", "unknown").Replace(r.Path)
			var a *harness.Answer
			if r.Method == http.MethodGet {
				a = b.Get(path)
			} else {
				a = b.PostForm(path, "csrf_token", token)
			}
			if want := expected(t, r, who); a.StatusCode != want {
				t.Errorf("%s: %s %s is answered %d, not %d", who, r.Method, r.Path, a.StatusCode, want)
			}
			if r.Needs.SignedIn() && who == harness.Visitor {
				a.To("/signin")
			}
		}
		b.Post("/signout").To("/signin")
		b.Get("/settings/profile").To("/signin")
		b.Post("/signin").Wants(http.StatusUnprocessableEntity)
	}
	if refused := c.Refusals(); refused == 0 { // ASVS 16.3.2
		t.Error("no refusal is in the activity log")
	}
}

// moreThanView are routes that take a permission beyond viewing, one of two, which the operation asks for.
var moreThanView = []string{"POST /settings/triggers/draft", "POST /settings/triggers/to-me"}

// TestRoutes_MembershipDecides walks every route as somebody whose one group gives exactly the permission that the route
// names: in the main tenant they may, in another tenant only or outside the group they may not. Pages, fragments and
// forms sent without one are answered alike.
func TestRoutes_MembershipDecides(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	staging := c.NewTenant(admin, "Staging")
	c.NewGroup(admin, "Exactly", []string{"1"}, []string{"rules.view"})
	ann := c.Person(permission.Analyst, "Ann", "", "ann@example.com")
	group := c.Cell(`SELECT id FROM groups WHERE name = 'Exactly'`)
	b := c.Browse(ann)
	token := b.Token()
	asFragment := map[string]string{"HX-Request": "true"}
	for _, r := range c.Routes() {
		p, needed := r.Needs.Permission()
		if !needed || !p.Custom() {
			continue // what only fixed roles give is walked by TestRoutes_EveryRouteForEverybody
		}
		set := permission.Set{}.With(p, permission.Permission{Resource: p.Resource, Action: permission.View})
		c.Exec(`UPDATE groups SET permissions = $1 WHERE id = $2`, set.String(), group)
		want := allowed[r.Method+" "+r.Path]
		if slices.Contains(moreThanView, r.Method+" "+r.Path) {
			want = http.StatusForbidden
		}
		for what, who := range map[string]struct {
			change string
			want   int
		}{
			"a member": {`INSERT INTO group_users (group_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`, want},
			"nobody":   {`DELETE FROM group_users WHERE group_id = $1 AND user_id = $2`, http.StatusForbidden},
		} {
			c.Exec(`DELETE FROM group_users WHERE user_id = $1`, ann.ID)
			c.Exec(who.change, group, ann.ID)
			for _, tenant := range []string{"1", staging} {
				c.Exec(`UPDATE group_tenants SET tenant_id = $1 WHERE group_id = $2`, tenant, group)
				expected := who.want
				if tenant == staging {
					expected = http.StatusForbidden // the console's own resources count in the main tenant only
				}
				for _, header := range []map[string]string{nil, asFragment} {
					if got := ask(
						b,
						r,
						token,
						header,
					); got != expected &&
						!(header != nil && got == http.StatusNoContent && expected == http.StatusSeeOther) {
						t.Errorf("%s in tenant %s: %s %s is answered %d, not %d", what, tenant, r.Method, r.Path, got, expected)
					}
				}
			}
		}
	}
}

// A password in the header of a request would go around the second factor, so it opens nothing.
func TestFC81_APasswordInAHeaderOpensNothing(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	visitor := c.Browser()
	visitor.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(harness.AdminEmail+":"+harness.AdminPassword)))
	visitor.Get("/signin").Wants(http.StatusOK)
	sessions := c.Count(`SELECT count(*) FROM sessions`)
	for _, r := range c.Routes() {
		if r.Method == http.MethodGet && r.Needs.SignedIn() {
			with := visitor.Get(strings.NewReplacer(":id", "999", ":token", "unknown").Replace(r.Path))
			if location := with.Header.Get("Location"); with.StatusCode != http.StatusSeeOther || !strings.HasPrefix(location, "/signin") {
				t.Errorf("%s is answered %d, %q", r.Path, with.StatusCode, location)
			}
		}
	}
	c.WantCount(sessions, `SELECT count(*) FROM sessions`)
}

// ask requests a route about an id that nobody has, with an empty form where it takes one, and returns the status.
func ask(b *harness.Browser, r handlers.Route, token string, header map[string]string) int {
	b.Console.T.Helper()
	for name, value := range header {
		b.Header.Set(name, value)
		defer b.Header.Del(name)
	}
	path := strings.NewReplacer(":id", "999", ":token", "unknown").Replace(r.Path)
	if r.Method == http.MethodGet {
		return b.Get(path).StatusCode
	}
	return b.PostForm(path, "csrf_token", token).StatusCode
}

func TestRoutes_ChangesNeedTheToken(t *testing.T) { // ASVS 3.5.1
	t.Parallel()
	c := harness.Ready(t, nil)
	admin, other := c.Administrator(), c.Administrator()
	c.Slack(admin, c.Receiver.URL+"/services/T0/B0/secret")
	c.Trigger(admin, "1")
	c.Add(admin, "analyst", "Ann", "", "ann@example.com")
	own, foreign, visitors := admin.Token(), other.Token(), c.Browser().Token()
	c.Settled()
	before := c.Snapshot()
	for _, r := range c.Routes() {
		if r.Method == http.MethodGet {
			continue
		}
		path := strings.NewReplacer(":id", "1", ":token", "unknown").Replace(r.Path)
		for _, token := range []string{"", foreign, visitors, own[:len(own)-2] + "AA", "x"} {
			a := admin.PostForm(path, "csrf_token", token)
			if r.Needs.SignedIn() || r.Path == "/signout" {
				a.Wants(http.StatusForbidden)
			} else if a.StatusCode >= http.StatusOK && a.StatusCode < http.StatusMultipleChoices { // a form of visitors, drawn again or led on
				t.Errorf("POST %s without its token is answered %d", r.Path, a.StatusCode)
			}
		}
		admin.Header.Set("Sec-Fetch-Site", "cross-site")
		admin.PostForm(path, "csrf_token", own).Wants(http.StatusForbidden)
		admin.Header.Del("Sec-Fetch-Site")
	}
	c.WantUnchanged(before, "forms without their token")
}

func TestFC02_NoGETChangesAnything(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	c.Slack(admin, c.Receiver.URL+"/services/T0/B0/secret")
	c.Trigger(admin, "1")
	link := c.Add(admin, "analyst", "Ann", "", "ann@example.com")
	c.Settled()
	paths := []string{"/settings/integrations/new?type=slack", "/settings/users?q=ann&tab=invited"}
	for _, r := range c.Routes() {
		if r.Method == http.MethodGet && !strings.Contains(r.Path, "/export.") { // an export is logged
			paths = append(paths, strings.NewReplacer(":id", "1", "/signup/:token", link).Replace(r.Path))
		}
	}
	for _, m := range c.Mail.Messages() {
		for _, l := range harness.LinksIn(m) {
			paths = append(paths, strings.TrimPrefix(l, c.URL.String()))
		}
	}
	before := c.Snapshot()
	for _, path := range paths {
		for _, b := range []*harness.Browser{admin, c.Browser()} {
			if a := b.Get(path); a.StatusCode >= http.StatusInternalServerError {
				t.Errorf("%s is answered %d", path, a.StatusCode)
			}
		}
	}
	c.WantUnchanged(before, "all GETs")
}
