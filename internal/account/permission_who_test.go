package account

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"console/internal/permission"
	"console/store"
)

// mayToday says from the tables whether somebody may do a permission, of those in everyPermission, in a tenant.
func (w *naive) mayToday(user, tenant int64, n int) bool {
	if !everyPermission[n].Resource.Console() {
		return w.effective(user, tenant)[n]
	}
	for _, t := range w.tenants {
		if t.main {
			tenant = t.id
		}
	}
	role := w.users[user].role
	return role != "api_developer" && role != "deploy" && w.effective(user, tenant)[n]
}

// compareAnswers asks of some permissions who may, and whether each person may, and compares with what the tables say and with what
// operations would let them do.
func (w *randomWorld) compareAnswers(t *testing.T) {
	t.Helper()
	by := Actor{Source: CLI, Main: 1, Can: everything}
	tenants := slices.Sorted(maps.Keys(w.is.tenants))
	for range 4 {
		n, tenant := w.IntN(len(everyPermission)), tenants[w.IntN(len(tenants))]
		p := everyPermission[n]
		fail := func(format string, args ...any) {
			t.Helper()
			t.Fatalf("%s=%d: %s in tenant %d: %s\n%s", seedVariable, w.seed, p, tenant, fmt.Sprintf(format, args...), w.is.raw)
		}
		may := map[int64][]permission.Source{}
		for _, id := range w.userIDs() {
			check, err := w.service.CheckPermission(ctx, by, id, tenant, p)
			if err != nil {
				t.Fatal(err)
			}
			if says := w.is.mayToday(id, tenant, n); check.Allowed != says || check.Allowed != (check.Denied == "") {
				fail("person %d: %+v; the tables say %v", id, check, says)
			}
			if check.Allowed && p.Resource.Console() {
				theirs, err := read(ctx, w.service, actorOf(&store.User{ID: id}), func(v *View) (Actor, error) { return v.by, v.requirePermission(p) })
				if err != nil || w.service.Require(theirs, p) != nil {
					fail("person %d may, but is refused: %v", id, err)
				}
			}
			if check.Allowed {
				may[id] = check.Through
			}
		}
		limit, told := 1+w.IntN(4), map[int64][]permission.Source{}
		for q := (WhoMayQuery{Permission: p, TenantID: tenant, Limit: limit}); ; {
			page, err := w.service.WhoMay(ctx, by, q)
			if err != nil {
				t.Fatal(err)
			}
			if len(page.People) > limit || page.Next != 0 && len(page.People) < limit {
				fail("a page of %d, where %d are wanted, and next %d", len(page.People), limit, page.Next)
			}
			for _, person := range page.People {
				if person.User.ID <= q.After || told[person.User.ID] != nil {
					fail("person %d comes after %d", person.User.ID, q.After)
				}
				told[person.User.ID] = person.Through
			}
			if q.After = page.Next; q.After == 0 {
				break
			}
		}
		if !maps.EqualFunc(may, told, sameSources) {
			fail("these may: %v, and these are told: %v", may, told)
		}
	}
}

// sameSources compares groups, not what else they cover.
func sameSources(a, b []permission.Source) bool {
	return slices.EqualFunc(a, b, func(a, b permission.Source) bool { return a.Group == b.Group && a.Name == b.Name && a.Set == b.Set })
}

// everyone reads all pages of those who may, and says how many pages there were.
func (c *company) everyone(q WhoMayQuery) (ids []int64, pages int) {
	c.t.Helper()
	for {
		page, err := c.WhoMay(c.t.Context(), c.admin, q)
		c.must(err)
		pages++
		for _, person := range page.People {
			ids = append(ids, person.User.ID)
		}
		if page.Next == 0 {
			return ids, pages
		}
		if page.Next <= q.After {
			c.t.Fatalf("after %d comes %d", q.After, page.Next)
		}
		q.After = page.Next
	}
}

