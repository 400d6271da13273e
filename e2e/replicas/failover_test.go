package replicas

import (
	"context"
	"encoding/csv"
	"fmt"
	"maps"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/permission"
	"console/store"
	"console/store/storetest"
)

// changesRead is how many changes are read back on the other replicas, unless REPLICA_CHANGES says otherwise.
const changesRead = 100

// TestPG24_AStandbyThatLacksCommitsIsPromoted has three consoles work with a server and its standby, which stands first in their URL. What
// one has changed the others show. Then the standby falls behind, the server dies with the last commits, and the standby takes its place:
// each console shows what the standby has, and nobody has a right, a session or a token that is lost.
func TestPG24_AStandbyThatLacksCommitsIsPromoted(t *testing.T) {
	onPostgres(t)
	primary := storetest.NewServer(t)
	standby := primary.Standby(t)
	s := newSiteAt(t, storetest.PlaceOf(standby, primary), primary.Place())
	a := newArena(t, s)
	a.readBack(asked(t, "REPLICA_CHANGES", changesRead))

	rising, falling := a.person(permission.Analyst, "rising"), a.person(permission.GlobalAdmin, "falling")
	gone := a.person(permission.GlobalAdmin, "gone")
	kept := a.token(harness.AdminEmail, "kept")
	byRising, byFalling := a.sessions(rising), a.sessions(falling)
	standby.FallBehind(t, primary)

	lost := a.person(permission.GlobalAdmin, "lost")
	byLost := a.sessions(lost)
	a.save(&rising, func(u *store.User) { u.Role = permission.GlobalAdmin })
	a.save(&falling, func(u *store.User) { u.DisabledAt = store.At(time.Now()) })
	a.delete(gone)
	lostToken := a.token(harness.AdminEmail, "lost")
	for i, r := range a.replicas {
		a.wants(r, byRising[i], "/settings/users/new", http.StatusOK)
		a.wants(r, byFalling[i], "/settings/users/new", http.StatusSeeOther)
		a.wants(r, byLost[i], "/settings/users/new", http.StatusOK)
		a.wantsToken(r, kept, http.StatusOK)
		a.wantsToken(r, lostToken, http.StatusOK)
		a.wantsList(r)
	}

	primary.Die(t)
	standby.Promote(t)
	s.direct, s.db = standby.Place(), storetest.Raw(t, standby.Place())
	a = newArena(t, s)
	began := time.Now()
	for _, r := range a.replicas {
		var first string
		harness.Eventually(t, r.name()+" serves again", func() bool {
			status, body, err := r.caller(s.admin).Get("/settings/users/export.csv")
			first = body
			return err == nil && status == http.StatusOK
		})
		if got, want := peopleOf(t, first), a.people(); !maps.Equal(got, want) {
			t.Errorf("the first list of %s has %d people, or others, where the table has %d", r.name(), len(got), len(want))
		}
	}
	t.Logf("all serve again after %s", time.Since(began))
	for i, r := range a.replicas {
		a.wants(r, byRising[i], "/settings/users/new", http.StatusForbidden)
		a.wants(r, byFalling[i], "/settings/users/new", http.StatusOK)
		a.wants(r, byLost[i], "/settings/users/new", http.StatusSeeOther)
		a.wantsToken(r, kept, http.StatusOK)
		a.wantsToken(r, lostToken, http.StatusUnauthorized)
	}
	// Ids, entries and counts are given again that the lost commits had.
	a.readBack(many)
	a.save(&rising, func(u *store.User) { u.FirstName = "Another" })
	for _, r := range a.replicas {
		a.wantsList(r)
	}
	s.settle()
	s.wantWhole()
}

// readBack adds people by one replica each, and looks for them on the others at once.
func (a *arena) readBack(changes int) {
	a.t.Helper()
	before := a.count(`SELECT count(*) FROM users`)
	for i := range changes {
		email := fmt.Sprintf("r0%d-%d@example.com", before, i)
		by := a.replicas[i%many].caller(a.admin)
		status, body, err := by.Post("/settings/users/new", "role", "analyst", "first_name", "Read", "last_name", "Back", "email", email,
			"tenant_id", "1")
		if err != nil || status != http.StatusSeeOther {
			a.t.Fatalf("%s is not added: %d %v\n%s", email, status, err, body)
		}
		for _, r := range a.replicas {
			status, body, err := r.caller(a.admin).Get("/settings/users?q=" + email)
			if err != nil || status != http.StatusOK || !strings.Contains(body, ">"+email+"<") {
				a.t.Errorf("change %d: %s does not show %s: %d %v", i, r.name(), email, status, err)
			}
		}
	}
}

