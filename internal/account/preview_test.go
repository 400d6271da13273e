package account

import (
	"context"
	"database/sql"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"console/internal/permission"
	"console/store"
	"console/store/storetest"
)

// TestPreviewsSayWhatHappens compares what each preview says with what the same change does to everybody, in worlds made by
// random operations.
func TestPreviewsSayWhatHappens(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	if text := os.Getenv(seedVariable); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%s=%d", seedVariable, seed)
	w := newRandomWorld(t, seed)
	kinds := slices.Sorted(maps.Keys(previews))
	compared, taking := map[string]int{}, map[string]int{}
	rounds := proofOf(t).previews
	enough := func() bool { // in some worlds there is little to take away at first
		return !slices.ContainsFunc(kinds, func(kind string) bool { return taking[kind] < rounds/50 })
	}
	for round := 0; round < rounds || !enough() && round < 20*rounds; round++ {
		w.do(t, 8)
		for _, kind := range kinds {
			losing, ok := w.comparePreview(t, kind)
			if ok {
				compared[kind]++
			}
			if losing > 0 {
				taking[kind]++
			}
		}
	}
	for _, kind := range kinds {
		t.Logf("%-26s %d compared, %d took something away", kind, compared[kind], taking[kind])
		if taking[kind] < rounds/50 {
			t.Errorf("%s: only %d took something away", kind, taking[kind])
		}
	}
}

// comparePreview returns how many people lose something, and whether the change was allowed.
func (w *randomWorld) comparePreview(t *testing.T, kind string) (int, bool) {
	t.Helper()
	ctx := context.Background()
	by := actorOf(&store.User{ID: w.actor()})
	if w.IntN(2) == 0 {
		by.UserID = w.administrator()
	}
	ask, change := previews[kind](w, by)
	tables := hashTables(t, w.db)
	preview, err := ask()
	if err == nil && hashTables(t, w.db) != tables { // a refusal is noted in the activity log
		t.Fatalf("%s=%d: %s changed something", seedVariable, w.seed, kind)
	}
	before := w.is
	var after *naive
	_, changeErr := rehearse(ctx, w.service, by, func(tx *Tx) (struct{}, error) {
		if err := change(tx); err != nil {
			return struct{}{}, err
		}
		after = readNaive(t, tx.db)
		return struct{}{}, nil
	})
	fail := func(format string, args ...any) {
		t.Helper()
		t.Fatalf("%s=%d: %s by %d: %s\n%s", seedVariable, w.seed, kind, by.UserID, fmt.Sprintf(format, args...), before.raw)
	}
	if fmt.Sprint(err) != fmt.Sprint(changeErr) {
		fail("the preview says %v, the change %v", err, changeErr)
	}
	if err != nil {
		return 0, false
	}
	var losing []string
	gaining := 0
	for _, id := range w.userIDs() {
		if after.users[id].id == 0 || kind == "PreviewDisableTenant" && !before.users[id].joined {
			continue // invited by a link that goes; or can do nothing yet anyway
		}
		loss, gain := "", false
		for _, tenant := range before.everywhere() {
			lost := before.gives(id, tenant).minus(after.gives(id, tenant))
			if lost != (rights{}) {
				loss += fmt.Sprintf(" in %d: %s", tenant, lost)
			}
			gain = gain || after.gives(id, tenant).minus(before.gives(id, tenant)) != rights{}
		}
		if loss != "" {
			losing = append(losing, fmt.Sprint(id, loss))
		}
		if gain {
			gaining++
		}
	}
	var said []string
	for _, l := range preview.First {
		text := fmt.Sprint(l.User.ID)
		for _, lost := range l.Lost { // the main tenant first, those not yet made last
			text += fmt.Sprintf(" in %d: %s", lost.Tenant.ID, rightsIf(lost.Set.Has))
		}
		said = append(said, text)
	}
	if preview.Losing != len(losing) || !slices.Equal(said, losing[:min(len(losing), NamedFirst)]) {
		fail("says that %d lose\n%s\nbut %d do\n%s", preview.Losing, strings.Join(said, "\n"), len(losing), strings.Join(losing, "\n"))
	}
	if kind == "PreviewMembership" || kind == "PreviewRemoveMembers" {
		var gone []int64
		for id := range before.users {
			if after.users[id].id == 0 {
				gone = append(gone, id)
			}
		}
		if preview.Gaining != gaining || len(preview.Links.Revoked) != len(gone) {
			fail("says that %d gain and %d links are revoked, but %d and %v", preview.Gaining, len(preview.Links.Revoked), gaining, gone)
		}
	}
	return len(losing), true
}

// gives is what somebody holds that counts: the console's own resources in the main tenant and for those who see the
// console, nothing in a disabled one.
func (w *naive) gives(user, tenant int64) rights {
	if w.tenants[tenant].disabled != 0 {
		return rights{}
	}
	r, role := w.full(user, tenant), w.users[user].role
	console := w.tenants[tenant].main && role != "api_developer" && role != "deploy"
	for i, p := range everyPermission {
		r[i] = r[i] && (console || !p.Resource.Console())
	}
	return r
}

