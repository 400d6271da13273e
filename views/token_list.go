package views

import (
	"net/url"
	"strconv"
	"strings"

	"console/internal/account"
	"console/internal/permission"
	"console/store"
)

// TokensPath is the address of the list of API tokens.
const TokensPath = "/settings/tokens"

// TokenPath is the address of a token with what follows it: "/disable".
func TokenPath(id int64, rest string) string {
	return TokensPath + "/" + strconv.FormatInt(id, 10) + rest
}

// newTokenFor is the address of the form of a new token for somebody else.
func newTokenFor(email string) string {
	return TokensPath + "/new?" + url.Values{"owner": {email}}.Encode()
}

// TokensPage is the list of API tokens.
type TokensPage struct {
	Query account.TokenQuery
	List  account.TokenList
	Make  bool // the reader may make tokens
	All   bool // the reader may see those of others
}

// parts are the tabs of the list that the reader may see.
func (p TokensPage) parts() []option {
	parts := []option{{account.TokensPersonal, "Personal"}, {account.TokensShared, "Shared"}}
	if p.All {
		parts = append(parts, option{account.TokensOthers, "Of other people"})
	}
	return parts
}

// part is the chosen tab; anything unknown is the first.
func (p TokensPage) part() string {
	for _, o := range p.parts() {
		if o.Value == p.Query.Part {
			return o.Value
		}
	}
	return account.TokensPersonal
}

func (p TokensPage) owners() bool { return p.part() != account.TokensPersonal }

// inPart is the address of a part of the list.
func (p TokensPage) inPart(part string, pairs ...string) string {
	path := listPath(TokensPath, "all", append([]string{"q", p.Query.Search}, pairs...)...)
	if part == account.TokensPersonal {
		return path
	}
	joint := "?"
	if strings.Contains(path, "?") {
		joint = "&"
	}
	return path + joint + "tab=" + part
}

// at is the query of another page of this part.
func (p TokensPage) at(cursor string) string {
	return strings.TrimPrefix(p.inPart(p.part(), "cursor", cursor), TokensPath)
}

// tokenState is what the reader is told of how a token stands: in a word, and why; "" while it works.
func tokenState(t account.ShownToken) (word, why string) {
	switch {
	case t.DisabledAt != 0:
		return "Disabled", map[store.TokenEnd]string{
			store.TokenDisabledByHand: "Somebody disabled it.",
			store.TokenOwnerDisabled:  "The access of its owner was disabled. To enable their access does not enable the token.",
			store.TokenOwnerDeleted:   "Its owner was deleted. Somebody can take it over.",
			store.TokenRestored:       "The data was put back from a copy. Enable it if it is still to work.",
		}[t.DisabledWhy]
	case t.Expired:
		return "Expired", "Renew it: it gets a new value."
	case t.Owner.ID == 0:
		return "No owner", "Its owner was deleted."
	case t.Owner.Status() != store.Active:
		return "Does not work", "Its owner has no access."
	case t.Held:
		return "Waits", "The company demands two-factor authentication. It works again once its owner has set up a second factor."
	case len(t.Tenants) == 0:
		return "Grants nothing", "All its tenants were deleted."
	case len(t.Effect) == 0:
		return "Grants nothing", "Its owner holds nothing of what it was given, or its tenants are disabled."
	}
	return "", ""
}

// tokenKindLabel names a kind of tokens.
func tokenKindLabel(k store.TokenKind) string {
	if k == store.SharedToken {
		return "Shared"
	}
	return "Personal"
}

// tokenGives says in how many words a row has room for what a token was given.
func tokenGives(t account.ShownToken) string {
	text := quantity(t.Permissions.Len(), "permission") + " in "
	switch {
	case t.AllTenants:
		return text + "all tenants"
	case len(t.Tenants) == 1:
		return text + t.Tenants[0].Name
	}
	return text + quantity(len(t.Tenants), "tenant")
}

// tokenOwner is who a token belongs to, or belonged to.
func tokenOwner(t account.ShownToken) string {
	if t.OwnerID == 0 {
		return t.FormerOwner + " (deleted)"
	}
	return t.Owner.DisplayName()
}

// tokenBelongs says whose a token is, or was.
func tokenBelongs(t account.ShownToken) string {
	if t.OwnerID == 0 {
		return "belonged to " + tokenOwner(t)
	}
	return "belongs to " + tokenOwner(t)
}

// effectLabel is what the list of what a token may do is called.
func effectLabel(t account.ShownToken) string {
	if t.Works() {
		return "May do now"
	}
	return "Could do now, if it worked"
}

// permissionNames are the permissions of a set as a sentence has them.
func permissionNames(set permission.Set) string {
	var names []string
	for p := range set.All() {
		names = append(names, p.Label())
	}
	return strings.Join(names, ", ")
}

// tokenAction is something that can be done with a token.
type tokenAction struct {
	path, icon, label string
	offered           func(account.ShownToken) bool
	danger, atOnce    bool
}

var tokenActions = [...]tokenAction{
	{"/renew", "refresh-cw", "Renew…", func(t account.ShownToken) bool { return t.MayRenew }, false, false},
	{"/take-over", "user-cog", "Take over…", func(t account.ShownToken) bool { return t.MayTakeOver }, false, false},
	{"/enable", "toggle-right", "Enable", func(t account.ShownToken) bool { return t.MayEnable }, false, true},
	{"/disable", "toggle-left", "Disable…", func(t account.ShownToken) bool { return t.MayDisable }, false, false},
	{"/delete", "trash-2", "Delete…", func(t account.ShownToken) bool { return t.MayDelete }, true, false},
}

// actionsOf are those of the actions that the reader may take.
func actionsOf(t account.ShownToken) []tokenAction {
	var offered []tokenAction
	for _, a := range tokenActions {
		if a.offered(t) {
			offered = append(offered, a)
		}
	}
	return offered
}
