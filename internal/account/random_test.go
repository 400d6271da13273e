package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"console/internal/permission"
	"console/store"
)

// What happens in each world.
const (
	randomOperations = 2600
	together         = 100 // operations in one transaction, each in a savepoint
	enoughWorlds     = 10  // in fewer, chance alone may leave out what is rarely possible
)

// seedVariable repeats one world: CONSOLE_TEST_SEED=123 go test -run TestRandomOperations ./internal/account
const seedVariable = "CONSOLE_TEST_SEED"

// TestRandomOperations has random people do random things, and looks after each at the tables: the rules of docs/rules.md must hold.
func TestRandomOperations(t *testing.T) {
	all := proofOf(t).worlds
	seeds := make(chan uint64, all)
	if text := os.Getenv(seedVariable); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seeds <- seed
	} else {
		for range all {
			seeds <- rand.Uint64()
		}
	}
	worlds := len(seeds)
	close(seeds)
	var mu sync.Mutex
	done, refused := map[string]int{}, map[string]int{}
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for seed := range seeds {
				t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
					w := newRandomWorld(t, seed)
					for range randomOperations / together {
						w.do(t, together)
						w.compareAnswers(t)
					}
					mu.Lock()
					defer mu.Unlock()
					for name, n := range w.done {
						done[name] += n
					}
					for name, n := range w.refused {
						refused[name] += n
					}
				})
			}
		})
	}
	workers.Wait()
	if t.Failed() || worlds < enoughWorlds {
		return
	}
	for name := range operations {
		t.Logf("%-22s %6d done %6d refused", name, done[name], refused[name])
		if done[name] < worlds || refused[name] < worlds/2 && name != "accept" {
			t.Errorf("%s: %d done, %d refused: this proves little", name, done[name], refused[name])
		}
	}
}

// randomWorld is a small account in which random things happen.
type randomWorld struct {
	*rand.Rand
	seed          uint64
	service       *Service
	db            *store.DB
	now           store.Millis
	names         int
	is            *naive
	done, refused map[string]int
}

