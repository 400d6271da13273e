package look

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"console/e2e/harness"
	"console/e2e/harness/chromium"
	"console/handlers"
	"console/internal/auth"
	"console/internal/permission"
	"console/store"
)

// noPages are the routes that answer with no page.
var noPages = map[string]string{
	"/session":                         "answers a number",
	"/healthz":                         "answers a word",
	"/readyz":                          "answers a word",
	"/settings/users/export.csv":       "a file",
	"/settings/activity/export.csv":    "a file",
	"/settings/activity/export.ndjson": "a file",
	"/settings/jobs/:id/report.csv":    "a file",
	"/settings/users/:id/menu":         "a part of the list, which the script fetches",
	"/api/v1/openapi.json":             "a document for programs",
}

// chooser is the kind of actor who has signed in with an initial password and is to choose another.
const chooser = permission.Role("chooser")

// noLink are the pages to which no link leads when everything is set up, and a mail server is there.
var noLink = map[string]string{
	"/setup":                          "the first run; a scene of the gallery",
	"/settings/invitations/:id/mail":  "there is a mail server",
	"/settings/users/:id/permissions": "the address that the tab of a person's page had before",
}

// TestCrawl follows every link that people of every role and visitors are shown, and looks at every page they reach. It
// wants every page of the map to be reached, so that new ones are looked at, too. In short, of the roles only those that see
// everything, with and without the right to change it, look around.
func TestCrawl(t *testing.T) {
	t.Parallel()
	w := newCrawledConsole(t)
	var everybody sync.WaitGroup
	for who, b := range w.people {
		everybody.Go(func() {
			t.Run(string(who), func(t *testing.T) { w.crawl(t, who, b) })
		})
	}
	everybody.Wait()
	for _, r := range w.Routes() {
		if r.Method == http.MethodGet && noPages[r.Path] == "" && noLink[r.Path] == "" && !w.wasReached(r) {
			t.Errorf("no link led to %s", r.Path)
		}
	}
	w.documents.check(t)
}

// wasReached reports whether those reached a page who must: visitors theirs, a Global Administrator all others.
func (w *crawledConsole) wasReached(r handlers.Route) bool {
	who := w.reached[r.Path]
	return slices.Contains(who, permission.GlobalAdmin) || len(who) > 0 && !r.Needs.SignedIn()
}

// crawledConsole is a console with everything in it, and the people who look around there.
type crawledConsole struct {
	*harness.Console
	people    map[permission.Role]*chromium.Tab
	seeds     map[permission.Role][]string // addresses that no link of the console leads to: of mails, and of forms
	documents *markup

	mu      sync.Mutex
	reached map[string][]permission.Role // by the path of a route
	looked  map[string]bool              // by what skeleton returns
}

func newCrawledConsole(t *testing.T) *crawledConsole {
	c := harness.Ready(t, nil)
	g := &gallery{names: usualNames, full: c, links: map[string]string{}}
	w := &crawledConsole{Console: c, documents: newMarkup(t), reached: map[string][]permission.Role{}, looked: map[string]bool{}}
	admin := c.Administrator()
	g.furnish(admin)
	g.protect()
	staging := c.NewTenant(admin, "Staging")
	group := c.NewGroup(admin, "Night shift", []string{"1", staging}, []string{"rules.view", "users.view"})
	admin.Post(group+"/users/add", "emails", "ana.souza@example.com").Wants(http.StatusSeeOther)
	admin.Enrol(harness.AdminPassword)
	c.Exec(
		`INSERT INTO passkeys (user_id, credential_id, credential, name, created_at) VALUES (1, x'01', '{"id": "AQ=="}', 'Laptop', $1)`,
		store.At(time.Now()),
	)
	g.giveInitialPassword()
	w.people = map[permission.Role]*chromium.Tab{permission.GlobalAdmin: chromium.TabOf(admin), harness.Visitor: g.halfway, chooser: g.chooser}
	for _, role := range permission.Roles() {
		if role.SignsIn() && role != permission.GlobalAdmin && (role == permission.ReadOnly || !testing.Short()) {
			w.people[role] = chromium.TabOf(c.Browse(c.Person(role, "Crawler", role.Label(), string(role)+"@example.com")))
		}
	}
	w.people[harness.Nobody] = chromium.TabOf(c.Browse(c.User("noa@example.com")))
	reset := auth.NewToken()
	c.Exec(
		`INSERT INTO reset_links (token_hash, user_id, created_at, expires_at) VALUES ($1, $2, 0, $3)`,
		auth.HashToken(reset),
		c.User(g.email).ID,
		store.At(time.Now().Add(time.Hour)),
	)
	review := group + "/permissions?permissions=rules.view&version=" + c.Cell(`SELECT version FROM groups WHERE name = 'Night shift'`)
	w.seeds = map[permission.Role][]string{
		chooser:         {"/signin/password"},
		harness.Visitor: {"/signin", "/signin/2fa", g.links["signup"], g.links["expired"], "/reset/" + reset},
		permission.GlobalAdmin: {
			g.links["job"],
			"/settings/users/bulk?action=delete&all=1",
			"/settings/profile/authenticator",
			"/settings/general/signout-without-2fa",
			group + "?tab=users",
			group + "?tab=permissions",
			review,
			group + "/users/remove?user_ids=" + g.id("ana.souza@example.com"),
			"/settings/tenants/" + staging + "/delete",
			// Pages of people to whom other things can be done than to the first who is looked at.
			"/settings/users/" + c.Cell(`SELECT id FROM users WHERE two_factor = 1 AND id <> 1 LIMIT 1`) + "?protected",
			"/settings/users/" + c.Cell(`SELECT user_id FROM invitations WHERE by_link = 0 LIMIT 1`) + "?invited",
			// Tokens with which other things can be done than with the first.
			g.links["token Old laptop"] + "?expired",
			g.links["token Lost"] + "?disabled",
			g.links["token Orphan"] + "?orphan",
			g.links["token Rules from Git"] + "?other",
			"/settings/tokens?q=nothing",
		},
	}
	return w
}

