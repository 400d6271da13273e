package account

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"console/internal/permission"
	"console/store"
)

// from is an address of programs.
const from = "203.0.113.7"

var usersUpdate = permission.UsersUpdate.String()

// token makes a token of somebody, and returns it with its value.
func (c *company) token(by Actor, in TokenInput) IssuedToken {
	c.t.Helper()
	if in.Kind == "" {
		in.Kind = store.PersonalToken
	}
	if in.Name == "" {
		in.Name = "Script"
	}
	issued, err := c.CreateToken(c.t.Context(), by, in)
	c.must(err)
	return issued
}

// works is whoever works with a token; it must work.
func (c *company) works(value string) Actor {
	c.t.Helper()
	by, err := c.TokenActor(c.t.Context(), value, from)
	c.must(err)
	return by
}

// wantRefused says that a token is not accepted.
func (c *company) wantRefused(value string, code Code, words string) {
	c.t.Helper()
	_, err := c.TokenActor(c.t.Context(), value, from)
	if r := AsRefusal(err); r == nil || r.Code != code || !strings.Contains(r.Words, words) {
		c.t.Errorf("the token is answered with %v, want %s: %s", err, code, words)
	}
}

func (c *company) wantInvalid(field string, err error) {
	c.t.Helper()
	if r := AsRefusal(err); r == nil || r.Code != Invalid || r.Fields[field] == "" {
		c.t.Errorf("%v, want the field %q to be refused", err, field)
	}
}

