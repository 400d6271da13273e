package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"console/e2e/harness"
	"console/internal/account"
	"console/internal/permission"
	"console/store"
)

// requestsOfPrograms is how many requests TestAPI_NobodyGainsARight sends.
const requestsOfPrograms = 400

// programWorld is an account in which programs do random things.
type programWorld struct {
	*harness.Console
	*rand.Rand
	values []string // of tokens; who holds one is an actor
	names  int
}

// TestAPI_NobodyGainsARight has programs with tokens of all kinds send random requests, and looks after each at what everybody may do:
// nobody was given what the token does not hold (rule "may grant"), what was refused changed nothing, and a token that was made holds no
// more than the one that made it.
func TestAPI_NobodyGainsARight(t *testing.T) {
	seed := rand.Uint64()
	if text := os.Getenv("CONSOLE_TEST_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	w := newProgramWorld(t, seed)
	done, refused := 0, 0
	for i := range requestsOfPrograms {
		value := w.values[w.IntN(len(w.values))]
		by, err := w.Account.TokenActor(t.Context(), value, "192.0.2.1")
		if err != nil {
			continue // its owner was disabled or deleted meanwhile
		}
		method, path, body := w.request()
		before := w.holdings()
		answer, answered := w.AskAPI(value, method, path, body, "If-Match", w.version(path))
		after := w.holdings()
		what := fmt.Sprintf("seed %d, request %d: %s %s %s by %s (%s), answered %d %s", seed, i, method, path, body, by.Token, by.Role,
			answer.StatusCode, answered)
		if answer.StatusCode >= http.StatusInternalServerError {
			t.Fatal(what)
		}
		if answer.StatusCode >= http.StatusBadRequest {
			refused++
		} else {
			done++
		}
		for who, has := range after {
			gained := has.Minus(before[who])
			if answer.StatusCode >= http.StatusBadRequest && has != before[who] {
				t.Fatalf("%s: it was refused, and person %d has other permissions in tenant %d", what, who.user, who.tenant)
			}
			if !by.Can.In(who.tenant).Contains(gained) {
				t.Fatalf("%s: person %d gained %s in tenant %d, which the token does not hold", what, who.user, gained, who.tenant)
			}
		}
		w.keep(t, by, what, answered)
	}
	t.Logf("%d done, %d refused", done, refused)
	if done < requestsOfPrograms/20 || refused < requestsOfPrograms/20 {
		t.Errorf("%d done, %d refused: this proves little", done, refused)
	}
}

// keep tries the token that a request was answered with, and has it ask from then on.
func (w *programWorld) keep(t *testing.T, by account.Actor, what, answered string) {
	t.Helper()
	var made struct {
		Value string `json:"value"`
	}
	if json.Unmarshal([]byte(answered), &made) != nil || made.Value == "" {
		return
	}
	its, err := w.Account.TokenActor(t.Context(), made.Value, "192.0.2.1")
	if err != nil {
		return
	}
	for _, tenant := range w.tenants() {
		if more := its.Can.In(tenant).Minus(by.Can.In(tenant)); !more.Empty() {
			t.Fatalf("%s: the token that was made holds %s in tenant %d besides", what, more, tenant)
		}
	}
	w.values = append(w.values, made.Value)
}

// inTenant is a person in a tenant.
type inTenant struct{ user, tenant int64 }

// holdings are what everybody may do by now, tenant by tenant.
func (w *programWorld) holdings() map[inTenant]permission.Set {
	w.T.Helper()
	all := map[inTenant]permission.Set{}
	for _, user := range w.ids(`SELECT id FROM users ORDER BY id`) {
		for _, tenant := range w.tenants() {
			explained, err := w.Account.Permissions(w.T.Context(), account.Actor{Source: account.CLI}, user, tenant)
			if err != nil {
				w.T.Fatal(err)
			}
			set := permission.Set{}
			if tenant == 1 { // the main one decides about the console's own resources
				for p := range explained.Account {
					set = set.With(p)
				}
			}
			for p := range explained.Products {
				set = set.With(p)
			}
			all[inTenant{user, tenant}] = set
		}
	}
	return all
}

func (w *programWorld) tenants() []int64 { return w.ids(`SELECT id FROM tenants ORDER BY id`) }

// ids are those that a statement returns.
func (w *programWorld) ids(statement string) (ids []int64) {
	w.T.Helper()
	rows, err := w.Raw().Query(statement)
	if err != nil {
		w.T.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			w.T.Fatal(err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		w.T.Fatal(err)
	}
	return ids
}

// one is one of the ids that a statement returns, or one that is nobody's.
func (w *programWorld) one(statement string) int64 {
	ids := w.ids(statement)
	if len(ids) == 0 || w.IntN(20) == 0 {
		return 999
	}
	return ids[w.IntN(len(ids))]
}

// version is the ETag of the person or group in a path, as anybody reads it who may.
func (w *programWorld) version(path string) string {
	var id int64
	for table, format := range map[string]string{"users": "/users/%d/", "groups": "/groups/%d/"} {
		if n, _ := fmt.Sscanf(path, format, &id); n == 1 {
			if versions := w.ids(fmt.Sprintf(`SELECT version FROM %s WHERE id = %d`, table, id)); len(versions) == 1 {
				return fmt.Sprintf(`"%d"`, versions[0])
			}
		}
	}
	return `"1"`
}

// someRoles are chosen from.
var someRoles = []permission.Role{permission.Admin, permission.Analyst, permission.ReadOnly, permission.APIDeveloper, permission.Deploy,
	permission.GlobalAdmin, permission.GlobalReadOnly}

// somePermissions are chosen from: of the console, and of products.
var somePermissions = []string{"users.view", "users.create", "users.update", "users.delete", "groups.view", "groups.create", "groups.update",
	"tokens.create", "tokens.update", "attacks.view", "attacks.update", "rules.view", "rules.delete"}

// request is a random one.
func (w *programWorld) request() (method, path, body string) {
	user := func() int64 { return w.one(`SELECT id FROM users ORDER BY id`) }
	group := func() int64 { return w.one(`SELECT id FROM groups WHERE automatic = 0 ORDER BY id`) }
	tenant := func() int64 { return w.one(`SELECT id FROM tenants ORDER BY id`) }
	role := someRoles[w.IntN(len(someRoles))]
	var some []string
	for range 1 + w.IntN(3) {
		some = append(some, somePermissions[w.IntN(len(somePermissions))])
	}
	for _, p := range some { // whoever does something with a resource has to see it
		resource, _, _ := strings.Cut(p, ".")
		some = append(some, resource+".view")
	}
	gives := map[string]any{"permissions": some}
	if w.IntN(2) == 0 {
		gives = map[string]any{"role": []string{"admin", "analyst", "read_only"}[w.IntN(3)]}
	}
	w.names++
	email := fmt.Sprintf("p%d@example.com", w.names)
	said := func(fields map[string]any) string {
		encoded, err := json.Marshal(fields)
		if err != nil {
			w.T.Fatal(err)
		}
		return string(encoded)
	}
	switch w.IntN(16) {
	case 0:
		return http.MethodPost, "/users", said(map[string]any{"email": email, "role": role, "tenant_id": tenant(), "group_ids": []int64{group()}})
	case 1:
		return http.MethodPost, "/users", said(map[string]any{"email": email, "role": role, "tenant_id": tenant(), "password": "Initial-Pass7!",
			"first_name": "P", "last_name": strconv.Itoa(w.names)})
	case 2, 3:
		return http.MethodPut, fmt.Sprintf("/users/%d/membership", user()), said(map[string]any{"role": role, "group_ids": []int64{group(), group()}})
	case 4:
		if w.IntN(2) == 0 {
			gives = map[string]any{"permissions": []string{"users.view", "rules.view", "rules.update"}}
		}
		gives["name"], gives["tenant_ids"] = fmt.Sprint("Group ", w.names), []int64{tenant()}
		return http.MethodPost, "/groups", said(gives)
	case 5:
		return http.MethodPut, fmt.Sprintf("/groups/%d/permissions", group()), said(gives)
	case 6, 7:
		return http.MethodPost, fmt.Sprintf("/groups/%d/members", group()), said(map[string]any{"user_ids": []int64{user()}})
	case 8:
		return http.MethodPost, fmt.Sprintf("/groups/%d/tenants", group()), said(map[string]any{"tenant_ids": []int64{tenant()}})
	case 9:
		return http.MethodPost, fmt.Sprintf("/users/%d/disable", user()), ""
	case 10:
		return http.MethodPost, fmt.Sprintf("/users/%d/enable", user()), ""
	case 11, 12:
		return http.MethodPost, "/tokens", said(map[string]any{"name": fmt.Sprint("Token ", w.names), "kind": []string{"personal", "shared"}[w.IntN(2)],
			"permissions": some, "tenant_ids": []int64{tenant()}})
	case 13:
		return http.MethodPatch, fmt.Sprintf("/invitations/%d", w.one(`SELECT id FROM invitations ORDER BY id`)), said(map[string]any{"role": role})
	case 14:
		return http.MethodPost, fmt.Sprintf("/tokens/%d/%s", w.one(`SELECT id FROM tokens ORDER BY id`), []string{"renew", "take-over", "enable"}[w.IntN(3)]), ""
	}
	return http.MethodPost, "/invitations", said(map[string]any{"email": email, "role": role, "tenant_id": tenant(), "duration": "1h"})
}

// newProgramWorld is an account with two tenants besides the main one, people of every role, and their tokens: all that they hold, and
// a part of it.
func newProgramWorld(t *testing.T, seed uint64) *programWorld {
	t.Helper()
	w := &programWorld{Console: harness.Start(t, nil), Rand: rand.New(rand.NewPCG(seed, 0))}
	w.SetUp()
	ctx, cli := t.Context(), account.Actor{Source: account.CLI}
	for _, name := range []string{"Staging", "Production"} {
		if _, err := w.Account.CreateTenant(ctx, cli, name, account.NewUser{}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 4 {
		in := account.GroupInput{Name: fmt.Sprint("First ", i), Role: []permission.Role{permission.Admin, permission.Analyst, ""}[i%3],
			Tenants: []int64{int64(i%3 + 1)}}
		if in.Role == "" {
			in.Custom = []string{"users.view", "attacks.view", "attacks.update"}
		}
		if _, err := w.Account.CreateGroup(ctx, cli, in); err != nil {
			t.Fatal(err)
		}
	}
	for i, role := range append([]permission.Role{permission.GlobalAdmin, permission.Admin, permission.Admin}, someRoles...) {
		owner := w.Person(role, "Person", strconv.Itoa(i), fmt.Sprintf("owner%d@example.com", i))
		for _, in := range []account.TokenInput{
			{Name: "all", Kind: store.PersonalToken, Owner: owner.Email, AsHeld: true},
			{Name: "part", Kind: store.PersonalToken, Owner: owner.Email, Permissions: somePermissions[i%7:], Tenants: []int64{1, 2}},
		} {
			if issued, err := w.Account.CreateToken(ctx, cli, in); err == nil {
				w.values = append(w.values, issued.Value)
			}
		}
	}
	return w
}
