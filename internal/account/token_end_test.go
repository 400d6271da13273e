package account

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"console/internal/permission"
	"console/store"
	"console/store/storetest"
)

// Whoever has found out a token that expires gets no longer time from it than it has, but for its own rotation.
func TestATokenGivesNoTokenLongerThanItself(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	now := time.Now().UTC().Truncate(time.Second)
	c.now = func() time.Time { return now }
	ctx := t.Context()
	give := TokenInput{Name: "Rotating", AllTenants: true, Permissions: []string{"tokens.view", "tokens.create", "tokens.update", "users.view"}, Expires: "30d"}
	own := c.token(c.admin, give)
	end := func(in time.Duration) string { return now.Add(in).Format(time.RFC3339) }
	by := c.works(own.Value)
	for _, kind := range []store.TokenKind{store.PersonalToken, store.SharedToken} {
		for _, expires := range []string{"", "never", "31d", end(30*day + time.Second), AsBefore} {
			_, err := c.CreateToken(ctx, by, TokenInput{Name: "Longer", Kind: kind, AllTenants: true, Permissions: []string{"users.view"}, Expires: expires})
			c.wantInvalid("expires", err)
		}
		made, err := c.CreateToken(ctx, by, TokenInput{Name: "As long", Kind: kind, AllTenants: true, Permissions: []string{"users.view"}, Expires: "30d"})
		c.must(err)
		_, err = c.RenewToken(ctx, by, made.ID, "")
		c.wantInvalid("expires", err)
	}
	c.person("robot@example.com", permission.Deploy, 1)
	_, err := c.CreateToken(ctx, by, TokenInput{Name: "Node", Kind: store.PersonalToken, Owner: "robot@example.com", AllTenants: true,
		Permissions: []string{"nodes.create"}})
	if r := AsRefusal(err); r == nil || r.Code != Forbidden && r.Fields["expires"] == "" {
		t.Errorf("a token of somebody else: %v", err)
	}

	// Others that it renews end with it; what they were made for does not count.
	endless := c.token(c.admin, TokenInput{Name: "Endless", AllTenants: true, Permissions: []string{"users.view"}})
	for _, expires := range []string{"", AsBefore, "31d"} {
		_, err := c.RenewToken(ctx, by, endless.ID, expires)
		c.wantInvalid("expires", err)
	}
	renewed, err := c.RenewToken(ctx, by, endless.ID, "10d")
	c.must(err)
	if renewed.ExpiresAt != store.At(now.Add(10*day)) || renewed.Lasts != store.Millis((10*day).Milliseconds()) {
		t.Errorf("renewed by a token it ends %v and lasts %v", renewed.ExpiresAt.Time(), renewed.Lasts)
	}
	ann := c.person("ann@example.com", permission.Admin, 1)
	theirs := c.token(ann, TokenInput{Name: "Hers", Kind: store.SharedToken, Tenants: []int64{1}, Permissions: []string{"users.view"}})
	_, err = c.TakeOverToken(ctx, by, theirs.ID, false)
	c.wantInvalid("", err)
	_, err = c.TakeOverToken(ctx, by, theirs.ID, true) // whoever has its value had it before
	c.must(err)

	// It renews itself for as long as it was made to, each time, and no longer.
	now = now.Add(20 * day)
	for _, expires := range []string{"", "31d", end(30*day + time.Second)} {
		_, err := c.RenewToken(ctx, c.works(own.Value), own.ID, expires)
		c.wantInvalid("expires", err)
	}
	for range 3 {
		if own, err = c.RenewToken(ctx, c.works(own.Value), own.ID, AsBefore); err != nil || own.ExpiresAt != store.At(now.Add(30*day)) {
			t.Fatalf("renewed by itself it ends %v, %v", own.ExpiresAt.Time(), err)
		}
		now = now.Add(29 * day)
	}
	if own, err = c.RenewToken(ctx, c.works(own.Value), own.ID, "1d"); err != nil || own.Lasts != store.Millis((30*day).Milliseconds()) {
		t.Errorf("renewed for a shorter time it lasts %v, %v", own.Lasts, err)
	}

	// People, the command line and tokens that do not expire give what they like.
	own, err = c.RenewToken(ctx, c.admin, own.ID, "60d")
	c.must(err)
	if again, err := c.RenewToken(ctx, c.works(own.Value), own.ID, AsBefore); err != nil || again.ExpiresAt != store.At(now.Add(60*day)) {
		t.Errorf("after a person has renewed it, it renews itself until %v, %v", again.ExpiresAt.Time(), err)
	}
	give.Name, give.Expires = "Without end", ""
	free := c.works(c.token(c.admin, give).Value)
	_, err = c.RenewToken(ctx, free, own.ID, "")
	c.must(err)
	_, err = c.CreateToken(ctx, free, TokenInput{Name: "For ever", Kind: store.PersonalToken, AllTenants: true, Permissions: []string{"users.view"}})
	c.must(err)
	_, err = c.CreateToken(ctx, Actor{Source: CLI}, TokenInput{Name: "By command", Kind: store.PersonalToken, Owner: "ga@example.com", AsHeld: true})
	c.must(err)
}