// administrator is a Global Administrator who can act.
func (w *randomWorld) administrator() int64 {
	for {
		if id := w.actor(); w.is.users[id].role == "global_admin" && w.is.users[id].disabled == 0 && w.is.users[id].active {
			return id
		}
	}
}

// occupied is mostly a group of one's own that has members and tenants.
func (w *randomWorld) occupied() int64 {
	for range 20 {
		if id := w.own(); len(w.is.groups[id].users) > 0 && len(w.is.groups[id].tenants) > 0 {
			return id
		}
	}
	return w.own()
}

// previews draw what is to be changed, and return the preview and the change.
var previews = map[string]func(w *randomWorld, by Actor) (func() (Preview, error), func(*Tx) error){
	"PreviewRemoveMembers": func(w *randomWorld, by Actor) (func() (Preview, error), func(*Tx) error) {
		id := w.occupied()
		users := w.some(4, func() int64 { return w.pick(append(w.is.groups[id].users, w.user())) })
		return func() (Preview, error) { return w.service.PreviewRemoveMembers(context.Background(), by, id, users) },
			func(tx *Tx) error { _, err := tx.takeOut(ctx, id, users); return err }
	},
	"PreviewRemoveGroupTenant": func(w *randomWorld, by Actor) (func() (Preview, error), func(*Tx) error) {
		id := w.occupied()
		tenant := w.pick(append(w.is.groups[id].tenants, w.tenant()))
		return func() (Preview, error) {
				return w.service.PreviewRemoveGroupTenant(context.Background(), by, id, tenant)
			},
			func(tx *Tx) error { _, err := tx.uncoverTenant(ctx, id, tenant); return err }
	},
	"PreviewGroupPermissions": func(w *randomWorld, by Actor) (func() (Preview, error), func(*Tx) error) {
		id, in := w.occupied(), w.groupInput()
		version := max(w.is.groups[id].version, 1)
		return func() (Preview, error) {
				return w.service.PreviewGroupPermissions(context.Background(), by, id, version, in)
			},
			func(tx *Tx) error { _, err := tx.changePermissions(ctx, id, version, in); return err }
	},
	"PreviewDeleteGroup": func(w *randomWorld, by Actor) (func() (Preview, error), func(*Tx) error) {
		id := w.occupied()
		return func() (Preview, error) { return w.service.PreviewDeleteGroup(context.Background(), by, id) },
			func(tx *Tx) error { _, err := tx.removeGroup(ctx, id); return err }
	},
	"PreviewDisableTenant": func(w *randomWorld, by Actor) (func() (Preview, error), func(*Tx) error) {
		id := w.tenant()
		return func() (Preview, error) { return w.service.PreviewDisableTenant(context.Background(), by, id) },
			func(tx *Tx) error { _, err := tx.setTenantDisabled(ctx, id, "disable tenant", true); return err }
	},
	"PreviewMembership": func(w *randomWorld, by Actor) (func() (Preview, error), func(*Tx) error) {
		id := w.user()
		in := w.membership(id)
		in.Version = w.is.users[id].version
		return func() (Preview, error) { return w.service.PreviewMembership(context.Background(), by, id, in) },
			func(tx *Tx) error { _, err := tx.changeMembership(ctx, id, in); return err }
	},
}

// Who does not see the console has nothing of its own resources to lose, and becoming one of those loses them all.
func TestPreviewsKnowWhoSeesTheConsole(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	ann, dev := c.person("ann@example.com", permission.Analyst, 1), c.person("dev@example.com", permission.APIDeveloper, 1)
	robot := c.person("robot@example.com", permission.Deploy, 1)
	viewers := c.group(GroupInput{Name: "Viewers", Custom: []string{"users.view"}, Tenants: []int64{1}}, ann, dev, robot)
	preview, err := c.PreviewDeleteGroup(ctx, c.admin, viewers.ID)
	c.must(err)
	if preview.Losing != 1 || len(preview.First) != 1 || preview.First[0].User.ID != ann.UserID {
		t.Errorf("the end of a group that lets see users: %+v", preview)
	}
	preview, err = c.PreviewRemoveMembers(ctx, c.admin, viewers.ID, []int64{ann.UserID, dev.UserID, robot.UserID})
	c.must(err)
	if preview.Losing != 1 || preview.First[0].User.ID != ann.UserID {
		t.Errorf("leaving it: %+v", preview)
	}

	c.group(GroupInput{Name: "Ops", Role: permission.Admin, Tenants: []int64{1}}, ann, dev)
	preview, err = c.PreviewMembership(
		ctx,
		c.admin,
		ann.UserID,
		Membership{Version: c.user(ann.UserID).Version, Role: permission.APIDeveloper, KeepGroups: true},
	)
	c.must(err)
	if preview.Losing != 1 || len(preview.First[0].Lost) != 1 ||
		preview.First[0].Lost[0].Set != consoleSet.Minus(consoleSet.Minus(permission.Admin.Set())) {
		t.Errorf("an Analyst becomes API Developer: %+v", preview)
	}
	preview, err = c.PreviewMembership(
		ctx,
		c.admin,
		dev.UserID,
		Membership{Version: c.user(dev.UserID).Version, Role: permission.Analyst, KeepGroups: true},
	)
	c.must(err)
	if preview.Losing != 0 || preview.Gaining != 1 {
		t.Errorf("an API Developer becomes Analyst: %+v", preview)
	}
}

