package store

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"console/internal/input"
	"console/internal/permission"
)

// TokenKind tells the tokens of one person from those that several know.
type TokenKind string

// The kinds of API tokens.
const (
	PersonalToken TokenKind = "personal"
	SharedToken   TokenKind = "shared"
)

// TokenEnd is why a token is disabled.
type TokenEnd string

// The reasons for which a token can be disabled.
const (
	TokenDisabledByHand TokenEnd = "by hand"
	TokenOwnerDisabled  TokenEnd = "owner disabled"
	TokenOwnerDeleted   TokenEnd = "owner deleted"
	TokenRestored       TokenEnd = "restored" // a copy of the data was put back
)

// Token is an API token. It grants Permissions in its tenants, as far as its owner holds them at the moment of a request. Of
// its value only the SHA-256 is kept.
type Token struct {
	ID           int64
	Hash         []byte
	Kind         TokenKind
	Name         string
	OwnerID      int64  // 0: they were deleted
	FormerOwner  string // who that was
	Permissions  permission.Set
	AllTenants   bool    // present and future ones
	Tenants      []int64 // none where AllTenants, or where all of them were deleted
	CreatedAt    Millis
	ExpiresAt    Millis // 0: never
	ExpiryTold   bool   // its owner was told that it expires soon, or chose a time as near as that
	Lasts        Millis // for how long it was made to work; 0: for ever
	DisabledAt   Millis
	DisabledWhy  TokenEnd
	DisabledBy   int64  // who did it by hand; 0: the command line
	LastUsedAt   Millis // 0: never
	LastUsedFrom string // address
}

// Expired says that the token works no more by now.
func (t Token) Expired(now Millis) bool { return t.ExpiresAt != 0 && now >= t.ExpiresAt }

// Grant is what the token was given, whatever its owner holds.
func (t Token) Grant() permission.Grant {
	return permission.Grant{Tenants: t.Tenants, AllTenants: t.AllTenants, Set: t.Permissions}
}

func (t Token) nameKey() string { return input.Fold(t.Name) }

//nolint:gosec // names of columns, no credentials
const tokenColumns = `t.id, t.hash, t.kind, t.name, coalesce(t.owner_id, 0), t.former_owner, t.permissions, t.all_tenants, t.created_at,
	t.expires_at, t.expiry_told, t.lasts, t.disabled_at, t.disabled_why, t.disabled_by, t.last_used_at, t.last_used_from,
	coalesce((SELECT string_agg(CAST(tt.tenant_id AS TEXT), ' ') FROM token_tenants tt WHERE tt.token_id = t.id), '')`

// scanInto scans the columns of a token and those that follow them.
func (t *Token) scanInto(s scanner, more ...any) error {
	var permissions, tenants string
	err := s.Scan(append([]any{&t.ID, &t.Hash, &t.Kind, &t.Name, &t.OwnerID, &t.FormerOwner, &permissions, &t.AllTenants, &t.CreatedAt,
		&t.ExpiresAt, &t.ExpiryTold, &t.Lasts, &t.DisabledAt, &t.DisabledWhy, &t.DisabledBy, &t.LastUsedAt, &t.LastUsedFrom,
		&tenants}, more...)...)
	if err != nil {
		return err
	}
	t.Permissions = permission.ParseSet(permissions)
	for text := range strings.FieldsSeq(tenants) {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return err
		}
		t.Tenants = append(t.Tenants, id)
	}
	slices.Sort(t.Tenants)
	return nil
}

func scanToken(s scanner) (t Token, err error) {
	err = t.scanInto(s)
	return t, err
}

// TokenByID returns ErrNotFound for an unknown id.
func (q Queries) TokenByID(ctx context.Context, id int64) (Token, error) {
	return one(ctx, q.q, scanToken, `SELECT `+tokenColumns+` FROM tokens t WHERE t.id = $1`, id)
}

// OwnedToken is a token with its owner, and whether the account demands a second factor of them.
type OwnedToken struct {
	Token
	Owner               User
	EnforceSecondFactor bool
}

// OwnedToken returns the token of a hash, or ErrNotFound for one that is unknown or whose owner was deleted.
func (q Queries) OwnedToken(ctx context.Context, hash []byte) (OwnedToken, error) {
	return q.tokenWithOwner(ctx, `t.hash = $1`, hash)
}

// OwnedTokenByID is OwnedToken for an id.
func (q Queries) OwnedTokenByID(ctx context.Context, id int64) (OwnedToken, error) {
	return q.tokenWithOwner(ctx, `t.id = $1`, id)
}

