package account

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"console/internal/auth"
	"console/internal/input"
	"console/internal/permission"
	"console/store"
)

// tokenHash is the SHA-256 of a token's value.
type tokenHash = [sha256.Size]byte

// TokenInput is what somebody says of a token that they make.
type TokenInput struct {
	Name        string
	Kind        store.TokenKind
	Owner       string // address of whom it is for; empty: the actor
	Permissions []string
	Tenants     []int64
	AllTenants  bool   // present and future ones
	Expires     string // see parseExpiry; empty: never
	AsHeld      bool   // in every tenant in which its owner holds anything and, without Permissions, all that they hold
}

// IssuedToken is a token with its value, which nobody is shown again; it is empty where the value is kept.
type IssuedToken struct {
	store.Token
	Value string
}

// CreateToken makes an API token and returns its value, this once. Personal ones are made by Administrators and Analysts for
// themselves, and for Deploy people and API Developers by those who hold tokens.create and may manage them; shared ones take
// tokens.create, and so does any that is made with a token. It grants no more than whoever makes it holds, who with a token holds what
// that was given (rule "may grant"), and lasts no longer than the token it is made with (rule "no longer than itself"). It
// returns Invalid or Forbidden.
func (s *Service) CreateToken(ctx context.Context, by Actor, in TokenInput) (IssuedToken, error) {
	return change(ctx, s, by, func(tx *Tx) (IssuedToken, error) { return tx.makeToken(ctx, in) })
}

func (tx *Tx) makeToken(ctx context.Context, in TokenInput) (IssuedToken, error) {
	owner, err := tx.ownerOfNew(ctx, in)
	if err != nil {
		return IssuedToken{}, err
	}
	if err := tx.requireRoom(ctx, in.Kind, owner); err != nil {
		return IssuedToken{}, err
	}
	token := store.Token{Kind: in.Kind, OwnerID: owner.ID, CreatedAt: tx.now}
	refused := Fields{}
	token.Name = input.ParseTitle(in.Name, "name", "a name", refused)
	if token.Kind != store.PersonalToken && token.Kind != store.SharedToken {
		refused["kind"] = "Choose whether the token is personal or shared."
	}
	if err := tx.expire(ctx, &token, in.Expires, refused); err != nil {
		return IssuedToken{}, err
	}
	held := tx.by.Can // of a token, what it was given: it gives no more than that to another one of its owner
	if owner.ID != tx.by.UserID {
		if held, err = holdings(ctx, tx.View.db, owner); err != nil {
			return IssuedToken{}, err
		}
	}
	if err := tx.chooseGrant(ctx, &token, in, held, refused); err != nil {
		return IssuedToken{}, err
	}
	if len(refused) > 0 {
		return IssuedToken{}, refused.Refusal()
	}
	if err := tx.requireTokenName(ctx, token); err != nil {
		return IssuedToken{}, err
	}
	if !in.AsHeld {
		if err := tx.requireNewGrant(ctx, token, owner, held); err != nil {
			return IssuedToken{}, err
		}
	}
	value := auth.NewAPIToken()
	token.Hash = auth.HashToken(value)
	if err := tx.db.InsertToken(ctx, &token); err != nil {
		return IssuedToken{}, err
	}
	made, err := tx.tokenObject(ctx, token)
	if err != nil {
		return IssuedToken{}, err
	}
	return IssuedToken{token, value}, tx.recordChange(ctx, actCreateToken, object{}, made)
}

// requireRoom refuses another personal token for somebody who has as many as anybody gets.
func (v *View) requireRoom(ctx context.Context, kind store.TokenKind, owner store.User) error {
	if kind != store.PersonalToken {
		return nil
	}
	all, expired, err := v.db.CountPersonalTokens(ctx, owner.ID, v.now)
	if err != nil || all < tokensOfOwner.Number {
		return err
	}
	return invalid("", fmt.Sprintf("%s has %d personal tokens, of which %d have expired. Delete those that are no longer needed, then make "+
		"this one.", owner.DisplayName(), all, expired))
}