func newRandomWorld(t *testing.T, seed uint64) *randomWorld {
	t.Helper()
	w := &randomWorld{Rand: rand.New(rand.NewPCG(seed, 0)), seed: seed, service: newTestService(t), now: store.At(time.Now()),
		done: map[string]int{}, refused: map[string]int{}}
	w.db = w.service.db
	by := found(t, w.service)
	_, err := change(context.Background(), w.service, by, func(tx *Tx) (struct{}, error) {
		for _, name := range []string{"Staging", "Production"} {
			if _, err := tx.makeTenant(ctx, name, NewUser{}); err != nil {
				return struct{}{}, err
			}
		}
		for i, role := range []permission.Role{permission.GlobalAdmin, permission.Admin, permission.Admin, permission.Admin, permission.Analyst, permission.ReadOnly,
			permission.APIDeveloper, permission.Deploy, permission.GlobalAnalyst, permission.GlobalReadOnly} {
			in := NewUser{Role: role, FirstName: "P", Email: w.email(), TenantID: int64(i%3/2 + 1)}
			user, _ := in.parse()
			added, err := tx.enlist(ctx, in, user, later)
			if err != nil {
				return struct{}{}, err
			}
			if role.SignsIn() {
				err = tx.acceptFor(ctx, added.user)
			}
			if err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *randomWorld) email() string {
	w.names++
	return fmt.Sprintf("p%d@example.com", w.names)
}

// do carries out n operations in one transaction.
func (w *randomWorld) do(t *testing.T, n int) {
	t.Helper()
	err := w.db.Update(context.Background(), func(db *store.Tx) error {
		w.is = readNaive(t, db)
		for range n {
			w.one(t, db)
		}
		for id := range w.is.users {
			w.compareUnion(t, db, id)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// operationNames are what is drawn from; groups without members prove little.
var operationNames = append(
	slices.Sorted(maps.Keys(operations)),
	"add members",
	"add members",
	"add members",
	"add group tenants",
	"set access",
)

// one carries out an operation of somebody and looks at what it did.
func (w *randomWorld) one(t *testing.T, db *store.Tx) {
	t.Helper()
	name := operationNames[w.IntN(len(operationNames))]
	w.now = w.now.Add(time.Second)
	actor := w.actor()
	tx := &Tx{View: View{service: w.service, db: db.Queries, by: actorOf(&store.User{ID: actor}), now: w.now}, db: db}
	what := ""
	err := db.Savepoint(context.Background(), func() (err error) {
		if _, err := tx.authorize(ctx, store.Finished); err != nil {
			return err
		}
		what, err = operations[name](w, tx)
		return err
	})
	before, after := w.is, readNaive(t, db)
	w.is = after
	fail := func(format string, args ...any) {
		t.Helper()
		t.Fatalf(
			"%s=%d: %s by %d %s: %s\n%s\nbecame\n%s",
			seedVariable,
			w.seed,
			name,
			actor,
			what,
			fmt.Sprintf(format, args...),
			before.raw,
			after.raw,
		)
	}
	if err != nil {
		if AsRefusal(err) == nil {
			fail("%v", err)
		}
		if before.raw != after.raw {
			fail("refused (%v), but changed", err)
		}
		if user := before.users[actor]; (!user.active || user.disabled != 0) && !RefusedBy(err, SignedOut) {
			fail("an actor without access got %v", err)
		}
		w.refused[name]++
		return
	}
	w.done[name]++
	for _, fault := range after.faults() {
		fail("%s", fault)
	}
	if name == "accept" {
		actor = 0
	}
	for _, fault := range grantFaults(before, after, actor) {
		fail("%s", fault)
	}
	for _, fault := range manageFaults(before, after, actor, name) {
		fail("%s", fault)
	}
	if before.users[actor].disabled != after.users[actor].disabled || actor != 0 && after.users[actor].id == 0 {
		fail("they disabled or deleted themselves")
	}
	for _, fault := range tokenFaults(before, after, actor) {
		fail("%s", fault)
	}
	w.compareTokens(t, db)
	for id, g := range after.groups {
		if old, existed := before.groups[id]; existed && !slices.Equal(old.users, g.users) && old.membersVersion >= g.membersVersion {
			fail("other members of group %d, but the same version", id)
		}
	}
	for id, user := range after.users {
		if user != before.users[id] {
			w.compareUnion(t, db, id)
		}
	}
}

// grantFaults says who gained what the actor did not hold (rule "may grant"). Without an actor somebody has accepted an
// invitation.
func grantFaults(before, after *naive, actor int64) (faults []string) {
	for id := range after.users {
		for _, tenant := range after.everywhere() {
			var may rights
			if actor != 0 {
				may = before.full(actor, tenant)
			}
			gained := after.full(id, tenant).minus(before.full(id, tenant))
			if left := gained.minus(may); left != (rights{}) {
				faults = append(faults, fmt.Sprintf("person %d gained in tenant %d: %s", id, tenant, left))
			}
			if tenant == 0 && gained != (rights{}) && before.users[actor].role != "global_admin" {
				faults = append(faults, fmt.Sprintf("person %d gained in tenants not yet made: %s", id, gained))
			}
			if actor == 0 {
				may = before.full(id, tenant)
			}
			left := after.effective(id, tenant).minus(before.effective(id, tenant)).minus(may)
			if left != (rights{}) {
				faults = append(faults, fmt.Sprintf("person %d can do more in tenant %d: %s", id, tenant, left))
			}
		}
	}
	return faults
}

// tokenFaults says which tokens grant what the actor did not hold, where they have made them work or have got to know their value.
func tokenFaults(before, after *naive, actor int64) (faults []string) {
	for id, is := range after.tokens {
		was, existed := before.tokens[id]
		if actor == 0 || existed && was.owner == is.owner && was.disabled == is.disabled {
			continue
		}
		for _, tenant := range after.everywhere() {
			if left := after.byToken(is, tenant).minus(before.byToken(was, tenant)).minus(before.full(actor, tenant)); left != (rights{}) {
				faults = append(faults, fmt.Sprintf("token %d grants in tenant %d: %s", id, tenant, left))
			}
		}
	}
	return faults
}

// compareTokens compares what the program lets tokens do with what the tables say.
func (w *randomWorld) compareTokens(t *testing.T, db *store.Tx) {
	t.Helper()
	for id, token := range w.is.tokens {
		var held permission.Holdings
		owned, err := db.OwnedTokenByID(ctx, id)
		if err == nil {
			usable := usableToken{OwnedToken: owned}
			if usable.refuses(w.now) == nil {
				err = usable.readHoldings(ctx, db.Queries)
				held = usable.can
			}
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			t.Fatal(err)
		}
		for _, tenant := range w.is.everywhere() {
			set, says := held.In(tenant), w.is.byToken(token, tenant)
			if tenant == 0 {
				set = held.Everywhere()
			}
			if program := rightsIf(set.Has); program != says {
				t.Fatalf("%s=%d: token %d in tenant %d: %s; the tables say %s\n%s", seedVariable, w.seed, id, tenant, program, says, w.is.raw)
			}
		}
	}
}

// manageFaults says who was changed though they held what the actor did not (rule "may manage"). Deleting a group or a tenant is no
// change of its people; who was invited by link goes with the right of whoever invited them.
func manageFaults(before, after *naive, actor int64, operation string) (faults []string) {
	if actor == 0 || operation == "delete group" || operation == "delete tenant" {
		return nil
	}
	changed := func(id int64) bool {
		b, a := before.users[id], after.users[id]
		b.invitationBy, a.invitationBy, b.byGroups, a.byGroups, b.version, a.version = 0, 0, false, false, 0, 0
		return a != b
	}
	for id, was := range before.users {
		if !changed(id) {
			continue
		}
		is, remains := after.users[id]
		if remains && is.version <= was.version && is.invitation == was.invitation && is.expires == was.expires {
			faults = append(faults, fmt.Sprintf("person %d changed, but not their version", id))
		}
		if !remains && was.byLink && changed(was.invitationBy) || remains && justRemailed(before, after, id) {
			continue
		}
		for _, tenant := range before.everywhere() {
			if left := before.full(id, tenant).minus(before.full(actor, tenant)); left != (rights{}) {
				faults = append(faults, fmt.Sprintf("person %d was changed, who may in tenant %d: %s", id, tenant, left))
			}
		}
	}
	return faults
}

// justRemailed says that nothing but the link of an invitation changed, which somebody else had too, who holds less now: another one is
// mailed, whoever took that from them (rule "may grant").
func justRemailed(before, after *naive, id int64) bool {
	was, is := before.users[id], after.users[id]
	maker := was.linkBy
	was.expires, was.linkBy = is.expires, is.linkBy
	if was != is || maker == 0 {
		return false
	}
	return maker == store.SeveralMakers || slices.ContainsFunc(before.everywhere(), func(tenant int64) bool {
		return before.full(maker, tenant).minus(after.full(maker, tenant)) != (rights{})
	})
}

// compareUnion compares what the program computes with what the tables say.
func (w *randomWorld) compareUnion(t *testing.T, db *store.Tx, id int64) {
	t.Helper()
	user, err := db.UserByID(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	o, err := originsOf(context.Background(), db.Queries, user)
	if err != nil {
		t.Fatal(err)
	}
	held := o.holdings()
	noAccess := true
	for _, tenant := range w.is.everywhere() {
		set, says := held.In(tenant), w.is.full(id, tenant)
		if tenant == 0 {
			set = held.Everywhere()
		}
		if program := rightsIf(set.Has); program != says {
			t.Fatalf("%s=%d: person %d in tenant %d: %s; the tables say %s\n%s", seedVariable, w.seed, id, tenant, program, says, w.is.raw)
		}
		explained := permission.Explain(o.sources, tenant)
		for i, p := range everyPermission {
			if tenant != 0 && (len(explained[p]) > 0) != says[i] {
				t.Fatalf("%s=%d: person %d in tenant %d: %s is explained by %v", seedVariable, w.seed, id, tenant, p, explained[p])
			}
		}
		noAccess = noAccess && (says == rights{} || w.is.tenants[tenant].disabled != 0)
	}
	if user.JoinedAt != 0 && o.noAccess() != noAccess {
		t.Fatalf("%s=%d: person %d: no access: %v; the tables say %v\n%s", seedVariable, w.seed, id, o.noAccess(), noAccess, w.is.raw)
	}
}

// actor is one in three times a Global Administrator, else anybody, now and then somebody without access.
func (w *randomWorld) actor() int64 {
	var administrators, active []int64
	for _, id := range w.userIDs() {
		switch u := w.is.users[id]; {
		case !u.active || u.disabled != 0 || u.role == "deploy":
		case u.role == "global_admin":
			administrators = append(administrators, id)
		default:
			active = append(active, id)
		}
	}
	switch n := w.IntN(100); {
	case n < 40 || len(active) == 0:
		return administrators[w.IntN(len(administrators))]
	case n < 98:
		return active[w.IntN(len(active))]
	}
	return w.user()
}

func (w *randomWorld) userIDs() []int64 { return slices.Sorted(maps.Keys(w.is.users)) }

func (w *randomWorld) pick(ids []int64) int64 {
	if len(ids) == 0 || w.IntN(50) == 0 {
		return 9999 // there is no such thing
	}
	return ids[w.IntN(len(ids))]
}

func (w *randomWorld) some(most int, one func() int64) []int64 {
	ids := make([]int64, w.IntN(most+1))
	for i := range ids {
		ids[i] = one()
	}
	return ids
}

func (w *randomWorld) user() int64 { return w.pick(w.userIDs()) }

// member is mostly somebody who can be in groups.
func (w *randomWorld) member() int64 {
	var ids []int64
	for _, id := range w.userIDs() {
		if u := w.is.users[id]; u.joined && u.role != "global_admin" {
			ids = append(ids, id)
		}
	}
	if w.IntN(8) == 0 {
		return w.user()
	}
	return w.pick(ids)
}

func (w *randomWorld) group() int64  { return w.pick(slices.Sorted(maps.Keys(w.is.groups))) }
func (w *randomWorld) token() int64  { return w.pick(slices.Sorted(maps.Keys(w.is.tokens))) }
func (w *randomWorld) tenant() int64 { return w.pick(slices.Sorted(maps.Keys(w.is.tenants))) }

// own is mostly a group of one's own.
func (w *randomWorld) own() int64 {
	var ids []int64
	for _, id := range slices.Sorted(maps.Keys(w.is.groups)) {
		if !w.is.groups[id].automatic {
			ids = append(ids, id)
		}
	}
	if w.IntN(8) == 0 {
		return w.group()
	}
	return w.pick(ids)
}

func (w *randomWorld) invitation() int64 {
	var ids []int64
	for _, id := range w.userIDs() {
		if invitation := w.is.users[id].invitation; invitation != 0 {
			ids = append(ids, invitation)
		}
	}
	return w.pick(ids)
}

func (w *randomWorld) role() permission.Role { return permission.Roles()[w.IntN(8)] }

// version is now and then not the current one.
func (w *randomWorld) version(current int64) int64 {
	if w.IntN(25) == 0 {
		return current - 1
	}
	return current
}

func (w *randomWorld) newUser() NewUser {
	return NewUser{Role: w.role(), FirstName: "New", LastName: "Person", Email: w.email(), TenantID: w.tenant(), Duration: "7d"}
}

func (w *randomWorld) groupInput() GroupInput {
	w.names++
	in := GroupInput{Name: fmt.Sprint("Group ", w.names), Tenants: w.some(3, w.tenant)}
	if w.IntN(2) == 0 {
		in.Role = GroupRoles[w.IntN(len(GroupRoles))]
		return in
	}
	for range w.IntN(6) {
		p := everyPermission[w.IntN(len(everyPermission))]
		view := permission.Permission{Resource: p.Resource, Action: permission.View}
		in.Custom = append(in.Custom, view.String())
		if p.Custom() || w.IntN(20) == 0 {
			in.Custom = append(in.Custom, p.String())
		}
	}
	return in
}

// membership is a person's dialog: some groups ticked, some unticked, perhaps another role.
func (w *randomWorld) membership(user int64) Membership {
	in := Membership{Version: w.version(w.is.users[user].version), KeepGroups: w.IntN(3) == 0}
	if w.IntN(2) == 0 {
		in.Role = w.role()
	}
	for text := range strings.FieldsSeq(w.is.users[user].groups) {
		if id, _ := strconv.ParseInt(text, 10, 64); w.IntN(4) > 0 {
			in.Groups = append(in.Groups, id)
		}
	}
	if w.IntN(2) == 0 {
		in.Groups = append(in.Groups, w.some(2, w.group)...)
	}
	return in
}

// Above these numbers nothing is added.
const (
	mostUsers   = 14
	mostGroups  = 12
	mostTenants = 4
	mostTokens  = 8
)

var errFull = invalid("", "enough")

// operations return what they were about, for the message of a failure.
var operations = map[string]func(w *randomWorld, tx *Tx) (string, error){
	"set access": func(w *randomWorld, tx *Tx) (string, error) {
		id := w.user()
		in := w.membership(id)
		_, err := tx.changeMembership(ctx, id, in)
		return fmt.Sprint(id, in), err
	},
	"set own access": func(w *randomWorld, tx *Tx) (string, error) {
		in := w.membership(tx.by.UserID)
		_, err := tx.changeMembership(ctx, tx.by.UserID, in)
		return fmt.Sprint(in), err
	},
	"add members": func(w *randomWorld, tx *Tx) (string, error) {
		id, users := w.own(), w.some(3, w.member)
		_, err := tx.putInto(ctx, id, users, "")
		return fmt.Sprint(id, users), err
	},
	"remove members": func(w *randomWorld, tx *Tx) (string, error) {
		id := w.own()
		users := w.some(3, func() int64 { return w.pick(append(w.is.groups[id].users, w.user())) })
		_, err := tx.takeOut(ctx, id, users)
		return fmt.Sprint(id, users), err
	},
	"create group": func(w *randomWorld, tx *Tx) (string, error) {
		if len(w.is.groups) >= mostGroups {
			return "", errFull
		}
		in := w.groupInput()
		_, err := tx.makeGroup(ctx, in)
		return fmt.Sprint(in), err
	},
	"rename group": func(w *randomWorld, tx *Tx) (string, error) {
		id := w.own()
		_, err := tx.nameGroup(ctx, id, w.version(w.is.groups[id].version), w.groupInput().Name)
		return fmt.Sprint(id), err
	},
	"set group permissions": func(w *randomWorld, tx *Tx) (string, error) {
		id, in := w.own(), w.groupInput()
		_, err := tx.changePermissions(ctx, id, w.version(w.is.groups[id].version), in)
		return fmt.Sprint(id, in), err
	},
	"add group tenants": func(w *randomWorld, tx *Tx) (string, error) {
		id, tenants := w.own(), w.some(2, w.tenant)
		_, err := tx.coverTenants(ctx, id, tenants)
		return fmt.Sprint(id, tenants), err
	},
	"remove group tenant": func(w *randomWorld, tx *Tx) (string, error) {
		id, tenant := w.own(), w.tenant()
		_, err := tx.uncoverTenant(ctx, id, tenant)
		return fmt.Sprint(id, tenant), err
	},
	"delete group": func(w *randomWorld, tx *Tx) (string, error) {
		if len(w.is.groups) < mostGroups/2 {
			return "", errFull
		}
		id := w.own()
		_, err := tx.removeGroup(ctx, id)
		return fmt.Sprint(id), err
	},
	"add user": func(w *randomWorld, tx *Tx) (string, error) {
		if len(w.is.users) >= mostUsers {
			return "", errFull
		}
		in := w.newUser()
		in.Groups = w.some(1, w.own)
		user, refused := in.parse()
		if len(refused) > 0 {
			return "", refused.Refusal()
		}
		_, err := tx.enlist(ctx, in, user, w.IntN(2) == 0)
		return fmt.Sprint(in), err
	},
	"import one": func(w *randomWorld, tx *Tx) (string, error) {
		if len(w.is.users) >= mostUsers {
			return "", errFull
		}
		in := w.newUser()
		work, _ := json.Marshal(importWork{TenantID: in.TenantID, People: []NewUser{in}})
		do, err := importSteps(work)
		if err != nil {
			return "", err
		}
		_, err = do(ctx, tx, 0)
		return fmt.Sprint(in), err
	},
	"invite by link": func(w *randomWorld, tx *Tx) (string, error) {
		if len(w.is.users) >= mostUsers {
			return "", errFull
		}
		in := w.newUser()
		_, err := tx.offerLink(ctx, in)
		return fmt.Sprint(in), err
	},
	"accept": func(w *randomWorld, tx *Tx) (string, error) {
		invitation, err := tx.db.InvitationByID(ctx, w.invitation())
		if err != nil {
			return "", err
		}
		user, err := tx.db.UserByID(ctx, invitation.UserID)
		if err != nil {
			return "", err
		}
		return fmt.Sprint(user.ID), tx.acceptFor(ctx, user)
	},
	"change invited role": func(w *randomWorld, tx *Tx) (string, error) {
		id, role := w.invitation(), w.role()
		_, err := tx.promiseRole(ctx, id, role)
		return fmt.Sprint(id, role), err
	},
	"resend invitation": func(w *randomWorld, tx *Tx) (string, error) {
		id := w.invitation()
		_, err := tx.renewMail(ctx, id)
		return fmt.Sprint(id), err
	},
	"new link": func(w *randomWorld, tx *Tx) (string, error) {
		id := w.invitation()
		_, err := tx.renewLink(ctx, id)
		return fmt.Sprint(id), err
	},
	"revoke invitation": func(w *randomWorld, tx *Tx) (string, error) {
		id := w.invitation()
		if len(w.is.users) < mostUsers/2 {
			return "", errFull
		}
		_, err := tx.withdrawInvitation(ctx, id)
		return fmt.Sprint(id), err
	},
	"edit user": func(w *randomWorld, tx *Tx) (string, error) {
		id := w.user()
		w.names++
		_, err := tx.nameUser(ctx, id, w.version(w.is.users[id].version), Names{"Renamed", fmt.Sprint(w.names)})
		return fmt.Sprint(id), err
	},
	"disable": func(w *randomWorld, tx *Tx) (string, error) {
		id := w.user()
		_, err := tx.disable(ctx, id)
		return fmt.Sprint(id), err
	},
	"enable": func(w *randomWorld, tx *Tx) (string, error) {
		var disabled []int64
		for _, id := range w.userIDs() {
			if w.is.users[id].disabled != 0 {
				disabled = append(disabled, id)
			}
		}
		id := w.pick(disabled)
		_, err := tx.enable(ctx, id)
		return fmt.Sprint(id), err
	},
	"delete": func(w *randomWorld, tx *Tx) (string, error) {
		id := w.user()
		if len(w.is.users) < mostUsers*3/4 {
			return "", errFull
		}
		_, err := tx.delete(ctx, id)
		return fmt.Sprint(id), err
	},
	"bulk": func(w *randomWorld, tx *Tx) (string, error) {
		kind := []string{JobDisable, JobEnable, JobEnable}[w.IntN(3)]
		id := w.user()
		do, err := bulkSteps(kind, fmt.Appendf(nil, "[%d]", id))
		if err != nil {
			return "", err
		}
		_, err = do(ctx, tx, 0)
		return fmt.Sprint(kind, id), err
	},
	"create token": func(w *randomWorld, tx *Tx) (string, error) {
		if len(w.is.tokens) >= mostTokens {
			return "", errFull
		}
		w.names++
		in := TokenInput{Name: fmt.Sprint("Token ", w.names), Kind: []store.TokenKind{store.PersonalToken, store.SharedToken}[w.IntN(2)],
			Tenants: w.some(2, w.tenant), AllTenants: w.IntN(4) == 0}
		for range 1 + w.IntN(3) {
			in.Permissions = append(in.Permissions, everyPermission[w.IntN(len(everyPermission))].String())
		}
		if w.IntN(3) == 0 {
			user, err := tx.db.UserByID(ctx, w.user())
			if err != nil {
				return "", err
			}
			in.Owner = user.Email
		}
		_, err := tx.makeToken(ctx, in)
		return fmt.Sprint(in), err
	},
	"disable token": func(w *randomWorld, tx *Tx) (string, error) {
		id := w.token()
		_, err := tx.stopToken(ctx, id)
		return fmt.Sprint(id), err
	},
	"enable token": func(w *randomWorld, tx *Tx) (string, error) {
		id := w.token()
		_, err := tx.resumeToken(ctx, id)
		return fmt.Sprint(id), err
	},
	"renew token": func(w *randomWorld, tx *Tx) (string, error) {
		id := w.token()
		_, err := tx.replaceValue(ctx, id, "")
		return fmt.Sprint(id), err
	},
	"take over token": func(w *randomWorld, tx *Tx) (string, error) {
		id := w.token()
		token, err := tx.db.TokenByID(ctx, id)
		if err != nil {
			return "", err
		}
		_, err = tx.takeOver(ctx, token, w.IntN(2) == 0)
		return fmt.Sprint(id), err
	},
	"delete token": func(w *randomWorld, tx *Tx) (string, error) {
		id := w.token()
		if len(w.is.tokens) < mostTokens/2 {
			return "", errFull
		}
		_, err := tx.dropToken(ctx, id)
		return fmt.Sprint(id), err
	},
	"create tenant": func(w *randomWorld, tx *Tx) (string, error) {
		if len(w.is.tenants) >= mostTenants {
			return "", errFull
		}
		w.names++
		admin := NewUser{}
		if len(w.is.users) < mostUsers && w.IntN(2) == 0 {
			admin = w.newUser()
		}
		_, err := tx.makeTenant(ctx, fmt.Sprint("Tenant ", w.names), admin)
		return fmt.Sprint(admin), err
	},
	"rename tenant": func(w *randomWorld, tx *Tx) (string, error) {
		id := w.tenant()
		w.names++
		_, err := tx.nameTenant(ctx, id, w.version(w.is.tenants[id].version), fmt.Sprint("Tenant ", w.names))
		return fmt.Sprint(id), err
	},
	"disable tenant": func(w *randomWorld, tx *Tx) (string, error) {
		id := w.tenant()
		_, err := tx.setTenantDisabled(ctx, id, "disable tenant", true)
		return fmt.Sprint(id), err
	},
	"enable tenant": func(w *randomWorld, tx *Tx) (string, error) {
		id := w.tenant()
		_, err := tx.setTenantDisabled(ctx, id, "enable tenant", false)
		return fmt.Sprint(id), err
	},
	"delete tenant": func(w *randomWorld, tx *Tx) (string, error) {
		id := w.tenant()
		_, err := tx.removeTenant(ctx, id, w.is.tenants[id].name)
		return fmt.Sprint(id), err
	},
}
