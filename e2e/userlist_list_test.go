package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"console/internal/permission"
	"console/store"
)

// walkList reads the list from its first page to its last, and back again; it returns the ids in the order of the list.
func walkList(t *testing.T, by *browser, query string) []int64 {
	t.Helper()
	var pages [][]int64
	page := by.get("/settings/users" + query).wants(http.StatusOK)
	for ; ; page = by.get(page.leads("page-next")).wants(http.StatusOK) {
		pages = append(pages, page.ids())
		if page.leads("page-next") == "" || len(pages) > 100 {
			break
		}
	}
	for i := len(pages) - 2; i >= 0; i-- {
		if page.leads("page-prev") == "" {
			t.Fatalf("%s: page %d has no way back", query, i+2)
		}
		page = by.get(page.leads("page-prev")).wants(http.StatusOK)
		if !slices.Equal(page.ids(), pages[i]) {
			t.Errorf("%s: page %d shows others on the way back", query, i+1)
		}
	}
	if page.leads("page-prev") != "" {
		t.Errorf("%s: the first page goes further back", query)
	}
	return slices.Concat(pages...)
}

func TestFC107_EveryRowOnceInEveryOrder(t *testing.T) {
	t.Parallel()
	c, john := signedIn(t, nil)
	var kims []store.User
	for i := range 120 {
		kim := active([]permission.Role{permission.Analyst, permission.ReadOnly}[i%2], "Kim", "", fmt.Sprintf("kim%03d@example.com", i))
		if i%3 == 0 {
			kim.LastAuthAt = store.At(time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC))
		}
		kims = append(kims, kim)
	}
	c.insert(kims...)
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
	c, john := signedIn(t, nil)
	day := store.At(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	bea, adam, nobody := active(permission.Analyst, "Bea", "", "z@match.example"), active(permission.ReadOnly, "ådam", "", "y@match.example"),
		active(permission.Admin, "", "", "carl@match.example")
	bea.LastAuthAt, adam.LastAuthAt = day+2, day+1
	made := c.insert(bea, adam, nobody)
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
	c, john := signedIn(t, nil)
	people := crowd(4, "Tab")
	people[0].ActivatedAt, people[0].PasswordHash = 0, ""
	people[1].DisabledAt = store.At(time.Now())
	people[2].ActivatedAt, people[2].PasswordHash, people[2].JoinedAt = 0, "", 0 // by link
	c.insert(people...)
	byLink := people[2]
	c.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertInvitation(ctx, &store.Invitation{UserID: byLink.ID, ByLink: true, TenantID: 1, InviterName: "John", Duration: time.Hour, ExpiresAt: store.At(time.Now().Add(time.Hour))})
	})
	c.wantsCounts(john, "4 2 2 1")
	if got := john.get("/settings/users?q=tab").counts(); got != "3 1 2 1" {
		t.Errorf("while searching the tabs say %s", got)
	}
	shows := func(query string, people ...store.User) {
		t.Helper()
		var want []int64
		for _, p := range people {
			want = append(want, p.ID)
		}
		if got := john.get("/settings/users" + query).wants(http.StatusOK).ids(); !slices.Equal(got, want) {
			t.Errorf("%s shows %d, not %d", query, got, want)
		}
	}
	for _, search := range []string{"", "&q=tab"} {
		shows("?tab=invited"+search, people[0], people[2])
		shows("?tab=disabled"+search, people[1])
	}
	shows("?q=tab", people[0], people[1], people[3])
	shows("?tab=active&q=tab", people[3])
	john.get("/settings/users?tab=invited").contains(`<span class="tag">By link<`)
	john.get("/settings/users?q=tab").lacks(`<span class="tag">By link<`).contains(`<tr class="disabled">`, "(disabled)")
}