// crawl looks at every page that links lead to from "/", breadth first: at one for each route, tab and kind of query.
func (w *crawledConsole) crawl(t *testing.T, who permission.Role, b *chromium.Tab) {
	reportTo(b, t)
	routes := w.Routes()
	seen := map[string]bool{}
	for queue := append([]string{"/"}, w.seeds[who]...); len(queue) > 0; queue = queue[1:] {
		to, err := w.URL.Parse(queue[0])
		if err != nil {
			t.Fatal(err)
		}
		path := pattern(routes, to.Path)
		if _, none := noPages[path]; none || seen[kind(path, to.Query())] {
			continue
		}
		seen[kind(path, to.Query())] = true
		w.visit(t, who, b, path, to)
		queue = append(queue, links(b)...)
	}
	t.Logf("%d pages", len(seen))
}

// kind tells pages of a route apart: tabs show different things, and so do questions, however they are answered. An
// order shows the same.
func kind(path string, query url.Values) string {
	tab := query.Get("tab")
	for _, order := range []string{"tab", "sort", "dir"} {
		query.Del(order)
	}
	return strings.Join(append(slices.Sorted(maps.Keys(query)), path, tab), " ")
}

// visit looks at a page. No link may lead to one that is not there or not for this person, but to those that explain why
// somebody who may do more is not theirs to change.
func (w *crawledConsole) visit(t *testing.T, who permission.Role, b *chromium.Tab, path string, to *url.URL) {
	before := len(b.Noticed())
	b.Resize(chromium.Wide)
	b.Open(to.String())
	p := shown{t: t, tab: b, name: string(who) + " at " + to.RequestURI(), width: chromium.Wide, colours: "light"}
	defer p.silent(before)
	answer := b.Answered().Response
	explained := answer.Status == http.StatusForbidden && (who == harness.Nobody || strings.HasPrefix(path, "/settings/users/:id/"))
	dead := answer.Status == http.StatusGone && strings.HasPrefix(path, "/signup") // one of the links has expired
	if answer.Status != http.StatusOK && !explained && !dead {
		t.Errorf("%s is answered %d", to, answer.Status)
	}
	source := source(b)
	if !w.isNew(who, path, source) {
		return
	}
	p.wants("steady", steady)
	w.documents.add(p.name, source)
	if !testing.Short() { // scenes of most pages are looked at so
		p.wants("accessible", accessible)
	}
	p.at(320).wants("fitting", fitting)
}

// isNew notes that somebody has reached a page, and reports whether nobody has looked at the like of it before. Of what
// a person reaches first the frame counts, too.
func (w *crawledConsole) isNew(who permission.Role, path, source string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reached[path] = append(w.reached[path], who)
	like := skeleton(source)
	if path == "/" {
		like += string(who)
	}
	seen := w.looked[like]
	w.looked[like] = true
	return !seen
}

var (
	frame  = regexp.MustCompile(`(?s)<nav class="sidebar".*?</nav>|<header class="topbar".*?</header>`)
	texts  = regexp.MustCompile(`>[^<]*<`)
	values = regexp.MustCompile(` (value|href|action|formaction|title|datetime|content|aria-label|data-[a-z-]+)="[^"]*"`)
)

// skeleton is what the pages of people with other names and rights have in common, where they may do the same.
func skeleton(source string) string {
	source = frame.ReplaceAllString(source, "")
	return values.ReplaceAllString(texts.ReplaceAllString(source, "><"), "")
}

// links are the addresses on this console that the page leads to.
func links(b *chromium.Tab) []string {
	b.Console.T.Helper()
	links, err := chromium.Evaluate[[]string](
		b,
		`[...document.querySelectorAll("a[href]")].filter((a) => a.origin === location.origin && !a.hash).map((a) => a.pathname + a.search)`,
	)
	if err != nil {
		b.Console.T.Fatal(err)
	}
	return links
}

// pattern is the path of the route that answers to a path, or the path where there is none.
func pattern(routes []handlers.Route, path string) string {
	parts := strings.Split(path, "/")
	best := path
	for _, r := range routes {
		if r.Path == path {
			return path
		}
		if slices.EqualFunc(strings.Split(r.Path, "/"), parts, func(of, part string) bool { return strings.HasPrefix(of, ":") || of == part }) {
			best = r.Path
		}
	}
	return best
}
