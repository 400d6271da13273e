package e2e

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/permission"
	"console/store"
)

func TestFC104_WildcardsAreThemselves(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	c.People(
		store.User{FirstName: "One", Email: "a_b@x.example"},
		store.User{FirstName: "Two", Email: "axb@x.example"},
		store.User{
			FirstName: "Sale",
			LastName:  "%off",
			Email:     "sale@x.example",
		},
		store.User{FirstName: "Back", LastName: `\slash`, Email: "back@x.example"},
		store.User{FirstName: "O'Neil", Email: "neil@x.example"},
		store.User{FirstName: `.*"`, Email: "dots@x.example"},
	)
	admin := c.Administrator()
	for search, want := range map[string][]string{
		"a_b": {"a_b@x.example"}, "%": {"sale@x.example"}, `\`: {"back@x.example"}, "o'n": {"neil@x.example"}, `.*"`: {"dots@x.example"},
		"' OR 1=1--": nil, "%%%": nil, "___": nil,
	} {
		if got := admin.Get("/settings/users?q=" + url.QueryEscape(search)).Emails(); !slices.Equal(got, want) {
			t.Errorf("%q finds %v", search, got)
		}
	}
	admin.Get("/settings/users?q=%253Cb%253E").Wants(http.StatusOK).Contains("%3Cb%3E").Lacks("<b>", "&lt;b&gt;")
}

func TestFC106_AccentsDoNotMatter(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	c.People(
		store.User{FirstName: "Jose", Email: "1@x.example"},
		store.User{FirstName: "José", Email: "2@x.example"},
		store.User{
			FirstName: "JOSE\u0301",
			Email:     "3@x.example",
		},
		store.User{FirstName: "JOSÉ", Email: "4@x.example"},
		store.User{FirstName: "Joke", Email: "5@x.example"},
	)
	admin := c.Administrator()
	for _, search := range []string{"jose", "josé", "JOSE\u0301"} {
		got := admin.Get("/settings/users?q=" + url.QueryEscape(search)).Emails()
		slices.Sort(got)
		if !slices.Equal(got, []string{"1@x.example", "2@x.example", "3@x.example", "4@x.example"}) {
			t.Errorf("%q finds %v", search, got)
		}
	}
}

var pageLink = map[string]*regexp.Regexp{
	"next": regexp.MustCompile(`id="page-next"\s+href="([^"]+)"`), "prev": regexp.MustCompile(`id="page-prev"\s+href="([^"]+)"`),
}

func TestFC107_EqualNamesAppearOnce(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	kims := make([]store.User, 120)
	for i := range kims {
		kims[i] = store.User{FirstName: "Kim", Email: fmt.Sprintf("kim%d@x.example", i)}
	}
	c.People(kims...)
	admin := c.Administrator()
	walk := func(path, direction string) (all []string, last string) {
		t.Helper()
		for pages := 0; path != ""; pages++ {
			if pages > 10 {
				t.Fatalf("%s does not end", path)
			}
			page := admin.Get(path)
			all, last, path = append(all, page.Emails()...), path, ""
			if found := pageLink[direction].FindStringSubmatch(page.Body); found != nil {
				path = html.UnescapeString(found[1])
			}
		}
		return all, last
	}
	for _, sort := range []string{"name", "role", "email", "last_auth"} {
		for _, dir := range []string{"asc", "desc"} {
			forth, last := walk("/settings/users?q=kim&sort="+sort+"&dir="+dir, "next")
			back, _ := walk(last, "prev")
			for way, all := range map[string][]string{"forth": forth, "back": back} {
				slices.Sort(all)
				if n := len(slices.Compact(slices.Clone(all))); len(all) != 120 || n != 120 {
					t.Errorf("by %s %s, %s: %d rows, %d people", sort, dir, way, len(all), n)
				}
			}
		}
	}
}