// The group that narrows the list is among those offered, also where it is not among the first hundred.
func TestTheChosenGroupIsOffered(t *testing.T) {
	t.Parallel()
	c, john := signedIn(t, nil)
	c.update(func(ctx context.Context, tx *store.Tx) error {
		for n := range 102 {
			if err := tx.InsertGroup(ctx, &store.Group{Name: fmt.Sprintf("Group %03d", n), CreatedAt: 1}); err != nil {
				return err
			}
		}
		return nil
	})
	last := c.count("SELECT max(id) FROM groups")
	john.get("/settings/users").contains("Group 099").lacks("Group 100")
	john.get("/settings/users?group="+strconv.Itoa(last)).contains(fmt.Sprintf(`<option value="%d" selected>Group 101<`, last), "Group 099").lacks("Group 100")
}

func TestFilters(t *testing.T) {
	t.Parallel()
	c, john := signedIn(t, nil)
	now := time.Now()
	analyst, reader, recent := active(permission.Analyst, "Old", "Analyst", "old@example.com"), active(permission.ReadOnly, "Never", "Reader", "never@example.com"),
		active(permission.ReadOnly, "Recent", "Reader", "recent@example.com")
	analyst.LastAuthAt, recent.LastAuthAt = store.At(now.Add(-91*24*time.Hour)), store.At(now.Add(-89*24*time.Hour))
	people := c.insert(analyst, reader, recent)
	group := c.count("SELECT id FROM groups WHERE name = 'Read Only'")
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
		page := john.get("/settings/users?" + query).wants(http.StatusOK)
		if got := page.ids(); !slices.Equal(got, want) {
			t.Errorf("%s shows %d, not %d", query, got, want)
		}
		if len(want) == 0 {
			page.contains("Nobody here matches these filters", "clear search and filters")
		}
	}
}

func TestListURLHoldsTheState(t *testing.T) {
	t.Parallel()
	c, john := signedIn(t, nil)
	c.insert(crowd(60, "State")...)
	state := url.Values{"q": {"state"}, "role": {"read_only"}, "twofa": {"off"}, "last_auth": {"never"}, "sort": {"email"}, "dir": {"desc"}, "tab": {"active"}}
	page := john.get("/settings/users?" + state.Encode()).wants(http.StatusOK)
	page.contains(`name="q" value="state"`, `<option value="read_only" selected`, `<option value="off" selected`, `<option value="never" selected`,
		`form="user-search" name="tab" value="active"`, `form="user-search" name="sort" value="email"`, `form="user-search" name="dir" value="desc"`,
		`aria-sort="descending"`)
	if page.ids()[0] != c.user("state00059@example.com").ID {
		t.Error("the list does not begin with the last address")
	}
	for _, id := range []string{"tab-all", "tab-invited", "page-next", "sort-name", "sort-email"} {
		address, err := url.Parse(page.leads(id))
		if err != nil || page.leads(id) == "" {
			t.Fatalf("%s leads to %q", id, page.leads(id))
		}
		for _, kept := range []string{"q", "role", "twofa", "last_auth"} {
			if got := address.Query().Get(kept); got != state.Get(kept) {
				t.Errorf("%s forgets %s: %q", id, kept, got)
			}
		}
	}
	next := john.get(page.leads("page-next")).wants(http.StatusOK).contains(`name="q" value="state"`)
	if got := len(next.ids()); got != 10 {
		t.Errorf("the second page has %d rows", got)
	}
	export, _, _ := strings.Cut(page.Body, " data-list-query")
	if !strings.Contains(export[strings.LastIndex(export, "<a"):], "q=state") {
		t.Error("the export is of another list")
	}
	john.get("/settings/users?tab=bogus&sort=bogus&dir=bogus&cursor=bogus&role=bogus&group=bogus&twofa=bogus&last_auth=bogus").wants(http.StatusOK)
}

