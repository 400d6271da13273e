package account

import (
	"cmp"
	"context"

	"console/internal/permission"
	"console/store"
)

// TokensPerPage is how many tokens a page of the list shows.
const TokensPerPage = 50

// The parts of the list of tokens.
const (
	TokensPersonal = "personal" // one's own
	TokensShared   = "shared"   // those of everybody, or one's own without tokens.view
	TokensOthers   = "others"   // personal ones of other people
)

// TokenQuery is the state of the list of tokens.
type TokenQuery struct {
	Part, Search, Cursor string
	Limit                int // of a program, whose list ends where nothing is left; 0: as many as a page of the console shows
}

// ShownToken is a token as pages show it.
type ShownToken struct {
	store.Token
	Owner   store.User // the zero value: they were deleted
	Tenants []store.Tenant
	Effect  []TenantSet // what it grants at present
	Held    bool        // until its owner has set up a second factor
	Expired bool
	Soon    bool // it expires within the days in which its owner is told

	MayDisable, MayEnable, MayRenew, MayTakeOver, MayDelete bool
}

// Works says that a request with the token is answered; what it may do is another matter.
func (t ShownToken) Works() bool {
	return t.DisabledAt == 0 && !t.Expired && !t.Held && t.Owner.ID != 0 && t.Owner.Status() == store.Active
}

// TokenList is a page of the tokens.
type TokenList struct {
	Rows       []ShownToken
	Next, Prev string // cursors; empty: the list goes no further
}

// SeesTokens says whether the page of API tokens is for the actor: they may make tokens, see those of others, or own one.
func (s *Service) SeesTokens(ctx context.Context, by Actor) (bool, error) {
	if by.Role.MakesTokens() || by.May(permission.TokensView) {
		return true, nil
	}
	return s.db.OwnsTokens(ctx, by.UserID)
}

// Tokens returns a page of the tokens by name: one's own, and with tokens.view the shared ones and those of other people. Who works
// with a token sees those of its owner with tokens.view only. It returns Forbidden for a part that takes tokens.view.
func (s *Service) Tokens(ctx context.Context, by Actor, q TokenQuery) (TokenList, error) {
	return read(ctx, s, by, func(v *View) (TokenList, error) {
		query := store.TokenQuery{Kind: store.PersonalToken, Search: q.Search, Limit: cmp.Or(q.Limit, TokensPerPage),
			Cursor: store.ParseCursor(q.Cursor, store.SortName)}
		if v.by.TokenID != 0 { // of the others of its owner, a token sees what it was given
			if err := v.requirePermission(permission.TokensView); err != nil {
				return TokenList{}, err
			}
		}
		switch q.Part {
		case TokensShared:
			query.Kind = store.SharedToken
			if !v.by.May(permission.TokensView) {
				query.Owner = v.by.UserID
			}
		case TokensOthers:
			if err := v.requirePermission(permission.TokensView); err != nil {
				return TokenList{}, err
			}
			query.But = v.by.UserID
		default:
			query.Owner = v.by.UserID
		}
		tokens, next, prev, err := v.db.ListTokens(ctx, query)
		if err == nil && q.Limit == 0 && len(tokens) == 0 && query.Cursor.ID != 0 { // the tokens beyond the cursor are gone
			query.Cursor = query.Cursor.Remaining()
			tokens, next, prev, err = v.db.ListTokens(ctx, query)
		}
		if err != nil {
			return TokenList{}, err
		}
		rows, err := v.shown(ctx, tokens)
		return TokenList{rows, next.String(), prev.String()}, err
	})
}

// TokenDetails returns one token: one's own, or with tokens.view any. It returns Forbidden or store.ErrNotFound.
func (s *Service) TokenDetails(ctx context.Context, by Actor, id int64) (ShownToken, error) {
	return read(ctx, s, by, func(v *View) (ShownToken, error) {
		token, err := v.db.TokenByID(ctx, id)
		if err == nil {
			err = v.mayHandle(token, permission.TokensView)
		}
		if err != nil {
			return ShownToken{}, err
		}
		rows, err := v.shown(ctx, []store.Token{token})
		if err != nil {
			return ShownToken{}, err
		}
		return rows[0], nil
	})
}

// OwnToken returns the token with which the actor works. It returns store.ErrNotFound for who works without one.
func (s *Service) OwnToken(ctx context.Context, by Actor) (store.Token, error) {
	return read(ctx, s, by, func(v *View) (store.Token, error) { return v.db.TokenByID(ctx, v.by.TokenID) })
}