func TestFC111_LongNames(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	long := strings.Repeat("W", 255)
	local, domain := strings.Repeat("e", 64), strings.Repeat("d", 63)+"."+strings.Repeat("d", 63)+"."+strings.Repeat("d", 53)+".example"
	email := local + "@" + domain
	if len(email) != 254 {
		t.Fatal(len(email))
	}
	c.Add(admin, "analyst", long, "", email)
	admin.Get("/settings/users?tab=invited").Contains(long, email)
	c.Add(admin, "analyst", long[:200], long[:54], "two@example.com")
	for field, form := range map[string][]string{
		"255 characters":  {"first_name", long + "W", "email", "x@example.com"},
		"255":             {"first_name", long[:200], "last_name", long[:55], "email", "x@example.com"},
		"at most 254":     {"first_name", "Ann", "email", local + "@d" + domain},
		"email address l": {"first_name", "Ann", "email", "e" + email[:64] + "@example.com"}, // 65 before the @
	} {
		admin.Post("/settings/users/new", append(form, "role", "analyst", "tenant_id", "1")...).
			Wants(http.StatusUnprocessableEntity).
			Contains(field)
	}
	c.WantCount(3, `SELECT count(*) FROM users`)
}

func TestFC112_DirectionControls(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	path := c.InviteByLink(admin, "analyst", "ann@example.com")
	for _, name := range []string{"Ann\u202enimda", "Ann\u2066x", "Ann\u200fx", "Ann\nx", "Ann\x00x", "Ann\u2028x", "\xff\xfe"} {
		admin.Post("/settings/users/new", "role", "analyst", "first_name", name, "email", "x@example.com", "tenant_id", "1").
			Wants(http.StatusUnprocessableEntity)
		c.Browser().Post(path, "first_name", "Ann", "last_name", name, "password", harness.Password("ann")).Wants(http.StatusUnprocessableEntity)
	}
	c.Add(admin, "analyst", "דנה", "", "dana@example.com")
	c.Browser().Post(path, "first_name", "مريم", "password", harness.Password("ann")).To("/")
	admin.Get("/settings/users").Contains("דנה", "مريم")
	c.WantCount(3, `SELECT count(*) FROM users`)
}

// walkList reads the list from its first page to its last, and back again; it returns the ids in the order of the list.
func walkList(t *testing.T, by *harness.Browser, query string) []int64 {
	t.Helper()
	var pages [][]int64
	page := by.Get("/settings/users" + query).Wants(http.StatusOK)
	for ; ; page = by.Get(page.Leads("page-next")).Wants(http.StatusOK) {
		pages = append(pages, page.IDs())
		if page.Leads("page-next") == "" || len(pages) > 100 {
			break
		}
	}
	for i := len(pages) - 2; i >= 0; i-- {
		if page.Leads("page-prev") == "" {
			t.Fatalf("%s: page %d has no way back", query, i+2)
		}
		page = by.Get(page.Leads("page-prev")).Wants(http.StatusOK)
		if !slices.Equal(page.IDs(), pages[i]) {
			t.Errorf("%s: page %d shows others on the way back", query, i+1)
		}
	}
	if page.Leads("page-prev") != "" {
		t.Errorf("%s: the first page goes further back", query)
	}
	return slices.Concat(pages...)
}

func TestFC107_EveryRowOnceInEveryOrder(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	var kims []store.User
	for i := range 120 {
		kim := harness.Active([]permission.Role{permission.Analyst, permission.ReadOnly}[i%2], "Kim", "", fmt.Sprintf("kim%03d@example.com", i))
		if i%3 == 0 {
			kim.LastAuthAt = store.At(time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC))
		}
		kims = append(kims, kim)
	}
	c.Insert(kims...)
	for _, narrowed := range []url.Values{{}, {"q": {"kim"}}} {
		everybody := 121
		if narrowed.Has("q") {
			everybody = 120
		}
		for _, sort := range []string{"name", "role", "email", "last_auth"} {
			query := url.Values{"sort": {sort}}
			for name, values := range narrowed {
				query[name] = values
			}
			up := walkList(t, john, "?"+query.Encode())
			if unique := slices.Compact(slices.Sorted(slices.Values(up))); len(up) != everybody || len(unique) != everybody {
				t.Errorf("%s: %d rows of %d people, not %d", query.Encode(), len(up), len(unique), everybody)
			}
			query.Set("dir", "desc")
			down := walkList(t, john, "?"+query.Encode())
			slices.Reverse(down)
			if !slices.Equal(up, down) {
				t.Errorf("%s: not the other order turned round", query.Encode())
			}
		}
	}
}