// person stores somebody, in no group.
func (a *arena) person(role permission.Role, name string) store.User {
	a.t.Helper()
	user := harness.Active(role, name, "Person", name+"@example.com")
	a.update(func(ctx context.Context, tx *store.Tx) error { return tx.InsertUser(ctx, &user) })
	return user
}

// save changes somebody.
func (a *arena) save(user *store.User, change func(*store.User)) {
	a.t.Helper()
	a.update(func(ctx context.Context, tx *store.Tx) error {
		now, err := tx.UserByID(ctx, user.ID)
		if err != nil {
			return err
		}
		change(&now)
		*user = now
		return tx.UpdateUser(ctx, user)
	})
}

func (a *arena) delete(user store.User) {
	a.t.Helper()
	a.update(func(ctx context.Context, tx *store.Tx) error { return tx.DeleteUser(ctx, user.ID) })
}

// sessions are browsers of each replica in which somebody is signed in.
func (a *arena) sessions(user store.User) (by [many]*harness.Caller) {
	a.t.Helper()
	for i, r := range a.replicas {
		by[i] = a.session(r, user, store.Finished)
	}
	return by
}

// token makes an API token on the command line.
func (a *arena) token(email, name string) string {
	a.t.Helper()
	made := exec.Command(a.program, "token", "create", "--data", a.replicas[0].data, "--database", a.place, "--email", email, "--name", name)
	said, err := made.Output()
	if err != nil {
		a.t.Fatalf("console token create: %v\n%s", err, said)
	}
	return strings.TrimSpace(string(said))
}

// wants fails the test unless a replica answers a page with a status.
func (a *arena) wants(r *replica, by *harness.Caller, path string, want int) {
	a.t.Helper()
	if status, body, err := by.Get(path); err != nil || status != want {
		a.t.Errorf("%s answers %s with %d, not %d: %v\n%s", r.name(), path, status, want, err, body)
	}
}

// wantsToken fails the test unless a replica answers a program with a status.
func (a *arena) wantsToken(r *replica, token string, want int) {
	a.t.Helper()
	request, err := http.NewRequestWithContext(a.t.Context(), http.MethodGet, a.base.String()+"/api/v1/users?limit=1", http.NoBody)
	if err != nil {
		a.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := r.caller(nil).HTTP.Do(request)
	if err != nil {
		a.t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil || answer.StatusCode != want {
		a.t.Errorf("%s answers a token with %d, not %d: %v", r.name(), answer.StatusCode, want, err)
	}
}

// wantsList fails the test unless a replica lists those whom the table has, as they are there.
func (a *arena) wantsList(r *replica) {
	a.t.Helper()
	status, body, err := r.caller(a.admin).Get("/settings/users/export.csv")
	if err != nil || status != http.StatusOK {
		a.t.Fatalf("%s: %d %v", r.name(), status, err)
	}
	if got, want := peopleOf(a.t, body), a.people(); !maps.Equal(got, want) {
		a.t.Errorf("%s lists %d people, or others, where the table has %d", r.name(), len(got), len(want))
	}
}

// people are those of the table, by email: name, role, and whether they are disabled.
func (a *arena) people() map[string]string {
	a.t.Helper()
	found := map[string]string{}
	for _, row := range a.column(`SELECT email || '|' || first_name || '|' || role || '|' || CAST(disabled_at > 0 AS TEXT) FROM users`) {
		email, rest, _ := strings.Cut(row, "|")
		found[email] = rest
	}
	return found
}

// peopleOf reads an export of the list as people gives the table.
func peopleOf(t *testing.T, export string) map[string]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(export)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	roles := map[string]permission.Role{}
	for _, role := range permission.Roles() {
		roles[role.Label()] = role
	}
	found := map[string]string{}
	for _, row := range rows[1:] {
		found[row[0]] = fmt.Sprintf("%s|%s|%t", row[1], roles[row[3]], row[4] == "disabled")
	}
	return found
}