func (q Queries) tokenWithOwner(ctx context.Context, where string, arg any) (OwnedToken, error) {
	return one(ctx, q.q, func(s scanner) (o OwnedToken, err error) {
		err = o.Token.scanInto(s, append(o.Owner.fields(), &o.EnforceSecondFactor)...)
		return o, err
	}, `SELECT `+tokenColumns+`, `+userColumns+`, a.enforce_two_factor
		FROM tokens t JOIN users u ON u.id = t.owner_id CROSS JOIN account a WHERE `+where, arg)
}

// TokensOf returns the tokens of a person, by name.
func (q Queries) TokensOf(ctx context.Context, ownerID int64) ([]Token, error) {
	return many(ctx, q.q, scanToken, `SELECT `+tokenColumns+` FROM tokens t WHERE t.owner_id = $1 ORDER BY t.kind, t.name_key, t.id`, ownerID)
}

// OwnsTokens says whether a person has any token.
func (q Queries) OwnsTokens(ctx context.Context, ownerID int64) (bool, error) {
	return one(ctx, q.q, value[bool], `SELECT EXISTS (SELECT 1 FROM tokens WHERE owner_id = $1)`, ownerID)
}

// CountPersonalTokens returns how many personal tokens somebody has, and how many of them have expired by now.
func (q Queries) CountPersonalTokens(ctx context.Context, ownerID int64, now Millis) (all, expired int, err error) {
	_, err = one(ctx, q.q, func(s scanner) (struct{}, error) { return struct{}{}, s.Scan(&all, &expired) },
		`SELECT count(*), count(CASE WHEN expires_at > 0 AND expires_at <= $3 THEN 1 END) FROM tokens WHERE owner_id = $1 AND kind = $2`,
		ownerID, PersonalToken, now)
	return all, expired, err
}

// SharedTokenOwners returns how many shared tokens that are not disabled each person owns who owns any.
func (q Queries) SharedTokenOwners(ctx context.Context) (map[int64]int, error) {
	owners := map[int64]int{}
	_, err := many(ctx, q.q, func(s scanner) (struct{}, error) {
		var id int64
		var n int
		err := s.Scan(&id, &n)
		owners[id] = n
		return struct{}{}, err
	}, `SELECT owner_id, count(*) FROM tokens WHERE kind = 'shared' AND owner_id IS NOT NULL AND disabled_at = 0 GROUP BY owner_id`)
	return owners, err
}