// TestListOrder compares the orders by what they are ordered by, plain and while searching.
func TestListOrder(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	day := store.At(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	bea, adam, nobody := harness.Active(
		permission.Analyst,
		"Bea",
		"",
		"z@match.example",
	), harness.Active(
		permission.ReadOnly,
		"ådam",
		"",
		"y@match.example",
	),
		harness.Active(
			permission.Admin,
			"",
			"",
			"carl@match.example",
		)
	bea.LastAuthAt, adam.LastAuthAt = day+2, day+1
	made := c.Insert(bea, adam, nobody)
	names := map[int64]string{made[0].ID: "Bea", made[1].ID: "ådam", made[2].ID: "carl"}
	for _, search := range []string{"", "&q=match.example"} {
		for sort, want := range map[string]string{"name": "ådam Bea carl", "role": "carl Bea ådam", "email": "carl ådam Bea", "last_auth": "carl ådam Bea"} {
			var order []string
			for _, id := range walkList(t, john, "?sort="+sort+search) {
				if name := names[id]; name != "" {
					order = append(order, name)
				}
			}
			if got := strings.Join(order, " "); got != want {
				t.Errorf("by %s%s: %s, not %s", sort, search, got, want)
			}
		}
	}
}

func TestTabsAndCounts(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	people := harness.Crowd(4, "Tab")
	people[0].ActivatedAt, people[0].PasswordHash = 0, ""
	people[1].DisabledAt = store.At(time.Now())
	people[2].ActivatedAt, people[2].PasswordHash, people[2].JoinedAt = 0, "", 0 // by link
	c.Insert(people...)
	byLink := people[2]
	c.Update(func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertInvitation(
			ctx,
			&store.Invitation{
				UserID:      byLink.ID,
				ByLink:      true,
				TenantID:    1,
				InviterName: "John",
				Duration:    time.Hour,
				ExpiresAt:   store.At(time.Now().Add(time.Hour)),
			},
		)
	})
	c.WantsCounts(john, "4 2 2 1")
	if got := john.Get("/settings/users?q=tab").Counts(); got != "3 1 2 1" {
		t.Errorf("while searching the tabs say %s", got)
	}
	shows := func(query string, people ...store.User) {
		t.Helper()
		var want []int64
		for _, p := range people {
			want = append(want, p.ID)
		}
		if got := john.Get("/settings/users" + query).Wants(http.StatusOK).IDs(); !slices.Equal(got, want) {
			t.Errorf("%s shows %d, not %d", query, got, want)
		}
	}
	for _, search := range []string{"", "&q=tab"} {
		shows("?tab=invited"+search, people[0], people[2])
		shows("?tab=disabled"+search, people[1])
	}
	shows("?q=tab", people[0], people[1], people[3])
	shows("?tab=active&q=tab", people[3])
	john.Get("/settings/users?tab=invited").Contains(`<span class="tag">By link<`)
	john.Get("/settings/users?q=tab").Lacks(`<span class="tag">By link<`).Contains(`<tr class="disabled">`, "(disabled)")
}

// The group that narrows the list is among those offered, also where it is not among the first hundred.
func TestTheChosenGroupIsOffered(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	c.Update(func(ctx context.Context, tx *store.Tx) error {
		for n := range 102 {
			if err := tx.InsertGroup(ctx, &store.Group{Name: fmt.Sprintf("Group %03d", n), CreatedAt: 1}); err != nil {
				return err
			}
		}
		return nil
	})
	last := c.Count("SELECT max(id) FROM groups")
	john.Get("/settings/users").Contains("Group 099").Lacks("Group 100")
	john.Get("/settings/users?group="+strconv.Itoa(last)).
		Contains(fmt.Sprintf(`<option value="%d" selected>Group 101<`, last), "Group 099").
		Lacks("Group 100")
}

func TestFilters(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	now := time.Now()
	analyst, reader, recent := harness.Active(
		permission.Analyst,
		"Old",
		"Analyst",
		"old@example.com",
	), harness.Active(
		permission.ReadOnly,
		"Never",
		"Reader",
		"never@example.com",
	),
		harness.Active(
			permission.ReadOnly,
			"Recent",
			"Reader",
			"recent@example.com",
		)
	analyst.LastAuthAt, recent.LastAuthAt = store.At(now.Add(-91*24*time.Hour)), store.At(now.Add(-89*24*time.Hour))
	people := c.Insert(analyst, reader, recent)
	group := c.Count("SELECT id FROM groups WHERE name = 'Read Only'")
	for query, want := range map[string][]int64{
		"role=analyst":                            {people[0].ID},
		"role=read_only":                          {people[1].ID, people[2].ID},
		"group=" + strconv.Itoa(group):            {people[1].ID, people[2].ID},
		"last_auth=90d":                           {people[0].ID},
		"last_auth=never&role=read_only":          {people[1].ID},
		"role=read_only&q=recent&twofa=off":       {people[2].ID},
		"twofa=on":                                nil,
		"group=999":                               nil,
		"role=analyst&group=" + fmt.Sprint(group): nil,
	} {
		page := john.Get("/settings/users?" + query).Wants(http.StatusOK)
		if got := page.IDs(); !slices.Equal(got, want) {
			t.Errorf("%s shows %d, not %d", query, got, want)
		}
		if len(want) == 0 {
			page.Contains("Nobody here matches these filters", "clear search and filters")
		}
	}
}