// TestPreviewsNameTwenty looks at groups of more people than a preview names.
func TestPreviewsNameTwenty(t *testing.T) {
	t.Parallel()
	s := newTestService(t)
	by := found(t, s)
	ctx := context.Background()
	group, err := s.CreateGroup(ctx, by, GroupInput{Name: "Group", Role: permission.Analyst, Tenants: []int64{1}})
	if err != nil {
		t.Fatal(err)
	}
	other, err := s.CreateGroup(ctx, by, GroupInput{Name: "Other", Role: permission.Admin, Tenants: []int64{1}})
	if err != nil {
		t.Fatal(err)
	}
	var losing, all []int64
	for n := range 50 {
		id := addPerson(t, s, by, fmt.Sprintf("p%d@example.com", n), permission.Deploy, 1)
		groups := []int64{group.ID}
		if n%2 == 0 { // the other group gives them all that this one does
			groups = append(groups, other.ID)
		} else {
			losing = append(losing, id)
		}
		for _, g := range groups {
			if _, err := s.AddMembers(ctx, by, g, []int64{id}, ""); err != nil {
				t.Fatal(err)
			}
		}
		all = append(all, id)
	}
	effects := map[string]func() (Preview, error){
		"delete": func() (Preview, error) { return s.PreviewDeleteGroup(ctx, by, group.ID) },
		"tenant": func() (Preview, error) { return s.PreviewRemoveGroupTenant(ctx, by, group.ID, 1) },
		"narrow": func() (Preview, error) { return s.PreviewGroupPermissions(ctx, by, group.ID, 1, GroupInput{}) },
		"remove": func() (Preview, error) { return s.PreviewRemoveMembers(ctx, by, group.ID, all) },
	}
	for name, preview := range effects {
		preview, err := preview()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var first []int64
		for _, l := range preview.First {
			first = append(first, l.User.ID)
		}
		if preview.Losing != 25 || !slices.Equal(first, losing[:20]) {
			t.Errorf("%s: %d lose, first %v", name, preview.Losing, first)
		}
	}
}

// hashTables is a checksum of all tables.
func hashTables(t *testing.T, db *store.DB) uint64 {
	t.Helper()
	raw := (*sql.DB)(reflect.ValueOf(db).Elem().FieldByName("read").UnsafePointer())
	sum := fnv.New64a()
	read := func(query string, each func(rows *sql.Rows) error) {
		rows, err := raw.Query(query)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			if err := each(rows); err != nil {
				t.Fatal(err)
			}
		}
		if rows.Err() != nil {
			t.Fatal(rows.Err())
		}
	}
	var tables []string
	named := `SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name`
	if storetest.OnPostgres() {
		named = `SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename`
	}
	read(named, func(rows *sql.Rows) error {
		tables = append(tables, "")
		return rows.Scan(&tables[len(tables)-1])
	})
	for _, table := range tables {
		query := `SELECT * FROM "` + table + `"`
		switch table {
		case "activity", "deliveries", "user_changes", "signup_links": // only grow, and are long
			query = `SELECT count(*) FROM "` + table + `"`
		}
		read(query, func(r *sql.Rows) error {
			columns, err := r.Columns()
			if err != nil {
				return err
			}
			values := make([]any, len(columns))
			pointers := make([]any, len(columns))
			for i := range values {
				pointers[i] = &values[i]
			}
			err = r.Scan(pointers...)
			fmt.Fprintln(sum, table, values)
			return err
		})
	}
	return sum.Sum64()
}

func TestPreviewOfDeployNamesTheLinksThatGo(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ann := c.person("ann@example.com", permission.Admin, 1)
	c.group(GroupInput{Name: "Ops", Role: permission.Admin, Tenants: []int64{1}}, ann) // in which they could still give the role
	_, err := c.InviteByLink(t.Context(), ann, NewUser{Role: permission.Analyst, Email: "new@example.com", Duration: "1d", TenantID: 1})
	c.must(err)
	preview, err := c.PreviewMembership(t.Context(), c.admin, ann.UserID,
		Membership{Version: c.user(ann.UserID).Version, Role: permission.Deploy, KeepGroups: true})
	c.must(err)
	if gone := preview.Links.Revoked; len(gone) != 1 || gone[0].Email != "new@example.com" {
		t.Errorf("the links that go are %+v", gone)
	}
}