// SharedTokensOf returns the shared tokens of people that are not disabled, by owner and name.
func (q Queries) SharedTokensOf(ctx context.Context, owners []int64) ([]Token, error) {
	var all []Token
	for places, args := range inLists(owners) {
		some, err := many(ctx, q.q, scanToken, `SELECT `+tokenColumns+` FROM tokens t
			WHERE t.kind = 'shared' AND t.disabled_at = 0 AND t.owner_id IN (`+places+`) ORDER BY t.owner_id, t.name_key, t.id`, args...)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// TokenNamed says whether a token that has not expired by now has the name of t, whatever the case: among the shared ones, or
// among the personal ones of its owner.
func (q Queries) TokenNamed(ctx context.Context, t Token, now Millis) (bool, error) {
	owner := t.OwnerID
	if t.Kind == SharedToken {
		owner = 0
	}
	return one(ctx, q.q, value[bool], `SELECT EXISTS (SELECT 1 FROM tokens WHERE kind = $1 AND name_key = $2 AND id <> $3
		AND (expires_at = 0 OR expires_at > $4) AND (CAST($5 AS BIGINT) = 0 OR owner_id = $5))`, t.Kind, t.nameKey(), t.ID, now, owner)
}

// TokenQuery chooses a page of the tokens of one kind by name.
type TokenQuery struct {
	Kind   TokenKind
	Owner  int64  // only theirs; 0: of everybody
	But    int64  // not theirs; 0: of everybody
	Search string // part of the name, or of the owner's name or address, whatever the case and the accents
	Cursor Cursor
	Limit  int
}

// ListTokens returns a page of the tokens by name, and the cursors of the pages beside it.
func (q Queries) ListTokens(ctx context.Context, query TokenQuery) (tokens []Token, next, prev Cursor, err error) {
	compare, order := ">", "ASC"
	if query.Cursor.Before {
		compare, order = "<", "DESC"
	}
	owned := `CAST($3 AS BIGINT) = 0`
	if query.Owner != 0 {
		owned = `t.owner_id = $3`
	}
	key, _ := query.Cursor.Key.(string)
	tokens, err = many(ctx, q.q, scanToken, `SELECT `+tokenColumns+` FROM tokens t
		WHERE t.kind = $1 AND `+owned+` AND (CAST($4 AS BIGINT) = 0 OR coalesce(t.owner_id, 0) <> $4)
		AND ($2 = '' OR replace(t.name_key, $2, '') <> t.name_key OR EXISTS (SELECT 1 FROM users u WHERE u.id = t.owner_id
			AND (replace(u.name_key, $2, '') <> u.name_key OR replace(u.email_key, $2, '') <> u.email_key)))
		AND (CAST($6 AS BIGINT) = 0 OR (t.name_key, t.id) `+compare+` ($5, $6))
		ORDER BY t.name_key `+order+`, t.id `+order+` LIMIT $7`,
		query.Kind, input.Fold(query.Search), query.Owner, query.But, key, query.Cursor.ID, query.Limit+1)
	if err != nil {
		return nil, next, prev, err
	}
	more := len(tokens) > query.Limit
	tokens = tokens[:min(len(tokens), query.Limit)]
	if query.Cursor.Before {
		slices.Reverse(tokens)
	}
	if len(tokens) == 0 {
		return nil, next, prev, nil
	}
	onward, back := query.Cursor.leads(more)
	if onward {
		last := tokens[len(tokens)-1]
		next = Cursor{Key: last.nameKey(), ID: last.ID}
	}
	if back {
		prev = Cursor{Key: tokens[0].nameKey(), ID: tokens[0].ID, Before: true}
	}
	return tokens, next, prev, nil
}

// ExpiringTokens returns the tokens that are not disabled, expire after now and up to a time, and whose owner has not been told,
// the first to expire first.
func (q Queries) ExpiringTokens(ctx context.Context, now, until Millis, limit int) ([]Token, error) {
	return many(ctx, q.q, scanToken, `SELECT `+tokenColumns+` FROM tokens t
		WHERE t.expires_at > 0 AND t.expiry_told = 0 AND t.disabled_at = 0 AND t.expires_at > $1 AND t.expires_at <= $2
		AND t.owner_id IS NOT NULL ORDER BY t.expires_at, t.id LIMIT $3`, now, until, limit)
}

// InsertToken adds t with its tenants and sets its id.
func (tx *Tx) InsertToken(ctx context.Context, t *Token) (err error) {
	t.ID, err = tx.insert(ctx, `INSERT INTO tokens (hash, kind, name, name_key, owner_id, permissions, all_tenants, created_at, expires_at,
		expiry_told, lasts) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		t.Hash, t.Kind, t.Name, t.nameKey(), t.OwnerID, t.Permissions.String(), t.AllTenants, t.CreatedAt, t.ExpiresAt, t.ExpiryTold, t.Lasts)
	if err != nil {
		return err
	}
	for _, tenant := range t.Tenants {
		if _, err := tx.exec(ctx, `INSERT INTO token_tenants (token_id, tenant_id) VALUES ($1, $2)`, t.ID, tenant); err != nil {
			return err
		}
	}
	return nil
}

// UpdateToken stores the value, the owner, the expiry and whether t is disabled, and by whom. It returns ErrNotFound for an unknown id.
func (tx *Tx) UpdateToken(ctx context.Context, t Token) error {
	return tx.execOne(ctx, ErrNotFound, `UPDATE tokens SET hash = $2, owner_id = nullif(CAST($3 AS BIGINT), 0), former_owner = $4,
		expires_at = $5, expiry_told = $6, lasts = $7, disabled_at = $8, disabled_why = $9, disabled_by = $10 WHERE id = $1`,
		t.ID, t.Hash, t.OwnerID, t.FormerOwner, t.ExpiresAt, t.ExpiryTold, t.Lasts, t.DisabledAt, t.DisabledWhy, t.DisabledBy)
}

// DeleteToken removes a token for good. It returns ErrNotFound for an unknown id.
func (tx *Tx) DeleteToken(ctx context.Context, id int64) error {
	return tx.execOne(ctx, ErrNotFound, `DELETE FROM tokens WHERE id = $1`, id)
}

// TokenUse is when and from where a token was last used.
type TokenUse struct {
	At      Millis
	Address string
}

// touchTokens notes the last uses of tokens, by id.
func (tx *Tx) touchTokens(ctx context.Context, uses map[int64]TokenUse) error {
	for id, use := range uses {
		if _, err := tx.exec(ctx, `UPDATE tokens SET last_used_at = $2, last_used_from = $3 WHERE id = $1`, id, use.At, use.Address); err != nil {
			return err
		}
	}
	return nil
}
