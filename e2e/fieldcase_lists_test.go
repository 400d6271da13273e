package e2e

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"console/e2e/harness"
	"console/store"
)

func TestFC104_WildcardsAreThemselves(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	c.People(store.User{FirstName: "One", Email: "a_b@x.example"}, store.User{FirstName: "Two", Email: "axb@x.example"},
		store.User{FirstName: "Sale", LastName: "%off", Email: "sale@x.example"}, store.User{FirstName: "Back", LastName: `\slash`, Email: "back@x.example"},
		store.User{FirstName: "O'Neil", Email: "neil@x.example"}, store.User{FirstName: `.*"`, Email: "dots@x.example"})
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
	c.People(store.User{FirstName: "Jose", Email: "1@x.example"}, store.User{FirstName: "José", Email: "2@x.example"},
		store.User{FirstName: "JOSE\u0301", Email: "3@x.example"}, store.User{FirstName: "JOSÉ", Email: "4@x.example"}, store.User{FirstName: "Joke", Email: "5@x.example"})
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
		admin.Post("/settings/users/new", append(form, "role", "analyst", "tenant_id", "1")...).Wants(http.StatusUnprocessableEntity).Contains(field)
	}
	c.WantCount(3, `SELECT count(*) FROM users`)
}

func TestFC112_DirectionControls(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	admin := c.Administrator()
	path := c.InviteByLink(admin, "analyst", "ann@example.com")
	for _, name := range []string{"Ann\u202enimda", "Ann\u2066x", "Ann\u200fx", "Ann\nx", "Ann\x00x", "Ann\u2028x", "\xff\xfe"} {
		admin.Post("/settings/users/new", "role", "analyst", "first_name", name, "email", "x@example.com", "tenant_id", "1").Wants(http.StatusUnprocessableEntity)
		c.Browser().Post(path, "first_name", "Ann", "last_name", name, "password", harness.Password("ann")).Wants(http.StatusUnprocessableEntity)
	}
	c.Add(admin, "analyst", "דנה", "", "dana@example.com")
	c.Browser().Post(path, "first_name", "مريم", "password", harness.Password("ann")).To("/")
	admin.Get("/settings/users").Contains("דנה", "مريم")
	c.WantCount(3, `SELECT count(*) FROM users`)
}