// shown adds to tokens what pages say of them.
func (v *View) shown(ctx context.Context, tokens []store.Token) ([]ShownToken, error) {
	tenants, err := v.db.Tenants(ctx)
	if err != nil {
		return nil, err
	}
	account, err := v.db.Account(ctx)
	if err != nil {
		return nil, err
	}
	rows := make([]ShownToken, len(tokens))
	for i, t := range tokens {
		row := ShownToken{Token: t, Expired: t.Expired(v.now)}
		row.Soon = t.ExpiresAt != 0 && !row.Expired && t.ExpiresAt <= v.now.Add(tellExpiry)
		for _, tenant := range tenants {
			if t.Grant().Covers(tenant.ID) {
				row.Tenants = append(row.Tenants, tenant)
			}
		}
		if t.OwnerID != 0 {
			if row.Owner, err = v.db.UserByID(ctx, t.OwnerID); err != nil {
				return nil, err
			}
			usable := usableToken{OwnedToken: store.OwnedToken{Token: t, Owner: row.Owner, EnforceSecondFactor: account.EnforceSecondFactor}}
			if err := usable.readHoldings(ctx, v.db); err != nil {
				return nil, err
			}
			row.Held = usable.held()
			row.Effect = lost(reach{usable.can, row.Owner.Role.SeesConsole()}, reach{}, tenants)
		}
		if err := v.offer(ctx, &row); err != nil {
			return nil, err
		}
		rows[i] = row
	}
	return rows, nil
}

// offer says what the actor may do with a token.
func (v *View) offer(ctx context.Context, row *ShownToken) error {
	usable := row.OwnerID != 0 && row.Owner.Status() == store.Active
	for _, o := range []struct {
		offered *bool
		fits    bool
		refuse  func() error
	}{
		{&row.MayDisable, row.DisabledAt == 0, func() error { return v.mayHandle(row.Token, permission.TokensUpdate) }},
		{&row.MayEnable, row.DisabledAt != 0 && usable && !row.Expired, func() error { return v.mayEnable(ctx, row.Token) }},
		{&row.MayRenew, usable, func() error { return v.mayRenew(ctx, row.Token) }},
		{&row.MayTakeOver, row.Kind == store.SharedToken && row.OwnerID != v.by.UserID, func() error { return v.mayTakeOver(ctx, row.Token) }},
		{&row.MayDelete, true, func() error { return v.mayHandle(row.Token, permission.TokensDelete) }},
	} {
		if !o.fits {
			continue
		}
		err := o.refuse()
		if err != nil && AsRefusal(err) == nil {
			return err
		}
		*o.offered = err == nil
	}
	return nil
}

// TokenChoices is what a token that the actor makes can be given.
type TokenChoices struct {
	Personal, Shared bool       // kinds that they may make for themselves
	ForOthers        bool       // for people who get their tokens from others
	Owner            store.User // the zero value: the actor
	Tenants          []store.Tenant
	Everywhere       bool // they hold something in all tenants, those not yet made included
	Offered          permission.Set
}

// TokenChoices returns what the actor can choose for a new token: of what they hold, and where they make it for somebody whose
// address is owner, of what that person holds too. It returns Forbidden for who may make none.
func (s *Service) TokenChoices(ctx context.Context, by Actor, owner string) (TokenChoices, error) {
	return read(ctx, s, by, func(v *View) (TokenChoices, error) {
		create, refused := v.by.May(permission.TokensCreate), v.mayMakeOwn(store.PersonalToken)
		choices := TokenChoices{Personal: refused == nil, Shared: create, ForOthers: create}
		if !choices.Personal && !choices.Shared {
			return TokenChoices{}, refused
		}
		theirs := v.by.Can
		if create && owner != "" {
			person, err := v.ownerOfNew(ctx, TokenInput{Kind: store.PersonalToken, Owner: owner})
			if err != nil && AsRefusal(err) == nil {
				return TokenChoices{}, err
			}
			if err == nil && person.ID != v.by.UserID {
				choices.Owner, choices.Shared = person, false
				if theirs, err = holdings(ctx, v.db, person); err != nil {
					return TokenChoices{}, err
				}
			}
		}
		tenants, err := v.db.Tenants(ctx)
		choices.Offered = v.by.Can.Everywhere().Intersect(theirs.Everywhere())
		choices.Everywhere = !choices.Offered.Empty()
		for _, t := range tenants {
			if held := v.by.Can.In(t.ID).Intersect(theirs.In(t.ID)); !held.Empty() {
				choices.Tenants = append(choices.Tenants, t)
				choices.Offered = choices.Offered.Union(held)
			}
		}
		return choices, err
	})
}