func TestEmptyListsSayWhatToDo(t *testing.T) {
	t.Parallel()
	c, john := signedIn(t, nil)
	john.get("/settings/users?tab=invited").contains("Nobody is waiting to sign up", "Add new user")
	john.get("/settings/users?tab=disabled").contains("Nobody is disabled")
	john.get("/settings/users?q=%3Cnobody%3E").contains("Nobody here matches “&lt;nobody&gt;”", "clear search and filters", "Invited</a>, where people invited by link are")
	john.get("/settings/users?q=%3Cnobody%3E&tab=disabled").contains("all users")
	reader := c.browse(c.person(permission.ReadOnly, "Rea", "Der", "reader@example.com"))
	reader.get("/settings/users?tab=invited").contains("Nobody is waiting to sign up").lacks("/settings/users/new", "/settings/users/export.csv", `name="action"`)
}

func TestLastAuthIsExactOnHoverAndForScreenReaders(t *testing.T) {
	t.Parallel()
	c, clock := startAt(t)
	john := c.browseAt(c.user(adminEmail), clock.Now())
	at := clock.Now().Add(-6 * time.Hour).UTC()
	seen := active(permission.Analyst, "Seen", "", "seen@example.com")
	seen.LastAuthAt = store.At(at)
	c.insert(seen, active(permission.Analyst, "Unseen", "", "unseen@example.com"))
	words := at.Format("2 Jan 2006, 15:04 UTC")
	john.get("/settings/users?q=seen@").contains(fmt.Sprintf(`<td title="%s">6 hours ago<span>, %s</span></td>`, words, words))
	john.get("/settings/users?q=unseen").contains("Never")
}

// finds checks whom a search shows, by the local part of their address, in order.
func finds(t *testing.T, by *browser, search, want string) {
	t.Helper()
	page := by.get("/settings/users?q=" + url.QueryEscape(search)).wants(http.StatusOK)
	var got []string
	for _, id := range page.ids() {
		local, _, _ := strings.Cut(by.console.userByID(id).Email, "@")
		got = append(got, local)
	}
	if strings.Join(got, " ") != want {
		t.Errorf("%q finds %q, not %q", search, strings.Join(got, " "), want)
	}
}

// named stores Read Only people by the local part of their address, each given as "local:first name".
func named(c *console, people ...string) {
	c.t.Helper()
	var users []store.User
	for _, p := range people {
		local, name, _ := strings.Cut(p, ":")
		users = append(users, active(permission.ReadOnly, name, "", local+"@x.example"))
	}
	c.insert(users...)
}

func TestFC104_SignsMatchThemselves(t *testing.T) {
	t.Parallel()
	c, john := signedIn(t, nil)
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
	t.Parallel()
	c, john := signedIn(t, nil)
	named(c, "p1:Jose", "p2:José", "p3:JOSÉ", "p4:Jorge", "p5:Йогурт", "p6:Иогурт")
	john.post("/settings/users/new", "role", "read_only", "first_name", "Jose\u0301", "email", "p7@x.example", "tenant_id", "1").wants(http.StatusSeeOther)
	finds(t, john, "jose", "p1 p2 p3 p7")
	finds(t, john, "JOSE", "p1 p2 p3 p7")
	finds(t, john, "josé", "p2 p3 p7 p1")
	finds(t, john, "jose\u0301", "p2 p3 p7 p1")
	finds(t, john, "йогурт", "p5 p6")
}

func TestSearchOfShortTermsAndOtherScripts(t *testing.T) {
	t.Parallel()
	c, john := signedIn(t, nil)
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
	c, john := signedIn(t, nil)
	c.insert(crowd(1000, "Many")...)
	if got := john.get("/settings/users?q=many").counts(); got != "1000 1000 0 0" {
		t.Errorf("a thousand are counted as %s", got)
	}
	c.person(permission.ReadOnly, "Many", "More", "many.more@example.com")
	page := john.get("/settings/users?q=many").contains(`data-announce="1000+ users"`, "Select all 1000+ that match")
	if got := page.counts(); got != "1000+ 1000+ 0 0" {
		t.Errorf("a thousand and one are counted as %s", got)
	}
	c.wantsCounts(john, "1002 1002 0 0")
	john.get("/settings/users/bulk?action=disable&all=1&q=many").wants(http.StatusOK).contains("1001 users", `name="total" value="1001"`)
}