func TestNobodyEnablesTheirTokenThatSomebodyElseDisabled(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	ann := c.person("ann@example.com", permission.Analyst, 1)
	admin := c.person("admin@example.com", permission.Admin, 1)
	give := TokenInput{Permissions: []string{"rules.view"}, Tenants: []int64{1}}
	hers := c.token(ann, give)
	for what, by := range map[string]Actor{"an administrator": admin, "the command line": {Source: CLI}} {
		_, err := c.DisableToken(ctx, by, hers.ID)
		c.must(err)
		_, err = c.EnableToken(ctx, ann, hers.ID)
		c.wantForbidden("her token, disabled by "+what, err)
		_, err = c.RenewToken(ctx, ann, hers.ID, "30d")
		c.wantForbidden("a new value for her token, disabled by "+what, err)
		row, err := c.TokenDetails(ctx, ann, hers.ID)
		c.must(err)
		if row.MayEnable || row.MayRenew || !row.MayDelete {
			t.Errorf("its page offers %+v", row)
		}
		c.wantRefused(hers.Value, TokenRefused, "disabled")
		_, err = c.EnableToken(ctx, admin, hers.ID) // not only who has disabled it
		c.must(err)
		c.works(hers.Value)
	}
	_, err := c.DisableToken(ctx, ann, hers.ID)
	c.must(err)
	_, err = c.EnableToken(ctx, ann, hers.ID)
	c.must(err)
	// What went with her access comes back when she wants it, and what an administrator had disabled before does not.
	give.Name = "Disabled before"
	before := c.token(ann, give)
	_, err = c.DisableToken(ctx, admin, before.ID)
	c.must(err)
	_, err = c.DisableAccess(ctx, c.admin, ann.UserID, Along{})
	c.must(err)
	_, err = c.EnableAccess(ctx, c.admin, ann.UserID)
	c.must(err)
	ann = c.as(ann.UserID)
	_, err = c.EnableToken(ctx, ann, hers.ID)
	c.must(err)
	_, err = c.EnableToken(ctx, ann, before.ID)
	c.wantForbidden("a token that was disabled before her access", err)
	// Who may change the tokens of others may enable their own.
	own := c.token(admin, TokenInput{Permissions: []string{"users.view"}, Tenants: []int64{1}})
	_, err = c.DisableToken(ctx, c.admin, own.ID)
	c.must(err)
	_, err = c.EnableToken(ctx, admin, own.ID)
	c.must(err)
}

func TestPersonalTokensOfOneOwnerHaveALimit(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	now := time.Now()
	c.now = func() time.Time { return now }
	var last IssuedToken
	for i := range tokensOfOwner.Number {
		last = c.token(c.admin, TokenInput{Name: fmt.Sprint("Token ", i), Permissions: []string{"users.view"}, Tenants: []int64{1}, Expires: "1d"})
	}
	more := TokenInput{Name: "One more", Kind: store.PersonalToken, Owner: "ga@example.com", AsHeld: true}
	now = now.Add(2 * day)
	for _, by := range []Actor{c.admin, {Source: CLI}} {
		_, err := c.CreateToken(t.Context(), by, more)
		if r := AsRefusal(err); r == nil || r.Code != Invalid || !strings.Contains(r.Words, "100 personal tokens, of which 100 have expired") {
			t.Errorf("one more is answered %v", err)
		}
	}
	c.token(c.admin, TokenInput{Kind: store.SharedToken, Permissions: []string{"users.view"}, Tenants: []int64{1}})
	ann := c.person("ann@example.com", permission.Admin, 1)
	c.token(ann, TokenInput{Permissions: []string{"users.view"}, Tenants: []int64{1}})
	_, err := c.RenewToken(t.Context(), c.admin, last.ID, "1d")
	c.must(err)
	_, err = c.DeleteToken(t.Context(), c.admin, last.ID)
	c.must(err)
	_, err = c.CreateToken(t.Context(), c.admin, TokenInput{Name: "One more", Kind: store.PersonalToken, Permissions: []string{"users.view"}, Tenants: []int64{1}})
	c.must(err)
}

