package e2e

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/auth"
	"console/internal/permission"
	"console/store"
)

// entriesOn are the ids of the entries that a page of the activity log lists, in their order.
func entriesOn(a *harness.Answer) (ids []string) {
	for _, link := range regexp.MustCompile(`href="/settings/activity/(\d+)(?:\?back=[^"]*)?"`).FindAllStringSubmatch(a.Body, -1) {
		ids = append(ids, link[1])
	}
	return ids
}

// leads returns the address to which the link with an id leads; "" where there is none.
func leads(a *harness.Answer, id string) string {
	found := regexp.MustCompile(`id="` + id + `" href="([^"]*)"`).FindStringSubmatch(a.Body)
	if found == nil {
		return ""
	}
	return strings.ReplaceAll(found[1], "&amp;", "&")
}

// pageOf is the page of a person.
func pageOf(user store.User) string { return fmt.Sprint("/settings/users/", user.ID) }

// write adds entries as they are.
func write(c *harness.Console, entries ...store.Entry) []store.Entry {
	c.T.Helper()
	key, err := auth.LoadKey(filepath.Join(c.Data, "console.key"))
	if err != nil {
		c.T.Fatal(err)
	}
	chain := key.Chain()
	c.Update(func(ctx context.Context, tx *store.Tx) error {
		for i := range entries {
			if entries[i].Changes == "" {
				entries[i].Changes = "{}"
			}
			if err := tx.InsertEntry(ctx, chain.MAC, &entries[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return entries
}

func TestActivityLog_IsForThoseWhoMayViewIt(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	ann := c.Person(permission.Analyst, "Ann", "Roe", "ann@example.com")
	for _, role := range []permission.Role{permission.GlobalAdmin, permission.GlobalReadOnly, permission.Admin, permission.ReadOnly,
		permission.Analyst, permission.APIDeveloper} {
		person := c.Person(role, "Some", "Body", string(role)+"@example.com")
		b := c.Browse(person)
		may := role != permission.Analyst && role != permission.APIDeveloper
		want := http.StatusForbidden
		if may {
			want = http.StatusOK
		}
		b.Get("/settings/activity").Wants(want)
		b.Get("/settings/activity/1").Wants(want)
		b.Get(pageOf(ann) + "?tab=activity").Wants(want)
		if profile := b.Get("/settings/profile"); strings.Contains(profile.Body, `href="/settings/activity"`) != may {
			t.Errorf("%s: the sidebar has an entry, or has none: %v", role, !may)
		}
	}
	// Who may see the page of a person without the log sees it without the tab.
	viewers := c.NewGroup(admin, "Viewers", []string{"1"}, []string{"users.view"})
	admin.Post(viewers+"/users/add", "emails", ann.Email).Wants(http.StatusSeeOther)
	b := c.Browse(c.User(ann.Email))
	b.Get(pageOf(ann)).Wants(http.StatusOK).Lacks("tab=activity")
	b.Get(pageOf(ann) + "?tab=activity").Wants(http.StatusForbidden)
	admin.Get(pageOf(ann)).Contains("tab=activity")
	c.Browser().Get("/settings/activity").To("/signin")
}

func TestActivityLog_EveryFilter(t *testing.T) {
	harness.OnBoth(t)
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	at := func(text string) store.Millis {
		moment, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return store.At(moment)
	}
	c.Exec(`UPDATE users SET time_zone = 'Asia/Tokyo' WHERE email = $1`, harness.AdminEmail)
	entries := write(c,
		store.Entry{At: at("2020-05-01T14:59:59Z"), ActorID: 901, Actor: "Zoë Ünal <zoe@example.com>", Source: "UI", Action: "create group",
			ObjectType: "group", ObjectID: 77, Object: "Łódź", Outcome: "done", Address: "192.0.2.99", RequestID: "req-one"},
		store.Entry{At: at("2020-05-01T15:00:00Z"), Source: "CLI", Action: "restore", ObjectType: "database", Outcome: "failed"},
		store.Entry{At: at("2020-05-02T14:59:59Z"), ActorID: 901, Actor: "Zoë Ünal <zoe@example.com>", Source: "UI", Action: "delete user",
			ObjectType: "user", ObjectID: 902, Object: "Old One <old@example.com>", Outcome: "done", JobID: 5555},
		store.Entry{At: at("2020-05-02T15:00:00Z"), Source: "System", Action: "remove entries", ObjectType: "activity log", Outcome: "done"},
	)
	for query, want := range map[string][]int{
		"to=2020-05-01":                                   {0}, // in Tokyo
		"from=2020-05-02&to=2020-05-02":                   {2, 1},
		"to=2020-05-03":                                   {3, 2, 1, 0},
		"to=2021-01-01&actor=901":                         {2, 0},
		"to=2021-01-01&actor=nobody":                      {3, 1},
		"object_type=group&to=2021-01-01":                 {0},
		"object_type=user&object=902":                     {2},
		"object_type=user&object=user:902":                {2},
		"object_type=group&object=user:902&to=2021-01-01": {0}, // another type was chosen since
		"action=restore":                                  {1},
		"outcome=failed&to=2021-01-01":                    {1},
		"source=CLI&to=2021-01-01":                        {1},
		"source=System&to=2021-01-01":                     {3},
		"job=5555":                                        {2},
		"q=LODZ":                                          {0},
		"q=unal+zoe":                                      {2, 0},
		"q=192.0.2.99":                                    {0},
		"q=req-one":                                       {0},
		"q=old%40example.com&actor=901&object_type=user":  {2},
		"actor=901&object_type=user&object=902&outcome=failed": {},
		"actor=901&object_type=user&object=902&source=UI":      {2},
		"to=2020-05-01&cursor=nonsense":                        {0},
	} {
		page := admin.Get("/settings/activity?" + query).Wants(http.StatusOK)
		var ids []string
		for _, i := range want {
			ids = append(ids, fmt.Sprint(entries[i].ID))
		}
		if got := entriesOn(page); !slices.Equal(got, ids) {
			t.Errorf("%s lists %v, not %v", query, got, ids)
		}
		if len(want) == 0 {
			page.Contains("No entry matches", "show the whole log")
		}
	}
	admin.Get("/settings/activity?actor=901&object_type=user&object=902&job=5555").Contains("By Zoë Ünal", "User: Old One", "One job",
		`name="actor" value="901"`, `name="object" value="user:902"`, `name="job" value="5555"`)
	for _, path := range []string{"999999", "0", "x", "-1"} {
		admin.Get("/settings/activity/" + path).Wants(http.StatusNotFound)
	}
}

func TestActivityLog_PagesSkipAndRepeatNothing(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	entry := func(i int) store.Entry { // many of one moment
		return store.Entry{At: store.Millis(1_000_000 + i/40), ActorID: 901, Actor: "Old", Source: "UI", Action: "edit user", ObjectType: "user",
			ObjectID: 902, Object: "Other", Outcome: "done"}
	}
	var old []store.Entry
	for i := range 180 {
		old = append(old, entry(i))
	}
	write(c, old...)
	for _, query := range []string{"/settings/activity?actor=901", "/settings/activity?to=1970-01-02", "/settings/activity?action=edit+user&to=1970-01-02"} {
		var met []string
		var pages []*harness.Answer
		highest := c.Cell(`SELECT max(id) FROM activity`)
		for path := query; path != ""; {
			page := admin.Get(path).Wants(http.StatusOK)
			pages, met = append(pages, page), append(met, entriesOn(page)...)
			write(c, entry(1000)) // newer than all
			path = leads(page, "page-next")
		}
		want := c.Column(`SELECT id FROM activity WHERE actor_id = 901 AND id <= $1 ORDER BY at DESC, id DESC`, highest)
		if !slices.Equal(met, want) {
			t.Errorf("%s: %d entries were met, not %d", query, len(met), len(want))
		}
		back := admin.Get(leads(pages[len(pages)-1], "page-prev"))
		if !slices.Equal(entriesOn(back), entriesOn(pages[len(pages)-2])) {
			t.Errorf("%s: the way back leads past other entries", query)
		}
	}
	// What leads behind the end shows the last page there is.
	last := admin.Get("/settings/activity?actor=901&cursor=1.1")
	if n := len(entriesOn(last)); n != 50 || leads(last, "page-next") != "" {
		t.Errorf("behind the end are %d entries", n)
	}
}

func TestFC137_TheActivityLogKeepsTheNamesOfWhomItNames(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	ann := c.Person(permission.Admin, "Ann", "Roe", "ann@example.com")
	bob := c.Person(permission.Analyst, "Bob", "Oak", "bob@example.com")
	group := c.NewGroup(c.Browse(ann), "Rule writers", []string{"1"}, []string{"rules.view"})
	byAnn := fmt.Sprintf("/settings/activity?actor=%d", ann.ID)
	admin.Get(byAnn).Contains("Ann Roe created the group Rule writers", "By Ann Roe", `href="`+group+`"`).Lacks("Deleted")
	admin.Post(harness.UserPath(ann, "delete"), "confirm_email", ann.Email).Wants(http.StatusSeeOther)
	page := admin.Get(byAnn).Contains("Ann Roe created the group Rule writers", "ann@example.com", "By Ann Roe", "Deleted", `href="`+group+`"`)
	created := entriesOn(page)
	admin.Get("/settings/activity/"+created[len(created)-1]).Contains("Ann Roe", "Deleted", "Group · Create group")
	admin.Get(fmt.Sprintf("/settings/activity?object_type=user&object=%d", ann.ID)).Contains("deleted Ann Roe", "Deleted", "User: Ann Roe")
	// Who may not view users is not led to their pages.
	admin.Post(harness.UserPath(bob, "edit"), "first_name", "Rob", "last_name", "Oak", "version", fmt.Sprint(bob.Version)).Wants(http.StatusSeeOther)
	admin.Get(fmt.Sprintf("/settings/activity?object_type=user&object=%d", bob.ID)).Contains(`href="` + pageOf(bob) + `"`)
	c.NewGroup(admin, "Auditors", []string{"1"}, []string{"activity.view"})
	auditor := c.Person(permission.Analyst, "Aud", "Itor", "aud@example.com")
	admin.Post("/settings/groups/"+c.Cell(`SELECT id FROM groups WHERE name = 'Auditors'`)+"/users/add", "emails", auditor.Email).Wants(http.StatusSeeOther)
	reader := c.Browse(c.User(auditor.Email))
	reader.Get(fmt.Sprintf("/settings/activity?object_type=user&object=%d", bob.ID)).Contains("Rob Oak").Lacks(`href="` + pageOf(bob) + `"`)
}

func TestActivityLog_AnEntryShowsTheDifference(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	bob := c.Person(permission.Analyst, "Bob", "Oak", "bob@example.com")
	admin.Post(harness.UserPath(bob, "edit"), "first_name", "<i>Rob", "last_name", "Oak", "version", fmt.Sprint(bob.Version)).Wants(http.StatusSeeOther)
	id := c.Cell(`SELECT id FROM activity WHERE action = 'edit user'`)
	page := admin.Get("/settings/activity/"+id).Wants(http.StatusOK).Contains("first name", "<del>Bob</del>", "<ins>&lt;i&gt;Rob</ins>",
		"Source: Browser", c.URL.String()+"/settings/activity/"+id, "User · Edit user").Lacks("last name</th>")
	if !strings.Contains(page.Body, "<html") {
		t.Error("the entry is no page of its own")
	}
	admin.Header.Set("HX-Request", "true")
	part := admin.Get("/settings/activity/" + id).Contains("<del>Bob</del>")
	admin.Header.Del("HX-Request")
	if strings.Contains(part.Body, "<html") {
		t.Error("the dialog gets a whole page")
	}
	// Of a version that wrote changes in another way, they are shown as they are.
	odd := write(c, store.Entry{At: 1, Source: "UI", Action: "from the future", ObjectType: "thing", Outcome: "odd", Changes: `["a<b"]`})[0]
	admin.Get(fmt.Sprint("/settings/activity/", odd.ID)).Wants(http.StatusOK).Contains("a&lt;b", "from the future")
}

// Who opens an entry and closes it, or opens it without a script, is back at the list with its filters.
func TestActivityLog_AnEntryLeadsBackToTheListAsItWas(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	ann := c.Person(permission.Analyst, "Ann", "Roe", "ann@example.com")
	admin.Post(harness.UserPath(ann, "disable")).Wants(http.StatusSeeOther)
	id := c.Cell(`SELECT max(id) FROM activity WHERE action = 'disable access'`)
	entry := "/settings/activity/" + id
	closes := func(page, to string) {
		t.Helper()
		admin.Get(page).Wants(http.StatusOK).Contains(`href="` + html.EscapeString(to) + `" data-close`)
	}
	for _, list := range []string{"/settings/activity?action=disable+access&outcome=done&q=ann", "/settings/activity?cursor=9999999999999.1",
		pageOf(ann) + "?tab=activity"} {
		opened := entry + "?back=" + url.QueryEscape(list)
		admin.Get(list).Wants(http.StatusOK).Contains(`href="` + html.EscapeString(opened) + `"`)
		closes(opened, list)
	}
	admin.Get("/settings/activity").Contains(`href="` + entry + `"`)
	closes(entry, "/settings/activity")
	for _, foreign := range []string{"https://evil.example/settings/activity", "//evil.example", "/settings/profile", "/settings/activity/../profile",
		"javascript:alert(1)", `\evil.example`, "/settings/activity\t"} {
		closes(entry+"?back="+url.QueryEscape(foreign), "/settings/activity")
	}
}

func TestActivityLog_TimesAreThoseOfTheReader(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	at := store.At(time.Date(2020, 5, 1, 20, 30, 15, 0, time.UTC))
	e := write(c, store.Entry{At: at, Source: "System", Action: "remove entries", ObjectType: "activity log", Outcome: "done"})[0]
	c.Exec(`UPDATE users SET time_zone = 'Asia/Tokyo', date_format = 'YMD', clock_24h = 1 WHERE email = $1`, harness.AdminEmail)
	admin.Get("/settings/activity?to=2020-05-02").Contains("2020-05-02, 05:30 JST")
	admin.Get(fmt.Sprint("/settings/activity/", e.ID)).Contains("2020-05-02, 05:30:15 JST")
}

func TestActivityLog_WhatHappenedToSomethingIsOneClickAway(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	addresses := populate(c, admin)
	ann := c.User("ann@example.com")
	for _, path := range []string{addresses["/settings/groups/:id"][0], "/settings/triggers", "/settings/integrations", "/settings/tenants"} {
		page := admin.Get(path).Wants(http.StatusOK)
		link := regexp.MustCompile(`href="(/settings/activity\?object[^"]*)"`).FindStringSubmatch(page.Body)
		if link == nil {
			t.Errorf("%s has no link to the activity", path)
			continue
		}
		if log := admin.Get(strings.ReplaceAll(link[1], "&amp;", "&")); len(entriesOn(log)) == 0 {
			t.Errorf("%s leads from %s to no entry", link[1], path)
		}
	}
	// What somebody did and what was done to them stand together, each entry once.
	admin.Post(harness.UserPath(ann, "edit"), "first_name", "Anna", "last_name", "", "version", fmt.Sprint(ann.Version)).Wants(http.StatusSeeOther)
	b := c.Browse(c.User("ann@example.com"))
	b.Post("/settings/profile", "first_name", "Annie", "last_name", "", "version", fmt.Sprint(c.User("ann@example.com").Version))
	c.Settled()
	got := entriesOn(admin.Get(pageOf(ann) + "?tab=activity").Wants(http.StatusOK))
	want := c.Column(`SELECT id FROM activity WHERE actor_id = $1 OR object_type = 'user' AND object_id = $1 ORDER BY at DESC, id DESC`, ann.ID)
	if len(want) < 2 || !slices.Equal(got, want) {
		t.Errorf("the tab shows %v, not %v", got, want)
	}
}

func TestActivityLog_EntriesOfAJobAreTied(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	people := c.Insert(harness.Crowd(3, "Person")...)
	job := c.Bulk(admin, append(harness.IDPairs(people...), "action", "disable")...)
	c.WaitForJob(job.ID)
	began := c.Cell(`SELECT id FROM activity WHERE object_type = 'job' AND object_id = $1 LIMIT 1`, job.ID)
	admin.Get("/settings/activity/" + began).Contains(fmt.Sprint("/settings/activity?job=", job.ID))
	page := admin.Get(fmt.Sprint("/settings/activity?job=", job.ID)).Contains("One job")
	for _, p := range people {
		id := c.Cell(`SELECT id FROM activity WHERE action = 'disable access' AND object_id = $1`, p.ID)
		if !slices.Contains(entriesOn(page), id) {
			t.Errorf("the entry about %s is not among those of the job", p.Email)
		}
		admin.Get("/settings/activity/"+id).Contains(fmt.Sprint("/settings/activity?job=", job.ID),
			"/settings/activity?"+strings.ReplaceAll(url.Values{"object_type": {"job"}, "object": {fmt.Sprint(job.ID)}}.Encode(), "&", "&amp;"))
	}
}

func TestActivityLog_ASearchOffersToGoOn(t *testing.T) {
	t.Parallel()
	c, admin := harness.SignedIn(t, nil)
	many := make([]store.Entry, store.EntriesLookedAt+100)
	for i := range many {
		many[i] = store.Entry{At: store.Millis(1_000_000_000 + i), Actor: "Somebody", Source: "UI", Action: "edit user", ObjectType: "user", Outcome: "done"}
	}
	many[3].Actor = "Zoë"
	write(c, many...)
	page := admin.Get("/settings/activity?q=zoe&source=UI&action=edit+user").Contains("Looked back to", "Look further back")
	if len(entriesOn(page)) != 0 {
		t.Error("more was looked at than is said")
	}
	got := entriesOn(page)
	for tries := 0; len(got) == 0 && tries < 4; tries++ { // where an index leads to single entries, it looks at fewer
		page = admin.Get(leads(page, "look-on"))
		got = entriesOn(page)
	}
	if !slices.Equal(got, []string{fmt.Sprint(many[3].ID)}) {
		t.Errorf("going on finds %v", got)
	}
}