// ownerOfNew returns the owner of a token to be made, when the actor may make it.
func (v *View) ownerOfNew(ctx context.Context, in TokenInput) (store.User, error) {
	if in.Owner == "" {
		return v.ownOfNew(ctx, in.Kind)
	}
	if err := v.requirePermission(permission.TokensCreate); err != nil {
		return store.User{}, err
	}
	owner, err := v.db.UserByEmailKey(ctx, input.EmailKey(in.Owner))
	if errors.Is(err, store.ErrNotFound) || err == nil && owner.JoinedAt == 0 {
		return store.User{}, invalid("owner", "There is nobody with this address in the user list.")
	}
	if err != nil {
		return store.User{}, err
	}
	if owner.ID == v.by.UserID {
		return v.ownOfNew(ctx, in.Kind)
	}
	if !owner.Role.GetsTokens() && v.by.Source != CLI {
		return store.User{}, invalid("owner", owner.DisplayName()+" has the role "+owner.Role.Label()+". For others, tokens are made only "+
			"where their role is "+permission.Deploy.Label()+" or "+permission.APIDeveloper.Label()+".")
	}
	if in.Kind == store.SharedToken {
		return store.User{}, invalid("kind", "A shared token is one's own. A token for somebody else is personal.")
	}
	if owner.Status() != store.Active {
		return store.User{}, invalid("owner", owner.DisplayName()+" is "+string(owner.Status())+": a token of theirs would not work.")
	}
	return v.manageable(ctx, owner.ID, permission.TokensCreate)
}

// ownOfNew returns the actor when they may make a token of a kind for themselves.
func (v *View) ownOfNew(ctx context.Context, kind store.TokenKind) (store.User, error) {
	if v.by.UserID == 0 {
		return store.User{}, invalid("owner", "Say whose token it is to be.")
	}
	if err := v.mayMakeOwn(kind); err != nil {
		return store.User{}, err
	}
	return v.db.UserByID(ctx, v.by.UserID)
}

// mayMakeOwn refuses when the actor may not make tokens of a kind for themselves. A token takes the permission for it, whatever its
// owner's role: otherwise one that expires, or is found out, could be outlived by another that it made.
func (v *View) mayMakeOwn(kind store.TokenKind) error {
	if kind == store.SharedToken || v.by.TokenID != 0 {
		return v.requirePermission(permission.TokensCreate)
	}
	if v.by.Role.MakesTokens() {
		return nil
	}
	refused := forbidden(Lack{Missing: permission.Missing{Permission: permission.TokensCreate}, needs: permission.TokensCreate})
	refused.Words = "Personal API tokens are made by Administrators and Analysts."
	return refused
}

// chooseGrant sets what a token is to grant, and notes what is refused. held is what its owner holds.
func (v *View) chooseGrant(ctx context.Context, token *store.Token, in TokenInput, held permission.Holdings, refused Fields) error {
	tenants, err := v.db.Tenants(ctx)
	if err != nil {
		return err
	}
	known := tenantIDs(tenants)
	for _, key := range in.Permissions {
		p, exists := permission.Parse(key)
		if !exists {
			refused["permissions"] = "There is no permission “" + key + "”. Leave it out."
			return nil
		}
		token.Permissions = token.Permissions.With(p)
	}
	if in.AsHeld {
		v.grantAsHeld(token, known, held, refused)
		return nil
	}
	token.AllTenants = in.AllTenants
	for _, id := range without(in.Tenants, nil) {
		if !slices.Contains(known, id) {
			refused["tenant_ids"] = "One of these tenants does not exist, or has been deleted. Choose again."
		}
		if !token.AllTenants {
			token.Tenants = append(token.Tenants, id)
		}
	}
	if token.Permissions.Empty() {
		refused["permissions"] = "Choose at least one permission."
	}
	if !token.AllTenants && len(token.Tenants) == 0 {
		refused["tenant_ids"] = "Choose at least one tenant."
	}
	return nil
}

