package api

import (
	"fmt"
	"net/http"
	"time"

	"console/handlers"
	"console/internal/account"
	"console/store"
)

func tokenOperations() []Operation {
	return []Operation{
		{http.MethodGet, "/tokens", "listTokens", "API tokens, by name.", http.StatusOK,
			handlers.SignedIn, by((*API).listTokens)},
		{http.MethodPost, "/tokens", "createToken",
			"Makes an API token, which grants no more than the one it is made with. Its value is answered this once.",
			http.StatusCreated,
			handlers.SignedIn, by((*API).createToken)},
		{http.MethodGet, "/tokens/{id}", "readToken", "An API token, without its value.", http.StatusOK,
			handlers.SignedIn, by((*API).readToken)},
		{http.MethodPost, "/tokens/{id}/disable", "disableToken", "Stops a token from working until it is enabled.", http.StatusOK,
			handlers.SignedIn, by((*API).disableToken)},
		{http.MethodPost, "/tokens/{id}/enable", "enableToken", "Lets a disabled token work again.", http.StatusOK,
			handlers.SignedIn, by((*API).enableToken)},
		{http.MethodPost, "/tokens/{id}/renew", "renewToken",
			"Gives a token a new value, which is answered this once, and a new end. The old value stops working at once.",
			http.StatusOK,
			handlers.SignedIn, by((*API).renewToken)},
		{http.MethodPost, "/tokens/{id}/take-over", "takeOverToken",
			"Makes the owner of the token that asks the owner of a shared one. Its new value is answered this once.", http.StatusOK,
			handlers.SignedIn, by((*API).takeOverToken)},
		{http.MethodDelete, "/tokens/{id}", "deleteToken", "Deletes a token for good.", http.StatusNoContent,
			handlers.SignedIn, by((*API).deleteToken)},
		{http.MethodGet, "/me", "readMe", "The token that asks: whose it is, what it may do, and how fast.", http.StatusOK,
			handlers.SignedIn, by((*API).readMe)},
	}
}

// apiToken is an API token without its value.
type apiToken struct {
	ID           int64      `json:"id"`
	Name         string     `json:"name"`
	Kind         string     `json:"kind" enum:"personal,shared"`
	OwnerID      int64      `json:"owner_id" description:"0 once they were deleted."`
	FormerOwner  string     `json:"former_owner" description:"Who that was."`
	Permissions  []string   `json:"permissions" description:"What it was given, whatever its owner holds."`
	AllTenants   bool       `json:"all_tenants" description:"In all tenants, also those not yet made."`
	TenantIDs    []int64    `json:"tenant_ids" description:"In these tenants; empty where in all."`
	CreatedAt    time.Time  `json:"created_at"`
	ExpiresAt    *time.Time `json:"expires_at" description:"null: never."`
	DisabledAt   *time.Time `json:"disabled_at"`
	DisabledWhy  string     `json:"disabled_why" description:"by hand, owner disabled, owner deleted or restored."`
	LastUsedAt   *time.Time `json:"last_used_at" description:"To the minute."`
	LastUsedFrom string     `json:"last_used_from" description:"An address."`
}

func (t apiToken) location() string { return fmt.Sprint("/tokens/", t.ID) }

func tokenOf(t store.Token) apiToken {
	return apiToken{ID: t.ID, Name: t.Name, Kind: string(t.Kind), OwnerID: t.OwnerID, FormerOwner: t.FormerOwner,
		Permissions: keysOf(t.Permissions), AllTenants: t.AllTenants, TenantIDs: append([]int64{}, t.Tenants...),
		CreatedAt: t.CreatedAt.Time(), ExpiresAt: timeOrNone(t.ExpiresAt), DisabledAt: timeOrNone(t.DisabledAt),
		DisabledWhy: string(t.DisabledWhy), LastUsedAt: timeOrNone(t.LastUsedAt), LastUsedFrom: t.LastUsedFrom}
}

// shownToken is a token with its owner and with what it can do at present.
type shownToken struct {
	apiToken
	Owner   *person             `json:"owner,omitempty" description:"Left out once they were deleted."`
	Works   bool                `json:"works" description:"A request with it is answered."`
	Expired bool                `json:"expired"`
	Held    bool                `json:"held" description:"It waits for its owner to set up a second factor."`
	Effect  []tenantPermissions `json:"effect" description:"What it grants at present: no more than its owner holds."`
}

func shownTokenOf(t account.ShownToken) shownToken {
	shown := shownToken{apiToken: tokenOf(t.Token), Works: t.Works(), Expired: t.Expired, Held: t.Held, Effect: permissionsByTenant(t.Effect)}
	if t.Owner.ID != 0 {
		shown.Owner = new(personOf(t.Owner))
	}
	return shown
}

// issuedToken is a token with its value.
type issuedToken struct {
	apiToken
	Value string `json:"value,omitempty" description:"64 characters of base64, which nobody is shown again. Left out where the value stays, and where the request was sent again."`
}

func issuedTokenOf(t account.IssuedToken) issuedToken { return issuedToken{tokenOf(t.Token), t.Value} }

// tokenList is how lists of tokens are asked for.
type tokenList struct {
	paging
	Part   string `query:"part" json:"-" enum:"personal,shared,others" default:"personal" description:"Personal ones of the owner of the token that asks, shared ones, or personal ones of other people."`
	Search string `query:"q" json:"-" description:"A part of the name, or of the owner's name or address."`
}