// Large groups are read by windows: nobody may be lost between two of them, whoever has access.
func TestWhoMayFindsEverybodyInLargeGroups(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	rules := c.group(GroupInput{Name: "Rules", Custom: []string{"rules.view", "rules.create"}, Tenants: []int64{1}})
	all := c.crowd(5000, rules)
	last := len(all) - 1
	c.must(c.db.Update(ctx, func(tx *store.Tx) error {
		for i := range manyGroups + 1 { // through so many, rules.view is looked for in another way than rules.create
			g := store.Group{Name: fmt.Sprint("Team ", i), Custom: permission.Set{}.With(rulesView)}
			if err := tx.InsertGroup(ctx, &g, 1); err != nil {
				return err
			}
			if _, err := tx.AddMember(ctx, g.ID, all[i]); err != nil {
				return err
			}
		}
		return nil
	}))
	c.group(GroupInput{Name: "Few", Custom: []string{"rules.delete", "rules.view"}, Tenants: []int64{1}},
		Actor{UserID: all[17]}, Actor{UserID: all[last]})
	more := c.group(GroupInput{Name: "More", Role: permission.Analyst, Tenants: []int64{1}})
	c.exec(fmt.Sprintf(`INSERT INTO group_users SELECT %d, id FROM users WHERE id > 1 AND id %% 3 = 0`, more.ID))
	c.exec(`UPDATE groups SET members = (SELECT count(*) FROM group_users WHERE group_id = groups.id)`)
	random := rand.New(rand.NewPCG(1, 2))
	for name, active := range map[string]func(i int) bool{
		"everybody":             func(int) bool { return true },
		"nobody":                func(int) bool { return false },
		"every third":           func(i int) bool { return i%3 == 0 },
		"few":                   func(i int) bool { return i == 5 || i == 3000 || i == last },
		"those who came last":   func(i int) bool { return i > 4700 },
		"those in the middle":   func(i int) bool { return i > 2000 && i < 2200 },
		"one in fifty, by luck": func(int) bool { return random.IntN(50) == 0 },
	} {
		if testing.Short() && name != "everybody" && name != "few" && name != "those in the middle" {
			continue
		}
		rulesCreate := permission.Permission{Resource: permission.Rules, Action: permission.Create}
		want := map[permission.Permission][]int64{rulesView: {1}, rulesDelete: {1}}
		c.exec(`UPDATE users SET disabled_at = 1 WHERE id > 1`)
		for i, id := range all {
			if !active(i) {
				continue
			}
			want[rulesView] = append(want[rulesView], id)
			if i == 17 || i == last || id%3 == 0 {
				want[rulesDelete] = append(want[rulesDelete], id)
			}
		}
		enabled := strings.Fields(strings.Trim(fmt.Sprint(want[rulesView]), "[]"))
		c.exec(`UPDATE users SET disabled_at = 0 WHERE id IN (` + strings.Join(enabled, ", ") + `)`)
		c.exec(`INSERT INTO user_changes (user_id) SELECT id FROM users`)
		want[rulesCreate] = want[rulesView]
		for p, ids := range want {
			for _, limit := range []int{0, 1000} {
				got, pages := c.everyone(WhoMayQuery{Permission: p, TenantID: 1, Limit: limit})
				if !slices.Equal(got, ids) {
					t.Errorf("%s have access: %d may %s, %d are told in pages of %d", name, len(ids), p, len(got), limit)
				}
				if limit == 0 && pages > len(ids)/WhoMayUsual+2 {
					t.Errorf("%s have access: %d pages for %d people", name, pages, len(ids))
				}
			}
		}
	}
}

func TestWhoMayIsForWhoSeesPeople(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	staging := c.tenant("Staging")
	ann := c.person("ann@example.com", permission.Analyst, 1)
	reader := c.person("reader@example.com", permission.ReadOnly, staging.ID)
	ask := WhoMayQuery{Permission: rulesView, TenantID: staging.ID}
	_, err := c.WhoMay(ctx, ann, ask)
	c.wantForbidden("without users.view", err)
	_, err = c.WhoMay(ctx, reader, ask)
	c.wantForbidden("with users.view in another tenant", err)
	if _, err = c.WhoMay(ctx, c.admin, WhoMayQuery{Permission: rulesView, TenantID: 999}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an unknown tenant: %v", err)
	}
	page, err := c.WhoMay(ctx, c.admin, ask)
	c.must(err)
	if len(page.People) != 2 || page.People[1].User.ID != reader.UserID || page.People[1].Through[0].Name != "Read Only (Staging)" {
		t.Errorf("in Staging: %d people, the last one %+v", len(page.People), page.People[len(page.People)-1])
	}
	for _, person := range page.People {
		if person.User.PasswordHash != "" {
			t.Error("a password hash is given")
		}
	}
	_, err = c.DisableTenant(ctx, c.admin, staging.ID)
	c.must(err)
	if page, err = c.WhoMay(ctx, c.admin, ask); err != nil || len(page.People) != 0 || page.Next != 0 {
		t.Errorf("in a disabled tenant: %+v, %v", page, err)
	}
}