// grantAsHeld gives a token all tenants in which its owner holds anything and, where no permissions were named, all that
// they hold; a permission that they hold nowhere is refused.
func (v *View) grantAsHeld(token *store.Token, tenants []int64, held permission.Holdings, refused Fields) {
	if token.AllTenants = !held.Everywhere().Empty(); !token.AllTenants {
		token.Tenants = slices.DeleteFunc(slices.Clone(tenants), func(id int64) bool { return held.In(id).Empty() })
	}
	all := held.Everywhere()
	for _, id := range tenants {
		all = all.Union(held.In(id))
	}
	if token.Permissions.Empty() {
		token.Permissions = all
	}
	for p := range token.Permissions.Minus(all).All() {
		refused["permissions"] = "The owner may not " + p.Label() + " in any tenant."
		return
	}
	if token.Permissions.Empty() {
		refused["permissions"] = "The owner holds no permission in any tenant."
	}
}

// requireNewGrant refuses a token that would grant more than whoever makes it holds, or than its owner does.
func (v *View) requireNewGrant(ctx context.Context, token store.Token, owner store.User, held permission.Holdings) error {
	if token.OwnerID == v.by.UserID {
		return v.requireAll(ctx, v.wantedBy(token), Lack{needs: permission.TokensCreate})
	}
	if err := v.requireAll(ctx, permission.Union(token.Grant()), Lack{needs: permission.TokensCreate}); err != nil {
		return err
	}
	theirs := *v
	theirs.by.Can, theirs.by.TokenID = held, 0
	err := theirs.requireAll(ctx, v.wantedBy(token), Lack{needs: permission.TokensCreate})
	if refused := AsRefusal(err); refused != nil && refused.Lack != nil {
		return invalid("permissions", strings.Replace(refused.Words, "You may", owner.DisplayName()+" may", 1))
	}
	return err
}

// wantedBy is what a token takes of the one who is its owner. The console's own resources count in the main tenant, and are not
// asked for elsewhere where it is among the tenants (rule "main tenant decides"): the owner's token holds no more of them than they do.
// Who works with a token has to hold all of it, as their owner may hold more.
func (v *View) wantedBy(token store.Token) permission.Holdings {
	grant := token.Grant()
	if v.by.TokenID != 0 || !grant.Covers(v.by.Main) {
		return permission.Union(grant)
	}
	console := permission.Grant{Tenants: []int64{v.by.Main}, Set: grant.Set.Intersect(consoleSet)}
	grant.Set = grant.Set.Minus(consoleSet)
	return permission.Union(grant, console)
}

// requireTokenName refuses a name that another token has which has not expired: among the shared ones, or the personal ones of
// one owner.
func (v *View) requireTokenName(ctx context.Context, token store.Token) error {
	named, err := v.db.TokenNamed(ctx, token, v.now)
	if err == nil && named {
		return invalid("name", "There is a token with this name already. Choose another name.")
	}
	return err
}

// tokenObject is a token as entries show it: never its value.
func (v *View) tokenObject(ctx context.Context, token store.Token) (object, error) {
	o := object{kind: objectToken, id: token.ID, name: token.Name, allowed: token.Permissions, fields: map[string]string{
		"name": token.Name, "kind": string(token.Kind), "owner": token.FormerOwner, "expires": "never", "status": "enabled",
	}, secrets: map[string]string{"value": string(token.Hash)}}
	if token.ExpiresAt != 0 {
		o.fields["expires"] = moment(token.ExpiresAt)
	}
	if token.DisabledAt != 0 {
		o.fields["status"] = "disabled (" + string(token.DisabledWhy) + ")"
	}
	if token.OwnerID != 0 {
		owner, err := v.db.UserByID(ctx, token.OwnerID)
		if err != nil {
			return object{}, err
		}
		o.fields["owner"] = person(owner)
	}
	o.fields["tenants"] = "all, also future ones"
	if !token.AllTenants {
		tenants, err := v.db.Tenants(ctx)
		if err != nil {
			return object{}, err
		}
		o.fields["tenants"] = strings.Join(namesOf(tenants, token.Tenants), ", ")
	}
	return o, nil
}

// namesOf are the names of those tenants that have one of the ids.
func namesOf(tenants []store.Tenant, ids []int64) []string {
	var names []string
	for _, t := range tenants {
		if slices.Contains(ids, t.ID) {
			names = append(names, t.Name)
		}
	}
	return names
}