func TestListURLHoldsTheState(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	c.Insert(harness.Crowd(60, "State")...)
	state := url.Values{
		"q":         {"state"},
		"role":      {"read_only"},
		"twofa":     {"off"},
		"last_auth": {"never"},
		"sort":      {"email"},
		"dir":       {"desc"},
		"tab":       {"active"},
	}
	page := john.Get("/settings/users?" + state.Encode()).Wants(http.StatusOK)
	page.Contains(
		`name="q" value="state"`,
		`<option value="read_only" selected`,
		`<option value="off" selected`,
		`<option value="never" selected`,
		`form="user-search" name="tab" value="active"`,
		`form="user-search" name="sort" value="email"`,
		`form="user-search" name="dir" value="desc"`,
		`aria-sort="descending"`,
	)
	if page.IDs()[0] != c.User("state00059@example.com").ID {
		t.Error("the list does not begin with the last address")
	}
	for _, id := range []string{"tab-all", "tab-invited", "page-next", "sort-name", "sort-email"} {
		address, err := url.Parse(page.Leads(id))
		if err != nil || page.Leads(id) == "" {
			t.Fatalf("%s leads to %q", id, page.Leads(id))
		}
		for _, kept := range []string{"q", "role", "twofa", "last_auth"} {
			if got := address.Query().Get(kept); got != state.Get(kept) {
				t.Errorf("%s forgets %s: %q", id, kept, got)
			}
		}
	}
	next := john.Get(page.Leads("page-next")).Wants(http.StatusOK).Contains(`name="q" value="state"`)
	if got := len(next.IDs()); got != 10 {
		t.Errorf("the second page has %d rows", got)
	}
	export, _, _ := strings.Cut(page.Body, " data-list-query")
	if !strings.Contains(export[strings.LastIndex(export, "<a"):], "q=state") {
		t.Error("the export is of another list")
	}
	john.Get("/settings/users?tab=bogus&sort=bogus&dir=bogus&cursor=bogus").Wants(http.StatusOK)
	for _, filter := range []string{"role", "group", "twofa", "last_auth"} { // would show everybody as if it narrowed the list
		john.Get("/settings/users?" + filter + "=bogus").Wants(http.StatusUnprocessableEntity)
	}
}

func TestEmptyListsSayWhatToDo(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	john.Get("/settings/users?tab=invited").Contains("Nobody is waiting to sign up", "Add new user")
	john.Get("/settings/users?tab=disabled").Contains("Nobody is disabled")
	john.Get("/settings/users?q=%3Cnobody%3E").
		Contains("Nobody here matches “&lt;nobody&gt;”", "clear search and filters", "Invited</a>, where people invited by link are")
	john.Get("/settings/users?q=%3Cnobody%3E&tab=disabled").Contains("all users")
	reader := c.Browse(c.Person(permission.ReadOnly, "Rea", "Der", "reader@example.com"))
	reader.Get("/settings/users?tab=invited").
		Contains("Nobody is waiting to sign up").
		Lacks("/settings/users/new", "/settings/users/export.csv", `name="action"`)
}

func TestLastAuthIsExactOnHoverAndForScreenReaders(t *testing.T) {
	t.Parallel()
	c, clock := harness.StartAt(t)
	john := c.BrowseAt(c.User(harness.AdminEmail), clock.Now())
	at := clock.Now().Add(-6 * time.Hour).UTC()
	seen := harness.Active(permission.Analyst, "Seen", "", "seen@example.com")
	seen.LastAuthAt = store.At(at)
	c.Insert(seen, harness.Active(permission.Analyst, "Unseen", "", "unseen@example.com"))
	words := at.Format("2 Jan 2006, 15:04 UTC")
	john.Get("/settings/users?q=seen@").Contains(fmt.Sprintf(`<td title="%s">6 hours ago<span>, %s</span></td>`, words, words))
	john.Get("/settings/users?q=unseen").Contains("Never")
}