func (a *API) listTokens(c handlers.Request, in tokenList) (page[shownToken], error) {
	list, err := a.account.Tokens(c.Context(), c.Actor(), account.TokenQuery{Part: in.Part, Search: in.Search, Cursor: in.Cursor,
		Limit: in.Limit})
	return pageOf(list.Rows, shownTokenOf, list.Next), err
}

// newToken is a token to be made.
type newToken struct {
	Name        string     `json:"name" required:"true"`
	Kind        string     `json:"kind" required:"true" enum:"personal,shared"`
	Owner       string     `json:"owner,omitempty" description:"The address of somebody who never signs in, for whom it is; without it, of the token that asks."`
	Permissions []string   `json:"permissions" required:"true" description:"Such as users.view."`
	AllTenants  bool       `json:"all_tenants,omitempty" description:"In all tenants, also those not yet made."`
	TenantIDs   []int64    `json:"tenant_ids,omitempty" description:"In these tenants."`
	ExpiresAt   *time.Time `json:"expires_at,omitempty" description:"Within ten years, and no later than the token expires that it is made with; without it, never."`
}

// expiry is when a token expires, as the account reads it.
func expiry(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.Format(time.RFC3339Nano)
}

// expires is what the API calls the field of the account.
var expires = map[string]string{"expires": "expires_at"}

func (a *API) createToken(c handlers.Request, in newToken) (issuedToken, error) {
	t, err := a.account.CreateToken(c.Context(), creating(c, "token"), account.TokenInput{Name: in.Name, Kind: store.TokenKind(in.Kind),
		Owner: in.Owner, Permissions: in.Permissions, Tenants: in.TenantIDs, AllTenants: in.AllTenants, Expires: expiry(in.ExpiresAt)})
	if id, before := doneBefore(c, err); before {
		again, err := a.readToken(c, object{ID: id})
		return issuedToken{apiToken: again.apiToken}, err
	}
	return issuedTokenOf(t), renamed(err, expires)
}

func (a *API) readToken(c handlers.Request, in object) (shownToken, error) {
	t, err := a.account.TokenDetails(c.Context(), c.Actor(), in.ID)
	return shownTokenOf(t), err
}

func (a *API) disableToken(c handlers.Request, in object) (apiToken, error) {
	t, err := a.account.DisableToken(c.Context(), c.Actor(), in.ID)
	return tokenOf(t), err
}

func (a *API) enableToken(c handlers.Request, in object) (apiToken, error) {
	t, err := a.account.EnableToken(c.Context(), c.Actor(), in.ID)
	return tokenOf(t), err
}

// tokenRenewal is until when a token works from now on.
type tokenRenewal struct {
	object
	ExpiresAt *time.Time `json:"expires_at,omitempty" description:"Within ten years; without it, the token works as long again as it was made to. One that expires itself renews others until its own end at most."`
}

func (a *API) renewToken(c handlers.Request, in tokenRenewal) (issuedToken, error) {
	until := account.AsBefore
	if in.ExpiresAt != nil {
		until = expiry(in.ExpiresAt)
	}
	t, err := a.account.RenewToken(c.Context(), c.Actor(), in.ID, until)
	return issuedTokenOf(t), renamed(err, expires)
}

// tokenTaking is how a token is taken over.
type tokenTaking struct {
	object
	KeepValue bool `json:"keep_value,omitempty" description:"Whoever knows the value can go on using it."`
}

func (a *API) takeOverToken(c handlers.Request, in tokenTaking) (issuedToken, error) {
	t, err := a.account.TakeOverToken(c.Context(), c.Actor(), in.ID, in.KeepValue)
	return issuedTokenOf(t), err
}

func (a *API) deleteToken(c handlers.Request, in object) (none, error) {
	_, err := a.account.DeleteToken(c.Context(), c.Actor(), in.ID)
	return none{}, err
}

// me is whoever works with a token.
type me struct {
	Owner       person              `json:"owner"`
	Role        string              `json:"role" description:"Of the owner."`
	Token       apiToken            `json:"token"`
	Permissions []tenantPermissions `json:"permissions" description:"What it may do at present. The console's own resources count in the main tenant."`
	Limits      limits              `json:"limits"`
}

// limits are how fast a token may ask.
type limits struct {
	PerSecond int `json:"requests_per_second" description:"All the time."`
	Burst     int `json:"burst" description:"So many at once after a rest."`
}

func (a *API) readMe(c handlers.Request, _ struct{}) (me, error) {
	who := c.Actor()
	token, err := a.account.OwnToken(c.Context(), who)
	if err != nil {
		return me{}, err
	}
	tenants, err := a.account.TenantsOf(c.Context(), who)
	if err != nil {
		return me{}, err
	}
	shown := me{Owner: person{who.UserID, who.Name, who.Email}, Role: string(who.Role), Token: tokenOf(token),
		Permissions: []tenantPermissions{}, Limits: limits{int(time.Second / account.TokenPace().Time), account.TokenPace().Number}}
	for _, t := range tenants {
		if held := who.Can.In(t.ID); t.DisabledAt == 0 && !held.Empty() {
			shown.Permissions = append(shown.Permissions, tenantPermissions{t.ID, keysOf(held)})
		}
	}
	if everywhere := who.Can.Everywhere(); !everywhere.Empty() {
		shown.Permissions = append(shown.Permissions, tenantPermissions{0, keysOf(everywhere)})
	}
	return shown, nil
}