// How long a token that does not work takes tells nothing about those that do: it is looked up by the SHA-256 of all of it, and two that
// share 63 characters share nothing there.
func TestUnknownTokensTakeTheSameWorkHoweverMuchOfThemIsRight(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	value := c.token(c.admin, TokenInput{Permissions: []string{"users.view"}, Tenants: []int64{1}}).Value
	other := func(b byte) string { return string(map[bool]byte{true: 'A', false: 'B'}[b != 'A']) }
	wrong := map[string]string{
		"nothing":            strings.Repeat("A", 64),
		"the last character": other(value[0]) + strings.Repeat("A", 62) + value[63:],
		"all but the last":   value[:63] + other(value[63]),
		"all but the first":  other(value[0]) + value[1:],
		"all, with one more": value + "A",
		"all but one, short": value[:63],
	}
	took := map[string][]time.Duration{}
	for i := range 60 { // in turn, so that what else the machine does meets all alike; each from an address of its own, below the limit
		for what, presented := range wrong {
			began := time.Now()
			_, err := c.TokenActor(t.Context(), presented, fmt.Sprintf("10.%d.%d.1", i, len(took[what])))
			took[what] = append(took[what], time.Since(began))
			if !RefusedBy(err, TokenRefused) {
				t.Fatalf("a token of which %s is right: %v", what, err)
			}
		}
	}
	medians := map[string]time.Duration{}
	for what, times := range took {
		slices.Sort(times)
		medians[what] = times[len(times)/2]
	}
	for what, median := range medians {
		if least := medians["nothing"]; median > 3*least || least > 3*median {
			t.Errorf("a token of which %s is right takes %v, and one of which nothing is %v", what, median, least)
		}
	}
}

// What is remembered of a token saves an operation from reading it again while nothing was committed, and never longer.
func TestAnOperationOfATokenIsAsNewAsTheLastChange(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ann := c.person("ann@example.com", permission.Admin, 1)
	issued := c.token(ann, TokenInput{Permissions: []string{"users.view", usersUpdate}, Tenants: []int64{1}})
	by := c.works(issued.Value)
	// On PostgreSQL, to ask whether anything was committed takes as long as to read the token.
	if _, known := c.tokens.Known(t.Context(), c.db, by.tokenHash); !known && !storetest.OnPostgres() {
		t.Error("what a request has read is not remembered for its operations")
	}
	_, err := c.UserOverview(t.Context(), by, ann.UserID)
	c.must(err)
	reading, err := c.Reading(t.Context()) // of a request that goes on while others change things
	c.must(err)
	_, err = c.SetMembership(t.Context(), c.admin, ann.UserID, Membership{Version: c.user(ann.UserID).Version, Role: permission.Analyst, KeepGroups: true})
	c.must(err)
	_, err = c.UserOverview(reading, by, ann.UserID)
	c.wantForbidden("a request that began before its owner lost the permission reads", err)
	c.works(issued.Value)
	_, err = c.DisableToken(t.Context(), c.admin, issued.ID)
	c.must(err)
	if _, err = c.UserOverview(reading, by, ann.UserID); !RefusedBy(err, TokenRefused) {
		t.Errorf("a request that began before its token was disabled: %v", err)
	}
}

func TestPreviewsOfEndsSayWhatIsLost(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	staging := c.tenant("Staging")
	ann := c.person("ann@example.com", permission.Analyst, 1)
	group, err := c.CreateGroup(ctx, c.admin, GroupInput{Name: "Staging people", Role: permission.Admin, Tenants: []int64{staging.ID}})
	c.must(err)
	_, err = c.AddMembers(ctx, c.admin, group.ID, []int64{ann.UserID}, "")
	c.must(err)
	ann = c.as(ann.UserID)
	personal := c.token(ann, TokenInput{Name: "Hers", Permissions: []string{"rules.view"}, Tenants: []int64{1}})
	disable, err := c.PreviewDisable(ctx, c.admin, ann.UserID)
	c.must(err)
	remove, err := c.PreviewDelete(ctx, c.admin, ann.UserID)
	c.must(err)
	for what, p := range map[string]EndPreview{"disabling": disable, "deleting": remove} {
		if len(p.Lost) != 2 || !p.Lost[0].Set.Has(rulesUpdate) || p.Lost[1].Tenant.ID != staging.ID || len(p.Groups) != 2 ||
			p.Groups[1].ID != group.ID || p.Sessions != 1 || len(p.Personal) != 1 || p.Personal[0].ID != personal.ID {
			t.Errorf("the preview of %s her is %+v", what, p)
		}
	}
	for what, change := range map[string]func() error{
		"another personal token": func() error {
			c.token(ann, TokenInput{Name: "New", Permissions: []string{"rules.view"}, Tenants: []int64{1}})
			return nil
		},
		"a group less": func() error {
			_, err := c.RemoveMembers(ctx, c.admin, group.ID, []int64{ann.UserID})
			return err
		},
	} {
		before, err := c.PreviewDelete(ctx, c.admin, ann.UserID)
		c.must(err)
		c.must(change())
		confirming := c.admin
		confirming.Confirms = before.Digest()
		if _, err := c.DeleteUserByID(ctx, confirming, ann.UserID, Along{}); !RefusedBy(err, ChangedPreview) {
			t.Errorf("%s since the preview: %v", what, err)
		}
	}
	_, err = c.DisableAccess(ctx, c.admin, ann.UserID, Along{})
	c.must(err)
	gone, err := c.PreviewDelete(ctx, c.admin, ann.UserID)
	c.must(err)
	if len(gone.Lost) != 0 || gone.Sessions != 0 || len(gone.Groups) != 1 || len(gone.Personal) != 2 {
		t.Errorf("of somebody who is disabled the preview says %+v", gone)
	}
}