// finds checks whom a search shows, by the local part of their address, in order.
func finds(t *testing.T, by *harness.Browser, search, want string) {
	t.Helper()
	page := by.Get("/settings/users?q=" + url.QueryEscape(search)).Wants(http.StatusOK)
	var got []string
	for _, id := range page.IDs() {
		local, _, _ := strings.Cut(by.Console.UserByID(id).Email, "@")
		got = append(got, local)
	}
	if strings.Join(got, " ") != want {
		t.Errorf("%q finds %q, not %q", search, strings.Join(got, " "), want)
	}
}

// named stores Read Only people by the local part of their address, each given as "local:first name".
func named(c *harness.Console, people ...string) {
	c.T.Helper()
	var users []store.User
	for _, p := range people {
		local, name, _ := strings.Cut(p, ":")
		users = append(users, harness.Active(permission.ReadOnly, name, "", local+"@x.example"))
	}
	c.Insert(users...)
}

func TestFC104_SignsMatchThemselves(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	named(c, "a_b:Under", "axb:Exx", "percent:100 %Sure", "slash:Back \\slash", "quote:O 'Brien", "none:Plain")
	finds(t, john, "a_b", "a_b")
	finds(t, john, "%", "percent")
	finds(t, john, "0 %s", "percent")
	finds(t, john, "%sur", "percent")
	finds(t, john, `\`, "slash")
	finds(t, john, `k \s`, "slash")
	finds(t, john, "'", "quote")
	finds(t, john, "o 'b", "quote")
	finds(t, john, "___", "")
	finds(t, john, "%%%", "")
	finds(t, john, `"`, "")
	finds(t, john, "*", "")
	finds(t, john, "<script>", "")
}

func TestFC106_AccentsCaseAndExactFirst(t *testing.T) {
	harness.OnBoth(t)
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	named(c, "p1:Jose", "p2:José", "p3:JOSÉ", "p4:Jorge", "p5:Йогурт", "p6:Иогурт")
	john.Post("/settings/users/new", "role", "read_only", "first_name", "Jose\u0301", "email", "p7@x.example", "tenant_id", "1").
		Wants(http.StatusSeeOther)
	finds(t, john, "jose", "p1 p2 p3 p7")
	finds(t, john, "JOSE", "p1 p2 p3 p7")
	finds(t, john, "josé", "p2 p3 p7 p1")
	finds(t, john, "jose\u0301", "p2 p3 p7 p1")
	finds(t, john, "йогурт", "p5 p6")
}

func TestSearchOfShortTermsAndOtherScripts(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	named(c, "u1:Xaver-Quinn", "u2:Maxine", "u3:田中太郎", "u4:김민준", "u5:דנה", "zed.queen+qat_quo:Zed", "u7:Ann")
	finds(t, john, "qu", "u1 zed.queen+qat_quo")
	finds(t, john, "qa", "zed.queen+qat_quo")
	finds(t, john, "ax", "")
	finds(t, john, "axi", "u2")
	finds(t, john, "nn", "")
	finds(t, john, "中", "u3")
	finds(t, john, "太郎", "u3")
	finds(t, john, "민", "u4")
	finds(t, john, "דנ", "u5")
	finds(t, john, "  axi  ", "u2")
	finds(t, john, "global adm", "johndoe")
}

func TestCountsWhileSearchingAreExactToAThousand(t *testing.T) {
	t.Parallel()
	c, john := harness.SignedIn(t, nil)
	c.Insert(harness.Crowd(1000, "Many")...)
	if got := john.Get("/settings/users?q=many").Counts(); got != "1000 1000 0 0" {
		t.Errorf("a thousand are counted as %s", got)
	}
	c.Person(permission.ReadOnly, "Many", "More", "many.more@example.com")
	page := john.Get("/settings/users?q=many").Contains(`data-announce="1000+ users"`, "Select all 1000+ that match")
	if got := page.Counts(); got != "1000+ 1000+ 0 0" {
		t.Errorf("a thousand and one are counted as %s", got)
	}
	c.WantsCounts(john, "1002 1002 0 0")
	john.Get("/settings/users/bulk?action=disable&all=1&q=many").Wants(http.StatusOK).Contains("1001 users", `name="total" value="1001"`)
}