func TestTokenActorIsTheOwnerWithWhatTheTokenWasGiven(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	staging := c.tenant("Staging").ID
	ann := c.person("ann@example.com", permission.Admin, 1)
	issued := c.token(ann, TokenInput{Name: "Sync", Permissions: []string{"users.view", "rules.update"}, Tenants: []int64{1}})
	if len(issued.Value) != 64 || strings.ContainsAny(issued.Value, "=-_ ") {
		t.Errorf("the value is %q, not 64 characters of base64", issued.Value)
	}
	by := c.works(issued.Value)
	if by.UserID != ann.UserID || by.Source != API || by.TokenID != issued.ID || by.Token != "Sync" || by.Address != from || by.Email != "ann@example.com" {
		t.Errorf("the actor is %+v", by)
	}
	if !by.May(permission.UsersView) || by.May(permission.UsersUpdate) || !by.Can.In(1).Has(rulesUpdate) || by.Can.In(1).Has(rulesView) ||
		!by.Can.In(staging).Empty() || !by.Can.Everywhere().Empty() {
		t.Error("it may do something else than it was given")
	}
	if _, err := c.UserOverview(t.Context(), by, ann.UserID); err != nil {
		t.Errorf("reading users: %v", err)
	}
	_, err := c.AddUser(t.Context(), by, NewUser{Role: permission.ReadOnly, FirstName: "N", Email: "n@example.com", TenantID: 1})
	c.wantForbidden("a token without users.create adds somebody", err)
	other := c.person("other@example.com", permission.ReadOnly, 1)
	_, err = c.DisableAccess(t.Context(), by, other.UserID, Along{})
	c.wantForbidden("a token without users.update disables somebody", err)
	for _, wrong := range []string{"", "x", issued.Value + "A", strings.ToLower(issued.Value), strings.Repeat("A", 64)} {
		_, err := c.TokenActor(t.Context(), wrong, from)
		if !RefusedBy(err, TokenRefused) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

func TestFC142_EntriesNameTheTokenAndItsOwner(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ann := c.person("ann@example.com", permission.Admin, 1)
	other := c.person("other@example.com", permission.ReadOnly, 1)
	issued := c.token(c.admin, TokenInput{Name: "Off-boarding", Permissions: []string{"users.view", usersUpdate, "rules.view"},
		AllTenants: true})
	_, err := c.DisableAccess(t.Context(), c.works(issued.Value), other.UserID, Along{})
	c.wantForbidden("a token narrower than the person it is used on", err)
	wide := c.token(c.admin, TokenInput{Name: "Wide", AllTenants: true, Permissions: strings.Fields(permission.GlobalAdmin.Set().String())})
	_, err = c.DisableAccess(t.Context(), c.works(wide.Value), ann.UserID, Along{})
	c.must(err)
	entries, err := c.db.Entries(t.Context(), 1)
	c.must(err)
	if e := entries[0]; e.Action != "disable access" || e.TokenID != wide.ID || e.Token != "Wide" || e.Actor != "Gwen <ga@example.com>" ||
		e.Source != "API token" || e.Address != from {
		t.Errorf("the entry is %+v", e)
	}
	all, err := c.db.Entries(t.Context(), 1000)
	c.must(err)
	for _, e := range all {
		if strings.Contains(e.Changes, wide.Value) || strings.Contains(e.Object, wide.Value) {
			t.Errorf("an entry holds the value: %+v", e)
		}
	}
}

func TestFC46_NobodyMakesATokenThatGrantsMoreThanTheyHold(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	staging := c.tenant("Staging").ID
	ann := c.person("ann@example.com", permission.Analyst, 1)
	make := func(by Actor, kind store.TokenKind, all bool, tenants []int64, permissions ...string) error {
		_, err := c.CreateToken(t.Context(), by, TokenInput{Name: "X", Kind: kind, AllTenants: all, Tenants: tenants, Permissions: permissions})
		return err
	}
	c.wantForbidden("a permission that she lacks", make(ann, store.PersonalToken, false, []int64{1}, usersUpdate))
	c.wantForbidden("a tenant that she lacks", make(ann, store.PersonalToken, false, []int64{1, staging}, "rules.update"))
	c.wantForbidden("tenants not yet made", make(ann, store.PersonalToken, true, nil, "rules.update"))
	c.wantForbidden("a shared token without tokens.create", make(ann, store.SharedToken, false, []int64{1}, "rules.update"))
	for _, role := range []permission.Role{permission.ReadOnly, permission.GlobalReadOnly, permission.APIDeveloper} {
		by := c.person(string(role)+"@example.com", role, 1)
		c.wantForbidden(string(role), make(by, store.PersonalToken, false, []int64{1}, "rules.view"))
	}
	c.wantInvalid("permissions", make(ann, store.PersonalToken, false, []int64{1}))
	c.wantInvalid("permissions", make(ann, store.PersonalToken, false, []int64{1}, "everything.view"))
	c.wantInvalid("tenant_ids", make(ann, store.PersonalToken, false, nil, "rules.view"))
	c.wantInvalid("tenant_ids", make(ann, store.PersonalToken, false, []int64{99}, "rules.view"))
	c.wantInvalid("kind", make(ann, "", false, []int64{1}, "rules.view"))
	c.must(make(ann, store.PersonalToken, false, []int64{1}, "rules.view"))
	narrow := c.token(c.admin, TokenInput{Name: "Narrow", AllTenants: true, Permissions: []string{"tokens.view", "tokens.create", "tokens.update"}})
	by := c.works(narrow.Value)
	c.wantForbidden("a token makes a wider one", make(by, store.PersonalToken, true, nil, "users.view"))
	inMain := c.works(c.token(c.admin, TokenInput{Name: "Main", Tenants: []int64{1},
		Permissions: []string{"tokens.create", "tokens.update", "users.view"}}).Value)
	c.wantForbidden("a token of one tenant makes one of all", make(inMain, store.PersonalToken, true, nil, "users.view"))
	reader := c.works(c.token(c.admin, TokenInput{Name: "Reader", AllTenants: true, Permissions: []string{"users.view"}}).Value)
	c.wantForbidden("a token without tokens.create makes its twin", make(reader, store.PersonalToken, true, nil, "users.view"))
	_, err := c.Tokens(t.Context(), reader, TokenQuery{})
	c.wantForbidden("a token without tokens.view lists those of its owner", err)
	wide := c.token(c.admin, TokenInput{Name: "Wide", AllTenants: true, Permissions: []string{"users.view"}})
	_, err = c.RenewToken(t.Context(), by, wide.ID, "")
	c.wantForbidden("a token renews a wider one of its owner", err)
	_, err = c.DeleteToken(t.Context(), by, wide.ID)
	c.wantForbidden("a token without tokens.delete deletes another one", err)
}

func TestFC54_TokensFollowTheirOwner(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	staging := c.tenant("Staging").ID
	ann := c.person("ann@example.com", permission.Admin, 1)
	value := c.token(ann, TokenInput{Permissions: []string{"users.view", usersUpdate, "rules.view", "rules.update"}, Tenants: []int64{1}}).Value
	role := func(role permission.Role) {
		t.Helper()
		_, err := c.SetMembership(t.Context(), c.admin, ann.UserID, Membership{Version: c.user(ann.UserID).Version, Role: role, KeepGroups: true})
		c.must(err)
	}
	before := c.works(value)
	role(permission.ReadOnly)
	if by := c.works(value); !by.May(permission.UsersView) || by.May(permission.UsersUpdate) || by.Can.In(1).Has(rulesUpdate) {
		t.Error("after a demotion the token may do what its owner may not")
	}
	other := c.person("other@example.com", permission.ReadOnly, 1)
	_, err := c.DisableAccess(t.Context(), before, other.UserID, Along{})
	c.wantForbidden("a request that began before the demotion", err)
	role(permission.Deploy)
	if by := c.works(value); by.May(permission.UsersView) || !by.Can.In(1).Empty() || !by.HasNoAccess() {
		t.Error("the token of a Deploy person sees the console")
	}
	role(permission.Admin) // invited: they have no password any more
	c.wantRefused(value, TokenRefused, "no access")

	bea := c.person("bea@example.com", permission.Analyst, staging)
	value = c.token(bea, TokenInput{Permissions: []string{"rules.view"}, Tenants: []int64{staging}}).Value
	if by := c.works(value); by.HasNoAccess() {
		t.Error("the token grants nothing")
	}
	_, err = c.DisableTenant(t.Context(), c.admin, staging)
	c.must(err)
	if by := c.works(value); !by.HasNoAccess() {
		t.Error("a disabled tenant gives access")
	}
	_, err = c.DeleteTenant(t.Context(), c.admin, staging, "Staging")
	c.must(err)
	if by := c.works(value); !by.HasNoAccess() || !by.Can.Empty() {
		t.Error("a deleted tenant gives access")
	}
	shown, err := c.Tokens(t.Context(), c.admin, TokenQuery{Part: TokensOthers})
	c.must(err)
	for _, row := range shown.Rows {
		if row.OwnerID == bea.UserID && (len(row.Effect)+len(row.Token.Tenants) != 0 || !row.Works()) {
			t.Errorf("it is shown as %+v", row)
		}
	}
}

func TestFC48_TokensEndWithTheirOwnersAccess(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ann := c.person("ann@example.com", permission.Admin, 1)
	give := TokenInput{Permissions: []string{"users.view"}, Tenants: []int64{1}}
	personal := c.token(ann, give)
	give.Kind, give.Name = store.SharedToken, "Shared"
	shared := c.token(ann, give)
	give.Name = "Kept"
	kept := c.token(ann, give)
	running := c.works(personal.Value)
	_, err := c.DisableAccess(t.Context(), c.admin, ann.UserID, Along{TakeOver: []int64{kept.ID, personal.ID}})
	c.must(err)
	c.wantRefused(personal.Value, TokenRefused, "disabled")
	c.wantRefused(shared.Value, TokenRefused, "disabled")
	if by := c.works(kept.Value); by.UserID != c.admin.UserID {
		t.Errorf("the token taken over works as %+v", by)
	}
	if _, err := c.Groups(t.Context(), running, GroupQuery{}); !RefusedBy(err, Forbidden) { // it only asks what the actor holds
		t.Errorf("%v", err)
	}
	_, err = c.UserOverview(t.Context(), running, c.admin.UserID)
	if !RefusedBy(err, TokenRefused) {
		t.Errorf("an operation that was about to begin: %v", err)
	}
	_, err = c.EnableToken(t.Context(), c.admin, personal.ID)
	c.wantInvalid("", err)
	_, err = c.EnableAccess(t.Context(), c.admin, ann.UserID)
	c.must(err)
	c.wantRefused(personal.Value, TokenRefused, "disabled")
	row, err := c.TokenDetails(t.Context(), c.as(ann.UserID), personal.ID)
	c.must(err)
	if row.DisabledWhy != store.TokenOwnerDisabled || !row.MayEnable {
		t.Errorf("its page shows %+v", row)
	}
	_, err = c.EnableToken(t.Context(), c.as(ann.UserID), personal.ID)
	c.must(err)
	c.works(personal.Value)
	_, err = c.EnableToken(t.Context(), c.admin, shared.ID)
	c.must(err)
	c.works(shared.Value)

	_, err = c.DeleteUser(t.Context(), c.admin, ann.UserID, "ann@example.com", Along{})
	c.must(err)
	c.wantRefused(personal.Value, TokenRefused, "not known")
	c.wantRefused(shared.Value, TokenRefused, "not known") // nobody owns it
	_, err = c.EnableToken(t.Context(), c.admin, shared.ID)
	c.wantInvalid("", err)
	taken, err := c.TakeOverToken(t.Context(), c.admin, shared.ID, false)
	c.must(err)
	c.wantRefused(shared.Value, TokenRefused, "not known")
	if by := c.works(taken.Value); by.UserID != c.admin.UserID || by.TokenID != shared.ID {
		t.Errorf("the token taken over works as %+v", by)
	}
}

func TestTokensAreTakenOverByWhoHoldsAllTheyGrant(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	staging := c.tenant("Staging").ID
	shared := c.token(c.admin, TokenInput{Kind: store.SharedToken, Permissions: []string{"rules.update"}, Tenants: []int64{1, staging}})
	personal := c.token(c.admin, TokenInput{Permissions: []string{"rules.update"}, Tenants: []int64{1}})
	ann := c.person("ann@example.com", permission.Admin, 1)
	_, err := c.TakeOverToken(t.Context(), ann, shared.ID, true)
	c.wantForbidden("she lacks a tenant of it", err)
	_, err = c.RenewToken(t.Context(), ann, shared.ID, "")
	c.wantForbidden("renewing shows its value", err)
	_, err = c.RenewToken(t.Context(), ann, personal.ID, "")
	c.wantForbidden("renewing the token of somebody stronger", err)
	_, err = c.DisableToken(t.Context(), ann, shared.ID)
	c.must(err)
	_, err = c.EnableToken(t.Context(), ann, shared.ID)
	c.wantForbidden("enabling what she could not grant", err)
	bea := c.person("bea@example.com", permission.Admin, 1)
	hers := c.token(bea, TokenInput{Permissions: []string{"rules.view"}, Tenants: []int64{1}})
	_, err = c.RenewToken(t.Context(), c.admin, hers.ID, "")
	c.wantInvalid("", err) // whoever has its value works in her name
	_, err = c.TakeOverToken(t.Context(), c.admin, hers.ID, true)
	c.wantInvalid("", err)
	analyst := c.person("analyst@example.com", permission.Analyst, 1)
	for what, do := range map[string]func() error{
		"view": func() error { _, err := c.TokenDetails(t.Context(), analyst, hers.ID); return err },
		"list": func() error { _, err := c.Tokens(t.Context(), analyst, TokenQuery{Part: TokensOthers}); return err },
		"off":  func() error { _, err := c.DisableToken(t.Context(), analyst, hers.ID); return err },
		"on":   func() error { _, err := c.EnableToken(t.Context(), analyst, hers.ID); return err },
		"new":  func() error { _, err := c.RenewToken(t.Context(), analyst, hers.ID, ""); return err },
		"take": func() error { _, err := c.TakeOverToken(t.Context(), analyst, shared.ID, true); return err },
		"gone": func() error { _, err := c.DeleteToken(t.Context(), analyst, hers.ID); return err },
	} {
		c.wantForbidden(what, do())
	}
	own := c.token(analyst, TokenInput{Permissions: []string{"rules.view"}, Tenants: []int64{1}})
	_, err = c.DisableToken(t.Context(), analyst, own.ID)
	c.must(err)
	renewed, err := c.RenewToken(t.Context(), analyst, own.ID, "30d")
	c.must(err)
	c.wantRefused(own.Value, TokenRefused, "not known")
	c.works(renewed.Value)
	_, err = c.DeleteToken(t.Context(), analyst, own.ID)
	c.must(err)
	c.wantRefused(renewed.Value, TokenRefused, "not known")
}

func TestTokensForPeopleWhoNeverSignIn(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	staging := c.tenant("Staging").ID
	c.person("robot@example.com", permission.Deploy, 1)
	c.person("elsewhere@example.com", permission.Deploy, staging)
	admin, analyst := c.person("admin@example.com", permission.Admin, 1), c.person("analyst@example.com", permission.Analyst, 1)
	give := TokenInput{Name: "Node", Kind: store.PersonalToken, Owner: "Robot@example.com", Permissions: []string{"nodes.create"}, Tenants: []int64{1}}
	_, err := c.CreateToken(t.Context(), analyst, give)
	c.wantForbidden("an Analyst makes one", err)
	issued, err := c.CreateToken(t.Context(), admin, give)
	c.must(err)
	if by := c.works(issued.Value); by.Email != "robot@example.com" || !by.Can.In(1).Has(permission.Permission{Resource: permission.Nodes, Action: permission.Create}) {
		t.Errorf("it works as %+v", by)
	}
	for field, change := range map[string]func(*TokenInput){
		"permissions": func(in *TokenInput) { in.Permissions = append(in.Permissions, "nodes.view") }, // they do not hold it
		"kind":        func(in *TokenInput) { in.Kind = store.SharedToken },
		"owner":       func(in *TokenInput) { in.Owner = "analyst@example.com" },
	} {
		in := give
		in.Name = "Other"
		change(&in)
		_, err := c.CreateToken(t.Context(), admin, in)
		c.wantInvalid(field, err)
	}
	give.Owner, give.Tenants = "elsewhere@example.com", []int64{staging}
	_, err = c.CreateToken(t.Context(), admin, give)
	c.wantForbidden("for somebody in a tenant that they lack", err)
	dev := c.person("dev@example.com", permission.APIDeveloper, 1)
	choices, err := c.TokenChoices(t.Context(), admin, "dev@example.com")
	c.must(err)
	if want := "api_discovery.view api_discovery.export api_specifications.view"; choices.Offered.String() != want || choices.Owner.ID != dev.UserID ||
		choices.Shared || choices.Everywhere || len(choices.Tenants) != 1 {
		t.Errorf("for an API Developer the form offers %+v, %s", choices, choices.Offered)
	}
	theirs, err := c.CreateToken(t.Context(), admin, TokenInput{Name: "Docs", Kind: store.PersonalToken, Owner: "dev@example.com",
		Permissions: []string{"api_discovery.view"}, Tenants: []int64{1}})
	c.must(err)
	if by := c.works(theirs.Value); by.Email != "dev@example.com" {
		t.Errorf("it works as %+v", by)
	}
	_, err = c.RenewToken(t.Context(), dev, theirs.ID, "")
	c.wantForbidden("an API Developer renews a token", err)
	_, err = c.RenewToken(t.Context(), admin, theirs.ID, "")
	c.must(err)
	if choices, err = c.TokenChoices(t.Context(), admin, "analyst@example.com"); err != nil || choices.Owner.ID != 0 || !choices.Shared {
		t.Errorf("for somebody who makes their own, the form offers %+v, %v", choices, err)
	}
	renewed, err := c.RenewToken(t.Context(), admin, issued.ID, "")
	c.must(err)
	c.works(renewed.Value)
	enforce(t, c, true)
	c.works(renewed.Value) // they cannot set up a second factor
}

// enforce demands a second factor of everybody, or not any more.
func enforce(t *testing.T, c *company, demanded bool) {
	t.Helper()
	c.must(c.db.Update(t.Context(), func(tx *store.Tx) error {
		account, err := tx.Account(t.Context())
		if err != nil {
			return err
		}
		account.EnforceSecondFactor = demanded
		return tx.UpdateAccount(t.Context(), &account)
	}))
}

func TestTokensWaitForTheSecondFactorOfTheirOwner(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ann := c.person("ann@example.com", permission.Admin, 1)
	give := TokenInput{Permissions: []string{"users.view"}, Tenants: []int64{1}}
	personal := c.token(ann, give)
	give.Kind = store.SharedToken
	shared := c.token(ann, give)
	running := c.works(personal.Value)
	enforce(t, c, true)
	c.wantRefused(personal.Value, TokenHeld, "second factor")
	if _, err := c.UserOverview(t.Context(), running, ann.UserID); !RefusedBy(err, TokenHeld) {
		t.Errorf("an operation that was about to begin: %v", err)
	}
	c.works(shared.Value)
	row, err := c.TokenDetails(t.Context(), ann, personal.ID)
	c.must(err)
	if !row.Held || row.Works() {
		t.Errorf("its page shows %+v", row)
	}
	c.must(c.db.Update(t.Context(), func(tx *store.Tx) error {
		user, err := tx.UserByID(t.Context(), ann.UserID)
		if err != nil {
			return err
		}
		user.SecondFactor = true
		return tx.UpdateUser(t.Context(), &user)
	}))
	c.works(personal.Value)
}

func TestTokensExpireAndTheirNamesAreFreeAgain(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	now := time.Now()
	c.now = func() time.Time { return now }
	give := TokenInput{Name: "Nightly", Kind: store.PersonalToken, Permissions: []string{"users.view"}, Tenants: []int64{1}, Expires: "1h"}
	first := c.token(c.admin, give)
	again := give
	again.Name, again.Expires = "NIGHTLY", ""
	_, err := c.CreateToken(t.Context(), c.admin, again)
	c.wantInvalid("name", err)
	ann := c.person("ann@example.com", permission.Admin, 1)
	c.token(ann, again) // hers is another one
	c.works(first.Value)
	now = now.Add(time.Hour)
	c.wantRefused(first.Value, TokenRefused, "expired")
	c.token(c.admin, again)
	_, err = c.RenewToken(t.Context(), c.admin, first.ID, "")
	c.wantInvalid("name", err)
	_, err = c.EnableToken(t.Context(), c.admin, first.ID)
	c.must(err) // it is not disabled: nothing changes
	again.Kind = store.SharedToken
	c.token(c.admin, again)
	_, err = c.CreateToken(t.Context(), ann, again)
	c.wantInvalid("name", err) // shared ones stand in one list
	for text, want := range map[string]string{
		"never": "", "30d": now.Add(30 * 24 * time.Hour).UTC().Format(time.RFC3339), "720h": now.Add(30 * 24 * time.Hour).UTC().Format(time.RFC3339),
		"tomorrow": "refused", "2001-01-01": "refused", "-1h": "refused", "0d": "refused", "-5d": "refused", "213504d": "refused", "9999-01-01": "refused", "999999d": "refused",
		now.AddDate(0, 0, 3).UTC().Format(time.DateOnly): now.AddDate(0, 0, 4).UTC().Format(time.DateOnly) + "T00:00:00Z",
	} {
		at, reason := parseExpiry(text, store.At(now), "UTC")
		got := ""
		switch {
		case reason != "":
			got = "refused"
		case at != 0:
			got = at.Time().Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("%q expires %q, want %q", text, got, want)
		}
	}
}

func TestUnknownTokensAreSlowedAndRightOnesServed(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	value := c.token(c.admin, TokenInput{Permissions: []string{"users.view"}, Tenants: []int64{1}}).Value
	for range unknownTokens.Number {
		c.wantRefused("wrong", TokenRefused, "not known")
	}
	_, err := c.TokenActor(t.Context(), "wrong", from)
	if r := AsRefusal(err); r == nil || r.Code != Throttled || r.RetryAfter <= 0 {
		t.Errorf("one more: %v", err)
	}
	c.works(value)
	if _, err := c.TokenActor(t.Context(), "wrong", "203.0.113.8"); !RefusedBy(err, TokenRefused) {
		t.Errorf("another address: %v", err)
	}
	before, err := c.db.LastEntry(t.Context())
	c.must(err)
	c.Settle(t.Context())
	entries, err := c.db.Entries(t.Context(), 10)
	c.must(err)
	written := 0
	for _, e := range entries {
		if e.ID > before {
			written++
			if e.Action != string(actUseToken) || e.Outcome != Refused || e.ObjectType != "token" {
				t.Errorf("%+v", e)
			}
		}
	}
	if written != 3 {
		t.Errorf("%d entries were written, want one for each address, and one for the pause", written)
	}
}

func TestUseOfATokenIsNotedOnceAMinute(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	now := time.Now()
	c.now = func() time.Time { return now }
	issued := c.token(c.admin, TokenInput{Permissions: []string{"users.view"}, Tenants: []int64{1}})
	used := func() store.Token {
		t.Helper()
		c.must(c.WriteTouched(t.Context()))
		token, err := c.db.TokenByID(t.Context(), issued.ID)
		c.must(err)
		return token
	}
	if u := used(); u.LastUsedAt != 0 {
		t.Errorf("used before it was: %+v", u)
	}
	c.works(issued.Value)
	version, err := c.db.Version(t.Context())
	c.must(err)
	first := used()
	if after, err := c.db.Version(t.Context()); err != nil || after != version {
		t.Errorf("what is remembered is read again for a use: version %d, then %d, %v", version, after, err)
	}
	if first.LastUsedAt != store.At(now) || first.LastUsedFrom != from {
		t.Errorf("noted as %v from %q", first.LastUsedAt, first.LastUsedFrom)
	}
	now = now.Add(tokenUseEvery - time.Second)
	c.works(issued.Value)
	if u := used(); u.LastUsedAt != first.LastUsedAt {
		t.Error("noted twice within a minute")
	}
	now = now.Add(time.Second)
	c.works(issued.Value)
	if u := used(); u.LastUsedAt != store.At(now) {
		t.Error("not noted after a minute")
	}
	now = now.Add(-time.Hour) // the clock was ahead
	c.works(issued.Value)
	if u := used(); u.LastUsedAt != store.At(now) {
		t.Error("after the clock was set back no use is noted")
	}
}

// Uses are written without what is remembered of tokens being read again: what is taken away counts at the next request all the same.
func TestATokenIsAsNewAsTheLastChangeWhileUsesAreWritten(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	now := time.Now()
	c.now = func() time.Time { return now }
	ann := c.person("ann@example.com", permission.Admin, 1)
	issued := c.token(ann, TokenInput{Permissions: []string{"users.view"}, Tenants: []int64{1}})
	use := func() {
		t.Helper()
		c.works(issued.Value)
		now = now.Add(tokenUseEvery)
	}
	use()
	err := c.db.Update(t.Context(), func(tx *store.Tx) error {
		token, err := tx.TokenByID(t.Context(), issued.ID)
		token.DisabledAt = store.At(now)
		return errors.Join(err, tx.UpdateToken(t.Context(), token))
	})
	c.must(err)
	c.must(c.WriteTouched(t.Context()))
	c.wantRefused(issued.Value, TokenRefused, "disabled")
	_, err = c.EnableToken(t.Context(), ann, issued.ID)
	c.must(err)
	use()
	_, err = c.DisableAccess(t.Context(), c.admin, ann.UserID, Along{})
	c.must(err)
	c.must(c.WriteTouched(t.Context()))
	if _, err := c.TokenActor(t.Context(), issued.Value, from); !RefusedBy(err, TokenRefused) {
		t.Errorf("its owner has no access any more: %v", err)
	}
}

func TestOwnersAreToldOnceBeforeATokenExpires(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	now := time.Now()
	c.now = func() time.Time { return now }
	give := TokenInput{Name: "Long", Permissions: []string{"users.view"}, Tenants: []int64{1}, Expires: "10d"}
	long := c.token(c.admin, give)
	give.Name, give.Expires = "Short", "2d"
	c.token(c.admin, give)
	mails := func() int {
		t.Helper()
		c.must(c.tellExpiring(t.Context()))
		n := 0
		c.must(c.db.Update(t.Context(), func(tx *store.Tx) error {
			n = len(lines(t, tx, `SELECT recipient FROM deliveries WHERE template = 'token_expires'`))
			return nil
		}))
		return n
	}
	if n := mails(); n != 0 {
		t.Errorf("%d mails at once", n)
	}
	now = now.Add(7*24*time.Hour + time.Minute)
	if n := mails(); n != 1 {
		t.Errorf("%d mails three days before", n)
	}
	if n := mails(); n != 1 {
		t.Errorf("%d mails when asked again", n)
	}
	_, err := c.RenewToken(t.Context(), c.admin, long.ID, "10d")
	c.must(err)
	now = now.Add(8 * 24 * time.Hour)
	if n := mails(); n != 2 {
		t.Errorf("%d mails after it was renewed", n)
	}
}

func TestJobsOfATokenMayDoWhatTheTokenMay(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	people := c.analysts(3)
	issued := c.token(c.admin, TokenInput{AllTenants: true, Permissions: strings.Fields(permission.GlobalAdmin.Set().String())})
	start := func() store.Job {
		t.Helper()
		job, err := c.StartBulk(t.Context(), c.works(issued.Value), Selection{IDs: people}, BulkOrder{Action: JobDisable})
		c.must(err)
		return job
	}
	refused := func(job store.Job) int {
		t.Helper()
		for range 10 {
			c.runDueJobs(t.Context())
		}
		job, err := c.db.JobByID(t.Context(), job.ID)
		c.must(err)
		if job.Running() {
			t.Fatal("the job still runs")
		}
		return job.Refused
	}
	job := start()
	_, err := c.DisableToken(t.Context(), c.admin, issued.ID)
	c.must(err)
	if n := refused(job); n != 3 {
		t.Errorf("%d of 3 steps were refused after the token was disabled", n)
	}
	_, err = c.EnableToken(t.Context(), c.admin, issued.ID)
	c.must(err)
	if n := refused(start()); n != 0 {
		t.Errorf("%d steps were refused", n)
	}
	entries, err := c.db.Entries(t.Context(), 1)
	c.must(err)
	if entries[0].TokenID != issued.ID || entries[0].Source != string(API) {
		t.Errorf("the job is recorded as %+v", entries[0])
	}
}

func TestTokensChangeNoCredentialsOfTheirOwner(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	by := c.works(c.token(c.admin, TokenInput{AllTenants: true, Permissions: strings.Fields(permission.GlobalAdmin.Set().String())}).Value)
	if err := c.StartAuthenticator(t.Context(), by); !RefusedBy(err, SignedOut) {
		t.Errorf("a second factor: %v", err)
	}
}

// Whoever has found out a token that expires, or that somebody disables, must not outlive it by another one.
func TestATokenMakesAndSeesOthersOnlyWithThePermission(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ann := c.person("ann@example.com", permission.Admin, 1)
	by := c.works(c.token(ann, TokenInput{Name: "Found", Permissions: []string{"users.view"}, Tenants: []int64{1}}).Value)
	again := TokenInput{Name: "Again", Kind: store.PersonalToken, Permissions: []string{"users.view"}, Tenants: []int64{1}}
	_, err := c.CreateToken(t.Context(), by, again)
	c.wantForbidden("a token makes another one", err)
	for _, part := range []string{TokensPersonal, TokensShared, TokensOthers} {
		_, err := c.Tokens(t.Context(), by, TokenQuery{Part: part})
		c.wantForbidden("a token lists "+part, err)
	}
	_, err = c.TokenChoices(t.Context(), by, "")
	c.wantForbidden("a token asks what it could give", err)
	maker := c.works(c.token(ann, TokenInput{Name: "Maker", Permissions: []string{"tokens.create", "tokens.view"}, Tenants: []int64{1}}).Value)
	again.Permissions, again.AsHeld = nil, true
	made, err := c.CreateToken(t.Context(), maker, again)
	c.must(err)
	if made.Permissions.String() != "tokens.view tokens.create" {
		t.Errorf("a token gives another one all that its owner holds: %s", made.Permissions)
	}
	_, err = c.Tokens(t.Context(), maker, TokenQuery{})
	c.must(err)
}

func TestOfTwoWhoReplaceAValueAtOnceOneHasTheTokens(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ann := c.person("ann@example.com", permission.Admin, 1)
	shared := c.token(ann, TokenInput{Kind: store.SharedToken, Permissions: []string{"users.view"}, Tenants: []int64{1}})
	values := make(chan string, 8)
	var all sync.WaitGroup
	for i := range cap(values) {
		all.Go(func() {
			by, do := ann, func(by Actor) (IssuedToken, error) { return c.RenewToken(t.Context(), by, shared.ID, "") }
			if i%2 == 0 {
				by, do = c.admin, func(by Actor) (IssuedToken, error) { return c.TakeOverToken(t.Context(), by, shared.ID, false) }
			}
			issued, err := do(by)
			if err != nil && AsRefusal(err) == nil { // it may be theirs already, or nobody's of theirs any more
				t.Error(err)
			}
			values <- issued.Value
		})
	}
	all.Wait()
	close(values)
	working := 0
	for value := range values {
		if _, err := c.TokenActor(t.Context(), value, from); err == nil {
			working++
		}
	}
	if _, err := c.TokenActor(t.Context(), shared.Value, from); working != 1 || err == nil {
		t.Errorf("%d of the values work, and the first: %v", working, err)
	}
}

func TestTakingOverEnablesOnlyWhatTheOwnersEndDisabled(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ann := c.person("ann@example.com", permission.Admin, 1)
	give := TokenInput{Kind: store.SharedToken, Permissions: []string{"users.view"}, Tenants: []int64{1}}
	give.Name = "By hand"
	byHand := c.token(ann, give)
	_, err := c.DisableToken(t.Context(), ann, byHand.ID)
	c.must(err)
	give.Name = "Restored"
	restored := c.token(ann, give)
	_, _, err = c.Restored(t.Context(), Actor{Source: CLI})
	c.must(err)
	c.wantRefused(restored.Value, TokenRefused, "disabled")
	for _, token := range []struct {
		IssuedToken
		why store.TokenEnd
	}{{byHand, store.TokenDisabledByHand}, {restored, store.TokenRestored}} {
		kept, err := c.db.TokenByID(t.Context(), token.ID)
		c.must(err)
		if kept.DisabledWhy != token.why {
			t.Errorf("%s is disabled %s, not %s", token.Name, kept.DisabledWhy, token.why)
		}
		taken, err := c.TakeOverToken(t.Context(), c.admin, token.ID, false)
		c.must(err)
		c.wantRefused(taken.Value, TokenRefused, "disabled")
	}
}
